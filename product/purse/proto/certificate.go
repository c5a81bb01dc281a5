package proto

import (
	"crypto/sha256"
	"slices"

	"billfold/base/id"
)

// ID names a purse or another module: 128 bits, given by the issuer.
type ID [16]byte

// Prefix is what a purse's id begins with where it is written: "prs_…".
const Prefix = "prs"

// String writes the id as "prs_…".
func (i ID) String() string { return id.Text(Prefix, i) }

// ParseID reads "prs_…".
func ParseID(s string) (ID, bool) {
	if !id.Valid(s, Prefix) {
		return ID{}, false
	}
	b, err := id.Bytes(s)
	return b, err == nil
}

// Role is what a module may be in a transfer.
type Role uint8

// The roles of EN 1546, in its words: the holder's purse (IEP), the acceptor (PSAM), the load agent (LSAM), the collector and the issuer
// (PPSAM). Stored and signed; the numbers never change.
const (
	Holder Role = iota + 1
	Acceptor
	Agent
	Collector
	Issuer
)

var roleNames = [...]string{"", "holder", "acceptor", "load agent", "collector", "issuer"}

// String names the role.
func (r Role) String() string {
	if int(r) < len(roleNames) && r > 0 {
		return roleNames[r]
	}
	return "unknown"
}

// ParseRole is the inverse of String.
func ParseRole(s string) (Role, bool) {
	i := slices.Index(roleNames[1:], s)
	return Role(i + 1), i >= 0
}

// MaxSlots is how many currencies a purse can hold.
const MaxSlots = 4

// MaxName bounds the name that a certificate shows, in bytes.
const MaxName = 48

// Terms are what a certificate allows in one currency, in minor units.
type Terms struct {
	Currency    string
	Scale       uint8
	Balance     int64 // the most the slot may hold
	Transaction int64 // the most one transfer may move
	Spent       int64 // the most that may be spent between two syncs
}

// Certificate is the issuer's word for a module: who it is, what it may do, until when.
type Certificate struct {
	ID        ID
	Role      Role
	Class     uint8 // assurance: 0 software, 1 browser, 2 the system's key store, 3 attested hardware
	Epoch     uint64
	NotBefore int64 // unix seconds
	NotAfter  int64 // unix seconds; in force up to and including this second
	Key       Key
	Root      [8]byte // which root signed it
	Name      string  // what a payer is shown; empty for people
	Count     uint64  // transfers between two syncs
	Hops      bool    // what was received may be spent before a sync
	Terms     []Terms
}

// In returns the terms of one currency.
func (c Certificate) In(currency string) (Terms, bool) {
	for _, t := range c.Terms {
		if t.Currency == currency {
			return t, true
		}
	}
	return Terms{}, false
}

// InForce tells whether the certificate is valid at a moment, in unix seconds.
func (c Certificate) InForce(at int64) bool { return c.NotBefore <= at && at <= c.NotAfter }

func (c Certificate) kind() (kind uint64, fields int) { return kindCertificate, 12 }

func (c Certificate) put(w *Writer) {
	w.Blob(c.ID[:])
	w.Uint(uint64(c.Role))
	w.Uint(uint64(c.Class))
	w.Uint(c.Epoch)
	w.Int(c.NotBefore)
	w.Int(c.NotAfter)
	w.Blob(c.Key[:])
	w.Blob(c.Root[:])
	w.Text(c.Name)
	w.Uint(c.Count)
	w.Bool(c.Hops)
	w.Array(len(c.Terms))
	for _, t := range c.Terms {
		w.Array(5)
		w.Text(t.Currency)
		w.Uint(uint64(t.Scale))
		w.Int(t.Balance)
		w.Int(t.Transaction)
		w.Int(t.Spent)
	}
}

func (c *Certificate) get(r *Reader) {
	r.Fixed(c.ID[:])
	c.Role = Role(r.Small(uint64(Issuer)))
	c.Class = uint8(r.Small(3))
	c.Epoch = r.Uint()
	c.NotBefore, c.NotAfter = r.Int(), r.Int()
	r.Fixed(c.Key[:])
	r.Fixed(c.Root[:])
	c.Name = r.Text(MaxName)
	c.Count = r.Uint()
	c.Hops = r.Bool()
	n := r.Array(MaxSlots)
	for i := 0; i < n && r.OK(); i++ {
		r.Exactly(5)
		t := Terms{Currency: getCurrency(r), Scale: uint8(r.Small(8)), Balance: r.Int(), Transaction: r.Int(), Spent: r.Int()}
		if t.Balance < 0 || t.Transaction < 0 || t.Spent < 0 || i > 0 && c.Terms[i-1].Currency >= t.Currency {
			r.Refuse()
		}
		c.Terms = append(c.Terms, t)
	}
	if c.Role == 0 || c.NotBefore > c.NotAfter {
		r.Refuse()
	}
}

// Root is a key by which the issuer certifies.
type Root struct{ Key Key }

// Name is how certificates name their root: the first bytes of the key's hash.
func (r Root) Name() (name [8]byte) {
	h := sha256.Sum256(r.Key[:])
	copy(name[:], h[:])
	return name
}

// Roots are the keys that a module trusts.
type Roots []Root

// Find returns the root of a name.
func (l Roots) Find(name [8]byte) (Root, bool) {
	for _, r := range l {
		if r.Name() == name {
			return r, true
		}
	}
	return Root{}, false
}

// getCurrency reads a currency's code: 3 to 12 of A-Z and 0-9.
func getCurrency(r *Reader) string {
	s := r.Text(12)
	for i := 0; i < len(s); i++ {
		if (s[i] < 'A' || s[i] > 'Z') && (s[i] < '0' || s[i] > '9') {
			r.Refuse()
		}
	}
	if len(s) < 3 {
		r.Refuse()
	}
	return s
}
