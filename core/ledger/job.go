package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
)

const (
	// foldSlice bounds the tail rows of one transaction, so that payments are not kept waiting behind a fold.
	foldSlice = 1_000
	// horizon is how old a busy account's entries must be before they come under a checkpoint. A write lasts at most 15 s, so hardly
	// anything commits with an older time. Nothing depends on that: what does (a sandbox clock that jumped, a server whose clock is behind)
	// stays visible in the tail until Fold takes it, and Fold then drops the checkpoints that miss it.
	horizon = time.Minute
)

// Fold moves the tails of busy accounts into their folds, slice by slice, and writes their checkpoints. It is a job's body, run about once
// a second; several processes may run it at once.
//
// A slice deletes tail rows and adds exactly what it deleted to the fold, in one transaction that locked the fold's row first. So two
// folders of one account run one after the other, and a reader, who reads fold and tail in one statement, sees a row in one of them and
// never in both or neither. A row that commits meanwhile is not deleted, because the delete itself returns what it took.
//
// An account whose totals would leave 64 bits keeps its tail, and Fold answers with ledger_overflow after it did the others.
func (l *Ledger) Fold(ctx context.Context, d *db.DB) error {
	l.folding.Lock()
	defer l.folding.Unlock()
	if err := l.findLagging(ctx, d); err != nil {
		return err
	}
	var failed []error
	for account := AccountID(0); ; {
		err := d.Read(ctx, func(tx *db.Tx) error { return tx.Row(selectNextTail, int64(account)).Scan(&account) })
		if errors.Is(err, db.ErrNoRow) {
			break
		}
		if err != nil {
			return err
		}
		l.lagging[account] = true
		if err := repeat(ctx, d, func(tx *db.Tx) (bool, error) { return foldSome(tx, account) }); err != nil {
			failed = append(failed, fmt.Errorf("fold account %d: %w", account, err))
		}
	}
	for account := range l.lagging {
		if err := repeat(ctx, d, func(tx *db.Tx) (bool, error) { return l.checkpointSome(tx, account) }); err != nil {
			failed = append(failed, fmt.Errorf("checkpoint account %d: %w", account, err))
		}
	}
	return errors.Join(failed...)
}

// repeat runs a body in transactions of its own for as long as it says that there is more.
func repeat(ctx context.Context, d *db.DB, body func(*db.Tx) (more bool, err error)) error {
	for more := true; more; {
		var err error
		if more, err = db.Write(ctx, d, body); err != nil {
			return err
		}
	}
	return nil
}

// findLagging fills, when this process folds for the first time, the set of busy accounts that have folded entries without a checkpoint.
// Later those that it folded itself are in it, until the horizon has passed them.
func (l *Ledger) findLagging(ctx context.Context, d *db.DB) error {
	if l.lagging != nil {
		return nil
	}
	list, err := db.Read(ctx, d, func(tx *db.Tx) ([]AccountID, error) {
		return db.All(tx, func(r db.Row) (id AccountID, err error) { return id, r.Scan(&id) }, selectLagging, checkpointEvery)
	})
	if err != nil {
		return err
	}
	l.lagging = map[AccountID]bool{}
	for _, id := range list {
		l.lagging[id] = true
	}
	return nil
}

// foldSome folds the tail up to its thousandth row, and what commits before that place meanwhile, and says whether there may be more.
func foldSome(tx *db.Tx, account AccountID) (more bool, err error) {
	var sum wide
	if err := sum.lockFold(tx, account); err != nil {
		return false, err
	}
	end := int64(math.MaxInt64)
	switch err := tx.Row(selectTailEnd, int64(account), foldSlice-1).Scan(&end); {
	case err == nil:
		more = true
	case !errors.Is(err, db.ErrNoRow):
		return false, err
	}
	earliest, taken := int64(math.MaxInt64), false
	_, err = db.All(tx, func(r db.Row) (struct{}, error) {
		var debit, credit, at int64
		err := r.Scan(&debit, &credit, &at)
		sum.debits.Add(debit)
		sum.credits.Add(credit)
		sum.entries++
		taken = true
		earliest = min(earliest, at)
		return struct{}{}, err
	}, takeTail, int64(account), end)
	if err != nil || !taken {
		return false, err
	}
	t, fits := sum.narrow()
	if !fits {
		return false, ErrOverflow
	}
	tx.Queue(updateFold, int64(account), t.entries, t.debits, t.credits)
	tx.Queue(forgetCheckpoints, int64(account), earliest)
	return more, nil
}

// lockFold reads an account's fold under lock.
func (w *wide) lockFold(tx *db.Tx, account AccountID) error {
	var debits, credits int64
	if err := tx.Row(selectFold+tx.ForUpdate(), int64(account)).Scan(&w.entries, &debits, &credits); err != nil {
		return fmt.Errorf("lock the fold: %w", err)
	}
	w.debits.Add(debits)
	w.credits.Add(credits)
	return nil
}

// checkpointSome writes the next checkpoints of a busy account and says whether there may be more. A checkpoint is the sum of the folded
// legs up to its moment, so it lies before the earliest row of the tail. The legs are read before the tail: one that commits in between is
// then seen in the tail at least, and stops the checkpoints in time.
func (l *Ledger) checkpointSome(tx *db.Tx, account AccountID) (more bool, err error) {
	var fold wide
	if err := fold.lockFold(tx, account); err != nil {
		return false, err
	}
	last, err := db.One(tx, scanCheckpoint, selectCheckpoint, int64(account), int64(math.MaxInt64))
	if err != nil && !errors.Is(err, db.ErrNoRow) {
		return false, err
	}
	last.account = account
	if fold.entries-last.entries < checkpointEvery {
		delete(l.lagging, account) // should this transaction fail, the next fold adds it again
		return false, nil
	}
	for limit := 8 * checkpointEvery; ; limit *= 4 {
		legs, complete, err := historyLegs(tx, account, last.at, limit)
		if err != nil {
			return false, err
		}
		var tail int64
		if err := tx.Row(selectEarliestTail, int64(account), int64(math.MaxInt64)).Scan(&tail); err != nil {
			return false, err
		}
		end := min(clock.Micros(l.clock.Now().Add(-horizon)), tail-1)
		slices.SortStableFunc(legs, func(a, b sideLeg) int { return cmp.Compare(a.at, b.at) })
		points, reached := checkpointsOf(last, legs, end)
		for i := range points {
			insertCheckpoints.Queue(tx, points[i].args())
		}
		if complete || reached || len(points) > 0 {
			return !complete && !reached, nil
		}
	}
}

// checkpointsOf walks legs of whole moments in order of time, up to and including end, and puts a checkpoint after the first moment that
// completes every 256. reached says that there are legs beyond the end.
func checkpointsOf(last checkpoint, legs []sideLeg, end int64) (points []checkpoint, reached bool) {
	sum, since := last, int64(0)
	for i, leg := range legs {
		if leg.at > end {
			return points, true
		}
		total := &sum.credits
		if leg.debit {
			total = &sum.debits
		}
		if leg.Phase.moves() {
			if !add(total, leg.Amount) {
				return points, true // the fold does not fit either
			}
			sum.entries++
			since++
		}
		if since >= checkpointEvery && (i+1 == len(legs) || legs[i+1].at != leg.at) {
			sum.at, since = leg.at, 0
			points = append(points, sum)
		}
	}
	return points, false
}
