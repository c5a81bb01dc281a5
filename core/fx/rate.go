package fx

import (
	"math/big"
	"slices"
	"time"

	"billfold/base/money"
)

// What we keep, in parts of ten thousand. Both are shown before, each on a line of its own.
const (
	MarginBasisPoints = 25 // between the mid rate and ours
	FeeBasisPoints    = 25 // of what is given, on top
	whole             = 10_000
)

// Rate is how many whole units of To one whole unit of From is worth: Num/Den, exact. Source and At say whose word that is.
type Rate struct {
	From, To money.Currency
	Num, Den int64
	Source   string
	At       time.Time
}

// Ours is the rate after our margin.
func (r Rate) Ours() Rate {
	ours, ok := reduced(big.NewInt(r.Num), big.NewInt(whole-MarginBasisPoints), big.NewInt(r.Den), big.NewInt(whole))
	if !ok {
		return Rate{}
	}
	r.Num, r.Den = ours.Num, ours.Den
	return r
}

// Text is the rate with six significant digits after the leading zeros, rounded half up, for people to read: it is never
// computed with.
func (r Rate) Text() string {
	if r.Den == 0 {
		return ""
	}
	v := big.NewRat(r.Num, r.Den)
	places := 4
	for limit := big.NewRat(1, 10); v.Sign() > 0 && places < 9 && v.Cmp(limit) < 0; places++ {
		limit.Mul(limit, big.NewRat(1, 10))
	}
	return v.FloatString(places)
}

// sandboxAt is when the sandbox's rates were set; they do not move.
var sandboxAt = time.Date(2026, 1, 2, 14, 15, 0, 0, time.UTC)

const sandboxSource = "sandbox"

// perEuro are how many ten-thousandths of a whole unit one euro buys, in the sandbox.
var perEuro = map[string]int64{"EUR": 10_000, "USD": 11_740, "CNY": 82_210, "JPY": 1_837_500, "GBP": 8_720, "CHF": 9_310,
	"HKD": 91_340, "SGD": 15_080, "KWD": 3_612, "BHD": 4_426, "SEK": 108_200, "NOK": 118_100, "DKK": 74_690, "PLN": 42_250,
	"CZK": 242_600, "HUF": 3_851_000, "AUD": 17_560, "CAD": 16_120, "NZD": 20_340, "KRW": 16_940_000, "INR": 1_056_000,
	"THB": 369_300, "IDR": 196_100_000, "MXN": 210_900, "BRL": 64_310, "ZAR": 194_600, "TRY": 504_200, "ILS": 37_440,
	"AED": 43_110, "SAR": 44_020, "TND": 34_150, "ISK": 1_475_000, "VND": 308_700_000, "CLP": 10_590_000, "PHP": 690_400}

// Sandbox is the table of fixed rates that the sandbox exchanges at; every pair is a ratio through the euro.
func Sandbox(from, to money.Currency) (Rate, bool) {
	a, known := perEuro[from.Code]
	b, too := perEuro[to.Code]
	if !known || !too || from == to {
		return Rate{}, false
	}
	r, ok := reduced(big.NewInt(b), big.NewInt(1), big.NewInt(a), big.NewInt(1))
	return Rate{From: from, To: to, Num: r.Num, Den: r.Den, Source: sandboxSource, At: sandboxAt}, ok
}

// Codes lists the currencies that have a rate, sorted.
func Codes() []string {
	list := make([]string, 0, len(perEuro))
	for code := range perEuro {
		list = append(list, code)
	}
	slices.Sort(list)
	return list
}

// Deal is what an exchange comes to. All amounts are positive or zero; the doc of the package says how they hang together.
type Deal struct {
	Amount money.Amount // what is exchanged
	Fee    money.Amount // on top of it, in its currency
	Gets   money.Amount
	Margin int64       // minor units of the other currency
	Round  int64       // 0 or 1
	Rest   money.Ratio // of a minor unit of the other currency: what was rounded up to make Round whole
}

// Convert computes a deal. Faults: amount_not_positive, amount_too_large, exchange_too_small.
func Convert(amount money.Amount, mid Rate) (Deal, error) {
	if err := amount.Positive(); err != nil {
		return Deal{}, err
	}
	d := Deal{Amount: amount}
	var err error
	if d.Fee, _, err = amount.Mul(FeeBasisPoints, whole, money.Up); err != nil {
		return Deal{}, err
	}
	exact, ok := minorRatio(mid)
	ours, fits := minorRatio(mid.Ours())
	if !ok || !fits {
		return Deal{}, money.ErrAmountTooLarge
	}
	across := money.Amount{Minor: amount.Minor, Currency: mid.To}
	paid, rest, err := across.Mul(exact.Num, exact.Den, money.Up)
	if err != nil {
		return Deal{}, err
	}
	if d.Gets, _, err = across.Mul(ours.Num, ours.Den, money.Down); err != nil {
		return Deal{}, err
	}
	if !d.Gets.IsPositive() {
		return Deal{}, ErrSmall.With("amount")
	}
	if !rest.IsZero() {
		d.Round, d.Rest = 1, money.Ratio{Num: -rest.Num, Den: rest.Den}
	}
	d.Margin = paid.Minor - d.Round - d.Gets.Minor
	return d, nil
}

// Paid is what the house's position in the other currency gives.
func (d Deal) Paid() int64 { return d.Gets.Minor + d.Margin + d.Round }

// minorRatio turns a rate of whole units into one of minor units: yen have none, dinars have a thousand.
func minorRatio(r Rate) (money.Ratio, bool) {
	return reduced(big.NewInt(r.Num), tens(r.To.Scale), big.NewInt(r.Den), tens(r.From.Scale))
}

func tens(scale uint8) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
}

// reduced is a×b / c×d in lowest terms, where both sides fit 64 bits.
func reduced(a, b, c, d *big.Int) (money.Ratio, bool) {
	den := new(big.Int).Mul(c, d)
	if den.Sign() <= 0 {
		return money.Ratio{}, false
	}
	v := new(big.Rat).SetFrac(new(big.Int).Mul(a, b), den)
	return money.Ratio{Num: v.Num().Int64(), Den: v.Denom().Int64()}, v.Num().IsInt64() && v.Denom().IsInt64()
}
