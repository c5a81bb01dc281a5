package ledger_test

import (
	"errors"
	"testing"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// TestLostTotals: an account whose totals are gone, as where PostgreSQL finds a page of noughts, which it takes for an empty one, is not
// taken for one that nobody opened, nor for an empty one. Whoever is posted together with it is not refused for it.
func TestLostTotals(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 1_000)
		b.mustPost(leg(s.ana, s.bo, 1))
		b.d = reopened(t, b, "delete from ledger_total where account = (select id from ledger_account where address = 'user/bo/EUR')")
		b.Ledger = ledger.New(b.opts)
		for range 2 { // the second time with terms that are remembered
			for name, e := range map[string]ledger.Entry{"paid": leg(s.ana, s.bo, 1), "payer": leg(s.bo, s.ana, 1)} {
				if _, err := b.post(e); !errors.Is(err, fault.ErrDamaged) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if _, err := b.post(leg(s.ana, 99_999, 1)); !errors.Is(err, ledger.ErrAccountNotFound) {
				t.Errorf("an account that is none: %v", err)
			}
		}
		errs := inParallel(40, func(i int) error {
			if i%4 != 0 {
				_, err := b.submit([]ledger.Entry{leg(s.ana, s.shop, 1)}, false)
				return err
			}
			_, err := b.submit([]ledger.Entry{leg(s.ana, s.bo, 1)}, false)
			if errors.Is(err, fault.ErrDamaged) {
				return nil
			}
			return errors.Join(errors.New("a group posted to it"), err)
		})
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		a, err := db.Read(t.Context(), b.d, func(tx *db.Tx) (ledger.Account, error) { return b.ByAddress(tx, "user/bo/EUR") })
		if !errors.Is(err, fault.ErrDamaged) {
			t.Errorf("it has %d, %v", a.CreditsPosted, err)
		}
		_, err = db.Read(t.Context(), b.d, func(tx *db.Tx) ([]ledger.Account, error) { return b.Accounts(tx, "user/", 0, 10) })
		if !errors.Is(err, fault.ErrDamaged) {
			t.Errorf("the list: %v", err)
		}
	})
}

// reopened is the bank's database after somebody did something to it while nobody had it open.
func reopened(t *testing.T, b *bank, q string) *db.DB {
	t.Helper()
	o := harness.Options(t, b.d)
	if err := b.d.Close(); err != nil {
		t.Fatal(err)
	}
	d := harness.Again(t, o)
	if n, err := harness.Raw(t, d).Exec(q); err != nil {
		t.Fatal(n, err)
	}
	return d
}
