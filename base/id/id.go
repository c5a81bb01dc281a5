package id

import (
	crand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"billfold/base/fault"
	"billfold/base/lang"
)

// ErrInvalid refuses a string that is not an id.
var ErrInvalid = fault.Define(fault.Invalid, "invalid_id", lang.Text{
	EN: "This is not a valid id",
	ZH: "编号格式无效",
}, lang.Text{
	EN: "Send the id exactly as you received it: a short prefix, an underscore and 26 lower-case letters and digits.",
	ZH: "请原样发送收到的编号：短前缀、下划线，以及 26 位小写字母或数字。",
})

// Letters are those of an id behind its prefix: Crockford's base32 in lower case, no i, l, o, u.
const Letters = "0123456789abcdefghjkmnpqrstvwxyz"

// size is the length of 128 bits in base32; the first character carries only three of its five bits.
const size = 26

// maxPrefix bounds the part before the underscore.
const maxPrefix = 12

var values = func() (v [256]byte) {
	for i := range v {
		v[i] = 0xff
	}
	for i := range len(Letters) {
		v[Letters[i]] = byte(i)
	}
	return v
}()

// Minter makes ids. Safe for concurrent use; one per process is enough and keeps all its ids in order.
type Minter struct {
	now func() time.Time

	mu     sync.Mutex
	random *rand.ChaCha8
	millis uint64 // of the last id
	high   uint8  // of its 72 bits, the upper 8
	low    uint64 // and the lower 64
}

// NewMinter returns a minter on a clock's Now. Its random part is ChaCha8 seeded from crypto/rand: as unpredictable
// as an id needs to be, without a system call for each.
func NewMinter(now func() time.Time) *Minter {
	var seed [32]byte
	crand.Read(seed[:])
	return NewSeeded(now, seed)
}

// NewSeeded returns a minter whose ids follow from its seed and its clock: for a simulation that is to be run again. Whoever knows the
// seed knows the ids, so nothing real may have one.
func NewSeeded(now func() time.Time, seed [32]byte) *Minter {
	return &Minter{now: now, random: rand.NewChaCha8(seed)}
}

// New returns a fresh id such as "pay_01k…". It panics on a prefix that is not one to twelve lower-case letters
// or digits beginning with a letter, since prefixes are constants of the program.
func (m *Minter) New(prefix string) string { return Text(prefix, m.Mint()) }

// Mint returns the 128 bits of a fresh id.
func (m *Minter) Mint() [16]byte {
	// A clock before 1970 would turn into a huge number and stop all later ids from following the time.
	millis := uint64(max(m.now().UnixMilli(), 0))
	m.mu.Lock()
	defer m.mu.Unlock()
	if millis > m.millis {
		m.millis = millis
		// The top bit starts at zero: 2^71 of room above for the steps below, so a millisecond, or a clock that
		// went back for an hour, cannot use it up.
		m.high = uint8(m.random.Uint64()) & 0x7f
		m.low = m.random.Uint64()
	} else {
		step := m.random.Uint64()>>24 + 1 // 1 to 2^40: neighbours cannot be counted from one another
		before := m.low
		m.low += step
		if m.low < before {
			m.high++
			if m.high == 0 {
				m.millis++
			}
		}
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], m.millis<<16)
	b[6] = m.high
	binary.BigEndian.PutUint64(b[7:15], m.low)
	return b
}

// Text returns the id's one text. It panics on a prefix that no id may have.
func Text(prefix string, b [16]byte) string {
	if !validPrefix(prefix) {
		panic(fmt.Sprintf("id prefix %q is not lower-case letters and digits", prefix))
	}
	text := make([]byte, 0, len(prefix)+1+size)
	text = append(text, prefix...)
	text = append(text, '_')
	return string(appendBits(text, b))
}

func appendBits(text []byte, b [16]byte) []byte {
	high := binary.BigEndian.Uint64(b[:8])
	low := binary.BigEndian.Uint64(b[8:])
	var out [size]byte
	for i := size - 1; i >= 0; i-- {
		out[i] = Letters[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return append(text, out[:]...)
}

// Bytes returns the 128 bits of an id with any prefix. It refuses everything that Text would not have written,
// with ErrInvalid.
func Bytes(s string) ([16]byte, error) {
	var b [16]byte
	cut := strings.IndexByte(s, '_')
	if cut < 1 || !validPrefix(s[:cut]) {
		return b, ErrInvalid
	}
	text := s[cut+1:]
	if len(text) != size || values[text[0]] > 7 {
		return b, ErrInvalid
	}
	var high, low uint64
	for i := range size {
		v := values[text[i]]
		if v == 0xff {
			return b, ErrInvalid
		}
		high = high<<5 | low>>59
		low = low<<5 | uint64(v)
	}
	binary.BigEndian.PutUint64(b[:8], high)
	binary.BigEndian.PutUint64(b[8:], low)
	return b, nil
}

// Valid tells whether s is an id with exactly this prefix.
func Valid(s, prefix string) bool {
	if len(s) != len(prefix)+1+size || !strings.HasPrefix(s, prefix) {
		return false
	}
	_, err := Bytes(s)
	return err == nil && s[len(prefix)] == '_'
}

// Step returns the id of the nth thing that derives from an object: the parent's 128 bits with n in the last byte,
// under another prefix. The same parent and n give the same id in every retry. It panics when n is 0, and when the
// parent is not a minted id (a step has no steps of its own): both are broken invariants, not bad input.
func Step(parent, prefix string, n uint8) string {
	b, err := Bytes(parent)
	if err != nil || b[15] != 0 || n == 0 {
		panic(fmt.Sprintf("no step %d of id %q", n, parent))
	}
	b[15] = n
	return Text(prefix, b)
}

// Time returns the moment in an id, to the millisecond: when it was minted, unless the clock had gone back.
func Time(s string) (time.Time, error) {
	b, err := Bytes(s)
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b[:8]) >> 16)).UTC(), nil
}

func validPrefix(p string) bool {
	if len(p) == 0 || len(p) > maxPrefix || p[0] < 'a' || p[0] > 'z' {
		return false
	}
	for i := range len(p) {
		if c := p[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
