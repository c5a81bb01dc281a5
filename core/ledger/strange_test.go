package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// deadlocks is how many PostgreSQL has broken up in this database. Whoever was connected tells what they counted when they leave: alone
// waits until nobody else is.
func deadlocks(t *testing.T, dsn string, alone bool) (n int) {
	t.Helper()
	raw, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for others := 1; alone && others > 0; {
		if err := raw.QueryRow(`select count(*) from pg_stat_activity where datname = current_database() and
			backend_type = 'client backend' and pid <> pg_backend_pid()`).Scan(&others); err != nil {
			t.Fatal(err)
		}
	}
	if err := raw.QueryRow(`select deadlocks from pg_stat_database where datname = current_database()`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The same new ids, named by several callers at once in every order and for accounts of their own, through two servers, ahead and over
// locked rows: of each id one entry is posted, the others are refused, and PostgreSQL has no circle to break up.
func TestIDsNamedInEveryOrder(t *testing.T) {
	b := newBank(t, harness.Open(t, db.Postgres, ledger.Schema))
	o := harness.Options(t, b.d)
	other := b.withClock(b.clock)
	other.d = harness.Again(t, o)
	before := deadlocks(t, o.DSN, false)
	const callers, rounds, each = 8, 6, 400
	float := b.openBusy("system/float/EUR", eur)
	var from, to [callers]ledger.AccountID
	for i := range callers {
		from[i] = b.open(fmt.Sprintf("user/from%d/EUR", i/2), eur, ledger.NonNegative) // two and two share accounts
		to[i] = b.open(fmt.Sprintf("user/to%d/EUR", i), eur, ledger.NonNegative)
		b.mustPost(leg(float, from[i], 1_000_000))
	}
	var posted, differs, poor atomic.Int64
	for round := range rounds {
		var ids [each]ledger.EntryID
		for i := range ids {
			ids[i] = b.id()
		}
		errs := inParallel(callers, func(i int) error {
			at, dice := b, rand.New(rand.NewPCG(uint64(round), uint64(i)))
			if i%2 == 1 {
				at = other
			}
			var list []ledger.Entry
			for _, n := range dice.Perm(each) {
				e := leg(from[i], to[i], int64(1+i))
				e.ID = ids[n]
				list = append(list, e)
			}
			if dice.IntN(2) == 0 { // one that is refused has the group decided over locked rows
				list = append(list, leg(from[i], to[i], 100_000_000))
			}
			results, err := at.Submit(context.Background(), at.d, list, false)
			for _, r := range results {
				switch {
				case r.Err == nil:
					posted.Add(1)
				case errors.Is(r.Err, ledger.ErrEntryDiffers):
					differs.Add(1)
				case errors.Is(r.Err, ledger.ErrInsufficientFunds):
					poor.Add(1)
				default:
					err = errors.Join(err, r.Err)
				}
			}
			return err
		})
		wantOutcomes(t, errs, callers, nil)
	}
	if posted.Load() != rounds*each || differs.Load() != rounds*each*(callers-1) || poor.Load() == 0 {
		t.Errorf("%d posted, %d differ, %d refused", posted.Load(), differs.Load(), poor.Load())
	}
	b.wantClean()
	if err := errors.Join(b.d.Close(), other.d.Close()); err != nil {
		t.Fatal(err)
	}
	if after := deadlocks(t, o.DSN, true); after != before {
		t.Errorf("PostgreSQL broke up %d deadlocks", after-before)
	}
}

// TestNewKindsMeet: kinds that nobody has used yet get their codes in transactions that hold accounts, through two servers, ahead and over
// locked rows, in batches and in bodies that post twice. Only one at a time gives codes, and whoever does waits for nothing that one who
// waits for it may hold.
func TestNewKindsMeet(t *testing.T) {
	b := newBank(t, harness.Open(t, db.Postgres, ledger.Schema))
	o := harness.Options(t, b.d)
	other := b.withClock(b.clock)
	other.d = harness.Again(t, o)
	before := deadlocks(t, o.DSN, false)
	const callers, rounds, each = 8, 12, 30
	float := b.openBusy("system/float/EUR", eur)
	var shared [4]ledger.AccountID
	for i := range shared {
		shared[i] = b.open(fmt.Sprintf("user/shared%d/EUR", i), eur, ledger.NonNegative)
		b.mustPost(leg(float, shared[i], 1_000_000))
	}
	var posted atomic.Int64
	for round := range rounds {
		errs := inParallel(callers, func(i int) error {
			at, dice := b, rand.New(rand.NewPCG(uint64(round), uint64(i)))
			if i%2 == 1 {
				at = other
			}
			var list []ledger.Entry
			for range each {
				from := dice.IntN(len(shared))
				e := leg(shared[from], shared[(from+1+dice.IntN(len(shared)-1))%len(shared)], 1)
				e.ID, e.Kind = b.id(), fmt.Sprintf("kind_%d_%d", round, dice.IntN(5))
				list = append(list, e)
			}
			if i < callers/2 {
				results, err := at.Submit(context.Background(), at.d, list, dice.IntN(2) == 0)
				for _, r := range results {
					posted.Add(1)
					err = errors.Join(err, r.Err)
				}
				return err
			}
			for pair := range slices.Chunk(list, 2) {
				err := at.d.Write(context.Background(), func(tx *db.Tx) error {
					if err := at.Lock(tx, shared[:]...); err != nil {
						return err
					}
					_, first := at.Post(tx, pair[0])
					_, second := at.Post(tx, pair[1])
					return errors.Join(first, second)
				})
				if err != nil {
					return err
				}
				posted.Add(2)
			}
			return nil
		})
		wantOutcomes(t, errs, callers, nil)
	}
	if posted.Load() != rounds*callers*each {
		t.Errorf("%d posted", posted.Load())
	}
	b.wantClean()
	if err := errors.Join(b.d.Close(), other.d.Close()); err != nil {
		t.Fatal(err)
	}
	if after := deadlocks(t, o.DSN, true); after != before {
		t.Errorf("PostgreSQL broke up %d deadlocks", after-before)
	}
}
