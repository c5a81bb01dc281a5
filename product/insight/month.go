package insight

import (
	"fmt"
	"time"
)

// Month is a month of a calendar, without a zone.
type Month struct {
	Year  int
	Month time.Month
}

// MonthOf is the month that a moment falls into, in a zone.
func MonthOf(at time.Time, zone *time.Location) Month {
	at = at.In(zone)
	return Month{at.Year(), at.Month()}
}

// ParseMonth reads "2026-11"; false for anything else.
func ParseMonth(s string) (Month, bool) {
	at, err := time.Parse("2006-01", s)
	if err != nil || at.Year() < 1970 || at.Year() > 9998 {
		return Month{}, false
	}
	return Month{at.Year(), at.Month()}, true
}

// String is "2026-11".
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, m.Month) }

// Add goes n months on, or back.
func (m Month) Add(n int) Month {
	at := time.Date(m.Year, m.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	return Month{at.Year(), at.Month()}
}

// Before tells which of two months is the earlier one.
func (m Month) Before(o Month) bool { return m.Year < o.Year || m.Year == o.Year && m.Month < o.Month }

// Bounds are the first moment of the month in a zone and the first after it. Where midnight does not exist, because a clock was turned
// then, the month begins at the first moment that does.
func (m Month) Bounds(zone *time.Location) (from, to time.Time) {
	return m.begin(zone), m.Add(1).begin(zone)
}

func (m Month) begin(zone *time.Location) time.Time {
	at := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, zone)
	for at.Day() != 1 { // it names a moment before the gap
		at = at.Add(time.Hour).Truncate(time.Hour)
	}
	return at
}
