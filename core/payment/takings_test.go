package payment

import (
	"slices"
	"testing"
	"time"

	"billfold/base/db"
)

// Takings count what reading every payment counts, and what the ledger has: where an owner's payments lie close together and where other
// people's lie between, with refunds of older days, and a hold from the day before that is captured today.
func TestTakingsCountWhatMoved(t *testing.T) {
	takingsFirst, takingsStep = 3, 5
	t.Cleanup(func() { takingsFirst, takingsStep = 100, 2_000 })
	engines(t, func(w *world) {
		w.fund(w.lena, 1_000_000)
		w.fund(w.omar, 1_000_000)
		var days []time.Time
		var older []ID
		held := w.hold(250).ID
		for day, between := range []int{0, 12, 0, 2} {
			days = append(days, w.business.Now())
			for i := range 9 {
				older = append(older, w.pay(w.lena, int64(100+10*day+i)).ID)
				if i == 4 && day > 0 {
					w.must(w.Refund(w.ctx, w.byShop(), older[2*day], nil, "", w.key()))
					w.must(w.Create(w.ctx, w.by(w.lena), w.terms(77), false, w.key())) // nothing moved
				}
				for range between {
					terms := w.terms(1)
					terms.Payee = string(w.lena)
					w.must(w.Create(w.ctx, w.by(w.omar), terms, true, w.key()))
				}
				w.business.Advance(time.Minute)
			}
			if day == 1 {
				w.must(w.Capture(w.ctx, w.byShop(), held, nil, w.key()))
			}
			w.business.Advance(20 * time.Hour)
		}
		days = append(days, w.business.Now())
		for _, c := range []Caller{w.byShop(), w.by(w.lena), w.by(w.omar)} {
			every := w.every(c)
			var net int64
			for i, from := range append(days[:len(days)-1:len(days)-1], time.Time{}) {
				until := days[len(days)-1]
				if !from.IsZero() {
					until = days[i+1]
				}
				w.takes(c, every, from, until)
			}
			all, err := w.Takings(w.ctx, c.Owner(), time.Time{}, days[len(days)-1])
			w.ok(err)
			for _, l := range all.Lines {
				net += l.Net.Minor
			}
			if c.Shop != "" && net != w.receipts() {
				t.Errorf("the shop took %d, and the ledger has %d", net, w.receipts())
			}
		}
		w.readAsTheyLie(string(w.shop.ID), days)
	})
}

// takes compares takings with what a list of all payments adds up to.
func (w *world) takes(c Caller, every []Item, from, until time.Time) {
	w.t.Helper()
	var want TakingsLine
	want.In.Currency, want.Out.Currency, want.Net.Currency = eur, eur, eur
	for _, i := range every {
		if i.At.Before(from) || !i.At.Before(until) || i.Payment.Captured == 0 {
			continue
		}
		if i.Direction == In {
			want.Sales, want.In.Minor, want.Net.Minor = want.Sales+1, want.In.Minor+i.Payment.Captured, want.Net.Minor+i.Payment.Captured
		} else {
			want.Refunds, want.Out.Minor, want.Net.Minor = want.Refunds+1, want.Out.Minor+i.Payment.Captured, want.Net.Minor-i.Payment.Captured
		}
	}
	got, err := w.Takings(w.ctx, c.Owner(), from, until)
	w.ok(err)
	if want.Sales+want.Refunds == 0 && len(got.Lines) == 0 {
		return
	}
	if len(got.Lines) != 1 || got.Lines[0] != want || got.More {
		w.t.Errorf("%s from %s took %+v, want %+v", c.Owner(), from, got, want)
	}
}

// readAsTheyLie shows that payments were read in both ways.
func (w *world) readAsTheyLie(owner string, days []time.Time) {
	w.t.Helper()
	var ways []bool
	for i := range len(days) - 1 {
		dense, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) (bool, error) {
			rows, err := db.All(tx, scanTakings, selectTakings, owner, micros(days[i]), micros(days[i+1]), "", 100)
			if err != nil {
				return false, err
			}
			return readMoved(tx, rows, true)
		})
		w.ok(err)
		ways = append(ways, dense)
	}
	if !slices.Equal(ways, []bool{true, false, true, true}) {
		w.t.Errorf("the payments of the days lie close together: %v", ways)
	}
}
