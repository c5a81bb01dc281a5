package payment

import (
	"context"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/once"
	"billfold/core/rail"
)

// Release lets a payment that is held for review go on as the rail said: a top-up is credited with the amount the rail says it took,
// a withdrawal counts as paid. Operators only; why is kept. Faults: idempotency_key_required, not_found, payment_state,
// review_amount (the rail never said that it took money of this currency from this card), invalid_text, account_frozen.
func (s *Service) Release(ctx context.Context, c Caller, payment ID, why string, call once.Call) (Payment, error) {
	return s.review(ctx, c, payment, why, "release", call, func(tx *db.Tx, r *record, asked intent) error {
		if r.kind == Withdrawal {
			return s.outcomeOf(tx, r, Release, "")
		}
		amount, attempt, err := s.taken(tx, r, asked)
		if err != nil {
			return err
		}
		if err := s.credit(tx, r, asked.rail, amount); err != nil {
			return refusedSide(err)
		}
		s.keepCharge(tx, asked, attempt)
		r.captured, r.failure = amount, ""
		if err := r.move(Release, StepRelease, s.Clock.Now(), amount); err != nil {
			return err
		}
		storeChange(tx, r)
		s.announce(tx, r, eventCompleted, amount)
		return nil
	})
}

// TakeBack ends a payment that is held for review the other way: what the rail took goes back over the rail and nothing is
// credited; what a withdrawal held returns to the wallet. Operators only; why is kept. Faults: as of Release.
func (s *Service) TakeBack(ctx context.Context, c Caller, payment ID, why string, call once.Call) (Payment, error) {
	return s.review(ctx, c, payment, why, "take_back", call, func(tx *db.Tx, r *record, asked intent) error {
		if r.kind == Withdrawal {
			return s.outcomeOf(tx, r, TakeBack, "")
		}
		if err := r.move(TakeBack, StepReturn, s.Clock.Now(), 0); err != nil {
			return err
		}
		storeChange(tx, r)
		for _, charge := range asked.charges() {
			s.giveUp(tx, charge)
		}
		s.announce(tx, r, eventReversed, 0)
		return nil
	})
}

func (s *Service) review(ctx context.Context, c Caller, payment ID, why, what string, call once.Call,
	end func(tx *db.Tx, r *record, asked intent) error) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	note, err := s.decide(c, why)
	if err != nil {
		return Payment{}, err
	}
	return s.run(ctx, c, call, opReview, payment, func(tx *db.Tx) (outcome, error) {
		r, err := lock(tx, payment)
		if err != nil {
			return outcome{}, err
		}
		if r.state != Held {
			return outcome{}, ErrState.Fill(string(r.state))
		}
		asked, err := db.One(tx, scanIntent, selectIntent, string(r.id))
		if err != nil {
			return outcome{}, err
		}
		if err := end(tx, &r, asked); err != nil {
			return outcome{}, err
		}
		return r.answer(), s.record(tx, string(r.id), c, what, note)
	})
}

// taken is what the rail says it took, and at which attempt: its last word of a settlement in this currency, under our name.
func (s *Service) taken(tx *db.Tx, r *record, asked intent) (amount, attempt int64, err error) {
	for i, charge := range asked.charges() {
		said, err := rail.Callbacks(tx, charge)
		if err != nil {
			return 0, 0, err
		}
		for _, cb := range said {
			if cb.Outcome == rail.Settled && cb.Rail == asked.rail && cb.Merchant == s.Installation && cb.Currency == r.amount.Currency.Code {
				amount, attempt = cb.Amount, int64(i)+1
			}
		}
	}
	if amount <= 0 || r.kind == Purchase && amount != r.amount.Minor {
		return 0, 0, ErrReviewAmount
	}
	return amount, attempt, nil
}

// keepCharge has the payment live on one attempt, to which refunds go back; what was taken at the others goes back now.
func (s *Service) keepCharge(tx *db.Tx, asked intent, attempt int64) {
	if attempt != asked.attempt {
		tx.Queue(updateIntentKept, string(asked.payment), attempt)
	}
	for _, charge := range asked.charges() {
		if charge != chargeOf(asked.payment, attempt) {
			s.giveUp(tx, charge)
		}
	}
}

// HeldPayments lists what is held for review, newest first. Operators only.
func (s *Service) HeldPayments(ctx context.Context, c Caller, before ID, limit int) ([]Payment, error) {
	if !c.Operator {
		return nil, fault.ErrDenied
	}
	if before == "" {
		before = "pay_~"
	}
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]outcome, error) {
		rows, err := db.All(tx, scanRecord, selectHeld, string(before), min(max(limit, 1), pageMost))
		list := make([]outcome, len(rows))
		for i := range rows {
			if err != nil {
				break
			}
			list[i], err = load(tx, rows[i].id, 0)
		}
		return list, err
	})
	if err != nil {
		return nil, err
	}
	list := make([]Payment, len(rows))
	for i := range rows {
		if list[i], err = s.show(ctx, c, rows[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}
