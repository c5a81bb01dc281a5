// Package id makes the names of things: ids that sort by time, and secrets that nobody can guess.
//
// Promise: an id is minted once and means one thing for ever. Its text is a prefix, an underscore and 26 lower-case
// Crockford base32 characters of 128 bits: 48 bits of milliseconds, 72 bits that are random in the first id of a
// millisecond and grow by a random step in the next ones, and a last byte of zero.
//
// Invariants:
//   - Ids of one Minter strictly increase, also when the clock stands still or goes back.
//   - An id has exactly one text: Bytes refuses upper case, look-alikes (i, l, o, u) and overflow, so that no two
//     strings can name one object.
//   - Only minted ids end in the byte zero; Step numbers what derives from an object (a payment's ledger entries)
//     by that byte, so the same step always finds the same id.
//   - Luhn knows the check digit of other people's numbers, those of cards.
//   - Ids are not secrets. Secrets come from crypto/rand alone.
package id
