package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

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
	return s.draw(w, r, v, http.StatusOK, ui.Extra{Htmx: true}, ui.ActivityPage(view))
}

// feed is the list of an owner's payments as the address filters it. A filter value that does not exist is left out, so that an old
// bookmark still opens.
func (s *site) feed(r *http.Request, v *visit, c payment.Caller, base, folder string) (ui.Activity, error) {
	q := r.URL.Query()
	f := payment.ActivityFilter{Direction: payment.Direction(q.Get("dir")), Kind: payment.Kind(q.Get("kind")),
		State: payment.State(q.Get("state"))}
	if f.Direction != payment.In && f.Direction != payment.Out {
		f.Direction = ""
	}
	if !slices.Contains(payment.States, f.State) {
		f.State = ""
	}
	switch f.Kind {
	case payment.Purchase, payment.Transfer, payment.TopUp, payment.Withdrawal, payment.Refund:
	default:
		f.Kind = ""
	}
	cursor := q.Get("cursor")
	page, err := s.Payments.Activity(r.Context(), c, c.Owner(), f, cursor, pageRows)
	if err != nil {
		return ui.Activity{}, err
	}
	view := ui.Activity{Base: base, Newest: cursor == "", Filter: ui.Filter{Direction: string(f.Direction), Kind: string(f.Kind),
		State: string(f.State)}}
	for _, item := range page.Items {
		view.Rows = append(view.Rows, v.row(item, folder))
	}
	if page.Next != "" {
		view.Next = view.Older(page.Next)
	}
	return view, nil
}

// payment is one payment as the signed-in person sees it: its payer, its payee, or somebody who may still become its payer.
func (s *site) payment(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "activity"
	p, err := s.Payments.Get(r.Context(), v.caller(), payment.ID(r.PathValue("payment")))
	if err != nil {
		return err
	}
	side := "payer"
	if p.Payee == string(v.session.Person.ID) {
		side = "payee"
	}
	view := v.details(p, side)
	if view.Refunds, err = s.refunds(r.Context(), v, v.caller(), p, "/activity"); err != nil {
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
		extra = ui.Extra{Htmx: true, Refresh: "2"}
	}
	return s.draw(w, r, v, http.StatusOK, extra, ui.PaymentPage(view))
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
