package step_test

import (
	"slices"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// A spoil makes one check of a rule fail. The status word is the specification's, written here by hand and not taken from the table.
type spoil struct {
	check step.Check
	name  string
	want  proto.SW
	spoil func(m *moment)
	of    func(m *moment) bool // nil: wherever the check stands
}

func starting(m *moment) bool   { return m.ins == proto.INSStart }
func paying(m *moment) bool     { return m.ins == proto.INSDebit }
func repeating(m *moment) bool  { return step.Table[m.rule].When == step.IsOpen }
func cancelling(m *moment) bool { return m.purpose == proto.Cancel }
func aTill(m *moment) bool      { return m.role == proto.Acceptor }
func bounded(m *moment) bool    { return m.purpose != proto.Load && m.purpose != proto.Unload }
func counted(m *moment) bool    { return m.purpose != proto.Unload && m.purpose != proto.Cancel }
func certified(m *moment) bool  { return m.in != step.New }
func not(f func(*moment) bool) func(*moment) bool {
	return func(m *moment) bool { return !f(m) }
}

// cannotFail are the checks that some moments cannot fail.
var cannotFail = map[step.Check]func(m *moment) bool{
	step.ListFresh: not(aTill), step.WithinTakings: not(aTill), step.CancelMine: not(cancelling), step.CancelTheirs: not(cancelling),
	step.WithinSync: not(counted), step.Spendable: not(counted), step.SlotsFit: not(certified),
	step.Instruction: func(*moment) bool { return true }, // the other instruction is a command of its own: see impossible
}

var spoils = []spoil{
	{step.NotBlocked, "blocked", proto.Blocked, func(m *moment) { m.d.state.Blocked = true }, nil},
	{step.Unlocked, "locked", proto.LockedOut, func(m *moment) { m.d.state.Locked = true }, nil},
	{step.InForce, "own certificate over", proto.SyncNeeded, func(m *moment) {
		m.own(func(c *proto.Certificate) { c.NotAfter = start - 1 })
	}, nil},
	{step.InForce, "a clock set back behind what was seen", proto.SyncNeeded, func(m *moment) {
		m.own(func(c *proto.Certificate) { c.NotAfter = start })
		m.d.state.Seen, m.d.env.Now = start+1, start-day
		m.theirsLonger()
	}, nil},
	{step.ListFresh, "blocklist too old", proto.SyncNeeded, func(m *moment) { m.d.state.ListedAt = start - step.ListLife - 1 }, aTill},
	{step.NotMyself, "to itself", proto.WrongState, func(m *moment) {
		m.data = proto.Start{Hello: m.d.hello(), Value: 100, Currency: "EUR", Purpose: proto.Person}.Encode()
	}, nil},
	{step.PeerCertified, "certificate by another key", proto.BadSignature, func(m *moment) { m.resignCertificate() }, nil},
	{step.PeerCertified, "certificate expired", proto.BadSignature, func(m *moment) {
		m.certified(func(c *proto.Certificate) { c.NotAfter = start - 1 })
	}, nil},
	{step.PeerCertified, "certificate not yet", proto.BadSignature, func(m *moment) {
		m.certified(func(c *proto.Certificate) { c.NotBefore = start + 1 })
	}, nil},
	{step.PeerCertified, "certificate of an unknown root", proto.BadSignature, func(m *moment) {
		m.certified(func(c *proto.Certificate) { c.Root = [8]byte{1} })
	}, nil},
	{step.PeerCertified, "certificate of another network", proto.BadSignature, func(m *moment) {
		m.withCertificate(must(proto.Sign(keyOf(0x70), "live/world", m.third.cert)))
	}, nil},
	{step.PeerAllowed, "on the blocklist", proto.Blocked, func(m *moment) { m.d.state.Blocklist = []proto.ID{m.third.cert.ID} }, nil},
	{step.SignedByPeer, "by another key", proto.BadSignature, func(m *moment) { m.resignMessage() }, nil},
	{step.SignedByPeer, "of another network", proto.BadSignature, func(m *moment) { m.foreign() }, nil},
	{step.SignedByRoot, "by another key", proto.BadSignature, func(m *moment) { m.data = resign(m.data) }, nil},
	{step.SignedByRoot, "of another network", proto.BadSignature, func(m *moment) { m.foreign() }, nil},
	{step.RolesFit, "roles that do not fit", proto.BadSignature, func(m *moment) {
		m.theirs(func(c *proto.Certificate) { c.Role = proto.Collector })
	}, nil},
	{step.ForMe, "an old sequence number", proto.WrongState, func(m *moment) { m.asking(func(t *proto.Transfer) { t.FromSeq-- }) }, nil},
	{step.ForMe, "a later sequence number", proto.WrongState, func(m *moment) { m.asking(func(t *proto.Transfer) { t.FromSeq++ }) }, nil},
	{step.ForMe, "another payer", proto.WrongState, func(m *moment) { m.asking(func(t *proto.Transfer) { t.From = proto.ID{9} }) },
		not(cancelling)}, // CancelTheirs names both sides of a cancellation once more
	{step.ForMe, "another payee", proto.WrongState, func(m *moment) { m.asking(func(t *proto.Transfer) { t.To = proto.ID{9} }) },
		not(cancelling)},
	{step.Agreed, "nobody agreed", proto.WrongState, func(m *moment) { m.d.env.Consent = nil }, nil},
	{step.Agreed, "agreed to less", proto.WrongState, func(m *moment) { m.d.env.Consent.Value-- }, nil},
	{step.Agreed, "agreed to another payee", proto.WrongState, func(m *moment) { m.d.env.Consent.Payee = proto.ID{9} }, nil},
	{step.Agreed, "agreed to another currency", proto.WrongState, func(m *moment) { m.d.env.Consent.Currency = "USD" }, nil},
	{step.Agreed, "agreed to another purpose", proto.WrongState, func(m *moment) { m.d.env.Consent.Purpose = m.purpose%5 + 1 }, nil},
	{step.CancelMine, "bought nothing", proto.WrongState, func(m *moment) { m.d.state.Bought = nil }, cancelling},
	{step.CancelMine, "bought for another value", proto.WrongState, func(m *moment) { m.d.state.Bought.Transfer.Value++ }, cancelling},
	{step.CancelMine, "bought elsewhere", proto.WrongState, func(m *moment) { m.d.state.Bought.Transfer.To = proto.ID{9} }, cancelling},
	{step.CancelMine, "another purchase", proto.WrongState, func(m *moment) { m.d.state.Bought.VAL[0]++ }, cancelling},
	{step.CancelTheirs, "sold nothing", proto.WrongState, func(m *moment) { m.d.state.Sold = nil }, cancelling},
	{step.CancelTheirs, "sold for another value", proto.WrongState, func(m *moment) { m.d.state.Sold.Transfer.Value++ }, cancelling},
	{step.CancelTheirs, "sold to another", proto.WrongState, func(m *moment) { m.d.state.Sold.Transfer.From = proto.ID{9} }, cancelling},
	{step.CancelTheirs, "another purchase", proto.WrongState, func(m *moment) { m.d.state.Sold.VAL[0]++ }, cancelling},
	{step.CancelTheirs, "cancelled before", proto.WrongState, func(m *moment) { m.d.state.Sold.Cancelled = true }, cancelling},
	{step.HasSlot, "no slot", proto.Unknown, func(m *moment) {
		m.currency = "JPY"
		m.again()
	}, nil},
	{step.WithinTransaction, "over the transaction limit", proto.OverLimit, func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Terms[0].Transaction = 99 })
	}, bounded},
	{step.WithinTransaction, "over the payer's transaction limit", proto.OverLimit, func(m *moment) {
		m.theirs(func(c *proto.Certificate) { c.Terms[0].Transaction = 99 })
	}, func(m *moment) bool { return starting(m) && bounded(m) }},
	{step.WithinTransaction, "a payer without this currency", proto.OverLimit, func(m *moment) {
		m.theirs(func(c *proto.Certificate) { c.Terms = terms("USD") })
	}, starting},
	{step.WithinTransaction, "a certificate without this currency", proto.OverLimit, func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Terms = terms("USD") })
	}, func(m *moment) bool { return paying(m) && !bounded(m) && !counted(m) }},
	{step.WithinTransaction, "a certificate without this currency, counted", proto.OverLimit, func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Terms = terms("USD") })
	}, func(m *moment) bool { return paying(m) && !bounded(m) && counted(m) }},
	{step.WithinBalance, "over the balance limit", proto.OverLimit, func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Terms[0].Balance = m.d.state.Balance("EUR") + 99 })
	}, nil},
	{step.WithinTakings, "more from one payer than it may spend", proto.SyncNeeded, func(m *moment) {
		m.d.state.Takings = []step.Taking{{From: m.third.cert.ID, Value: 4901}}
	}, aTill},
	{step.WithinTakings, "a payer too many", proto.SyncNeeded, func(m *moment) {
		m.crowd(step.MaxTakings)
	}, aTill},
	{step.WithinSync, "count used up", proto.SyncNeeded, func(m *moment) { m.d.state.Count = m.d.cert.Count }, counted},
	{step.WithinSync, "spending used up", proto.SyncNeeded, func(m *moment) { m.d.state.Slots[0].Spent = 4901 }, counted},
	{step.Covered, "not enough", proto.Insufficient, func(m *moment) {
		m.d.state.Slots[0].Own, m.d.state.Slots[0].Received = 50, 49
	}, nil},
	{step.Spendable, "received, no hops", proto.SyncNeeded, func(m *moment) {
		m.own(func(c *proto.Certificate) { c.Hops = false })
		m.d.state.Slots[0].Own, m.d.state.Slots[0].Received = 99, 500
	}, counted},
	{step.SequenceLeft, "sequence numbers used up", proto.Exhausted, func(m *moment) {
		m.d.state.Next = step.MaxSequence
		m.again()
	}, nil},
	{step.SequenceLeft, "record numbers used up", proto.Exhausted, func(m *moment) { m.d.state.Records = 1 << 53 }, nil},
	{step.LogRoom, "log full", proto.LogFull, func(m *moment) { m.fill(step.MaxLog) }, nil},
	{step.LogRoomTwo, "log full", proto.LogFull, func(m *moment) { m.fill(step.MaxLog - 1) }, nil},
	{step.SameTransfer, "of another sequence number", proto.WrongState, func(m *moment) { m.opening(func(t *proto.Transfer) { t.ToSeq++ }) },
		nil},
	{step.SameTransfer, "of another value", proto.WrongState, func(m *moment) { m.opening(func(t *proto.Transfer) { t.Value++ }) }, nil},
	{step.SameTransfer, "of another currency", proto.WrongState, func(m *moment) { m.opening(func(t *proto.Transfer) { t.Currency = "USD" }) },
		nil},
	{step.EntryThere, "no such entry", proto.Unknown, func(m *moment) { m.data = []byte{byte(len(m.d.state.Log))} }, nil},
	{step.AnswerThere, "no answer", proto.Unknown, func(m *moment) { m.d.state.Answer = nil }, nil},
	{step.ForModule, "another module's", proto.WrongState, func(m *moment) { m.another() }, nil},
	{step.ExactSet, "a smaller set", proto.WrongState, func(m *moment) { someException(m.d) }, nil},
	{step.ExactSet, "another set", proto.WrongState, func(m *moment) { m.d.state.Log[0].Transfer.Value++ }, nil},
	{step.ExactSet, "an empty log", proto.WrongState, func(m *moment) {
		m.d.state.Log = nil
		m.data = byRoot(proto.Clear{Module: m.d.cert.ID, Set: proto.HashSet(nil)})
	}, nil},
	{step.Newer, "the same epoch", proto.WrongState, func(m *moment) {
		m.data = m.params(func(p *proto.Params, _ *proto.Certificate) { p.Epoch-- })
	}, nil},
	{step.CertificateMine, "a certificate by another key", proto.BadSignature, func(m *moment) {
		m.data = m.params(func(p *proto.Params, c *proto.Certificate) { p.Certificate = resign(byRoot(*c)) })
	}, nil},
	{step.CertificateMine, "another's certificate", proto.BadSignature, func(m *moment) {
		m.data = m.params(func(_ *proto.Params, c *proto.Certificate) { c.ID = proto.ID{9} })
	}, nil},
	{step.CertificateMine, "a certificate for another key", proto.BadSignature, func(m *moment) {
		m.data = m.params(func(_ *proto.Params, c *proto.Certificate) { c.Key = keyOf(9).Public() })
	}, nil},
	{step.CertificateMine, "another role", proto.BadSignature, func(m *moment) {
		m.data = m.params(func(_ *proto.Params, c *proto.Certificate) { c.Role = c.Role%5 + 1 })
	}, certified},
	{step.ArchivedKnown, "an archive ahead", proto.WrongState, func(m *moment) {
		m.data = m.params(func(p *proto.Params, _ *proto.Certificate) { p.Archived++ })
	}, nil},
	{step.ArchivedKnown, "an archive of another tail", proto.WrongState, func(m *moment) {
		m.data = m.params(func(p *proto.Params, _ *proto.Certificate) { p.Tail[0]++ })
	}, nil},
	{step.ArchivedKnown, "an archive that lost records", proto.WrongState, func(m *moment) {
		m.d.state.Archived = m.d.state.Records
		m.data = m.params(func(p *proto.Params, _ *proto.Certificate) { p.Archived-- })
	}, certified},
	{step.SlotsFit, "a currency that it holds is gone", proto.WrongState, func(m *moment) {
		m.data = m.params(func(_ *proto.Params, c *proto.Certificate) { c.Terms = terms("USD") })
	}, certified},
	{step.SlotsFit, "a currency that it has a transfer in is gone", proto.WrongState, func(m *moment) {
		m.d.state.Slots[0] = proto.Slot{Currency: "EUR"}
		m.data = m.params(func(_ *proto.Params, c *proto.Certificate) { c.Terms = terms("USD") })
	}, func(m *moment) bool { return m.in == step.EPV || m.in == step.EPA }},
	{step.OrderNext, "an old order", proto.WrongState, func(m *moment) { m.data = m.order(func(o *proto.Order) { o.Seq-- }) }, nil},
	{step.OrderNext, "a later order", proto.WrongState, func(m *moment) { m.data = m.order(func(o *proto.Order) { o.Seq++ }) }, nil},
	{step.OrderSlots, "no such slot to", proto.Unknown, func(m *moment) { m.data = m.order(func(o *proto.Order) { o.To = "JPY" }) }, nil},
	{step.OrderSlots, "no such slot from", proto.Unknown, func(m *moment) { m.data = m.order(func(o *proto.Order) { o.From = "JPY" }) },
		nil},
	{step.OrderCovered, "not enough", proto.Insufficient, func(m *moment) { m.d.state.Slots[0].Own = 99 }, nil},
	{step.OrderFits, "over the balance limit", proto.OverLimit, func(m *moment) { m.d.state.Slots[1].Own = 4891 }, nil},
	{step.BatchOpen, "nothing sold", proto.WrongState, func(m *moment) { m.d.state.Batch.Count = 0 }, nil},
	{step.CodeKnown, "no code", proto.WrongState, func(m *moment) { m.data, m.d.state.Code = nil, nil }, nil},
	{step.IsLocked, "not locked", proto.WrongState, func(m *moment) { m.d.state.Locked = false }, nil},
	{step.TriesLeft, "no tries left", proto.LockedOut, func(m *moment) { m.d.state.Tries = 0 }, nil},
}

// garbage is what cannot be read, whatever the state.
var garbage = []spoil{
	{name: "no data", spoil: func(m *moment) { m.data = nil }, of: func(m *moment) bool {
		return len(m.data) > 0 && m.ins != proto.INSState && m.ins != proto.INSLock
	}},
	{name: "noise", spoil: func(m *moment) { m.data = []byte{0xff, 0x00} }, of: func(m *moment) bool { return m.ins != proto.INSState }},
	{name: "truncated", spoil: func(m *moment) { m.data = m.data[:len(m.data)-1] }, of: long},
	{name: "a byte more", spoil: func(m *moment) { m.data = append(slices.Clone(m.data), 0) }, of: long},
	{name: "too long", spoil: func(m *moment) { m.data = make([]byte, proto.MaxMessage+1) }, of: func(*moment) bool { return true }},
}

func long(m *moment) bool { return len(m.data) > 5 }

// theirsLonger gives the other side a certificate that was in force all the time.
func (m *moment) theirsLonger() {
	if m.ins == proto.INSStart || m.ins == proto.INSDebit {
		m.theirs(func(c *proto.Certificate) { c.NotBefore -= 5 * day })
	}
}

func (m *moment) certified(change func(*proto.Certificate)) {
	c := m.third.cert
	change(&c)
	m.withCertificate(byRoot(c))
}

// withCertificate puts another certificate of the other side into the data.
func (m *moment) withCertificate(raw []byte) {
	if m.ins == proto.INSStart {
		m.data = changeHello(m.data, func(h *proto.Hello) { h.Certificate = raw })
		return
	}
	both, _ := proto.ParseIntroduced(m.data)
	both.Certificate = raw
	m.data = both.Encode()
}

func (m *moment) resignCertificate() {
	m.withCertificate(resign(byRoot(m.third.cert)))
}

func (m *moment) resignMessage() {
	if m.ins == proto.INSDebit {
		m.data = resignRequest(m.data, false)
		return
	}
	m.data = resign(m.data)
}

// foreign signs the same message for another network, by the same key.
func (m *moment) foreign() {
	elsewhere := func(raw []byte, by proto.PrivateKey) []byte {
		s, _ := proto.ParseSigned(raw)
		var value proto.Value
		var ack proto.Ack
		var request proto.Request
		var clear proto.Clear
		var params proto.Params
		var order proto.Order
		for _, b := range []proto.Reading{&value, &ack, &request, &clear, &params, &order} {
			if _, ok := proto.Open(s.Encode(), b); ok {
				return must(proto.Sign(by, "live/world", b))
			}
		}
		panic("a message that nobody knows")
	}
	switch m.ins {
	case proto.INSDebit:
		both, _ := proto.ParseIntroduced(m.data)
		both.Message = elsewhere(both.Message, m.third.key)
		m.data = both.Encode()
	case proto.INSClear, proto.INSParams, proto.INSConvert:
		m.data = elsewhere(m.data, keyOf(0x70))
	default:
		m.data = elsewhere(m.data, m.other.key)
	}
}

// asking changes what a REQ asks for; its payee signs that, and the holder agrees to it.
func (m *moment) asking(change func(*proto.Transfer)) {
	change(&m.transfer)
	m.data = m.signedBy(m.third)
}

// opening makes the VAL or ACK of a transfer that is nearly the open one.
func (m *moment) opening(change func(*proto.Transfer)) {
	t := *m.d.state.Open
	change(&t)
	if m.ins == proto.INSComplete {
		m.data = must(proto.Sign(m.other.key, network, proto.Ack{Transfer: t}))
		return
	}
	m.data = must(proto.Sign(m.other.key, network, proto.Value{Transfer: t}))
}

// another makes the issuer's message for another module.
func (m *moment) another() {
	id := proto.ID{9}
	switch m.ins {
	case proto.INSClear:
		m.data = byRoot(proto.Clear{Module: id, Set: proto.HashSet(m.d.state.Exceptions())})
	case proto.INSConvert:
		m.data = m.order(func(o *proto.Order) { o.Module = id })
	default:
		m.data = m.params(func(p *proto.Params, _ *proto.Certificate) { p.Module = id })
	}
}

func (m *moment) fill(n int) {
	for len(m.d.state.Log) < n {
		someException(m.d)
	}
}
