package web

import (
	"net/http"
	"time"

	"billfold/base/id"
	"billfold/base/money"
	"billfold/core/payment"
	"billfold/edge/web/ui"
	"billfold/product/insight"
)

// commonZones are offered; any other name of the IANA list can be typed.
var commonZones = []string{"UTC", "Europe/Berlin", "Europe/London", "Europe/Paris", "Europe/Istanbul", "Africa/Lagos", "Africa/Cairo",
	"Asia/Dubai", "Asia/Kolkata", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney",
	"America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo"}

func (s *site) insights(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.insightsPage(w, r, v, http.StatusOK, "")
}

func (s *site) insightsPage(w http.ResponseWriter, r *http.Request, v *visit, status int, problem string) error {
	if s.Insight == nil {
		return errMissing
	}
	v.scene.Area = "insights"
	month, _ := insight.ParseMonth(r.URL.Query().Get("month"))
	currency, _ := money.Lookup(r.FormValue("currency"))
	rep, err := s.Insight.Report(r.Context(), string(v.session.Person.ID), month, currency)
	if err != nil {
		return err
	}
	code := rep.Currency.Code
	view := ui.Insights{Month: rep.Month.String(), Currency: code, At: noonOf(rep.Month), Zone: rep.Zone, Zones: commonZones, Error: problem,
		Total: ui.Amount(rep.Total), Earlier: "/insights?month=" + rep.Month.Add(-1).String() + "&currency=" + code,
		BudgetValue: r.PostForm.Get("budget")}
	if rep.Next {
		view.Later = "/insights?month=" + rep.Month.Add(1).String() + "&currency=" + code
	}
	for _, c := range rep.Currencies {
		view.Currencies = append(view.Currencies, c.Code)
	}
	view.Choices = categories()
	view.Bars, view.Categories = bars(rep), categoryLines(rep)
	if view.Payees, err = s.payees(r, rep); err != nil {
		return err
	}
	if view.Upcoming, err = s.upcoming(r, v); err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.InsightsPage(view))
}

func noonOf(m insight.Month) time.Time { return time.Date(m.Year, m.Month, 1, 12, 0, 0, 0, time.UTC) }

// share is a part of the largest, of a hundred; nothing for what is not positive.
func share(part, largest int64) int {
	if part <= 0 || largest <= 0 {
		return 0
	}
	n, _, err := money.Amount{Minor: part}.Mul(100, largest, money.Up)
	if err != nil {
		return 100
	}
	return int(min(n.Minor, 100))
}

func bars(rep insight.Report) []ui.MonthBar {
	var largest int64
	for _, b := range rep.Bars {
		largest = max(largest, b.Total.Minor)
	}
	var list []ui.MonthBar
	for _, b := range rep.Bars {
		list = append(list, ui.MonthBar{At: noonOf(b.Month), Total: ui.Amount(b.Total), Height: share(b.Total.Minor, largest),
			This: b.Month == rep.Month})
	}
	return list
}

func categoryLines(rep insight.Report) []ui.CategoryLine {
	var largest int64
	for _, c := range rep.Categories {
		largest = max(largest, c.Amount.Minor)
	}
	var list []ui.CategoryLine
	for _, c := range rep.Categories {
		line := ui.CategoryLine{Category: string(c.Category), Spent: ui.Amount(c.Amount), Percent: c.Percent,
			Width: share(c.Amount.Minor, largest)}
		if c.Budget.Minor > 0 {
			line.Budget, line.Width = ui.Amount(c.Budget), int(min(c.Percent, 100))
		}
		list = append(list, line)
	}
	return list
}

// payees names those who got most, as the person's own activity names them.
func (s *site) payees(r *http.Request, rep insight.Report) ([]ui.PayeeLine, error) {
	var list []ui.PayeeLine
	for _, p := range rep.Payees {
		name, err := s.Payments.NameOf(r.Context(), p.Payee)
		if err != nil {
			return nil, err
		}
		list = append(list, ui.PayeeLine{Payee: p.Payee, Name: name, Category: string(p.Category), Money: ui.Amount(p.Amount)})
	}
	return list, nil
}

// upcoming is what will leave: payments that wait for the person's yes, and what shops have reserved.
func (s *site) upcoming(r *http.Request, v *visit) ([]ui.Row, error) {
	items, err := s.Payments.Upcoming(r.Context(), v.caller(), upcomingRows)
	var rows []ui.Row
	for _, item := range items {
		rows = append(rows, v.row(item, "/activity"))
	}
	return rows, err
}

// upcomingRows is how many payments to come a page shows.
const upcomingRows = 10

// budgetSet sets a budget, or takes it away where the field says nothing or zero.
func (s *site) budgetSet(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Insight == nil {
		return errMissing
	}
	f := r.PostForm
	c, err := money.ParseCurrency(f.Get("currency"))
	amount := c.Of(0)
	if typed := f.Get("budget"); err == nil && typed != "" && typed != "0" {
		amount, err = amountField(typed, c)
	}
	if err == nil {
		err = s.Insight.SetBudget(r.Context(), string(v.session.Person.ID), insight.Budget{Category: insight.Category(f.Get("category")),
			Amount: amount})
	}
	return s.insightDone(w, r, v, err, "insights.budget.done")
}

func (s *site) refile(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Insight == nil {
		return errMissing
	}
	err := s.Insight.Remember(r.Context(), string(v.session.Person.ID), r.PostForm.Get("payee"), insight.Category(r.PostForm.Get("category")))
	return s.insightDone(w, r, v, err, "insights.file.done")
}

// filed is what the signed-in person's payments to this payee count under, where this one counts.
func (s *site) filed(r *http.Request, v *visit, p payment.Payment) (ui.Filed, error) {
	person := string(v.session.Person.ID)
	if s.Insight == nil || p.Payer != person || p.Payee == "" || p.Kind != payment.Purchase && p.Kind != payment.Transfer {
		return ui.Filed{}, nil
	}
	switch p.State {
	case payment.Completed, payment.PartlyRefunded, payment.Refunded:
	default:
		return ui.Filed{}, nil // it has not been spent
	}
	category, err := s.Insight.CategoryOf(r.Context(), person, p.Payee)
	return ui.Filed{Payee: p.Payee, Category: string(category), Choices: categories()}, err
}

// categories are the names of all of them, in the order of a form.
func categories() []string {
	list := make([]string, len(insight.Categories))
	for i, c := range insight.Categories {
		list[i] = string(c)
	}
	return list
}

func (s *site) zoneSet(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Insight == nil {
		return errMissing
	}
	return s.insightDone(w, r, v, s.Insight.SetZone(r.Context(), string(v.session.Person.ID), r.PostForm.Get("zone")), "insights.zone.done")
}

func (s *site) insightDone(w http.ResponseWriter, r *http.Request, v *visit, err error, said string) error {
	if err == nil {
		s.flash(w, "ok", said)
		to := "/insights"
		if p := r.PostForm.Get("payment"); id.Valid(p, "pay") {
			return s.redirect(w, r, "/activity/"+p)
		}
		if c, ok := money.Lookup(r.PostForm.Get("currency")); ok {
			to += "?currency=" + c.Code
		}
		return s.redirect(w, r, to)
	}
	if _, words, ok := field(v.scene.Lang, err); ok {
		return s.insightsPage(w, r, v, http.StatusUnprocessableEntity, words)
	}
	return err
}
