package api

import (
	"net/http"
	"slices"

	"billfold/base/clock"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/payment"
)

const (
	get  = http.MethodGet
	post = http.MethodPost
)

// What several operations may be refused with.
var (
	amountFaults = []*fault.Fault{ErrAmountNumber, money.ErrInvalidAmount, money.ErrAmountTooLarge, money.ErrAmountNotPositive,
		money.ErrUnknownCurrency, money.ErrCurrencyMismatch}
	termFaults = []*fault.Fault{payment.ErrText, payment.ErrMetadata, payment.ErrExpiry, payment.ErrCapture, payment.ErrKind,
		payment.ErrCurrency, payment.ErrPayeeFrozen, identity.ErrPersonFrozen, identity.ErrPayeeUnknown, payment.ErrSameAccount,
		payment.ErrPersonOnly, payment.ErrShopOnly, merchant.ErrNotFound, merchant.ErrPending, identity.ErrEmail,
		identity.ErrTooMany}
	moveFaults = []*fault.Fault{ledger.ErrInsufficientFunds, ledger.ErrAccountFrozen, ledger.ErrAccountClosed,
		ledger.ErrAccountNotFound, ledger.ErrOverflow, identity.ErrPersonFrozen, payment.ErrPayeeFrozen, payment.ErrCurrency}
	onceFaults  = []*fault.Fault{payment.ErrKeyRequired, once.ErrKeyInvalid, once.ErrMismatch, ErrInProgress}
	batchFaults = []*fault.Fault{ledger.ErrBatchSize, ledger.ErrBatchRefused, ledger.ErrEntryInvalid, ledger.ErrEntryDiffers,
		ledger.ErrEntryNotFound, ledger.ErrHoldNotOpen, ledger.ErrHoldExpired, ledger.ErrAmountExceedsHold, ledger.ErrSameAccount}
)

func faults(lists ...[]*fault.Fault) []*fault.Fault { return slices.Concat(lists...) }

// routes is the table of contents: every operation of the API, its handler's types included.
func (a *API) routes() []route {
	return slices.Concat(a.walletRoutes(), a.paymentRoutes(), a.checkoutRoutes(), a.linkRoutes(), a.eventRoutes(), a.ledgerRoutes(),
		a.reportRoutes(), a.railRoutes(), a.peopleRoutes(), a.purseRoutes(), a.sandboxRoutes())
}

func (a *API) walletRoutes() []route {
	return []route{
		op(route{method: get, path: "/v1/currencies", id: "listCurrencies", tag: "Wallet", summary: "List currencies",
			about:  "Every ISO 4217 currency with its scale, all on one page. Needs no key.",
			answer: exampleList("/v1/currencies", exampleCurrency)}, listCurrencies),
		op(route{method: get, path: "/v1/me", id: "getIdentity", tag: "Wallet", summary: "Say whom the key acts for",
			kinds: everybody, answer: exampleIdentity, faults: []*fault.Fault{merchant.ErrNotFound, identity.ErrPerson}}, getIdentity),
		op(route{method: get, path: "/v1/balance", id: "getBalance", tag: "Wallet", summary: "Read the balance",
			about: "What the key's owner has, an account at a time, all of one moment.",
			kinds: everybody, query: []param{paramOwner}, answer: exampleBalance, faults: []*fault.Fault{ledger.ErrOverflow}}, getBalance),
		op(route{method: get, path: "/v1/accounts", id: "listAccounts", tag: "Wallet", summary: "List accounts",
			about: "The owner's accounts, oldest first, all on one page.",
			kinds: everybody, query: []param{paramOwner}, answer: exampleList("/v1/accounts", exampleAccount),
			faults: []*fault.Fault{ledger.ErrOverflow}}, listAccounts),
		op(route{method: get, path: "/v1/accounts/{id}", id: "getAccount", tag: "Wallet", summary: "Read an account",
			kinds: everybody, answer: exampleAccount, faults: []*fault.Fault{ledger.ErrOverflow}}, getAccount),
		op(route{method: get, path: "/v1/activity", id: "listActivity", tag: "Wallet", summary: "List activity",
			about: "What the owner paid and was paid, newest first.",
			kinds: everybody, query: slices.Concat(paymentFilters, []param{paramExpand}), answer: exampleList("/v1/activity", exampleActivity),
			faults: []*fault.Fault{payment.ErrCursor}}, listActivity),
		op(route{method: post, path: "/v1/topups", id: "createTopUp", tag: "Wallet", summary: "Top up a wallet",
			about: "A payment of kind topup. It answers processing; the card's bank decides later, and an event and the payment say how.",
			kinds: payers, status: http.StatusCreated, moves: true, example: exampleTopUp, answer: exampleTopUpPayment,
			faults: faults(onceFaults, amountFaults, []*fault.Fault{payment.ErrMethod, payment.ErrCurrency, payment.ErrPayeeFrozen,
				payment.ErrPersonOnly})}, createTopUp),
	}
}

var paymentFilters = []param{paramOwner, paramCursor, paramLimit,
	{name: "kind", enum: paymentKinds, about: "Only this kind."},
	{name: "state", enum: paymentStates(), about: "Only payments in this state now."},
	{name: "direction", enum: []string{"in", "out"}, about: "Only what came in, or went out."},
	{name: "currency", form: "text", about: "Only this currency."},
	{name: "reference", form: "text", about: "Only payments with exactly this reference."},
	{name: "created_at[gte]", form: "time", about: "Only since this moment (RFC 3339)."},
}

func (a *API) paymentRoutes() []route {
	return []route{
		op(route{method: post, path: "/v1/payments", id: "createPayment", tag: "Payments", summary: "Create a payment",
			about: "With a shop's key: ask to be paid; whoever has the id may confirm. With a payer's token: name whom to pay, and with confirm " +
				"true pay in the same request. The terms cannot be changed afterwards.",
			kinds: shops | payers, status: http.StatusCreated, moves: true, example: exampleCreate, answer: examplePayment,
			faults: faults(onceFaults, amountFaults, termFaults, moveFaults)}, createPayment),
		op(route{method: get, path: "/v1/payments", id: "listPayments", tag: "Payments", summary: "List payments",
			about: "The owner's payments, newest first, without their timelines.",
			kinds: everybody, query: slices.Concat(paymentFilters, []param{paramExpand}), answer: exampleList("/v1/payments", exampleListed),
			faults: []*fault.Fault{payment.ErrCursor}}, listPayments),
		op(route{method: get, path: "/v1/payments/{id}", id: "getPayment", tag: "Payments", summary: "Read a payment",
			about: "For its payer and its payee; while nobody has confirmed it, for every person who has its id.",
			kinds: everybody, query: []param{paramExpand}, answer: examplePayment}, getPayment),
		op(route{method: post, path: "/v1/payments/{id}/confirm", id: "confirmPayment", tag: "Payments", summary: "Confirm a payment",
			about: "The payer's yes: the value moves, or is held. Send next_action.digest to be sure that what is paid is what was shown.",
			kinds: payers, moves: true, optional: true, example: exampleConfirm, answer: examplePayment,
			faults: faults(onceFaults, moveFaults, []*fault.Fault{payment.ErrState, payment.ErrExpired, payment.ErrMismatch, payment.ErrSameAccount,
				payment.ErrPersonOnly, identity.ErrPayeeUnknown, merchant.ErrNotFound, payment.ErrContactRequired, identity.ErrContactValue})},
			confirmPayment),
		op(route{method: post, path: "/v1/payments/{id}/capture", id: "capturePayment", tag: "Payments", summary: "Capture a held payment",
			about: "Once, in whole or in part; the rest goes back to the payer at once.",
			kinds: shops, moves: true, optional: true, example: exampleCapture, answer: examplePayment,
			faults: faults(onceFaults, amountFaults, moveFaults, []*fault.Fault{payment.ErrState, ledger.ErrHoldExpired, ledger.ErrHoldNotOpen,
				ledger.ErrAmountExceedsHold})}, capturePayment),
		op(route{method: post, path: "/v1/payments/{id}/void", id: "voidPayment", tag: "Payments", summary: "Void a payment",
			about: "Take back what is not confirmed yet, or let go of a hold. A payer can do the first only.",
			kinds: shops | payers, moves: true, optional: true, answer: exampleVoided,
			faults: faults(onceFaults, moveFaults, []*fault.Fault{payment.ErrState, ledger.ErrHoldNotOpen})}, voidPayment),
		op(route{method: post, path: "/v1/payments/{id}/refund", id: "refundPayment", tag: "Payments", summary: "Refund a payment",
			about: "By whoever was paid, in whole or in part. The answer is the refund: a payment of its own, from the payee to the payer.",
			kinds: shops | payers, status: http.StatusCreated, moves: true, optional: true, example: exampleRefund, answer: exampleRefunded,
			faults: faults(onceFaults, amountFaults, moveFaults, []*fault.Fault{payment.ErrState, payment.ErrRefundAmount, payment.ErrNotRefundable,
				payment.ErrText})}, refundPayment),
	}
}

func (a *API) checkoutRoutes() []route {
	return []route{
		op(route{method: post, path: "/v1/checkout/sessions", id: "createCheckoutSession", tag: "Checkout", summary: "Create a checkout session",
			about: "A hosted page for one payment. Send the payer to its url. With contact_fields the page asks for what you need to deliver.",
			kinds: shops, status: http.StatusCreated, moves: true, example: exampleCreateCheckout, answer: exampleCheckout,
			faults: faults(onceFaults, amountFaults, termFaults, []*fault.Fault{payment.ErrItems, payment.ErrReturnURL,
				payment.ErrContactFields})}, createCheckout),
		op(route{method: get, path: "/v1/checkout/sessions", id: "listCheckoutSessions", tag: "Checkout", summary: "List checkout sessions",
			about: "The shop's sessions, newest first. A page may be short, or empty, and still have a next one.",
			kinds: shops | operators, query: []param{paramOwner, paramCursor, paramLimit},
			answer: exampleList("/v1/checkout/sessions", exampleCheckout),
			faults: []*fault.Fault{payment.ErrCursor, payment.ErrShopOnly}}, listCheckouts),
		op(route{method: get, path: "/v1/checkout/sessions/{id}", id: "getCheckoutSession", tag: "Checkout", summary: "Read a checkout session",
			about: "Once it is paid, contact has what the payer handed over.",
			kinds: shops | operators, answer: exampleCheckout}, getCheckout),
		op(route{method: post, path: "/v1/checkout/sessions/{id}/expire", id: "expireCheckoutSession", tag: "Checkout",
			summary: "Expire a session",
			about:   "Ends a session that nobody has paid.",
			kinds:   shops, moves: true, optional: true, answer: exampleExpired, faults: faults(onceFaults, []*fault.Fault{payment.ErrState})},
			expireCheckout),
	}
}

func (a *API) eventRoutes() []route {
	since := param{name: "since", form: "position", about: "As cursor, for those who begin: events after this one; 0 is from the first."}
	cursor := param{name: "cursor", form: "position", about: "next_cursor of the page before, or the id of a streamed event."}
	return []route{
		op(route{method: get, path: "/v1/events", id: "listEvents", tag: "Events", summary: "List events",
			about: "The owner's events, oldest first, from after the cursor on. next_cursor is there even on the last page: ask again with it for " +
				"what has happened since.",
			kinds: everybody, query: []param{paramOwner, cursor, since, paramLimit, {name: "type", form: "text", about: "Only this type."}},
			answer: exampleEvents}, listEvents),
		op(route{method: get, path: "/v1/events/{id}", id: "getEvent", tag: "Events", summary: "Read an event",
			kinds: everybody, query: []param{paramOwner}, answer: exampleEvent}, getEvent),
		{method: get, path: StreamPath, id: "streamEvents", tag: "Events", summary: "Stream events",
			about: "Server-sent events (text/event-stream), as they happen: the data of each is an Event, its id a cursor. Send Last-Event-ID to " +
				"resume after one; without it the stream begins now. The stream ends when the key is revoked.",
			kinds: everybody, status: http.StatusOK, query: []param{paramOwner, cursor}, run: streamEvents},
	}
}

func (a *API) ledgerRoutes() []route {
	ledgerFaults := []*fault.Fault{ledger.ErrAccountNotFound, ledger.ErrOverflow}
	return []route{
		op(route{method: post, path: "/v1/ledger/entries", id: "postEntries", tag: "Ledger", summary: "Post ledger entries",
			about: "1 to 10,000 entries in one commit, up to 4 MiB. Each is posted or refused on its own, and answered in its place; with " +
				"atomic all are posted or the request is refused. Sent again with the same key, what was posted stays posted and what was " +
				"refused is tried again.",
			kinds: operators, moves: true, limit: batchMost, example: examplePost, answer: exampleResults,
			faults: faults(onceFaults, amountFaults, moveFaults, batchFaults)}, postEntries),
		op(route{method: get, path: "/v1/ledger/entries", id: "listEntries", tag: "Ledger", summary: "List ledger entries",
			about: "Newest first.", kinds: operators, query: []param{paramCursor, paramLimit,
				{name: "account", form: "text", about: "Only entries that touch this account (acc_… or address)."},
				{name: "reference", form: "text", about: "Only entries that belong to exactly this."},
				{name: "kind", form: "text", about: "Only this kind."}},
			answer: exampleList("/v1/ledger/entries", exampleEntry), faults: ledgerFaults}, listEntries),
		op(route{method: get, path: "/v1/ledger/entries/{id}", id: "getEntry", tag: "Ledger", summary: "Read a ledger entry",
			kinds: operators, answer: exampleEntry, faults: []*fault.Fault{ledger.ErrEntryNotFound}}, getEntry),
		op(route{method: post, path: "/v1/ledger/accounts", id: "openLedgerAccount", tag: "Ledger", summary: "Open a ledger account",
			about: "An account of any asset with 0 to 8 decimals. The same address and terms again answer the same account.",
			kinds: operators, status: http.StatusCreated, example: exampleOpen, answer: exampleLedgerAccount,
			faults: faults(ledgerFaults, []*fault.Fault{ledger.ErrAccountDiffers, money.ErrInvalidCurrency, money.ErrUnknownCurrency})},
			openAccount),
		op(route{method: get, path: "/v1/ledger/accounts", id: "listLedgerAccounts", tag: "Ledger", summary: "List ledger accounts",
			about: "Oldest first.", kinds: operators, query: []param{paramCursor, paramLimit,
				{name: "prefix", form: "text", about: "Only accounts whose address begins with this."}},
			answer: exampleList("/v1/ledger/accounts", exampleLedgerAccount), faults: ledgerFaults}, listLedgerAccounts),
		op(route{method: get, path: "/v1/ledger/accounts/{id}", id: "getLedgerAccount", tag: "Ledger", summary: "Read a ledger account",
			about: "By id, or by address with its slashes escaped (user%2Fusr_…%2FEUR).", kinds: operators,
			query:  []param{{name: "as_of", form: "time", about: "The balance as of this moment (RFC 3339), everything up to and including it."}},
			answer: exampleLedgerAccount, faults: ledgerFaults}, getLedgerAccount),
	}
}

// sandboxRoutes are there only where a clock can be moved.
func (a *API) sandboxRoutes() []route {
	if !a.Sandbox || a.Advance == nil {
		return nil
	}
	return []route{
		op(route{method: get, path: "/v1/test/clock", id: "getTestClock", tag: "Sandbox", summary: "Read the test clock",
			kinds: everybody, answer: exampleClock}, getTestClock),
		op(route{method: post, path: "/v1/test/clock/advance", id: "advanceTestClock", tag: "Sandbox", summary: "Advance the test clock",
			about: "Moves business time forward, for the whole sandbox: expiry, holds, interest. Sessions and signatures keep real time.",
			kinds: shops | operators, example: exampleAdvance, answer: exampleClock, faults: []*fault.Fault{clock.ErrAdvance}}, advanceTestClock),
	}
}
