package step_test

import (
	"bytes"
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

const (
	network = "test/world"
	start   = 1_772_355_600 // 2026-03-01T09:00:00Z
	day     = 24 * 60 * 60
)

// keyOf makes the n-th key of a test: always the same, so that everything signed is always the same.
func keyOf(n byte) proto.PrivateKey {
	key, err := proto.ParsePrivateKey(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		panic(err)
	}
	return key
}

var root = proto.Root{Key: keyOf(0x70).Public()}

func must(s proto.Signed, err error) []byte {
	if err != nil {
		panic(err)
	}
	return s.Encode()
}

// device is one module of a test: its state and what it needs to step.
type device struct {
	state step.State
	env   step.Env
	key   proto.PrivateKey
	cert  proto.Certificate
}

// terms are limits that no test meets by accident.
func terms(codes ...string) (list []proto.Terms) {
	for _, c := range codes {
		list = append(list, proto.Terms{Currency: c, Scale: 2, Balance: 5000, Transaction: 2000, Spent: 5000})
	}
	return list
}

// certificate is what the n-th module has when nothing else is said.
func certificate(n byte, role proto.Role) proto.Certificate {
	return proto.Certificate{ID: proto.ID{n}, Role: role, Class: 3, Epoch: 1, NotBefore: start - day, NotAfter: start + 30*day,
		Key: keyOf(n).Public(), Root: root.Name(), Count: 20, Hops: true, Terms: terms("EUR")}
}

// newDevice makes a module that has its first parameters, and gives it a balance: the loading is tried elsewhere.
func newDevice(n byte, cert proto.Certificate, balance int64) *device {
	d := &device{state: step.Fresh(cert.ID), key: keyOf(n), cert: cert}
	d.env = step.Env{Now: start, Network: network, Roots: proto.Roots{root}, Signer: d.key}
	if r := d.do(proto.INSParams, d.params(1, cert, nil)); r.SW() != proto.OK {
		panic("certify: " + r.SW().String())
	}
	d.state.Slots[0].Own = balance
	return d
}

// params are the issuer's parameters of an epoch that has everything archived.
func (d *device) params(epoch uint64, cert proto.Certificate, change func(*proto.Params)) []byte {
	p := proto.Params{Module: cert.ID, Epoch: epoch, At: start, Certificate: must(proto.Sign(keyOf(0x70), network, cert)),
		Archived: d.state.Records, Tail: d.state.Tail}
	if change != nil {
		change(&p)
	}
	return must(proto.Sign(keyOf(0x70), network, p))
}

// do steps the module.
func (d *device) do(ins proto.Instruction, data []byte) step.Response {
	next, _, r := step.Step(d.state, proto.Command{INS: ins, Data: data}, d.env)
	d.state = next
	return r
}

func (d *device) hello() []byte {
	return proto.Encode(proto.Hello{Certificate: d.state.Certificate, Next: d.state.Next, Epoch: d.state.Epoch})
}

// ask has d start as payee of a transfer from the other, and returns REQ.
func (d *device) ask(from *device, value int64, purpose proto.Purpose, ref []byte) step.Response {
	return d.do(proto.INSStart, proto.Start{Hello: from.hello(), Value: value, Currency: "EUR", Purpose: purpose, Ref: ref}.Encode())
}

// agree has d's holder agree to whatever a REQ asks.
func (d *device) agree(request []byte) {
	both, _ := proto.ParseIntroduced(request)
	var r proto.Request
	proto.Open(both.Message, &r)
	d.env.Consent = &step.Consent{Payee: r.To, Value: r.Value, Currency: r.Currency, Purpose: r.Purpose}
}

// take is the instruction by which a role takes value.
func (d *device) take() proto.Instruction {
	if d.cert.Role == proto.Holder {
		return proto.INSCredit
	}
	return proto.INSTake
}

// pay makes one whole transfer, and fails the test where a step is refused.
func pay(t testing.TB, from, to *device, value int64, purpose proto.Purpose, ref []byte) (val []byte) {
	t.Helper()
	request := to.ask(from, value, purpose, ref)
	from.agree(request.Data())
	paid := from.do(proto.INSDebit, request.Data())
	ack := to.do(to.take(), paid.Data())
	done := from.do(proto.INSComplete, ack.Data())
	for i, r := range []step.Response{request, paid, ack, done} {
		if r.SW() != proto.OK {
			t.Fatalf("step %d of a %s is %s", i+1, purpose, r.SW())
		}
	}
	return paid.Data()
}
