package proto

import (
	"crypto/sha256"
	"slices"
)

// Event says what a record is about.
type Event uint8

// What a module writes a record about. Stored and signed; the numbers never change.
const (
	Started   Event = iota + 1 // as payee: the transfer may come
	Paid                       // as payer: the value has left
	Taken                      // as payee: the value has come; Evidence is the VAL
	Closed                     // as payer: the payee said so; Evidence is the ACK
	Aborted                    // given up, and in the exception log
	Cleared                    // the exception log was emptied
	Informed                   // parameters of the issuer were taken over
	Batched                    // a till closed a batch
	Converted                  // value was exchanged between two slots; Evidence is the order
	Locked                     // by its holder
	Unlocked                   // by the right code
	WrongCode                  // one try less
)

var eventNames = [...]string{"", "started", "paid", "taken", "closed", "aborted", "cleared", "informed", "batched", "converted",
	"locked", "unlocked", "wrong code"}

// String names the event.
func (e Event) String() string {
	if int(e) < len(eventNames) && e > 0 {
		return eventNames[e]
	}
	return "unknown"
}

// Slot is what a purse holds in one currency, in minor units.
type Slot struct {
	Currency string
	Own      int64 // loaded, or received before the last sync
	Received int64 // received since then; spent only where the certificate allows hops
	Spent    int64 // since the last sync
}

// Total is what the slot holds.
func (s Slot) Total() int64 { return s.Own + s.Received }

func putSlots(w *Writer, slots []Slot) {
	w.Array(len(slots))
	for _, s := range slots {
		w.Array(4)
		w.Text(s.Currency)
		w.Int(s.Own)
		w.Int(s.Received)
		w.Int(s.Spent)
	}
}

func getSlots(r *Reader) (slots []Slot) {
	n := r.Array(MaxSlots)
	for i := 0; i < n && r.OK(); i++ {
		r.Exactly(4)
		s := Slot{getCurrency(r), r.Int(), r.Int(), r.Int()}
		if s.Own < 0 || s.Received < 0 || s.Spent < 0 || i > 0 && slots[i-1].Currency >= s.Currency {
			r.Refuse()
		}
		slots = append(slots, s)
	}
	return slots
}

// PutSlots writes slots as one item.
func (w *Writer) PutSlots(slots []Slot) { putSlots(w, slots) }

// GetSlots reads what PutSlots wrote.
func (r *Reader) GetSlots() []Slot { return getSlots(r) }

// Record is one link of a module's signed chain: what it did, and what it held after that. Every commit writes at least one, so
// a copied or rolled back module signs two different records of one number.
type Record struct {
	Module   ID
	Number   uint64 // from 1
	Before   Hash   // ID of the record before; zero for the first
	Event    Event
	At       int64 // unix seconds by the module's clock
	Side     Side  // 0 where no transfer is meant
	Transfer *Transfer
	Next     uint64 // sequence number after it
	Slots    []Slot
	Batch    uint64 // a till's open batch, after it
	Evidence []byte // the signed message that made it
}

func (Record) kind() (uint64, int) { return kindRecord, 11 }
func (c Record) put(w *Writer) {
	w.Blob(c.Module[:])
	w.Uint(c.Number)
	w.Blob(c.Before[:])
	w.Uint(uint64(c.Event))
	w.Int(c.At)
	w.Uint(uint64(c.Side))
	putTransfer(w, c.Transfer)
	w.Uint(c.Next)
	putSlots(w, c.Slots)
	w.Uint(c.Batch)
	w.Blob(c.Evidence)
}
func (c *Record) get(r *Reader) {
	r.Fixed(c.Module[:])
	c.Number = r.Uint()
	r.Fixed(c.Before[:])
	c.Event = Event(r.Small(uint64(WrongCode)))
	c.At = r.Int()
	c.Side = Side(r.Small(uint64(Payee)))
	c.Transfer = getTransfer(r)
	c.Next = r.Uint()
	c.Slots = getSlots(r)
	c.Batch = r.Uint()
	c.Evidence = r.Blob(MaxMessage)
	if c.Event == 0 || c.Number == 0 || (c.Transfer == nil) != (c.Side == 0) {
		r.Refuse()
	}
}

// Statement is a module's word for how it stands, made for a sync. Signed by the module.
type Statement struct {
	Module     ID
	Nonce      []byte // the issuer's, so that it cannot be an old one
	Next       uint64
	Records    uint64 // how many it has written since it exists
	Tail       Hash   // ID of the last
	Slots      []Slot
	Epoch      uint64
	Side       Side      // of the transfer that is open
	Open       *Transfer // nil when idle
	Exceptions Hash      // HashSet of the exception log; zero when it is empty
	Batch      uint64
}

// MaxNonce bounds a statement's nonce, in bytes.
const MaxNonce = 32

func (Statement) kind() (uint64, int) { return kindStatement, 11 }
func (s Statement) put(w *Writer) {
	w.Blob(s.Module[:])
	w.Blob(s.Nonce)
	w.Uint(s.Next)
	w.Uint(s.Records)
	w.Blob(s.Tail[:])
	putSlots(w, s.Slots)
	w.Uint(s.Epoch)
	w.Uint(uint64(s.Side))
	putTransfer(w, s.Open)
	w.Blob(s.Exceptions[:])
	w.Uint(s.Batch)
}
func (s *Statement) get(r *Reader) {
	r.Fixed(s.Module[:])
	s.Nonce, s.Next, s.Records = r.Blob(MaxNonce), r.Uint(), r.Uint()
	r.Fixed(s.Tail[:])
	s.Slots, s.Epoch = getSlots(r), r.Uint()
	s.Side = Side(r.Small(uint64(Payee)))
	s.Open = getTransfer(r)
	r.Fixed(s.Exceptions[:])
	s.Batch = r.Uint()
	if (s.Open == nil) != (s.Side == 0) {
		r.Refuse()
	}
}

// HashSet names an exact set of exceptions: the hash of their hashes in ascending order, so it does not depend on theirs. A collision
// would let a module forget what nobody has archived, which is why it is a hash and not a sum.
func HashSet(set []Exception) (h Hash) {
	if len(set) == 0 {
		return h
	}
	var hashes [][]byte
	for _, e := range set {
		one := sha256.Sum256(Encode(e))
		hashes = append(hashes, one[:])
	}
	slices.SortFunc(hashes, func(a, b []byte) int { return slices.Compare(a, b) })
	var w Writer
	w.Array(len(hashes))
	for _, one := range hashes {
		w.Blob(one)
	}
	return sha256.Sum256(w.Bytes())
}
