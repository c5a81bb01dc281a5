package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/ledger"
)

func TestBatchAllOrNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 1000)
		cy := b.open("user/cy/EUR", eur, ledger.NonNegative)
		// What the first brings, the second passes on, and the third wants too much.
		batch := []ledger.Entry{leg(s.ana, s.bo, 900), leg(s.bo, cy, 900), leg(s.ana, s.shop, 101), leg(s.ana, s.bo, 100)}
		results := b.batch(batch, true)
		for i, want := range []error{ledger.ErrBatchRefused, ledger.ErrBatchRefused, ledger.ErrInsufficientFunds, ledger.ErrBatchRefused} {
			wantErr(t, results[i].Err, want)
		}
		b.wantAvailable(s.ana, 1000)
		results = b.batch(batch, false)
		for i, want := range []error{nil, nil, ledger.ErrInsufficientFunds, nil} {
			wantErr(t, results[i].Err, want)
		}
		b.wantAvailable(s.ana, 0)
		b.wantAvailable(s.bo, 100)
		b.wantAvailable(cy, 900)
		if !(results[0].Entry.At.Before(results[1].Entry.At) && results[0].Entry.At.Before(results[3].Entry.At)) {
			t.Error("an account's entries are not in the order of the batch")
		}
		malformed := []ledger.Entry{leg(cy, s.bo, 1), leg(cy, s.bo, 0)}
		results = b.batch(malformed, true)
		wantErr(t, results[0].Err, ledger.ErrBatchRefused)
		wantErr(t, results[1].Err, money.ErrAmountNotPositive)
		results = b.batch(malformed, false)
		wantErr(t, results[0].Err, nil)
		b.wantAvailable(cy, 899)
		b.wantClean()
	})
}

func TestBatchKnowsItsIDs(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 1000)
		stored := b.mustPost(leg(s.ana, s.bo, 1))
		twin, other := leg(s.ana, s.bo, 10), leg(s.ana, s.bo, 11)
		twin.ID = b.id()
		other.ID = twin.ID
		results := b.batch([]ledger.Entry{stored, twin, twin, other}, false)
		for i, want := range []error{nil, nil, nil, ledger.ErrEntryDiffers} {
			wantErr(t, results[i].Err, want)
		}
		if results[0].Entry.At != stored.At || results[1].Entry.At != results[2].Entry.At {
			t.Errorf("repeated entries answer %v", results)
		}
		b.wantAvailable(s.bo, 11)
		b.wantClean()
	})
}

func TestBatchSizes(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 0)
		for _, size := range []int{0, ledger.MaxBatch + 1} {
			err := b.d.Write(context.Background(), func(tx *db.Tx) error {
				_, err := b.PostBatch(tx, make([]ledger.Entry, size), true)
				return err
			})
			wantErr(t, err, ledger.ErrBatchSize)
		}
		batch := make([]ledger.Entry, 3000)
		var people [300]ledger.AccountID
		for i := range people {
			people[i] = b.open(fmt.Sprintf("user/%d/EUR", i), eur, ledger.NonNegative)
		}
		for i := range batch {
			batch[i] = leg(s.float, people[i%len(people)], 7)
		}
		for i, r := range b.batch(batch, true) {
			if r.Err != nil {
				t.Fatalf("entry %d: %v", i, r.Err)
			}
		}
		b.wantAvailable(people[299], 70)
		b.wantAvailable(s.float, -21_000)
		b.wantClean()
	})
}

// Many callers with batches over random pairs lock the same accounts in every order they can think of.
func TestBatchesOverRandomPairsDoNotDeadlock(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 0)
		var people [10]ledger.AccountID
		for i := range people {
			people[i] = b.open(fmt.Sprintf("user/%d/EUR", i), eur, ledger.NonNegative)
			b.mustPost(leg(s.float, people[i], 1000))
		}
		errs := inParallel(8, func(seed int) error {
			dice := rand.New(rand.NewPCG(1, uint64(seed)))
			for range 10 {
				batch := make([]ledger.Entry, 20)
				for i := range batch {
					p := dice.Perm(len(people))
					batch[i] = leg(people[p[0]], people[p[1]], 1+dice.Int64N(300))
				}
				_, err := db.Write(context.Background(), b.d, func(tx *db.Tx) ([]ledger.Result, error) { return b.PostBatch(tx, batch, false) })
				if err != nil {
					return err
				}
			}
			return nil
		})
		wantOutcomes(t, errs, len(errs), nil)
		var sum int64
		for _, p := range people {
			sum += b.balance(p).Posted
		}
		if sum != 10_000 {
			t.Errorf("the people have %d together, want 10000", sum)
		}
		b.wantClean()
	})
}
