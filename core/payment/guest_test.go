package payment

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/core/rail"
)

// plastic is a card of the sandbox, taken in as the page does.
func (w *world) plastic(behaves string) rail.KeptCard {
	w.t.Helper()
	number := rail.TestCard(behaves)
	c, err := w.card.Keep(w.ctx, rail.CardForm{Number: rail.Hidden(number), Expiry: "12/30", Code: "123"})
	w.ok(err)
	return c
}

// swipe pays a session with a card.
func (w *world) swipe(k Checkout, behaves string) Checkout {
	w.t.Helper()
	k, err := w.PayByCard(w.ctx, k.ID, w.plastic(behaves), nil, w.key())
	w.ok(err)
	return k
}

func (w *world) floated() int64 { return -w.balance(FloatAddress(rail.Card, eur)).Posted }

func (w *world) seen(k Checkout) Checkout {
	w.t.Helper()
	k, err := w.ViewCheckout(w.ctx, Caller{}, k.ID)
	w.ok(err)
	return k
}

// TestGuestCard: a guest pays by card, once, whatever the acquirer repeats; a declined card leaves the session open for another; what
// is given back goes back to the card; nobody pays twice.
func TestGuestCard(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 5_000)
		start := w.floated()
		k := w.session(1250)
		card, call := w.plastic(rail.TokenDecline), w.key()
		asked, err := w.PayByCard(w.ctx, k.ID, card, nil, call)
		if err != nil || asked.State != CheckoutComplete || asked.Payment.State != Processing || asked.Payment.Method != FromCard {
			t.Fatalf("asked: %+v, %v", asked, err)
		}
		again, err := w.PayByCard(w.ctx, k.ID, card, nil, call)
		if err != nil || !again.Replayed || canon(again.Payment) != canon(asked.Payment) {
			t.Errorf("pressed twice: %+v, %v", again, err)
		}
		_, err = w.PayByCard(w.ctx, k.ID, w.plastic(rail.TokenOK), nil, w.key())
		w.refused(err, ErrState, "a second card while the first is asked")
		_, err = w.PayCheckout(w.ctx, w.by(w.lena), k.ID, Consent{}, w.key())
		if err == nil {
			t.Error("a wallet pays what a card is paying")
		}
		_, err = w.ExpireCheckout(w.ctx, w.byShop(), k.ID, w.key())
		w.refused(err, ErrState, "a session that is being paid ends")
		w.until(time.Second, 8)
		open := w.seen(k)
		if open.State != CheckoutOpen || open.Payment.Method != FromWallet || w.receipts() != 0 {
			t.Fatalf("after a decline: %+v", open)
		}
		if why, err := w.CardRefusal(w.ctx, open.Payment); err != nil || why != "card_declined" {
			t.Errorf("declined because of %q, %v", why, err)
		}
		w.swipe(k, rail.TokenOK)
		w.until(time.Second, 8)
		paid := w.seen(k)
		if paid.State != CheckoutComplete || paid.Payment.State != Completed || w.receipts() != 1250 || w.floated()-start != 1250 {
			t.Fatalf("paid: %s, the shop has %d, the acquirer owes %d more", paid.Payment.State, w.receipts(), w.floated()-start)
		}
		for _, shown := range []string{fmt.Sprintf("%+v", paid), w.dumpCards()} {
			if strings.Contains(shown, rail.TestCard(rail.TokenOK)) || strings.Contains(shown, rail.TestCard(rail.TokenDecline)) {
				t.Error("a card number is kept")
			}
		}
		shop, err := w.Get(w.ctx, w.byShop(), paid.Payment.ID)
		if err != nil || shop.PayerName != "Visa •••• 4242" || shop.Payer != "" {
			t.Errorf("the shop sees %q %q, %v", shop.Payer, shop.PayerName, err)
		}
		_, err = w.PayByCard(w.ctx, k.ID, w.plastic(rail.TokenOK), nil, w.key())
		w.refused(err, ErrState, "paid twice")

		half := eur.Of(500)
		back, err := w.Refund(w.ctx, w.byShop(), paid.Payment.ID, &half, "cold", w.key())
		if err != nil || back.Payee != "" || back.PayeeName != "Visa •••• 4242" || back.Method != FromCard {
			t.Fatalf("refund: %+v, %v", back, err)
		}
		w.until(time.Second, 3)
		w.ok(w.AskSilentRails(w.ctx))
		given, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) (int64, error) { return rail.GivenBack(tx, string(paid.Payment.ID)+"-2") })
		if err != nil || given != 500 || w.receipts() != 750 || w.floated()-start != 750 {
			t.Errorf("the card has %d back (%v), the shop %d, the acquirer owes %d", given, err, w.receipts(), w.floated()-start)
		}
		if payer, payee := w.toldSides(paid.Payment.ID, paid.Payment.Version); payer || !payee {
			t.Errorf("told payer %t, payee %t", payer, payee)
		}
	})
}

// dumpCards is what the database keeps of cards.
func (w *world) dumpCards() string {
	w.t.Helper()
	list, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) ([]string, error) {
		return db.All(tx, func(r db.Row) (s string, err error) {
			var a, b, c, d string
			err = r.Scan(&a, &b, &c, &d)
			return strings.Join([]string{a, b, c, d}, " "), err
		}, `select token, behaves, brand, last4 from rail_card`)
	})
	w.ok(err)
	return strings.Join(list, "\n")
}

// TestGuestCardMisfits: what an acquirer says too late, of another amount or currency credits nobody and is looked at by a person, and
// what the holder of a card takes back the shop bears.
func TestGuestCardMisfits(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 5_000)
		said := 0
		says := func(reference string, what rail.Outcome, minor int64, currency string) {
			t.Helper()
			said++
			w.ok(w.Settle(w.ctx, rail.Callback{ID: fmt.Sprint("msg", said), Rail: rail.Card, Reference: reference, Merchant: "test",
				Outcome: what, Amount: minor, Currency: currency}))
		}
		for name, hear := range map[string]func(p string){
			"more than asked":          func(p string) { says(p, rail.Settled, 1001, "EUR") },
			"another currency":         func(p string) { says(p, rail.Settled, 1000, "USD") },
			"settled after a decline":  func(p string) { says(p, rail.Declined, 0, "EUR"); says(p, rail.Settled, 1000, "EUR") },
			"an attempt never made":    func(p string) { says(p+"-2", rail.Settled, 1000, "EUR") },
			"a payout's word":          func(p string) { says(p, rail.Paid, 1000, "EUR") },
			"taken back before it was": func(p string) { says(p, rail.Disputed, 1000, "EUR") },
		} {
			k := w.swipe(w.session(1000), rail.TokenLater)
			hear(string(k.Payment.ID))
			if now := w.seen(k).Payment; now.State != Held || w.receipts() != 0 {
				t.Errorf("%s: %s, the shop has %d", name, now.State, w.receipts())
			}
		}
		k := w.swipe(w.session(1000), rail.TokenLater)
		p := string(k.Payment.ID)
		w.until(time.Second, 2)
		for _, none := range []string{p + "-1", p + "-02", p + "-x", p + "-2-2", "-" + p, p + "-"} {
			says(none, rail.Settled, 1000, "EUR")
		}
		says(p, rail.Settled, 1000, "EUR")
		says(p, rail.Settled, 1000, "EUR")
		says(p, rail.Declined, 0, "EUR")
		if w.receipts() != 1000 {
			t.Fatalf("the shop has %d", w.receipts())
		}
		third := eur.Of(300)
		_, err := w.Refund(w.ctx, w.byShop(), k.Payment.ID, &third, "", w.key())
		w.ok(err)
		says(p, rail.Disputed, 1000, "EUR")
		says(p, rail.Disputed, 1000, "EUR")
		if now := w.seen(k).Payment; now.State != Reversed || now.Refunded != 1000 || w.receipts() != 0 {
			t.Errorf("charged back: %s, %d given back, the shop has %d", now.State, now.Refunded, w.receipts())
		}
		_, err = w.Refund(w.ctx, w.byShop(), k.Payment.ID, nil, "", w.key())
		w.refused(err, ErrState, "a refund after a charge-back")

	})
}

// TestGuestCardLater: what settles in three days does by the sandbox's clock, whoever asks in between; what is to be
// held takes no card, and
// ten cards on one session are enough.
func TestGuestCardLater(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 5_000)
		late := w.swipe(w.session(700), rail.TokenLater) // three days, by the clock that a sandbox moves
		w.until(time.Second, 30)
		w.ok(w.AskSilentRails(w.ctx))
		if now := w.seen(late).Payment; now.State != Processing {
			t.Fatalf("at once: %s", now.State)
		}
		w.business.Advance(3 * 24 * time.Hour)
		w.until(time.Second, 8)
		if now := w.seen(late).Payment; now.State != Completed || w.receipts() != 700 {
			t.Errorf("three days later: %s, the shop has %d", now.State, w.receipts())
		}
		hold, err := w.CreateCheckout(w.ctx, w.byShop(), CheckoutTerms{Terms: Terms{Amount: eur.Of(100), Capture: Manual},
			ReturnURL: "https://shop.example/"}, w.key())
		w.ok(err)
		_, err = w.PayByCard(w.ctx, hold.ID, w.plastic(rail.TokenOK), nil, w.key())
		w.refused(err, ErrCardHold, "a card where money is held")
		many := w.session(100)
		for n := range int64(cardsMost) {
			w.swipe(many, rail.TokenLater)
			w.ok(w.Settle(w.ctx, rail.Callback{ID: fmt.Sprint("no", n), Rail: rail.Card, Reference: chargeOf(many.Payment.ID, n+1),
				Merchant: "test", Outcome: rail.Declined, Currency: "EUR"}))
		}
		_, err = w.PayByCard(w.ctx, many.ID, w.plastic(rail.TokenOK), nil, w.key())
		w.refused(err, ErrCardTries, "an eleventh card")
	})
}

// TestKeep: only the sandbox's own numbers are taken in, and what is typed prints as nothing.
func TestKeep(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1)
		good := rail.CardForm{Number: "4242 4242-4242 4242", Expiry: "3/26", Code: "1234"}
		if c, err := w.card.Keep(w.ctx, good); err != nil || c.Shown() != "Visa •••• 4242" {
			t.Errorf("%+v, %v", c, err)
		}
		if said := fmt.Sprintf("%v %+v %#v %s", good, good, good, good.Number); strings.Contains(said, "4242") || strings.Contains(said, "1234") {
			t.Errorf("a card prints as %s", said)
		}
		for _, bad := range []struct{ number, expiry, code, want string }{
			{"4242424242424241", "12/30", "123", "card_number"}, {"4242", "12/30", "123", "card_number"}, {"", "12/30", "123", "card_number"},
			{"4242424242424242x", "12/30", "123", "card_number"}, {"４２４２424242424242", "12/30", "123", "card_number"},
			{"4242424242424242", "02/26", "123", "card_expiry"}, {"4242424242424242", "13/30", "123", "card_expiry"},
			{"4242424242424242", "12/99", "123", "card_expiry"}, {"4242424242424242", "-1/30", "123", "card_expiry"},
			{"4242424242424242", "12/30", "12", "card_code"}, {"4242424242424242", "12/30", "12345", "card_code"},
			{"4111111111111111", "12/30", "123", "card_real"},
		} {
			_, err := w.card.Keep(w.ctx, rail.CardForm{Number: rail.Hidden(bad.number), Expiry: rail.Hidden(bad.expiry),
				Code: rail.Hidden(bad.code)})
			if err == nil || !strings.Contains(fmt.Sprint(err), bad.want) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
}

// TestDeclinedAnswerAgain: who tried a card and asks again with their key, when the card was declined and another one tried since, has the
// answer of then to the byte.
func TestDeclinedAnswerAgain(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		k, key := w.session(1000), w.key()
		first, err := w.PayByCard(w.ctx, k.ID, w.plastic(rail.TokenDecline), nil, key)
		w.ok(err)
		w.until(time.Second, 8)
		for _, since := range []string{"declined", "another card"} {
			again, err := w.PayByCard(w.ctx, k.ID, w.plastic(rail.TokenDecline), nil, key)
			w.ok(err)
			if !again.Replayed || canon(again.Payment) != canon(first.Payment) || first.Payment.Method != FromCard || first.Payment.PayerName == "" {
				t.Errorf("%s:\n%+v\nwas\n%+v", since, again.Payment, first.Payment)
			}
			if since == "declined" {
				w.swipe(k, rail.TokenOK)
				w.until(time.Second, 4)
			}
		}
	})
}
