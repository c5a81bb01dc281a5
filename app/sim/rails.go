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

// topUp fills a wallet from a card. The acquirer's answer comes with a later step.
func (w *world) topUp(ctx context.Context) error {
	p := &pay{kind: "topup", state: "processing", currency: one(w, currencies), payee: one(w, w.people), token: one(w, tokens)}
	p.lost = p.token == rail.TokenLost
	var reasons []string
	if p.amount = w.amount(3_000); p.amount <= 0 {
		reasons = append(reasons, "amount_not_positive")
	}
	if w.m.frozen[p.payee] {
		reasons = append(reasons, "payee_frozen")
	}
	is, err := w.send(ctx, "topup", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		return w.Payments.TopUp(ctx, w.as(p.payee), currency(p.currency).Of(p.amount), p.token, call)
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	w.m.open("rail/card/"+p.currency, p.currency, 0, true)
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
		if p.state == "processing" && p.kind == "withdrawal" {
			w.m.bank(p)
			w.touch(wallet(p.payer, p.currency), "rail/bank/"+p.currency)
		} else if p.state == "processing" && !p.lost {
			w.m.settles(p, p.token != rail.TokenDecline && p.token != rail.TokenInsufficient, true)
			w.touch(wallet(p.payee, p.currency), "rail/card/"+p.currency)
		}
	}
	w.note("work")
	return nil
}

// remind asks the acquirer about charges it is silent about, and then waits for its answers.
func (w *world) remind(ctx context.Context) error {
	if err := w.work(ctx); err != nil {
		return err
	}
	if err := w.real.Advance(30 * time.Second); err != nil {
		return err
	}
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
		return p.kind == "topup" && (p.state != "processing" || p.lost && !w.m.frozen[p.payee])
	})
	if p == nil {
		return nil
	}
	kind, amount, unit, whose := "settled", p.amount, p.currency, w.Installation.ID
	settled, fits := true, true
	switch w.dice.IntN(5) {
	case 0:
		kind, settled = "declined", false
	case 1:
		amount, fits = amount+1, false
	case 2:
		unit, fits = "USD", false
	case 3:
		whose, fits = "ins_somebody", false
	}
	body := fmt.Appendf(nil, `{"type":"charge.%s","data":{"reference":%q,"merchant":%q,"amount":"%d","currency":%q}}`, kind, p.id, whose,
		amount, unit)
	head := rail.Sign(w.secret, fmt.Sprintf("msg_sim_%d", w.step), w.Real.Now(), body)
	for range 1 + w.dice.IntN(2) {
		if err := w.Inbox.Receive(ctx, rail.Card, head, body); err != nil {
			return err
		}
	}
	if err := w.tasks(ctx); err != nil {
		return err
	}
	before := p.state
	w.m.settles(p, settled, fits)
	if p.state != "processing" {
		p.lost = false
	}
	w.counts["rumour: "+before+" to "+p.state]++
	w.m.open("rail/card/"+p.currency, p.currency, 0, true)
	w.touch(wallet(p.payee, p.currency), "rail/card/"+p.currency)
	is, err := w.Payments.Get(ctx, w.operator(), payment.ID(p.id))
	if err != nil {
		return err
	}
	return same(is, p)
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
		if p.state == "awaiting_confirmation" || p.state == "authorized" {
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
	_, err := w.Outbox.Step(ctx, 0)
	return err
}
