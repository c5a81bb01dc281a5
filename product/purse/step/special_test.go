package step_test

import (
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

func till() *device {
	c := certificate(4, proto.Acceptor)
	c.Name, c.Terms[0].Balance = "Café Anna", 1_000_000
	return newDevice(4, c, 0)
}

func agent() *device { return newDevice(5, certificate(5, proto.Agent), 2000) }

func issuer() *device {
	c := certificate(6, proto.Issuer)
	c.Terms[0].Balance = 1_000_000
	return newDevice(6, c, 5000)
}

// sold is a till that has just taken 420 from a purse.
func sold() (d, buyer *device, val []byte) {
	d, buyer = till(), third()
	hello := proto.Start{Hello: buyer.hello(), Value: 420, Currency: "EUR", Purpose: proto.Purchase}.Encode()
	request := d.do(proto.INSStart, hello)
	buyer.agree(request.Data())
	val = buyer.do(proto.INSDebit, request.Data()).Data()
	ack := d.do(proto.INSTake, val)
	buyer.do(proto.INSComplete, ack.Data())
	return d, buyer, val
}

// idOf is the ID of a signed message.
func idOf(raw []byte) []byte {
	s, _ := proto.ParseSigned(raw)
	id := s.ID()
	return id[:]
}

// cancelRequest is the buyer's REQ for its money back.
func cancelRequest(d, buyer *device, val []byte, value int64) []byte {
	r := buyer.do(proto.INSStart, proto.Start{Hello: d.hello(), Value: value, Currency: "EUR", Purpose: proto.Cancel, Ref: idOf(val)}.Encode())
	if r.SW() != proto.OK {
		return nil
	}
	d.agree(r.Data())
	return r.Data()
}

// special are the exchanges that are not one command of one holder's purse: tills, agents, the issuer, replays, cancellations.
func special() (list []*scene) {
	add := func(name string, d *device, ins proto.Instruction, data []byte, want proto.SW) {
		list = append(list, &scene{name: name, d: d, ins: ins, data: data, want: want})
	}
	add("a command that nobody knows", third(), 0x99, nil, proto.Unknown)
	for _, in := range []step.Status{step.Idle, step.EPV, step.EPA} {
		d, other := subject(in)
		_ = other
		d.state.Answer = nil
		add("REPEAT in "+in.String()+": nothing to repeat", d, proto.INSRepeat, nil, proto.Unknown)
	}
	specialReplays(add)
	specialTill(add)
	specialRoles(add)
	return append(list, otherRoles()...)
}

// otherRoles are the good commands of every role but the holder's, in every state, and what is only just good in idle, but for a till that
// remembers a thousand payers: the matrix has the rest.
func otherRoles() (list []*scene) {
	for _, m := range wholeMatrix(nil) {
		wanted := m.role != proto.Holder && m.want == proto.OK
		if m.edge {
			wanted = m.in == step.Idle && len(m.d.state.Takings) < 10
		}
		if wanted {
			list = append(list, &scene{name: m.name, d: m.d, ins: m.ins, data: m.data, want: m.want})
		}
	}
	return list
}

type adder func(name string, d *device, ins proto.Instruction, data []byte, want proto.SW)

func specialReplays(add adder) {
	d, other := subject(step.EPV)
	val := valueFor(d, other)
	d.do(proto.INSCredit, val)
	add("CREDIT: the same VAL again", d, proto.INSCredit, val, proto.WrongState)
	again := *d
	add("REPEAT in idle: the ACK again", &again, proto.INSRepeat, nil, proto.OK)

	d, other = subject(step.EPV)
	val = valueFor(d, other)
	d.do(proto.INSAbort, nil)
	d.ask(other, 100, proto.Person, nil)
	add("CREDIT: a VAL of the transfer before", d, proto.INSCredit, val, proto.WrongState)

	payer, payee := third(), newDevice(2, certificate(2, proto.Holder), 0)
	request := requestTo(payer, payee, 100)
	payer.do(proto.INSDebit, request)
	repeated := *payer
	add("DEBIT in EPA: the same REQ again", &repeated, proto.INSDebit, request, proto.OK)
	forged := *payer
	add("DEBIT in EPA: the same REQ by another key", &forged, proto.INSDebit, resignRequest(request, false), proto.BadSignature)
	payer.do(proto.INSComplete, ackFor(payer, payee))
	add("DEBIT in idle: a REQ that was paid", payer, proto.INSDebit, request, proto.WrongState)
	closed := *payer
	add("COMPLETE: the same ACK again", &closed, proto.INSComplete, must(proto.Sign(payee.key, network,
		proto.Ack{Transfer: *repeated.state.Open})),
		proto.WrongState)
	late := *payer
	late.state.Seen = start + 31*day
	add("DEBIT: a clock that was set back", &late, proto.INSDebit, requestTo(&late, payee, 100), proto.SyncNeeded)
	d, other = subject(step.EPV)
	d.env.Now, d.state.Blocked, d.state.Locked = start+40*day, true, true
	add("CREDIT: expired, blocked and locked, the value is taken", d, proto.INSCredit, valueFor(d, other), proto.OK)
}

func specialTill(add adder) {
	d := till()
	start_ := func() []byte { return startFrom(third(), 420, "EUR", proto.Purchase) }
	add("till START: a purchase", till(), proto.INSStart, start_(), proto.OK)
	old := till()
	old.env.Now = start + step.ListLife + 1
	add("till START: a blocklist of 48 hours and a second", old, proto.INSStart, start_(), proto.SyncNeeded)
	greedy := till()
	greedy.state.Takings = []step.Taking{{From: proto.ID{3}, Value: 4581}}
	add("till START: more from one payer than it may spend", greedy, proto.INSStart, start_(), proto.SyncNeeded)
	crowded := till()
	for i := range step.MaxTakings {
		crowded.state.Takings = append(crowded.state.Takings, step.Taking{From: proto.ID{0, byte(i >> 8), byte(i)}, Value: 1})
	}
	add("till START: a payer too many", crowded, proto.INSStart, start_(), proto.SyncNeeded)
	add("till START: from person to person", d, proto.INSStart, startFrom(third(), 420, "EUR", proto.Person), proto.BadSignature)
	add("till BATCH: nothing sold", till(), proto.INSBatch, nil, proto.WrongState)

	d, buyer, val := sold()
	open := *d
	add("till BATCH: closes", &open, proto.INSBatch, nil, proto.OK)
	wrong := *d
	wrong.env.Consent = nil
	request := cancelRequest(d, buyer, val, 420)
	ok := *d
	add("till DEBIT: cancels the last purchase", &ok, proto.INSDebit, request, proto.OK)
	closed := *d
	closed.do(proto.INSBatch, nil)
	add("till DEBIT: cancels after the batch was closed", &closed, proto.INSDebit, request, proto.WrongState)
	twice := *d
	twice.do(proto.INSDebit, request)
	twice.do(proto.INSComplete, ackFor(&twice, buyer))
	buyer.do(proto.INSAbort, nil)
	add("till DEBIT: cancels twice", &twice, proto.INSDebit, cancelRequest(&twice, buyer, val, 420), proto.WrongState)
	_, fresh, other := sold()
	partly := proto.Start{Hello: d.hello(), Value: 419, Currency: "EUR", Purpose: proto.Cancel, Ref: idOf(other)}.Encode()
	add("START: cancels another value", fresh, proto.INSStart, partly, proto.WrongState)
	foreign := proto.Start{Hello: d.hello(), Value: 420, Currency: "EUR", Purpose: proto.Cancel, Ref: idOf(byRoot(proto.Clear{}))}.Encode()
	add("START: cancels what it never bought", fresh, proto.INSStart, foreign, proto.WrongState)
}

func specialRoles(add adder) {
	for _, c := range []struct {
		name    string
		payee   *device
		payer   *device
		purpose proto.Purpose
		want    proto.SW
	}{
		{"holder loads from issuer", third(), issuer(), proto.Load, proto.OK},
		{"holder loads from agent", third(), agent(), proto.Load, proto.OK},
		{"agent loads from issuer", agent(), issuer(), proto.Load, proto.OK},
		{"agent loads from agent", agent(), &device{state: agent().state, cert: certificate(5, proto.Agent)}, proto.Load, proto.WrongState},
		{"holder loads from holder", newDevice(2, certificate(2, proto.Holder), 0), third(), proto.Load, proto.BadSignature},
		{"holder loads from till", third(), till(), proto.Load, proto.BadSignature},
		{"till is loaded", till(), issuer(), proto.Load, proto.BadSignature},
		{"issuer takes an unload", issuer(), third(), proto.Unload, proto.OK},
		{"issuer takes an agent's float back", issuer(), agent(), proto.Unload, proto.OK},
		{"issuer takes a purchase", issuer(), third(), proto.Purchase, proto.BadSignature},
		{"holder takes an unload", newDevice(2, certificate(2, proto.Holder), 0), third(), proto.Unload, proto.BadSignature},
		{"till takes from agent", till(), agent(), proto.Purchase, proto.BadSignature},
		{"collector takes", newDevice(8, certificate(8, proto.Collector), 0), third(), proto.Purchase, proto.BadSignature},
	} {
		add("roles: "+c.name, c.payee, proto.INSStart, startFrom(c.payer, 100, "EUR", c.purpose), c.want)
	}
	empty := agent()
	empty.state.Slots[0].Own = 99
	buyer := third()
	request := buyer.do(proto.INSStart, startFrom(empty, 100, "EUR", proto.Load))
	empty.agree(request.Data())
	add("agent DEBIT: beyond its float", empty, proto.INSDebit, request.Data(), proto.Insufficient)
}

// The whole life: load, pay a till, cancel, pay a person, unload; the balances say so at every point.
func TestLife(t *testing.T) {
	bank, shop, ann, bob := issuer(), till(), newDevice(1, certificate(1, proto.Holder), 0), newDevice(2, certificate(2, proto.Holder), 0)
	expect := func(want ...int64) {
		t.Helper()
		for i, d := range []*device{bank, shop, ann, bob} {
			if have := d.state.Balance("EUR"); have != want[i] {
				t.Errorf("module %d holds %d, not %d", i, have, want[i])
			}
		}
	}
	pay(t, bank, ann, 1000, proto.Load, nil)
	expect(4000, 0, 1000, 0)
	val := pay(t, ann, shop, 420, proto.Purchase, nil)
	expect(4000, 420, 580, 0)
	pay(t, shop, ann, 420, proto.Cancel, idOf(val))
	expect(4000, 0, 1000, 0)
	pay(t, ann, bob, 300, proto.Person, nil)
	pay(t, bob, shop, 100, proto.Purchase, nil)
	pay(t, bob, bank, 200, proto.Unload, nil)
	expect(4200, 100, 700, 0)
	r := ann.do(proto.INSHistory, nil)
	reader := proto.NewReader(r.Data())
	if list := reader.GetPayments(); !reader.Done() || len(list) != 4 || list[1].Name != "Café Anna" {
		t.Errorf("history: %+v", list)
	}
}

// A purse without hops spends what it received only after a sync, and begins to count again there.
func TestSyncFrees(t *testing.T) {
	c := certificate(1, proto.Holder)
	c.Hops = false
	ann, bob, shop := newDevice(1, c, 0), newDevice(2, certificate(2, proto.Holder), 500), till()
	pay(t, bob, ann, 300, proto.Person, nil)
	request := shop.ask(ann, 100, proto.Purchase, nil)
	ann.agree(request.Data())
	if r := ann.do(proto.INSDebit, request.Data()); r.SW() != proto.SyncNeeded {
		t.Errorf("spending what was just received: %s", r.SW())
	}
	ann.do(proto.INSParams, ann.params(2, c, func(p *proto.Params) { p.Archived-- }))
	if s := ann.state.Slots[0]; s.Received != 300 {
		t.Errorf("the issuer had not seen all, and %+v", s)
	}
	ann.do(proto.INSParams, ann.params(3, c, nil))
	if s := ann.state.Slots[0]; s.Own != 300 || s.Received != 0 || s.Spent != 0 {
		t.Errorf("after the sync %+v", s)
	}
	pay(t, ann, shop, 100, proto.Purchase, nil)
}

// Three wrong codes and only the issuer opens it; what was open can still be finished.
func TestLock(t *testing.T) {
	d, other := subject(step.EPV)
	d.do(proto.INSLock, []byte("4711"))
	for i, want := range []proto.SW{0x63C2, 0x63C1, 0x63C0, proto.LockedOut} {
		if r := d.do(proto.INSUnlock, []byte("0000")); r.SW() != want {
			t.Errorf("wrong code %d: %s", i+1, r.SW())
		}
	}
	if r := d.do(proto.INSUnlock, []byte("4711")); r.SW() != proto.LockedOut {
		t.Errorf("the right code after three wrong ones: %s", r.SW())
	}
	if r := d.do(proto.INSCredit, valueFor(d, other)); r.SW() != proto.OK {
		t.Errorf("a locked purse does not take what was paid: %s", r.SW())
	}
	if h, ok := proto.ParseHoldings(d.do(proto.INSBalance, nil).Data()); !ok || !h.Locked || h.Slots[0].Total() != 1100 {
		t.Errorf("a locked purse does not show its balance: %+v", h)
	}
	d.do(proto.INSParams, d.params(2, d.cert, func(p *proto.Params) { p.Unlock = true }))
	if d.state.Locked || d.state.Tries != step.MaxTries {
		t.Error("the issuer cannot open it")
	}
}

// The chain: every record is signed, has the next number and the hash of the one before.
func TestChain(t *testing.T) {
	d, other := subject(step.New)
	var tail proto.Hash
	var number uint64
	commands := []func() proto.Command{
		func() proto.Command { return proto.Command{INS: proto.INSParams, Data: d.params(1, d.cert, nil)} },
		func() proto.Command {
			return proto.Command{INS: proto.INSStart, Data: startFrom(other, 10, "EUR", proto.Person)}
		},
		func() proto.Command {
			return proto.Command{INS: proto.INSStart, Data: startFrom(other, 20, "EUR", proto.Person)}
		},
		func() proto.Command { return proto.Command{INS: proto.INSCredit, Data: valueFor(d, other)} },
		func() proto.Command { return proto.Command{INS: proto.INSLock, Data: []byte("123456")} },
	}
	for i, c := range commands {
		next, records, r := step.Step(d.state, c(), d.env)
		if r.SW() != proto.OK || len(records) == 0 {
			t.Fatalf("command %d: %s", i, r.SW())
		}
		for _, signed := range records {
			var record proto.Record
			if !proto.Decode(signed.Payload, &record) || !signed.Verify(network, d.key.Public(), nil) {
				t.Fatal("a record is not signed by its module")
			}
			if number++; record.Number != number || record.Before != tail {
				t.Errorf("record %d follows %x", record.Number, record.Before)
			}
			tail = signed.ID()
		}
		d.state = next
	}
	if d.state.Tail != tail || d.state.Records != number || number != 6 {
		t.Errorf("the state ends at record %d", d.state.Records)
	}
}

// TestNothingElseDecides shows for the explorer's projection that what it leaves out changes no answer of a rule: the same scenes with
// other record numbers, tails and histories.
func TestNothingElseDecides(t *testing.T) {
	for _, s := range scenes() {
		if s.ins == proto.INSParams || s.ins == proto.INSHistory || s.ins == proto.INSState || s.d.state.Status == step.New {
			continue // they are about the records, or show them
		}
		if s.d.state.Records > 1<<52 {
			continue // at its limit the number does decide
		}
		other := s.d.state
		other.Records, other.Tail, other.Archived, other.History = other.Records+1000, proto.Hash{1}, 7, nil
		_, _, one := step.Step(s.d.state, proto.Command{INS: s.ins, Data: s.data}, s.d.env)
		_, _, two := step.Step(other, proto.Command{INS: s.ins, Data: s.data}, s.d.env)
		if one.SW() != two.SW() || string(one.Data()) != string(two.Data()) {
			t.Errorf("%s: %s and %s", s.name, one.SW(), two.SW())
		}
	}
}

// A certificate that brings another currency or takes one away leaves what a till counts where it was: what it took in one currency is not
// taken for what it took in another.
func TestTakingsFollowTheirCurrency(t *testing.T) {
	shop, ann := till(), third()
	ann.cert.Terms = terms("CHF", "EUR")
	ann.do(proto.INSParams, ann.params(2, ann.cert, nil))
	pay(t, ann, shop, 1000, proto.Purchase, nil)
	spent := shop.state.Takings[0].Value
	for i, codes := range [][]string{{"CHF", "EUR"}, {"CHF", "EUR", "USD"}, {"EUR"}} {
		c := shop.cert
		c.Terms = terms(codes...)
		partly := func(p *proto.Params) { p.Archived-- }
		if r := shop.do(proto.INSParams, shop.params(uint64(i+2), c, partly)); r.SW() != proto.OK {
			t.Fatalf("%v: %s", codes, r.SW())
		}
		if list := shop.state.Takings; len(list) != 1 || list[0].Value != spent || shop.state.Slots[list[0].Slot].Currency != "EUR" {
			t.Errorf("with %v the till remembers %+v", codes, list)
		}
		if _, ok := step.Decode(shop.state.Encode()); !ok {
			t.Errorf("with %v no store could hold the till", codes)
		}
	}
}

// The last purchase stays the last one whatever else comes, and can be cancelled once: on either side alone.
func TestLastPurchase(t *testing.T) {
	shop, ann, bob := till(), third(), newDevice(2, certificate(2, proto.Holder), 1000)
	val := pay(t, ann, shop, 420, proto.Purchase, nil)
	pay(t, bob, ann, 100, proto.Person, nil)
	pay(t, ann, bob, 50, proto.Person, nil)
	pay(t, issuer(), ann, 10, proto.Load, nil)
	back := pay(t, shop, ann, 420, proto.Cancel, idOf(val))
	for what, ref := range map[string][]byte{"the purchase": val, "the cancellation": back} {
		if r := ann.ask(shop, 420, proto.Cancel, idOf(ref)); r.SW() != proto.WrongState {
			t.Errorf("asking for %s once more: %s", what, r.SW())
		}
	}
	second := pay(t, ann, shop, 5, proto.Purchase, nil)
	pay(t, bob, shop, 5, proto.Purchase, nil) // the till's last is another's now
	request := ann.ask(shop, 5, proto.Cancel, idOf(second))
	shop.agree(request.Data())
	if r := shop.do(proto.INSDebit, request.Data()); request.SW() != proto.OK || r.SW() != proto.WrongState {
		t.Errorf("a purchase that is not the till's last: %s, %s", request.SW(), r.SW())
	}
}
