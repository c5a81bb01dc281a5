package merchant

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"billfold/base/money"
	"billfold/core/identity"
)

// ID names a shop: mch_ and 26 characters.
type ID string

// State says whether a shop may be paid.
type State string

// The states of a shop.
const (
	Pending State = "pending" // applied for, waits for the operator
	Active  State = "active"
	Frozen  State = "frozen"
	Refused State = "refused" // the operator said no
)

// Next are the states that an operator may bring a shop to from this one.
func (s State) Next() []State {
	switch s {
	case Pending:
		return []State{Active, Refused}
	case Refused, Frozen:
		return []State{Active}
	case Active:
		return []State{Frozen}
	}
	return nil
}

// Role is what a person with a wallet may do in a shop. Who works at its tills needs none: see Staff.
type Role string

// RoleOwner may do everything in the shop.
const RoleOwner Role = "owner"

// Shop is one merchant.
type Shop struct {
	ID            ID
	Owner         identity.PersonID
	Name          string // as registered, shown to payers
	Handle        string // without @
	MCC           string // ISO 18245 merchant category code, four digits
	Country       string // ISO 3166-1 alpha-2
	Currencies    []string
	ReturnOrigins []string // "https://shop.example": where a checkout may send people back to
	State         State
	CreatedAt     time.Time
}

// Takes tells whether the shop takes this currency.
func (s Shop) Takes(c money.Currency) bool { return slices.Contains(s.Currencies, c.Code) }

// Draft is what somebody says about a shop they register.
type Draft struct {
	Owner         identity.PersonID
	Name          string
	Handle        string
	MCC           string
	Country       string
	Currencies    []string
	ReturnOrigins []string
}

var (
	mccForm     = regexp.MustCompile(`^[0-9]{4}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
)

const (
	maxName       = 80 // bytes
	maxOrigins    = 20
	maxOrigin     = 255 // bytes of one
	maxCurrencies = 50
	maxUnopened   = 5 // shops of one owner that wait or were refused
)

func (d Draft) check() (Draft, error) {
	d.Name = strings.TrimSpace(d.Name)
	var err error
	if d.Handle, err = identity.CleanHandle(d.Handle); err != nil { // shops and people share one space of handles
		return d, err
	}
	switch {
	case d.Name == "" || len(d.Name) > maxName || !shown(d.Name):
		return d, ErrDraft.With("name")
	case !mccForm.MatchString(d.MCC):
		return d, ErrDraft.With("mcc")
	case !countryForm.MatchString(d.Country):
		return d, ErrDraft.With("country")
	case len(d.Currencies) == 0 || len(d.Currencies) > maxCurrencies:
		return d, ErrDraft.With("currencies")
	}
	d.Currencies = slices.Compact(slices.Sorted(slices.Values(d.Currencies)))
	for _, code := range d.Currencies {
		if _, ok := money.Lookup(code); !ok {
			return d, money.ErrUnknownCurrency.With("currencies")
		}
	}
	d.ReturnOrigins, err = checkOrigins(d.ReturnOrigins)
	return d, err
}

// shown refuses control characters and the bidirectional overrides, with which one name reads like another.
func shown(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x2069
	})
}

func checkOrigins(list []string) ([]string, error) {
	if len(list) > maxOrigins {
		return nil, ErrOrigin.With("return_origins")
	}
	out := make([]string, 0, len(list))
	for _, s := range list {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" || u.User != nil || Origin(u) != s || u.Hostname() == "" ||
			strings.ContainsAny(s, " \t\r\n\\") {
			return nil, ErrOrigin.With("return_origins")
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Origin is the scheme, host and port of an address in the one spelling that origins are compared in (RFC 6454, 6.2).
func Origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
