package ledger

import (
	"fmt"

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

// addLegs counts the legs of an account after one moment, up to and including another.
func (w *wide) addLegs(tx *db.Tx, r *row, after, upTo int64) error {
	_, err := db.All(tx, func(row db.Row) (struct{}, error) {
		var side, phase, at int64
		var leg Leg
		err := row.Scan(&side, &leg.Amount, &phase, &leg.Released, &at)
		leg.Phase = Phase(small(phase))
		w.leg(leg, at, side == 0, r.Busy)
		return struct{}{}, err
	}, selectLegsBetween, int64(r.ID), after, upTo)
	return err
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
