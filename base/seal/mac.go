package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"
)

// MacKey computes HMAC-SHA-256 under a key that belongs to one purpose, such as "ledger.entry" or
// "identity.email": tags of entries, and blind indexes by which a sealed field is found. Safe for concurrent use.
type MacKey struct{ pool sync.Pool }

// hasher is a keyed hash and the bytes it is about to take. The parts are copied into one buffer so that they do not
// escape to the heap through the hash's interface: the ledger computes a tag for every entry.
type hasher struct {
	hash.Hash
	buffer []byte
	sum    [sha256.Size]byte
}

// maxPooled bounds the buffer that a pooled hasher may keep.
const maxPooled = 64 << 10

// MacKey returns the MAC key of a purpose. It derives (HKDF) from a key in this keyring, is the same after every
// start, and differs between purposes and keyrings. Purposes are constants of the program; hold on to the result
// where speed matters. It panics on a closed keyring.
func (k *Keyring) MacKey(purpose string) *MacKey {
	if found, ok := k.macs.Load(purpose); ok {
		return found.(*MacKey)
	}
	k.mu.RLock()
	root := k.keys[macRoot]
	if root == nil {
		k.mu.RUnlock()
		panic("seal: MacKey of a closed keyring")
	}
	secret, err := hkdf.Key(sha256.New, root.bytes[:], nil, "billfold mac v1 "+purpose, keySize)
	k.mu.RUnlock()
	if err != nil {
		panic(err) // only for lengths that HKDF cannot give
	}
	kept, _ := k.macs.LoadOrStore(purpose, newMacKey(secret))
	return kept.(*MacKey)
}

func newMacKey(secret []byte) *MacKey {
	m := &MacKey{}
	m.pool.New = func() any { return &hasher{Hash: hmac.New(sha256.New, secret)} }
	return m
}

// Mac is MacKey(purpose).Sum(parts...), for where speed does not matter.
func (k *Keyring) Mac(purpose string, parts ...[]byte) [32]byte {
	return k.MacKey(purpose).Sum(parts...)
}

// Sum returns the HMAC of the parts, each preceded by its length, so that ("ab", "c") and ("a", "bc") differ. It
// does not allocate.
func (m *MacKey) Sum(parts ...[]byte) [32]byte {
	h := m.pool.Get().(*hasher)
	h.buffer = h.buffer[:0]
	for _, part := range parts {
		h.buffer = binary.BigEndian.AppendUint64(h.buffer, uint64(len(part)))
		h.buffer = append(h.buffer, part...)
	}
	h.Reset()
	h.Write(h.buffer)
	h.Hash.Sum(h.sum[:0])
	sum := h.sum
	if cap(h.buffer) > maxPooled {
		h.buffer = nil
	}
	m.pool.Put(h)
	return sum
}

// Check tells in constant time whether tag is the Sum of the parts.
func (m *MacKey) Check(tag []byte, parts ...[]byte) bool {
	sum := m.Sum(parts...)
	return hmac.Equal(sum[:], tag)
}
