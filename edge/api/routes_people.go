package api

import (
	"net/http"
	"slices"

	"billfold/base/fault"
	"billfold/core/identity"
	"billfold/core/payment"
)

// findFaults are what naming somebody may be refused with.
var findFaults = []*fault.Fault{identity.ErrPayeeUnknown, identity.ErrTooMany, payment.ErrSameAccount, payment.ErrPayeeFrozen,
	payment.ErrPersonOnly}

// peopleRoutes are what people do with each other: find, keep, send by link, ask, split.
func (a *API) peopleRoutes() []route {
	askFaults := faults(onceFaults, amountFaults, findFaults, []*fault.Fault{payment.ErrSplit, payment.ErrSplitSum, payment.ErrTwice,
		payment.ErrText, payment.ErrExpiry, payment.ErrCurrency, payment.ErrKind, identity.ErrPersonFrozen})
	return slices.Concat([]route{
		op(route{method: post, path: "/v1/payees/lookup", id: "findPayee", tag: "People", summary: "Find a payee",
			about: "Who is meant by a handle, an e-mail address, an id or a pay-me page: their masked name, to be shown before an amount is " +
				"asked for. Names that are not there are counted: after thirty in ten minutes no name is told for a while.",
			kinds: payers, example: exampleFind, answer: examplePayee, faults: findFaults}, findPayee),
		op(route{method: get, path: "/v1/contacts", id: "listContacts", tag: "People", summary: "List contacts and recents",
			about: "Whom the key's owner has paid or keeps, the latest paid first, all on one page.",
			kinds: payers, answer: exampleList("/v1/contacts", exampleContact)}, listContacts),
		op(route{method: post, path: "/v1/contacts", id: "keepContact", tag: "People", summary: "Keep a contact",
			about: "Keeping somebody again changes what they are called.", kinds: payers, example: exampleKeep, answer: exampleContact,
			faults: slices.Concat(findFaults, []*fault.Fault{identity.ErrName, payment.ErrKind, payment.ErrContacts})}, keepContact),
		op(route{method: post, path: "/v1/contacts/{id}/remove", id: "removeContact", tag: "People", summary: "Remove a contact",
			about: "The answer is the list without them. Who was paid stays among the recents.", kinds: payers, optional: true,
			answer: exampleList("/v1/contacts", exampleContact)}, removeContact),
		op(route{method: get, path: "/v1/payments/{id}/link", id: "getPaymentLink", tag: "People", summary: "Read the link of a payment",
			about: "For the sender of a payment with capture link, while the money waits. Whoever has the link can take it.",
			kinds: payers, answer: exampleGift, faults: []*fault.Fault{payment.ErrLinkOver}}, getPaymentLink),
		op(route{method: post, path: "/v1/links/view", id: "viewLink", tag: "People", summary: "See what a link carries",
			kinds: payers, example: exampleOpenLink, answer: exampleLinkFacts}, viewLink),
		op(route{method: post, path: "/v1/links/claim", id: "claimLink", tag: "People", summary: "Take what a link carries",
			about: "Into the wallet of the key's owner, once. Its sender takes it back by voiding the payment.",
			kinds: payers, moves: true, example: exampleOpenLink, answer: examplePayment,
			faults: faults(onceFaults, moveFaults, []*fault.Fault{payment.ErrLinkOver, payment.ErrLinkHeld, payment.ErrSameAccount,
				payment.ErrPersonOnly, identity.ErrPerson})}, claimLink),
		op(route{method: post, path: "/v1/payments/{id}/decline", id: "declinePayment", tag: "People", summary: "Decline a request",
			about: "By who is asked: nothing moves, and the one who asked is told.", kinds: payers, moves: true, optional: true,
			answer: exampleVoided, faults: faults(onceFaults, []*fault.Fault{payment.ErrState})}, declinePayment),
	}, a.requestRoutes(askFaults))
}

func (a *API) requestRoutes(askFaults []*fault.Fault) []route {
	return []route{
		op(route{method: post, path: "/v1/requests", id: "createRequest", tag: "People", summary: "Ask for money or split a bill",
			about: "Each share becomes a payment that awaits its person's confirmation. With one share that names nobody, anybody may pay it, " +
				"once. What does not divide falls to the first, one minor unit each: the shares sum to the total exactly. Sent again with " +
				"the same key, the answer is the request as it is now.",
			kinds: payers, status: http.StatusCreated, moves: true, example: exampleBill, answer: exampleAskedOf, faults: askFaults}, createRequest),
		op(route{method: get, path: "/v1/requests", id: "listRequests", tag: "People", summary: "List requests",
			about: "What the key's owner asks others (out, the default) or is asked for (in), newest first.", kinds: payers,
			query:  []param{paramCursor, paramLimit, {name: "direction", enum: []string{"in", "out"}, about: "Asked of the owner, or by them."}},
			answer: exampleList("/v1/requests", exampleAskedOf), faults: []*fault.Fault{payment.ErrCursor}}, listRequests),
		op(route{method: get, path: "/v1/requests/{id}", id: "getRequest", tag: "People", summary: "Read a request",
			about: "All of it for who asks; their own share for who is asked.", kinds: payers, answer: exampleAskedOf}, getRequest),
		op(route{method: post, path: "/v1/requests/{id}/change", id: "changeRequest", tag: "People", summary: "Divide a request anew",
			about: "What was paid stands, the rest is divided among those named. Who is asked for the same as before keeps their share; every " +
				"other open share is withdrawn. Refused when somebody paid or declined since the version that was seen.",
			kinds: payers, moves: true, example: exampleChange, answer: exampleAskedOf,
			faults: faults(askFaults, []*fault.Fault{payment.ErrRequestChanged})}, changeRequest),
		op(route{method: post, path: "/v1/requests/{id}/cancel", id: "cancelRequest", tag: "People", summary: "Withdraw a request",
			about: "What was paid stays paid.", kinds: payers, moves: true, optional: true, answer: exampleAskedOf,
			faults: faults(onceFaults)}, cancelRequest),
		op(route{method: post, path: "/v1/requests/{id}/remind", id: "remindRequest", tag: "People", summary: "Remind who has not paid",
			about: "At most once a day. Three days after a request it happens once by itself.", kinds: payers, moves: true, optional: true,
			answer: exampleAskedOf, faults: faults(onceFaults, []*fault.Fault{payment.ErrReminded, payment.ErrState})}, remindRequest),
	}
}
