package payment

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/core/identity"
	"billfold/test/harness"
)

// BenchmarkDirect is the verb behind most requests: created and confirmed by its payer's token, 64 callers at a time, everybody
// pays one shop, both sides are told meanwhile. billfold bench measures the same over HTTP.
func BenchmarkDirect(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) { payDirectly(b, engine) })
	}
}

func payDirectly(b *testing.B, engine db.Engine) {
	w := build(b, harness.Open(b, engine, schemas...), harness.Keyring(b), harness.Clock(), harness.Clock())
	w.people()
	var list []identity.NewPerson
	for i := range 200 {
		list = append(list, identity.NewPerson{Name: fmt.Sprintf("Payer %d", i), Handle: fmt.Sprintf("payer%d", i)})
	}
	payers, err := w.People.Create(w.ctx, list)
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range payers {
		w.fund(p.ID, 1<<40)
	}
	ctx, stop := context.WithCancel(w.ctx)
	var telling sync.WaitGroup
	telling.Go(func() { _ = w.Outbox.Run(ctx) })
	var next atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	cpu := used()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := next.Add(1)
			_, err := w.Create(w.ctx, w.by(payers[n%int64(len(payers))].ID), w.terms(1), true, w.key())
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64((used()-cpu).Microseconds())/float64(b.N), "cpu-µs/op")
	stop()
	telling.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
}

// BenchmarkVerify looks at payments that were made at once; a payment costs what is reported.
func BenchmarkVerify(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			const payments = 3000
			w := build(b, harness.Open(b, engine, schemas...), harness.Keyring(b), harness.Clock(), harness.Clock())
			w.people()
			w.fund(w.lena, 1<<40)
			parallel(30, func(int) {
				for range payments / 30 {
					w.pay(w.lena, 1)
				}
			})
			cpu := used()
			for b.Loop() {
				if rep, err := w.Service.Verify(w.ctx, func(f Finding) { b.Error(f) }); err != nil || rep.Payments < payments {
					b.Fatal(rep, err)
				}
			}
			b.ReportMetric(float64((used()-cpu).Microseconds())/float64(b.N)/payments, "cpu-µs/payment")
		})
	}
}

// used is the processor time of this process, which a busy machine distorts less than the clock on the wall.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTell is the subscriber alone: batches of a hundred purchases by people without an e-mail address, told and rolled back.
// What it takes in allocations and processor time is what a payment costs after it was answered.
func BenchmarkTell(b *testing.B) {
	const batch = 100
	w := build(b, harness.Open(b, db.SQLite, schemas...), harness.Keyring(b), harness.Clock(), harness.Clock())
	w.people()
	w.fund(w.lena, 1<<40)
	for range batch {
		w.pay(w.lena, 1)
	}
	w.rest()
	events := w.untold()
	events = events[len(events)-batch:]
	rolled := errors.New("rolled back")
	b.ReportAllocs()
	cpu := used()
	for b.Loop() {
		err := w.DB.Write(w.ctx, func(tx *db.Tx) error {
			if err := w.tell(tx, events); err != nil {
				return err
			}
			return rolled
		})
		if !errors.Is(err, rolled) {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((used()-cpu).Microseconds())/float64(b.N)/batch, "cpu-µs/event")
}
