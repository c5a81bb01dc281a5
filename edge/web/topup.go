package web

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"

	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/edge/web/ui"
)

// cards are the sandbox's test cards as people see them. The tokens are all there is: no number is typed or kept.
var cards = []ui.Card{
	{Token: rail.TokenOK, Brand: "Visa", Last4: "4242", Behaviour: "ok"},
	{Token: rail.TokenDecline, Brand: "Visa", Last4: "0002", Behaviour: "decline"},
	{Token: rail.TokenInsufficient, Brand: "Visa", Last4: "9995", Behaviour: "insufficient_funds"},
	{Token: rail.TokenSlow, Brand: "Mastercard", Last4: "4444", Behaviour: "slow"},
	{Token: rail.TokenLost, Brand: "Mastercard", Last4: "5100", Behaviour: "lost"},
	{Token: rail.TokenDispute, Brand: "Visa", Last4: "0259", Behaviour: "dispute"},
}

// currencies are those a wallet can be filled in.
func (s *site) currencies() []string {
	if len(s.Payments.Currencies) > 0 {
		return s.Payments.Currencies
	}
	return []string{"EUR", "USD", "CNY", "JPY"}
}

func (s *site) topUpForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	if len(s.Payments.Rails) == 0 {
		return errMissing
	}
	currency := r.FormValue("currency")
	if !slices.Contains(s.currencies(), currency) {
		currency = s.currencies()[0]
		if pockets, err := s.pockets(r, "user/"+string(v.session.Person.ID), nil); err == nil && len(pockets) > 0 {
			currency = pockets[0].Code
		}
	}
	return s.topUpPage(w, r, v, http.StatusOK, ui.TopUp{Amount: r.FormValue("amount"), Currency: currency,
		Return: local(r.FormValue("return"), "")})
}

func (s *site) topUpPage(w http.ResponseWriter, r *http.Request, v *visit, status int, form ui.TopUp) error {
	v.scene.Area = "topup"
	form.Currencies = s.currencies()
	for _, card := range cards {
		if s.Payments.Rails[0].Accepts(card.Token) {
			form.Cards = append(form.Cards, card)
		}
	}
	form.Bank, form.Nonce = s.Payments.Bank != nil, nonce()
	return s.draw(w, r, v, status, ui.Extra{}, ui.TopUpPage(form))
}

// topUp asks the card. The form's nonce is the idempotency key: pressing again leads to the same payment's page.
func (s *site) topUp(w http.ResponseWriter, r *http.Request, v *visit) error {
	if len(s.Payments.Rails) == 0 {
		return errMissing
	}
	f := r.PostForm
	form := ui.TopUp{Amount: f.Get("amount"), Currency: f.Get("currency"), Card: f.Get("card"), Return: local(f.Get("return"), "")}
	again := func(name, words string) error {
		form.Errors = ui.FieldErrors{name: words}
		return s.topUpPage(w, r, v, http.StatusUnprocessableEntity, form)
	}
	c, err := money.ParseCurrency(form.Currency)
	if err == nil {
		var amount money.Amount
		if amount, err = amountField(form.Amount, c); err == nil {
			var p payment.Payment
			p, err = s.Payments.TopUp(r.Context(), v.caller(), amount, form.Card, formCall(f.Get("nonce"), amount.String(), form.Card))
			if err == nil {
				return s.redirect(w, r, withReturn("/activity/"+string(p.ID), form.Return))
			}
		}
	}
	switch {
	case stale(err):
		return again("", v.say("form.stale"))
	case codeOf(err) == payment.ErrMethod.Code:
		_, words, _ := field(v.scene.Lang, err)
		return again("card", words)
	}
	if _, words, ok := field(v.scene.Lang, err); ok {
		return again("amount", words)
	}
	return err
}

// nonceLength is how long a form's nonce is; anything else did not come from our form.
const nonceLength = 26

// formCall is the idempotency of a form: its nonce, and a hash of what was filled in. Without a nonce there is no key, and the verb
// refuses: a form of ours always has one.
func formCall(nonce string, filled ...string) once.Call {
	call := once.Call{Hash: sha256.Sum256([]byte(strings.Join(filled, "\x00")))}
	if len(nonce) == nonceLength {
		call.Key = "web-" + nonce
	}
	return call
}

// stale says that a form was sent before with other content, or is none of ours.
func stale(err error) bool {
	switch codeOf(err) {
	case once.ErrMismatch.Code, once.ErrKeyInvalid.Code, payment.ErrKeyRequired.Code:
		return true
	}
	return false
}
