package sim

import (
	"context"

	"billfold/core/rail"
)

// early is a rail that speaks about what it has not been asked for yet: its word comes before the task that asks, or beside it. Whether it
// is asked all the same is not known, so nothing is said early that its own word afterwards would be about: no refusal of what it then
// carries out.
func (w *world) early(ctx context.Context) error {
	if err := w.work(ctx); err != nil { // what the rails have to say of others has been said
		return err
	}
	made := len(w.m.payments)
	begin := w.topUp
	if w.dice.IntN(2) == 0 {
		begin = w.withdraw
	}
	if err := begin(ctx); err != nil || len(w.m.payments) == made {
		return err
	}
	p := w.m.payments[made]
	if p.state != "processing" || p.transfer {
		return nil
	}
	if p.kind == "withdrawal" {
		return w.earlyPayout(ctx, p)
	}
	declines := p.token == rail.TokenDecline || p.token == rail.TokenInsufficient
	kind, minor := "settled", p.amount
	switch n := w.dice.IntN(4); {
	case n == 0 && declines:
		kind = "declined"
	case n == 1 && declines:
		minor++
	}
	if kind == "settled" {
		p.heard(p.attempt, minor)
	}
	if err := w.message(ctx, rail.Card, "charge."+kind, p.id, w.Installation.ID, p.currency, minor); err != nil {
		return err
	}
	w.m.hearCharge(p, kind, minor, true)
	p.lost = false
	w.counts["early: topup "+p.state]++
	return w.shown(ctx, p)
}

func (w *world) earlyPayout(ctx context.Context, p *pay) error {
	kind, minor := one(w, []string{"paid", "paid", "returned"}), p.amount
	switch n := w.dice.IntN(4); {
	case n == 0:
		minor++
	case n == 1 && p.token == rail.EndingRejected:
		kind = "rejected"
	}
	if err := w.message(ctx, rail.BankName, "payout."+kind, p.id, w.Installation.ID, p.currency, minor); err != nil {
		return err
	}
	w.m.hearBank(p, kind, minor == p.amount)
	p.told = true
	w.counts["early: withdrawal "+p.state]++
	return w.shown(ctx, p)
}
