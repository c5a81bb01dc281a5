package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"billfold/base/db"
	"billfold/client"
	"billfold/test/harness"
)

// pair is two processes on one PostgreSQL, with a keyring in another, each with a folder of its own.
type pair struct {
	t      *testing.T
	places [2]place
	run    [2]*program
	ctx    context.Context

	mu      sync.Mutex
	journal []string // payments that were acknowledged
	open    []string // idempotency keys of requests without an answer
	next    atomic.Int64
}

func newPair(t *testing.T) *pair {
	w := &pair{t: t, ctx: t.Context()}
	env := []string{"BILLFOLD_DB=" + harness.Place(t, db.Postgres).DSN, "BILLFOLD_KEYS=" + harness.Place(t, db.Postgres).DSN,
		"BILLFOLD_MASTER_KEY=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}
	for i := range w.places {
		w.places[i] = place{t.TempDir(), env}
		w.start(i)
	}
	return w
}

func (w *pair) start(i int) {
	w.t.Helper()
	w.run[i] = w.places[i].dev(w.t).ready()
}

// pay makes a payment through a process under a key, and keeps in the journal what was acknowledged.
func (w *pair) pay(i int, key string) (id string) {
	c := alone(w.places[i].as(w.t, "BILLFOLD_PAYER_KEY"))
	p, err := c.CreatePayment(w.ctx, client.CreatePayment{Amount: client.Money{Amount: "1", Currency: "EUR"}, Payee: "@cafe_linden",
		Confirm: true}, client.IdempotencyKey(key))
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.open = append(w.open, key)
		return ""
	}
	w.journal = append(w.journal, p.ID)
	return p.ID
}

// load has four callers pay through a process until they are told to end.
func (w *pair) load(i int, all *sync.WaitGroup, end <-chan struct{}) {
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
					if w.pay(i, fmt.Sprintf("load-%d", w.next.Add(1))) == "" {
						return // without an answer: its server is gone
					}
				}
			}
		})
	}
}

// told waits until both sides of a new payment through a process have heard of it, and says how long that took.
func (w *pair) told(i int) time.Duration {
	w.t.Helper()
	began := time.Now()
	c := w.places[i].as(w.t, "BILLFOLD_PAYER_KEY")
	id := w.pay(i, fmt.Sprintf("told-%d", w.next.Add(1)))
	if id == "" {
		w.t.Fatal("a payment was refused")
	}
	until(w.t, "both sides are told", func() bool { return told(w.ctx, w.t, c, []string{id}) })
	return time.Since(began)
}

// TestTwoProcesses: two servers on one PostgreSQL pay under load. The one who numbers events and does the jobs is killed, and the other
// frozen and thawed: each time the other takes over, nothing that was acknowledged is lost, nothing is done twice, and the books add up.
func TestTwoProcesses(t *testing.T) {
	w := newPair(t)
	events := make(chan string, 10_000)
	shop := alone(w.places[1].as(t, "BILLFOLD_KEY"))
	listening, hangUp := context.WithCancel(w.ctx)
	defer hangUp()
	go func() {
		for e, err := range shop.Stream(listening, "") {
			if err == nil {
				events <- e.Data.Object.ID
			}
		}
	}()
	w.told(1) // the stream of the second is open by the time that the second's own payment was told
	began := time.Now()
	id := w.pay(0, "across")
	until(t, "a page on the second hears of a payment at the first", func() bool {
		select {
		case got := <-events:
			return got == id
		default:
			return false
		}
	})
	t.Logf("a listener at the second process heard of a payment at the first after %v", time.Since(began).Round(time.Millisecond))

	kills := 1
	if os.Getenv("BILLFOLD_LONG") != "" {
		kills = 11 // the last of them leaves the second as the holder, as the first does
	}
	var took []time.Duration
	for n := range kills {
		if n > 0 {
			w.start(1 - n%2)
		}
		took = append(took, w.kill(n%2).Round(time.Millisecond))
	}
	t.Logf("after kill -9 of the holder both sides were told again after %v; at most %v", took, slices.Max(took))

	w.start(0)
	_ = w.run[1].cmd.Process.Signal(unix.SIGSTOP)
	t.Logf("after a freeze of the new holder both sides were told again after %v", w.told(0).Round(time.Millisecond))
	_ = w.run[1].cmd.Process.Signal(unix.SIGCONT)
	w.told(1)
	w.told(0)

	c := w.places[1].as(t, "BILLFOLD_PAYER_KEY")
	until(t, "both sides of everything are told", func() bool { return told(w.ctx, t, c, w.journal) })
	if code, out, complaint := billfold(t, w.places[0].env, "verify", "--data", w.places[0].dir); code != 0 {
		t.Errorf("verify ended with %d\n%s%s", code, out, complaint)
	}
}

// kill kills the holder of the lease while both pay, and says how long it took until both sides of a payment through the other were told.
// What has been acknowledged is told, and what was left without an answer is done once.
func (w *pair) kill(holder int) time.Duration {
	w.t.Helper()
	end := make(chan struct{})
	var all sync.WaitGroup
	w.load(0, &all, end)
	w.load(1, &all, end)
	before := len(w.acknowledged())
	until(w.t, "payments are acknowledged", func() bool { return len(w.acknowledged()) > before+100 })
	_ = w.run[holder].cmd.Process.Signal(unix.SIGKILL)
	w.run[holder].exit()
	took := w.told(1 - holder)
	close(end)
	all.Wait()
	if len(w.open) == 0 {
		w.t.Error("nobody was left without an answer: the load was over before the kill")
	}
	w.resolve(1 - holder)
	c := w.places[1-holder].as(w.t, "BILLFOLD_PAYER_KEY")
	until(w.t, "both sides of everything are told", func() bool { return told(w.ctx, w.t, c, w.acknowledged()) })
	return took
}

func (w *pair) acknowledged() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.journal)
}

// resolve asks for every outcome that is not known: the same request through the other process does it once, whatever became of it.
func (w *pair) resolve(through int) {
	w.t.Helper()
	keys := w.open
	w.open = nil
	for _, key := range keys {
		if first, second := w.pay(through, key), w.pay(through, key); first == "" || first != second {
			w.t.Errorf("request %s gives %q, and again %q", key, first, second)
		}
	}
}
