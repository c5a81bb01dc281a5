package step_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// A moment is one command to one module of some role in some state, as a rule of the table has it. The other side of its open transfer
// is other; whoever the command is about is third.
type moment struct {
	name            string
	role            proto.Role
	in              step.Status
	rule            int // in step.Table; -1 where the table has none
	ins             proto.Instruction
	purpose         proto.Purpose // of START and DEBIT
	value           int64
	currency        string
	d, other, third *device
	asked           []byte // the REQ of the open transfer, where the module pays it
	transfer        proto.Transfer
	data            []byte
	want            proto.SW
	check           int  // the check that has to refuse; -1
	edge            bool // a check only just holds
}

var everyRole = []proto.Role{proto.Holder, proto.Acceptor, proto.Agent, proto.Collector, proto.Issuer}

// everyStatus is every state that has a name.
func everyStatus() (list []step.Status) {
	for s := step.New; s.String() != "unknown"; s++ {
		list = append(list, s)
	}
	return list
}

// member makes a module of a role. Members of different casts are different modules.
func member(cast byte, role proto.Role) *device {
	id := proto.ID{cast<<4 | byte(role)}
	if made, ok := members[id]; ok {
		return made.fresh()
	}
	c := certificate(cast<<4|byte(role), role)
	if role == proto.Acceptor {
		c.Name = "Café Anna"
	}
	d := newDevice(cast<<4|byte(role), c, 1000)
	members[id] = d
	return d.fresh()
}

var members = map[proto.ID]*device{}

// fresh is a device like this one, which may be changed in place.
func (d *device) fresh() *device {
	c := *d
	c.state.Slots, c.state.Log = slices.Clone(d.state.Slots), slices.Clone(d.state.Log)
	return &c
}

// opens are the transfers by which a role comes into EPV and EPA. A collector comes into neither.
var opens = map[proto.Role]map[step.Status]struct {
	purpose proto.Purpose
	with    proto.Role
}{
	proto.Holder:   {step.EPV: {proto.Person, proto.Holder}, step.EPA: {proto.Person, proto.Holder}},
	proto.Acceptor: {step.EPV: {proto.Purchase, proto.Holder}, step.EPA: {proto.Cancel, proto.Holder}},
	proto.Agent:    {step.EPV: {proto.Load, proto.Issuer}, step.EPA: {proto.Load, proto.Holder}},
	proto.Issuer:   {step.EPV: {proto.Unload, proto.Holder}, step.EPA: {proto.Load, proto.Holder}},
}

// bring makes a module of a role in a state; ok where that role can come into it.
func bring(role proto.Role, in step.Status) (m *moment, ok bool) {
	m = &moment{role: role, in: in, rule: -1, check: -1, value: 100, currency: "EUR", d: member(1, role), want: proto.OK}
	m.third = member(3, proto.Holder)
	switch in {
	case step.New:
		m.d.state = step.Fresh(m.d.cert.ID)
	case step.EPV, step.EPA:
		how, ok := opens[role][in]
		if !ok {
			return m, false
		}
		m.other = member(2, how.with)
		if in == step.EPV {
			m.d.ask(m.other, m.value, how.purpose, nil)
			break
		}
		m.asked = m.requestOf(m.other, how.purpose)
		m.d.do(proto.INSDebit, m.asked)
	}
	if m.d.state.Status != in {
		panic(fmt.Sprintf("a module of role %s does not come into %s", role, in))
	}
	return m, true
}

// sale makes the last purchase of two modules: what alone can be cancelled.
func (m *moment) sale(till, buyer *device) []byte {
	t := proto.Transfer{From: buyer.cert.ID, FromSeq: 0, To: till.cert.ID, ToSeq: 0, Value: m.value, Currency: m.currency,
		Purpose: proto.Purchase, Ref: []byte{}}
	val := sha256.Sum256(proto.Encode(proto.Value{Transfer: t}))
	till.state.Sold, till.state.Batch.Count = &step.Sale{VAL: val, Transfer: t}, 1
	buyer.state.Bought = &step.Sale{VAL: val, Transfer: t}
	return val[:]
}

// requestOf is a REQ by which a module asks this one to pay; its holder agrees. Signed by hand: whether the payee's own rules would
// let it ask is not what a moment is about.
func (m *moment) requestOf(payee *device, purpose proto.Purpose) []byte {
	m.transfer = proto.Transfer{From: m.d.cert.ID, FromSeq: m.d.state.Next, To: payee.cert.ID, ToSeq: payee.state.Next, Value: m.value,
		Currency: m.currency, Purpose: purpose, Ref: []byte{}}
	if purpose == proto.Cancel {
		m.transfer.Ref = m.sale(m.d, payee)
	}
	return m.signedBy(payee)
}

// signedBy makes a REQ of the moment's transfer, and has the holder agree to it.
func (m *moment) signedBy(payee *device) []byte {
	t := m.transfer
	m.d.env.Consent = &step.Consent{Payee: t.To, Value: t.Value, Currency: t.Currency, Purpose: t.Purpose}
	return proto.Introduced{Certificate: byRoot(payee.cert),
		Message: must(proto.Sign(payee.key, network, proto.Request{Transfer: t}))}.Encode()
}

// goods are the data of each command when nothing is wrong with it. A command of the table that is not here fails the test.
var goods = map[proto.Instruction]func(m *moment) []byte{
	proto.INSHello: (*moment).nothing, proto.INSRepeat: (*moment).nothing, proto.INSPrevious: (*moment).nothing,
	proto.INSAbort: (*moment).nothing, proto.INSBalance: (*moment).nothing, proto.INSHistory: (*moment).nothing,
	proto.INSStart: func(m *moment) []byte {
		s := proto.Start{Hello: m.third.hello(), Value: m.value, Currency: m.currency, Purpose: m.purpose}
		if m.purpose == proto.Cancel {
			s.Ref = m.sale(m.third, m.d)
		}
		return s.Encode()
	},
	proto.INSDebit:  func(m *moment) []byte { return m.requestOf(m.third, m.purpose) },
	proto.INSCredit: (*moment).val, proto.INSTake: (*moment).val,
	proto.INSComplete: func(m *moment) []byte {
		by, t := m.opened()
		return must(proto.Sign(by.key, network, proto.Ack{Transfer: t}))
	},
	proto.INSException: func(m *moment) []byte {
		someException(m.d)
		return []byte{0}
	},
	proto.INSClear: func(m *moment) []byte {
		someException(m.d)
		return byRoot(proto.Clear{Module: m.d.cert.ID, Set: proto.HashSet(m.d.state.Exceptions())})
	},
	proto.INSState:  func(*moment) []byte { return []byte("nonce") },
	proto.INSParams: func(m *moment) []byte { return m.params(nil) },
	proto.INSConvert: func(m *moment) []byte {
		return m.order(nil)
	},
	proto.INSBatch: func(m *moment) []byte {
		if m.role == proto.Acceptor {
			m.d.state.Batch.Count = 1
		}
		return nil
	},
	proto.INSLock: func(*moment) []byte { return []byte("4711") },
	proto.INSUnlock: func(m *moment) []byte {
		m.locked()
		if m.rule >= 0 && step.Table[m.rule].When == step.WrongCode {
			m.want = proto.WrongCodeLeft | 2
			return []byte("4712")
		}
		return []byte("4711")
	},
}

// val is the VAL of the open transfer.
func (m *moment) val() []byte {
	by, t := m.opened()
	return must(proto.Sign(by.key, network, proto.Value{Transfer: t}))
}

func (m *moment) nothing() []byte { return nil }

// opened is the open transfer and its other side; where nothing is open, a transfer that could be.
func (m *moment) opened() (*device, proto.Transfer) {
	if m.d.state.Open != nil {
		return m.other, *m.d.state.Open
	}
	return m.third, proto.Transfer{From: m.third.cert.ID, FromSeq: 9, To: m.d.cert.ID, ToSeq: 9, Value: 100, Currency: "EUR",
		Purpose: proto.Person}
}

// locked locks the module with 4711. The digest is made once: it is slow, as it should be.
func (m *moment) locked() {
	if m.in == step.New {
		return
	}
	code, made := digests[m.role]
	if !made {
		c := *m.d
		c.do(proto.INSLock, []byte("4711"))
		code = c.state.Code
		digests[m.role] = code
	}
	m.d.state.Code, m.d.state.Locked = code, true
}

var digests = map[proto.Role][]byte{}

func (m *moment) params(change func(*proto.Params, *proto.Certificate)) []byte {
	c := m.d.cert
	c.Terms = slices.Clone(c.Terms)
	p := proto.Params{Module: m.d.cert.ID, Epoch: m.d.state.Epoch + 1, At: start, Archived: m.d.state.Records, Tail: m.d.state.Tail}
	if change != nil {
		change(&p, &c)
	}
	if p.Certificate == nil {
		p.Certificate = byRoot(c)
	}
	return byRoot(p)
}

// order is an exchange of EUR into USD; the module is given a second slot for it.
func (m *moment) order(change func(*proto.Order)) []byte {
	if m.in != step.New && len(m.d.state.Slots) == 1 {
		m.own(func(c *proto.Certificate) { c.Terms = terms("EUR", "USD") })
		m.d.state.Slots = append(m.d.state.Slots, proto.Slot{Currency: "USD"})
	}
	o := proto.Order{Module: m.d.cert.ID, Seq: m.d.state.Next, From: "EUR", To: "USD", Take: 100, Give: 110}
	if change != nil {
		change(&o)
	}
	return byRoot(o)
}

// own changes the module's own certificate, as if the issuer had given it another.
func (m *moment) own(change func(*proto.Certificate)) {
	var c proto.Certificate
	if _, ok := proto.Open(m.d.state.Certificate, &c); !ok {
		panic("a module without a certificate")
	}
	change(&c)
	m.d.state.Certificate = byRoot(c)
}

// theirs changes the third module's certificate, and makes the data again.
func (m *moment) theirs(change func(*proto.Certificate)) {
	c := m.third.cert
	c.Terms = slices.Clone(c.Terms)
	change(&c)
	m.third.cert, m.third.state.Certificate = c, byRoot(c)
	m.again()
}

// again makes the data once more, from the modules as they are now.
func (m *moment) again() { m.data = goods[m.ins](m) }

// cases are the moments of one rule's command: one, or for START and DEBIT one for each purpose and role of the other side that fit.
func (m moment) cases() (list []func() *moment) {
	again := func(purpose proto.Purpose, with proto.Role) func() *moment {
		return func() *moment {
			n, _ := bring(m.role, m.in)
			n.rule, n.ins, n.purpose, n.name = m.rule, m.ins, purpose, m.name
			if with != 0 {
				n.third = member(3, with)
				n.name += fmt.Sprintf(", %s, %s", purpose, with)
			}
			if m.rule >= 0 && step.Table[m.rule].When == step.IsOpen {
				n.third, n.data = n.other, n.asked
				n.transfer = *n.d.state.Open
				return n
			}
			n.again()
			return n
		}
	}
	open := m.rule >= 0 && step.Table[m.rule].When == step.IsOpen
	if m.ins != proto.INSStart && m.ins != proto.INSDebit || open {
		return append(list, again(0, 0))
	}
	for p := proto.Load; p <= proto.Cancel; p++ {
		for _, with := range everyRole {
			if m.ins == proto.INSStart && step.Fits(p, with, m.role) || m.ins == proto.INSDebit && step.Fits(p, m.role, with) {
				list = append(list, again(p, with))
			}
		}
	}
	if len(list) == 0 || m.rule < 0 { // no purpose fits this role: whatever it is asked is 6982; and in New it is 6985
		list = append(list[:0], again(proto.Person, proto.Holder))
	}
	return list
}

// matrix is every command in every state of every role, good and with everything that a rule checks spoilt, one at a time.
func matrix(t testing.TB) (list []*moment) {
	commands := map[proto.Instruction]bool{}
	for _, r := range step.Table {
		for _, ins := range r.Commands {
			commands[ins] = true
			if goods[ins] == nil {
				t.Fatalf("command %02X is in the table, and nobody says what its good data are", byte(ins))
			}
		}
	}
	for _, role := range everyRole {
		for _, in := range everyStatus() {
			if _, ok := bring(role, in); !ok {
				continue
			}
			for ins := range 256 {
				if commands[proto.Instruction(ins)] {
					list = append(list, rows(t, role, in, proto.Instruction(ins))...)
				}
			}
		}
	}
	return list
}

// wholeMatrix is made once: running a moment does not change it.
func wholeMatrix(t testing.TB) []*moment {
	if len(wholly) == 0 {
		wholly = matrix(t)
	}
	return wholly
}

var wholly []*moment

// rows are the moments of one command, state and role.
func rows(t testing.TB, role proto.Role, in step.Status, ins proto.Instruction) (list []*moment) {
	var rules []int
	for i, r := range step.Table {
		if slices.Contains(r.Commands, ins) && slices.Contains(r.In, in) {
			rules = append(rules, i)
		}
	}
	at := moment{role: role, in: in, rule: -1, ins: ins, name: fmt.Sprintf("%s %02X in %s", role, byte(ins), in)}
	for _, s := range garbage {
		for _, how := range at.cases()[:1] {
			m := how()
			if s.of(m) {
				m.name, m.want = m.name+": "+s.name, proto.Malformed
				s.spoil(m)
				list = append(list, m)
			}
		}
	}
	if len(rules) == 0 {
		m := at.cases()[0]()
		m.want, m.name = proto.WrongState, m.name+": not in this state"
		return append(list, m)
	}
	for _, rule := range rules {
		at.rule = rule
		at.name = fmt.Sprintf("%s %02X in %s by rule %d", role, byte(ins), in, rule+1)
		for _, how := range at.cases() {
			good := how()
			if check, never := impossible(good); never {
				good.want, good.check, good.name = check.want, int(check.check), good.name+": "+check.why
				list = append(list, good)
				continue
			}
			if ins == proto.INSRepeat && in == step.Idle || ins == proto.INSPrevious && in == step.Idle {
				good.d.state.Answer = []byte("an answer")
			}
			good.name += ": good"
			list = append(list, good)
			for _, check := range step.Table[rule].Checks {
				list = append(append(list, edged(how, check)...), spoilt(t, how, check)...)
			}
		}
	}
	return list
}

// impossible tells which commands a role can never carry out, whatever the data.
func impossible(m *moment) (is struct {
	check step.Check
	want  proto.SW
	why   string
}, never bool) {
	taking := m.ins == proto.INSCredit || m.ins == proto.INSTake
	switch {
	case taking && (m.ins == proto.INSCredit) != (m.role == proto.Holder):
		is.check, is.want, is.why, never = step.Instruction, proto.WrongState, "not this role's instruction", true
	case m.ins == proto.INSBatch && m.role != proto.Acceptor:
		is.check, is.want, is.why, never = step.BatchOpen, proto.WrongState, "not a till", true
	case m.ins == proto.INSStart && !step.Fits(m.purpose, m.third.cert.Role, m.role),
		m.ins == proto.INSDebit && m.role == proto.Collector:
		is.check, is.want, is.why, never = step.RolesFit, proto.BadSignature, "its role takes no part", true
	}
	return is, never
}

// spoilt are the moments in which one check of a rule fails and every one before it holds.
func spoilt(t testing.TB, how func() *moment, check step.Check) (list []*moment) {
	for _, s := range spoils {
		if s.check != check {
			continue
		}
		m := how()
		if s.of != nil && !s.of(m) {
			continue
		}
		m.want, m.check, m.name = s.want, int(check), m.name+": "+s.name
		s.spoil(m)
		list = append(list, m)
	}
	if never := cannotFail[check]; never != nil && never(how()) == (len(list) > 0) || never == nil && len(list) == 0 {
		t.Fatalf("%s: check %d has %d bad inputs", how().name, check, len(list))
	}
	return list
}

// run steps a moment.
func (m *moment) run() (next step.State, records step.Records, r step.Response) {
	return step.Step(m.d.state, proto.Command{INS: m.ins, Data: m.data}, m.d.env)
}

// matrixRows pins how many bad and good inputs there are for each role: a command, state or check without its rows changes the number.
var matrixRows = map[proto.Role]int{proto.Holder: 1246, proto.Acceptor: 737, proto.Agent: 823, proto.Collector: 232, proto.Issuer: 916}

// Every message malformed, truncated, replayed, from another network, by another key, with an expired certificate, from a blocked purse,
// over each limit, with a full log, with an exhausted counter: to every role, in every state that it comes into, under every
// command: the specified status word, and the state unchanged.
func TestMatrix(t *testing.T) {
	count := map[proto.Role]int{}
	names := map[string]bool{}
	for _, m := range wholeMatrix(t) {
		count[m.role]++
		if names[m.name] {
			t.Errorf("two moments are called %q", m.name)
		}
		names[m.name] = true
		before := string(m.d.state.Encode())
		if _, ok := step.Decode([]byte(before)); !ok {
			t.Errorf("%s: a state that no store could hold", m.name)
		}
		next, records, r := m.run()
		if r.SW() != m.want {
			t.Errorf("%s: %s, want %s", m.name, r.SW(), m.want)
			continue
		}
		changed := string(next.Encode()) != before
		if string(m.d.state.Encode()) != before {
			t.Errorf("%s: Step changed the state that it was given", m.name)
		}
		if changed != (len(records) > 0) {
			t.Errorf("%s: %d records, changed %v", m.name, len(records), changed)
		}
		if wrong := m.want&0xfff0 == proto.WrongCodeLeft; m.want != proto.OK && !wrong && (changed || len(r.Data()) > 0) {
			t.Errorf("%s: refused, and the state changed", m.name)
		}
		if m.want == proto.OK {
			m.replay(t, next, r)
		}
	}
	for _, role := range everyRole {
		if count[role] != matrixRows[role] {
			t.Errorf("%s: %d rows, not %d", role, count[role], matrixRows[role])
		}
	}
	t.Log(count)
}

// replays are what the same bytes are answered when they come a second time. What is not here answers again, and changes nothing.
var replays = map[proto.Instruction]proto.SW{
	proto.INSCredit: proto.WrongState, proto.INSTake: proto.WrongState, proto.INSComplete: proto.WrongState, proto.INSAbort: proto.WrongState,
	proto.INSClear: proto.WrongState, proto.INSParams: proto.WrongState, proto.INSConvert: proto.WrongState, proto.INSBatch: proto.WrongState,
	proto.INSLock: proto.LockedOut, proto.INSUnlock: proto.WrongState,
}

// replay gives the same command again, to what became of the module.
func (m *moment) replay(t *testing.T, next step.State, first step.Response) {
	if m.ins == proto.INSStart {
		return // not a message: its own side starts again, and the sequence number is another
	}
	_, records, r := step.Step(next, proto.Command{INS: m.ins, Data: m.data}, m.d.env)
	want, known := replays[m.ins]
	if !known {
		want = proto.OK
	}
	if r.SW() != want || len(records) > 0 {
		t.Errorf("%s, again: %s and %d records, want %s and none", m.name, r.SW(), len(records), want)
	}
	if m.ins == proto.INSDebit && string(r.Data()) != string(first.Data()) {
		t.Errorf("%s, again: another VAL", m.name)
	}
}

// Every check is needed where it stands: without it the bad input that is there for it has another answer, or Step breaks down. So no
// row of the matrix is refused by accident, by another check with the same status word.
func TestEveryCheckDecides(t *testing.T) {
	decided := 0
	for _, m := range wholeMatrix(t) {
		if m.check < 0 || m.check == int(step.RolesFit) && m.role == proto.Collector {
			continue
		}
		rule := &step.Table[m.rule]
		kept := rule.Checks
		rule.Checks = slices.DeleteFunc(slices.Clone(kept), func(c step.Check) bool { return int(c) == m.check })
		var r step.Response
		broke := func() (broke bool) {
			defer func() { broke = recover() != nil }()
			_, _, r = m.run()
			return false
		}()
		rule.Checks = kept
		if !broke && r.SW() == m.want {
			t.Errorf("%s: %s without the check too", m.name, r.SW())
		}
		decided++
	}
	t.Logf("%d bad inputs are decided by the check that is there for them", decided)
}

// No role makes or answers a transfer that is not its own: every purpose from and to every role, of which the table of roles allows nine.
func TestEveryRoleWithEveryRole(t *testing.T) {
	fits := 0
	for p := proto.Load; p <= proto.Cancel; p++ {
		for _, from := range everyRole {
			for _, to := range everyRole {
				want := proto.BadSignature
				if step.Fits(p, from, to) {
					want, fits = proto.OK, fits+1
				}
				payee, _ := bring(to, step.Idle)
				payee.ins, payee.purpose, payee.third = proto.INSStart, p, member(3, from)
				payee.again()
				if _, _, r := payee.run(); r.SW() != want {
					t.Errorf("%s from %s, to %s that starts: %s, want %s", p, from, to, r.SW(), want)
				}
				payer, _ := bring(from, step.Idle)
				payer.ins, payer.purpose, payer.third = proto.INSDebit, p, member(3, to)
				payer.again()
				if _, _, r := payer.run(); r.SW() != want {
					t.Errorf("%s to %s, from %s that pays: %s, want %s", p, to, from, r.SW(), want)
				}
			}
		}
	}
	if fits != 8 {
		t.Errorf("%d kinds of transfer", fits)
	}
}
