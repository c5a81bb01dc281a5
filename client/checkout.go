package client

import "time"

// CheckoutSession is a hosted page on which one payment is paid.
type CheckoutSession struct {
	ID            string            `json:"id" form:"chk" doc:"The session's id."`
	Object        string            `json:"object" enum:"checkout_session" doc:"Always \"checkout_session\"."`
	URL           string            `json:"url" form:"uri" doc:"Send the payer here. Whoever has the address may pay."`
	State         string            `json:"state" enum:"open|complete|expired|canceled" doc:"Follows from the payment."`
	Payment       Payment           `json:"payment" doc:"What is paid in it."`
	LineItems     []LineItem        `json:"line_items,omitzero" doc:"What is bought."`
	ContactFields []ContactField    `json:"contact_fields,omitzero" doc:"What the payer is asked to hand over."`
	Contact       map[string]string `json:"contact,omitzero" doc:"What the payer handed over, by field name: to the shop alone, once it is paid or held, and only where one session is read."`
	ReturnURL     string            `json:"return_url" form:"uri" doc:"Where the payer goes after paying."`
	CancelURL     string            `json:"cancel_url" form:"uri" doc:"Where the payer goes without paying."`
	CreatedAt     time.Time         `json:"created_at" doc:"When it was made."`
	ExpiresAt     time.Time         `json:"expires_at" doc:"Until when it can be paid."`
}

// LineItem is one line of what is bought.
type LineItem struct {
	Name     string `json:"name" max:"200" doc:"What it is."`
	Quantity int64  `json:"quantity" form:"count" doc:"How many, for show; the amount is that of the whole line."`
	Amount   Money  `json:"amount" doc:"Of the whole line, in the currency of the payment."`
}

// ContactField is one that a shop asks the payer for. The names are those of ECML v2 (RFC 4112).
type ContactField struct {
	Name     string `json:"name" enum:"@contact" doc:"The field's name in RFC 4112."`
	Required bool   `json:"required,omitzero" doc:"Whether it can be paid without. A field that is not required is handed over only where the payer fills it in."`
}

// CreateCheckoutSession asks for a hosted page.
type CreateCheckoutSession struct {
	Amount        Money             `json:"amount" doc:"A positive amount, in minor units."`
	ReturnURL     string            `json:"return_url" form:"uri" max:"2048" doc:"An https address of an origin registered for the shop; any in the sandbox. {CHECKOUT_SESSION_ID} in it becomes the session's id."`
	CancelURL     string            `json:"cancel_url,omitzero" form:"uri" max:"2048" doc:"The same for who does not pay; return_url when left out."`
	LineItems     []LineItem        `json:"line_items,omitzero" most:"100" doc:"When given, their amounts sum to the amount."`
	ContactFields []ContactField    `json:"contact_fields,omitzero" most:"45" doc:"What to ask the payer for. Ask for no more than you need: they see the list."`
	Capture       string            `json:"capture,omitzero" enum:"automatic|manual" doc:"Default automatic. Manual holds."`
	Description   string            `json:"description,omitzero" max:"500" doc:"Up to 500 bytes, for both sides to read."`
	Reference     string            `json:"reference,omitzero" max:"100" doc:"The shop's own number, up to 100 bytes, searchable."`
	Metadata      map[string]string `json:"metadata,omitzero" doc:"Up to 50 entries; keys up to 40 bytes, values up to 500."`
	ExpiresAt     time.Time         `json:"expires_at,omitzero" doc:"End of the time to pay, 1 minute to 30 days ahead. Default 24 hours."`
	HoldSeconds   int64             `json:"hold_seconds,omitzero" form:"seconds" doc:"Manual capture: how long the hold waits. Default 7 days, at most 30."`
}
