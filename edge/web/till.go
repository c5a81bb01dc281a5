package web

import (
	"errors"
	"net/http"
	"time"

	"billfold/base/fault"
	"billfold/base/once"
	"billfold/base/telemetry"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// The till is a page of its own: no wallet is signed in here. The device is known by one cookie and who stands at it by another.
const (
	cookieTill  = "bf_till"
	cookieShift = "bf_shift"
	tillKept    = 400 * 24 * time.Hour // as long as browsers keep a cookie
	tillRows    = 50                   // sales on a page of the day's
	saleLife    = 15 * time.Minute     // how long a code on the till's screen can be paid
)

// stand is what a till's device is: its till and shop, and the shift if somebody is signed in.
type stand struct {
	till  merchant.Till
	shop  merchant.Shop
	shift *merchant.Shift
}

func (d stand) caller() payment.Caller {
	return payment.Caller{Shop: d.shop.ID, Staff: d.shift.Staff.ID, AuthenticatedAt: d.shift.StartedAt}
}

// stand finds the till of the device. Without one the error is till_not_paired.
func (s *site) stand(r *http.Request) (stand, error) {
	device := s.cookie(r, cookieTill)
	if device == "" {
		return stand{}, merchant.ErrTillDevice
	}
	shift, err := s.Shops.ShiftOf(r.Context(), device, s.cookie(r, cookieShift))
	d := stand{till: shift.Till, shift: &shift}
	if errors.Is(err, merchant.ErrShiftEnded) {
		d.shift = nil
		d.till, err = s.Shops.TillOf(r.Context(), device)
	}
	if err != nil {
		return stand{}, err
	}
	telemetry.Visits(r.Context(), string(d.till.ID))
	d.shop, err = s.Shops.Get(r.Context(), d.till.Shop)
	return d, err
}

// till is the first page of the device: pair it, sign in, or sell.
func (s *site) till(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.tillPage(w, r, v, http.StatusOK, ui.Till{})
}

func (s *site) tillPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.Till) error {
	d, err := s.stand(r)
	if errors.Is(err, merchant.ErrTillDevice) {
		return s.draw(w, r, v, status, ui.Extra{}, ui.TillPairPage(view))
	}
	if err != nil {
		return err
	}
	view.Shop, view.Till, view.Nonce = d.shop.Name, d.till.Name, nonce()
	if d.shift == nil {
		list, err := s.Shops.StaffOf(r.Context(), d.shop.ID)
		if err != nil {
			return err
		}
		for _, st := range list {
			if !st.Ended {
				view.Staff = append(view.Staff, ui.StaffLine{ID: string(st.ID), Name: st.Name, Locked: st.Locked})
			}
		}
		return s.draw(w, r, v, status, ui.Extra{}, ui.TillSignInPage(view))
	}
	view.Name, view.Currencies = d.shift.Staff.Name, d.shop.Currencies
	if _, _, err := s.setTill(r, d.shop, &view); err != nil {
		return err
	}
	if view.Currency == "" {
		view.Currency = d.shop.Currencies[0]
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.TillPage(view))
}

// tillProblem shows the till again with what went wrong, where that belongs to a field.
func (s *site) tillProblem(w http.ResponseWriter, r *http.Request, v *visit, view ui.Till, err error) error {
	if errors.Is(err, merchant.ErrTillDevice) || errors.Is(err, merchant.ErrShiftEnded) {
		return s.redirect(w, r, "/till")
	}
	if stale(err) {
		view.Errors = ui.FieldErrors{"": v.say("form.stale")}
		return s.tillPage(w, r, v, http.StatusConflict, view)
	}
	name, words, ok := field(v.scene.Lang, err)
	if !ok {
		return err
	}
	if name == "currency" { // which stands beside the amount
		name = "amount"
	}
	view.Errors = ui.FieldErrors{name: words}
	return s.tillPage(w, r, v, refusalStatus(err), view)
}

func (s *site) tillPair(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, device, err := s.Shops.Pair(r.Context(), r.PostForm.Get("code"))
	if err != nil {
		f, ok := fault.As(err)
		if !ok || f.Code != merchant.ErrTillCode.Code {
			return err
		}
		return s.tillPage(w, r, v, http.StatusUnprocessableEntity, ui.Till{Errors: ui.FieldErrors{"code": detail(v.scene.Lang, f)}})
	}
	s.setCookie(w, cookieTill, device, tillKept)
	s.setCookie(w, cookieShift, "", -1)
	return s.redirect(w, r, "/till")
}

func (s *site) tillSignIn(w http.ResponseWriter, r *http.Request, v *visit) error {
	view := ui.Till{Chosen: r.PostForm.Get("staff")}
	secret, err := s.Shops.SignIn(r.Context(), s.cookie(r, cookieTill), merchant.StaffID(view.Chosen), r.PostForm.Get("pin"))
	if err != nil {
		return s.tillProblem(w, r, v, view, err)
	}
	s.setCookie(w, cookieShift, secret, 12*time.Hour)
	return s.redirect(w, r, "/till")
}

func (s *site) tillSignOut(w http.ResponseWriter, r *http.Request, _ *visit) error {
	if shift := s.cookie(r, cookieShift); shift != "" {
		if err := s.Shops.EndShift(r.Context(), shift); err != nil {
			return err
		}
	}
	s.setCookie(w, cookieShift, "", -1)
	return s.redirect(w, r, "/till")
}

// working is the stand of a device at which somebody is signed in.
func (s *site) working(r *http.Request) (stand, error) {
	d, err := s.stand(r)
	if err == nil && d.shift == nil {
		err = merchant.ErrShiftEnded
	}
	return d, err
}

// tillCharge asks for an amount: the payer scans what the next page shows.
func (s *site) tillCharge(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	view := ui.Till{Amount: f.Get("amount"), Currency: f.Get("currency"), What: f.Get("what")}
	d, err := s.working(r)
	if err != nil {
		return s.tillProblem(w, r, v, view, err)
	}
	items, rules, err := s.setTill(r, d.shop, &view)
	if err != nil {
		return err
	}
	sold, err := s.readCart(v, f, items, rules)
	if err == nil && f.Get("do") == "sum" { // without JavaScript the total is asked for
		view.Total = ui.Amount(sold.total)
		return s.tillPage(w, r, v, http.StatusOK, view)
	}
	var bill string
	if err == nil {
		bill, err = payment.CleanBill(view.Bill)
	}
	if err == nil && bill == "" {
		bill, err = s.Shops.NextBill(r.Context(), d.shop.ID)
	}
	if err != nil {
		return s.tillProblem(w, r, v, view, err)
	}
	meta := map[string]string{"till": string(d.till.ID), "staff": string(d.shift.Staff.ID), "store": string(d.till.Store)}
	if bill != "" {
		meta[payment.MetaBill] = bill
	}
	k, err := s.Payments.CreateCheckout(r.Context(), d.caller(), payment.CheckoutTerms{InPerson: true, Till: d.till.ID, Items: sold.lines,
		Terms: payment.Terms{Amount: sold.total, Description: view.What, Reference: bill, ExpiresAt: s.Clock.Now().Add(saleLife),
			Metadata: meta}}, formCall(f.Get("nonce"), sold.said, view.What, view.Bill))
	if err != nil {
		return s.tillProblem(w, r, v, view, err)
	}
	return s.redirect(w, r, "/till/"+string(k.ID))
}

// tillSale is the page that both look at: the code until it is paid, then how it ended.
func (s *site) tillSale(w http.ResponseWriter, r *http.Request, v *visit) error {
	d, err := s.working(r)
	if err != nil {
		return s.tillProblem(w, r, v, ui.Till{}, err)
	}
	k, err := s.Payments.GetCheckout(r.Context(), d.caller(), payment.CheckoutID(r.PathValue("checkout")))
	if err != nil {
		return err
	}
	view := ui.Sale{ID: string(k.ID), Shop: d.shop.Name, Till: d.till.Name, State: checkoutState(k), Money: ui.Amount(k.Payment.Amount),
		What: k.Payment.Description, Link: s.PublicURL + "/c/" + string(k.ID), Until: k.ExpiresAt, Receipt: k.Payment.Receipt,
		Payer: k.Payment.PayerName, Bill: k.Bill, Items: itemLines(k)}
	extra := ui.Extra{}
	if view.State == "open" {
		view.Code, err = s.Payments.CheckoutCode(r.Context(), d.caller(), k.ID)
		if err != nil && codeOf(err) != payment.ErrState.Code { // paid since it was read: the page asks again by itself
			return err
		}
		extra = ui.Extra{Htmx: true, Refresh: "2"}
	}
	return s.draw(w, r, v, http.StatusOK, extra, ui.SalePage(view))
}

// tillCancel takes back a code that nobody has paid.
func (s *site) tillCancel(w http.ResponseWriter, r *http.Request, v *visit) error {
	d, err := s.working(r)
	if err != nil {
		return s.tillProblem(w, r, v, ui.Till{}, err)
	}
	id := payment.CheckoutID(r.PathValue("checkout"))
	_, err = s.Payments.ExpireCheckout(r.Context(), d.caller(), id, once.Call{Key: "till-cancel-" + string(id)})
	if codeOf(err) == payment.ErrState.Code { // paid in the meantime: its page says so
		return s.redirect(w, r, "/till/"+string(id))
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/till")
}

// itemLines are the lines of what is bought, as pages show them.
func itemLines(k payment.Checkout) (list []ui.Item) {
	for _, item := range k.Items {
		list = append(list, ui.Item{Name: item.Name, Quantity: item.Quantity, Money: ui.Amount(k.Payment.Amount.Currency.Of(item.Amount))})
	}
	return list
}

// tillToday lists what this till sold since midnight, with what can be given back.
func (s *site) tillToday(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.tillTodayPage(w, r, v, http.StatusOK, "")
}

func (s *site) tillTodayPage(w http.ResponseWriter, r *http.Request, v *visit, status int, problem string) error {
	d, err := s.working(r)
	if err != nil {
		return s.tillProblem(w, r, v, ui.Till{}, err)
	}
	view := ui.TillDay{Shop: d.shop.Name, Till: d.till.Name, Name: d.shift.Staff.Name, Nonce: nonce(), Problem: problem}
	for _, limit := range d.shift.Staff.Limits {
		view.Limits = append(view.Limits, ui.Amount(limit))
	}
	page, err := s.Payments.TillSales(r.Context(), payment.Caller{Shop: d.shop.ID}, d.till.ID, midnight(s.Clock.Now(), v.scene.Zone),
		r.URL.Query().Get("cursor"), tillRows)
	if err != nil {
		return err
	}
	if page.Next != "" {
		view.Older = "/till/today?cursor=" + page.Next
	}
	for _, item := range page.Items {
		p := item.Payment
		view.Sales = append(view.Sales, ui.SaleLine{ID: string(p.ID), At: p.CreatedAt, State: string(p.State), Money: ui.Amount(p.Amount),
			What: p.Description, Bill: p.Bill(), Left: p.Amount.Currency.Of(p.Captured - p.Refunded).Decimal(), Code: p.Amount.Currency.Code,
			CanRefund: p.Captured > p.Refunded})
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.TillDayPage(view))
}

// midnight is when the reader's day began.
func midnight(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// tillRefund gives back what the clerk may give back.
func (s *site) tillRefund(w http.ResponseWriter, r *http.Request, v *visit) error {
	d, err := s.working(r)
	if err != nil {
		return s.tillProblem(w, r, v, ui.Till{}, err)
	}
	f := r.PostForm
	id := payment.ID(f.Get("payment"))
	p, err := s.Payments.Get(r.Context(), d.caller(), id)
	if err != nil {
		return err
	}
	amount, err := amountField(f.Get("amount"), p.Amount.Currency)
	if err == nil {
		_, err = s.Payments.Refund(r.Context(), d.caller(), id, &amount, f.Get("reason"),
			formCall(f.Get("nonce"), string(id), amount.String(), f.Get("reason")))
	}
	if err == nil {
		s.flash(w, "ok", "shop.refund.done")
		return s.redirect(w, r, "/till/today")
	}
	if stale(err) {
		return s.tillTodayPage(w, r, v, http.StatusConflict, v.say("form.stale"))
	}
	found, ok := fault.As(err)
	if !ok || found.Kind == fault.NotFound || found.Kind == fault.Internal {
		return err
	}
	return s.tillTodayPage(w, r, v, refusalStatus(err), detail(v.scene.Lang, found))
}
