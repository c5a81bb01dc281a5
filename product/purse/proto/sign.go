package proto

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"math/big"
)

// domain separates our signatures from everything else that a key might ever sign.
const domain = "billfold/purse/1"

// MaxNetwork bounds a network id, in bytes.
const MaxNetwork = 48

// Key is a public key on P-256: x and y, 32 bytes each (RFC 9053 section 7.1.1, without compression, because browsers import it so).
type Key [64]byte

// Signature is r and s, 32 bytes each, big endian (RFC 9053 section 2.1).
type Signature [64]byte

// Hash is a SHA-256.
type Hash [32]byte

// A Signer signs digests with one purse's key.
type Signer interface {
	Public() Key
	Sign(digest Hash) (Signature, error)
}

// A Verifier says whether a key made a signature over a digest. ES256 is the one; a type only so that an exploration of
// millions of states can remember the answers.
type Verifier func(key Key, digest Hash, sig Signature) bool

// ES256 verifies ECDSA with P-256 and SHA-256.
func ES256(key Key, digest Hash, sig Signature) bool {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, key[:]...))
	if err != nil {
		return false
	}
	return ecdsa.Verify(pub, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}

// PrivateKey signs with a key held in memory.
type PrivateKey struct{ key *ecdsa.PrivateKey }

// ParsePrivateKey reads a private key of 32 bytes. It refuses zero and what is not below the order of the group.
func ParsePrivateKey(b []byte) (PrivateKey, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b)
	return PrivateKey{key}, err
}

// NewPrivateKey makes a private key from the system's randomness.
func NewPrivateKey() (PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), nil)
	return PrivateKey{key}, err
}

// Secret returns the 32 bytes that ParsePrivateKey reads.
func (p PrivateKey) Secret() ([]byte, error) { return p.key.Bytes() }

// Public returns the public key.
func (p PrivateKey) Public() (key Key) {
	b, err := p.key.PublicKey.Bytes()
	if err != nil {
		panic("a key of P-256 that has no encoding: " + err.Error())
	}
	copy(key[:], b[1:])
	return key
}

var errDER = errors.New("the signature has no ASN.1 form")

// Sign signs a digest, with the nonce of RFC 6979.
func (p PrivateKey) Sign(digest Hash) (sig Signature, err error) {
	der, err := p.key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return sig, err
	}
	r, rest, ok1 := derInteger(der[min(2, len(der)):])
	s, rest, ok2 := derInteger(rest)
	if !ok1 || !ok2 || len(rest) != 0 {
		return sig, errDER
	}
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return sig, nil
}

// derInteger cuts one INTEGER of fewer than 128 bytes off b.
func derInteger(b []byte) (n *big.Int, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != 2 || b[1] >= 128 || len(b) < 2+int(b[1]) {
		return nil, nil, false
	}
	end := 2 + int(b[1])
	return new(big.Int).SetBytes(b[2:end]), b[end:], true
}

// protected is the protected header of every signature of ours: {1: -7}, ES256.
var protected = []byte{0xa1, 0x01, 0x26}

// Signed is a COSE_Sign1 taken apart: the payload is not to be believed before Verify.
type Signed struct {
	Payload   []byte
	Signature Signature
}

// ID is the hash of the payload, by which everybody names the message.
func (s Signed) ID() Hash { return sha256.Sum256(s.Payload) }

// digest hashes Sig_structure (RFC 9052 section 4.4) with domain and network as external_aad.
func digest(network string, payload []byte) Hash {
	var aad, w Writer
	aad.Array(2)
	aad.Text(domain)
	aad.Text(network)
	w.Array(4)
	w.Text("Signature1")
	w.Blob(protected)
	w.Blob(aad.Bytes())
	w.Blob(payload)
	return sha256.Sum256(w.Bytes())
}

// Verify tells whether key signed this payload for this network. A nil verify is ES256.
func (s Signed) Verify(network string, key Key, verify Verifier) bool {
	if verify == nil {
		verify = ES256
	}
	return verify(key, digest(network, s.Payload), s.Signature)
}

// Encode writes the COSE_Sign1, tagged 18, with an empty unprotected header.
func (s Signed) Encode() []byte {
	var w Writer
	w.head(majorTag, 18)
	w.Array(4)
	w.Blob(protected)
	w.head(majorMap, 0)
	w.Blob(s.Payload)
	w.Blob(s.Signature[:])
	return w.Bytes()
}

// ParseSigned takes a COSE_Sign1 apart without looking into its payload.
func ParseSigned(b []byte) (s Signed, ok bool) {
	if len(b) > MaxMessage {
		return s, false
	}
	r := NewReader(b)
	if r.head(majorTag) != 18 {
		return s, false
	}
	r.Exactly(4)
	if string(r.Blob(len(protected))) != string(protected) || r.head(majorMap) != 0 {
		return s, false
	}
	s.Payload = r.Blob(MaxMessage)
	r.Fixed(s.Signature[:])
	return s, r.Done()
}
