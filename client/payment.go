package client

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Payment is one movement that somebody asked for, from its creation to its last refund. Its terms never change.
type Payment struct {
	ID            string            `json:"id" form:"pay" doc:"The payment's id."`
	Object        string            `json:"object" enum:"payment" doc:"Always \"payment\"."`
	Kind          string            `json:"kind" enum:"purchase|transfer|topup|withdrawal|refund|exchange" doc:"What sort of movement it is."`
	State         string            `json:"state" enum:"@state" doc:"Where it stands; docs/states.md has the table."`
	Version       int64             `json:"version" doc:"Counts the changes; each step that changed something has its number."`
	Amount        Money             `json:"amount" doc:"What the payee is to get."`
	Fee           Money             `json:"fee" doc:"What the payer pays on top."`
	Captured      Money             `json:"captured" doc:"What has moved so far."`
	Refunded      Money             `json:"refunded" doc:"What has gone back of it."`
	Payer         Party             `json:"payer,omitzero" doc:"Who pays; missing until somebody confirms. expand[]=payer gives the name."`
	Payee         Party             `json:"payee,omitzero" doc:"Who is paid; a bank account for a withdrawal, missing for an exchange, and until somebody takes what a link carries. expand[]=payee gives the name."`
	Capture       string            `json:"capture" enum:"automatic|manual|link" doc:"Manual holds the value until the payee captures; link keeps it for who has the link."`
	Method        string            `json:"method" enum:"wallet|card|bank" doc:"Where the payer's value comes from."`
	Description   string            `json:"description,omitzero" doc:"What its creator wrote."`
	Reference     string            `json:"reference,omitzero" doc:"The payee's own number for it."`
	Metadata      map[string]string `json:"metadata,omitzero" doc:"The creator's own facts, for whoever may read the payment."`
	RefundOf      string            `json:"refund_of,omitzero" form:"pay" doc:"Refunds only: the payment that is given back."`
	Receipt       string            `json:"receipt" form:"rcp" doc:"The number on both sides' receipt."`
	Failure       string            `json:"failure,omitzero" doc:"Code of the reason, when it failed or is held for review."`
	Remittance    *Remittance       `json:"remittance,omitzero" doc:"Top-ups by bank transfer that wait: where to send the money."`
	Quote         *Quote            `json:"quote,omitzero" doc:"Exchanges: the quote that was, or is to be, confirmed."`
	NextAction    *NextAction       `json:"next_action,omitzero" doc:"What has to happen next; missing when nothing has to."`
	CreatedAt     time.Time         `json:"created_at" doc:"When it was asked for."`
	ExpiresAt     time.Time         `json:"expires_at" doc:"Until when it can be confirmed."`
	HoldExpiresAt time.Time         `json:"hold_expires_at,omitzero" doc:"Until when what is held can be captured."`
	Timeline      []Step            `json:"timeline,omitzero" doc:"What happened, oldest first; not in lists."`
}

// Party is one side of a payment. On the wire it is the id, or an object where the request asked to expand it.
type Party struct {
	ID   string
	Name string // masked for persons, registered for shops; "" unless expanded, and for people who are gone
	// Expanded says that the server was asked for more than the id.
	Expanded bool
}

// ExpandedParty is the form of a [Party] that was expanded.
type ExpandedParty struct {
	ID     string `json:"id" form:"party" doc:"The person, shop or bank account."`
	Object string `json:"object" enum:"person|merchant|bank_account" doc:"Which of them."`
	Name   string `json:"name" doc:"Masked for persons (Lena H.) and bank accounts (DE ·· 3000), registered for shops; empty for somebody who is gone."`
}

// IsZero says that there is nobody.
func (p Party) IsZero() bool { return p.ID == "" }

// MarshalJSONTo writes the id, or the object.
func (p Party) MarshalJSONTo(e *jsontext.Encoder) error {
	if !p.Expanded {
		return e.WriteToken(jsontext.String(p.ID))
	}
	object := "person"
	switch {
	case len(p.ID) > 4 && p.ID[:4] == "mch_":
		object = "merchant"
	case len(p.ID) > 4 && p.ID[:4] == "ins_":
		object = "bank_account"
	}
	return json.MarshalEncode(e, ExpandedParty{ID: p.ID, Object: object, Name: p.Name})
}

// UnmarshalJSONFrom reads either form.
func (p *Party) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		*p = Party{}
		return json.UnmarshalDecode(d, &p.ID)
	}
	var x ExpandedParty
	err := json.UnmarshalDecode(d, &x)
	*p = Party{ID: x.ID, Name: x.Name, Expanded: true}
	return err
}

// NextAction says what has to happen next.
type NextAction struct {
	Type   string `json:"type" enum:"confirm|capture|wait" doc:"Confirm: by the payer. Capture: by the payee. Wait: the outside world decides."`
	Digest string `json:"digest,omitzero" form:"hex64" doc:"What a confirmation approves: SHA-256 of the terms. Only for who may confirm."`
}

// Step is one thing that happened to a payment.
type Step struct {
	Step   string    `json:"step" enum:"@step" doc:"What happened."`
	State  string    `json:"state,omitzero" enum:"@state" doc:"The payment's state afterwards."`
	At     time.Time `json:"at" doc:"When."`
	Amount Money     `json:"amount,omitzero" doc:"What was moved, held or released by it."`
}

// CreatePayment asks for a payment. A shop asks to be paid; a person names whom they pay.
type CreatePayment struct {
	Amount      Money             `json:"amount" doc:"A positive amount, in minor units."`
	Payee       string            `json:"payee,omitzero" max:"100" doc:"A person's or shop's id, @handle or e-mail address. A shop leaves it out: itself."`
	Kind        string            `json:"kind,omitzero" enum:"purchase|transfer" doc:"Follows from the payee when left out."`
	Confirm     bool              `json:"confirm,omitzero" doc:"Payers only: approve in the same request; the value moves, or is held, at once."`
	Capture     string            `json:"capture,omitzero" enum:"automatic|manual|link" doc:"Default automatic. Manual holds, for purchases. Link: to whoever has it; no payee."`
	SendTo      string            `json:"send_to,omitzero" max:"254" doc:"Link only: an e-mail address the link is mailed to."`
	Description string            `json:"description,omitzero" max:"500" doc:"Up to 500 bytes, for both sides to read."`
	Reference   string            `json:"reference,omitzero" max:"100" doc:"The payee's own number, up to 100 bytes, searchable."`
	Metadata    map[string]string `json:"metadata,omitzero" doc:"Up to 50 entries; keys up to 40 bytes, values up to 500."`
	ExpiresAt   time.Time         `json:"expires_at,omitzero" doc:"End of the time to confirm, 1 minute to 30 days ahead. Default 24 hours."`
	HoldSeconds int64             `json:"hold_seconds,omitzero" form:"seconds" doc:"Manual capture: how long the hold waits. Default 7 days, at most 30."`
}

// ConfirmPayment is the payer's yes.
type ConfirmPayment struct {
	Digest  string            `json:"digest,omitzero" form:"hex64" doc:"next_action.digest as it was shown; refused when the terms differ. A token may leave it out."`
	Contact map[string]string `json:"contact,omitzero" doc:"What a checkout asks for in contact_fields, by field name. What was not asked for goes nowhere."`
}

// CapturePayment takes what was held.
type CapturePayment struct {
	Amount Money `json:"amount,omitzero" doc:"All of it when left out; what is not captured goes back to the payer at once."`
}

// RefundPayment gives back what a payment brought.
type RefundPayment struct {
	Amount Money  `json:"amount,omitzero" doc:"All that is left when left out."`
	Reason string `json:"reason,omitzero" max:"500" doc:"Up to 500 bytes; the description of the refund."`
}

// TopUp fills the wallet of the person who asks.
type TopUp struct {
	Amount Money  `json:"amount" doc:"A positive amount, in minor units."`
	Method string `json:"method" max:"100" doc:"A card token, or bank_transfer. In the sandbox: tok_4242 settles, tok_0002 is declined, tok_9995 has no funds, tok_0259 is charged back."`
}

// Activity is a payment as one owner sees it.
type Activity struct {
	Object    string    `json:"object" enum:"activity" doc:"Always \"activity\"."`
	Direction string    `json:"direction" enum:"in|out" doc:"Seen from the owner."`
	With      string    `json:"with,omitzero" doc:"The other side's name, masked or registered."`
	At        time.Time `json:"at" doc:"When the owner became part of the payment; the list is in this order."`
	Payment   Payment   `json:"payment" doc:"The payment as it is now."`
}
