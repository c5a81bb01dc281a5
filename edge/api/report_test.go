package api

import (
	"errors"
	"testing"

	"billfold/client"
)

// TestDayReport: the figures of a day are those of the shop's payments and refunds, in the calendar that was asked for; a zone or a day
// that there is not is refused by name.
func TestDayReport(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "100000")
		c := w.as(w.cafeKey)
		first := w.pay(w.lenaKey, "690")
		w.pay(w.lenaKey, "410")
		w.hold(w.lenaKey, "5000") // nothing has moved
		if _, err := c.RefundPayment(w.ctx, first.ID, client.RefundPayment{Amount: eur("90")}); err != nil {
			t.Fatal(err)
		}
		today, err := c.DayReport(w.ctx, "", "")
		want := client.DayReportLine{Currency: "EUR", Sales: 2, Received: eur("1100"), Refunds: 1, Returned: eur("90"), Net: eur("1010")}
		if err != nil || !today.Whole || today.Zone != "UTC" || today.Owner != string(w.cafe.ID) || len(today.Lines) != 1 ||
			today.Lines[0] != want {
			t.Fatalf("today: %+v, %v", today, err)
		}
		there, err := c.DayReport(w.ctx, today.Date, "Pacific/Kiritimati") // 14 hours ahead
		if err != nil || there.Until.Sub(there.From).Hours() != 24 || !there.From.Before(today.From) {
			t.Errorf("far to the east: %+v, %v", there, err)
		}
		clocks, err := c.DayReport(w.ctx, "2026-03-29", "Europe/Berlin") // the clocks go forward
		if err != nil || clocks.Until.Sub(clocks.From).Hours() != 23 || len(clocks.Lines) != 0 {
			t.Errorf("a short day: %+v, %v", clocks, err)
		}
		for _, bad := range [][2]string{
			{"2026-02-30", ""}, {"9999-12-31", ""}, {"1969-12-31", ""}, {"tomorrow", ""}, {"", "Mars/Olympus"},
			{"", "Local"}, {"", "../../etc/passwd"},
		} {
			_, err := c.DayReport(w.ctx, bad[0], bad[1])
			var p *client.Problem
			if !errors.As(err, &p) || p.Code != "invalid_parameter" || p.Param != "date" && p.Param != "zone" {
				t.Errorf("%q in %q: %v", bad[0], bad[1], err)
			}
		}
	})
}
