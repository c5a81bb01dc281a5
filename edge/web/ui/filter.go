package ui

import (
	"context"
	"net/url"
	"strings"
)

// Filter is what the activity's address says; every field is text as it stands there.
type Filter struct {
	Direction, Kind, State string
	Text, Currency         string
	Since, Until           string // days, "2026-11-01", both inclusive
	Least, Most            string // decimal amounts
}

// fields are the filter's names in an address.
func (f *Filter) fields() map[string]*string {
	return map[string]*string{"q": &f.Text, "dir": &f.Direction, "kind": &f.Kind, "cur": &f.Currency, "state": &f.State,
		"from": &f.Since, "to": &f.Until, "min": &f.Least, "max": &f.Most}
}

// ReadFilter takes a filter out of an address.
func ReadFilter(q url.Values) Filter {
	var f Filter
	for name, field := range f.fields() {
		*field = q.Get(name)
	}
	return f
}

func (f Filter) values() url.Values {
	q := url.Values{}
	for name, field := range f.fields() {
		if *field != "" {
			q.Set(name, *field)
		}
	}
	return q
}

// narrow says whether one of the fields behind "More filters" is set, so that they are not hidden while they work.
func (f Filter) narrow() bool { return f.Since != "" || f.Until != "" || f.Least != "" || f.Most != "" }

// leftOut is what a field says of a value that was left out of the filter, where there is one.
func leftOut(ctx context.Context, key, wrong string) string {
	if wrong == "" {
		return ""
	}
	return T(ctx, key)
}

// anyCurrency is the filter without its pocket.
func (f Filter) anyCurrency() Filter {
	f.Currency = ""
	return f
}

// Href is the address of this list with another filter.
func (v Activity) Href(f Filter) string { return withQuery(v.Base, f.values()) }

// ofShop says whether the list is a shop's: nobody sends a shop money or tops it up.
func (v Activity) ofShop() bool { return strings.HasPrefix(v.Base, "/m/") }

// kinds are what a list can be narrowed to by a press.
func (v Activity) kinds() []string {
	if v.ofShop() {
		return []string{"purchase", "refund"}
	}
	return []string{"purchase", "transfer", "topup", "withdrawal", "exchange", "refund"}
}

// states are the same of states.
func (v Activity) states() []string {
	if v.ofShop() {
		return []string{"completed", "authorized", "awaiting_confirmation", "partly_refunded", "refunded", "expired"}
	}
	return []string{"completed", "processing", "authorized", "awaiting_confirmation", "refunded", "failed"}
}

// file is the address of the same payments as a file.
func (v Activity) file() string { return withQuery(v.Base+"/payments.csv", v.Filter.values()) }

// Older is the address of the page after this one; day is the last day on this page, whose heading is not said twice.
func (v Activity) Older(cursor, day string) string {
	q := v.Filter.values()
	q.Set("cursor", cursor)
	q.Set("day", day)
	return withQuery(v.Base, q)
}

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// toggle returns the filter after a press on the chip that stands for the given part, and whether that part is on now. The chip with
// no part is "all".
func (f Filter) toggle(direction, kind, state string) (to Filter, on bool) {
	flip := func(field *string, value string) {
		if on = *field == value; on {
			value = ""
		}
		*field = value
	}
	to = f
	switch {
	case direction != "":
		flip(&to.Direction, direction)
	case kind != "":
		flip(&to.Kind, kind)
	case state != "":
		flip(&to.State, state)
	default:
		return Filter{}, f == Filter{}
	}
	return to, on
}

// withNext carries where to go after the door through an address.
func withNext(path, next string) string {
	if next == "" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}
