package outage

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// The operations of a history.
const (
	opPost = iota // from pays to at once
	opHold        // from reserves for to
	opTake        // a hold is made final, in part
	opFree        // a hold is let go
	opLook        // one account is read
	opSnap        // the accounts of a cell are read in one request
)

// A cell is three accounts that nobody else touches: two with a limit, and a busy one without.
const cellSize = 3

// wish is what a client asked for.
type wish struct {
	op       int
	cell     int
	from, to int
	minor    int64
	hold     int    // number of the hold within its cell, for opHold, opTake and opFree
	shared   int    // number, within its cell, of a key under which several clients asked for the same; -1 for a key of one
	key      string // as it was sent
}

// told is what the client was told.
type told struct {
	outcome int
	minor   [cellSize][3]int64 // posted, reserved on its way out, on its way in; opLook fills its account
	code    string             // of a refusal
	tries   int                // how often it was asked
}

// The outcomes.
const (
	yes = iota
	no
	maybe // no answer ever came
)

// books is the sequential model of one cell: a balance of each account, which holds are open, which shared keys were used.
type books struct {
	posted, out, in [cellSize]int64
	holds, used     string // a byte each
}

const (
	never  = '.'
	open   = 'o'
	closed = 'x'
)

func set(s string, i int, b byte) string { return s[:i] + string(b) + s[i+1:] }

// can tells whether an amount may leave an account.
func (b *books) can(from int, minor int64) bool {
	return from == cellSize-1 || b.posted[from]-b.out[from] >= minor
}

// reserve adds to, or takes from, what is reserved. Nobody counts it on the busy account.
func (b *books) reserve(w wish, minor int64) {
	if w.from != cellSize-1 {
		b.out[w.from] += minor
	}
	if w.to != cellSize-1 {
		b.in[w.to] += minor
	}
}

func (b *books) move(w wish, minor int64) {
	b.posted[w.from] -= minor
	b.posted[w.to] += minor
}

// apply does what was asked for, and says whether it was done.
func (b *books) apply(w wish, amounts []wish) bool {
	switch w.op {
	case opPost:
		if w.shared >= 0 && b.used[w.shared] != never {
			return true
		}
		if !b.can(w.from, w.minor) {
			return false
		}
		b.move(w, w.minor)
		if w.shared >= 0 {
			b.used = set(b.used, w.shared, closed)
		}
	case opHold:
		if !b.can(w.from, w.minor) {
			return false
		}
		b.reserve(w, w.minor)
		b.holds = set(b.holds, w.hold, open)
	default:
		if b.holds[w.hold] != open {
			return false
		}
		held := amounts[w.hold]
		b.reserve(held, -held.minor)
		if w.op == opTake {
			b.move(held, w.minor)
		}
		b.holds = set(b.holds, w.hold, closed)
	}
	return true
}

// saw tells whether a reading shows exactly this.
func (b *books) saw(w wish, t told) bool {
	for i := range cellSize {
		if w.op == opLook && i != w.from {
			continue
		}
		if t.minor[i] != [3]int64{b.posted[i], b.out[i], b.in[i]} {
			return false
		}
	}
	return true
}

// history is what clients asked and were told, with the times of both.
type history struct {
	begin []books // of each cell
	ops   []porcupine.Operation
}

// check looks for an order in which one after the other would have given the same answers. A request that was never answered may have
// been carried out at any time since, or not at all: it stays open until the end, where its outcome can be anything.
func (h *history) check(limit time.Duration) porcupine.CheckResult {
	ops := slices.Clone(h.ops)
	amounts := map[int][]wish{}
	used := map[int]int{}
	for i := range ops {
		w := ops[i].Input.(wish)
		if ops[i].Output.(told).outcome == maybe {
			ops[i].Return = math.MaxInt64
		}
		if w.op == opHold {
			for len(amounts[w.cell]) <= w.hold {
				amounts[w.cell] = append(amounts[w.cell], wish{})
			}
			amounts[w.cell][w.hold] = w
		}
		used[w.cell] = max(used[w.cell], w.shared+1)
	}
	worst := porcupine.CheckResult(porcupine.Ok)
	for cell := range h.begin {
		var own []porcupine.Operation
		for _, op := range ops {
			if op.Input.(wish).cell == cell {
				own = append(own, op)
			}
		}
		begin := h.begin[cell]
		begin.holds = strings.Repeat(string(rune(never)), len(amounts[cell]))
		begin.used = strings.Repeat(string(rune(never)), used[cell])
		model := porcupine.Model{
			Init: func() any { return begin },
			Step: func(state, input, output any) (bool, any) {
				b, w, t := state.(books), input.(wish), output.(told)
				if w.op == opLook || w.op == opSnap {
					return b.saw(w, t), b
				}
				done := b.apply(w, amounts[cell])
				return t.outcome == maybe || done == (t.outcome == yes), b
			},
			Equal: func(a, b any) bool { return a.(books) == b.(books) },
		}
		if r := porcupine.CheckOperationsTimeout(model, own, limit); r != porcupine.Ok && worst != porcupine.Illegal {
			worst = r
		}
	}
	return worst
}

// shortest cuts a history that has no explanation off after the first answer that has none, and drops the other cells.
func (h *history) shortest() *history {
	for cell := range h.begin {
		own := &history{begin: h.begin}
		for _, op := range h.ops {
			if op.Input.(wish).cell == cell {
				own.ops = append(own.ops, op)
			}
		}
		slices.SortFunc(own.ops, func(a, b porcupine.Operation) int { return int(a.Return - b.Return) })
		bad := sort.Search(len(own.ops), func(n int) bool {
			cut := &history{begin: h.begin, ops: slices.Clone(own.ops[:n+1])}
			for _, op := range own.ops[n+1:] { // what was under way then may have been done already
				if op.Call < own.ops[n].Return && op.Input.(wish).op < opLook {
					op.Output = told{outcome: maybe}
					cut.ops = append(cut.ops, op)
				}
			}
			return cut.check(time.Minute) == porcupine.Illegal
		})
		if bad < len(own.ops) {
			own.ops = own.ops[:bad+1]
			return own
		}
	}
	return h
}

// String is a line for each operation, for a history that has no explanation.
func (h *history) String() string {
	var b strings.Builder
	ops := slices.Clone(h.ops)
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	for _, op := range ops {
		w, t := op.Input.(wish), op.Output.(told)
		name := [...]string{"post", "hold", "take", "free", "look", "snap"}[w.op]
		fmt.Fprintf(&b, "%7d to %7d us, client %d, cell %d: %s %d>%d %d hold %d key %s (%d): %s %s %v, %d tries\n", op.Call/1000, op.Return/1000,
			op.ClientId, w.cell, name, w.from, w.to, w.minor, w.hold, w.key, w.shared, [...]string{"yes", "no", "maybe"}[t.outcome], t.code,
			t.minor, t.tries)
	}
	return b.String()
}

// TestModel shows that the model and the search accept what is right and refuse what is not, on histories small enough to read.
func TestModel(t *testing.T) {
	post := func(from, to int, minor int64) wish {
		return wish{op: opPost, from: from, to: to, minor: minor, shared: -1}
	}
	look := wish{op: opLook, shared: -1}
	sees := func(minor int64) told { return told{minor: [cellSize][3]int64{{minor}}} }
	op := func(client int, call, back int64, w wish, t told) porcupine.Operation {
		return porcupine.Operation{ClientId: client, Call: call, Return: back, Input: w, Output: t}
	}
	for _, c := range []struct {
		name string
		ops  []porcupine.Operation
		want porcupine.CheckResult
	}{
		{"one after the other", []porcupine.Operation{op(0, 1, 2, post(0, 1, 60), told{}), op(0, 3, 4, post(0, 1, 60), told{outcome: no}),
			op(0, 5, 6, look, sees(40))}, porcupine.Ok},
		{"the same money twice", []porcupine.Operation{op(0, 1, 4, post(0, 1, 60), told{}), op(1, 1, 4, post(0, 2, 60), told{})},
			porcupine.Illegal},
		{"a stale read", []porcupine.Operation{op(0, 1, 2, post(0, 1, 60), told{}), op(1, 3, 4, look, sees(100))}, porcupine.Illegal},
		{"a read beside the post", []porcupine.Operation{op(0, 1, 4, post(0, 1, 60), told{}), op(1, 2, 3, look, sees(100))}, porcupine.Ok},
		{"maybe, seen later", []porcupine.Operation{op(0, 1, 2, post(0, 1, 60), told{outcome: maybe}), op(1, 3, 4, look, sees(100)),
			op(1, 5, 6, look, sees(40))}, porcupine.Ok},
		{"maybe, seen and gone", []porcupine.Operation{op(0, 1, 2, post(0, 1, 60), told{outcome: maybe}), op(1, 3, 4, look, sees(40)),
			op(1, 5, 6, look, sees(100))}, porcupine.Illegal},
		{"refused though there was enough", []porcupine.Operation{op(0, 1, 2, post(0, 1, 60), told{outcome: no})}, porcupine.Illegal},
	} {
		h := history{begin: []books{{posted: [cellSize]int64{100, 100, 0}}}, ops: c.ops}
		if got := h.check(time.Minute); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
