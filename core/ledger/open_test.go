package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/ledger"
)

// flag runs Freeze, Unfreeze or Close and wants it to succeed.
func (b *bank) flag(verb func(*db.Tx, ledger.AccountID) error, id ledger.AccountID) {
	b.t.Helper()
	if err := b.tryFlag(verb, id); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bank) tryFlag(verb func(*db.Tx, ledger.AccountID) error, id ledger.AccountID) error {
	return b.d.Write(context.Background(), func(tx *db.Tx) error { return verb(tx, id) })
}

// TestOpenAll: what is open is found and what is not is opened, in the order asked for, an address that comes twice once; one that exists
// otherwise refuses all.
func TestOpenAll(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		spec := func(address string) ledger.Spec {
			return ledger.Spec{Address: address, Currency: eur, Limit: ledger.NonNegative}
		}
		old := b.openSpec(spec("user/200/EUR"))
		source := b.open("source", eur, ledger.Unlimited)
		b.mustPost(ledger.Entry{Kind: "test", Legs: []ledger.Leg{{Debit: source, Credit: old, Amount: 7}}})
		specs := []ledger.Spec{{Address: "shop/busy", Currency: eur, Limit: ledger.Unlimited, Busy: true}}
		for i := range 300 {
			specs = append(specs, spec(fmt.Sprintf("user/%d/EUR", 299-i)))
		}
		specs = append(specs, spec("user/5/EUR"))
		all := func(specs []ledger.Spec) (list []ledger.Account, err error) {
			err = b.d.Write(context.Background(), func(tx *db.Tx) error {
				list, err = b.OpenAll(tx, specs)
				return err
			})
			return list, err
		}
		first, err := all(specs)
		if err != nil {
			t.Fatal(err)
		}
		numbers := map[ledger.AccountID]bool{}
		for i, a := range first {
			if a.Address != specs[i].Address || a.Busy != specs[i].Busy || a.ID == 0 {
				t.Errorf("account %d is %+v", i, a)
			}
			numbers[a.ID] = true
		}
		if len(numbers) != 301 || first[301] != first[295] || first[100].ID != old || first[100].CreditsPosted != 7 {
			t.Errorf("%d numbers; %+v, %+v, %+v", len(numbers), first[301], first[295], first[100])
		}
		again, err := all(specs)
		if err != nil || !slices.Equal(again, first) {
			t.Errorf("opened again they differ: %v", err)
		}
		_, err = all([]ledger.Spec{spec("user/new"), {Address: "user/7/EUR", Currency: jpy, Limit: ledger.NonNegative}})
		wantErr(t, err, ledger.ErrAccountDiffers)
		if _, err := all([]ledger.Spec{spec("user/new")}); err != nil {
			t.Errorf("what was refused is in the way: %v", err)
		}
	})
}

func TestOpen(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		spec := ledger.Spec{Address: "user/ana/EUR", Currency: eur, Limit: ledger.NonNegative}
		first := b.openSpec(spec)
		if again := b.openSpec(spec); again != first {
			t.Errorf("opened again as %d, want %d", again, first)
		}
		numbers := map[ledger.AccountID]bool{}
		for i := range 100 {
			numbers[b.open(fmt.Sprintf("user/%d/EUR", i), eur, ledger.NonNegative)] = true
		}
		if len(numbers) != 100 || numbers[first] {
			t.Errorf("%d numbers for 100 accounts", len(numbers))
		}
		for _, s := range []ledger.Spec{
			{Address: "", Currency: eur, Limit: ledger.NonNegative},
			{Address: "user/ana smith", Currency: eur, Limit: ledger.NonNegative},
			{Address: "user/änna", Currency: eur, Limit: ledger.NonNegative},
			{Address: "user/x", Limit: ledger.NonNegative},
			{Address: "user/x", Currency: money.Currency{Code: "EUR", Scale: 9}, Limit: ledger.NonNegative},
			{Address: "user/x", Currency: eur},
			{Address: "user/x", Currency: eur, Limit: 4},
			{Address: "user/x", Currency: eur, Limit: ledger.NonNegative, Busy: true},
			{Address: "user/ana/EUR", Currency: jpy, Limit: ledger.NonNegative},
			{Address: "user/ana/EUR", Currency: eur, Limit: ledger.Unlimited},
		} {
			err := b.d.Write(context.Background(), func(tx *db.Tx) error {
				_, err := b.Open(tx, s)
				return err
			})
			if f, ok := fault.As(err); !ok || f.Param == "" {
				t.Errorf("open %+v: %v", s, err)
			}
		}
	})
}

// A number whose account was rolled back may be given again, so nothing of it may be remembered.
func TestOpenRolledBackLeavesNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		gone := errors.New("gone")
		for range 3 {
			err := b.d.Write(context.Background(), func(tx *db.Tx) error {
				a, err := b.Open(tx, ledger.Spec{Address: "merchant/shop/EUR", Currency: eur, Limit: ledger.Unlimited, Busy: true})
				if err != nil {
					return err
				}
				c, err := b.Open(tx, ledger.Spec{Address: "user/ana/EUR", Currency: eur, Limit: ledger.Unlimited})
				if err != nil {
					return err
				}
				if _, err := b.Post(tx, leg(a.ID, c.ID, 1)); err != nil {
					return err
				}
				if _, err := b.Number(tx, "user/ana/EUR"); err != nil {
					return err
				}
				return gone
			})
			wantErr(t, err, gone)
		}
		// The numbers are given again, now to wallets.
		ana := b.open("user/ana/EUR", eur, ledger.NonNegative)
		bo := b.open("user/bo/EUR", eur, ledger.NonNegative)
		mint := b.open("system/mint/EUR", eur, ledger.Unlimited)
		_, err := b.post(leg(ana, bo, 1))
		wantErr(t, err, ledger.ErrInsufficientFunds)
		for _, id := range []ledger.AccountID{ana, bo} {
			b.mustPost(leg(mint, id, 5))
			b.mustPost(leg(id, mint, 5))
			_, err := b.post(leg(id, mint, 1))
			wantErr(t, err, ledger.ErrInsufficientFunds)
		}
		if err := b.d.Read(context.Background(), func(tx *db.Tx) error {
			id, err := b.Number(tx, "user/ana/EUR")
			if id != ana {
				t.Errorf("ana's number is %d, want %d", id, ana)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		b.wantClean()
	})
}

func TestOpenOneAddressAtOnce(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		ids := make([]ledger.AccountID, 20)
		errs := inParallel(len(ids), func(i int) error {
			a, err := db.Write(context.Background(), b.d, func(tx *db.Tx) (ledger.Account, error) {
				return b.Open(tx, ledger.Spec{Address: "user/ana/EUR", Currency: eur, Limit: ledger.NonNegative})
			})
			ids[i] = a.ID
			return err
		})
		wantOutcomes(t, errs, len(ids), nil)
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("one address has the numbers %d and %d", id, ids[0])
			}
		}
		b.wantClean()
	})
}

func TestListsOfAccounts(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 500)
		yen := b.open("user/ana/JPY", jpy, ledger.NonNegative)
		b.mustPost(leg(s.ana, s.shop, 200))
		err := b.d.Read(context.Background(), func(tx *db.Tx) error {
			owned, err := b.OwnedBy(tx, "user/ana")
			if err != nil {
				return err
			}
			if len(owned) != 2 || owned[0].ID != s.ana || owned[1].ID != yen || owned[0].CreditsPosted != 500 || owned[0].Owner != "user/ana" {
				t.Errorf("ana owns %+v", owned)
			}
			page, err := b.Accounts(tx, "merchant/", 0, 10)
			if err != nil {
				return err
			}
			if len(page) != 1 || page[0].ID != s.shop || page[0].CreditsPosted != 200 {
				t.Errorf("the shops are %+v", page)
			}
			page, err = b.Accounts(tx, "", s.shop, 2)
			if err != nil {
				return err
			}
			if len(page) != 2 || page[0].ID != s.ana || page[1].ID != s.bo {
				t.Errorf("the page after the shop is %+v", page)
			}
			for _, limit := range []int{0, 201} {
				if _, err := b.Accounts(tx, "", 0, limit); !errors.Is(err, fault.ErrInvalid) {
					t.Errorf("a page of %d: %v", limit, err)
				}
			}
			a, err := b.ByAddress(tx, "user/ana/EUR")
			if err != nil || a.ID != s.ana || a.Limit != ledger.NonNegative || !a.OpenedAt.Equal(b.clock.Now()) {
				t.Errorf("by address: %+v, %v", a, err)
			}
			_, err = b.ByAddress(tx, "user/nobody/EUR")
			wantErr(t, err, ledger.ErrAccountNotFound)
			_, err = b.Account(tx, 4711)
			wantErr(t, err, ledger.ErrAccountNotFound)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time it is remembered
			id, err := db.Write(context.Background(), b.d, func(tx *db.Tx) (ledger.AccountID, error) { return b.Number(tx, "user/ana/EUR") })
			if err != nil || id != s.ana {
				t.Errorf("ana's number is %d, %v", id, err)
			}
		}
	})
}

func TestFreezeAndClose(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 1000)
		hold := b.mustHold(leg(s.ana, s.bo, 100), hour)
		second := b.mustHold(leg(s.ana, s.bo, 100), hour)
		b.flag(b.Freeze, s.ana)
		b.flag(b.Freeze, s.ana)
		_, err := b.post(leg(s.ana, s.bo, 1))
		wantErr(t, err, ledger.ErrAccountFrozen)
		_, err = b.end(ledger.Post, hold.ID, b.id())
		wantErr(t, err, ledger.ErrAccountFrozen)
		if _, err = b.end(ledger.Void, second.ID, b.id()); err != nil {
			t.Errorf("a frozen account's hold cannot be released: %v", err)
		}
		b.flag(b.Unfreeze, s.ana)
		b.mustPost(leg(s.ana, s.bo, 1))

		wantErr(t, b.tryFlag(b.Close, s.ana), ledger.ErrAccountNotEmpty)
		b.mustPost(leg(s.ana, s.shop, 899))
		wantErr(t, b.tryFlag(b.Close, s.ana), ledger.ErrAccountNotEmpty) // the hold
		if _, err = b.end(ledger.Post, hold.ID, b.id()); err != nil {
			t.Fatal(err)
		}
		b.flag(b.Close, s.ana)
		b.flag(b.Close, s.ana)
		_, err = b.post(leg(s.float, s.ana, 1))
		wantErr(t, err, ledger.ErrAccountClosed)
		wantErr(t, b.tryFlag(b.Close, 4711), ledger.ErrAccountNotFound)
		b.wantClean()
	})
}

func TestBusyAccountsAreFrozenBeforeTheyClose(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 1000)
		b.mustPost(leg(s.ana, s.shop, 100))
		wantErr(t, b.tryFlag(b.Close, s.shop), ledger.ErrFreezeFirst)
		b.flag(b.Freeze, s.shop)
		_, err := b.post(leg(s.ana, s.shop, 1))
		wantErr(t, err, ledger.ErrAccountFrozen)
		wantErr(t, b.tryFlag(b.Close, s.shop), ledger.ErrFreezeFirst)
		if err := b.real.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
		wantErr(t, b.tryFlag(b.Close, s.shop), ledger.ErrAccountNotEmpty)
		b.flag(b.Unfreeze, s.shop)
		b.mustPost(leg(s.shop, s.bo, 100))
		b.flag(b.Freeze, s.shop)
		if err := b.real.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
		b.flag(b.Close, s.shop)
		_, err = b.post(leg(s.ana, s.shop, 1))
		wantErr(t, err, ledger.ErrAccountClosed)
		b.wantClean()
	})
}

// What docs/ledger.md says of a freeze that meets a post under way: the post may still commit, later ones are refused.
func TestFreezeMeetsAPostUnderWay(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		if b.d.Engine() == db.SQLite {
			return // there a freeze waits until the post has committed
		}
		s := newStreet(b, 1000)
		b.mustPost(leg(s.ana, s.shop, 1)) // from now on the shop is known to be busy
		err := b.d.Write(context.Background(), func(tx *db.Tx) error {
			if _, err := b.Post(tx, leg(s.ana, s.shop, 10)); err != nil {
				return err
			}
			return b.tryFlag(b.Freeze, s.shop)
		})
		if err != nil {
			t.Errorf("the post under way: %v", err)
		}
		b.wantAvailable(s.shop, 11)
		_, err = b.post(leg(s.ana, s.shop, 10))
		wantErr(t, err, ledger.ErrAccountFrozen)
		b.wantClean()
	})
}
