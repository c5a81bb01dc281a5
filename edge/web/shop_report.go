package web

import (
	"context"
	"net/http"
	"time"

	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// every calls f for each payment of an owner that a filter lets through, newest first, until it fails.
func (s *site) every(ctx context.Context, c payment.Caller, filter payment.ActivityFilter, f func(payment.Item) error) error {
	for cursor := ""; ; {
		page, err := s.Payments.Activity(ctx, c, c.Owner(), filter, cursor, 100)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := f(item); err != nil {
				return err
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// shopFile is the shop's payments as a file, those that the address filters. What would be a formula is none.
func (s *site) shopFile(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, c, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	typed := ui.ReadFilter(r.URL.Query())
	filter, wrong := v.filter(&typed)
	if wrong != (ui.Filter{}) { // a file has no field that could say so
		return s.redirect(w, r, "/m/"+string(shop.ID)+"?"+r.URL.RawQuery)
	}
	return s.sendLines(w, r, "billfold-"+shop.Handle+".csv", func(line putLine) error { return s.shopCSV(r.Context(), v, c, filter, line) })
}

func (s *site) shopCSV(ctx context.Context, v *visit, c payment.Caller, filter payment.ActivityFilter, line putLine) error {
	err := line(v.say("csv.date"), v.say("csv.time"), v.say("csv.kind"), v.say("day.state"), v.say("csv.with"), v.say("csv.text"),
		v.say("pay.reference"), v.say("csv.amount"), v.say("day.refunded"), v.say("form.currency"), v.say("pay.id"), v.say("pay.receipt"),
		v.say("pay.bill"))
	if err != nil {
		return err
	}
	return s.every(ctx, c, filter, func(i payment.Item) error {
		p, at := i.Payment, i.At.In(v.scene.Zone)
		sign := ""
		if i.Direction == payment.Out {
			sign = "-"
		}
		return line(at.Format(time.DateOnly), at.Format(time.TimeOnly), ui.Word(v.scene.Lang, "kind", string(p.Kind)),
			ui.Word(v.scene.Lang, "state", string(p.State)), inert(i.With), inert(p.Description), inert(p.Reference), sign+p.Amount.Decimal(),
			p.Amount.Currency.Of(p.Refunded).Decimal(), p.Amount.Currency.Code, string(p.ID), p.Receipt, inert(p.Bill()))
	})
}

// shopDay counts what a shop took and gave back on one day of its reader's calendar, a currency at a time.
func (s *site) shopDay(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, c, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	now := s.Clock.Now().In(v.scene.Zone)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, v.scene.Zone)
	if chosen, err := time.ParseInLocation(time.DateOnly, r.URL.Query().Get("date"), v.scene.Zone); err == nil {
		day = chosen
	}
	view := ui.ShopDay{ID: string(shop.ID), Name: shop.Name, Day: day, Today: !day.AddDate(0, 0, 1).Before(now)}
	report, err := s.Payments.Takings(r.Context(), c.Owner(), day, day.AddDate(0, 0, 1))
	if err != nil {
		return err
	}
	view.More = report.More
	for _, l := range report.Lines {
		view.Lines = append(view.Lines, ui.DayLine{Currency: l.In.Currency.Code, Sales: l.Sales, Refunds: l.Refunds, In: ui.Amount(l.In),
			Out: ui.Amount(l.Out), Net: ui.Amount(l.Net)})
	}
	return s.show(w, r, v, ui.ShopDayPage(view))
}
