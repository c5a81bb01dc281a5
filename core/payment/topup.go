package payment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/rail"
)

const (
	taskCharge = "payment.charge"
	// silence is how long a rail may say nothing, by real time, before it is asked again; and how often we ask.
	silence = 20 * time.Second
	// failedMismatch is why a top-up is held: the rail's answer does not fit what we asked for.
	failedMismatch = "rail_mismatch"
	failedLate     = "rail_settled_after_decline"
)

// FloatAddress is the ledger address of what a rail owes us in one currency.
func FloatAddress(railName string, c money.Currency) string { return "rail/" + railName + "/" + c.Code }

// ByTransfer is the way to fill a wallet by a bank transfer, in the place of a card's token.
const ByTransfer = "bank_transfer"

// TopUp fills a person's wallet from a card. It answers processing: the intent is on disk, the rail is asked by a job and
// answers by a callback, and the wallet is credited when it does, once. token is a card token of the rail, or ByTransfer: then the
// payment waits for the money that the person sends with its reference (RemittanceOf).
//
// Faults: idempotency_key_required, person_required, topup_method, amounts, currency_not_available, payee_frozen.
func (s *Service) TopUp(ctx context.Context, c Caller, amount money.Amount, token string, call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	if c.Shop != "" || c.Person == "" {
		return Payment{}, ErrPersonOnly
	}
	if token != ByTransfer && (len(s.Rails) == 0 || !s.Rails[0].Accepts(token)) {
		return Payment{}, ErrMethod.With("method")
	}
	if err := amount.Positive(); err != nil {
		return Payment{}, err
	}
	if !s.uses(amount.Currency) {
		return Payment{}, ErrCurrency.Fill(amount.Currency.Code).With("currency")
	}
	if token == ByTransfer {
		return s.byTransfer(ctx, c, amount, call)
	}
	road := s.Rails[0].Name()
	now := s.Clock.Now()
	r := record{id: ID(s.IDs.New("pay")), kind: TopUp, creator: string(c.Person), payee: string(c.Person), amount: amount,
		capture: Automatic, method: FromCard, createdAt: now, expiresAt: now}
	return s.run(ctx, c, call, opTopUp, r.id, func(tx *db.Tx) (outcome, error) {
		row := r
		if err := s.payeeActive(tx, row.payee); err != nil {
			return outcome{}, err
		}
		row.note(StepAuthenticate, authenticated(c, now), 0)
		row.fresh[0].State = Processing
		if err := row.move(Charge, StepRequest, now, amount.Minor); err != nil {
			return outcome{}, err
		}
		storeNew(tx, &row)
		storeParties(tx, party{row.id, row.payee, now, rolePayee})
		real := s.Real.Now()
		tx.Queue(insertIntent, string(row.id), road, token, clock.Micros(real))
		s.Queue.Add(tx, job.Task{Kind: taskCharge, Key: string(row.id), Due: real, Clock: job.Real, Payload: []byte(row.id)})
		s.announce(tx, &row, eventCreated, 0)
		return row.answer(), nil
	})
}

// intent is a row of payment_intent: what a rail was asked for.
type intent struct {
	payment  ID
	rail     string
	token    string
	askedAt  time.Time
	asks     int64
	answered bool
	attempt  int64 // of a purchase by card: which of them
}

func scanIntent(row db.Row) (intent, error) {
	var i intent
	var payment string
	var asked int64
	err := row.Scan(&payment, &i.rail, &i.token, &asked, &i.asks, &i.answered, &i.attempt)
	i.payment, i.askedAt = ID(payment), moment(asked)
	return i, err
}

// charge asks the rail for one intent. It is harmless when repeated: the rail knows the payment's id.
func (s *Service) charge(ctx context.Context, payment ID) error {
	type asked struct {
		intent intent
		row    record
	}
	a, err := db.Read(ctx, s.DB, func(tx *db.Tx) (a asked, err error) {
		if a.intent, err = db.One(tx, scanIntent, selectIntent, string(payment)); err != nil {
			return a, err
		}
		a.row, err = db.One(tx, scanRecord, selectRecord, string(payment))
		return a, err
	})
	if err != nil {
		return fmt.Errorf("charge %s: %w", payment, err)
	}
	road, ok := s.rails[a.intent.rail]
	if ok && a.row.kind == Refund && !a.intent.answered {
		return s.backToCard(ctx, road, a.intent, a.row)
	}
	out := a.row.kind == Withdrawal && s.Bank != nil
	if !ok && !out || a.intent.answered {
		return nil
	}
	if err := s.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Queue(updateIntentAsk, string(payment), clock.Micros(s.Real.Now()))
		return nil
	}); err != nil {
		return err
	}
	if out {
		return s.payOut(ctx, a.intent, a.row)
	}
	err = road.Charge(ctx, rail.Intent{Reference: chargeOf(payment, a.intent.attempt), Merchant: s.Installation, Amount: a.row.amount,
		Token: a.intent.token})
	if err != nil {
		return fmt.Errorf("charge %s: %w", payment, err)
	}
	return nil
}

// AskSilentRails asks again about every intent whose rail has said nothing for a while.
func (s *Service) AskSilentRails(ctx context.Context) error {
	before := s.Real.Now().Add(-silence)
	list, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]intent, error) {
		return db.All(tx, scanIntent, selectSilent, clock.Micros(before), sweepMost)
	})
	if err != nil {
		return err
	}
	var failed error
	for _, i := range list {
		failed = errors.Join(failed, s.charge(ctx, i.payment))
	}
	return failed
}

// Settle acts on a callback that the rail's inbox has stored: it credits the wallet once, for the settled amount, if amount,
// currency and merchant are those we asked for; holds the payment for review, with no credit, if they are not; fails it if
// the rail declined. A repeat, in any order, changes nothing. While the wallet is frozen nothing reaches it: the refusal has the
// task come again, and the payment says processing until the freeze is lifted.
func (s *Service) Settle(ctx context.Context, cb rail.Callback) error {
	about, attempt := chargedFor(cb.Reference)
	if !id.Valid(string(about), "pay") {
		s.Log.Warn("callback about nothing of ours", "rail", cb.Rail, "callback", cb.ID)
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		r, err := lock(tx, about)
		asks := r.kind == TopUp || r.kind == Withdrawal || r.kind == Purchase
		if errors.Is(err, fault.ErrNotFound) || err == nil && (!asks || r.method == FromBank) {
			s.Log.Warn("callback about nothing of ours", "rail", cb.Rail, "callback", cb.ID)
			return nil
		}
		if err != nil {
			return err
		}
		asked, err := db.One(tx, scanIntent, selectIntent, string(r.id))
		if errors.Is(err, db.ErrNoRow) { // it was never asked for: nobody confirmed it
			s.Log.Warn("callback about nothing of ours", "rail", cb.Rail, "callback", cb.ID)
			return nil
		}
		if err != nil {
			return err
		}
		if r.kind == Withdrawal {
			return s.paidOut(tx, &r, asked, cb)
		}
		if r.kind == Purchase {
			return s.settleCard(tx, &r, asked, attempt, cb)
		}
		return s.settle(tx, &r, asked, cb)
	})
}

func (s *Service) settle(tx *db.Tx, r *record, asked intent, cb rail.Callback) error {
	on, step, happened := Settle, StepSettle, eventCompleted
	fits := cb.Rail == asked.rail && cb.Merchant == s.Installation && cb.Currency == r.amount.Currency.Code
	switch {
	case !fits || cb.Outcome == rail.Settled && cb.Amount != r.amount.Minor || !cb.Outcome.OfCharge() ||
		cb.Outcome == rail.Disputed && r.captured > 0 && (cb.Amount <= 0 || cb.Amount > r.captured):
		on, step, happened = Review, StepReview, eventHeld
		r.failure = first(r.failure, failedMismatch)
	case cb.Outcome == rail.Declined:
		on, step, happened = Decline, StepFail, eventFailed
	case cb.Outcome == rail.Disputed:
		on, step, happened = ChargeBack, StepChargeback, eventReversed
	}
	to, ok := Next(r.state, on)
	if !ok {
		return ErrState.Fill(string(r.state))
	}
	if to == r.state {
		if to == Reversed && r.captured == 0 && cb.Outcome == rail.Settled { // taken after it was sent back
			s.giveUp(tx, cb.Reference)
		}
		return nil
	}
	moved := int64(0)
	switch {
	case to == Completed:
		moved = cb.Amount
		if err := s.credit(tx, r, asked.rail, cb.Amount); err != nil {
			return err
		}
		r.captured = moved
	case to == Reversed:
		moved, r.failure = cb.Amount, first(cb.Reason, "card_disputed")
		if err := s.chargeBack(tx, r, asked, cb); err != nil {
			return err
		}
		r.refunded = moved
	case to == Failed:
		r.failure = first(cb.Reason, "declined")
	case to == Held && on == ChargeBack:
		step, happened, r.failure = StepReview, eventHeld, first(cb.Reason, "card_disputed")
	case to == Held && on == Settle:
		step, happened, r.failure = StepReview, eventHeld, failedLate
	}
	if err := r.move(on, step, s.Clock.Now(), moved); err != nil {
		return err
	}
	tx.Queue(updateIntentDone, string(r.id))
	storeChange(tx, r)
	s.announce(tx, r, happened, moved)
	return nil
}

// credit moves what the rail has taken from what it owes us to whom it was taken for: to the shop of a purchase, or into the wallet of
// a top-up, whose owner pays back first what they owe.
func (s *Service) credit(tx *db.Tx, r *record, road string, amount int64) error {
	owes := debts{}
	if r.kind != Purchase {
		var err error
		if owes, err = s.owes(tx, identity.PersonID(r.payee), r.amount.Currency); err != nil {
			return err
		}
	}
	from, err := s.float(tx, road, r.amount.Currency)
	if err != nil {
		return err
	}
	var to ledger.AccountID
	if r.kind == Purchase {
		to, err = s.Shops.Receipts(tx, merchant.ID(r.payee), r.amount.Currency)
	} else {
		to, err = s.payeeWallet(tx, identity.PersonID(r.payee), r.amount.Currency)
	}
	if err != nil {
		return err
	}
	if r.kind == Purchase && r.method != FromCard { // released after a decline, which had let the card go
		r.method = FromCard
		tx.Queue(updateMethod, string(r.id), string(r.method))
	}
	return s.postBefore(tx, owes, s.entry(r.id, entrySettle, r.kind, ledger.Leg{Debit: from, Credit: to, Amount: amount}))
}

func first(list ...string) string {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}
