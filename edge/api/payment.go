package api

import (
	"slices"
	"strings"
	"time"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/client"
	"billfold/core/payment"
)

var paymentKinds = []string{string(payment.Purchase), string(payment.Transfer), string(payment.TopUp), string(payment.Withdrawal),
	string(payment.Refund), string(payment.Exchange)}

func paymentStates() []string {
	list := make([]string, len(payment.States))
	for i, s := range payment.States {
		list[i] = string(s)
	}
	return list
}

var paymentSteps = []string{payment.StepAuthenticate, payment.StepRequest, payment.StepAuthorize, payment.StepConfirmPayer,
	payment.StepConfirmPayee, payment.StepCapture, payment.StepVoid, payment.StepExpire, payment.StepRefund, payment.StepSettle,
	payment.StepFail, payment.StepReview, payment.StepSent, payment.StepReturn, payment.StepChargeback, payment.StepRelease,
	payment.StepClaim, payment.StepDecline, payment.StepRemind}

// amountOf reads the money at a place of the body. It must be positive: there is nothing to pay with zero.
func amountOf(m client.Money, place string) (money.Amount, error) {
	switch {
	case m == (client.Money{}):
		return money.Amount{}, ErrRequired.With(place)
	case m.Amount == "":
		return money.Amount{}, ErrRequired.With(place + ".amount")
	case m.Currency == "":
		return money.Amount{}, ErrRequired.With(place + ".currency")
	}
	currency, err := money.ParseCurrency(m.Currency)
	if err != nil {
		return money.Amount{}, at(err, place)
	}
	amount, err := money.ParseMinor(m.Amount, currency)
	if err == nil {
		err = amount.Positive()
	}
	return amount, at(err, place)
}

// someAmount is amountOf where the money may be left out.
func someAmount(m client.Money, place string) (*money.Amount, error) {
	if m == (client.Money{}) {
		return nil, nil
	}
	amount, err := amountOf(m, place)
	return &amount, err
}

// at puts a place before the parameter that a fault blames.
func at(err error, place string) error {
	if f, ok := fault.As(err); ok && f.Param != "" {
		return f.With(place + "." + f.Param)
	}
	return err
}

// inBody says in the words of the request what a service blames: it knows amounts and currencies, the body knows money; and
// the ledger's legs are not the payer's business.
func inBody(err error) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	switch {
	case f.Param == "amount" || f.Param == "currency":
		return f.With("amount." + f.Param)
	case strings.HasPrefix(f.Param, "legs["):
		return f.With("")
	case f.Param == "hold_for":
		return f.With("hold_seconds")
	}
	return err
}

func createPayment(c *call, in *client.CreatePayment) (client.Payment, error) {
	amount, err := amountOf(in.Amount, "amount")
	if err != nil {
		return client.Payment{}, err
	}
	if in.Payee == "" && c.caller.Shop == "" && in.Capture != string(payment.ByLink) {
		return client.Payment{}, ErrRequired.With("payee")
	}
	hold, err := seconds(in.HoldSeconds, "hold_seconds")
	if err != nil {
		return client.Payment{}, err
	}
	p, err := c.api.Payments.Create(c.ctx, c.caller, payment.Terms{Kind: payment.Kind(in.Kind), Payee: in.Payee, Amount: amount,
		Capture: payment.CaptureMode(in.Capture), SendTo: in.SendTo, Description: in.Description, Reference: in.Reference,
		Metadata: in.Metadata, ExpiresAt: in.ExpiresAt, HoldFor: hold}, in.Confirm, c.once)
	return c.changed(p, err)
}

// seconds reads a duration; one that would overflow is as wrong as a negative one.
func seconds(n int64, place string) (time.Duration, error) {
	if n < 0 || n > int64(payment.LongestHold/time.Second) {
		return 0, payment.ErrExpiry.With(place)
	}
	return time.Duration(n) * time.Second, nil
}

// changed renders the answer of a verb. It leaves out when the sides were told, which happens between a first answer and its
// replay: both must have the same bytes.
func (c *call) changed(p payment.Payment, err error) (client.Payment, error) {
	if err != nil {
		return client.Payment{}, inBody(err)
	}
	c.replayed = p.Replayed
	if c.route.status == 201 {
		c.location = "/v1/payments/" + string(p.ID)
	}
	p.Steps = slices.DeleteFunc(p.Steps, func(s payment.Step) bool {
		return s.Name == payment.StepConfirmPayer || s.Name == payment.StepConfirmPayee
	})
	return paymentOf(&p, nil), nil
}

func listPayments(c *call, _ *none) (client.List[client.Payment], error) {
	page, err := c.activity()
	list := client.List[client.Payment]{Object: "list", URL: c.route.path, HasMore: page.Next != "", NextCursor: page.Next,
		Data: make([]client.Payment, len(page.Items))}
	expand := c.query.all("expand[]")
	for i := range page.Items {
		list.Data[i] = paymentOf(&page.Items[i].Payment, expand)
	}
	return list, err
}

func listActivity(c *call, _ *none) (client.List[client.Activity], error) {
	page, err := c.activity()
	list := client.List[client.Activity]{Object: "list", URL: c.route.path, HasMore: page.Next != "", NextCursor: page.Next,
		Data: make([]client.Activity, len(page.Items))}
	expand := c.query.all("expand[]")
	for i := range page.Items {
		item := &page.Items[i]
		list.Data[i] = client.Activity{Object: "activity", Direction: string(item.Direction), With: item.With, At: item.At,
			Payment: paymentOf(&item.Payment, expand)}
	}
	return list, err
}

func (c *call) activity() (payment.Page, error) {
	q := c.query
	return c.api.Payments.Activity(c.ctx, c.caller, c.owner, payment.ActivityFilter{Kind: payment.Kind(q.text("kind")),
		State: payment.State(q.text("state")), Direction: payment.Direction(q.text("direction")), Currency: q.text("currency"),
		Reference: q.text("reference"), Since: q.time("created_at[gte]")}, q.text("cursor"), q.limit())
}

func getPayment(c *call, _ *none) (client.Payment, error) {
	p, err := c.api.Payments.Get(c.ctx, c.caller, payment.ID(c.r.PathValue("id")))
	return paymentOf(&p, c.query.all("expand[]")), err
}

func confirmPayment(c *call, in *client.ConfirmPayment) (client.Payment, error) {
	p, err := c.api.Payments.Confirm(c.ctx, c.caller, payment.ID(c.r.PathValue("id")), payment.Consent{Digest: in.Digest,
		Contact: in.Contact}, c.once)
	return c.changed(p, err)
}

func capturePayment(c *call, in *client.CapturePayment) (client.Payment, error) {
	amount, err := someAmount(in.Amount, "amount")
	if err != nil {
		return client.Payment{}, err
	}
	p, err := c.api.Payments.Capture(c.ctx, c.caller, payment.ID(c.r.PathValue("id")), amount, c.once)
	return c.changed(p, err)
}

func voidPayment(c *call, _ *none) (client.Payment, error) {
	p, err := c.api.Payments.Void(c.ctx, c.caller, payment.ID(c.r.PathValue("id")), c.once)
	return c.changed(p, err)
}

func refundPayment(c *call, in *client.RefundPayment) (client.Payment, error) {
	amount, err := someAmount(in.Amount, "amount")
	if err != nil {
		return client.Payment{}, err
	}
	p, err := c.api.Payments.Refund(c.ctx, c.caller, payment.ID(c.r.PathValue("id")), amount, in.Reason, c.once)
	return c.changed(p, err)
}

func createTopUp(c *call, in *client.TopUp) (client.Payment, error) {
	amount, err := amountOf(in.Amount, "amount")
	if err != nil {
		return client.Payment{}, err
	}
	if in.Method == "" {
		return client.Payment{}, ErrRequired.With("method")
	}
	p, err := c.api.Payments.TopUp(c.ctx, c.caller, amount, in.Method, c.once)
	return c.changed(p, err)
}

func moneyOf(a money.Amount) client.Money {
	return client.Money{Amount: a.MinorString(), Currency: a.Currency.Code}
}

// paymentOf writes a payment down. expand names the sides that are shown as objects.
func paymentOf(p *payment.Payment, expand []string) client.Payment {
	in := p.Amount.Currency
	out := client.Payment{ID: string(p.ID), Object: "payment", Kind: string(p.Kind), State: string(p.State), Version: p.Version,
		Amount: moneyOf(p.Amount), Fee: moneyOf(p.Fee), Captured: moneyOf(in.Of(p.Captured)), Refunded: moneyOf(in.Of(p.Refunded)),
		Payer: client.Party{ID: p.Payer}, Payee: client.Party{ID: p.Payee}, Capture: string(p.Capture), Method: string(p.Method),
		Description: p.Description, Reference: p.Reference, Metadata: p.Metadata, RefundOf: string(p.Of), Receipt: p.Receipt,
		Failure: p.Failure, CreatedAt: p.CreatedAt, ExpiresAt: p.ExpiresAt, HoldExpiresAt: p.HoldExpiresAt}
	outside(p, &out)
	for _, name := range expand {
		switch name {
		case "payer":
			out.Payer.Expanded, out.Payer.Name = true, p.PayerName
		case "payee":
			out.Payee.Expanded, out.Payee.Name = true, p.PayeeName
		}
	}
	if p.NextAction.Type != payment.ActNone {
		out.NextAction = &client.NextAction{Type: p.NextAction.Type, Digest: p.NextAction.Digest}
	}
	if len(p.Steps) > 0 {
		out.Timeline = make([]client.Step, len(p.Steps))
	}
	for i, s := range p.Steps {
		out.Timeline[i] = client.Step{Step: s.Name, State: string(s.State), At: s.At}
		if s.Amount != 0 {
			out.Timeline[i].Amount = moneyOf(in.Of(s.Amount))
		}
	}
	return out
}

func createCheckout(c *call, in *client.CreateCheckoutSession) (client.CheckoutSession, error) {
	var none client.CheckoutSession
	amount, err := amountOf(in.Amount, "amount")
	if err != nil {
		return none, err
	}
	if in.ReturnURL == "" {
		return none, ErrRequired.With("return_url")
	}
	hold, err := seconds(in.HoldSeconds, "hold_seconds")
	if err != nil {
		return none, err
	}
	items := make([]payment.LineItem, len(in.LineItems))
	for i, item := range in.LineItems {
		place := place("line_items", i)
		one, err := amountOf(item.Amount, place+".amount")
		if err == nil && one.Currency != amount.Currency {
			err = money.ErrCurrencyMismatch.With(place + ".amount.currency")
		}
		if err != nil {
			return none, err
		}
		items[i] = payment.LineItem{Name: item.Name, Quantity: item.Quantity, Amount: one.Minor}
	}
	k, err := c.api.Payments.CreateCheckout(c.ctx, c.caller, payment.CheckoutTerms{ReturnURL: in.ReturnURL, CancelURL: in.CancelURL,
		Items: items, Contact: asksOf(in.ContactFields),
		Terms: payment.Terms{Amount: amount, Capture: payment.CaptureMode(in.Capture), Description: in.Description, Reference: in.Reference,
			Metadata: in.Metadata, ExpiresAt: in.ExpiresAt, HoldFor: hold}}, c.once)
	if err != nil {
		return none, inBody(err)
	}
	c.location = "/v1/checkout/sessions/" + string(k.ID)
	return c.session(&k), nil
}

// session writes a checkout session down as the answer of a verb.
func (c *call) session(k *payment.Checkout) client.CheckoutSession {
	c.replayed = k.Replayed
	k.Payment.Replayed = k.Replayed
	p, _ := c.changed(k.Payment, nil)
	if c.route.status == 201 {
		c.location = "/v1/checkout/sessions/" + string(k.ID)
	}
	return c.api.sessionOf(k, p)
}

func (a *API) sessionOf(k *payment.Checkout, p client.Payment) client.CheckoutSession {
	out := client.CheckoutSession{ID: string(k.ID), Object: "checkout_session", URL: a.PublicURL + "/c/" + string(k.ID),
		State:   string(k.State),
		Payment: p, ReturnURL: k.ReturnURL, CancelURL: k.CancelURL, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt}
	out.ContactFields, out.Contact = asked(k.Contact), k.Given
	for _, item := range k.Items {
		out.LineItems = append(out.LineItems, client.LineItem{Name: item.Name, Quantity: item.Quantity,
			Amount: moneyOf(k.Payment.Amount.Currency.Of(item.Amount))})
	}
	return out
}

func getCheckout(c *call, _ *none) (client.CheckoutSession, error) {
	k, err := c.api.Payments.GetCheckout(c.ctx, c.caller, payment.CheckoutID(c.r.PathValue("id")))
	return c.api.sessionOf(&k, paymentOf(&k.Payment, nil)), err
}

func expireCheckout(c *call, _ *none) (client.CheckoutSession, error) {
	k, err := c.api.Payments.ExpireCheckout(c.ctx, c.caller, payment.CheckoutID(c.r.PathValue("id")), c.once)
	if err != nil {
		return client.CheckoutSession{}, err
	}
	return c.session(&k), nil
}

func listCheckouts(c *call, _ *none) (client.List[client.CheckoutSession], error) {
	list := client.List[client.CheckoutSession]{Object: "list", URL: c.route.path, Data: []client.CheckoutSession{}}
	page, next, err := c.api.Payments.Checkouts(c.ctx, c.caller, c.query.text("cursor"), c.query.limit())
	if err != nil {
		return list, err
	}
	list.HasMore, list.NextCursor = next != "", next
	for i := range page {
		list.Data = append(list.Data, c.api.sessionOf(&page[i], paymentOf(&page[i].Payment, nil)))
	}
	return list, nil
}
