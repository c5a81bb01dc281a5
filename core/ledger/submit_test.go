package ledger_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/ledger"
)

func (b *bank) submit(entries []ledger.Entry, atomic bool) ([]ledger.Result, error) {
	return b.Submit(context.Background(), b.d, entries, atomic)
}

// Callers of one group get their own results: what one is refused does not touch the others, nor what belongs together.
func TestSubmitAnswersEachCaller(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 100_000)
		errs := inParallel(60, func(i int) error {
			var results []ledger.Result
			var err error
			switch i % 5 {
			case 0: // each on its own
				results, err = b.submit([]ledger.Entry{leg(s.ana, s.bo, 1), leg(s.ana, s.bo, 0), leg(s.ana, s.bo, 10_000_000)}, false)
				if err == nil && (results[0].Err != nil || !errors.Is(results[1].Err, money.ErrAmountNotPositive) ||
					!errors.Is(results[2].Err, ledger.ErrInsufficientFunds)) {
					t.Errorf("each on its own: %v", results)
				}
			case 1: // all of them
				results, err = b.submit([]ledger.Entry{leg(s.ana, s.bo, 3), leg(s.bo, s.shop, 2)}, true)
				if err == nil && (results[0].Err != nil || results[1].Err != nil) {
					t.Errorf("all: %v", results)
				}
			case 2: // none of them
				results, err = b.submit([]ledger.Entry{leg(s.ana, s.bo, 7), leg(s.bo, s.ana, 10_000_000)}, true)
				if err == nil && (!errors.Is(results[0].Err, ledger.ErrBatchRefused) || !errors.Is(results[1].Err, ledger.ErrInsufficientFunds)) {
					t.Errorf("none: %v", results)
				}
			case 3: // the same twice, at once and again
				e := leg(s.ana, s.shop, 5)
				e.ID = b.id()
				results, err = b.submit([]ledger.Entry{e, e}, false)
				again, err2 := b.submit([]ledger.Entry{e}, true)
				if err = errors.Join(err, err2); err == nil && (results[0].Err != nil || !results[0].Entry.At.Equal(again[0].Entry.At)) {
					t.Errorf("twice: %v, %v", results, again)
				}
			case 4: // what cannot be
				_, err = b.submit(nil, true)
				if !errors.Is(err, ledger.ErrBatchSize) {
					t.Errorf("nothing: %v", err)
				}
				err = nil
			}
			return err
		})
		wantOutcomes(t, errs, len(errs), nil)
		b.wantAvailable(s.ana, 100_000-12*(1+3+5))
		b.wantAvailable(s.bo, 12*(1+3-2))
		b.wantAvailable(s.shop, 12*(2+5))
		b.wantClean()
	})
}

// Many clients over the same people, through the group writers of two servers and beside them: nobody waits in a circle.
func TestSubmitNeverDeadlocks(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 0)
		var people []ledger.AccountID
		for i := range 20 {
			people = append(people, b.open("crowd/"+string(rune('a'+i)), eur, ledger.NonNegative))
			b.mustPost(leg(s.float, people[i], 1000))
		}
		other := b.withClock(b.clock)
		errs := inParallel(24, func(i int) error {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for range 12 {
				batch := make([]ledger.Entry, 1+r.IntN(20))
				for j := range batch {
					from := r.IntN(len(people))
					batch[j] = leg(people[from], people[(from+1+r.IntN(len(people)-1))%len(people)], 1+r.Int64N(300))
				}
				var err error
				switch i % 3 {
				case 0:
					_, err = b.submit(batch, r.IntN(2) == 0)
				case 1:
					_, err = other.submit(batch, r.IntN(2) == 0)
				default:
					if _, err = b.post(batch[0]); errors.Is(err, ledger.ErrInsufficientFunds) {
						err = nil
					}
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		wantOutcomes(t, errs, len(errs), nil)
		total := int64(0)
		for _, p := range people {
			total += b.balance(p).Posted
		}
		if total != 20_000 {
			t.Errorf("there are %d in the crowd, want 20000", total)
		}
		b.wantClean()
	})
}

func TestSubmitLeavesAnImpatientCaller(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 1000)
		ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
		defer cancel()
		e := leg(s.ana, s.bo, 10)
		e.ID = b.id()
		_, err := b.Submit(ctx, b.d, []ledger.Entry{e}, false)
		if err != nil && !errors.Is(err, fault.ErrBusy) {
			t.Errorf("got %v", err)
		}
		if err != nil {
			b.wantAvailable(s.bo, 0) // it left before it was taken up
		}
		if results, err := b.submit([]ledger.Entry{e}, false); err != nil || results[0].Err != nil {
			t.Errorf("with time: %v, %v", results, err)
		}
		b.wantAvailable(s.bo, 10)
	})
}

// What a group writer knows of the totals is checked in the database: what another server has posted or frozen since counts, and an entry
// that is only possible because of it is not refused.
func TestSubmitSeesWhatOthersDid(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 0)
		b.mustPost(leg(s.float, s.ana, 1000))
		other := b.withClock(b.clock)
		post := func(by *bank, amount int64) error {
			results, err := by.submit([]ledger.Entry{leg(s.ana, s.bo, amount)}, false)
			return errors.Join(err, results[0].Err)
		}
		for i := range 10 { // in turns, each with what it knows from the turn before
			if err := post([]*bank{b, other}[i%2], 100); err != nil {
				t.Fatalf("turn %d: %v", i, err)
			}
		}
		wantErr(t, post(b, 1), ledger.ErrInsufficientFunds)
		other.mustPost(leg(s.float, s.ana, 50))
		if err := post(b, 50); err != nil {
			t.Errorf("with what came meanwhile: %v", err)
		}
		other.mustPost(leg(s.float, s.ana, 50))
		if err := b.d.Write(t.Context(), func(tx *db.Tx) error { return other.Freeze(tx, s.ana) }); err != nil {
			t.Fatal(err)
		}
		wantErr(t, post(b, 1), ledger.ErrAccountFrozen)
		if err := b.d.Write(t.Context(), func(tx *db.Tx) error { return other.Unfreeze(tx, s.ana) }); err != nil {
			t.Fatal(err)
		}
		if err := post(b, 50); err != nil {
			t.Errorf("after the freeze: %v", err)
		}
		b.wantAvailable(s.ana, 0)
		b.wantClean()
	})
}

// A caller who leaves at the very moment when the group writer would end does not leave everybody after them without one.
func TestSubmitAfterSomebodyLeft(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 100_000)
		inParallel(8, func(i int) error { // callers without patience between those with it
			for range 40 {
				ctx, leave := context.WithCancel(context.Background())
				go leave()
				_, _ = b.Submit(ctx, b.d, []ledger.Entry{leg(s.ana, s.bo, 1)}, false)
				leave()
			}
			return nil
		})
		if results, err := b.submit([]ledger.Entry{leg(s.ana, s.bo, 1)}, false); err != nil || results[0].Err != nil {
			t.Errorf("after them: %v, %v", results, err)
		}
		b.wantClean()
	})
}
