package api

import "billfold/client"

// The examples of the roads in and out.
var (
	exampleBankAccount = client.BankAccount{ID: "ins_01kjkz4n8dj4dfwkkh5k6r7a00", Object: "bank_account", Shown: "DE ·· 3000",
		CreatedAt: exampleAt}
	exampleLink       = client.LinkBankAccount{IBAN: "DE89 3704 0044 0532 0130 00", Holder: "Lena Hoffmann"}
	exampleWithdraw   = client.Withdraw{Amount: exampleAmount, Account: exampleBankAccount.ID}
	exampleWithdrawal = func() client.Payment {
		p := exampleAsked
		p.Kind, p.Payer, p.Payee = "withdrawal", client.Party{ID: examplePerson}, client.Party{ID: exampleBankAccount.ID}
		return p
	}()
	exampleReceivable = client.Receivable{Object: "receivable", Payment: examplePay, Person: examplePerson, Amount: exampleAmount,
		Left: exampleAmount, OpenedAt: exampleAt}
	exampleTransfer = client.TestTransfer{Amount: exampleAmount, Purpose: "RF51 8HQ0 C3VN 2K7M"}
	exampleMovement = client.TestMovement{Object: "test_movement", Movement: "mov_01kjkz4n8dj4dfwkkh5k6r7a00"}
	exampleRate     = client.Rate{Object: "rate", From: "EUR", To: "USD", Num: "587", Den: "500", Text: "1.1740",
		Source: "sandbox", At: exampleAt}
	exampleAsk   = client.AskQuote{Amount: exampleAmount, To: "USD"}
	exampleQuote = client.Quote{ID: "qt_01kjkz4n8dj4dfwkkh5k6r7a00", Object: "quote", Amount: exampleAmount,
		Fee: client.Money{Amount: "13", Currency: "EUR"}, Total: client.Money{Amount: "4863", Currency: "EUR"},
		Gets: client.Money{Amount: "5679", Currency: "USD"}, Mid: exampleRate, Ours: exampleRate, ExpiresAt: exampleAt}
	exampleSwap     = client.CreateExchange{Quote: exampleQuote.ID}
	exampleExchange = func() client.Payment {
		p := exampleAsked
		p.Kind, p.Payer, p.Payee, p.Reference, p.Quote = "exchange", client.Party{ID: examplePerson}, client.Party{}, exampleQuote.ID,
			&exampleQuote
		p.Fee = exampleQuote.Fee
		return p
	}()
	exampleArrival = client.Arrival{ID: "arr_01kjkz4n8dj4dfwkkh5k6r7a00", Object: "arrival", State: "waiting", Reason: "reference_unknown",
		Amount: exampleAmount, Sender: "DE ·· 3000", Purpose: "FORLENA", At: exampleAt}
	exampleAssign = client.AssignArrival{Person: examplePerson, Reason: "She called and named the amount"}
	exampleDecide = client.Decide{Reason: "The bank confirmed it"}
)
