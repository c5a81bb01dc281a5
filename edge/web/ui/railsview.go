package ui

import (
	"context"
	"time"

	"github.com/a-h/templ"
)

// QuoteLines are what an exchange costs and brings, line by line.
type QuoteLines struct {
	Gets      Money
	Mid, Ours string // "1 EUR = 1.1740 USD"
	Source    string
	At        time.Time
	Expires   time.Time // by the server's real clock
	Now       time.Time // of the same clock, when the page was drawn
	Over      bool      // the quote is over: pressing asks for a new one
}

// Remittance is where to send the money that a top-up waits for.
type Remittance struct {
	Holder, IBAN, BIC, Bank, Reference string
	Code                               string // that a banking app scans; "" where there is none
}

// Outside is what a payment's page says about the world outside: where to send money, how it was exchanged, what is owed.
type Outside struct {
	Remittance *Remittance
	Quote      *QuoteLines
	Owed, Left Money // of a charge-back that found the wallet empty; zero for none
	AgainHref  string
}

// PlayBank is the sandbox's form in which a person plays their own bank.
type PlayBank struct{ Payment, Amount, Currency, Purpose, Nonce string }

// Withdraw is the form that sends money to a bank account.
type Withdraw struct {
	Amount, Currency, Account, IBAN, Holder, Nonce string
	Currencies                                     []string
	Pockets                                        []Pocket
	Accounts                                       []BankAccount
	Tests                                          []TestAccount // the sandbox's numbers and what they do
	Errors                                         FieldErrors
}

// BankAccount is one that was linked.
type BankAccount struct {
	ID, Shown string
	At        time.Time
}

// TestAccount is a number of the sandbox's bank.
type TestAccount struct{ IBAN, Behaviour string }

// Pockets is the page of a person's currencies.
type Pockets struct {
	Pockets []Pocket
	More    []string // currencies that can be opened
	Owed    []Owed
	Error   string
	CanSwap bool
}

// Owed is one debt of a person.
type Owed struct {
	Href, Name string // Name for operators: whose
	Left, All  Money
	At         time.Time
}

// ExchangeForm asks what to exchange into what.
type ExchangeForm struct {
	Amount, From, To, Nonce string
	Currencies              []string
	Pockets                 []Pocket
	Rate                    *QuoteLines // of the pair that is chosen
	Errors                  FieldErrors
}

// OpsRails is what waits for an operator.
type OpsRails struct {
	Arrivals []Arrival
	Held     []HeldPayment
	Owed     []Owed
	Error    string
	At       string // the id of what the error is about
}

// Arrival is money in suspense.
type Arrival struct {
	ID, Sender, Words, Reason, Payment, Nonce string
	Money                                     Money
	At                                        time.Time
}

// HeldPayment waits for a decision.
type HeldPayment struct {
	ID, Kind, Why, Who, Nonce string
	Money                     Money
	At                        time.Time
}

// liveQuote is the attributes of a countdown.
func liveQuote(q *QuoteLines) templ.Attributes {
	return templ.Attributes{"data-until": machine(q.Now)}
}

// kindIcon is drawn where a payment has no other side.
func kindIcon(kind string) string {
	switch kind {
	case "topup":
		return "card"
	case "withdrawal":
		return "bank"
	case "exchange":
		return "swap"
	}
	return ""
}

// inGroups writes a number as people read it: four characters at a time.
func inGroups(s string) string {
	out := ""
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			out += " "
		}
		out += string(r)
	}
	return out
}

func behaves(ctx context.Context, code string) string { return word(ctx, "account", code) }
