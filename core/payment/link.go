package payment

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/mail"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/notice"
)

// LinkID names a payment that travels by a link: gft_ and the payment's bits. It is no secret; the link's key is.
type LinkID string

// Link is what its sender hands over: whoever has both may take the money, once.
type Link struct {
	ID  LinkID
	Key string
}

// Path is the address of the link's page on this installation. The key is in the query, which no log of ours keeps.
func (l Link) Path() string { return "/g/" + string(l.ID) + "?key=" + l.Key }

// Gift is a link as somebody sees it who holds it.
type Gift struct {
	ID        LinkID
	Payment   ID // only for its two sides
	State     State
	Amount    money.Amount
	From      string // masked name of the sender
	Note      string
	ExpiresAt time.Time
	Sender    bool // the viewer sent it
	Receiver  bool // the viewer took it
}

// LinkFor is how long a link waits for somebody to take what it carries, unless its terms say otherwise: row 31 says 7 days.
const LinkFor = 7 * 24 * time.Hour

// LinksAddress is the ledger address of what is on its way by links in one currency.
func LinksAddress(c money.Currency) string { return "link/" + c.Code }

func sendToRow(payment ID) string { return "payment_link.send_to/" + string(payment) }

// LinkOf is the link of a payment, if it is one that travels by a link.
func LinkOf(payment ID) LinkID {
	raw, err := id.Bytes(string(payment))
	if err != nil {
		return ""
	}
	return LinkID(id.Text("gft", raw))
}

func (k LinkID) payment() (ID, error) {
	if !id.Valid(string(k), "gft") {
		return "", fault.ErrNotFound
	}
	raw, err := id.Bytes(string(k))
	if err != nil {
		return "", fault.ErrNotFound
	}
	return ID(id.Text("pay", raw)), nil
}

// key is the secret of a link. It is a keyed hash of the payment's id: it stands nowhere, and its sender can be shown it again.
func (s *Service) key(payment ID) string {
	mac := s.Keys.Mac("payment/link", []byte(payment))
	return base64.RawURLEncoding.EncodeToString(mac[:20])
}

func (s *Service) link(payment ID) Link { return Link{LinkOf(payment), s.key(payment)} }

// opens finds the payment behind a link; a wrong key is as good as no link.
func (s *Service) opens(l Link) (ID, error) {
	payment, err := l.ID.payment()
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare([]byte(l.Key), []byte(s.key(payment))) != 1 {
		return "", fault.ErrNotFound
	}
	return payment, nil
}

// fitsLink checks the terms of a payment that travels by a link: by a person, to nobody yet.
func (s *Service) fitsLink(c Caller, t *Terms) error {
	if t.Kind == "" {
		t.Kind = Transfer
	}
	switch {
	case c.Person == "" || c.Shop != "":
		return ErrPersonOnly
	case t.Kind != Transfer:
		return ErrKind.With("kind")
	case t.Payee != "":
		return ErrCapture.With("capture")
	case !s.uses(t.Amount.Currency):
		return ErrCurrency.Fill(t.Amount.Currency.Code).With("currency")
	}
	if t.SendTo == "" {
		return nil
	}
	clean, err := identity.CleanEmail(t.SendTo)
	if err != nil {
		return identity.ErrEmail.With("send_to")
	}
	if a, err := mail.ParseAddress(clean); err != nil || a.Address != clean {
		return identity.ErrEmail.With("send_to")
	}
	t.SendTo = clean
	return nil
}

// links is the account of what is on its way. It is never busy: what links carry must never be more than what is in it.
func (s *Service) links(tx *db.Tx, c money.Currency) (ledger.AccountID, error) {
	return s.accountOf(tx, ledger.Spec{Address: LinksAddress(c), Currency: c, Limit: ledger.NonNegative})
}

// intoLink takes the value out of its sender's wallet; it waits until it is taken, taken back, or due.
func (s *Service) intoLink(tx *db.Tx, r *record, from ledger.AccountID, now time.Time) error {
	to, err := s.links(tx, r.amount.Currency)
	if err != nil {
		return err
	}
	r.approvedAt, r.holdUntil = now, now.Add(r.holdFor)
	entry := s.entry(r.id, entryMove, r.kind, ledger.Leg{Debit: from, Credit: to, Amount: r.amount.Minor})
	if _, err := s.Ledger.Post(tx, entry); err != nil {
		return refusedSide(err)
	}
	return r.move(Reserve, StepAuthorize, now, r.amount.Minor)
}

// outOfLink moves what a link carries into somebody's wallet: its receiver's, or back into its sender's.
func (s *Service) outOfLink(tx *db.Tx, r *record, step uint8, person string) error {
	from, err := s.links(tx, r.amount.Currency)
	if err != nil {
		return err
	}
	to, err := s.payeeWallet(tx, identity.PersonID(person), r.amount.Currency)
	if err != nil {
		return err
	}
	_, err = s.Ledger.Post(tx, s.entry(r.id, step, r.kind, ledger.Leg{Debit: from, Credit: to, Amount: r.amount.Minor}))
	if errors.Is(err, ledger.ErrAccountFrozen) {
		return identity.ErrPersonFrozen.Because(err) // the account of links is nobody's, so that it is the wallet that stands still
	}
	return err
}

// LinkTo gives a payment's sender its link, as long as there is something to take; everybody else gets not_found.
func (s *Service) LinkTo(ctx context.Context, c Caller, payment ID) (Link, error) {
	p, err := s.Get(ctx, c, payment)
	switch {
	case err != nil:
		return Link{}, err
	case p.Capture != ByLink || p.Payer != string(c.Person) || c.Shop != "":
		return Link{}, fault.ErrNotFound
	case p.State != Authorized:
		return Link{}, ErrLinkOver
	}
	return s.link(payment), nil
}

// ViewLink shows what a link carries to whoever holds it, signed in or not; not_found for a link that is none, and for one whose
// sender has not confirmed it.
func (s *Service) ViewLink(ctx context.Context, viewer Caller, l Link) (Gift, error) {
	payment, err := s.opens(l)
	if err != nil {
		return Gift{}, err
	}
	out, err := db.Read(ctx, s.DB, func(tx *db.Tx) (outcome, error) { return load(tx, payment, 0) })
	if err != nil {
		return Gift{}, err
	}
	r := out.row
	if r.capture != ByLink || r.approvedAt.IsZero() {
		return Gift{}, fault.ErrNotFound
	}
	p, err := s.show(ctx, viewer, out)
	if err != nil {
		return Gift{}, err
	}
	g := Gift{ID: l.ID, State: p.State, Amount: p.Amount, From: p.PayerName, Note: p.Description, ExpiresAt: r.holdUntil}
	if p.State == Authorized && !s.Clock.Now().Before(r.holdUntil) {
		g.State = Expired
	}
	if viewer.Shop == "" && viewer.Person != "" {
		g.Sender, g.Receiver = p.Payer == string(viewer.Person), p.Payee == string(viewer.Person)
	}
	if g.Sender || g.Receiver {
		g.Payment = payment
	}
	return g, nil
}

// Claim takes what a link carries into the caller's wallet, which is opened for it where there is none in the currency.
//
// Faults: not_found for a link that is none, person_required, same_account_payment (its own sender), link_over (taken, taken back
// or expired; the money is back with its sender from then on, also before the sweep), link_held (the sender is frozen),
// person_frozen.
func (s *Service) Claim(ctx context.Context, c Caller, l Link, call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	if c.Shop != "" || c.Person == "" {
		return Payment{}, ErrPersonOnly
	}
	payment, err := s.opens(l)
	if err != nil {
		return Payment{}, err
	}
	return s.run(ctx, c, call, opClaim, payment, func(tx *db.Tx) (outcome, error) { return s.claim(tx, c, payment) })
}

func (s *Service) claim(tx *db.Tx, c Caller, payment ID) (outcome, error) {
	r, err := lock(tx, payment)
	if err != nil {
		return outcome{}, err
	}
	if r.capture != ByLink || r.state == AwaitingConfirmation {
		return outcome{}, fault.ErrNotFound
	}
	if r.payer == string(c.Person) {
		return outcome{}, ErrSameAccount
	}
	now := s.Clock.Now()
	late, err := s.expireIfDue(tx, &r, now)
	if errors.Is(err, identity.ErrPersonFrozen) {
		return outcome{}, ErrLinkHeld.Because(err) // its sender's wallet, to which it should have gone back
	}
	if late || err != nil {
		return outcome{row: r, late: ErrLinkOver}, err
	}
	if r.state != Authorized {
		return outcome{}, ErrLinkOver
	}
	if err := s.People.RequireActive(tx, identity.PersonID(r.payer)); err != nil {
		if errors.Is(err, identity.ErrPersonFrozen) {
			return outcome{}, ErrLinkHeld
		}
		return outcome{}, err
	}
	if err := s.People.RequireActive(tx, c.Person); err != nil {
		return outcome{}, err
	}
	r.payee, r.captured = string(c.Person), r.amount.Minor
	if err := s.outOfLink(tx, &r, entryCapture, r.payee); err != nil {
		return outcome{}, err
	}
	if err := r.move(Capture, StepClaim, now, r.amount.Minor); err != nil {
		return outcome{}, err
	}
	storeChange(tx, &r)
	storeParties(tx, party{r.id, r.payee, now, rolePayee})
	s.announce(tx, &r, eventCaptured, r.amount.Minor)
	return r.answer(), nil
}

// mailLink sends the link to the address its sender gave, in the sender's language: nobody knows another.
func (s *Service) mailLink(tx *db.Tx, t *telling, names map[string]string) error {
	sealed, err := db.One(tx, scanBytes, selectSendTo, string(t.news.Payment))
	if errors.Is(err, db.ErrNoRow) || err == nil && len(sealed) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	row, err := db.One(tx, scanRecord, selectRecord, string(t.news.Payment))
	if err != nil || row.state != Authorized {
		return err
	}
	to, err := s.open(row.creator, sendToRow(row.id), sealed)
	if err != nil || to == "" {
		return err
	}
	sender, err := s.People.Person(tx, identity.PersonID(row.payer))
	if err != nil {
		return err
	}
	return s.Notices.MailOnce(tx, t.event.ID, 3, notice.Mail{Owner: row.payer, To: to, Lang: sender.Lang, Template: notice.Gift,
		Data: map[string]string{"amount": t.amount(), "payer": first(names[row.payer], somebody.In(sender.Lang)),
			"until": row.holdUntil.UTC().Format(timeLayout.In(sender.Lang)), "link": s.Notices.Link(s.link(row.id).Path())}})
}
