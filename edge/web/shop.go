package web

import (
	"cmp"
	"net/http"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// ownShop finds the shop in the address, for somebody who has a role in it. For anybody else there is nothing here.
func (s *site) ownShop(r *http.Request, v *visit) (merchant.Shop, payment.Caller, error) {
	id := merchant.ID(r.PathValue("shop"))
	role, err := s.Shops.RoleOf(r.Context(), id, v.session.Person.ID)
	if err != nil {
		return merchant.Shop{}, payment.Caller{}, err
	}
	if role != merchant.RoleOwner {
		return merchant.Shop{}, payment.Caller{}, fault.ErrNotFound
	}
	shop, err := s.Shops.Get(r.Context(), id)
	v.scene.Area = "shop:" + string(id)
	return shop, payment.Caller{Shop: id, AuthenticatedAt: v.session.AuthenticatedAt}, err
}

func (s *site) shop(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, c, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	view := ui.Shop{ID: string(shop.ID), Name: shop.Name, Handle: shop.Handle}
	if shop.State != merchant.Active {
		view.Note = v.say("shop.is." + string(shop.State))
	}
	if view.Pockets, err = s.pockets(r, "merchant/"+string(shop.ID), nil); err != nil {
		return err
	}
	base := "/m/" + string(shop.ID)
	if view.Activity, err = s.feed(r, v, c, base, base+"/payments"); err != nil {
		return err
	}
	return s.draw(w, r, v, http.StatusOK, ui.Extra{Htmx: true}, ui.ShopPage(view))
}

func (s *site) shopPayment(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.shopPaymentPage(w, r, v, http.StatusOK, nil)
}

func (s *site) shopPaymentPage(w http.ResponseWriter, r *http.Request, v *visit, status int, problems ui.FieldErrors) error {
	shop, c, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	p, err := s.Payments.Get(r.Context(), c, payment.ID(r.PathValue("payment")))
	if err != nil {
		return err
	}
	side := "payee"
	if p.Payer == string(shop.ID) { // a refund goes out from the shop
		side = "payer"
	}
	view := v.details(p, side)
	if view.Refunds, err = s.refunds(r.Context(), v, c, p, "/m/"+string(shop.ID)+"/payments"); err != nil {
		return err
	}
	if view.Handed, err = s.handed(r, c, p); err != nil {
		return err
	}
	view.Back, view.BackHref = shop.Name, "/m/"+string(shop.ID)
	if side == "payee" {
		view.Shop = shopActions(p, shop.ID, problems)
	}
	extra := ui.Extra{}
	if problems == nil {
		if view.Live {
			extra = ui.Extra{Live: true, Refresh: "2"}
		}
	} else {
		view.Live = false // what was typed must not be swapped away
		view.Shop.CaptureValue, view.Shop.RefundValue = cmp.Or(r.PostForm.Get("capture"), view.Shop.CaptureValue),
			cmp.Or(r.PostForm.Get("refund"), view.Shop.RefundValue)
		view.Shop.RefundSaid = r.PostForm.Get("reason")
	}
	return s.draw(w, r, v, status, extra, ui.PaymentPage(view))
}

func shopActions(p payment.Payment, shop merchant.ID, problems ui.FieldErrors) *ui.ShopActions {
	left := p.Amount.Currency.Of(p.Captured - p.Refunded)
	return &ui.ShopActions{Shop: string(shop), Currency: p.Amount.Currency.Code, Nonce: nonce(), Error: problems,
		CanCapture: p.State == payment.Authorized, CanVoid: p.State == payment.Authorized || p.State == payment.AwaitingConfirmation,
		CanRefund:    (p.State == payment.Completed || p.State == payment.PartlyRefunded) && left.Minor > 0,
		CaptureValue: p.Amount.Decimal(), RefundValue: left.Decimal()}
}

// act is the frame of the shop's forms: it reads the amount, calls the verb, and shows the page again with what went wrong.
func (s *site) act(w http.ResponseWriter, r *http.Request, v *visit, name, done string,
	verb func(c payment.Caller, p payment.Payment, amount *money.Amount) error) error {
	shop, c, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	p, err := s.Payments.Get(r.Context(), c, payment.ID(r.PathValue("payment")))
	if err != nil {
		return err
	}
	var amount *money.Amount
	if name != "" {
		read, err := amountField(r.PostForm.Get(name), p.Amount.Currency)
		if err != nil {
			_, words, _ := field(v.scene.Lang, err)
			return s.shopPaymentPage(w, r, v, http.StatusUnprocessableEntity, ui.FieldErrors{name: words})
		}
		amount = &read
	}
	if err = verb(c, p, amount); err == nil {
		s.flash(w, "ok", done)
		return s.redirect(w, r, "/m/"+string(shop.ID)+"/payments/"+string(p.ID))
	}
	if stale(err) {
		return s.shopPaymentPage(w, r, v, http.StatusConflict, ui.FieldErrors{"": v.say("form.stale")})
	}
	param, words, ok := field(v.scene.Lang, err)
	if !ok {
		return err
	}
	if param == "amount" {
		return s.shopPaymentPage(w, r, v, refusalStatus(err), ui.FieldErrors{name: words})
	}
	return s.shopPaymentPage(w, r, v, refusalStatus(err), ui.FieldErrors{"": words})
}

func (s *site) capture(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.act(w, r, v, "capture", "shop.capture.done", func(c payment.Caller, p payment.Payment, amount *money.Amount) error {
		_, err := s.Payments.Capture(r.Context(), c, p.ID, amount, formCall(r.PostForm.Get("nonce"), string(p.ID), amount.String()))
		return err
	})
}

func (s *site) void(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.act(w, r, v, "", "shop.void.done", func(c payment.Caller, p payment.Payment, _ *money.Amount) error {
		_, err := s.Payments.Void(r.Context(), c, p.ID, formCall(r.PostForm.Get("nonce"), string(p.ID)))
		return err
	})
}

func (s *site) refund(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.act(w, r, v, "refund", "shop.refund.done", func(c payment.Caller, p payment.Payment, amount *money.Amount) error {
		reason := r.PostForm.Get("reason")
		_, err := s.Payments.Refund(r.Context(), c, p.ID, amount, reason,
			formCall(r.PostForm.Get("nonce"), string(p.ID), amount.String(), reason))
		return err
	})
}
