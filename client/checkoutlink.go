package client

import (
	"context"
	"net/url"
	"time"
)

// CheckoutLink is an address under which a shop is paid, for a fixed amount or one that the payer types.
type CheckoutLink struct {
	ID            string         `json:"id" form:"lnk" doc:"The link's id."`
	Object        string         `json:"object" enum:"checkout_link" doc:"Always \"checkout_link\"."`
	URL           string         `json:"url" form:"uri" doc:"Give this to payers, or print it as a code."`
	State         string         `json:"state" enum:"active|disabled|expired|used" doc:"Only an active one can be paid under."`
	Title         string         `json:"title" doc:"What is paid for."`
	Description   string         `json:"description,omitzero" doc:"More about it."`
	Currency      string         `json:"currency" form:"currency" doc:"In which it is paid."`
	Amount        *Money         `json:"amount,omitzero" doc:"What is paid; without it the payer types the amount."`
	Least         *Money         `json:"least,omitzero" doc:"The least that a payer may type."`
	Uses          int64          `json:"uses,omitzero" form:"count" doc:"How often it is paid at most; without it as often as anybody likes."`
	Used          int64          `json:"used,omitzero" form:"count" doc:"How often it was paid; absent while it never was."`
	ContactFields []ContactField `json:"contact_fields,omitzero" doc:"What each payer is asked to hand over."`
	ExpiresAt     time.Time      `json:"expires_at,omitzero" doc:"When it ends; without it never."`
	CreatedAt     time.Time      `json:"created_at" doc:"When it was made."`
}

// CreateCheckoutLink makes an address for being paid.
type CreateCheckoutLink struct {
	Title         string         `json:"title" max:"120" doc:"What is paid for, shown to payers."`
	Description   string         `json:"description,omitzero" max:"500" doc:"More about it."`
	Currency      string         `json:"currency,omitzero" form:"currency" doc:"Needed where there is no amount: of the one that the payer types."`
	Amount        *Money         `json:"amount,omitzero" doc:"What is paid. Leave it out, and give a currency, to let the payer type it."`
	Least         *Money         `json:"least,omitzero" doc:"The least that a payer may type."`
	Uses          int64          `json:"uses,omitzero" form:"count" doc:"How often it is paid at most; left out: as often as anybody likes."`
	ContactFields []ContactField `json:"contact_fields,omitzero" most:"45" doc:"What to ask each payer for."`
	ExpiresAt     time.Time      `json:"expires_at,omitzero" doc:"When it ends. Left out: never."`
}

// CreateCheckoutLink makes an address under which the shop is paid.
func (c *Client) CreateCheckoutLink(ctx context.Context, in CreateCheckoutLink, o ...Option) (CheckoutLink, error) {
	return move[CheckoutLink](ctx, c, "/v1/checkout/links", in, o)
}

// CheckoutLinks lists a shop's links, newest first.
func (c *Client) CheckoutLinks(ctx context.Context, p Page, o ...Option) (List[CheckoutLink], error) {
	return get[List[CheckoutLink]](ctx, c, "/v1/checkout/links", p.query(), o)
}

// CheckoutLink reads one link.
func (c *Client) CheckoutLink(ctx context.Context, id string, o ...Option) (CheckoutLink, error) {
	return get[CheckoutLink](ctx, c, "/v1/checkout/links/"+url.PathEscape(id), nil, o)
}

// DisableCheckoutLink closes a link to payers.
func (c *Client) DisableCheckoutLink(ctx context.Context, id string, o ...Option) (CheckoutLink, error) {
	return post[CheckoutLink](ctx, c, "/v1/checkout/links/"+url.PathEscape(id)+"/disable", nil, true, o)
}

// EnableCheckoutLink opens it again.
func (c *Client) EnableCheckoutLink(ctx context.Context, id string, o ...Option) (CheckoutLink, error) {
	return post[CheckoutLink](ctx, c, "/v1/checkout/links/"+url.PathEscape(id)+"/enable", nil, true, o)
}
