package api

import (
	"fmt"
	"testing"

	"billfold/client"
	"billfold/core/rail"
)

// arrival is money in suspense.
func (w *world) arrival() string {
	w.t.Helper()
	n := w.funded.Add(1) // a number of its own
	err := w.api.Payments.Arrive(w.ctx, rail.Credit{ID: fmt.Sprintf("msg-%d", n), Rail: rail.BankName, Movement: fmt.Sprintf("mov-%d", n),
		Merchant: "another", Amount: 100, Currency: "EUR"})
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := w.as(w.ops).Arrivals(w.ctx, client.Page{Limit: 1})
	if err != nil || len(list.Data) != 1 {
		w.t.Fatalf("%+v, %v", list, err)
	}
	return list.Data[0].ID
}

// held is a withdrawal that the bank says it paid in another currency.
func (w *world) held() string {
	w.t.Helper()
	account, err := w.as(w.lenaKey).LinkBankAccount(w.ctx, client.LinkBankAccount{IBAN: rail.TestAccounts[0].IBAN, Holder: "Lena Hoffmann"})
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := w.as(w.lenaKey).Withdraw(w.ctx, client.Withdraw{Amount: eur("10"), Account: account.ID})
	if err == nil {
		p, err = w.as(w.lenaKey).ConfirmPayment(w.ctx, p.ID, client.ConfirmPayment{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.api.Payments.Settle(w.ctx, rail.Callback{ID: "odd", Rail: rail.BankName, Reference: p.ID, Merchant: "test", Outcome: rail.Paid,
		Amount: 10, Currency: "JPY"}); err != nil {
		w.t.Fatal(err)
	}
	return p.ID
}

// railVisits are the visits of the roads in and out.
func (w *world) railVisits() map[string]visit {
	at := func(path string) func() string { return func() string { return path } }
	const amount = `"amount":{"amount":"100","currency":"EUR"}`
	bank := func(key string) string {
		a, err := w.as(key).LinkBankAccount(w.ctx, client.LinkBankAccount{IBAN: rail.TestAccounts[0].IBAN, Holder: "Lena Hoffmann"})
		if err != nil {
			w.t.Fatal(err)
		}
		return a.ID
	}
	quote := func() string {
		q, err := w.as(w.lenaKey).AskQuote(w.ctx, client.AskQuote{Amount: eur("1000"), To: "JPY"})
		if err != nil {
			w.t.Fatal(err)
		}
		return q.ID
	}
	const why = `{"reason":"The bank said so"}`
	return map[string]visit{
		"linkBankAccount": {owner: w.lenaKey, path: at("/v1/bank_accounts"),
			body: `{"holder":"Lena Hoffmann","iban":"` + rail.TestAccounts[0].IBAN + `"}`},
		"listBankAccounts": {owner: w.lenaKey, path: at("/v1/bank_accounts")},
		"createWithdrawal": {owner: w.lenaKey, path: at("/v1/withdrawals"), body: `{"account":"` + bank(w.lenaKey) + `",` + amount + `}`,
			foreign: true},
		"listReceivables":  {owner: w.lenaKey, path: at("/v1/receivables?owner=" + string(w.lena)), foreign: true},
		"sendTestTransfer": {owner: w.lenaKey, path: at("/v1/test/bank/transfers"), body: `{` + amount + `}`},
		"listRates":        {owner: w.lenaKey, path: at("/v1/rates")},
		"createQuote":      {owner: w.lenaKey, path: at("/v1/quotes"), body: `{"to":"JPY",` + amount + `}`},
		"createExchange":   {owner: w.lenaKey, path: at("/v1/exchanges"), body: `{"quote":"` + quote() + `"}`, foreign: true},
		"openPocket":       {owner: w.lenaKey, path: at("/v1/pockets"), body: `{"currency":"KWD"}`},
		"listArrivals":     {owner: w.ops, path: at("/v1/arrivals")},
		"assignArrival": {owner: w.ops, path: func() string { return "/v1/arrivals/" + w.arrival() + "/assign" },
			body: `{"person":"` + string(w.lena) + `","reason":"She called"}`},
		"returnArrival":   {owner: w.ops, path: func() string { return "/v1/arrivals/" + w.arrival() + "/return" }, body: why},
		"releasePayment":  {owner: w.ops, path: func() string { return "/v1/payments/" + w.held() + "/release" }, body: why},
		"takeBackPayment": {owner: w.ops, path: func() string { return "/v1/payments/" + w.held() + "/take_back" }, body: why},
	}
}

// TestRails: in by transfer, across by a quote, out to a bank account, all over the wire and as the document says.
func TestRails(t *testing.T) {
	engines(t, func(w *world) {
		lena := w.as(w.lenaKey)
		p, err := lena.TopUp(w.ctx, client.TopUp{Amount: eur("5000"), Method: "bank_transfer"})
		if err != nil || p.Remittance == nil || p.Remittance.Reference != p.Reference || p.Method != "bank" {
			t.Fatalf("%+v, %v", p, err)
		}
		if _, err := lena.SendTestTransfer(w.ctx, client.TestTransfer{Amount: eur("5000"), Purpose: p.Reference}); err != nil {
			t.Fatal(err)
		}
		if err := w.api.Payments.Arrive(w.ctx, rail.Credit{ID: "m", Rail: rail.BankName, Movement: "m", Reference: p.Reference, Merchant: "test",
			Amount: 5000, Currency: "EUR"}); err != nil {
			t.Fatal(err)
		}
		if now, err := lena.Payment(w.ctx, p.ID, nil); err != nil || now.State != "completed" || now.Remittance != nil {
			t.Errorf("%+v, %v", now, err)
		}
		if _, err := lena.OpenPocket(w.ctx, client.OpenPocket{Currency: "KWD"}); err != nil {
			t.Fatal(err)
		}
		_, err = lena.OpenPocket(w.ctx, client.OpenPocket{Currency: "GBP"})
		refused(t, "a currency that is not used", err, 422, "currency_not_available")
		rates, err := lena.Rates(w.ctx, "JPY")
		if err != nil || len(rates.Data) < 20 {
			t.Errorf("%d rates, %v", len(rates.Data), err)
		}
		q, err := lena.AskQuote(w.ctx, client.AskQuote{Amount: eur("1000"), To: "KWD"})
		if err != nil || q.Gets.Currency != "KWD" || q.Fee.Amount != "3" || q.Total.Amount != "1003" || q.Mid == q.Ours {
			t.Fatalf("%+v, %v", q, err)
		}
		_, err = w.as(w.omarKey).CreateExchange(w.ctx, client.CreateExchange{Quote: q.ID})
		refused(t, "somebody else's quote", err, 404, "not_found")
		x, err := lena.CreateExchange(w.ctx, client.CreateExchange{Quote: q.ID})
		if err != nil || x.Quote == nil || x.Quote.Gets != q.Gets || !x.Payee.IsZero() {
			t.Fatalf("%+v, %v", x, err)
		}
		if x, err = lena.ConfirmPayment(w.ctx, x.ID, client.ConfirmPayment{Digest: x.NextAction.Digest}); err != nil || x.State != "completed" {
			t.Fatalf("%+v, %v", x, err)
		}
		_, err = lena.CreateExchange(w.ctx, client.CreateExchange{Quote: q.ID})
		refused(t, "a used quote", err, 409, "quote_used")
		_, err = lena.AskQuote(w.ctx, client.AskQuote{Amount: client.Money{Amount: "1", Currency: "JPY"}, To: "EUR"})
		refused(t, "a yen", err, 422, "exchange_too_small")

		_, err = lena.LinkBankAccount(w.ctx, client.LinkBankAccount{IBAN: "DE00 1234", Holder: "Lena"})
		refused(t, "no account", err, 422, "bank_account")
		account, err := lena.LinkBankAccount(w.ctx, client.LinkBankAccount{IBAN: rail.TestAccounts[0].IBAN, Holder: "Lena Hoffmann"})
		if err != nil {
			t.Fatal(err)
		}
		out, err := lena.Withdraw(w.ctx, client.Withdraw{Amount: eur("2000"), Account: account.ID})
		if err != nil || out.NextAction == nil || out.Payee.ID != account.ID {
			t.Fatalf("%+v, %v", out, err)
		}
		if out, err = lena.ConfirmPayment(w.ctx, out.ID, client.ConfirmPayment{Digest: out.NextAction.Digest}); err != nil ||
			out.State != "processing" || w.available(w.lenaKey) != "1997" {
			t.Fatalf("%+v, %v, available %s", out, err, w.available(w.lenaKey))
		}
		if list, err := lena.Activity(w.ctx, client.PaymentFilter{}); err != nil || len(list.Data) != 3 {
			t.Errorf("%+v, %v", list, err)
		}
		w.tell()
		if _, err := w.as(w.ops).AssignArrival(w.ctx, w.arrival(), client.AssignArrival{Person: string(w.lena), Reason: "x"}); err == nil {
			t.Error("assigned without a reason")
		}
	})
}
