package id

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func at(t *time.Time) func() time.Time { return func() time.Time { return *t } }

func TestNewLooksAsPromised(t *testing.T) {
	m := NewMinter(at(&start))
	s := m.New("pay")
	if len(s) != 30 || !strings.HasPrefix(s, "pay_01") || s != strings.ToLower(s) || strings.ContainsAny(s[4:], "ilou") {
		t.Errorf("%q", s)
	}
	b, err := Bytes(s)
	if err != nil || b[15] != 0 {
		t.Errorf("%x, %v: the last byte belongs to steps", b, err)
	}
	if when, err := Time(s); err != nil || !when.Equal(start) {
		t.Errorf("minted at %v, %v", when, err)
	}
}

// Ids increase while the clock runs, stands still, goes back by an hour and stands before 1970.
func TestIdsIncreaseWhateverTheClockDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		m := NewMinter(at(&now))
		last := m.New("pay")
		for range rapid.IntRange(1, 200).Draw(t, "ids") {
			step := rapid.SampledFrom([]time.Duration{
				0, 0, 0, time.Microsecond, time.Millisecond, time.Hour, -time.Hour, -100 * 365 * 24 * time.Hour,
			})
			now = now.Add(step.Draw(t, "step"))
			next := m.New("pay")
			if next <= last {
				t.Fatalf("%s came after %s", next, last)
			}
			last = next
		}
	})
}

func TestIdsIncreaseThroughTheEndOfAMillisecond(t *testing.T) {
	m := NewMinter(at(&start))
	m.Mint()
	m.high, m.low = 0xff, 1<<64-2
	before := Text("pay", [16]byte{0, 0, 0, 0, 0, 0, 0xff})
	for range 3 {
		if next := m.New("pay"); next <= before {
			t.Fatalf("%s came after %s", next, before)
		} else {
			before = next
		}
	}
	if when, _ := Time(before); !when.Equal(start.Add(time.Millisecond)) {
		t.Errorf("the overflow went to %v", when)
	}
}

func TestIdsAreUniqueAcrossGoroutinesAndMinters(t *testing.T) {
	const goroutines, each = 8, 2000
	shared := NewMinter(at(&start))
	found := make([][]string, goroutines)
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			m := shared
			if g%2 == 1 {
				m = NewMinter(at(&start)) // another process in the same millisecond
			}
			for range each {
				found[g] = append(found[g], m.New("pay"))
			}
		})
	}
	group.Wait()
	all := slices.Concat(found...)
	slices.Sort(all)
	if got := len(slices.Compact(all)); got != goroutines*each {
		t.Errorf("%d different ids of %d", got, goroutines*each)
	}
}

func TestTextAndBytesAreOneToOne(t *testing.T) {
	for text, b := range map[string][16]byte{
		"x_00000000000000000000000000": {},
		"x_00000000000000000000000001": {15: 1},
		"x_7zzzzzzzzzzzzzzzzzzzzzzzzz": {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
		"x_01arz3ndektsv4rrffq69g5fav": {0x01, 0x56, 0x3e, 0x3a, 0xb5, 0xd3, 0xd6, 0x76, 0x4c, 0x61, 0xef, 0xb9, 0x93, 0x02, 0xbd, 0x5b},
	} {
		if got := Text("x", b); got != text {
			t.Errorf("Text(%x) = %s, want %s", b, got, text)
		}
		if got, err := Bytes(text); err != nil || got != b {
			t.Errorf("Bytes(%s) = %x, %v", text, got, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var a, b [16]byte
		copy(a[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "a"))
		copy(b[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "b"))
		back, err := Bytes(Text("pay", a))
		if err != nil || back != a {
			t.Fatalf("%x came back as %x, %v", a, back, err)
		}
		if slices.Compare(a[:], b[:]) != strings.Compare(Text("pay", a), Text("pay", b)) {
			t.Fatalf("%x and %x sort differently as text", a, b)
		}
	})
}

func TestBytesRefusesEverySecondSpelling(t *testing.T) {
	good := "pay_01arz3ndektsv4rrffq69g5fav"
	for _, s := range []string{
		"", "_", "pay", "pay_", good[4:], "_" + good[4:], "pay" + good[4:], good + "0", good[:len(good)-1],
		strings.ToUpper(good), "pay_" + strings.ToUpper(good[4:]), "Pay_" + good[4:], "p-y_" + good[4:], "1pay_" + good[4:],
		"pay_81arz3ndektsv4rrffq69g5fav",                                                                     // a 129th bit
		"pay_01arz3ndektsv4rrffq69g5fai", "pay_01arz3ndektsv4rrffq69g5fal", "pay_o1arz3ndektsv4rrffq69g5fav", // look-alikes
		"pay_01arz3ndektsv4rrffq69g5fau", "pay_01arz3ndek-sv4rrffq69g5fav", "pay__01arz3ndektsv4rrffq69g5fav",
		" " + good, good + " ", good + "\n", "pay_０1arz3ndektsv4rrffq69g5f", "averylongprefix_" + good[4:], "pay_" + strings.Repeat("é", 13),
	} {
		if b, err := Bytes(s); !errors.Is(err, ErrInvalid) || b != [16]byte{} {
			t.Errorf("Bytes(%q) = %x, %v", s, b, err)
		}
		if Valid(s, "pay") {
			t.Errorf("Valid(%q)", s)
		}
		if _, err := Time(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("Time(%q) = %v", s, err)
		}
	}
	if !Valid(good, "pay") || Valid(good, "ent") || Valid(good, "pa") || Valid(good, "") || Valid("x"+good, "pay") {
		t.Error("Valid and the prefix")
	}
}

func FuzzBytes(f *testing.F) {
	for _, seed := range []string{
		"pay_01arz3ndektsv4rrffq69g5fav", "ent_7zzzzzzzzzzzzzzzzzzzzzzzzz", "pay_8zzzzzzzzzzzzzzzzzzzzzzzzz",
		"_", "pay_", "PAY_01ARZ3NDEKTSV4RRFFQ69G5FAV",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := Bytes(s)
		if err != nil {
			return
		}
		prefix, _, _ := strings.Cut(s, "_")
		if back := Text(prefix, b); back != s || !Valid(s, prefix) {
			t.Fatalf("%q is accepted and written as %q", s, back)
		}
	})
}

func TestStep(t *testing.T) {
	m := NewMinter(at(&start))
	pay := m.New("pay")
	seen := map[string]bool{}
	for n := 1; n <= 255; n++ {
		ent := Step(pay, "ent", uint8(n))
		if ent != Step(pay, "ent", uint8(n)) || !Valid(ent, "ent") || seen[ent] {
			t.Fatalf("step %d gives %s", n, ent)
		}
		seen[ent] = true
		if ent[4:] <= pay[4:] {
			t.Fatalf("step %d sorts before its object", n)
		}
	}
	if next := m.New("pay"); next[4:] <= Step(pay, "ent", 255)[4:] {
		t.Error("a step sorts after the next object")
	}
	for name, step := range map[string]func(){
		"zero":           func() { Step(pay, "ent", 0) },
		"step of a step": func() { Step(Step(pay, "ent", 1), "ent", 2) },
		"no id":          func() { Step("pay_1", "ent", 1) },
		"odd prefix":     func() { Step(pay, "ENT", 1) },
	} {
		if !panics(step) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestPrefixes(t *testing.T) {
	m := NewMinter(at(&start))
	for _, p := range []string{"", "Pay", "pay_", "1p", "päy", "averylongprefix", "p y"} {
		if !panics(func() { m.New(p) }) {
			t.Errorf("prefix %q was accepted", p)
		}
	}
	m.New("a")
	m.New("ab1234567890")
}

func TestSecret(t *testing.T) {
	seen := map[string]bool{}
	for n := 1; n <= 40; n++ {
		s := Secret(n)
		if len(s) != (n*8+4)/5 || strings.Trim(s, Letters) != "" {
			t.Errorf("Secret(%d) = %q", n, s)
		}
	}
	used := map[byte]bool{}
	for range 1000 {
		s := Secret(20)
		if seen[s] {
			t.Fatal("a secret came twice")
		}
		seen[s] = true
		used[s[0]], used[s[len(s)-1]] = true, true
	}
	if len(used) != len(Letters) {
		t.Errorf("only %d of %d characters occur", len(used), len(Letters))
	}
	if !panics(func() { Secret(0) }) || !panics(func() { Digits(-1) }) {
		t.Error("an empty secret was made")
	}
}

func TestDigits(t *testing.T) {
	count := map[rune]int{}
	for range 1000 {
		s := Digits(6)
		if len(s) != 6 {
			t.Fatalf("%q", s)
		}
		for _, r := range s {
			count[r]++
		}
	}
	// 6000 digits: 600 of each, with a standard deviation of 23.
	for r := '0'; r <= '9'; r++ {
		if count[r] < 400 || count[r] > 800 {
			t.Errorf("%c came %d times in 6000", r, count[r])
		}
		delete(count, r)
	}
	if len(count) != 0 {
		t.Errorf("also %v", count)
	}
}

func TestKeys(t *testing.T) {
	key := NewKey("bf_test_sk_")
	if prefix, ok := ValidKey(key); !ok || prefix != "bf_test_sk_" || len(key) != 11+32+7 {
		t.Fatalf("%d characters, prefix %q, %v", len(key), prefix, ok)
	}
	for i := range key {
		for _, c := range "0z_A" {
			bad := key[:i] + string(c) + key[i+1:]
			if _, ok := ValidKey(bad); ok && bad != key {
				t.Fatalf("a typo in character %d passes", i)
			}
		}
	}
	for i := range len(key) - 1 {
		swapped := []byte(key)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		if _, ok := ValidKey(string(swapped)); ok && string(swapped) != key {
			t.Fatalf("characters %d and %d swapped pass", i, i+1)
		}
	}
	for _, bad := range []string{
		"", "_", key[:len(key)-1], key + "0", " " + key, strings.ToUpper(key), key[11:], strings.Repeat("a", 1<<20), strings.Repeat("_", 50),
	} {
		if _, ok := ValidKey(bad); ok {
			t.Errorf("%.60q passes", bad)
		}
	}
	for _, prefix := range []string{"", "_", "bf"} {
		if !panics(func() { NewKey(prefix) }) {
			t.Errorf("key prefix %q was accepted", prefix)
		}
	}
	if NewKey("bf_test_sk_") == key {
		t.Error("a key came twice")
	}
}

func BenchmarkNew(b *testing.B) {
	m := NewMinter(time.Now)
	for b.Loop() {
		m.New("pay")
	}
}

func ExampleStep() {
	fmt.Println(Step("pay_01arz3ndektsv4rrffq69g5f80", "ent", 1))
	// Output: ent_01arz3ndektsv4rrffq69g5f81
}
