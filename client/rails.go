package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// BankAccount is a bank account of a person, to which money may leave. Its number is never shown again.
type BankAccount struct {
	ID        string    `json:"id" form:"ins" doc:"The bank account's id."`
	Object    string    `json:"object" enum:"bank_account" doc:"Always \"bank_account\"."`
	Shown     string    `json:"shown" doc:"How it is shown: country and the last four characters."`
	CreatedAt time.Time `json:"created_at" doc:"When it was linked."`
}

// LinkBankAccount links a bank account. The same number again answers the same account.
type LinkBankAccount struct {
	IBAN   string `json:"iban" max:"64" doc:"The account's number (ISO 13616), with or without spaces."`
	Holder string `json:"holder" max:"70" doc:"Whose account it is, as the bank knows them; up to 70 bytes."`
}

// Withdraw asks for a withdrawal; it has to be confirmed.
type Withdraw struct {
	Amount  Money  `json:"amount" doc:"A positive amount, in minor units."`
	Account string `json:"account" form:"ins" doc:"A bank account that was linked."`
}

// Remittance is where to send the money that a top-up by bank transfer waits for.
type Remittance struct {
	Holder    string `json:"holder" doc:"Whose account it is."`
	IBAN      string `json:"iban" doc:"Where to send the money."`
	BIC       string `json:"bic" doc:"The bank's code."`
	Bank      string `json:"bank" doc:"The bank's name."`
	Reference string `json:"reference" doc:"What the transfer's purpose has to hold (ISO 11649)."`
}

// Rate is how many whole units of one currency a whole unit of another is worth. The ratio is exact; text is for people.
type Rate struct {
	Object string    `json:"object" enum:"rate" doc:"Always \"rate\"."`
	From   string    `json:"from" form:"currency" doc:"The currency that is given."`
	To     string    `json:"to" form:"currency" doc:"The currency that is got."`
	Num    string    `json:"num" form:"minor" doc:"The rate is num/den, exactly."`
	Den    string    `json:"den" form:"minor" doc:"See num."`
	Text   string    `json:"text" doc:"The rate rounded for people to read; never compute with it."`
	Source string    `json:"source" doc:"Whose rate it is."`
	At     time.Time `json:"at" doc:"As of when."`
}

// AskQuote asks for a quote.
type AskQuote struct {
	Amount Money  `json:"amount" doc:"What is to be exchanged; the fee comes on top."`
	To     string `json:"to" form:"currency" doc:"The currency to get."`
}

// Quote is an offer to one person, for one exchange, until it expires.
type Quote struct {
	ID        string    `json:"id" form:"qt" doc:"The quote's id."`
	Object    string    `json:"object" enum:"quote" doc:"Always \"quote\"."`
	Amount    Money     `json:"amount" doc:"What is exchanged."`
	Fee       Money     `json:"fee" doc:"What comes on top."`
	Total     Money     `json:"total" doc:"What leaves the pocket: amount and fee."`
	Gets      Money     `json:"gets" doc:"What reaches the other pocket."`
	Mid       Rate      `json:"mid" doc:"The rate without anybody's margin."`
	Ours      Rate      `json:"ours" doc:"The rate that is used."`
	ExpiresAt time.Time `json:"expires_at" doc:"Until when it can be confirmed, by real time."`
}

// CreateExchange makes a payment of a quote; it has to be confirmed.
type CreateExchange struct {
	Quote string `json:"quote" form:"qt" doc:"A quote of the key's owner that is not used and not expired."`
}

// OpenPocket opens an account in a further currency.
type OpenPocket struct {
	Currency string `json:"currency" form:"currency" doc:"One that this installation uses."`
}

// Arrival is money that reached our account at a bank and waits in suspense. Operators only.
type Arrival struct {
	ID      string    `json:"id" form:"arr" doc:"The arrival's id."`
	Object  string    `json:"object" enum:"arrival" doc:"Always \"arrival\"."`
	State   string    `json:"state" enum:"credited|waiting|assigned|returned" doc:"What became of it."`
	Reason  string    `json:"reason,omitzero" enum:"reference_unknown|other_currency|payment_not_waiting|other_merchant" doc:"Why it waits."`
	Amount  Money     `json:"amount" doc:"What came."`
	Sender  string    `json:"sender" doc:"The account it came from, masked."`
	Purpose string    `json:"purpose,omitzero" doc:"What its sender wrote."`
	Payment string    `json:"payment,omitzero" form:"pay" doc:"The payment whose reference it named."`
	At      time.Time `json:"at" doc:"When the bank told us."`
}

// AssignArrival gives an arrival to a person.
type AssignArrival struct {
	Person string `json:"person" form:"usr" doc:"Whose money it is."`
	Reason string `json:"reason" max:"500" doc:"How you know; kept with the decision."`
}

// Decide decides about something that is held.
type Decide struct {
	Reason string `json:"reason" max:"500" doc:"Why; kept with the decision."`
}

// Receivable is what a person owes since a charge-back found their wallet empty.
type Receivable struct {
	Object   string    `json:"object" enum:"receivable" doc:"Always \"receivable\"."`
	Payment  string    `json:"payment" form:"pay" doc:"The top-up that was charged back."`
	Person   string    `json:"person" form:"usr" doc:"Who owes it."`
	Amount   Money     `json:"amount" doc:"What was missing."`
	Left     Money     `json:"left" doc:"What is still owed."`
	OpenedAt time.Time `json:"opened_at" doc:"Since when."`
}

// TestTransfer is money that somebody sends us at the sandbox's bank.
type TestTransfer struct {
	Amount  Money  `json:"amount" doc:"What they send."`
	Purpose string `json:"purpose,omitzero" max:"140" doc:"What they write: the reference of a top-up, or anything else."`
}

// TestMovement is what the sandbox's bank calls a transfer.
type TestMovement struct {
	Object   string `json:"object" enum:"test_movement" doc:"Always \"test_movement\"."`
	Movement string `json:"movement" doc:"The bank's number for it."`
}

// LinkBankAccount links a bank account of the key's owner.
func (c *Client) LinkBankAccount(ctx context.Context, in LinkBankAccount, o ...Option) (out BankAccount, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/v1/bank_accounts", in: in, out: &out, safe: true}, o)
	return out, err
}

// BankAccounts lists the bank accounts of the key's owner, newest first.
func (c *Client) BankAccounts(ctx context.Context, o ...Option) (List[BankAccount], error) {
	return get[List[BankAccount]](ctx, c, "/v1/bank_accounts", nil, o)
}

// Withdraw asks for a withdrawal; ConfirmPayment confirms it.
func (c *Client) Withdraw(ctx context.Context, in Withdraw, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/withdrawals", in, o)
}

// Rates lists the mid rates of one currency into all others.
func (c *Client) Rates(ctx context.Context, from string, o ...Option) (List[Rate], error) {
	return get[List[Rate]](ctx, c, "/v1/rates", url.Values{"from": {from}}, o)
}

// AskQuote asks for a quote.
func (c *Client) AskQuote(ctx context.Context, in AskQuote, o ...Option) (out Quote, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/v1/quotes", in: in, out: &out, safe: true}, o)
	return out, err
}

// CreateExchange makes a payment of a quote; ConfirmPayment confirms it.
func (c *Client) CreateExchange(ctx context.Context, in CreateExchange, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/exchanges", in, o)
}

// OpenPocket opens an account in a further currency, or finds it.
func (c *Client) OpenPocket(ctx context.Context, in OpenPocket, o ...Option) (out Account, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/v1/pockets", in: in, out: &out, safe: true}, o)
	return out, err
}

// Receivables lists what is owed: of is for operators, "" is oneself, and for operators everybody.
func (c *Client) Receivables(ctx context.Context, of string, o ...Option) (List[Receivable], error) {
	return get[List[Receivable]](ctx, c, "/v1/receivables", owner(of), o)
}

// Arrivals lists what waits in suspense, newest first; operators only.
func (c *Client) Arrivals(ctx context.Context, p Page, o ...Option) (List[Arrival], error) {
	return get[List[Arrival]](ctx, c, "/v1/arrivals", p.query(), o)
}

// AssignArrival gives an arrival to a person; the answer is the top-up that it became. Operators only.
func (c *Client) AssignArrival(ctx context.Context, id string, in AssignArrival, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/arrivals/"+url.PathEscape(id)+"/assign", in, o)
}

// ReturnArrival sends an arrival back to where it came from; operators only.
func (c *Client) ReturnArrival(ctx context.Context, id string, in Decide, o ...Option) (Arrival, error) {
	return move[Arrival](ctx, c, "/v1/arrivals/"+url.PathEscape(id)+"/return", in, o)
}

// ReleasePayment lets a payment that is held for review go on; operators only.
func (c *Client) ReleasePayment(ctx context.Context, id string, in Decide, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/payments/"+url.PathEscape(id)+"/release", in, o)
}

// TakeBackPayment ends a payment that is held for review with nothing credited; operators only.
func (c *Client) TakeBackPayment(ctx context.Context, id string, in Decide, o ...Option) (Payment, error) {
	return move[Payment](ctx, c, "/v1/payments/"+url.PathEscape(id)+"/take_back", in, o)
}

// SendTestTransfer has somebody at the sandbox's bank send us money.
func (c *Client) SendTestTransfer(ctx context.Context, in TestTransfer, o ...Option) (out TestMovement, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/v1/test/bank/transfers", in: in, out: &out}, o)
	return out, err
}
