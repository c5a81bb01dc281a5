package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/identity/ecml"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// shopLinks is the owner's page of addresses for being paid.
func (s *site) shopLinks(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.shopLinksPage(w, r, v, http.StatusOK, ui.PayLinkForm{})
}

func (s *site) shopLinksPage(w http.ResponseWriter, r *http.Request, v *visit, status int, form ui.PayLinkForm) error {
	shop, c, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	list, next, err := s.Payments.PayLinks(r.Context(), c, r.URL.Query().Get("cursor"), 50)
	if err != nil {
		return err
	}
	form.Currencies, form.Nonce = shop.Currencies, nonce()
	for _, set := range contactSets {
		form.Asks = append(form.Asks, ui.Choice{Name: set.name, On: slices.Contains(r.PostForm["ask"], set.name)})
	}
	if form.Currency == "" {
		form.Currency = shop.Currencies[0]
	}
	view := ui.PayLinks{ID: string(shop.ID), Name: shop.Name, Form: form}
	if next != "" {
		view.More = "/m/" + string(shop.ID) + "/links?cursor=" + next
	}
	for i := range list {
		view.Links = append(view.Links, s.payLinkLine(&list[i]))
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.PayLinksPage(view))
}

func (s *site) payLinkLine(l *payment.PayLink) ui.PayLink {
	line := ui.PayLink{ID: string(l.ID), Shop: l.ShopName, Title: l.Title, Note: l.Description, URL: s.PublicURL + "/l/" + string(l.ID),
		State: l.State(s.Clock.Now()), Used: l.Used, Most: l.Most, ExpiresAt: l.ExpiresAt, Currency: l.Amount.Currency.Code}
	for _, f := range l.Contact {
		_, part, _ := ecml.Split(f.Name)
		line.Asks = append(line.Asks, string(part))
	}
	if !l.Open() {
		line.Money = ui.Amount(l.Amount)
	}
	if l.Least > 0 {
		line.Least = ui.Amount(l.Amount.Currency.Of(l.Least))
	}
	return line
}

// makeLink makes one. An empty amount lets the payer type it.
func (s *site) makeLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, c, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	f := r.PostForm
	form := ui.PayLinkForm{Title: f.Get("title"), Note: f.Get("description"), Amount: f.Get("amount"), Currency: f.Get("currency"),
		Uses: f.Get("uses"), Days: f.Get("days")}
	l := payment.PayLink{Title: form.Title, Description: form.Note, Contact: asksFor(f["ask"])}
	param := "amount"
	if l.Amount.Currency, err = money.ParseCurrency(form.Currency); err == nil && strings.TrimSpace(form.Amount) != "" {
		l.Amount, err = amountField(form.Amount, l.Amount.Currency)
	}
	if err == nil {
		param = "uses"
		l.Most, err = wholeField(form.Uses, 1_000_000)
	}
	if err == nil {
		param = "days"
		var days int64
		if days, err = wholeField(form.Days, 3650); days > 0 {
			l.ExpiresAt = s.Clock.Now().Add(time.Duration(days) * 24 * time.Hour)
		}
	}
	if err != nil {
		if found, ok := fault.As(err); ok {
			err = found.With(param)
		}
	} else {
		_, err = s.Payments.CreatePayLink(r.Context(), c, l, formCall(f.Get("nonce"), form.Title, form.Note, form.Amount, form.Currency,
			form.Uses, form.Days, strings.Join(f["ask"], " ")))
	}
	if err == nil {
		s.flash(w, "ok", "links.made")
		return s.redirect(w, r, "/m/"+string(c.Shop)+"/links")
	}
	name, words, ok := field(v.scene.Lang, err)
	if !ok {
		return err
	}
	form.Errors = ui.FieldErrors{name: words}
	return s.shopLinksPage(w, r, v, refusalStatus(err), form)
}

// wholeField reads a number that may be left out.
func wholeField(typed string, most int64) (int64, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(typed, 10, 64)
	if err != nil || n < 1 || n > most {
		return 0, payment.ErrPayLink
	}
	return n, nil
}

// setLink closes an address, or opens it again.
func (s *site) setLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, c, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	if _, err := s.Payments.SetPayLink(r.Context(), c, payment.PayLinkID(r.PathValue("link")), r.PostForm.Get("do") == "disable"); err != nil {
		return err
	}
	s.flash(w, "ok", "links.saved")
	return s.redirect(w, r, "/m/"+string(c.Shop)+"/links")
}

// payLink is what somebody finds under the address: what the shop asks, from our books.
func (s *site) payLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.payLinkPage(w, r, v, http.StatusOK, "", nil)
}

func (s *site) payLinkPage(w http.ResponseWriter, r *http.Request, v *visit, status int, typed string, wrong ui.FieldErrors) error {
	l, err := s.Payments.ViewPayLink(r.Context(), payment.PayLinkID(r.PathValue("link")))
	if err != nil {
		return err
	}
	view := s.payLinkLine(&l)
	view.Nonce, view.Typed, view.Errors = nonce(), typed, wrong
	return s.draw(w, r, v, status, ui.Extra{}, ui.PayLinkPage(view))
}

// openLink opens a checkout under the address.
func (s *site) openLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	link := payment.PayLinkID(r.PathValue("link"))
	l, err := s.Payments.ViewPayLink(r.Context(), link)
	if err != nil {
		return err
	}
	amount, typed := l.Amount, f.Get("amount")
	if l.Open() {
		if amount, err = amountField(typed, l.Amount.Currency); err != nil {
			if found, ok := fault.As(err); ok {
				err = found.With("amount")
			}
		}
	}
	if err == nil {
		var k payment.Checkout
		if k, err = s.Payments.OpenPayLink(r.Context(), link, amount, formCall(f.Get("nonce"), string(link), typed)); err == nil {
			return s.redirect(w, r, "/c/"+string(k.ID))
		}
	}
	name, words, ok := field(v.scene.Lang, err)
	if !ok {
		return err
	}
	if name != "amount" {
		name = ""
	}
	return s.payLinkPage(w, r, v, refusalStatus(err), typed, ui.FieldErrors{name: words})
}
