package payment

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/ledger"
)

// drafted is a payment on its way into a group.
func (w *world) drafted(c Caller, t Terms, call once.Call) *direct {
	w.t.Helper()
	r, err := w.draft(w.ctx, c, t, true)
	w.ok(err)
	d := w.direct(c, r, true, call)
	if d == nil {
		w.t.Fatal("this payment would be made alone")
	}
	return d
}

// TestEachOfAGroupForItself: in one transaction, what can be paid is paid, in the order of arrival, and what cannot be is refused by its
// own name; a hold is held; a person gets their contact.
func TestEachOfAGroupForItself(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1000)
		w.pay(w.lena, 1)
		toOmar := Terms{Payee: string(w.omar), Amount: eur.Of(200)}
		w.done(w.Create(w.ctx, w.by(w.lena), toOmar, true, w.key()))
		hold := w.terms(300)
		hold.Capture, hold.HoldFor = Manual, time.Hour
		over := w.drafted(w.by(w.lena), w.terms(799), w.key()) // more than is left
		group := []*direct{w.drafted(w.by(w.lena), w.terms(100), w.key()), over, w.drafted(w.by(w.lena), toOmar, w.key()),
			w.drafted(w.by(w.lena), hold, w.key()), w.drafted(w.by(w.lena), w.terms(199), w.key())}
		together(w.Service, group, w.payTogether)
		for i, d := range group {
			if d.alone || (d.err != nil) != (d == over) {
				t.Errorf("payment %d: %v, alone %v", i, d.err, d.alone)
			}
		}
		w.refused(over.err, ledger.ErrInsufficientFunds, "more than is left")
		if _, err := w.Get(w.ctx, w.by(w.lena), over.draft.id); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("the refused one is there: %v", err)
		}
		if p := w.now(group[3].draft.id); p.State != Authorized || p.HoldExpiresAt.IsZero() {
			t.Errorf("the hold is %s until %v", p.State, p.HoldExpiresAt)
		}
		if a, r := w.available(w.lena), w.receipts(); a != 0 || r != 1+100+199 {
			t.Errorf("%d are left, the shop has %d", a, r)
		}
		w.rest()
		if p := w.now(group[0].draft.id); len(p.Steps) != 5 {
			t.Errorf("%d steps, both sides are told: %+v", len(p.Steps), p.Steps)
		}
	})
}

// TestKeysInAGroup: a key that was used before, by this group or by an earlier call, does not pay again, and takes nobody with it.
func TestKeysInAGroup(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1000)
		used, twice := w.key(), w.keyed("twice", "one body")
		first := w.done(w.Create(w.ctx, w.by(w.lena), w.terms(10), true, used))
		other := w.keyed("twice", "another body")
		group := []*direct{w.drafted(w.by(w.lena), w.terms(10), used), w.drafted(w.by(w.lena), w.terms(20), twice),
			w.drafted(w.by(w.lena), w.terms(20), twice), w.drafted(w.by(w.lena), w.terms(40), other),
			w.drafted(w.by(w.lena), w.terms(80), w.key())}
		together(w.Service, group, w.payTogether)
		for i, alone := range []bool{true, false, true, true, false} {
			if group[i].alone != alone || group[i].err != nil {
				t.Errorf("payment %d: alone %v, want %v; %v", i, group[i].alone, alone, group[i].err)
			}
		}
		again := w.done(w.Create(w.ctx, w.by(w.lena), w.terms(10), true, used))
		if again.ID != first.ID || !again.Replayed {
			t.Errorf("the used key answers %s, was %s", again.ID, first.ID)
		}
		if p := w.done(w.Create(w.ctx, w.by(w.lena), w.terms(20), true, twice)); p.ID != group[1].draft.id {
			t.Errorf("the key of two answers %s, paid was %s", p.ID, group[1].draft.id)
		}
		_, err := w.Create(w.ctx, w.by(w.lena), w.terms(40), true, other)
		w.refused(err, once.ErrMismatch, "another body under the same key")
		if r := w.receipts(); r != 10+20+80 {
			t.Errorf("the shop has %d", r)
		}
	})
}

// TestAGroupThatBreaks: a group that meets a key's unique rule is undone whole, and each of it is made alone; nobody fails for a neighbour.
func TestAGroupThatBreaks(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1000)
		used, call := w.key(), w.key()
		first := w.done(w.Create(w.ctx, w.by(w.lena), w.terms(1), true, used))
		single := w.drafted(w.by(w.lena), w.terms(1), used) // nobody looks for the key of one
		together(w.Service, []*direct{single}, w.payTogether)
		if p, err := w.Create(w.ctx, w.by(w.lena), w.terms(1), true, used); !single.alone || err != nil || p.ID != first.ID {
			t.Errorf("alone %v, then %s, %v", single.alone, p.ID, err)
		}
		if w.DB.Engine() == db.SQLite {
			return // no other transaction can come in between
		}
		group := []*direct{w.drafted(w.by(w.lena), w.terms(10), w.key()), w.drafted(w.by(w.lena), w.terms(20), call)}
		written, leave, left := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			left <- w.DB.Write(w.ctx, func(tx *db.Tx) error {
				once.Record(tx, once.Answer{Call: group[1].call, Object: "pay_of_a_twin", Version: 1})
				err := tx.Flush()
				close(written)
				<-leave
				return err
			})
		}()
		<-written
		served := make(chan struct{})
		go func() { together(w.Service, group, w.payTogether); close(served) }()
		for waiting := int64(0); waiting == 0; {
			w.ok(w.DB.Read(w.ctx, func(tx *db.Tx) error {
				return tx.Row(`select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting)
			}))
		}
		close(leave)
		w.ok(<-left)
		<-served
		for i, d := range group {
			if !d.alone || d.err != nil {
				t.Errorf("payment %d: alone %v, %v", i, d.alone, d.err)
			}
		}
		if r := w.receipts(); r != 1 {
			t.Errorf("the shop has %d: part of a group was kept", r)
		}
	})
}

// TestNobodyWaitsForANeighboursAccount: where somebody else keeps an account locked, those of a group that it does not concern are served.
func TestNobodyWaitsForANeighboursAccount(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		w.fund(w.omar, 100)
		group := []*direct{w.drafted(w.by(w.omar), w.terms(10), w.key()), w.drafted(w.by(w.lena), w.terms(20), w.key())}
		if w.DB.Engine() == db.SQLite {
			together(w.Service, group, w.payTogether) // nobody else can have locked anything
			if a, b := group[0].err, group[1].err; a != nil || b != nil || w.receipts() != 30 {
				t.Errorf("%v, %v, the shop has %d", a, b, w.receipts())
			}
			return
		}
		locked, leave, left := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			left <- w.DB.Write(w.ctx, func(tx *db.Tx) error {
				number, err := w.Ledger.Number(tx, WalletAddress(w.omar, eur))
				if err == nil {
					err = w.Ledger.Lock(tx, number)
				}
				close(locked)
				<-leave
				return err
			})
		}()
		<-locked
		together(w.Service, group, w.payTogether)
		for i, d := range group {
			if !d.alone || d.err != nil {
				t.Errorf("payment %d: alone %v, %v", i, d.alone, d.err)
			}
		}
		w.done(w.Create(w.ctx, w.by(w.lena), w.terms(20), true, w.key()))
		close(leave)
		w.ok(<-left)
		w.done(w.Create(w.ctx, w.by(w.omar), w.terms(10), true, w.key()))
		if r := w.receipts(); r != 30 {
			t.Errorf("the shop has %d", r)
		}
	})
}

// TestTogetherAndOnTime: many callers at once, some of them twice, without a group made by hand: as many payments as keys, and the books
// agree.
func TestTogetherAndOnTime(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		w.fund(w.omar, 100)
		w.pay(w.lena, 1)
		w.pay(w.omar, 1)
		const keys, times = 60, 3
		ids := make([]ID, keys*times)
		poor := make([]bool, keys*times)
		parallel(keys*times, func(i int) {
			n := i % keys
			who, minor := w.lena, int64(100)
			if n%4 == 3 {
				who, minor = w.omar, 40 // for two of fifteen
			}
			p, err := w.Create(w.ctx, w.by(who), w.terms(minor), true, w.keyed(fmt.Sprint("many-", n), ""))
			if poor[i] = errors.Is(err, ledger.ErrInsufficientFunds); err != nil && !poor[i] {
				t.Errorf("payment %d: %v", n, err)
			}
			ids[i] = p.ID
		})
		paid := map[ID]bool{}
		for i, id := range ids {
			if first := ids[i%keys]; id != first && !poor[i] && !poor[i%keys] {
				t.Errorf("key %d answers %s and %s", i%keys, id, first)
			}
			if id != "" {
				paid[id] = true
			}
		}
		if want := keys*3/4 + 2; len(paid) != want {
			t.Errorf("%d payments, want %d", len(paid), want)
		}
		if r, want := w.receipts(), int64(2+keys*3/4*100+2*40); r != want {
			t.Errorf("the shop has %d, want %d", r, want)
		}
	})
}

// TestEachCaptureOfAGroupForItself: captures in one transaction, next to some that cannot be: of another shop, of too much, of nothing
// held, a second of the same payment, one whose time is over.
func TestEachCaptureOfAGroupForItself(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		held := func(minor int64, hold time.Duration) ID {
			terms := w.terms(minor)
			terms.Capture, terms.HoldFor = Manual, hold
			return w.done(w.Create(w.ctx, w.by(w.lena), terms, true, w.key())).ID
		}
		whole, part, much, late := held(100, 2*time.Hour), held(200, 2*time.Hour), held(300, 2*time.Hour), held(400, time.Hour)
		foreign := held(500, 2*time.Hour)
		direct := w.pay(w.lena, 1).ID
		w.ok(w.business.Advance(time.Hour))
		half, more := eur.Of(50), eur.Of(301)
		take := func(c Caller, p ID, amount *money.Amount, call once.Call) *capturing {
			return &capturing{shared: w.shared(c, call, opCapture, p), amount: amount}
		}
		again := w.key()
		group := []*capturing{take(w.byShop(), whole, nil, w.key()), take(w.byShop(), part, &half, again), take(w.byShop(), much, &more, w.key()),
			take(w.byShop(), late, nil, w.key()), take(w.byShop(), direct, nil, w.key()), take(w.by(w.omar), foreign, nil, w.key()),
			take(w.byShop(), "pay_nothing", nil, w.key()), take(w.byShop(), whole, nil, w.key())}
		together(w.Service, group, w.captureTogether)
		want := []*fault.Fault{nil, nil, ledger.ErrAmountExceedsHold, nil, ErrState, fault.ErrNotFound, fault.ErrNotFound, nil}
		for i, m := range group {
			if m.alone != (i == 3 || i == 7) || want[i] == nil && m.err != nil {
				t.Errorf("capture %d: %v, alone %v", i, m.err, m.alone)
			} else if want[i] != nil {
				w.refused(m.err, want[i], fmt.Sprint("capture ", i))
			}
		}
		if r, a := w.receipts(), w.available(w.lena); r != 1+100+50 || a != 10_000-1-100-50-300-400-500 {
			t.Errorf("the shop has %d, %d are left", r, a)
		}
		answer := w.done(w.Capture(w.ctx, w.byShop(), part, &half, again))
		if !answer.Replayed || answer.Captured != 50 || len(answer.Steps) != 4 {
			t.Errorf("the same call again: %+v", answer)
		}
		_, err := w.Capture(w.ctx, w.byShop(), late, nil, w.key())
		w.refused(err, ledger.ErrHoldExpired, "a hold whose time is over")
		if p := w.now(late); p.State != Expired {
			t.Errorf("and is then %s", p.State)
		}
		w.rest()
	})
}
