package rail

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"billfold/base/money"
)

// Intent is what a rail is asked to do: take an amount from a card and tell us. Asking again with the same Reference is
// the same charge, never a second one.
type Intent struct {
	Reference string // our payment's id
	Merchant  string // under whose name we are registered with the acquirer
	Amount    money.Amount
	Token     string // of a card, from the acquirer's own form; never a number
}

// Rail is a road for money from outside. Charge returns when the rail has taken note of the intent, not when it has decided:
// the answer comes by a callback. An error means that we do not know whether it took note; ask again.
type Rail interface {
	Name() string
	Accepts(token string) bool
	Charge(ctx context.Context, i Intent) error
}

// Outcome is what a rail decided.
type Outcome string

// The outcomes.
const (
	Settled  Outcome = "settled"
	Declined Outcome = "declined"
)

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
	Type string      `json:"type"` // charge.settled, charge.declined
	Data messageData `json:"data"`
}

type messageData struct {
	Reference string `json:"reference"`
	Merchant  string `json:"merchant"`
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
	Reason    string `json:"reason,omitempty"`
}

const typePrefix = "charge."

// parse reads the body of a callback. It is as strict as our own API: an amount is a string of digits.
func parse(body []byte) (Callback, error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return Callback{}, ErrCallback.Because(err)
	}
	outcome, ok := strings.CutPrefix(m.Type, typePrefix)
	c := Callback{Reference: m.Data.Reference, Merchant: m.Data.Merchant, Outcome: Outcome(outcome), Reason: m.Data.Reason,
		Currency: m.Data.Currency}
	if !ok || c.Outcome != Settled && c.Outcome != Declined || c.Reference == "" || len(c.Reference) > 64 || len(c.Reason) > 64 ||
		len(c.Merchant) > 200 || len(c.Currency) > 12 {
		return Callback{}, ErrCallback
	}
	// The currency is compared with the intent's by code: what the amount means is decided there, not here.
	amount, err := money.ParseMinor(m.Data.Amount, money.Currency{Code: c.Currency})
	if err != nil {
		return Callback{}, ErrCallback.Because(err)
	}
	c.Amount = amount.Minor
	return c, nil
}
