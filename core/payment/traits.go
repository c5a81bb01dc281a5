package payment

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"billfold/base/money"
)

// The traits of a word list say what cannot be in it, in a few bytes that are read without the list: which ways its payments went, of
// which kinds they are, and between which amounts, by currency: "in,out purchase,refund EUR/2:100:5099,JPY/0:50:50". They are made of
// what payments' rows hold in the clear. A list without traits may have anything.

// traitsOf are those of lines.
func traitsOf(lines []line) string {
	type span struct{ least, most int64 }
	ways, kinds, spans := map[Direction]bool{}, map[Kind]bool{}, map[money.Currency]span{}
	for _, l := range lines {
		ways[l.direction()], kinds[l.kind] = true, true
		known, ok := spans[l.currency]
		if !ok {
			known = span{l.amount, l.amount}
		}
		spans[l.currency] = span{min(known.least, l.amount), max(known.most, l.amount)}
	}
	var amounts []string
	for c, s := range spans {
		amounts = append(amounts, fmt.Sprintf("%s/%d:%d:%d", c.Code, c.Scale, s.least, s.most))
	}
	slices.Sort(amounts)
	return sorted(ways) + " " + sorted(kinds) + " " + strings.Join(amounts, ",")
}

func sorted[K ~string](set map[K]bool) string {
	var names []string
	for _, one := range slices.Sorted(maps.Keys(set)) {
		names = append(names, string(one))
	}
	return strings.Join(names, ",")
}

func (l *line) direction() Direction {
	if l.role == rolePayer {
		return Out
	}
	return In
}

// mayBeIn is false only where a list with these traits has nothing that fits.
func (q *query) mayBeIn(traits string) bool {
	ways, rest, _ := strings.Cut(traits, " ")
	kinds, amounts, whole := strings.Cut(rest, " ")
	if !whole {
		return true
	}
	return (q.Direction == "" || listed(ways, string(q.Direction))) && (q.Kind == "" || listed(kinds, string(q.Kind))) &&
		(q.Currency == "" && q.Least == "" && q.Most == "" || q.mayCostIn(amounts))
}

func listed(list, name string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one == name {
			return true
		}
	}
	return false
}

// mayCostIn says whether an amount between the limits may be among these.
func (q *query) mayCostIn(amounts string) bool {
	for one := range strings.SplitSeq(amounts, ",") {
		field := strings.Split(one, ":")
		if len(field) != 3 {
			return true
		}
		code, digits, _ := strings.Cut(field[0], "/")
		scale, err1 := strconv.ParseUint(digits, 10, 8)
		from, err2 := strconv.ParseInt(field[1], 10, 64)
		to, err3 := strconv.ParseInt(field[2], 10, 64)
		if err1 != nil || err2 != nil || err3 != nil {
			return true
		}
		least, most := q.between(money.Currency{Code: code, Scale: uint8(scale)})
		if (q.Currency == "" || q.Currency == code) && least <= to && most >= from {
			return true
		}
	}
	return false
}
