package payment

import (
	"strings"
	"testing"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/rail"
)

const (
	askEmail = "Ecom_ShipTo_Online_Email"
	askPhone = "Ecom_ShipTo_Telecom_Phone_Number"
	askCity  = "Ecom_ShipTo_Postal_City"
)

func (w *world) asking(list ...ContactField) (Checkout, error) {
	return w.CreateCheckout(w.ctx, w.byShop(), CheckoutTerms{Terms: Terms{Amount: eur.Of(500)}, ReturnURL: "https://shop.example/",
		Contact: list}, w.key())
}

// A shop gets exactly what it asked for and the payer filled in, once it is paid; nobody else is told; what is required is required of a
// token and of a card too; no row holds it in the clear, and it goes with the person.
func TestHandover(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		k, err := w.asking(ContactField{askEmail, true}, ContactField{askPhone, false})
		w.ok(err)
		seen, err := w.ViewCheckout(w.ctx, Caller{}, k.ID)
		if err != nil || len(seen.Contact) != 2 || !seen.Contact[0].Required || seen.Contact[1].Required || seen.Given != nil {
			t.Errorf("asked for %+v, %v", seen.Contact, err)
		}
		if asks, err := w.AsksContact(w.ctx, k.Payment); err != nil || !asks {
			t.Errorf("asks for something: %v, %v", asks, err)
		}
		_, err = w.PayCheckout(w.ctx, w.by(w.lena), k.ID, Consent{}, w.key())
		w.refused(err, ErrContactRequired, "paid without what is required")
		_, err = w.Confirm(w.ctx, w.by(w.lena), k.Payment.ID, Consent{Contact: map[string]string{askEmail: "  ", askPhone: "112"}}, w.key())
		w.refused(err, ErrContactRequired, "confirmed by another door")
		_, err = w.PayByCard(w.ctx, k.ID, w.plastic(rail.TokenOK), nil, w.key())
		w.refused(err, ErrContactRequired, "a card without what is required")
		_, err = w.PayCheckout(w.ctx, w.by(w.lena), k.ID, Consent{Contact: map[string]string{askEmail: "a\nb"}}, w.key())
		w.refused(err, identity.ErrContactValue, "two lines")
		given := map[string]string{askEmail: " canary@example.org ", askPhone: "", askCity: "Berlin", "Ecom_Payment_Card_Number": "4242"}
		call := w.key()
		_, err = w.PayCheckout(w.ctx, w.by(w.lena), k.ID, Consent{Contact: given}, call)
		w.ok(err)
		again, err := w.PayCheckout(w.ctx, w.by(w.lena), k.ID, Consent{}, call)
		if err != nil || !again.Replayed {
			t.Errorf("pressed again: %+v, %v", again, err)
		}
		shop, err := w.GetCheckout(w.ctx, w.byShop(), k.ID)
		if err != nil || len(shop.Given) != 1 || shop.Given[askEmail] != "canary@example.org" {
			t.Errorf("the shop has %v, %v", shop.Given, err)
		}
		for _, c := range []Caller{{}, w.by(w.omar), {Shop: merchant.ID(w.ids.New("mch"))}} {
			if view, err := w.ViewCheckout(w.ctx, c, k.ID); err != nil || view.Given != nil {
				t.Errorf("%+v sees %v, %v", c, view.Given, err)
			}
			_, err := w.HandedOver(w.ctx, c, shop.Payment)
			w.refused(err, fault.ErrNotFound, "told to somebody else")
		}
		own, err := w.HandoversOf(w.ctx, w.lena)
		if err != nil || len(own) != 1 || own[0].Fields[askEmail] == "" || own[0].Payment != k.Payment.ID {
			t.Errorf("she handed over %+v, %v", own, err)
		}
		raw, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) (handedRow, error) {
			return db.One(tx, scanHandover, selectHandover, string(k.Payment.ID))
		})
		if err != nil || len(raw.given) == 0 || strings.Contains(string(raw.given), "canary") {
			t.Errorf("kept as %x, %v", raw.given, err)
		}
		w.ok(w.Keys.Destroy(string(w.lena)))
		if gone, err := w.GetCheckout(w.ctx, w.byShop(), k.ID); err != nil || len(gone.Given) != 0 {
			t.Errorf("after she was erased: %v, %v", gone.Given, err)
		}
	})
}

// What a guest hands over reaches the shop when the card was charged and not before; after a decline the next payer's counts, and where
// they give nothing there is nothing. A payment link asks for the same.
func TestGuestHandover(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.omar, 10_000)
		says := func(k Checkout, outcome rail.Outcome) {
			t.Helper()
			w.ok(w.Settle(w.ctx, rail.Callback{ID: w.ids.New("cb"), Rail: rail.Card, Reference: string(k.Payment.ID), Merchant: "test",
				Outcome: outcome, Amount: 500, Currency: "EUR"}))
		}
		given := func(k Checkout) map[string]string {
			t.Helper()
			now, err := w.GetCheckout(w.ctx, w.byShop(), k.ID)
			w.ok(err)
			return now.Given
		}
		guest, err := w.asking(ContactField{askCity, true})
		w.ok(err)
		_, err = w.PayByCard(w.ctx, guest.ID, w.plastic(rail.TokenLater), map[string]string{askCity: "Köln"}, w.key())
		w.ok(err)
		if early := given(guest); early != nil {
			t.Errorf("before it is paid: %v", early)
		}
		says(guest, rail.Settled)
		if paid := given(guest); paid[askCity] != "Köln" {
			t.Errorf("of a guest: %v", paid)
		}
		declined, err := w.asking(ContactField{askCity, false})
		w.ok(err)
		_, err = w.PayByCard(w.ctx, declined.ID, w.plastic(rail.TokenLater), map[string]string{askCity: "Köln"}, w.key())
		w.ok(err)
		says(declined, rail.Declined)
		_, err = w.PayCheckout(w.ctx, w.by(w.omar), declined.ID, Consent{}, w.key())
		w.ok(err)
		if left := given(declined); len(left) != 0 {
			t.Errorf("somebody else's is left: %v", left)
		}
		link, err := w.CreatePayLink(w.ctx, w.byShop(), PayLink{Title: "Box", Amount: eur.Of(500),
			Contact: []ContactField{{askEmail, true}}}, w.key())
		w.ok(err)
		if list, _, err := w.PayLinks(w.ctx, w.byShop(), "", 1); err != nil || len(list[0].Contact) != 1 || !list[0].Contact[0].Required {
			t.Errorf("the link asks for %+v, %v", list, err)
		}
		opened, err := w.OpenPayLink(w.ctx, link.ID, eur.Of(0), w.key())
		w.ok(err)
		if len(opened.Contact) != 1 || opened.Contact[0] != (ContactField{askEmail, true}) {
			t.Errorf("a link's checkout asks for %+v", opened.Contact)
		}
		for _, bad := range [][]ContactField{{{"email", true}}, {{"", false}}, {{askCity, true}, {askCity, false}}} {
			_, err := w.asking(bad...)
			w.refused(err, ErrContactFields, "asking for what is none")
			_, err = w.CreatePayLink(w.ctx, w.byShop(), PayLink{Title: "Box", Amount: eur.Of(500), Contact: bad}, w.key())
			w.refused(err, ErrContactFields, "a link that asks for what is none")
		}
	})
}
