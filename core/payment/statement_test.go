package payment

import (
	"testing"
	"time"

	"billfold/base/db"
	"billfold/core/ledger"
)

func (w *world) lines(st Statement) (list []StatementLine) {
	w.t.Helper()
	w.ok(st.Each(w.ctx, func(l StatementLine) error { list = append(list, l); return nil }))
	return list
}

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
		w.pay(w.lena, 5) // what is posted later is in neither
		lines := w.lines(first)
		if first.In.Minor != 51_250 || first.Out.Minor != 1250 || first.Count != 3 || len(lines) != 3 || len(w.lines(second)) != 2 {
			t.Errorf("in %s, out %s, %d and %d lines", first.In, first.Out, len(lines), second.Count)
		}
		if l := lines[1]; l.With != "Rosa's Café" || l.Payment != p.ID || l.Receipt != p.Receipt || l.Balance.Minor != 48_750 {
			t.Errorf("line %+v", l)
		}
		if none, err := w.Statement(w.ctx, w.omar, usd, middle, end); err != nil || none.Count != 0 || len(w.lines(none)) != 0 {
			t.Errorf("a pocket that never was: %+v, %v", none, err)
		}
	})
}

// TestLongStatement: a statement of several pages has every movement once, oldest first, also of those that were there when the sums were
// made only; its days are the same sums.
func TestLongStatement(t *testing.T) {
	engines(t, func(w *world) {
		begin := w.business.Now()
		w.fund(w.lena, 1_000_000)
		next := int64(0)
		for range 4 {
			w.business.Advance(24 * time.Hour)
			w.ok(w.DB.Write(w.ctx, func(tx *db.Tx) error {
				from, err := w.Ledger.ByAddress(tx, WalletAddress(w.lena, eur))
				w.ok(err)
				to, err := w.Ledger.ByAddress(tx, WalletAddress(w.omar, eur))
				w.ok(err)
				for range statementPage * 3 / 5 { // entries that no payment made, which are written quicker
					next++
					entry := w.entry(ID(w.IDs.New("pay")), entryMove, Transfer, ledger.Leg{Debit: from.ID, Credit: to.ID, Amount: next})
					entry.Kind, entry.Reference = "gift", ""
					if _, err := w.Ledger.Post(tx, entry); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		for _, span := range [][2]time.Time{{begin, w.business.Now().Add(time.Second)}, {begin.Add(time.Hour), w.business.Now()}} {
			st, err := w.Statement(w.ctx, w.lena, eur, span[0], span[1])
			w.ok(err)
			for range 3 {
				w.pay(w.lena, 1)
			}
			lines := w.lines(st)
			days, err := st.Days(w.ctx, time.UTC)
			w.ok(err)
			var in, out, sum int64
			for i, l := range lines {
				if i > 0 && (l.At.Before(lines[i-1].At) || l.Amount.Minor >= 0 || i > 1 && l.Amount.Minor != lines[i-1].Amount.Minor-1) {
					t.Fatalf("line %d is %s after %s", i, l.Amount, lines[i-1].Amount)
				}
				if sum += l.Amount.Minor; l.Balance.Minor != st.Opening.Minor+sum {
					t.Fatalf("line %d: balance %s", i, l.Balance)
				}
			}
			of := 0
			for _, d := range days {
				in, out, of = in+d.In.Minor, out+d.Out.Minor, of+d.Count
			}
			if len(lines) != st.Count || of != st.Count || in != st.In.Minor || out != st.Out.Minor || len(days) < 3 ||
				days[len(days)-1].Balance != st.Closing {
				t.Errorf("%d lines, %d in %d days, want %d; in %d, out %d, want %s and %s", len(lines), of, len(days), st.Count, in, out, st.In, st.Out)
			}
		}
	})
}
