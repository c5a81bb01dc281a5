package step

import (
	"slices"

	"billfold/product/purse/proto"
)

// An Effect is one change that a rule makes.
type Effect uint8

// The effects. What each does stands in the list below.
const (
	GiveUp Effect = iota
	TakeSequence
	ExpectValue
	ExpectAck
	Debit
	Credit
	Finish
	Forget
	RememberSale
	RememberPurchase
	MarkCancelled
	TakeOver
	CloseBatch
	Exchange
	SetCode
	Unlock
	LoseTry
	RecordStarted
	RecordPaid
	RecordTaken
	RecordClosed
	RecordCleared
	RecordInformed
	RecordBatched
	RecordConverted
	RecordLocked
	RecordUnlocked
	RecordWrong
)

var effects = [...]struct {
	Name  string
	Says  string
	apply func(*turn)
}{
	GiveUp: {"give up", "the open transfer goes into the exception log, with a record; idle", (*turn).giveUp},
	TakeSequence: {"take sequence", "the next sequence number is used up",
		func(t *turn) { t.s.Next++ }},
	ExpectValue: {"EPV", "the transfer is open, the module is its payee; the other side's certificate is kept",
		func(t *turn) { t.open(EPV) }},
	ExpectAck: {"EPA", "the transfer is open, the module is its payer; the other side's certificate is kept",
		func(t *turn) { t.open(EPA) }},
	Debit: {"debit", "the value leaves the slot, loaded value first; what counts between two syncs is counted", (*turn).debit},
	Credit: {"credit", "the value enters the slot: as loaded after a load or a cancellation, else as received; a till notes the payer",
		(*turn).credit},
	Finish: {"finish", "idle; the transfer is open no more",
		func(t *turn) { t.s.Status, t.s.Open, t.s.Peer = Idle, nil, nil }},
	Forget: {"forget", "the exception log is empty",
		func(t *turn) { t.s.Log = nil }},
	RememberSale: {"remember sale", "the transfer is the first line of the history; a purchase is the last one taken",
		(*turn).rememberSale},
	RememberPurchase: {"remember purchase", "the transfer is the first line of the history; a purchase is the last one made",
		(*turn).rememberPurchase},
	MarkCancelled: {"mark cancelled", "the last purchase taken cannot be cancelled again", (*turn).markCancelled},
	TakeOver: {"take over", "certificate, epoch, blocklist and block are the issuer's; where it has every record, the counts begin again, " +
		"what was received counts as loaded, a till forgets its payers, and one whose batch is closed begins at zero, " +
		"because what it held is its merchant's; unlocked where it says so", (*turn).takeOver},
	CloseBatch: {"close batch", "the next batch begins; what was sold before cannot be cancelled",
		func(t *turn) { t.s.Batch, t.s.Sold = Batch{Number: t.s.Batch.Number + 1}, nil }},
	Exchange: {"exchange", "the value leaves one slot, what the order gives enters the other",
		func(t *turn) {
			t.s.slot(t.order.From).Own -= t.order.Take
			t.s.slot(t.order.To).Own += t.order.Give
		}},
	SetCode: {"lock", "locked, with the code that came, or else the one that was set",
		func(t *turn) {
			if len(t.command.Data) > 0 {
				t.s.Code = digestCode(t.old.ID, t.command.Data)
			}
			t.s.Locked = true
		}},
	Unlock: {"unlock", "unlocked; three tries again",
		func(t *turn) { t.s.Locked, t.s.Tries = false, MaxTries }},
	LoseTry: {"lose try", "one try less",
		func(t *turn) { t.s.Tries-- }},
	RecordStarted: {"record started", "a signed record, chained to the last", func(t *turn) { t.record(proto.Started, proto.Payee, nil) }},
	RecordPaid: {"record paid", "a signed record that holds the REQ", func(t *turn) {
		t.record(proto.Paid, proto.Payer,
			t.message.Encode())
	}},
	RecordTaken: {"record taken", "a signed record that holds the VAL", func(t *turn) {
		t.record(proto.Taken, proto.Payee,
			t.message.Encode())
	}},
	RecordClosed: {"record closed", "a signed record that holds the ACK", func(t *turn) {
		t.record(proto.Closed, proto.Payer,
			t.message.Encode())
	}},
	RecordCleared: {"record cleared", "a signed record that holds the issuer's word", func(t *turn) {
		t.record(proto.Cleared, 0,
			t.message.Encode())
	}},
	RecordInformed: {"record informed", "a signed record", func(t *turn) { t.record(proto.Informed, 0, nil) }},
	RecordBatched:  {"record batched", "a signed record", func(t *turn) { t.record(proto.Batched, 0, nil) }},
	RecordConverted: {"record converted", "a signed record that holds the order", func(t *turn) {
		t.record(proto.Converted, 0,
			t.message.Encode())
	}},
	RecordLocked:   {"record locked", "a signed record", func(t *turn) { t.record(proto.Locked, 0, nil) }},
	RecordUnlocked: {"record unlocked", "a signed record", func(t *turn) { t.record(proto.Unlocked, 0, nil) }},
	RecordWrong:    {"record wrong code", "a signed record", func(t *turn) { t.record(proto.WrongCode, 0, nil) }},
}

// record appends to the chain. What it says about the module is what holds after the effects before it.
func (t *turn) record(event proto.Event, side proto.Side, evidence []byte) {
	r := proto.Record{Module: t.s.ID, Number: t.s.Records + 1, Before: t.s.Tail, Event: event, At: t.now, Side: side, Next: t.s.Next,
		Slots: t.s.Slots, Batch: t.s.Batch.Number, Evidence: evidence}
	if side != 0 {
		transfer := t.transfer
		r.Transfer = &transfer
	}
	t.chain(r)
}

func (t *turn) chain(r proto.Record) {
	signed := t.sign(r)
	t.s.Records, t.s.Tail, t.s.Seen = r.Number, signed.ID(), t.now
	t.records = append(t.records, signed)
}

func (t *turn) sign(b proto.Body) proto.Signed {
	signed, err := proto.Sign(t.env.Signer, t.env.Network, b)
	t.failed = t.failed || err != nil
	return signed
}

// side is the side of the open transfer.
func (s *State) side() proto.Side {
	switch s.Status {
	case EPV:
		return proto.Payee
	case EPA:
		return proto.Payer
	}
	return 0
}

func (t *turn) giveUp() {
	side, gone := t.s.side(), *t.s.Open
	t.s.Log = append(t.s.Log, Exception{side, gone})
	for i := range t.s.History {
		if h := &t.s.History[i]; side == proto.Payer && h.Side == side && h.Transfer.Same(gone) {
			h.Given = true
		}
	}
	t.s.Status, t.s.Open, t.s.Peer = Idle, nil, nil
	t.chain(proto.Record{Module: t.s.ID, Number: t.s.Records + 1, Before: t.s.Tail, Event: proto.Aborted, At: t.now, Side: side,
		Transfer: &gone, Next: t.s.Next, Slots: t.s.Slots, Batch: t.s.Batch.Number})
}

func (t *turn) open(status Status) {
	transfer := t.transfer
	t.s.Status, t.s.Open, t.s.Peer = status, &transfer, t.peerRaw
}

func (t *turn) debit() {
	slot, v := t.s.slot(t.transfer.Currency), t.transfer.Value
	own := min(slot.Own, v)
	slot.Own -= own
	slot.Received -= v - own
	if counted(t.transfer.Purpose) {
		slot.Spent += v
		t.s.Count++
	}
}

func (t *turn) credit() {
	slot := t.s.slot(t.transfer.Currency)
	if p := t.transfer.Purpose; p == proto.Load || p == proto.Cancel {
		slot.Own += t.transfer.Value
	} else {
		slot.Received += t.transfer.Value
	}
	if t.own.Role != proto.Acceptor {
		return
	}
	t.s.Batch.Count++
	i, found := t.taking()
	t.s.Takings = slices.Clone(t.s.Takings)
	if found {
		t.s.Takings[i].Value += t.transfer.Value
	} else {
		t.s.Takings = slices.Insert(t.s.Takings, i, Taking{t.transfer.From, t.slotIndex(), t.transfer.Value})
	}
}

func (t *turn) slotIndex() uint8 {
	return uint8(slices.IndexFunc(t.s.Slots, func(s proto.Slot) bool { return s.Currency == t.transfer.Currency }))
}

// taking finds what the till took from the payer of this transfer, in this currency.
func (t *turn) taking() (int, bool) {
	want := Taking{From: t.transfer.From, Slot: t.slotIndex()}
	return slices.BinarySearchFunc(t.old.Takings, want, func(a, b Taking) int {
		if c := slices.Compare(a.From[:], b.From[:]); c != 0 {
			return c
		}
		return int(a.Slot) - int(b.Slot)
	})
}

func (t *turn) remember(side proto.Side) {
	line := proto.Payment{At: t.now, Side: side, Transfer: t.transfer, Name: t.peer.Name}
	t.s.History = append(t.s.History, line)
	if n := len(t.s.History); n > proto.MaxHistory {
		t.s.History = slices.Clone(t.s.History[n-proto.MaxHistory:])
	}
}

func (t *turn) rememberSale() {
	t.remember(proto.Payee)
	if t.transfer.Purpose == proto.Purchase {
		t.s.Sold = &Sale{VAL: t.message.ID(), Transfer: t.transfer}
	}
	if t.transfer.Purpose == proto.Cancel {
		t.s.Bought = nil
	}
}

func (t *turn) rememberPurchase() {
	t.remember(proto.Payer)
	if t.transfer.Purpose == proto.Purchase {
		t.s.Bought = &Sale{VAL: hashOf(proto.Value{Transfer: t.transfer}), Transfer: t.transfer}
	}
}

func (t *turn) markCancelled() {
	if t.transfer.Purpose == proto.Cancel {
		sold := *t.s.Sold
		sold.Cancelled = true
		t.s.Sold = &sold
	}
}

func (t *turn) takeOver() {
	p := t.params
	t.s.Certificate, t.s.Epoch, t.s.Blocked = p.Certificate, p.Epoch, p.Block
	t.s.Blocklist, t.s.ListedAt = p.Blocked, p.At
	t.now = max(t.now, p.At) // the issuer's clock is the one that counts
	all := p.Archived == t.old.Records
	t.s.Archived = p.Archived
	slots := make([]proto.Slot, 0, len(t.mine.Terms))
	for _, terms := range t.mine.Terms {
		slot := proto.Slot{Currency: terms.Currency}
		if had := t.s.slot(terms.Currency); had != nil {
			slot = *had
		}
		if all {
			slot.Own, slot.Received, slot.Spent = slot.Own+slot.Received, 0, 0
			if t.mine.Role == proto.Acceptor && t.s.Batch.Count == 0 {
				slot.Own = 0
			}
		}
		slots = append(slots, slot)
	}
	t.s.Takings = t.s.movedTakings(slots)
	t.s.Slots = slots
	if all {
		t.s.Count, t.s.Takings = 0, nil
	}
	if p.Unlock {
		t.s.Locked, t.s.Tries = false, MaxTries
	}
	if t.s.Status == New {
		t.s.Status = Idle
	}
}

// movedTakings are what a till remembers of its payers when its slots change. Both lists are in the order of the currencies, so the order
// stays.
func (s *State) movedTakings(slots []proto.Slot) (list []Taking) {
	for _, one := range s.Takings {
		i := slices.IndexFunc(slots, func(n proto.Slot) bool {
			return int(one.Slot) < len(s.Slots) && n.Currency == s.Slots[one.Slot].Currency
		})
		if i >= 0 {
			one.Slot = uint8(i)
			list = append(list, one)
		}
	}
	return list
}
