package payment

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"billfold/core/merchant"
	"billfold/core/payment/qr"
)

func (w *world) saleAt(till merchant.TillID, minor int64, bill string) Checkout {
	w.t.Helper()
	k, err := w.CreateCheckout(w.ctx, w.byShop(), CheckoutTerms{InPerson: true, Till: till, Terms: Terms{Amount: eur.Of(minor),
		Reference: "order-9", Metadata: map[string]string{MetaBill: bill}}}, w.key())
	w.ok(err)
	return k
}

// What was paid at a till is listed whole, page by page, however much the shop's other tills sell; what nobody paid, another till's,
// another shop's and another day's is not.
func TestTillSales(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		one, two := merchant.TillID(w.ids.New("til")), merchant.TillID(w.ids.New("til"))
		pay := func(k Checkout) {
			t.Helper()
			_, err := w.PayCheckout(w.ctx, w.by(w.lena), k.ID, Consent{}, w.key())
			w.ok(err)
		}
		pay(w.saleAt(one, 1, ""))
		w.ok(w.business.Advance(24 * time.Hour))
		midnight := w.business.Now()
		var want []string
		for i := range 7 {
			k := w.saleAt(one, int64(100+i), fmt.Sprint(i))
			pay(k)
			want = append([]string{string(k.Payment.ID)}, want...)
			pay(w.saleAt(two, 5, ""))
			pay(w.saleAt(two, 5, ""))
			w.saleAt(one, 9, "unpaid")
			w.ok(w.business.Advance(time.Second))
		}
		var got []string
		cursor, pages := "", 0
		for {
			page, err := w.TillSales(w.ctx, w.byShop(), one, midnight, cursor, 3)
			w.ok(err)
			for _, item := range page.Items {
				got = append(got, string(item.Payment.ID))
				if item.Payment.Bill() == "" || item.With != "Lena H." {
					t.Errorf("a sale is shown as %+v", item)
				}
			}
			if pages++; page.Next == "" {
				break
			}
			cursor = page.Next
		}
		if strings.Join(got, " ") != strings.Join(want, " ") || pages != 3 {
			t.Errorf("%d pages with %v, want %v", pages, got, want)
		}
		other, err := w.TillSales(w.ctx, Caller{Shop: merchant.ID(w.ids.New("mch"))}, one, midnight, "", 10)
		if err != nil || len(other.Items) != 0 {
			t.Errorf("another shop sees %+v, %v", other, err)
		}
		_, err = w.TillSales(w.ctx, w.by(w.lena), one, midnight, "", 10)
		w.refused(err, ErrShopOnly, "a person asks")
		_, err = w.TillSales(w.ctx, w.byShop(), one, midnight, "x", 10)
		w.refused(err, ErrCursor, "a cursor that is none")
	})
}

// A sale's bill number stands in the code where the standard has it, beside the reference, and whoever reads the code or opens the session
// is told it.
func TestBillNumber(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1_00)
		k := w.saleAt("", 5_00, "A-17/3")
		payload, err := w.CheckoutCode(w.ctx, w.byShop(), k.ID)
		w.ok(err)
		code, err := qr.Parse(payload)
		if err != nil || code.Additional.Bill != "A-17/3" || code.Additional.Reference != "order-9" {
			t.Errorf("the code carries %+v, %v", code.Additional, err)
		}
		if read, err := w.ReadCode(w.ctx, payload); err != nil || read.Bill != "A-17/3" {
			t.Errorf("it is read as %+v, %v", read, err)
		}
		if seen, err := w.ViewCheckout(w.ctx, Caller{}, k.ID); err != nil || seen.Bill != "A-17/3" || seen.Payment.Metadata != nil {
			t.Errorf("a guest sees %+v, %v", seen, err)
		}
		for typed, want := range map[string]string{" A-1 ": "A-1", "": "", strings.Repeat("1", 25): strings.Repeat("1", 25)} {
			if bill, err := CleanBill(typed); err != nil || bill != want {
				t.Errorf("%q is %q, %v", typed, bill, err)
			}
		}
		for _, typed := range []string{strings.Repeat("1", 26), "票 1", "a\tb", qr.AskPayer} {
			_, err := CleanBill(typed)
			w.refused(err, ErrBill, typed)
		}
	})
}
