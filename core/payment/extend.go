package payment

import (
	"context"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/once"
)

// extensionsMost is how often the time to pay can be extended: WCAG 2.2.1 asks that it be possible ten times.
const extensionsMost = 10

// ExtendCheckout gives whoever pays as much time again as the session had at first, at most ten times (WCAG 2.2.1). shown is the end
// that the payer saw: pressed twice, it is extended once. Whoever has the link may extend it; its shop can end it at any time.
//
// Faults: not_found, payment_state, payment_expired, checkout_extended (ten times already, or its end is another one by now).
func (s *Service) ExtendCheckout(ctx context.Context, checkout CheckoutID, shown time.Time) (Checkout, error) {
	payment, err := checkout.payment()
	if err != nil {
		return Checkout{}, err
	}
	c := Caller{Name: "extend/" + string(payment)}
	call := once.Call{Key: shown.UTC().Format(time.RFC3339Nano)}
	p, err := s.run(ctx, c, call, opExtend, payment, func(tx *db.Tx) (outcome, error) {
		r, err := lock(tx, payment)
		if err != nil {
			return outcome{}, err
		}
		if !isShop(r.payee) || r.creator != r.payee {
			return outcome{}, fault.ErrNotFound
		}
		now := s.Clock.Now()
		if late, err := s.expireIfDue(tx, &r, now); late || err != nil {
			return outcome{row: r, late: ErrExpired}, err
		}
		if r.state != AwaitingConfirmation {
			return outcome{}, ErrState.Fill(string(r.state))
		}
		n := extensions(r.past)
		if n >= extensionsMost || !r.expiresAt.Equal(shown) {
			return outcome{}, ErrExtended
		}
		r.expiresAt = r.expiresAt.Add(firstLife(&r, n))
		r.note(StepExtend, now, 0)
		storeChange(tx, &r)
		tx.Queue(updateExpiry, string(r.id), clock.Micros(r.expiresAt))
		s.announce(tx, &r, eventExtended, 0)
		return r.answer(), nil
	})
	if err != nil {
		return Checkout{}, err
	}
	return s.checkout(ctx, c, checkout, &p)
}

// extensions counts how often the time to pay was extended.
func extensions(steps []Step) (n int) {
	for _, step := range steps {
		if step.Name == StepExtend {
			n++
		}
	}
	return n
}

// firstLife is how long a payment could be confirmed at first: each extension added as much again, so that the end of its time as of
// any version follows from the row and its steps.
func firstLife(r *record, extended int) time.Duration {
	return r.expiresAt.Sub(r.createdAt) / time.Duration(extended+1)
}

// endAsOf is the end of the time to confirm as of the version that an outcome shows.
func endAsOf(r *record, out outcome) time.Time {
	all, later := 0, 0
	for _, step := range out.steps {
		if step.Name == StepExtend {
			all++
			if step.Number > out.version {
				later++
			}
		}
	}
	return r.expiresAt.Add(-time.Duration(later) * firstLife(r, all))
}
