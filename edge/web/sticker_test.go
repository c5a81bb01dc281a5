package web

import (
	"html"
	"net/http"
	"regexp"
	"slices"
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
	// As published: see core/payment/qr, foreign_test.go.
	promptPay := "00020101021129370016A000000677010111011300668111111115802TH530376463040EF4"
	duitNow := "00020201021126410014A000000615000101065887340209123456789520460105303458540115802MY5909QRCSDNBHD6005BANGI6304DAF5"
	qrPh := "00020101021228500011ph.ppmi.p2m0111PAPHPHM1XXX0309102140529050331052047299530360854041.005802PH5903Rui6006Manila" +
		"62440014com.paymaya.qr052228oYUr47CjKVCKh57wfb3s6304C116"
	for what, one := range map[string]struct{ code, says string }{
		"the rival's name changed":                    {change(func(c *qr.Code) { c.Name = "Rosa's Cafe <i>" }), "was changed"},
		"the amount changed":                          {change(func(c *qr.Code) { c.Amount = "300.00" }), "was changed"},
		"the town changed":                            {change(func(c *qr.Code) { c.City = "BERLIN" }), "was changed"},
		"of another installation":                     {elsewhere, "another payment system"},
		"of another scheme":                           {promptPay, "It is a code of PromptPay"},
		"of one that counts versions":                 {duitNow, "It is a code of DuitNow. Nothing was paid. Ask the shop"},
		"of one with an owner in its additional data": {qrPh, "It is a code of QR Ph. Nothing was paid."},
		"of one in small letters":                     {strings.TrimSuffix(duitNow, "DAF5") + "daf5", "It is a code of DuitNow"},
		"of one, damaged":                             {strings.Replace(duitNow, "BANGI", "BANGU", 1), "damaged"},
		"no code of this kind":                        {"upi://pay?pa=cafe@bank&am=10.00", "It is a code of UPI"},
		"cut short":                                   {fixed[:60], "not a payment code"},
		"a digit wrong":                               {strings.Replace(fixed, "3.00", "9.00", 1), "damaged"},
		"far too long":                                {"000201" + strings.Repeat("9", 1900), "not a payment code"},
		"lengths that lie":                            {"00020101029999", "not a payment code"},
		"a script":                                    {"<script>alert(1)</script>", "not a payment code"},
		"an address":                                  {"javascript:alert(1)", "not a payment code"},
		"a page that is no payment":                   {"http://localhost:8080//evil.example/c/chk_1", "not a payment code"},
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

// A printed code that asks for a tip (object 55 with "01") or for the bill's number asks whoever scans it, on their own phone; a fixed tip
// and a percentage (56, 57) are added to what the code or its payer says, and stand on the sheet before anybody says yes.
func TestTips(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 100_00)
	lena, rosa := w.browser(), w.browser()
	lena.signIn("lena")
	rosa.signIn("rosa")
	printed := func(query string) string {
		t.Helper()
		page := rosa.get("/m/" + string(w.cafe.ID) + "/qr?currency=EUR&" + query)
		rosa.wants(page, http.StatusOK)
		return html.UnescapeString(regexp.MustCompile(`id="payload"[^>]*>([^<]+)<`).FindStringSubmatch(page.html)[1])
	}
	coded := func(k payment.Sticker) string {
		t.Helper()
		code, err := w.Payments.ShopCode(t.Context(), w.cafe.ID, k)
		w.must(err)
		return code
	}
	if code := printed("amount=12.50&tip=ask&bill=ask"); !strings.Contains(code, "550201") || !strings.Contains(code, "0103***") {
		t.Errorf("the code asks for nothing: %s", code)
	}
	percent, fixed := qr.Tip{Kind: qr.PercentTip, Value: "10"}, qr.Tip{Kind: qr.FixedTip, Value: "2.00"}
	for what, one := range map[string]struct {
		code   string
		asks   []string // fields
		fields []string
		says   []string
	}{
		"asked and given": {printed("amount=12.50&tip=ask"), []string{"tip"}, []string{"tip", "1.50"},
			[]string{"Pay €14.00", "Of it a tip", "€1.50"}},
		"asked and not given": {printed("amount=12.50&tip=ask"), []string{"tip"}, []string{"tip", ""}, []string{"Pay €12.50"}},
		"asked for all": {printed("tip=ask&bill=ask"), []string{"amount", "tip", "bill"}, []string{"amount", "3", "tip", "1", "bill", "A-7"},
			[]string{"Pay €4.00", "Of it a tip", "€1.00", "A-7"}},
		"fixed": {coded(payment.Sticker{Amount: eur.Of(10_00), Tip: fixed}), nil, nil, []string{"Pay €12.00", "Of it a tip", "€2.00"}},
		"fixed, amount typed": {coded(payment.Sticker{Tip: fixed}), []string{"amount"}, []string{"amount", "5"},
			[]string{"Pay €7.00", "Of it a tip", "€2.00"}},
		"a tenth": {coded(payment.Sticker{Amount: eur.Of(10_00), Tip: percent}), nil, nil, []string{"Pay €11.00", "Of it a tip", "€1.00"}},
		"a tenth, amount typed": {coded(payment.Sticker{Tip: percent}), []string{"amount"}, []string{"amount", "20"},
			[]string{"Pay €22.00", "Of it a tip", "€2.00"}},
		"a tenth of nearly naught": {coded(payment.Sticker{Tip: percent}), []string{"amount"}, []string{"amount", "0.05"}, []string{"Pay €0.05"}},
	} {
		page := lena.submit(lena.get("/scan"), "/scan", "code", one.code)
		for _, field := range []string{"amount", "tip", "bill"} {
			if strings.Contains(page.html, `name="`+field+`"`) != slices.Contains(one.asks, field) {
				t.Errorf("%s: %s is asked for, or is not", what, field)
			}
		}
		if one.asks != nil {
			page = lena.submit(page, "/scan", one.fields...)
		}
		lena.wants(page, http.StatusOK, one.says...)
		if len(one.says) == 1 && strings.Contains(page.html, "Of it a tip") {
			t.Errorf("%s: a tip nobody gives", what)
		}
	}
	page := lena.submit(lena.get("/scan"), "/scan", "code", printed("amount=12.50&tip=ask"))
	for _, bad := range []string{"-1", "abc", "1.005", "99999999999999999999"} {
		if a := lena.submit(page, "/scan", "tip", bad); a.status < 400 || a.status >= 500 {
			t.Errorf("a tip of %q: %d", bad, a.status)
		}
	}
}
