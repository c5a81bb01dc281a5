package qr

import (
	"strings"

	"billfold/base/money"
)

// Object is one data object: an id of two digits and a value of 1 to 99 characters (MPM 3.2).
type Object struct {
	ID    uint8 // 0 to 99
	Value string
}

// Template is a data object that holds others and says by a globally unique identifier whose they are (MPM 4.6): an
// application identifier, a UUID without hyphens, or a domain name in reverse.
type Template struct {
	ID      uint8 // 26 to 51 for accounts, 50 to 99 inside the additional data, 80 to 99 for anything else
	GUID    string
	Objects []Object // ids 1 to 99
}

// Get returns the value of an object inside the template, or "".
func (t Template) Get(id uint8) string { return get(t.Objects, id) }

func get(list []Object, id uint8) string {
	for _, o := range list {
		if o.ID == id {
			return o.Value
		}
	}
	return ""
}

// TipKind says what the payer adds to the amount (MPM table 3.4, object 55).
type TipKind uint8

// The kinds of tip.
const (
	NoTip      TipKind = 0
	AskTip     TipKind = 1 // the app asks the payer
	FixedTip   TipKind = 2 // object 56: an amount
	PercentTip TipKind = 3 // object 57: a percentage of the amount
)

// Tip is a tip or convenience fee.
type Tip struct {
	Kind  TipKind
	Value string // of FixedTip a decimal amount, of PercentTip a percentage such as "5" or "3.50"
}

// AskPayer is the value by which an object of the additional data asks the app to ask the payer for it (MPM 4.8.1).
const AskPayer = "***"

// Additional is the additional data (MPM table 3.6, object 62). What is empty is not there; each has at most 25 characters.
type Additional struct {
	Bill, Mobile, Store, Loyalty, Reference, Customer, Terminal, Purpose string     // 01 to 08
	Request                                                              string     // 09: asks for address, mobile, e-mail: some of "AME"
	TaxID                                                                string     // 10, at most 20
	Channel                                                              string     // 11, three characters of table 4.13
	Reserved                                                             []Object   // 12 to 49
	Templates                                                            []Template // 50 to 99
}

// Local is the merchant's name in another script (MPM table 3.8, object 64).
type Local struct {
	Language string   // ISO 639-1, two letters
	Name     string   // at most 25 characters
	City     string   // at most 15; may be empty
	Reserved []Object // 03 to 99
}

// Code is what a payload says.
type Code struct {
	Method     string     // 01: "11" static, "12" dynamic, "" not said
	Schemes    []Object   // 02 to 25: accounts of card schemes
	Accounts   []Template // 26 to 51
	Category   string     // 52: merchant category code, ISO 18245
	Currency   string     // 53: ISO 4217, three digits
	Amount     string     // 54: as written; "" leaves it to the payer
	Tip        Tip        // 55 to 57
	Country    string     // 58: ISO 3166-1 alpha-2
	Name       string     // 59
	City       string     // 60
	Postal     string     // 61
	Additional Additional // 62
	Local      Local      // 64
	Reserved   []Object   // 65 to 79
	Unreserved []Template // 80 to 99
}

// The methods of object 01.
const (
	Static  = "11" // the same code serves many payments
	Dynamic = "12" // a code for this payment
)

// Account returns the account under a globally unique identifier; identifiers are compared without regard to case.
func (c Code) Account(guid string) (Template, bool) { return find(c.Accounts, guid) }

// Other returns the unreserved template under a globally unique identifier.
func (c Code) Other(guid string) (Template, bool) { return find(c.Unreserved, guid) }

func find(list []Template, guid string) (Template, bool) {
	for _, t := range list {
		if strings.EqualFold(t.GUID, guid) {
			return t, true
		}
	}
	return Template{}, false
}

// Money returns the amount in the code's currency; set is false where the code leaves it to the payer. Faults: unknown_currency
// for a number nobody has, and too_many_decimals or another of base/money for an amount the currency cannot hold.
func (c Code) Money() (amount money.Amount, set bool, err error) {
	currency, ok := money.LookupNumber(c.Currency)
	if !ok {
		return amount, false, money.ErrUnknownCurrency
	}
	if c.Amount == "" {
		return money.Amount{Currency: currency}, false, nil
	}
	amount, err = parseAmount(c.Amount, currency)
	return amount, err == nil, err
}

// parseAmount reads the standard's amounts, which may end or begin with the decimal mark (MPM 4.7.6).
func parseAmount(s string, c money.Currency) (money.Amount, error) {
	s = strings.TrimSuffix(s, ".")
	if strings.HasPrefix(s, ".") {
		s = "0" + s
	}
	if whole, cents, ok := strings.Cut(s, "."); ok { // "12.00" of yen says twelve
		for len(cents) > int(c.Scale) && strings.HasSuffix(cents, "0") {
			cents = cents[:len(cents)-1]
		}
		s = whole
		if cents != "" {
			s += "." + cents
		}
	}
	if trimmed := strings.TrimLeft(s, "0"); trimmed == "" || trimmed[0] == '.' {
		s = "0" + trimmed
	} else {
		s = trimmed
	}
	a, err := money.ParseDecimal(s, c)
	if err != nil {
		return a, err
	}
	return a, a.Positive()
}

// WithTip adds a fixed or a percentage tip to an amount, and says how much of the sum it is. A percentage is rounded down: the
// payer is never asked for more than it says. A tip that the payer is asked for is zero here.
func (c Code) WithTip(amount money.Amount) (sum, tip money.Amount, err error) {
	tip = amount.Currency.Of(0)
	switch c.Tip.Kind {
	case FixedTip:
		if tip, err = parseAmount(c.Tip.Value, amount.Currency); err != nil {
			return amount, tip, err
		}
	case PercentTip:
		hundredths, err := percent(c.Tip.Value)
		if err != nil {
			return amount, tip, err
		}
		if tip, _, err = amount.Mul(hundredths, 10_000, money.Down); err != nil {
			return amount, tip, err
		}
	}
	sum, err = amount.Add(tip)
	return sum, tip, err
}

// percent reads a percentage in hundredths: "3.5" is 350.
func percent(s string) (int64, error) {
	whole, cents, marked := strings.Cut(s, ".")
	if len(whole) > 2 || len(cents) > 2 || whole == "" && cents == "" || marked && strings.Contains(cents, ".") {
		return 0, ErrForm.With("57")
	}
	digits := ("00" + whole)[len(whole):] + (cents + "00")[:2]
	n := int64(0)
	for _, r := range digits {
		if r < '0' || r > '9' {
			return 0, ErrForm.With("57")
		}
		n = n*10 + int64(r-'0')
	}
	if n == 0 {
		return 0, ErrForm.With("57")
	}
	return n, nil
}
