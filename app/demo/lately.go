package demo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/product/insight"
)

// scene is something that happened on the last day, so that whoever steps into the demo finds things on their way and not only a
// past: a request to pay, a bill that is half paid, money that waits behind a link or for a bank.
type scene struct {
	before time.Duration // how long before the demo begins
	what   string
	play   func(h *history, ctx context.Context) error
}

var scenes = []scene{
	{26 * time.Hour, "withdrawal", (*history).withdrawal},
	{23 * time.Hour, "exchange", (*history).exchange},
	{9 * time.Hour, "contacts", (*history).contacts},
	{7 * time.Hour, "brunch", (*history).brunch},
	{5 * time.Hour, "tickets", (*history).tickets},
	{4 * time.Hour, "budgets", (*history).budgets},
	{3 * time.Hour, "reminder", (*history).remind},
	{2 * time.Hour, "gift", (*history).gift},
	{70 * time.Minute, "transfer", (*history).transfer},
	{50 * time.Minute, "application", (*history).application},
	{20 * time.Minute, "dinner", (*history).dinner},
}

// lately plays the scenes up to the real time. A scene for which somebody lacks the money, in a short history, is left out.
func (h *history) lately(ctx context.Context) error {
	for _, p := range People { // they have read what the past told them
		if err := h.Notices.MarkRead(ctx, string(h.people[p.Handle]), ""); err != nil {
			return err
		}
	}
	for _, s := range scenes {
		if ahead := -h.Clock.Offset() - s.before; ahead > 0 {
			if err := h.Clock.Advance(ahead); err != nil {
				return err
			}
		}
		err := s.play(h, ctx)
		if err == nil || errors.Is(err, ledger.ErrInsufficientFunds) {
			h.head, err = h.Outbox.Step(ctx, h.head)
		}
		if err != nil {
			return fmt.Errorf("make the demo's %s: %w", s.what, err)
		}
	}
	return nil
}

// key names a deed of a scene, so that it is done once however often the demo is begun.
func (h *history) key(what string) once.Call {
	return once.Call{Key: fmt.Sprintf("demo-%d-%s", h.seed, what), Hash: sha256.Sum256([]byte(what))}
}

func euros(minor int64) money.Amount {
	c, _ := money.Lookup("EUR")
	return c.Of(minor)
}

// withdrawal goes to a bank account that was linked before, and has arrived there.
func (h *history) withdrawal(ctx context.Context) error {
	book := h.Payments.Accounts
	account, err := book.Link(ctx, string(h.people[Holder]), "Lena Hoffmann", rail.TestAccounts[0].IBAN)
	if err != nil {
		return err
	}
	lena := h.caller(Holder)
	p, err := h.Payments.Withdraw(ctx, lena, euros(4000), account.ID, h.key("withdraw"))
	if err != nil {
		return err
	}
	if _, err := h.Payments.Confirm(ctx, lena, p.ID, payment.Consent{}, h.key("withdraw-yes")); err != nil {
		return err
	}
	if _, err := h.Queue.Step(ctx); err != nil {
		return err
	}
	if err := h.Bank.Hurry(ctx, string(p.ID)); err != nil {
		return err
	}
	_, err = h.Queue.Step(ctx)
	return err
}

func (h *history) exchange(ctx context.Context) error {
	pounds, err := money.ParseCurrency("GBP")
	if err != nil {
		return err
	}
	lena := h.caller(Holder)
	q, err := h.Payments.Desk.Quote(ctx, h.people[Holder], euros(6000), pounds)
	if err != nil {
		return err
	}
	p, err := h.Payments.Exchange(ctx, lena, q.ID, h.key("exchange"))
	if err == nil {
		_, err = h.Payments.Confirm(ctx, lena, p.ID, payment.Consent{}, h.key("exchange-yes"))
	}
	return err
}

func (h *history) contacts(ctx context.Context) error {
	for _, one := range [][3]string{{Holder, "@ana_garcia", "Ana"}, {Holder, "@xiaoming", ""}, {"xiaoming", "@siyu", "思雨"}} {
		if _, err := h.Payments.Keep(ctx, h.caller(one[0]), one[1], one[2]); err != nil {
			return err
		}
	}
	return nil
}

// brunch is a bill that Lena paid and divides; one of three has paid their part.
func (h *history) brunch(ctx context.Context) error {
	t := payment.AskTerms{Split: true, Mode: payment.Even, Own: 1, Total: euros(6100), Note: "Birthday brunch"}
	for _, who := range []string{"ana_garcia", "bo_lindqvist", "xiaoming"} {
		t.Shares = append(t.Shares, payment.ShareTerms{Person: string(h.people[who])})
	}
	bill, err := h.Payments.Ask(ctx, h.caller(Holder), t, h.key("brunch"))
	h.bill = bill.ID
	if err == nil {
		_, err = h.Payments.Confirm(ctx, h.caller("ana_garcia"), bill.Shares[0].Payment, payment.Consent{}, h.key("brunch-ana"))
	}
	return err
}

func (h *history) remind(ctx context.Context) error {
	if h.bill == "" {
		return nil
	}
	_, err := h.Payments.Remind(ctx, h.caller(Holder), h.bill, h.key("brunch-remind"))
	return err
}

// tickets were asked for, and are paid.
func (h *history) tickets(ctx context.Context) error {
	t := payment.AskTerms{Total: euros(3250), Note: "Concert tickets",
		Shares: []payment.ShareTerms{{Person: string(h.people["bo_lindqvist"]), Part: 3250}}}
	asked, err := h.Payments.Ask(ctx, h.caller(Holder), t, h.key("tickets"))
	if err == nil {
		_, err = h.Payments.Confirm(ctx, h.caller("bo_lindqvist"), asked.Shares[0].Payment, payment.Consent{}, h.key("tickets-bo"))
	}
	return err
}

func (h *history) budgets(ctx context.Context) error {
	for _, b := range []insight.Budget{{Category: insight.EatingOut, Amount: euros(18000)}, {Category: insight.People, Amount: euros(10000)}} {
		if err := h.Insight.SetBudget(ctx, string(h.people[Holder]), b); err != nil {
			return err
		}
	}
	return nil
}

// gift waits behind a link for whoever opens it.
func (h *history) gift(ctx context.Context) error {
	_, err := h.Payments.Create(ctx, h.caller(Holder), payment.Terms{Capture: payment.ByLink, Amount: euros(1500), HoldFor: payment.LinkFor,
		Description: "For the flowers"}, true, h.key("gift"))
	return err
}

// transfer is a top-up that waits for Lena's bank.
func (h *history) transfer(ctx context.Context) error {
	_, err := h.Payments.TopUp(ctx, h.caller(Holder), euros(25000), payment.ByTransfer, h.key("transfer"))
	return err
}

// application is a shop that waits for the operator's word.
func (h *history) application(ctx context.Context) error {
	_, err := h.Shops.ByHandle(ctx, applicant.Handle)
	if errors.Is(err, merchant.ErrNotFound) {
		_, err = h.Shops.Apply(ctx, merchant.Draft{Owner: h.people[applicant.Owner], Name: applicant.Name, Handle: applicant.Handle,
			MCC: applicant.MCC, Country: applicant.Country, Currencies: applicant.Currencies})
	}
	return err
}

// dinner is what Lena is asked to pay.
func (h *history) dinner(ctx context.Context) error {
	t := payment.AskTerms{Total: euros(1860), Note: "Dinner on Friday",
		Shares: []payment.ShareTerms{{Person: string(h.people[Holder]), Part: 1860}}}
	_, err := h.Payments.Ask(ctx, h.caller("ana_garcia"), t, h.key("dinner"))
	return err
}
