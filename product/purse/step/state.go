package step

import (
	"slices"

	"billfold/product/purse/proto"
)

// Status is where a module stands in a transfer. Stored; the numbers never change.
type Status uint8

// The states. A module is New until the issuer has certified it.
const (
	New Status = iota
	Idle
	EPV // payee, expecting the value
	EPA // payer, expecting the acknowledgement
)

var statusNames = [...]string{"new", "idle", "EPV", "EPA"}

// String names the state.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// Limits of every module. The log's size is Mondex's; a slot of it is reserved at every start, so that giving up is always possible.
const (
	MaxLog      = proto.MaxExceptions
	MaxSequence = 1<<32 - 1
	MaxTries    = 3
	MaxTakings  = 1000         // payers that a till remembers between two syncs
	ListLife    = 48 * 60 * 60 // seconds that a till may go on with a blocklist
)

// Exception is one entry of the exception log.
type Exception struct {
	Side     proto.Side
	Transfer proto.Transfer
}

// Taking is what a till took from one payer since its last sync.
type Taking struct {
	From  proto.ID
	Slot  uint8 // index of the currency
	Value int64
}

// Sale is the last purchase that a module took or made: the only one that can be cancelled.
type Sale struct {
	VAL       proto.Hash
	Transfer  proto.Transfer
	Cancelled bool
}

// Batch is a till's open batch.
type Batch struct {
	Number uint64
	Count  uint64
}

// State is everything that a module remembers. Its encoding is what stores keep.
type State struct {
	ID          proto.ID
	Status      Status
	Certificate []byte // its own, as the issuer signed it
	Slots       []proto.Slot
	Next        uint64     // sequence number of its next transfer
	Records     uint64     // how many it has written
	Tail        proto.Hash // ID of the last
	Archived    uint64     // how many the issuer has
	Open        *proto.Transfer
	Peer        []byte // the other side's certificate while a transfer is open
	Answer      []byte // data of the last answer that a transfer gave, for INSRepeat
	Log         []Exception
	Count       uint64 // transfers paid since the last sync
	Epoch       uint64 // of the parameters
	ListedAt    int64  // when the issuer made the blocklist
	Blocklist   []proto.ID
	Blocked     bool
	Code        []byte // what the code is checked against; empty when none was set
	Locked      bool
	Tries       uint8
	Seen        int64 // the latest time it has seen: its clock cannot go back behind this
	History     []proto.Payment
	Sold        *Sale // as payee
	Bought      *Sale // as payer
	Batch       Batch
	Takings     []Taking // ordered by payer and slot
}

// Fresh is the state of a module that nobody has certified.
func Fresh(id proto.ID) State {
	return State{ID: id, Next: 1, Tries: MaxTries, Batch: Batch{Number: 1}}
}

// slot returns the slot of a currency, or nil.
func (s *State) slot(currency string) *proto.Slot {
	for i := range s.Slots {
		if s.Slots[i].Currency == currency {
			return &s.Slots[i]
		}
	}
	return nil
}

// Balance is what the module holds in one currency, in minor units: zero where it has no slot.
func (s State) Balance(currency string) int64 {
	if slot := s.slot(currency); slot != nil {
		return slot.Total()
	}
	return 0
}

// Exceptions are the module's exceptions in the form in which it signs them.
func (s State) Exceptions() []proto.Exception {
	list := make([]proto.Exception, len(s.Log))
	for i, e := range s.Log {
		list[i] = proto.Exception{Module: s.ID, Side: e.Side, Transfer: e.Transfer}
	}
	return list
}

// copy returns a state that shares nothing which effects change in place. Certificates, answers and transfers are only ever
// replaced whole, so they are shared.
func (s State) copy() State {
	s.Slots = slices.Clone(s.Slots)
	s.Log = slices.Clone(s.Log)
	s.History = slices.Clone(s.History)
	return s
}

const stateFields = 26

// Encode writes the state in deterministic CBOR.
func (s State) Encode() []byte {
	var w proto.Writer
	w.Array(stateFields)
	w.Blob(s.ID[:])
	w.Uint(uint64(s.Status))
	w.Blob(s.Certificate)
	w.PutSlots(s.Slots)
	w.Uint(s.Next)
	w.Uint(s.Records)
	w.Blob(s.Tail[:])
	w.Uint(s.Archived)
	w.PutTransfer(s.Open)
	w.Blob(s.Peer)
	w.Blob(s.Answer)
	w.Array(len(s.Log))
	for _, e := range s.Log {
		w.Array(2)
		w.Uint(uint64(e.Side))
		w.PutTransfer(&e.Transfer)
	}
	w.Uint(s.Count)
	w.Uint(s.Epoch)
	w.Int(s.ListedAt)
	w.Array(len(s.Blocklist))
	for _, id := range s.Blocklist {
		w.Blob(id[:])
	}
	w.Bool(s.Blocked)
	w.Blob(s.Code)
	w.Bool(s.Locked)
	w.Uint(uint64(s.Tries))
	w.Int(s.Seen)
	w.PutPayments(s.History)
	putSale(&w, s.Sold)
	putSale(&w, s.Bought)
	w.Array(2)
	w.Uint(s.Batch.Number)
	w.Uint(s.Batch.Count)
	w.Array(len(s.Takings))
	for _, t := range s.Takings {
		w.Array(3)
		w.Blob(t.From[:])
		w.Uint(uint64(t.Slot))
		w.Int(t.Value)
	}
	return w.Bytes()
}

func putSale(w *proto.Writer, s *Sale) {
	if s == nil {
		w.Array(0)
		return
	}
	w.Array(3)
	w.Blob(s.VAL[:])
	w.PutTransfer(&s.Transfer)
	w.Bool(s.Cancelled)
}

func getSale(r *proto.Reader) *Sale {
	if n := r.Array(3); n == 0 || !r.OK() {
		return nil
	} else if n != 3 {
		r.Refuse()
		return nil
	}
	s := &Sale{}
	r.Fixed(s.VAL[:])
	t := r.GetTransfer()
	if t == nil {
		r.Refuse()
		return nil
	}
	s.Transfer, s.Cancelled = *t, r.Bool()
	return s
}

// Decode reads what Encode wrote, and refuses whatever Encode would not have written.
func Decode(b []byte) (s State, ok bool) {
	r := proto.NewReader(b)
	r.Exactly(stateFields)
	r.Fixed(s.ID[:])
	s.Status = Status(r.Small(uint64(EPA)))
	s.Certificate = r.Blob(proto.MaxMessage)
	s.Slots = r.GetSlots()
	s.Next, s.Records = r.Uint(), r.Uint()
	r.Fixed(s.Tail[:])
	s.Archived = r.Uint()
	s.Open = r.GetTransfer()
	s.Peer, s.Answer = r.Blob(proto.MaxMessage), r.Blob(2*proto.MaxMessage)
	for n := r.Array(MaxLog); n > 0 && r.OK(); n-- {
		r.Exactly(2)
		e := Exception{Side: proto.Side(r.Small(uint64(proto.Payee)))}
		t := r.GetTransfer()
		if t == nil || e.Side == 0 {
			r.Refuse()
			break
		}
		e.Transfer = *t
		s.Log = append(s.Log, e)
	}
	s.Count, s.Epoch, s.ListedAt = r.Uint(), r.Uint(), r.Int()
	for n := r.Array(proto.MaxBlocked); n > 0 && r.OK(); n-- {
		var id proto.ID
		r.Fixed(id[:])
		s.Blocklist = append(s.Blocklist, id)
	}
	s.Blocked, s.Code, s.Locked = r.Bool(), r.Blob(64), r.Bool()
	s.Tries, s.Seen = uint8(r.Small(MaxTries)), r.Int()
	s.History = r.GetPayments()
	s.Sold, s.Bought = getSale(r), getSale(r)
	r.Exactly(2)
	s.Batch.Number, s.Batch.Count = r.Uint(), r.Uint()
	for n := r.Array(MaxTakings); n > 0 && r.OK(); n-- {
		var t Taking
		r.Exactly(3)
		r.Fixed(t.From[:])
		t.Slot, t.Value = uint8(r.Small(proto.MaxSlots-1)), r.Int()
		s.Takings = append(s.Takings, t)
	}
	if (s.Open != nil) != (s.Status == EPV || s.Status == EPA) {
		r.Refuse()
	}
	return s, r.Done() && string(s.Encode()) == string(b)
}
