package ledger

import (
	"fmt"
	"time"

	"billfold/base/clock"
	"billfold/base/fault"
	"billfold/base/money"
)

// checkpointEvery is how many entries of an account lie between two checkpoints: BalanceAt reads at most so many legs.
const checkpointEvery = 256

// row is an account as a transaction read it, under lock unless it is busy.
type row struct {
	Account
	frozenAt, closedAt int64 // real time, microseconds; 0: not, or not read: what refuses is Frozen and Closed
	state              int64 // what its totals say of that; -1 where it has none
	lastLeg            int64 // the newest leg of its chain
	touched            bool  // its totals are to be written
}

// totals are what an entry may change of an account.
type totals struct {
	debits, credits, debitsPending, creditsPending, entries, lastLeg int64
	lastAt                                                           time.Time
}

func (r *row) totals() totals {
	return totals{r.DebitsPosted, r.CreditsPosted, r.DebitsPending, r.CreditsPending, r.Entries, r.lastLeg, r.LastAt}
}

func (r *row) restore(t totals) {
	r.DebitsPosted, r.CreditsPosted, r.DebitsPending, r.CreditsPending = t.debits, t.credits, t.debitsPending, t.creditsPending
	r.Entries, r.lastLeg, r.LastAt = t.entries, t.lastLeg, t.lastAt
}

// tailRow is one side of a leg of a busy account.
type tailRow struct {
	account       AccountID
	number        int64 // of the leg
	debit, credit int64
	at            time.Time
}

// checkpoint is an account's totals after everything up to and including a moment.
type checkpoint struct {
	account AccountID
	at      int64
	totals
}

// book decides entries, one after another, over accounts read before. It does no I/O: the same rows and entries give the same decision.
// What it decided lies in its slices, to be written.
type book struct {
	now         time.Time
	next        int64 // the number of the next leg
	accounts    map[AccountID]*row
	order       []*row // touched accounts in the order of their first touch
	read        []*row // accounts whose totals were read from the tables
	tail        []tailRow
	checkpoints []checkpoint
	undo        []undo // of the entry being decided
	log         []undo // of the entries decided since the last mark, where it may be gone back to
	logging     bool
}

type undo struct {
	row    *row
	before totals
}

func newBook(now time.Time) *book { return &book{now: now, accounts: map[AccountID]*row{}} }

// decide applies an entry to the accounts and sets its time, or refuses it and leaves every account as it was.
func (b *book) decide(d *draft) error {
	if d.Phase == Pending && !d.ExpiresAt.After(b.now) {
		return ErrEntryInvalid.With("expires_at")
	}
	at, err := b.admit(d)
	if err != nil {
		return err
	}
	b.undo = b.undo[:0]
	d.number, d.prev = b.next, make([][2]int64, len(d.Legs))
	tails := len(b.tail)
	for i := range d.Legs {
		if err = b.move(d, i, at); err != nil {
			break
		}
	}
	if err == nil {
		err = b.checkLimits(d)
	}
	if err != nil {
		for i := len(b.undo) - 1; i >= 0; i-- {
			b.undo[i].row.restore(b.undo[i].before)
		}
		b.tail = b.tail[:tails]
		return err
	}
	d.At = at
	b.next += int64(len(d.Legs))
	b.settle(at)
	if b.logging {
		b.log = append(b.log, b.undo...)
	}
	return nil
}

// mark is a state of the book that it can go back to, until the next one.
type mark struct {
	next                     int64
	order, tail, checkpoints int
}

func (b *book) mark(logging bool) mark {
	b.log, b.logging = b.log[:0], logging
	return mark{b.next, len(b.order), len(b.tail), len(b.checkpoints)}
}

// back forgets everything that was decided since a mark.
func (b *book) back(m mark) {
	for i := len(b.log) - 1; i >= 0; i-- {
		b.log[i].row.restore(b.log[i].before)
	}
	for _, r := range b.order[m.order:] {
		r.touched = false
	}
	b.next, b.order, b.tail, b.checkpoints, b.log = m.next, b.order[:m.order], b.tail[:m.tail], b.checkpoints[:m.checkpoints], b.log[:0]
}

// admit refuses accounts that do not exist, are frozen or closed, or are of another currency than their counterpart. It answers with
// the entry's time: now, or just after the newest entry of the accounts it locks.
func (b *book) admit(d *draft) (time.Time, error) {
	at := b.now
	releasing := d.Phase == Void || d.Phase == Expire
	for i, leg := range d.Legs {
		debit, credit := b.accounts[leg.Debit], b.accounts[leg.Credit]
		for _, side := range [2]*row{debit, credit} {
			place := "debit"
			if side == credit {
				place = "credit"
			}
			if refusal := refuse(side, releasing); refusal != nil {
				return at, refusal.With(fmt.Sprintf("legs[%d].%s", i, place))
			}
			if !side.Busy && !side.LastAt.Before(at) {
				at = side.LastAt.Add(time.Microsecond)
			}
		}
		if debit.Currency != credit.Currency {
			return at, money.ErrCurrencyMismatch.With(fmt.Sprintf("legs[%d]", i))
		}
	}
	return at, nil
}

// refuse says why an account may not take part. Releasing a hold is always allowed: it gives back what is the payer's.
func refuse(r *row, releasing bool) *fault.Fault {
	switch {
	case r == nil:
		return ErrAccountNotFound
	case releasing:
		return nil
	case r.Closed:
		return ErrAccountClosed
	case r.Frozen:
		return ErrAccountFrozen
	}
	return nil
}

// move applies one leg to both of its sides.
func (b *book) move(d *draft, i int, at time.Time) error {
	leg := &d.Legs[i]
	debit, credit := b.accounts[leg.Debit], b.accounts[leg.Credit]
	ok := b.side(debit, d, i, at, true) && b.side(credit, d, i, at, false)
	if !ok {
		return ErrOverflow.With(fmt.Sprintf("legs[%d].amount", i))
	}
	return nil
}

// side applies a leg to one account; it answers no where a total would leave 64 bits.
func (b *book) side(r *row, d *draft, i int, at time.Time, debit bool) bool {
	b.undo = append(b.undo, undo{r, r.totals()})
	leg, number := &d.Legs[i], d.number+int64(i)
	posted, pending, prev := &r.CreditsPosted, &r.CreditsPending, &d.prev[i][1]
	if debit {
		posted, pending, prev = &r.DebitsPosted, &r.DebitsPending, &d.prev[i][0]
	}
	ok := true
	if leg.Phase.moves() {
		ok = add(posted, leg.Amount)
	}
	if r.Busy {
		*prev = -clock.Micros(at)
		if leg.Phase.moves() {
			t := tailRow{account: r.ID, number: number, at: at}
			if debit {
				t.debit = leg.Amount
			} else {
				t.credit = leg.Amount
			}
			b.tail = append(b.tail, t)
		}
		return ok
	}
	if leg.Phase == Pending {
		ok = ok && add(pending, leg.Amount)
	} else if leg.Phase.resolution() {
		*pending -= leg.Released // it was added when the hold was decided
	}
	r.Entries++
	*prev, r.lastLeg = r.lastLeg, number
	return ok
}

// add adds an amount > 0 to a total, unless the total would leave 64 bits.
func add(total *int64, amount int64) bool {
	sum := *total + amount
	if sum < *total {
		return false
	}
	*total = sum
	return true
}

// checkLimits refuses an entry after which one of its accounts is past its limit. The whole entry counts: what one leg brings, another
// may take.
func (b *book) checkLimits(d *draft) error {
	for i, leg := range d.Legs {
		if !withinLimit(b.accounts[leg.Debit]) {
			return ErrInsufficientFunds.With(fmt.Sprintf("legs[%d].debit", i))
		}
		if !withinLimit(b.accounts[leg.Credit]) {
			return ErrInsufficientFunds.With(fmt.Sprintf("legs[%d].credit", i))
		}
	}
	return nil
}

// withinLimit compares in uint64, where the sum of two totals always fits.
func withinLimit(r *row) bool {
	switch r.Limit {
	case NonNegative:
		return uint64(r.CreditsPosted) >= uint64(r.DebitsPosted)+uint64(r.DebitsPending)
	case NonPositive:
		return uint64(r.DebitsPosted) >= uint64(r.CreditsPosted)+uint64(r.CreditsPending)
	}
	return true
}

// settle notes the accounts that a decided entry touched, and their checkpoints.
func (b *book) settle(at time.Time) {
	for i := range b.undo {
		r, before := b.undo[i].row, b.undo[i].before
		if r.Busy || r.LastAt.Equal(at) {
			continue // or seen in this entry already: its time is new to each of its accounts
		}
		r.LastAt = at
		if !r.touched {
			r.touched = true
			b.order = append(b.order, r)
		}
		if r.Entries/checkpointEvery > before.entries/checkpointEvery {
			b.checkpoints = append(b.checkpoints, checkpoint{r.ID, clock.Micros(at), r.totals()})
		}
	}
}
