package web

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"

	"billfold/base/id"
	"billfold/base/once"
	"billfold/core/payment"
)

func (w *world) asking(fields ...payment.ContactField) payment.Checkout {
	w.t.Helper()
	k, err := w.Payments.CreateCheckout(w.t.Context(), payment.Caller{Shop: w.cafe.ID}, payment.CheckoutTerms{
		ReturnURL: "https://cafe.example/thanks", Terms: payment.Terms{Amount: eur.Of(3_00)}, Contact: fields},
		once.Call{Key: id.Secret(8), Hash: sha256.Sum256([]byte("x"))})
	w.must(err)
	return k
}

// A shop asks for an address: who pays sees it in the form that pays, is told what is missing, hands over what stands there and keeps it
// for the next time; the owner sees it on the payment, somebody else nowhere, and no address of a page has it. None of it needs JavaScript.
func TestHandover(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 50_00)
	lena, rosa, olu := w.browser(), w.browser(), w.browser()
	lena.signIn("lena")
	rosa.signIn("rosa")
	olu.signIn("olu")
	const first, city, email, phone = "Ecom_ShipTo_Postal_Name_First", "Ecom_ShipTo_Postal_City", "Ecom_ReceiptTo_Online_Email",
		"Ecom_ShipTo_Telecom_Phone_Number"
	asks := []payment.ContactField{{Name: first, Required: true}, {Name: city, Required: true}, {Name: email, Required: true}, {Name: phone}}
	k := w.asking(asks...)
	path := "/c/" + string(k.ID)
	page := lena.get(path)
	lena.wants(page, http.StatusOK, "Rosa&#39;s Café &lt;i&gt; asks for this", `autocomplete="shipping given-name"`,
		`autocomplete="shipping tel"`, `autocomplete="email"`, `value="lena@example.org"`, "Delivery", "Receipt")
	lena.wants(lena.get("/confirm/"+string(k.Payment.ID)), http.StatusOK, "asks for this")
	page = lena.submit(page, path, first, "Lena", city, " ", "keep", "yes")
	lena.wants(page, http.StatusUnprocessableEntity, `id="e-`+city+`"`, `value="Lena"`, "Nothing was taken")
	page = lena.submit(page, path, first, "Lena", city, "Canary\u202egasse", "keep", "yes")
	lena.wants(page, http.StatusUnprocessableEntity, `id="e-`+city+`"`)
	sent := lena.press(page, path, first, "Lena", city, "Canarystadt", phone, "", "keep", "yes", "Ecom_ShipTo_Postal_Company", "Not asked")
	if sent.status != http.StatusSeeOther || sent.location != path {
		t.Fatalf("paid: %d to %s", sent.status, sent.location)
	}
	paid := lena.until(path, "What the shop was given")
	lena.wants(paid, http.StatusOK, "Canarystadt")
	for _, b := range []*browser{olu, w.browser(), rosa} {
		if html := b.get(path).html; strings.Contains(html, "Canarystadt") {
			t.Error("whoever has the link reads what was handed over")
		}
	}
	shown := rosa.get("/m/" + string(w.cafe.ID) + "/payments/" + string(k.Payment.ID))
	rosa.wants(shown, http.StatusOK, "What the shop was given", "Canarystadt", "lena@example.org")
	if strings.Contains(shown.html, "Not asked") {
		t.Error("the shop was given what it did not ask for")
	}
	lena.wants(lena.get("/activity/"+string(k.Payment.ID)), http.StatusOK, "Canarystadt")
	olu.wants(olu.get("/activity/"+string(k.Payment.ID)), http.StatusNotFound)

	next := w.asking(asks...)
	lena.wants(lena.get("/c/"+string(next.ID)), http.StatusOK, `value="Canarystadt"`)
	settings := lena.get("/addresses")
	lena.wants(settings, http.StatusOK, "Canarystadt", "Rosa&#39;s Café", "First name · Town · E-mail")
	settings = lena.submit(settings, "/addresses", "Postal_City", "Köln", "Postal_CountryCode", "Germany")
	lena.wants(settings, http.StatusUnprocessableEntity, "e-Postal_CountryCode-adr_", `value="Köln"`)
	settings = lena.submit(settings, "/addresses", "Postal_City", "Köln", "Postal_CountryCode", "de")
	lena.wants(settings, http.StatusOK, "Köln DE", "The address is saved")
	own := rosa.get("/addresses")
	rosa.wants(own, http.StatusOK, "Another address")
	foreign := lena.form(settings, "/addresses/remove")
	foreign.Set("csrf", rosa.form(own, "/addresses").Get("csrf"))
	rosa.wants(rosa.send("/addresses/remove", foreign), http.StatusNotFound)
	lena.wants(lena.submit(settings, "/addresses/remove"), http.StatusOK, "The address is removed")
	if html := lena.get("/c/" + string(next.ID)).html; strings.Contains(html, "Köln") {
		t.Error("a removed address is proposed")
	}
}

// A guest hands over with a card; what was typed wrongly is shown again, the card's number is not. The panel gives samples. A payment link
// asks as its owner ticked.
func TestGuestHandover(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	guest, rosa := w.browser(), w.browser()
	rosa.signIn("rosa")
	const city = "Ecom_ShipTo_Postal_City"
	k := w.asking(payment.ContactField{Name: city, Required: true})
	path := "/c/" + string(k.ID)
	card := []string{"card_number", "4242424242424242", "card_expiry", "04/30", "card_code", "123"}
	page := guest.submit(guest.get(path+"?pay=card"), path+"/card", card...)
	guest.wants(page, http.StatusUnprocessableEntity, `id="e-`+city+`"`)
	if strings.Contains(page.html, "42424242") || strings.Contains(page.html, `name="keep"`) {
		t.Error("the page shows the card, or offers to save for nobody")
	}
	guest.wants(guest.submit(page, path+"/card", append(card, city, "Köln")...), http.StatusOK, "Processing")
	guest.until(path, `data-final="Paid"`)
	shop := "/m/" + string(w.cafe.ID)
	rosa.wants(rosa.get(shop+"/payments/"+string(k.Payment.ID)), http.StatusOK, "Köln")

	played := w.asking(payment.ContactField{Name: city, Required: true})
	guest.submit(guest.get("/c/"+string(played.ID)), "/dev/checkout/"+string(played.ID), "do", "pay")
	guest.until("/c/"+string(played.ID), `data-final="Paid"`)

	rosa.wants(rosa.submit(rosa.get(shop+"/links"), shop+"/links", "title", "Box", "amount", "15", "ask", "address"), http.StatusOK,
		"Street and number · Address, second line · Postal code · Town · Country")
	list, _, err := w.Payments.PayLinks(t.Context(), payment.Caller{Shop: w.cafe.ID}, "", 1)
	w.must(err)
	link := "/l/" + string(list[0].ID)
	open := guest.submit(guest.get(link), link)
	guest.wants(guest.get(open.path+"?pay=card"), http.StatusOK, `autocomplete="shipping country"`)
}
