package payment

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/job"
	"billfold/base/once"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/rail"
)

// cardsMost is how many cards may be tried on one session: whoever tries out stolen numbers gets no further.
const cardsMost = 10

// PayByCard has a session paid by somebody without a wallet: the intent is on disk, a job asks the rail, and the shop is credited
// when the rail says that it took the money. A card that is declined leaves the session open for another one. What is asked for with
// manual capture is not paid this way: the rail takes money, it does not hold it.
//
// contact is what the shop asked for, as in Consent. Faults: not_found, topup_method (no such card), payment_state, payment_expired,
// card_hold, card_attempts, payee_frozen, contact_required, contact_value.
func (s *Service) PayByCard(ctx context.Context, checkout CheckoutID, card rail.KeptCard, contact map[string]string,
	call once.Call) (Checkout, error) {
	if err := begin(call); err != nil {
		return Checkout{}, err
	}
	payment, err := checkout.payment()
	if err != nil {
		return Checkout{}, err
	}
	if len(s.Rails) == 0 || !s.Rails[0].Accepts(card.Token) {
		return Checkout{}, ErrMethod.With("method")
	}
	c := Caller{Name: "guest/" + string(payment)}
	asked, given, err := s.sealGuest(ctx, payment, contact)
	if err != nil {
		p, err := s.again(ctx, c, call, opCharge, err)
		if err != nil {
			return Checkout{}, err
		}
		return s.checkout(ctx, c, checkout, &p)
	}
	p, err := s.run(ctx, c, call, opCharge, payment, func(tx *db.Tx) (outcome, error) {
		r, err := lock(tx, payment)
		if err != nil {
			return outcome{}, err
		}
		now := s.Clock.Now()
		if late, err := s.expireIfDue(tx, &r, now); late || err != nil {
			return outcome{row: r, late: ErrExpired}, err
		}
		switch {
		case r.kind != Purchase || r.creator != r.payee || r.payer != "":
			return outcome{}, fault.ErrNotFound
		case r.state != AwaitingConfirmation:
			return outcome{}, ErrState.Fill(string(r.state))
		case r.capture != Automatic:
			return outcome{}, ErrCardHold
		}
		k, err := db.One(tx, scanCheckout, selectCheckout, string(checkout))
		if err != nil {
			return outcome{}, notFound(err)
		}
		if err := s.useLink(tx, k.link); err != nil {
			return outcome{}, err
		}
		if err := s.payeeActive(tx, r.payee); err != nil {
			return outcome{}, err
		}
		s.handOver(tx, r.id, r.payee, asked, given)
		return s.askCard(tx, &r, card)
	})
	if err != nil {
		return Checkout{}, err
	}
	return s.checkout(ctx, c, checkout, &p)
}

// sealGuest seals what somebody without a wallet hands over: with the key of the shop that gets it.
func (s *Service) sealGuest(ctx context.Context, payment ID, contact map[string]string) (asks string, sealed []byte, err error) {
	rows, err := s.checkoutRows(ctx, payment)
	if err != nil || len(rows) == 0 {
		return "", nil, err
	}
	sealed, err = s.sealChosen(payment, string(rows[0].shop), rows[0].asks, contact)
	return rows[0].asks, sealed, err
}

// askCard writes the intent down and queues the asking.
func (s *Service) askCard(tx *db.Tx, r *record, card rail.KeptCard) (outcome, error) {
	tried, err := db.All(tx, scanTried, selectCards, string(r.id))
	if err != nil {
		return outcome{}, err
	}
	n := int64(len(tried)) + 1
	if n > cardsMost {
		return outcome{}, ErrCardTries
	}
	now, real := s.Clock.Now(), s.Real.Now()
	if err := r.move(Charge, StepCharge, now, r.amount.Minor); err != nil {
		return outcome{}, err
	}
	r.method = FromCard
	storeChange(tx, r)
	tx.Queue(updateMethod, string(r.id), string(r.method))
	tx.Queue(insertCard, string(r.id), n, card.Token, card.Brand, card.Last4, clock.Micros(now))
	tx.Queue(upsertIntent, string(r.id), s.Rails[0].Name(), card.Token, clock.Micros(real), n)
	s.Queue.Add(tx, job.Task{Kind: taskCharge, Key: chargeOf(r.id, n), Due: real, Clock: job.Real, Payload: []byte(r.id)})
	s.announce(tx, r, eventCharged, 0)
	return r.answer(), nil
}

// chargeOf is under which name the rail knows an attempt: the payment's id, and from the second one on its number.
func chargeOf(payment ID, attempt int64) string {
	if attempt <= 1 {
		return string(payment)
	}
	return string(payment) + "-" + strconv.FormatInt(attempt, 10)
}

// chargedFor is chargeOf backwards; of a name that is none of ours the payment's id is not valid.
func chargedFor(reference string) (payment ID, attempt int64) {
	name, number, more := strings.Cut(reference, "-")
	if !more {
		return ID(name), 1
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 2 || chargeOf(ID(name), n) != reference {
		return "", 0
	}
	return ID(name), n
}

// settleCard acts on what the rail says about a purchase by card. What does not fit, and money that was taken for an attempt that
// is over, is for a person to look at; once the payment is decided it goes back by itself. A repeat changes nothing.
func (s *Service) settleCard(tx *db.Tx, r *record, asked intent, attempt int64, cb rail.Callback) error {
	on := Review
	fits := cb.Rail == asked.rail && cb.Merchant == s.Installation && cb.Currency == r.amount.Currency.Code && attempt == asked.attempt
	paid := r.captured > 0 && r.method == FromCard // not by a wallet, after the card was declined
	switch {
	case cb.Outcome == rail.Declined && (!fits || r.state != Processing):
		return nil // of an attempt that is over
	case cb.Outcome == rail.Declined:
		on = Refuse
	case fits && cb.Outcome == rail.Settled && cb.Amount == r.amount.Minor && (r.state == Processing || paid || r.state == Held):
		on = Settle
	case fits && cb.Outcome == rail.Disputed && paid && cb.Amount > 0 && cb.Amount <= r.captured:
		on = ChargeBack
	}
	to, ok := Next(r.state, on)
	if !ok || to == r.state {
		if on == Review {
			s.Log.Warn("what a rail says does not fit", "payment", string(r.id), "state", string(r.state), "callback", cb.ID)
		}
		if cb.Outcome == rail.Settled && (!paid || attempt != asked.attempt) { // another card or a wallet paid, or it is over
			s.giveUp(tx, cb.Reference)
		}
		return nil
	}
	var err error
	step, happened, moved := StepReview, eventHeld, int64(0)
	switch to {
	case Completed:
		step, happened, moved = StepSettle, eventCompleted, cb.Amount
		r.captured = moved
		err = s.credit(tx, r, asked.rail, moved)
	case Reversed:
		moved = min(cb.Amount, r.captured-r.refunded)
		step, happened, r.failure = StepChargeback, eventReversed, first(cb.Reason, "card_disputed")
		r.refunded += moved
		err = s.takeFromShop(tx, r, asked.rail, moved)
	case AwaitingConfirmation:
		step, happened, r.method = StepFail, eventReopened, FromWallet
		tx.Queue(updateMethod, string(r.id), string(r.method))
		err = s.unuseLink(tx, r.id)
		tx.Queue(deleteHandover, string(r.id)) // whoever pays now hands over their own
		tx.Queue(updateCard, string(r.id), attempt, first(cb.Reason, "card_declined"))
	default:
		r.failure = failedMismatch
	}
	if err == nil {
		err = r.move(on, step, s.Clock.Now(), moved)
	}
	if err != nil {
		return err
	}
	tx.Queue(updateIntentDone, string(r.id))
	storeChange(tx, r)
	s.announce(tx, r, happened, moved)
	return nil
}

// takeFromShop is a charge-back: who was paid by card bears what the card's holder takes back.
func (s *Service) takeFromShop(tx *db.Tx, r *record, road string, amount int64) error {
	from, err := s.Shops.Receipts(tx, merchant.ID(r.payee), r.amount.Currency)
	if err != nil {
		return err
	}
	to, err := s.float(tx, road, r.amount.Currency)
	if err != nil {
		return err
	}
	_, err = s.Ledger.Post(tx, s.entry(r.id, entryReverse, Purchase, ledger.Leg{Debit: from, Credit: to, Amount: amount}))
	return err
}

// sendBack queues that a refund's money goes back to the card of the charge.
func (s *Service) sendBack(tx *db.Tx, refund ID, asked intent) {
	real := s.Real.Now()
	tx.Queue(upsertIntent, string(refund), asked.rail, chargeOf(asked.payment, asked.attempt), clock.Micros(real), int64(1))
	s.Queue.Add(tx, job.Task{Kind: taskCharge, Key: string(refund), Due: real, Clock: job.Real, Payload: []byte(refund)})
}

// backToCard asks the rail to give back what a refund's intent names. It is harmless when repeated: the rail knows the refund's id.
func (s *Service) backToCard(ctx context.Context, road rail.Rail, i intent, r record) error {
	if err := road.GiveBack(ctx, rail.Back{Reference: string(r.id), Charge: i.token, Merchant: s.Installation, Amount: r.amount.Minor,
		Currency: r.amount.Currency.Code}); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Queue(updateIntentDone, string(r.id))
		return nil
	})
}

// tried is a card that somebody paid with, or tried to.
type tried struct {
	n                     int64
	brand, last4, failure string
}

func scanTried(row db.Row) (t tried, err error) {
	err = row.Scan(&t.n, &t.brand, &t.last4, &t.failure)
	return t, err
}

// nameCard names the card that a purchase was paid with in the place of its payer, and that a refund went back to in the payee's.
func (s *Service) nameCard(ctx context.Context, p *Payment) error {
	of, name := p.ID, &p.PayerName
	switch {
	case p.Method != FromCard || p.Kind != Purchase && p.Kind != Refund:
		return nil
	case p.Kind == Refund:
		of, name = p.Of, &p.PayeeName
	}
	cards, err := s.cardsOf(ctx, of)
	if err == nil && len(cards) > 0 {
		n := len(cards)
		if tries := chargesIn(p.Steps); 0 < tries && tries < n {
			n = tries // as of a version before another card was tried
		}
		*name = rail.KeptCard{Brand: cards[n-1].brand, Last4: cards[n-1].last4}.Shown()
	}
	return err
}

func chargesIn(steps []Step) (n int) {
	for _, step := range steps {
		if step.Name == StepCharge {
			n++
		}
	}
	return n
}

func (s *Service) cardsOf(ctx context.Context, payment ID) ([]tried, error) {
	return db.Read(ctx, s.DB, func(tx *db.Tx) ([]tried, error) { return db.All(tx, scanTried, selectCards, string(payment)) })
}

// CardRefusal is why the last card that was tried on a session was declined, as the rail's code; "" when none was.
func (s *Service) CardRefusal(ctx context.Context, p Payment) (string, error) {
	cards, err := s.cardsOf(ctx, p.ID)
	if err != nil || len(cards) == 0 {
		return "", err
	}
	return cards[len(cards)-1].failure, nil
}

// TakesCards says whether a session can be paid by card.
func (s *Service) TakesCards(p Payment) bool {
	return len(s.Rails) > 0 && p.Kind == Purchase && p.Capture == Automatic && p.Creator == p.Payee
}

func notFound(err error) error {
	if errors.Is(err, db.ErrNoRow) {
		return fault.ErrNotFound
	}
	return err
}
