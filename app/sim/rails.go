package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/core/rail"
)

// two runs f twice at the same moment.
func two(f func(i int)) {
	var both sync.WaitGroup
	for i := range 2 {
		both.Go(func() { f(i) })
	}
	both.Wait()
}

// tokens are the cards whose charges end with the acquirer's answer.
var tokens = []string{rail.TokenOK, rail.TokenOK, rail.TokenDecline, rail.TokenInsufficient, rail.TokenSlow, rail.TokenLost}

// topUp fills a wallet from a card, or waits for a bank transfer. The acquirer's answer comes with a later step.
func (w *world) topUp(ctx context.Context) error {
	p := &pay{kind: "topup", state: "processing", currency: one(w, currencies), payee: one(w, w.people), token: one(w, tokens)}
	if p.lost = p.token == rail.TokenLost; w.dice.IntN(6) == 0 {
		p.token, p.lost, p.transfer, p.expires = payment.ByTransfer, false, true, w.Clock.Now().Add(payment.LongestTransfer)
	}
	var reasons []string
	if p.amount = w.amount(3_000); p.amount <= 0 {
		reasons = append(reasons, "amount_not_positive")
	}
	if w.m.frozen[p.payee] {
		reasons = append(reasons, "payee_frozen")
	}
	is, err := w.send(ctx, "topup", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("TopUp")
		return w.Payments.TopUp(ctx, w.as(p.payee), currency(p.currency).Of(p.amount), p.token, call)
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	w.m.open("rail/card/"+p.currency, p.currency, 0, true)
	p.attempt, p.reference = 1, is.Reference
	return w.added(p, is)
}

// lead has this process take the lead of those on its database, as it does by itself when it runs: after a death the dead one's silence
// is waited for.
func (w *world) lead(ctx context.Context) error {
	for range 5 {
		if w.o.DSN == "" {
			return nil // the only one
		}
		if err := w.Lease.Step(ctx); err != nil || w.Lease.Held() {
			return err
		}
		if err := w.real.Advance(3 * time.Second); err != nil {
			return err
		}
	}
	return errors.New("nobody leads")
}

// tasks does what is due.
func (w *world) tasks(ctx context.Context) error {
	if err := w.lead(ctx); err != nil {
		return err
	}
	_, err := w.Queue.Step(ctx)
	return err
}

// work lets the machine's time pass until the acquirer has answered everything it has heard of, and has everything done that is due.
func (w *world) work(ctx context.Context) error {
	// The charge is sent; then it answers within 300 ms, the slow card after five seconds; a task that failed comes again within
	// ten minutes.
	for _, pass := range []time.Duration{0, 400 * time.Millisecond, 6 * time.Second, 11 * time.Minute} {
		if err := w.real.Advance(pass); err != nil {
			return err
		}
		if err := w.tasks(ctx); err != nil {
			return err
		}
	}
	for _, p := range w.m.payments {
		switch {
		case p.kind == "withdrawal" && p.asked && !p.told:
			w.m.bank(p)
		case p.state != "processing" || p.lost || p.transfer || p.kind == "withdrawal":
			continue
		default:
			w.m.answered(p)
		}
		w.moved(p)
	}
	w.note("work")
	return nil
}

// answered carries out what the acquirer says by itself of a charge.
func (b *books) answered(p *pay) {
	kind := "settled"
	if p.token == rail.TokenDecline || p.token == rail.TokenInsufficient {
		kind = "declined"
	} else {
		p.heard(p.attempt, p.amount)
	}
	b.hearCharge(p, kind, p.amount, true)
}

// hearCharge carries out what the acquirer says of a charge.
func (b *books) hearCharge(p *pay, kind string, minor int64, here bool) {
	if p.kind == "purchase" {
		b.hearCard(p, kind, minor, here)
	} else {
		b.hearTopUp(p, kind, minor, here)
	}
}

// remind asks the acquirer about charges it is silent about, and then waits for its answers.
func (w *world) remind(ctx context.Context) error {
	if err := w.work(ctx); err != nil {
		return err
	}
	if err := w.real.Advance(30 * time.Second); err != nil {
		return err
	}
	w.verb("AskSilentRails")
	if err := w.Payments.AskSilentRails(ctx); err != nil {
		return err
	}
	for _, p := range w.m.payments {
		p.lost = false
	}
	return w.work(ctx)
}

// rumour is a signed message that is wrong, late, or about something that is over. The acquirer's own answers have all arrived before.
func (w *world) rumour(ctx context.Context) error {
	if err := w.work(ctx); err != nil {
		return err
	}
	p := w.some(func(p *pay) bool {
		charged := p.kind == "topup" && !p.transfer || p.cards > 0
		return charged && (p.state != "processing" || p.lost) && !w.m.frozen[p.payee] || charged && p.state == "held"
	})
	if p == nil {
		return nil
	}
	kind, amount, unit, whose := "settled", p.amount, p.currency, w.Installation.ID
	reference, last := p.id, true
	if p.attempt > 1 {
		if last = w.dice.IntN(4) > 0; last {
			reference = fmt.Sprintf("%s-%d", p.id, p.attempt)
		}
	}
	switch w.dice.IntN(8) {
	case 0:
		kind = "declined"
	case 1:
		amount++
	case 2:
		unit = "USD"
	case 3:
		whose = "ins_somebody"
	case 4, 5:
		if kind = "disputed"; w.dice.IntN(2) == 0 {
			amount = 1 + w.dice.Int64N(p.amount+1)
		}
	}
	here := unit == p.currency && whose == w.Installation.ID
	if here && kind == "settled" {
		p.heard(map[bool]int{true: p.attempt, false: 1}[last], amount)
	}
	if err := w.message(ctx, rail.Card, "charge."+kind, reference, whose, unit, amount); err != nil {
		return err
	}
	before, owed := p.state, w.m.debts[p.payee+"/"+p.currency]
	w.m.hearCharge(p, kind, amount, here && last)
	if w.m.debts[p.payee+"/"+p.currency] > owed {
		w.counts["owed after a charge-back"]++
	}
	if p.state != "processing" {
		p.lost = false
	}
	w.counts["rumour: "+before+" to "+p.state]++
	return w.shown(ctx, p)
}

// freeze freezes a person or a shop, or lifts the freeze: then what waited for the wallet arrives.
func (w *world) freeze(ctx context.Context) error {
	who := one(w, append(w.people[:len(w.people):len(w.people)], w.shops...))
	was := w.m.frozen[who]
	if !was && w.dice.IntN(3) > 0 {
		return nil // or everybody would be frozen half of the time
	}
	var err error
	if isShop(who) {
		err = w.Shops.SetState(ctx, merchant.ID(who), map[bool]merchant.State{true: merchant.Active, false: merchant.Frozen}[was])
	} else {
		_, err = w.People.SetState(ctx, identity.PersonID(who), map[bool]identity.State{true: identity.Active, false: identity.Frozen}[was])
	}
	if err != nil {
		return err
	}
	if w.m.frozen[who] = !was; was {
		delete(w.m.frozen, who)
	}
	for _, address := range w.m.names {
		if strings.HasPrefix(address, "user/"+who+"/") || strings.HasPrefix(address, "merchant/"+who+"/") {
			w.m.accounts[address].frozen = !was
		}
	}
	if was {
		return w.work(ctx)
	}
	return nil
}

// jump moves business time, and mostly has everybody look at their deadlines.
func (w *world) jump(ctx context.Context) error {
	if _, err := w.AdvanceClock(ctx, w.minutes(60*12)); err != nil {
		return err
	}
	if w.dice.IntN(3) == 0 {
		return nil
	}
	w.verb("RemindDue")
	if err := w.Payments.RemindDue(ctx); err != nil {
		return err
	}
	for _, q := range w.m.requests {
		if !q.remind.IsZero() && !q.remind.After(w.Clock.Now()) {
			q.reminded, q.remind = w.Clock.Now(), time.Time{}
		}
	}
	w.verb("ExpireDue")
	if err := w.Payments.ExpireDue(ctx); err != nil {
		return err
	}
	for _, p := range w.m.payments {
		if p.link && p.state == "authorized" {
			if w.Clock.Now().Before(p.due) {
				continue
			}
			if w.m.stuck(p, w.Clock.Now()) {
				p.due = w.Clock.Now().Add(retry)
				continue
			}
		}
		if p.state == "awaiting_confirmation" || p.state == "authorized" || p.transfer {
			if w.m.lapse(p, w.Clock.Now()) {
				w.counts["expired"]++
				w.moved(p)
			}
		}
	}
	return nil
}

// tell has both sides told what happened.
func (w *world) tell(ctx context.Context) error {
	if err := w.lead(ctx); err != nil {
		return err
	}
	if _, err := w.Outbox.Step(ctx, 0); err != nil {
		return err
	}
	for _, key := range w.m.sortedNews() {
		if before := w.m.debts[key[0]+"/"+key[1]]; before > 0 {
			w.m.repay(key[0], key[1])
			w.counts[map[bool]string{true: "paid back", false: "nothing to pay back with"}[w.m.debts[key[0]+"/"+key[1]] < before]]++
			w.touch(receivable(key[0], key[1]))
		}
		w.touch(wallet(key[0], key[1]))
	}
	clear(w.m.news)
	return nil
}
