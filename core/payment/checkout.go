package payment

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/merchant"
)

// CheckoutID names a checkout session: chk_ and 26 characters. Whoever has it may look at the session and pay it.
type CheckoutID string

// CheckoutState follows from the payment; docs/states.md has the table.
type CheckoutState string

// The states of a checkout session.
const (
	CheckoutOpen     CheckoutState = "open"
	CheckoutComplete CheckoutState = "complete"
	CheckoutExpired  CheckoutState = "expired"
	CheckoutCanceled CheckoutState = "canceled"
)

// LineItem is one line of what is bought. Amount is minor units of the whole line.
type LineItem struct {
	Name     string
	Quantity int64
	Amount   int64
}

// CheckoutTerms are what a shop asks a payer for, and where it wants them back.
type CheckoutTerms struct {
	Terms     Terms
	ReturnURL string          // SessionHole in it becomes the session's id, before it is checked
	CancelURL string          // the same; "" = ReturnURL
	Items     []LineItem      // when given they sum to the amount
	InPerson  bool            // at a till: the payer stands there, and there is nowhere to return to
	Contact   []ContactField  // what the payer is asked to hand over
	Till      merchant.TillID // where it is shown, for TillSales
	link      PayLinkID
}

// SessionHole is what stands for the session's id in an address to return to: a shop that keeps nothing finds its order by it.
const SessionHole = "{CHECKOUT_SESSION_ID}"

// Checkout is a hosted page for one payment.
type Checkout struct {
	ID        CheckoutID
	Shop      merchant.ID
	ShopName  string
	State     CheckoutState
	Payment   Payment
	ReturnURL string
	CancelURL string
	Items     []LineItem
	Bill      string // the number of the shop's bill, "" for none
	Contact   []ContactField
	Given     map[string]string // what was handed over; only from GetCheckout, to its shop, once it is paid
	CreatedAt time.Time
	ExpiresAt time.Time
	Replayed  bool
}

const (
	maxItems    = 100
	maxItemName = 200
	maxURL      = 2048
)

// CreateCheckout makes a payment to the calling shop and the session in which it is paid, in one transaction.
//
// Faults: those of Create, shop_required, line_items, return_url, contact_fields.
func (s *Service) CreateCheckout(ctx context.Context, c Caller, t CheckoutTerms, call once.Call) (Checkout, error) {
	if err := begin(call); err != nil {
		return Checkout{}, err
	}
	if c.Shop == "" {
		return Checkout{}, ErrShopOnly
	}
	session, r, err := s.draftCheckout(ctx, c, t)
	var p Payment
	if err != nil {
		p, err = s.again(ctx, c, call, opCheckout, err)
	} else {
		p, err = s.run(ctx, c, call, opCheckout, r.id, func(tx *db.Tx) (outcome, error) {
			row := r
			out, err := s.insert(tx, c, &row, false)
			if err == nil {
				tx.Queue(insertCheckout, string(session.id), string(session.shop), string(row.id), session.returnURL, session.cancelURL,
					session.items, clock.Micros(r.createdAt), clock.Micros(r.expiresAt), string(session.link), session.asks)
				if t.Till != "" {
					tx.Queue(insertTill, string(t.Till), clock.Micros(r.createdAt), string(row.id))
				}
			}
			return out, err
		})
	}
	if err != nil {
		return Checkout{}, err
	}
	return s.checkout(ctx, c, CheckoutOf(p.ID), &p)
}

// CheckoutOf is the id of the session that a payment was made for, if it was: the two share their bits, so that a retried
// request finds both by one.
func CheckoutOf(payment ID) CheckoutID {
	raw, err := id.Bytes(string(payment))
	if err != nil {
		return ""
	}
	return CheckoutID(id.Text("chk", raw))
}

func (k CheckoutID) payment() (ID, error) {
	if !id.Valid(string(k), "chk") {
		return "", fault.ErrNotFound
	}
	raw, err := id.Bytes(string(k))
	if err != nil {
		return "", fault.ErrNotFound
	}
	return ID(id.Text("pay", raw)), nil
}

// checkoutRow is a row of payment_checkout.
type checkoutRow struct {
	id                   CheckoutID
	shop                 merchant.ID
	payment              ID
	returnURL, cancelURL string
	items                []byte
	link                 PayLinkID
	asks                 string // for which contact fields
	createdAt, expiresAt time.Time
}

func scanCheckout(row db.Row) (checkoutRow, error) {
	var k checkoutRow
	var chk, shop, payment, link string
	var created, expires int64
	err := row.Scan(&chk, &shop, &payment, &k.returnURL, &k.cancelURL, &k.items, &created, &expires, &link, &k.asks)
	k.link = PayLinkID(link)
	k.id, k.shop, k.payment = CheckoutID(chk), merchant.ID(shop), ID(payment)
	k.createdAt, k.expiresAt = moment(created), moment(expires)
	return k, err
}

func (s *Service) draftCheckout(ctx context.Context, c Caller, t CheckoutTerms) (checkoutRow, record, error) {
	if err := checkItems(t.Items, t.Terms.Amount); err != nil {
		return checkoutRow{}, record{}, err
	}
	r, err := s.draft(ctx, c, t.Terms, false)
	if err != nil {
		return checkoutRow{}, record{}, err
	}
	shop, err := s.Shops.Get(ctx, c.Shop)
	if err != nil {
		return checkoutRow{}, record{}, err
	}
	if t.CancelURL == "" {
		t.CancelURL = t.ReturnURL
	}
	t.ReturnURL = strings.ReplaceAll(t.ReturnURL, SessionHole, string(CheckoutOf(r.id)))
	t.CancelURL = strings.ReplaceAll(t.CancelURL, SessionHole, string(CheckoutOf(r.id)))
	for _, one := range [][2]string{{"return_url", t.ReturnURL}, {"cancel_url", t.CancelURL}} { // what was not given is not complained about
		if t.InPerson && one[1] == "" {
			continue
		}
		if !mayReturn(shop, one[1], s.Sandbox) {
			return checkoutRow{}, record{}, ErrReturnURL.With(one[0])
		}
	}
	k := checkoutRow{id: CheckoutOf(r.id), shop: c.Shop, returnURL: t.ReturnURL, cancelURL: t.CancelURL, link: t.link}
	if k.asks, err = encodeAsks(t.Contact); err != nil {
		return checkoutRow{}, record{}, err
	}
	if len(t.Items) > 0 {
		plain, err := json.Marshal(t.Items)
		if err != nil {
			return checkoutRow{}, record{}, err
		}
		if k.items, err = s.Keys.Seal(string(c.Shop), itemsRow(k.id), plain); err != nil {
			return checkoutRow{}, record{}, err
		}
	}
	return k, r, nil
}

func checkItems(items []LineItem, total money.Amount) error {
	if len(items) == 0 {
		return nil
	}
	if len(items) > maxItems {
		return ErrItems.With("line_items")
	}
	var sum money.Sum128
	for _, item := range items {
		if item.Name == "" || len(item.Name) > maxItemName || !printable(item.Name, false) || item.Quantity < 1 || item.Amount <= 0 {
			return ErrItems.With("line_items")
		}
		sum.Add(item.Amount)
	}
	if minor, ok := sum.Int64(); !ok || minor != total.Minor {
		return ErrItems.With("line_items")
	}
	return nil
}

// mayReturn says whether a checkout may send people to an address: an https address of an origin the shop registered, in the
// one spelling in which browsers and we read it alike. The sandbox takes any https origin, and plain http on loopback.
func mayReturn(shop merchant.Shop, address string, sandbox bool) bool {
	if address == "" || len(address) > maxURL || strings.ContainsAny(address, "\\ \t\r\n\"<>`{}|^") || !printable(address, false) {
		return false
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return false
	}
	switch u.Scheme {
	case "https":
		return sandbox || slices.Contains(shop.ReturnOrigins, merchant.Origin(u))
	case "http":
		return sandbox && loopback(u.Hostname())
	}
	return false
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// GetCheckout returns a session to its shop; not_found to everybody else.
func (s *Service) GetCheckout(ctx context.Context, c Caller, checkout CheckoutID) (Checkout, error) {
	k, err := s.checkout(ctx, c, checkout, nil)
	if err != nil {
		return Checkout{}, err
	}
	if !c.Operator && (c.Shop == "" || c.Shop != k.Shop) {
		return Checkout{}, fault.ErrNotFound
	}
	return k, s.handedTo(ctx, c.Shop, &k)
}

// ViewCheckout is what the hosted page shows to whoever has the link, with the payment as the viewer may see it: a payment that
// somebody else has confirmed comes without its payer.
func (s *Service) ViewCheckout(ctx context.Context, viewer Caller, checkout CheckoutID) (Checkout, error) {
	k, err := s.checkout(ctx, viewer, checkout, nil)
	if err != nil {
		return Checkout{}, err
	}
	if owner := viewer.Owner(); owner == "" || owner != k.Payment.Payer && owner != k.Payment.Payee {
		k.Payment.Payer, k.Payment.PayerName, k.Payment.Metadata = "", "", nil
	}
	return k, nil
}

// PayCheckout is Confirm for whoever has the link.
func (s *Service) PayCheckout(ctx context.Context, c Caller, checkout CheckoutID, yes Consent, call once.Call) (Checkout, error) {
	payment, err := checkout.payment()
	if err != nil {
		return Checkout{}, err
	}
	p, err := s.Confirm(ctx, c, payment, yes, call)
	if err != nil {
		return Checkout{}, err
	}
	return s.checkout(ctx, c, checkout, &p)
}

// ExpireCheckout ends a session that nobody has paid: its shop takes it back. payment_state once it is paid.
func (s *Service) ExpireCheckout(ctx context.Context, c Caller, checkout CheckoutID, call once.Call) (Checkout, error) {
	if err := begin(call); err != nil {
		return Checkout{}, err
	}
	payment, err := checkout.payment()
	if err != nil {
		return Checkout{}, err
	}
	p, err := s.run(ctx, c, call, opExpire, payment, func(tx *db.Tx) (outcome, error) {
		r, err := lock(tx, payment)
		if err != nil {
			return outcome{}, err
		}
		if !r.receivedBy(c) {
			return outcome{}, fault.ErrNotFound
		}
		if r.state != AwaitingConfirmation {
			return outcome{}, ErrState.Fill(string(r.state))
		}
		if err := s.expire(tx, &r, s.Clock.Now()); err != nil {
			return outcome{}, err
		}
		return r.answer(), nil
	})
	if err != nil {
		return Checkout{}, err
	}
	return s.checkout(ctx, c, checkout, &p)
}

// Checkouts lists the calling shop's sessions, newest first, from the one after the cursor, which is the id of the last one
// seen; limit is 1 to 100. next is "" at the end. Faults: shop_required, invalid_cursor.
func (s *Service) Checkouts(ctx context.Context, c Caller, cursor string, limit int) (list []Checkout, next string, err error) {
	if c.Shop == "" {
		return nil, "", ErrShopOnly
	}
	if cursor == "" {
		cursor = "chk_" + strings.Repeat("z", 26) // after every id, under every collation
	} else if !id.Valid(cursor, "chk") {
		return nil, "", ErrCursor.With("cursor")
	}
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	read, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]session, error) {
		rows, err := db.All(tx, scanCheckout, selectCheckouts, string(c.Shop), cursor, limit+1)
		read := make([]session, len(rows))
		for i := range rows {
			if err != nil {
				break
			}
			read[i].row = rows[i]
			read[i].out, err = load(tx, rows[i].payment, 0)
		}
		return read, err
	})
	if err != nil {
		return nil, "", err
	}
	for i := range read {
		if i == limit {
			return list, string(list[i-1].ID), nil
		}
		k, err := s.showCheckout(ctx, c, read[i], nil)
		if err != nil {
			return nil, "", err
		}
		list = append(list, k)
	}
	return list, "", nil
}

// session is a checkout session as it is stored, with its payment.
type session struct {
	row checkoutRow
	out outcome
}

// checkout reads a session; p is its payment where the caller has it, as of the version an answer shows.
func (s *Service) checkout(ctx context.Context, c Caller, checkout CheckoutID, p *Payment) (Checkout, error) {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if !id.Valid(string(checkout), "chk") {
		return Checkout{}, fault.ErrNotFound
	}
	read, err := db.Read(ctx, s.DB, func(tx *db.Tx) (read session, err error) {
		if read.row, err = db.One(tx, scanCheckout, selectCheckout, string(checkout)); err != nil || p != nil {
			return read, err
		}
		read.out, err = load(tx, read.row.payment, 0)
		return read, err
	})
	if errors.Is(err, db.ErrNoRow) {
		return Checkout{}, fault.ErrNotFound
	}
	if err != nil {
		return Checkout{}, err
	}
	return s.showCheckout(ctx, c, read, p)
}

// showCheckout renders a session for one viewer; p is its payment where that was rendered before.
func (s *Service) showCheckout(ctx context.Context, c Caller, read session, p *Payment) (Checkout, error) {
	if p == nil {
		shown, err := s.show(ctx, c, read.out)
		if err != nil {
			return Checkout{}, err
		}
		p = &shown
	}
	k := Checkout{ID: read.row.id, Shop: read.row.shop, ShopName: p.PayeeName, Payment: *p, ReturnURL: read.row.returnURL,
		CancelURL: read.row.cancelURL, CreatedAt: read.row.createdAt, ExpiresAt: p.ExpiresAt, Replayed: p.Replayed,
		Contact: decodeAsks(read.row.asks), Bill: p.Bill(),
		State: checkoutState(*p, s.Clock.Now())}
	if p.Replayed {
		k.State = checkoutState(*p, p.CreatedAt) // as it was then, not as late as it is now
	}
	items, err := s.open(string(read.row.shop), itemsRow(read.row.id), read.row.items)
	if err != nil || items == "" {
		return k, err
	}
	return k, json.Unmarshal([]byte(items), &k.Items)
}

func checkoutState(p Payment, now time.Time) CheckoutState {
	switch p.State {
	case AwaitingConfirmation:
		if !now.Before(p.ExpiresAt) {
			return CheckoutExpired
		}
		return CheckoutOpen
	case Voided:
		return CheckoutCanceled
	case Expired, Failed:
		// A hold that expired was confirmed once: for the shop's page it is over all the same.
		return CheckoutExpired
	}
	return CheckoutComplete
}
