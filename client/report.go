package client

import (
	"context"
	"net/url"
	"time"
)

// DayReport is what a shop took and gave back on one day of a calendar.
type DayReport struct {
	Object string          `json:"object" enum:"day_report" doc:"Always \"day_report\"."`
	Owner  string          `json:"owner" form:"owner" doc:"Whose report it is."`
	Date   string          `json:"date" form:"date" doc:"The day, as YYYY-MM-DD."`
	Zone   string          `json:"zone" doc:"Whose calendar the day is of: a name of the IANA time zone database."`
	From   time.Time       `json:"from" doc:"When the day begins there."`
	Until  time.Time       `json:"until" doc:"When it is over: the first moment of the next one."`
	Whole  bool            `json:"whole" doc:"Whether every payment is counted; false where a day has more than 100,000."`
	Lines  []DayReportLine `json:"lines" doc:"One for each currency in which something moved."`
}

// DayReportLine is one currency of a day's report.
type DayReportLine struct {
	Currency string `json:"currency" form:"currency" doc:"Of all amounts of the line."`
	Sales    int64  `json:"sales" doc:"How many payments came in."`
	Received Money  `json:"received" doc:"What they brought, refunds not taken off."`
	Refunds  int64  `json:"refunds" doc:"How many refunds were given."`
	Returned Money  `json:"returned" doc:"What went back by them."`
	Net      Money  `json:"net" doc:"Received less returned."`
}

// DayReport counts a day: date is YYYY-MM-DD, "" for today; zone is a name of the IANA time zone database, "" for UTC.
func (c *Client) DayReport(ctx context.Context, date, zone string, o ...Option) (DayReport, error) {
	q := url.Values{}
	set(q, "date", date)
	set(q, "zone", zone)
	return get[DayReport](ctx, c, "/v1/reports/day", q, o)
}
