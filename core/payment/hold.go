package payment

import (
	"context"
	"errors"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/ledger"
)

// Capture takes what was held, or a part of it; the rest goes back to the payer at once. amount nil takes all. There is one
// capture. Only the payee and an operator may capture.
//
// Faults: not_found, payment_state, hold_expired (the payment is expired from then on, also before the sweep),
// amount_exceeds_hold, currency_mismatch, amount_not_positive, payee_frozen, person_frozen (a payer who was frozen since).
func (s *Service) Capture(ctx context.Context, c Caller, payment ID, amount *money.Amount, call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	t := &capturing{shared: s.shared(c, call, opCapture, payment), amount: amount}
	if p, done, err := withOthers(ctx, s, &s.captures, t, s.captureTogether); done {
		return p, err
	}
	return s.run(ctx, c, call, opCapture, payment, func(tx *db.Tx) (outcome, error) {
		r, err := lock(tx, payment)
		if err != nil {
			return outcome{}, err
		}
		if !r.receivedBy(c) {
			return outcome{}, fault.ErrNotFound
		}
		return s.capture(tx, &r, amount)
	})
}

func (s *Service) capture(tx *db.Tx, r *record, amount *money.Amount) (outcome, error) {
	now := s.Clock.Now()
	if late, err := s.expireIfDue(tx, r, now); late || err != nil {
		return outcome{row: *r, late: ledger.ErrHoldExpired}, err
	}
	take, err := r.toCapture(amount)
	if err != nil {
		return outcome{}, err
	}
	if _, err := s.Ledger.PostHold(tx, entryID(r.id, entryHold), entryID(r.id, entryCapture), take); err != nil {
		return outcome{}, refusedSide(err)
	}
	if err := r.wasCaptured(take, now); err != nil {
		return outcome{}, err
	}
	storeChange(tx, r)
	s.announce(tx, r, eventCaptured, take)
	return r.answer(), nil
}

// toCapture is how much of a hold is captured.
func (r *record) toCapture(amount *money.Amount) (int64, error) {
	if _, ok := Next(r.state, Capture); !ok || r.capture == ByLink {
		return 0, ErrState.Fill(string(r.state))
	}
	return within(r, amount, r.amount.Minor, ledger.ErrAmountExceedsHold)
}

func (r *record) wasCaptured(amount int64, now time.Time) error {
	r.captured = amount
	return r.move(Capture, StepCapture, now, amount)
}

// capturing is a capture among others.
type capturing struct {
	shared
	amount *money.Amount
}

// captureTogether captures holds in one transaction. One whose time is over is expired alone, and so is the second capture of a payment,
// which then finds what the first did.
func (s *Service) captureTogether(tx *db.Tx, group []*capturing) error {
	ids, seen := make([]ID, 0, len(group)), map[ID]bool{}
	for _, t := range group {
		if t.alone = seen[t.id]; !t.alone {
			seen[t.id], ids = true, append(ids, t.id)
		}
	}
	rows, err := lockAll(tx, ids)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	var posts []ledger.HoldPost
	var posted []*capturing
	for _, t := range group {
		r, found := rows[t.id]
		switch {
		case t.alone:
			continue
		case !found || !r.receivedBy(t.caller):
			t.err = fault.ErrNotFound
			continue
		case r.due() != nil && *r.due() <= clock.Micros(now):
			t.alone = true
			continue
		}
		take, err := r.toCapture(t.amount)
		if t.row, t.moved, t.err = r, take, err; err == nil {
			posts = append(posts, ledger.HoldPost{Hold: entryID(r.id, entryHold), ID: entryID(r.id, entryCapture), Amount: take})
			posted = append(posted, t)
		}
	}
	if len(posts) == 0 {
		return nil
	}
	results, err := s.Ledger.PostHolds(tx, posts)
	if err != nil {
		return err
	}
	changed := make([]*record, 0, len(posted))
	for i, t := range posted {
		if results[i].Err != nil {
			t.err = refusedSide(results[i].Err)
			continue
		}
		t.happy = eventCaptured
		if err := t.row.wasCaptured(t.moved, now); err != nil {
			return err
		}
		changed = append(changed, &t.row)
	}
	storeChange(tx, changed...)
	return nil
}

// Void takes back a payment that is not confirmed yet, or lets go of a hold. The payee may do either, the payer only the
// first, an operator both. Faults: not_found, payment_state.
func (s *Service) Void(ctx context.Context, c Caller, payment ID, call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	return s.run(ctx, c, call, opVoid, payment, func(tx *db.Tx) (outcome, error) {
		r, err := lock(tx, payment)
		if err != nil {
			return outcome{}, err
		}
		if r.draft() && !r.visible(c) || !r.receivedBy(c) && (c.Shop != "" || r.payer == "" || r.payer != string(c.Person)) {
			return outcome{}, fault.ErrNotFound
		}
		now := s.Clock.Now()
		if late, err := s.expireIfDue(tx, &r, now); late || err != nil {
			return outcome{row: r, late: ErrState.Fill(string(r.state))}, err
		}
		return s.void(tx, c, &r)
	})
}

func (s *Service) void(tx *db.Tx, c Caller, r *record) (outcome, error) {
	if _, ok := Next(r.state, Void); !ok {
		return outcome{}, ErrState.Fill(string(r.state))
	}
	released, happened, step := int64(0), eventVoided, StepVoid
	switch {
	case r.state == Authorized && r.capture == ByLink:
		if err := s.outOfLink(tx, r, entryVoid, r.payer); err != nil {
			return outcome{}, err
		}
		released = r.amount.Minor
	case r.state == Authorized:
		if !r.receivedBy(c) {
			return outcome{}, ErrState.Fill(string(r.state)) // a payer cannot take back what they approved
		}
		if _, err := s.Ledger.VoidHold(tx, entryID(r.id, entryHold), entryID(r.id, entryVoid)); err != nil {
			return outcome{}, err
		}
		released = r.amount.Minor
	case r.asked() && !r.receivedBy(c):
		happened, step, r.failure = eventDeclined, StepDecline, failedDeclined
	}
	if err := r.move(Void, step, s.Clock.Now(), released); err != nil {
		return outcome{}, err
	}
	storeChange(tx, r)
	s.announce(tx, r, happened, released)
	return r.answer(), nil
}

// receivedBy tells whether the caller is the payee, or an operator.
func (r *record) receivedBy(c Caller) bool {
	return c.Operator && c.Shop == "" || c.Owner() != "" && c.Owner() == r.payee
}

// within checks an amount against the payment's currency and a limit; nil is the whole limit.
func within(r *record, amount *money.Amount, limit int64, refusal *fault.Fault) (int64, error) {
	if amount == nil {
		return limit, nil
	}
	if amount.Currency != r.amount.Currency {
		return 0, money.ErrCurrencyMismatch.With("currency")
	}
	if err := amount.Positive(); err != nil {
		return 0, err
	}
	if amount.Minor > limit {
		return 0, refusal.With("amount")
	}
	return amount.Minor, nil
}

// sweepMost is how many payments a sweep takes from the list at a time.
const sweepMost = 200

// frozenWaits is how long the sweep leaves a link alone whose sender is frozen, before it tries again to bring the money back.
const frozenWaits = time.Hour

// ExpireDue lets every payment and hold whose time is over expire, each in a transaction of its own. It is the sweep behind
// verbs that look at deadlines themselves, and harmless beside them and beside itself.
func (s *Service) ExpireDue(ctx context.Context) error {
	var failed error
	for ctx.Err() == nil {
		now := s.Clock.Now()
		due, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]ID, error) {
			return db.All(tx, scanID, selectDue, clock.Micros(now), sweepMost)
		})
		if err != nil || len(due) == 0 {
			return errors.Join(failed, err)
		}
		expired := 0
		for _, payment := range due {
			err := s.DB.Write(ctx, func(tx *db.Tx) error {
				r, err := lock(tx, payment)
				if err != nil {
					return err
				}
				_, err = s.expireIfDue(tx, &r, now)
				return err
			})
			if errors.Is(err, ledger.ErrAccountFrozen) { // what a link brings back waits for the freeze to be lifted
				err = s.DB.Write(ctx, func(tx *db.Tx) error {
					tx.Queue(updateDue, string(payment), clock.Micros(now.Add(frozenWaits)))
					return nil
				})
			}
			if err == nil {
				expired++
			}
			failed = errors.Join(failed, err)
		}
		if expired == 0 {
			return failed // the same rows would come again: the next run tries them
		}
	}
	return errors.Join(failed, ctx.Err())
}

func scanID(row db.Row) (ID, error) {
	var s string
	err := row.Scan(&s)
	return ID(s), err
}
