package web

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"billfold/core/merchant"
	"billfold/core/payment"
)

var pairingCode = regexp.MustCompile(`id="pairing-code"[^>]*>([a-z0-9-]+)<`)

// counter sets a shop up as its owner does on the pages, and answers with the browser of the till's device, Ana signed in.
func (w *world) counter(owner *browser) *browser {
	w.t.Helper()
	base := "/m/" + string(w.cafe.ID)
	page := owner.submit(owner.get(base+"/floor"), base+"/stores", "name", "Linden Square", "city", "Berlin")
	owner.wants(page, http.StatusOK, "Linden Square")
	stores, err := w.Shops.Stores(w.t.Context(), w.cafe.ID)
	w.must(err)
	add := base + "/stores/" + string(stores[0].ID) + "/tills"
	page = owner.submit(page, add, "name", "Counter")
	code := pairingCode.FindStringSubmatch(page.html)
	if code == nil {
		w.t.Fatalf("no pairing code: %s", plainText(page.html))
	}
	page = owner.submit(owner.get(base+"/floor"), base+"/staff", "name", "Ana", "pin", "4071", "limit", "5,00")
	owner.wants(page, http.StatusOK, "Ana", "5.00")
	till := w.browser()
	till.wants(till.submit(till.get("/till"), "/till/pair", "code", "0000-0000"), http.StatusUnprocessableEntity, "Codes work once")
	page = till.submit(till.get("/till"), "/till/pair", "code", strings.ToUpper(code[1]))
	till.wants(page, http.StatusOK, "Ana")
	till.wants(till.submit(page, "/till/signin", "pin", "1111"), http.StatusUnauthorized, "After five wrong PINs")
	till.wants(till.submit(page, "/till/signin", "pin", "4071"), http.StatusOK, "Show the code")
	return till
}

// A shop opens a till, a customer scans what it shows and pays, both see it, and the clerk gives back what they may.
func TestTill(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 50_00)
	rosa, lena := w.browser(), w.browser()
	rosa.signIn("rosa")
	lena.signIn("lena")
	till := w.counter(rosa)

	till.wants(till.submit(till.get("/till"), "/till/charge", "amount", "nothing"), http.StatusBadRequest, "Amount")
	page := till.submit(till.get("/till"), "/till/charge", "amount", "4,20", "what", "Flat white")
	till.wants(page, http.StatusOK, "€4.20", "Flat white", `class="qr"`)
	sale := page.path
	k := payment.CheckoutID(strings.TrimPrefix(sale, "/till/"))
	code, err := w.Payments.CheckoutCode(t.Context(), payment.Caller{Shop: w.cafe.ID}, k)
	w.must(err)
	page = lena.submit(lena.get("/scan"), "/scan", "code", code)
	lena.wants(page, http.StatusOK, "Pay €4.20")
	if page.path != "/c/"+string(k) {
		t.Errorf("the code leads to %s", page.path)
	}
	lena.wants(lena.submit(page, "/c/"+string(k)), http.StatusOK, "Paid")
	till.wants(till.until(sale, "data-final"), http.StatusOK, "Paid", "Lena H.")

	page = till.get("/till/today")
	till.wants(page, http.StatusOK, "€4.20", "€5.00")
	till.wants(till.submit(page, "/till/refund", "amount", "4.21"), http.StatusUnprocessableEntity, "4.20")
	till.wants(till.submit(page, "/till/refund", "amount", "4.20", "reason", "Cold"), http.StatusOK, "Refunded")
	if left := w.balanceOf(w.lena); left != 50_00 {
		t.Errorf("Lena has %d", left)
	}
	// The day's limit was 5.00: of the next sale 0.80 is left to give back.
	page = till.submit(till.get("/till"), "/till/charge", "amount", "2.00")
	k = payment.CheckoutID(strings.TrimPrefix(page.path, "/till/"))
	lena.wants(lena.submit(lena.get("/c/"+string(k)), "/c/"+string(k)), http.StatusOK, "Paid")
	page = till.get("/till/today")
	till.wants(till.submit(page, "/till/refund", "amount", "2.00"), http.StatusForbidden, "0.80")

	page = till.submit(till.get("/till"), "/till/charge", "amount", "9.99")
	cancel := page.path + "/cancel"
	till.wants(till.submit(page, cancel), http.StatusOK, "Show the code")
	lena.wants(lena.get("/c/"+strings.TrimPrefix(page.path, "/till/")), http.StatusOK, "Nothing was taken")

	staff, err := w.Shops.StaffOf(t.Context(), w.cafe.ID)
	w.must(err)
	base := "/m/" + string(w.cafe.ID)
	rosa.submit(rosa.get(base+"/floor"), base+"/staff/"+string(staff[0].ID)+"/end")
	till.wants(till.get("/till"), http.StatusOK, "Nobody works here")
	till.wants(till.get(sale), http.StatusOK, "Nobody works here")
}

// A sticker leads to the shop as it is registered; what is changed in it, and what is no code of ours, pays nobody.
func TestScan(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 50_00)
	rosa, lena := w.browser(), w.browser()
	rosa.signIn("rosa")
	lena.signIn("lena")
	page := rosa.get("/m/" + string(w.cafe.ID) + "/qr?amount=12.50&currency=EUR")
	payload := regexp.MustCompile(`id="payload"[^>]*>([^<]+)<`).FindStringSubmatch(page.html)
	rosa.wants(page, http.StatusOK, "€12.50", `class="qr"`)
	printed := html.UnescapeString(payload[1])
	rosa.wants(rosa.get("/m/"+string(w.cafe.ID)+"/qr?amount=-1"), http.StatusBadRequest)
	sheet := lena.submit(lena.get("/scan"), "/scan", "code", printed)
	lena.wants(sheet, http.StatusOK, "Pay €12.50", "Rosa")
	lena.wants(lena.submit(sheet, sheet.path), http.StatusOK)

	open, err := w.Payments.ShopCode(t.Context(), w.cafe.ID, payment.Sticker{Terminal: "Table 7"})
	w.must(err)
	page = lena.submit(lena.get("/scan"), "/scan", "code", open)
	lena.wants(page, http.StatusOK, "Table 7")
	lena.wants(lena.submit(page, "/scan", "amount", "0"), http.StatusBadRequest)
	lena.wants(lena.submit(page, "/scan", "amount", "3.00"), http.StatusOK, "Pay €3.00")

	for _, one := range []struct{ code, says string }{
		{strings.Replace(printed, "12.50", "99.50", 1), "damaged"},
		{"https://evil.example/c/chk_1", "not a payment code"},
		{"hello", "not a payment code"},
	} {
		lena.wants(lena.submit(lena.get("/scan"), "/scan", "code", one.code), http.StatusUnprocessableEntity, one.says)
	}
	if left := w.balanceOf(w.lena); left != 37_50 {
		t.Errorf("Lena has %d", left)
	}
	lena.wants(lena.submit(lena.get("/scan"), "/scan", "code", "http://localhost:8080/c/"+string(w.checkout(1_00, "").ID)),
		http.StatusOK, "Pay €1.00")
	page = lena.submit(lena.get("/scan"), "/scan", "code", "http://localhost:8080/signout")
	lena.wants(page, http.StatusUnprocessableEntity, "not a payment code")
}

// Somebody applies for a shop, sets it up, and is told that it waits; nobody can pay it, and nobody else can open its pages.
func TestApplyForShop(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080", Scopes: []string{"payments:read", "refunds:write"}})
	w.fund(w.rosa, 50_00)
	lena, rosa := w.browser(), w.browser()
	lena.signIn("lena")
	rosa.signIn("rosa")
	lena.wants(lena.submit(lena.get("/shops/new"), "/shops/new", "name", "Lena's Books", "handle", "rosas_cafe"),
		http.StatusConflict, "another handle")
	page := lena.submit(lena.get("/shops/new"), "/shops/new", "name", "Lena's Books", "handle", "lenas_books", "mcc", "5942")
	lena.wants(page, http.StatusOK, "has not approved", "Books")
	base := page.path
	shop := merchant.ID(strings.TrimPrefix(base, "/m/"))
	code, err := w.Payments.ShopCode(t.Context(), shop, payment.Sticker{Amount: eur.Of(1_00)})
	w.must(err)
	rosa.wants(rosa.submit(rosa.get("/scan"), "/scan", "code", code), http.StatusLocked, "not open yet")
	for _, path := range []string{"", "/floor", "/qr", "/keys"} {
		rosa.wants(rosa.get(base+path), http.StatusNotFound)
	}
	w.must(w.Shops.SetState(t.Context(), shop, merchant.Active))
	rosa.wants(rosa.submit(rosa.get("/scan"), "/scan", "code", code), http.StatusOK, "Pay €1.00")

	page = lena.submit(lena.get(base+"/keys"), base+"/keys", "label", "Reports", "scope", "payments:read")
	lena.wants(page, http.StatusOK, "bf_test_rk_", "payments:read", "shown this once")
	keys, err := w.People.Keys(t.Context(), string(shop))
	w.must(err)
	path := base + "/keys/" + string(keys[0].ID)
	lena.wants(lena.submit(lena.get(base+"/keys"), path+"/roll"), http.StatusOK, "shown this once", "Works until")
	lena.wants(lena.submit(lena.get(base+"/keys"), path+"/revoke"), http.StatusOK, "Revoked")
	if strings.Contains(lena.get(base+"/keys").html, "shown this once") {
		t.Error("a secret is shown again")
	}
}
