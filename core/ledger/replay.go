package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"billfold/base/clock"
	"billfold/base/db"
)

// replaySlice is how many legs, or accounts, are read at once when the memory is filled.
const replaySlice = 8192

// Warm reads into memory what the rows of accounts lack, so that the first who posts need not wait for it: after a crash under full load
// some seconds. It does nothing on PostgreSQL, or where that was done.
func (l *Ledger) Warm(ctx context.Context, d *db.DB) error {
	if d.Engine() != db.SQLite {
		return nil
	}
	return d.Write(ctx, func(tx *db.Tx) error {
		if m := remembered(tx); m != nil {
			return m.prepare(tx)
		}
		return nil
	})
}

// prepare makes sure that the memory is of the database as this transaction sees it.
func (m *memory) prepare(tx *db.Tx) error {
	var last int64
	if err := tx.Row(selectLastLeg).Scan(&last); err != nil {
		return err
	}
	if m.ready && m.epoch == tx.Epoch() && m.next == last+1 {
		return nil
	}
	return m.load(tx, last)
}

// load fills an empty memory with the accounts whose rows lack legs: those with legs after the settled number. Every leg names the one
// before it of its account, so each must follow the row, or the leg before it here; if one does not, nothing is posted any more until a
// person has looked.
func (m *memory) load(tx *db.Tx, last int64) error {
	m.forget(tx)
	settled, err := settledNumber(tx, -1)
	if err != nil {
		return err
	}
	noted := settled >= 0
	if !noted {
		settled = last
	}
	r := &replay{tx: tx, m: m, met: map[AccountID]bool{}}
	if err := r.run(settled); err != nil {
		return err
	}
	var newest []byte
	err = tx.Row(selectNewestID).Scan(&newest)
	if err != nil && !errors.Is(err, db.ErrNoRow) {
		return err
	}
	tx.Undo(func() { m.forget(tx) }) // it has what this group has not committed yet
	m.mu.Lock()
	defer m.mu.Unlock()
	copy(m.newest[:], newest)
	m.next, m.epoch, m.ready = last+1, tx.Epoch(), true
	m.sweep.began, m.sweep.settled, m.sweep.noted = m.next, settled, noted
	return nil
}

// settledNumber is the leg up to which the rows of all accounts are complete; where nothing is noted, all of them are.
func settledNumber(tx *db.Tx, all int64) (n int64, err error) {
	err = tx.Row(selectSettled).Scan(&n)
	if errors.Is(err, db.ErrNoRow) {
		return all, nil
	}
	return n, err
}

// replay counts legs onto the rows that lack them.
type replay struct {
	tx  *db.Tx
	m   *memory
	met map[AccountID]bool // accounts that have no totals: busy ones, or none
	at  int64              // when the entry of the last leg was posted
}

func (r *replay) run(after int64) error {
	for {
		legs, err := db.All(r.tx, scanTimedLeg, sliceTimedLegs, after, replaySlice)
		if err != nil || len(legs) == 0 {
			return err
		}
		if err := r.read(legs); err != nil {
			return err
		}
		for i := range legs {
			if err := r.count(&legs[i]); err != nil {
				return err
			}
		}
		after = legs[len(legs)-1].number
	}
}

// timedLeg is a leg and the time of its entry, where it is the entry's first.
type timedLeg struct {
	storedLeg
	at *int64
}

func scanTimedLeg(r db.Row) (s timedLeg, err error) {
	var phase, released *int64
	err = r.Scan(&s.number, &s.Debit, &s.Credit, &s.Amount, &s.debitPrev, &s.creditPrev, &released, &phase, &s.at)
	s.Phase, s.Released = Phase(small(number(phase))), number(released)
	return s, err
}

// read keeps the accounts of legs that were not met before.
func (r *replay) read(legs []timedLeg) error {
	var ids []AccountID
	for i := range legs {
		for _, id := range [2]AccountID{legs[i].Debit, legs[i].Credit} {
			if r.m.find(id) == nil && !r.met[id] {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	for more := ids; len(more) > 0; {
		var some []AccountID
		some, more = cut(more, loadMost)
		args := pad(nil, some, accountArg)
		rows, err := db.All(r.tx, scanTotals, selectTotalsOf.Of(len(args)), args...)
		if err != nil {
			return err
		}
		for i := range rows {
			r.m.put(&rows[i])
		}
	}
	for _, id := range ids {
		if r.m.find(id) == nil {
			r.met[id] = true
		}
	}
	return nil
}

// scanTotals reads an account that is not busy without what only people want to know.
func scanTotals(r db.Row) (a row, err error) {
	var scale, limit, lastAt int64
	err = r.Scan(&a.ID, &a.Currency.Code, &scale, &limit, &a.state,
		&a.DebitsPosted, &a.CreditsPosted, &a.DebitsPending, &a.CreditsPending, &a.Entries, &a.lastLeg, &lastAt)
	a.Currency.Scale, a.Limit, a.LastAt = small(scale), Limit(small(limit)), clock.FromMicros(lastAt)
	return a, err
}

func (r *replay) count(leg *timedLeg) error {
	if leg.at != nil {
		r.at = *leg.at
	}
	for _, debit := range [2]bool{true, false} {
		id := leg.Credit
		if debit {
			id = leg.Debit
		}
		s := r.m.find(id)
		if s == nil || leg.number <= s.lastLeg {
			continue
		}
		if err := s.follow(id, &leg.storedLeg, debit, r.at); err != nil {
			return err
		}
		r.m.mark(id, true)
	}
	return nil
}

// follow counts the next leg of an account's chain.
func (s *state) follow(id AccountID, leg *storedLeg, debit bool, at int64) error {
	if leg.prev(debit) != s.lastLeg {
		return fmt.Errorf("ledger: leg %d of account %d follows leg %d, and the account's totals end with leg %d: run billfold verify",
			leg.number, id, leg.prev(debit), s.lastLeg)
	}
	posted, pending := &s.credits, &s.creditsPending
	if debit {
		posted, pending = &s.debits, &s.debitsPending
	}
	if leg.Phase.moves() {
		*posted += leg.Amount
	}
	if leg.Phase == Pending {
		*pending += leg.Amount
	}
	*pending -= leg.Released
	s.entries++
	s.lastLeg, s.lastAt = leg.number, at
	return nil
}

// follow counts onto a row the legs of its account that it lacks in this snapshot, where no memory helps. It reads everybody's legs since
// the settled number: a second's worth at the very most.
func follow(tx *db.Tx, r *row) error {
	var settled int64
	err := tx.Row(selectSettled).Scan(&settled)
	if errors.Is(err, db.ErrNoRow) {
		return nil
	}
	if err != nil {
		return err
	}
	legs, err := db.All(tx, scanLeg, selectLegsSince, int64(r.ID), max(settled, r.lastLeg))
	if err != nil || len(legs) == 0 {
		return err
	}
	var s state
	s.take(r)
	for i := range legs {
		if err := s.follow(r.ID, &legs[i], legs[i].Debit == r.ID, 0); err != nil {
			return err
		}
	}
	r.restore(s.totals())
	return dateLastLeg(tx, r)
}
