// Package proto is what purses say to each other: bytes and signatures, and no opinion about what they mean.
//
// From the outside in: a text frame that a QR code carries (Frame), an envelope of commands and responses in the form of a card's APDU
// (Command, Response; ISO/IEC 7816-4), and in it messages in deterministic CBOR (RFC 8949 section 4.2.1), most of them signed with
// COSE_Sign1 and ES256 (RFC 9052 section 4.2, RFC 9053 section 2.1).
//
// # Invariants
//
//   - One value has one encoding: whatever decodes encodes to the very same bytes, so the hash of a payload is a name.
//   - A decoder reads only what its type allows, all of it, and never more than MaxMessage bytes; it does not panic on any input.
//   - A signature covers domain and network (external_aad), so a test purse's message means nothing to a live one.
//   - An id is the hash of a payload, never of a signature: ECDSA signatures can be changed into other valid ones.
//   - Signatures are deterministic (RFC 6979), so that the golden vectors can be compared byte by byte. Verifying does not depend on that.
package proto
