package rail

import (
	"context"
	"encoding/json"
	"time"

	"billfold/base/money"
)

// Intent is what a rail is asked to do: take an amount from a card and tell us. Asking again with the same Reference is
// the same charge, never a second one.
type Intent struct {
	Reference string // our payment's id
	Merchant  string // under whose name we are registered with the acquirer
	Amount    money.Amount
	Token     string // of a card, see Cards; never a number
}

// Rail is a road for money from outside. Charge returns when the rail has taken note of the intent, not when it has decided:
// the answer comes by a callback. GiveBack has money of a charge go back to its card; there is
// no answer to it. An error means that we do not know whether it took note; ask again.
type Rail interface {
	Name() string
	Accepts(token string) bool
	Charge(ctx context.Context, i Intent) error
	GiveBack(ctx context.Context, b Back) error
}

// Outcome is what a rail decided.
type Outcome string

// The outcomes. The first three are about a charge (Disputed: the card's holder took it back, weeks later), the others about a
// payout. Returned comes days after Paid, or instead of it.
const (
	Settled  Outcome = "settled"
	Declined Outcome = "declined"
	Disputed Outcome = "disputed"
	Sent     Outcome = "sent"
	Paid     Outcome = "paid"
	Rejected Outcome = "rejected"
	Returned Outcome = "returned"
)

// OfCharge tells whether the outcome is one of a charge; the others are of a payout.
func (o Outcome) OfCharge() bool { return o == Settled || o == Declined || o == Disputed }

// outcomes are the messages of a rail, by type. Each outcome has one type: a charge's words never speak about a payout.
var outcomes = map[string]Outcome{"charge.settled": Settled, "charge.declined": Declined, "charge.disputed": Disputed,
	"payout.sent": Sent, "payout.paid": Paid, "payout.rejected": Rejected, "payout.returned": Returned}

// typeReceived is the type of a message about money that reached our account at a bank.
const typeReceived = "credit.received"

// Bank is a road out to bank accounts, and in from them. Pay returns when the bank has taken note, not when it has paid; asking
// again with the same Reference is the same payout. SendBack has it return a credit that nobody could be found for.
type Bank interface {
	Name() string
	Details() Details
	Pay(ctx context.Context, o Order) error
	SendBack(ctx context.Context, movement string) error
}

// Details are where people send money to.
type Details struct{ Holder, IBAN, BIC, Bank string }

// Order is what a bank is asked to pay out.
type Order struct {
	Reference string // our payment's id
	Merchant  string // under whose name we are registered with the bank
	Amount    money.Amount
	IBAN      string
	Holder    string
}

// Credit is a bank's word that money reached our account, signature checked. The same credit may come in several messages:
// Movement is the bank's own number for it.
type Credit struct {
	ID        string // the webhook-id
	Rail      string
	Movement  string
	Reference string // the one reference of ours that the purpose held, "" where it held none
	Sender    string // the sender's account, masked
	Merchant  string
	Amount    int64 // minor units of Currency
	Currency  string
	At        time.Time // when it reached us, real time
	said      []byte    // what was written into the purpose, sealed
}

// Said is the sealed purpose of the transfer; Words reads it.
func (c Credit) Said() []byte { return c.said }

// Callback is one message of a rail, signature checked. The same decision may come in several callbacks.
type Callback struct {
	ID        string // the webhook-id, unique per message of this rail
	Rail      string
	Reference string
	Merchant  string
	Outcome   Outcome
	Reason    string // why it was declined: a code such as card_declined
	Amount    int64  // minor units of Currency that were settled
	Currency  string
	At        time.Time // when it reached us, real time
}

// message is the body of a callback.
type message struct {
	Type string      `json:"type"` // charge.settled, payout.paid, credit.received …
	Data messageData `json:"data"`
}

type messageData struct {
	Reference string `json:"reference,omitempty"` // of a charge or payout: ours
	Movement  string `json:"movement,omitempty"`  // of a credit: the bank's
	Purpose   string `json:"purpose,omitempty"`   // of a credit: what its sender wrote
	Sender    string `json:"sender,omitempty"`    // of a credit: the account it came from
	Merchant  string `json:"merchant"`
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
	Reason    string `json:"reason,omitempty"`
}

// told is what a message was about: a charge or payout of ours, or a credit.
type told struct {
	callback Callback
	credit   *Credit
	purpose  string
}

// purposeMost is the longest purpose that is kept, in bytes: the 140 characters of a SEPA transfer.
const purposeMost = 560

// parse reads the body of a callback. It is as strict as our own API: an amount is a string of digits.
func parse(body []byte) (told, error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return told{}, ErrCallback.Because(err)
	}
	d := m.Data
	if len(d.Merchant) > 200 || len(d.Currency) > 12 || len(d.Reason) > 64 {
		return told{}, ErrCallback
	}
	// The currency is compared with the intent's by code: what the amount means is decided there, not here.
	amount, err := money.ParseMinor(d.Amount, money.Currency{Code: d.Currency})
	if err != nil {
		return told{}, ErrCallback.Because(err)
	}
	if m.Type == typeReceived {
		_, known := money.Lookup(d.Currency) // it has to be booked whatever becomes of it
		if !known || amount.Minor <= 0 || d.Movement == "" || len(d.Movement) > 64 || len(d.Purpose) > purposeMost || len(d.Sender) > 34 {
			return told{}, ErrCallback
		}
		return told{purpose: d.Purpose, credit: &Credit{Movement: d.Movement, Reference: FindReference(d.Purpose),
			Sender: MaskIBAN(squeeze(d.Sender)), Merchant: d.Merchant, Amount: amount.Minor, Currency: d.Currency}}, nil
	}
	outcome, ok := outcomes[m.Type]
	if !ok || d.Reference == "" || len(d.Reference) > 64 {
		return told{}, ErrCallback
	}
	return told{callback: Callback{Reference: d.Reference, Merchant: d.Merchant, Outcome: outcome, Reason: d.Reason, Amount: amount.Minor,
		Currency: d.Currency}}, nil
}
