package money

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"billfold/base/fault"

	"pgregory.net/rapid"
)

func currency(t testing.TB, code string) Currency {
	t.Helper()
	c, err := ParseCurrency(code)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refused checks that an error is the named fault and blames a field.
func refused(t testing.TB, what string, err error, want *fault.Fault) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || !errors.Is(err, want) {
		t.Errorf("%s: %v, want %s", what, err, want.Code)
	} else if f.Param == "" {
		t.Errorf("%s: the refusal blames no field", what)
	}
}

func TestParseMinor(t *testing.T) {
	eur := currency(t, "EUR")
	for s, want := range map[string]int64{
		"0": 0, "1": 1, "4850": 4850, "-1": -1, "-4850": -4850, "9007199254740993": 1<<53 + 1,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
	} {
		a, err := ParseMinor(s, eur)
		if err != nil || a != eur.Of(want) {
			t.Errorf("ParseMinor(%q) = %v, %v", s, a, err)
		}
		if a.MinorString() != s {
			t.Errorf("%q is written as %q", s, a.MinorString())
		}
	}
	for s, want := range map[string]*fault.Fault{
		"": ErrInvalidAmount, "-": ErrInvalidAmount, "--1": ErrInvalidAmount, "+1": ErrInvalidAmount, "-0": ErrInvalidAmount,
		"00": ErrInvalidAmount, "01": ErrInvalidAmount, "-01": ErrInvalidAmount, " 1": ErrInvalidAmount, "1 ": ErrInvalidAmount,
		"1\n": ErrInvalidAmount, "\t1": ErrInvalidAmount, "0.001": ErrInvalidAmount, "1.005": ErrInvalidAmount, "1.0": ErrInvalidAmount,
		"1e3": ErrInvalidAmount, "1E3": ErrInvalidAmount, "0x10": ErrInvalidAmount, "1_000": ErrInvalidAmount, "1,000": ErrInvalidAmount,
		"١٠٠": ErrInvalidAmount, "１００": ErrInvalidAmount, "一百": ErrInvalidAmount, "NaN": ErrInvalidAmount, "Inf": ErrInvalidAmount,
		"null": ErrInvalidAmount, "\"1\"": ErrInvalidAmount, "1\x00": ErrInvalidAmount, "\uFEFF1": ErrInvalidAmount, "−1": ErrInvalidAmount,
		"9223372036854775808": ErrAmountTooLarge, "-9223372036854775809": ErrAmountTooLarge,
		"18446744073709551617": ErrAmountTooLarge, strings.Repeat("9", 1<<16): ErrAmountTooLarge,
	} {
		a, err := ParseMinor(s, eur)
		refused(t, "ParseMinor("+strconv.Quote(s[:min(len(s), 30)])+")", err, want)
		if a != (Amount{}) {
			t.Errorf("%.30q was refused and read as %v", s, a)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct {
		s, code string
		minor   int64
	}{
		{"48.50", "EUR", 4850}, {"48.5", "EUR", 4850}, {"48", "EUR", 4800}, {"0.01", "EUR", 1}, {"0", "EUR", 0}, {"0.00", "EUR", 0},
		{"100", "JPY", 100}, {"0.001", "KWD", 1}, {"1.005", "BHD", 1005}, {"1.0001", "CLF", 10001},
		{"92233720368547758.07", "EUR", math.MaxInt64}, {"9223372036854775807", "JPY", math.MaxInt64},
	} {
		if a, err := ParseDecimal(c.s, currency(t, c.code)); err != nil || a.Minor != c.minor {
			t.Errorf("ParseDecimal(%q, %s) = %v, %v", c.s, c.code, a, err)
		}
	}
	for _, c := range []struct {
		s, code string
		want    *fault.Fault
	}{
		{"0.001", "EUR", ErrTooManyDecimals}, {"1.005", "EUR", ErrTooManyDecimals}, {"1.000", "EUR", ErrTooManyDecimals},
		{"100.00", "JPY", ErrTooManyDecimals}, {"1.0", "JPY", ErrTooManyDecimals}, {"1.0001", "KWD", ErrTooManyDecimals},
		{"92233720368547758.08", "EUR", ErrAmountTooLarge}, {"92233720368547759", "EUR", ErrAmountTooLarge},
		{"9223372036854775808", "JPY", ErrAmountTooLarge}, {strings.Repeat("9", 1<<16), "EUR", ErrAmountTooLarge},
		{"1." + strings.Repeat("0", 1<<16), "EUR", ErrTooManyDecimals},
	} {
		_, err := ParseDecimal(c.s, currency(t, c.code))
		refused(t, "ParseDecimal("+strconv.Quote(c.s[:min(len(c.s), 30)])+", "+c.code+")", err, c.want)
	}
	for _, s := range []string{
		"", ".", "1.", ".5", "-1", "+1", "-0", "00", "01", "00.5", "1e3", "1.5e1", "1,50", "1.000,50", "1'000", "1 000", " 1", "1 ", "1.2.3",
		"١٠٠", "１.００", "NaN", "Infinity", "0x1", "€1", "1 EUR", "1\n", "1.-1", "1.+1", "1. 5", "\u00a01",
	} {
		for _, code := range []string{"EUR", "JPY", "KWD"} {
			_, err := ParseDecimal(s, currency(t, code))
			refused(t, "ParseDecimal("+strconv.Quote(s)+", "+code+")", err, ErrInvalidAmount)
		}
	}
}

func FuzzParseMinor(f *testing.F) {
	for _, seed := range []string{
		"0", "-0", "4850", "-1", "01", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e3", "١", " 1", "1.0",
	} {
		f.Add(seed)
	}
	eur := currency(f, "EUR")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseMinor(s, eur)
		if err == nil && a.MinorString() != s {
			t.Fatalf("%q was read as %d", s, a.Minor)
		}
		if exact, ok := new(big.Int).SetString(s, 10); err != nil && ok && exact.IsInt64() && exact.String() == s {
			t.Fatalf("%q was refused: %v", s, err)
		}
	})
}

func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{
		"0", "48.50", "0.5", ".5", "5.", "1.005", "92233720368547758.07", "92233720368547758.08", "1e3", "-1", "١.٠",
	} {
		for scale := range uint8(MaxScale + 1) {
			f.Add(seed, scale)
		}
	}
	f.Fuzz(func(t *testing.T, s string, scale uint8) {
		c := Currency{Code: "TST", Scale: scale % (MaxScale + 1)}
		a, err := ParseDecimal(s, c)
		if err != nil {
			return
		}
		whole, fraction, _ := strings.Cut(s, ".")
		full := whole + "." + fraction + strings.Repeat("0", int(c.Scale)-len(fraction))
		if a.Minor < 0 || a.Decimal() != strings.TrimSuffix(full, ".") {
			t.Fatalf("%q was read as %s", s, a)
		}
	})
}

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		minor int64
		scale uint8
		want  string
	}{
		{4850, 2, "48.50"}, {5, 2, "0.05"}, {0, 2, "0.00"}, {-5, 2, "-0.05"}, {-4850, 2, "-48.50"}, {4850, 0, "4850"}, {1, 8, "0.00000001"},
		{math.MaxInt64, 8, "92233720368.54775807"}, {math.MinInt64, 2, "-92233720368547758.08"}, {math.MinInt64, 0, "-9223372036854775808"},
	} {
		a := Currency{Code: "ABC", Scale: c.scale}.Of(c.minor)
		if a.Decimal() != c.want || a.String() != c.want+" ABC" {
			t.Errorf("%d with scale %d is %q, want %q", c.minor, c.scale, a.Decimal(), c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := Currency{Code: "ABC", Scale: rapid.Uint8Max(MaxScale).Draw(t, "scale")}.Of(rapid.Int64Min(0).Draw(t, "minor"))
		if back, err := ParseDecimal(a.Decimal(), a.Currency); err != nil || back != a {
			t.Fatalf("%s came back as %v, %v", a, back, err)
		}
	})
}

func TestArithmeticIsExactOrRefused(t *testing.T) {
	eur := currency(t, "EUR")
	edge := rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1})
	number := rapid.OneOf(edge, rapid.Int64())
	rapid.Check(t, func(t *rapid.T) {
		a, b := eur.Of(number.Draw(t, "a")), eur.Of(number.Draw(t, "b"))
		x, y := big.NewInt(a.Minor), big.NewInt(b.Minor)
		for name, c := range map[string]struct {
			exact *big.Int
			do    func() (Amount, error)
		}{
			"Add": {new(big.Int).Add(x, y), func() (Amount, error) { return a.Add(b) }},
			"Sub": {new(big.Int).Sub(x, y), func() (Amount, error) { return a.Sub(b) }},
			"Neg": {new(big.Int).Neg(x), a.Neg},
		} {
			got, err := c.do()
			if c.exact.IsInt64() != (err == nil) || err == nil && got != eur.Of(c.exact.Int64()) {
				t.Fatalf("%s of %d and %d = %v, %v; exactly %s", name, a.Minor, b.Minor, got, err, c.exact)
			}
			if err != nil && !errors.Is(err, ErrAmountTooLarge) {
				t.Fatal(err)
			}
		}
		if a.Cmp(b) != x.Cmp(y) || a.IsPositive() != (x.Sign() > 0) || a.IsZero() != (x.Sign() == 0) || (a.Positive() == nil) != a.IsPositive() {
			t.Fatal("order and sign")
		}
	})
}

func TestCurrenciesDoNotMix(t *testing.T) {
	eur, jpy, odd := currency(t, "EUR").Of(1), currency(t, "JPY").Of(1), Currency{Code: "EUR", Scale: 3}.Of(1)
	for _, other := range []Amount{jpy, odd} {
		_, err := eur.Add(other)
		refused(t, "Add", err, ErrCurrencyMismatch)
		_, err = eur.Sub(other)
		refused(t, "Sub", err, ErrCurrencyMismatch)
		if !panics(func() { eur.Cmp(other) }) {
			t.Error("EUR and JPY were put in order")
		}
	}
	for _, minor := range []int64{0, -1, math.MinInt64} {
		refused(t, "Positive", eur.Currency.Of(minor).Positive(), ErrAmountNotPositive)
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestSplitSumsExactly(t *testing.T) {
	eur := currency(t, "EUR")
	parts := eur.Of(6100).Split(4)
	if !slices.Equal(parts, []Amount{eur.Of(1525), eur.Of(1525), eur.Of(1525), eur.Of(1525)}) {
		t.Errorf("61.00 among 4: %v", parts)
	}
	if parts := eur.Of(-100).Split(3); !slices.Equal(parts, []Amount{eur.Of(-34), eur.Of(-33), eur.Of(-33)}) {
		t.Errorf("-1.00 among 3: %v", parts)
	}
	rapid.Check(t, func(t *rapid.T) {
		a := eur.Of(rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64})).Draw(t, "minor"))
		parts := a.Split(rapid.IntRange(1, 300).Draw(t, "n"))
		var sum Sum128
		low, high := int64(math.MaxInt64), int64(math.MinInt64)
		for _, p := range parts {
			sum.Add(p.Minor)
			low, high = min(low, p.Minor), max(high, p.Minor)
		}
		if got, ok := sum.Int64(); !ok || got != a.Minor {
			t.Fatalf("%s falls into parts that sum to %s", a, sum)
		}
		if high-low > 1 {
			t.Fatalf("the parts of %s reach from %d to %d", a, low, high)
		}
	})
	if !panics(func() { eur.Of(1).Split(0) }) || !panics(func() { eur.Of(1).Split(-1) }) {
		t.Error("a split into nothing")
	}
}

func TestMulRounds(t *testing.T) {
	eur := currency(t, "EUR")
	for _, c := range []struct {
		minor, num, den int64
		r               Rounding
		want, left      int64
	}{
		{100, 29, 1000, Down, 2, 900}, {100, 29, 1000, Up, 3, -100}, {100, 29, 1000, HalfEven, 3, -100},
		{-100, 29, 1000, Down, -2, -900}, {-100, 29, 1000, Up, -3, 100}, {-100, 29, 1000, HalfEven, -3, 100},
		{1, 1, 2, HalfEven, 0, 1}, {3, 1, 2, HalfEven, 2, -1}, {5, 1, 2, HalfEven, 2, 1}, {-3, 1, 2, HalfEven, -2, 1},
		{-5, -1, 2, HalfEven, 2, 1},
		{1, 1, 3, Up, 1, -2}, {1, 1, 3, Down, 0, 1}, {1, 1, 3, HalfEven, 0, 1}, {2, 1, 3, HalfEven, 1, -1},
		{100, 3, 1, Up, 300, 0}, {0, 5, 7, Up, 0, 0}, {100, 0, 7, Up, 0, 0},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, Down, math.MaxInt64, 0}, {math.MinInt64, 1, 1, Up, math.MinInt64, 0},
		{math.MinInt64, math.MaxInt64, math.MaxInt64, Down, math.MinInt64, 0},
	} {
		got, left, err := eur.Of(c.minor).Mul(c.num, c.den, c.r)
		if err != nil || got != eur.Of(c.want) || left != (Ratio{c.left, c.den}) || left.IsZero() != (c.left == 0) {
			t.Errorf("%d*%d/%d rounded %d = %d, remainder %v, %v", c.minor, c.num, c.den, c.r, got.Minor, left, err)
		}
	}
	for _, c := range []struct {
		minor, num, den int64
		want            *fault.Fault
	}{
		{1, 1, 0, ErrInvalidRate}, {1, 1, -1, ErrInvalidRate}, {1, 1, math.MinInt64, ErrInvalidRate},
		{math.MaxInt64, 2, 1, ErrAmountTooLarge}, {math.MinInt64, -1, 1, ErrAmountTooLarge}, {math.MinInt64, math.MinInt64, 1, ErrAmountTooLarge},
		{math.MaxInt64, math.MaxInt64, 2, ErrAmountTooLarge}, {math.MinInt64, math.MaxInt64, math.MaxInt64 - 1, ErrAmountTooLarge},
	} {
		_, _, err := eur.Of(c.minor).Mul(c.num, c.den, Up)
		refused(t, "Mul", err, c.want)
	}
	for _, r := range []Rounding{0, Up + 1} {
		if !panics(func() { eur.Of(1).Mul(1, 2, r) }) {
			t.Errorf("rounding %d has no name", r)
		}
	}
}

// For any product: nothing is lost, the rounding goes where its name says, and a refusal is a true overflow.
func TestMulLosesNothing(t *testing.T) {
	number := rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64}))
	rapid.Check(t, func(t *rapid.T) {
		a := Amount{Minor: number.Draw(t, "a")}
		num := number.Draw(t, "num")
		den := rapid.OneOf(rapid.Int64Range(1, 50), rapid.Int64Min(1)).Draw(t, "den")
		r := Rounding(rapid.IntRange(int(HalfEven), int(Up)).Draw(t, "rounding"))
		product := new(big.Int).Mul(big.NewInt(a.Minor), big.NewInt(num))
		want := rounded(product, big.NewInt(den), r)
		got, left, err := a.Mul(num, den, r)
		if want.IsInt64() != (err == nil) {
			t.Fatalf("exactly %s, refused with %v", want, err)
		}
		if err != nil {
			return
		}
		if got.Minor != want.Int64() || left.Den != den {
			t.Fatalf("got %d, want %s", got.Minor, want)
		}
		back := new(big.Int).Mul(big.NewInt(got.Minor), big.NewInt(den))
		if back.Add(back, big.NewInt(left.Num)).Cmp(product) != 0 {
			t.Fatalf("%d/%d and the remainder %v do not give back the product", got.Minor, den, left)
		}
	})
}

// rounded divides with big integers, the long way round.
func rounded(product, den *big.Int, r Rounding) *big.Int {
	size := new(big.Int).Abs(product)
	q, rest := new(big.Int).QuoRem(size, den, new(big.Int))
	twice := new(big.Int).Lsh(rest, 1).Cmp(den)
	if r == Up && rest.Sign() > 0 || r == HalfEven && (twice > 0 || twice == 0 && q.Bit(0) == 1) {
		q.Add(q, big.NewInt(1))
	}
	if product.Sign() < 0 {
		q.Neg(q)
	}
	return q
}

func TestSum128(t *testing.T) {
	number := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 0, 1, -1}))
	rapid.Check(t, func(t *rapid.T) {
		var s, half Sum128
		exact, exactHalf := new(big.Int), new(big.Int)
		for i, v := range rapid.SliceOfN(number, 0, 100).Draw(t, "numbers") {
			if i%3 == 0 {
				s.Sub(v)
				exact.Sub(exact, big.NewInt(v))
			} else {
				s.Add(v)
				exact.Add(exact, big.NewInt(v))
			}
			if i%2 == 0 {
				half.Add(v)
				exactHalf.Add(exactHalf, big.NewInt(v))
			}
		}
		same := func(s Sum128, exact *big.Int) {
			v, ok := s.Int64()
			if s.String() != exact.String() || s.Sign() != exact.Sign() || ok != exact.IsInt64() || ok && v != exact.Int64() || !ok && v != 0 {
				t.Fatalf("%s (%d, %v, sign %d), want %s", s, v, ok, s.Sign(), exact)
			}
		}
		same(s, exact)
		if s.Cmp(half) != exact.Cmp(exactHalf) || s.Cmp(s) != 0 {
			t.Fatalf("%s against %s", s, half)
		}
		more, less := s, s
		more.AddSum(half)
		less.SubSum(half)
		same(more, new(big.Int).Add(exact, exactHalf))
		same(less, new(big.Int).Sub(exact, exactHalf))
	})
}

func TestCurrencies(t *testing.T) {
	for code, scale := range map[string]uint8{
		"EUR": 2, "USD": 2, "CNY": 2, "MRU": 2, "ZWG": 2, "XCG": 2, "JPY": 0, "KRW": 0, "ISK": 0, "XAF": 0,
		"KWD": 3, "BHD": 3, "TND": 3, "CLF": 4, "UYW": 4,
	} {
		if c, ok := Lookup(code); !ok || c != (Currency{code, scale}) {
			t.Errorf("Lookup(%s) = %v, %v", code, c, ok)
		}
	}
	for _, code := range []string{
		"", "eur", "Eur", "EU", "EURO", " EUR", "EUR ", "EUR\x00", "ＥＵＲ", "978",
		"XTS", "XXX", "XAU", "XDR", "ZZZ", "HRK", "BGN", "DEM", "ZWL",
	} {
		if c, ok := Lookup(code); ok || c != (Currency{}) || !c.IsZero() {
			t.Errorf("Lookup(%q) = %v", code, c)
		}
		_, err := ParseCurrency(code)
		refused(t, "ParseCurrency("+code+")", err, ErrUnknownCurrency)
	}
	all := ISO()
	if len(all) != 165 {
		t.Errorf("%d currencies", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b Currency) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("not sorted")
	}
	total := 0
	for _, codes := range isoCodes {
		total += len(strings.Fields(codes))
	}
	if total != len(all) {
		t.Error("a code is in the table twice")
	}
	for _, c := range all {
		if again, err := NewCurrency(c.Code, c.Scale); err != nil || again != c || c.String() != c.Code || len(c.Code) != 3 {
			t.Errorf("%v: %v, %v", c, again, err)
		}
		if _, err := NewCurrency(c.Code, c.Scale+1); err == nil {
			t.Errorf("%s was defined with other decimals", c.Code)
		}
	}
}

func TestNewCurrency(t *testing.T) {
	for _, c := range []Currency{{"POINTS", 0}, {"HOURS", 2}, {"BTC", 8}, {"A1B2C3D4E5F6", 3}, {"007", 1}} {
		if got, err := NewCurrency(c.Code, c.Scale); err != nil || got != c {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	for _, c := range []Currency{
		{"", 2}, {"AB", 2}, {"ABCDEFGHIJKLM", 2}, {"points", 2}, {"PO INT", 2}, {"PÖINTS", 2}, {"POINTS", 9}, {"POINTS", 255},
		{"EUR", 3}, {"JPY", 2}, {"XTS", 2}, {"XXX", 0}, {"XAU", 4}, {"积分", 0}, {"ABC\n", 0},
	} {
		_, err := NewCurrency(c.Code, c.Scale)
		refused(t, "NewCurrency("+c.Code+")", err, ErrInvalidCurrency)
	}
}
