package web

import (
	"sort"
	"strings"
	"time"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/payment"
	"billfold/edge/web/text"
	"billfold/edge/web/ui"
)

// codeOf is the code of a fault, "" for another error.
func codeOf(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return ""
}

// row is a payment in a feed; base is the folder of the payments' pages.
func (v *visit) row(i payment.Item, base string) ui.Row {
	p := i.Payment
	in := i.Direction == payment.In
	row := ui.Row{Bill: p.Bill(),
		Href: base + "/" + string(p.ID), Name: i.With, Kind: string(p.Kind), State: string(p.State), Note: p.Description, At: i.At,
		Money: ui.Flow(p.Amount, in), In: in}
	switch p.State {
	case payment.Failed, payment.Expired, payment.Voided:
		row.Void, row.Money = true, ui.Amount(p.Amount)
	case payment.Completed, payment.PartlyRefunded:
		if p.Captured != p.Amount.Minor && p.Captured > 0 {
			row.Money = ui.Flow(p.Amount.Currency.Of(p.Captured), in)
		}
	}
	v.alone(&row, p)
	other := p.Payer
	if !in {
		other = p.Payee
	}
	row.Shop = strings.HasPrefix(other, "mch_")
	if p.Capture == payment.ByLink && p.Payee == "" {
		row.Name, row.Icon = v.say("link.row"), "link"
	}
	if row.Name == "" {
		row.Name = v.say("pay.nobody")
	}
	return row
}

// source is where a top-up came from: "card" or "bank".
func source(p payment.Payment) string {
	if p.Method == payment.FromBank {
		return "bank"
	}
	return "card"
}

// alone names the rows of payments that have no other side in the wallet.
func (v *visit) alone(row *ui.Row, p payment.Payment) {
	switch p.Kind {
	case payment.TopUp:
		row.Name, row.Icon = v.say("pay."+source(p)), source(p)
	case payment.Withdrawal:
		row.Icon = "bank"
	case payment.Exchange:
		row.Name, row.Icon = p.Quote.Mid.From.Code+" → "+p.Quote.Mid.To.Code, "swap"
	}
	if p.State == payment.Reversed {
		row.Void, row.Money = true, ui.Amount(p.Amount)
	}
}

// details is a payment's page for one side.
func (v *visit) details(p payment.Payment, side string) ui.Payment {
	in := side == "payee"
	held := p.Amount.Currency
	view := ui.Payment{ID: string(p.ID), Kind: string(p.Kind), State: string(p.State), Side: side, Plain: ui.Amount(p.Amount),
		Money: ui.Flow(p.Amount, in), Fee: ui.Amount(p.Fee), PayerName: p.PayerName, PayeeName: p.PayeeName, Note: p.Description,
		Reference: p.Reference, CreatedAt: p.CreatedAt, ExpiresAt: p.ExpiresAt, HoldExpiresAt: p.HoldExpiresAt}
	view.Bill, view.Reference = billAndReference(p.Bill(), p.Reference)
	view.Tip = tipOf(p)
	view.OtherShop = strings.HasPrefix(p.Payer, "mch_")
	if !in {
		view.OtherShop = strings.HasPrefix(p.Payee, "mch_")
	}
	moved := p.Amount
	if p.Captured > 0 && p.Captured != p.Amount.Minor {
		moved = held.Of(p.Captured)
		view.Captured = ui.Amount(moved)
		view.Money = ui.Flow(moved, in)
	}
	view.Total = ui.Amount(moved)
	if total, err := moved.Add(p.Fee); err == nil && !in {
		view.Total = ui.Amount(total)
	}
	if p.Refunded > 0 {
		view.Refunded = ui.Amount(held.Of(p.Refunded))
	}
	switch p.Kind {
	case payment.TopUp:
		view.PayerName, view.FromBank = v.say("pay."+source(p)), p.Method == payment.FromBank
	case payment.Exchange:
		view.PayeeName = v.say("exchange.pocket", p.Quote.Mid.To.Code)
	}
	if view.PayerName == "" {
		view.PayerName = v.say("pay.nobody")
	}
	if view.Link = p.Capture == payment.ByLink; view.Link && p.Payee == "" {
		view.PayeeName = v.say("link.anyone")
	}
	if view.PayeeName == "" {
		view.PayeeName = v.say("pay.nobody")
	}
	if p.Failure != "" {
		if key := "why." + p.Failure; text.Has(key) {
			view.Why = v.say(key)
		} else {
			view.Why = v.say("why.other")
		}
	}
	if told(p) {
		view.Receipt = p.Receipt
	}
	view.Steps = timeline(p)
	view.Live = p.State == payment.Processing ||
		p.State != payment.AwaitingConfirmation && !announced(p) && v.site.Clock.Now().Sub(lastChange(p)) < time.Minute
	return view
}

// announced says whether both sides were told of the last thing that happened.
func announced(p payment.Payment) bool {
	var payer, payee bool
	for _, step := range p.Steps {
		switch step.Name {
		case payment.StepConfirmPayer:
			payer = true
		case payment.StepConfirmPayee:
			payee = true
		default:
			payer, payee = false, false
		}
	}
	if p.Capture == payment.ByLink && p.Payee == "" {
		return payer // there is nobody else yet
	}
	return payee && (payer || p.Kind == payment.TopUp)
}

// told says whether both sides know of the payment's success: from then on it has a receipt to show, the same for both.
func told(p payment.Payment) bool {
	done, payee := false, false
	for _, step := range p.Steps {
		switch step.Name {
		case payment.StepAuthorize, payment.StepSettle, payment.StepCapture, payment.StepClaim:
			done = true
		case payment.StepConfirmPayee:
			payee = true
		}
	}
	return done && payee
}

func lastChange(p payment.Payment) time.Time {
	last := p.CreatedAt
	for _, step := range p.Steps {
		if step.At.After(last) {
			last = step.At
		}
	}
	return last
}

// timeline is what happened, and what of the five steps is still to come.
func timeline(p payment.Payment) []ui.Step {
	var steps []ui.Step
	seen := map[string]bool{}
	for _, step := range p.Steps {
		view := ui.Step{Name: step.Name, Mark: "done", At: step.At}
		switch step.Name {
		case payment.StepFail, payment.StepExpire, payment.StepVoid, payment.StepReturn, payment.StepChargeback, payment.StepDecline:
			view.Mark = "bad"
		case payment.StepCapture, payment.StepRefund, payment.StepSettle, payment.StepRelease:
			if step.Amount > 0 {
				view.Money = ui.Amount(p.Amount.Currency.Of(step.Amount))
			}
		}
		seen[step.Name] = true
		if step.Name == payment.StepConfirmPayee && (p.Kind == payment.Withdrawal || p.Kind == payment.Exchange) {
			continue // there is one person, who was told
		}
		steps = append(steps, view)
	}
	// Who pays at a shop signed in before or after it asked; they are written in the order in which they became known.
	sort.SliceStable(steps, func(i, j int) bool { return steps[i].At.Before(steps[j].At) })
	switch p.State {
	case payment.Failed, payment.Expired, payment.Voided, payment.Held, payment.Reversed:
		return steps
	}
	if p.Kind == payment.Withdrawal && p.State == payment.Completed {
		return steps // its last word is the bank's; that it was told is one of the steps above
	}
	agreed := payment.StepAuthorize
	if p.Kind == payment.TopUp { // here it is the card's bank that agrees
		agreed = payment.StepSettle
	}
	five := []string{payment.StepAuthenticate, payment.StepRequest, agreed, payment.StepConfirmPayer, payment.StepConfirmPayee}
	if p.Kind == payment.Withdrawal {
		five = []string{payment.StepAuthenticate, payment.StepRequest, payment.StepAuthorize, payment.StepSent, payment.StepSettle}
	}
	mark := "now"
	if waits(p) {
		mark = "wait"
	}
	if p.Capture == payment.ByLink && p.Payee == "" {
		five[4] = stepUntaken // who is told afterwards will be on the line then
	}
	for _, name := range five {
		if name == stepUntaken {
			mark = "wait"
		}
		if seen[name] || name == payment.StepConfirmPayer && seen[payment.StepConfirmPayee] {
			continue
		}
		steps = append(steps, ui.Step{Name: name, Mark: mark})
		mark = "next"
	}
	return steps
}

// stepUntaken stands where a payment that travels by a link waits for whoever opens it.
const stepUntaken = "untaken"

// waits says whether a payment goes on when somebody does something, be it after days: nothing is being worked on until then.
func waits(p payment.Payment) bool {
	return p.State == payment.AwaitingConfirmation || p.Kind == payment.TopUp && p.Method == payment.FromBank
}

// amountField reads what a person typed as money that moves: more than nothing.
func amountField(typed string, c money.Currency) (money.Amount, error) {
	a, err := typedAmount(typed, c)
	if err != nil {
		return a, err
	}
	return a, a.Positive()
}

// typedAmount reads what a person typed as money: spaces around it are theirs to make, and a comma is a decimal point where it
// can be nothing else ("48,50"; never "1,000").
func typedAmount(typed string, c money.Currency) (money.Amount, error) {
	typed = strings.TrimSpace(typed)
	if whole, frac, ok := strings.Cut(typed, ","); ok && !strings.ContainsAny(frac, ".,") && len(frac) <= int(c.Scale) && c.Scale < 3 &&
		whole != "" {
		typed = whole + "." + frac
	}
	return money.ParseDecimal(typed, c)
}
