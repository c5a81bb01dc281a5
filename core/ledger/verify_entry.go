package ledger

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"math"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
)

// slice is the entries of one range of numbers and all that belongs to them, read in one snapshot.
type slice struct {
	entries     []storedEntry
	legs        []storedLeg
	holds       []holdRow
	resolutions map[key]*draft // by the hold that they end
	strays      []strayResolution
	names       map[int64]string
	read        time.Time // before it was
}

type holdRow struct{ number, expires int64 }

// strayResolution resolves what is no hold, or is not there.
type strayResolution struct{ id, resolves, found []byte }

// checkEntries walks all entries in the order of their numbers. The next slice is read while one is checked.
func (v *verifier) checkEntries() error {
	slices, stop := make(chan slice, 1), make(chan struct{})
	defer func() {
		close(stop)
		for range slices { // until the reader has ended
		}
	}()
	var unread error // why the reader ended, once slices is closed
	go func() {
		defer close(slices)
		unread = v.readSlices(func(s slice) bool {
			select {
			case slices <- s:
				return true
			case <-stop:
				return false
			}
		})
	}()
	var scratch []byte
	var last time.Time
	for s := range slices {
		v.names = s.names
		if err := v.meet(s.legs); err != nil {
			return err
		}
		scratch = v.checkSlice(&s, scratch)
		v.advance(s.read, lateStep)
		last = s.read
	}
	v.advance(last, 0)
	v.late = nil
	if unread != nil {
		return unread
	}
	return v.checkIndex()
}

// readSlices reads all entries, slice by slice. Where so many do not fit the time of one snapshot, because each has many legs, the slices
// become smaller.
func (v *verifier) readSlices(yield func(slice) bool) error {
	size := verifySlice
	for after, more := int64(math.MinInt64), true; more; {
		var s slice
		var upTo int64
		begun := v.l.clock.Now()
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
		s.read = begun
		if more, after = upTo != math.MaxInt64, upTo; !yield(s) {
			return nil
		}
	}
	return nil
}

// meet notes the accounts of legs that were opened after the run began.
func (v *verifier) meet(legs []storedLeg) error {
	var strange []AccountID
	for i := range legs {
		for _, id := range [2]AccountID{legs[i].Debit, legs[i].Credit} {
			if v.tallies[id] == nil {
				strange = append(strange, id)
			}
		}
	}
	if len(strange) == 0 {
		return nil
	}
	return v.read(func(tx *db.Tx) error {
		for _, id := range strange {
			switch r, err := v.l.readAccount(tx, selectAccount, int64(id)); {
			case err == nil && v.tallies[id] == nil:
				v.tallies[id] = v.newTally(r)
			case err != nil && !errors.Is(err, ErrAccountNotFound):
				return err
			}
		}
		return nil
	})
}

func (v *verifier) readSlice(tx *db.Tx, after int64, size int) (s slice, upTo int64, err error) {
	if s.entries, err = db.All(tx, scanEntry, sliceEntries, after, size); err != nil {
		return s, 0, err
	}
	upTo = math.MaxInt64
	if len(s.entries) == size {
		last := &s.entries[size-1]
		upTo = last.number + max(last.legs, 1) - 1
	}
	if s.names, err = readKinds(tx); err != nil {
		return s, 0, err
	}
	if s.legs, err = db.All(tx, scanLeg, sliceLegs, after, upTo); err != nil {
		return s, 0, err
	}
	s.holds, err = db.All(tx, func(r db.Row) (h holdRow, err error) { return h, r.Scan(&h.number, &h.expires) }, sliceHolds, after, upTo)
	if err != nil {
		return s, 0, err
	}
	if s.resolutions, err = v.readResolutions(tx, s.entries); err != nil {
		return s, 0, err
	}
	s.strays, err = db.All(tx, func(r db.Row) (x strayResolution, err error) { return x, r.Scan(&x.id, &x.resolves, &x.found) },
		sliceStrays, after, upTo)
	if err != nil {
		return s, 0, err
	}
	return s, upTo, nil
}

// readResolutions reads what ended the holds among entries. A unique rule lets a hold have one end at most.
func (v *verifier) readResolutions(tx *db.Tx, entries []storedEntry) (map[key]*draft, error) {
	var holds []key
	for i := range entries {
		if entries[i].Phase == Pending {
			holds = append(holds, entries[i].key)
		}
	}
	ends := make(map[key]*draft, len(holds))
	for len(holds) > 0 {
		var some []key
		some, holds = cut(holds, loadMost)
		args := pad(nil, some, keyArg)
		list, err := v.l.fetchSome(tx, selectEntriesByHold.Of(len(args)), args)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			ends[d.resolves] = d
		}
	}
	return ends, nil
}

// checkSlice walks entries, legs, holds and resolutions side by side: all are in the order of the entry's number.
func (v *verifier) checkSlice(s *slice, scratch []byte) []byte {
	legs, holds := s.legs, s.holds
	for i := range s.entries {
		e := &s.entries[i]
		v.report.Entries++
		v.ids.add(e.key[:], e.number)
		var strays, own []storedLeg
		strays, legs = until(legs, func(l storedLeg) bool { return l.number < e.number })
		v.strayLegs(strays)
		own, legs = until(legs, func(l storedLeg) bool { return l.number < e.number+e.legs })
		scratch = v.checkEntry(e, own, scratch)

		var strayHolds, ownHold []holdRow
		strayHolds, holds = until(holds, func(h holdRow) bool { return h.number < e.number })
		v.strayHolds(strayHolds)
		ownHold, holds = until(holds, func(h holdRow) bool { return h.number == e.number })

		v.checkHold(e, ownHold, s.resolutions[e.key])
	}
	v.strayLegs(legs)
	v.strayHolds(holds)
	v.strayResolutions(s.strays)
	return scratch
}

// until cuts off the front of a list, as long as it is of one sort.
func until[T any](list []T, of func(T) bool) (front, rest []T) {
	n := 0
	for n < len(list) && of(list[n]) {
		n++
	}
	return list[:n], list[n:]
}

func (v *verifier) strayLegs(legs []storedLeg) {
	for _, leg := range legs {
		v.find(Finding{Table: "ledger_leg", ID: fmt.Sprint(leg.number), Account: v.address(leg.Debit), What: "a leg whose entry is not there"})
		v.countLeg(leg, math.MinInt64)
	}
}

func (v *verifier) strayHolds(holds []holdRow) {
	for _, h := range holds {
		v.find(Finding{Table: "ledger_hold", ID: fmt.Sprint(h.number), What: "an open hold whose entry is not there"})
	}
}

func (v *verifier) strayResolutions(list []strayResolution) {
	for _, r := range list {
		found, what := "nothing", "it resolves a hold that is not there"
		if r.found != nil {
			found, what = "no hold", "it resolves what is no hold"
		}
		v.find(Finding{Table: "ledger_entry", ID: idText(r.id), What: what, Expected: idText(r.resolves), Found: found})
	}
}

func idText(b []byte) string {
	if len(b) != len(key{}) {
		return fmt.Sprintf("%x", b)
	}
	return string(key(b).text())
}

// countLeg counts a leg of an entry of that time.
func (v *verifier) countLeg(leg storedLeg, at int64) {
	v.report.Legs++
	if at > v.watermark {
		v.wait(leg, at)
	} else {
		v.count(leg.Debit, leg, at, true)
		v.count(leg.Credit, leg, at, false)
	}
	if d := v.tallies[leg.Debit]; d != nil {
		d.asset.Add(leg.Amount)
	}
	if c := v.tallies[leg.Credit]; c != nil {
		c.asset.Sub(leg.Amount)
	}
}

// checkEntry checks one entry with its legs and counts them.
func (v *verifier) checkEntry(e *storedEntry, legs []storedLeg, scratch []byte) []byte {
	id := string(e.ID)
	account := ""
	if e.Kind = v.kindName(e.kind); !v.runs[kindRun{e.kind, e.number / runLength}] {
		v.unnoted[kindRun{e.kind, e.number / runLength}] = true
	}
	if e.odd {
		v.find(Finding{Table: "ledger_entry", ID: id, What: "an id that has not 16 bytes"})
	}
	for i, leg := range legs {
		e.Legs = append(e.Legs, leg.Leg)
		v.countLeg(leg, clock.Micros(e.At))
		if i == 0 {
			account = v.address(leg.Debit)
		}
		v.checkLeg(e, leg)
	}
	if int64(len(legs)) != e.legs {
		v.find(Finding{
			Table: "ledger_leg", ID: id, Account: account, What: "an entry has not as many legs as it says", Expected: fmt.Sprint(e.legs),
			Found: fmt.Sprint(len(legs)),
		})
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
		v.find(Finding{
			Table: "ledger_leg", ID: fmt.Sprintf("%s/%d", e.ID, leg.number-e.number), Account: v.address(leg.Debit), What: what,
			Expected: expected, Found: found,
		})
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
	for i, t := range [2]*tally{debit, credit} {
		side := i == 0
		if prev, at := leg.prev(side), clock.Micros(e.At); t != nil && t.row.Busy && prev != -at {
			bad("its time on a busy account is not its entry's", fmt.Sprint(-at), fmt.Sprint(prev))
		} else if t != nil && !t.row.Busy && (prev < 0 || prev == leg.number) {
			bad("it names no leg of its account before it", "a leg", fmt.Sprint(prev))
		}
	}
	if expected := e.Phase; leg.Phase != expected && !(expected == Post && leg.Phase == Void) {
		bad("its phase is not its entry's", expected.String(), leg.Phase.String())
	}
}

// checkHold wants a pending entry to be either an open hold or resolved, and nothing else to be one.
func (v *verifier) checkHold(e *storedEntry, hold []holdRow, end *draft) {
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
		return
	}
	v.report.Holds++
	switch {
	case len(hold) == 0 && end == nil:
		bad("ledger_hold", "the open hold is missing", "a row or a resolution", "neither")
	case len(hold) > 0 && end != nil:
		bad("ledger_hold", "the hold is open and resolved", "no row", "resolved by "+string(end.ID))
	case len(hold) > 0 && hold[0].expires != clock.Micros(e.ExpiresAt):
		bad("ledger_hold", "its expiry is not its entry's", fmt.Sprint(clock.Micros(e.ExpiresAt)), fmt.Sprint(hold[0].expires))
	case end != nil:
		v.checkResolution(e, end)
	}
}

// checkResolution wants a resolution to release exactly what was held, and to take no more.
func (v *verifier) checkResolution(e *storedEntry, end *draft) {
	right := len(end.Legs) == len(e.Legs) && end.Phase.resolution()
	for i := 0; right && i < len(end.Legs); i++ {
		took, held := end.Legs[i], e.Legs[i]
		right = took.Debit == held.Debit && took.Credit == held.Credit && took.Released == held.Amount && took.Amount <= held.Amount &&
			(took.Phase == Post || took.Amount == held.Amount)
	}
	if !right {
		account := ""
		if len(e.Legs) > 0 {
			account = v.address(e.Legs[0].Debit)
		}
		v.find(Finding{
			Table: "ledger_entry", ID: string(end.ID), Account: account,
			What: "it does not release what was held", Expected: "the legs of " + string(e.ID), Found: "other legs",
		})
	}
}
