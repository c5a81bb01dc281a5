package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"billfold/client"
	"billfold/core/rail"
)

// TestOnePaymentWhole walks the main job over HTTP: top up, be asked, confirm what was shown, capture a part, give some back, and
// see it all on both sides.
func TestOnePaymentWhole(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "10000")
		lena, cafe := w.as(w.lenaKey), w.as(w.cafeKey)
		asked, err := cafe.CreatePayment(w.ctx, client.CreatePayment{Amount: eur("4850"), Capture: "manual", Description: "Two coffees",
			Reference: "order-1", Metadata: map[string]string{"table": "7"}, HoldSeconds: 3600})
		if err != nil {
			t.Fatal(err)
		}
		if asked.State != "awaiting_confirmation" || asked.NextAction == nil || asked.NextAction.Type != "confirm" ||
			asked.NextAction.Digest != "" {
			t.Errorf("asked: %+v", asked)
		}
		shown, err := lena.Payment(w.ctx, asked.ID, []string{"payee"})
		if err != nil {
			t.Fatal(err)
		}
		if shown.Payee.Name != w.cafe.Name || !shown.Payee.Expanded || shown.Payee.ID != string(w.cafe.ID) || shown.NextAction.Digest == "" {
			t.Errorf("shown: %+v", shown)
		}
		wrong := strings.Repeat("0", 64)
		_, err = lena.ConfirmPayment(w.ctx, asked.ID, client.ConfirmPayment{Digest: wrong})
		refused(t, "another digest", err, 409, "authorization_mismatch")
		held, err := lena.ConfirmPayment(w.ctx, asked.ID, client.ConfirmPayment{Digest: shown.NextAction.Digest})
		if err != nil {
			t.Fatal(err)
		}
		if held.State != "authorized" || held.HoldExpiresAt.Sub(w.clock.Now()) != time.Hour || w.available(w.lenaKey) != "5150" {
			t.Errorf("held: %+v, %s available", held, w.available(w.lenaKey))
		}
		done, err := cafe.CapturePayment(w.ctx, asked.ID, client.CapturePayment{Amount: eur("4000")})
		if err != nil {
			t.Fatal(err)
		}
		if done.State != "completed" || done.Captured.Amount != "4000" || w.available(w.lenaKey) != "6000" {
			t.Errorf("captured: %+v", done)
		}
		back, err := cafe.RefundPayment(w.ctx, asked.ID, client.RefundPayment{Amount: eur("1000"), Reason: "cold"})
		if err != nil {
			t.Fatal(err)
		}
		if back.Kind != "refund" || back.RefundOf != asked.ID || back.Payee.ID != string(w.lena) || w.available(w.lenaKey) != "7000" {
			t.Errorf("refund: %+v", back)
		}
		w.tell()
		w.bothSides(asked.ID, done.Receipt)
	})
}

// bothSides checks what payer and shop see of the payment once everything is told.
func (w *world) bothSides(id, receipt string) {
	w.t.Helper()
	for who, key := range map[string]string{"payer": w.lenaKey, "payee": w.cafeKey} {
		p, err := w.as(key).Payment(w.ctx, id, []string{"payer", "payee"})
		if err != nil {
			w.t.Fatal(err)
		}
		steps := map[string]int{}
		for _, s := range p.Timeline {
			steps[s.Step]++
		}
		if p.State != "partly_refunded" || p.Refunded.Amount != "1000" || p.Receipt != receipt || p.Payer.Name != "Lena H." ||
			steps["request"] != 1 || steps["authorize"] != 1 || steps["capture"] != 1 || steps["refund"] != 1 ||
			steps["confirm_payer"] == 0 || steps["confirm_payer"] != steps["confirm_payee"] {
			w.t.Errorf("the %s sees %+v", who, p)
		}
		seen, err := w.as(key).Activity(w.ctx, client.PaymentFilter{Kind: "purchase", Reference: "order-1"})
		if err != nil || len(seen.Data) != 1 || seen.Data[0].Payment.ID != id {
			w.t.Errorf("the %s's activity: %+v, %v", who, seen, err)
		}
		var types []string
		for e, err := range client.All(func(cursor string) (client.List[client.Event], error) {
			return w.as(key).Events(w.ctx, client.EventFilter{Page: client.Page{Cursor: cursor, Limit: 2}})
		}) {
			if err != nil {
				w.t.Fatal(err)
			}
			if e.Data.Object.ID == id {
				types = append(types, e.Type)
			}
			one, err := w.as(key).Event(w.ctx, e.ID)
			if err != nil || one != e {
				w.t.Errorf("event %+v read alone: %+v, %v", e, one, err)
			}
		}
		want := "payment.authorized payment.captured payment.refunded"
		if who == "payee" {
			want = "payment.created " + want
		}
		if got := strings.Join(types, " "); got != want {
			w.t.Errorf("the %s heard %s", who, got)
		}
	}
}

// TestCheckout walks a hosted checkout from the shop's side.
func TestCheckout(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "10000")
		cafe := w.as(w.cafeKey)
		ask := client.CreateCheckoutSession{Amount: eur("300"), ReturnURL: "https://shop.example/thanks", Reference: "r",
			LineItems: []client.LineItem{{Name: "Espresso", Quantity: 2, Amount: eur("200")}, {Name: "Milk", Quantity: 1, Amount: eur("100")}}}
		var head client.Answer
		s, err := cafe.CreateCheckoutSession(w.ctx, ask, client.IdempotencyKey("one"), client.Into(&head))
		if err != nil {
			t.Fatal(err)
		}
		if s.State != "open" || s.URL != w.server.URL+"/c/"+s.ID || s.CancelURL != ask.ReturnURL || len(s.LineItems) != 2 {
			t.Errorf("session: %+v", s)
		}
		if _, err := w.as(w.lenaKey).ConfirmPayment(w.ctx, s.Payment.ID, client.ConfirmPayment{}); err != nil {
			t.Fatal(err)
		}
		w.tell()
		var again client.Answer
		if _, err := cafe.CreateCheckoutSession(w.ctx, ask, client.IdempotencyKey("one"), client.Into(&again)); err != nil || !again.Replayed ||
			string(again.Body) != string(head.Body) {
			t.Errorf("replay: %v %v\n%s\n%s", err, again.Replayed, again.Body, head.Body)
		}
		if got, err := cafe.CheckoutSession(w.ctx, s.ID); err != nil || got.State != "complete" || got.Payment.Payer.ID != string(w.lena) {
			t.Errorf("complete: %+v, %v", got, err)
		}
		_, err = cafe.ExpireCheckoutSession(w.ctx, s.ID)
		refused(t, "expire what is paid", err, 409, "payment_state")
		second, err := cafe.CreateCheckoutSession(w.ctx, ask)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cafe.ExpireCheckoutSession(w.ctx, second.ID); err != nil || got.State != "expired" {
			t.Errorf("expired: %+v, %v", got, err)
		}
		w.pay(w.lenaKey, "1") // a purchase that is no checkout
		list, err := cafe.CheckoutSessions(w.ctx, client.Page{})
		if err != nil || len(list.Data) != 2 || list.Data[0].ID != second.ID || list.Data[1].ID != s.ID {
			t.Errorf("list: %+v, %v", list, err)
		}
		ask.LineItems[0].Amount = eur("201")
		_, err = cafe.CreateCheckoutSession(w.ctx, ask)
		refused(t, "items that do not add up", err, 422, "line_items")
		ask.LineItems = nil
		for _, address := range []string{"javascript:alert(1)", "//evil.example", "https://user@shop.example/", "http://shop.example/",
			`https:\\evil.example`} {
			ask.ReturnURL = address
			_, err = cafe.CreateCheckoutSession(w.ctx, ask)
			if p := refused(t, address, err, 422, "return_url"); p.Param == "" {
				t.Errorf("%s: no param", address)
			}
		}
	})
}

// TestTopUp: the answer is processing, the declined card's reason is on the payment.
func TestTopUp(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "500")
		if got := w.available(w.lenaKey); got != "500" {
			t.Errorf("%s available", got)
		}
		p, err := w.as(w.lenaKey).TopUp(w.ctx, client.TopUp{Amount: eur("700"), Method: rail.TokenDecline})
		if err != nil || p.State != "processing" || p.NextAction.Type != "wait" || !p.Payer.IsZero() {
			t.Fatalf("%+v, %v", p, err)
		}
		cb := rail.Callback{ID: "no", Rail: rail.Card, Reference: p.ID, Merchant: "test", Outcome: rail.Declined, Reason: "card_declined",
			Amount: 700, Currency: "EUR"}
		if err := w.api.Payments.Settle(w.ctx, cb); err != nil {
			t.Fatal(err)
		}
		if p, err = w.as(w.lenaKey).Payment(w.ctx, p.ID, nil); err != nil || p.State != "failed" || p.Failure != "card_declined" {
			t.Errorf("%+v, %v", p, err)
		}
		_, err = w.as(w.lenaKey).TopUp(w.ctx, client.TopUp{Amount: eur("700"), Method: "4242424242424242"})
		refused(t, "a card number", err, 422, "topup_method")
	})
}

// TestLists: pages follow each other, filters narrow, and what a list says of an object is what the object says.
func TestLists(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "10000")
		var made []string
		for range 7 {
			made = append(made, w.pay(w.lenaKey, "100").ID)
		}
		var got []string
		pages := 0
		for p, err := range client.All(func(cursor string) (client.List[client.Payment], error) {
			pages++
			return w.as(w.cafeKey).Payments(w.ctx, client.PaymentFilter{Page: client.Page{Cursor: cursor, Limit: 3}, Expand: []string{"payer"}})
		}) {
			if err != nil {
				t.Fatal(err)
			}
			if p.Payer.Name != "Lena H." || p.Timeline != nil {
				t.Errorf("%+v", p)
			}
			got = append([]string{p.ID}, got...)
		}
		if strings.Join(got, " ") != strings.Join(made, " ") || pages != 3 {
			t.Errorf("%d pages: %v, want %v", pages, got, made)
		}
		for query, want := range map[string]int{"direction=out": 7, "direction=in": 1, "kind=topup": 1, "currency=JPY": 0, "state=completed": 8,
			"created_at%5Bgte%5D=2026-03-01T09:00:00Z": 8, "created_at%5Bgte%5D=2026-03-01T10:00:01%2B01:00": 0, "owner=" + string(w.lena): 8} {
			a := w.send(w.lenaKey, http.MethodGet, "/v1/activity?"+query, "")
			if n := strings.Count(a.body, `"object":"activity"`); n != want {
				t.Errorf("%s: %d, want %d: %s", query, n, want, a.body)
			}
		}
		list, err := w.as(w.ops).Payments(w.ctx, client.PaymentFilter{Page: client.Page{Owner: string(w.cafe.ID)}})
		if err != nil || len(list.Data) != 7 {
			t.Errorf("the operator sees %d, %v", len(list.Data), err)
		}
		accounts, err := w.as(w.lenaKey).Accounts(w.ctx, "")
		if err != nil || len(accounts.Data) != 2 || accounts.Data[0].Balance.Available != eur("9300") {
			t.Errorf("accounts: %+v, %v", accounts, err)
		}
		if me, err := w.as(w.cafeKey).Me(w.ctx); err != nil || me.Owner != string(w.cafe.ID) || me.Mode != "test" || me.Key.Kind != "secret" {
			t.Errorf("me: %+v, %v", me, err)
		}
		if all, err := w.as("").Currencies(w.ctx); err != nil || len(all.Data) < 150 {
			t.Errorf("%d currencies, %v", len(all.Data), err)
		}
	})
}

// TestClock: the sandbox's clock moves for everybody, and holds expire by it.
func TestClock(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "1000")
		p := w.hold(w.lenaKey, "600")
		before, err := w.as(w.cafeKey).TestClock(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		after, err := w.as(w.cafeKey).AdvanceClock(w.ctx, client.AdvanceClock{By: "8d"})
		if err != nil || after.Now.Sub(before.Now) != 8*24*time.Hour {
			t.Fatalf("%v to %v, %v", before.Now, after.Now, err)
		}
		_, err = w.as(w.cafeKey).CapturePayment(w.ctx, p.ID, client.CapturePayment{})
		refused(t, "a late capture", err, 409, "hold_expired")
		if got := w.available(w.lenaKey); got != "1000" {
			t.Errorf("%s available", got)
		}
		_, err = w.as(w.ops).AdvanceClock(w.ctx, client.AdvanceClock{To: before.Now})
		refused(t, "backwards", err, 422, "invalid_clock_advance")
		for _, by := range []string{"1e3s", "-1d", "0d", "d", "3w", "٣d", "9999999d"} {
			_, err = w.as(w.ops).AdvanceClock(w.ctx, client.AdvanceClock{By: by})
			if p := refused(t, by, err, 422, "invalid_parameter"); p.Param != "by" {
				t.Errorf("%s blames %q", by, p.Param)
			}
		}
		live := New(Options{PublicURL: "https://pay.example.org"})
		if strings.Contains(string(live.document()), "/v1/test/") {
			t.Error("a live installation has a test clock")
		}
	})
}
