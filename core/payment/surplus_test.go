package payment

import (
	"fmt"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/core/rail"
)

// hears has the card rail say something about a charge, as it does: signed, stored, and acted on by a task.
func (w *world) hears(charge string, what rail.Outcome, minor int64) {
	w.t.Helper()
	body := fmt.Appendf(nil, `{"type":"charge.%s","data":{"reference":%q,"merchant":"test","amount":"%d","currency":"EUR"}}`,
		what, charge, minor)
	message := fmt.Sprintf("msg_%s_%d", charge, w.keys.Add(1))
	w.ok(w.inbox.Receive(w.ctx, rail.Card, rail.Sign(w.secret, message, w.real.Now(), body), body))
	w.until(time.Second, 2)
}

func (w *world) givenBack(charge string) int64 {
	w.t.Helper()
	n, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) (int64, error) { return rail.GivenBack(tx, charge) })
	w.ok(err)
	return n
}

// twice is a session whose first card was declined, and whose second one is on its way.
func (w *world) twice() (k Checkout, first, second string) {
	w.t.Helper()
	k = w.swipe(w.session(1000), rail.TokenDecline)
	w.until(time.Second, 8)
	k = w.swipe(k, rail.TokenLater)
	w.until(time.Second, 1)
	first = string(k.Payment.ID)
	return k, first, first + "-2"
}

// TestSurplus: what a rail took and nobody is credited for goes back to the card it was taken from, once: when an operator decides so,
// and when a second card paid what is paid. What a payment lives on stays, and refunds go back there.
func TestSurplus(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		k, first, second := w.twice()
		w.hears(first, rail.Settled, 1000)
		if now := w.seen(k).Payment; now.State != Held || w.givenBack(first) != 0 {
			t.Fatalf("a person is to look: %s, %d went back before", now.State, w.givenBack(first))
		}
		_, err := w.TakeBack(w.ctx, w.staff(), k.Payment.ID, "declined, then taken", w.key())
		w.ok(err)
		w.until(time.Second, 2)
		if w.givenBack(first) != 1000 || w.givenBack(second) != 0 || w.receipts() != 0 {
			t.Errorf("sent back: %d and %d, the shop has %d", w.givenBack(first), w.givenBack(second), w.receipts())
		}
		for range 2 {
			w.hears(second, rail.Settled, 1000)
		}
		if w.givenBack(first) != 1000 || w.givenBack(second) != 1000 || w.receipts() != 0 {
			t.Errorf("taken after that: %d and %d, the shop has %d", w.givenBack(first), w.givenBack(second), w.receipts())
		}

		k, first, second = w.twice()
		w.hears(first, rail.Settled, 1000)
		_, err = w.Release(w.ctx, w.staff(), k.Payment.ID, "the first card paid", w.key())
		w.ok(err)
		w.hears(second, rail.Settled, 1000)
		part := eur.Of(400)
		_, err = w.Refund(w.ctx, w.byShop(), k.Payment.ID, &part, "cold", w.key())
		w.ok(err)
		w.until(time.Second, 3)
		if w.givenBack(first) != 400 || w.givenBack(second) != 1000 || w.receipts() != 600 {
			t.Errorf("released: %d and %d went back, the shop has %d", w.givenBack(first), w.givenBack(second), w.receipts())
		}

		_, first, second = w.twice()
		w.hears(second, rail.Settled, 1000)
		w.hears(first, rail.Settled, 1000)
		w.hears(second, rail.Settled, 1000)
		if w.givenBack(first) != 1000 || w.givenBack(second) != 0 || w.receipts() != 1600 {
			t.Errorf("paid by two cards: %d and %d went back, the shop has %d", w.givenBack(first), w.givenBack(second), w.receipts())
		}

		p := w.topUp(rail.TokenLost)
		w.rest()
		w.hears(string(p.ID), rail.Settled, 4000)
		w.hears(string(p.ID), rail.Disputed, 1500)
		_, err = w.TakeBack(w.ctx, w.staff(), p.ID, "not the amount", w.key())
		w.ok(err)
		w.until(time.Second, 2)
		if w.givenBack(string(p.ID)) != 2500 || w.available(w.lena) != 100 {
			t.Errorf("a top-up: %d went back, the wallet has %d", w.givenBack(string(p.ID)), w.available(w.lena))
		}
	})
}

// TestDeclinedThenPaidByWallet: a card that was declined and took the money after all, when the wallet had paid already, gets it back; and
// what its holder takes back is not the shop's to bear, who was never credited for it.
func TestDeclinedThenPaidByWallet(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 5000)
		k := w.swipe(w.session(1000), rail.TokenDecline)
		w.until(time.Second, 8)
		_, err := w.PayCheckout(w.ctx, w.by(w.lena), k.ID, Consent{}, w.key())
		w.ok(err)
		charge := string(k.Payment.ID)
		for range 2 {
			w.hears(charge, rail.Settled, 1000)
		}
		if now := w.seen(k).Payment; now.State != Completed || now.Method != FromWallet || w.givenBack(charge) != 1000 || w.receipts() != 1000 {
			t.Errorf("%s from %s: %d went back, the shop has %d", now.State, now.Method, w.givenBack(charge), w.receipts())
		}
		w.hears(charge, rail.Disputed, 1000)
		if now := w.seen(k).Payment; now.State != Completed || w.receipts() != 1000 || w.available(w.lena) != 4000 {
			t.Errorf("disputed: %s, the shop has %d, the wallet %d", now.State, w.receipts(), w.available(w.lena))
		}
		w.verify()
	})
}
