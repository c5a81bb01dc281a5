package payment

import (
	"bytes"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"billfold/base/id"
)

// marks are the lines of a list that may be looked for: a bit for each.
type marks []uint64

func newMarks(size int) marks { return make(marks, (size+63)/64) }

func (m marks) set(i int) { m[i/64] |= 1 << (i % 64) }

// and leaves the lines that both have.
func (m marks) and(n marks) {
	for i := range m {
		m[i] &= n[i]
	}
}

// next is the first line from i on that is marked; -1 where there is none.
func (m marks) next(i int) int {
	for word := i / 64; word < len(m); word++ {
		rest := m[word]
		if word == i/64 {
			rest &= ^uint64(0) << (i % 64)
		}
		if rest != 0 {
			return 64*word + bits.TrailingZeros64(rest)
		}
	}
	return -1
}

// every marks all lines.
func (l *list) every() marks {
	m := newMarks(l.size)
	for i := range m {
		m[i] = ^uint64(0)
	}
	if over := l.size % 64; over > 0 {
		m[len(m)-1] = 1<<over - 1
	}
	return m
}

// each marks every line that a question is true of.
func (l *list) each(is func(i int) bool) marks {
	m := newMarks(l.size)
	for i := range l.size {
		if is(i) {
			m.set(i)
		}
	}
	return m
}

// may marks the lines of a list that fits may say yes to, and leaves out only those that it says no to. It asks column by column, which
// costs a hundredth of reading the lines.
func (q *query) may(l *list) marks {
	m := l.every()
	if q.Direction != "" {
		role := roleByte(map[Direction]string{Out: rolePayer}[q.Direction])
		m.and(l.each(func(i int) bool { return l.roles[i] == role }))
	}
	if q.Kind != "" {
		m.and(l.each(func(i int) bool { return l.kinds[l.kind[i]] == string(q.Kind) }))
	}
	if q.Currency != "" {
		m.and(l.each(func(i int) bool { return l.currencies[l.currency[i]].Code == q.Currency }))
	}
	if q.With != "" {
		m.and(l.each(func(i int) bool { return l.others[l.other[i]] == q.With }))
	}
	if q.Least != "" || q.Most != "" {
		m.and(q.mayCost(l))
	}
	if q.State.rare() {
		in := newMarks(l.size)
		l.markIDs(in, q.inState)
		m.and(in)
	}
	if wanted := fold(q.Reference); wanted != "" {
		also := newMarks(l.size)
		l.markWords(also, wanted)
		m.and(also)
	}
	for _, term := range q.terms {
		if m.next(0) < 0 {
			break
		}
		m.and(q.mayHave(l, term))
	}
	return m
}

// mayCost marks what is between the limits, which each currency writes in its own way.
func (q *query) mayCost(l *list) marks {
	least, most := make([]int64, len(l.currencies)), make([]int64, len(l.currencies))
	for i, c := range l.currencies {
		least[i], most[i] = q.between(c)
	}
	return l.each(func(i int) bool { return l.amount[i] >= least[l.currency[i]] && l.amount[i] <= most[l.currency[i]] })
}

// mayHave marks what may have one term: in its words, in the name on its far side, in its id, in the owner's note or in its amount.
func (q *query) mayHave(l *list, term string) marks {
	m := newMarks(l.size)
	l.markWords(m, term)
	if named := q.named[term]; len(named) > 0 {
		for n, other := range l.others {
			if named[other] {
				l.markOther(m, int32(n))
			}
		}
	}
	l.markIDs(m, q.noted[term])
	if digits, number := digitsOf(term); number {
		for i, amount := range l.amount {
			if digits.in(amount) {
				m.set(i)
			}
		}
	}
	l.markLetters(m, term[strings.LastIndexByte(term, '_')+1:])
	return m
}

// markWords marks the lines whose words have a term.
func (l *list) markWords(m marks, term string) {
	for line, from := 0, 0; ; {
		at := bytes.Index(l.words[from:], []byte(term))
		if at < 0 {
			break
		}
		line += bytes.Count(l.words[from:from+at], []byte("\n"))
		m.set(line)
		end := bytes.IndexByte(l.words[from+at:], '\n')
		if end < 0 {
			break
		}
		line, from = line+1, from+at+end+1
	}
}

// markLetters marks the lines whose id has these letters; every line when there are none, as of "pay_".
func (l *list) markLetters(m marks, letters string) {
	if strings.Trim(letters, id.Letters) != "" {
		return // no id has such a one
	}
	for from := 0; from < len(l.ids); {
		at := bytes.Index(l.ids[from:], []byte(letters))
		if at < 0 {
			return
		}
		first, last := (from+at)/idLetters, (from+at+max(len(letters), 1)-1)/idLetters
		if first == last {
			m.set(first)
			from = (first + 1) * idLetters
		} else { // over the end of one id
			from += at + 1
		}
	}
}

// idSet are the letters of some payments' ids, in their order.
type idSet []letters

func setOf(ids []string) idSet {
	set := make(idSet, 0, len(ids))
	for _, one := range ids {
		if part := strings.TrimPrefix(one, "pay_"); len(part) == idLetters {
			set = append(set, letters([]byte(part)))
		}
	}
	slices.SortFunc(set, compareLetters)
	return set
}

func compareLetters(a, b letters) int { return bytes.Compare(a[:], b[:]) }

// span is the least and the greatest id of a list.
func (l *list) span() (least, most letters) {
	l.spanned.Do(func() {
		l.least, l.most = *l.letters(0), *l.letters(0)
		for i := range l.size {
			if one := l.letters(i); bytes.Compare(one[:], l.least[:]) < 0 {
				l.least = *one
			} else if bytes.Compare(one[:], l.most[:]) > 0 {
				l.most = *one
			}
		}
	})
	return l.least, l.most
}

// markIDs marks the lines of these payments. Ids follow the time, as lists do, so most lists have none of them, which their span tells.
func (l *list) markIDs(m marks, set idSet) {
	if len(set) == 0 || l.size == 0 { // a list whose owner was erased has no lines
		return
	}
	least, most := l.span()
	from, _ := slices.BinarySearchFunc(set, least, compareLetters)
	to, last := slices.BinarySearchFunc(set, most, compareLetters)
	if last {
		to++
	}
	if set = set[from:to]; len(set) == 0 {
		return
	}
	for i := range l.size {
		if _, in := slices.BinarySearchFunc(set, *l.letters(i), compareLetters); in {
			m.set(i)
		}
	}
}

// markOther marks the lines with one party, by its number, on the far side.
func (l *list) markOther(m marks, number int32) {
	for i, other := range l.other {
		if other == number {
			m.set(i)
		}
	}
}

// digits are some that follow each other in a written number: their value, and ten to the power of how many they are; 0 for as many as
// the longest amount has, which is then equal to them.
type digits struct{ value, bound int64 }

// digitsOf are a term's digits, where it may be a part of a written amount: without what parts them, and without leading zeros, which an
// amount of minor units does not have.
func digitsOf(term string) (d digits, number bool) {
	if strings.Trim(term, "0123456789.,") != "" {
		return d, false
	}
	written := strings.TrimLeft(strings.NewReplacer(".", "", ",", "").Replace(term), "0")
	value, err := strconv.ParseInt("0"+written, 10, 64)
	if err != nil {
		return d, false // more than any amount is
	}
	if d = (digits{value: value, bound: 1}); len(written) == len(strconv.Itoa(maxAmount)) {
		d.bound = 0
	}
	for range len(written) {
		d.bound *= 10
	}
	return d, true
}

// in says whether an amount of minor units has the digits. It is asked of every line, so it does not write them.
func (d digits) in(amount int64) bool {
	if d.bound == 0 {
		return amount == d.value
	}
	for rest := amount; rest >= d.value; rest /= 10 {
		if rest%d.bound == d.value {
			return true
		}
		if rest == 0 {
			break
		}
	}
	return false
}

// wordsOf are the words of one line. Where each begins is found out once.
func (l *list) wordsOf(i int) string {
	l.parted.Do(func() {
		l.begins = make([]int, 1, l.size+1)
		for at, letter := range l.words {
			if letter == '\n' {
				l.begins = append(l.begins, at+1)
			}
		}
	})
	if i+1 >= len(l.begins) {
		return ""
	}
	return string(l.words[l.begins[i] : l.begins[i+1]-1])
}
