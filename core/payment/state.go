package payment

import "strings"

// State is where a payment stands. The words are those of the API.
type State string

// The states. Reversed is a movement that the outside world, or an operator, took back.
const (
	None                 State = ""
	AwaitingConfirmation State = "awaiting_confirmation"
	Processing           State = "processing"
	Authorized           State = "authorized"
	Completed            State = "completed"
	Voided               State = "voided"
	Expired              State = "expired"
	Failed               State = "failed"
	Held                 State = "held"
	PartlyRefunded       State = "partly_refunded"
	Refunded             State = "refunded"
	Reversed             State = "reversed"
)

// States lists every state in the order of life.
var States = []State{AwaitingConfirmation, Processing, Authorized, Completed, PartlyRefunded, Refunded, Voided, Expired, Failed,
	Held, Reversed}

// Trigger is what happens to a payment.
type Trigger string

// The triggers. RefundRest is the refund that leaves nothing to give back; RefundPart is any other.
const (
	Request    Trigger = "request"
	Charge     Trigger = "charge"
	GiveBack   Trigger = "give_back"
	Confirm    Trigger = "confirm"
	Reserve    Trigger = "reserve"
	Capture    Trigger = "capture"
	Void       Trigger = "void"
	Expire     Trigger = "expire"
	Settle     Trigger = "settle"
	Decline    Trigger = "decline"
	Review     Trigger = "review"
	RefundPart Trigger = "refund_part"
	RefundRest Trigger = "refund_rest"
	Send       Trigger = "send"
	Return     Trigger = "return"
	ChargeBack Trigger = "charge_back"
	Release    Trigger = "release"
	TakeBack   Trigger = "take_back"
	Refuse     Trigger = "refuse"
)

// Triggers lists every trigger in the order of life.
var Triggers = []Trigger{Request, Charge, GiveBack, Confirm, Reserve, Capture, Void, Expire, Settle, Decline, Review, RefundPart,
	RefundRest, Send, Return, ChargeBack, Release, TakeBack, Refuse}

// Move is one row of the state table: in From, On leads to To. Why says it to a reader of docs/states.md.
type Move struct {
	From State
	On   Trigger
	To   State
	Why  string
}

// Moves is the whole state table. A pair of state and trigger that is not in it is refused with payment_state and changes
// nothing; a row whose From and To are equal is a repeat that is accepted and changes nothing.
var Moves = []Move{
	{None, Request, AwaitingConfirmation, "a shop or a payer asks; the terms are fixed from here on"},
	{None, Charge, Processing, "a top-up: the intent is on disk before the rail is asked"},
	{None, GiveBack, Completed, "a refund is a payment of its own and is done when it is made"},
	{AwaitingConfirmation, Confirm, Completed, "the payer approved, the value moved"},
	{AwaitingConfirmation, Reserve, Authorized, "the payer approved a payment with manual capture: the value is held"},
	{AwaitingConfirmation, Void, Voided, "the payee or the payer withdraws it; nothing had moved"},
	{AwaitingConfirmation, Expire, Expired, "nobody confirmed in time"},
	{Processing, Settle, Completed, "the rail took the money: credited once, for the settled amount"},
	{Processing, Decline, Failed, "the rail refused; nothing moved"},
	{Processing, Review, Held, "the rail's answer does not fit what we asked: a person must look, nothing is credited"},
	{Authorized, Capture, Completed, "the payee takes the amount or a part; the rest is released"},
	{Authorized, Void, Voided, "the payee lets go: the whole hold is released"},
	{Authorized, Expire, Expired, "not captured in time: the whole hold is released"},
	{Completed, RefundPart, PartlyRefunded, "a part went back"},
	{Completed, RefundRest, Refunded, "all of it went back"},
	{PartlyRefunded, RefundPart, PartlyRefunded, "another part went back"},
	{PartlyRefunded, RefundRest, Refunded, "the rest went back"},
	{Completed, Settle, Completed, "the rail repeats itself: credited already"},
	{Completed, Decline, Completed, "an answer that arrived after the one we acted on; kept with the callback"},
	{Failed, Decline, Failed, "the rail repeats itself"},
	{Failed, Settle, Held, "the rail took money after it had declined: a person must look, nothing is credited"},
	{Held, Settle, Held, "a repeat while somebody is looking"},
	{Held, Decline, Held, "a repeat while somebody is looking"},
	{Held, Review, Held, "a repeat while somebody is looking"},
	{Failed, Review, Held, "an answer that does not fit, after a decline: a person must look"},
	{Completed, Review, Completed, "an answer that does not fit, after the one we acted on; kept with the callback"},
	{AwaitingConfirmation, Send, Processing, "a withdrawal: the value is held and the bank is asked to pay"},
	{Processing, Expire, Expired, "a top-up by bank transfer: nobody sent the money in time"},
	{Processing, Return, Reversed, "the bank says returned before it says paid: the hold is released"},
	{Completed, Return, Reversed, "the bank returns a withdrawal days later: the money is back in the wallet"},
	{Completed, ChargeBack, Reversed, "the card's holder took a top-up back: from the wallet what it has, the rest is owed"},
	{Processing, ChargeBack, Held, "taken back before it was settled: a person must look, nothing is credited"},
	{Failed, ChargeBack, Failed, "taken back what was never taken"},
	{Failed, Return, Failed, "returned what was never paid"},
	{Held, ChargeBack, Held, "a repeat while somebody is looking"},
	{Held, Return, Held, "a repeat while somebody is looking"},
	{Held, Release, Completed, "an operator lets it go on as the rail said"},
	{Held, TakeBack, Reversed, "an operator sends it back; nothing is credited"},
	{AwaitingConfirmation, Charge, Processing, "somebody without a wallet pays by card: the intent is on disk before the rail is asked"},
	{Processing, Refuse, AwaitingConfirmation, "their card was declined; nothing moved, and another one may be tried"},
	{AwaitingConfirmation, Review, Held, "the rail took money after it had declined: a person must look, nothing is credited"},
	{Expired, Review, Held, "the rail took money for what was over: a person must look, nothing is credited"},
	{Voided, Review, Held, "the rail took money for what was over: a person must look, nothing is credited"},
	{PartlyRefunded, ChargeBack, Reversed, "the card's holder took back what was left of a purchase"},
	{Refunded, ChargeBack, Refunded, "taken back after all of it had gone back; kept with the callback"},
	{Reversed, Settle, Reversed, "an answer that was overtaken by the return"},
	{Reversed, Decline, Reversed, "an answer that was overtaken by the return"},
	{Reversed, Review, Reversed, "an answer that does not fit, after the return"},
	{Reversed, Return, Reversed, "the rail repeats itself"},
	{Reversed, ChargeBack, Reversed, "the rail repeats itself"},
}

type pair struct {
	from State
	on   Trigger
}

var moves = func() map[pair]State {
	table := make(map[pair]State, len(Moves))
	for _, m := range Moves {
		key := pair{m.From, m.On}
		if _, twice := table[key]; twice {
			panic("payment: two moves for " + string(m.From) + " on " + string(m.On))
		}
		table[key] = m.To
	}
	return table
}()

// Next tells where trigger leads from state, and whether it may happen at all.
func Next(from State, on Trigger) (State, bool) {
	to, ok := moves[pair{from, on}]
	return to, ok
}

// Final tells whether nothing can happen to a payment in this state any more, refunds aside.
func (s State) Final() bool {
	switch s {
	case AwaitingConfirmation, Processing, Authorized, Held:
		return false
	}
	return true
}

// Document prints docs/states.md from the table.
func Document() string {
	var b strings.Builder
	b.WriteString(statesHead)
	b.WriteString("\n| from | on | to | meaning |\n|---|---|---|---|\n")
	for _, m := range Moves {
		from := string(m.From)
		if m.From == None {
			from = "(new)"
		}
		b.WriteString("| " + from + " | " + string(m.On) + " | " + string(m.To) + " | " + m.Why + " |\n")
	}
	b.WriteString("\n## Every pair\n\nA dot is a refusal (`payment_state`, 409) that changes nothing.\n\n| state |")
	for _, on := range Triggers {
		b.WriteString(" " + string(on) + " |")
	}
	b.WriteString("\n|---" + strings.Repeat("|---", len(Triggers)) + "|\n")
	for _, from := range append([]State{None}, States...) {
		name := string(from)
		if from == None {
			name = "(new)"
		}
		b.WriteString("| " + name + " |")
		for _, on := range Triggers {
			to, ok := Next(from, on)
			if !ok {
				to = "·"
			}
			b.WriteString(" " + string(to) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString(statesTail)
	return b.String()
}

const statesHead = `# States of a payment

This page is printed from the table in core/payment/state.go by its test; change the table, not the page
(` + "`go test ./core/payment -run States -update`" + `).
`

const statesOfOthers = `
## State of a link

A transfer with capture ` + "`link`" + ` has no payee until somebody claims it.

| what happens | payment | where the money is |
|---|---|---|
| its sender confirms | authorized | on the account link/EUR, out of the wallet |
| somebody claims it: once, whoever else tries | completed (step claim); the claimer is the payee | in their wallet |
| its sender takes it back | voided | in the sender's wallet again |
| nobody claims it for seven days of business time | expired | in the sender's wallet again; a frozen sender's waits for the thaw |

## State of a withdrawal

| what happens | payment | where the money is |
|---|---|---|
| its owner confirms | processing | held: it can be neither spent nor sent again |
| the bank took the order on | processing (step sent) | held |
| the bank paid | completed | gone |
| the bank refused | failed | in the wallet: the hold is released |
| the bank says returned before it says paid | reversed | in the wallet: the hold is released |
| the bank returns it days later | reversed | in the wallet again, by an entry of its own |

## State of a request and of its shares

Neither is stored: a share's follows from the payment that somebody is asked for, a request's from its shares. A split bill is a request
with several.

| payment of the share | share |
|---|---|
| awaiting_confirmation | open, or expired once its time has passed |
| voided by who was asked (step decline, failure request_declined) | declined |
| voided by who asked, by cancelling the request or by a change of it | canceled |
| expired | expired |
| any other | paid |

| shares | request |
|---|---|
| one is open | open |
| all that were not canceled are paid | paid |
| none is open, and one was declined or ran out | closed |

A reminder (step remind) changes no state. It comes by itself once, three days of business time after somebody was asked, and by hand at
most once a day. A change of a request is refused where a share has changed since it was looked at; what was paid stays paid.
`

const statesTail = `
A withdrawal is ` + "`processing`" + ` from its confirmation until the bank has paid; its step ` + "`sent`" + ` says when the bank took the
order on, and changes no state. What an operator decided about a held payment is kept with the reason they gave.

## Steps and version

Every payment keeps its steps. A step that changes something has the next number, and the payment's ` + "`version`" + ` is the
number of the last one. The five steps of a payment are

| step | meaning |
|---|---|
| authenticate | when the payer proved who they are: the sign-in of the session, or the use of the token |
| request | when the payment was asked for |
| authorize | when the payer's approval was accepted and the value was held or moved |
| confirm_payer | when the payer was told |
| confirm_payee | when the payee was told, in the same transaction as the payer |

Later steps are capture, charge (by card), extend, void, expire, refund, settle, sent, return, chargeback, release,
claim (of a link), decline and remind (of a request), fail and review. Being told is not a change: confirm_payer and
confirm_payee leave the version as it is, and each change that both sides must know of has its own pair.

## State of a checkout session

It is not stored but follows from its payment:

| payment | checkout session |
|---|---|
| awaiting_confirmation | open, or expired once its time has passed |
| processing, authorized, completed, partly_refunded, refunded, held, reversed | complete |
| voided | canceled |
| expired, failed | expired |
` + statesOfOthers
