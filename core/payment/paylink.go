package payment

import (
	"context"
	"errors"
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

// PayLinkID names an address under which a shop can be paid: lnk_ and 26 characters. Whoever has it may open a checkout under it.
type PayLinkID string

// PayLink is a shop's address for being paid: an amount that stands, or one that the payer types, as often as the shop wants. What it
// asks for lies here and not in its address, so there is nothing in the address to edit.
type PayLink struct {
	ID          PayLinkID
	Shop        merchant.ID
	ShopName    string
	Title       string
	Description string
	Amount      money.Amount // Minor 0: the payer types it
	Least       int64        // of what a payer may type, in minor units
	Most        int64        // how often it is paid at most, 0 = as often as anybody likes
	Used        int64        // how often it was paid
	Contact     []ContactField
	ExpiresAt   time.Time // zero = never
	DisabledAt  time.Time // zero = it is not
	CreatedAt   time.Time
	Replayed    bool
}

// Open says whether an amount stands open for the payer to type.
func (l PayLink) Open() bool { return l.Amount.Minor == 0 }

// State is "active", or why nobody can pay under it: "disabled", "expired", "used".
func (l PayLink) State(now time.Time) string {
	switch {
	case !l.DisabledAt.IsZero():
		return "disabled"
	case !l.ExpiresAt.IsZero() && !now.Before(l.ExpiresAt):
		return "expired"
	case l.Most > 0 && l.Used >= l.Most:
		return "used"
	}
	return "active"
}

const (
	maxLinkTitle = 120
	maxLinkUses  = 1_000_000
	maxPayLinks  = 10_000 // of one shop
	payLinkLife  = time.Hour
)

// CreatePayLink makes an address for being paid. Faults: idempotency_key_required, idempotency_mismatch, shop_required, invalid_text,
// amount_not_positive, currency_not_available, invalid_expiry, checkout_link_terms, checkout_links_full, contact_fields.
func (s *Service) CreatePayLink(ctx context.Context, c Caller, l PayLink, call once.Call) (PayLink, error) {
	if err := begin(call); err != nil {
		return PayLink{}, err
	}
	if c.Shop == "" {
		return PayLink{}, ErrShopOnly
	}
	now := s.Clock.Now()
	call.Caller, call.Operation = c.name(), opPayLink
	shop, err := s.Shops.Get(ctx, c.Shop)
	if err != nil {
		return PayLink{}, err
	}
	if err := l.check(now); err != nil {
		again, found, failed := s.payLinkAgain(ctx, call, shop.Name) // its end may have come since it was made by this key
		if failed != nil || found {
			return again, failed
		}
		return PayLink{}, err
	}
	if !shop.Takes(l.Amount.Currency) || !standard(l.Amount.Currency) {
		return PayLink{}, ErrCurrency.Fill(l.Amount.Currency.Code).With("currency")
	}
	asks, err := encodeAsks(l.Contact)
	if err != nil {
		return PayLink{}, err
	}
	l.ID, l.Shop, l.ShopName, l.CreatedAt, l.Used, l.DisabledAt = PayLinkID(s.IDs.New("lnk")), c.Shop, shop.Name, now, 0, time.Time{}
	sealed, err := s.sealText(string(c.Shop), payLinkRow(l.ID), l.Description)
	if err != nil {
		return PayLink{}, err
	}
	made, err := db.Write(ctx, s.DB, func(tx *db.Tx) (PayLink, error) {
		if again, found, err := s.findPayLink(tx, call); err != nil || found {
			return again, err
		}
		if err := s.payeeActive(tx, string(c.Shop)); err != nil {
			return PayLink{}, err
		}
		n, err := db.One(tx, scanCount, countPayLinks, string(c.Shop))
		if err != nil || n >= maxPayLinks {
			return PayLink{}, errors.Join(err, ErrPayLinks)
		}
		tx.Queue(insertPayLink, string(l.ID), string(l.Shop), l.Title, sealed, l.Amount.Currency.Code, int64(l.Amount.Currency.Scale),
			l.Amount.Minor, l.Least, l.Most, micros(l.ExpiresAt), clock.Micros(now), asks)
		once.Record(tx, once.Answer{Call: call, Object: string(l.ID), Version: 1})
		return l, nil
	})
	if err == nil && made.Replayed {
		made.ShopName = shop.Name
	}
	return made, err
}

// findPayLink finds the address that a call has made before.
func (s *Service) findPayLink(tx *db.Tx, call once.Call) (again PayLink, found bool, err error) {
	known, _, found, err := once.Find(tx, call)
	if err == nil && found {
		again, err = s.payLink(tx, PayLinkID(known), nil)
		again.Replayed = true
	}
	return again, found, err
}

func (s *Service) payLinkAgain(ctx context.Context, call once.Call, shop string) (again PayLink, found bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		again, found, err = s.findPayLink(tx, call)
		return err
	})
	again.ShopName = shop
	return again, found, err
}

func (l *PayLink) check(now time.Time) error {
	l.Title = strings.TrimSpace(l.Title)
	switch {
	case l.Title == "":
		return ErrPayLink.With("title")
	case l.Amount.Minor < 0:
		return money.ErrAmountNotPositive
	case l.Least < 0 || l.Least > 0 && !l.Open():
		return ErrPayLink.With("least")
	case l.Most < 0 || l.Most > maxLinkUses:
		return ErrPayLink.With("uses")
	case !l.ExpiresAt.IsZero() && l.ExpiresAt.Before(now.Add(ShortestExpiry)):
		return ErrExpiry.With("expires_at")
	}
	l.ExpiresAt = l.ExpiresAt.UTC().Truncate(time.Microsecond)
	if err := plain("title", l.Title, maxLinkTitle, false); err != nil {
		return err
	}
	return plain("description", l.Description, maxDescription, true)
}

func payLinkRow(link PayLinkID) string { return "payment_paylink.description/" + string(link) }

// payLink reads one; before is an error that comes first.
func (s *Service) payLink(tx *db.Tx, link PayLinkID, before error) (PayLink, error) {
	if before != nil {
		return PayLink{}, before
	}
	if !id.Valid(string(link), "lnk") {
		return PayLink{}, fault.ErrNotFound
	}
	row, err := db.One(tx, scanPayLink, selectPayLink, string(link))
	if err != nil {
		return PayLink{}, notFound(err)
	}
	return s.openPayLink(row)
}

func (s *Service) openPayLink(row payLinkSealed) (PayLink, error) {
	var err error
	row.Description, err = s.open(string(row.Shop), payLinkRow(row.ID), row.sealed)
	return row.PayLink, err
}

type payLinkSealed struct {
	PayLink
	sealed []byte
}

func scanPayLink(row db.Row) (l payLinkSealed, err error) {
	var link, shop, asks string
	var scale, expires, disabled, created int64
	err = row.Scan(&link, &shop, &l.Title, &l.sealed, &l.Amount.Currency.Code, &scale, &l.Amount.Minor, &l.Least, &l.Most, &l.Used,
		&expires, &disabled, &created, &asks)
	l.Contact = decodeAsks(asks)
	l.ID, l.Shop, l.Amount.Currency.Scale = PayLinkID(link), merchant.ID(shop), uint8(scale)
	l.ExpiresAt, l.DisabledAt, l.CreatedAt = moment(expires), moment(disabled), moment(created)
	return l, err
}

// ViewPayLink is what whoever has the address sees. not_found for one that does not exist.
func (s *Service) ViewPayLink(ctx context.Context, link PayLinkID) (PayLink, error) {
	l, err := db.Read(ctx, s.DB, func(tx *db.Tx) (PayLink, error) { return s.payLink(tx, link, nil) })
	if err == nil {
		l.ShopName, err = s.name(ctx, string(l.Shop))
	}
	return l, err
}

// PayLinkOf is ViewPayLink for its shop; not_found for anybody else.
func (s *Service) PayLinkOf(ctx context.Context, c Caller, link PayLinkID) (PayLink, error) {
	l, err := s.ViewPayLink(ctx, link)
	if err == nil && (c.Shop == "" || c.Shop != l.Shop) {
		err = fault.ErrNotFound
	}
	if err != nil {
		return PayLink{}, err
	}
	return l, nil
}

// PayLinks lists the calling shop's, newest first, from the one after the cursor on, which is the id of the last one seen; limit is 1
// to 100. Faults: shop_required, invalid_cursor.
func (s *Service) PayLinks(ctx context.Context, c Caller, cursor string, limit int) (list []PayLink, next string, err error) {
	if c.Shop == "" {
		return nil, "", ErrShopOnly
	}
	if cursor == "" {
		cursor = "lnk_" + strings.Repeat("z", 26)
	} else if !id.Valid(cursor, "lnk") {
		return nil, "", ErrCursor.With("cursor")
	}
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]payLinkSealed, error) {
		return db.All(tx, scanPayLink, selectPayLinks, string(c.Shop), cursor, limit+1)
	})
	if err != nil {
		return nil, "", err
	}
	for i, row := range rows {
		if i == limit {
			return list, string(list[i-1].ID), nil
		}
		l, err := s.openPayLink(row)
		if err != nil {
			return nil, "", err
		}
		list = append(list, l)
	}
	return list, "", nil
}

// SetPayLink closes an address to payers, or opens it again. Faults: shop_required, not_found.
func (s *Service) SetPayLink(ctx context.Context, c Caller, link PayLinkID, disabled bool) (PayLink, error) {
	if _, err := s.PayLinkOf(ctx, c, link); err != nil {
		return PayLink{}, err
	}
	at := int64(0)
	if disabled {
		at = clock.Micros(s.Clock.Now())
	}
	if err := s.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Queue(updatePayLink, string(link), at)
		return nil
	}); err != nil {
		return PayLink{}, err
	}
	return s.PayLinkOf(ctx, c, link)
}

// OpenPayLink opens a checkout under an address, for whoever has it. amount is what the payer typed, and counts only where the shop left
// it open. The use is counted when it is paid, in the transaction that pays: of two who open the last one, one pays.
//
// Faults: not_found, checkout_link_over, checkout_link_amount, currency_mismatch, and those of CreateCheckout.
func (s *Service) OpenPayLink(ctx context.Context, link PayLinkID, amount money.Amount, call once.Call) (Checkout, error) {
	l, err := s.ViewPayLink(ctx, link)
	if err != nil {
		return Checkout{}, err
	}
	now := s.Clock.Now()
	c := Caller{Shop: l.Shop, Name: "link/" + string(link)}
	if amount, err = l.asks(amount, now); err != nil {
		if begin(call) != nil {
			return Checkout{}, err
		}
		p, err := s.again(ctx, c, call, opCheckout, err) // it may have been opened by this key when it was not over yet
		if err != nil {
			return Checkout{}, err
		}
		return s.checkout(ctx, c, CheckoutOf(p.ID), &p)
	}
	until := now.Add(payLinkLife)
	if !l.ExpiresAt.IsZero() && l.ExpiresAt.Before(until) {
		until = l.ExpiresAt
	}
	if soonest := now.Add(ShortestExpiry); until.Before(soonest) {
		until = soonest // an address that ends within a minute still lets who is there finish
	}
	return s.CreateCheckout(ctx, c, CheckoutTerms{InPerson: true, link: link, Contact: l.Contact,
		Terms: Terms{Amount: amount, Description: l.Title, ExpiresAt: until}}, call)
}

// asks is what a payer is asked for who typed an amount, or why nobody can pay that.
func (l PayLink) asks(typed money.Amount, now time.Time) (money.Amount, error) {
	if l.State(now) != "active" {
		return typed, ErrPayLinkOver
	}
	if !l.Open() {
		typed = l.Amount
	}
	switch {
	case typed.Currency != l.Amount.Currency:
		return typed, money.ErrCurrencyMismatch.With("amount")
	case l.Open() && typed.Minor < l.Least:
		return typed, ErrPayLinkAmount.Fill(l.Amount.Currency.Of(l.Least).String()).With("amount")
	}
	return typed, nil
}

// useLink counts a payment under an address, and refuses one too many. unuse takes it back where a card was declined.
func (s *Service) useLink(tx *db.Tx, link PayLinkID) error {
	if link == "" {
		return nil
	}
	row, err := db.One(tx, scanPayLink, selectPayLink+tx.ForUpdate(), string(link))
	if err != nil {
		return err
	}
	if row.Most > 0 && row.Used >= row.Most || !row.DisabledAt.IsZero() {
		return ErrPayLinkOver
	}
	tx.Queue(countPayLink, string(link), int64(1))
	return nil
}

func (s *Service) unuseLink(tx *db.Tx, payment ID) error {
	k, err := db.One(tx, scanCheckout, selectCheckout, string(CheckoutOf(payment)))
	if err == nil && k.link != "" {
		tx.Queue(countPayLink, string(k.link), int64(-1))
	}
	return err
}
