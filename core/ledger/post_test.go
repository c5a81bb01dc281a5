package ledger_test

import (
	"sync"
	"testing"

	"billfold/core/ledger"
)

func TestPostMovesMoney(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		float := b.openBusy("system/float/EUR", eur)
		ana := b.open("user/ana/EUR", eur, ledger.NonNegative)
		shop := b.openBusy("merchant/shop/EUR", eur)
		fees := b.openBusy("system/fees/EUR", eur)
		b.mustPost(leg(float, ana, 5000))
		e := b.mustPost(ledger.Entry{
			Kind: "payment", Reference: "pay_1", Meta: map[string]string{"z": "1", "a": "<é>"},
			Legs: []ledger.Leg{{Debit: ana, Credit: shop, Amount: 1200}, {Debit: shop, Credit: fees, Amount: 12}},
		})
		b.wantAvailable(ana, 3800)
		b.wantAvailable(shop, 1188)
		b.wantAvailable(fees, 12)
		b.wantAvailable(float, -5000)
		if again := b.mustPost(e); again.At != e.At {
			t.Errorf("the same entry again answers %v, want the stored one of %v", again.At, e.At)
		}
		b.fold()
		b.wantAvailable(shop, 1188)
		b.wantAvailable(float, -5000)
	})
}

func TestSixHoldsOf1000On5000GiveFive(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		float := b.openBusy("system/float/EUR", eur)
		shop := b.openBusy("merchant/shop/EUR", eur)
		ana := b.open("user/ana/EUR", eur, ledger.NonNegative)
		b.mustPost(leg(float, ana, 5000))
		errs := inParallel(6, func(int) error {
			_, err := b.hold(leg(ana, shop, 1000), hour)
			return err
		})
		wantOutcomes(t, errs, 5, ledger.ErrInsufficientFunds)
		b.wantAvailable(ana, 0)
	})
}

func Test200PostsOfTheWholeBalanceGiveOne(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		float := b.openBusy("system/float/EUR", eur)
		ana := b.open("user/ana/EUR", eur, ledger.NonNegative)
		bo := b.open("user/bo/EUR", eur, ledger.NonNegative)
		b.mustPost(leg(float, ana, 5000))
		errs := inParallel(200, func(int) error {
			_, err := b.post(leg(ana, bo, 5000))
			return err
		})
		wantOutcomes(t, errs, 1, ledger.ErrInsufficientFunds)
		b.wantAvailable(ana, 0)
		b.wantAvailable(bo, 5000)
	})
}

// inParallel calls f n times at once.
func inParallel(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errs
}

// wantOutcomes wants so many successes and the one refusal otherwise.
func wantOutcomes(t testing.TB, errs []error, succeed int, refusal error) {
	t.Helper()
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		} else {
			wantErr(t, err, refusal)
		}
	}
	if n != succeed {
		t.Errorf("%d of %d succeeded, want %d", n, len(errs), succeed)
	}
}
