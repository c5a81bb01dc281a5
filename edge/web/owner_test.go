package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"billfold/core/merchant"
	"billfold/core/payment"
)

// Attack case 26, on the pages: every page and form of a shop, in the table of contents, is not there for somebody who has no role in it,
// whoever they are; the same page is there for its owner. A till sees and refunds nothing of another shop.
func TestShopsPagesAreTheirOwners(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 50_00)
	lena, rosa, olu := w.browser(), w.browser(), w.browser()
	lena.signIn("lena")
	rosa.signIn("rosa")
	olu.signIn("olu")
	k := w.checkout(5_00, payment.Automatic)
	lena.wants(lena.submit(lena.get("/c/"+string(k.ID)), "/c/"+string(k.ID)), http.StatusOK, "Paid")
	fill := strings.NewReplacer("{shop}", string(w.cafe.ID), "{payment}", string(k.Payment.ID), "{store}", "sto_1", "{till}", "til_1",
		"{staff}", "stf_1", "{link}", "lnk_1", "{key}", "key_1", "{item}", "itm_1")
	pages, forms := 0, 0
	for _, r := range w.pages.Routes() {
		if !strings.Contains(r.Path, "{shop}") || r.Who == "operator" {
			continue
		}
		path := fill.Replace(r.Path)
		for name, b := range map[string]*browser{"a customer": lena, "an operator": olu} {
			if r.Method == http.MethodGet {
				if a := b.get(path); a.status != http.StatusNotFound || strings.Contains(a.html, "Rosa") {
					t.Errorf("%s opens %s: %d", name, path, a.status)
				}
				continue
			}
			form := url.Values{"csrf": b.form(b.get("/me"), "/signout")["csrf"], "nonce": {nonce()}, "amount": {"1"}, "refund": {"1"},
				"name": {"x"}, "price": {"1"}, "origin": {"https://evil.example"}, "label": {"x"}, "title": {"x"}}
			if a := b.send(path, form); a.status != http.StatusNotFound {
				t.Errorf("%s sends %s: %d", name, path, a.status)
			}
		}
		if r.Method != http.MethodGet {
			forms++
			continue
		}
		pages++
		if a := rosa.get(path); a.status != http.StatusOK {
			t.Errorf("its owner opens %s: %d", path, a.status)
		}
	}
	if pages < 10 || forms < 18 {
		t.Errorf("%d pages and %d forms were tried", pages, forms)
	}
	if p, err := w.Payments.Get(t.Context(), payment.Caller{Shop: w.cafe.ID}, k.Payment.ID); err != nil || p.Refunded != 0 {
		t.Errorf("somebody refunded it: %+v, %v", p, err)
	}

	other, err := w.Shops.Register(t.Context(), merchant.Draft{Owner: w.olu.ID, Name: "Olu's", Handle: "olus_place", MCC: "5814",
		Country: "DE", Currencies: []string{"EUR"}})
	w.must(err)
	cafe := w.cafe
	w.cafe = other
	till := w.counter(olu)
	w.cafe = cafe
	till.wants(till.get("/till/"+string(k.ID)), http.StatusNotFound)
	form := url.Values{"csrf": till.form(till.get("/till"), "/till/signout")["csrf"], "nonce": {nonce()}, "payment": {string(k.Payment.ID)},
		"amount": {"1"}}
	till.wants(till.send("/till/refund", form), http.StatusNotFound)
	open := w.checkout(6_00, payment.Automatic)
	till.wants(till.send("/till/"+string(open.ID)+"/cancel", form), http.StatusNotFound)
}
