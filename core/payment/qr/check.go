package qr

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"billfold/base/fault"
)

// check holds a code against the standard's tables (MPM 3.3 to 3.9, 4.7). Parse and Encode share it, so neither knows a code
// that the other does not.
func (c *Code) check() error {
	rules := []struct {
		at string
		ok bool
	}{
		{"01", c.Method == "" || c.Method == Static || c.Method == Dynamic},
		{"02", len(c.Schemes)+len(c.Accounts) > 0},
		{"52", digits(c.Category, 4)},
		{"53", digits(c.Currency, 3)},
		{"54", c.Amount == "" || isAmount(c.Amount)},
		{"55", c.tipFits()},
		{"58", len(c.Country) == 2 && letters(c.Country)},
		{"59", text(c.Name, 1, 25)},
		{"60", text(c.City, 1, 15)},
		{"61", text(c.Postal, 0, 10)},
		{"64", c.Local.fits()},
	}
	for _, r := range rules {
		if !r.ok {
			return ErrForm.With(r.at)
		}
	}
	if err := objects(c.Schemes, 2, 25, true); err != nil {
		return err
	}
	if err := templates(c.Accounts, 26, 51, ""); err != nil {
		return err
	}
	if err := objects(c.Reserved, 65, 79, false); err != nil {
		return err
	}
	if err := templates(c.Unreserved, 80, 99, ""); err != nil {
		return err
	}
	return c.Additional.check()
}

func (c *Code) tipFits() bool {
	switch c.Tip.Kind {
	case NoTip, AskTip:
		return c.Tip.Value == ""
	case FixedTip:
		return isAmount(c.Tip.Value)
	case PercentTip:
		_, err := percent(c.Tip.Value)
		return err == nil
	}
	return false
}

func (a *Additional) check() error {
	for id, place := range a.places() {
		most := 25
		if id == 10 {
			most = 20
		}
		if place != nil && !text(*place, 0, most) {
			return ErrForm.With(name("62", uint8(id)))
		}
	}
	if strings.Trim(a.Request, "AME") != "" || len(a.Request) > 3 {
		return ErrForm.With("62.09")
	}
	if a.Channel != "" && !text(a.Channel, 3, 3) {
		return ErrForm.With("62.11")
	}
	if err := objects(a.Reserved, 12, 49, false); err != nil {
		return err
	}
	return templates(a.Templates, 50, 99, "62")
}

func (l *Local) fits() bool {
	if l.Language == "" {
		return l.Name == "" && l.City == "" && len(l.Reserved) == 0
	}
	return len(l.Language) == 2 && letters(l.Language) && shown(l.Name, 1, 25) && shown(l.City, 0, 15) &&
		objects(l.Reserved, 3, 99, false) == nil
}

func objects(list []Object, low, high uint8, ascii bool) error {
	var ids []uint8
	for _, o := range list {
		if o.ID < low || o.ID > high || slices.Contains(ids, o.ID) || !shown(o.Value, 1, 99) || ascii && !text(o.Value, 1, 99) {
			return ErrForm.With(name("", o.ID))
		}
		ids = append(ids, o.ID)
	}
	return nil
}

func templates(list []Template, low, high uint8, path string) error {
	var ids []uint8
	for _, t := range list {
		at := name(path, t.ID)
		if t.ID < low || t.ID > high || slices.Contains(ids, t.ID) || !text(t.GUID, 1, 32) {
			return ErrForm.With(at)
		}
		if err := objects(t.Objects, 1, 99, false); err != nil {
			if f, ok := fault.As(err); ok {
				return ErrForm.With(at + "." + f.Param)
			}
			return err
		}
		ids = append(ids, t.ID)
	}
	return nil
}

// text is a value of format "ans": printable ASCII (MPM 1.5).
func text(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7E })
}

// shown is a value of format "S": any characters, but none that moves or hides others.
func shown(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
	})
}

func digits(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789") == "" }

func letters(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
}

// isAmount is 1 to 13 digits with at most one decimal mark among them, and more than nothing (MPM 4.7.6).
func isAmount(s string) bool {
	return len(s) <= 13 && strings.Count(s, ".") <= 1 && strings.Trim(s, "0123456789.") == "" && strings.ContainsAny(s, "123456789")
}
