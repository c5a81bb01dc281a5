package api

import (
	"net/url"
	"strings"

	"billfold/base/money"
	"billfold/client"
	"billfold/core/identity"
	"billfold/core/payment"
)

func findPayee(c *call, in *client.FindPayee) (client.Payee, error) {
	if in.Payee == "" {
		return client.Payee{}, ErrRequired.With("payee")
	}
	r, err := c.api.Payments.FindRecipient(c.ctx, c.caller, in.Payee)
	return client.Payee{ID: r.ID, Object: "payee", Name: r.Name, Handle: r.Handle, FirstTime: r.New}, err
}

func contactOf(k *payment.Contact) client.Contact {
	return client.Contact{ID: string(k.Person), Object: "contact", Name: k.Name, Called: k.Called, Kept: k.Kept, PaidAt: k.PaidAt}
}

func listContacts(c *call, _ *none) (client.List[client.Contact], error) {
	list := client.List[client.Contact]{Object: "list", URL: "/v1/contacts", Data: []client.Contact{}}
	known, err := c.api.Payments.Contacts(c.ctx, c.caller)
	for i := range known {
		list.Data = append(list.Data, contactOf(&known[i]))
	}
	return list, err
}

func keepContact(c *call, in *client.KeepContact) (client.Contact, error) {
	if in.Payee == "" {
		return client.Contact{}, ErrRequired.With("payee")
	}
	k, err := c.api.Payments.Keep(c.ctx, c.caller, in.Payee, strings.TrimSpace(in.Called))
	return contactOf(&k), err
}

func removeContact(c *call, _ *none) (client.List[client.Contact], error) {
	if err := c.api.Payments.Drop(c.ctx, c.caller, identity.PersonID(c.r.PathValue("id"))); err != nil {
		return client.List[client.Contact]{}, err
	}
	return listContacts(c, nil)
}

func getPaymentLink(c *call, _ *none) (client.PaymentLink, error) {
	id := payment.ID(c.r.PathValue("id"))
	link, err := c.api.Payments.LinkTo(c.ctx, c.caller, id)
	if err != nil {
		return client.PaymentLink{}, err
	}
	p, err := c.api.Payments.Get(c.ctx, c.caller, id)
	return client.PaymentLink{Object: "payment_link", Payment: string(id), URL: c.api.PublicURL + link.Path(), ExpiresAt: p.HoldExpiresAt}, err
}

// linkOf reads the address of a link. One that is none names nothing, and is answered as such.
func linkOf(address string) (payment.Link, error) {
	if address == "" {
		return payment.Link{}, ErrRequired.With("link")
	}
	u, err := url.Parse(address)
	if err != nil {
		return payment.Link{}, nil
	}
	at := strings.LastIndex(u.Path, "/")
	return payment.Link{ID: payment.LinkID(u.Path[at+1:]), Key: u.Query().Get("key")}, nil
}

func viewLink(c *call, in *client.OpenLink) (client.LinkFacts, error) {
	link, err := linkOf(in.Link)
	if err != nil {
		return client.LinkFacts{}, err
	}
	g, err := c.api.Payments.ViewLink(c.ctx, c.caller, link)
	facts := client.LinkFacts{Object: "link_facts", State: "over", Amount: moneyOf(g.Amount), From: g.From, Note: g.Note,
		ExpiresAt: g.ExpiresAt}
	if g.State == payment.Authorized {
		facts.State = "open"
	}
	return facts, err
}

func claimLink(c *call, in *client.OpenLink) (client.Payment, error) {
	link, err := linkOf(in.Link)
	if err != nil {
		return client.Payment{}, err
	}
	p, err := c.api.Payments.Claim(c.ctx, c.caller, link, c.once)
	return c.changed(p, err)
}

func declinePayment(c *call, _ *none) (client.Payment, error) {
	p, err := c.api.Payments.Decline(c.ctx, c.caller, payment.ID(c.r.PathValue("id")), c.once)
	return c.changed(p, err)
}

// partOf reads a part of a share: whole parts or minor units, in the one spelling that amounts have.
func partOf(text, place string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	eur, _ := money.Lookup("EUR")
	a, err := money.ParseMinor(text, eur)
	if err != nil {
		return 0, money.ErrInvalidAmount.With(place)
	}
	return a.Minor, nil
}

func askTerms(total client.Money, mode, own, note string, shares []client.NewShare) (payment.AskTerms, error) {
	t := payment.AskTerms{Mode: payment.SplitMode(mode), Note: note}
	var err error
	if t.Total, err = amountOf(total, "total"); err != nil {
		return t, err
	}
	if t.Own, err = partOf(own, "own"); err != nil {
		return t, err
	}
	for i, share := range shares {
		part, err := partOf(share.Part, place("shares", i)+".part")
		if err != nil {
			return t, err
		}
		t.Shares = append(t.Shares, payment.ShareTerms{Person: share.Person, Part: part})
	}
	return t, nil
}

func createRequest(c *call, in *client.CreateMoneyRequest) (client.MoneyRequest, error) {
	t, err := askTerms(in.Total, in.Mode, in.Own, in.Note, in.Shares)
	if err != nil {
		return client.MoneyRequest{}, err
	}
	t.Split, t.Of, t.Expires = in.Split, payment.ID(in.Of), in.ExpiresAt
	q, err := c.api.Payments.Ask(c.ctx, c.caller, t, c.once)
	c.location = "/v1/requests/" + string(q.ID)
	return c.asked(&q, err)
}

func changeRequest(c *call, in *client.ChangeMoneyRequest) (client.MoneyRequest, error) {
	t, err := askTerms(in.Total, in.Mode, in.Own, in.Note, in.Shares)
	if err != nil {
		return client.MoneyRequest{}, err
	}
	q, err := c.api.Payments.ChangeRequest(c.ctx, c.caller, requestIn(c), in.Seen, t, c.once)
	return c.asked(&q, err)
}

func requestIn(c *call) payment.RequestID { return payment.RequestID(c.r.PathValue("id")) }

func cancelRequest(c *call, _ *none) (client.MoneyRequest, error) {
	q, err := c.api.Payments.CancelRequest(c.ctx, c.caller, requestIn(c), c.once)
	return c.asked(&q, err)
}

func remindRequest(c *call, _ *none) (client.MoneyRequest, error) {
	q, err := c.api.Payments.Remind(c.ctx, c.caller, requestIn(c), c.once)
	return c.asked(&q, err)
}

func getRequest(c *call, _ *none) (client.MoneyRequest, error) {
	q, err := c.api.Payments.Request(c.ctx, c.caller, requestIn(c))
	return c.asked(&q, err)
}

func listRequests(c *call, _ *none) (client.List[client.MoneyRequest], error) {
	list := client.List[client.MoneyRequest]{Object: "list", URL: "/v1/requests", Data: []client.MoneyRequest{}}
	direction := payment.Out
	if c.query.text("direction") == string(payment.In) {
		direction = payment.In
	}
	page, err := c.api.Payments.Requests(c.ctx, c.caller, direction, c.query.text("cursor"), c.query.limit())
	list.HasMore, list.NextCursor = page.Next != "", page.Next
	for i := range page.Requests {
		list.Data = append(list.Data, requestOf(&page.Requests[i]))
	}
	return list, err
}

// asked writes a request down as the answer of a verb.
func (c *call) asked(q *payment.MoneyRequest, err error) (client.MoneyRequest, error) {
	if err != nil {
		c.location = ""
		return client.MoneyRequest{}, err
	}
	c.replayed = q.Replayed
	return requestOf(q), nil
}

func requestOf(q *payment.MoneyRequest) client.MoneyRequest {
	out := client.MoneyRequest{ID: string(q.ID), Object: "request", State: string(q.State), Version: q.Version, From: q.Owner,
		FromName: q.OwnerName,
		Split:    q.Split, Mode: string(q.Mode), Total: moneyOf(q.Total), Own: moneyOf(q.Own), Paid: moneyOf(q.Paid), Note: q.Note,
		Of:        string(q.Of),
		CreatedAt: q.CreatedAt, ExpiresAt: q.ExpiresAt, RemindedAt: q.RemindedAt, Shares: make([]client.Share, len(q.Shares))}
	for i, s := range q.Shares {
		out.Shares[i] = client.Share{Payment: string(s.Payment), Person: s.Person, Name: s.Name, Amount: moneyOf(s.Amount),
			State:  string(s.State),
			PaidAt: s.PaidAt}
	}
	return out
}
