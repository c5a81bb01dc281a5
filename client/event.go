package client

import "time"

// Event is one piece of news. The same event may come twice: its id tells.
type Event struct {
	ID        string    `json:"id" form:"evt" doc:"The event's id."`
	Object    string    `json:"object" enum:"event" doc:"Always \"event\"."`
	Type      string    `json:"type" doc:"What happened: payment.created, authorized, completed, captured, voided, expired, failed, held, refunded."`
	Sequence  int64     `json:"sequence" doc:"The object's version; orders the events of one object."`
	CreatedAt time.Time `json:"created_at" doc:"When it happened."`
	Data      EventData `json:"data" doc:"What it is about."`
}

// EventData is what an event is about.
type EventData struct {
	Object EventObject `json:"object" doc:"The object as it was then: ids and amounts, never a name. Read it for the rest."`
}

// EventObject is a payment in short, as of the event.
type EventObject struct {
	ID       string `json:"id" doc:"The object's id."`
	Object   string `json:"object" doc:"What it is: payment."`
	Kind     string `json:"kind,omitzero" doc:"The payment's kind."`
	State    string `json:"state,omitzero" doc:"The payment's state then."`
	Payer    string `json:"payer,omitzero" form:"owner" doc:"Who pays, where known."`
	Payee    string `json:"payee,omitzero" form:"party" doc:"Who is paid; a bank account for a withdrawal."`
	Amount   Money  `json:"amount,omitzero" doc:"The payment's amount."`
	Moved    Money  `json:"moved,omitzero" doc:"What this change held, moved, released or gave back."`
	Captured Money  `json:"captured,omitzero" doc:"What had moved by then."`
	Refunded Money  `json:"refunded,omitzero" doc:"What had gone back by then."`
	RefundOf string `json:"refund_of,omitzero" form:"pay" doc:"Refunds only: the payment that is given back."`
	Failure  string `json:"failure,omitzero" doc:"Code of the reason, when it failed."`
}
