package step_test

import (
	"bytes"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// An edge is the last good input before a check refuses: a limit that is off by one refuses it, or takes what a spoil has just beyond it.
type edge struct {
	check step.Check
	name  string
	set   func(m *moment)
	of    func(m *moment) bool // nil: wherever the check stands
}

func loading(m *moment) bool { return !bounded(m) }

var edges = []edge{
	{step.InForce, "the last second of its certificate", func(m *moment) { m.own(func(c *proto.Certificate) { c.NotAfter = start }) }, nil},
	{step.InForce, "the first second of its certificate", func(m *moment) { m.own(func(c *proto.Certificate) { c.NotBefore = start }) }, nil},
	{step.ListFresh, "a blocklist of 48 hours", func(m *moment) { m.d.state.ListedAt = start - step.ListLife }, aTill},
	{step.PeerCertified, "the last second of the certificate", func(m *moment) {
		m.certified(func(c *proto.Certificate) { c.NotAfter = start })
	}, nil},
	{step.PeerCertified, "the first second of the certificate", func(m *moment) {
		m.certified(func(c *proto.Certificate) { c.NotBefore = start })
	}, nil},
	{step.PeerAllowed, "others on the blocklist", func(m *moment) { m.d.state.Blocklist = []proto.ID{{8}, {9}} }, nil},
	{step.WithinTransaction, "the transaction limit", func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Terms[0].Transaction = 100 })
	}, bounded},
	{step.WithinTransaction, "the payer's transaction limit", func(m *moment) {
		m.theirs(func(c *proto.Certificate) { c.Terms[0].Transaction = 100 })
	}, func(m *moment) bool { return starting(m) && bounded(m) }},
	{step.WithinTransaction, "more than the transaction limit is loaded or unloaded", func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Terms[0].Transaction = 99 })
		m.theirs(func(c *proto.Certificate) { c.Terms[0].Transaction = 99 })
	}, loading},
	{step.WithinBalance, "the balance limit", func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Terms[0].Balance = m.d.state.Balance("EUR") + 100 })
	}, nil},
	{step.WithinTakings, "all that the payer may spend", func(m *moment) {
		m.d.state.Takings = []step.Taking{{From: m.third.cert.ID, Value: 4900}}
	}, aTill},
	{step.WithinTakings, "all that the payer may spend, at once", func(m *moment) {
		m.theirs(func(c *proto.Certificate) { c.Terms[0].Spent = 100 })
	}, aTill},
	{step.WithinTakings, "other payers and other currencies", func(m *moment) {
		m.d.state.Takings = []step.Taking{{From: proto.ID{1}, Value: 5000}, {From: m.third.cert.ID, Slot: 1, Value: 5000},
			{From: proto.ID{0xff}, Value: 5000}}
	}, aTill},
	{step.WithinTakings, "the last payer that it remembers", func(m *moment) { m.crowd(step.MaxTakings - 1) }, aTill},
	{step.WithinTakings, "a payer that it remembers", func(m *moment) {
		m.crowd(step.MaxTakings - 1)
		m.d.state.Takings = append(m.d.state.Takings, step.Taking{From: m.third.cert.ID, Value: 1})
	}, aTill},
	{step.WithinSync, "the last payment and the last cent", func(m *moment) {
		m.d.state.Count, m.d.state.Slots[0].Spent = m.d.cert.Count-1, 4900
	}, counted},
	{step.WithinSync, "what is not counted", func(m *moment) {
		m.d.state.Count, m.d.state.Slots[0].Spent = m.d.cert.Count, 5000
	}, not(counted)},
	{step.Covered, "the last cent, loaded and received", func(m *moment) {
		m.d.state.Slots[0].Own, m.d.state.Slots[0].Received = 40, 60
	}, nil},
	{step.Spendable, "the last cent that was loaded, no hops", func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Hops = false })
		m.d.state.Slots[0].Own, m.d.state.Slots[0].Received = 100, 0
	}, nil},
	{step.Spendable, "what was received is given back or unloaded, no hops", func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Hops = false })
		m.d.state.Slots[0].Own, m.d.state.Slots[0].Received = 0, 100
	}, not(counted)},
	{step.SequenceLeft, "the last sequence number", func(m *moment) {
		m.d.state.Next = step.MaxSequence - 1
		m.again()
	}, nil},
	{step.SequenceLeft, "the last record number", func(m *moment) { m.d.state.Records = 1<<53 - 1 }, nil},
	{step.LogRoom, "the last slot of the log", func(m *moment) { m.fill(step.MaxLog - 1) }, nil},
	{step.LogRoomTwo, "the last two slots of the log", func(m *moment) { m.fill(step.MaxLog - 2) }, nil},
	{step.EntryThere, "the last entry", func(m *moment) {
		m.fill(step.MaxLog)
		m.data = []byte{step.MaxLog - 1}
	}, nil},
	{step.ExactSet, "a full log", func(m *moment) {
		m.fill(step.MaxLog)
		m.data = byRoot(proto.Clear{Module: m.d.cert.ID, Set: proto.HashSet(m.d.state.Exceptions())})
	}, nil},
	{step.ArchivedKnown, "no more archived than before", func(m *moment) {
		m.d.state.Archived = m.d.state.Records - 1
		m.data = m.params(func(p *proto.Params, _ *proto.Certificate) { p.Archived-- })
	}, certified},
	{step.SlotsFit, "an empty currency is gone", func(m *moment) {
		m.d.state.Slots = append(m.d.state.Slots, proto.Slot{Currency: "USD"})
		m.again()
	}, certified},
	{step.OrderCovered, "the last cent", func(m *moment) { m.d.state.Slots[0].Own = 100 }, nil},
	{step.OrderFits, "the balance limit", func(m *moment) { m.d.state.Slots[1].Own = 4890 }, nil},
	{step.CodeKnown, "the shortest code", func(m *moment) { m.data = []byte("1234") }, nil},
	{step.CodeKnown, "the longest code", func(m *moment) { m.data = []byte("123456789012") }, nil},
	{step.CodeKnown, "the code from before", func(m *moment) {
		m.d.state.Code = bytes.Repeat([]byte{7}, 32)
		m.data = nil
	}, nil},
	{step.TriesLeft, "the last try", func(m *moment) {
		m.d.state.Tries = 1
		if m.want != proto.OK {
			m.want = proto.WrongCodeLeft
		}
	}, nil},
}

// edged are the moments in which a check only just holds.
func edged(how func() *moment, check step.Check) (list []*moment) {
	for _, e := range edges {
		if e.check != check {
			continue
		}
		m := how()
		if e.of == nil || e.of(m) {
			m.name, m.edge = m.name+": good, "+e.name, true
			e.set(m)
			list = append(list, m)
		}
	}
	return list
}

// crowd has a till remember some payers.
func (m *moment) crowd(n int) {
	m.d.state.Takings = nil
	for i := range n {
		m.d.state.Takings = append(m.d.state.Takings, step.Taking{From: proto.ID{0, byte(i >> 8), byte(i)}, Value: 1})
	}
}
