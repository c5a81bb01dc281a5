package step_test

import (
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// view is one state of the world in the words of PRG-126.
type view struct {
	x        *explorer
	n        node
	purses   []*step.State
	req      []proto.Transfer
	val, ack []proto.Transfer
	from, to []proto.Transfer // given up by payer or payee: in a log or in the archive
}

func contains(list []proto.Transfer, t proto.Transfer) bool {
	for _, one := range list {
		if one.Same(t) {
			return true
		}
	}
	return false
}

func (x *explorer) view(n node) *view {
	v := &view{x: x, n: n}
	for p := range x.devices {
		s := &x.states[n.purses[p]]
		v.purses = append(v.purses, s)
		for _, e := range s.Log {
			v.logged(e.Side, e.Transfer)
		}
	}
	for id, m := range x.messages {
		if n.archive.has(messageID(id)) {
			v.logged(m.exception.Side, m.exception.Transfer)
		}
		if !n.ether.has(messageID(id)) {
			continue
		}
		switch m.kind {
		case "REQ":
			v.req = append(v.req, m.transfer)
		case "VAL":
			v.val = append(v.val, m.transfer)
		case "ACK":
			v.ack = append(v.ack, m.transfer)
		}
	}
	return v
}

func (v *view) logged(side proto.Side, t proto.Transfer) {
	list := &v.from
	if side == proto.Payee {
		list = &v.to
	}
	if !contains(*list, t) {
		*list = append(*list, t)
	}
}

func (v *view) purse(id proto.ID) *step.State {
	for _, s := range v.purses {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// expects tells whether the transfer is open at its payer (EPA) or payee (EPV).
func (v *view) expects(status step.Status, t proto.Transfer) bool {
	id := t.From
	if status == step.EPV {
		id = t.To
	}
	s := v.purse(id)
	return s != nil && s.Status == status && s.Open.Same(t)
}

// gone: the payer has paid and cannot know that it arrived. waits: the payee has started and it has not arrived.
func (v *view) gone(t proto.Transfer) bool  { return v.expects(step.EPA, t) || contains(v.from, t) }
func (v *view) waits(t proto.Transfer) bool { return v.expects(step.EPV, t) || contains(v.to, t) }

// check asserts, of one state of the world, the accounting of all value and the invariants B1 to B16 of PRG-126 between the concrete and
// the abstract world; B6 to B8 read for two states instead of three, because EPR does not occur.
func (x *explorer) check(n node) {
	v := x.view(n)
	var held, lost int64
	for _, s := range v.purses {
		held += s.Balance("EUR")
	}
	definitely, maybe := 0, 0
	for _, t := range v.req { // B12 and B16, asserted below, say that there are no others
		if !v.gone(t) || !v.waits(t) {
			continue
		}
		lost += t.Value
		if contains(v.to, t) {
			definitely++
		} else {
			maybe++
		}
	}
	x.count("definitely lost", definitely > 0)
	x.count("maybe lost", maybe > 0)
	x.count("all paid", len(v.ack) == len(v.req) && len(v.ack) == len(x.devices)/2)
	away := x.away(n)
	x.assert(n, held+away <= x.total, "value was created")
	x.assert(n, held+away+lost == x.total, "value is unaccounted for")
	x.checkTills(v)
	x.checkOrders(v)
	x.checkCancelled(v)
	for _, s := range v.purses {
		for _, slot := range s.Slots {
			x.assert(n, slot.Own >= 0 && slot.Received >= 0, "a slot is overdrawn")
		}
	}
	x.checkMessages(v)
	x.checkLogs(v)
	x.checkOpen(v)
}

// away is what has left all modules for good: what tills forgot because it is their merchants', and what was exchanged.
func (x *explorer) away(n node) (sum int64) {
	for _, d := range n.tills {
		sum += int64(d.emptied)
	}
	for i, o := range x.orders {
		if n.done>>i&1 == 1 {
			sum += o.Take
		}
	}
	return sum
}

// checkTills: no till forgets what its merchant was not paid, and no merchant is paid what the till can still give back.
func (x *explorer) checkTills(v *view) {
	for p, d := range v.n.tills[:len(v.purses)] {
		held := v.purses[p].Balance("EUR")
		x.assert(v.n, d.emptied <= d.settled, "a till forgot what its merchant was not paid")
		x.assert(v.n, held >= int64(d.settled-d.emptied), "a merchant was paid what the till has given back")
		x.assert(v.n, d.closed >= 0 && held >= int64(d.closed+d.settled-d.emptied), "a closed batch is more than the till holds")
		x.count("paid to a merchant", d.settled > 0)
	}
}

// checkOrders: what an exchange gives is there once it was carried out, and not before; one whose number was used for something else
// can never be carried out.
func (x *explorer) checkOrders(v *view) {
	for i, o := range x.orders {
		done := v.n.done>>i&1 == 1
		x.count("exchanged", done)
		x.count("exchange passed by", !done && v.purse(o.Module).Next > o.Seq)
		x.assert(v.n, !done || v.purse(o.Module).Next > o.Seq, "an exchange that took no number")
	}
	for _, s := range v.purses {
		gained := int64(0)
		for i, o := range x.orders {
			if v.n.done>>i&1 == 1 && o.Module == s.ID {
				gained += o.Give
			}
		}
		x.assert(v.n, s.Balance("USD") == gained, "dollars that no exchange gave")
	}
}

// checkCancelled: a purchase is given back at most once, to whoever made it, and only what was paid.
func (x *explorer) checkCancelled(v *view) {
	for i, t := range v.val {
		if t.Purpose != proto.Cancel {
			continue
		}
		x.count("given back", true)
		bought := false
		for _, o := range v.val {
			if h := hashOf(proto.Value{Transfer: o}); string(h[:]) == string(t.Ref) {
				bought = o.Purpose == proto.Purchase && o.From == t.To && o.To == t.From && o.Value == t.Value
			}
		}
		x.assert(v.n, bought, "a cancellation of what was not bought")
		for _, o := range v.val[:i] {
			x.assert(v.n, o.Purpose != proto.Cancel || string(o.Ref) != string(t.Ref), "a purchase was given back twice")
		}
	}
}

func hashOf(b proto.Body) proto.Hash {
	s := proto.Signed{Payload: proto.Encode(b)}
	return s.ID()
}

func (x *explorer) count(what string, happened bool) {
	if happened {
		x.reached[what]++
	}
}

func (x *explorer) assert(n node, holds bool, what string) {
	if holds || x.t.Failed() {
		return
	}
	x.t.Errorf("%s, in:", what)
	for p := range x.devices {
		s := x.states[n.purses[p]]
		x.t.Logf("purse %d: %s, holds %d, next %d, open %v, log %v", p+1, s.Status, s.Balance("EUR"), s.Next, s.Open, s.Log)
	}
	for id, m := range x.messages {
		if n.ether.has(messageID(id)) {
			x.t.Logf("%s %v, archived %v", m.kind, m.transfer, n.archive.has(messageID(id)))
		}
	}
}

func (x *explorer) checkMessages(v *view) {
	n := v.n
	for _, t := range v.req {
		to, from := v.purse(t.To), v.purse(t.From)
		x.assert(n, to != nil, "B1: a REQ's payee is not authentic")
		x.assert(n, t.ToSeq < to.Next, "B2: a REQ of a sequence number that its payee has not used")
		paid := from != nil && t.FromSeq < from.Next
		x.assert(n, paid || !contains(v.val, t) && !contains(v.ack, t), "B9: a VAL or ACK of a transfer that its payer has not paid")
		x.assert(n, v.waits(t) != contains(v.ack, t), "B10: a REQ is neither waited for nor acknowledged, or both")
	}
	for _, t := range v.val {
		x.assert(n, v.purse(t.From) != nil && v.purse(t.To) != nil, "both ends of a VAL are authentic")
		x.assert(n, t.FromSeq < v.purse(t.From).Next && t.ToSeq < v.purse(t.To).Next, "B3: a VAL of unused sequence numbers")
		x.assert(n, !v.expects(step.EPV, t) || v.gone(t), "B11: a VAL that is waited for, and its payer does not know of it")
		x.assert(n, contains(v.req, t), "a VAL that nobody asked for")
	}
	for _, t := range v.ack {
		x.assert(n, v.purse(t.From) != nil && v.purse(t.To) != nil, "both ends of an ACK are authentic")
		x.assert(n, t.FromSeq < v.purse(t.From).Next && t.ToSeq < v.purse(t.To).Next, "B4: an ACK of unused sequence numbers")
		x.assert(n, contains(v.val, t), "an ACK of what was never paid")
	}
}

func (x *explorer) checkLogs(v *view) {
	n := v.n
	for _, t := range v.from {
		s := v.purse(t.From)
		x.assert(n, t.FromSeq < s.Next, "B5: a payer logged an unused sequence number")
		x.assert(n, s.Status != step.EPA || t.FromSeq < s.Open.FromSeq, "B7: a payer logged what is not before its open transfer")
		x.assert(n, s.Status != step.EPV || t.FromSeq < s.Open.ToSeq, "B7: a payer logged what is not before its open transfer")
	}
	for _, t := range v.to {
		s := v.purse(t.To)
		x.assert(n, t.ToSeq < s.Next, "B6: a payee logged an unused sequence number")
		x.assert(n, s.Status != step.EPV || t.ToSeq < s.Open.ToSeq, "B8: a payee logged what is not before its open transfer")
		x.assert(n, s.Status != step.EPA || t.ToSeq < s.Open.FromSeq, "B8: a payee logged what is not before its open transfer")
		x.assert(n, contains(v.req, t), "B16: a payee logged what it never asked for")
	}
	for _, t := range v.from {
		x.assert(n, contains(v.req, t), "B12, B16: a payer gave up what nobody asked for")
	}
	for id, m := range x.messages { // B13: all of these are finite, being lists
		if !n.ether.has(messageID(id)) {
			continue
		}
		switch m.kind {
		case "LOG":
			list := v.from
			if m.exception.Side == proto.Payee {
				list = v.to
			}
			x.assert(n, contains(list, m.transfer), "B14: a log result that is in no log and in no archive")
		case "CLEAR":
			for _, one := range m.cleared {
				x.assert(n, n.archive.has(one), "B15: cleared and not archived")
			}
		}
	}
}

func (x *explorer) checkOpen(v *view) {
	n := v.n
	for _, s := range v.purses {
		x.assert(n, len(s.Log) <= step.MaxLog, "the exception log overflowed")
		if s.Status == step.Idle {
			x.assert(n, s.Open == nil && len(s.Peer) == 0, "idle with an open transfer")
			continue
		}
		var peer proto.Certificate
		_, ok := proto.Open(s.Peer, &peer)
		t := s.Open
		x.assert(n, len(s.Log) < step.MaxLog, "no slot of the log is left for the open transfer")
		x.assert(n, ok && v.purse(peer.ID) != nil, "the peer of an open transfer is not authentic")
		if s.Status == step.EPV {
			x.assert(n, t.To == s.ID && t.From == peer.ID && t.ToSeq == s.Next-1, "EPV: not this purse's own transfer")
		} else {
			x.assert(n, t.From == s.ID && t.To == peer.ID && t.FromSeq == s.Next-1, "EPA: not this purse's own transfer")
			x.assert(n, contains(v.req, *t), "B12: EPA for what nobody asked for")
		}
	}
}

// recover shows of one state of the world that it ends well, whatever was lost: what can still be completed completes when the messages
// arrive; and when instead everybody gives up and syncs, what is lost is exactly what the archive refunds, and nothing stays open.
func (x *explorer) recover(n node) {
	v := x.view(n)
	for p, s := range v.purses {
		if s.Status != step.EPA || !v.expects(step.EPV, *s.Open) {
			continue
		}
		payee := int(s.Open.To[0]) - 1
		again, next := x.do(n, p, proto.INSRepeat, -1, 0, nil)
		ack, next := x.do(next, payee, x.devices[payee].take(), again.data, 0, x.messages[again.data].raw)
		x.assert(n, ack.sw == proto.OK, "a VAL that comes late is not taken")
		done, next := x.do(next, p, proto.INSComplete, ack.data, 0, x.messages[ack.data].raw)
		x.assert(n, done.sw == proto.OK && x.states[next.purses[p]].Status == step.Idle, "an ACK that comes late is not taken")
		x.count("completed late", true)
	}
	for p, s := range v.purses {
		if s.Open != nil {
			r, next := x.do(n, p, proto.INSAbort, -1, 0, nil)
			x.assert(n, r.sw == proto.OK, "an open transfer cannot be given up")
			n = next
		}
	}
	n = x.collectAll(n)
	v = x.view(n)
	var held, refund int64
	for _, t := range v.req {
		if contains(v.from, t) && contains(v.to, t) {
			refund += t.Value
		}
	}
	for p, s := range v.purses {
		held += s.Balance("EUR")
		x.assert(n, s.Status == step.Idle, "not idle after giving up")
		if len(s.Log) == 0 {
			continue
		}
		clear := must(proto.Sign(keyOf(0x70), network, proto.Clear{Module: s.ID, Set: proto.HashSet(s.Exceptions())}))
		d := *x.devices[p]
		d.state = *s
		key := asked{n.purses[p], proto.INSClear, -1, 0}
		if _, known := x.replies[key]; !known {
			r := d.do(proto.INSClear, clear)
			x.assert(n, r.SW() == proto.OK && len(d.state.Log) == 0, "an archived log cannot be cleared")
			x.replies[key] = reply{sw: r.SW()}
		}
	}
	x.assert(n, held+refund+x.away(n) == x.total, "after giving up and syncing, what is lost is not what is refunded")
	x.count("recovered", true)
}

// collectAll closes every till's batch and collects it: then the till is empty, and its merchant has what it took.
func (x *explorer) collectAll(n node) node {
	for p, d := range x.devices {
		if !x.tills || d.cert.Role != proto.Acceptor {
			continue
		}
		held := x.states[n.purses[p]].Balance("EUR")
		if r, next := x.do(n, p, proto.INSBatch, -1, 0, nil); r.sw == proto.OK {
			next.tills[p].closed = int8(held) - (next.tills[p].settled - next.tills[p].emptied)
			n = next
		}
		n.tills[p].settled += n.tills[p].closed
		n.tills[p].closed = 0
		n = x.collected(n, p, 0)
		x.assert(n, x.states[n.purses[p]].Balance("EUR") == 0, "a till that was collected is not empty")
		x.assert(n, n.tills[p].settled == n.tills[p].emptied, "a merchant was not paid what its till forgot")
	}
	return n
}
