package payment

import (
	"context"
	"errors"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/ledger"
)

// The house's accounts of an exchange, by currency: what it has bought and sold, what its rate and its fee keep, and the units that
// fractions could not fill.
func PositionAddress(c money.Currency) string { return "fx/position/" + c.Code }

// MarginAddress is where the difference between the mid rate and ours goes.
func MarginAddress(c money.Currency) string { return "fx/margin/" + c.Code }

// FeeAddress is where the fees of exchanges go.
func FeeAddress(c money.Currency) string { return "fx/fee/" + c.Code }

// RoundingAddress is where remainders go.
func RoundingAddress(c money.Currency) string { return "fx/rounding/" + c.Code }

// Exchange makes a payment of kind exchange out of a quote: the person's own money, from one pocket into another. It awaits
// confirmation, and its terms are the quote's. Faults: idempotency_key_required, person_required, not_found (somebody else's quote),
// quote_expired, quote_used, currency_not_available, person_frozen.
func (s *Service) Exchange(ctx context.Context, c Caller, quote fx.QuoteID, call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	if c.Shop != "" || c.Person == "" {
		return Payment{}, ErrPersonOnly
	}
	if s.Desk == nil {
		return Payment{}, fx.ErrRate
	}
	payment := ID(s.IDs.New("pay"))
	return s.run(ctx, c, call, opExchange, payment, func(tx *db.Tx) (outcome, error) {
		q, err := s.Desk.Get(tx, quote)
		switch {
		case err != nil:
			return outcome{}, err
		case q.Person != c.Person:
			return outcome{}, fault.ErrNotFound
		case q.UsedBy != "":
			return outcome{}, fx.ErrUsed
		}
		left := q.ExpiresAt.Sub(s.Desk.Now())
		if left <= 0 {
			return outcome{}, fx.ErrExpired
		}
		if !s.uses(q.Mid.From) || !s.uses(q.Mid.To) {
			return outcome{}, ErrCurrency.Fill(q.Mid.To.Code).With("to")
		}
		now := s.Clock.Now()
		r := record{id: payment, kind: Exchange, creator: string(c.Person), payer: string(c.Person), amount: q.Deal.Amount, fee: q.Deal.Fee.Minor,
			capture: Automatic, method: FromWallet, reference: string(q.ID), createdAt: now, expiresAt: now.Add(left)}
		return s.ask(tx, c, &r)
	})
}

// swap posts an exchange in the transaction of the person's yes. The quote is looked at and used up here, under its lock and the
// real clock: whoever confirms too late, twice or with somebody else's gets the quote's refusal and nothing moves.
func (s *Service) swap(tx *db.Tx, r *record, now time.Time) (string, error) {
	q, err := s.Desk.Use(tx, fx.QuoteID(r.reference), identity.PersonID(r.payer), string(r.id))
	if err != nil {
		return "", err
	}
	if q.Deal.Amount != r.amount || q.Deal.Fee.Minor != r.fee {
		return "", ErrMismatch
	}
	legs, err := s.swapLegs(tx, r, q)
	if err != nil {
		return "", err
	}
	r.approvedAt = now
	if _, err := s.Ledger.Post(tx, s.entry(r.id, entryMove, Exchange, legs...)); err != nil {
		return "", refusedSide(err)
	}
	r.captured = r.amount.Minor
	return eventCompleted, r.move(Confirm, StepAuthorize, now, r.amount.Minor)
}

// swapLegs are the legs of one exchange: first what leaves the person's pocket, then what the position in the other currency pays and
// where each unit of it goes.
func (s *Service) swapLegs(tx *db.Tx, r *record, q fx.Quote) ([]ledger.Leg, error) {
	from, err := s.wallet(tx, r.payer, q.Mid.From)
	if err != nil {
		return nil, err
	}
	to, err := s.payeeWallet(tx, identity.PersonID(r.payer), q.Mid.To)
	if err != nil {
		return nil, err
	}
	house := func(address string, c money.Currency) ledger.Spec {
		return ledger.Spec{Address: address, Currency: c, Limit: ledger.Unlimited, Busy: true}
	}
	sells, buys := q.Mid.From, q.Mid.To
	ours, err := s.accountsOf(tx, house(PositionAddress(sells), sells), house(FeeAddress(sells), sells), house(PositionAddress(buys), buys),
		house(MarginAddress(buys), buys), house(RoundingAddress(buys), buys))
	if err != nil {
		return nil, err
	}
	d, bought, fee, sold, margin, rounding := q.Deal, ours[0], ours[1], ours[2], ours[3], ours[4]
	all := []ledger.Leg{
		{Debit: from, Credit: bought, Amount: d.Amount.Minor},
		{Debit: from, Credit: fee, Amount: d.Fee.Minor},
		{Debit: sold, Credit: to, Amount: d.Gets.Minor},
		{Debit: sold, Credit: margin, Amount: d.Margin},
		{Debit: sold, Credit: rounding, Amount: d.Round},
	}
	legs := make([]ledger.Leg, 0, len(all))
	for _, leg := range all {
		if leg.Amount > 0 {
			legs = append(legs, leg)
		}
	}
	return legs, nil
}

// QuoteOf is the quote of an exchange, and false of any other payment.
func (s *Service) QuoteOf(ctx context.Context, p Payment) (fx.Quote, bool, error) {
	if p.Kind != Exchange || s.Desk == nil {
		return fx.Quote{}, false, nil
	}
	q, err := db.Read(ctx, s.DB, func(tx *db.Tx) (fx.Quote, error) { return s.Desk.Get(tx, fx.QuoteID(p.Reference)) })
	return q, err == nil, err
}

// Renew makes an exchange anew whose quote is over: the old payment is let go, and a new one for the same amount, at the rate of now,
// awaits confirmation. An exchange that is not waiting, or whose quote is still good, is answered as it is. Faults: not_found.
func (s *Service) Renew(ctx context.Context, c Caller, payment ID, call once.Call) (Payment, error) {
	p, err := s.Get(ctx, c, payment)
	if err != nil {
		return p, err
	}
	q, ok, err := s.QuoteOf(ctx, p)
	if err != nil || !ok || p.Payer != string(c.Person) || p.State != AwaitingConfirmation && p.State != Expired ||
		p.State == AwaitingConfirmation && s.Desk.Now().Before(q.ExpiresAt) {
		return p, err
	}
	if p.State == AwaitingConfirmation {
		old := once.Call{Key: "renew-" + string(p.ID), Hash: [32]byte{1}}
		if _, err := s.Void(ctx, c, p.ID, old); err != nil && !errors.Is(err, ErrState) {
			return p, err
		}
	}
	next, err := s.Desk.Quote(ctx, c.Person, q.Deal.Amount, q.Mid.To)
	if err != nil {
		return p, err
	}
	return s.Exchange(ctx, c, next.ID, call)
}

// OpenPocket is how a person gets a pocket in a further currency: any that this
// installation uses. It is harmless when repeated. Faults: currency_not_available, person_frozen.
func (s *Service) OpenPocket(ctx context.Context, c Caller, currency money.Currency) error {
	if c.Shop != "" || c.Person == "" {
		return ErrPersonOnly
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.People.RequireActive(tx, c.Person); err != nil {
			return err
		}
		_, err := s.OpenWallet(tx, c.Person, currency)
		return err
	})
}
