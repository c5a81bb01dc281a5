package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"billfold/base/fault"
	"billfold/base/once"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/edge/reply"
	"billfold/edge/web/ui"
)

// confirmSheet shows what would be paid; the back button, a reload and a second tab all show what is true now.
func (s *site) confirmSheet(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := s.Payments.Get(r.Context(), v.caller(), payment.ID(r.PathValue("payment")))
	if err != nil {
		return err
	}
	if p.NextAction.Digest == "" { // paid, over, or not theirs to pay: its own page says which
		return s.redirect(w, r, "/activity/"+string(p.ID))
	}
	if asks, err := s.Payments.AsksContact(r.Context(), p); err != nil {
		return err
	} else if asks { // its checkout has the fields
		return s.redirect(w, r, "/c/"+string(payment.CheckoutOf(p.ID)))
	}
	return s.confirmPage(w, r, v, http.StatusOK, p, nil)
}

// confirmPage shows the terms as they are now. A refusal that the payer can mend is said on the sheet.
func (s *site) confirmPage(w http.ResponseWriter, r *http.Request, v *visit, status int, p payment.Payment, refusal error) error {
	path := "/confirm/" + string(p.ID)
	as := r.FormValue("as")
	if as != "" { // the handle the payer typed goes along, and is shown where it is the payee's
		path += "?" + url.Values{"as": {as}}.Encode()
	}
	view, err := s.sheet(r, v, p, path, "/activity/"+string(p.ID), refusal)
	if err != nil {
		return err
	}
	view.PayeeHandle = s.handleOf(r, as, p.Payee)
	return s.draw(w, r, v, status, ui.Extra{}, ui.ConfirmPage(view))
}

// sheet is what a payer agrees to. path is where the form posts, and where a top-up comes back to.
func (s *site) sheet(r *http.Request, v *visit, p payment.Payment, path, cancel string, refusal error) (ui.Confirm, error) {
	total, err := p.Amount.Add(p.Fee)
	if err != nil {
		return ui.Confirm{}, err
	}
	balance, err := s.balance(r, v, p.Amount.Currency)
	if err != nil {
		return ui.Confirm{}, err
	}
	view := ui.Confirm{ID: string(p.ID), Kind: string(p.Kind), Money: ui.Amount(p.Amount), PayeeName: p.PayeeName,
		FromName: v.say("exchange.pocket", p.Amount.Currency.Code),
		Balance:  ui.Amount(balance), Fee: ui.Amount(p.Fee), Total: ui.Amount(total), Note: p.Description, Reference: p.Reference,
		Hold: p.Capture == payment.Manual, ExpiresAt: p.ExpiresAt, Digest: p.NextAction.Digest, CancelHref: cancel, Action: path}
	view.Bill, view.Reference = billAndReference(p.Bill(), p.Reference)
	view.Tip = tipOf(p)
	view.Link = p.Capture == payment.ByLink
	if view.Link {
		view.PayeeName = v.say("link.anyone")
	}
	view.PayeeShop = strings.HasPrefix(p.Payee, "mch_")
	if view.PayeeShop {
		if view.Store, err = s.place(r, merchant.ID(p.Payee), p.Metadata["store"]); err != nil {
			return view, err
		}
	}
	view.Short = balance.Minor < total.Minor
	if left, err := balance.Sub(total); err == nil && !view.Short {
		view.After = ui.Amount(left)
	}
	missing := total
	if view.Short {
		if missing, err = total.Sub(balance); err != nil {
			missing = total
		}
	}
	view.TopUpHref = "/topup?" + url.Values{"amount": {missing.Decimal()}, "currency": {missing.Currency.Code}, "return": {path}}.Encode()
	if p.Quote.ID != "" {
		view.Quote, view.Reference = s.quoteLines(p.Quote), ""
		view.PayeeName = v.say("exchange.pocket", p.Quote.Mid.To.Code)
	} else if p.Kind == payment.Transfer {
		view.Asked = p.Creator == p.Payee
		if !view.Link {
			view.New, err = s.Payments.FirstTime(r.Context(), v.caller(), p.Payee)
		}
	} else {
		var known bool
		known, err = s.Payments.PaidLately(r.Context(), v.caller(), p.Payee)
		view.New = !known
	}
	if err != nil {
		return view, err
	}
	switch {
	case refusal == nil, errors.Is(refusal, ledger.ErrInsufficientFunds): // the sheet says it by itself
	case errors.Is(refusal, payment.ErrMismatch):
		view.Changed = true
	default:
		_, view.Error, _ = field(v.scene.Lang, refusal)
	}
	return view, nil
}

// tipOf is the tip in a payment; nothing where there is none.
func tipOf(p payment.Payment) (m ui.Money) {
	if tip := p.Tip(); !tip.IsZero() {
		m = ui.Amount(tip)
	}
	return m
}

// confirm is the payer's yes to the terms whose digest the form carries.
func (s *site) confirm(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := payment.ID(r.PathValue("payment"))
	if r.PostForm.Get("payment") != string(id) {
		return errCrossed
	}
	p, err := s.Payments.Confirm(r.Context(), v.caller(), id, payment.Consent{Digest: shownDigest(r)}, confirmCall(id))
	if err == nil {
		return s.redirect(w, r, "/activity/"+string(p.ID))
	}
	if anew, wrong := s.renewed(w, r, v, id, err); anew || wrong != nil {
		return wrong
	}
	now, mended, err := s.afterRefusal(r, v, id, err)
	if err != nil {
		return err
	}
	if mended != nil {
		return s.confirmPage(w, r, v, refusalStatus(mended), now, mended)
	}
	return s.redirect(w, r, "/activity/"+string(id))
}

// shownDigest never lets an empty digest through: to payment that would mean "whatever the terms are".
func shownDigest(r *http.Request) string {
	if digest := r.PostForm.Get("terms"); digest != "" {
		return digest
	}
	return "none"
}

// confirmCall makes every press of the button one confirmation: a payment is confirmed once in its life.
func confirmCall(id payment.ID) once.Call {
	return once.Call{Key: "web-confirm-" + string(id), Hash: [32]byte{1}}
}

// afterRefusal looks at the payment again. It returns the refusal where its payer may still confirm, nil where the payment
// has moved on and its page tells, or the error that deserves a page of its own.
func (s *site) afterRefusal(r *http.Request, v *visit, id payment.ID, refusal error) (payment.Payment, error, error) {
	f, ok := fault.As(refusal)
	if !ok || f.Moved == fault.MovedUnknown {
		return payment.Payment{}, nil, refusal
	}
	switch f.Kind {
	case fault.Refused, fault.Conflict, fault.Invalid, fault.Held:
	default:
		return payment.Payment{}, nil, refusal
	}
	p, err := s.Payments.Get(r.Context(), v.caller(), id)
	if err != nil {
		return p, nil, err
	}
	if p.NextAction.Digest == "" {
		return p, nil, nil
	}
	return p, refusal, nil
}

func refusalStatus(err error) int {
	if f, ok := fault.As(err); ok {
		return reply.Status(f.Kind)
	}
	return http.StatusInternalServerError
}
