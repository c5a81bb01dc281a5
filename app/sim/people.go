package sim

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/core/rail"
)

// retry is for how long the sweep leaves a link alone that it could not bring back: docs/states.md.
const retry = time.Hour

// perMinor is how many minor units of a currency one minor unit of the other is worth: a euro is 183.75 yen in every sandbox.
var perMinor = map[string]*big.Rat{"JPY": big.NewRat(18375, 10000), "EUR": big.NewRat(10000, 18375)}

func linked(currency string) string { return "link/" + currency }

// gift sends money by a link: it leaves the wallet at once, and waits for whoever takes it.
func (w *world) gift(ctx context.Context) error {
	p := &pay{kind: "transfer", state: "awaiting_confirmation", currency: one(w, currencies), payer: one(w, w.people), link: true}
	var reasons []string
	if p.amount = w.amount(w.available(wallet(p.payer, p.currency))); p.amount <= 0 {
		reasons = append(reasons, "amount_not_positive")
	}
	reasons = append(reasons, w.m.paying(p)...)
	now, held := w.Clock.Now(), w.minutes(60*24*2)
	terms := payment.Terms{Amount: currency(p.currency).Of(p.amount), Capture: payment.ByLink, HoldFor: held}
	is, err := w.send(ctx, "gift", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		return w.Payments.Create(ctx, w.as(p.payer), terms, true, call)
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	w.m.open(linked(p.currency), p.currency, 1, false)
	w.m.move([]leg{{wallet(p.payer, p.currency), linked(p.currency), p.amount}}, 1)
	p.state, p.holdUntil, p.due = "authorized", now.Add(held), now.Add(held)
	w.touch(linked(p.currency))
	if err := w.added(p, is); err != nil {
		return err
	}
	l, err := w.Payments.LinkTo(ctx, w.as(p.payer), is.ID)
	p.key = l.Key
	return err
}

// claim is somebody who has a link and takes what it carries, or comes too late, or has it from themselves.
func (w *world) claim(ctx context.Context) error {
	p := w.some(func(p *pay) bool { return p.link && (p.state == "authorized" || w.dice.IntN(6) == 0) })
	if p == nil {
		return nil
	}
	who, now := one(w, w.people), w.Clock.Now()
	l := payment.Link{ID: payment.LinkOf(payment.ID(p.id)), Key: p.key}
	var reasons []string
	late := false
	switch {
	case w.dice.IntN(12) == 0:
		l.Key, reasons = l.Key+"x", []string{"not_found"}
	case who == p.payer:
		reasons = []string{"same_account"}
	case w.m.stuck(p, now):
		reasons = []string{"link_held"}
	case w.m.lapse(p, now):
		reasons, late = []string{"link_over"}, true
	case p.state != "authorized":
		reasons = []string{"link_over"}
	default:
		if w.m.frozen[p.payer] {
			reasons = append(reasons, "link_held")
		}
		if w.m.frozen[who] {
			reasons = append(reasons, "person_frozen")
		}
	}
	is, err := w.send(ctx, "claim", late, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Claim")
		return w.Payments.Claim(ctx, w.as(who), l, call)
	})
	w.moved(p)
	w.touch(linked(p.currency))
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	w.m.move([]leg{{linked(p.currency), wallet(who, p.currency), p.amount}}, 1)
	p.state, p.payee, p.captured = "completed", who, p.amount
	w.m.brought(who, p.currency)
	w.moved(p)
	return same(is, p)
}

// exchange is a person who changes money of theirs at a quote, in time or too late, and then wants to use the quote again.
func (w *world) exchange(ctx context.Context) error {
	who, from, to := one(w, w.people), currencies[0], currencies[1]
	if w.dice.IntN(2) == 0 {
		from, to = to, from
	}
	amount := w.amount(w.available(wallet(who, from)))
	q, err := w.quote(ctx, who, currency(from).Of(amount), currency(to))
	if err != nil || q.ID == "" {
		return err
	}
	var late []string
	if w.dice.IntN(8) == 0 {
		late = []string{"quote_expired"}
		if err := w.real.Advance(fx.Life); err != nil {
			return err
		}
	}
	p := &pay{kind: "exchange", state: "awaiting_confirmation", currency: from, amount: amount, payer: who,
		expires: w.Clock.Now().Add(q.ExpiresAt.Sub(w.real.Now()))}
	reasons := late
	if w.m.frozen[who] {
		reasons = append(reasons, "person_frozen")
	}
	ask := func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Exchange")
		return w.Payments.Exchange(ctx, w.as(who), q.ID, call)
	}
	is, err := w.send(ctx, "exchange", false, ask)
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	if err := w.added(p, is); err != nil {
		return err
	}
	if w.dice.IntN(6) == 0 {
		if p, q, err = w.renew(ctx, p, q); err != nil || p == nil {
			return err
		}
		is.ID = payment.ID(p.id)
	}
	reasons = nil
	if w.available(wallet(who, from)) < amount+q.Deal.Fee.Minor {
		reasons = []string{"insufficient_funds"}
	}
	is, err = w.send(ctx, "agree", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		return w.Payments.Confirm(ctx, w.as(who), is.ID, payment.Consent{}, call)
	})
	if done, wrong = w.judge(err, reasons); !done {
		return wrong
	}
	w.swapped(p, q)
	if err := same(is, p); err != nil {
		return err
	}
	_, err = w.send(ctx, "exchange again", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		return w.Payments.Exchange(ctx, w.as(who), q.ID, call)
	})
	if done, wrong = w.judge(err, []string{"quote_used"}); done {
		return errors.New("a quote was used twice")
	}
	return wrong
}

// renew lets the time of a quote pass and has the same amount changed at another one.
func (w *world) renew(ctx context.Context, p *pay, q fx.Quote) (*pay, fx.Quote, error) {
	if err := w.real.Advance(fx.Life); err != nil {
		return nil, q, err
	}
	w.verb("Renew")
	is, err := w.Payments.Renew(ctx, w.as(p.payer), payment.ID(p.id), keyed(fmt.Sprintf("renew %d", w.step), ""))
	if err != nil {
		return nil, q, err
	}
	if !w.m.lapse(p, w.Clock.Now()) {
		p.state = "voided"
	}
	next, _, err := w.Payments.QuoteOf(ctx, is)
	if err != nil {
		return nil, q, err
	}
	fresh := &pay{kind: "exchange", state: "awaiting_confirmation", currency: p.currency, amount: p.amount, payer: p.payer,
		expires: w.Clock.Now().Add(next.ExpiresAt.Sub(w.real.Now()))}
	return fresh, next, errors.Join(w.checkQuote(next, currency(p.currency).Of(p.amount), q.Deal.Gets.Currency), w.added(fresh, is))
}

// quote asks for a quote and does its sum again: what is given out, kept as margin and rounded up is the amount at the mid rate. There is
// none for what is less than a unit.
func (w *world) quote(ctx context.Context, who string, amount money.Amount, to money.Currency) (q fx.Quote, err error) {
	err = patient(ctx, func() error {
		q, err = w.Payments.Desk.Quote(ctx, identity.PersonID(who), amount, to)
		return err
	})
	var reasons []string
	switch {
	case amount.Minor <= 0:
		reasons = []string{"amount_not_positive"}
	case err != nil && amount.Minor <= 3: // less than a unit of the other currency
		reasons = []string{"exchange_too_small"}
	}
	if done, wrong := w.judge(err, reasons); !done {
		return fx.Quote{}, wrong
	}
	return q, w.checkQuote(q, amount, to)
}

func (w *world) checkQuote(q fx.Quote, amount money.Amount, to money.Currency) error {
	d := q.Deal
	if d.Amount != amount || d.Gets.Currency != to || d.Fee.Currency != amount.Currency || d.Gets.Minor <= 0 ||
		d.Fee.Minor < 0 || d.Margin < 0 || d.Round < 0 || d.Round > 1 {
		return fmt.Errorf("a quote for %s is %+v", amount, d)
	}
	exact := new(big.Rat).Mul(big.NewRat(amount.Minor, 1), perMinor[to.Code])
	over := new(big.Rat).Sub(big.NewRat(d.Gets.Minor+d.Margin+d.Round, 1), exact)
	if over.Sign() < 0 || over.Cmp(big.NewRat(1, 1)) >= 0 {
		return fmt.Errorf("a quote for %s gives %+v, and its worth is %s", amount, d, exact.FloatString(4))
	}
	return nil
}

// swapped carries an exchange out.
func (w *world) swapped(p *pay, q fx.Quote) {
	from, to, d := p.currency, q.Deal.Gets.Currency.Code, q.Deal
	position, sold := "fx/position/"+from, "fx/position/"+to
	fee, margin, rounding := "fx/fee/"+from, "fx/margin/"+to, "fx/rounding/"+to
	for i, address := range []string{position, fee, sold, margin, rounding} {
		w.m.open(address, []string{from, from, to, to, to}[i], 0, true)
		w.touch(address)
	}
	w.m.move([]leg{{wallet(p.payer, from), position, d.Amount.Minor}, {wallet(p.payer, from), fee, d.Fee.Minor},
		{sold, wallet(p.payer, to), d.Gets.Minor}, {sold, margin, d.Margin}, {sold, rounding, d.Round}}, 1)
	w.touch(wallet(p.payer, from), wallet(p.payer, to))
	p.state, p.captured = "completed", p.amount
}

// withdraw takes money out to a bank account. The bank's words come with a later step.
func (w *world) withdraw(ctx context.Context) error {
	p := &pay{kind: "withdrawal", state: "awaiting_confirmation", currency: one(w, currencies), payer: one(w, w.people)}
	p.token = one(w, endings)
	p.payee = w.banks[p.payer][p.token]
	var reasons []string
	if p.amount = w.amount(w.available(wallet(p.payer, p.currency))); p.amount <= 0 {
		reasons = append(reasons, "amount_not_positive")
	}
	if w.m.frozen[p.payer] {
		reasons = append(reasons, "person_frozen")
	}
	p.expires = w.Clock.Now().Add(payment.WithdrawalExpiry)
	is, err := w.send(ctx, "withdraw", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Withdraw")
		return w.Payments.Withdraw(ctx, w.as(p.payer), currency(p.currency).Of(p.amount), rail.AccountID(p.payee), call)
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	if err := w.added(p, is); err != nil {
		return err
	}
	is, err = w.send(ctx, "agree", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		return w.Payments.Confirm(ctx, w.as(p.payer), is.ID, payment.Consent{}, call)
	})
	if done, wrong = w.judge(err, w.m.paying(p)); !done {
		return wrong
	}
	w.m.open("rail/bank/"+p.currency, p.currency, 0, true)
	w.m.reserve(w.m.out(p), 1)
	p.state, p.asked = "processing", true
	w.touch("rail/bank/" + p.currency)
	return same(is, p)
}

// out is what a withdrawal moves.
func (b *books) out(p *pay) []leg {
	return []leg{{wallet(p.payer, p.currency), "rail/bank/" + p.currency, p.amount}}
}

// bank carries out what the bank says of a withdrawal once it has said it. Where money would leave a wallet that is frozen its word
// waits until the wallet moves again.
func (b *books) bank(p *pay) {
	word := "paid"
	if p.token == rail.EndingRejected {
		word = "rejected"
	}
	if p.told || b.frozen[p.payer] && word == "paid" {
		return
	}
	b.hearBank(p, word, true)
	p.told = true
}

// endings are the bank accounts that everybody has: paid at once, refused, paid after half a minute.
var endings = []string{"3000", rail.EndingRejected, rail.EndingSlow}

// linkAccounts has everybody link their accounts.
func (w *world) linkAccounts(ctx context.Context) error {
	w.banks = map[string]map[string]string{}
	for _, p := range w.people {
		w.banks[p] = map[string]string{}
		for _, a := range rail.TestAccounts {
			for _, ending := range endings {
				if !strings.HasSuffix(a.IBAN, ending) {
					continue
				}
				linked, err := w.Payments.Accounts.Link(ctx, p, "Person", a.IBAN)
				if err != nil {
					return err
				}
				w.banks[p][ending] = string(linked.ID)
			}
		}
	}
	return nil
}
