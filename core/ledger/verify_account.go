package ledger

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
)

const (
	// accountSlice is how many accounts are compared in one snapshot: each asks for its legs since the watermark.
	accountSlice = 200
	// recountSlice bounds the legs of each side that one snapshot of a recount reads.
	recountSlice = 50_000
	// recounts bounds how often a busy account that disagrees is counted again: an entry that commits late may slip behind a recount.
	recounts = 3
)

// checkAccounts compares every account's row with its legs. Where a slice has more legs since the watermark than fit the time of one
// snapshot, its accounts are recounted one by one.
func (v *verifier) checkAccounts() error {
	for after := AccountID(0); ; {
		rows, doubtful, err := v.compareSome(after, true)
		if errors.Is(err, fault.ErrBusy) && v.ctx.Err() == nil {
			rows, doubtful, err = v.compareSome(after, false)
		}
		if err == nil && len(rows) == 0 {
			return v.strayTotals()
		}
		if err != nil {
			return err
		}
		for i := range rows {
			v.checkTerms(&rows[i])
			after = rows[i].ID
		}
		for _, id := range doubtful {
			if err := v.recount(id); err != nil {
				return err
			}
		}
	}
}

// strayTotals wants all totals to be an account's.
func (v *verifier) strayTotals() error {
	return v.read(func(tx *db.Tx) error {
		list, err := db.All(tx, scanNumber, sliceStrayTotals)
		for _, id := range list {
			v.find(Finding{Table: "ledger_total", ID: fmt.Sprint(id), What: "totals of no account"})
		}
		return err
	})
}

// compareSome reads a slice of accounts and says which do not agree with their legs; without looking, all of them.
func (v *verifier) compareSome(after AccountID, look bool) (rows []storedRow, doubtful []AccountID, err error) {
	err = v.read(func(tx *db.Tx) (err error) {
		if rows, err = db.All(tx, scanAccount, sliceAccounts, int64(after), accountSlice); err != nil {
			return err
		}
		for i := range rows {
			agrees := false
			if look {
				if agrees, err = v.agrees(tx, &rows[i]); err != nil {
					return err
				}
			}
			if !agrees {
				doubtful = append(doubtful, rows[i].ID)
			}
		}
		return nil
	})
	return rows, doubtful, err
}

// checkTerms checks what a row says of its account, without its legs.
func (v *verifier) checkTerms(r *storedRow) {
	v.report.Accounts++
	bad := func(what, expected, found string) {
		v.find(Finding{Table: "ledger_account", ID: fmt.Sprint(r.ID), Account: r.Address, What: what, Expected: expected, Found: found})
	}
	if tag := v.l.tagAccount(&r.row); subtle.ConstantTimeCompare(tag, r.tag) != 1 {
		bad("its terms or flags were changed by hand", tagText(tag), tagText(r.tag))
	}
	switch {
	case r.Busy && r.state != -1:
		v.find(Finding{Table: "ledger_total", ID: fmt.Sprint(r.ID), Account: r.Address, What: "a busy account has totals of its own"})
	case !r.Busy && r.state == -1:
		v.find(Finding{Table: "ledger_total", ID: fmt.Sprint(r.ID), Account: r.Address, What: "its totals are missing"})
	case !r.Busy && r.state != r.stateOf():
		v.find(Finding{
			Table: "ledger_total", ID: fmt.Sprint(r.ID), Account: r.Address, What: "its totals say otherwise whether it is frozen or closed",
			Expected: fmt.Sprint(r.stateOf()), Found: fmt.Sprint(r.state),
		})
	}
	if !withinLimit(&r.row) {
		balance, _ := r.Balance()
		bad("it is past its limit ("+r.Limit.String()+")", "at least 0 available", fmt.Sprint(balance.Available))
	}
	if r.Closed && !r.Busy && (r.DebitsPosted != r.CreditsPosted || r.DebitsPending != 0 || r.CreditsPending != 0) {
		bad("it is closed and holds money", "0", fmt.Sprint(r.CreditsPosted-r.DebitsPosted))
	}
}

// agrees tells whether a row's totals are the sum of its legs: those up to the watermark, counted before, and those since. Those since are
// walked back, and must end where the chain of the others has its head.
func (v *verifier) agrees(tx *db.Tx, r *storedRow) (bool, error) {
	t := v.tallies[r.ID]
	if t == nil {
		t = &tally{}
	}
	legs := t.sum
	if r.Busy {
		if err := legs.addLegs(tx, &r.row, v.watermark, math.MaxInt64); err != nil {
			return false, err
		}
		kept, err := keptTotals(tx, &r.row)
		return kept == legs, err
	}
	kept, err := keptTotals(tx, &r.row)
	if err != nil {
		return false, err
	}
	if r.lastLeg == t.head { // nothing since: most accounts
		return kept == legs && len(t.loose) == 0, nil
	}
	if kept.lastAt < t.headAt {
		later, allowed, err := t.lacks(tx, r)
		legs.sub(later)
		legs.lastAt = kept.lastAt
		return allowed && kept == legs && len(t.loose) == 0, err
	}
	end, err := walkBack(tx, r.ID, r.lastLeg, v.watermark, func(leg sideLeg) { legs.leg(leg.Leg, leg.at, leg.debit, false) })
	return kept == legs && end == t.head && len(t.loose) == 0, err
}

// lacks sums the legs of an account that its row does not have yet, from the head of the chain back to the row's last leg. That is allowed
// where the chain leads there, and every leg on the way will be read at the next start because it is not settled.
func (t *tally) lacks(tx *db.Tx, r *storedRow) (later wide, allowed bool, err error) {
	settled, err := settledNumber(tx, math.MaxInt64)
	if err != nil {
		return later, false, err
	}
	lastAt := clock.Micros(r.LastAt)
	met, unsettled := r.lastLeg == 0 && lastAt == 0, true
	passed := false
	_, err = walkBack(tx, r.ID, t.head, lastAt-1, func(leg sideLeg) {
		if passed {
			return // an earlier leg of the row's last entry, which has the same moment: the row has it
		}
		if leg.number == r.lastLeg {
			met, passed = leg.at == lastAt, true
			return
		}
		later.leg(leg.Leg, leg.at, leg.debit, false)
		unsettled = unsettled && leg.number > settled
	})
	return later, met && unsettled, err
}

// keptTotals are the totals an account's rows keep: its own, or its fold and tail where it is busy.
func keptTotals(tx *db.Tx, r *row) (kept wide, err error) {
	if r.Busy {
		err = kept.addTail(tx, selectBalance, int64(r.ID))
	} else {
		kept.add(r.totals())
	}
	return kept, err
}

// recount counts an account's legs from the first, and reports what disagrees.
func (v *verifier) recount(id AccountID) error {
	var r *storedRow
	err := v.read(func(tx *db.Tx) (err error) {
		r, err = v.oneAccount(tx, id)
		return err
	})
	switch {
	case err != nil:
		return err
	case r.Busy:
		return v.recountBusy(id)
	}
	var legs, kept wide
	kept.add(r.totals())
	loose := map[int64]bool{} // legs that the long pass could not link
	if t := v.tallies[id]; t != nil {
		for _, leg := range t.loose {
			loose[leg.number] = true
		}
	}
	stuck := maps.Clone(loose)
	from := r.lastLeg
	for done := false; from != 0 && !done; {
		err := v.read(func(tx *db.Tx) error {
			list, err := chain(tx, id, from, math.MinInt64, recountSlice)
			done = len(list) == 0
			last := place{at: math.MaxInt64}
			for _, leg := range list {
				here := place{at: leg.at, leg: leg.number}
				if done = !here.olderThan(last); done {
					break
				}
				legs.leg(leg.Leg, leg.at, leg.debit, false)
				delete(loose, leg.number)
				last, from = here, leg.prev
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if kept != legs {
		v.disagree(r, legs, kept)
		loose = stuck
	}
	v.checkChain(r, from, loose)
	return v.checkLag(id)
}

// checkLag wants the row of an account to lack nothing that is settled.
func (v *verifier) checkLag(id AccountID) error {
	t := v.tallies[id]
	if t == nil {
		return nil
	}
	return v.read(func(tx *db.Tx) error {
		r, err := v.oneAccount(tx, id)
		if err != nil || clock.Micros(r.LastAt) >= t.headAt {
			return err
		}
		_, allowed, err := t.lacks(tx, r)
		if err == nil && !allowed {
			v.find(Finding{
				Table: "ledger_total", ID: fmt.Sprint(id), Account: r.Address, What: "its totals end before the account's last leg",
				Expected: fmt.Sprintf("leg %d", t.head), Found: fmt.Sprintf("leg %d", r.lastLeg),
			})
		}
		return err
	})
}

// checkChain reports a chain that does not lead back to the account's first leg, and legs that are not in it.
func (v *verifier) checkChain(r *storedRow, end int64, loose map[int64]bool) {
	if end != 0 {
		v.find(Finding{
			Table: "ledger_leg", ID: fmt.Sprint(end), Account: r.Address, What: "the account's legs do not lead back to its first through this one",
			Expected: "an earlier leg of the account", Found: "none",
		})
	}
	if len(loose) > 0 { // those after the first cannot be linked either
		first := slices.Min(slices.Collect(maps.Keys(loose)))
		v.find(Finding{Table: "ledger_leg", ID: fmt.Sprint(first), Account: r.Address, What: "it does not follow the account's leg before it"})
	}
}

// recountBusy counts a busy account's legs in slices, and compares them in the last slice's snapshot.
func (v *verifier) recountBusy(id AccountID) error {
	for try := 1; ; try++ {
		var legs, kept wide
		var r *storedRow
		for after, complete := int64(0), false; !complete; {
			err := v.read(func(tx *db.Tx) (err error) {
				if r, err = v.oneAccount(tx, id); err != nil {
					return err
				}
				slice := legs
				last, whole, err := slice.addHistory(tx, &r.row, after, recountSlice)
				if err != nil {
					return err
				}
				if whole {
					if kept, err = keptTotals(tx, &r.row); err != nil {
						return err
					}
				}
				legs, after, complete = slice, last, whole
				return nil
			})
			if err != nil {
				return err
			}
		}
		if kept == legs {
			return nil
		}
		if try < recounts {
			continue
		}
		v.disagree(r, legs, kept)
		return nil
	}
}

func (v *verifier) oneAccount(tx *db.Tx, id AccountID) (*storedRow, error) {
	r, err := db.One(tx, scanAccount, selectAccount, int64(id))
	return &r, err
}

// disagree reports every total that differs.
func (v *verifier) disagree(r *storedRow, legs, kept wide) {
	table := "ledger_total"
	if r.Busy {
		table = "ledger_fold"
	}
	for _, c := range []struct{ name, expected, found string }{
		{"debits", legs.debits.String(), kept.debits.String()},
		{"credits", legs.credits.String(), kept.credits.String()},
		{"pending debits", legs.debitsPending.String(), kept.debitsPending.String()},
		{"pending credits", legs.creditsPending.String(), kept.creditsPending.String()},
		{"entries", fmt.Sprint(legs.entries), fmt.Sprint(kept.entries)},
		{"time of the last entry", fmt.Sprint(legs.lastAt), fmt.Sprint(kept.lastAt)},
	} {
		if c.expected != c.found {
			v.find(Finding{
				Table: table, ID: fmt.Sprint(r.ID), Account: r.Address, What: "its " + c.name + " are not those of its legs",
				Expected: c.expected, Found: c.found,
			})
		}
	}
}

func describe(t totals) string {
	return fmt.Sprintf("debits %d, credits %d, pending %d and %d, entries %d",
		t.debits, t.credits, t.debitsPending, t.creditsPending, t.entries)
}

// addHistory counts an account's legs after a moment, about limit of each side and whole moments only. It answers with the last moment
// counted, and whether that was all.
func (w *wide) addHistory(tx *db.Tx, r *row, after int64, limit int) (last int64, complete bool, err error) {
	for {
		legs, complete, err := historyLegs(tx, r.ID, after, limit)
		if err != nil {
			return after, false, err
		}
		for _, leg := range legs {
			w.leg(leg.Leg, leg.at, leg.debit, r.Busy)
			after = max(after, leg.at)
		}
		if complete || len(legs) > 0 {
			return after, complete, nil
		}
		limit *= 4 // one moment has more legs than that
	}
}

// historyLegs reads legs of a busy account after a moment, at most limit of each side and whole moments only.
func historyLegs(tx *db.Tx, id AccountID, after int64, limit int) (legs []sideLeg, complete bool, err error) {
	end := int64(math.MaxInt64)
	for _, debit := range []bool{true, false} {
		q := selectHistoryCredits
		if debit {
			q = selectHistoryDebits
		}
		side, err := db.All(tx, func(r db.Row) (s sideLeg, err error) {
			var phase int64
			s.debit = debit
			err = r.Scan(&s.Amount, &phase, &s.Released, &s.at)
			s.Phase = Phase(small(phase))
			return s, err
		}, q, int64(id), minus(after), limit)
		if err != nil {
			return nil, false, err
		}
		if len(side) == limit {
			end = min(end, side[limit-1].at)
		}
		legs = append(legs, side...)
	}
	kept := legs[:0]
	for _, leg := range legs {
		if leg.at < end {
			kept = append(kept, leg)
		}
	}
	return kept, end == math.MaxInt64, nil
}

// checkCheckpoints compares every checkpoint with the sum of the legs before it, as the long pass counted them.
func (v *verifier) checkCheckpoints() error {
	for _, t := range v.tallies {
		var sum wide
		for _, p := range t.points {
			sum.plus(p.since)
			if sum.sameTotals(p.stored.totals) && (t.row.Busy || p.last == p.stored.lastLeg) {
				continue
			}
			if err := v.recountPoint(t, p.stored); err != nil {
				return err
			}
		}
	}
	return nil
}

// recountPoint counts the legs between a checkpoint and the one before it, in one snapshot, and reports the checkpoint if it differs. One
// that Fold has dropped meanwhile is not there any more.
func (v *verifier) recountPoint(t *tally, c checkpoint) error {
	var stored, before checkpoint
	var legs wide
	right := true
	err := v.read(func(tx *db.Tx) (err error) {
		legs = wide{}
		if stored, err = db.One(tx, scanCheckpoint, selectCheckpointAt, int64(c.account), c.at); err != nil {
			return err
		}
		before, err = db.One(tx, scanCheckpoint, selectCheckpoint, int64(c.account), c.at-1)
		if errors.Is(err, db.ErrNoRow) {
			before, err = checkpoint{}, nil
		}
		if err != nil {
			return err
		}
		legs.add(before.totals)
		if !t.row.Busy {
			right, err = legs.addChain(tx, &stored, &before)
			return err
		}
		if err := legs.addLegs(tx, &t.row, before.at, c.at); err != nil {
			return err
		}
		var tail wide // in the legs, and not in a checkpoint until it is folded
		if err := tail.addTail(tx, selectUnfoldedBetween, int64(c.account), before.at, c.at); err != nil {
			return err
		}
		legs.sub(tail)
		return nil
	})
	if errors.Is(err, db.ErrNoRow) {
		return nil
	}
	if err != nil || right && legs.sameTotals(stored.totals) {
		return err
	}
	v.find(Finding{
		Table: "ledger_checkpoint", ID: c.id(), Account: t.row.Address, What: "it is not the sum of the legs before it",
		Expected: legs.describe(), Found: fmt.Sprintf("%s, last leg %d", describe(stored.totals), stored.lastLeg),
	})
	return nil
}

// addChain counts the legs from a checkpoint's last back to the checkpoint before, and says whether they lead from the one to the other:
// the last leg is of the checkpoint's moment, and no leg of that moment comes after it.
func (w *wide) addChain(tx *db.Tx, c, before *checkpoint) (right bool, err error) {
	newest := int64(0)
	end, err := walkBack(tx, c.account, c.lastLeg, before.at, func(leg sideLeg) {
		newest = max(newest, leg.at)
		w.leg(leg.Leg, leg.at, leg.debit, false)
	})
	return newest == c.at && end == before.lastLeg, err
}

// tailLeg is a tail row beside the leg it stands for.
type tailLeg struct {
	tailRow
	at                         int64
	legDebit, legCredit        *int64
	legAmount, legAt, legPhase *int64
}

// checkTail wants every tail row to be one side of a leg. A row that is missing or is there twice shows in its account's sum.
func (v *verifier) checkTail() error {
	account, number := int64(0), int64(0)
	for {
		var rows []tailLeg
		err := v.read(func(tx *db.Tx) (err error) {
			rows, err = db.All(tx, scanTail, sliceTail, account, number, verifySlice)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, t := range rows {
			account, number = int64(t.account), t.number
			if !t.stands() {
				v.find(Finding{
					Table: "ledger_tail", ID: fmt.Sprintf("%d %d", t.account, t.number), Account: v.address(t.account),
					What: "it is not a side of its leg", Expected: t.leg(), Found: fmt.Sprintf("debit %d, credit %d at %d", t.debit, t.credit, t.at),
				})
			}
		}
	}
}

func scanTail(r db.Row) (t tailLeg, err error) {
	err = r.Scan(&t.account, &t.number, &t.debit, &t.credit, &t.at, &t.legDebit, &t.legCredit, &t.legAmount, &t.legAt, &t.legPhase)
	return t, err
}

// stands tells whether the row says what its leg says.
func (t *tailLeg) stands() bool {
	if t.legAmount == nil || *t.legAt != t.at || !Phase(small(*t.legPhase)).moves() {
		return false
	}
	switch int64(t.account) {
	case *t.legDebit:
		return t.debit == *t.legAmount && t.credit == 0
	case *t.legCredit:
		return t.credit == *t.legAmount && t.debit == 0
	}
	return false
}

func (t *tailLeg) leg() string {
	if t.legAmount == nil {
		return "a leg"
	}
	return fmt.Sprintf("leg %d to %d, %d at %d", *t.legDebit, *t.legCredit, *t.legAmount, *t.legAt)
}
