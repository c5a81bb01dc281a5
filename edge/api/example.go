package api

import (
	"time"

	"billfold/client"
)

// The examples of the document. A test checks each against its schema.
var (
	exampleAt       = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	exampleDay      = exampleAt.AddDate(0, 0, 1)
	exampleAmount   = client.Money{Amount: "4850", Currency: "EUR"}
	exampleNothing  = client.Money{Amount: "0", Currency: "EUR"}
	exampleCurrency = client.Currency{Object: "currency", Code: "EUR", Scale: 2}
)

const (
	examplePay    = "pay_01kjkz4n8dj4dfwkkh5k6r7a00"
	exampleBack   = "pay_01kjkz9fq7tzv8ct4rbk3m2600"
	examplePerson = "usr_01kjkyx6b5sgh4pzr9p2n3c800"
	exampleShop   = "mch_01kjkyy0w1mq2v7k8d5e6f9g00"
	exampleAcc    = "acc_00000000000000000000000g80"
	exampleAcc2   = "acc_00000000000000000000000h00"
	exampleEnt    = "ent_01kjkz4n8dj4dfwkkh5k6r7a01"
)

func exampleList[T any](url string, one T) client.List[T] {
	return client.List[T]{Object: "list", Data: []T{one}, URL: url}
}

var (
	exampleIdentity = client.Identity{Object: "identity", Owner: exampleShop, Name: "Café Lumen", Mode: "test",
		Key: client.KeyFacts{ID: "key_01kjkyz3a7b8c9d0e1f2g3h400", Kind: "secret", Label: "server", Hint: "bf_test_sk_…7k2m",
			CreatedAt: exampleAt}}
	exampleAccountBalance = client.AccountBalance{Account: exampleAcc, Available: exampleAmount, Posted: exampleAmount, Held: exampleNothing,
		Incoming: exampleNothing}
	exampleBalance = client.Balance{Object: "balance", Owner: examplePerson, AsOf: exampleAt,
		Balances: []client.AccountBalance{exampleAccountBalance}}
	exampleAccount = client.Account{ID: exampleAcc, Object: "account", Owner: examplePerson, Currency: "EUR", Scale: 2, State: "open",
		Balance: exampleAccountBalance, CreatedAt: exampleAt}
)

var (
	exampleListed = client.Payment{ID: examplePay, Object: "payment", Kind: "purchase", State: "completed", Version: 3, Amount: exampleAmount,
		Fee: exampleNothing, Captured: exampleAmount, Refunded: exampleNothing, Payer: client.Party{ID: examplePerson},
		Payee: client.Party{ID: exampleShop}, Capture: "automatic", Method: "wallet", Description: "Two coffees", Reference: "order-1187",
		Metadata: map[string]string{"table": "7"}, Receipt: "rcp_01kjkz4n8dj4dfwkkh5k6r7a00", CreatedAt: exampleAt, ExpiresAt: exampleDay}
	examplePayment = func() client.Payment {
		p := exampleListed
		for _, step := range []string{"authenticate", "request", "authorize"} {
			p.Timeline = append(p.Timeline, client.Step{Step: step, State: "completed", At: exampleAt})
		}
		p.Timeline[2].Amount = exampleAmount
		return p
	}()
	exampleVoided = func() client.Payment {
		p := exampleListed
		p.State, p.Captured, p.Timeline = "voided", exampleNothing, []client.Step{{Step: "void", State: "voided", At: exampleAt}}
		return p
	}()
	exampleRefunded = func() client.Payment {
		p := exampleListed
		p.ID, p.Kind, p.RefundOf, p.Payer, p.Payee = exampleBack, "refund", examplePay, p.Payee, p.Payer
		return p
	}()
	exampleTopUpPayment = func() client.Payment {
		p := exampleListed
		p.Kind, p.State, p.Captured, p.Method = "topup", "processing", exampleNothing, "card"
		p.Payer, p.Payee, p.NextAction = client.Party{}, client.Party{ID: examplePerson}, &client.NextAction{Type: "wait"}
		return p
	}()
	exampleActivity = client.Activity{Object: "activity", Direction: "out", With: "Café Lumen", At: exampleAt, Payment: exampleListed}
	exampleTopUp    = client.TopUp{Amount: exampleAmount, Method: "tok_4242"}
	exampleCreate   = client.CreatePayment{Amount: exampleAmount, Payee: "@cafe_linden", Confirm: true, Description: "Two coffees"}
	exampleConfirm  = client.ConfirmPayment{Digest: "5f0b1c7d9e2a4b6c8d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e"}
	exampleCapture  = client.CapturePayment{Amount: exampleAmount}
	exampleRefund   = client.RefundPayment{Amount: exampleAmount, Reason: "Cold coffee"}
)

var (
	exampleItem = client.LineItem{Name: "Espresso", Quantity: 2, Amount: exampleAmount}
	exampleAsks = []client.ContactField{{Name: "Ecom_ShipTo_Online_Email", Required: true},
		{Name: "Ecom_ShipTo_Telecom_Phone_Number"}}
	exampleCreateCheckout = client.CreateCheckoutSession{Amount: exampleAmount, ReturnURL: "https://shop.example/thanks",
		LineItems: []client.LineItem{exampleItem}, ContactFields: exampleAsks, Reference: "order-1187"}
	exampleAsked = func() client.Payment {
		p := exampleListed
		p.State, p.Version, p.Captured, p.Payer = "awaiting_confirmation", 1, exampleNothing, client.Party{}
		p.NextAction = &client.NextAction{Type: "confirm"}
		return p
	}()
	exampleCheckout = client.CheckoutSession{ID: "chk_01kjkz4n8dj4dfwkkh5k6r7a00", Object: "checkout_session",
		URL: "https://pay.example.org/c/chk_01kjkz4n8dj4dfwkkh5k6r7a00", State: "open", Payment: exampleAsked,
		LineItems: []client.LineItem{exampleItem}, ContactFields: exampleAsks,
		ReturnURL: "https://shop.example/thanks", CancelURL: "https://shop.example/thanks",
		CreatedAt: exampleAt, ExpiresAt: exampleDay}
	exampleExpired = func() client.CheckoutSession {
		s := exampleCheckout
		s.State, s.Payment.State, s.Payment.NextAction = "expired", "expired", nil
		return s
	}()
	exampleEvent = client.Event{ID: "evt_01kjkz4nafk2e9v8w7x6y5z400", Object: "event", Type: "payment.completed", Sequence: 3,
		CreatedAt: exampleAt,
		Data: client.EventData{Object: client.EventObject{ID: examplePay, Object: "payment", Kind: "purchase", State: "completed",
			Payer: examplePerson, Payee: exampleShop, Amount: exampleAmount, Moved: exampleAmount, Captured: exampleAmount,
			Refunded: exampleNothing}}}
	exampleEvents = client.List[client.Event]{Object: "list", Data: []client.Event{exampleEvent}, NextCursor: "42", URL: "/v1/events"}
)

var (
	exampleEntry = client.LedgerEntry{ID: exampleEnt, Object: "ledger_entry", Kind: "payment.purchase", Reference: examplePay, Phase: "posted",
		Legs: []client.Leg{{Debit: exampleAcc, Credit: exampleAcc2, Amount: "4850", Currency: "EUR"}}, CreatedAt: exampleAt}
	examplePost = client.PostEntries{Entries: []client.NewEntry{{Kind: "bonus", Reference: "campaign-7",
		Legs: []client.Leg{{Debit: "points/issued", Credit: exampleAcc, Amount: "100", Currency: "POINTS"}}}}}
	exampleResults = client.EntryResults{Object: "entry_results", Posted: 1, Refused: 1, Results: []client.EntryResult{
		{Status: "posted", Entry: &exampleEntry},
		{Status: "refused", Error: &client.EntryError{Code: "insufficient_funds", Title: "There is not enough money",
			Detail: "The account cannot cover this amount.", Param: "entries[1].legs[0].debit"}}}}
	exampleOpen = client.OpenLedgerAccount{Address: "points/issued", Currency: "POINTS", Scale: new(int), Limit: "unlimited",
		Busy: true}
	exampleLedgerAccount = client.LedgerAccount{ID: exampleAcc, Object: "ledger_account", Address: "user/" + examplePerson + "/EUR",
		Currency: "EUR",
		Scale:    2, Limit: "non_negative", State: "open", CreatedAt: exampleAt, Balance: client.LedgerBalance{AsOf: exampleDay,
			Posted: exampleAmount,
			Held:   exampleNothing, Incoming: exampleNothing, Available: exampleAmount}}
	exampleClock   = client.TestClock{Object: "test_clock", Now: exampleAt}
	exampleAdvance = client.AdvanceClock{By: "3d"}
)

var (
	exampleFind    = client.FindPayee{Payee: "@xiaoming"}
	examplePayee   = client.Payee{ID: examplePerson, Object: "payee", Name: "Lena H.", Handle: "lena", FirstTime: true}
	exampleContact = client.Contact{ID: examplePerson, Object: "contact", Name: "Lena H.", Called: "Lena from the choir", Kept: true,
		PaidAt: exampleAt}
	exampleKeep = client.KeepContact{Payee: "@xiaoming", Called: "Lena from the choir"}
	exampleGift = client.PaymentLink{Object: "payment_link", Payment: examplePay, ExpiresAt: exampleDay,
		URL: "https://pay.example.org/g/gft_01kjkz4n8dj4dfwkkh5k6r7a00?key=gX3v0Hq2mB7cR1tY9wLk4sPz8dA"}
	exampleOpenLink  = client.OpenLink{Link: exampleGift.URL}
	exampleLinkFacts = client.LinkFacts{Object: "link_facts", State: "open", Amount: exampleAmount, From: "Lena H.", Note: "For the flowers",
		ExpiresAt: exampleDay}
	exampleBill = client.CreateMoneyRequest{Total: exampleAmount, Split: true, Mode: "even", Own: "1", Note: "Dinner",
		Shares: []client.NewShare{{Person: "@xiaoming"}}}
	exampleChange  = client.ChangeMoneyRequest{Seen: 4, Total: exampleAmount, Mode: "even", Own: "1", Shares: exampleBill.Shares}
	exampleAskedOf = client.MoneyRequest{ID: "req_01kjkz4n8dj4dfwkkh5k6r7a00", Object: "request", State: "open", Version: 2,
		From:     examplePerson,
		FromName: "Omar H.", Split: true, Mode: "even", Total: exampleAmount, Own: client.Money{Amount: "2425", Currency: "EUR"},
		Paid: exampleNothing, Note: "Dinner", CreatedAt: exampleAt, ExpiresAt: exampleDay, Shares: []client.Share{{Payment: examplePay,
			Person: examplePerson, Name: "Lena H.", Amount: client.Money{Amount: "2425", Currency: "EUR"}, State: "open"}}}
)
