package ledger_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
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

func TestRefusalsNameThePlaceAndMoveNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 1000)
		yen := b.open("user/ana/JPY", jpy, ledger.NonNegative)
		frozen := b.open("user/frozen/EUR", eur, ledger.NonNegative)
		frozenShop := b.openBusy("merchant/frozen/EUR", eur)
		closed := b.open("user/closed/EUR", eur, ledger.NonNegative)
		for _, id := range []ledger.AccountID{frozen, frozenShop} {
			b.flag(b.Freeze, id)
		}
		b.flag(b.Close, closed)
		one := func(debit, credit ledger.AccountID, amount int64) []ledger.Leg {
			return []ledger.Leg{{Debit: debit, Credit: credit, Amount: amount}}
		}
		long := strings.Repeat("x", 5000)
		cases := []struct {
			name  string
			e     ledger.Entry
			want  error
			param string
		}{
			{"zero", ledger.Entry{Legs: one(s.ana, s.bo, 0)}, money.ErrAmountNotPositive, "legs[0].amount"},
			{"negative", ledger.Entry{Legs: one(s.ana, s.bo, -1)}, money.ErrAmountNotPositive, "legs[0].amount"},
			{"smallest", ledger.Entry{Legs: one(s.ana, s.bo, math.MinInt64)}, money.ErrAmountNotPositive, "legs[0].amount"},
			{"too much", ledger.Entry{Legs: one(s.ana, s.bo, 1001)}, ledger.ErrInsufficientFunds, "legs[0].debit"},
			{"far too much", ledger.Entry{Legs: one(s.ana, s.bo, math.MaxInt64)}, ledger.ErrInsufficientFunds, "legs[0].debit"},
			{"both", ledger.Entry{Legs: append(one(s.ana, s.shop, 600), one(s.ana, s.bo, 401)...)}, ledger.ErrInsufficientFunds, "legs[0].debit"},
			{"itself", ledger.Entry{Legs: one(s.ana, s.ana, 1)}, ledger.ErrSameAccount, "legs[0]"},
			{"nobody pays", ledger.Entry{Legs: one(4711, s.bo, 1)}, ledger.ErrAccountNotFound, "legs[0].debit"},
			{"nobody is paid", ledger.Entry{Legs: append(one(s.ana, s.bo, 1), one(s.ana, 0, 1)...)}, ledger.ErrAccountNotFound, "legs[1].credit"},
			{"negative account", ledger.Entry{Legs: one(s.ana, -5, 1)}, ledger.ErrAccountNotFound, "legs[0].credit"},
			{"another currency", ledger.Entry{Legs: one(s.ana, yen, 1)}, money.ErrCurrencyMismatch, "legs[0]"},
			{"frozen payer", ledger.Entry{Legs: one(frozen, s.bo, 1)}, ledger.ErrAccountFrozen, "legs[0].debit"},
			{"frozen payee", ledger.Entry{Legs: one(s.ana, frozen, 1)}, ledger.ErrAccountFrozen, "legs[0].credit"},
			{"frozen shop", ledger.Entry{Legs: one(s.ana, frozenShop, 1)}, ledger.ErrAccountFrozen, "legs[0].credit"},
			{"closed", ledger.Entry{Legs: one(s.ana, closed, 1)}, ledger.ErrAccountClosed, "legs[0].credit"},
			{"no legs", ledger.Entry{}, ledger.ErrEntryInvalid, "legs"},
			{"many legs", ledger.Entry{Legs: make([]ledger.Leg, ledger.MaxLegs+1)}, ledger.ErrEntryInvalid, "legs"},
			{"bad id", ledger.Entry{ID: "pay_00000000000000000000000000", Legs: one(s.ana, s.bo, 1)}, ledger.ErrEntryInvalid, "id"},
			{"bad kind", ledger.Entry{Kind: "Käse", Legs: one(s.ana, s.bo, 1)}, ledger.ErrEntryInvalid, "kind"},
			{"long reference", ledger.Entry{Reference: long, Legs: one(s.ana, s.bo, 1)}, ledger.ErrEntryInvalid, "reference"},
			{"zero byte", ledger.Entry{Reference: "a\x00", Legs: one(s.ana, s.bo, 1)}, ledger.ErrEntryInvalid, "reference"},
			{"broken text", ledger.Entry{Meta: map[string]string{"a": "\xff"}, Legs: one(s.ana, s.bo, 1)}, ledger.ErrEntryInvalid, "meta"},
			{"nameless metadata", ledger.Entry{Meta: map[string]string{"": "x"}, Legs: one(s.ana, s.bo, 1)}, ledger.ErrEntryInvalid, "meta"},
			{"much metadata", ledger.Entry{Meta: map[string]string{"a": long}, Legs: one(s.ana, s.bo, 1)}, ledger.ErrEntryInvalid, "meta"},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				if c.e.Kind == "" {
					c.e.Kind = "test"
				}
				_, posted := b.post(c.e)
				_, held := b.hold(c.e, hour)
				results := b.batch([]ledger.Entry{c.e}, false)
				for _, err := range []error{posted, held, results[0].Err} {
					wantErr(t, err, c.want)
					if f, ok := fault.As(err); !ok || f.Param != c.param || f.Moved.String() != "no" {
						t.Errorf("got %v, want it to blame %s", err, c.param)
					}
				}
			})
		}
		b.wantAvailable(s.ana, 1000)
		b.wantAvailable(s.bo, 0)
		if report := b.wantClean(); report.Entries != 1 {
			t.Errorf("%d entries are stored, want the first one alone", report.Entries)
		}
	})
}

func TestDebitNormalAccountsEndAtZeroToo(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		loan := b.open("loan/ana/EUR", eur, ledger.NonPositive)
		ana := b.open("user/ana/EUR", eur, ledger.NonNegative)
		b.mustPost(leg(loan, ana, 1000))
		b.wantAvailable(loan, 1000)
		hold := b.mustHold(leg(ana, loan, 600), hour)
		if got := b.balance(loan); got.Posted != -1000 || got.Incoming != 600 || got.Available != 400 {
			t.Errorf("the loan is %+v", got)
		}
		_, err := b.post(leg(ana, loan, 401))
		wantErr(t, err, ledger.ErrInsufficientFunds)
		if _, err := b.end(ledger.Post, hold.ID, b.id()); err != nil {
			t.Fatal(err)
		}
		b.mustPost(leg(ana, loan, 400))
		b.wantAvailable(loan, 0)
		b.wantClean()
	})
}

func TestTotalsNeverWrap(t *testing.T) {
	const most = math.MaxInt64
	onEngines(t, func(t *testing.T, b *bank) {
		mint := b.open("system/mint/BTCX", btc, ledger.Unlimited)
		ana := b.open("user/ana/BTCX", btc, ledger.NonNegative)
		b.mustPost(leg(mint, ana, most-1))
		overflow := func(e ledger.Entry) {
			t.Helper()
			_, err := b.post(e)
			wantErr(t, err, ledger.ErrOverflow)
		}
		_, err := b.post(leg(mint, ana, 2))
		wantErr(t, err, ledger.ErrOverflow)
		b.mustPost(leg(mint, ana, 1))
		overflow(leg(mint, ana, 1))
		b.wantAvailable(ana, most)

		// Pending totals as well: a hold of everything twice.
		bo := b.open("user/bo/BTCX", btc, ledger.Unlimited)
		b.mustHold(leg(bo, mint, most), hour)
		_, err = b.hold(leg(bo, mint, 1), hour)
		wantErr(t, err, ledger.ErrOverflow)
		if _, err = b.post(leg(bo, ana, 1)); !errors.Is(err, ledger.ErrOverflow) {
			t.Errorf("credit past the end: %v", err)
		}

		// A busy account is asked for its fold.
		busy := b.openBusy("merchant/shop/BTCX", btc)
		other := b.openBusy("merchant/other/BTCX", btc)
		b.mustPost(leg(busy, other, most))
		b.fold()
		overflow(leg(busy, other, 1))
		b.wantAvailable(other, most)
		b.wantAvailable(busy, -most)
		b.wantClean()
	})
}

// What two posts between folds bring a busy account past 64 bits is neither lost nor wrapped: it waits in the tail.
func TestTailPastTheEndIsKept(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		busy, other := b.openBusy("merchant/shop/BTCX", btc), b.openBusy("merchant/other/BTCX", btc)
		calm := b.openBusy("merchant/calm/BTCX", btc)
		for range 2 {
			b.mustPost(leg(busy, other, math.MaxInt64-1))
		}
		b.mustPost(leg(busy, calm, 1))
		wantErr(t, b.Fold(context.Background(), b.d), ledger.ErrOverflow)
		b.wantAvailable(calm, 1)
		err := b.d.Read(context.Background(), func(tx *db.Tx) error {
			_, err := b.Balance(tx, other)
			return err
		})
		wantErr(t, err, ledger.ErrOverflow)
		b.wantClean()
	})
}

func TestSameEntryAtTheSameTimeIsPostedOnce(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 100_000)
		for _, sides := range [][2]ledger.AccountID{{s.ana, s.bo}, {s.ana, s.shop}, {s.float, s.shop}} {
			for range 5 {
				e := leg(sides[0], sides[1], 100)
				e.ID = b.id()
				before := b.balance(sides[1]).Posted
				var at [20]time.Time
				for _, err := range inParallel(len(at), func(i int) error {
					stored, err := b.post(e)
					at[i] = stored.At
					return err
				}) {
					if err != nil {
						t.Error(err)
					}
				}
				for _, a := range at {
					if a != at[0] {
						t.Errorf("one entry has the times %v and %v", a, at[0])
					}
				}
				if got := b.balance(sides[1]).Posted; got != before+100 {
					t.Errorf("20 times one entry moved %d", got-before)
				}
			}
		}
		b.wantClean()
	})
}

func TestOtherContentUnderOneIDIsRefused(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 10_000)
		e := leg(s.ana, s.bo, 100)
		e.Reference, e.Meta = "pay_1", map[string]string{"a": "1"}
		e = b.mustPost(e)
		for name, change := range map[string]func(*ledger.Entry){
			"kind":      func(e *ledger.Entry) { e.Kind = "other" },
			"reference": func(e *ledger.Entry) { e.Reference = "" },
			"meta":      func(e *ledger.Entry) { e.Meta = map[string]string{"a": "2"} },
			"amount":    func(e *ledger.Entry) { e.Legs = leg(s.ana, s.bo, 101).Legs },
			"account":   func(e *ledger.Entry) { e.Legs = leg(s.ana, s.shop, 100).Legs },
			"more legs": func(e *ledger.Entry) { e.Legs = append(leg(s.ana, s.bo, 100).Legs, e.Legs...) },
		} {
			other := e
			change(&other)
			if _, err := b.post(other); !errors.Is(err, ledger.ErrEntryDiffers) {
				t.Errorf("another %s: %v", name, err)
			}
		}
		_, err := b.hold(e, hour)
		wantErr(t, err, ledger.ErrEntryDiffers)
		// A replay is answered even when the account is frozen since: the money moved.
		b.flag(b.Freeze, s.ana)
		if again := b.mustPost(e); again.At != e.At {
			t.Errorf("got %v, want %v", again, e)
		}
	})
}
