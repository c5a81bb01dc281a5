package payment

import (
	"context"
	"crypto/hmac"
	"encoding/base32"
	"errors"
	"strings"
	"unicode"

	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/base/money"
	"billfold/base/seal"
	"billfold/core/merchant"
	"billfold/core/payment/qr"
)

// scheme is the globally unique identifier of Billfold's codes: a UUID without hyphens, as MPM 4.6 allows. It is part of every code that
// hangs in a shop: never change it.
const scheme = "8F1D5A6E3C7B4B1E9A02B111F01D0001"

// Where things stand in a code of ours. The payee is always looked up here: the names in the code are for other people's readers.
const (
	codeAccount   = 26 // the account template
	codeHouse     = 1  // which installation
	codeShop      = 2  // its shop, in a static code
	codeCheckout  = 3  // the checkout session, in a dynamic one
	codeSignature = 80 // the template of our signature over everything else
	codeTag       = 1
	codeStore     = 2
	tagBytes      = 16 // 128 bits of the MAC
)

// Sticker is what a shop prints: a static code, which serves many payments.
type Sticker struct {
	Currency money.Currency   // zero: the first that the shop takes
	Amount   money.Amount     // zero: the payer types it
	Store    merchant.StoreID // "" for the shop as a whole
	Tip      qr.Tip
	Bill     string // printed bill number, up to 25 characters of ASCII; qr.AskPayer has the payer asked for it
	Terminal string // which till or table, as Bill
}

// Reading is what a code of ours means. A dynamic one names its checkout, whose payment has the terms; of a static one the payer
// makes a payment with the terms given here.
type Reading struct {
	Shop     merchant.Shop
	Store    merchant.StoreID
	Checkout CheckoutID // "" for a static code
	Currency money.Currency
	Amount   money.Amount // what the shop asks for, without the tip
	Asked    bool         // the shop asks for an amount
	Tip      money.Amount // fixed or by percentage of the amount, where the shop asks for one
	TipKind  qr.TipKind
	Bill     string
	Terminal string
	code     qr.Code
}

// TipOn is the tip that the code itself adds to an amount; zero where there is none or its payer is asked.
func (r Reading) TipOn(amount money.Amount) (money.Amount, error) {
	_, tip, err := r.code.WithTip(amount)
	return tip, err
}

// ShopCode writes a shop's static code. Faults: merchant_not_found, merchant_currency, qr_form with the object that cannot be
// written, and those of amounts.
func (s *Service) ShopCode(ctx context.Context, shop merchant.ID, k Sticker) (string, error) {
	found, err := s.Shops.Get(ctx, shop)
	if err != nil {
		return "", err
	}
	if k.Currency == (money.Currency{}) {
		k.Currency = k.Amount.Currency
	}
	if k.Currency == (money.Currency{}) {
		k.Currency, _ = money.Lookup(found.Currencies[0])
	}
	if !found.Takes(k.Currency) {
		return "", merchant.ErrCurrency.With("currency")
	}
	c, err := s.codeOf(ctx, found, k.Store)
	if err != nil {
		return "", err
	}
	c.Method, c.Tip = qr.Static, k.Tip
	c.Currency, _ = k.Currency.Number()
	if k.Amount != (money.Amount{}) {
		if k.Amount.Currency != k.Currency {
			return "", money.ErrCurrencyMismatch
		}
		if err := k.Amount.Positive(); err != nil {
			return "", err
		}
		c.Amount = k.Amount.Decimal()
	}
	c.Additional.Bill, c.Additional.Terminal = k.Bill, k.Terminal
	c.Accounts[0].Objects = append(c.Accounts[0].Objects, qr.Object{ID: codeShop, Value: body(string(shop))})
	return s.sign(c, k.Store)
}

// CheckoutCode writes the dynamic code of a checkout session, for its shop to show. Faults: not_found, payment_state once it is not
// open any more.
func (s *Service) CheckoutCode(ctx context.Context, shop Caller, checkout CheckoutID) (string, error) {
	k, err := s.GetCheckout(ctx, shop, checkout)
	if err != nil {
		return "", err
	}
	if k.State != CheckoutOpen {
		return "", ErrState.Fill(string(k.Payment.State))
	}
	found, err := s.Shops.Get(ctx, k.Shop)
	if err != nil {
		return "", err
	}
	c, err := s.codeOf(ctx, found, "")
	if err != nil {
		return "", err
	}
	c.Method, c.Amount = qr.Dynamic, k.Payment.Amount.Decimal()
	c.Currency, _ = k.Payment.Amount.Currency.Number()
	c.Additional.Bill, c.Additional.Reference = qr.Plain(k.Bill, billMost), qr.Plain(k.Payment.Reference, 25)
	c.Accounts[0].Objects = append(c.Accounts[0].Objects, qr.Object{ID: codeCheckout, Value: body(string(checkout))})
	return s.sign(c, "")
}

// body is an id without its prefix.
func body(id string) string { return id[strings.IndexByte(id, '_')+1:] }

// codeOf is what every code of a shop says.
func (s *Service) codeOf(ctx context.Context, shop merchant.Shop, store merchant.StoreID) (qr.Code, error) {
	c := qr.Code{Category: shop.MCC, Country: shop.Country, Name: qr.Plain(shop.Name, 25), City: shop.Country,
		Accounts: []qr.Template{{ID: codeAccount, GUID: scheme, Objects: []qr.Object{{ID: codeHouse, Value: s.house()}}}}}
	if c.Name == "" {
		c.Name = qr.Plain(shop.Handle, 25)
	}
	city := ""
	if store != "" {
		found, err := s.Shops.Store(ctx, shop.ID, store)
		if err != nil {
			return c, err
		}
		c.Additional.Store, city = qr.Plain(found.Name, 25), found.City
		if plain := qr.Plain(city, 15); plain != "" {
			c.City = plain
		}
	}
	if strings.ContainsFunc(shop.Name, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		c.Local = qr.Local{Language: "ZH", Name: cut(shop.Name, 25), City: cut(city, 15)}
	}
	return c, nil
}

// cut takes at most so many characters.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// house names this installation in eight characters, so that a code of another one is told from a forged one.
func (s *Service) house() string {
	return shortTag(s.Keys.MacKey("payment.code.house"), 5, s.Installation)
}

// shortTag is the first bytes of a MAC over texts as base32: 8 characters for 5 bytes, 26 for 16.
func shortTag(key *seal.MacKey, bytes int, texts ...string) string {
	parts := make([][]byte, len(texts))
	for i, t := range texts {
		parts[i] = []byte(t)
	}
	sum := key.Sum(parts...)
	return base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:bytes])
}

// sign adds our template and writes the code.
func (s *Service) sign(c qr.Code, store merchant.StoreID) (string, error) {
	t := qr.Template{ID: codeSignature, GUID: scheme}
	if store != "" {
		t.Objects = []qr.Object{{ID: codeStore, Value: body(string(store))}}
	}
	tag, err := s.codeTag(c, t)
	if err != nil {
		return "", err
	}
	t.Objects = append(t.Objects, qr.Object{ID: codeTag, Value: tag})
	c.Unreserved = append(c.Unreserved, t)
	return c.Encode()
}

// codeTag is the signature over a code and what our template says beside it.
func (s *Service) codeTag(c qr.Code, t qr.Template) (string, error) {
	text, err := c.Body()
	return shortTag(s.Keys.MacKey("payment.code"), tagBytes, text, t.Get(codeStore)), err
}

// ReadCode says what a scanned or typed code means. The payee comes from our registry, never from the code, and a code of ours in
// which anything was changed is refused. Faults: qr_form, qr_checksum (it cannot be read), code_foreign (another scheme's, or
// another installation's), code_forged, merchant_not_found, not_found.
func (s *Service) ReadCode(ctx context.Context, payload string) (Reading, error) {
	c, err := qr.Parse(payload)
	name := qr.Foreign(payload, scheme)
	if (errors.Is(err, qr.ErrForm) || errors.Is(err, qr.ErrChecksum)) && (name != "" || foreign(payload)) {
		return Reading{}, foreignCode(name).Because(err)
	}
	if err != nil {
		return Reading{}, err
	}
	account, ok := c.Account(scheme)
	if !ok || account.Get(codeHouse) != s.house() {
		return Reading{}, foreignCode(name)
	}
	signature, _ := c.Other(scheme)
	if err := s.checkCode(c, signature); err != nil {
		return Reading{}, err
	}
	r := Reading{Bill: c.Additional.Bill, Terminal: c.Additional.Terminal, TipKind: c.Tip.Kind, code: c}
	if r.Amount, r.Asked, err = c.Money(); err != nil {
		return Reading{}, err
	}
	r.Currency = r.Amount.Currency
	if _, r.Tip, err = c.WithTip(r.Amount); err != nil {
		return Reading{}, err
	}
	shop := merchant.ID("mch_" + account.Get(codeShop))
	if chk := account.Get(codeCheckout); chk != "" {
		session, err := s.ViewCheckout(ctx, Caller{}, CheckoutID("chk_"+chk))
		if err != nil {
			return Reading{}, err
		}
		r.Checkout, shop = session.ID, session.Shop
	} else if store := signature.Get(codeStore); store != "" {
		r.Store = merchant.StoreID("sto_" + store)
	}
	r.Shop, err = s.Shops.Get(ctx, shop)
	return r, err
}

// foreignCode names the scheme, where it is known.
func foreignCode(name string) *fault.Fault {
	if name == "" {
		return ErrCodeForeign
	}
	return ErrCodeForeign.Say(lang.Text{EN: "It is a code of " + name + ". Nothing was paid. Ask the shop for its code for this wallet.",
		ZH: "这是 " + name + " 的付款码。没有付款。请向商家索取本钱包的付款码。"})
}

// foreign says whether what breaks the standard's tables is a code of another scheme all the same, with the right checksum: some leave out
// the shop's name, its city or its category. Ours are complete, so one of ours that is not was changed.
func foreign(payload string) bool {
	c, _, err := qr.Glance(payload)
	if err != nil || len(c.Schemes)+len(c.Accounts) == 0 {
		return false
	}
	_, ours := c.Account(scheme)
	return !ours
}

// checkCode compares the signature with what it should be.
func (s *Service) checkCode(c qr.Code, signature qr.Template) error {
	var others []qr.Template
	for _, t := range c.Unreserved {
		if !strings.EqualFold(t.GUID, scheme) {
			others = append(others, t)
		}
	}
	c.Unreserved = others
	want, err := s.codeTag(c, signature)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(want), []byte(signature.Get(codeTag))) {
		return ErrCodeForged
	}
	return nil
}
