package payment

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"billfold/base/id"
	"billfold/base/money"
)

// someLines are payments of "usr_me", newest first, as different as they get.
func someLines(r *rand.Rand, size int) []line {
	codes := []string{"EUR", "JPY", "KWD"}
	others := []string{"usr_ann", "usr_bob", "mch_cafe", ""}
	words := []string{"", "kaffee kuchen", "牛肉面 42", "number 7 lunch", "50% =cmd"}
	lines := make([]line, size)
	at := int64(1_700_000_000_000_000)
	for i := range lines {
		at -= r.Int64N(3) * 1_000_000 // some at the same moment
		var raw [16]byte
		for j := range raw[:15] {
			raw[j] = byte(r.Uint32())
		}
		c, _ := money.Lookup(codes[r.IntN(len(codes))])
		lines[i] = line{place: place{at, id.Text("pay", raw)}, role: []string{rolePayer, rolePayee}[r.IntN(2)],
			kind: []Kind{Purchase, Transfer, Refund}[r.IntN(3)], currency: c, amount: r.Int64N(3000),
			other: others[r.IntN(len(others))], creator: []string{"usr_me", "usr_ann", "usr_bob"}[r.IntN(3)], words: words[r.IntN(len(words))]}
	}
	return lines
}

// opened reads what encodeLines wrote.
func opened(t *testing.T, lines []line) *list {
	t.Helper()
	texts, err := encodeLines("usr_me", lines)
	if err != nil {
		t.Fatal(err)
	}
	l, others := &list{}, map[int]string{}
	for creator, text := range texts {
		if creator == "usr_me" {
			err = l.read(text)
		} else {
			err = readForeign(others, string(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l.weave(others)
	return l
}

// What a list is asked column by column leaves out only what does not fit, whatever is looked for; and each line is read as it was written.
func TestMarksLeaveOutOnlyWhatDoesNotFit(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 11))
	names := map[string]string{"usr_ann": "ann b. 42", "usr_bob": "bob 牛", "mch_cafe": "café linden", "": ""}
	found, left, closed := map[string]int{}, 0, 0
	for range 60 {
		lines := someLines(r, 1+r.IntN(150))
		l := opened(t, lines)
		for i, want := range lines {
			if got := l.line(i); got.place != want.place || got.words != want.words || got.amount != want.amount || got.other != want.other ||
				got.kind != want.kind || got.role != want.role || got.currency != want.currency {
				t.Fatalf("line %d reads %+v, want %+v", i, got, want)
			}
		}
		some := lines[r.IntN(len(lines))]
		noted, letters := some.payment, strings.TrimPrefix(some.payment, "pay_")
		for name, f := range map[string]ActivityFilter{
			"word": {Text: "kuchen"}, "words": {Text: "42 7"}, "name": {Text: "café"}, "han": {Text: "牛"}, "note": {Text: "steuer"},
			"id": {Text: some.payment}, "id's end": {Text: letters[20:]}, "prefix": {Text: "pay_"}, "half": {Text: "y_" + letters[:4]},
			"amount": {Text: some.currency.Of(some.amount).Decimal()}, "comma": {Text: "1,2"}, "zeros": {Text: "0.0"}, "dot": {Text: "."},
			"in": {Direction: In}, "out": {Direction: Out, Text: "lunch"}, "kind": {Kind: Refund}, "currency": {Currency: "JPY"},
			"with": {With: "usr_bob"}, "range": {Least: "2", Most: "9.995"}, "reference": {Reference: "Number 7"},
			"nothing": {Text: "no such words"},
		} {
			q := &query{ActivityFilter: f, terms: strings.Fields(fold(f.Text)), names: map[string]string{}, limits: map[money.Currency][2]int64{},
				notes: map[string]string{noted: "für die steuer"}, noted: map[string]idSet{"steuer": setOf([]string{noted})},
				named: map[string]map[string]bool{}}
			for other, name := range names {
				q.call(other, name)
			}
			m := q.may(l)
			if fit := slices.ContainsFunc(lines, func(l line) bool { return q.fits(&l) }); fit && !q.mayBeIn(traitsOf(lines)) {
				t.Fatalf("%s: %q says that nothing fits", name, traitsOf(lines))
			} else if !q.mayBeIn(traitsOf(lines)) {
				closed++
			}
			for i := range lines {
				marked := m[i/64]&(1<<(i%64)) != 0
				if fits := q.fits(&lines[i]); fits && !marked {
					t.Fatalf("%s: %+v fits and is left out", name, lines[i])
				} else if fits {
					found[name]++
				}
				if !marked {
					left++
				}
			}
			last := -1
			for i := m.next(0); i >= 0; i = m.next(i + 1) {
				if last = i; i >= len(lines) {
					t.Fatalf("%s: line %d of %d is marked", name, i, len(lines))
				}
			}
			if name == "nothing" && last >= 0 {
				t.Errorf("line %d may have no such words: %+v", last, lines[last])
			}
		}
	}
	if !(&query{ActivityFilter: ActivityFilter{Kind: Refund}}).mayBeIn("") {
		t.Error("a list without traits may have anything")
	}
	if left == 0 || closed == 0 || len(found) != 20 || found["nothing"] > 0 {
		t.Errorf("found %v, left out %d", slices.Collect(maps.Keys(found)), left)
	}
}

// Digits are found in an amount exactly where they stand in it when it is written.
func TestDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 12))
	found := 0
	for range 20_000 {
		amount := r.Int64N(maxAmount) >> r.IntN(63)
		written := strconv.FormatInt(amount, 10)
		from := r.IntN(len(written))
		part := written[from : from+1+r.IntN(len(written)-from)]
		if r.IntN(2) == 0 {
			part = strconv.FormatInt(r.Int64N(maxAmount)>>r.IntN(63), 10)
		}
		want := strings.Contains(written, strings.TrimLeft(part, "0"))
		if d, number := digitsOf(part); !number || d.in(amount) != want {
			t.Fatalf("%q in %d: %v (%v), want %v", part, amount, d.in(amount), number, want)
		} else if want {
			found++
		}
	}
	for term, want := range map[string]bool{"9223372036854775807": true, "9223372036854775806": false, ".": true, "0.00": true,
		"75807": true} {
		if d, number := digitsOf(term); !number || d.in(maxAmount) != want {
			t.Errorf("%q in the largest amount: %v", term, !want)
		}
	}
	for _, term := range []string{"9223372036854775808", "1e3", "-1"} {
		if _, number := digitsOf(term); number {
			t.Errorf("%q may be a part of an amount", term)
		}
	}
	if found < 10_000 {
		t.Errorf("only %d were there", found)
	}
}

// A list that was cut or changed is an error, whatever it says, and never a crash: its seal keeps that from happening.
func TestListsThatCannotBeRead(t *testing.T) {
	texts, err := encodeLines("usr_me", someLines(rand.New(rand.NewPCG(1, 2)), 70))
	if err != nil {
		t.Fatal(err)
	}
	whole := texts["usr_me"]
	for n := range len(whole) - 70*30 { // before the words, which may be any
		if err := (&list{}).read(whole[:n]); err == nil {
			t.Fatalf("%d of %d bytes were read", n, len(whole))
		}
	}
	for _, text := range []string{"", "1\t\t\t\n", "-1\ta\tb\tEUR/2\n", "9999999999999999999\ta\tb\tEUR/2\n", "1\ta\tb\tEUR/x\n",
		fmt.Sprintf("1\ta\tb\tEUR/2\n%030d", 0)} {
		if err := (&list{}).read([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// A list whose words are gone, because its owner was erased, has nothing that anybody looks for.
func TestMarksOfAnEmptyList(t *testing.T) {
	gone := &list{}
	gone.weave(nil)
	q := &query{ActivityFilter: ActivityFilter{State: Refunded}, terms: []string{"tea"}, noted: map[string]idSet{},
		inState: setOf([]string{id.Text("pay", [16]byte{1})})}
	q.noted["tea"] = q.inState
	if i := q.may(gone).next(0); i >= 0 {
		t.Errorf("line %d of none", i)
	}
}
