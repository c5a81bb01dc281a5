package outage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"billfold/base/id"
	"billfold/client"
)

// recorder has eight clients use two cells at once and writes down what they asked and were told. Cell 0 is of the ledger: entries
// between accounts of an operator. Cell 1 is of payments: two people and a shop.
type recorder struct {
	h      *house
	number int
	fault  string // "", "proxy" or "kill"
	name   string // of the accounts of this history
	begin  time.Time
	ids    *id.Minter

	mu     sync.Mutex
	ops    []porcupine.Operation
	holds  [2][]held
	shared [2][]wish // requests that others may send as well, with the same key
	seen   met
}

// met counts what a history reached.
type met struct{ done, refused, maybe, asked, shared, ended, kills int }

func (m *met) add(o met) {
	m.done, m.refused, m.maybe, m.asked = m.done+o.done, m.refused+o.refused, m.maybe+o.maybe, m.asked+o.asked
	m.shared, m.ended, m.kills = m.shared+o.shared, m.ended+o.ended, m.kills+o.kills
}

// held is a hold that somebody made: its id, and what was reserved.
type held struct {
	id    string
	minor int64
}

const clients = 8

// purse is what every account with a limit begins with: little, so that refusals are as common as successes.
const purse = 3_000

// record makes one history of so many operations.
func (r *recorder) record(c *crew, operations int, seed uint64) history {
	r.begin, r.ids = time.Now(), id.NewMinter(time.Now)
	out := history{begin: r.accounts(c)}
	var all sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(operations))
	for n := range clients {
		dice := rand.New(rand.NewPCG(seed, uint64(n)))
		all.Go(func() {
			for left.Add(-1) >= 0 && !r.h.t.Failed() {
				r.step(n, dice)
			}
		})
	}
	if r.fault == "kill" {
		r.kill(&left, operations)
	}
	all.Wait()
	for cell := range 2 {
		for account := range cellSize {
			r.read(0, wish{op: opLook, cell: cell, from: account, shared: -1})
		}
	}
	out.ops = r.ops
	return out
}

// kill kills the server when half of the operations are begun, and starts another.
func (r *recorder) kill(left *atomic.Int64, operations int) {
	until(r.h.t, "half of the history", func() bool { return r.h.t.Failed() || left.Load() < int64(operations/2) })
	r.h.kill()
	r.h.open(r.h.start())
	r.seen.kills++
}

// accounts opens what cell 0 needs and reads what cell 1 has.
func (r *recorder) accounts(c *crew) (begin []books) {
	r.h.t.Helper()
	ctx := context.Background()
	post := client.PostEntries{Atomic: true}
	for i := range cellSize {
		limit := "non_negative"
		if i == cellSize-1 {
			limit = "unlimited"
		}
		if _, err := c.operator.OpenLedgerAccount(ctx, client.OpenLedgerAccount{Address: r.address(0, i), Currency: "EUR", Limit: limit,
			Busy: limit == "unlimited"}); err != nil {
			r.h.t.Fatal(err)
		}
		post.Entries = append(post.Entries, fund("lab/source", r.address(0, i), purse))
	}
	if _, err := c.operator.PostEntries(ctx, post); err != nil {
		r.h.t.Fatal(err)
	}
	// The wallets go on from the history before; they are brought back to a purse each, as far as open holds of it let them.
	for i := range cellSize - 1 {
		has := r.balance(c, r.address(1, i))
		from, to, minor := "lab/source", r.address(1, i), purse-has[0]
		if minor < 0 {
			from, to, minor = to, from, min(-minor, has[0]-has[1])
		}
		if minor <= 0 {
			continue
		}
		out, err := c.operator.PostEntries(ctx, client.PostEntries{Entries: []client.NewEntry{fund(from, to, minor)}})
		if err != nil || out.Refused > 0 {
			r.h.t.Fatal(err, out)
		}
	}
	for cell := range 2 {
		var b books // holds of an earlier history may still be open: nobody ends them any more
		for i := range cellSize {
			has := r.balance(c, r.address(cell, i))
			b.posted[i], b.out[i], b.in[i] = has[0], has[1], has[2]
		}
		begin = append(begin, b)
	}
	return begin
}

func fund(from, to string, minor int64) client.NewEntry {
	leg := client.Leg{Debit: from, Credit: to, Amount: strconv.FormatInt(minor, 10), Currency: "EUR"}
	return client.NewEntry{Kind: "lab.fund", Legs: []client.Leg{leg}}
}

func (r *recorder) balance(c *crew, address string) [3]int64 {
	r.h.t.Helper()
	a, err := c.operator.LedgerAccount(context.Background(), address, time.Time{})
	if err != nil {
		var none *client.Problem
		if errors.As(err, &none) && none.Code == "account_not_found" {
			return [3]int64{} // a shop's receipts, before its first sale
		}
		r.h.t.Fatal(err)
	}
	return readings(a.Balance)
}

func readings(b client.LedgerBalance) [3]int64 {
	return [3]int64{minorOf(b.Posted), minorOf(b.Held), minorOf(b.Incoming)}
}

func minorOf(m client.Money) int64 {
	n, err := strconv.ParseInt(m.Amount, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (r *recorder) address(cell, account int) string {
	switch {
	case cell == 0:
		return fmt.Sprintf("lin/%s/%d", r.name, account)
	case account == cellSize-1:
		return r.h.receipts(r.h.shops[r.shop()])
	}
	return r.h.wallet(r.h.payers[r.payer(account)])
}

// payer and shop take turns over the histories: what one never heard the end of cannot disturb the next.
func (r *recorder) payer(account int) int { return 2*(r.number%3) + account }
func (r *recorder) shop() int             { return r.number % 2 }

// step does one operation.
func (r *recorder) step(me int, dice *rand.Rand) {
	w := wish{cell: dice.IntN(2), from: dice.IntN(cellSize), minor: 1 + dice.Int64N(900), shared: -1}
	w.to = (w.from + 1 + dice.IntN(cellSize-1)) % cellSize
	switch dice.IntN(10) {
	case 0, 1:
		r.read(me, wish{op: opLook, cell: w.cell, from: w.from, shared: -1})
		return
	case 2:
		if w.cell == 0 {
			r.read(me, wish{op: opSnap, shared: -1})
			return
		}
	case 3, 4:
		if w.from != cellSize-1 && (w.cell == 0 || w.to == cellSize-1) {
			w.op = opHold
		}
	case 5, 6:
		if r.ending(&w, dice) {
			break
		}
	case 7:
		if again, ok := r.another(&w, dice); ok {
			w = again
		}
	}
	r.change(me, w, dice)
}

// ending makes the wish one that ends a hold, often one that others want to end as well.
func (r *recorder) ending(w *wish, dice *rand.Rand) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.holds[w.cell]
	if len(list) == 0 {
		return false
	}
	w.hold = max(0, len(list)-1-dice.IntN(4))
	if list[w.hold].id == "" {
		return false
	}
	if w.op = opTake; dice.IntN(3) == 0 {
		w.op, w.minor = opFree, 0
	} else {
		w.minor = 1 + dice.Int64N(list[w.hold].minor)
	}
	return true
}

// another takes up a request that somebody may have sent before, with its key, or makes one that others may take up.
func (r *recorder) another(w *wish, dice *rand.Rand) (wish, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.shared[w.cell]
	if len(list) > 0 && dice.IntN(3) > 0 {
		r.seen.shared++
		return list[len(list)-1-dice.IntN(min(len(list), 3))], true
	}
	w.shared, w.key = len(list), fmt.Sprintf("%s-%d-shared-%d", r.name, w.cell, len(list))
	r.shared[w.cell] = append(list, *w)
	return *w, true
}

// note writes an operation down.
func (r *recorder) note(me int, called int64, w wish, t told) {
	now := time.Since(r.begin).Nanoseconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, porcupine.Operation{ClientId: me, Input: w, Call: called, Output: t, Return: now})
	switch {
	case t.outcome == maybe:
		r.seen.maybe++
	case t.outcome == no:
		r.seen.refused++
	case w.op == opTake || w.op == opFree:
		r.seen.ended++
	default:
		r.seen.done++
	}
}

// read reads one account or a cell. A reading that was not answered has shown nothing and is left out.
func (r *recorder) read(me int, w wish) {
	called := time.Since(r.begin).Nanoseconds()
	c := r.h.now(0)
	for c != nil {
		t, err := r.look(c, w)
		for later(err) {
			t, err = r.look(c, w)
		}
		if err == nil {
			r.note(me, called, w, t)
			return
		}
		var refusal *client.Problem
		if errors.As(err, &refusal) && refusal.Code != "account_not_found" {
			r.h.t.Errorf("read: %v", err)
			return
		}
		if r.fault != "proxy" || refusal != nil {
			if refusal != nil {
				return
			}
			c = r.h.now(c.number)
		}
		called = time.Since(r.begin).Nanoseconds()
	}
}

func (r *recorder) look(c *crew, w wish) (t told, err error) {
	if w.op == opLook {
		a, err := c.operator.LedgerAccount(context.Background(), r.address(w.cell, w.from), time.Time{})
		if err == nil {
			t.minor[w.from] = readings(a.Balance)
		}
		return t, err
	}
	list, err := c.operator.LedgerAccounts(context.Background(), "lin/"+r.name+"/", client.Page{})
	if err == nil && len(list.Data) != cellSize {
		return t, &client.Problem{Code: "cell", Detail: fmt.Sprintf("%d accounts", len(list.Data))}
	}
	for i, a := range list.Data {
		t.minor[i] = readings(a.Balance)
	}
	return t, err
}

// change sends a request until it is answered, or, one time in five, gives up when no answer came.
func (r *recorder) change(me int, w wish, dice *rand.Rand) {
	if w.key == "" {
		w.key = fmt.Sprintf("%s-%d-%d", r.name, me, dice.Uint64())
	}
	entry := r.ids.New("ent")
	if w.op == opHold {
		r.mu.Lock()
		w.hold = len(r.holds[w.cell])
		r.holds[w.cell] = append(r.holds[w.cell], held{minor: w.minor})
		if w.cell == 0 {
			r.holds[0][w.hold].id = entry // known before it is there: others may try to end it
		}
		r.mu.Unlock()
	}
	called := time.Since(r.begin).Nanoseconds()
	c := r.h.now(0)
	for tries := 1; c != nil; tries++ {
		made, err := r.send(c, w, entry)
		for later(err) {
			made, err = r.send(c, w, entry)
		}
		var refusal *client.Problem
		switch {
		case err == nil:
			r.note(me, called, w, told{tries: tries})
			if w.op == opHold {
				r.mu.Lock()
				r.holds[w.cell][w.hold].id = made
				r.mu.Unlock()
			}
			return
		case errors.As(err, &refusal):
			if !slices.Contains(refusals, refusal.Code) {
				r.h.t.Errorf("%+v: %v", w, err)
			}
			r.note(me, called, w, told{outcome: no, code: refusal.Code, tries: tries})
			return
		}
		if dice.IntN(5) == 0 {
			r.note(me, called, w, told{outcome: maybe, tries: tries})
			return
		}
		r.mu.Lock()
		r.seen.asked++
		r.mu.Unlock()
		if r.fault != "proxy" {
			c = r.h.now(c.number)
		}
	}
}

// refusals are what an honest caller may hear in these histories.
var refusals = []string{"insufficient_funds", "hold_not_open", "entry_not_found", "payment_state"}

// send sends one request; made is the id of a hold.
func (r *recorder) send(c *crew, w wish, entry string) (made string, err error) {
	ctx, key := context.Background(), client.IdempotencyKey(w.key)
	var hold string
	if w.op == opTake || w.op == opFree {
		r.mu.Lock()
		hold = r.holds[w.cell][w.hold].id
		r.mu.Unlock()
	}
	if w.cell == 1 {
		switch {
		case w.op == opTake:
			_, err = c.shops[r.shop()].CapturePayment(ctx, hold, client.CapturePayment{Amount: euros(w.minor)}, key)
			return "", err
		case w.op == opFree:
			_, err = c.shops[r.shop()].VoidPayment(ctx, hold, key)
			return "", err
		case w.from != cellSize-1:
			in := client.CreatePayment{Amount: euros(w.minor), Payee: r.h.shops[r.shop()].id, Confirm: true}
			if w.to != cellSize-1 {
				in.Payee = r.h.payers[r.payer(w.to)].id
			}
			if w.op == opHold {
				in.Capture = "manual"
			}
			p, err := c.payers[r.payer(w.from)].CreatePayment(ctx, in, key)
			return p.ID, err
		}
	}
	in := client.NewEntry{Kind: "lin.post", Legs: []client.Leg{{Debit: r.address(w.cell, w.from), Credit: r.address(w.cell, w.to),
		Amount: strconv.FormatInt(w.minor, 10), Currency: "EUR"}}}
	switch w.op {
	case opHold:
		in.ID, in.Hold = entry, &client.NewHold{ExpiresAt: r.begin.Add(48 * time.Hour).UTC().Truncate(time.Second)}
	case opTake:
		in = client.NewEntry{Resolves: &client.Resolution{Entry: hold, Action: "post", Amounts: []string{strconv.FormatInt(w.minor, 10)}}}
	case opFree:
		in = client.NewEntry{Resolves: &client.Resolution{Entry: hold, Action: "void"}}
	}
	out, err := c.operator.PostEntries(ctx, client.PostEntries{Entries: []client.NewEntry{in}}, key)
	if err != nil {
		return "", err
	}
	if e := out.Results[0].Error; e != nil {
		return "", &client.Problem{Code: e.Code, Detail: e.Detail}
	}
	return out.Results[0].Entry.ID, nil
}

// TestLinear records histories of eight clients on both engines, undisturbed, through the proxy, and over a kill of the server, and has
// porcupine look for an order that explains every answer. A control is made of an undisturbed history: a read that shows what was there
// before, an entry that counted twice, and an answer that was turned round must have no explanation.
func TestLinear(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		histories, operations := 10, 300
		if long() {
			histories = 500
		}
		var seen met
		controlled := 0
		for n := range histories {
			if long() {
				operations = 300 + n*4700/histories
			}
			r := &recorder{h: h, number: n, fault: []string{"", "proxy", "kill"}[n%3], name: fmt.Sprintf("h%d", n)}
			if h.cmd == nil {
				h.open(h.start())
			}
			direct := h.now(0)
			if r.fault == "proxy" {
				h.open(h.speaking(direct.number, between(t, direct.url, 8, uint64(n)).url, 1))
			}
			recorded := r.record(direct, operations, uint64(n))
			if r.fault == "proxy" {
				h.open(direct)
			}
			if t.Failed() {
				return
			}
			if got := recorded.check(5 * time.Minute); got != porcupine.Ok {
				t.Fatalf("history %d (%s): %v\n%v", n, r.fault, got, recorded.shortest())
			}
			if r.fault == "" {
				controlled += recorded.control(t)
			}
			seen.add(r.seen)
		}
		h.verify()
		if seen.done == 0 || seen.refused == 0 || seen.maybe == 0 || seen.asked == 0 || seen.shared == 0 || seen.ended == 0 || seen.kills == 0 ||
			controlled == 0 {
			t.Errorf("not everything was reached: %+v, %d controls", seen, controlled)
		}
		t.Logf("%d histories of %d clients, the last of %d operations: %d done, %d holds ended, %d refused, %d asked again, %d never answered, "+
			"%d with another's key, %d kills; %d planted mistakes found", histories, clients, operations, seen.done, seen.ended, seen.refused,
			seen.asked, seen.maybe, seen.shared, seen.kills, controlled)
	})
}

// control plants mistakes into a history that is right, and counts those that were found.
func (h *history) control(t *testing.T) (found int) {
	t.Helper()
	last := len(h.ops) - 1 // the readings at the end, of each account of each cell
	plant := func(what string, i int, change func(*told)) {
		t.Helper()
		wrong := history{begin: h.begin, ops: slices.Clone(h.ops)}
		said := wrong.ops[i].Output.(told)
		change(&said)
		wrong.ops[i].Output = said
		if got := wrong.check(5 * time.Minute); got != porcupine.Illegal {
			t.Errorf("%s: %v", what, got)
		}
		found++
	}
	busy := wishOf(h.ops[last])
	plant("a reading of what was there at the beginning", last, func(s *told) {
		s.minor[busy.from] = [3]int64{h.begin[busy.cell].posted[busy.from]}
	})
	for i := last; i >= 0; i-- {
		w, s := wishOf(h.ops[i]), h.ops[i].Output.(told)
		if w.op == opPost && s.outcome == yes && w.shared < 0 && w.cell == busy.cell && (w.from == busy.from || w.to == busy.from) {
			sign := int64(1)
			if w.from == busy.from {
				sign = -1
			}
			plant("an entry that counted twice", last, func(s *told) { s.minor[busy.from][0] += sign * w.minor })
			plant("a success that was told as a refusal", i, func(s *told) { s.outcome = no })
			break
		}
	}
	return found
}

func wishOf(op porcupine.Operation) wish { return op.Input.(wish) }
