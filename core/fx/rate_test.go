package fx

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"billfold/base/money"
)

func currency(t testing.TB, code string) money.Currency {
	t.Helper()
	c, err := money.ParseCurrency(code)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mid(t testing.TB, from, to string) Rate {
	t.Helper()
	r, ok := Sandbox(currency(t, from), currency(t, to))
	if !ok {
		t.Fatalf("no rate from %s to %s", from, to)
	}
	return r
}

// TestConvert: exact by each currency's decimals, never a hundred times as much (case 9).
func TestConvert(t *testing.T) {
	for _, c := range []struct {
		from, to                         string
		amount, fee, gets, margin, round int64
	}{
		{"EUR", "USD", 10000, 25, 11710, 30, 0}, // 117.40 at mid, 117.1065 at ours
		{"EUR", "JPY", 100, 1, 183, 0, 1},       // 183.75 yen: cents into whole yen
		{"JPY", "EUR", 1000, 3, 542, 2, 1},      // 5.4421…
		{"KWD", "EUR", 1000, 3, 276, 0, 1},      // a thousand fils are one dinar: 2.7685…
		{"EUR", "KWD", 100, 1, 360, 1, 0},       // 0.3612 dinar
		{"EUR", "USD", 1, 1, 1, 0, 1},           // the smallest there is
	} {
		d, err := Convert(currency(t, c.from).Of(c.amount), mid(t, c.from, c.to))
		if err != nil || d.Fee.Minor != c.fee || d.Gets.Minor != c.gets || d.Gets.Currency.Code != c.to {
			t.Errorf("%d %s: %+v, %v, want %+v", c.amount, c.from, d, err, c)
		}
		explained(t, d, mid(t, c.from, c.to))
	}
	if _, err := Convert(currency(t, "JPY").Of(1), mid(t, "JPY", "USD")); !errors.Is(err, ErrSmall) {
		t.Errorf("a yen into dollars: %v", err)
	}
	for _, minor := range []int64{0, -1, math.MinInt64} {
		if _, err := Convert(currency(t, "EUR").Of(minor), mid(t, "EUR", "USD")); !errors.Is(err, money.ErrAmountNotPositive) {
			t.Errorf("%d: %v", minor, err)
		}
	}
	if _, err := Convert(currency(t, "EUR").Of(math.MaxInt64), mid(t, "EUR", "VND")); !errors.Is(err, money.ErrAmountTooLarge) {
		t.Errorf("more than there is: %v", err)
	}
	if _, ok := Sandbox(currency(t, "EUR"), currency(t, "EUR")); ok {
		t.Error("euros into euros have a rate")
	}
}

// explained checks a deal by arithmetic of its own: what the position gives is the exact worth and less than one unit more.
func explained(t *testing.T, d Deal, r Rate) {
	t.Helper()
	exact := new(big.Rat).Mul(big.NewRat(d.Amount.Minor, 1), big.NewRat(r.Num, r.Den))
	exact.Mul(exact, new(big.Rat).SetFrac(tens(r.To.Scale), tens(r.From.Scale)))
	rest := new(big.Rat)
	if d.Rest.Den != 0 {
		rest.SetFrac64(d.Rest.Num, d.Rest.Den)
	}
	if sum := new(big.Rat).Add(exact, rest); sum.Cmp(big.NewRat(d.Paid(), 1)) != 0 {
		t.Fatalf("%s at %d/%d: %d are paid, %s are owed and %s rounded", d.Amount, r.Num, r.Den, d.Paid(), exact, rest)
	}
	if rest.Sign() < 0 || rest.Cmp(big.NewRat(1, 1)) >= 0 || d.Margin < 0 || d.Round < 0 || d.Round > 1 || d.Fee.Minor < 1 ||
		d.Gets.Minor < 1 {
		t.Fatalf("%s: %+v", d.Amount, d)
	}
}

// TestThereAndBack is case 10: a million exchanges of the smallest amounts there are, there and back, over every pair of
// currencies. Nobody ends above where they began, and each unit of each deal is explained.
func TestThereAndBack(t *testing.T) {
	codes := Codes()
	deals, refused, pairs := 0, 0, 0
	for _, a := range codes {
		for _, b := range codes {
			if a == b {
				continue
			}
			pairs++
			there, back := mid(t, a, b), mid(t, b, a)
			from := currency(t, a)
			for minor := int64(1); minor <= 440; minor++ {
				d, err := Convert(from.Of(minor), there)
				if errors.Is(err, ErrSmall) {
					refused++
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				deals++
				if minor%44 == 1 {
					explained(t, d, there)
				}
				// Back goes all that came, the fee out of it: the most that can return.
				e, err := Convert(d.Gets, back)
				if errors.Is(err, ErrSmall) {
					refused++
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				deals++
				if e.Gets.Minor >= minor+d.Fee.Minor {
					t.Fatalf("%d %s cost %d and became %d after the way to %s and back", minor, a, minor+d.Fee.Minor, e.Gets.Minor, b)
				}
				if e.Gets.Minor > minor {
					t.Fatalf("%d %s became %d before any fee", minor, a, e.Gets.Minor)
				}
			}
		}
	}
	if deals < 600_000 || deals+refused < 1_000_000 || refused == 0 {
		t.Errorf("%d deals and %d refusals over %d pairs", deals, refused, pairs)
	}
}
