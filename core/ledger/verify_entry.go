package ledger

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
)

// slice is the entries of one range of ids and all that belongs to them, read in one snapshot.
type slice struct {
	entries     []storedEntry
	legs        []storedLeg
	holds       []holdRow
	resolutions []resolutionLeg
	accounts    map[AccountID]*row // named by legs and opened after the run began
}

type holdRow struct {
	entry   []byte
	expires int64
}

// resolutionLeg is a leg of an entry that resolves a hold; a resolution without legs has one with nothing in it.
type resolutionLeg struct {
	hold, id []byte
	phase    Phase
	Leg
}

// lowest and highest enclose every id.
var (
	lowest  = []byte{0}
	highest = bytes.Repeat([]byte{0xff}, 17)
)

// checkEntries walks all entries in the order of their ids. Where so many do not fit the time of one snapshot, because each has many
// legs, the slices become smaller.
func (v *verifier) checkEntries() error {
	var scratch []byte
	size := verifySlice
	for after, more := lowest, true; more; {
		var s slice
		var upTo []byte
		err := v.read(func(tx *db.Tx) (err error) {
			s, upTo, err = v.readSlice(tx, after, size)
			return err
		})
		if errors.Is(err, fault.ErrBusy) && size > 1 && v.ctx.Err() == nil {
			size = max(1, size/8)
			continue
		}
		if err != nil {
			return err
		}
		more, after = !bytes.Equal(upTo, highest), upTo
		for id, r := range s.accounts {
			v.tallies[id] = &tally{row: *r}
		}
		scratch = v.checkSlice(&s, scratch)
	}
	return nil
}

func (v *verifier) readSlice(tx *db.Tx, after []byte, size int) (s slice, upTo []byte, err error) {
	if s.entries, err = db.All(tx, scanEntry, sliceEntries, after, size); err != nil {
		return s, nil, err
	}
	upTo = highest
	if len(s.entries) == size {
		upTo = s.entries[size-1].key[:]
	}
	if s.legs, err = db.All(tx, scanLeg, sliceLegs, after, upTo); err != nil {
		return s, nil, err
	}
	s.holds, err = db.All(tx, func(r db.Row) (h holdRow, err error) { return h, r.Scan(&h.entry, &h.expires) }, sliceHolds, after, upTo)
	if err != nil {
		return s, nil, err
	}
	if s.resolutions, err = db.All(tx, scanResolution, sliceResolutions, after, upTo); err != nil {
		return s, nil, err
	}
	s.accounts = map[AccountID]*row{}
	for _, leg := range s.legs {
		for _, id := range [2]AccountID{leg.Debit, leg.Credit} {
			if v.tallies[id] != nil || s.accounts[id] != nil {
				continue
			}
			switch r, err := v.l.readAccount(tx, selectAccount, int64(id)); {
			case err == nil:
				s.accounts[id] = r
			case !errors.Is(err, ErrAccountNotFound):
				return s, nil, err
			}
		}
	}
	return s, upTo, nil
}

func scanResolution(r db.Row) (l resolutionLeg, err error) {
	var phase, released int64
	var debit, credit, amount, legPhase *int64
	if err = r.Scan(&l.hold, &l.id, &phase, &debit, &credit, &amount, &legPhase, &released); err != nil {
		return l, err
	}
	l.phase, l.Released = Phase(small(phase)), released
	if debit != nil && credit != nil && amount != nil && legPhase != nil {
		l.Debit, l.Credit, l.Amount, l.Leg.Phase = AccountID(*debit), AccountID(*credit), *amount, Phase(small(*legPhase))
	}
	return l, nil
}

// checkSlice walks entries, legs, holds and resolutions side by side: all are in the order of the entry's id.
func (v *verifier) checkSlice(s *slice, scratch []byte) []byte {
	legs, holds, resolutions := s.legs, s.holds, s.resolutions
	for i := range s.entries {
		e := &s.entries[i]
		id := e.key[:]
		v.report.Entries++
		var stray []storedLeg
		stray, legs = until(legs, func(l storedLeg) int { return bytes.Compare(l.entry[:], id) }, -1)
		v.strayLegs(stray)
		var own []storedLeg
		own, legs = until(legs, func(l storedLeg) int { return bytes.Compare(l.entry[:], id) }, 0)
		scratch = v.checkEntry(e, own, scratch)

		var strayHolds, ownHold []holdRow
		strayHolds, holds = until(holds, func(h holdRow) int { return bytes.Compare(h.entry, id) }, -1)
		v.strayHolds(strayHolds)
		ownHold, holds = until(holds, func(h holdRow) int { return bytes.Compare(h.entry, id) }, 0)

		var strayEnds, ends []resolutionLeg
		strayEnds, resolutions = until(resolutions, func(r resolutionLeg) int { return bytes.Compare(r.hold, id) }, -1)
		v.strayResolutions(strayEnds)
		ends, resolutions = until(resolutions, func(r resolutionLeg) int { return bytes.Compare(r.hold, id) }, 0)
		v.checkHold(e, ownHold, ends)
	}
	v.strayLegs(legs)
	v.strayHolds(holds)
	v.strayResolutions(resolutions)
	return scratch
}

// until cuts off the front of a sorted list for which order answers at most most.
func until[T any](list []T, order func(T) int, most int) (front, rest []T) {
	n := 0
	for n < len(list) && order(list[n]) <= most {
		n++
	}
	return list[:n], list[n:]
}

func (v *verifier) strayLegs(legs []storedLeg) {
	for _, leg := range legs {
		v.find(Finding{Table: "ledger_leg", ID: leg.id(), Account: v.address(leg.Debit), What: "a leg whose entry is not there"})
		v.countLeg(leg)
	}
}

func (v *verifier) strayHolds(holds []holdRow) {
	for _, h := range holds {
		v.find(Finding{Table: "ledger_hold", ID: idText(h.entry), What: "an open hold whose entry is not there"})
	}
}

func (v *verifier) strayResolutions(legs []resolutionLeg) {
	for i, r := range legs {
		if i == 0 || !bytes.Equal(legs[i-1].id, r.id) {
			v.find(Finding{
				Table: "ledger_entry", ID: idText(r.id), What: "it resolves a hold that is not there", Expected: idText(r.hold), Found: "nothing",
			})
		}
	}
}

// id names a leg in a finding.
func (s *storedLeg) id() string { return fmt.Sprintf("%s/%d", s.entry.text(), s.n) }

func idText(b []byte) string {
	if len(b) != len(key{}) {
		return fmt.Sprintf("%x", b)
	}
	return string(key(b).text())
}

func (v *verifier) countLeg(leg storedLeg) {
	v.report.Legs++
	v.count(leg.Debit, leg, true)
	v.count(leg.Credit, leg, false)
	if d := v.tallies[leg.Debit]; d != nil {
		v.asset(d.row.Currency).Add(leg.Amount)
	}
	if c := v.tallies[leg.Credit]; c != nil {
		v.asset(c.row.Currency).Sub(leg.Amount)
	}
}

// checkEntry checks one entry with its legs and counts them.
func (v *verifier) checkEntry(e *storedEntry, legs []storedLeg, scratch []byte) []byte {
	id := string(e.ID)
	account := ""
	whole := true
	if e.odd {
		v.find(Finding{Table: "ledger_entry", ID: id, What: "an id that has not 16 bytes"})
	}
	for i, leg := range legs {
		e.Legs = append(e.Legs, leg.Leg)
		v.countLeg(leg)
		if i == 0 {
			account = v.address(leg.Debit)
		}
		if leg.n != int64(i) && whole {
			whole = false
			v.find(Finding{
				Table: "ledger_leg", ID: leg.id(), Account: account, What: "the legs are not numbered without a gap",
				Expected: fmt.Sprint(i), Found: fmt.Sprint(leg.n),
			})
		}
		v.checkLeg(e, leg)
	}
	if len(legs) == 0 {
		v.find(Finding{Table: "ledger_leg", ID: id, What: "an entry without legs"})
	}
	tag, scratch := v.l.tagEntry(&e.draft, scratch)
	if subtle.ConstantTimeCompare(tag, e.tag) != 1 {
		v.find(Finding{
			Table: "ledger_entry", ID: id, Account: account, What: "the entry or one of its legs was changed after it was posted",
			Expected: tagText(tag), Found: tagText(e.tag),
		})
	}
	return scratch
}

// checkLeg checks what a leg's tag does not have, and what makes the sums add up.
func (v *verifier) checkLeg(e *storedEntry, leg storedLeg) {
	bad := func(what, expected, found string) {
		v.find(Finding{Table: "ledger_leg", ID: leg.id(), Account: v.address(leg.Debit), What: what, Expected: expected, Found: found})
	}
	if at := clock.Micros(e.At); leg.at != at {
		bad("its time is not its entry's", fmt.Sprint(at), fmt.Sprint(leg.at))
	}
	if leg.Amount <= 0 {
		bad("an amount that moves nothing or backwards", "more than 0", fmt.Sprint(leg.Amount))
	}
	debit, credit := v.tallies[leg.Debit], v.tallies[leg.Credit]
	switch {
	case debit == nil:
		bad("it debits an account that is not there", fmt.Sprint(leg.Debit), "nothing")
	case credit == nil:
		bad("it credits an account that is not there", fmt.Sprint(leg.Credit), "nothing")
	case debit.row.Currency != credit.row.Currency:
		bad("its accounts have two currencies", debit.row.Currency.Code, credit.row.Currency.Code)
	}
	if expected := e.Phase; leg.Phase != expected && !(expected == Post && leg.Phase == Void) {
		bad("its phase is not its entry's", expected.String(), leg.Phase.String())
	}
}

// checkHold wants a pending entry to be either an open hold or resolved, and nothing else to be one.
func (v *verifier) checkHold(e *storedEntry, hold []holdRow, ends []resolutionLeg) {
	bad := func(table, what, expected, found string) {
		account := ""
		if len(e.Legs) > 0 {
			account = v.address(e.Legs[0].Debit)
		}
		v.find(Finding{Table: table, ID: string(e.ID), Account: account, What: what, Expected: expected, Found: found})
	}
	if e.Phase != Pending {
		if len(hold) > 0 {
			bad("ledger_hold", "an open hold whose entry holds nothing", Pending.String(), e.Phase.String())
		}
		if len(ends) > 0 {
			bad("ledger_entry", "it is resolved and was no hold", "no resolution", idText(ends[0].id))
		}
		return
	}
	v.report.Holds++
	switch {
	case len(hold) == 0 && len(ends) == 0:
		bad("ledger_hold", "the open hold is missing", "a row or a resolution", "neither")
	case len(hold) > 0 && len(ends) > 0:
		bad("ledger_hold", "the hold is open and resolved", "no row", "resolved by "+idText(ends[0].id))
	case len(hold) > 0 && hold[0].expires != clock.Micros(e.ExpiresAt):
		bad("ledger_hold", "its expiry is not its entry's", fmt.Sprint(clock.Micros(e.ExpiresAt)), fmt.Sprint(hold[0].expires))
	case len(ends) > 0:
		v.checkResolution(e, ends)
	}
}

// checkResolution wants a resolution to release exactly what was held, and to take no more.
func (v *verifier) checkResolution(e *storedEntry, ends []resolutionLeg) {
	right := len(ends) == len(e.Legs)
	for i := 0; right && i < len(ends); i++ {
		end, held := ends[i], e.Legs[i]
		right = bytes.Equal(end.id, ends[0].id) && end.phase.resolution() && end.Debit == held.Debit && end.Credit == held.Credit &&
			end.Released == held.Amount && end.Amount <= held.Amount && (end.Leg.Phase == Post || end.Amount == held.Amount)
	}
	if !right {
		v.find(Finding{
			Table: "ledger_entry", ID: idText(ends[0].id), Account: v.address(ends[0].Debit),
			What: "it does not release what was held", Expected: "the legs of " + string(e.ID), Found: "other legs",
		})
	}
}
