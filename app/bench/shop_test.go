package bench

import (
	"testing"

	"billfold/core/payment"
)

// TestShopList stocks a shop and asks its list everything once: each question is answered, what is there is found, the shop of a second
// run grows on from where it was, and its books are right. How fast the list is is not asserted here: `billfold bench shop` measures it.
func TestShopList(t *testing.T) {
	towns(t, func(t *testing.T, _ *common, w *town) {
		for _, many := range []int{60, 90, 30} {
			r := shopResult{Payments: many}
			if err := w.lookAtShop(t.Context(), 8, 1, "", &r); err != nil {
				t.Fatal(err)
			}
			if r.Payments != max(many, 60) && many != 30 || r.P50 <= 0 || r.Slowest == "" {
				t.Errorf("%d payments, slowest %q with %v ms", r.Payments, r.Slowest, r.P50)
			}
			found := map[string]int{}
			for _, one := range r.Lists {
				found[one.What] = one.Rows
				if one.P99+one.APIP99 == 0 {
					t.Errorf("%s was not asked", one.What)
				}
			}
			for what, want := range map[string]int{"first page": 20, "middle page": 20, "over 100,000: one, far back": 1, "a receipt far back": 1,
				"an order far back": 1, "an order nobody made": 0, "words nobody wrote": 0, "over a million: none": 0,
				"an amount in words, far back": 1} {
				if got, asked := found[what]; !asked || got != want {
					t.Errorf("%s: %d rows, want %d", what, got, want)
				}
			}
		}
		var wrong []any
		report, err := w.Payments.Verify(t.Context(), func(f payment.Finding) { wrong = append(wrong, f) })
		if err != nil || len(wrong) > 0 || report.Payments < 90 {
			t.Errorf("verified %d payments: %v %v", report.Payments, wrong, err)
		}
	})
}
