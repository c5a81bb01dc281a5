package sim

import (
	"context"
	"time"

	"billfold/base/once"
	"billfold/core/payment"
	"billfold/core/rail"
)

// payLink is a shop's address for being paid.
type payLink struct {
	id, shop, currency        string
	amount, least, most, used int64
	disabled                  bool
	expires                   time.Time
}

// over tells why nobody more can pay under it.
func (l *payLink) over() bool { return l != nil && (l.most > 0 && l.used >= l.most || l.disabled) }

// use counts a payment under an address, or takes it back.
func (l *payLink) use(times int64) {
	if l != nil {
		l.used += times
	}
}

// address is a shop that makes an address for being paid, or closes and opens one, or mostly somebody who opens a checkout under one.
func (w *world) address(ctx context.Context) error {
	switch {
	case len(w.m.links) == 0 || w.dice.IntN(5) == 0:
		return w.newAddress(ctx)
	case w.dice.IntN(8) == 0:
		l := one(w, w.m.links)
		w.verb("SetPayLink")
		_, err := w.Payments.SetPayLink(ctx, w.as(l.shop), payment.PayLinkID(l.id), !l.disabled)
		if err == nil {
			l.disabled = !l.disabled
		}
		return err
	}
	return w.openAddress(ctx, w.m.links[len(w.m.links)-1-w.dice.IntN(min(len(w.m.links), 5))])
}

func (w *world) newAddress(ctx context.Context) error {
	l := &payLink{shop: one(w, w.shops), currency: one(w, currencies), most: w.dice.Int64N(4)}
	if w.dice.IntN(3) > 0 {
		l.amount = w.amount(2_000)
	} else {
		l.least = w.dice.Int64N(300)
	}
	if w.dice.IntN(2) == 0 {
		l.expires = w.Clock.Now().Add(w.minutes(60 * 24))
	}
	var reasons []string
	if l.amount < 0 {
		reasons = append(reasons, "amount_not_positive")
	}
	if l.shop == w.shops[1] && l.currency != currencies[0] {
		reasons = append(reasons, "currency_not_available")
	}
	if w.m.frozen[l.shop] {
		reasons = append(reasons, "payee_frozen")
	}
	is, err := w.send(ctx, "address", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("CreatePayLink")
		made, err := w.Payments.CreatePayLink(ctx, w.as(l.shop), payment.PayLink{Title: "Raffle", Amount: currency(l.currency).Of(l.amount),
			Least: l.least, Most: l.most, ExpiresAt: l.expires}, call)
		return payment.Payment{ID: payment.ID(made.ID), Payee: string(made.Shop), Replayed: made.Replayed}, err
	})
	done, wrong := w.judge(err, reasons)
	if done {
		l.id = string(is.ID)
		w.m.links = append(w.m.links, l)
	}
	return wrong
}

// openAddress is somebody who opens a checkout under an address.
func (w *world) openAddress(ctx context.Context, l *payLink) error {
	now := w.Clock.Now()
	p := &pay{kind: "purchase", state: "awaiting_confirmation", currency: l.currency, payee: l.shop, stranger: true, checkout: true, under: l,
		amount: l.amount, created: now, expires: now.Add(time.Hour)}
	var reasons []string
	if l.amount == 0 {
		if p.amount = w.amount(600); p.amount < l.least {
			reasons = append(reasons, "checkout_link_amount")
		}
	}
	if p.amount <= 0 {
		reasons = append(reasons, "amount_not_positive")
	}
	if !l.expires.IsZero() && l.expires.Before(p.expires) {
		p.expires = l.expires
	}
	if soonest := now.Add(payment.ShortestExpiry); p.expires.Before(soonest) {
		p.expires = soonest
	}
	if w.m.frozen[l.shop] {
		reasons = append(reasons, "payee_frozen")
	}
	if l.over() || !l.expires.IsZero() && !now.Before(l.expires) {
		reasons = []string{"checkout_link_over"}
	}
	is, err := w.send(ctx, "open address", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("OpenPayLink")
		k, err := w.Payments.OpenPayLink(ctx, payment.PayLinkID(l.id), currency(l.currency).Of(p.amount), call)
		return k.Payment, err
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	return w.added(p, is)
}

// session is what happens to a checkout that nobody has paid: its shop ends it, or whoever is about to pay is given more time.
func (w *world) session(ctx context.Context) error {
	p := w.some(func(p *pay) bool { return p.checkout && (p.state == "awaiting_confirmation" || w.dice.IntN(10) == 0) })
	if p == nil {
		return nil
	}
	if w.dice.IntN(3) > 0 {
		return w.extend(ctx, p)
	}
	who := p.payee
	if w.dice.IntN(8) == 0 {
		who = one(w, w.shops)
	}
	var reasons []string
	switch {
	case who != p.payee:
		reasons = []string{"not_found"}
	case p.state != "awaiting_confirmation":
		reasons = []string{"payment_state"}
	}
	is, err := w.send(ctx, "end", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("ExpireCheckout")
		k, err := w.Payments.ExpireCheckout(ctx, w.as(who), payment.CheckoutOf(payment.ID(p.id)), call)
		return k.Payment, err
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	p.state = "expired"
	return same(is, p)
}

// extend gives as much time again as there was at first, ten times at most.
func (w *world) extend(ctx context.Context, p *pay) error {
	var reasons []string
	switch {
	case w.m.lapse(p, w.Clock.Now()):
		reasons = []string{"payment_expired"}
	case p.state != "awaiting_confirmation":
		reasons = []string{"payment_state"}
	case p.extended >= 10:
		reasons = []string{"checkout_extended"}
	}
	w.verb("ExtendCheckout")
	var is payment.Checkout
	err := patient(ctx, func() (err error) {
		is, err = w.Payments.ExtendCheckout(ctx, payment.CheckoutOf(payment.ID(p.id)), p.expires)
		return err
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	p.expires = p.expires.Add(p.expires.Sub(p.created) / time.Duration(p.extended+1))
	p.extended++
	return same(is.Payment, p)
}

// guest is somebody without a wallet who pays a checkout by card. The acquirer's answer comes with a later step.
func (w *world) guest(ctx context.Context) error {
	p := w.some(func(p *pay) bool { return p.checkout && (p.state == "awaiting_confirmation" || w.dice.IntN(12) == 0) })
	if p == nil {
		return nil
	}
	token := one(w, tokens)
	var reasons []string
	late := false
	switch {
	case w.m.lapse(p, w.Clock.Now()):
		reasons, late = []string{"payment_expired"}, true
	case p.payer != "":
		reasons = []string{"not_found"}
	case p.state != "awaiting_confirmation":
		reasons = []string{"payment_state"}
	case p.manual:
		reasons = []string{"card_hold"}
	default:
		if p.under.over() {
			reasons = append(reasons, "checkout_link_over")
		}
		if w.m.frozen[p.payee] {
			reasons = append(reasons, "payee_frozen")
		}
		if p.cards == 10 {
			reasons = append(reasons, "card_attempts")
		}
	}
	is, err := w.send(ctx, "guest", late, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("PayByCard")
		card := rail.KeptCard{Token: token, Brand: "Visa", Last4: "4242"}
		k, err := w.Payments.PayByCard(ctx, payment.CheckoutOf(payment.ID(p.id)), card, nil, call)
		return k.Payment, err
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	w.m.open(floats(rail.Card, p.currency), p.currency, 0, true)
	p.under.use(1)
	p.cards++
	p.state, p.card, p.attempt, p.token, p.lost = "processing", true, p.cards, token, token == rail.TokenLost
	return same(is, p)
}

// hearCard carries out what the acquirer says of the last card that was tried on a checkout; here says that the message is about this
// installation and currency.
func (b *books) hearCard(p *pay, kind string, minor int64, here bool) {
	paid := p.captured > 0 && p.card
	road := []leg{{floats(rail.Card, p.currency), receipts(p.payee, p.currency), minor}}
	switch {
	case kind == "declined" && (!here || p.state != "processing"):
	case kind == "declined":
		p.state, p.card = "awaiting_confirmation", false
		p.under.use(-1)
	case kind == "settled" && here && minor == p.amount && (p.state == "processing" || paid || p.state == "held"):
		if p.state == "processing" && !b.frozen[p.payee] { // else it waits until the shop may be paid
			b.open(road[0].to, p.currency, 0, true)
			b.move(road, 1)
			p.state, p.captured = "completed", minor
		}
	case kind == "disputed" && here && paid && minor > 0 && minor <= p.captured:
		if p.state == "completed" || p.state == "partly_refunded" {
			road[0].minor = min(minor, p.captured-p.refunded)
			b.move(road, -1)
			p.refunded += road[0].minor
			p.state = "reversed"
		}
	case p.state == "processing" || p.state == "awaiting_confirmation" || p.state == "expired" || p.state == "voided":
		p.state = "held"
	}
}
