package api

import (
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/client"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/payment"
	"billfold/core/rail"
)

// railRoutes are the roads in and out: banks, exchange, and an operator's word on what is held.
func (a *API) railRoutes() []route {
	return slices.Concat(a.bankRoutes(), a.exchangeRoutes(), a.reviewRoutes())
}

func (a *API) bankRoutes() []route {
	list := []route{
		op(route{method: post, path: "/v1/bank_accounts", id: "linkBankAccount", tag: "Wallet", summary: "Link a bank account",
			about: "Where withdrawals go. The number is checked and sealed; it is not shown again. The same number answers the same account.",
			kinds: payers, status: http.StatusCreated, example: exampleLink, answer: exampleBankAccount,
			faults: []*fault.Fault{rail.ErrAccount, rail.ErrHolder}}, linkBankAccount),
		op(route{method: get, path: "/v1/bank_accounts", id: "listBankAccounts", tag: "Wallet", summary: "List bank accounts",
			about: "Newest first, all on one page.", kinds: payers, answer: exampleList("/v1/bank_accounts", exampleBankAccount)},
			listBankAccounts),
		op(route{method: post, path: "/v1/withdrawals", id: "createWithdrawal", tag: "Wallet", summary: "Withdraw to a bank account",
			about: "A payment of kind withdrawal that awaits confirmation. Confirmed, the amount is held and the bank is asked; it is completed " +
				"when the bank has paid, failed when it refuses, and reversed when it returns the money, which may be days later.",
			kinds: payers, status: http.StatusCreated, moves: true, example: exampleWithdraw, answer: exampleWithdrawal,
			faults: faults(onceFaults, amountFaults, []*fault.Fault{payment.ErrMethod, payment.ErrCurrency, payment.ErrPersonOnly,
				identity.ErrPersonFrozen})}, createWithdrawal),
		op(route{method: get, path: "/v1/receivables", id: "listReceivables", tag: "Wallet", summary: "List what is owed",
			about: "What a charge-back did not find in the wallet. The next money that comes in pays it first. All on one page; an operator " +
				"who names no owner sees everybody's.",
			kinds: payers | operators, query: []param{paramOwner}, answer: exampleList("/v1/receivables", exampleReceivable)},
			listReceivables),
	}
	if a.Sandbox && a.SendTransfer != nil {
		list = append(list, op(route{method: post, path: "/v1/test/bank/transfers", id: "sendTestTransfer", tag: "Sandbox",
			summary: "Send money at the sandbox's bank",
			about:   "Plays somebody who sends us money. The bank tells of it a moment later, by its callback.",
			kinds:   payers | operators, status: http.StatusCreated, example: exampleTransfer, answer: exampleMovement, faults: amountFaults},
			sendTestTransfer))
	}
	return list
}

func (a *API) exchangeRoutes() []route {
	rateFaults := []*fault.Fault{fx.ErrRate, fx.ErrSmall, money.ErrUnknownCurrency}
	return []route{
		op(route{method: get, path: "/v1/rates", id: "listRates", tag: "Exchange", summary: "List rates",
			about: "Mid rates from one currency into all others, as exact ratios with source and time. All on one page.", kinds: everybody,
			query:  []param{{name: "from", form: "text", about: "The currency that is given. Default EUR."}},
			answer: exampleList("/v1/rates", exampleRate), faults: rateFaults}, listRates),
		op(route{method: post, path: "/v1/quotes", id: "createQuote", tag: "Exchange", summary: "Ask for a quote",
			about: "For one exchange by the key's owner, within 60 seconds of real time. Mid rate, our rate and fee are shown apart.",
			kinds: payers, status: http.StatusCreated, example: exampleAsk, answer: exampleQuote, faults: faults(amountFaults, rateFaults)},
			createQuote),
		op(route{method: post, path: "/v1/exchanges", id: "createExchange", tag: "Exchange", summary: "Exchange money",
			about: "A payment of kind exchange that awaits confirmation; its terms are the quote's. A quote that is over by then is refused with " +
				"quote_expired: ask for a new one.",
			kinds: payers, status: http.StatusCreated, moves: true, example: exampleSwap, answer: exampleExchange,
			faults: faults(onceFaults, []*fault.Fault{fx.ErrExpired, fx.ErrUsed, fx.ErrRate, payment.ErrCurrency, payment.ErrPersonOnly,
				identity.ErrPersonFrozen})}, createExchange),
		op(route{method: post, path: "/v1/pockets", id: "openPocket", tag: "Wallet", summary: "Open a pocket",
			about: "An account of the key's owner in a further currency that this installation uses; one that is there is answered as it is.",
			kinds: payers, status: http.StatusCreated, example: client.OpenPocket{Currency: "KWD"}, answer: exampleAccount,
			faults: []*fault.Fault{payment.ErrCurrency, money.ErrUnknownCurrency, payment.ErrPersonOnly, identity.ErrPersonFrozen,
				ledger.ErrOverflow}}, openPocket),
	}
}

func (a *API) reviewRoutes() []route {
	decided := []*fault.Fault{payment.ErrReason, payment.ErrText}
	return []route{
		op(route{method: get, path: "/v1/arrivals", id: "listArrivals", tag: "Review", summary: "List money in suspense",
			about: "What reached our bank account and is nobody's yet, newest first.", kinds: operators, query: []param{paramCursor, paramLimit},
			answer: exampleList("/v1/arrivals", exampleArrival)}, listArrivals),
		op(route{method: post, path: "/v1/arrivals/{id}/assign", id: "assignArrival", tag: "Review", summary: "Assign an arrival to a person",
			about: "The answer is the top-up that it became.", kinds: operators, status: http.StatusCreated, moves: true,
			example: exampleAssign, answer: exampleTopUpPayment,
			faults: faults(onceFaults, moveFaults, decided, []*fault.Fault{payment.ErrDecided, identity.ErrPayeeUnknown})}, assignArrival),
		op(route{method: post, path: "/v1/arrivals/{id}/return", id: "returnArrival", tag: "Review", summary: "Send an arrival back",
			kinds: operators, moves: true, example: exampleDecide, answer: exampleArrival,
			faults: faults(onceFaults, decided, []*fault.Fault{payment.ErrDecided})}, returnArrival),
		op(route{method: post, path: "/v1/payments/{id}/release", id: "releasePayment", tag: "Review", summary: "Release a held payment",
			about: "It goes on as the rail said: a top-up is credited with what the rail took, a withdrawal counts as paid.",
			kinds: operators, moves: true, example: exampleDecide, answer: examplePayment,
			faults: faults(onceFaults, moveFaults, decided, []*fault.Fault{payment.ErrState, payment.ErrReviewAmount})}, releasePayment),
		op(route{method: post, path: "/v1/payments/{id}/take_back", id: "takeBackPayment", tag: "Review", summary: "Take a held payment back",
			about: "Nothing is credited; what a withdrawal held returns to the wallet.",
			kinds: operators, moves: true, example: exampleDecide, answer: examplePayment,
			faults: faults(onceFaults, moveFaults, decided, []*fault.Fault{payment.ErrState})}, takeBackPayment),
	}
}

func linkBankAccount(c *call, in *client.LinkBankAccount) (client.BankAccount, error) {
	if c.api.Payments.Accounts == nil {
		return client.BankAccount{}, fault.ErrNotFound
	}
	a, err := c.api.Payments.Accounts.Link(c.ctx, c.owner, in.Holder, in.IBAN)
	return bankAccountOf(a), err
}

func bankAccountOf(a rail.Account) client.BankAccount {
	return client.BankAccount{ID: string(a.ID), Object: "bank_account", Shown: a.Shown, CreatedAt: a.CreatedAt}
}

func listBankAccounts(c *call, _ *none) (client.List[client.BankAccount], error) {
	out := client.List[client.BankAccount]{Object: "list", URL: c.route.path, Data: []client.BankAccount{}}
	if c.api.Payments.Accounts == nil {
		return out, nil
	}
	list, err := c.api.Payments.Accounts.List(c.ctx, c.owner)
	for _, a := range list {
		out.Data = append(out.Data, bankAccountOf(a))
	}
	return out, err
}

func createWithdrawal(c *call, in *client.Withdraw) (client.Payment, error) {
	amount, err := amountOf(in.Amount, "amount")
	if err != nil {
		return client.Payment{}, err
	}
	if in.Account == "" {
		return client.Payment{}, ErrRequired.With("account")
	}
	p, err := c.api.Payments.Withdraw(c.ctx, c.caller, amount, rail.AccountID(in.Account), c.once)
	return c.changed(p, err)
}

func listReceivables(c *call, _ *none) (client.List[client.Receivable], error) {
	out := client.List[client.Receivable]{Object: "list", URL: c.route.path, Data: []client.Receivable{}}
	person := identity.PersonID(c.owner)
	if c.caller.Operator && c.query.text("owner") == "" {
		person = ""
	}
	list, err := c.api.Payments.Owed(c.ctx, c.caller, person)
	for _, r := range list {
		out.Data = append(out.Data, client.Receivable{Object: "receivable", Payment: string(r.Payment), Person: string(r.Person),
			Amount: moneyOf(r.Amount), Left: moneyOf(r.Left()), OpenedAt: r.OpenedAt})
	}
	return out, err
}

func sendTestTransfer(c *call, in *client.TestTransfer) (client.TestMovement, error) {
	amount, err := amountOf(in.Amount, "amount")
	if err != nil {
		return client.TestMovement{}, err
	}
	if utf8.RuneCountInString(in.Purpose) > 140 {
		return client.TestMovement{}, fault.ErrInvalid.With("purpose")
	}
	movement, err := c.api.SendTransfer(c.ctx, in.Purpose, amount)
	return client.TestMovement{Object: "test_movement", Movement: movement}, err
}

func rateOf(r fx.Rate) client.Rate {
	return client.Rate{Object: "rate", From: r.From.Code, To: r.To.Code, Num: strconv.FormatInt(r.Num, 10), Den: strconv.FormatInt(r.Den, 10),
		Text: r.Text(), Source: r.Source, At: r.At}
}

func listRates(c *call, _ *none) (client.List[client.Rate], error) {
	out := client.List[client.Rate]{Object: "list", URL: c.route.path, Data: []client.Rate{}}
	code := c.query.text("from")
	if code == "" {
		code = "EUR"
	}
	from, err := money.ParseCurrency(code)
	if err != nil || c.api.Payments.Desk == nil {
		return out, err
	}
	for _, code := range fx.Codes() {
		to, err := money.ParseCurrency(code)
		if err != nil {
			return out, err
		}
		if r, ok := c.api.Payments.Desk.Rate(from, to); ok {
			out.Data = append(out.Data, rateOf(r))
		}
	}
	return out, nil
}

func createQuote(c *call, in *client.AskQuote) (client.Quote, error) {
	amount, err := amountOf(in.Amount, "amount")
	if err != nil {
		return client.Quote{}, err
	}
	if in.To == "" {
		return client.Quote{}, ErrRequired.With("to")
	}
	to, err := money.ParseCurrency(in.To)
	if err != nil {
		return client.Quote{}, money.ErrUnknownCurrency.With("to")
	}
	if c.api.Payments.Desk == nil {
		return client.Quote{}, fx.ErrRate.With("to")
	}
	q, err := c.api.Payments.Desk.Quote(c.ctx, c.caller.Person, amount, to)
	if err != nil {
		return client.Quote{}, inBody(err)
	}
	return quoteOf(q), nil
}

func quoteOf(q fx.Quote) client.Quote {
	total, _ := q.Total() // it was added up when the quote was made
	return client.Quote{ID: string(q.ID), Object: "quote", Amount: moneyOf(q.Deal.Amount), Fee: moneyOf(q.Deal.Fee), Total: moneyOf(total),
		Gets: moneyOf(q.Deal.Gets), Mid: rateOf(q.Mid), Ours: rateOf(q.Mid.Ours()), ExpiresAt: q.ExpiresAt}
}

func createExchange(c *call, in *client.CreateExchange) (client.Payment, error) {
	if in.Quote == "" {
		return client.Payment{}, ErrRequired.With("quote")
	}
	p, err := c.api.Payments.Exchange(c.ctx, c.caller, fx.QuoteID(in.Quote), c.once)
	return c.changed(p, err)
}

func openPocket(c *call, in *client.OpenPocket) (client.Account, error) {
	currency, err := money.ParseCurrency(in.Currency)
	if err != nil {
		return client.Account{}, err
	}
	if err := c.api.Payments.OpenPocket(c.ctx, c.caller, currency); err != nil {
		return client.Account{}, err
	}
	account, err := db.Read(c.ctx, c.api.DB, func(tx *db.Tx) (ledger.Account, error) {
		return c.api.Ledger.ByAddress(tx, payment.WalletAddress(c.caller.Person, currency))
	})
	if err != nil {
		return client.Account{}, err
	}
	return accountOf(&account, c.owner)
}

func arrivalOf(a payment.Arrival) client.Arrival {
	return client.Arrival{ID: string(a.ID), Object: "arrival", State: string(a.State), Reason: a.Reason, Amount: moneyOf(a.Amount),
		Sender: a.Sender, Purpose: a.Words, Payment: string(a.Payment), At: a.At}
}

func listArrivals(c *call, _ *none) (client.List[client.Arrival], error) {
	out := client.List[client.Arrival]{Object: "list", URL: c.route.path, Data: []client.Arrival{}}
	limit := c.query.limit()
	list, err := c.api.Payments.Arrivals(c.ctx, c.caller, payment.ArrivalID(c.query.text("cursor")), limit)
	for _, a := range list {
		out.Data = append(out.Data, arrivalOf(a))
	}
	if len(list) == limit {
		out.HasMore, out.NextCursor = true, string(list[limit-1].ID)
	}
	return out, err
}

func assignArrival(c *call, in *client.AssignArrival) (client.Payment, error) {
	if in.Person == "" {
		return client.Payment{}, ErrRequired.With("person")
	}
	p, err := c.api.Payments.Assign(c.ctx, c.caller, payment.ArrivalID(c.r.PathValue("id")), identity.PersonID(in.Person), in.Reason, c.once)
	return c.changed(p, err)
}

func returnArrival(c *call, in *client.Decide) (client.Arrival, error) {
	a, err := c.api.Payments.ReturnArrival(c.ctx, c.caller, payment.ArrivalID(c.r.PathValue("id")), in.Reason)
	return arrivalOf(a), err
}

func releasePayment(c *call, in *client.Decide) (client.Payment, error) {
	p, err := c.api.Payments.Release(c.ctx, c.caller, payment.ID(c.r.PathValue("id")), in.Reason, c.once)
	return c.changed(p, err)
}

func takeBackPayment(c *call, in *client.Decide) (client.Payment, error) {
	p, err := c.api.Payments.TakeBack(c.ctx, c.caller, payment.ID(c.r.PathValue("id")), in.Reason, c.once)
	return c.changed(p, err)
}

// outside adds what only some kinds of payment have: where to send the money, and the quote.
func outside(p *payment.Payment, out *client.Payment) {
	if r := p.Remittance; r.Reference != "" {
		out.Remittance = &client.Remittance{Holder: r.Holder, IBAN: r.IBAN, BIC: r.BIC, Bank: r.Bank, Reference: r.Reference}
	}
	if p.Quote.ID != "" {
		q := quoteOf(p.Quote)
		out.Quote = &q
	}
}
