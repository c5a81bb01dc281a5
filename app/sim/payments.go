package sim

import (
	"context"
	"fmt"
	"time"

	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/payment"
	"billfold/core/rail"
)

func one[T any](w *world, list []T) T { return list[w.dice.IntN(len(list))] }

// some draws a payment, mostly a late one, for which yes holds; nil where none was found.
func (w *world) some(yes func(*pay) bool) *pay {
	for range 12 {
		if len(w.m.payments) == 0 {
			return nil
		}
		reach := len(w.m.payments)
		if w.dice.IntN(4) > 0 {
			reach = min(reach, 40)
		}
		if p := w.m.payments[len(w.m.payments)-1-w.dice.IntN(reach)]; yes(p) {
			return p
		}
	}
	return nil
}

// amount is mostly small, and now and then exactly what is there, or one more.
func (w *world) amount(has int64) int64 {
	switch w.dice.IntN(12) {
	case 0:
		if has > 0 {
			return has
		}
	case 1:
		return max(has, 0) + 1
	case 2:
		return w.dice.Int64N(3) - 1
	}
	return 1 + w.dice.Int64N(2_500)
}

func (w *world) available(address string) int64 {
	if a := w.m.accounts[address]; a != nil {
		return a.posted - a.out
	}
	return 0
}

func (w *world) moved(p *pay) {
	if p.payer != "" && w.m.accounts[purse(p.payer, p.currency)] != nil {
		w.touch(purse(p.payer, p.currency))
	}
	if w.m.accounts[purse(p.payee, p.currency)] != nil {
		w.touch(purse(p.payee, p.currency))
	}
	if p.link {
		w.touch(linked(p.currency))
	}
	for _, address := range []string{floats(rail.Card, p.currency), floats(rail.BankName, p.currency), receivable(p.payee, p.currency)} {
		if (p.cards > 0 || p.kind == "topup" || p.kind == "withdrawal") && w.m.accounts[address] != nil {
			w.touch(address)
		}
	}
}

// made writes a payment that was made into the model.
func (w *world) added(p *pay, is payment.Payment) error {
	p.id = string(is.ID)
	w.m.payments = append(w.m.payments, p)
	w.moved(p)
	return same(is, p)
}

// payNow is a person who pays a shop or a person, at once or by a hold.
func (w *world) payNow(ctx context.Context) error {
	p := &pay{kind: "purchase", state: "awaiting_confirmation", currency: one(w, currencies), payer: one(w, w.people)}
	confirm := w.dice.IntN(5) > 0
	var reasons []string
	if w.dice.IntN(3) > 0 {
		p.payee, p.manual = one(w, w.shops), w.dice.IntN(3) == 0
		if p.payee == w.shops[1] && p.currency != currencies[0] {
			reasons = append(reasons, "currency_not_available")
		}
	} else if p.kind, p.payee = "transfer", one(w, w.people); p.payee == p.payer {
		reasons = append(reasons, "same_account")
	}
	if p.amount = w.amount(w.available(wallet(p.payer, p.currency))); p.amount <= 0 {
		reasons = append(reasons, "amount_not_positive")
	}
	if confirm {
		reasons = append(reasons, w.m.paying(p)...)
	} else if w.m.frozen[p.payee] {
		reasons = append(reasons, "payee_frozen")
	}
	p.draft = p.kind == "transfer" && !confirm
	now, last, held := w.Clock.Now(), w.minutes(60*24*3), w.minutes(60*24*2)
	p.expires = now.Add(last)
	terms := payment.Terms{Payee: p.payee, Amount: currency(p.currency).Of(p.amount), ExpiresAt: p.expires, HoldFor: held}
	if p.manual {
		terms.Capture = payment.Manual
	}
	is, err := w.send(ctx, "pay", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Create")
		return w.Payments.Create(ctx, w.as(p.payer), terms, confirm, call)
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	if confirm {
		w.m.paid(p, now, held)
	}
	p.holdUntil = now.Add(held)
	return w.added(p, is)
}

// minutes is a time of some minutes; deadlines are never shorter.
func (w *world) minutes(most int) time.Duration {
	return time.Duration(2+w.dice.IntN(most)) * time.Minute
}

// ask is a shop that asks to be paid, plainly or by a checkout.
func (w *world) ask(ctx context.Context) error {
	p := &pay{kind: "purchase", state: "awaiting_confirmation", currency: one(w, currencies), payee: one(w, w.shops), stranger: true,
		manual: w.dice.IntN(3) == 0}
	var reasons []string
	if p.payee == w.shops[1] && p.currency != currencies[0] {
		reasons = append(reasons, "currency_not_available")
	}
	if p.amount = w.amount(2_000); p.amount <= 0 {
		reasons = append(reasons, "amount_not_positive")
	}
	if w.m.frozen[p.payee] {
		reasons = append(reasons, "payee_frozen")
	}
	p.expires = w.Clock.Now().Add(w.minutes(60 * 24 * 3))
	terms := payment.Terms{Amount: currency(p.currency).Of(p.amount), ExpiresAt: p.expires}
	if p.manual {
		terms.Capture = payment.Manual
	}
	checkout := w.dice.IntN(2) == 0
	p.checkout, p.created = checkout, w.Clock.Now()
	is, err := w.send(ctx, "ask", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		if !checkout {
			return w.Payments.Create(ctx, w.as(p.payee), terms, false, call)
		}
		w.verb("CreateCheckout")
		k, err := w.Payments.CreateCheckout(ctx, w.as(p.payee), payment.CheckoutTerms{Terms: terms, ReturnURL: "https://shop.example/"}, call)
		return k.Payment, err
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	return w.added(p, is)
}

// confirm is a payer's yes, and sometimes somebody else's.
func (w *world) confirm(ctx context.Context) error {
	p := w.some(func(p *pay) bool {
		return !p.alone() && (p.state == "awaiting_confirmation" || w.dice.IntN(20) == 0)
	})
	if p == nil {
		return nil
	}
	who := one(w, w.people)
	if p.payer != "" && w.dice.IntN(5) > 0 && !isShop(p.payer) {
		who = p.payer
	}
	now := w.Clock.Now()
	var reasons []string
	late := false
	switch {
	case !p.visible(who) || p.payer != "" && p.payer != who:
		reasons = []string{"not_found"}
	case w.m.stuck(p, now):
		reasons = []string{"person_frozen"}
	case w.m.lapse(p, now):
		reasons, late = []string{"payment_expired"}, true
	case p.state != "awaiting_confirmation":
		reasons = []string{"payment_state"}
	default:
		p.payer = who
		if p.payee == who {
			reasons = []string{"same_account"}
		}
		reasons = append(reasons, w.m.paying(p)...)
		if len(reasons) > 0 && p.stranger {
			p.payer = ""
		}
	}
	byLink := p.checkout && w.dice.IntN(2) == 0
	is, err := w.send(ctx, "confirm", late, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		if byLink {
			w.verb("PayCheckout")
			k, err := w.Payments.PayCheckout(ctx, w.as(who), payment.CheckoutOf(payment.ID(p.id)), payment.Consent{}, call)
			return k.Payment, err
		}
		w.verb("Confirm")
		return w.Payments.Confirm(ctx, w.as(who), payment.ID(p.id), payment.Consent{}, call)
	})
	w.moved(p)
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	holdFor := payment.DefaultHold
	if !p.stranger { // its terms said how long
		holdFor = is.HoldExpiresAt.Sub(now)
	}
	w.m.paid(p, now, holdFor)
	w.moved(p)
	return same(is, p)
}

// capture takes a hold in whole or in part.
func (w *world) capture(ctx context.Context) error {
	p := w.some(func(p *pay) bool { return p.manual && (p.state == "authorized" || w.dice.IntN(8) == 0) })
	if p == nil {
		return nil
	}
	who := p.payee
	if w.dice.IntN(12) == 0 {
		who = one(w, w.shops)
	}
	var part *money.Amount
	take := p.amount
	if w.dice.IntN(2) == 0 {
		if take = 1 + w.dice.Int64N(p.amount); w.dice.IntN(6) == 0 {
			take = p.amount + 1
		}
		a := currency(p.currency).Of(take)
		part = &a
	}
	var reasons []string
	late := false
	switch {
	case who != p.payee:
		reasons = []string{"not_found"}
	case w.m.lapse(p, w.Clock.Now()):
		reasons, late = []string{"hold_expired"}, true
	case p.state != "authorized":
		reasons = []string{"payment_state"}
	default:
		if take > p.amount {
			reasons = append(reasons, "amount_exceeds_hold")
		}
		if w.m.frozen[p.payer] {
			reasons = append(reasons, "person_frozen")
		}
		if w.m.frozen[p.payee] {
			reasons = append(reasons, "payee_frozen")
		}
	}
	is, err := w.send(ctx, "capture", late, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Capture")
		return w.Payments.Capture(ctx, w.as(who), payment.ID(p.id), part, call)
	})
	w.moved(p)
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	w.m.reserve(w.m.legs(p, p.amount), -1)
	w.m.move(w.m.legs(p, take), 1)
	p.state, p.captured = "completed", take
	return same(is, p)
}

// void takes back what nobody has confirmed, or lets a hold go.
func (w *world) void(ctx context.Context) error {
	p := w.some(func(p *pay) bool {
		return !p.alone() && (p.state == "authorized" || p.state == "awaiting_confirmation" || w.dice.IntN(20) == 0)
	})
	if p == nil {
		return nil
	}
	who := p.payee
	if p.payer != "" && (w.dice.IntN(3) == 0 || p.draft && w.dice.IntN(2) == 0 || who == "") {
		who = p.payer
	}
	if p.link {
		if who = p.payer; w.dice.IntN(6) == 0 {
			who = one(w, w.people)
		}
	}
	var reasons []string
	late := false
	switch {
	case p.link && who != p.payer && who != p.payee:
		reasons = []string{"not_found"}
	case w.m.stuck(p, w.Clock.Now()):
		reasons = []string{"person_frozen"}
	case p.draft && who != p.payer, who != p.payee && isShop(who): // a shop that gave a refund is not paid by it
		reasons = []string{"not_found"}
	case w.m.lapse(p, w.Clock.Now()):
		reasons, late = []string{"payment_state"}, true
	case p.state == "awaiting_confirmation":
	case p.state == "authorized" && p.link:
		if w.m.frozen[p.payer] {
			reasons = []string{"person_frozen"}
		}
	case p.state == "authorized" && who == p.payee:
	default:
		reasons = []string{"payment_state"}
	}
	is, err := w.send(ctx, "void", late, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Void")
		return w.Payments.Void(ctx, w.as(who), payment.ID(p.id), call)
	})
	w.moved(p)
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	switch {
	case p.state != "authorized":
	case p.link:
		w.m.move([]leg{{linked(p.currency), wallet(p.payer, p.currency), p.amount}}, 1)
	default:
		w.m.reserve(w.m.legs(p, p.amount), -1)
	}
	p.state = "voided"
	return same(is, p)
}

// refund gives back, in whole, in part, or more than there is.
func (w *world) refund(ctx context.Context) error {
	p := w.some(func(p *pay) bool {
		paid := p.state == "completed" || p.state == "partly_refunded"
		return p.kind != "refund" && !p.alone() && p.payee != "" && (paid || w.dice.IntN(15) == 0)
	})
	if p == nil {
		return nil
	}
	left := p.captured - p.refunded
	give := left
	var part *money.Amount
	if w.dice.IntN(2) == 0 {
		if give = 1 + w.dice.Int64N(left+2); w.dice.IntN(6) == 0 {
			give = left + 1
		}
		a := currency(p.currency).Of(give)
		part = &a
	}
	most := left
	if w.m.sloppy {
		most++
	}
	var reasons []string
	switch {
	case p.draft:
		reasons = []string{"not_found"}
	case p.kind == "topup":
		reasons = []string{"payment_not_refundable"}
	case p.state == "refunded":
		reasons = []string{"refund_exceeds_payment"}
	case p.state != "completed" && p.state != "partly_refunded":
		reasons = []string{"payment_state"}
	case give > most:
		reasons = []string{"refund_exceeds_payment"}
	default:
		if w.m.frozen[p.payer] {
			reasons = append(reasons, "payer_frozen")
		}
		if w.m.frozen[p.payee] && isShop(p.payee) {
			reasons = append(reasons, "shop_frozen")
		} else if w.m.frozen[p.payee] {
			reasons = append(reasons, "person_frozen")
		}
		if from := w.m.accounts[purse(p.payee, p.currency)]; from.limit > 0 && from.posted-from.out < give {
			reasons = append(reasons, "insufficient_funds")
		}
	}
	is, err := w.send(ctx, "refund", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Refund")
		return w.Payments.Refund(ctx, w.as(p.payee), payment.ID(p.id), part, "", call)
	})
	w.moved(p)
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	w.m.move(w.m.legs(p, give), -1)
	w.m.brought(p.payer, p.currency)
	p.refunded += give
	if p.state = "partly_refunded"; p.refunded == p.captured {
		p.state = "refunded"
	}
	return w.added(&pay{kind: "refund", state: "completed", currency: p.currency, amount: give, captured: give, payer: p.payee,
		payee: p.payer}, is)
}

// rivals are two payments of everything a wallet has, at the same moment: one is made.
func (w *world) rivals(ctx context.Context) error {
	p := &pay{kind: "purchase", state: "awaiting_confirmation", currency: currencies[0], payer: one(w, w.people), payee: one(w, w.shops)}
	p.amount = w.available(wallet(p.payer, p.currency))
	if p.amount <= 0 || w.m.frozen[p.payer] || w.m.frozen[p.payee] {
		return nil
	}
	var answers [2]payment.Payment
	var errs [2]error
	terms := payment.Terms{Payee: p.payee, Amount: currency(p.currency).Of(p.amount)}
	two(func(i int) {
		errs[i] = patient(ctx, func() (err error) {
			answers[i], err = w.Payments.Create(ctx, w.as(p.payer), terms, true, keyed(fmt.Sprintf("rival %d of %d", i, w.step), ""))
			return err
		})
	})
	won := 0
	if errs[0] != nil {
		won = 1
	}
	if done, wrong := w.judge(errs[won], nil); !done {
		return wrong
	}
	if done, wrong := w.judge(errs[1-won], []string{"insufficient_funds"}); done || wrong != nil {
		return wrong
	}
	w.counts["fault: rivals"]++
	w.m.paid(p, w.Clock.Now(), 0)
	return w.added(p, answers[won])
}
