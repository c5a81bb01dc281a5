package payment

import (
	"strings"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/identity"
	"billfold/core/rail"
)

func (w *world) topUp(token string) Payment {
	w.t.Helper()
	p, err := w.TopUp(w.ctx, w.by(w.lena), eur.Of(5000), token, w.key())
	if err != nil || p.State != Processing || p.NextAction.Type != ActWait || p.Method != FromCard {
		w.t.Fatalf("top-up: %+v, %v", p, err)
	}
	return p
}

// until moves real time on, step by step, until everything the rail had to say was said.
func (w *world) until(step time.Duration, times int) {
	w.t.Helper()
	for range times {
		w.rest()
		if err := w.real.Advance(step); err != nil {
			w.t.Fatal(err)
		}
	}
	w.rest()
}

func (w *world) now(p ID) Payment {
	w.t.Helper()
	now, err := w.Get(w.ctx, w.by(w.lena), p)
	if err != nil {
		w.t.Fatal(err)
	}
	return now
}

// TestTopUp: the whole road over HTTP. The rail delays, repeats and reorders; the wallet is credited once.
func TestTopUp(t *testing.T) {
	engines(t, func(w *world) {
		for n := int64(1); n <= 6; n++ {
			p := w.topUp(rail.TokenOK)
			w.rest()
			if w.now(p.ID).State != Processing {
				t.Fatal("the rail answered before its time")
			}
			w.until(200*time.Millisecond, 20)
			now := w.now(p.ID)
			if now.State != Completed || now.Captured != 5000 || w.available(w.lena) != 5000*n {
				t.Fatalf("top-up %d: %+v, available %d", n, now, w.available(w.lena))
			}
			if names := strings.Join(stepNames(now.Steps), " "); names != "authenticate request settle confirm_payer confirm_payee" {
				t.Errorf("steps are %s", names)
			}
		}
		if got := w.received.Load(); got < 12 {
			t.Errorf("only %d callbacks for 6 charges: the rail did not repeat itself", got)
		}
		if got := w.balance(FloatAddress(rail.Card, eur)).Posted; got != -30_000 {
			t.Errorf("the rail owes us %d, want 30000", -got)
		}
	})
}

// TestTopUpTokens: each test token does what it says.
func TestTopUpTokens(t *testing.T) {
	engines(t, func(w *world) {
		declined, poor, slow, lost := w.topUp(rail.TokenDecline), w.topUp(rail.TokenInsufficient), w.topUp(rail.TokenSlow),
			w.topUp(rail.TokenLost)
		w.until(time.Second, 4)
		for p, why := range map[ID]string{declined.ID: "card_declined", poor.ID: "card_insufficient_funds"} {
			if now := w.now(p); now.State != Failed || now.Failure != why || now.Captured != 0 {
				t.Errorf("declined: %+v", now)
			}
		}
		if w.now(slow.ID).State != Processing || w.now(lost.ID).State != Processing {
			t.Error("the slow and the lost card answered at once")
		}
		w.until(time.Second, 6)
		if w.now(slow.ID).State != Completed || w.now(lost.ID).State != Processing {
			t.Errorf("after ten seconds: slow %s, lost %s", w.now(slow.ID).State, w.now(lost.ID).State)
		}
		w.until(time.Second, 15)
		if err := w.AskSilentRails(w.ctx); err != nil {
			t.Fatal(err)
		}
		w.until(time.Second, 5)
		if w.now(lost.ID).State != Completed || w.available(w.lena) != 10_000 {
			t.Errorf("asked again: %s, available %d", w.now(lost.ID).State, w.available(w.lena))
		}
		_, err := w.TopUp(w.ctx, w.by(w.lena), eur.Of(1), "4242424242424242", w.key())
		w.refused(err, ErrMethod, "a card number")
		_, err = w.TopUp(w.ctx, w.byShop(), eur.Of(1), rail.TokenOK, w.key())
		w.refused(err, ErrPersonOnly, "a shop's top-up")
		gbp := eur
		gbp.Code = "GBP"
		_, err = w.TopUp(w.ctx, w.by(w.lena), gbp.Of(1), rail.TokenOK, w.key())
		w.refused(err, ErrCurrency, "a currency we do not use")
		_, err = w.Refund(w.ctx, w.by(w.lena), slow.ID, nil, "", w.key())
		w.refused(err, ErrNotRefundable, "refund a top-up")
	})
}

// TestForgedCallbacks is attack case 15 at the door: what the rail did not sign, or not now, does nothing.
func TestForgedCallbacks(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		p := w.topUp(rail.TokenLost)
		w.rest()
		now := w.real.Now()
		body := []byte(`{"type":"charge.settled","data":{"reference":"` + string(p.ID) + `","merchant":"test","amount":"5000","currency":"EUR"}}`)
		good := rail.Sign(w.secret, "msg_1", now, body)
		edit := func(change func(*rail.Head)) rail.Head {
			h := good
			change(&h)
			return h
		}
		for doing, h := range map[string]rail.Head{
			"no signature":           edit(func(h *rail.Head) { h.Signature = "" }),
			"a cut signature":        edit(func(h *rail.Head) { h.Signature = h.Signature[:len(h.Signature)-4] }),
			"another version":        edit(func(h *rail.Head) { h.Signature = strings.Replace(h.Signature, "v1,", "v0,", 1) }),
			"another id":             edit(func(h *rail.Head) { h.ID = "msg_2" }),
			"another time":           edit(func(h *rail.Head) { h.Timestamp += "0" }),
			"no time":                edit(func(h *rail.Head) { h.Timestamp = "" }),
			"another secret":         rail.Sign([]byte("guess"), "msg_1", now, body),
			"six minutes old":        rail.Sign(w.secret, "msg_1", now.Add(-6*time.Minute), body),
			"six minutes in advance": rail.Sign(w.secret, "msg_1", now.Add(6*time.Minute), body),
		} {
			w.refused(w.inbox.Receive(w.ctx, rail.Card, h, body), rail.ErrSignature, doing)
		}
		more := []byte(strings.Replace(string(body), "5000", "9000", 1))
		w.refused(w.inbox.Receive(w.ctx, rail.Card, good, more), rail.ErrSignature, "another body")
		w.refused(w.inbox.Receive(w.ctx, "sepa", good, body), rail.ErrRail, "another rail")
		float := []byte(strings.Replace(string(body), `"5000"`, `5e3`, 1))
		w.refused(w.inbox.Receive(w.ctx, rail.Card, rail.Sign(w.secret, "msg_3", now, float), float), rail.ErrCallback, "a float")
		w.rest()
		if w.available(w.lena) != 100 || w.now(p.ID).State != Processing {
			t.Errorf("a forged callback moved something: %d", w.available(w.lena))
		}
		several := edit(func(h *rail.Head) { h.Signature = "v1,AAAA " + h.Signature })
		if err := w.inbox.Receive(w.ctx, rail.Card, several, body); err != nil {
			t.Errorf("a second signature beside a good one: %v", err)
		}
		w.rest()
		if w.available(w.lena) != 5100 {
			t.Errorf("the good one: %d", w.available(w.lena))
		}
	})
}

// TestOddCallbacks is attack case 15 behind the door: signed, but not what was asked for, or not in order.
func TestOddCallbacks(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		settled := rail.Callback{Rail: rail.Card, Merchant: "test", Outcome: rail.Settled, Amount: 5000, Currency: "EUR"}
		declined := rail.Callback{Rail: rail.Card, Merchant: "test", Outcome: rail.Declined, Reason: "card_declined", Currency: "EUR"}
		odd := func(change func(*rail.Callback)) rail.Callback {
			cb := settled
			change(&cb)
			return cb
		}
		credited := int64(100)
		for _, c := range []struct {
			doing string
			say   []rail.Callback
			want  State
			adds  int64
		}{
			{"three times", []rail.Callback{settled, settled, settled}, Completed, 5000},
			{"another amount", []rail.Callback{odd(func(c *rail.Callback) { c.Amount = 5001 })}, Held, 0},
			{"less", []rail.Callback{odd(func(c *rail.Callback) { c.Amount = 1 })}, Held, 0},
			{"another currency", []rail.Callback{odd(func(c *rail.Callback) { c.Currency = "JPY" })}, Held, 0},
			{"a foreign merchant", []rail.Callback{odd(func(c *rail.Callback) { c.Merchant = "live" })}, Held, 0},
			{"another rail", []rail.Callback{odd(func(c *rail.Callback) { c.Rail = "sepa" })}, Held, 0},
			{"wrong, then right", []rail.Callback{odd(func(c *rail.Callback) { c.Amount = 9 }), settled}, Held, 0},
			{"right, then wrong", []rail.Callback{settled, odd(func(c *rail.Callback) { c.Amount = 9 })}, Completed, 5000},
			{"declined twice", []rail.Callback{declined, declined}, Failed, 0},
			{"declined, then settled", []rail.Callback{declined, settled}, Held, 0},
			{"settled, then declined", []rail.Callback{settled, declined}, Completed, 5000},
		} {
			p := w.topUp(rail.TokenLost)
			for _, cb := range c.say {
				cb.Reference = string(p.ID)
				if err := w.Settle(w.ctx, cb); err != nil {
					t.Errorf("%s: %v", c.doing, err)
				}
			}
			credited += c.adds
			if now := w.now(p.ID); now.State != c.want || w.available(w.lena) != credited {
				t.Errorf("%s: %s, available %d, want %s and %d", c.doing, now.State, w.available(w.lena), c.want, credited)
			}
		}
		bought := w.pay(w.lena, 50)
		for _, reference := range []string{string(bought.ID), string(w.ids.New("pay")), "pay_nonsense", ""} {
			cb := settled
			cb.Reference = reference
			if err := w.Settle(w.ctx, cb); err != nil {
				t.Errorf("a callback about %q: %v", reference, err)
			}
		}
		if w.available(w.lena) != credited-50 {
			t.Errorf("a callback about nothing of ours moved something: %d", w.available(w.lena))
		}
	})
}

// TestTopUpSurvivesRestart: the process dies between the intent and the answer; another one settles it.
func TestTopUpSurvivesRestart(t *testing.T) {
	engines(t, func(w *world) {
		p := w.topUp(rail.TokenOK)
		next := build(t, w.DB, w.Keys, w.business, w.real)
		next.lena = w.lena
		next.until(200*time.Millisecond, 20)
		if now := w.now(p.ID); now.State != Completed || w.available(w.lena) != 5000 {
			t.Errorf("after the restart: %+v", now)
		}
		open, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) ([]intent, error) {
			return db.All(tx, scanIntent, selectSilent, clock.Micros(w.real.Now().Add(time.Hour)), 10)
		})
		if err != nil || len(open) != 0 {
			t.Errorf("%d intents are still open, %v", len(open), err)
		}
		frozen := w.topUp(rail.TokenOK) // its person is frozen before the rail answers: the money was taken, so it waits
		if _, err := w.People.SetState(w.ctx, w.lena, identity.Frozen); err != nil {
			t.Fatal(err)
		}
		next.until(200*time.Millisecond, 20)
		if now := w.now(frozen.ID); now.State != Processing {
			t.Errorf("a frozen person's top-up is %s", now.State)
		}
		_, err = w.TopUp(w.ctx, w.by(w.lena), eur.Of(1), rail.TokenOK, w.key())
		w.refused(err, ErrPayeeFrozen, "a frozen person's new top-up")
		if _, err := w.People.SetState(w.ctx, w.lena, identity.Active); err != nil {
			t.Fatal(err)
		}
		next.until(time.Minute, 11)
		if now := w.now(frozen.ID); now.State != Completed || w.available(w.lena) != 10_000 {
			t.Errorf("once the freeze is lifted it is %s", now.State)
		}
	})
}
