package proto

// The data of commands that are more than one message. They are not signed as a whole; what matters in them is.

// Start is the data of INSStart: be the payee of this, from the module that said Hello.
type Start struct {
	Hello    []byte
	Value    int64
	Currency string
	Purpose  Purpose
	Ref      []byte
}

// Encode writes the data of INSStart.
func (s Start) Encode() []byte {
	var w Writer
	w.Array(5)
	w.Blob(s.Hello)
	w.Int(s.Value)
	w.Text(s.Currency)
	w.Uint(uint64(s.Purpose))
	w.Blob(s.Ref)
	return w.Bytes()
}

// ParseStart reads the data of INSStart.
func ParseStart(b []byte) (s Start, ok bool) {
	r := NewReader(b)
	r.Exactly(5)
	s.Hello, s.Value, s.Currency = r.Blob(MaxMessage), r.Int(), getCurrency(r)
	s.Purpose = Purpose(r.Small(uint64(Cancel)))
	s.Ref = r.Blob(len(Hash{}))
	return s, r.Done() && s.Value > 0 && s.Purpose > 0 && (s.Purpose == Cancel) == (len(s.Ref) == len(Hash{})) &&
		(s.Purpose == Cancel || len(s.Ref) == 0)
}

// Introduced is a message with the certificate of the module that signed it: the answer to INSStart and the data of INSDebit.
type Introduced struct {
	Certificate []byte
	Message     []byte
}

// Encode writes both.
func (i Introduced) Encode() []byte {
	var w Writer
	w.Array(2)
	w.Blob(i.Certificate)
	w.Blob(i.Message)
	return w.Bytes()
}

// ParseIntroduced is the inverse of Encode.
func ParseIntroduced(b []byte) (i Introduced, ok bool) {
	r := NewReader(b)
	r.Exactly(2)
	i.Certificate, i.Message = r.Blob(MaxMessage), r.Blob(MaxMessage)
	return i, r.Done()
}

// Holdings is the answer to INSBalance. While a transfer is open its value is pending, on one side or the other.
type Holdings struct {
	Slots      []Slot
	Side       Side // of the open transfer; 0 when idle
	Open       *Transfer
	Exceptions int
	Locked     bool
	Blocked    bool
}

// Encode writes the answer to INSBalance.
func (h Holdings) Encode() []byte {
	var w Writer
	w.Array(6)
	putSlots(&w, h.Slots)
	w.Uint(uint64(h.Side))
	putTransfer(&w, h.Open)
	w.Uint(uint64(h.Exceptions))
	w.Bool(h.Locked)
	w.Bool(h.Blocked)
	return w.Bytes()
}

// ParseHoldings reads the answer to INSBalance.
func ParseHoldings(b []byte) (h Holdings, ok bool) {
	r := NewReader(b)
	r.Exactly(6)
	h.Slots, h.Side = getSlots(r), Side(r.Small(uint64(Payee)))
	h.Open, h.Exceptions = getTransfer(r), int(r.Small(MaxExceptions))
	h.Locked, h.Blocked = r.Bool(), r.Bool()
	return h, r.Done() && (h.Open == nil) == (h.Side == 0)
}

// MaxExceptions is how many transfers a module can have given up before it has to sync.
const MaxExceptions = 8

// MaxHistory is how many payments a module remembers for its holder.
const MaxHistory = 10

// Payment is one line of a module's own history.
type Payment struct {
	At       int64
	Side     Side
	Transfer Transfer
	Name     string // of the other side, as its certificate says it
	Given    bool   // given up: in the exception log when it happened
}

// PutPayments writes a history, oldest first.
func (w *Writer) PutPayments(list []Payment) {
	w.Array(len(list))
	for _, p := range list {
		w.Array(5)
		w.Int(p.At)
		w.Uint(uint64(p.Side))
		putTransfer(w, &p.Transfer)
		w.Text(p.Name)
		w.Bool(p.Given)
	}
}

// GetPayments reads what PutPayments wrote.
func (r *Reader) GetPayments() (list []Payment) {
	n := r.Array(MaxHistory)
	for i := 0; i < n && r.OK(); i++ {
		r.Exactly(5)
		p := Payment{At: r.Int(), Side: getSide(r)}
		t := getTransfer(r)
		if t == nil {
			r.Refuse()
			return nil
		}
		p.Transfer, p.Name, p.Given = *t, r.Text(MaxName), r.Bool()
		list = append(list, p)
	}
	return list
}
