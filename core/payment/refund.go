package payment

import (
	"context"
	"errors"
	"strings"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/ledger"
	"billfold/core/merchant"
)

// Refund gives back what a purchase or transfer brought, in whole (amount nil: what is left) or in part. It is a payment of
// its own, of kind refund, from the payee back to the payer, and is answered as such; the first payment counts it. Only the
// payee and an operator may refund.
//
// Who is frozen takes part in nothing: a refund to a frozen wallet is refused with payer_frozen, one from it with person_frozen, and a
// frozen shop's with shop_frozen; it can be sent again with the same key once the freeze is lifted. No balance can be moved behind the
// back of whoever ordered the freeze.
//
// What somebody at a till gives back counts against their limit of the day.
//
// Faults: not_found, payment_not_refundable, payment_state, staff_limit, refund_exceeds_payment, currency_mismatch, invalid_text,
// amount_not_positive, insufficient_funds (a person who spent what they would give back), payer_frozen, person_frozen, shop_frozen,
// account_closed.
func (s *Service) Refund(ctx context.Context, c Caller, payment ID, amount *money.Amount, reason string, call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	if err := plain("reason", reason, maxDescription, true); err != nil {
		return Payment{}, err
	}
	facts, err := s.Get(ctx, c, payment)
	if err != nil {
		return Payment{}, err
	}
	if facts.Kind != Purchase && facts.Kind != Transfer {
		return Payment{}, ErrNotRefundable // the payee may be a bank account, which has no key to seal a reason with
	}
	if facts.Payee == "" { // a link that nobody has taken
		return Payment{}, fault.ErrNotFound
	}
	back := record{id: ID(s.IDs.New("pay")), kind: Refund, creator: facts.Payee, payer: facts.Payee, of: payment, capture: Automatic,
		method: FromWallet, reference: facts.Reference}
	if back.description, err = s.sealText(back.creator, descriptionRow(back.id), reason); err != nil {
		return Payment{}, err
	}
	return s.run(ctx, c, call, opRefund, back.id, func(tx *db.Tx) (outcome, error) {
		first, err := lock(tx, payment)
		if err != nil {
			return outcome{}, err
		}
		if !first.receivedBy(c) {
			return outcome{}, fault.ErrNotFound
		}
		row := back
		return s.refund(tx, c, &first, &row, amount)
	})
}

func (s *Service) refund(tx *db.Tx, c Caller, first, back *record, amount *money.Amount) (outcome, error) {
	if first.kind != Purchase && first.kind != Transfer {
		return outcome{}, ErrNotRefundable
	}
	left := first.captured - first.refunded
	if first.state == Refunded {
		return outcome{}, ErrRefundAmount.Fill(first.amount.Currency.Of(0).String()).With("amount")
	}
	if _, ok := Next(first.state, RefundPart); !ok {
		return outcome{}, ErrState.Fill(string(first.state))
	}
	give, err := within(first, amount, left, ErrRefundAmount.Fill(first.amount.Currency.Of(left).String()))
	if err != nil {
		return outcome{}, err
	}
	if c.Staff != "" {
		if err := s.Shops.CountRefund(tx, c.Shop, c.Staff, first.amount.Currency.Of(give)); err != nil {
			return outcome{}, err
		}
	}
	now := s.Clock.Now()
	back.payee, back.amount, back.captured = first.payer, first.amount.Currency.Of(give), give
	back.createdAt, back.expiresAt, back.approvedAt = now, now, now
	if err := s.giveBack(tx, c.Staff, first, back); err != nil {
		return outcome{}, err
	}
	// A refund has the five steps of any payment: its payer is the payee of the first, who approves by asking.
	for _, name := range []string{StepAuthenticate, StepRequest} {
		at := now
		if name == StepAuthenticate {
			at = authenticated(c, now)
		}
		back.note(name, at, 0)
		back.fresh[len(back.fresh)-1].State = Processing
	}
	if err := back.move(GiveBack, StepAuthorize, now, give); err != nil {
		return outcome{}, err
	}
	storeNew(tx, back)
	sides := []party{{back.id, back.payer, now, rolePayer}}
	if back.payee != "" { // the holder of a card has no books here
		sides = append(sides, party{back.id, back.payee, now, rolePayee})
	}
	storeParties(tx, sides...)
	s.announce(tx, back, eventCompleted, give)
	return s.countRefund(tx, first, back)
}

// giveBack posts the refund: the reverse of what the payment posted, never a change to it.
func (s *Service) giveBack(tx *db.Tx, staff merchant.StaffID, first, back *record) error {
	from, err := s.account(tx, first.payee, first.amount.Currency)
	if err != nil {
		return err
	}
	to, err := s.backTo(tx, first, back)
	if err != nil {
		return err
	}
	entry := s.entry(back.id, entryMove, Refund, ledger.Leg{Debit: from, Credit: to, Amount: back.amount.Minor})
	entry.Meta = map[string]string{"of": string(first.id)}
	if staff != "" {
		entry.Meta["staff"] = string(staff)
	}
	_, err = s.Ledger.Post(tx, entry)
	return refusedBack(first, err)
}

// refusedBack says in the words of a refund what the ledger refused: who gives back is frozen, or who gets it back.
func refusedBack(first *record, err error) error {
	f, ok := fault.As(err)
	switch {
	case ok && errors.Is(f, ledger.ErrAccountFrozen) && strings.HasSuffix(f.Param, ".credit"):
		return ErrPayerFrozen.Because(err)
	case ok && errors.Is(f, ledger.ErrAccountFrozen) && isShop(first.payee):
		return ErrShopFrozen.Because(err)
	}
	return refusedSide(err)
}

// backTo is where a refund goes: into the payer's wallet, or back over the rail to the card that was charged.
func (s *Service) backTo(tx *db.Tx, first, back *record) (ledger.AccountID, error) {
	if first.method != FromCard {
		return s.wallet(tx, first.payer, first.amount.Currency)
	}
	asked, err := db.One(tx, scanIntent, selectIntent, string(first.id))
	if err != nil {
		return 0, err
	}
	back.method = FromCard
	s.sendBack(tx, back.id, asked)
	return s.float(tx, asked.rail, first.amount.Currency)
}

// countRefund counts the refund on the first payment, whose row is locked: the counter cannot pass what was captured.
func (s *Service) countRefund(tx *db.Tx, first, back *record) (outcome, error) {
	on := RefundPart
	first.refunded += back.amount.Minor
	if first.refunded == first.captured {
		on = RefundRest
	}
	if err := first.move(on, StepRefund, back.createdAt, back.amount.Minor); err != nil {
		return outcome{}, err
	}
	storeChange(tx, first)
	s.announce(tx, first, eventRefunded, back.amount.Minor)
	return back.answer(), nil
}

// Refunds lists what was given back of a payment, oldest first, to whoever may read the payment.
func (s *Service) Refunds(ctx context.Context, c Caller, payment ID) ([]Payment, error) {
	if _, err := s.Get(ctx, c, payment); err != nil {
		return nil, err
	}
	list, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]outcome, error) {
		rows, err := db.All(tx, scanRecord, selectRefunds, string(payment))
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
	shown := make([]Payment, len(list))
	for i := range list {
		if shown[i], err = s.show(ctx, c, list[i]); err != nil {
			return nil, err
		}
	}
	return shown, nil
}
