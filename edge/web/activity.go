package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"billfold/base/money"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// pageRows is how many payments a page of activity shows.
const pageRows = 20

func (s *site) activity(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "activity"
	view, err := s.feed(r, v, v.caller(), "/activity", "/activity")
	if err != nil {
		return err
	}
	return s.draw(w, r, v, http.StatusOK, ui.Extra{Htmx: true, Live: view.Newest}, ui.ActivityPage(view))
}

// feed is the list of an owner's payments as the address filters it. A filter value that does not exist is left out, so that an old
// bookmark still opens; where it was typed, its field says so.
func (s *site) feed(r *http.Request, v *visit, c payment.Caller, base, folder string) (ui.Activity, error) {
	q := r.URL.Query()
	typed := ui.ReadFilter(q)
	f, wrong := v.filter(&typed)
	cursor := q.Get("cursor")
	page, err := s.Payments.Activity(r.Context(), c, c.Owner(), f, cursor, pageRows)
	if err != nil {
		return ui.Activity{}, err
	}
	view := ui.Activity{Base: base, Newest: cursor == "", Filter: typed, Wrong: wrong}
	if r.Header.Get("HX-Request") != "" {
		view.Day = q.Get("day")
	}
	for _, item := range page.Items {
		view.Rows = append(view.Rows, v.row(item, folder))
	}
	if page.Next != "" {
		day := q.Get("day")
		if n := len(view.Rows); n > 0 {
			day = view.Rows[n-1].At.In(v.scene.Zone).Format(time.DateOnly)
		}
		view.Next = view.Older(page.Next, day)
	}
	return view, nil
}

// filter reads what was typed into an address, and takes out of it what cannot be meant. wrong is what was taken out of a field that one
// types in.
func (v *visit) filter(typed *ui.Filter) (_ payment.ActivityFilter, wrong ui.Filter) {
	f := payment.ActivityFilter{Text: strings.TrimSpace(typed.Text)}
	if c, ok := money.Lookup(typed.Currency); ok {
		f.Currency = c.Code
	}
	typed.Currency = f.Currency
	if len(f.Text) > textMost {
		wrong.Text, f.Text = f.Text, ""
	}
	if d := payment.Direction(typed.Direction); d == payment.In || d == payment.Out {
		f.Direction = d
	}
	if s := payment.State(typed.State); slices.Contains(payment.States, s) {
		f.State = s
	}
	switch k := payment.Kind(typed.Kind); k {
	case payment.Purchase, payment.Transfer, payment.TopUp, payment.Withdrawal, payment.Refund, payment.Exchange:
		f.Kind = k
	}
	if day, err := time.ParseInLocation(time.DateOnly, typed.Since, v.scene.Zone); err == nil {
		f.Since = day
	} else {
		wrong.Since, typed.Since = typed.Since, ""
	}
	if day, err := time.ParseInLocation(time.DateOnly, typed.Until, v.scene.Zone); err == nil {
		f.Until = day.AddDate(0, 0, 1) // by the calendar: a day may have 23 hours
	} else {
		wrong.Until, typed.Until = typed.Until, ""
	}
	f.Least, wrong.Least = decimal(typed.Least)
	f.Most, wrong.Most = decimal(typed.Most)
	typed.Text, typed.Direction, typed.State, typed.Kind = f.Text, string(f.Direction), string(f.State), string(f.Kind)
	typed.Least, typed.Most = f.Least, f.Most
	return f, wrong
}

// textMost bounds a search, in bytes: the field's hundred letters, of any script.
const textMost = 400

var decimals = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,8})?$`)

// decimal is a typed amount with a point, or what is none.
func decimal(typed string) (value, wrong string) {
	value = strings.Replace(strings.TrimSpace(typed), ",", ".", 1)
	if !decimals.MatchString(value) {
		return "", typed
	}
	return value, ""
}

// payment is one payment as the signed-in person sees it: its payer, its payee, or somebody who may still become its payer.
func (s *site) payment(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.paymentPage(w, r, v, http.StatusOK, ui.OwnNote{})
}

func (s *site) paymentPage(w http.ResponseWriter, r *http.Request, v *visit, status int, note ui.OwnNote) error {
	p, view, err := s.mine(r, v)
	if err != nil {
		return err
	}
	if view.Own = note; note.Error == "" {
		if view.Own.Text, err = s.Payments.Note(r.Context(), v.caller(), p.ID); err != nil {
			return err
		}
	}
	view.Own.Action = "/activity/" + view.ID + "/note"
	if view.Refunds, err = s.refunds(r.Context(), v, v.caller(), p, "/activity"); err != nil {
		return err
	}
	if err := s.dressOutside(r, v, p, &view); err != nil {
		return err
	}
	if view.Between, err = s.between(r, v, p); err != nil {
		return err
	}
	if view.Between.Link != "" {
		w.Header().Set("Referrer-Policy", "no-referrer")
	}
	if view.Case, err = s.lastCase(r, v, view.ID); err != nil {
		return err
	}
	if view.Handed, err = s.handed(r, v.caller(), p); err != nil {
		return err
	}
	if view.Filed, err = s.filed(r, v, p); err != nil {
		return err
	}
	view.BackHref, view.Back = "/activity", v.say("nav.activity")
	if p.NextAction.Digest != "" {
		view.ConfirmHref = "/confirm/" + string(p.ID)
	}
	extra := ui.Extra{}
	if to := local(r.FormValue("return"), ""); to != "" {
		view.ReturnHref = to
	}
	if view.Live {
		extra = ui.Extra{Live: true, Refresh: "2"}
	}
	if view.Play != nil {
		extra.Refresh = "" // without JavaScript the page must not go while somebody fills in its form
	}
	return s.draw(w, r, v, status, extra, ui.PaymentPage(view))
}

// mine is a payment of the signed-in person, and how they see it.
func (s *site) mine(r *http.Request, v *visit) (payment.Payment, ui.Payment, error) {
	v.scene.Area = "activity"
	p, err := s.Payments.Get(r.Context(), v.caller(), payment.ID(r.PathValue("payment")))
	if err != nil {
		return p, ui.Payment{}, err
	}
	side := "payer"
	if p.Payee == string(v.session.Person.ID) {
		side = "payee"
	}
	return p, v.details(p, side), nil
}

// note keeps what the signed-in person remembers of a payment.
func (s *site) note(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, text := payment.ID(r.PathValue("payment")), strings.TrimSpace(r.PostForm.Get("note"))
	err := s.Payments.SetNote(r.Context(), v.caller(), id, text)
	if _, words, ok := field(v.scene.Lang, err); ok {
		return s.paymentPage(w, r, v, http.StatusUnprocessableEntity, ui.OwnNote{Text: text, Error: words})
	}
	if err != nil {
		return err
	}
	s.flash(w, "ok", "note.saved")
	return s.redirect(w, r, "/activity/"+string(id))
}

// receipt is the slip of a payment that has one.
func (s *site) receipt(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, view, err := s.mine(r, v)
	if err != nil {
		return err
	}
	if view.Receipt == "" {
		return errMissing
	}
	view.BackHref, view.Back = "/activity/"+view.ID, v.say("help.back")
	return s.show(w, r, v, ui.ReceiptPage(view))
}

// refunds are the rows of what was given back of a payment, as this side sees them; folder is where its payments' pages are.
func (s *site) refunds(ctx context.Context, v *visit, c payment.Caller, p payment.Payment, folder string) ([]ui.Row, error) {
	if p.Refunded == 0 {
		return nil, nil
	}
	list, err := s.Payments.Refunds(ctx, c, p.ID)
	rows := make([]ui.Row, len(list))
	for i, back := range list {
		item := payment.Item{Payment: back, Direction: payment.Out, With: back.PayeeName, At: back.CreatedAt}
		if back.Payee == c.Owner() {
			item.Direction, item.With = payment.In, back.PayerName
		}
		rows[i] = v.row(item, folder)
	}
	return rows, err
}

// withReturn carries where to go on after a payment through its page's address.
func withReturn(path, to string) string {
	if to == "" {
		return path
	}
	return path + "?return=" + url.QueryEscape(to)
}
