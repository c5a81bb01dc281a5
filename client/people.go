package client

import (
	"context"
	"net/url"
	"time"
)

// Payee is somebody who can be paid, as they are shown before an amount is asked for.
type Payee struct {
	ID        string `json:"id" form:"owner" doc:"The person or shop."`
	Object    string `json:"object" enum:"payee" doc:"Always \"payee\"."`
	Name      string `json:"name" doc:"Masked for persons (Lena H.), registered for shops."`
	Handle    string `json:"handle,omitzero" doc:"Only when they were asked for by it."`
	FirstTime bool   `json:"first_time" doc:"The key's owner has never paid them: show a warning."`
}

// FindPayee asks who is meant.
type FindPayee struct {
	Payee string `json:"payee" max:"300" doc:"A handle, an e-mail address, an id, or the address of a pay-me page (…/u/lena)."`
}

// Contact is somebody a person has paid or keeps.
type Contact struct {
	ID     string    `json:"id" form:"usr" doc:"The person."`
	Object string    `json:"object" enum:"contact" doc:"Always \"contact\"."`
	Name   string    `json:"name" doc:"Masked."`
	Called string    `json:"called,omitzero" doc:"What the owner calls them; nobody else sees it."`
	Kept   bool      `json:"kept" doc:"Put among the contacts by hand."`
	PaidAt time.Time `json:"paid_at,omitzero" doc:"When they were paid last."`
}

// KeepContact puts somebody among the contacts.
type KeepContact struct {
	Payee  string `json:"payee" max:"300" doc:"A handle, an e-mail address or an id."`
	Called string `json:"called,omitzero" max:"320" doc:"A name of one's own for them, up to 80 characters."`
}

// PaymentLink is the secret of a payment that travels by a link.
type PaymentLink struct {
	Object    string    `json:"object" enum:"payment_link" doc:"Always \"payment_link\"."`
	Payment   string    `json:"payment" form:"pay" doc:"What it carries."`
	URL       string    `json:"url" doc:"Whoever has it can take the money. Keep it out of logs."`
	ExpiresAt time.Time `json:"expires_at" doc:"Then the money goes back to its sender."`
}

// OpenLink names a link.
type OpenLink struct {
	Link string `json:"link" max:"500" doc:"The whole address of the link."`
}

// LinkFacts are what a link carries, for whoever holds it.
type LinkFacts struct {
	Object    string    `json:"object" enum:"link_facts" doc:"Always \"link_facts\"."`
	State     string    `json:"state" enum:"open|over" doc:"Open while the money can be taken."`
	Amount    Money     `json:"amount" doc:"What it carries, or carried."`
	From      string    `json:"from" doc:"Masked name of its sender."`
	Note      string    `json:"note,omitzero" doc:"What the sender wrote."`
	ExpiresAt time.Time `json:"expires_at" doc:"Then the money goes back to its sender."`
}

// MoneyRequest is money asked of one or several persons, or a bill that is divided among them.
type MoneyRequest struct {
	ID         string    `json:"id" form:"req" doc:"The request's id."`
	Object     string    `json:"object" enum:"request" doc:"Always \"request\"."`
	State      string    `json:"state" enum:"open|paid|closed" doc:"Open while somebody can still pay; paid when all did; closed otherwise."`
	Version    int64     `json:"version" doc:"Grows with every change of the request or of a share."`
	From       string    `json:"from" form:"usr" doc:"Who asks."`
	FromName   string    `json:"from_name" doc:"Their masked name."`
	Split      bool      `json:"split" doc:"A bill that is divided."`
	Mode       string    `json:"mode" enum:"even|share|amount" doc:"How it is divided."`
	Total      Money     `json:"total" doc:"The whole bill, or the sum of what is asked."`
	Own        Money     `json:"own" doc:"What the one who asks bears; 0 for those who are asked."`
	Paid       Money     `json:"paid" doc:"What the others have paid; 0 for those who are asked."`
	Note       string    `json:"note,omitzero" doc:"What the one who asks wrote."`
	Of         string    `json:"of,omitzero" form:"pay" doc:"The payment that is divided; only for who asks."`
	CreatedAt  time.Time `json:"created_at" doc:"When it was asked."`
	ExpiresAt  time.Time `json:"expires_at" doc:"Until when it can be paid."`
	RemindedAt time.Time `json:"reminded_at,omitzero" doc:"When those who had not paid were reminded last."`
	Shares     []Share   `json:"shares" doc:"All for who asks; for who is asked their own."`
}

// Share is what one person is asked for.
type Share struct {
	Payment string    `json:"payment" form:"pay" doc:"Confirm it to pay the share, decline it to say no."`
	Person  string    `json:"person,omitzero" form:"usr" doc:"Who is asked; missing while anybody may pay."`
	Name    string    `json:"name,omitzero" doc:"Their masked name."`
	Amount  Money     `json:"amount" doc:"What they are asked for."`
	State   string    `json:"state" enum:"open|paid|declined|canceled|expired" doc:"Where it stands."`
	PaidAt  time.Time `json:"paid_at,omitzero" doc:"When it was paid."`
}

// CreateMoneyRequest asks one or several persons, or divides a bill. Without a person in its only share anybody may pay it, once.
type CreateMoneyRequest struct {
	Total     Money      `json:"total" doc:"The whole bill. Without split: the sum of the shares' amounts."`
	Split     bool       `json:"split,omitzero" doc:"Divide the total; otherwise each share names its amount."`
	Mode      string     `json:"mode,omitzero" enum:"even|share|amount" doc:"Split only: how. Default even."`
	Own       string     `json:"own,omitzero" form:"minor" doc:"Split only, what the one who asks bears: \"1\" to be one of the even ones; parts; or minor units."`
	Shares    []NewShare `json:"shares" doc:"1 to 50 persons, each once."`
	Note      string     `json:"note,omitzero" max:"500" doc:"Up to 500 bytes, for everybody who is asked."`
	Of        string     `json:"of,omitzero" form:"pay" doc:"The payment that is divided; the key's owner paid it."`
	ExpiresAt time.Time  `json:"expires_at,omitzero" doc:"1 minute to 30 days ahead. Default 14 days."`
}

// NewShare names one person who is asked.
type NewShare struct {
	Person string `json:"person,omitzero" max:"300" doc:"A handle, an e-mail address or an id."`
	Part   string `json:"part,omitzero" form:"minor" doc:"Mode share: whole parts. Mode amount, and without split: minor units. Mode even: left out."`
}

// ChangeMoneyRequest divides a request anew. What was paid stands; the rest of the total is divided among those named.
type ChangeMoneyRequest struct {
	Seen   int64      `json:"seen" doc:"The version that was looked at: refused with request_changed when it is another one by now."`
	Total  Money      `json:"total" doc:"The whole, with what was paid."`
	Mode   string     `json:"mode,omitzero" enum:"even|share|amount" doc:"How the rest is divided. Default even."`
	Own    string     `json:"own,omitzero" form:"minor" doc:"As when it was created."`
	Shares []NewShare `json:"shares" doc:"Who is asked from now on."`
	Note   string     `json:"note,omitzero" max:"500" doc:"Up to 500 bytes."`
}

// FindPayee says who is meant by a handle, an e-mail address, a telephone number (E.164) or an id. Ask before an amount is asked for.
func (c *Client) FindPayee(ctx context.Context, named string, o ...Option) (Payee, error) {
	return post[Payee](ctx, c, "/v1/payees/lookup", FindPayee{Payee: named}, true, o)
}

// Contacts lists whom the key's owner has paid or keeps, the latest first, all on one page.
func (c *Client) Contacts(ctx context.Context, o ...Option) (List[Contact], error) {
	return get[List[Contact]](ctx, c, "/v1/contacts", nil, o)
}

// KeepContact puts somebody among the contacts, or changes what they are called.
func (c *Client) KeepContact(ctx context.Context, in KeepContact, o ...Option) (Contact, error) {
	return post[Contact](ctx, c, "/v1/contacts", in, true, o)
}

// RemoveContact takes somebody out of the contacts.
func (c *Client) RemoveContact(ctx context.Context, person string, o ...Option) (List[Contact], error) {
	return post[List[Contact]](ctx, c, "/v1/contacts/"+url.PathEscape(person)+"/remove", nil, true, o)
}

// PaymentLink gives the sender of a payment by link its link, while the money waits.
func (c *Client) PaymentLink(ctx context.Context, payment string, o ...Option) (PaymentLink, error) {
	return get[PaymentLink](ctx, c, "/v1/payments/"+url.PathEscape(payment)+"/link", nil, o)
}

// ViewLink says what a link carries.
func (c *Client) ViewLink(ctx context.Context, link string, o ...Option) (LinkFacts, error) {
	return post[LinkFacts](ctx, c, "/v1/links/view", OpenLink{Link: link}, true, o)
}

// ClaimLink takes what a link carries into the wallet of the key's owner.
func (c *Client) ClaimLink(ctx context.Context, link string, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/links/claim", OpenLink{Link: link}, o)
}

// CreateRequest asks one or several persons for money, or divides a bill among them.
func (c *Client) CreateRequest(ctx context.Context, in CreateMoneyRequest, o ...Option) (MoneyRequest, error) {
	return move[MoneyRequest](ctx, c, "/v1/requests", in, o)
}

// Requests lists what the key's owner asks others ("out") or is asked for ("in"), newest first.
func (c *Client) Requests(ctx context.Context, direction string, p Page, o ...Option) (List[MoneyRequest], error) {
	q := p.query()
	set(q, "direction", direction)
	return get[List[MoneyRequest]](ctx, c, "/v1/requests", q, o)
}

// Request reads one request.
func (c *Client) Request(ctx context.Context, id string, o ...Option) (MoneyRequest, error) {
	return get[MoneyRequest](ctx, c, "/v1/requests/"+url.PathEscape(id), nil, o)
}

// ChangeRequest divides a request anew.
func (c *Client) ChangeRequest(ctx context.Context, id string, in ChangeMoneyRequest, o ...Option) (MoneyRequest, error) {
	return move[MoneyRequest](ctx, c, "/v1/requests/"+url.PathEscape(id)+"/change", in, o)
}

// CancelRequest withdraws what nobody has paid yet.
func (c *Client) CancelRequest(ctx context.Context, id string, o ...Option) (MoneyRequest, error) {
	return move[MoneyRequest](ctx, c, "/v1/requests/"+url.PathEscape(id)+"/cancel", nil, o)
}

// RemindRequest tells those who have not paid again, at most once a day.
func (c *Client) RemindRequest(ctx context.Context, id string, o ...Option) (MoneyRequest, error) {
	return move[MoneyRequest](ctx, c, "/v1/requests/"+url.PathEscape(id)+"/remind", nil, o)
}

// DeclinePayment says no to a payment that somebody asks for.
func (c *Client) DeclinePayment(ctx context.Context, id string, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/payments/"+url.PathEscape(id)+"/decline", nil, o)
}
