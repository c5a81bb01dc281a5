package step_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// limits of one exploration. Numbers of states, messages and exceptions are found as it goes.
const (
	maxPurses = 3
	value     = 1
	funds     = 2
)

type (
	stateID   int32
	messageID int16
	set       [3]uint64 // of messages or exceptions
)

func (s set) has(i messageID) bool { return s[i/64]>>(i%64)&1 == 1 }
func (s set) with(i messageID) set { s[i/64] |= 1 << (i % 64); return s }

// A node is one state of the world: where each purse stands, every message that was ever sent (any of them may arrive at any
// purse, any number of times, or never), and what the central archive holds.
type node struct {
	purses  [maxPurses]stateID
	ether   set
	archive set
}

// message is one message of the ether, parsed once.
type message struct {
	raw       []byte
	kind      string
	transfer  proto.Transfer
	exception proto.Exception
	cleared   []messageID
	module    int
}

// reply is what one Step did: remembered, because the same state and command give the same again.
type reply struct {
	to   stateID
	sw   proto.SW
	data messageID // -1: nothing that others could use
}

type asked struct {
	in      stateID
	ins     proto.Instruction
	message messageID // -1: none
	extra   uint8
}

// explorer walks every interleaving over the real Step with the real signatures.
type explorer struct {
	t        testing.TB
	devices  []*device
	starts   []uint64 // sequence numbers that each purse may use
	logs     bool     // read, archive and clear exception logs too
	states   []step.State
	stateIDs map[string]stateID
	messages []message
	ids      map[string]messageID
	replies  map[asked]reply
	steps    int
	seen     map[node]bool
	queue    []node
	reached  map[string]int
	edges    int
}

// project leaves out what no rule reads: number and hash of records, history, counts that are far from their limits. TestNothingElseDecides
// shows that rules do not read them.
func project(s step.State) step.State {
	s.Records, s.Tail, s.Archived, s.History, s.Seen, s.Count = 0, proto.Hash{}, 0, nil, 0, 0
	s.Slots = slices.Clone(s.Slots)
	for i := range s.Slots {
		s.Slots[i].Spent = 0
	}
	return s
}

func explore(t testing.TB, logs bool, starts ...uint64) *explorer {
	x := &explorer{t: t, starts: starts, logs: logs, stateIDs: map[string]stateID{}, ids: map[string]messageID{}, replies: map[asked]reply{},
		seen: map[node]bool{}, reached: map[string]int{}}
	var first node
	for i := range starts {
		d := newDevice(byte(i+1), certificate(byte(i+1), proto.Holder), funds)
		x.devices = append(x.devices, d)
		first.purses[i] = x.state(d.state)
	}
	x.visit(first)
	for len(x.queue) > 0 {
		n := x.queue[len(x.queue)-1]
		x.queue = x.queue[:len(x.queue)-1]
		x.expand(n)
		if t.Failed() {
			return x
		}
	}
	return x
}

func (x *explorer) state(s step.State) stateID {
	key := string(project(s).Encode())
	id, known := x.stateIDs[key]
	if !known {
		back, ok := step.Decode(s.Encode()) // what a reboot reads
		if !ok || string(back.Encode()) != string(s.Encode()) {
			x.t.Errorf("a state does not survive its encoding: %+v", s)
		}
		id = stateID(len(x.states))
		x.states = append(x.states, back)
		x.stateIDs[key] = id
	}
	return id
}

func (x *explorer) message(m message) messageID {
	id, known := x.ids[m.kind+string(m.raw)]
	if !known {
		id = messageID(len(x.messages))
		if int(id) >= len(set{})*64 {
			x.t.Fatal("more messages than the explorer has room for")
		}
		x.ids[m.kind+string(m.raw)] = id
		x.messages = append(x.messages, m)
	}
	return id
}

// do steps a purse in the real Step, or remembers what it did.
func (x *explorer) do(n node, purse int, ins proto.Instruction, m messageID, extra uint8, data []byte) (reply, node) {
	in := n.purses[purse]
	question := asked{in, ins, m, extra}
	r, known := x.replies[question]
	if !known {
		d := *x.devices[purse]
		d.state = x.states[in]
		before := string(d.state.Encode())
		if ins == proto.INSDebit {
			d.agree(data)
		}
		response := d.do(ins, data)
		x.steps++
		if response.SW() != proto.OK && string(d.state.Encode()) != before {
			x.t.Errorf("%s changed the state", response.SW())
		}
		r = reply{x.state(d.state), response.SW(), x.answer(purse, ins, response)}
		x.replies[question] = r
	}
	n.purses[purse] = r.to
	if r.data >= 0 {
		n.ether = n.ether.with(r.data)
	}
	return r, n
}

// answer makes a message of what a step answered.
func (x *explorer) answer(purse int, ins proto.Instruction, r step.Response) messageID {
	if r.SW() != proto.OK || len(r.Data()) == 0 {
		return -1
	}
	m := message{raw: r.Data(), module: purse}
	var request proto.Request
	var val proto.Value
	var ack proto.Ack
	both, _ := proto.ParseIntroduced(r.Data())
	if _, ok := proto.Open(both.Message, &request); ok {
		m.kind, m.transfer = "REQ", request.Transfer
	} else if _, ok := proto.Open(r.Data(), &val); ok {
		m.kind, m.transfer = "VAL", val.Transfer
	} else if _, ok := proto.Open(r.Data(), &ack); ok {
		m.kind, m.transfer = "ACK", ack.Transfer
	} else if _, ok := proto.Open(r.Data(), &m.exception); ok {
		m.kind, m.transfer = "LOG", m.exception.Transfer
	} else {
		x.t.Fatalf("%X answered something unknown", ins)
	}
	return x.message(m)
}

// visit queues a state of the world that is new, after checking everything that must hold in it.
func (x *explorer) visit(n node) {
	if x.seen[n] {
		return
	}
	x.seen[n] = true
	x.check(n)
	x.queue = append(x.queue, n)
}

// expand tries everything that can happen next. Loss and a crash before sending are among it: nobody has to deliver anything.
// So is a crash after persisting: every state is what Decode made of Encode.
func (x *explorer) expand(n node) {
	x.recover(n)
	for p := range x.devices {
		s := &x.states[n.purses[p]]
		x.expandStarts(n, p, s)
		for id := range x.messages {
			if n.ether.has(messageID(id)) {
				x.deliver(n, p, messageID(id))
			}
		}
		if again, _ := x.do(n, p, proto.INSRepeat, -1, 0, nil); again.sw == proto.OK && !n.ether.has(again.data) {
			x.t.Error("the repeated answer was never given before")
		}
		if r, next := x.do(n, p, proto.INSAbort, -1, 0, nil); r.sw == proto.OK {
			x.reached["abort in "+s.Status.String()]++
			x.edge(next)
		}
		if x.logs {
			x.expandLogs(n, p, s)
		}
	}
}

func (x *explorer) edge(n node) {
	x.edges++
	x.visit(n)
}

// expandStarts starts this purse as payee of every other, with every sequence number that somebody could put into a forged HELLO.
func (x *explorer) expandStarts(n node, p int, s *step.State) {
	if s.Next > x.starts[p] {
		return
	}
	for q, other := range x.devices {
		for seq := uint64(1); seq <= x.starts[q] && q != p; seq++ {
			hello := proto.Encode(proto.Hello{Certificate: other.state.Certificate, Next: seq, Epoch: 1})
			data := proto.Start{Hello: hello, Value: value, Currency: "EUR", Purpose: proto.Person}.Encode()
			if r, next := x.do(n, p, proto.INSStart, -1, uint8(q)<<4|uint8(seq), data); r.sw == proto.OK {
				x.reached["start in "+s.Status.String()]++
				x.edge(next)
			}
		}
	}
}

var deliveries = []proto.Instruction{proto.INSDebit, proto.INSCredit, proto.INSTake, proto.INSComplete, proto.INSClear}

// deliver gives one message of the ether to a purse, under every command that takes a message.
func (x *explorer) deliver(n node, p int, id messageID) {
	for _, ins := range deliveries {
		s := &x.states[n.purses[p]]
		if ins == proto.INSDebit && s.Next > x.starts[p] && (s.Open == nil || !s.Open.Same(x.messages[id].transfer)) {
			continue // the budget of starts is used up
		}
		r, next := x.do(n, p, ins, id, 0, x.messages[id].raw)
		if r.sw != proto.OK {
			continue
		}
		what := fmt.Sprintf("%s in %s", x.messages[id].kind, s.Status)
		if r.to == n.purses[p] {
			what += ", repeated"
		}
		x.reached[what]++
		x.edge(next)
	}
}

// expandLogs reads a purse's exceptions, lets the archive have what was read, and asks the authority to clear every set it
// could be asked for.
func (x *explorer) expandLogs(n node, p int, s *step.State) {
	var mine []messageID
	for i := range s.Log {
		_, next := x.do(n, p, proto.INSException, -1, uint8(i), []byte{byte(i)})
		x.edge(next)
	}
	for id, m := range x.messages {
		if m.kind != "LOG" || m.module != p || !n.ether.has(messageID(id)) {
			continue
		}
		mine = append(mine, messageID(id))
		next := n
		next.archive = n.archive.with(messageID(id))
		x.reached["archived"]++
		x.edge(next)
	}
	for subset := 1; subset < 1<<len(mine); subset++ {
		var chosen []messageID
		var exceptions []proto.Exception
		for i, id := range mine {
			if subset>>i&1 == 1 {
				chosen, exceptions = append(chosen, id), append(exceptions, x.messages[id].exception)
			}
		}
		if !step.Clearable(s.ID, exceptions, func(e proto.Exception) bool { return x.archived(n, e) }) {
			x.reached["clear not authorised"]++
			continue
		}
		clear := must(proto.Sign(keyOf(0x70), network, proto.Clear{Module: s.ID, Set: proto.HashSet(exceptions)}))
		next := n
		next.ether = n.ether.with(x.message(message{raw: clear, kind: "CLEAR", module: p, cleared: chosen}))
		x.edge(next)
	}
}

func (x *explorer) archived(n node, e proto.Exception) bool {
	for id, m := range x.messages {
		if m.kind == "LOG" && n.archive.has(messageID(id)) && m.exception.Module == e.Module && m.exception.Side == e.Side &&
			m.exception.Transfer.Same(e.Transfer) {
			return true
		}
	}
	return false
}

// report prints what an exploration was.
func (x *explorer) report(name string) {
	x.t.Logf("%s: %d states, %d transitions, %d states of one purse, %d messages, %d steps executed", name, len(x.seen), x.edges,
		len(x.states), len(x.messages), x.steps)
	for _, what := range slices.Sorted(maps.Keys(x.reached)) {
		x.t.Logf("  %9d × %s", x.reached[what], what)
	}
}

// must fails when something that has to be possible never happened: invariants alone would also hold in a world that stands still.
func (x *explorer) must(what ...string) {
	for _, w := range what {
		if x.reached[w] == 0 && !x.t.Failed() {
			x.t.Errorf("never reached: %s", w)
		}
	}
}

var paths = []string{"start in idle", "REQ in idle", "VAL in EPV", "ACK in EPA", "REQ in EPA, repeated", "abort in EPV", "abort in EPA",
	"maybe lost", "definitely lost", "all paid", "recovered", "completed late"}

// Two purses, one start each: in every run, under a second.
func TestExploreTwoPurses(t *testing.T) {
	x := explore(t, true, 1, 1)
	x.report("2×1 with logs")
	x.must(paths...)
	x.must("archived", "CLEAR in idle", "clear not authorised")
}

// Three purses, one start each.
func TestExploreThreePurses(t *testing.T) {
	x := explore(t, false, 1, 1, 1)
	x.report("3×1")
	x.must(paths...)
}

// Two purses, two starts each, without logs: everything that a start over an open transfer does.
func TestExploreTwoStarts(t *testing.T) {
	x := explore(t, false, 2, 2)
	x.report("2×2 without logs")
	x.must(paths...)
	x.must("start in EPV", "start in EPA", "REQ in EPV", "REQ in EPA")
}

// One purse with two starts and one with one, with logs: two exceptions in one log, and a clear for one of them.
func TestExploreLogs(t *testing.T) {
	x := explore(t, true, 2, 1)
	x.report("2 and 1 with logs")
	x.must(paths...)
	x.must("archived", "CLEAR in idle", "clear not authorised")
}

// Two purses, two starts each, with logs: on demand, BILLFOLD_LONG=1.
func TestLongExploreLogs(t *testing.T) {
	if os.Getenv("BILLFOLD_LONG") == "" {
		return
	}
	x := explore(t, true, 2, 2)
	x.report("2×2 with logs")
	x.must(paths...)
	x.must("start in EPV", "start in EPA", "REQ in EPV", "REQ in EPA", "archived", "CLEAR in idle", "clear not authorised")
}
