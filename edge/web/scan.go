package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"billfold/base/fault"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/core/payment/qr"
	"billfold/edge/web/ui"
)

// scan reads a payment code: typed or pasted, from a picture, or by the camera where the browser has one.
func (s *site) scan(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.scanPage(w, r, v, http.StatusOK, ui.Scan{})
}

func (s *site) scanPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.Scan) error {
	v.scene.Area = "scan"
	view.Nonce = nonce()
	return s.draw(w, r, v, status, ui.Extra{Scan: view.Read == nil}, ui.ScanPage(view))
}

// resolve finds out what a code means. A till's code leads to its session. A sticker that leaves nothing open becomes a payment at once,
// and its sheet is shown; one that does asks first. The code is read again at every step: what the page carried along is never believed.
func (s *site) resolve(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	view := ui.Scan{Code: f.Get("code")}
	if to, ok := s.ownLink(view.Code); ok {
		return s.redirect(w, r, to)
	}
	refuse := func(err error) error {
		found, ok := fault.As(err)
		if !ok || found.Kind == fault.Internal || found.Kind == fault.Unavailable {
			return err
		}
		view.Read = nil
		view.Problem = v.say("problem.line", found.Title.In(v.scene.Lang), detail(v.scene.Lang, found))
		status := refusalStatus(err)
		if found.Kind == fault.NotFound {
			status = http.StatusUnprocessableEntity
		}
		return s.scanPage(w, r, v, status, view)
	}
	read, err := s.Payments.ReadCode(r.Context(), view.Code)
	if err != nil {
		return refuse(err)
	}
	if read.Checkout != "" {
		return s.redirect(w, r, "/c/"+string(read.Checkout))
	}
	ask := &ui.ScanRead{Shop: read.Shop.Name, Handle: read.Shop.Handle, Terminal: read.Terminal, Currency: read.Currency.Code,
		AskTip: read.TipKind == qr.AskTip, AskBill: read.Bill == qr.AskPayer, Amount: f.Get("amount"), TipTyped: f.Get("tip"),
		Bill: f.Get("bill")}
	if ask.Store, err = s.place(r, read.Shop.ID, string(read.Store)); err != nil {
		return err
	}
	if read.Asked {
		ask.Money, ask.Tip = ui.Amount(read.Amount), ui.Amount(read.Tip)
	}
	view.Read = ask
	open := !read.Asked || ask.AskTip || ask.AskBill
	if open && f.Get("nonce") == "" {
		return s.scanPage(w, r, v, http.StatusOK, view)
	}
	terms, param, err := scanTerms(read, f)
	if err != nil {
		_, words, ok := field(v.scene.Lang, err)
		if !ok {
			return err
		}
		view.Errors = ui.FieldErrors{param: words}
		return s.scanPage(w, r, v, refusalStatus(err), view)
	}
	key := cmp.Or(f.Get("nonce"), nonce())
	p, err := s.Payments.Create(r.Context(), v.caller(), terms, false, formCall(key, view.Code, terms.Amount.String(), terms.Reference))
	if err != nil {
		return refuse(err)
	}
	return s.redirect(w, r, "/confirm/"+string(p.ID))
}

// place is a store as it is registered, "Linden Square, Berlin"; "" where a payment names none of the shop's.
func (s *site) place(r *http.Request, shop merchant.ID, store string) (string, error) {
	if store == "" {
		return "", nil
	}
	found, err := s.Shops.Store(r.Context(), shop, merchant.StoreID(store))
	if errors.Is(err, merchant.ErrNotFound) {
		return "", nil
	}
	if found.City != "" {
		found.Name += ", " + found.City
	}
	return found.Name, err
}

// scanTerms are the terms of a static code with what the payer filled in.
func scanTerms(read payment.Reading, f url.Values) (t payment.Terms, param string, err error) {
	amount := read.Amount
	if !read.Asked {
		if amount, err = amountField(f.Get("amount"), read.Currency); err != nil {
			return t, "amount", err
		}
	}
	tip, err := read.TipOn(amount)
	if err != nil {
		return t, "tip", err
	}
	if typed := strings.TrimSpace(f.Get("tip")); read.TipKind == qr.AskTip && typed != "" {
		if tip, err = typedAmount(typed, read.Currency); err != nil {
			return t, "tip", err
		}
	}
	if tip.Currency == amount.Currency {
		if amount, err = amount.Add(tip); err != nil {
			return t, "tip", err
		}
	}
	bill := read.Bill
	if bill == qr.AskPayer {
		bill = strings.TrimSpace(f.Get("bill"))
	}
	if bill, err = payment.CleanBill(bill); err != nil {
		return t, "bill", err
	}
	t = payment.Terms{Payee: string(read.Shop.ID), Amount: amount, Reference: bill, Metadata: map[string]string{}}
	for name, value := range map[string]string{"store": string(read.Store), "terminal": read.Terminal, payment.MetaBill: bill} {
		if value != "" {
			t.Metadata[name] = value
		}
	}
	if tip.Minor > 0 {
		t.Metadata[payment.MetaTip] = tip.MinorString()
	}
	return t, "bill", nil
}

// ownLink is the page behind an address of ours that somebody scanned. Only pages where one pays are led to.
func (s *site) ownLink(code string) (to string, ok bool) {
	rest, ours := strings.CutPrefix(strings.TrimSpace(code), s.PublicURL)
	if !ours {
		return "", false
	}
	for _, place := range []string{"/c/", "/l/", "/u/", "/r/", "/g/"} {
		if strings.HasPrefix(rest, place) {
			return local(rest, ""), local(rest, "") != ""
		}
	}
	return "", false
}
