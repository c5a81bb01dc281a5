package ui

import "net/url"

// Href is the address of this list with another filter.
func (v Activity) Href(f Filter) string {
	q := url.Values{}
	add := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	add("dir", f.Direction)
	add("kind", f.Kind)
	add("state", f.State)
	if len(q) == 0 {
		return v.Base
	}
	return v.Base + "?" + q.Encode()
}

// Older is the address of the page after this one.
func (v Activity) Older(cursor string) string {
	to := v.Href(v.Filter)
	if to == v.Base {
		return to + "?cursor=" + url.QueryEscape(cursor)
	}
	return to + "&cursor=" + url.QueryEscape(cursor)
}

// toggle returns the filter after a press on the chip that stands for the given part, and whether that part is on now. The chip with
// no part is "all".
func (f Filter) toggle(direction, kind, state string) (Filter, bool) {
	switch {
	case direction != "":
		if f.Direction == direction {
			f.Direction = ""
			return f, true
		}
		f.Direction = direction
		return f, false
	case kind != "":
		if f.Kind == kind {
			f.Kind = ""
			return f, true
		}
		f.Kind = kind
		return f, false
	case state != "":
		if f.State == state {
			f.State = ""
			return f, true
		}
		f.State = state
		return f, false
	}
	return Filter{}, f == Filter{}
}

// withNext carries where to go after the door through an address.
func withNext(path, next string) string {
	if next == "" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}
