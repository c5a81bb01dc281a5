package payment

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
)

// TestDirect is the main road: one request by the payer's token, value moved, both sides see it.
func TestDirect(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		terms := w.terms(4850)
		terms.Description, terms.Reference, terms.Metadata = "two coffees", "order-17", map[string]string{"table": "4"}
		p, err := w.Create(w.ctx, w.by(w.lena), terms, true, w.key())
		if err != nil {
			t.Fatal(err)
		}
		if p.State != Completed || p.Kind != Purchase || p.Captured != 4850 || p.Version != 3 || p.Description != "two coffees" ||
			p.PayerName != "Lena H." || p.PayeeName != "Rosa's Café" || p.Metadata["table"] != "4" || p.NextAction.Type != ActNone {
			t.Errorf("the answer is %+v", p)
		}
		if got := w.available(w.lena); got != 5150 {
			t.Errorf("the payer has %d, want 5150", got)
		}
		if got := w.receipts(); got != 4850 {
			t.Errorf("the shop has %d, want 4850", got)
		}
		w.rest()
		for _, c := range []Caller{w.by(w.lena), w.byShop()} {
			seen, err := w.Get(w.ctx, c, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			if seen.Receipt != p.Receipt || !id.Valid(seen.Receipt, "rcp") {
				t.Errorf("%s has receipt %s, the first answer %s", c.Owner(), seen.Receipt, p.Receipt)
			}
			names := fmt.Sprint(stepNames(seen.Steps))
			if names != "[authenticate request authorize confirm_payer confirm_payee]" || seen.Version != 3 {
				t.Errorf("%s sees %s at version %d", c.Owner(), names, seen.Version)
			}
			page, err := w.Activity(w.ctx, c, c.Owner(), ActivityFilter{Kind: Purchase}, "", 10)
			if err != nil || len(page.Items) != 1 || page.Items[0].Payment.ID != p.ID {
				t.Errorf("%s: activity %+v, %v", c.Owner(), page, err)
			}
		}
		raw, err := w.Create(w.ctx, w.by(w.lena), Terms{Payee: "@omar", Amount: eur.Of(150)}, true, w.key())
		if err != nil || raw.Kind != Transfer || raw.Payee != string(w.omar) || w.available(w.omar) != 150 {
			t.Errorf("transfer by handle: %+v, %v", raw, err)
		}
	})
}

func stepNames(steps []Step) []string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.Name
	}
	return names
}

// TestDoubleSpend is attack case 1: 200 payments of the whole balance at once, one succeeds.
func TestDoubleSpend(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 5000)
		var paid, refused atomic.Int64
		parallel(200, func(i int) {
			_, err := w.Create(w.ctx, w.by(w.lena), w.terms(5000), true, w.keyed(fmt.Sprint("spend-", i), "x"))
			switch {
			case err == nil:
				paid.Add(1)
			case errors.Is(err, ledger.ErrInsufficientFunds):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
		if paid.Load() != 1 || refused.Load() != 199 || w.available(w.lena) != 0 {
			t.Errorf("%d paid, %d refused, balance %d", paid.Load(), refused.Load(), w.available(w.lena))
		}
	})
}

// TestOnce is attack cases 2 to 5: one key gives one payment and equal answers, another body is refused, another caller is
// independent, and the answer stays the same after a restart and after what happened since.
func TestOnce(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		w.fund(w.omar, 10_000)
		call := w.keyed("same", "body")
		answers := make([]string, 100)
		var replays atomic.Int64
		parallel(len(answers), func(i int) {
			p, err := w.Create(w.ctx, w.by(w.lena), w.terms(700), true, call)
			if err != nil {
				t.Error(err)
			}
			if p.Replayed {
				replays.Add(1)
			}
			answers[i] = canon(p)
		})
		for _, a := range answers {
			if a != answers[0] {
				t.Fatalf("answers differ:\n%s\n%s", answers[0], a)
			}
		}
		if replays.Load() != 99 || w.available(w.lena) != 9300 {
			t.Errorf("%d replays, balance %d", replays.Load(), w.available(w.lena))
		}
		_, err := w.Create(w.ctx, w.by(w.lena), w.terms(701), true, w.keyed("same", "other body"))
		w.refused(err, once.ErrMismatch, "the same key with another body")
		other, err := w.Create(w.ctx, w.by(w.omar), w.terms(900), true, w.keyed("same", "other body"))
		if err != nil || other.Amount.Minor != 900 || other.Replayed {
			t.Errorf("the same key of another caller: %+v, %v", other, err)
		}
		first, err := w.Create(w.ctx, w.by(w.lena), w.terms(700), true, call)
		if err != nil {
			t.Fatal(err)
		}
		part := eur.Of(200)
		if _, err := w.Refund(w.ctx, w.byShop(), first.ID, &part, "cold", w.key()); err != nil {
			t.Fatal(err)
		}
		w.rest()
		if err := w.business.Advance(48 * time.Hour); err != nil {
			t.Fatal(err)
		}
		again := build(t, w.DB, w.Keys, w.business, w.real)
		expired := w.terms(700) // a deadline that could no longer be set: the first answer stands nevertheless
		expired.ExpiresAt = w.business.Now().Add(-47 * time.Hour)
		for _, terms := range []Terms{w.terms(700), expired} {
			p, err := again.Create(w.ctx, w.by(w.lena), terms, true, call)
			if err != nil || !p.Replayed || canon(p) != answers[0] {
				t.Errorf("after the restart, %v:\n%s\n%s", err, canon(p), answers[0])
			}
		}
		now, err := again.Get(w.ctx, w.by(w.lena), first.ID)
		if err != nil || now.State != PartlyRefunded || now.Refunded != 200 {
			t.Errorf("now: %+v, %v", now, err)
		}
	})
}

// TestRefusalsMoveNothing is attack case 8 and the bad input of a payment; none of it leaves a trace.
func TestRefusalsMoveNothing(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1000)
		stranger := string(w.ids.New("usr"))
		late := w.terms(100)
		late.ExpiresAt = w.business.Now().Add(31 * 24 * time.Hour)
		long := w.terms(100)
		long.Description = string(make([]byte, 501))
		bidi := w.terms(100)
		bidi.Description = "pay \u202Eesrever"
		meta := w.terms(100)
		meta.Metadata = map[string]string{"": "x"}
		euros := eur.Of(100)
		for _, c := range []struct {
			doing string
			by    Caller
			terms Terms
			want  *fault.Fault
		}{
			{"nothing", w.by(w.lena), w.terms(0), money.ErrAmountNotPositive},
			{"less than nothing", w.by(w.lena), w.terms(-1), money.ErrAmountNotPositive},
			{"more than there is", w.by(w.lena), w.terms(1001), ledger.ErrInsufficientFunds},
			{"more than could be", w.by(w.lena), w.terms(1<<63 - 1), ledger.ErrInsufficientFunds},
			{"oneself", w.by(w.lena), Terms{Payee: string(w.lena), Amount: euros}, ErrSameAccount},
			{"oneself by handle", w.by(w.lena), Terms{Payee: "@lena", Amount: euros}, ErrSameAccount},
			{"one's own shop", w.by(w.owner), w.terms(100), ErrSameAccount},
			{"nobody", w.by(w.lena), Terms{Payee: stranger, Amount: euros}, identity.ErrPayeeUnknown},
			{"an unknown handle", w.by(w.lena), Terms{Payee: "@nobodyhere", Amount: euros}, identity.ErrPayeeUnknown},
			{"a ledger account", w.by(w.lena), Terms{Payee: "rail/card/EUR", Amount: euros}, identity.ErrPayeeUnknown},
			{"a currency the shop does not take", w.by(w.lena), Terms{Payee: string(w.shop.ID), Amount: jpy.Of(100)}, ErrCurrency},
			{"a currency the payer has not", w.by(w.lena), Terms{Payee: string(w.shop.ID), Amount: usd.Of(100)}, ErrCurrency},
			{"a currency of another scale", w.by(w.lena),
				Terms{Payee: string(w.shop.ID), Amount: money.Currency{Code: "EUR", Scale: 0}.Of(1)}, ErrCurrency},
			{"a person in a currency of another scale", w.by(w.lena),
				Terms{Payee: string(w.omar), Amount: money.Currency{Code: "EUR", Scale: 0}.Of(1)}, ErrCurrency},
			{"a hold of a transfer", w.by(w.lena), Terms{Payee: string(w.omar), Amount: euros, Capture: Manual}, ErrCapture},
			{"a transfer to a shop", w.by(w.lena), Terms{Kind: Transfer, Payee: string(w.shop.ID), Amount: euros}, ErrKind},
			{"a top-up by the wrong verb", w.by(w.lena), Terms{Kind: TopUp, Payee: string(w.omar), Amount: euros}, ErrKind},
			{"an expiry too far away", w.by(w.lena), late, ErrExpiry},
			{"a long text", w.by(w.lena), long, ErrText},
			{"a text that reads backwards", w.by(w.lena), bidi, ErrText},
			{"metadata without a key", w.by(w.lena), meta, ErrMetadata},
			{"as a shop", w.byShop(), w.terms(100), ErrPersonOnly},
			{"as nobody", Caller{}, w.terms(100), ErrPersonOnly},
		} {
			_, err := w.Create(w.ctx, c.by, c.terms, true, w.key())
			w.refused(err, c.want, "pay "+c.doing)
			if f, ok := fault.As(err); ok && (f.Moved.String() != "no" || f.Detail.In("en") == "") {
				t.Errorf("%s: %+v does not say that nothing moved, or what to do", c.doing, f)
			}
		}
		_, err := w.Create(w.ctx, w.by(w.lena), w.terms(100), true, once.Call{})
		w.refused(err, ErrKeyRequired, "pay without a key")
		if w.available(w.lena) != 1000 || w.receipts() != 0 {
			t.Errorf("something moved: payer %d, shop %d", w.available(w.lena), w.receipts())
		}
		w.frozen()
	})
}

// frozen shops are not paid, frozen people neither pay nor are paid, and what is owed to them waits.
func (w *world) frozen() {
	paid := w.pay(w.lena, 300)
	call := w.key()
	if err := w.Shops.SetState(w.ctx, w.shop.ID, merchant.Frozen); err != nil {
		w.t.Fatal(err)
	}
	_, err := w.Create(w.ctx, w.by(w.lena), w.terms(100), true, call)
	w.refused(err, ErrPayeeFrozen, "pay a frozen shop")
	if err := w.Shops.SetState(w.ctx, w.shop.ID, merchant.Active); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Create(w.ctx, w.by(w.lena), w.terms(100), true, call); err != nil {
		w.t.Errorf("the same key after a refusal that moved nothing: %v", err)
	}
	if _, err := w.People.SetState(w.ctx, w.lena, identity.Frozen); err != nil {
		w.t.Fatal(err)
	}
	_, err = w.Create(w.ctx, w.by(w.lena), w.terms(100), true, w.key())
	w.refused(err, identity.ErrPersonFrozen, "pay from a frozen wallet")
	_, err = w.Create(w.ctx, w.by(w.omar), Terms{Payee: string(w.lena), Amount: eur.Of(1)}, true, w.key())
	w.refused(err, ErrPayeeFrozen, "pay a frozen person")
	back := w.key()
	_, err = w.Refund(w.ctx, w.byShop(), paid.ID, nil, "", back)
	w.refused(err, ErrPayerFrozen, "refund to a frozen wallet")
	if _, err := w.People.SetState(w.ctx, w.lena, identity.Active); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Refund(w.ctx, w.byShop(), paid.ID, nil, "", back); err != nil {
		w.t.Errorf("the same refund once the freeze is lifted: %v", err)
	}
}

// TestConfirm is the checkout's road: the shop asks, a person sees the terms and approves exactly those.
func TestConfirm(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		asked, err := w.Create(w.ctx, w.byShop(), Terms{Amount: eur.Of(1990), Description: "shoes"}, false, w.key())
		if err != nil || asked.State != AwaitingConfirmation || asked.Payer != "" || asked.NextAction != (NextAction{Type: ActConfirm}) {
			t.Fatalf("asked: %+v, %v", asked, err)
		}
		other, err := w.Create(w.ctx, w.byShop(), Terms{Amount: eur.Of(1990)}, false, w.key())
		if err != nil {
			t.Fatal(err)
		}
		seen, err := w.Get(w.ctx, w.by(w.lena), asked.ID)
		if err != nil || len(seen.NextAction.Digest) != 64 || seen.Description != "shoes" {
			t.Fatalf("seen: %+v, %v", seen, err)
		}
		_, err = w.Confirm(w.ctx, w.by(w.lena), other.ID, Consent{Digest: seen.NextAction.Digest}, w.key())
		w.refused(err, ErrMismatch, "the approval of another payment")
		byOmar, err := w.Get(w.ctx, w.by(w.omar), asked.ID)
		if err != nil || byOmar.NextAction.Digest == seen.NextAction.Digest {
			t.Errorf("two payers would approve the same digest: %v", err)
		}
		_, err = w.Confirm(w.ctx, w.by(w.lena), asked.ID, Consent{Digest: byOmar.NextAction.Digest}, w.key())
		w.refused(err, ErrMismatch, "the approval of another person")
		_, err = w.Confirm(w.ctx, w.by(w.owner), asked.ID, Consent{}, w.key())
		w.refused(err, ErrSameAccount, "the shop's owner")
		_, err = w.Confirm(w.ctx, w.byShop(), asked.ID, Consent{}, w.key())
		w.refused(err, ErrPersonOnly, "the shop itself")
		call := w.key()
		done, err := w.Confirm(w.ctx, w.by(w.lena), asked.ID, Consent{Digest: seen.NextAction.Digest}, call)
		if err != nil || done.State != Completed || done.Payer != string(w.lena) || done.Version != 3 {
			t.Fatalf("confirmed: %+v, %v", done, err)
		}
		again, err := w.Confirm(w.ctx, w.by(w.lena), asked.ID, Consent{Digest: seen.NextAction.Digest}, call)
		if err != nil || !again.Replayed || canon(again) != canon(done) {
			t.Errorf("confirmed again: %+v, %v", again, err)
		}
		_, err = w.Confirm(w.ctx, w.by(w.lena), asked.ID, Consent{}, w.key())
		w.refused(err, ErrState, "confirm twice")
		for _, c := range []Caller{w.by(w.omar), {Shop: merchant.ID(w.ids.New("mch"))}, {}} {
			_, err = w.Get(w.ctx, c, asked.ID)
			w.refused(err, fault.ErrNotFound, "somebody else's payment")
		}
		row, err := hex.DecodeString(seen.NextAction.Digest)
		if err != nil || len(row) != 32 {
			t.Error("the digest is no SHA-256")
		}
		w.drafts()
	})
}

// drafts: a person may prepare a payment and confirm it later, or withdraw it.
func (w *world) drafts() {
	draft, err := w.Create(w.ctx, w.by(w.lena), w.terms(10), false, w.key())
	if err != nil || draft.State != AwaitingConfirmation || draft.Payer != string(w.lena) || draft.NextAction.Digest == "" {
		w.t.Fatalf("draft: %+v, %v", draft, err)
	}
	_, err = w.Confirm(w.ctx, w.by(w.omar), draft.ID, Consent{}, w.key())
	w.refused(err, fault.ErrNotFound, "confirm another's draft")
	p, err := w.Confirm(w.ctx, w.by(w.lena), draft.ID, Consent{Digest: draft.NextAction.Digest}, w.key())
	if err != nil || p.State != Completed {
		w.t.Errorf("confirm a draft: %+v, %v", p, err)
	}
	draft, err = w.Create(w.ctx, w.by(w.lena), w.terms(10), false, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	if p, err := w.Void(w.ctx, w.by(w.lena), draft.ID, w.key()); err != nil || p.State != Voided {
		w.t.Errorf("withdraw a draft: %+v, %v", p, err)
	}
}

// TestTwoPayers: one payment, two people who press the button at once. One pays; the other learns nothing about it.
func TestTwoPayers(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		w.fund(w.omar, 10_000)
		for range 10 {
			asked, err := w.Create(w.ctx, w.byShop(), Terms{Amount: eur.Of(100)}, false, w.key())
			if err != nil {
				t.Fatal(err)
			}
			var paid, gone atomic.Int64
			people := []identity.PersonID{w.lena, w.omar}
			calls := []once.Call{w.key(), w.key()}
			parallel(2, func(i int) {
				_, err := w.Confirm(w.ctx, w.by(people[i]), asked.ID, Consent{}, calls[i])
				switch {
				case err == nil:
					paid.Add(1)
				case errors.Is(err, fault.ErrNotFound):
					gone.Add(1)
				default:
					t.Error(err)
				}
			})
			if paid.Load() != 1 || gone.Load() != 1 {
				t.Errorf("%d paid, %d were told there is nothing", paid.Load(), gone.Load())
			}
		}
		if sum := w.available(w.lena) + w.available(w.omar); sum != 19_000 || w.receipts() != 1000 {
			t.Errorf("payers have %d, the shop %d", sum, w.receipts())
		}
	})
}

func parallel(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// A call whose key is there already, and whose first answer cannot be read at the moment, is told to come again and not that something
// broke: it would find the answer.
func TestFirstAnswerThatCannotBeRead(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1_000)
		call := w.keyed("twin", "")
		first, err := w.Create(w.ctx, w.by(w.lena), w.terms(100), true, call)
		w.ok(err)
		twin := &db.UniqueError{Constraint: "once_key"}
		ended, end := context.WithCancel(w.ctx)
		end()
		if _, err := w.again(ended, w.by(w.lena), call, opCreate, twin); !errors.Is(err, fault.ErrBusy) {
			t.Errorf("without an answer of the database: %v", err)
		}
		if p, err := w.again(w.ctx, w.by(w.lena), call, opCreate, twin); err != nil || p.ID != first.ID {
			t.Errorf("with one: %s, %v, want %s", p.ID, err, first.ID)
		}
	})
}
