package payment

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/ledger"
)

func (w *world) hold(minor int64) Payment {
	w.t.Helper()
	terms := w.terms(minor)
	terms.Capture = Manual
	p, err := w.Create(w.ctx, w.by(w.lena), terms, true, w.key())
	if err != nil || p.State != Authorized {
		w.t.Fatalf("hold %d: %+v, %v", minor, p, err)
	}
	return p
}

// TestHold is row 13: a taxi holds 20, captures 13.40, releases 6.60.
func TestHold(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		p := w.hold(2000)
		if w.available(w.lena) != 8000 || w.receipts() != 0 || p.HoldExpiresAt != w.business.Now().Add(DefaultHold) {
			t.Errorf("held: available %d, shop %d, until %s", w.available(w.lena), w.receipts(), p.HoldExpiresAt)
		}
		more, usd := eur.Of(2001), usd.Of(5)
		_, err := w.Capture(w.ctx, w.byShop(), p.ID, &more, w.key())
		w.refused(err, ledger.ErrAmountExceedsHold, "capture more than is held")
		_, err = w.Capture(w.ctx, w.byShop(), p.ID, &usd, w.key())
		w.refused(err, money.ErrCurrencyMismatch, "capture another currency")
		_, err = w.Capture(w.ctx, w.by(w.lena), p.ID, nil, w.key())
		w.refused(err, fault.ErrNotFound, "capture by the payer")
		_, err = w.Void(w.ctx, w.by(w.lena), p.ID, w.key())
		w.refused(err, ErrState, "void of a hold by the payer")
		w.rest() // both are told of the hold before it is captured
		part, call := eur.Of(1340), w.key()
		done, err := w.Capture(w.ctx, w.byShop(), p.ID, &part, call)
		if err != nil || done.State != Completed || done.Captured != 1340 || w.available(w.lena) != 8660 || w.receipts() != 1340 {
			t.Errorf("captured: %+v, %v, available %d", done, err, w.available(w.lena))
		}
		w.rest()
		again, err := w.Capture(w.ctx, w.byShop(), p.ID, &part, call)
		if err != nil || canon(again) != canon(done) {
			t.Errorf("captured again: %v", err)
		}
		then, err := w.AsOf(w.ctx, w.by(w.lena), p.ID, p.Version)
		if err != nil || canon(then) != canon(p) {
			t.Errorf("as of the hold, %v:\n%s\n%s", err, canon(then), canon(p))
		}
		rest := eur.Of(1341)
		_, err = w.Refund(w.ctx, w.byShop(), p.ID, &rest, "", w.key())
		w.refused(err, ErrRefundAmount, "refund what was only held")
		void := w.hold(500)
		if p, err := w.Void(w.ctx, w.byShop(), void.ID, w.key()); err != nil || p.State != Voided || w.available(w.lena) != 8660 {
			t.Errorf("voided: %+v, %v", p, err)
		}
	})
}

// TestSixHolds: six parallel holds of 1000 on 5000 give exactly five.
func TestSixHolds(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 5000)
		var held, refused atomic.Int64
		terms := w.terms(1000)
		terms.Capture = Manual
		parallel(6, func(int) {
			_, err := w.Create(w.ctx, w.by(w.lena), terms, true, w.key())
			switch {
			case err == nil:
				held.Add(1)
			case errors.Is(err, ledger.ErrInsufficientFunds):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
		if held.Load() != 5 || refused.Load() != 1 || w.available(w.lena) != 0 {
			t.Errorf("%d held, %d refused, %d left", held.Load(), refused.Load(), w.available(w.lena))
		}
	})
}

// TestEveryState is attack case 14 through the verbs: a payment in each state that verbs can reach meets every verb, and what
// the table does not allow is refused and moves nothing.
func TestEveryState(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		reach := map[State]func() ID{
			AwaitingConfirmation: func() ID { return w.ask(1000) },
			Authorized:           func() ID { return w.hold(1000).ID },
			Completed:            func() ID { return w.pay(w.lena, 1000).ID },
			PartlyRefunded:       func() ID { return w.refunded(400) },
			Refunded:             func() ID { return w.refunded(1000) },
			Voided: func() ID {
				p := w.hold(1000)
				w.must(w.Void(w.ctx, w.byShop(), p.ID, w.key()))
				return p.ID
			},
			Expired: func() ID {
				p := w.ask(1000)
				w.must(w.runOut(p))
				return p
			},
		}
		verbs := map[Trigger]func(p ID) error{
			Confirm: func(p ID) error { return second(w.Confirm(w.ctx, w.by(w.lena), p, Consent{}, w.key())) },
			Capture: func(p ID) error { return second(w.Capture(w.ctx, w.byShop(), p, nil, w.key())) },
			Void:    func(p ID) error { return second(w.Void(w.ctx, w.byShop(), p, w.key())) },
			RefundRest: func(p ID) error {
				return second(w.Refund(w.ctx, w.byShop(), p, nil, "", w.key()))
			},
		}
		for state, make := range reach {
			for on, verb := range verbs {
				p := make()
				before, receipts := w.available(w.lena), w.receipts()
				err := verb(p)
				_, may := Next(state, on)
				if may != (err == nil) {
					t.Errorf("%s on %s: %v, the table says %v", state, on, err, may)
				}
				if f, ok := fault.As(err); err != nil && (!ok || f.Kind != fault.Conflict && !errors.Is(err, ErrRefundAmount)) {
					t.Errorf("%s on %s: %v is no refusal of the state", state, on, err)
				}
				if !may && (w.available(w.lena) != before || w.receipts() != receipts) {
					t.Errorf("%s on %s was refused and moved something", state, on)
				}
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func (w *world) must(_ Payment, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// ask makes a payment that waits for lena.
func (w *world) ask(minor int64) ID {
	w.t.Helper()
	p, err := w.Create(w.ctx, w.by(w.lena), w.terms(minor), false, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	return p.ID
}

func (w *world) refunded(back int64) ID {
	w.t.Helper()
	p, amount := w.pay(w.lena, 1000), eur.Of(back)
	w.must(w.Refund(w.ctx, w.byShop(), p.ID, &amount, "", w.key()))
	return p.ID
}

// TestRefundsOf: both sides see what was given back, oldest first; nobody else does.
func TestRefundsOf(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 2000)
		p := w.refunded(300)
		rest := eur.Of(200)
		w.must(w.Refund(w.ctx, w.byShop(), p, &rest, "cold", w.key()))
		for _, c := range []Caller{w.by(w.lena), w.byShop()} {
			list, err := w.Refunds(w.ctx, c, p)
			if err != nil || len(list) != 2 || list[0].Amount.Minor != 300 || list[1].Amount.Minor != 200 || list[1].Description != "cold" {
				t.Errorf("refunds: %+v, %v", list, err)
			}
		}
		_, err := w.Refunds(w.ctx, w.by(w.omar), p)
		w.refused(err, fault.ErrNotFound, "a stranger's look")
	})
}

// runOut lets one payment's time run out by making the verb meet it late.
func (w *world) runOut(p ID) (Payment, error) {
	if err := w.business.Advance(DefaultExpiry); err != nil {
		return Payment{}, err
	}
	_, err := w.Confirm(w.ctx, w.by(w.lena), p, Consent{}, w.key())
	w.refused(err, ErrExpired, "confirm too late")
	return w.Get(w.ctx, w.by(w.lena), p)
}

// TestLateCapture is attack case 14's last: the hold's time is over and the sweep never ran. The verb itself lets it expire.
func TestLateCapture(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		p := w.hold(4000)
		if err := w.business.Advance(DefaultHold - time.Microsecond); err != nil {
			t.Fatal(err)
		}
		intime := w.hold(1000)
		if err := w.business.Advance(time.Microsecond); err != nil {
			t.Fatal(err)
		}
		_, err := w.Capture(w.ctx, w.byShop(), p.ID, nil, w.key())
		w.refused(err, ledger.ErrHoldExpired, "capture too late")
		now, err := w.Get(w.ctx, w.byShop(), p.ID)
		if err != nil || now.State != Expired || w.available(w.lena) != 9000 || w.receipts() != 0 {
			t.Errorf("after the late capture: %+v, %v, available %d", now, err, w.available(w.lena))
		}
		_, err = w.Capture(w.ctx, w.byShop(), p.ID, nil, w.key())
		w.refused(err, ErrState, "capture what has expired")
		if err := w.ExpireDue(w.ctx); err != nil {
			t.Fatal(err)
		}
		w.must(w.Capture(w.ctx, w.byShop(), intime.ID, nil, w.key()))
	})
}

// TestExpiryRaces is attack case 17: sweep, capture and void meet at the very moment a hold expires; one of them wins.
func TestExpiryRaces(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		var ids []ID
		for range 12 {
			ids = append(ids, w.hold(1000).ID)
		}
		waiting := w.ask(1000)
		if err := w.business.Advance(DefaultHold - time.Second); err != nil {
			t.Fatal(err)
		}
		var captured atomic.Int64
		parallel(4*len(ids), func(i int) {
			p := ids[i/4]
			switch i % 4 {
			case 0:
				if i/4%3 == 0 {
					if err := w.business.Advance(time.Second); err != nil {
						t.Error(err)
					}
				}
				if err := w.ExpireDue(w.ctx); err != nil {
					t.Error(err)
				}
			case 1, 2:
				if _, err := w.Capture(w.ctx, w.byShop(), p, nil, w.key()); err == nil {
					captured.Add(1)
				}
			case 3:
				_, _ = w.Void(w.ctx, w.byShop(), p, w.key())
			}
		})
		if err := w.ExpireDue(w.ctx); err != nil {
			t.Fatal(err)
		}
		if w.receipts() != 1000*captured.Load() || w.available(w.lena) != 100_000-w.receipts() {
			t.Errorf("%d captured, the shop has %d, the payer %d", captured.Load(), w.receipts(), w.available(w.lena))
		}
		for _, p := range append(ids, waiting) {
			now, err := w.Get(w.ctx, w.byShop(), p)
			if err != nil || !now.State.Final() {
				t.Errorf("%s is %s, %v", p, now.State, err)
			}
		}
	})
}

// TestOverRefund is attack case 13: fifty parallel refunds that sum to far more than was captured.
func TestOverRefund(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		p := w.pay(w.lena, 1000)
		var back atomic.Int64
		parallel(50, func(i int) {
			amount := eur.Of(int64(90 + i%3*10))
			r, err := w.Refund(w.ctx, w.byShop(), p.ID, &amount, "broken", w.key())
			switch {
			case err == nil:
				back.Add(r.Amount.Minor)
			case !errors.Is(err, ErrRefundAmount):
				t.Error(err)
			}
		})
		now, err := w.Get(w.ctx, w.byShop(), p.ID)
		if err != nil || now.Refunded != back.Load() || back.Load() > 1000 || w.receipts() != 1000-back.Load() {
			t.Errorf("%d given back, the payment says %d, the shop has %d, %v", back.Load(), now.Refunded, w.receipts(), err)
		}
		if back.Load() < 1000 {
			last, err := w.Refund(w.ctx, w.byShop(), p.ID, nil, "the rest", w.key())
			if err != nil || last.Amount.Minor != 1000-back.Load() {
				t.Errorf("the rest: %+v, %v", last, err)
			}
		}
		if w.available(w.lena) != 10_000 || w.receipts() != 0 {
			t.Errorf("payer %d, shop %d", w.available(w.lena), w.receipts())
		}
		w.badRefunds(p.ID)
	})
}

func (w *world) badRefunds(done ID) {
	one, dollar, none := eur.Of(1), usd.Of(1), eur.Of(0)
	_, err := w.Refund(w.ctx, w.byShop(), done, &one, "", w.key())
	w.refused(err, ErrRefundAmount, "refund once more")
	p := w.pay(w.lena, 1000)
	_, err = w.Refund(w.ctx, w.byShop(), p.ID, &dollar, "", w.key())
	w.refused(err, money.ErrCurrencyMismatch, "refund in another currency")
	_, err = w.Refund(w.ctx, w.byShop(), p.ID, &none, "", w.key())
	w.refused(err, money.ErrAmountNotPositive, "refund nothing")
	_, err = w.Refund(w.ctx, w.by(w.lena), p.ID, &one, "", w.key())
	w.refused(err, fault.ErrNotFound, "refund by the payer")
	_, err = w.Refund(w.ctx, w.by(w.omar), p.ID, &one, "", w.key())
	w.refused(err, fault.ErrNotFound, "refund by a stranger")
	r, err := w.Refund(w.ctx, w.byShop(), p.ID, &one, "one cent", w.key())
	if err != nil || r.Kind != Refund || r.Of != p.ID || r.Payee != string(w.lena) || r.Description != "one cent" || r.State != Completed {
		w.t.Errorf("refund: %+v, %v", r, err)
	}
	_, err = w.Refund(w.ctx, w.by(w.lena), r.ID, &one, "", w.key())
	w.refused(err, ErrNotRefundable, "refund a refund")
	if _, err := w.Refund(w.ctx, Caller{Person: w.owner, Operator: true}, p.ID, &one, "by the operator", w.key()); err != nil {
		w.t.Errorf("refund by the operator: %v", err)
	}
	gift, err := w.Create(w.ctx, w.by(w.lena), Terms{Payee: string(w.omar), Amount: eur.Of(50)}, true, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Refund(w.ctx, w.by(w.omar), gift.ID, nil, "no, thanks", w.key()); err != nil {
		w.t.Errorf("give a transfer back: %v", err)
	}
	gift, err = w.Create(w.ctx, w.by(w.lena), Terms{Payee: string(w.omar), Amount: eur.Of(50)}, true, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Create(w.ctx, w.by(w.omar), w.terms(50), true, w.key()); err != nil {
		w.t.Fatal(err)
	}
	_, err = w.Refund(w.ctx, w.by(w.omar), gift.ID, nil, "", w.key())
	w.refused(err, ledger.ErrInsufficientFunds, "give back what was spent")
}

// What the ledger refuses is said in a payment's words: which side is frozen, that the amount is to blame, or that nothing is.
func TestRefusedSide(t *testing.T) {
	for _, one := range []struct {
		err, is error
		param   string
	}{
		{ledger.ErrInsufficientFunds.With("legs[0].debit"), ledger.ErrInsufficientFunds, "amount"},
		{ledger.ErrOverflow.With("legs[0].credit"), ledger.ErrOverflow, "amount"},
		{ledger.ErrAmountExceedsHold, ledger.ErrAmountExceedsHold, "amount"},
		{ledger.ErrAccountFrozen.With("legs[0].credit"), ErrPayeeFrozen, "payee"},
		{ledger.ErrAccountFrozen.With("legs[0].debit"), identity.ErrPersonFrozen, ""},
		{ledger.ErrAccountClosed.With("legs[0].debit"), ledger.ErrAccountClosed, ""},
		{ledger.ErrHoldNotOpen, ledger.ErrHoldNotOpen, ""},
		{fault.ErrUnavailable, fault.ErrUnavailable, ""},
		{fmt.Errorf("post: %w", fault.ErrStorageFull), fault.ErrStorageFull, ""},
	} {
		f, ok := fault.As(refusedSide(one.err))
		if !ok || !errors.Is(f, one.is) || f.Param != one.param {
			t.Errorf("%v: %v blames %q, want %v and %q", one.err, f, f.Param, one.is, one.param)
		}
	}
	if plain := errors.New("torn"); !errors.Is(refusedSide(plain), plain) {
		t.Error("what is no fault is changed")
	}
}
