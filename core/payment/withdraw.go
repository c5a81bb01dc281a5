package payment

import (
	"context"
	"fmt"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/ledger"
	"billfold/core/rail"
)

// payoutHold is how long the ledger keeps a withdrawal's hold open: far longer than any bank takes, because what the bank says
// decides about it and not the time.
const payoutHold = 365 * 24 * time.Hour

// WithdrawalExpiry is how long a withdrawal waits for its confirmation.
const WithdrawalExpiry = 15 * time.Minute

// Withdraw makes a withdrawal to a bank account that the person linked. It awaits confirmation like any payment; confirmed, the
// amount is held and the bank is asked to pay. The bank's words then lead it on: sent, paid, rejected, or returned days later.
//
// Faults: idempotency_key_required, person_required, topup_method (no bank here), amounts, currency_not_available, not_found (the
// account), person_frozen.
func (s *Service) Withdraw(ctx context.Context, c Caller, amount money.Amount, to rail.AccountID, call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	if c.Shop != "" || c.Person == "" {
		return Payment{}, ErrPersonOnly
	}
	if s.Bank == nil || s.Accounts == nil {
		return Payment{}, ErrMethod.With("method")
	}
	if err := amount.Positive(); err != nil {
		return Payment{}, err
	}
	if !s.uses(amount.Currency) {
		return Payment{}, ErrCurrency.Fill(amount.Currency.Code).With("currency")
	}
	now := s.Clock.Now()
	r := record{id: ID(s.IDs.New("pay")), kind: Withdrawal, creator: string(c.Person), payer: string(c.Person), payee: string(to),
		amount:  amount,
		capture: Automatic, method: FromWallet, createdAt: now, expiresAt: now.Add(WithdrawalExpiry)}
	return s.run(ctx, c, call, opWithdraw, r.id, func(tx *db.Tx) (outcome, error) {
		if _, err := s.Accounts.Get(tx, string(c.Person), to); err != nil {
			return outcome{}, err
		}
		row := r
		return s.ask(tx, c, &row)
	})
}

// ask writes down what a person wants of their own money: it awaits their confirmation, and nobody else is in it.
func (s *Service) ask(tx *db.Tx, c Caller, r *record) (outcome, error) {
	if err := s.People.RequireActive(tx, c.Person); err != nil {
		return outcome{}, err
	}
	if _, err := s.wallet(tx, r.payer, r.amount.Currency); err != nil {
		return outcome{}, err
	}
	r.note(StepAuthenticate, authenticated(c, r.createdAt), 0)
	r.fresh[0].State = AwaitingConfirmation
	if err := r.move(Request, StepRequest, r.createdAt, r.amount.Minor); err != nil {
		return outcome{}, err
	}
	storeNew(tx, r)
	storeParties(tx, party{r.id, r.payer, r.createdAt, rolePayer})
	s.announce(tx, r, eventCreated, 0)
	return r.answer(), nil
}

// alone says that a payment is between a person and the outside world: there is no other side to tell or to pay.
func (k Kind) alone() bool { return k == TopUp || k == Withdrawal || k == Exchange }

// sendOut holds what a person withdraws and has the bank asked, in the transaction of their yes.
func (s *Service) sendOut(tx *db.Tx, r *record, now time.Time) (string, error) {
	from, err := s.wallet(tx, r.payer, r.amount.Currency)
	if err != nil {
		return "", err
	}
	to, err := s.float(tx, s.Bank.Name(), r.amount.Currency)
	if err != nil {
		return "", err
	}
	r.approvedAt = now
	leg := ledger.Leg{Debit: from, Credit: to, Amount: r.amount.Minor}
	if _, err := s.Ledger.Hold(tx, s.entry(r.id, entryHold, Withdrawal, leg), now.Add(payoutHold)); err != nil {
		return "", refusedSide(err)
	}
	if err := r.move(Send, StepAuthorize, now, r.amount.Minor); err != nil {
		return "", err
	}
	real := s.Real.Now()
	tx.Queue(insertIntent, string(r.id), s.Bank.Name(), r.payee, clock.Micros(real))
	s.Queue.Add(tx, job.Task{Kind: taskCharge, Key: string(r.id), Due: real, Clock: job.Real, Payload: []byte(r.id)})
	return eventAuthorized, nil
}

// payOut asks the bank for one withdrawal. The account's number is opened here and goes no further than the bank.
func (s *Service) payOut(ctx context.Context, i intent, r record) error {
	type opened struct{ iban, holder string }
	to, err := db.Read(ctx, s.DB, func(tx *db.Tx) (o opened, err error) {
		o.iban, o.holder, err = s.Accounts.Open(tx, rail.AccountID(i.token))
		return o, err
	})
	if err == nil {
		err = s.Bank.Pay(ctx, rail.Order{Reference: string(r.id), Merchant: s.Installation, Amount: r.amount, IBAN: to.iban, Holder: to.holder})
	}
	if err != nil {
		return fmt.Errorf("pay out %s: %w", r.id, err)
	}
	return nil
}

// paidOut acts on what the bank says of a withdrawal: in any order, and however often.
func (s *Service) paidOut(tx *db.Tx, r *record, asked intent, cb rail.Callback) error {
	if cb.Rail != asked.rail || cb.Merchant != s.Installation || cb.Currency != r.amount.Currency.Code || cb.Amount != r.amount.Minor {
		return s.outcomeOf(tx, r, Review, first(r.failure, failedMismatch))
	}
	switch cb.Outcome {
	case rail.Sent:
		return s.sent(tx, r)
	case rail.Paid:
		if r.state == Failed {
			return s.outcomeOf(tx, r, Review, failedLate)
		}
		return s.outcomeOf(tx, r, Settle, "")
	case rail.Rejected:
		return s.outcomeOf(tx, r, Decline, first(cb.Reason, "rejected"))
	case rail.Returned:
		return s.outcomeOf(tx, r, Return, first(cb.Reason, "returned"))
	}
	s.Log.Warn("callback about nothing of ours", "rail", cb.Rail, "callback", cb.ID)
	return nil
}

// sent notes, once, that the bank has the order. It changes no state: the money is on its way as before.
func (s *Service) sent(tx *db.Tx, r *record) error {
	if r.state != Processing || r.did(StepSent) {
		return nil
	}
	r.note(StepSent, s.Clock.Now(), 0)
	tx.Queue(updateIntentDone, string(r.id))
	storeChange(tx, r)
	s.announce(tx, r, eventSent, 0)
	return nil
}

// did tells whether a payment has a step.
func (r *record) did(step string) bool {
	for _, s := range r.past {
		if s.Name == step {
			return true
		}
	}
	return false
}

// outcomeOf leads a withdrawal where the bank's word, or an operator's, says, and moves what that means.
func (s *Service) outcomeOf(tx *db.Tx, r *record, on Trigger, why string) error {
	to, ok := Next(r.state, on)
	if !ok {
		return ErrState.Fill(string(r.state))
	}
	if to == r.state {
		return nil
	}
	moved, err := s.movePayout(tx, r, on, to)
	if err != nil {
		return err
	}
	words := payoutWords[to]
	if err := r.move(on, words.step, s.Clock.Now(), moved); err != nil {
		return err
	}
	r.failure = first(why, r.failure)
	if to == Completed {
		r.failure = ""
	}
	tx.Queue(updateIntentDone, string(r.id))
	storeChange(tx, r)
	s.announce(tx, r, words.event, moved)
	return nil
}

var payoutWords = map[State]struct{ step, event string }{Completed: {StepSettle, eventCompleted}, Failed: {StepFail, eventFailed},
	Reversed: {StepReturn, eventReversed}, Held: {StepReview, eventHeld}}

// movePayout posts, releases or gives back what a withdrawal has moved so far, and says how much.
func (s *Service) movePayout(tx *db.Tx, r *record, on Trigger, to State) (int64, error) {
	hold, released := entryID(r.id, entryHold), r.did(StepFail)
	switch {
	case to == Completed && !released:
		r.captured = r.amount.Minor
		_, err := s.Ledger.PostHold(tx, hold, entryID(r.id, entryCapture), 0)
		return r.captured, refusedSide(err)
	case to == Completed: // the bank paid after it had rejected: an operator lets it stand, and the money leaves now
		r.captured = r.amount.Minor
		return r.captured, s.between(tx, r, entrySettle, false)
	case to == Reversed && r.captured > 0:
		r.refunded = r.captured
		return r.refunded, s.between(tx, r, entryReverse, true)
	case (to == Failed || to == Reversed) && !released:
		_, err := s.Ledger.VoidHold(tx, hold, entryID(r.id, entryVoid))
		return 0, err
	}
	return 0, nil
}

// between posts the whole amount of a withdrawal from the wallet to the bank, or back.
func (s *Service) between(tx *db.Tx, r *record, step uint8, back bool) error {
	wallet, err := s.wallet(tx, r.payer, r.amount.Currency)
	if err != nil {
		return err
	}
	bank, err := s.float(tx, s.Bank.Name(), r.amount.Currency)
	if err != nil {
		return err
	}
	leg := ledger.Leg{Debit: wallet, Credit: bank, Amount: r.amount.Minor}
	if back {
		leg.Debit, leg.Credit = bank, wallet
	}
	_, err = s.Ledger.Post(tx, s.entry(r.id, step, Withdrawal, leg))
	return err
}
