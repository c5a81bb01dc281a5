package step

import (
	"crypto/sha256"

	"billfold/product/purse/proto"
)

// An Answer is what a rule sends.
type Answer uint8

// The answers.
const (
	Nothing Answer = iota
	SendHello
	SendRequest
	SendValue
	SendAck
	SendAgain
	SendException
	SendStatement
	SendHoldings
	SendHistory
)

var answers = [...]struct {
	Says string
	make func(*turn) []byte
}{
	Nothing:       {"nothing", func(*turn) []byte { return nil }},
	SendHello:     {"HELLO: its certificate, next sequence number, epoch", (*turn).sendHello},
	SendRequest:   {"its certificate and REQ", (*turn).sendRequest},
	SendValue:     {"VAL", func(t *turn) []byte { return t.sign(proto.Value{Transfer: t.transfer}).Encode() }},
	SendAck:       {"ACK", func(t *turn) []byte { return t.sign(proto.Ack{Transfer: t.transfer}).Encode() }},
	SendAgain:     {"the last answer of a transfer, byte for byte", func(t *turn) []byte { return t.old.Answer }},
	SendException: {"the entry, signed", func(t *turn) []byte { return t.sign(t.old.Exceptions()[t.index]).Encode() }},
	SendStatement: {"a signed statement of how the module stands, with the given nonce", (*turn).sendStatement},
	SendHoldings:  {"what it holds, what is pending, whether it is locked or blocked; unsigned", (*turn).sendHoldings},
	SendHistory:   {"its last ten payments; unsigned", (*turn).sendHistory},
}

// kept tells whether INSRepeat sends this answer again.
func (a Answer) kept() bool { return a == SendRequest || a == SendValue || a == SendAck }

func hashOf(b proto.Body) proto.Hash { return sha256.Sum256(proto.Encode(b)) }

func (t *turn) sendHello() []byte {
	return proto.Encode(proto.Hello{Certificate: t.s.Certificate, Next: t.s.Next, Epoch: t.s.Epoch})
}

func (t *turn) sendRequest() []byte {
	request := t.sign(proto.Request{Transfer: t.transfer}).Encode()
	return proto.Introduced{Certificate: t.s.Certificate, Message: request}.Encode()
}

func (t *turn) sendStatement() []byte {
	s := &t.s
	return t.sign(proto.Statement{Module: s.ID, Nonce: t.command.Data, Next: s.Next, Records: s.Records, Tail: s.Tail, Slots: s.Slots,
		Epoch: s.Epoch, Side: s.side(), Open: s.Open, Exceptions: proto.HashSet(s.Exceptions()), Batch: s.Batch.Number}).Encode()
}

func (t *turn) sendHoldings() []byte {
	s := &t.s
	return proto.Holdings{Slots: s.Slots, Side: s.side(), Open: s.Open, Exceptions: len(s.Log), Locked: s.Locked, Blocked: s.Blocked}.Encode()
}

func (t *turn) sendHistory() []byte {
	var w proto.Writer
	w.PutPayments(t.s.History)
	return w.Bytes()
}
