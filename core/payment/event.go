package payment

import (
	"encoding/json"
	"strconv"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/id"
	"billfold/core/ledger"
)

// The types of events. Each verb writes one, of the state it ended in: a payment that is created and confirmed by one
// request is announced as completed, not twice.
const (
	eventCreated    = "payment.created"
	eventAuthorized = "payment.authorized"
	eventCompleted  = "payment.completed"
	eventCaptured   = "payment.captured"
	eventVoided     = "payment.voided"
	eventExpired    = "payment.expired"
	eventFailed     = "payment.failed"
	eventHeld       = "payment.held"
	eventRefunded   = "payment.refunded"
	eventSent       = "payment.sent"
	eventReversed   = "payment.reversed"
	eventRequested  = "payment.requested" // a person asks a person
	eventReminded   = "payment.reminded"
	eventDeclined   = "payment.declined"
	eventCharged    = "payment.charged"  // a card is being charged for a purchase
	eventReopened   = "payment.reopened" // the card was declined; the purchase waits to be paid again
	eventExtended   = "payment.extended" // the time to confirm, by whoever pays
)

// News is the data of an event about a payment: ids and amounts, never a name or a text. Amounts are minor units in
// decimal, as everywhere on the wire.
type News struct {
	Payment  ID     `json:"payment"`
	Kind     Kind   `json:"kind"`
	State    State  `json:"state"`
	Version  int64  `json:"version"`
	Payer    string `json:"payer,omitempty"`
	Payee    string `json:"payee"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	Scale    uint8  `json:"scale"`
	Moved    string `json:"moved"` // by this change: what was held, captured, released or given back
	Captured string `json:"captured"`
	Refunded string `json:"refunded"`
	Of       ID     `json:"of,omitempty"`
	Failure  string `json:"failure,omitempty"`
	Asked    bool   `json:"asked,omitempty"` // the payee asked a person for it
	Link     bool   `json:"link,omitempty"`  // it travels by a link
}

// ParseNews reads the data of an event of this package.
func ParseNews(e event.Event) (News, error) {
	if said, ok := e.Said.(News); ok {
		return said, nil
	}
	var n News
	err := json.Unmarshal(e.Data, &n)
	return n, err
}

// announce appends the event of a change to the outbox, for both sides.
func (s *Service) announce(tx *db.Tx, r *record, happened string, moved int64) {
	s.Outbox.Append(tx, r.news(happened, moved))
}

// news is what there is to announce of a payment.
func (r *record) news(happened string, moved int64) event.Event {
	minor := func(n int64) string { return strconv.FormatInt(n, 10) }
	said := News{Payment: r.id, Kind: r.kind, State: r.state, Version: r.version, Payer: r.payer, Payee: r.payee,
		Amount: minor(r.amount.Minor), Currency: r.amount.Currency.Code, Scale: r.amount.Currency.Scale, Moved: minor(moved),
		Captured: minor(r.captured), Refunded: minor(r.refunded), Of: r.of, Failure: r.failure,
		Asked: r.asked(), Link: r.capture == ByLink}
	data, err := json.Marshal(said)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	owners := make([]string, 0, 2)
	if r.payer != "" {
		owners = append(owners, r.payer)
	}
	if (isPerson(r.payee) || isShop(r.payee)) && !r.draft() {
		owners = append(owners, r.payee)
	}
	return event.Event{Type: happened, Object: string(r.id), Sequence: r.version, Owners: owners, Data: data, Said: said}
}

// entryKind is the kind of a payment's ledger entries: of its posting, or of its hold and what became of it. It is a stored
// fact and what verify looks for.
func entryKind(k Kind) string { return "payment." + string(k) }

func entryID(payment ID, step uint8) ledger.EntryID {
	return ledger.EntryID(id.Step(string(payment), ledger.Prefix, step))
}

const (
	rolePayer = "payer"
	rolePayee = "payee"
)
