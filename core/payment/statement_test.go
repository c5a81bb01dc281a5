package payment

import (
	"testing"
	"time"
)

// Statements of months that meet lead from nothing to the balance of today, through every posted leg and no hold: recounted here from
// the payments themselves.
func TestStatementIsTheLedger(t *testing.T) {
	engines(t, func(w *world) {
		start := w.business.Now()
		w.fund(w.lena, 50_000)
		p := w.pay(w.lena, 1250)
		if _, err := w.Refund(w.ctx, w.byShop(), p.ID, nil, "cold", w.key()); err != nil {
			t.Fatal(err)
		}
		hold := w.terms(2000)
		hold.Capture = Manual
		if _, err := w.Create(w.ctx, w.by(w.lena), hold, true, w.key()); err != nil {
			t.Fatal(err)
		}
		w.business.Advance(40 * 24 * time.Hour)
		w.pay(w.lena, 333)
		w.pay(w.lena, 1)
		middle, end := start.Add(20*24*time.Hour), w.business.Now().Add(time.Hour)

		first, err := w.Statement(w.ctx, w.lena, eur, start.Add(-time.Hour), middle)
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.Statement(w.ctx, w.lena, eur, middle, end)
		if err != nil {
			t.Fatal(err)
		}
		if first.Opening.Minor != 0 || first.Closing != second.Opening || second.Closing.Minor != 50_000-334 {
			t.Errorf("%s to %s, then %s to %s", first.Opening, first.Closing, second.Opening, second.Closing)
		}
		if first.In.Minor != 51_250 || first.Out.Minor != 1250 || len(first.Lines) != 3 || len(second.Lines) != 2 {
			t.Errorf("in %s, out %s, %d and %d lines", first.In, first.Out, len(first.Lines), len(second.Lines))
		}
		if l := first.Lines[1]; l.With != "Rosa's Café" || l.Payment != p.ID || l.Receipt != p.Receipt || l.Balance.Minor != 48_750 {
			t.Errorf("line %+v", l)
		}
		if none, err := w.Statement(w.ctx, w.omar, usd, middle, end); err != nil || len(none.Lines) != 0 {
			t.Errorf("a pocket that never was: %+v, %v", none, err)
		}
	})
}
