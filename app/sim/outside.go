package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/core/rail"
)

func floats(road, currency string) string { return "rail/" + road + "/" + currency }

func suspense(currency string) string { return "rail/bank/suspense/" + currency }

func receivable(person, currency string) string { return "receivable/" + person + "/" + currency }

// repay has a person pay back what a charge-back left them owing, as far as their wallet goes. A frozen wallet pays nothing.
func (b *books) repay(person, currency string) {
	from := b.accounts[wallet(person, currency)]
	if from == nil || from.frozen {
		return
	}
	if take := min(from.posted-from.out, b.debts[person+"/"+currency]); take > 0 {
		b.move([]leg{{wallet(person, currency), receivable(person, currency), take}}, 1)
		b.debts[person+"/"+currency] -= take
	}
}

// brought notes that a payment brought somebody money: when the news of it is handed on, debts are paid from it.
func (b *books) brought(owner, currency string) {
	if owner != "" && !isShop(owner) {
		b.news[owner+"/"+currency] = true
	}
}

// hearTopUp carries out what the acquirer says of a top-up.
func (b *books) hearTopUp(p *pay, kind string, minor int64, here bool) {
	fits := here && (kind != "settled" || minor == p.amount) &&
		(kind != "disputed" || p.captured == 0 || minor > 0 && minor <= p.captured)
	switch {
	case !fits:
		if p.state == "processing" || p.state == "failed" {
			p.state = "held"
		}
	case kind == "declined" && p.state == "processing":
		p.state = "failed"
	case kind == "settled" && p.state == "processing":
		if !b.frozen[p.payee] { // else the answer waits until the wallet moves again
			b.credit(p, rail.Card, minor)
		}
	case kind == "settled" && p.state == "failed", kind == "disputed" && p.state == "processing":
		p.state = "held"
	case kind == "disputed" && p.state == "completed":
		b.chargeBack(p, minor)
	}
}

// credit fills a wallet, from which debts are paid first.
func (b *books) credit(p *pay, road string, minor int64) {
	b.open(floats(road, p.currency), p.currency, 0, true)
	b.move([]leg{{floats(road, p.currency), wallet(p.payee, p.currency), minor}}, 1)
	p.state, p.captured = "completed", minor
	b.repay(p.payee, p.currency)
	b.brought(p.payee, p.currency)
}

// chargeBack takes from the wallet what it has, and nothing from a frozen one; the rest is owed.
func (b *books) chargeBack(p *pay, minor int64) {
	from := b.accounts[wallet(p.payee, p.currency)]
	take := max(min(from.posted-from.out, minor), 0)
	if from.frozen {
		take = 0
	}
	road := floats(rail.Card, p.currency)
	b.move([]leg{{wallet(p.payee, p.currency), road, take}}, 1)
	if owed := minor - take; owed > 0 {
		b.open(receivable(p.payee, p.currency), p.currency, -1, false)
		b.move([]leg{{receivable(p.payee, p.currency), road, owed}}, 1)
		b.debts[p.payee+"/"+p.currency] += owed
	}
	p.state, p.refunded = "reversed", minor
	b.brought(p.payee, p.currency)
}

// hearBank carries out what the bank says of a withdrawal.
func (b *books) hearBank(p *pay, kind string, fits bool) {
	switch {
	case !fits:
		if p.state == "processing" || p.state == "failed" {
			p.state = "held"
		}
	case kind == "paid" && p.state == "failed":
		p.state = "held"
	case kind == "paid" && p.state == "processing":
		b.reserve(b.out(p), -1)
		b.move(b.out(p), 1)
		p.state, p.captured = "completed", p.amount
	case kind == "rejected" && p.state == "processing":
		b.reserve(b.out(p), -1)
		p.state, p.released = "failed", true
	case kind == "returned" && p.state == "processing":
		b.reserve(b.out(p), -1)
		p.state, p.released = "reversed", true
		b.brought(p.payer, p.currency)
	case kind == "returned" && p.state == "completed":
		b.move(b.out(p), -1)
		p.state, p.refunded = "reversed", p.captured
		b.brought(p.payer, p.currency)
	}
}

// message has a rail say something, signed as its own words are, once or twice.
func (w *world) message(ctx context.Context, road, kind, reference, whose, unit string, minor int64) error {
	body := fmt.Appendf(nil, `{"type":%q,"data":{"reference":%q,"merchant":%q,"amount":"%d","currency":%q}}`, kind, reference, whose, minor,
		unit)
	w.verb("Settle")
	head := rail.Sign(rail.Secret(w.Keys, road), fmt.Sprintf("msg_sim_%d", w.step), w.Real.Now(), body)
	for range 1 + w.dice.IntN(2) {
		if err := w.Inbox.Receive(ctx, road, head, body); err != nil {
			return err
		}
	}
	return w.tasks(ctx)
}

// bankRumour is a signed message of the bank that is wrong, late, or about something that is over: the way in which a withdrawal comes
// back days later. The bank's own words have all come before.
func (w *world) bankRumour(ctx context.Context) error {
	if err := w.work(ctx); err != nil {
		return err
	}
	p := w.some(func(p *pay) bool { return p.kind == "withdrawal" && p.told && !w.m.frozen[p.payer] })
	if p == nil {
		return nil
	}
	kind := one(w, []string{"paid", "rejected", "returned", "returned"})
	minor, whose := p.amount, w.Installation.ID
	switch w.dice.IntN(8) {
	case 0:
		minor++
	case 1:
		whose = "ins_somebody"
	}
	if err := w.message(ctx, rail.BankName, "payout."+kind, p.id, whose, p.currency, minor); err != nil {
		return err
	}
	before := p.state
	w.m.hearBank(p, kind, minor == p.amount && whose == w.Installation.ID)
	w.counts["bank: "+before+" to "+p.state]++
	return w.shown(ctx, p)
}

// shown reads a payment as an operator does and holds it against the model.
func (w *world) shown(ctx context.Context, p *pay) error {
	w.moved(p)
	is, err := w.Payments.Get(ctx, w.operator(), payment.ID(p.id))
	if err != nil {
		return err
	}
	return same(is, p)
}

// review is an operator who decides about a payment that is held.
func (w *world) review(ctx context.Context) error {
	if err := w.work(ctx); err != nil { // what the rails have to say has been said
		return err
	}
	p := w.some(func(p *pay) bool { return p.state == "held" || w.dice.IntN(60) == 0 && !p.draft })
	if p == nil {
		return nil
	}
	back := w.dice.IntN(2) == 0
	attempt, minor := p.taken()
	var reasons []string
	switch {
	case p.state != "held":
		reasons = []string{"payment_state"}
	case back:
	case p.kind != "withdrawal" && (minor <= 0 || p.kind == "purchase" && minor != p.amount):
		reasons = []string{"review_amount"}
	case w.m.frozen[p.payer] || w.m.frozen[p.payee]:
		reasons = []string{"person_frozen", "payee_frozen", "account_frozen"}
	case p.kind == "withdrawal" && p.released && w.available(wallet(p.payer, p.currency)) < p.amount:
		reasons = []string{"insufficient_funds"}
	}
	is, err := w.send(ctx, "review", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		if back {
			w.verb("TakeBack")
			return w.Payments.TakeBack(ctx, w.operator(), payment.ID(p.id), "it looks wrong", call)
		}
		w.verb("Release")
		return w.Payments.Release(ctx, w.operator(), payment.ID(p.id), "it looks right", call)
	})
	w.moved(p)
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	w.m.reviewed(p, back, attempt, minor)
	w.moved(p)
	return same(is, p)
}

// reviewed carries an operator's decision out.
func (b *books) reviewed(p *pay, back bool, attempt int, minor int64) {
	switch {
	case p.kind == "withdrawal" && !p.released:
		b.reserve(b.out(p), -1)
		if !back {
			b.move(b.out(p), 1)
		}
	case p.kind == "withdrawal" && !back:
		b.move(b.out(p), 1)
	case back:
	case p.kind == "purchase":
		p.card, p.attempt = true, attempt
		b.open(receipts(p.payee, p.currency), p.currency, 0, true)
		b.move([]leg{{floats(rail.Card, p.currency), receipts(p.payee, p.currency), minor}}, 1)
		p.captured = minor
	default:
		b.credit(p, rail.Card, minor)
	}
	switch {
	case back:
		p.state = "reversed"
		if p.kind == "withdrawal" {
			b.brought(p.payer, p.currency)
		} else {
			b.brought(p.payee, p.currency)
		}
	case p.kind == "withdrawal":
		p.captured = p.amount
		fallthrough
	default:
		p.state = "completed"
	}
}

// taken is what the acquirer said last that it took, and at which attempt.
func (p *pay) taken() (attempt int, minor int64) {
	for n := 1; n <= max(p.attempt, 1); n++ {
		if p.said[n] > 0 {
			attempt, minor = n, p.said[n]
		}
	}
	return attempt, minor
}

// heard notes that the acquirer said it took an amount at an attempt.
func (p *pay) heard(attempt int, minor int64) {
	if p.said == nil {
		p.said = map[int]int64{}
	}
	p.said[attempt] = minor
}

// arrival is money at the bank that nobody waited for.
type arrival struct {
	id, currency, state string
	minor               int64
}

// arrive is money that reaches us by a bank transfer, named well or badly, told once or twice.
func (w *world) arrive(ctx context.Context) error {
	cr := rail.Credit{ID: fmt.Sprintf("msg_sim_%d", w.step), Rail: rail.BankName, Movement: fmt.Sprintf("mov_%d", w.step),
		Merchant: w.Installation.ID, Amount: 1 + w.dice.Int64N(3_000), Currency: one(w, currencies)}
	p := w.some(func(p *pay) bool { return p.transfer && (p.state == "processing" || w.dice.IntN(6) == 0) })
	if p != nil && w.dice.IntN(8) > 0 {
		cr.Reference, cr.Amount = p.reference, p.amount+w.dice.Int64N(3)
		if w.dice.IntN(8) > 0 {
			cr.Currency = p.currency
		}
	} else {
		p = nil
	}
	if w.dice.IntN(10) == 0 {
		cr.Merchant = "ins_somebody"
	}
	awaited := p != nil && p.state == "processing" && cr.Currency == p.currency && cr.Merchant == w.Installation.ID
	var reasons []string
	if awaited && w.m.frozen[p.payee] {
		reasons = []string{"account_frozen"}
	}
	w.verb("Arrive")
	var err error
	for range 1 + w.dice.IntN(2) {
		if err = patient(ctx, func() error { return w.Payments.Arrive(ctx, cr) }); err != nil {
			break
		}
	}
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	w.m.open(floats(rail.BankName, cr.Currency), cr.Currency, 0, true)
	w.touch(floats(rail.BankName, cr.Currency))
	if awaited {
		w.m.credit(p, rail.BankName, cr.Amount)
		w.counts["arrived"]++
		return w.shown(ctx, p)
	}
	w.m.open(suspense(cr.Currency), cr.Currency, 1, false)
	w.m.move([]leg{{floats(rail.BankName, cr.Currency), suspense(cr.Currency), cr.Amount}}, 1)
	w.touch(suspense(cr.Currency))
	list, err := w.Payments.Arrivals(ctx, w.operator(), "", 1)
	if err != nil || len(list) == 0 || list[0].Amount != currency(cr.Currency).Of(cr.Amount) {
		return fmt.Errorf("an arrival of %d %s waits as %+v, %w", cr.Amount, cr.Currency, list, err)
	}
	w.m.arrivals = append(w.m.arrivals, &arrival{id: string(list[0].ID), currency: cr.Currency, minor: cr.Amount, state: "waiting"})
	return nil
}

// decide is an operator who says whose an arrival is, or sends it back; now and then one that is decided already.
func (w *world) decide(ctx context.Context) error {
	if len(w.m.arrivals) == 0 {
		return nil
	}
	a := w.m.arrivals[len(w.m.arrivals)-1-w.dice.IntN(min(len(w.m.arrivals), 6))]
	into := []leg{{suspense(a.currency), floats(rail.BankName, a.currency), a.minor}}
	if w.dice.IntN(3) == 0 {
		var reasons []string
		if a.state == "assigned" {
			reasons = []string{"arrival_decided"}
		}
		w.verb("ReturnArrival")
		_, err := w.Payments.ReturnArrival(ctx, w.operator(), payment.ArrivalID(a.id), "nobody knows it")
		done, wrong := w.judge(err, reasons)
		if done && a.state == "waiting" {
			w.m.move(into, 1)
			a.state = "returned"
			w.touch(into[0].from, into[0].to)
		}
		return wrong
	}
	who := one(w, w.people)
	p := &pay{kind: "topup", currency: a.currency, payee: who, amount: a.minor, transfer: true, reference: a.id}
	var reasons []string
	if a.state != "waiting" {
		reasons = append(reasons, "arrival_decided")
	}
	if w.m.frozen[who] {
		reasons = append(reasons, "payee_frozen")
	}
	is, err := w.send(ctx, "assign", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Assign")
		return w.Payments.Assign(ctx, w.operator(), payment.ArrivalID(a.id), identity.PersonID(who), "she called", call)
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	a.state = "assigned"
	w.m.move([]leg{{suspense(a.currency), wallet(who, a.currency), a.minor}}, 1)
	p.state, p.captured = "completed", a.minor
	w.m.repay(who, a.currency)
	w.m.brought(who, a.currency)
	w.touch(suspense(a.currency))
	return w.added(p, is)
}

// owed holds what people owe against the model.
func (w *world) owed(ctx context.Context) error {
	list, err := w.Payments.Owed(ctx, w.operator(), "")
	if err != nil {
		return err
	}
	sums := map[string]int64{}
	for _, r := range list {
		sums[string(r.Person)+"/"+r.Amount.Currency.Code] += r.Left().Minor
	}
	for who, minor := range w.m.debts {
		if sums[who] != minor {
			return fmt.Errorf("%s owes %d; the model says %d", who, sums[who], minor)
		}
		delete(sums, who)
	}
	if len(sums) > 0 {
		return fmt.Errorf("the model knows nothing of what is owed: %v", sums)
	}
	return nil
}

// pocket opens a pocket that is open already, which changes nothing.
func (w *world) pocket(ctx context.Context) error {
	who := one(w, w.people)
	var reasons []string
	if w.m.frozen[who] {
		reasons = []string{"person_frozen"}
	}
	w.verb("OpenPocket")
	_, wrong := w.judge(w.Payments.OpenPocket(ctx, w.as(who), currency(one(w, currencies))), reasons)
	return wrong
}

// sortedNews is whose debts are looked at when news is handed on, in one order for the digest.
func (b *books) sortedNews() (list [][2]string) {
	for key := range b.news {
		who, unit, _ := strings.Cut(key, "/")
		list = append(list, [2]string{who, unit})
	}
	slices.SortFunc(list, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	return list
}
