package money

import (
	"math/big"
	"math/bits"
)

// Sum128 is a running sum in 128 bits: of debits and credits over a whole ledger, where int64 could wrap and a
// database's sum() either overflows or changes type. The zero value is zero. It is comparable; it cannot overflow
// by fewer than 2^64 additions.
type Sum128 struct {
	high int64
	low  uint64
}

// Add adds v to the sum.
func (s *Sum128) Add(v int64) { s.AddSum(Sum128{high: v >> 63, low: uint64(v)}) }

// Sub takes v from the sum.
func (s *Sum128) Sub(v int64) { s.SubSum(Sum128{high: v >> 63, low: uint64(v)}) }

// AddSum adds another sum.
func (s *Sum128) AddSum(o Sum128) {
	low, carry := bits.Add64(s.low, o.low, 0)
	high, _ := bits.Add64(uint64(s.high), uint64(o.high), carry)
	s.high, s.low = int64(high), low
}

// SubSum takes another sum from it.
func (s *Sum128) SubSum(o Sum128) {
	low, borrow := bits.Sub64(s.low, o.low, 0)
	high, _ := bits.Sub64(uint64(s.high), uint64(o.high), borrow)
	s.high, s.low = int64(high), low
}

// Int64 returns the sum and true when int64 can hold it, else 0 and false.
func (s Sum128) Int64() (int64, bool) {
	v := int64(s.low)
	if v>>63 != s.high {
		return 0, false
	}
	return v, true
}

// Sign returns -1, 0 or 1.
func (s Sum128) Sign() int {
	switch {
	case s.high < 0:
		return -1
	case s.high == 0 && s.low == 0:
		return 0
	}
	return 1
}

// Cmp compares two sums: -1, 0 or 1.
func (s Sum128) Cmp(o Sum128) int {
	switch {
	case s.high < o.high || s.high == o.high && s.low < o.low:
		return -1
	case s == o:
		return 0
	}
	return 1
}

// String returns the decimal digits.
func (s Sum128) String() string {
	v := new(big.Int).Lsh(big.NewInt(s.high), 64)
	return v.Add(v, new(big.Int).SetUint64(s.low)).String()
}
