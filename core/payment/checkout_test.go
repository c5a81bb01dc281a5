package payment

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"billfold/base/fault"
	"billfold/core/merchant"
)

func (w *world) session(minor int64) Checkout {
	w.t.Helper()
	k, err := w.CreateCheckout(w.ctx, w.byShop(), CheckoutTerms{Terms: Terms{Amount: eur.Of(minor), Reference: "order-1"},
		ReturnURL: "https://shop.example/thanks?order=1"}, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

// TestCheckout: a shop makes a session, a person pays it, both find the same receipt.
func TestCheckout(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		items := []LineItem{{"Flat white", 2, 760}, {"Croissant", 1, 240}}
		terms := CheckoutTerms{Terms: Terms{Amount: eur.Of(1000)}, ReturnURL: "http://127.0.0.1:3000/done?session=" + SessionHole,
			Items: items}
		call := w.key()
		k, err := w.CreateCheckout(w.ctx, w.byShop(), terms, call)
		if err != nil || k.State != CheckoutOpen || k.ShopName != "Rosa's Café" || len(k.Items) != 2 || k.CancelURL != k.ReturnURL ||
			k.ExpiresAt != w.business.Now().Add(DefaultExpiry) {
			t.Fatalf("session: %+v, %v", k, err)
		}
		seen, err := w.ViewCheckout(w.ctx, w.by(w.lena), k.ID)
		if err != nil || seen.Payment.NextAction.Digest == "" {
			t.Fatalf("seen: %+v, %v", seen, err)
		}
		if nobody, err := w.ViewCheckout(w.ctx, Caller{}, k.ID); err != nil || nobody.Payment.NextAction.Digest != "" || len(nobody.Items) != 2 {
			t.Errorf("seen by nobody: %+v, %v", nobody, err)
		}
		yes := Consent{Digest: seen.Payment.NextAction.Digest}
		paid, err := w.PayCheckout(w.ctx, w.by(w.lena), k.ID, yes, w.key())
		if err != nil || paid.State != CheckoutComplete || paid.Payment.State != Completed {
			t.Fatalf("paid: %+v, %v", paid, err)
		}
		if k.ReturnURL != "http://127.0.0.1:3000/done?session="+string(k.ID) {
			t.Errorf("returns to %s, without its id", k.ReturnURL)
		}
		again, err := w.CreateCheckout(w.ctx, w.byShop(), terms, call)
		if err != nil || !again.Replayed || again.State != CheckoutOpen || again.ID != k.ID || canon(again.Payment) != canon(k.Payment) {
			t.Errorf("made again: %+v, %v", again, err)
		}
		ofShop, err := w.GetCheckout(w.ctx, w.byShop(), k.ID)
		if err != nil || ofShop.State != CheckoutComplete || ofShop.Payment.Receipt != paid.Payment.Receipt {
			t.Errorf("the shop's: %+v, %v", ofShop, err)
		}
		stranger, err := w.ViewCheckout(w.ctx, w.by(w.omar), k.ID)
		if err != nil || stranger.Payment.Payer != "" || stranger.Payment.PayerName != "" {
			t.Errorf("a stranger learns who paid: %+v, %v", stranger, err)
		}
		for _, c := range []Caller{w.by(w.lena), {Shop: merchant.ID(w.ids.New("mch"))}} {
			_, err = w.GetCheckout(w.ctx, c, k.ID)
			w.refused(err, fault.ErrNotFound, "another's session")
		}
		_, err = w.PayCheckout(w.ctx, w.by(w.omar), k.ID, Consent{}, w.key())
		w.refused(err, fault.ErrNotFound, "pay what is paid")
		_, err = w.ExpireCheckout(w.ctx, w.byShop(), k.ID, w.key())
		w.refused(err, ErrState, "end what is paid")
		w.endings()
	})
}

// endings: a session can run out, be ended by its shop, or be taken back.
func (w *world) endings() {
	ended := w.session(500)
	if k, err := w.ExpireCheckout(w.ctx, w.byShop(), ended.ID, w.key()); err != nil || k.State != CheckoutExpired {
		w.t.Errorf("ended: %+v, %v", k, err)
	}
	back := w.session(500)
	w.must(w.Void(w.ctx, w.byShop(), back.Payment.ID, w.key()))
	if k, err := w.GetCheckout(w.ctx, w.byShop(), back.ID); err != nil || k.State != CheckoutCanceled {
		w.t.Errorf("taken back: %+v, %v", k, err)
	}
	late := w.session(500)
	if err := w.business.Advance(DefaultExpiry); err != nil {
		w.t.Fatal(err)
	}
	if k, err := w.GetCheckout(w.ctx, w.byShop(), late.ID); err != nil || k.State != CheckoutExpired {
		w.t.Errorf("its time is over, the sweep has not run: %+v, %v", k, err)
	}
	_, err := w.PayCheckout(w.ctx, w.by(w.lena), late.ID, Consent{}, w.key())
	w.refused(err, ErrExpired, "pay too late")
}

// TestCheckoutInput is attack case 43 and the bad input of a session.
func TestCheckoutInput(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		for _, address := range []string{"", "//evil.example", `\\evil.example`, "https:evil.example", "javascript:alert(1)",
			"ftp://shop.example/", "http://shop.example/", "http://127.0.0.1.evil.example/", "https://shop.example@evil.example/", "https:///path",
			"https://shop.example/\r\nx",
			"https://shop.example/ a", `https://shop.example\@evil.example`, "https://" + strings.Repeat("a", 2100)} {
			_, err := w.CreateCheckout(w.ctx, w.byShop(), CheckoutTerms{Terms: Terms{Amount: eur.Of(100)}, ReturnURL: address}, w.key())
			w.refused(err, ErrReturnURL, fmt.Sprintf("return to %q", address))
			if f, _ := fault.As(err); f.Param != "return_url" { // of two addresses the one that was given
				t.Errorf("return to %q: %s is named", address, f.Param)
			}
		}
		live := w.shop
		live.ReturnOrigins = []string{"https://shop.example"}
		for address, want := range map[string]bool{"https://shop.example/a?b": true, "https://SHOP.example:443/": true,
			"https://shop.example:8443/":         false,
			"https://shop.example.evil.example/": false, "http://localhost/": false, "https://other.example/": false} {
			if got := mayReturn(live, address, false); got != want {
				t.Errorf("live, return to %q: %v", address, got)
			}
		}
		for doing, items := range map[string][]LineItem{
			"too little": {{"a", 1, 99}}, "too much": {{"a", 1, 101}},
			"negative": {{"a", 1, 200}, {"b", 1, -100}}, "no name": {{"", 1, 100}},
			"none of it": {{"a", 0, 100}}, "wraps around": {{"a", 1, 1<<63 - 1}, {"b", 1, 1<<63 - 1}, {"c", 1, 102}},
		} {
			terms := CheckoutTerms{Terms: Terms{Amount: eur.Of(100)}, ReturnURL: "https://a.example", Items: items}
			_, err := w.CreateCheckout(w.ctx, w.byShop(), terms, w.key())
			w.refused(err, ErrItems, "items: "+doing)
		}
		_, err := w.CreateCheckout(w.ctx, w.by(w.lena), CheckoutTerms{Terms: Terms{Amount: eur.Of(100)}, ReturnURL: "https://a.example"}, w.key())
		w.refused(err, ErrShopOnly, "a person's session")
		_, err = w.ViewCheckout(w.ctx, Caller{}, "chk_nonsense")
		w.refused(err, fault.ErrNotFound, "no session")
	})
}

// TestActivity: newest first, page by page, filtered, for both sides.
func TestActivity(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		var made []ID
		for i := range 30 {
			if i%3 == 0 { // some at the very same moment, which is the hard case for a cursor
				if err := w.business.Advance(time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			made = append([]ID{w.pay(w.lena, int64(100+i)).ID}, made...)
		}
		back, err := w.Refund(w.ctx, w.byShop(), made[0], nil, "", w.key())
		if err != nil {
			t.Fatal(err)
		}
		walk := func(c Caller, f ActivityFilter, size int) (ids []ID) {
			for cursor := ""; ; {
				page, err := w.Activity(w.ctx, c, c.Owner(), f, cursor, size)
				if err != nil {
					t.Fatal(err)
				}
				for _, item := range page.Items {
					ids = append(ids, item.Payment.ID)
				}
				if cursor = page.Next; cursor == "" {
					return ids
				}
			}
		}
		for _, c := range []Caller{w.by(w.lena), w.byShop()} {
			if got := walk(c, ActivityFilter{Kind: Purchase}, 7); fmt.Sprint(got) != fmt.Sprint(made) {
				t.Errorf("%s, page by page: %v", c.Owner(), got)
			}
			if got := walk(c, ActivityFilter{State: Refunded}, 5); len(got) != 1 || got[0] != made[0] {
				t.Errorf("%s, refunded: %v", c.Owner(), got)
			}
			if got := walk(c, ActivityFilter{Currency: "USD"}, 5); len(got) != 0 {
				t.Errorf("%s, dollars: %v", c.Owner(), got)
			}
			if got := walk(c, ActivityFilter{Kind: Purchase, Since: w.business.Now()}, 5); fmt.Sprint(got) != fmt.Sprint(made[:3]) {
				t.Errorf("%s, since now: %v", c.Owner(), got)
			}
		}
		if got := walk(w.by(w.lena), ActivityFilter{Direction: In}, 5); len(got) != 2 || got[0] != back.ID {
			t.Errorf("in: %v", got)
		}
		page, err := w.Activity(w.ctx, w.by(w.lena), string(w.lena), ActivityFilter{}, "", 1)
		if err != nil || len(page.Items) != 1 || page.Items[0].With != "Rosa's Café" || page.Items[0].Direction != In {
			t.Errorf("the newest: %+v, %v", page, err)
		}
		_, err = w.Activity(w.ctx, w.by(w.lena), string(w.lena), ActivityFilter{}, "nonsense!", 1)
		w.refused(err, ErrCursor, "a cursor of somebody else")
	})
}

// TestCheckouts: a shop pages through its sessions, newest first, and through nobody else's.
func TestCheckouts(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		var want []CheckoutID
		for i := range 5 {
			want = append([]CheckoutID{w.session(int64(100 + i)).ID}, want...)
		}
		var got []CheckoutID
		for cursor, more := "", true; more; more = cursor != "" {
			page, next, err := w.Checkouts(w.ctx, w.byShop(), cursor, 2)
			if err != nil || len(page) > 2 {
				t.Fatalf("%d sessions on a page, %v", len(page), err)
			}
			for _, k := range page {
				got = append(got, k.ID)
			}
			cursor = next
		}
		if !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
		if page, _, err := w.Checkouts(w.ctx, Caller{Shop: merchant.ID(w.ids.New("mch"))}, "", 10); err != nil || len(page) != 0 {
			t.Errorf("another shop's: %v, %v", page, err)
		}
		_, _, err := w.Checkouts(w.ctx, w.by(w.lena), "", 10)
		w.refused(err, ErrShopOnly, "a person's list")
		_, _, err = w.Checkouts(w.ctx, w.byShop(), "rubbish", 10)
		w.refused(err, ErrCursor, "a cursor that is none")
	})
}

// TestExtend: whoever pays gets more time ten times (WCAG 2.2.1), once for each press, and what was answered before still shows the end
// it had then.
func TestExtend(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		call := w.key()
		terms := CheckoutTerms{Terms: Terms{Amount: eur.Of(500), ExpiresAt: w.business.Now().Add(10 * time.Minute)},
			ReturnURL: "https://shop.example/"}
		first, err := w.CreateCheckout(w.ctx, w.byShop(), terms, call)
		w.ok(err)
		seen, err := w.ViewCheckout(w.ctx, w.by(w.lena), first.ID)
		w.ok(err)
		shown := first.ExpiresAt
		for n := range extensionsMost {
			k, err := w.ExtendCheckout(w.ctx, first.ID, shown)
			w.ok(err)
			again, err := w.ExtendCheckout(w.ctx, first.ID, shown) // the button pressed twice
			w.ok(err)
			if want := shown.Add(10 * time.Minute); k.ExpiresAt != want || again.ExpiresAt != want || k.State != CheckoutOpen {
				t.Fatalf("extension %d: until %s and %s, want %s", n, k.ExpiresAt, again.ExpiresAt, want)
			}
			shown = k.ExpiresAt
		}
		_, err = w.ExtendCheckout(w.ctx, first.ID, shown)
		w.refused(err, ErrExtended, "the eleventh time")
		_, err = w.ExtendCheckout(w.ctx, first.ID, first.ExpiresAt.Add(time.Second))
		w.refused(err, ErrExtended, "an end it never had")
		replay, err := w.CreateCheckout(w.ctx, w.byShop(), terms, call)
		if err != nil || replay.ExpiresAt != first.ExpiresAt || canon(replay.Payment) != canon(first.Payment) {
			t.Errorf("the first answer is now until %s, was %s (%v)", replay.ExpiresAt, first.ExpiresAt, err)
		}
		_, err = w.PayCheckout(w.ctx, w.by(w.lena), first.ID, Consent{Digest: seen.Payment.NextAction.Digest}, w.key())
		w.refused(err, ErrMismatch, "a sheet that says another end")
		w.business.Advance(100 * time.Minute) // past the first end by far
		w.ok(w.ExpireDue(w.ctx))
		now, err := w.ViewCheckout(w.ctx, w.by(w.lena), first.ID)
		w.ok(err)
		paid, err := w.PayCheckout(w.ctx, w.by(w.lena), first.ID, Consent{Digest: now.Payment.NextAction.Digest}, w.key())
		if err != nil || paid.State != CheckoutComplete {
			t.Fatalf("paid after the first end: %+v, %v", paid.State, err)
		}
		_, err = w.ExtendCheckout(w.ctx, first.ID, shown)
		w.refused(err, ErrState, "a session that is paid")

		late := w.session(100)
		w.business.Advance(DefaultExpiry)
		_, err = w.ExtendCheckout(w.ctx, late.ID, late.ExpiresAt)
		w.refused(err, ErrExpired, "a session whose time is over")
		w.rest()
		w.verify()
	})
}
