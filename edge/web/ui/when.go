package ui

import (
	"context"
	"fmt"
	"time"

	_ "time/tzdata" // a container without a zone database still shows people their own time

	"billfold/base/lang"
)

// clockTime is "09:41".
func clockTime(ctx context.Context, t time.Time) string { return t.In(From(ctx).Zone).Format("15:04") }

// clockSeconds is "09:41:07": a timeline is precise.
func clockSeconds(ctx context.Context, t time.Time) string {
	return t.In(From(ctx).Zone).Format("15:04:05")
}

// stepTime is when a step happened: with its day where that is another than the one of the step before.
func stepTime(ctx context.Context, steps []Step, i int) string {
	at := steps[i].At
	for ; i > 0; i-- {
		if before := steps[i-1].At; !before.IsZero() {
			if date(ctx, before) != date(ctx, at) {
				return date(ctx, at) + " " + clockSeconds(ctx, at)
			}
			break
		}
	}
	return clockSeconds(ctx, at)
}

// zone is the name of the zone times are shown in: "CET", "UTC", "UTC+8".
func zone(ctx context.Context, t time.Time) string {
	name, offset := t.In(From(ctx).Zone).Zone()
	if name != "" && name[0] != '+' && name[0] != '-' {
		return name
	}
	if offset%3600 == 0 {
		return fmt.Sprintf("UTC%+d", offset/3600)
	}
	return fmt.Sprintf("UTC%+d:%02d", offset/3600, abs(offset)%3600/60)
}

// date is "21 Nov 2026" or "2026年11月21日"; the year is left out while it is this year's.
func date(ctx context.Context, t time.Time) string {
	s := From(ctx)
	t = t.In(s.Zone)
	thisYear := !s.Now.IsZero() && s.Now.In(s.Zone).Year() == t.Year()
	switch {
	case s.Lang == lang.ZH && thisYear:
		return t.Format("1月2日")
	case s.Lang == lang.ZH:
		return t.Format("2006年1月2日")
	case thisYear:
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// day names a day for a group of activity: "Today", "Yesterday", "Friday, 20 Nov".
func day(ctx context.Context, t time.Time) string {
	s := From(ctx)
	key := func(t time.Time) string { return t.In(s.Zone).Format("2006-01-02") }
	switch key(t) {
	case key(s.Now):
		return T(ctx, "when.today")
	case key(s.Now.In(s.Zone).AddDate(0, 0, -1)):
		return T(ctx, "when.yesterday")
	}
	return withWeekday(ctx, t, date(ctx, t))
}

// wholeDay names a day for paper, which is read next year too: "Friday, 20 Nov 2026".
func wholeDay(ctx context.Context, t time.Time) string {
	s := From(ctx)
	s.Now = time.Time{}
	return withWeekday(ctx, t, date(With(ctx, s), t))
}

func withWeekday(ctx context.Context, t time.Time, date string) string {
	s := From(ctx)
	weekday := T(ctx, [...]string{"when.sunday", "when.monday", "when.tuesday", "when.wednesday", "when.thursday", "when.friday",
		"when.saturday"}[t.In(s.Zone).Weekday()])
	if s.Lang == lang.ZH {
		return date + " " + weekday
	}
	return weekday + ", " + date
}

// monthName is "November 2026" or "2026年11月".
func monthName(ctx context.Context, t time.Time) string {
	if From(ctx).Lang == lang.ZH {
		return t.Format("2006年1月")
	}
	return t.Format("January 2006")
}

// DayKey is the day a moment falls on for this reader; rows with the same key stand under one heading.
func DayKey(ctx context.Context, t time.Time) string {
	return t.In(From(ctx).Zone).Format("2006-01-02")
}

// moment is date and time with the zone: what a receipt and a session list need.
func moment(ctx context.Context, t time.Time) string {
	if From(ctx).Lang == lang.ZH {
		return date(ctx, t) + " " + clockTime(ctx, t) + " " + zone(ctx, t)
	}
	return date(ctx, t) + ", " + clockTime(ctx, t) + " " + zone(ctx, t)
}

// exact is a moment that comes back to us as it was.
func exact(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// monthTitle is "November 2026"; its moment is noon of the month's first day in UTC, so no zone can turn it into another.
func monthTitle(ctx context.Context, t time.Time) string {
	if From(ctx).Lang == lang.ZH {
		return t.UTC().Format("2006年1月")
	}
	return t.UTC().Format("January 2006")
}

// monthShort is "Nov".
func monthShort(ctx context.Context, t time.Time) string {
	if From(ctx).Lang == lang.ZH {
		return t.UTC().Format("1月")
	}
	return t.UTC().Format("Jan")
}
