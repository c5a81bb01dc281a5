package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/client"
	"billfold/test/harness"
)

// TestTwins: two tries of one request at the same moment have one answer, also where the first does what makes the second impossible. The
// second arrives while the first waits for its turn, as after a lost answer, and may not be told that the hold is not open any more.
// On PostgreSQL it also arrives at a second process. Without the wait of twins, and without the look after a refusal, this fails.
func TestTwins(t *testing.T) {
	engines(t, func(w *world) {
		from, box := w.openAccount("test/from", "unlimited"), w.openAccount("test/box", "non_negative")
		other := httptest.NewServer(New(w.api.Options).Handler())
		w.t.Cleanup(other.Close)
		for round := range 6 {
			made, err := w.as(w.ops).PostEntries(w.ctx, client.PostEntries{Entries: []client.NewEntry{{Kind: "test",
				Legs: []client.Leg{leg(from.ID, box.ID, "5")}, Hold: &client.NewHold{ExpiresAt: w.clock.Now().Add(time.Hour)}}}})
			if err != nil {
				w.t.Fatal(err)
			}
			hold := made.Results[0].Entry.ID
			elsewhere := round%2 == 1 && w.d.Engine() == db.Postgres // SQLite has one process
			free := w.lockTotals(elsewhere)
			var all sync.WaitGroup
			results, errs := make([]client.EntryResults, 2), make([]error, 2)
			for n := range results {
				all.Go(func() {
					c := w.as(w.ops)
					if n == 1 && elsewhere {
						c.BaseURL = other.URL
					}
					results[n], errs[n] = c.PostEntries(w.ctx, client.PostEntries{Entries: []client.NewEntry{{Resolves: &client.Resolution{
						Entry: hold, Action: "void"}}}}, client.IdempotencyKey(hold))
				})
			}
			free()
			all.Wait()
			for n := range results {
				if errs[n] != nil || results[n].Posted != 1 || results[n].Results[0].Entry.ID != results[0].Results[0].Entry.ID {
					w.t.Fatalf("round %d (elsewhere: %v), try %d: %v, %+v", round, elsewhere, n, errs[n], results[n].Results)
				}
			}
		}
	})
}

// lockTotals locks every account's totals past the program, where the engine can, until free finds both tries waiting for it.
func (w *world) lockTotals(both bool) (free func()) {
	w.t.Helper()
	if w.d.Engine() != db.Postgres {
		return func() {}
	}
	raw := harness.Raw(w.t, w.d)
	tx, err := raw.BeginTx(w.ctx, nil)
	if err == nil {
		_, err = tx.ExecContext(w.ctx, `select account from ledger_total for update`)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	want := 1
	if both {
		want = 2
	}
	return func() {
		w.t.Helper()
		for waiting := 0; waiting < want; {
			if err := raw.QueryRowContext(w.ctx, `select count(*) from pg_stat_activity
				where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting); err != nil {
				w.t.Fatal(err)
			}
		}
		if err := tx.Rollback(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestTwinsWait: one at a time for each key, others beside it, and nobody waits beyond their own patience.
func TestTwinsWait(t *testing.T) {
	var all twins
	mine := twin{"usr_1", "createPayment", "k"}
	leave, err := all.enter(t.Context(), mine)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := all.enter(t.Context(), twin{"usr_2", "createPayment", "k"}); err != nil {
		t.Errorf("somebody else's key: %v", err)
	} else {
		other()
	}
	brief, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := all.enter(brief, mine); !errors.Is(err, ErrInProgress) {
		t.Errorf("while it is taken: %v", err)
	}
	var inside atomic.Int64
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			leave, err := all.enter(t.Context(), mine)
			if err != nil || inside.Add(1) > 1 {
				t.Errorf("%d inside, %v", inside.Load(), err)
				return
			}
			inside.Add(-1)
			leave()
		})
	}
	leave()
	group.Wait()
	if len(all.open) != 0 {
		t.Errorf("%d keys are kept when nobody is inside", len(all.open))
	}
}
