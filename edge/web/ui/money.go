package ui

import (
	"context"
	"strconv"
	"strings"
	"unicode"

	"billfold/base/money"
)

// Money is an amount ready to be drawn. Code is empty where the symbol leaves no doubt about the currency.
type Money struct {
	Sign   string // "", "+" or "−" (U+2212)
	Symbol string // "€", "¥", "" when the currency has none
	Digits string // "1,284.07"
	Code   string // "CNY"
}

const minus = "−"

// symbols of currencies. Those that several currencies share are told apart by the ISO code behind the figure.
var symbols = map[string]struct {
	sign   string
	shared bool
}{
	"EUR": {"€", false}, "GBP": {"£", true}, "KRW": {"₩", false}, "INR": {"₹", false}, "VND": {"₫", false}, "ILS": {"₪", false},
	"TRY": {"₺", false}, "UAH": {"₴", false}, "PHP": {"₱", false}, "NGN": {"₦", false}, "USD": {"$", true}, "CAD": {"$", true},
	"AUD": {"$", true}, "HKD": {"$", true}, "SGD": {"$", true}, "CNY": {"¥", true}, "JPY": {"¥", true},
}

// Amount draws an amount without a sign of direction; a negative one gets its minus.
func Amount(a money.Amount) Money {
	m := Money{Code: a.Currency.Code}
	if s, ok := symbols[a.Currency.Code]; ok {
		m.Symbol = s.sign
		if !s.shared {
			m.Code = ""
		}
	}
	if a.Minor < 0 {
		m.Sign = minus
	}
	m.Digits = digits(a.Minor, int(a.Currency.Scale))
	return m
}

// Flow draws an amount that came in ("+") or went out ("−").
func Flow(a money.Amount, in bool) Money {
	m := Amount(a)
	m.Sign = minus
	if in {
		m.Sign = "+"
	}
	return m
}

// currencyOption is how a list of currencies names one.
func currencyOption(ctx context.Context, code string) string {
	return word(ctx, "currency", code) + " · " + code
}

// bare leaves the code out where the currency's name stands before the figure and its sign in it.
func bare(m Money) Money {
	if m.Symbol != "" {
		m.Code = ""
	}
	return m
}

// codeless leaves the code out where it stands before the figure.
func codeless(m Money) Money {
	m.Code = ""
	return m
}

// String is the amount as running text.
func (m Money) String() string {
	s := m.Sign + m.Symbol + m.Digits
	if m.Code != "" {
		s += "\u00a0" + m.Code
	}
	return s
}

// long says that a figure in the largest letters would not fit on a telephone: it is set smaller, because a digit that is cut off is a lie.
func (m Money) long() bool { return len(m.Symbol+m.Digits) > 14 }

// lines are the two parts of a long figure between which a line may end: after a group, not within one.
func (m Money) lines() (head, rest string) {
	if at := strings.LastIndexByte(m.Digits[:len(m.Digits)/2], ','); m.long() && at > 0 {
		return m.Sign + m.Symbol + m.Digits[:at+1], m.Digits[at+1:]
	}
	return m.Sign + m.Symbol + m.Digits, ""
}

// Zero says whether there is nothing to draw.
func (m Money) Zero() bool { return m.Digits == "" }

// discreet is an amount as dots for somebody who hid their balances: their number says nothing about the amount.
func discreet(ctx context.Context, m Money) Money {
	if !From(ctx).Discreet {
		return m
	}
	return Money{Symbol: m.Symbol, Digits: "••••", Code: m.Code}
}

// coinSign is what stands on a pocket's coin: the currency's sign, else the first letter of its code.
func coinSign(p Pocket) string {
	if s, ok := symbols[p.Code]; ok {
		return s.sign
	}
	return p.Code[:min(1, len(p.Code))]
}

// digits groups by three with a comma, a point before the minor digits: the form both our languages read. It never goes through a
// float, and the most negative int64 is drawn right.
func digits(minor int64, scale int) string {
	s := strconv.FormatInt(minor, 10)
	s = strings.TrimPrefix(s, "-")
	for len(s) <= scale {
		s = "0" + s
	}
	whole, frac := s[:len(s)-scale], s[len(s)-scale:]
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	if scale > 0 {
		b.WriteString("." + frac)
	}
	return b.String()
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
