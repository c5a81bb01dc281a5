package web

import (
	"net/http"
	"strings"
	"testing"

	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/core/payment/qr"
)

// sold is the session that a till's form opened, and its code as others read it.
func (b *browser) sold(page answer) (payment.Checkout, qr.Code) {
	b.t.Helper()
	b.wants(page, http.StatusOK, `class="qr"`)
	id := payment.CheckoutID(strings.TrimPrefix(page.path, "/till/"))
	k, err := b.Payments.GetCheckout(b.t.Context(), payment.Caller{Shop: b.cafe.ID}, id)
	b.must(err)
	payload, err := b.Payments.CheckoutCode(b.t.Context(), payment.Caller{Shop: b.cafe.ID}, k.ID)
	b.must(err)
	code, err := qr.Parse(payload)
	b.must(err)
	return k, code
}

// The owner says what the tills sell and how they ask; the till adds up items, sums and a tip without JavaScript; the bill's number goes by
// itself into the code, to the payer, onto the receipt, and into the shop's list and file.
func TestTillCart(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 50_00)
	rosa, lena := w.browser(), w.browser()
	rosa.signIn("rosa")
	lena.signIn("lena")
	till := w.counter(rosa)
	shop := "/m/" + string(w.cafe.ID)
	goods := shop + "/goods"
	rosa.wants(rosa.submit(rosa.get(goods), goods, "name", "Cake", "price", "x"), http.StatusBadRequest, `value="Cake"`, "e-price")
	rosa.submit(rosa.get(goods), goods, "name", "Flat white", "price", "4,20")
	page := rosa.submit(rosa.get(goods), goods, "name", "Cake <b>", "price", "3.00")
	rosa.wants(page, http.StatusOK, "Flat white", "Cake &lt;b&gt;", "€3.00")
	items, err := w.Shops.Items(t.Context(), w.cafe.ID)
	w.must(err)
	coffee, cake := "q-"+string(items[0].ID), "q-"+string(items[1].ID)
	one := goods + "/" + string(items[1].ID)
	rosa.wants(rosa.submit(page, one, "name", "Cake <b>", "price", "0"), http.StatusBadRequest, "e-price-itm_")
	rosa.wants(rosa.submit(page, one, "name", "Cake <b>", "price", "3.50"), http.StatusOK, "€3.50")
	lena.wants(lena.get(goods), http.StatusNotFound)
	rules := shop + "/rules"
	rosa.wants(rosa.submit(page, rules, "tips", "5 99"), http.StatusUnprocessableEntity, `value="5 99"`, "e-tips")
	rosa.wants(rosa.submit(page, rules, "tips", "5, 10 %", "own_tip", "yes", "numbered", "yes", "prefix", "A-"), http.StatusOK, `value="5 10"`)

	page = till.get("/till")
	till.wants(page, http.StatusOK, "Flat white", "Cake &lt;b&gt;", "5%", "Own amount", "gets the next number")
	sum := till.submit(page, "/till/charge", coffee, "2", "amount", "1.25 + 2 x 0,50", "tip", "10", "do", "sum")
	till.wants(sum, http.StatusOK, "€11.71", `value="1.25 + 2 x 0,50"`) // 8.40 + 2.25, and 1.065 of it rounded down
	k, code := till.sold(till.submit(sum, "/till/charge", coffee, "2", "amount", "1.25 + 2 x 0,50", "tip", "10", "what", ""))
	if k.Payment.Amount != eur.Of(11_71) || code.Amount != "11.71" || code.Additional.Bill != "A-1" || len(k.Items) != 3 ||
		k.Items[0].Quantity != 2 || k.Items[2].Name != "Tip" || k.Items[2].Amount != 1_06 {
		t.Fatalf("sold %+v of %s with %+v", k.Items, k.Payment.Amount, code.Additional)
	}
	path := "/c/" + string(k.ID)
	nobody := w.browser()
	nobody.wants(nobody.get(path), http.StatusOK, "Bill number A-1", "Flat white", "× 2")
	page = lena.get(path)
	lena.wants(page, http.StatusOK, "A-1", "Flat white", "Pay €11.71")
	lena.wants(lena.submit(page, path), http.StatusOK, "Paid", "A-1")
	id := string(k.Payment.ID)
	till.wants(till.until("/till/"+string(k.ID), "data-final"), http.StatusOK, "A-1", "Flat white")
	lena.until("/activity/"+id, "rcp_")
	lena.wants(lena.get("/activity/"+id+"/receipt"), http.StatusOK, "Bill number", "A-1")
	rosa.wants(rosa.get(shop), http.StatusOK, "Bill A-1")
	rosa.wants(rosa.get(shop+"/payments.csv"), http.StatusOK, "Bill number", ",A-1")
	till.wants(till.get("/till/today"), http.StatusOK, "Bill A-1", "€11.71")

	k, code = till.sold(till.submit(till.get("/till"), "/till/charge", "amount", "12.50+3.20", "own_tip", "1", "bill", "T7/3"))
	if k.Payment.Amount != eur.Of(16_70) || code.Additional.Bill != "T7/3" || k.Payment.Reference != "T7/3" {
		t.Errorf("sold for %s with %+v", k.Payment.Amount, code.Additional)
	}
	if k, code = till.sold(till.submit(till.get("/till"), "/till/charge", "amount", "3")); len(k.Items) != 0 || code.Additional.Bill != "A-2" {
		t.Errorf("an amount alone has lines %+v and the bill %q", k.Items, code.Additional.Bill)
	}
	w.refusedSales(till, coffee, cake)
	w.must(w.Shops.SetCounter(t.Context(), w.cafe.ID, merchant.Counter{}))
	rosa.submit(rosa.get(goods), one+"/end")
	page = till.get("/till")
	if strings.Contains(page.html, "Cake") || strings.Contains(page.html, `name="tip"`) {
		t.Error("the till still offers what the owner took away")
	}
	if page = till.submit(page, "/till/charge", "amount", "1", "tip", "5"); page.status < 400 {
		t.Error("a tip is taken that the shop does not offer")
	}
}

// refusedSales are forms that sell nothing: each is shown again.
func (w *world) refusedSales(till *browser, coffee, cake string) {
	w.t.Helper()
	for _, bad := range [][]string{{"amount", ""}, {"amount", "1+"}, {"amount", "1 + -1"}, {"amount", "0 x 3"}, {"amount", "1000 x 1"},
		{"amount", strings.Repeat("1+", 60) + "1"}, {"amount", "1", "tip", "7"},
		{"amount", "1", "tip", "5", "own_tip", "1"}, {"amount", "1", "tip", "own", "own_tip", "-1"},
		{"amount", "1", coffee, "-1"}, {coffee, "1000"}, {cake, "x"}, {"amount", "1", "bill", "票"}, {"amount", "1", "currency", "USD"}} {
		if page := till.submit(till.get("/till"), "/till/charge", bad...); page.status < 400 || page.status >= 500 ||
			!strings.Contains(page.html, "/till/charge") {
			w.t.Errorf("%q is answered by %d", bad, page.status)
		}
	}
}
