package step_test

import (
	"fmt"
	"strings"
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// A scene is one command to one module: as good as it can be in that state, or spoilt in one way.
type scene struct {
	name  string
	d     *device
	other *device // the other side of the transfer, if there is one
	ins   proto.Instruction
	data  []byte
	want  proto.SW
}

// subject is the purse that every scene is about, in a state; other is the other side of its open transfer.
func subject(in step.Status) (d, other *device) {
	d, other = newDevice(1, certificate(1, proto.Holder), 1000), newDevice(2, certificate(2, proto.Holder), 1000)
	switch in {
	case step.New:
		d.state = step.Fresh(d.cert.ID)
	case step.EPV:
		d.ask(other, 100, proto.Person, nil)
	case step.EPA:
		request := other.ask(d, 100, proto.Person, nil)
		d.agree(request.Data())
		d.do(proto.INSDebit, request.Data())
	}
	if d.state.Status != in {
		panic("the subject is not " + in.String())
	}
	return d, other
}

// third is a purse that has nothing open, asked by or asking the subject.
func third() *device { return newDevice(3, certificate(3, proto.Holder), 1000) }

func startFrom(from *device, value int64, currency string, purpose proto.Purpose) []byte {
	return proto.Start{Hello: from.hello(), Value: value, Currency: currency, Purpose: purpose}.Encode()
}

// requestTo is a REQ of a third purse to the subject, which agrees.
func requestTo(d, payee *device, value int64) []byte {
	hello := proto.Hello{Certificate: must(proto.Sign(keyOf(0x70), network, d.cert)), Next: d.state.Next}
	r := payee.do(proto.INSStart, proto.Start{Hello: proto.Encode(hello), Value: value, Currency: "EUR", Purpose: proto.Person}.Encode())
	if r.SW() != proto.OK {
		panic("the third purse does not ask: " + r.SW().String())
	}
	d.agree(r.Data())
	return r.Data()
}

// valueFor is the VAL by which the other side pays the subject's open transfer; where nothing is open, one that pays somebody else.
func valueFor(d, other *device) []byte {
	t := proto.Transfer{From: other.cert.ID, FromSeq: 9, To: d.cert.ID, ToSeq: 9, Value: 100, Currency: "EUR", Purpose: proto.Person}
	if d.state.Open != nil {
		t = *d.state.Open
	}
	return must(proto.Sign(other.key, network, proto.Value{Transfer: t}))
}

func ackFor(d, other *device) []byte {
	t := proto.Transfer{From: d.cert.ID, FromSeq: 9, To: other.cert.ID, ToSeq: 9, Value: 100, Currency: "EUR", Purpose: proto.Person}
	if d.state.Open != nil {
		t = *d.state.Open
	}
	return must(proto.Sign(other.key, network, proto.Ack{Transfer: t}))
}

func byRoot(b proto.Body) []byte { return must(proto.Sign(keyOf(0x70), network, b)) }

// commands are every command with the best data for it, the states in which the specification has it succeed, and the signature it carries.
var commands = []struct {
	name string
	ins  proto.Instruction
	in   []step.Status
	data func(d, other *device) []byte
	sign func() proto.Body // of a message that is signed: something to decode it into
}{
	{"HELLO", proto.INSHello, []step.Status{step.Idle, step.EPV, step.EPA}, none, nil},
	{"START", proto.INSStart, []step.Status{step.Idle, step.EPV, step.EPA},
		func(d, other *device) []byte { return startFrom(third(), 100, "EUR", proto.Person) }, nil},
	{"DEBIT", proto.INSDebit, []step.Status{step.Idle, step.EPV, step.EPA},
		func(d, other *device) []byte { return requestTo(d, third(), 100) }, nil},
	{"CREDIT", proto.INSCredit, []step.Status{step.EPV}, valueFor, nil},
	{"CREDIT PSAM", proto.INSTake, nil, valueFor, nil}, // a holder's purse never takes by this one
	{"COMPLETE", proto.INSComplete, []step.Status{step.EPA}, ackFor, nil},
	{"REPEAT", proto.INSRepeat, []step.Status{step.EPV, step.EPA}, none, nil},
	{"ABORT", proto.INSAbort, []step.Status{step.EPV, step.EPA}, none, nil},
	{"EXCEPTION", proto.INSException, []step.Status{step.Idle, step.EPV, step.EPA}, func(d,
		other *device) []byte {
		someException(d)
		return []byte{0}
	}, nil},
	{"CLEAR", proto.INSClear, []step.Status{step.Idle}, func(d, other *device) []byte {
		someException(d)
		return byRoot(proto.Clear{Module: d.cert.ID, Set: proto.HashSet(d.state.Exceptions())})
	}, nil},
	{"STATE", proto.INSState, []step.Status{step.Idle, step.EPV, step.EPA}, func(*device, *device) []byte { return []byte("nonce") }, nil},
	{"PARAMS", proto.INSParams, []step.Status{step.New, step.Idle, step.EPV, step.EPA},
		func(d, other *device) []byte { return d.params(2, d.cert, nil) }, nil},
	{"CONVERT", proto.INSConvert, []step.Status{step.Idle}, func(d, other *device) []byte {
		if d.state.Status == step.Idle {
			two(d)
		}
		return byRoot(proto.Order{Module: d.cert.ID, Seq: d.state.Next, From: "EUR", To: "USD", Take: 100, Give: 110})
	}, nil},
	{"BATCH", proto.INSBatch, nil, none, nil}, // tills only
	{"LOCK", proto.INSLock, []step.Status{step.Idle, step.EPV, step.EPA}, func(*device, *device) []byte { return []byte("4711") }, nil},
	{"UNLOCK", proto.INSUnlock, []step.Status{step.Idle, step.EPV, step.EPA}, func(d, other *device) []byte {
		d.do(proto.INSLock, []byte("4711"))
		return []byte("4711")
	}, nil},
	{"BALANCE", proto.INSBalance, []step.Status{step.New, step.Idle, step.EPV, step.EPA}, none, nil},
	{"HISTORY", proto.INSHistory, []step.Status{step.New, step.Idle, step.EPV, step.EPA}, none, nil},
}

func none(*device, *device) []byte { return nil }

// someException puts an old transfer into the subject's log.
func someException(d *device) {
	if d.state.Status != step.New {
		d.state.Log = append(d.state.Log, step.Exception{Side: proto.Payer, Transfer: proto.Transfer{From: d.cert.ID, FromSeq: 0,
			To: proto.ID{9}, ToSeq: 1, Value: 5, Currency: "EUR", Purpose: proto.Person, Ref: []byte{}}})
	}
}

// two gives the subject a second slot.
func two(d *device) {
	c := d.cert
	c.Terms = terms("EUR", "USD")
	d.cert = c
	if r := d.do(proto.INSParams, d.params(7, c, nil)); r.SW() != proto.OK {
		panic("a second slot: " + r.SW().String())
	}
}

// A defect spoils a scene; the status word is the specification's answer where the command would else have succeeded.
type defect struct {
	name  string
	of    string // the commands, space separated
	spoil func(s *scene)
	want  proto.SW
}

// resign replaces the signature of a message by that of another key.
func resign(raw []byte) []byte {
	m, ok := proto.ParseSigned(raw)
	if !ok {
		panic("not signed")
	}
	m.Signature[40] ^= 1
	return m.Encode()
}

func resignRequest(raw []byte, certificate bool) []byte {
	both, _ := proto.ParseIntroduced(raw)
	if certificate {
		both.Certificate = resign(both.Certificate)
	} else {
		both.Message = resign(both.Message)
	}
	return both.Encode()
}

func changeHello(raw []byte, change func(*proto.Hello)) []byte {
	s, _ := proto.ParseStart(raw)
	var h proto.Hello
	proto.Decode(s.Hello, &h)
	change(&h)
	s.Hello = proto.Encode(h)
	return s.Encode()
}

var signed = "START DEBIT CREDIT COMPLETE CLEAR PARAMS CONVERT"

var defects = []defect{
	{"no data", "START DEBIT CREDIT COMPLETE EXCEPTION CLEAR PARAMS CONVERT UNLOCK", func(s *scene) { s.data = nil }, proto.Malformed},
	{"noise", "HELLO START DEBIT CREDIT COMPLETE REPEAT ABORT EXCEPTION CLEAR PARAMS CONVERT BATCH LOCK UNLOCK BALANCE HISTORY",
		func(s *scene) { s.data = []byte{0xff, 0x00} }, proto.Malformed},
	{"truncated", signed, func(s *scene) { s.data = s.data[:len(s.data)-1] }, proto.Malformed},
	{"a byte more", signed, func(s *scene) { s.data = append(s.data[:len(s.data):len(s.data)], 0) }, proto.Malformed},
	{"too long", "STATE", func(s *scene) { s.data = make([]byte, proto.MaxNonce+1) }, proto.Malformed},
	{"other network", signed, func(s *scene) { s.d.env.Network = "live/world" }, proto.BadSignature},
	{"other root", "START DEBIT CLEAR PARAMS CONVERT", func(s *scene) { s.d.env.Roots = proto.Roots{{Key: keyOf(0x71).Public()}} },
		proto.BadSignature},
	{"other key", "CREDIT COMPLETE CLEAR PARAMS CONVERT", func(s *scene) { s.data = resign(s.data) }, proto.BadSignature},
	{"message by other key", "DEBIT", func(s *scene) { s.data = resignRequest(s.data, false) }, proto.BadSignature},
	{"certificate by other key", "DEBIT", func(s *scene) { s.data = resignRequest(s.data, true) }, proto.BadSignature},
	{"certificate by other key", "START", func(s *scene) {
		s.data = changeHello(s.data, func(h *proto.Hello) { h.Certificate = resign(h.Certificate) })
	}, proto.BadSignature},
	{"peer's certificate expired", "START DEBIT", func(s *scene) { s.lateFor(20*day, 30*day) }, proto.BadSignature},
	{"peer's certificate not yet", "START DEBIT", func(s *scene) { s.peerFrom(1) }, proto.BadSignature},
	{"own certificate expired", "START DEBIT CONVERT", func(s *scene) { s.d.env.Now = start + 30*day + 1 }, proto.SyncNeeded},
	{"blocked", "HELLO START DEBIT CONVERT", func(s *scene) { s.d.state.Blocked = true }, proto.Blocked},
	{"peer blocked", "START DEBIT", func(s *scene) { s.d.state.Blocklist = []proto.ID{{3}} }, proto.Blocked},
	{"locked", "START DEBIT CONVERT LOCK", func(s *scene) { s.d.state.Locked = true }, proto.LockedOut},
	{"to itself", "START", func(s *scene) { s.data = startFrom(s.d.twin(), 100, "EUR", proto.Person) }, proto.WrongState},
	{"roles", "START", func(s *scene) { s.data = startFrom(third(), 100, "EUR", proto.Load) }, proto.BadSignature},
	{"currency", "START", func(s *scene) { s.data = startFrom(third(), 100, "JPY", proto.Person) }, proto.Unknown},
	{"over transaction", "START", func(s *scene) { s.data = startFrom(third(), 2001, "EUR", proto.Person) }, proto.OverLimit},
	{"over payer's transaction", "START", func(s *scene) {
		c := certificate(3, proto.Holder)
		c.Terms[0].Transaction = 99
		s.data = startFrom(newDevice(3, c, 1000), 100, "EUR", proto.Person)
	}, proto.OverLimit},
	{"over transaction", "DEBIT", func(s *scene) { s.terms(func(t *proto.Terms) { t.Transaction = 99 }) }, proto.OverLimit},
	{"over balance", "START", func(s *scene) { s.terms(func(t *proto.Terms) { t.Balance = s.d.state.Balance("EUR") + 99 }) }, proto.OverLimit},
	{"count used up", "DEBIT", func(s *scene) { s.d.state.Count = 20 }, proto.SyncNeeded},
	{"spending used up", "DEBIT", func(s *scene) { s.d.state.Slots[0].Spent = 4901 }, proto.SyncNeeded},
	{"insufficient", "DEBIT", func(s *scene) { s.d.state.Slots[0].Own, s.d.state.Slots[0].Received = 50, 49 }, proto.Insufficient},
	{"received, no hops", "DEBIT", func(s *scene) {
		s.hops(false)
		s.d.state.Slots[0].Own, s.d.state.Slots[0].Received = 99, 500
	}, proto.SyncNeeded},
	{"nobody agreed", "DEBIT", func(s *scene) { s.d.env.Consent = nil }, proto.WrongState},
	{"agreed to less", "DEBIT", func(s *scene) { s.d.env.Consent.Value-- }, proto.WrongState},
	{"agreed to another", "DEBIT", func(s *scene) { s.d.env.Consent.Payee = proto.ID{8} }, proto.WrongState},
	{"old sequence", "DEBIT", func(s *scene) { s.d.state.Next++ }, proto.WrongState},
	{"sequence exhausted", "START", func(s *scene) { s.d.state.Next = step.MaxSequence }, proto.Exhausted},
	{"sequence exhausted", "DEBIT CONVERT", func(s *scene) { s.exhausted() }, proto.Exhausted},
	{"log full", "START DEBIT", func(s *scene) { s.fill() }, proto.LogFull},
	{"another transfer", "CREDIT COMPLETE", func(s *scene) {
		open := *s.d.state.Open
		open.FromSeq++
		s.d.state.Open = &open
	}, proto.WrongState},
	{"another module", "CLEAR PARAMS CONVERT", func(s *scene) { s.d.state.ID = proto.ID{7} }, proto.WrongState},
	{"another set", "CLEAR", func(s *scene) { s.d.state.Log[0].Transfer.Value++ }, proto.WrongState},
	{"empty log", "CLEAR", func(s *scene) { s.d.state.Log = nil }, proto.WrongState},
	{"no such entry", "EXCEPTION", func(s *scene) { s.data = []byte{8} }, proto.Unknown},
	{"old epoch", "PARAMS", func(s *scene) { s.d.state.Epoch = 2 }, proto.WrongState},
	{"certificate of another key", "PARAMS", func(s *scene) { s.d.env.Signer = keyOf(9) }, proto.BadSignature},
	{"archive ahead", "PARAMS", func(s *scene) {
		s.data = s.d.params(2, s.d.cert, func(p *proto.Params) { p.Archived++ })
	}, proto.WrongState},
	{"archive of another tail", "PARAMS", func(s *scene) {
		s.data = s.d.params(2, s.d.cert, func(p *proto.Params) { p.Tail[0]++ })
	}, proto.WrongState},
	{"old order", "CONVERT", func(s *scene) { s.d.state.Next++ }, proto.WrongState},
	{"no such slot", "CONVERT", func(s *scene) { s.d.state.Slots = s.d.state.Slots[:1] }, proto.Unknown},
	{"insufficient", "CONVERT", func(s *scene) { s.d.state.Slots[0].Own = 99 }, proto.Insufficient},
	{"over balance", "CONVERT", func(s *scene) { s.d.state.Slots[1].Own = 4900 }, proto.OverLimit},
	{"no code", "LOCK", func(s *scene) { s.data = nil }, proto.WrongState},
	{"not locked", "UNLOCK", func(s *scene) { s.d.state.Locked = false }, proto.WrongState},
	{"no tries left", "UNLOCK", func(s *scene) { s.d.state.Tries = 0 }, proto.LockedOut},
	{"wrong code", "UNLOCK", func(s *scene) { s.data = []byte("4712") }, proto.WrongCodeLeft | 2},
	{"last wrong code", "UNLOCK", func(s *scene) { s.data, s.d.state.Tries = []byte("4712"), 1 }, proto.WrongCodeLeft},
}

// terms changes what the subject's own certificate allows.
func (s *scene) terms(change func(*proto.Terms)) {
	c := s.d.cert
	c.Terms = append([]proto.Terms(nil), c.Terms...)
	change(&c.Terms[0])
	s.d.state.Certificate = byRoot(c)
}

func (s *scene) hops(allowed bool) {
	c := s.d.cert
	c.Hops = allowed
	s.d.state.Certificate = byRoot(c)
}

// twin is a copy of the device that is no other module.
func (d *device) twin() *device { c := *d; return &c }

// lateFor lets time pass until the third purse's certificate, of a shorter life, has expired.
func (s *scene) lateFor(theirs, now int64) {
	s.withPeer(func(c *proto.Certificate) { c.NotAfter = start + theirs })
	s.d.env.Now = start + now
}

func (s *scene) peerFrom(later int64) {
	s.withPeer(func(c *proto.Certificate) { c.NotBefore = start + later })
}

// withPeer makes the scene again with another certificate of the third purse.
func (s *scene) withPeer(change func(*proto.Certificate)) {
	c := certificate(3, proto.Holder)
	change(&c)
	raw := byRoot(c)
	if s.ins == proto.INSStart {
		s.data = changeHello(s.data, func(h *proto.Hello) { h.Certificate = raw })
		return
	}
	both, _ := proto.ParseIntroduced(s.data)
	both.Certificate = raw
	s.data = both.Encode()
}

// exhausted takes the subject to the last sequence number, which is never used, and asks for just that.
func (s *scene) exhausted() {
	s.d.state.Next = step.MaxSequence
	if s.ins == proto.INSDebit {
		s.data = requestTo(s.d, third(), 100)
	} else {
		s.data = byRoot(proto.Order{Module: s.d.cert.ID, Seq: s.d.state.Next, From: "EUR", To: "USD", Take: 100, Give: 110})
	}
}

// fill leaves no slot of the log for another start.
func (s *scene) fill() {
	free := 0
	if s.d.state.Open != nil {
		free = 1 // the open transfer's own
	}
	for len(s.d.state.Log) < step.MaxLog-free {
		someException(s.d)
	}
}

var statuses = []step.Status{step.New, step.Idle, step.EPV, step.EPA}

// scenes are made once: stepping them does not change them.
func scenes() []*scene {
	if len(played) == 0 {
		played = everyScene()
	}
	return played
}

var played []*scene

// everyScene is every command in every state, good and with every defect. In a state that the specification has no rule for,
// whatever can be read is 6985.
func everyScene() (list []*scene) {
	for _, c := range commands {
		for _, in := range statuses {
			make := func(name string) *scene {
				d, other := subject(in)
				return &scene{name: fmt.Sprintf("%s in %s: %s", c.name, in, name), d: d, other: other, ins: c.ins, data: c.data(d, other),
					want: proto.OK}
			}
			good := make("good")
			allowed := false
			for _, s := range c.in {
				allowed = allowed || s == in
			}
			if !allowed {
				good.want = proto.WrongState
			}
			if c.ins == proto.INSRepeat && in == step.Idle {
				good.want = proto.Unknown
			}
			list = append(list, good)
			for _, d := range defects {
				if !strings.Contains(" "+d.of+" ", " "+c.name+" ") {
					continue
				}
				if !allowed && (d.want != proto.Malformed || c.in == nil) {
					if d.want == proto.Malformed {
						s := make(d.name)
						d.spoil(s)
						s.want = proto.Malformed
						list = append(list, s)
					}
					continue
				}
				s := make(d.name)
				d.spoil(s)
				s.want = d.want
				list = append(list, s)
			}
		}
	}
	return append(list, special()...)
}

// Every message malformed, truncated, from another network, by another key, expired, blocked, over each limit, with a full log, with an
// exhausted counter, in every state: the specified status word, and the state unchanged. A good one of each succeeds.
func TestEveryCommandInEveryState(t *testing.T) {
	list := scenes()
	good := 0
	for _, s := range list {
		before := s.d.state.Encode()
		next, records, r := step.Step(s.d.state, proto.Command{INS: s.ins, Data: s.data}, s.d.env)
		if r.SW() != s.want {
			t.Errorf("%s: %s, want %s", s.name, r.SW(), s.want)
			continue
		}
		if string(s.d.state.Encode()) != string(before) {
			t.Errorf("%s: Step changed the state that it was given", s.name)
		}
		if wrong := s.want&0xfff0 == proto.WrongCodeLeft; s.want == proto.OK || wrong {
			good++
			continue
		}
		if string(next.Encode()) != string(before) || len(records) > 0 || len(r.Data()) > 0 {
			t.Errorf("%s: refused with %s, and the state changed", s.name, r.SW())
		}
	}
	t.Logf("%d exchanges, %d of which change something or answer", len(list), good)
}
