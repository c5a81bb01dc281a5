package merchant

import (
	"sync"
	"testing"

	"billfold/base/money"
)

// A shop lists what it sells, changes it and takes it off; what is another shop's is not there.
func TestItems(t *testing.T) {
	withFloor(t, func(t *testing.T, f *floor) {
		ctx := t.Context()
		d := f.draft()
		d.Handle = "another_shop"
		other, err := f.Register(ctx, d)
		must(t, err)
		coffee, err := f.AddItem(ctx, f.shop.ID, " Flat white ", eur(4_20))
		must(t, err)
		cake, err := f.AddItem(ctx, f.shop.ID, "Cake", eur(3_00))
		must(t, err)
		must(t, f.SetItem(ctx, f.shop.ID, cake.ID, "Carrot cake", eur(3_50)))
		want(t, "another shop changes it", f.SetItem(ctx, other.ID, coffee.ID, "x", eur(1)), ErrNotFound)
		want(t, "another shop ends it", f.EndItem(ctx, other.ID, coffee.ID), ErrNotFound)
		list, err := f.Items(ctx, f.shop.ID)
		if err != nil || len(list) != 2 || list[0].Name != "Flat white" || list[1].Name != "Carrot cake" || list[1].Price != eur(3_50) {
			t.Errorf("listed %+v, %v", list, err)
		}
		must(t, f.EndItem(ctx, f.shop.ID, coffee.ID))
		want(t, "ended twice", f.EndItem(ctx, f.shop.ID, coffee.ID), ErrNotFound)
		want(t, "change what is ended", f.SetItem(ctx, f.shop.ID, coffee.ID, "x", eur(1)), ErrNotFound)
		_, err = f.AddItem(ctx, f.shop.ID, " ", eur(1))
		want(t, "no name", err, ErrItem)
		_, err = f.AddItem(ctx, f.shop.ID, "a\u202eb", eur(1))
		want(t, "a name that turns", err, ErrItem)
		_, err = f.AddItem(ctx, f.shop.ID, "Free", eur(0))
		want(t, "for nothing", err, money.ErrAmountNotPositive)
		chf, _ := money.Lookup("CHF")
		_, err = f.AddItem(ctx, f.shop.ID, "Cheese", chf.Of(1))
		want(t, "in another currency", err, ErrCurrency)
	})
}

// Bill numbers begin at one, go on, and are given out once, however many tills ask at the same moment.
func TestBills(t *testing.T) {
	withFloor(t, func(t *testing.T, f *floor) {
		ctx := t.Context()
		if bill, err := f.NextBill(ctx, f.shop.ID); err != nil || bill != "" {
			t.Errorf("nobody asked for %q, %v", bill, err)
		}
		must(t, f.SetCounter(ctx, f.shop.ID, Counter{Tips: []int64{10, 5, 10}, OwnTip: true, Numbered: true, Prefix: "A-"}))
		c, err := f.CounterOf(ctx, f.shop.ID)
		if err != nil || len(c.Tips) != 2 || c.Tips[0] != 5 || !c.OwnTip || !c.Numbered || c.Prefix != "A-" {
			t.Errorf("set to %+v, %v", c, err)
		}
		var lock sync.Mutex
		var all sync.WaitGroup
		seen := map[string]bool{}
		for range 20 {
			all.Go(func() {
				bill, err := f.NextBill(ctx, f.shop.ID)
				lock.Lock()
				defer lock.Unlock()
				if err != nil || seen[bill] {
					t.Errorf("%q again, %v", bill, err)
				}
				seen[bill] = true
			})
		}
		all.Wait()
		if !seen["A-1"] || !seen["A-20"] {
			t.Errorf("gave out %v", seen)
		}
		must(t, f.SetCounter(ctx, f.shop.ID, Counter{Numbered: true}))
		if bill, err := f.NextBill(ctx, f.shop.ID); err != nil || bill != "21" {
			t.Errorf("goes on with %q, %v", bill, err)
		}
		for _, bad := range []Counter{{Tips: []int64{0}}, {Tips: []int64{51}}, {Tips: []int64{1, 2, 3, 4, 5}}, {Prefix: "a b"}, {Prefix: "***"},
			{Prefix: "票"}, {Prefix: "0123456789012"}} {
			want(t, "bad rules", f.SetCounter(ctx, f.shop.ID, bad), ErrCounter)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
