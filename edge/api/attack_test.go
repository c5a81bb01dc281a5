package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"billfold/base/db"
	"billfold/client"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/test/harness"
)

// The numbers are those of the attack cases that every release is tried with.

// parallel runs n calls at once and counts how they ended, by code; "" is success.
func parallel(t testing.TB, n int, do func(i int) error) map[string]int {
	t.Helper()
	ended := make([]string, n)
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range n {
		done.Go(func() {
			start.Wait()
			err := do(i)
			var p *client.Problem
			switch {
			case errors.As(err, &p):
				ended[i] = p.Code
			case err != nil:
				ended[i] = err.Error()
			}
		})
	}
	start.Done()
	done.Wait()
	count := map[string]int{}
	for _, code := range ended {
		count[code]++
	}
	return count
}

// TestDoubleSpend is case 1: two hundred payments of the whole balance at once.
func TestDoubleSpend(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		lena := w.as(w.lenaKey)
		got := parallel(t, 200, func(int) error {
			_, err := lena.CreatePayment(w.ctx, client.CreatePayment{Amount: eur("5000"), Payee: "@rosas_cafe", Confirm: true})
			return err
		})
		if got[""] != 1 || got["insufficient_funds"] != 199 || w.available(w.lenaKey) != "0" {
			t.Errorf("%v, %s left", got, w.available(w.lenaKey))
		}
		w.fund(w.omarKey, "5000")
		omar := w.as(w.omarKey)
		got = parallel(t, 6, func(int) error {
			_, err := omar.CreatePayment(w.ctx, client.CreatePayment{Amount: eur("1000"), Payee: "@rosas_cafe", Confirm: true, Capture: "manual"})
			return err
		})
		if got[""] != 5 || got["insufficient_funds"] != 1 {
			t.Errorf("six holds of 1000 on 5000: %v", got)
		}
	})
}

// TestSameKey is cases 2 to 5: a hundred twins, another body, another person, another day and another process.
func TestSameKey(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		w.fund(w.omarKey, "5000")
		const body = `{"amount":{"amount":"1000","currency":"EUR"},"payee":"@rosas_cafe","confirm":true,"description":"one"}`
		bodies := make([]string, 100)
		replays := make([]bool, 100)
		got := parallel(t, 100, func(i int) error {
			a := w.send(w.lenaKey, http.MethodPost, "/v1/payments", body, "Idempotency-Key: twin")
			if bodies[i], replays[i] = a.body, a.header.Get("Idempotent-Replayed") == "true"; a.status != http.StatusCreated {
				return errors.New(a.body)
			}
			return nil
		})
		first := 0
		for i := range bodies {
			if bodies[i] != bodies[0] {
				t.Fatalf("two answers:\n%s\n%s", bodies[i], bodies[0])
			}
			if !replays[i] {
				first++
			}
		}
		if got[""] != 100 || first != 1 || w.available(w.lenaKey) != "4000" {
			t.Errorf("%v, %d first answers, %s left", got, first, w.available(w.lenaKey))
		}
		again := func(who, what, body, key string) answer {
			return w.send(who, http.MethodPost, "/v1/payments"+what, body, "Idempotency-Key: "+key)
		}
		// 3: another body, another path.
		if p := again(w.lenaKey, "", strings.Replace(body, "1000", "1001", 1), "twin").problem(t); p.Code != "idempotency_mismatch" ||
			p.MoneyMoved != "no" {
			t.Errorf("another body: %+v", p)
		}
		one, two := w.hold(w.lenaKey, "100"), w.hold(w.lenaKey, "100")
		if a := again(w.cafeKey, "/"+one.ID+"/capture", "", "capture"); a.status != http.StatusOK {
			t.Errorf("capture: %s", a.body)
		}
		if p := again(w.cafeKey, "/"+two.ID+"/capture", "", "capture").problem(t); p.Code != "idempotency_mismatch" {
			t.Errorf("the key of another payment's capture: %+v", p)
		}
		// 4: another person's key of the same name is theirs.
		if a := again(w.omarKey, "", body, "twin"); a.status != http.StatusCreated || a.body == bodies[0] ||
			a.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("another person: %s", a.body)
		}
		// 5: told, refunded, a day later, by another process: the first answer, to the byte.
		w.tell()
		id := idIn(bodies[0])
		if _, err := w.as(w.cafeKey).RefundPayment(w.ctx, id, client.RefundPayment{Amount: eur("400")}); err != nil {
			t.Fatal(err)
		}
		w.tell()
		if err := w.clock.Advance(25 * 3600e9); err != nil {
			t.Fatal(err)
		}
		w.start(harness.Logger(t))
		if a := again(w.lenaKey, "", body, "twin"); a.body != bodies[0] || a.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the next day:\n%s\n%s", a.body, bodies[0])
		}
	})
}

func idIn(body string) string {
	_, rest, _ := strings.Cut(body, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// TestEveryVerbReplays: for each verb that moves money the same key gives the same bytes, also after both sides were told and after
// the payment has moved on.
func TestEveryVerbReplays(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "9000")
		type sent struct{ key, path, body, answer string }
		var list []sent
		do := func(key, path, body string) string {
			t.Helper()
			a := w.send(key, http.MethodPost, path, body, fmt.Sprintf("Idempotency-Key: key %d", len(list)))
			if a.status >= 300 || a.header.Get("Idempotent-Replayed") != "" {
				t.Fatalf("%s: %s", path, a.body)
			}
			list = append(list, sent{key, path, body, a.body})
			w.tell()
			return "/v1/payments/" + idIn(a.body)
		}
		manual := `{"amount":{"amount":"900","currency":"EUR"},"capture":"manual"}`
		p := do(w.cafeKey, "/v1/payments", manual)
		do(w.lenaKey, p+"/confirm", "")
		do(w.cafeKey, p+"/capture", `{"amount":{"amount":"800","currency":"EUR"}}`)
		do(w.cafeKey, p+"/refund", `{"amount":{"amount":"300","currency":"EUR"}}`)
		do(w.cafeKey, p+"/refund", "{}")
		p = do(w.cafeKey, "/v1/payments", manual)
		do(w.lenaKey, p+"/confirm", "{}")
		do(w.cafeKey, p+"/void", "")
		do(w.lenaKey, "/v1/topups", `{"amount":{"amount":"900","currency":"EUR"},"method":"tok_4242"}`)
		do(w.cafeKey, "/v1/checkout/sessions", `{"amount":{"amount":"900","currency":"EUR"},"return_url":"https://shop.example/"}`)
		do(w.cafeKey, "/v1/checkout/sessions/"+idIn(list[len(list)-1].answer)+"/expire", "")
		for i, s := range list {
			a := w.send(s.key, http.MethodPost, s.path, s.body, fmt.Sprintf("Idempotency-Key: key %d", i))
			if a.body != s.answer || a.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("%s:\n%s\n%s", s.path, a.body, s.answer)
			}
		}
	})
}

// amounts are case 6, each as it would stand in JSON.
var amounts = []string{`-1`, `0`, `0.001`, `1e3`, `"1e3"`, `"١٠٠"`, `NaN`, `9223372036854775807`, `"9223372036854775808"`, `1.005`,
	`"1.005"`,
	`" 1"`, `"1 "`, `"01"`, `9007199254740993`, `"-1"`, `"0"`, `"-0"`, `"+1"`, `"1,000"`, `"0x10"`, `"１"`, `"NaN"`, `"Infinity"`, `""`,
	`null`, `true`,
	`[]`, `{}`, `"\u0000"`, `"1\n"`, `100`}

// TestAmounts is case 6 on every field that holds money: refused with 400, the field named, nothing moved, nothing rounded.
func TestAmounts(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		done := w.pay(w.lenaKey, "1000")
		held := w.hold(w.lenaKey, "1000")
		w.openAccount("test/from", "unlimited")
		w.openAccount("test/to", "unlimited")
		const money = `{"amount":%s,"currency":"EUR"}`
		for _, field := range []struct{ key, path, body, param string }{
			{w.lenaKey, "/v1/payments", `{"payee":"@rosas_cafe","confirm":true,"amount":` + money + `}`, "amount.amount"},
			{w.cafeKey, "/v1/payments", `{"amount":` + money + `}`, "amount.amount"},
			{w.lenaKey, "/v1/topups", `{"method":"tok_4242","amount":` + money + `}`, "amount.amount"},
			{w.cafeKey, "/v1/payments/" + held.ID + "/capture", `{"amount":` + money + `}`, "amount.amount"},
			{w.cafeKey, "/v1/payments/" + done.ID + "/refund", `{"amount":` + money + `}`, "amount.amount"},
			{w.cafeKey, "/v1/checkout/sessions", `{"return_url":"https://shop.example/","amount":` + money + `}`, "amount.amount"},
			{w.cafeKey, "/v1/checkout/sessions", `{"return_url":"https://shop.example/","amount":{"amount":"1","currency":"EUR"},"line_items":[` +
				`{"name":"x","quantity":1,"amount":` + money + `}]}`, "line_items[0].amount.amount"},
			{w.ops, "/v1/ledger/entries", `{"atomic":true,"entries":[{"kind":"x","legs":[{"debit":"test/from","credit":"test/to","currency":"EUR",` +
				`"amount":%s}]}]}`, "entries[0].legs[0].amount"},
		} {
			for _, amount := range amounts {
				a := w.send(field.key, http.MethodPost, field.path, fmt.Sprintf(field.body, amount))
				p := a.problem(t)
				if p.Status != 400 && !(p.Status == 409 && p.Code == "batch_refused") || !strings.HasPrefix(p.Param, field.param) ||
					p.MoneyMoved != "no" {
					t.Errorf("%s %s: %d %s blames %q, want %q", field.path, amount, p.Status, p.Code, p.Param, field.param)
				}
			}
		}
		if got := w.available(w.lenaKey); got != "3000" {
			t.Errorf("%s available", got)
		}
		// The largest amount is an amount; there is just not that much money.
		_, err := w.as(w.lenaKey).CreatePayment(w.ctx, client.CreatePayment{Amount: eur("9223372036854775807"), Payee: "@rosas_cafe",
			Confirm: true})
		refused(t, "max int64", err, 402, "ledger_overflow")
		_, err = w.as(w.lenaKey).CreatePayment(w.ctx, client.CreatePayment{Amount: eur("9007199254740993"), Payee: "@rosas_cafe", Confirm: true})
		refused(t, "2^53+1, as a string", err, 402, "insufficient_funds")
		for _, code := range []string{"eur", "XTS", "XXX", "EURO", "", "Eur", "ЕUR", "EUR "} {
			_, err := w.as(w.lenaKey).CreatePayment(w.ctx, client.CreatePayment{Amount: client.Money{Amount: "1", Currency: code},
				Payee: "@rosas_cafe"})
			var p *client.Problem
			if !errors.As(err, &p) || p.Param != "amount.currency" {
				t.Errorf("currency %q: %v", code, err)
			}
		}
		_, err = w.as(w.cafeKey).CapturePayment(w.ctx, held.ID, client.CapturePayment{Amount: client.Money{Amount: "1000", Currency: "JPY"}})
		refused(t, "a capture in another currency", err, 422, "currency_mismatch")
	})
}

func (w *world) openAccount(address, limit string) client.LedgerAccount {
	w.t.Helper()
	a, err := w.as(w.ops).OpenLedgerAccount(w.ctx, client.OpenLedgerAccount{Address: address, Currency: "EUR", Limit: limit})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// TestOverflow is case 7: a credit that would carry a total past 64 bits is refused, not wrapped.
func TestOverflow(t *testing.T) {
	engines(t, func(w *world) {
		from, to, other := w.openAccount("test/from", "unlimited"), w.openAccount("test/to", "non_negative"), w.openAccount("test/other",
			"unlimited")
		post := func(debit, credit, amount string) client.EntryResult {
			t.Helper()
			got, err := w.as(w.ops).PostEntries(w.ctx, client.PostEntries{Entries: []client.NewEntry{{Kind: "test",
				Legs: []client.Leg{{Debit: debit, Credit: credit, Amount: amount, Currency: "EUR"}}}}})
			if err != nil {
				t.Fatal(err)
			}
			return got.Results[0]
		}
		if r := post(from.ID, to.ID, "9223372036854775806"); r.Status != "posted" {
			t.Fatalf("%+v", r.Error)
		}
		if r := post(other.ID, to.ID, "2"); r.Status != "refused" || r.Error.Code != "ledger_overflow" {
			t.Errorf("%+v", r)
		}
		a, err := w.as(w.ops).LedgerAccount(w.ctx, "test/to", w.clock.Now())
		if err != nil || a.Balance.Posted.Amount != "9223372036854775806" {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// TestPayees is case 8: nobody pays themselves, their own shop, a frozen one, an account that is closed or of the system, or nobody.
func TestPayees(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.omarKey, "5000")
		omar := w.as(w.omarKey)
		try := func(payee string, status int, code string) {
			t.Helper()
			_, err := omar.CreatePayment(w.ctx, client.CreatePayment{Amount: eur("100"), Payee: payee, Confirm: true})
			if p := refused(t, payee, err, status, code); p.MoneyMoved != "no" {
				t.Errorf("%s: money moved %s", payee, p.MoneyMoved)
			}
		}
		try(string(w.omar), 422, "same_account")
		try("@omar", 422, "same_account")
		try("@omars_kiosk", 422, "same_account")
		for _, nobody := range []string{"@nobody", "rail/card/EUR", "merchant/" + string(w.cafe.ID) + "/EUR", "user/" + string(w.lena) + "/EUR",
			"usr_01kjkyx6b5sgh4pzr9p2n3c800", "mch_01kjkyy0w1mq2v7k8d5e6f9g00", "acc_00000000000000000000000g80", "pay_x", "@"} {
			try(nobody, 404, "payee_not_found")
		}
		if err := w.api.Shops.SetState(w.ctx, w.cafe.ID, "frozen"); err != nil {
			t.Fatal(err)
		}
		try("@rosas_cafe", 423, "payee_frozen")
		if _, err := w.api.People.SetState(w.ctx, w.lena, identity.Frozen); err != nil {
			t.Fatal(err)
		}
		try("@lena", 423, "payee_frozen")
		if _, err := w.api.People.SetState(w.ctx, w.omar, identity.Frozen); err != nil {
			t.Fatal(err)
		}
		try("@rosa", 423, "person_frozen")
		if _, err := w.api.People.SetState(w.ctx, w.omar, identity.Active); err != nil {
			t.Fatal(err)
		}
		if w.available(w.omarKey) != "5000" {
			t.Errorf("%s left", w.available(w.omarKey))
		}
		w.freezeAccount(w.rosa)
		try("@rosa", 423, "payee_frozen")
	})
}

// freezeAccount freezes a person's wallet in the ledger alone, as an operator does there.
func (w *world) freezeAccount(who identity.PersonID) {
	w.t.Helper()
	if err := w.d.Write(w.ctx, func(tx *db.Tx) error {
		account, err := w.api.Ledger.ByAddress(tx, payment.WalletAddress(who, w.currency("EUR")))
		if err != nil {
			return err
		}
		return w.api.Ledger.Freeze(tx, account.ID)
	}); err != nil {
		w.t.Fatal(err)
	}
}

// TestOverRefund is case 13: fifty parallel refunds of a part never give back more than came.
func TestOverRefund(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		p := w.pay(w.lenaKey, "1000")
		got := parallel(t, 50, func(int) error {
			_, err := w.as(w.cafeKey).RefundPayment(w.ctx, p.ID, client.RefundPayment{Amount: eur("150")})
			return err
		})
		if got[""] != 6 || got["refund_exceeds_payment"] != 44 || w.available(w.lenaKey) != "4900" {
			t.Errorf("%v, %s available", got, w.available(w.lenaKey))
		}
		_, err := w.as(w.cafeKey).RefundPayment(w.ctx, p.ID, client.RefundPayment{Amount: client.Money{Amount: "1", Currency: "JPY"}})
		refused(t, "in another currency", err, 422, "currency_mismatch")
		if _, err = w.as(w.cafeKey).RefundPayment(w.ctx, p.ID, client.RefundPayment{}); err != nil {
			t.Errorf("the rest: %v", err)
		}
		_, err = w.as(w.cafeKey).RefundPayment(w.ctx, p.ID, client.RefundPayment{})
		refused(t, "after the last", err, 422, "refund_exceeds_payment")
	})
}

// TestStates is case 14: every verb in every state that the API can reach, beside those it may be used in.
func TestStates(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "100000")
		shop, payer := w.as(w.cafeKey), w.as(w.lenaKey)
		asked := func() string {
			p, err := shop.CreatePayment(w.ctx, client.CreatePayment{Amount: eur("100"), Capture: "manual"})
			if err != nil {
				t.Fatal(err)
			}
			return p.ID
		}
		verbs := map[string]func(id string) error{
			"confirm": func(id string) error { _, err := payer.ConfirmPayment(w.ctx, id, client.ConfirmPayment{}); return err },
			"capture": func(id string) error { _, err := shop.CapturePayment(w.ctx, id, client.CapturePayment{}); return err },
			"void":    func(id string) error { _, err := shop.VoidPayment(w.ctx, id); return err },
			"refund":  func(id string) error { _, err := shop.RefundPayment(w.ctx, id, client.RefundPayment{}); return err },
		}
		may := map[string]string{"asked": "confirm void", "authorized": "capture void", "completed": "refund", "voided": "", "refunded": ""}
		reach := map[string][]string{"asked": nil, "authorized": {"confirm"}, "completed": {"confirm", "capture"}, "voided": {"confirm", "void"},
			"refunded": {"confirm", "capture", "refund"}}
		for state, way := range reach {
			for verb, do := range verbs {
				id := asked()
				for _, step := range way {
					if err := verbs[step](id); err != nil {
						t.Fatalf("%s of %s: %v", step, state, err)
					}
				}
				err := do(id)
				if strings.Contains(may[state], verb) {
					if err != nil {
						t.Errorf("%s a payment that is %s: %v", verb, state, err)
					}
					continue
				}
				var p *client.Problem
				// Somebody who has paid cannot be told apart from nobody by a payment that is not theirs; here it is theirs.
				if !errors.As(err, &p) || p.Status != 409 && p.Code != "refund_exceeds_payment" || p.MoneyMoved != "no" {
					t.Errorf("%s a payment that is %s: %v", verb, state, err)
				}
			}
		}
		id := asked()
		if err := verbs["confirm"](id); err != nil {
			t.Fatal(err)
		}
		_, err := shop.CapturePayment(w.ctx, id, client.CapturePayment{Amount: eur("101")})
		refused(t, "over-capture", err, 422, "amount_exceeds_hold")
		_, err = payer.VoidPayment(w.ctx, id)
		refused(t, "the payer of a hold", err, 409, "payment_state")
	})
}

// TestRaces is case 17 and its kin: of capture and void, and of capture and expiry, one wins.
func TestRaces(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "100000")
		won := map[string]int{}
		for n := 0; n < 8 || won["completed"] == 0 && n < 200; n++ {
			p := w.hold(w.lenaKey, "100")
			got := parallel(t, 2, func(i int) error {
				if i == 0 {
					_, err := w.as(w.cafeKey).CapturePayment(w.ctx, p.ID, client.CapturePayment{})
					return err
				}
				_, err := w.as(w.cafeKey).VoidPayment(w.ctx, p.ID)
				return err
			})
			if got[""] != 1 || got["payment_state"] != 1 {
				t.Errorf("capture and void: %v", got)
			}
			end, err := w.as(w.cafeKey).Payment(w.ctx, p.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
			won[end.State]++
		}
		for range 8 {
			p := w.hold(w.lenaKey, "100")
			// The clock stands a microsecond before the end of the hold; the race is about which side of it each finds.
			if err := w.clock.Advance(p.HoldExpiresAt.Sub(w.clock.Now()) - 1000); err != nil {
				t.Fatal(err)
			}
			got := parallel(t, 3, func(i int) error {
				switch i {
				case 0:
					_, err := w.as(w.cafeKey).CapturePayment(w.ctx, p.ID, client.CapturePayment{})
					return err
				case 1:
					return w.clock.Advance(2000)
				}
				return w.api.Payments.ExpireDue(w.ctx)
			})
			if err := w.api.Payments.ExpireDue(w.ctx); err != nil {
				t.Fatal(err)
			}
			end, err := w.as(w.cafeKey).Payment(w.ctx, p.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
			won[end.State]++
			if (end.State == "completed") != (got["hold_expired"]+got["payment_state"] == 0) || end.State != "completed" && end.State != "expired" {
				t.Errorf("capture and expiry: %v, the payment is %s", got, end.State)
			}
		}
		t.Logf("ends: %v", won)
		if won["completed"] == 0 {
			t.Error("no capture ever won: the race was none")
		}
	})
}

// leaky loses every tenth answer after the server has given it, and of one call no more than three, so that a caller with five tries
// always learns: callers in step would otherwise hand all the losses to one of them.
type leaky struct {
	http.RoundTripper
	n    atomic.Int64
	lost atomic.Int64
	of   sync.Map // Idempotency-Key → *atomic.Int64, the answers lost of that call
}

func (l *leaky) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.RoundTripper.RoundTrip(r)
	if err != nil || l.n.Add(1)%10 != 0 {
		return answer, err
	}
	mine, _ := l.of.LoadOrStore(r.Header.Get("Idempotency-Key"), new(atomic.Int64))
	if mine.(*atomic.Int64).Add(1) <= 3 {
		answer.Body.Close()
		l.lost.Add(1)
		return nil, errors.New("the line broke")
	}
	return answer, err
}

// TestLostAnswers: over a line that loses one answer in ten, every payment is made once, and the SDK's caller learns of each.
func TestLostAnswers(t *testing.T) {
	engines(t, func(w *world) {
		const payments = 300
		w.fund(w.lenaKey, "5000")
		line := &leaky{RoundTripper: w.http.Transport}
		lena := &client.Client{BaseURL: w.server.URL, Key: w.lenaKey, HTTP: &http.Client{Transport: line}, Wait: 1}
		var ids sync.Map
		got := parallel(t, 10, func(i int) error {
			for range payments / 10 {
				p, err := lena.CreatePayment(w.ctx, client.CreatePayment{Amount: eur("7"), Payee: "@rosas_cafe", Confirm: true})
				if err != nil {
					return err
				}
				if _, twice := ids.LoadOrStore(p.ID, i); twice {
					return errors.New("two answers for one payment")
				}
			}
			return nil
		})
		if got[""] != 10 || w.available(w.lenaKey) != strconv.Itoa(5000-7*payments) || line.lost.Load() < payments/10 {
			t.Errorf("%v, %s left, %d answers lost", got, w.available(w.lenaKey), line.lost.Load())
		}
	})
}
