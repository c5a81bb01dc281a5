package payment

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/rail"
)

// staff is an operator.
func (w *world) staff() Caller {
	c := w.by(w.owner)
	c.Operator = true
	return c
}

func (w *world) iban(ending string) string {
	for _, a := range rail.TestAccounts {
		if strings.HasSuffix(a.IBAN, ending) {
			return a.IBAN
		}
	}
	w.t.Fatalf("no test account ends in %s", ending)
	return ""
}

// withdraw asks for a withdrawal to a test account and confirms it.
func (w *world) withdraw(minor int64, ending string) Payment {
	w.t.Helper()
	to, err := w.Accounts.Link(w.ctx, string(w.lena), "Lena Hoffmann", w.iban(ending))
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := w.Withdraw(w.ctx, w.by(w.lena), eur.Of(minor), to.ID, w.key())
	if err != nil || p.State != AwaitingConfirmation || p.NextAction.Digest == "" || p.PayeeName != rail.MaskIBAN(w.iban(ending)) {
		w.t.Fatalf("withdrawal: %+v, %v", p, err)
	}
	if p, err = w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, w.key()); err != nil || p.State != Processing {
		w.t.Fatalf("confirmed: %+v, %v", p, err)
	}
	return p
}

// TestWithdraw: held at once, sent, paid; rejected and returned money is back, also when the bank's words overtake each other.
func TestWithdraw(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		for n, c := range []struct {
			ending string
			state  State
			left   int64
		}{{"3000", Completed, 9000}, {rail.EndingRejected, Failed, 9000}, {rail.EndingOvertake, Reversed, 9000}, {"3000", Completed, 8000},
			{rail.EndingReturned, Completed, 7000}} {
			before := w.available(w.lena)
			p := w.withdraw(1000, c.ending)
			if held := w.available(w.lena); held != before-1000 {
				t.Fatalf("%d: %d of %d are free while it is on its way", n, held, before)
			}
			w.until(500*time.Millisecond, 16)
			now := w.now(p.ID)
			if now.State != c.state || w.available(w.lena) != c.left {
				t.Errorf("%d, to %s: %s, available %d, want %s and %d", n, c.ending, now.State, w.available(w.lena), c.state, c.left)
			}
			if c.state == Completed && (!strings.Contains(strings.Join(stepNames(now.Steps), " "), "settle") || now.Captured != 1000) {
				t.Errorf("%d: %v", n, stepNames(now.Steps))
			}
			if c.ending != rail.EndingReturned {
				continue
			}
			if err := w.business.Advance(4 * 24 * time.Hour); err != nil { // days later
				t.Fatal(err)
			}
			w.until(time.Second, 3)
			if now := w.now(p.ID); now.State != Reversed || now.Refunded != 1000 || now.Failure != "bank_account_closed" ||
				w.available(w.lena) != 8000 {
				t.Errorf("returned: %+v, available %d", now, w.available(w.lena))
			}
		}
		if got := w.balance(FloatAddress(rail.BankName, eur)).Posted; got != 2000 {
			t.Errorf("the bank paid %d out, want 2000", got)
		}
	})
}

// TestWithdrawRefused: nobody withdraws what they do not have, to an account that is not theirs, or twice.
func TestWithdrawRefused(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1000)
		own, err := w.Accounts.Link(w.ctx, string(w.lena), "Lena Hoffmann", w.iban("3000"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.Accounts.Link(w.ctx, string(w.lena), "Lena Hoffmann", strings.ToLower(w.iban("3000"))+" ")
		if err != nil || again.ID != own.ID {
			t.Errorf("the same number again: %+v, %v", again, err)
		}
		_, err = w.Accounts.Link(w.ctx, string(w.lena), "Lena Hoffmann", strings.Replace(w.iban("3000"), "3000", "3001", 1))
		w.refused(err, rail.ErrAccount, "wrong check digits")
		_, err = w.Withdraw(w.ctx, w.by(w.omar), eur.Of(1), own.ID, w.key())
		w.refused(err, fault.ErrNotFound, "to somebody else's account")
		_, err = w.Withdraw(w.ctx, w.byShop(), eur.Of(1), own.ID, w.key())
		w.refused(err, ErrPersonOnly, "a shop")
		p, err := w.Withdraw(w.ctx, w.by(w.lena), eur.Of(1001), own.ID, w.key())
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Get(w.ctx, w.by(w.omar), p.ID)
		w.refused(err, fault.ErrNotFound, "somebody else looks")
		_, err = w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, w.key())
		if f, ok := fault.As(err); !ok || f.Code != "insufficient_funds" {
			t.Errorf("more than there is: %v", err)
		}
		p, err = w.Withdraw(w.ctx, w.by(w.lena), eur.Of(600), own.ID, w.key())
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		call := w.key()
		for range 10 {
			all.Go(func() { _, _ = w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, call) })
		}
		all.Wait()
		w.until(500*time.Millisecond, 10)
		if w.now(p.ID).State != Completed || w.available(w.lena) != 400 {
			t.Errorf("pressed ten times: %s, available %d", w.now(p.ID).State, w.available(w.lena))
		}
		// The bank says another amount: held, and an operator decides with a reason.
		p = w.withdraw(100, rail.EndingSlow)
		odd := rail.Callback{ID: "odd", Rail: rail.BankName, Reference: string(p.ID), Merchant: "test", Outcome: rail.Paid,
			Amount: 99, Currency: "EUR"}
		if err := w.Settle(w.ctx, odd); err != nil {
			t.Fatal(err)
		}
		if now := w.now(p.ID); now.State != Held || w.available(w.lena) != 300 {
			t.Errorf("another amount: %s", now.State)
		}
		_, err = w.TakeBack(w.ctx, w.by(w.lena), p.ID, "it is mine", w.key())
		w.refused(err, fault.ErrDenied, "the holder decides")
		_, err = w.TakeBack(w.ctx, w.staff(), p.ID, "", w.key())
		w.refused(err, ErrReason, "no reason")
		if got, err := w.TakeBack(w.ctx, w.staff(), p.ID, "The bank never paid", w.key()); err != nil || got.State != Reversed ||
			w.available(w.lena) != 400 {
			t.Errorf("taken back: %+v, %v", got, err)
		}
	})
}

func (w *world) arrivals() []Arrival {
	w.t.Helper()
	list, err := w.Arrivals(w.ctx, w.staff(), "", 50)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) transfer(purpose string, amount money.Amount) {
	w.t.Helper()
	if _, err := w.bank.Transfer(w.ctx, "test", purpose, amount); err != nil {
		w.t.Fatal(err)
	}
	w.until(500*time.Millisecond, 16)
}

// TestBankTransfer: the reference credits what came, once however often the bank tells; anything else goes into suspense, never to a
// guess, and an operator gives it to somebody or sends it back.
func TestBankTransfer(t *testing.T) {
	engines(t, func(w *world) {
		ask := func(minor int64) Payment {
			p, err := w.TopUp(w.ctx, w.by(w.lena), eur.Of(minor), ByTransfer, w.key())
			if err != nil || p.State != Processing || !strings.HasPrefix(p.Reference, "RF") || len(p.Reference) != 16 {
				t.Fatalf("%+v, %v", p, err)
			}
			return p
		}
		p := ask(5000)
		if to, ok := w.RemittanceOf(p); !ok || to.Reference != p.Reference || to.IBAN == "" {
			t.Errorf("send it to %+v", to)
		}
		w.transfer("For my wallet: "+p.Reference[:4]+" "+strings.ToLower(p.Reference[4:]), eur.Of(4900))
		if now := w.now(p.ID); now.State != Completed || now.Captured != 4900 || w.available(w.lena) != 4900 {
			t.Errorf("4900 of 5000: %+v, available %d", now, w.available(w.lena))
		}
		if w.received.Load() < 3 {
			t.Error("the bank did not repeat itself")
		}
		w.transfer(p.Reference, eur.Of(100))                                         // once more, with the same reference
		w.transfer("happy birthday", eur.Of(200))                                    // no reference
		w.transfer(strings.Replace(p.Reference, "RF", "RG", 1), eur.Of(300))         // a wrong one
		w.transfer(ask(400).Reference, jpy.Of(400))                                  // another currency
		if _, err := w.bank.Transfer(w.ctx, "another", "x", eur.Of(7)); err != nil { // for somebody else
			t.Fatal(err)
		}
		w.until(500*time.Millisecond, 16)
		list := w.arrivals()
		var why []string
		for _, a := range list {
			why = append(why, a.Reason)
		}
		if got := strings.Join(why, " "); got != "other_merchant other_currency reference_unknown reference_unknown payment_not_waiting" {
			t.Fatalf("in suspense: %s", got)
		}
		if w.available(w.lena) != 4900 || w.balance(SuspenseAddress(rail.BankName, eur)).Posted != 607 || list[3].Words != "HAPPYBIRTHDAY" {
			t.Errorf("available %d, suspense %d, words %q", w.available(w.lena), w.balance(SuspenseAddress(rail.BankName, eur)).Posted,
				list[3].Words)
		}
		_, err := w.Assign(w.ctx, w.by(w.lena), list[3].ID, w.lena, "mine, surely", w.key())
		w.refused(err, fault.ErrDenied, "the holder assigns")
		call := w.key()
		made, err := w.Assign(w.ctx, w.staff(), list[3].ID, w.lena, "She called and named the amount", call)
		if err != nil || made.State != Completed || made.Captured != 200 || w.available(w.lena) != 5100 {
			t.Fatalf("assigned: %+v, %v", made, err)
		}
		if same, err := w.Assign(w.ctx, w.staff(), list[3].ID, w.lena, "She called and named the amount", call); err != nil ||
			same.ID != made.ID {
			t.Errorf("the same again: %+v, %v", same.ID, err)
		}
		_, err = w.Assign(w.ctx, w.staff(), list[3].ID, w.omar, "and again", w.key())
		w.refused(err, ErrDecided, "assigned twice")
		for range 2 {
			if back, err := w.ReturnArrival(w.ctx, w.staff(), list[2].ID, "Nobody claims it"); err != nil || back.State != ArrivalReturned {
				t.Errorf("sent back: %+v, %v", back, err)
			}
		}
		if got := w.balance(SuspenseAddress(rail.BankName, eur)).Posted; got != 107 || len(w.arrivals()) != 3 {
			t.Errorf("suspense holds %d", got)
		}
		late := ask(10)
		if err := w.business.Advance(LongestTransfer); err != nil {
			t.Fatal(err)
		}
		if err := w.ExpireDue(w.ctx); err != nil || w.now(late.ID).State != Expired {
			t.Errorf("after thirty days: %s, %v", w.now(late.ID).State, err)
		}
	})
}

func (w *world) owed() int64 {
	w.t.Helper()
	list, err := w.Owed(w.ctx, w.by(w.lena), w.lena)
	if err != nil {
		w.t.Fatal(err)
	}
	sum := int64(0)
	for _, r := range list {
		sum += r.Left().Minor
	}
	return sum
}

// TestChargeback is case 16: what the wallet has is taken, the rest is owed on an account of its own, the wallet is never overdrawn, and
// the next money that comes in pays the debt first, whichever way it comes.
func TestChargeback(t *testing.T) {
	engines(t, func(w *world) {
		whole := w.topUp(rail.TokenDispute)
		w.until(200*time.Millisecond, 20)
		w.pay(w.lena, 4200)
		if err := w.business.Advance(3 * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		w.until(time.Second, 3)
		if now := w.now(whole.ID); now.State != Reversed || now.Refunded != 5000 || now.Failure != "card_disputed" {
			t.Fatalf("charged back: %+v", now)
		}
		if w.available(w.lena) != 0 || w.owed() != 4200 || w.balance(ReceivableAddress(w.lena, eur)).Posted != -4200 {
			t.Errorf("available %d, owed %d", w.available(w.lena), w.owed())
		}
		if err := w.card.Dispute(w.ctx, string(whole.ID)); err != nil { // the same message again
			t.Fatal(err)
		}
		w.rest()
		if w.owed() != 4200 {
			t.Errorf("told twice: %d are owed", w.owed())
		}
		_, err := w.Owed(w.ctx, w.by(w.omar), w.lena)
		w.refused(err, fault.ErrNotFound, "somebody else's debts")

		w.fund(w.omar, 3000)
		gift, err := w.Create(w.ctx, w.by(w.omar), Terms{Payee: string(w.lena), Amount: eur.Of(1000)}, true, w.key())
		if err != nil {
			t.Fatal(err)
		}
		w.rest()
		if w.available(w.lena) != 0 || w.owed() != 3200 || w.now(gift.ID).State != Completed {
			t.Errorf("after a gift of 1000: available %d, owed %d", w.available(w.lena), w.owed())
		}
		w.fund(w.lena, 5000)
		if w.available(w.lena) != 1800 || w.owed() != 0 {
			t.Errorf("after a top-up of 5000: available %d, owed %d", w.available(w.lena), w.owed())
		}
		receivable, was, err := w.OwedFor(w.ctx, w.now(whole.ID))
		if err != nil || !was || receivable.Paid != 4200 {
			t.Errorf("%+v, %v, %v", receivable, was, err)
		}
		frozen := w.topUp(rail.TokenDispute) // of a frozen person nothing is taken: all of it is owed
		w.until(200*time.Millisecond, 20)
		if _, err := w.People.SetState(w.ctx, w.lena, identity.Frozen); err != nil {
			t.Fatal(err)
		}
		if err := w.card.Dispute(w.ctx, string(frozen.ID)); err != nil {
			t.Fatal(err)
		}
		w.until(time.Second, 2)
		if w.owed() != 5000 || w.available(w.lena) != 6800 {
			t.Errorf("frozen: available %d, owed %d", w.available(w.lena), w.owed())
		}
	})
}

// TestOddChargebacks: before the settlement, for more, in another currency, by another rail, on a payment that is no top-up.
func TestOddChargebacks(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		back := rail.Callback{Rail: rail.Card, Merchant: "test", Outcome: rail.Disputed, Amount: 5000, Currency: "EUR"}
		settled := rail.Callback{Rail: rail.Card, Merchant: "test", Outcome: rail.Settled, Amount: 5000, Currency: "EUR"}
		change := func(do func(cb *rail.Callback)) rail.Callback {
			cb := back
			do(&cb)
			return cb
		}
		credited := int64(100)
		for _, c := range []struct {
			doing string
			say   []rail.Callback
			want  State
			adds  int64
		}{
			{"before it settled", []rail.Callback{back, settled}, Held, 0},
			{"for more", []rail.Callback{settled, change(func(cb *rail.Callback) { cb.Amount = 5001 })}, Completed, 5000},
			{"for nothing", []rail.Callback{settled, change(func(cb *rail.Callback) { cb.Amount = 0 })}, Completed, 5000},
			{"another currency", []rail.Callback{settled, change(func(cb *rail.Callback) { cb.Currency = "JPY" })}, Completed, 5000},
			{"a foreign merchant", []rail.Callback{settled, change(func(cb *rail.Callback) { cb.Merchant = "live" })}, Completed, 5000},
			{"another rail", []rail.Callback{settled, change(func(cb *rail.Callback) { cb.Rail = rail.BankName })}, Completed, 5000},
			{"a payout's words", []rail.Callback{settled, change(func(cb *rail.Callback) { cb.Outcome = rail.Returned })}, Completed, 5000},
			{"a part", []rail.Callback{settled, change(func(cb *rail.Callback) { cb.Amount = 2000 })}, Reversed, 3000},
			{"twice, and then settled", []rail.Callback{settled, back, back, settled}, Reversed, 0},
		} {
			p := w.topUp(rail.TokenLost)
			for _, cb := range c.say {
				cb.Reference = string(p.ID)
				if err := w.Settle(w.ctx, cb); err != nil {
					t.Errorf("%s: %v", c.doing, err)
				}
			}
			credited += c.adds
			if now := w.now(p.ID); now.State != c.want || w.available(w.lena) != credited {
				t.Errorf("%s: %s, available %d, want %s and %d", c.doing, now.State, w.available(w.lena), c.want, credited)
			}
		}
	})
}

// TestReview: a held top-up is credited with what the rail says it took, or ends with nothing credited.
func TestReview(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		held := func(change string) Payment {
			p := w.topUp(rail.TokenLost)
			w.rest()
			body := []byte(strings.NewReplacer("PAY", string(p.ID), "DATA", change).Replace(
				`{"type":"charge.settled","data":{"reference":"PAY","merchant":"test",DATA}}`))
			if err := w.inbox.Receive(w.ctx, rail.Card, rail.Sign(w.secret, "msg_"+string(p.ID), w.real.Now(), body), body); err != nil {
				t.Fatal(err)
			}
			w.rest()
			if now := w.now(p.ID); now.State != Held || w.available(w.lena) != w.available(w.lena) {
				t.Fatalf("%s: %+v", change, now)
			}
			return p
		}
		less, foreign := held(`"amount":"4000","currency":"EUR"`), held(`"amount":"5000","currency":"JPY"`)
		if list, err := w.HeldPayments(w.ctx, w.staff(), "", 10); err != nil || len(list) != 2 || list[0].ID != foreign.ID {
			t.Errorf("held: %+v, %v", list, err)
		}
		_, err := w.HeldPayments(w.ctx, w.by(w.lena), "", 10)
		w.refused(err, fault.ErrDenied, "the holder looks at what is held")
		call := w.key()
		got, err := w.Release(w.ctx, w.staff(), less.ID, "The card's bank confirmed 40.00", call)
		if err != nil || got.State != Completed || got.Captured != 4000 || got.Failure != "" || w.available(w.lena) != 4100 {
			t.Errorf("released: %+v, %v", got, err)
		}
		if again, err := w.Release(w.ctx, w.staff(), less.ID, "The card's bank confirmed 40.00", call); err != nil || canon(again) != canon(got) {
			t.Errorf("released again: %+v, %v", again, err)
		}
		_, err = w.Release(w.ctx, w.staff(), less.ID, "and again", w.key())
		w.refused(err, ErrState, "released twice")
		_, err = w.Release(w.ctx, w.staff(), foreign.ID, "in yen", w.key())
		w.refused(err, ErrReviewAmount, "another currency")
		if got, err := w.TakeBack(w.ctx, w.staff(), foreign.ID, "Not ours", w.key()); err != nil || got.State != Reversed ||
			w.available(w.lena) != 4100 {
			t.Errorf("taken back: %+v, %v", got, err)
		}
	})
}

func (w *world) in(c money.Currency) int64 { return w.balance(WalletAddress(w.lena, c)).Available }

// TestExchange: the quote is the sheet; what is posted is what was shown; each unit is on an account of its own (case 9, 11).
func TestExchange(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		quote := func(minor int64, to money.Currency) fx.Quote {
			q, err := w.Desk.Quote(w.ctx, w.lena, eur.Of(minor), to)
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
		q := quote(10_000, jpy)
		p, err := w.Service.Exchange(w.ctx, w.by(w.lena), q.ID, w.key())
		if err != nil || p.State != AwaitingConfirmation || p.Fee.Minor != 25 || p.Amount.Minor != 10_000 || p.NextAction.Digest == "" {
			t.Fatalf("%+v, %v", p, err)
		}
		call := w.key()
		done, err := w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, call)
		if err != nil || done.State != Completed || w.available(w.lena) != 89_975 || w.in(jpy) != q.Deal.Gets.Minor {
			t.Fatalf("%+v, %v: %d yen", done, err, w.in(jpy))
		}
		if again, err := w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, call); err != nil ||
			canon(again) != canon(done) {
			t.Errorf("again: %+v, %v", again, err)
		}
		_, err = w.Service.Exchange(w.ctx, w.by(w.lena), q.ID, w.key())
		w.refused(err, fx.ErrUsed, "a used quote")
		_, err = w.Service.Exchange(w.ctx, w.by(w.omar), quote(100, usd).ID, w.key())
		w.refused(err, fault.ErrNotFound, "somebody else's quote")
		_, err = w.Desk.Quote(w.ctx, w.lena, eur.Of(1), eur)
		w.refused(err, fx.ErrRate, "euros into euros")

		// Two payments of one quote: one exchange.
		q = quote(1000, kwd)
		one, err1 := w.Service.Exchange(w.ctx, w.by(w.lena), q.ID, w.key())
		two, err2 := w.Service.Exchange(w.ctx, w.by(w.lena), q.ID, w.key())
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i, p := range []Payment{one, two} {
			call := w.key()
			all.Go(func() { _, errs[i] = w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, call) })
		}
		all.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), fx.ErrUsed) || w.in(kwd) != q.Deal.Gets.Minor {
			t.Errorf("one quote twice: %v, %d fils", errs, w.in(kwd))
		}

		// A minute later the quote is over, by the real clock alone; renewing asks again.
		p, err = w.Service.Exchange(w.ctx, w.by(w.lena), quote(5000, usd).ID, w.key())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.real.Advance(fx.Life); err != nil {
			t.Fatal(err)
		}
		_, err = w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, w.key())
		w.refused(err, fx.ErrExpired, "a stale quote")
		next, err := w.Renew(w.ctx, w.by(w.lena), p.ID, w.key())
		if err != nil || next.ID == p.ID || next.State != AwaitingConfirmation || next.Amount != p.Amount || w.now(p.ID).State != Voided {
			t.Errorf("renewed: %+v, %v", next, err)
		}
		if same, err := w.Renew(w.ctx, w.by(w.lena), next.ID, w.key()); err != nil || same.ID != next.ID {
			t.Errorf("a good quote was renewed: %v", err)
		}
	})
}

// TestSalami is case 10 on the books: thousands of the smallest exchanges there and back leave their maker with less, and the house's
// accounts hold every unit that is missing.
func TestSalami(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		rounds := 40
		if os.Getenv("BILLFOLD_LONG") != "" {
			rounds = 2000
		}
		if err := w.OpenPocket(w.ctx, w.by(w.lena), jpy); err != nil {
			t.Fatal(err)
		}
		swap := func(amount money.Amount, to money.Currency) {
			q, err := w.Desk.Quote(w.ctx, w.lena, amount, to)
			if errors.Is(err, fx.ErrSmall) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			p, err := w.Service.Exchange(w.ctx, w.by(w.lena), q.ID, w.key())
			if err == nil {
				_, err = w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{}, w.key())
			}
			if err != nil {
				t.Fatalf("%s: %v", amount, err)
			}
		}
		worth := func() int64 { // in cents, all of it taken back at mid and rounded up: more than anybody would give
			yen, _ := fx.Sandbox(jpy, eur)
			cents, _, err := eur.Of(w.in(jpy)*100).Mul(yen.Num, yen.Den, money.Up)
			if err != nil {
				t.Fatal(err)
			}
			return w.available(w.lena) + cents.Minor
		}
		last := worth()
		for n := range rounds {
			swap(eur.Of(int64(n%3+1)), jpy)
			if w.in(jpy) > 4 {
				swap(jpy.Of(w.in(jpy)-1), eur)
			}
			if now := worth(); now > last {
				t.Fatalf("round %d: worth %d became %d", n, last, now)
			} else {
				last = now
			}
		}
		if last >= 100_000 {
			t.Errorf("after %d rounds she has %d", rounds, last)
		}
		kept := w.balance(RoundingAddress(jpy)).Posted + w.balance(MarginAddress(jpy)).Posted + w.balance(FeeAddress(jpy)).Posted
		if sold := -w.balance(PositionAddress(jpy)).Posted; sold != w.in(jpy)+kept {
			t.Errorf("the position gave %d yen, she has %d and the house kept %d", sold, w.in(jpy), kept)
		}
	})
}

// TestVerifyRails: a changed row of any of the new tables is found and named.
func TestVerifyRails(t *testing.T) {
	engines(t, func(w *world) {
		whole := w.topUp(rail.TokenDispute)
		w.until(200*time.Millisecond, 20)
		w.pay(w.lena, 5000)
		if err := w.card.Dispute(w.ctx, string(whole.ID)); err != nil {
			t.Fatal(err)
		}
		w.transfer("nobody", eur.Of(300))
		w.fund(w.lena, 6000)
		q, err := w.Desk.Quote(w.ctx, w.lena, eur.Of(500), usd)
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.Service.Exchange(w.ctx, w.by(w.lena), q.ID, w.key())
		if err == nil {
			_, err = w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{}, w.key())
		}
		if err != nil {
			t.Fatal(err)
		}
		w.verify()
		for _, c := range []struct{ breach, mend, want string }{
			{`update payment_arrival set amount = 301`, `update payment_arrival set amount = 300`, "rail/bank/suspense/EUR"},
			{`update payment_arrival set state = 'assigned'`, `update payment_arrival set state = 'waiting'`, "arrival arr_"},
			{`update payment_receivable set paid = 4999`, `update payment_receivable set paid = 5000`, "receivable"},
			{`update payment_repayment set amount = 1`, `update payment_repayment set amount = 5000`, "repayment"},
			{`update fx_quote set gets = gets + 1, margin = margin - 1`, `update fx_quote set gets = gets - 1, margin = margin + 1`, "quote"},
			{`update fx_quote set used_by = ''`, fmt.Sprintf(`update fx_quote set used_by = '%s'`, p.ID), "quote"},
		} {
			w.exec(c.breach)
			var said []string
			if _, err := w.Service.Verify(w.ctx, func(f Finding) { said = append(said, f.Where+": "+f.What) }); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(said, "\n"), c.want) {
				t.Errorf("%s: verify said %q", c.breach, said)
			}
			w.exec(c.mend)
		}
	})
}

func (w *world) exec(sql string) {
	w.t.Helper()
	if err := w.DB.Write(w.ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sql)
		if err == nil && n == 0 {
			return errors.New("nothing was changed")
		}
		return err
	}); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}
