package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"billfold/base/once"
	"billfold/core/payment"
)

// request is what somebody asked others for: a payment for each share.
type request struct {
	id, owner, currency string
	split               bool
	mode                payment.SplitMode
	shares              []*share
	reminded, remind    time.Time // last, and by itself; zero for never
}

// remindAfter is when whoever has not paid is reminded by itself: docs of requests.
const remindAfter = 3 * 24 * time.Hour

// share is one of them; replaced by a later division it stays what it is and counts no more.
type share struct {
	pay      *pay
	person   string // "" for anybody
	replaced bool
}

func (q *request) live() (list []*share) {
	for _, s := range q.shares {
		if !s.replaced {
			list = append(list, s)
		}
	}
	return list
}

// paid tells whether money has moved for a share, whatever became of it after.
func (s *share) paid() bool {
	return !slices.Contains([]string{"awaiting_confirmation", "voided", "expired"}, s.pay.state)
}

func (s *share) open(now time.Time) bool {
	return s.pay.state == "awaiting_confirmation" && now.Before(s.pay.expires)
}

// divided is the documentation's rule once more: the units that do not divide fall to the first, the one who asks before all others.
func divided(mode payment.SplitMode, total, own int64, parts []int64) (shares []int64) {
	switch mode {
	case payment.Even:
		n := int64(len(parts)) + own
		for i := range parts {
			one := total / n
			if int64(i)+own < total%n {
				one++
			}
			shares = append(shares, one)
		}
	case payment.ByShare:
		all := own
		for _, p := range parts {
			all += p
		}
		up := func(upTo int64) int64 { return (total*upTo + all - 1) / all }
		upTo := own
		for _, p := range parts {
			shares = append(shares, up(upTo+p)-up(upTo))
			upTo += p
		}
	default:
		shares = parts
	}
	return shares
}

// terms draws what is asked of whom, and says what each share comes to and what is against it.
func (w *world) terms(owner, currencyCode string, split bool, mode payment.SplitMode, total int64) (payment.AskTerms, []int64, []string) {
	t := payment.AskTerms{Split: split, Mode: mode, Total: currency(currencyCode).Of(total)}
	var reasons []string
	var parts []int64
	for range 1 + w.dice.IntN(3) {
		person := one(w, w.people)
		again := slices.ContainsFunc(t.Shares, func(s payment.ShareTerms) bool { return s.Person == person })
		if again && w.dice.IntN(10) > 0 {
			continue
		}
		if again {
			reasons = append(reasons, "share_twice")
		}
		if person == owner {
			reasons = append(reasons, "same_account")
		}
		if w.m.frozen[person] {
			reasons = append(reasons, "payee_frozen")
		}
		t.Shares = append(t.Shares, payment.ShareTerms{Person: person, Part: 1 + w.dice.Int64N(5)})
	}
	if split && w.dice.IntN(2) == 0 {
		t.Own = 1
	}
	if mode == payment.ByAmount || !split {
		t.Mode, t.Total.Minor = payment.ByAmount, t.Own
		for i := range t.Shares {
			t.Shares[i].Part = 1 + w.dice.Int64N(max(total, 1))
			t.Total.Minor += t.Shares[i].Part
		}
		if w.dice.IntN(10) == 0 {
			t.Total.Minor++
			reasons = append(reasons, "split_sum")
		}
	}
	for _, s := range t.Shares {
		parts = append(parts, s.Part)
	}
	if t.Total.Minor <= 0 {
		return t, nil, append(reasons, "amount_not_positive")
	}
	return t, divided(t.Mode, t.Total.Minor, t.Own, parts), reasons
}

// little has a share come to nothing.
func little(shares []int64) (reasons []string) {
	if slices.ContainsFunc(shares, func(minor int64) bool { return minor < 1 }) {
		reasons = append(reasons, "split_terms")
	}
	return reasons
}

// askFor is a person who asks others for money, or divides a bill.
func (w *world) askFor(ctx context.Context) error {
	q := &request{owner: one(w, w.people), currency: one(w, currencies), split: w.dice.IntN(2) == 0,
		mode: one(w, []payment.SplitMode{payment.Even, payment.ByShare, payment.ByAmount})}
	t, shares, reasons := w.terms(q.owner, q.currency, q.split, q.mode, w.amount(1_500))
	if len(t.Shares) == 1 && w.dice.IntN(6) == 0 { // whoever has the link
		t.Shares[0].Person = ""
		reasons = slices.DeleteFunc(reasons, func(r string) bool { return r != "split_sum" && r != "amount_not_positive" })
	}
	if q.mode = t.Mode; w.m.frozen[q.owner] {
		reasons = append(reasons, "person_frozen")
	}
	t.Expires = w.Clock.Now().Add(w.minutes(60 * 24 * 3))
	reasons = append(reasons, little(shares)...)
	made, err := w.send(ctx, "ask for", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Ask")
		is, err := w.Payments.Ask(ctx, w.as(q.owner), t, call)
		return requested(is), err
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	q.id, q.remind = string(made.ID), w.Clock.Now().Add(remindAfter)
	w.m.requests = append(w.m.requests, q)
	return w.newShares(ctx, q, t, shares, t.Expires)
}

// requested is a request as send compares answers: a repeated verb answers with the request as it is now, so only which one it is counts.
func requested(q payment.MoneyRequest) payment.Payment {
	return payment.Payment{ID: payment.ID(q.ID), Payee: q.Owner, Replayed: q.Replayed}
}

// newShares reads the shares that are new in the product, and holds them against what they should be.
func (w *world) newShares(ctx context.Context, q *request, t payment.AskTerms, minor []int64, expires time.Time) error {
	is, err := w.Payments.Request(ctx, w.as(q.owner), payment.RequestID(q.id))
	if err != nil {
		return err
	}
	for i, s := range t.Shares {
		same := slices.IndexFunc(is.Shares, func(o payment.Share) bool { return o.Person == s.Person && o.State == payment.ShareOpen })
		if same < 0 || is.Shares[same].Amount.Minor != minor[i] {
			return fmt.Errorf("request %s: no share of %d for %q: %+v", q.id, minor[i], s.Person, is.Shares)
		}
		id := string(is.Shares[same].Payment)
		if slices.ContainsFunc(q.shares, func(o *share) bool { return o.pay.id == id }) {
			continue // it was kept
		}
		p := &pay{id: id, kind: "transfer", state: "awaiting_confirmation", currency: q.currency, amount: minor[i], payer: s.Person,
			payee: q.owner, stranger: s.Person == "", expires: expires, asked: true}
		q.shares = append(q.shares, &share{pay: p, person: s.Person})
		w.m.payments = append(w.m.payments, p)
	}
	return nil
}

// withdrawShare ends an open share, or one whose time is over.
func (w *world) withdrawShare(s *share, now time.Time) {
	if !w.m.lapse(s.pay, now) && s.pay.state == "awaiting_confirmation" {
		s.pay.state = "voided"
	}
}

// changeRequest is what the one who asked does about it, or somebody else tries to: taking it back, dividing it anew, reminding.
func (w *world) changeRequest(ctx context.Context) error {
	if len(w.m.requests) == 0 {
		return nil
	}
	q := w.m.requests[len(w.m.requests)-1-w.dice.IntN(min(len(w.m.requests), 8))]
	who := q.owner
	if w.dice.IntN(10) == 0 {
		who = one(w, w.people)
	}
	switch w.dice.IntN(4) {
	case 0:
		return w.cancel(ctx, q, who)
	case 1:
		return w.remindShares(ctx, q, who)
	}
	return w.divideAnew(ctx, q, who)
}

func (w *world) cancel(ctx context.Context, q *request, who string) error {
	var reasons []string
	if who != q.owner {
		reasons = []string{"not_found"}
	}
	_, err := w.send(ctx, "cancel", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("CancelRequest")
		is, err := w.Payments.CancelRequest(ctx, w.as(who), payment.RequestID(q.id), call)
		return requested(is), err
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	for _, s := range q.shares {
		w.withdrawShare(s, w.Clock.Now())
	}
	q.remind = time.Time{}
	return nil
}

func (w *world) remindShares(ctx context.Context, q *request, who string) error {
	now, open := w.Clock.Now(), 0
	for _, s := range q.live() {
		if s.person != "" && s.open(now) {
			open++
		}
	}
	var reasons []string
	switch {
	case who != q.owner:
		reasons = []string{"not_found"}
	case !q.reminded.IsZero() && now.Sub(q.reminded) < 24*time.Hour:
		reasons = []string{"reminded_lately"}
	case open == 0:
		reasons = []string{"payment_state"}
	}
	_, err := w.send(ctx, "remind of", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Remind")
		is, err := w.Payments.Remind(ctx, w.as(who), payment.RequestID(q.id), call)
		return requested(is), err
	})
	done, wrong := w.judge(err, reasons)
	if done {
		q.reminded, q.remind = now, time.Time{}
	}
	return wrong
}

// divideAnew divides what was not paid among others, by the version that was just seen or by an old one.
func (w *world) divideAnew(ctx context.Context, q *request, who string) error {
	seen, err := w.Payments.Request(ctx, w.as(q.owner), payment.RequestID(q.id))
	if err != nil {
		return err
	}
	version := seen.Version
	if w.dice.IntN(8) == 0 {
		version--
	}
	t, _, reasons := w.terms(q.owner, q.currency, q.split, one(w, []payment.SplitMode{payment.Even, payment.ByShare}), w.amount(1_500))
	now := w.Clock.Now()
	rest := t.Total.Minor
	for _, s := range q.live() {
		if !s.paid() {
			continue
		}
		rest -= s.pay.amount
		payer := s.person
		if payer == "" {
			payer = s.pay.payer
		}
		if slices.ContainsFunc(t.Shares, func(o payment.ShareTerms) bool { return o.Person == payer }) {
			reasons = append(reasons, "share_twice")
		}
	}
	var parts, minor []int64
	for _, s := range t.Shares {
		parts = append(parts, s.Part)
	}
	switch {
	case t.Total.Minor <= 0:
	case rest < 1, t.Mode == payment.ByAmount && rest != t.Total.Minor:
		reasons = append(reasons, "split_sum")
	default:
		minor = divided(t.Mode, rest, t.Own, parts)
		reasons = append(reasons, little(minor)...)
	}
	if who != q.owner { // whoever is asked sees it, and may not change it
		reasons = []string{"not_found"}
	} else if version != seen.Version {
		reasons = []string{"request_changed"}
	}
	_, err = w.send(ctx, "divide anew", false, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("ChangeRequest")
		is, err := w.Payments.ChangeRequest(ctx, w.as(who), payment.RequestID(q.id), version, t, call)
		return requested(is), err
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	for _, s := range q.live() {
		kept := s.open(now) && slices.ContainsFunc(t.Shares, func(o payment.ShareTerms) bool { return o.Person == s.person }) &&
			s.pay.amount == minor[slices.IndexFunc(t.Shares, func(o payment.ShareTerms) bool { return o.Person == s.person })]
		if s.paid() || kept {
			continue
		}
		w.withdrawShare(s, now)
		s.replaced = true
	}
	q.remind = now.Add(remindAfter)
	return w.newShares(ctx, q, t, minor, now.Add(payment.RequestFor))
}

// decline is the no of somebody who is asked.
func (w *world) decline(ctx context.Context) error {
	p := w.some(func(p *pay) bool {
		return p.kind == "transfer" && p.asked && p.payer != "" && (p.state == "awaiting_confirmation" || w.dice.IntN(8) == 0)
	})
	if p == nil {
		return nil
	}
	who := p.payer
	if w.dice.IntN(8) == 0 {
		who = one(w, w.people)
	}
	var reasons []string
	late := false
	switch {
	case who != p.payer:
		reasons = []string{"not_found"}
	case w.m.lapse(p, w.Clock.Now()):
		reasons, late = []string{"payment_state"}, true
	case p.state != "awaiting_confirmation":
		reasons = []string{"payment_state"}
	}
	is, err := w.send(ctx, "decline", late, func(ctx context.Context, call once.Call) (payment.Payment, error) {
		w.verb("Decline")
		return w.Payments.Decline(ctx, w.as(who), payment.ID(p.id), call)
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	p.state = "voided"
	return same(is, p)
}
