package web

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"billfold/base/id"
	"billfold/base/once"
	"billfold/core/payment"
)

// A shop's owner finds what was sold and given back on a day, and the same as a file in which nothing is a formula. Nobody else finds it.
func TestShopReport(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 50_00)
	rosa, lena := w.browser(), w.browser()
	rosa.signIn("rosa")
	lena.signIn("lena")
	base := "/m/" + string(w.cafe.ID)
	for i, what := range []string{"Two coffees", "=HYPERLINK(\"https://evil.example\")"} {
		k, err := w.Payments.CreateCheckout(t.Context(), payment.Caller{Shop: w.cafe.ID}, payment.CheckoutTerms{
			ReturnURL: "https://cafe.example/thanks", Terms: payment.Terms{Amount: eur.Of(int64(4_00 + i*50)), Description: what}},
			once.Call{Key: id.Secret(8)})
		w.must(err)
		lena.wants(lena.submit(lena.get("/c/"+string(k.ID)), "/c/"+string(k.ID)), http.StatusOK, "Paid")
	}
	w.checkout(9_99, "")
	page, err := w.Payments.Activity(t.Context(), payment.Caller{Shop: w.cafe.ID}, string(w.cafe.ID), payment.ActivityFilter{
		State: payment.Completed}, "", 1)
	w.must(err)
	part := eur.Of(1_00)
	_, err = w.Payments.Refund(t.Context(), payment.Caller{Shop: w.cafe.ID}, page.Items[0].Payment.ID, &part, "@SUM(1)",
		once.Call{Key: id.Secret(8)})
	w.must(err)

	rosa.wants(rosa.get(base+"/day"), http.StatusOK, "€8.50", "€1.00", "€7.50")
	rosa.wants(rosa.get(base+"/day?date=2020-01-01"), http.StatusOK, "Nothing moved on this day", "Day after")
	file := rosa.get(base + "/payments.csv")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.html, "\ufeff"))).ReadAll()
	w.must(err)
	if len(rows) != 5 || file.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("%d rows as %s: %v", len(rows), file.header.Get("Content-Type"), rows)
	}
	seen := ""
	for _, row := range rows[1:] {
		seen += row[5] + "|" + row[7] + "|"
		for i, cell := range row {
			if i != 7 && strings.ContainsAny(cell[:min(1, len(cell))], "=+-@") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	for _, want := range []string{"'=HYPERLINK", "'@SUM(1)", "|-1.00|", "|4.50|", "|9.99|"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is not in %s", want, seen)
		}
	}
	if only := rosa.get(base + "/payments.csv?kind=refund").html; strings.Count(only, "\n") != 2 {
		t.Errorf("only refunds: %s", only)
	}
	for _, path := range []string{"/day", "/payments.csv"} {
		lena.wants(lena.get(base+path), http.StatusNotFound)
	}
}
