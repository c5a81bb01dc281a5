package payment

import (
	"sync"
	"testing"
	"time"

	"billfold/base/money"
	"billfold/core/rail"
)

// linked makes an address for being paid.
func (w *world) linked(l PayLink) PayLink {
	w.t.Helper()
	if l.Title == "" {
		l.Title = "Yoga"
	}
	l, err := w.CreatePayLink(w.ctx, w.byShop(), l, w.key())
	w.ok(err)
	return l
}

func (w *world) underLink(l PayLink, minor int64) Checkout {
	w.t.Helper()
	k, err := w.OpenPayLink(w.ctx, l.ID, eur.Of(minor), w.key())
	w.ok(err)
	return k
}

// TestPayLink: what a shop asks under an address is asked whatever its visitor sends.
func TestPayLink(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		call := w.key()
		fixed, err := w.CreatePayLink(w.ctx, w.byShop(), PayLink{Title: "Yoga", Description: "Bring a mat", Amount: eur.Of(1500)}, call)
		w.ok(err)
		again, err := w.CreatePayLink(w.ctx, w.byShop(), PayLink{Title: "Yoga", Description: "Bring a mat", Amount: eur.Of(1500)}, call)
		if err != nil || !again.Replayed || again.ID != fixed.ID || again.Description != "Bring a mat" {
			t.Errorf("made again: %+v, %v", again, err)
		}
		k := w.underLink(fixed, 1) // a visitor who sends another amount
		if k.Payment.Amount != eur.Of(1500) {
			t.Errorf("asked for %s", k.Payment.Amount)
		}
		paid, err := w.PayCheckout(w.ctx, w.by(w.lena), k.ID, Consent{}, w.key())
		if err != nil || paid.Payment.State != Completed {
			t.Fatalf("paid: %+v, %v", paid, err)
		}
		open := w.linked(PayLink{Amount: money.Amount{Currency: eur}, Least: 200})
		_, err = w.OpenPayLink(w.ctx, open.ID, eur.Of(199), w.key())
		w.refused(err, ErrPayLinkAmount, "less than the least")
		if k := w.underLink(open, 777); k.Payment.Amount != eur.Of(777) || k.Payment.Description != "Yoga" {
			t.Errorf("asked for %s", k.Payment.Amount)
		}
		usd, _ := money.Lookup("USD")
		_, err = w.OpenPayLink(w.ctx, open.ID, usd.Of(777), w.key())
		w.refused(err, money.ErrCurrencyMismatch, "another currency")

	})
}

// TestPayLinkOver: the last use is paid once, by wallet or by card, and a declined card gives it back; what is closed or
// has ended is refused.
func TestPayLinkOver(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		w.fund(w.omar, 10_000)
		fixed := w.linked(PayLink{Amount: eur.Of(1500)})
		once := w.linked(PayLink{Amount: eur.Of(300), Most: 1})
		card, wallet, third := w.underLink(once, 0), w.underLink(once, 0), w.underLink(once, 0)
		w.swipe(card, rail.TokenDecline)
		_, err := w.PayCheckout(w.ctx, w.by(w.omar), wallet.ID, Consent{}, w.key())
		w.refused(err, ErrPayLinkOver, "while a card is asked for the last use")
		w.until(time.Second, 8)
		var wins, losses int
		var both sync.WaitGroup
		var mu sync.Mutex
		for _, one := range []struct {
			by Caller
			k  Checkout
		}{{w.by(w.lena), third}, {w.by(w.omar), wallet}} {
			both.Go(func() {
				_, err := w.PayCheckout(w.ctx, one.by, one.k.ID, Consent{}, w.key())
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					wins++
				} else {
					losses++
					w.refused(err, ErrPayLinkOver, "the last use, paid twice at once")
				}
			})
		}
		both.Wait()
		if wins != 1 || losses != 1 {
			t.Errorf("%d paid the one use", wins)
		}
		_, err = w.OpenPayLink(w.ctx, once.ID, eur.Of(0), w.key())
		w.refused(err, ErrPayLinkOver, "used up")
		if l, err := w.ViewPayLink(w.ctx, once.ID); err != nil || l.Used != 1 || l.State(w.business.Now()) != "used" {
			t.Errorf("%+v, %v", l, err)
		}

		waiting := w.underLink(fixed, 0)
		_, err = w.SetPayLink(w.ctx, w.by(w.lena), fixed.ID, true)
		if err == nil {
			t.Error("a stranger closes it")
		}
		_, err = w.SetPayLink(w.ctx, w.byShop(), fixed.ID, true)
		w.ok(err)
		_, err = w.PayCheckout(w.ctx, w.by(w.lena), waiting.ID, Consent{}, w.key())
		w.refused(err, ErrPayLinkOver, "closed after it was opened")
		ends := w.linked(PayLink{Amount: eur.Of(100), ExpiresAt: w.business.Now().Add(10 * time.Minute)})
		w.business.Advance(10 * time.Minute)
		_, err = w.OpenPayLink(w.ctx, ends.ID, eur.Of(100), w.key())
		w.refused(err, ErrPayLinkOver, "ended")
		for _, none := range []PayLinkID{"", "lnk_0", "chk_00000000000000000000000000", PayLinkID(w.ids.New("lnk"))} {
			if _, err := w.ViewPayLink(w.ctx, none); err == nil {
				t.Errorf("%q is there", none)
			}
		}
		for _, bad := range []PayLink{{}, {Title: "x", Amount: eur.Of(-1)}, {Title: "x", Amount: eur.Of(1), Least: 1},
			{Title: "x", Amount: eur.Of(1), Most: -1}, {Title: "x", Amount: eur.Of(1), ExpiresAt: w.business.Now()},
			{Title: "x\x00", Amount: eur.Of(1)},
			{Title: "x"}} {
			if _, err := w.CreatePayLink(w.ctx, w.byShop(), bad, w.key()); err == nil {
				t.Errorf("%+v is made", bad)
			}
		}
	})
}

// TestPayLinkAskedAgain: who made an address, or opened a checkout under one, and asks again with their key when it is over, has the
// answer of then.
func TestPayLinkAskedAgain(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		terms := PayLink{Title: "Raffle", Amount: eur.Of(300), ExpiresAt: w.business.Now().Add(time.Hour)}
		made, opened := w.key(), w.key()
		l, err := w.CreatePayLink(w.ctx, w.byShop(), terms, made)
		w.ok(err)
		k, err := w.OpenPayLink(w.ctx, l.ID, l.Amount, opened)
		w.ok(err)
		w.ok(w.business.Advance(2 * time.Hour))
		l2, err := w.CreatePayLink(w.ctx, w.byShop(), terms, made)
		w.ok(err)
		k2, err := w.OpenPayLink(w.ctx, l.ID, l.Amount, opened)
		w.ok(err)
		same := l2.Replayed && l2.ID == l.ID && l2.ShopName == l.ShopName && k2.Replayed && k2.ID == k.ID
		if !same || k2.Payment.State != AwaitingConfirmation {
			t.Errorf("asked again: %+v\nand %+v", l2, k2)
		}
		_, err = w.CreatePayLink(w.ctx, w.byShop(), terms, w.key())
		w.refused(err, ErrExpiry, "an end in the past")
		_, err = w.OpenPayLink(w.ctx, l.ID, l.Amount, w.key())
		w.refused(err, ErrPayLinkOver, "a new checkout")
	})
}
