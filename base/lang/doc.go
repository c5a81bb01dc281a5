// Package lang holds the languages Billfold speaks and the sentences it says in them.
//
// Promise: every sentence that a person can read exists in every language we speak, and a reader's
// Accept-Language always leads to one of them, however odd the header is.
//
// Invariants:
//   - Pick never fails and never takes more than a bounded time: a header is read up to maxHeader bytes.
//   - A Text that lacks a language answers in English instead of with nothing.
//
// This is the lowest floor of the house: lang imports none of our packages.
package lang
