package payment

import (
	"fmt"
	"sync/atomic"
	"testing"

	"billfold/base/db"
	"billfold/core/identity"
	"billfold/test/harness"
)

// BenchmarkDirect is the verb behind most requests: created and confirmed by its payer's token, 64 callers at a time, everybody
// pays one shop. -v shows nothing more; billfold bench measures the same over HTTP.
func BenchmarkDirect(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) { direct(b, engine) })
	}
}

func direct(b *testing.B, engine db.Engine) {
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
	var next atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
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
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
}
