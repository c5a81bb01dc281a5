package step_test

import (
	"fmt"
	"maps"
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
	tills   [maxPurses]drawer
	done    uint8 // exchanges that were carried out, by their place in the setting
}

// drawer is what a till's merchant has to do with it, besides what it holds.
type drawer struct {
	closed  int8 // in batches that are closed and not told yet
	settled int8 // paid to the merchant
	emptied int8 // what the till has forgotten since, because it is the merchant's
}

// message is one message of the ether, parsed once.
type message struct {
	raw       []byte
	kind      string
	transfer  proto.Transfer
	exception proto.Exception
	cleared   []messageID
	module    int
	id        proto.Hash // of the payload
	order     int        // place in the setting
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
	extra   uint32
}

// setting is a small world to explore.
type setting struct {
	devices  []*device       // their ids count from 1
	starts   []uint64        // sequence numbers that each may use
	logs     bool            // read, archive and clear exception logs too
	purposes []proto.Purpose // that are tried
	tills    bool            // close batches, and are collected
	orders   []proto.Order   // exchanges that the issuer has signed
}

// module is the n-th module of a setting.
func module(n byte, role proto.Role, balance int64, codes ...string) *device {
	c := certificate(n, role)
	if len(codes) > 0 {
		c.Terms = terms(codes...)
	}
	return newDevice(n, c, balance)
}

// explorer walks every interleaving over the real Step with the real signatures.
type explorer struct {
	t testing.TB
	setting
	total    int64
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
	s.Records, s.Tail, s.Archived, s.History, s.Seen, s.Count, s.Epoch = 0, proto.Hash{}, 0, nil, 0, 0, 0
	s.Batch = step.Batch{Count: min(s.Batch.Count, 1)}
	s.Slots = slices.Clone(s.Slots)
	for i := range s.Slots {
		s.Slots[i].Spent = 0
	}
	return s
}

// explore walks a world of holders' purses that pay each other.
func explore(t testing.TB, logs bool, starts ...uint64) *explorer {
	s := setting{starts: starts, logs: logs, purposes: []proto.Purpose{proto.Person}}
	for i := range starts {
		s.devices = append(s.devices, module(byte(i+1), proto.Holder, funds))
	}
	return s.explore(t)
}

func (s setting) explore(t testing.TB) *explorer {
	x := &explorer{t: t, setting: s, stateIDs: map[string]stateID{}, ids: map[string]messageID{}, replies: map[asked]reply{},
		seen: map[node]bool{}, reached: map[string]int{}}
	var first node
	for i, d := range s.devices {
		first.purses[i] = x.state(d.state)
		x.total += d.state.Balance("EUR")
	}
	for i, o := range s.orders {
		first.ether = first.ether.with(x.message(message{raw: byRoot(o), kind: "ORDER", order: i}))
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
func (x *explorer) do(n node, purse int, ins proto.Instruction, m messageID, extra uint32, data []byte) (reply, node) {
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
		m.id = hashOf(val)
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
		if x.tills && x.devices[p].cert.Role == proto.Acceptor {
			x.expandTill(n, p, s)
		}
	}
}

// expandTill closes a till's batch, tells the issuer everything, and gives the till the issuer's answer: with everything archived, or
// one that was made before the till's last record. The answer may also be lost: then the merchant is paid, and the till does not
// know it.
func (x *explorer) expandTill(n node, p int, s *step.State) {
	if r, next := x.do(n, p, proto.INSBatch, -1, 0, nil); r.sw == proto.OK {
		x.reached["batch closed"]++
		d := &next.tills[p]
		d.closed = int8(s.Balance("EUR")) - (d.settled - d.emptied)
		x.edge(next)
	}
	told := n
	told.tills[p].settled += told.tills[p].closed
	told.tills[p].closed = 0
	x.edge(told)
	x.edge(x.collected(told, p, 0))
	x.edge(x.collected(n, p, 1))
}

// collected gives a till the issuer's parameters; late is how many records it has written since they were made.
func (x *explorer) collected(n node, p int, late uint64) node {
	s := &x.states[n.purses[p]]
	d := x.devices[p]
	if s.Records-late < s.Archived {
		return n
	}
	data := must(proto.Sign(keyOf(0x70), network, proto.Params{Module: s.ID, Epoch: s.Epoch + 1, At: start, Certificate: s.Certificate,
		Archived: s.Records - late, Tail: s.Tail}))
	r, next := x.do(n, p, proto.INSParams, -1, uint32(late), data)
	x.assert(n, r.sw == proto.OK, d.cert.Role.String()+" does not take its parameters")
	forgotten := s.Balance("EUR") - x.states[next.purses[p]].Balance("EUR")
	next.tills[p].emptied += int8(forgotten)
	x.count("till emptied", forgotten > 0)
	x.count("till collected with an open batch", s.Batch.Count > 0 && n.tills[p].settled > n.tills[p].emptied)
	return next
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
			for _, purpose := range x.purposes {
				start := proto.Start{Hello: hello, Value: value, Currency: "EUR", Purpose: purpose}
				if purpose != proto.Cancel {
					x.start(n, p, q, start, 0)
					continue
				}
				for id := range x.messages { // whatever was ever paid may be named as what is to be given back
					if m := &x.messages[id]; m.kind == "VAL" && n.ether.has(messageID(id)) {
						start.Ref = m.id[:]
						x.start(n, p, q, start, uint32(id+1))
					}
				}
			}
		}
	}
}

func (x *explorer) start(n node, p, q int, start proto.Start, ref uint32) {
	s := &x.states[n.purses[p]]
	var hello proto.Hello
	proto.Decode(start.Hello, &hello)
	extra := uint32(q)<<28 | uint32(hello.Next)<<20 | uint32(start.Purpose)<<16 | ref
	if r, next := x.do(n, p, proto.INSStart, -1, extra, start.Encode()); r.sw == proto.OK {
		x.reached["start in "+s.Status.String()]++
		x.reached["start of a "+start.Purpose.String()]++
		x.edge(next)
	}
}

var deliveries = []proto.Instruction{proto.INSDebit, proto.INSCredit, proto.INSTake, proto.INSComplete, proto.INSClear, proto.INSConvert}

// deliver gives one message of the ether to a purse, under every command that takes a message.
func (x *explorer) deliver(n node, p int, id messageID) {
	for _, ins := range deliveries {
		s := &x.states[n.purses[p]]
		if ins == proto.INSDebit && s.Next > x.starts[p] && (s.Open == nil || !s.Open.Same(x.messages[id].transfer)) {
			continue // the budget of starts is used up
		}
		if ins == proto.INSConvert && s.Next > x.starts[p] {
			continue
		}
		r, next := x.do(n, p, ins, id, 0, x.messages[id].raw)
		if r.sw != proto.OK {
			continue
		}
		if ins == proto.INSConvert {
			bit := uint8(1) << x.messages[id].order
			x.assert(n, n.done&bit == 0, "an exchange was carried out twice")
			next.done |= bit
		}
		if ins == proto.INSComplete && s.Open != nil {
			x.reached[s.Open.Purpose.String()+" closed"]++
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
		_, next := x.do(n, p, proto.INSException, -1, uint32(i), []byte{byte(i)})
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
