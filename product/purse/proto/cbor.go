package proto

import "bytes"

// MaxMessage bounds every message, in bytes, before anything of it is read. A till's file of collected payments is cut into
// messages and is not bounded by it.
const MaxMessage = 16 << 10

// major types of CBOR (RFC 8949 section 3.1), in the place they have in an item's first byte.
const (
	majorUint  = 0 << 5
	majorInt   = 1 << 5
	majorBytes = 2 << 5
	majorText  = 3 << 5
	majorArray = 4 << 5
	majorMap   = 5 << 5
	majorTag   = 6 << 5
	simple     = 7 << 5
)

// Writer encodes the subset of CBOR that purses speak, deterministically: shortest heads, definite lengths, no floats.
type Writer struct{ out []byte }

// Bytes returns what was written.
func (w *Writer) Bytes() []byte { return w.out }

func (w *Writer) head(major byte, n uint64) {
	switch {
	case n < 24:
		w.out = append(w.out, major|byte(n))
	case n < 1<<8:
		w.out = append(w.out, major|24, byte(n))
	case n < 1<<16:
		w.out = append(w.out, major|25, byte(n>>8), byte(n))
	case n < 1<<32:
		w.out = append(w.out, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	default:
		w.out = append(w.out, major|27, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
}

// Uint writes an unsigned number.
func (w *Writer) Uint(n uint64) { w.head(majorUint, n) }

// Int writes a signed number.
func (w *Writer) Int(n int64) {
	if n < 0 {
		w.head(majorInt, uint64(-1-n))
		return
	}
	w.head(majorUint, uint64(n))
}

// Blob writes a byte string.
func (w *Writer) Blob(b []byte) {
	w.head(majorBytes, uint64(len(b)))
	w.out = append(w.out, b...)
}

// Text writes a text string.
func (w *Writer) Text(s string) {
	w.head(majorText, uint64(len(s)))
	w.out = append(w.out, s...)
}

// Array begins an array of n items.
func (w *Writer) Array(n int) { w.head(majorArray, uint64(n)) }

// Bool writes false or true.
func (w *Writer) Bool(b bool) {
	v := byte(20)
	if b {
		v = 21
	}
	w.out = append(w.out, simple|v)
}

// Reader decodes what Writer writes and nothing else. It latches its first error: read everything, then ask Done.
type Reader struct {
	in  []byte
	bad bool
}

// NewReader reads from b.
func NewReader(b []byte) *Reader { return &Reader{in: b, bad: len(b) == 0} }

// Done tells whether everything was read and was right.
func (r *Reader) Done() bool { return !r.bad && len(r.in) == 0 }

// OK tells whether all that was read so far was right.
func (r *Reader) OK() bool { return !r.bad }

// Refuse latches an error that the caller found: a value that its type does not allow.
func (r *Reader) Refuse() { r.bad, r.in = true, nil }

func (r *Reader) head(major byte) uint64 {
	if r.bad || len(r.in) == 0 || r.in[0]&0xe0 != major {
		r.Refuse()
		return 0
	}
	info := r.in[0] & 0x1f
	r.in = r.in[1:]
	if info < 24 {
		return uint64(info)
	}
	size := 1 << (info - 24)
	if info > 27 || len(r.in) < size { // 28 to 30 are reserved, 31 is indefinite
		r.Refuse()
		return 0
	}
	var n uint64
	for _, b := range r.in[:size] {
		n = n<<8 | uint64(b)
	}
	r.in = r.in[size:]
	if n < 24 || size > 1 && n>>(4*uint(size)) == 0 { // it would have had a shorter head
		r.Refuse()
		return 0
	}
	return n
}

// Uint reads an unsigned number.
func (r *Reader) Uint() uint64 { return r.head(majorUint) }

// Small reads an unsigned number up to most.
func (r *Reader) Small(most uint64) uint64 {
	n := r.head(majorUint)
	if n > most {
		r.Refuse()
		return 0
	}
	return n
}

// Int reads a signed number that fits 64 bits.
func (r *Reader) Int() int64 {
	if len(r.in) > 0 && r.in[0]&0xe0 == majorInt {
		n := r.head(majorInt)
		if n >= 1<<63 {
			r.Refuse()
			return 0
		}
		return -1 - int64(n)
	}
	return int64(r.Small(1<<63 - 1))
}

// Blob reads a byte string of up to most bytes. The result is a copy.
func (r *Reader) Blob(most int) []byte { return bytes.Clone(r.span(majorBytes, most)) }

// Fixed reads a byte string of exactly len(into) bytes.
func (r *Reader) Fixed(into []byte) {
	b := r.span(majorBytes, len(into))
	if len(b) != len(into) {
		r.Refuse()
		return
	}
	copy(into, b)
}

// Text reads a text string of up to most bytes of visible ASCII or of UTF-8 letters; see visible.
func (r *Reader) Text(most int) string {
	s := string(r.span(majorText, most))
	if !visible(s) {
		r.Refuse()
		return ""
	}
	return s
}

func (r *Reader) span(major byte, most int) []byte {
	n := r.head(major)
	if r.bad || n > uint64(most) || n > uint64(len(r.in)) {
		r.Refuse()
		return nil
	}
	b := r.in[:n:n]
	r.in = r.in[n:]
	return b
}

// Array reads the head of an array of up to most items.
func (r *Reader) Array(most int) int {
	n := r.head(majorArray)
	if n > uint64(most) {
		r.Refuse()
		return 0
	}
	return int(n)
}

// Exactly reads the head of an array of n items.
func (r *Reader) Exactly(n int) {
	if r.Array(n) != n {
		r.Refuse()
	}
}

// Bool reads false or true.
func (r *Reader) Bool() bool {
	n := r.head(simple)
	if n != 20 && n != 21 {
		r.Refuse()
	}
	return n == 21
}
