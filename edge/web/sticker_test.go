package web

import (
	"net/http"
	"strings"
	"testing"

	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/core/payment/qr"
)

// Attack case 44: another shop's sticker is pasted over, a code is changed, is of another installation or another scheme, is too long, or
// is no code. Who pays sees the shop as it is registered here, with its handle and its town, and that they never paid it; what was changed
// pays nobody.
func TestPastedSticker(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 50_00)
	lena := w.browser()
	lena.signIn("lena")
	rival, err := w.Shops.Register(t.Context(), merchant.Draft{Owner: w.olu.ID, Name: "Rosas Café", Handle: "rosas_cafe_2", MCC: "5814",
		Country: "DE", Currencies: []string{"EUR"}})
	w.must(err)
	store, err := w.Shops.AddStore(t.Context(), rival.ID, "Harbour Street", "Kiel")
	w.must(err)
	scan := func(code string) answer { return lena.submit(lena.get("/scan"), "/scan", "code", code) }

	open, err := w.Payments.ShopCode(t.Context(), rival.ID, payment.Sticker{Store: store.ID})
	w.must(err)
	lena.wants(scan(open), http.StatusOK, "Rosas Café", "@rosas_cafe_2", "Harbour Street, Kiel")
	fixed, err := w.Payments.ShopCode(t.Context(), rival.ID, payment.Sticker{Store: store.ID, Amount: eur.Of(3_00)})
	w.must(err)
	lena.wants(scan(fixed), http.StatusOK, "Rosas Café", "Harbour Street, Kiel", "Check the name", "Pay €3.00")

	change := func(f func(c *qr.Code)) string {
		t.Helper()
		c, err := qr.Parse(fixed)
		w.must(err)
		f(&c)
		code, err := c.Encode()
		w.must(err)
		return code
	}
	other := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8081"})
	elsewhere, err := other.Payments.ShopCode(t.Context(), other.cafe.ID, payment.Sticker{})
	w.must(err)
	promptPay := "00020101021129370016A000000677010111011300668111111115802TH530376463040EF4"
	for what, one := range map[string]struct{ code, says string }{
		"the rival's name changed":  {change(func(c *qr.Code) { c.Name = "Rosa's Cafe <i>" }), "was changed"},
		"the amount changed":        {change(func(c *qr.Code) { c.Amount = "300.00" }), "was changed"},
		"the town changed":          {change(func(c *qr.Code) { c.City = "BERLIN" }), "was changed"},
		"of another installation":   {elsewhere, "another payment system"},
		"of another scheme":         {promptPay, "another payment system"},
		"cut short":                 {fixed[:60], "not a payment code"},
		"a digit wrong":             {strings.Replace(fixed, "3.00", "9.00", 1), "damaged"},
		"far too long":              {"000201" + strings.Repeat("9", 1900), "not a payment code"},
		"lengths that lie":          {"00020101029999", "not a payment code"},
		"a script":                  {"<script>alert(1)</script>", "not a payment code"},
		"an address":                {"javascript:alert(1)", "not a payment code"},
		"a page that is no payment": {"http://localhost:8080//evil.example/c/chk_1", "not a payment code"},
	} {
		page := scan(one.code)
		if page.status != http.StatusUnprocessableEntity && page.status != http.StatusPaymentRequired || !strings.Contains(page.html, one.says) {
			t.Errorf("%s: %d, %.300s", what, page.status, plainText(page.html))
		}
		if strings.Contains(page.html, "<script>alert") {
			t.Errorf("%s comes back alive", what)
		}
	}
	if left := w.balanceOf(w.lena); left != 50_00 {
		t.Errorf("Lena has %d", left)
	}
}
