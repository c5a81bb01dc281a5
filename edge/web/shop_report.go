package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"time"

	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// reportMost is how many payments a file has; who has more narrows the days.
const reportMost = 20_000

// every calls f for each payment of an owner that a filter lets through, newest first. It says whether there were more than reportMost.
func (s *site) every(ctx context.Context, c payment.Caller, filter payment.ActivityFilter, f func(payment.Item)) (more bool, err error) {
	cursor := ""
	for count := 0; ; {
		page, err := s.Payments.Activity(ctx, c, c.Owner(), filter, cursor, 100)
		if err != nil {
			return false, err
		}
		for _, item := range page.Items {
			if count++; count > reportMost {
				return true, nil
			}
			f(item)
		}
		if cursor = page.Next; cursor == "" {
			return false, nil
		}
	}
}

// shopCSV is the shop's payments as a file, those that the address filters. What would be a formula is none.
func (s *site) shopCSV(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, c, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	typed := ui.ReadFilter(r.URL.Query())
	var b bytes.Buffer
	b.WriteString("\ufeff")
	file := csv.NewWriter(&b)
	write := func(cells ...string) { _ = file.Write(cells) } // into memory: the error is asked for at the end
	write(v.say("csv.date"), v.say("csv.time"), v.say("csv.kind"), v.say("day.state"), v.say("csv.with"), v.say("csv.text"),
		v.say("pay.reference"), v.say("csv.amount"), v.say("day.refunded"), v.say("form.currency"), v.say("pay.id"), v.say("pay.receipt"),
		v.say("pay.bill"))
	more, err := s.every(r.Context(), c, v.filter(&typed), func(i payment.Item) {
		p, at := i.Payment, i.At.In(v.scene.Zone)
		sign := ""
		if i.Direction == payment.Out {
			sign = "-"
		}
		write(at.Format(time.DateOnly), at.Format(time.TimeOnly), ui.Word(v.scene.Lang, "kind", string(p.Kind)),
			ui.Word(v.scene.Lang, "state", string(p.State)), inert(i.With), inert(p.Description), inert(p.Reference), sign+p.Amount.Decimal(),
			p.Amount.Currency.Of(p.Refunded).Decimal(), p.Amount.Currency.Code, string(p.ID), p.Receipt, inert(p.Bill()))
	})
	if err != nil {
		return err
	}
	if more {
		write(v.say("day.more"))
	}
	if file.Flush(); file.Error() != nil {
		return file.Error()
	}
	return download(w, "billfold-"+shop.Handle+".csv", b.Bytes())
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
