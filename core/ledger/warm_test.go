package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/ledger"
)

// On PostgreSQL the group writer comes to know accounts that nobody has asked for yet, with the totals and terms they have; what is written
// beside it meanwhile counts, and what it read before that does not.
func TestTotalsAreReadAhead(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 1000)
		ids := []ledger.AccountID{s.ana, s.bo}
		currencies := []string{"EUR", "KWD", "JPY"}
		for i := range 60 {
			c, _ := money.Lookup(currencies[i%3])
			ids = append(ids, b.open(fmt.Sprintf("crowd/%d/%s", i, c.Code), c, ledger.NonNegative))
		}
		b.mustPost(leg(s.float, ids[2], 500))
		b.mustPost(leg(s.float, ids[5], 500))
		first := b.withClock(b.clock)
		pay := func(by *bank, from, to ledger.AccountID, amount int64) error {
			t.Helper()
			results, err := by.submit([]ledger.Entry{leg(from, to, amount)}, false)
			if err == nil {
				err = results[0].Err
			}
			return err
		}
		want := len(ids)
		if b.d.Engine() == db.SQLite { // has a memory of its own
			want = 0
		}
		known := func(by *bank) int {
			limit := time.NewTimer(time.Minute)
			defer limit.Stop()
			for {
				if err := pay(by, s.ana, s.bo, 1); err != nil {
					t.Fatal(err)
				}
				n := ledger.KnownAhead(by.Ledger, ids)
				if n >= want {
					return n
				}
				select {
				case <-limit.C:
					return n
				default:
				}
			}
		}
		if n := known(first); n != want {
			t.Fatalf("%d of %d accounts are known", n, want)
		}
		if err := pay(first, ids[2], ids[5], 500); err != nil {
			t.Errorf("over what was read ahead: %v", err)
		}
		wantErr(t, pay(first, ids[2], ids[5], 1), ledger.ErrInsufficientFunds)
		wantErr(t, pay(first, ids[5], ids[3], 1), money.ErrCurrencyMismatch)
		b.mustPost(leg(s.float, ids[2], 70)) // by another server
		if err := pay(first, ids[2], ids[5], 70); err != nil {
			t.Errorf("with what came meanwhile: %v", err)
		}
		b.wantAvailable(ids[5], 1070)
		b.wantClean()
	})
}
