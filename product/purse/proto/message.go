package proto

// kinds of payload: the first item of every one, so that none can be taken for another.
const (
	kindCertificate = iota
	kindHello
	kindRequest
	kindValue
	kindAck
	kindException
	kindClear
	kindParams
	kindRecord
	kindStatement
	kindConvert
	kindCarried
)

// A Body is the payload of one kind of message.
type Body interface {
	kind() (kind uint64, fields int)
	put(*Writer)
}

// A Reading is a pointer to a Body, to decode into.
type Reading interface {
	Body
	get(*Reader)
}

// Encode writes a payload.
func Encode(b Body) []byte {
	kind, fields := b.kind()
	var w Writer
	w.Array(fields + 1)
	w.Uint(kind)
	b.put(&w)
	return w.Bytes()
}

// Decode reads a payload into b: false for another kind, for anything left over, and for whatever Encode would not have written.
func Decode(payload []byte, b Reading) bool {
	if len(payload) > MaxMessage {
		return false
	}
	kind, fields := b.kind()
	r := NewReader(payload)
	r.Exactly(fields + 1)
	if r.Uint() != kind {
		return false
	}
	b.get(r)
	return r.Done() && string(Encode(b)) == string(payload)
}

// Sign signs a payload for a network.
func Sign(s Signer, network string, b Body) (Signed, error) {
	payload := Encode(b)
	sig, err := s.Sign(digest(network, payload))
	return Signed{payload, sig}, err
}

// Open takes a signed message apart and reads its payload into b. The signature is not checked: call Verify.
func Open(raw []byte, b Reading) (Signed, bool) {
	s, ok := ParseSigned(raw)
	return s, ok && Decode(s.Payload, b)
}

// Purpose says what a transfer is for, and with the roles of both sides whether it is allowed.
type Purpose uint8

// What a transfer can be for. Stored and signed; the numbers never change.
const (
	Load Purpose = iota + 1
	Purchase
	Person // purse to purse
	Unload
	Cancel // of the last purchase, by a new transfer back
)

var purposeNames = [...]string{"", "load", "purchase", "person", "unload", "cancel"}

// String names the purpose.
func (p Purpose) String() string {
	if int(p) < len(purposeNames) && p > 0 {
		return purposeNames[p]
	}
	return "unknown"
}

// Transfer is "pd" of the Mondex model: who pays whom how much. (From, FromSeq) names it once and for ever, and so does (To, ToSeq).
type Transfer struct {
	From     ID
	FromSeq  uint64
	To       ID
	ToSeq    uint64
	Value    int64 // minor units, positive
	Currency string
	Purpose  Purpose
	Ref      []byte // of a cancellation: the id of the VAL that is cancelled; else empty
}

const transferFields = 8

// Same tells whether two transfers are equal in every field.
func (t Transfer) Same(o Transfer) bool {
	return t.From == o.From && t.FromSeq == o.FromSeq && t.To == o.To && t.ToSeq == o.ToSeq && t.Value == o.Value &&
		t.Currency == o.Currency && t.Purpose == o.Purpose && string(t.Ref) == string(o.Ref)
}

func (t Transfer) put(w *Writer) {
	w.Blob(t.From[:])
	w.Uint(t.FromSeq)
	w.Blob(t.To[:])
	w.Uint(t.ToSeq)
	w.Int(t.Value)
	w.Text(t.Currency)
	w.Uint(uint64(t.Purpose))
	w.Blob(t.Ref)
}

func (t *Transfer) get(r *Reader) {
	r.Fixed(t.From[:])
	t.FromSeq = r.Uint()
	r.Fixed(t.To[:])
	t.ToSeq = r.Uint()
	t.Value = r.Int()
	t.Currency = getCurrency(r)
	t.Purpose = Purpose(r.Small(uint64(Cancel)))
	t.Ref = r.Blob(len(Hash{}))
	wantRef := 0
	if t.Purpose == Cancel {
		wantRef = len(Hash{})
	}
	if t.Value <= 0 || t.Purpose == 0 || t.From == t.To || len(t.Ref) != wantRef {
		r.Refuse()
	}
}

// putTransfer writes a transfer as an item inside another message; nil is an empty array.
func putTransfer(w *Writer, t *Transfer) {
	if t == nil {
		w.Array(0)
		return
	}
	w.Array(transferFields)
	t.put(w)
}

func getTransfer(r *Reader) *Transfer {
	switch r.Array(transferFields) {
	case 0:
		return nil
	case transferFields:
		t := &Transfer{}
		t.get(r)
		return t
	}
	r.Refuse()
	return nil
}

// PutTransfer writes a transfer, or nil, as one item.
func (w *Writer) PutTransfer(t *Transfer) { putTransfer(w, t) }

// GetTransfer reads what PutTransfer wrote.
func (r *Reader) GetTransfer() *Transfer { return getTransfer(r) }

// Hello is how a module presents itself. Nobody signs it: whoever forges one achieves a transfer that nobody accepts.
type Hello struct {
	Certificate []byte
	Next        uint64 // the sequence number that its next transfer takes
	Epoch       uint64 // of its parameters and blocklist
}

func (Hello) kind() (uint64, int) { return kindHello, 3 }
func (h Hello) put(w *Writer) {
	w.Blob(h.Certificate)
	w.Uint(h.Next)
	w.Uint(h.Epoch)
}
func (h *Hello) get(r *Reader) {
	h.Certificate, h.Next, h.Epoch = r.Blob(MaxMessage), r.Uint(), r.Uint()
}

// Request is REQ: the payee asks for exactly this transfer. Signed by the payee.
type Request struct{ Transfer }

// Value is VAL: the transfer is paid. Signed by the payer; a complete proof of payment in anybody's hand.
type Value struct{ Transfer }

// Ack is ACK: the value has arrived. Signed by the payee.
type Ack struct{ Transfer }

func (Request) kind() (uint64, int) { return kindRequest, transferFields }
func (Value) kind() (uint64, int)   { return kindValue, transferFields }
func (Ack) kind() (uint64, int)     { return kindAck, transferFields }

// Side says which side of a transfer a module was.
type Side uint8

// The two sides. Signed; the numbers never change.
const (
	Payer Side = iota + 1
	Payee
)

// String names the side.
func (s Side) String() string {
	switch s {
	case Payer:
		return "payer"
	case Payee:
		return "payee"
	}
	return "none"
}

// Exception is one entry of a module's exception log: a transfer that it gave up. Signed by the module.
type Exception struct {
	Module   ID
	Side     Side
	Transfer Transfer
}

func (Exception) kind() (uint64, int) { return kindException, 2 + transferFields }
func (e Exception) put(w *Writer) {
	w.Blob(e.Module[:])
	w.Uint(uint64(e.Side))
	e.Transfer.put(w)
}
func (e *Exception) get(r *Reader) {
	r.Fixed(e.Module[:])
	e.Side = getSide(r)
	e.Transfer.get(r)
}

func getSide(r *Reader) Side {
	s := Side(r.Small(uint64(Payee)))
	if s == 0 {
		r.Refuse()
	}
	return s
}

// Clear lets a module forget its exception log. Signed by a root.
type Clear struct {
	Module ID
	Set    Hash // of the exact set, see HashSet
}

func (Clear) kind() (uint64, int) { return kindClear, 2 }
func (c Clear) put(w *Writer) {
	w.Blob(c.Module[:])
	w.Blob(c.Set[:])
}
func (c *Clear) get(r *Reader) {
	r.Fixed(c.Module[:])
	r.Fixed(c.Set[:])
}

// MaxBlocked is how many purses one blocklist can name.
const MaxBlocked = 256

// Params are what the issuer tells a module at a sync: its certificate, what has been archived, who is blocked. Signed by a root.
type Params struct {
	Module      ID
	Epoch       uint64 // grows with every message to this module
	At          int64  // unix seconds: how old the blocklist is
	Certificate []byte
	Archived    uint64 // records that the issuer has
	Tail        Hash   // of the last of them
	Block       bool   // this module may do nothing more but finish
	Unlock      bool   // open the lock and give three tries again
	Blocked     []ID   // in ascending order
}

func (Params) kind() (uint64, int) { return kindParams, 9 }
func (p Params) put(w *Writer) {
	w.Blob(p.Module[:])
	w.Uint(p.Epoch)
	w.Int(p.At)
	w.Blob(p.Certificate)
	w.Uint(p.Archived)
	w.Blob(p.Tail[:])
	w.Bool(p.Block)
	w.Bool(p.Unlock)
	w.Array(len(p.Blocked))
	for _, id := range p.Blocked {
		w.Blob(id[:])
	}
}
func (p *Params) get(r *Reader) {
	r.Fixed(p.Module[:])
	p.Epoch, p.At, p.Certificate = r.Uint(), r.Int(), r.Blob(MaxMessage)
	p.Archived = r.Uint()
	r.Fixed(p.Tail[:])
	p.Block, p.Unlock = r.Bool(), r.Bool()
	n := r.Array(MaxBlocked)
	for i := 0; i < n && r.OK(); i++ {
		var id ID
		r.Fixed(id[:])
		if i > 0 && string(p.Blocked[i-1][:]) >= string(id[:]) {
			r.Refuse()
		}
		p.Blocked = append(p.Blocked, id)
	}
}

// Order is CONVERT: exchange value between two slots of one purse, online. Signed by a root.
type Order struct {
	Module   ID
	Seq      uint64 // the module's next sequence number, which the exchange takes
	From, To string // currencies
	Take     int64  // minor units of From
	Give     int64  // minor units of To
}

func (Order) kind() (uint64, int) { return kindConvert, 6 }
func (o Order) put(w *Writer) {
	w.Blob(o.Module[:])
	w.Uint(o.Seq)
	w.Text(o.From)
	w.Text(o.To)
	w.Int(o.Take)
	w.Int(o.Give)
}
func (o *Order) get(r *Reader) {
	r.Fixed(o.Module[:])
	o.Seq, o.From, o.To, o.Take, o.Give = r.Uint(), getCurrency(r), getCurrency(r), r.Int(), r.Int()
	if o.Take <= 0 || o.Give <= 0 || o.From == o.To {
		r.Refuse()
	}
}

// Carried is a collector's word that it carried a till's file. Signed by the collector.
type Carried struct {
	Collector ID
	Till      ID
	File      Hash
	At        int64
}

func (Carried) kind() (uint64, int) { return kindCarried, 4 }
func (c Carried) put(w *Writer) {
	w.Blob(c.Collector[:])
	w.Blob(c.Till[:])
	w.Blob(c.File[:])
	w.Int(c.At)
}
func (c *Carried) get(r *Reader) {
	r.Fixed(c.Collector[:])
	r.Fixed(c.Till[:])
	r.Fixed(c.File[:])
	c.At = r.Int()
}
