package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"billfold/base/fault"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// checkout is the page a shop sends its customer to. Whoever has the link may look; who pays signs in first, on this page.
func (s *site) checkout(w http.ResponseWriter, r *http.Request, v *visit) error {
	if v.session.ID != "" && v.session.Locked() {
		return s.redirect(w, r, "/unlock?next="+back(r))
	}
	k, err := s.Payments.ViewCheckout(r.Context(), v.caller(), payment.CheckoutID(r.PathValue("checkout")))
	if err != nil {
		return err
	}
	return s.checkoutPage(w, r, v, http.StatusOK, k, nil)
}

func (s *site) checkoutPage(w http.ResponseWriter, r *http.Request, v *visit, code int, k payment.Checkout, refusal error) error {
	return s.checkoutWith(w, r, v, code, k, refusal, nil)
}

// checkoutWith shows the page with what is wrong in the form of its way to pay.
func (s *site) checkoutWith(w http.ResponseWriter, r *http.Request, v *visit, code int, k payment.Checkout, refusal error,
	wrong ui.FieldErrors) error {
	p := k.Payment
	path := "/c/" + string(k.ID)
	view := ui.Checkout{ID: string(k.ID), State: checkoutState(k), Shop: k.ShopName, Money: ui.Amount(p.Amount), Note: p.Description,
		Reference: p.Reference, ExpiresAt: k.ExpiresAt, Ways: []string{"wallet", "phone"}, Link: s.PublicURL + path}
	if s.Cards != nil && s.Payments.TakesCards(p) {
		view.Ways = append(view.Ways, "card")
	}
	view.Way, view.Nonce, view.Errors = way(r, view.Ways), nonce(), wrong
	view.Items = itemLines(k)
	view.Bill, view.Reference = billAndReference(k.Bill, p.Reference)
	var err error
	mine := v.session.ID != "" && p.Payer == string(v.session.Person.ID)
	view.ReturnHref, view.ReturnHost = wayOut(k, view.State)
	if mine {
		view.PaymentHref = "/activity/" + string(p.ID)
		if view.Handed, err = s.handed(r, v.caller(), p); err != nil {
			return err
		}
		if told(p) {
			view.Receipt = p.Receipt
		}
		if p.Captured > 0 {
			view.Money = ui.Amount(p.Amount.Currency.Of(p.Captured))
		}
	}
	view.Live = view.State == "open" || view.State == "processing"
	extra := ui.Extra{Htmx: view.Live}
	if view.State == "open" && len(view.Ways) > 2 {
		why, err := s.Payments.CardRefusal(r.Context(), p)
		if err != nil {
			return err
		}
		if why != "" {
			view.Why = v.say("why." + whyCard(why))
		}
	}
	if k.Payment.Method == payment.FromCard && p.Captured > 0 { // whoever has the link has the receipt: there is no account to keep it in
		view.Receipt = p.Receipt
	}
	if view.State == "open" && view.Way == "phone" {
		extra.Refresh = "5"
	}
	switch {
	case view.State == "open":
		if err := s.checkoutForms(r, v, k, &view, refusal, wrong); err != nil {
			return err
		}
	case mine && view.Receipt == "" && (view.State == "paid" || view.State == "authorized"), view.State == "processing":
		extra.Refresh = "2"
		view.Live, extra.Htmx = true, true
	}
	return s.draw(w, r, v, code, extra, ui.CheckoutPage(view))
}

// checkoutForms are what somebody can do on an open checkout: sign in, or agree to the terms and to what is handed over.
func (s *site) checkoutForms(r *http.Request, v *visit, k payment.Checkout, view *ui.Checkout, refusal error, wrong ui.FieldErrors) error {
	var err error
	if view.Handover, err = s.handover(r, v, k, wrong); err != nil {
		return err
	}
	path := "/c/" + string(k.ID)
	switch {
	case v.session.ID == "":
		people, err := s.personas(r.Context(), v)
		if err != nil {
			return err
		}
		view.SignIn = ui.SignIn{Next: path, Personas: people}
	case k.Payment.NextAction.Digest == "":
		view.Own = true // the shop's owner looks at their own checkout
	default:
		sheet, err := s.sheet(r, v, k.Payment, path, "", refusal)
		if err != nil {
			return err
		}
		sheet.Bill, sheet.Reference = billAndReference(k.Bill, sheet.Reference)
		view.Confirm, sheet.Handover = &sheet, view.Handover
	}
	return nil
}

// billAndReference leaves out a reference that says the bill's number once more.
func billAndReference(bill, reference string) (string, string) {
	if bill == reference {
		reference = ""
	}
	return bill, reference
}

// wayOut is the link back to the shop: where it wants its payer after paying, or without.
func wayOut(k payment.Checkout, state string) (href, host string) {
	out := k.ReturnURL
	if state != "paid" && state != "authorized" && k.CancelURL != "" {
		out = k.CancelURL
	}
	if u, err := url.Parse(out); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		return out, u.Host
	}
	return "", ""
}

// way is how somebody wants to pay, as the address or the form says; the first unless it is one that is offered.
func way(r *http.Request, offered []string) string {
	if chosen := r.FormValue("pay"); slices.Contains(offered, chosen) {
		return chosen
	}
	return offered[0]
}

// extendCheckout gives whoever pays more time. Where that is no longer possible the page says how the checkout stands.
func (s *site) extendCheckout(w http.ResponseWriter, r *http.Request, _ *visit) error {
	id := payment.CheckoutID(r.PathValue("checkout"))
	to := "/c/" + string(id)
	shown, err := time.Parse(time.RFC3339Nano, r.PostForm.Get("until"))
	if err != nil {
		return fault.ErrMalformed.Because(err)
	}
	k, err := s.Payments.ExtendCheckout(r.Context(), id, shown)
	if f, ok := fault.As(err); ok && f.Kind == fault.Conflict {
		err = nil
		s.flash(w, "warn", "checkout.extend.not")
	} else if err == nil && !k.Replayed {
		s.flash(w, "ok", "checkout.extended")
	}
	if err != nil {
		return err
	}
	if pay := r.PostForm.Get("pay"); pay != "" {
		to += "?" + url.Values{"pay": {pay}}.Encode()
	}
	return s.redirect(w, r, to)
}

// checkoutState is the page's word for how a checkout stands.
func checkoutState(k payment.Checkout) string {
	switch k.State {
	case payment.CheckoutOpen:
		return "open"
	case payment.CheckoutCanceled:
		return "voided"
	case payment.CheckoutExpired:
		if k.Payment.State == payment.Failed {
			return "failed"
		}
		return "expired"
	}
	switch k.Payment.State {
	case payment.Authorized:
		return "authorized"
	case payment.Refunded:
		return "refunded"
	case payment.Processing, payment.Held:
		return "processing"
	}
	return "paid"
}

// payCheckout is the payer's yes on the checkout's own page.
func (s *site) payCheckout(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := payment.CheckoutID(r.PathValue("checkout"))
	k, err := s.Payments.ViewCheckout(r.Context(), v.caller(), id)
	if err != nil {
		return err
	}
	if r.PostForm.Get("payment") != string(k.Payment.ID) {
		return errCrossed
	}
	_, err = s.Payments.PayCheckout(r.Context(), v.caller(), id, payment.Consent{Digest: shownDigest(r),
		Contact: givenIn(r.PostForm, k)}, confirmCall(k.Payment.ID))
	if err == nil {
		s.keepHanded(r, v, k)
		return s.redirect(w, r, "/c/"+string(id))
	}
	_, mended, lost := s.afterRefusal(r, v, k.Payment.ID, err)
	switch {
	case lost != nil && codeOf(lost) == "not_found":
		return s.redirect(w, r, "/c/"+string(id)) // somebody else paid it first
	case lost != nil:
		return lost
	case mended == nil:
		return s.redirect(w, r, "/c/"+string(id))
	}
	if k, err = s.Payments.ViewCheckout(r.Context(), v.caller(), id); err != nil {
		return errors.Join(err, mended)
	}
	if name, ok := contactField(mended); ok {
		_, words, _ := field(v.scene.Lang, mended)
		return s.checkoutWith(w, r, v, refusalStatus(mended), k, nil, ui.FieldErrors{name: words})
	}
	return s.checkoutPage(w, r, v, refusalStatus(mended), k, mended)
}
