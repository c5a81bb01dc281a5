package payment

import (
	"context"
	"fmt"

	"billfold/base/db"
	"billfold/base/job"
	"billfold/core/rail"
)

const taskSurplus = "payment.surplus"

// charges are the names under which a rail knows what it was asked for a payment, first attempt first.
func (i intent) charges() []string {
	list := []string{chargeOf(i.payment, 1)}
	for n := int64(2); n <= i.attempt; n++ {
		list = append(list, chargeOf(i.payment, n))
	}
	return list
}

// giveUp queues that what a rail took under a name goes back where it came from: nothing in our books stands for it.
func (s *Service) giveUp(tx *db.Tx, charge string) {
	s.Queue.Add(tx, job.Task{Kind: taskSurplus, Key: charge, Due: s.Real.Now(), Clock: job.Real, Payload: []byte(charge)})
}

// surplus gives back what a rail took under a name, unless it is what the payment lives on, or a person has yet to decide about it. It
// is harmless when repeated: the rail knows the name.
func (s *Service) surplus(ctx context.Context, t job.Task) error {
	charge := string(t.Payload)
	about, attempt := chargedFor(charge)
	back := rail.Back{Reference: charge, Charge: charge, Merchant: s.Installation}
	asked, err := db.Read(ctx, s.DB, func(tx *db.Tx) (intent, error) {
		asked, err := db.One(tx, scanIntent, selectIntent, string(about))
		if err != nil {
			return asked, err
		}
		r, err := db.One(tx, scanRecord, selectRecord, string(about))
		if err != nil {
			return asked, err
		}
		if r.state == Held || r.captured > 0 && r.method == FromCard && attempt == asked.attempt {
			return asked, nil
		}
		said, err := rail.Callbacks(tx, charge)
		taken, disputed := int64(0), int64(0) // each as it was said last: a rail repeats itself
		for _, cb := range said {
			switch {
			case cb.Rail != asked.rail || cb.Merchant != s.Installation:
			case cb.Outcome == rail.Settled:
				taken, back.Currency = cb.Amount, cb.Currency
			case cb.Outcome == rail.Disputed: // its holder has that back already
				disputed = cb.Amount
			}
		}
		back.Amount = taken - disputed
		return asked, err
	})
	road, ok := s.rails[asked.rail]
	if err == nil && ok && back.Amount > 0 {
		err = road.GiveBack(ctx, back)
	}
	if err != nil {
		return fmt.Errorf("give back %s: %w", charge, err)
	}
	return nil
}
