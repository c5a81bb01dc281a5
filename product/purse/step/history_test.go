package step_test

import (
	"errors"
	"testing"

	"billfold/product/purse/proto"
)

// The history says of each payment whether it was given up, of no other; it has the last ten, oldest first.
func TestHistory(t *testing.T) {
	ann, bob := newDevice(1, certificate(1, proto.Holder), 1000), newDevice(2, certificate(2, proto.Holder), 1000)
	pay(t, ann, bob, 10, proto.Person, nil)
	pay(t, bob, ann, 20, proto.Person, nil)
	request := bob.ask(ann, 30, proto.Person, nil).Data()
	ann.agree(request)
	ann.do(proto.INSDebit, request)
	ann.do(proto.INSAbort, nil)
	ann.ask(bob, 40, proto.Person, nil) // never paid: no payment, given up or not
	ann.do(proto.INSAbort, nil)
	bob.do(proto.INSAbort, nil)
	pay(t, ann, bob, 50, proto.Person, nil)
	lines := func() []proto.Payment {
		r := proto.NewReader(ann.do(proto.INSHistory, nil).Data())
		list := r.GetPayments()
		if !r.Done() {
			t.Fatal("a history that cannot be read")
		}
		return list
	}
	want := []struct {
		value int64
		side  proto.Side
		given bool
	}{{10, proto.Payer, false}, {20, proto.Payee, false}, {30, proto.Payer, true}, {50, proto.Payer, false}}
	list := lines()
	if len(list) != len(want) {
		t.Fatalf("%+v", list)
	}
	for i, w := range want {
		if h := list[i]; h.Transfer.Value != w.value || h.Side != w.side || h.Given != w.given || h.At != start {
			t.Errorf("line %d: %+v, want %+v", i+1, h, w)
		}
	}
	for i := range proto.MaxHistory {
		pay(t, ann, bob, int64(i+1), proto.Person, nil)
	}
	if list := lines(); len(list) != proto.MaxHistory || list[0].Transfer.Value != 1 || list[9].Transfer.Value != 10 {
		t.Errorf("%d lines from %d", len(list), list[0].Transfer.Value)
	}
}

// breaking is a signer that signs so many times and then no more.
type breaking struct {
	proto.Signer
	left int
}

func (b *breaking) Sign(digest proto.Hash) (proto.Signature, error) {
	if b.left--; b.left < 0 {
		return proto.Signature{}, errors.New("the key cannot be reached")
	}
	return b.Signer.Sign(digest)
}

// A key that fails, at the first signature of a step or a later one, is a fault: nothing has happened.
func TestKeyThatFails(t *testing.T) {
	failed := map[int]int{}
	for _, m := range wholeMatrix(t) {
		if m.want != proto.OK || m.edge {
			continue
		}
		before, key := string(m.d.state.Encode()), m.d.env.Signer
		for left := range 4 {
			m.d.env.Signer = &breaking{key, left}
			next, records, r := m.run()
			if r.SW() == proto.OK {
				break
			}
			failed[left]++
			if r.SW() != proto.Fault || len(records) > 0 || len(r.Data()) > 0 || string(next.Encode()) != before {
				t.Errorf("%s, with a key that fails after %d: %s", m.name, left, r.SW())
			}
		}
		m.d.env.Signer = key
	}
	if failed[0] == 0 || failed[1] == 0 || failed[2] == 0 {
		t.Errorf("failures at each signature: %v", failed)
	}
}
