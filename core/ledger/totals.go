package ledger

import (
	"fmt"
	"math"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
)

// wide are an account's totals in 128 bits, which no number of legs overflows.
type wide struct {
	entries                                        int64
	debits, credits, debitsPending, creditsPending money.Sum128
	lastAt                                         int64
}

func (w *wide) add(t totals) {
	w.entries += t.entries
	w.debits.Add(t.debits)
	w.credits.Add(t.credits)
	w.debitsPending.Add(t.debitsPending)
	w.creditsPending.Add(t.creditsPending)
	w.lastAt = max(w.lastAt, clock.Micros(t.lastAt))
}

// leg counts one side of a leg. Of a busy account only what moves is counted.
func (w *wide) leg(leg Leg, at int64, debit, busy bool) {
	if busy && !leg.Phase.moves() {
		return
	}
	posted, pending := &w.credits, &w.creditsPending
	if debit {
		posted, pending = &w.debits, &w.debitsPending
	}
	if leg.Phase.moves() {
		posted.Add(leg.Amount)
	}
	if !busy {
		if leg.Phase == Pending {
			pending.Add(leg.Amount)
		}
		pending.Sub(leg.Released)
		w.lastAt = max(w.lastAt, at)
	}
	w.entries++
}

// plus adds other sums.
func (w *wide) plus(o wide) {
	w.entries += o.entries
	w.debits.AddSum(o.debits)
	w.credits.AddSum(o.credits)
	w.debitsPending.AddSum(o.debitsPending)
	w.creditsPending.AddSum(o.creditsPending)
	w.lastAt = max(w.lastAt, o.lastAt)
}

// sameTotals tells whether the sums are these totals, whatever the time.
func (w *wide) sameTotals(t totals) bool {
	var o wide
	o.add(t)
	o.lastAt = w.lastAt
	return *w == o
}

func (w *wide) describe() string {
	return fmt.Sprintf("debits %s, credits %s, pending %s and %s, entries %d",
		w.debits, w.credits, w.debitsPending, w.creditsPending, w.entries)
}

// sub takes other totals away; the time stays.
func (w *wide) sub(o wide) {
	w.entries -= o.entries
	w.debits.SubSum(o.debits)
	w.credits.SubSum(o.credits)
	w.debitsPending.SubSum(o.debitsPending)
	w.creditsPending.SubSum(o.creditsPending)
}

// narrow returns the totals in 64 bits, and whether they fit.
func (w *wide) narrow() (totals, bool) {
	t := totals{entries: w.entries, lastAt: clock.FromMicros(w.lastAt)}
	var ok [4]bool
	t.debits, ok[0] = w.debits.Int64()
	t.credits, ok[1] = w.credits.Int64()
	t.debitsPending, ok[2] = w.debitsPending.Int64()
	t.creditsPending, ok[3] = w.creditsPending.Int64()
	return t, ok == [4]bool{true, true, true, true}
}

// addLegs counts the legs of a busy account after one moment, up to and including another.
func (w *wide) addLegs(tx *db.Tx, r *row, after, upTo int64) error {
	_, err := db.All(tx, func(row db.Row) (struct{}, error) {
		var side, phase, at int64
		var leg Leg
		err := row.Scan(&side, &leg.Amount, &phase, &leg.Released, &at)
		leg.Phase = Phase(small(phase))
		w.leg(leg, at, side == 0, r.Busy)
		return struct{}{}, err
	}, selectLegsBetween, int64(r.ID), minus(after), minus(upTo))
	return err
}

// minus is a moment as the legs of busy accounts have it.
func minus(at int64) int64 {
	if at == math.MinInt64 {
		return math.MaxInt64
	}
	return -at
}

// sideLeg is one side of a leg in an account's history.
type sideLeg struct {
	Leg
	number, prev int64 // in the chain of an account that is not busy
	at           int64
	debit        bool
}

// chainSlice bounds the legs that one statement walks back.
const chainSlice = 512

// walkBack hands every leg of an account's chain, from one leg back to the last that is later than a moment, to each, newest first. It
// answers with the leg it ended before, which is not later, or is not there, or is newer than the one that names it, as no leg is that was
// posted; 0 at the chain's beginning.
func walkBack(tx *db.Tx, id AccountID, from, after int64, each func(sideLeg)) (end int64, err error) {
	last := place{at: math.MaxInt64}
	for numbers := int64(windowFirst); from != 0; numbers = min(numbers*windowShare, windowMost/2) {
		legs, err := nextLegs(tx, id, from, after, &numbers)
		if err != nil || len(legs) == 0 {
			return from, err
		}
		for _, leg := range legs {
			here := place{at: leg.at, leg: leg.number}
			if leg.at <= after || !here.olderThan(last) {
				return leg.number, nil
			}
			last = here
			each(leg)
			from = leg.prev
		}
	}
	return 0, nil
}

// nextLegs reads the next legs of a chain: those of a window as long as enough of its numbers are the account's, and with none left to
// read so a slice by look-ups.
func nextLegs(tx *db.Tx, id AccountID, from, after int64, numbers *int64) ([]sideLeg, error) {
	if *numbers > 0 {
		some, err := window(tx, id, from, *numbers)
		if err != nil || closeBy(len(some), *numbers) {
			legs := make([]sideLeg, len(some))
			for i := range some {
				legs[i] = some[i].sideLeg
			}
			return legs, err
		}
		*numbers = 0
	}
	return chain(tx, id, from, after, chainSlice)
}

// chain reads at most so many legs of an account's chain, newest first; the last may be one that is not later than the moment.
func chain(tx *db.Tx, id AccountID, from, after int64, most int) ([]sideLeg, error) {
	return db.All(tx, func(r db.Row) (s sideLeg, err error) {
		var debit, phase int64
		err = r.Scan(&s.number, &debit, &s.Amount, &s.Released, &phase, &s.prev, &s.at)
		s.debit, s.Phase = AccountID(debit) == id, Phase(small(phase))
		return s, err
	}, selectChain, int64(id), from, most, after)
}

// addTail counts rows of (entries, debit, credit), which a fold and its tail are read as.
func (w *wide) addTail(tx *db.Tx, q string, args ...any) error {
	_, err := db.All(tx, func(row db.Row) (struct{}, error) {
		var n, debit, credit int64
		err := row.Scan(&n, &debit, &credit)
		w.entries += n
		w.debits.Add(debit)
		w.credits.Add(credit)
		return struct{}{}, err
	}, q, args...)
	return err
}
