package api

import (
	"errors"
	"testing"

	"billfold/client"
)

// TestContactFields: a shop asks over the API, a payer's token hands over, and the shop alone reads what it asked for and was given.
func TestContactFields(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "1000")
		const email, city = "Ecom_ShipTo_Online_Email", "Ecom_ShipTo_Postal_City"
		asks := []client.ContactField{{Name: email, Required: true}, {Name: city}}
		c := w.as(w.cafeKey)
		k, err := c.CreateCheckoutSession(w.ctx, client.CreateCheckoutSession{Amount: eur("100"), ReturnURL: "https://cafe.example/",
			ContactFields: asks})
		if err != nil || len(k.ContactFields) != 2 || !k.ContactFields[0].Required || k.ContactFields[1].Required || k.Contact != nil {
			t.Fatalf("%+v, %v", k, err)
		}
		refused := func(err error, code, param string) {
			t.Helper()
			var p *client.Problem
			if !errors.As(err, &p) || p.Code != code || p.Param != param {
				t.Errorf("%v, want %s of %s", err, code, param)
			}
		}
		lena := w.as(w.lenaKey)
		_, err = lena.ConfirmPayment(w.ctx, k.Payment.ID, client.ConfirmPayment{Contact: map[string]string{city: "Köln"}})
		refused(err, "contact_required", "contact."+email)
		_, err = lena.ConfirmPayment(w.ctx, k.Payment.ID, client.ConfirmPayment{Contact: map[string]string{email: "nowhere"}})
		refused(err, "contact_value", "contact."+email)
		if p, err := lena.ConfirmPayment(w.ctx, k.Payment.ID, client.ConfirmPayment{Contact: map[string]string{email: "lena@example.org",
			"Ecom_BillTo_Postal_City": "Bonn"}}); err != nil || p.State != "completed" {
			t.Fatalf("%+v, %v", p, err)
		}
		read, err := c.CheckoutSession(w.ctx, k.ID)
		if err != nil || len(read.Contact) != 1 || read.Contact[email] != "lena@example.org" {
			t.Errorf("the shop reads %v, %v", read.Contact, err)
		}
		if list, err := c.CheckoutSessions(w.ctx, client.Page{}); err != nil || list.Data[0].Contact != nil {
			t.Errorf("the list tells %v, %v", list.Data[0].Contact, err)
		}
		if _, err := w.as(w.kioskKey).CheckoutSession(w.ctx, k.ID); err == nil {
			t.Error("another shop reads it")
		}
		amount := eur("100")
		_, err = c.CreateCheckoutSession(w.ctx, client.CreateCheckoutSession{Amount: amount, ReturnURL: "https://cafe.example/",
			ContactFields: []client.ContactField{{Name: "Ecom_Payment_Card_Number"}}})
		refused(err, "contact_fields", "contact_fields")
		l, err := c.CreateCheckoutLink(w.ctx, client.CreateCheckoutLink{Title: "Box", Amount: &amount, ContactFields: asks[:1]})
		if err != nil || len(l.ContactFields) != 1 || l.ContactFields[0] != asks[0] {
			t.Errorf("a link asks for %+v, %v", l.ContactFields, err)
		}
	})
}
