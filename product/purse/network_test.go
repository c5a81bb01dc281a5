package purse_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"billfold/product/purse"
	"billfold/product/purse/proto"
)

// abstract is one purse in the abstract world of PRG-126, by what really happened to value, whoever knows of it.
type abstract struct{ balance, lost int64 }

// letter is a message under way. The network delivers it once, twice, late, to the wrong one, or never.
type letter struct {
	to   int
	ins  proto.Instruction
	data []byte
}

// network is a town of devices whose messages get lost, repeated and reordered, beside the abstract world they have to agree with.
type network struct {
	*world
	rng      *rand.Rand
	devices  []*device
	abstract []abstract
	post     []letter
	paid     map[proto.Hash]proto.Transfer // left its payer
	taken    map[proto.Hash]bool           // reached its payee
	counts   map[string]int
}

func hash(t proto.Transfer) proto.Hash {
	s := proto.Signed{Payload: proto.Encode(proto.Value{Transfer: t})}
	return s.ID()
}

func newNetwork(w *world, seed uint64) *network {
	n := &network{world: w, rng: rand.New(rand.NewPCG(seed, 48)), paid: map[proto.Hash]proto.Transfer{}, taken: map[proto.Hash]bool{},
		counts: map[string]int{}}
	for range 4 {
		n.devices = append(n.devices, w.enrol(proto.Holder, 3))
	}
	for range 2 {
		n.devices = append(n.devices, w.enrol(proto.Acceptor, 3))
	}
	n.abstract = make([]abstract, len(n.devices))
	for i, d := range n.devices[:4] {
		d.load(200_00, "EUR")
		n.abstract[i].balance = 200_00
	}
	return n
}

func (n *network) index(i proto.ID) int {
	for k, d := range n.devices {
		if d.id == i {
			return k
		}
	}
	return -1
}

// step lets one thing happen.
func (n *network) step() {
	switch k := n.rng.IntN(100); {
	case k < 22:
		n.begin()
	case k < 80:
		n.deliver()
	case k < 84:
		d := n.devices[n.rng.IntN(len(n.devices))]
		if sw, _ := d.do(proto.INSAbort, nil); sw == proto.OK {
			n.counts["given up"]++
		}
	case k < 90: // somebody asks for the last answer again
		i := n.rng.IntN(len(n.devices))
		if sw, data := n.devices[i].do(proto.INSRepeat, nil); sw == proto.OK {
			n.send(data)
		}
	case k < 93:
		d := n.devices[4+n.rng.IntN(2)]
		if sw, _ := d.do(proto.INSBatch, nil); sw == proto.OK {
			n.counts["batch"]++
		}
	case k < 98:
		n.sync(n.devices[n.rng.IntN(len(n.devices))])
	default:
		n.desk(n.rng.IntN(4))
	}
}

// begin has a device start as payee of another, with the true HELLO or an old one.
func (n *network) begin() {
	to, from := n.rng.IntN(len(n.devices)), n.rng.IntN(4)
	if to == from {
		return
	}
	purpose := proto.Person
	if n.devices[to].role == proto.Acceptor {
		purpose = proto.Purchase
	}
	sw, hello := n.devices[from].do(proto.INSHello, nil)
	if sw != proto.OK {
		return
	}
	if sw, request := n.devices[to].do(proto.INSStart, startData(hello, 1+n.rng.Int64N(500), "EUR", purpose, nil)); sw == proto.OK {
		n.counts["start"]++
		n.send(request)
	}
}

// send puts an answer into the network: to whom it belongs, sometimes to somebody else too.
func (n *network) send(data []byte) {
	var request proto.Request
	var value proto.Value
	var ack proto.Ack
	both, _ := proto.ParseIntroduced(data)
	var l letter
	if _, ok := proto.Open(both.Message, &request); ok {
		l = letter{n.index(request.From), proto.INSDebit, data}
	} else if _, ok := proto.Open(data, &value); ok {
		l = letter{n.index(value.To), 0, data}
	} else if _, ok := proto.Open(data, &ack); ok {
		l = letter{n.index(ack.From), proto.INSComplete, data}
	}
	if l.data == nil || l.to < 0 {
		return // to a desk, which is asked directly
	}
	if l.ins == 0 {
		l.ins = n.devices[l.to].take()
	}
	n.post = append(n.post, l)
	if n.rng.IntN(10) == 0 {
		l.to = n.rng.IntN(len(n.devices))
		n.post = append(n.post, l)
	}
}

// deliver takes any letter out of the network: in no order; one in four is lost, one in six is delivered and stays.
func (n *network) deliver() {
	if len(n.post) == 0 {
		return
	}
	i := n.rng.IntN(len(n.post))
	l := n.post[i]
	if n.rng.IntN(6) != 0 {
		n.post = append(n.post[:i], n.post[i+1:]...)
	}
	if n.rng.IntN(4) == 0 {
		n.counts["letter lost"]++
		return
	}
	d := n.devices[l.to]
	before := d.module.State()
	sw, data := d.do(l.ins, l.data)
	n.counts[fmt.Sprintf("%02X %s", byte(l.ins), sw)]++
	if sw != proto.OK {
		return
	}
	n.observe(l.to, l.ins, l.data, before.Records != d.module.State().Records)
	n.send(data)
}

// observe has the abstract world follow: value leaves the payer when it pays, and reaches the payee when it takes.
func (n *network) observe(who int, ins proto.Instruction, data []byte, changed bool) {
	if !changed {
		return // a repetition
	}
	switch ins {
	case proto.INSDebit:
		both, _ := proto.ParseIntroduced(data)
		var r proto.Request
		proto.Open(both.Message, &r)
		n.abstract[who].balance -= r.Value
		n.paid[hash(r.Transfer)] = r.Transfer
	case proto.INSCredit, proto.INSTake:
		var v proto.Value
		proto.Open(data, &v)
		if n.taken[hash(v.Transfer)] {
			n.t.Errorf("taken twice: %v", v.Transfer)
		}
		n.taken[hash(v.Transfer)] = true
		n.abstract[who].balance += v.Value
	}
}

// sync brings a device to the issuer; sometimes its answer is lost.
func (n *network) sync(d *device) {
	if n.rng.IntN(3) == 0 {
		if _, err := n.issuer.Sync(ctx, d.bundle(nil)); err != nil {
			n.t.Error(err)
		}
		n.counts["sync, answer lost"]++
		return
	}
	n.counts["sync"]++
	n.mustSync(d)
}

// mustSync syncs; a till whose batch is closed begins at zero after it.
func (n *network) mustSync(d *device) {
	before := d.module.State().Balance("EUR")
	d.mustSync()
	if after := d.module.State().Balance("EUR"); d.role == proto.Acceptor {
		n.abstract[n.index(d.id)].balance -= before - after
	}
}

// desk loads a purse, and loses one message of three on the way.
func (n *network) desk(i int) {
	d := n.devices[i]
	sw, request := d.do(proto.INSStart, startData(d.mustDesk(proto.INSHello, nil), 1_00, "EUR", proto.Load, nil))
	if sw != proto.OK || n.rng.IntN(3) == 0 {
		return
	}
	value, err := d.desk(proto.INSDebit, request)
	if err != nil {
		n.t.Error(err)
		return
	}
	if n.rng.IntN(3) == 0 {
		n.counts["load lost"]++
		return
	}
	ack := d.must(proto.INSCredit, value)
	n.abstract[i].balance += 1_00
	n.counts["load"]++
	if n.rng.IntN(3) != 0 {
		d.mustDesk(proto.INSComplete, ack)
	}
}

// settle lets everybody give up and sync, twice, in any order.
func (n *network) settle() {
	for range 2 {
		for _, i := range n.rng.Perm(len(n.devices)) {
			n.devices[i].giveUp()
			n.mustSync(n.devices[i])
		}
	}
	for h, t := range n.paid {
		if !n.taken[h] {
			n.abstract[n.index(t.From)].lost += t.Value
			n.counts["lost"]++
		}
	}
}

// Seeded networks on both engines: at every sync the books verify, and after everybody has synced purses, abstract world and
// ledger agree on every balance, every loss is refunded to the purse that suffered it, and nothing stays in transit or in
// suspense.
func TestRandomNetworks(t *testing.T) {
	seeds, steps := uint64(2), 250
	if os.Getenv("BILLFOLD_LONG") != "" {
		seeds, steps = 25, 2000
	}
	total := map[string]int{}
	worlds(t, func(t *testing.T, w *world) {
		for seed := range seeds {
			base := w.balances()
			n := newNetwork(w, seed)
			for i := range steps {
				n.step()
				if i%100 == 99 {
					n.verify()
				}
			}
			n.settle()
			n.verify()
			n.agree(seed, base)
			for what, count := range n.counts {
				total[what] += count
			}
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	})
	for _, what := range []string{"54 9000", "52 9000", "72 9000", "74 9000", "54 6985", "52 6985", "lost", "letter lost",
		"given up", "load", "load lost",
		"sync", "sync, answer lost", "batch"} {
		if total[what] == 0 {
			t.Errorf("never happened: %s", what)
		}
	}
	t.Log(total)
}

// balances are the issuer's totals before a network began.
func (w *world) balances() purse.Totals {
	list, err := w.issuer.Totals(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return list[0]
}

func (n *network) agree(seed uint64, base purse.Totals) {
	for i, d := range n.devices {
		state := d.module.State()
		if have := state.Balance("EUR"); have != n.abstract[i].balance {
			n.t.Errorf("seed %d: device %d holds %d, in the abstract world %d", seed, i, have, n.abstract[i].balance)
		}
		if d.role != proto.Holder {
			continue
		}
		if shadow := n.balance("purse/" + d.id.String() + "/EUR"); shadow != n.abstract[i].balance {
			n.t.Errorf("seed %d: the issuer thinks that device %d holds %d, in the abstract world %d", seed, i, shadow, n.abstract[i].balance)
		}
		if len(state.Log) > 0 || state.Open != nil {
			n.t.Errorf("seed %d: device %d has open ends after its sync", seed, i)
		}
		refunded := int64(0)
		list, err := n.issuer.Transfers(ctx, d.id, 10_000)
		if err != nil {
			n.t.Fatal(err)
		}
		for _, t := range list {
			if t.From == d.id && t.Place == purse.Returned {
				refunded += t.Value
			}
			if !(t.Place == purse.Arrived || t.Place == purse.Returned) {
				n.t.Errorf("seed %d: a transfer ended %s", seed, t.Place)
			}
		}
		if refunded != n.abstract[i].lost {
			n.t.Errorf("seed %d: device %d lost %d, and %d were refunded", seed, i, n.abstract[i].lost, refunded)
		}
	}
	now := n.balances()
	if now.Transit != base.Transit || now.Suspense != base.Suspense {
		n.t.Errorf("seed %d: in transit %d, in suspense %d", seed, now.Transit, now.Suspense)
	}
	n.cases()
}
