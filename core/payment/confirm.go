package payment

import (
	"context"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/merchant"
)

// Consent is what comes with a confirmation: the digest of the terms the person saw (hex, as in NextAction), and later the
// assertion of their passkey over it. A page always sends the digest; a token may leave it out.
type Consent struct {
	Digest  string
	Proof   []byte
	Contact map[string]string // what the shop asked for, by field name; anything else goes nowhere
}

// Confirm is the payer's yes. A payment that no payer is named in becomes the caller's. The value moves, or is held, in the
// same transaction.
//
// Faults: not_found for somebody else's payment, person_required, payment_state, payment_expired (the payment is expired from
// then on, also before the sweep), authorization_mismatch, same_account, person_frozen, payee_frozen, currency_not_available,
// insufficient_funds, contact_required, contact_value. When two persons confirm at once, one pays and the other gets not_found.
func (s *Service) Confirm(ctx context.Context, c Caller, payment ID, yes Consent, call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	if c.Shop != "" || c.Person == "" {
		return Payment{}, ErrPersonOnly
	}
	facts, err := s.facts(ctx, c, payment)
	if err != nil {
		return Payment{}, err
	}
	if facts.given, err = s.sealChosen(payment, string(c.Person), facts.asks, yes.Contact); err != nil {
		return s.again(ctx, c, call, opConfirm, err)
	}
	return s.run(ctx, c, call, opConfirm, payment, func(tx *db.Tx) (outcome, error) { return s.confirm(tx, c, payment, yes, facts) })
}

// facts are what never changes about a payment, read before the transaction so that it need not wait for names.
type facts struct {
	payeeName string
	shopOwner identity.PersonID
	asks      string    // for which contact fields
	given     []byte    // what is handed over of them, sealed
	link      PayLinkID // under which the shop is paid, "" for none
}

func (s *Service) facts(ctx context.Context, c Caller, payment ID) (facts, error) {
	p, err := s.Get(ctx, c, payment)
	if err != nil || !isShop(p.Payee) {
		return facts{payeeName: p.PayeeName}, err
	}
	f := facts{payeeName: p.PayeeName}
	shop, err := s.Shops.Get(ctx, merchant.ID(p.Payee))
	if f.shopOwner = shop.Owner; err != nil || p.Creator != p.Payee {
		return f, err
	}
	k, err := s.checkoutRows(ctx, payment)
	if len(k) > 0 {
		f.link, f.asks = k[0].link, k[0].asks
	}
	return f, err
}

func (s *Service) confirm(tx *db.Tx, c Caller, payment ID, yes Consent, f facts) (outcome, error) {
	r, err := lock(tx, payment)
	if err != nil {
		return outcome{}, err
	}
	if !r.visible(c) || r.payer != "" && r.payer != string(c.Person) {
		return outcome{}, fault.ErrNotFound
	}
	now := s.Clock.Now()
	if late, err := s.expireIfDue(tx, &r, now); late || err != nil {
		return outcome{row: r, late: ErrExpired}, err
	}
	if r.state != AwaitingConfirmation {
		return outcome{}, ErrState.Fill(string(r.state))
	}
	if f.shopOwner == c.Person || r.payee == string(c.Person) {
		return outcome{}, ErrSameAccount
	}
	unclaimed := r.payer == ""
	r.payer = string(c.Person)
	digest := s.approval(&r, r.payer, f.payeeName).digest()
	if err := sameDigest(yes.Digest, digest); err != nil {
		return outcome{}, err
	}
	r.digest, r.proof = digest[:], yes.Proof
	// From here on it is in the books of both sides; a draft has been in its payer's from the start, a request in nobody's.
	switch {
	case r.asked():
		r.note(StepAuthenticate, authenticated(c, now), 0)
		storeParties(tx, party{r.id, r.payer, now, rolePayer}, party{r.id, r.payee, now, rolePayee})
	case unclaimed:
		r.note(StepAuthenticate, authenticated(c, now), 0)
		storeParties(tx, party{r.id, r.payer, now, rolePayer})
	case r.draft() && r.payee != "":
		storeParties(tx, party{r.id, r.payee, now, rolePayee})
	}
	if err := s.useLink(tx, f.link); err != nil {
		return outcome{}, err
	}
	s.handOver(tx, r.id, r.payer, f.asks, f.given)
	happened, err := s.approve(tx, &r, now)
	if err != nil {
		return outcome{}, err
	}
	storeChange(tx, &r)
	s.announce(tx, &r, happened, r.amount.Minor)
	return r.answer(), nil
}

// expireIfDue lets a payment whose time is over expire here and now, and says whether it did. Nothing is posted for one
// that awaited confirmation; a hold is released.
func (s *Service) expireIfDue(tx *db.Tx, r *record, now time.Time) (bool, error) {
	switch {
	case r.state == AwaitingConfirmation && !now.Before(r.expiresAt):
	case r.state == Authorized && r.capture == ByLink && !now.Before(r.holdUntil):
		if err := s.outOfLink(tx, r, entryExpire, r.payer); err != nil {
			return false, err
		}
	case r.state == Authorized && !now.Before(r.holdUntil):
		if _, err := s.Ledger.ExpireHold(tx, entryID(r.id, entryHold), entryID(r.id, entryExpire)); err != nil {
			return false, err
		}
	case r.awaitsTransfer() && !now.Before(r.expiresAt):
	default:
		return false, nil
	}
	return true, s.expire(tx, r, now)
}

func (s *Service) expire(tx *db.Tx, r *record, now time.Time) error {
	released := int64(0)
	if r.state == Authorized {
		released = r.amount.Minor
	}
	if err := r.move(Expire, StepExpire, now, released); err != nil {
		return err
	}
	storeChange(tx, r)
	s.announce(tx, r, eventExpired, released)
	return nil
}
