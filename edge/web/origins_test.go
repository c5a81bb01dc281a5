package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"billfold/base/id"
	"billfold/base/once"
	"billfold/core/payment"
)

// Attack case 43, on a live installation: a checkout returns only to an origin that the owner registered, to the letter. The owner
// registers and removes it on a page of their own; nobody else can.
func TestReturnOrigins(t *testing.T) {
	w := build(t, Options{PublicURL: "http://localhost:8080"})
	rosa, lena := w.browser(), w.browser()
	rosa.signIn("rosa")
	lena.signIn("lena")
	page := "/m/" + string(w.cafe.ID) + "/origins"
	returns := func(address string) error {
		_, err := w.Payments.CreateCheckout(t.Context(), payment.Caller{Shop: w.cafe.ID}, payment.CheckoutTerms{ReturnURL: address,
			Terms: payment.Terms{Amount: eur.Of(1_00)}}, once.Call{Key: id.Secret(8)})
		return err
	}
	const fresh = "https://books.example/thanks?order=1"
	if err := returns(fresh); !errors.Is(err, payment.ErrReturnURL) {
		t.Errorf("an address that nobody registered: %v", err)
	}
	for _, bad := range []string{"", "books", "http://books.example", "javascript:alert(1)", "https://", "https://a@books.example",
		"//books.example", "https:books.example", "https://bo oks.example", "https://" + strings.Repeat("b", 300) + ".example"} {
		rosa.wants(rosa.submit(rosa.get(page), page, "origin", bad), http.StatusUnprocessableEntity, "e-origin")
	}
	shown := rosa.submit(rosa.get(page), page, "origin", " https://Books.example:443/some/page ")
	rosa.wants(shown, http.StatusOK, "https://books.example", "https://cafe.example", "The address is registered")
	w.must(returns(fresh))
	for _, near := range []string{"https://books.example.evil.example/", "https://evil.example/https://books.example", "//books.example/",
		"https://books.example@evil.example", "https://books.example:8443/", "http://books.example/", `https:\\books.example/`,
		"javascript:alert(1)", "https://sub.books.example/"} {
		if err := returns(near); !errors.Is(err, payment.ErrReturnURL) {
			t.Errorf("%s: %v", near, err)
		}
	}
	lena.wants(lena.get(page), http.StatusNotFound)
	foreign := rosa.form(shown, page)
	foreign.Set("csrf", lena.form(lena.get("/me"), "/signout").Get("csrf"))
	foreign.Set("origin", "https://evil.example")
	lena.wants(lena.send(page, foreign), http.StatusNotFound)
	rosa.wants(rosa.submit(shown, page+"/remove", "origin", "https://books.example"), http.StatusOK, "The address is removed")
	if err := returns(fresh); !errors.Is(err, payment.ErrReturnURL) {
		t.Errorf("an address that was taken away: %v", err)
	}
	w.must(returns("https://cafe.example/x"))
}
