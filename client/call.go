package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

func get[T any](ctx context.Context, c *Client, path string, query url.Values, options []Option) (out T, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: path, query: query, out: &out, safe: true}, options)
	return out, err
}

func move[T any](ctx context.Context, c *Client, path string, in any, options []Option) (out T, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: path, in: in, out: &out, moves: true}, options)
	return out, err
}

func (p Page) query() url.Values {
	q := url.Values{}
	set(q, "cursor", p.Cursor)
	set(q, "owner", p.Owner)
	if p.Limit != 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	return q
}

func (f PaymentFilter) query() url.Values {
	q := f.Page.query()
	set(q, "kind", f.Kind)
	set(q, "state", f.State)
	set(q, "direction", f.Direction)
	set(q, "currency", f.Currency)
	set(q, "reference", f.Reference)
	if !f.Since.IsZero() {
		q.Set("created_at[gte]", f.Since.UTC().Format(time.RFC3339Nano))
	}
	for _, name := range f.Expand {
		q.Add("expand[]", name)
	}
	return q
}

func set(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

func owner(of string) url.Values {
	q := url.Values{}
	set(q, "owner", of)
	return q
}

// Me says whom the key acts for.
func (c *Client) Me(ctx context.Context, o ...Option) (Identity, error) {
	return get[Identity](ctx, c, "/v1/me", nil, o)
}

// Currencies lists every currency with its scale. It needs no key.
func (c *Client) Currencies(ctx context.Context, o ...Option) (List[Currency], error) {
	return get[List[Currency]](ctx, c, "/v1/currencies", nil, o)
}

// Balance reads what the key's owner has; of is for operators and names somebody else, "" is oneself.
func (c *Client) Balance(ctx context.Context, of string, o ...Option) (Balance, error) {
	return get[Balance](ctx, c, "/v1/balance", owner(of), o)
}

// Accounts lists the owner's accounts.
func (c *Client) Accounts(ctx context.Context, of string, o ...Option) (List[Account], error) {
	return get[List[Account]](ctx, c, "/v1/accounts", owner(of), o)
}

// Account reads one account.
func (c *Client) Account(ctx context.Context, id string, o ...Option) (Account, error) {
	return get[Account](ctx, c, "/v1/accounts/"+url.PathEscape(id), nil, o)
}

// CreatePayment asks for a payment, and pays it where Confirm is set.
func (c *Client) CreatePayment(ctx context.Context, in CreatePayment, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/payments", in, o)
}

// Payments lists payments, newest first.
func (c *Client) Payments(ctx context.Context, f PaymentFilter, o ...Option) (List[Payment], error) {
	return get[List[Payment]](ctx, c, "/v1/payments", f.query(), o)
}

// Payment reads one payment; expand may name payer and payee.
func (c *Client) Payment(ctx context.Context, id string, expand []string, o ...Option) (Payment, error) {
	return get[Payment](ctx, c, "/v1/payments/"+url.PathEscape(id), PaymentFilter{Expand: expand}.query(), o)
}

// ConfirmPayment is the payer's yes.
func (c *Client) ConfirmPayment(ctx context.Context, id string, in ConfirmPayment, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/payments/"+url.PathEscape(id)+"/confirm", in, o)
}

// CapturePayment takes what was held.
func (c *Client) CapturePayment(ctx context.Context, id string, in CapturePayment, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/payments/"+url.PathEscape(id)+"/capture", in, o)
}

// VoidPayment takes a payment back before it is paid, or lets go of a hold.
func (c *Client) VoidPayment(ctx context.Context, id string, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/payments/"+url.PathEscape(id)+"/void", nil, o)
}

// RefundPayment gives back what a payment brought. The answer is the refund, a payment of its own.
func (c *Client) RefundPayment(ctx context.Context, id string, in RefundPayment, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/payments/"+url.PathEscape(id)+"/refund", in, o)
}

// TopUp fills the wallet of the key's owner. The answer is processing; the card's bank decides later.
func (c *Client) TopUp(ctx context.Context, in TopUp, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/topups", in, o)
}

// CreateCheckoutSession asks for a hosted page.
func (c *Client) CreateCheckoutSession(ctx context.Context, in CreateCheckoutSession, o ...Option) (CheckoutSession, error) {
	return move[CheckoutSession](ctx, c, "/v1/checkout/sessions", in, o)
}

// CheckoutSessions lists a shop's sessions, newest first.
func (c *Client) CheckoutSessions(ctx context.Context, p Page, o ...Option) (List[CheckoutSession], error) {
	return get[List[CheckoutSession]](ctx, c, "/v1/checkout/sessions", p.query(), o)
}

// CheckoutSession reads one session.
func (c *Client) CheckoutSession(ctx context.Context, id string, o ...Option) (CheckoutSession, error) {
	return get[CheckoutSession](ctx, c, "/v1/checkout/sessions/"+url.PathEscape(id), nil, o)
}

// ExpireCheckoutSession ends a session that nobody has paid.
func (c *Client) ExpireCheckoutSession(ctx context.Context, id string, o ...Option) (CheckoutSession, error) {
	return move[CheckoutSession](ctx, c, "/v1/checkout/sessions/"+url.PathEscape(id)+"/expire", nil, o)
}

// Activity lists what came in and went out, newest first.
func (c *Client) Activity(ctx context.Context, f PaymentFilter, o ...Option) (List[Activity], error) {
	return get[List[Activity]](ctx, c, "/v1/activity", f.query(), o)
}

// Events lists events, oldest first, from after the cursor on.
func (c *Client) Events(ctx context.Context, f EventFilter, o ...Option) (List[Event], error) {
	q := f.Page.query()
	set(q, "type", f.Type)
	return get[List[Event]](ctx, c, "/v1/events", q, o)
}

// Event reads one event.
func (c *Client) Event(ctx context.Context, id string, o ...Option) (Event, error) {
	return get[Event](ctx, c, "/v1/events/"+url.PathEscape(id), nil, o)
}

// PostEntries posts ledger entries; operators only.
func (c *Client) PostEntries(ctx context.Context, in PostEntries, o ...Option) (EntryResults, error) {
	return move[EntryResults](ctx, c, "/v1/ledger/entries", in, o)
}

// Entries lists ledger entries, newest first; operators only.
func (c *Client) Entries(ctx context.Context, f EntryFilter, o ...Option) (List[LedgerEntry], error) {
	q := f.Page.query()
	set(q, "account", f.Account)
	set(q, "reference", f.Reference)
	set(q, "kind", f.Kind)
	return get[List[LedgerEntry]](ctx, c, "/v1/ledger/entries", q, o)
}

// Entry reads one ledger entry; operators only.
func (c *Client) Entry(ctx context.Context, id string, o ...Option) (LedgerEntry, error) {
	return get[LedgerEntry](ctx, c, "/v1/ledger/entries/"+url.PathEscape(id), nil, o)
}

// OpenLedgerAccount opens an account of any asset; operators only.
func (c *Client) OpenLedgerAccount(ctx context.Context, in OpenLedgerAccount, o ...Option) (out LedgerAccount, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/v1/ledger/accounts", in: in, out: &out, safe: true}, o)
	return out, err
}

// LedgerAccounts lists accounts whose address begins with prefix, oldest first; operators only.
func (c *Client) LedgerAccounts(ctx context.Context, prefix string, p Page, o ...Option) (List[LedgerAccount], error) {
	q := p.query()
	set(q, "prefix", prefix)
	return get[List[LedgerAccount]](ctx, c, "/v1/ledger/accounts", q, o)
}

// LedgerAccount reads an account by id or address, as of a moment; the zero time is now. Operators only.
func (c *Client) LedgerAccount(ctx context.Context, id string, asOf time.Time, o ...Option) (LedgerAccount, error) {
	q := url.Values{}
	if !asOf.IsZero() {
		q.Set("as_of", asOf.UTC().Format(time.RFC3339Nano))
	}
	return get[LedgerAccount](ctx, c, "/v1/ledger/accounts/"+url.PathEscape(id), q, o)
}

// TestClock reads the sandbox's clock.
func (c *Client) TestClock(ctx context.Context, o ...Option) (TestClock, error) {
	return get[TestClock](ctx, c, "/v1/test/clock", nil, o)
}

// AdvanceClock moves the sandbox's clock. Only a move to a moment is tried again: a duration would count twice.
func (c *Client) AdvanceClock(ctx context.Context, in AdvanceClock, o ...Option) (out TestClock, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/v1/test/clock/advance", in: in, out: &out, safe: !in.To.IsZero()}, o)
	return out, err
}
