package payment

import (
	"context"
	"errors"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
)

// The steps of a payment from which its ledger entries' ids are derived. They are stored facts: never renumber them.
const (
	entryMove    = 1 // the value moved at once
	entryHold    = 1 // or was held: a payment does one or the other
	entryCapture = 2
	entryVoid    = 3
	entryExpire  = 4
	entrySettle  = 5
	entryReverse = 6
)

// The operations under which idempotency keys are kept.
const (
	opCreate   = "payment.create"
	opConfirm  = "payment.confirm"
	opCapture  = "payment.capture"
	opVoid     = "payment.void"
	opRefund   = "payment.refund"
	opTopUp    = "payment.topup"
	opCheckout = "checkout.create"
	opExpire   = "checkout.expire"
	opPayLink  = "paylink.create"
	opCharge   = "checkout.charge"
	opExtend   = "checkout.extend"
	opWithdraw = "payment.withdraw"
	opExchange = "payment.exchange"
	opAssign   = "arrival.assign"
	opReview   = "payment.review"
	opClaim    = "payment.claim"
	opAsk      = "request.create"
	opChange   = "request.change"
	opCancel   = "request.cancel"
	opRemind   = "request.remind"
)

// Create makes a payment. A shop asks to be paid: the payment awaits confirmation by whoever pays it. A person names whom
// they pay; with confirm they approve in the same request, and the value moves (or is held) in the same transaction.
//
// Faults: idempotency_key_required, idempotency_mismatch, invalid_amount and its kin, payee_not_found, payment_kind,
// capture_mode, same_account_payment, currency_not_available, invalid_expiry, invalid_text, invalid_metadata, payee_frozen,
// person_frozen, insufficient_funds, shop_required, person_required, too_many_attempts (names of payees that are not there).
func (s *Service) Create(ctx context.Context, c Caller, t Terms, confirm bool, call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	r, err := s.draft(ctx, c, t, confirm)
	if err != nil {
		return s.again(ctx, c, call, opCreate, err)
	}
	if d := s.direct(c, r, confirm, call); d != nil {
		if p, done, err := withOthers(ctx, s, &s.directs, d, s.payTogether); done {
			return p, err
		}
	}
	return s.run(ctx, c, call, opCreate, r.id, func(tx *db.Tx) (outcome, error) {
		row := r // a body may run twice: it never writes to what it was handed
		return s.insert(tx, c, &row, confirm)
	})
}

// draft checks terms against everything that does not need the transaction, and seals what has to be sealed.
func (s *Service) draft(ctx context.Context, c Caller, t Terms, confirm bool) (record, error) {
	now := s.Clock.Now()
	t, err := t.check(now)
	if err != nil {
		return record{}, err
	}
	if confirm && c.Shop != "" {
		return record{}, ErrPersonOnly.With("confirm")
	}
	if t.Capture == ByLink {
		err = s.fitsLink(c, &t)
	} else if t.Payee, err = s.payee(ctx, c, t.Payee); err == nil {
		err = s.fits(ctx, c, &t)
	}
	if err != nil {
		return record{}, err
	}
	r := record{id: ID(s.IDs.New("pay")), kind: t.Kind, creator: c.Owner(), payee: t.Payee, amount: t.Amount, capture: t.Capture,
		method: FromWallet, reference: t.Reference, metadata: encodeMetadata(t.Metadata), createdAt: now, expiresAt: t.ExpiresAt,
		holdFor: t.HoldFor}
	if c.Shop == "" {
		r.payer = string(c.Person)
	}
	if r.description, err = s.sealText(r.creator, descriptionRow(r.id), t.Description); err != nil {
		return r, err
	}
	r.sendTo, err = s.sealText(r.creator, sendToRow(r.id), t.SendTo)
	return r, err
}

// payee finds out who is meant. A shop that names nobody means itself, and may mean nobody else.
func (s *Service) payee(ctx context.Context, c Caller, named string) (string, error) {
	if c.Shop != "" {
		if named == "" || named == string(c.Shop) {
			return string(c.Shop), nil
		}
		return "", ErrPersonOnly.With("payee")
	}
	if c.Person == "" {
		return "", ErrPersonOnly
	}
	if identity.IsPhone(named) {
		person, err := s.People.FindPayee(ctx, c.Person, named)
		if err != nil {
			return "", payeeUnknown(err)
		}
		return string(person.ID), nil
	}
	if handle, ok := strings.CutPrefix(named, "@"); ok || strings.Contains(named, "@") {
		shop, err := s.Shops.ByHandle(ctx, handle)
		if err == nil {
			return string(shop.ID), nil
		}
		if !errors.Is(err, merchant.ErrNotFound) {
			return "", err
		}
		person, err := s.People.FindPayee(ctx, c.Person, named)
		if err != nil {
			return "", payeeUnknown(err)
		}
		return string(person.ID), nil
	}
	if !isShop(named) && !isPerson(named) {
		return "", identity.ErrPayeeUnknown.With("payee")
	}
	return named, nil
}

func payeeUnknown(err error) error {
	if f, ok := fault.As(err); ok && (f.Kind == fault.NotFound || f.Kind == fault.Invalid) {
		return identity.ErrPayeeUnknown.With("payee")
	}
	return err
}

// fits checks that the payee exists, takes the currency, is not the caller, and that kind and capture suit it.
func (s *Service) fits(ctx context.Context, c Caller, t *Terms) error {
	if isShop(t.Payee) {
		shop, err := s.Shops.Get(ctx, merchant.ID(t.Payee))
		if err != nil {
			return payeeUnknown(err)
		}
		if t.Kind == "" {
			t.Kind = Purchase
		}
		switch {
		case t.Kind != Purchase:
			return ErrKind.With("kind")
		case !shop.Takes(t.Amount.Currency) || !standard(t.Amount.Currency):
			return ErrCurrency.Fill(t.Amount.Currency.Code).With("currency")
		case c.Shop == "" && shop.Owner == c.Person:
			return ErrSameAccount
		}
		return nil
	}
	if t.Kind == "" {
		t.Kind = Transfer
	}
	switch {
	case t.Kind != Transfer:
		return ErrKind.With("kind")
	case t.Capture != Automatic:
		return ErrCapture.With("capture")
	case t.Payee == string(c.Person):
		return ErrSameAccount
	case !s.uses(t.Amount.Currency):
		return ErrCurrency.Fill(t.Amount.Currency.Code).With("currency")
	}
	if _, err := s.name(ctx, t.Payee); err != nil {
		return payeeUnknown(err)
	}
	return nil
}

// standard refuses a currency that borrows a code with another scale: "100" must never mean a hundred times as much.
func standard(c money.Currency) bool {
	known, ok := money.Lookup(c.Code)
	return ok && known == c
}

// insert writes a new payment, and confirms it in the same transaction where its payer asked for that.
func (s *Service) insert(tx *db.Tx, c Caller, r *record, confirm bool) (outcome, error) {
	now := s.Clock.Now()
	if err := r.begin(c, now); err != nil {
		return outcome{}, err
	}
	happened, err := eventCreated, error(nil)
	if confirm {
		happened, err = s.approve(tx, r, now)
	} else if r.payee != "" {
		err = s.payeeActive(tx, r.payee)
	}
	if err != nil {
		return outcome{}, err
	}
	storeNew(tx, r)
	if r.capture == ByLink {
		storeLink(tx, r)
	}
	storeParties(tx, r.parties(now)...)
	s.announce(tx, r, happened, r.amount.Minor)
	return r.answer(), nil
}

// begin takes the first steps of a new payment.
func (r *record) begin(c Caller, now time.Time) error {
	if r.payer != "" {
		r.note(StepAuthenticate, authenticated(c, now), 0)
		r.fresh[0].State = AwaitingConfirmation
	}
	return r.move(Request, StepRequest, now, r.amount.Minor)
}

// parties are in whose books a new payment stands.
func (r *record) parties(now time.Time) (list []party) {
	if r.payee != "" && !r.draft() {
		list = append(list, party{r.id, r.payee, now, rolePayee})
	}
	if r.payer != "" {
		list = append(list, party{r.id, r.payer, now, rolePayer})
	}
	return list
}

// approve moves or holds the value of a payment whose payer has said yes, and says what to announce. The digest of what is
// posted is computed here, from the row, and kept with it.
func (s *Service) approve(tx *db.Tx, r *record, now time.Time) (event string, err error) {
	switch r.kind {
	case Withdrawal:
		return s.sendOut(tx, r, now)
	case Exchange:
		return s.swap(tx, r, now)
	}
	from, err := s.wallet(tx, r.payer, r.amount.Currency)
	if err != nil {
		return "", err
	}
	if r.capture == ByLink {
		return eventAuthorized, s.intoLink(tx, r, from, now)
	}
	to, err := s.account(tx, r.payee, r.amount.Currency)
	if err != nil {
		return "", err
	}
	entry := s.approved(r, from, to, now)
	if r.holdUntil.IsZero() {
		_, err = s.Ledger.Post(tx, entry)
	} else {
		_, err = s.Ledger.Hold(tx, entry, r.holdUntil)
	}
	if err != nil {
		return "", refusedSide(err)
	}
	remember(tx, now, r)
	return r.authorized(now)
}

// approved writes down that the payer has said yes, and returns what is to be posted, or held where the row says until when.
func (s *Service) approved(r *record, from, to ledger.AccountID, now time.Time) ledger.Entry {
	r.approvedAt = now
	if r.capture == Manual {
		r.holdUntil = now.Add(r.holdFor)
	}
	return s.entry(r.id, entryMove, r.kind, ledger.Leg{Debit: from, Credit: to, Amount: r.amount.Minor})
}

// authorized is the step of a payment whose value was moved or held, and what there is to announce.
func (r *record) authorized(now time.Time) (event string, err error) {
	if r.capture == Manual {
		return eventAuthorized, r.move(Reserve, StepAuthorize, now, r.amount.Minor)
	}
	r.captured = r.amount.Minor
	return eventCompleted, r.move(Confirm, StepAuthorize, now, r.amount.Minor)
}

// draft says that a person has written a payment to a person down and not confirmed it: it is nobody's business but theirs. What
// a shop or a person is asked to pay is no draft.
func (r *record) draft() bool {
	return r.kind == Transfer && r.approvedAt.IsZero() && r.creator == r.payer
}

// asked says that the payee asked a person for it.
func (r *record) asked() bool { return r.kind == Transfer && r.creator == r.payee }

// payeeActive refuses to ask for money for a payee that is frozen. Where value moves, the ledger says so by itself.
func (s *Service) payeeActive(tx *db.Tx, payee string) error {
	if !isShop(payee) {
		err := s.People.RequireActive(tx, identity.PersonID(payee))
		if errors.Is(err, identity.ErrPersonFrozen) {
			return ErrPayeeFrozen.With("payee")
		}
		return payeeUnknown(err)
	}
	state, err := s.Shops.StateIn(tx, merchant.ID(payee))
	switch {
	case err != nil:
		return payeeUnknown(err)
	case state == merchant.Pending || state == merchant.Refused:
		return merchant.ErrPending.With("payee")
	case state != merchant.Active:
		return ErrPayeeFrozen.With("payee")
	}
	return nil
}

// refusedSide says in the words of a payment which side the ledger refused: a wallet's freeze follows its person's, a receipts
// account's its shop's (FollowState, merchant.SetState).
func refusedSide(err error) error {
	f, ok := fault.As(err)
	switch {
	case !ok:
		return err
	case errors.Is(f, ledger.ErrAccountFrozen) && strings.HasSuffix(f.Param, ".credit"):
		return ErrPayeeFrozen.With("payee").Because(err)
	case errors.Is(f, ledger.ErrAccountFrozen):
		return identity.ErrPersonFrozen.Because(err)
	case f.Kind == fault.Refused || f.Kind == fault.Invalid:
		return f.With("amount")
	case f.Param == "":
		return err
	}
	return f.With("") // nothing that was asked for is to blame, and nobody knows the ledger's legs
}

// entry is a ledger entry of a payment, under the id that its step gives it.
func (s *Service) entry(payment ID, step uint8, kind Kind, legs ...ledger.Leg) ledger.Entry {
	return ledger.Entry{ID: entryID(payment, step), Kind: entryKind(kind), Reference: string(payment), Legs: legs}
}

// authenticated is when the caller proved who they are, and never after what they then did: sessions live by real time,
// steps by the business clock.
func authenticated(c Caller, now time.Time) time.Time {
	if c.AuthenticatedAt.IsZero() || c.AuthenticatedAt.After(now) {
		return now
	}
	return c.AuthenticatedAt.UTC().Truncate(time.Microsecond)
}
