package ledger

import (
	"cmp"
	"slices"

	"billfold/base/db"
)

// An account's chain is followed one look-up after another, wherever its legs lie. Those of an account with a long history mostly lie close
// to each other: there the legs of a whole range of numbers are read, and the chain is followed in memory as far as it stays among them.
const (
	// windowFirst and windowMost are the numbers of a first window and of a later one.
	windowFirst = 64
	windowMost  = 512
	// windowShare is of how many numbers one has to be the account's; where fewer are, the chain is cheaper.
	windowShare = 4
)

// chained is a leg of an account's chain with its entry.
type chained struct {
	sideLeg
	entry, kind int64
}

// closeBy tells whether the legs that were found among so many numbers make it worth reading more of them.
func closeBy(found int, numbers int64) bool { return int64(found)*windowShare >= numbers }

// window follows an account's chain from a leg as long as it stays among the so many numbers up to that leg, newest first.
func window(tx *db.Tx, id AccountID, from, numbers int64) (list []chained, err error) {
	low := max(from-numbers, 0)
	var found []chained
	db.Ask(tx, &found, func(r db.Row) (c chained, err error) {
		var debit, phase int64
		err = r.Scan(&c.number, &debit, &c.Amount, &c.Released, &phase, &c.prev)
		c.debit, c.Phase = AccountID(debit) == id, Phase(small(phase))
		return c, err
	}, selectWindowLegs, int64(id), from, low)
	entries, err := db.All(tx, scanWindowEntry, selectWindowEntries, from, low)
	if err != nil || !closeBy(len(found), numbers) {
		return nil, err
	}
	legs := make(map[int64]chained, len(found))
	for _, c := range found {
		legs[c.number] = c
	}
	for next := from; ; {
		leg, found := legs[next]
		place, first := slices.BinarySearchFunc(entries, next, func(e place, n int64) int { return cmp.Compare(e.entry, n) })
		if !first {
			place-- // not its entry's first leg
		}
		if !found || place < 0 {
			return list, nil
		}
		leg.at, leg.entry, leg.kind = entries[place].at, entries[place].entry, entries[place].kind
		list = append(list, leg)
		delete(legs, next) // a chain that a hand has closed to a circle ends
		next = leg.prev
	}
}

func scanWindowEntry(r db.Row) (p place, err error) { return p, r.Scan(&p.entry, &p.at, &p.kind) }

// nearBy tells whether numbers lie so close to each other that reading all between them is cheaper than looking up each.
func nearBy(numbers []int64) (low, high int64, near bool) {
	if len(numbers) == 0 {
		return 0, 0, false
	}
	low, high = slices.Min(numbers), slices.Max(numbers)
	return low, high, high-low < windowShare*int64(len(numbers))
}
