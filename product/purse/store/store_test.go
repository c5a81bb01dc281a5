package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
	"billfold/product/purse/store"
)

const (
	network = "test/store"
	start   = 1_772_355_600
)

func keyOf(n byte) proto.PrivateKey {
	key, err := proto.ParsePrivateKey(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		panic(err)
	}
	return key
}

var root = proto.Root{Key: keyOf(0x70).Public()}

func sign(n byte, b proto.Body) []byte {
	s, err := proto.Sign(keyOf(n), network, b)
	if err != nil {
		panic(err)
	}
	return s.Encode()
}

// purse is a module on a disk.
type purse struct {
	n      byte
	disk   *disk
	module *store.Module
	env    step.Env
}

func envOf(n byte) step.Env {
	return step.Env{Now: start, Network: network, Roots: proto.Roots{root}, Signer: keyOf(n)}
}

// funded is the state of a certified purse that holds 1000.
func funded(n byte) step.State {
	c := proto.Certificate{ID: proto.ID{n}, Role: proto.Holder, Class: 3, NotBefore: start - 1, NotAfter: start + 1000, Key: keyOf(n).Public(),
		Root: root.Name(), Count: 1000, Hops: true, Terms: []proto.Terms{{Currency: "EUR", Scale: 2, Balance: 100000,
			Transaction: 100000, Spent: 100000}}}
	params := sign(0x70, proto.Params{Module: c.ID, Epoch: 1, At: start, Certificate: sign(0x70, c)})
	s, _, r := step.Step(step.Fresh(c.ID), proto.Command{INS: proto.INSParams, Data: params}, envOf(n))
	if r.SW() != proto.OK {
		panic(r.SW().String())
	}
	s.Slots[0].Own = 1000
	return s
}

func newPurse(t *testing.T, n byte) *purse {
	t.Helper()
	p := &purse{n: n, disk: newDisk(), env: envOf(n)}
	f, err := store.Create(p.disk, funded(n))
	if err != nil {
		t.Fatal(err)
	}
	if p.module, err = store.Open(f); err != nil {
		t.Fatal(err)
	}
	p.disk.calls = 0
	return p
}

// reboot opens the purse from what the disk kept.
func (p *purse) reboot(t *testing.T, f fate) {
	t.Helper()
	p.disk = p.disk.after(f)
	file, err := store.OpenFile(p.disk)
	if err != nil {
		t.Fatalf("after %d: %v", f, err)
	}
	if p.module, err = store.Open(file); err != nil {
		t.Fatal(err)
	}
}

// send gives a command and returns what was released; false when the power went before anything was.
func (p *purse) send(ins proto.Instruction, data []byte) (out []byte, sw proto.SW, alive bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crash); !ok {
				panic(r)
			}
			out, sw, alive = nil, proto.Fault, false
		}
	}()
	if ins == proto.INSDebit {
		both, _ := proto.ParseIntroduced(data)
		var r proto.Request
		proto.Open(both.Message, &r)
		p.env.Consent = &step.Consent{Payee: r.To, Value: r.Value, Currency: r.Currency, Purpose: r.Purpose}
	}
	out, sw, _ = proto.ParseResponse(p.module.Do(proto.Command{INS: ins, Data: data}, p.env).Envelope())
	return out, sw, true
}

// released is what left the two purses.
type released struct{ request, val, ack []byte }

// transfer runs one transfer as far as it gets.
func transfer(payer, payee *purse) (r released) {
	hello, sw, alive := payer.send(proto.INSHello, nil)
	if !alive || sw != proto.OK {
		return r
	}
	r.request, _, _ = payee.send(proto.INSStart, proto.Start{Hello: hello, Value: 300, Currency: "EUR", Purpose: proto.Person}.Encode())
	if r.request == nil {
		return r
	}
	if r.val, _, _ = payer.send(proto.INSDebit, r.request); r.val == nil {
		return r
	}
	if r.ack, _, _ = payee.send(proto.INSCredit, r.val); r.ack != nil {
		payer.send(proto.INSComplete, r.ack)
	}
	return r
}

// account checks that what two purses hold and what both gave up is all there was.
func account(t *testing.T, a, b *purse) (lost int64) {
	t.Helper()
	x, y := a.module.State(), b.module.State()
	for _, e := range x.Log {
		for _, o := range y.Log {
			if e.Transfer.Same(o.Transfer) && e.Side != o.Side {
				lost += e.Transfer.Value
			}
		}
	}
	if sum := x.Balance("EUR") + y.Balance("EUR") + lost; sum != 2000 {
		t.Errorf("purses hold %d and %d, both gave up %d", x.Balance("EUR"), y.Balance("EUR"), lost)
	}
	return lost
}

// settle has what is open come to its end: by repeating what was lost, or by giving up.
func settle(payer, payee *purse, resume bool) {
	if resume && payer.module.State().Status == step.EPA {
		val, _, _ := payer.send(proto.INSRepeat, nil)
		ack, sw, _ := payee.send(proto.INSCredit, val)
		if sw != proto.OK { // it had been taken: the acknowledgement was lost
			ack, _, _ = payee.send(proto.INSRepeat, nil)
		}
		payer.send(proto.INSComplete, ack)
	}
	for _, p := range []*purse{payer, payee} {
		if p.module.State().Open != nil {
			p.send(proto.INSAbort, nil)
		}
	}
}

// The crash matrix: the power goes at every write and every sync of either side, and what was not durable is lost, kept or
// torn. Whatever was released before holds afterwards, and after both came back all value is there.
func TestPowerLossAtEveryCall(t *testing.T) {
	crashes, ends := 0, map[string]int{}
	for side := range 2 {
		for at := 1; ; at++ {
			happened := false
			for f := range fates {
				for way := range 4 {
					resume := way&1 == 0
					payer, payee := newPurse(t, 1), newPurse(t, 2)
					victim := []*purse{payer, payee}[side]
					victim.disk.dieAt, victim.disk.reverse = at, way&2 == 0
					r := transfer(payer, payee)
					happened = victim.disk.dead
					if !happened {
						continue
					}
					crashes++
					victim.reboot(t, f)
					checkReleased(t, fmt.Sprintf("side %d, call %d, fate %d", side, at, f), payer, payee, r)
					settle(payer, payee, resume)
					lost := account(t, payer, payee)
					ends[fmt.Sprintf("lost %d, arrived %v", lost, payee.module.State().Balance("EUR") == 1300)]++
				}
			}
			if !happened {
				break
			}
		}
	}
	t.Logf("%d crashes: %v", crashes, ends)
	if crashes < 64 || ends["lost 300, arrived false"] == 0 || ends["lost 0, arrived true"] == 0 || ends["lost 0, arrived false"] == 0 {
		t.Errorf("not every end was reached: %v", ends)
	}
}

// checkReleased: nothing that left a purse is forgotten by it.
func checkReleased(t *testing.T, when string, payer, payee *purse, r released) {
	t.Helper()
	from, to := payer.module.State(), payee.module.State()
	if r.request != nil && to.Next < 2 {
		t.Errorf("%s: the REQ was released, and the payee knows nothing of it", when)
	}
	if r.val != nil && (from.Next < 2 || from.Balance("EUR") != 700) {
		t.Errorf("%s: the VAL was released, and the payer still has the value", when)
	}
	if r.ack != nil && to.Balance("EUR") != 1300 {
		t.Errorf("%s: the ACK was released, and the payee has not taken", when)
	}
}

// Every call of the disk fails once: the answer is 6F00, nothing has happened, and the same again succeeds. When the power
// goes after that, what was released holds.
func TestEveryCallFailsOnce(t *testing.T) {
	failures := 0
	for side := range 2 {
		for at := 1; ; at++ {
			payer, payee := newPurse(t, 1), newPurse(t, 2)
			victim := []*purse{payer, payee}[side]
			victim.disk.failAt = at
			r := transfer(payer, payee)
			if victim.disk.calls < at {
				break
			}
			failures++
			for range 3 { // the commands that failed, again
				if payer.module.State().Status == step.EPA || payee.module.State().Status == step.Idle && r.ack != nil {
					settle(payer, payee, true)
				}
			}
			account(t, payer, payee)
			if r.ack == nil && payer.module.State().Balance("EUR") == 1000 {
				settle(payer, payee, false)
				r = transfer(payer, payee)
			}
			for f := range fates {
				copyDisk := *victim.disk
				again := &purse{n: victim.n, disk: &copyDisk, env: victim.env}
				again.reboot(t, f)
				if string(again.module.State().Encode()) != string(victim.module.State().Encode()) {
					t.Errorf("side %d, call %d: another state after the power went (fate %d)", side, at, f)
				}
			}
			if payee.module.State().Balance("EUR") != 1300 {
				t.Errorf("side %d, call %d: the transfer did not get through", side, at)
			}
		}
	}
	t.Logf("%d failures", failures)
	if failures < 8 {
		t.Error("hardly anything failed")
	}
}

// The power goes while a purse is created: there is one, or none; never a damaged one that had been acknowledged.
func TestPowerLossAtCreation(t *testing.T) {
	for at := 1; at < 20; at++ {
		for f := range fates {
			d := newDisk()
			d.dieAt = at
			created := func() (ok bool) {
				defer func() { recover() }()
				_, err := store.Create(d, funded(1))
				return err == nil
			}()
			_, err := store.OpenFile(d.after(f))
			if created && err != nil || err != nil && !errors.Is(err, store.ErrNothing) && !errors.Is(err, store.ErrDamaged) {
				t.Errorf("call %d, fate %d: created %v, then %v", at, f, created, err)
			}
		}
	}
}

// A log of archived records is left behind, by a new generation; the power goes at every call of that too.
func TestCompaction(t *testing.T) {
	grown := newPurse(t, 1)
	other := newPurse(t, 2)
	for grown.disk.volatile["log.0"] == nil || len(grown.disk.volatile["log.0"]) < 130<<10 {
		transfer(grown, other)
		transfer(other, grown)
	}
	s := grown.module.State()
	params := func(s step.State) []byte {
		return sign(0x70, proto.Params{Module: s.ID, Epoch: s.Epoch + 1, At: start, Certificate: s.Certificate, Archived: s.Records,
			Tail: s.Tail})
	}
	for at := 0; at < 30; at++ {
		for f := range fates {
			d := grown.disk.after(allKept)
			p := &purse{n: 1, disk: d, env: grown.env}
			p.reboot(t, allKept)
			p.send(proto.INSParams, params(s))
			p.disk.calls, p.disk.dieAt = 0, at
			_, sw, _ := p.send(proto.INSParams, params(p.module.State()))
			released := sw == proto.OK
			p.disk.dead = false
			p.disk.dieAt = 0
			p.reboot(t, f)
			now := p.module.State()
			if released && now.Epoch != s.Epoch+2 {
				t.Errorf("call %d, fate %d: the sync was acknowledged and is forgotten", at, f)
			}
			if list, err := p.module.Records(now.Archived); err != nil || uint64(len(list)) != now.Records-now.Archived {
				t.Errorf("call %d, fate %d: %d records after %d, %v", at, f, len(list), now.Archived, err)
			}
			if at == 0 {
				if _, err := p.module.Records(0); !errors.Is(err, store.ErrArchived) {
					t.Errorf("the archived records are still there: %v", err)
				}
			}
		}
	}
}

// The zero Sealed holds nothing, and files that are no purse are not opened.
func TestNothingIsSealed(t *testing.T) {
	var s store.Sealed
	if s.Envelope() != nil {
		t.Error("an answer out of nothing")
	}
	if _, err := store.OpenFile(newDisk()); !errors.Is(err, store.ErrNothing) {
		t.Errorf("an empty folder: %v", err)
	}
	p := newPurse(t, 1)
	for _, name := range []string{"slot.0", "slot.1"} {
		for i := range p.disk.volatile[name] {
			d := p.disk.after(allKept)
			d.volatile[name][i] ^= 1
			if f, err := store.OpenFile(d); err == nil {
				if _, err := store.Open(f); err != nil {
					t.Errorf("%s, byte %d: %v", name, i, err)
				}
			}
		}
	}
}

// FuzzSlot: no bytes in a folder make the store panic.
func FuzzSlot(f *testing.F) {
	d := newDisk()
	if _, err := store.Create(d, funded(1)); err != nil {
		f.Fatal(err)
	}
	f.Add(d.volatile["slot.0"], []byte{})
	f.Fuzz(func(t *testing.T, slot, log []byte) {
		d := newDisk()
		d.volatile["slot.0"], d.volatile["log.0"] = slot, log
		if file, err := store.OpenFile(d); err == nil {
			if _, err := file.Load(); err != nil {
				t.Errorf("opened and then: %v", err)
			}
		}
	})
}
