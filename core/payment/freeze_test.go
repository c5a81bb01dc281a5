package payment

import (
	"errors"
	"testing"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/rail"
)

// deed is one way to move money, or to be about to.
type deed struct {
	name string
	want *fault.Fault // while somebody is frozen
	do   func() error
}

// quoted is a quote of euros into yen.
func (w *world) quoted() fx.QuoteID {
	q, err := w.Desk.Quote(w.ctx, w.lena, eur.Of(200), jpy)
	w.ok(err)
	return q.ID
}

// frozenWallet are all the ways in and out of Lena's wallet, prepared up to the last step.
func (w *world) frozenWallet() []deed {
	lena, omar := w.by(w.lena), w.by(w.omar)
	to, err := w.Accounts.Link(w.ctx, string(w.lena), "Lena Hoffmann", w.iban("3000"))
	w.ok(err)
	create := func(c Caller, t Terms, confirm bool) func() error {
		call := w.key()
		return func() error { _, err := w.Create(w.ctx, c, t, confirm, call); return err }
	}
	confirm := func(c Caller, p Payment, yes Consent) func() error {
		call := w.key()
		return func() error { _, err := w.Confirm(w.ctx, c, p.ID, yes, call); return err }
	}
	shown := func(p Payment, err error) func() error {
		w.t.Helper()
		w.ok(err)
		return confirm(lena, p, Consent{Digest: p.NextAction.Digest})
	}
	ask := func(c Caller, t AskTerms) func() error {
		call := w.key()
		return func() error { _, err := w.Ask(w.ctx, c, t, call); return err }
	}
	reserve := w.terms(100)
	reserve.Capture = Manual
	waiting := w.done(w.Create(w.ctx, lena, w.terms(100), false, w.key()))
	session, err := w.ViewCheckout(w.ctx, lena, w.session(100).ID)
	w.ok(err)
	gift := w.done(w.Create(w.ctx, omar, Terms{Capture: ByLink, Amount: eur.Of(100)}, true, w.key()))
	link, err := w.LinkTo(w.ctx, omar, gift.ID)
	w.ok(err)
	hers, his := w.asks(w.omar, w.even(200, "@lena")), w.asks(w.lena, w.even(200, "@omar"))
	one := AskTerms{Mode: ByAmount, Total: eur.Of(100), Shares: []ShareTerms{{Person: "@omar", Part: 100}}}
	payCall, claimCall, topCall, outCall, swapCall := w.key(), w.key(), w.key(), w.key(), w.key()
	fresh := w.quoted()
	return []deed{
		{"send to a person", identity.ErrPersonFrozen, create(lena, Terms{Payee: string(w.omar), Amount: eur.Of(100)}, true)},
		{"pay a shop", identity.ErrPersonFrozen, create(lena, w.terms(100), true)},
		{"say yes to what waited", identity.ErrPersonFrozen, confirm(lena, waiting, Consent{})},
		{"have a shop reserve", identity.ErrPersonFrozen, create(lena, reserve, true)},
		{"pay a checkout", identity.ErrPersonFrozen, func() error {
			_, err := w.PayCheckout(w.ctx, lena, session.ID, Consent{Digest: session.Payment.NextAction.Digest}, payCall)
			return err
		}},
		{"send by a link", identity.ErrPersonFrozen, create(lena, Terms{Capture: ByLink, Amount: eur.Of(100)}, true)},
		{"take what a link carries", identity.ErrPersonFrozen, func() error {
			_, err := w.Claim(w.ctx, lena, link, claimCall)
			return err
		}},
		{"top up", ErrPayeeFrozen, func() error { _, err := w.TopUp(w.ctx, lena, eur.Of(100), rail.TokenOK, topCall); return err }},
		{"begin to withdraw", identity.ErrPersonFrozen, func() error {
			_, err := w.Withdraw(w.ctx, lena, eur.Of(100), to.ID, outCall)
			return err
		}},
		{"withdraw", identity.ErrPersonFrozen, shown(w.Withdraw(w.ctx, lena, eur.Of(100), to.ID, w.key()))},
		{"begin to exchange", identity.ErrPersonFrozen, func() error {
			_, err := w.Service.Exchange(w.ctx, lena, fresh, swapCall)
			return err
		}},
		// one exchanges with oneself, and the payee is looked at first
		{"exchange", ErrPayeeFrozen, shown(w.Service.Exchange(w.ctx, lena, w.quoted(), w.key()))},
		{"ask somebody", identity.ErrPersonFrozen, ask(lena, one)},
		{"split a bill", identity.ErrPersonFrozen, ask(lena, w.even(200, "@omar"))},
		{"pay a share", identity.ErrPersonFrozen, confirm(lena, Payment{ID: hers.Shares[0].Payment}, Consent{})},
		{"be sent something", ErrPayeeFrozen, create(omar, Terms{Payee: string(w.lena), Amount: eur.Of(100)}, true)},
		{"be paid a share", ErrPayeeFrozen, confirm(omar, Payment{ID: his.Shares[0].Payment}, Consent{})},
		{"be asked", ErrPayeeFrozen, ask(omar, w.even(200, "@lena"))},
	}
}

// frozenShop are the ways in and out of a shop's takings.
func (w *world) frozenShop() []deed {
	lena, shop := w.by(w.lena), w.byShop()
	session, err := w.ViewCheckout(w.ctx, lena, w.session(100).ID)
	w.ok(err)
	held, paid, link := w.hold(100), w.pay(w.lena, 100), w.linked(PayLink{Amount: eur.Of(100)})
	terms := CheckoutTerms{Terms: Terms{Amount: eur.Of(100)}, ReturnURL: "https://shop.example/"}
	k1, k2, k3, k4, k5, k6, k7 := w.key(), w.key(), w.key(), w.key(), w.key(), w.key(), w.key()
	return []deed{
		{"be paid", ErrPayeeFrozen, func() error { _, err := w.Create(w.ctx, lena, w.terms(100), true, k1); return err }},
		{"be paid at a checkout", ErrPayeeFrozen, func() error {
			_, err := w.PayCheckout(w.ctx, lena, session.ID, Consent{Digest: session.Payment.NextAction.Digest}, k2)
			return err
		}},
		{"open a checkout", ErrPayeeFrozen, func() error {
			_, err := w.CreateCheckout(w.ctx, shop, terms, k3)
			return err
		}},
		{"ask for a payment", ErrPayeeFrozen, func() error {
			_, err := w.Create(w.ctx, shop, Terms{Amount: eur.Of(100)}, false, k4)
			return err
		}},
		{"have its link opened", ErrPayeeFrozen, func() error {
			_, err := w.OpenPayLink(w.ctx, link.ID, money.Amount{}, k5)
			return err
		}},
		{"capture", ErrPayeeFrozen, func() error { _, err := w.Capture(w.ctx, shop, held.ID, nil, k6); return err }},
		{"refund", ErrShopFrozen, func() error { _, err := w.Refund(w.ctx, shop, paid.ID, nil, "", k7); return err }},
	}
}

// TestFreezeStopsEveryFlow: a freeze that comes before the last step of any flow refuses that step by name and moves nothing; the same
// request is carried out once it is lifted.
func TestFreezeStopsEveryFlow(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		w.fund(w.omar, 100_000)
		set := func(s identity.State) {
			_, err := w.People.SetState(w.ctx, w.lena, s)
			w.ok(err)
		}
		close := func(s merchant.State) { w.ok(w.Shops.SetState(w.ctx, w.shop.ID, s)) }
		for _, one := range []struct {
			deeds        []deed
			freeze, lift func()
		}{
			{w.frozenWallet(), func() { set(identity.Frozen) }, func() { set(identity.Active) }},
			{w.frozenShop(), func() { close(merchant.Frozen) }, func() { close(merchant.Active) }},
		} {
			before := [4]int64{w.available(w.lena), w.available(w.omar), w.receipts(), w.underway()}
			one.freeze()
			for _, d := range one.deeds {
				if err := d.do(); !errors.Is(err, d.want) {
					t.Errorf("%s while frozen: %v, want %s", d.name, err, d.want.Code)
				}
			}
			if after := [4]int64{w.available(w.lena), w.available(w.omar), w.receipts(), w.underway()}; after != before {
				t.Errorf("lena, omar, the shop and links have %v, had %v", after, before)
			}
			one.lift()
			for _, d := range one.deeds {
				if err := d.do(); err != nil {
					t.Errorf("%s after the freeze: %v", d.name, err)
				}
			}
		}
	})
}
