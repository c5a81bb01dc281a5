package api

import (
	"net/http"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/client"
	"billfold/core/payment"
)

var (
	exampleCheckoutLink = client.CheckoutLink{ID: "lnk_01kjkz4n8dj4dfwkkh5k6r7a00", Object: "checkout_link",
		URL: "https://pay.example.org/l/lnk_01kjkz4n8dj4dfwkkh5k6r7a00", State: "active", Title: "Yoga on Sundays", Currency: "EUR",
		Amount: &exampleAmount, Uses: 12, Used: 3, CreatedAt: exampleAt}
	exampleDisabledLink = func() client.CheckoutLink {
		l := exampleCheckoutLink
		l.State = "disabled"
		return l
	}()
	exampleCreateLink = client.CreateCheckoutLink{Title: "Yoga on Sundays", Amount: &exampleAmount, Uses: 12}
)

// linkRoutes are a shop's addresses for being paid.
func (a *API) linkRoutes() []route {
	return []route{
		op(route{method: post, path: "/v1/checkout/links", id: "createCheckoutLink", tag: "Checkout", summary: "Create a payment link",
			about: "An address under which whoever has it can pay the shop: a fixed amount or one that the payer types, once or many times, " +
				"until a moment or for ever. What is asked lies with us, not in the address.",
			kinds: shops, status: http.StatusCreated, moves: true, example: exampleCreateLink, answer: exampleCheckoutLink,
			faults: faults(onceFaults, amountFaults, termFaults, []*fault.Fault{payment.ErrPayLink, payment.ErrPayLinks,
				payment.ErrContactFields})}, createLink),
		op(route{method: get, path: "/v1/checkout/links", id: "listCheckoutLinks", tag: "Checkout", summary: "List payment links",
			about: "The shop's links, newest first.", kinds: shops, query: []param{paramCursor, paramLimit},
			answer: exampleList("/v1/checkout/links", exampleCheckoutLink), faults: []*fault.Fault{payment.ErrCursor}}, listLinks),
		op(route{method: get, path: "/v1/checkout/links/{id}", id: "getCheckoutLink", tag: "Checkout", summary: "Read a payment link",
			kinds: shops, answer: exampleCheckoutLink}, getLink),
		op(route{method: post, path: "/v1/checkout/links/{id}/disable", id: "disableCheckoutLink", tag: "Checkout",
			summary: "Disable a payment link", about: "Nobody can pay under it until it is enabled again. Doing it again changes nothing.",
			kinds: shops, optional: true, answer: exampleDisabledLink}, setLink(true)),
		op(route{method: post, path: "/v1/checkout/links/{id}/enable", id: "enableCheckoutLink", tag: "Checkout",
			summary: "Enable a payment link", about: "Doing it again changes nothing.",
			kinds: shops, optional: true, answer: exampleCheckoutLink}, setLink(false)),
	}
}

func (a *API) linkAnswer(l *payment.PayLink) client.CheckoutLink {
	out := client.CheckoutLink{ID: string(l.ID), Object: "checkout_link", URL: a.PublicURL + "/l/" + string(l.ID), Title: l.Title,
		State: l.State(a.Clock.Now()), Description: l.Description, Currency: l.Amount.Currency.Code, Uses: l.Most, Used: l.Used,
		ContactFields: asked(l.Contact),
		ExpiresAt:     l.ExpiresAt, CreatedAt: l.CreatedAt}
	if !l.Open() {
		amount := moneyOf(l.Amount)
		out.Amount = &amount
	}
	if l.Least > 0 {
		least := moneyOf(l.Amount.Currency.Of(l.Least))
		out.Least = &least
	}
	return out
}

func createLink(c *call, in *client.CreateCheckoutLink) (client.CheckoutLink, error) {
	l := payment.PayLink{Title: in.Title, Description: in.Description, Most: in.Uses, ExpiresAt: in.ExpiresAt,
		Contact: asksOf(in.ContactFields)}
	var err error
	switch {
	case in.Title == "":
		return client.CheckoutLink{}, ErrRequired.With("title")
	case in.Amount != nil:
		if l.Amount, err = amountOf(*in.Amount, "amount"); err == nil {
			err = l.Amount.Positive()
		}
		if err == nil && in.Currency != "" && in.Currency != l.Amount.Currency.Code {
			err = money.ErrCurrencyMismatch.With("currency")
		}
	case in.Currency == "":
		err = ErrRequired.With("currency")
	default:
		l.Amount.Currency, err = money.ParseCurrency(in.Currency)
	}
	if err == nil && in.Least != nil {
		var least money.Amount
		if least, err = amountOf(*in.Least, "least"); err == nil && least.Currency != l.Amount.Currency {
			err = money.ErrCurrencyMismatch.With("least.currency")
		} else if err == nil {
			err = least.Positive()
		}
		l.Least = least.Minor
	}
	if err != nil {
		return client.CheckoutLink{}, err
	}
	if l, err = c.api.Payments.CreatePayLink(c.ctx, c.caller, l, c.once); err != nil {
		return client.CheckoutLink{}, inBody(err)
	}
	c.replayed, c.location = l.Replayed, "/v1/checkout/links/"+string(l.ID)
	return c.api.linkAnswer(&l), nil
}

func getLink(c *call, _ *none) (client.CheckoutLink, error) {
	l, err := c.api.Payments.PayLinkOf(c.ctx, c.caller, payment.PayLinkID(c.r.PathValue("id")))
	return c.api.linkAnswer(&l), err
}

func setLink(disabled bool) func(c *call, _ *none) (client.CheckoutLink, error) {
	return func(c *call, _ *none) (client.CheckoutLink, error) {
		l, err := c.api.Payments.SetPayLink(c.ctx, c.caller, payment.PayLinkID(c.r.PathValue("id")), disabled)
		return c.api.linkAnswer(&l), err
	}
}

func listLinks(c *call, _ *none) (client.List[client.CheckoutLink], error) {
	list := client.List[client.CheckoutLink]{Object: "list", URL: c.route.path, Data: []client.CheckoutLink{}}
	page, next, err := c.api.Payments.PayLinks(c.ctx, c.caller, c.query.text("cursor"), c.query.limit())
	if err != nil {
		return list, err
	}
	list.HasMore, list.NextCursor = next != "", next
	for i := range page {
		list.Data = append(list.Data, c.api.linkAnswer(&page[i]))
	}
	return list, nil
}
