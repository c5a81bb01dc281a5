package api

import (
	"strings"
	"time"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/client"
)

var exampleReport = client.DayReport{Object: "day_report", Owner: exampleShop, Date: "2026-03-01", Zone: "Europe/Berlin",
	From: exampleAt, Until: exampleDay, Whole: true, Lines: []client.DayReportLine{{Currency: "EUR", Sales: 41, Received: exampleAmount,
		Returned: exampleNothing, Net: exampleAmount}}}

func (a *API) reportRoutes() []route {
	return []route{op(route{method: get, path: "/v1/reports/day", id: "getDayReport", tag: "Reports", summary: "Count a day",
		about: "What the shop took and gave back on one day, a currency at a time: the figures of the page Day report. A payment counts on the " +
			"day on which it was made, with what moved of it since; a refund on its own day.",
		kinds: shops | operators, query: []param{paramOwner,
			{name: "date", form: "date", about: "The day, as YYYY-MM-DD. Left out: today, by the business clock."},
			{name: "zone", form: "text", about: "Whose calendar: a name of the IANA time zone database, such as Europe/Berlin. Left out: UTC."}},
		answer: exampleReport, faults: []*fault.Fault{money.ErrAmountTooLarge}}, dayReport)}
}

func dayReport(c *call, _ *none) (client.DayReport, error) {
	var none client.DayReport
	zone, err := zoneOf(c.query.text("zone"))
	if err != nil {
		return none, err
	}
	date := c.query.text("date")
	if date == "" {
		date = c.api.Clock.Now().In(zone).Format(time.DateOnly)
	}
	from, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil || from.Year() < 1970 || from.Year() > 9998 { // the day after 9999 has no form (RFC 3339, 1)
		return none, fault.ErrInvalid.With("date")
	}
	until := from.AddDate(0, 0, 1)
	report, err := c.api.Payments.Takings(c.ctx, c.owner, from, until)
	if err != nil {
		return none, err
	}
	out := client.DayReport{Object: "day_report", Owner: c.owner, Date: date, Zone: zone.String(), From: from.UTC(), Until: until.UTC(),
		Whole: !report.More, Lines: make([]client.DayReportLine, len(report.Lines))}
	for i, l := range report.Lines {
		out.Lines[i] = client.DayReportLine{Currency: l.In.Currency.Code, Sales: int64(l.Sales), Received: moneyOf(l.In),
			Refunds: int64(l.Refunds), Returned: moneyOf(l.Out), Net: moneyOf(l.Net)}
	}
	return out, nil
}

// zoneOf finds a time zone by its name in the IANA database. The name of this machine's own zone is none.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || len(name) > 64 || strings.EqualFold(name, "local") {
		return nil, fault.ErrInvalid.With("zone")
	}
	return zone, nil
}
