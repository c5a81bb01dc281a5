package money

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// MaxScale is the largest number of decimals a currency may have: that of bitcoin. With 8 the largest amount is
// still 92 thousand million whole units.
const MaxScale = 8

// Currency is the unit of an amount: an ISO 4217 currency or a private asset (points, hours, coins). It is
// comparable; two currencies are the same when code and scale are.
type Currency struct {
	Code  string // 3 to 12 characters of A-Z and 0-9
	Scale uint8  // decimals between the minor unit and the whole unit, 0 to 8
}

// NewCurrency defines a private asset. It refuses, with ErrInvalidCurrency, a code that is not 3 to 12 upper-case
// letters or digits, more than MaxScale decimals, an ISO 4217 code with other decimals than the standard's, and the
// ISO codes that are no money (XTS, XXX, metals and units of account).
func NewCurrency(code string, scale uint8) (Currency, error) {
	if len(code) < 3 || len(code) > 12 || scale > MaxScale {
		return Currency{}, ErrInvalidCurrency
	}
	for i := range len(code) {
		if c := code[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return Currency{}, ErrInvalidCurrency
		}
	}
	if iso, ok := isoByCode[code]; ok && iso.Scale != scale || strings.Contains(isoReserved, " "+code+" ") {
		return Currency{}, ErrInvalidCurrency
	}
	return Currency{Code: code, Scale: scale}, nil
}

// String returns the code.
func (c Currency) String() string { return c.Code }

// IsZero tells whether this is no currency at all.
func (c Currency) IsZero() bool { return c == Currency{} }

// Of returns an amount of so many minor units of this currency.
func (c Currency) Of(minor int64) Amount { return Amount{Minor: minor, Currency: c} }

// Amount is a number of minor units of a currency; it may be zero or negative.
type Amount struct {
	Minor    int64
	Currency Currency
}

// ParseMinor reads the wire form of an amount: whole minor units, "0" or digits without a leading zero, with an
// optional minus. It refuses every other spelling with ErrInvalidAmount, and what int64 cannot hold with
// ErrAmountTooLarge. Zero and negative amounts are read: whoever moves money asks Positive as well.
func ParseMinor(s string, c Currency) (Amount, error) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] == '0' && len(s) > 1 || !allDigits(digits) {
		return Amount{}, ErrInvalidAmount
	}
	minor, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return Amount{}, ErrAmountTooLarge
	}
	return c.Of(minor), nil
}

// ParseDecimal reads what a person types: digits, and optionally a point and one to c.Scale more digits. It takes
// no sign, no spaces, no grouping, no exponent, no leading zeros and no digits of other scripts
// (ErrInvalidAmount), no more decimals than the currency has, even when they are zeros (ErrTooManyDecimals: a
// person who types 100.00 yen may mean something else), and nothing beyond int64 (ErrAmountTooLarge).
func ParseDecimal(s string, c Currency) (Amount, error) {
	whole, fraction, point := strings.Cut(s, ".")
	if !allDigits(whole) || len(whole) > 1 && whole[0] == '0' || point && !allDigits(fraction) {
		return Amount{}, ErrInvalidAmount
	}
	if len(fraction) > int(c.Scale) {
		return Amount{}, ErrTooManyDecimals
	}
	digits := whole + fraction + strings.Repeat("0", int(c.Scale)-len(fraction))
	minor, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return Amount{}, ErrAmountTooLarge
	}
	return c.Of(minor), nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Add returns a+b. It refuses different currencies and a sum beyond int64.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, ErrCurrencyMismatch
	}
	sum := a.Minor + b.Minor
	// Only operands of one sign can leave the range, and then the sum has the other sign.
	if (a.Minor < 0) == (b.Minor < 0) && (sum < 0) != (a.Minor < 0) {
		return Amount{}, ErrAmountTooLarge
	}
	return a.Currency.Of(sum), nil
}

// Sub returns a-b. It refuses different currencies and a difference beyond int64.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, ErrCurrencyMismatch
	}
	difference := a.Minor - b.Minor
	if (a.Minor < 0) != (b.Minor < 0) && (difference < 0) != (a.Minor < 0) {
		return Amount{}, ErrAmountTooLarge
	}
	return a.Currency.Of(difference), nil
}

// Neg returns -a. It refuses the one amount that has no opposite, the smallest int64.
func (a Amount) Neg() (Amount, error) {
	if a.Minor == math.MinInt64 {
		return Amount{}, ErrAmountTooLarge
	}
	return a.Currency.Of(-a.Minor), nil
}

// Cmp compares two amounts of one currency: -1, 0 or 1. It panics on different currencies, which have no order;
// whoever compares has checked that.
func (a Amount) Cmp(b Amount) int {
	if a.Currency != b.Currency {
		panic("money: comparing " + a.Currency.Code + " with " + b.Currency.Code)
	}
	switch {
	case a.Minor < b.Minor:
		return -1
	case a.Minor > b.Minor:
		return 1
	}
	return 0
}

// IsPositive tells whether the amount is greater than zero.
func (a Amount) IsPositive() bool { return a.Minor > 0 }

// IsZero tells whether the amount is zero, in any currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Positive refuses an amount that is not greater than zero, with ErrAmountNotPositive.
func (a Amount) Positive() error {
	if a.Minor <= 0 {
		return ErrAmountNotPositive
	}
	return nil
}

// MinorString returns the wire form, "4850".
func (a Amount) MinorString() string { return strconv.FormatInt(a.Minor, 10) }

// Decimal returns the amount in whole units with all decimals of its currency and a point, "48.50": for files and
// logs. Pages group and place signs by the reader's language.
func (a Amount) Decimal() string {
	scale := int(a.Currency.Scale)
	digits := strconv.FormatUint(magnitude(a.Minor), 10)
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale+1-len(digits)) + digits
	}
	if scale > 0 {
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if a.Minor < 0 {
		return "-" + digits
	}
	return digits
}

// String returns "48.50 EUR".
func (a Amount) String() string { return a.Decimal() + " " + a.Currency.Code }

// Split divides the amount into n parts that differ by at most one minor unit and sum to it exactly; the larger
// parts come first, so that the same split always falls the same way. It panics when n is not positive.
func (a Amount) Split(n int) []Amount {
	if n < 1 {
		panic("money: split into " + strconv.Itoa(n) + " parts")
	}
	each, extra := a.Minor/int64(n), a.Minor%int64(n)
	unit := int64(1)
	if extra < 0 {
		unit, extra = -1, -extra
	}
	parts := make([]Amount, n)
	for i := range parts {
		parts[i] = a.Currency.Of(each)
		if int64(i) < extra {
			parts[i].Minor += unit
		}
	}
	return parts
}

// magnitude returns |v|, also for the smallest int64.
func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// signed returns the int64 of a magnitude and a sign, and whether it exists.
func signed(m uint64, negative bool) (int64, bool) {
	if negative {
		return int64(-m), m <= 1<<63
	}
	return int64(m), m <= math.MaxInt64
}

// Rounding says what happens to the part of a product that is smaller than a minor unit.
type Rounding uint8

// The roundings. There is no default: the zero value is refused, so that nobody rounds by accident.
const (
	_        Rounding = iota
	HalfEven          // to the nearest unit, a tie to the even one: no drift over many
	Down              // towards zero: what we give, such as interest
	Up                // away from zero: what we take, such as a fee
)

// Ratio is an exact fraction; Den is positive.
type Ratio struct{ Num, Den int64 }

// IsZero tells whether nothing remained.
func (r Ratio) IsZero() bool { return r.Num == 0 }

// Mul returns a*num/den, rounded as named, and what rounding took (positive) or gave (negative), in minor units as
// a fraction over den: result*den + remainder.Num equals a*num exactly, so the remainder can be accounted for. The
// product is computed in 128 bits. It refuses a den that is not positive (ErrInvalidRate) and a result beyond
// int64 (ErrAmountTooLarge); it panics on an unnamed rounding.
func (a Amount) Mul(num, den int64, r Rounding) (result Amount, remainder Ratio, err error) {
	if r < HalfEven || r > Up {
		panic("money: Mul without a rounding")
	}
	if den <= 0 {
		return Amount{}, Ratio{}, ErrInvalidRate
	}
	negative := (a.Minor < 0) != (num < 0)
	high, low := bits.Mul64(magnitude(a.Minor), magnitude(num))
	if high >= uint64(den) { // the quotient would not fit 64 bits
		return Amount{}, Ratio{}, ErrAmountTooLarge
	}
	quotient, rest := bits.Div64(high, low, uint64(den))
	left := int64(rest) // below den
	up := false
	switch r {
	case Up:
		up = rest > 0
	case HalfEven:
		other := uint64(den) - rest
		up = rest > other || rest == other && quotient&1 == 1
	}
	if up {
		left -= den
		if quotient == math.MaxUint64 {
			return Amount{}, Ratio{}, ErrAmountTooLarge
		}
		quotient++
	}
	if negative {
		left = -left
	}
	minor, ok := signed(quotient, negative)
	if !ok {
		return Amount{}, Ratio{}, ErrAmountTooLarge
	}
	return a.Currency.Of(minor), Ratio{Num: left, Den: den}, nil
}
