// Package step is the rules of the purse: one table, and a function that executes it.
//
// # Promise
//
// Step is a function of its arguments: no clock, no randomness, no input or output. What it refuses leaves the state as it was
// (a wrong code is not a refusal: it costs a try). No value is made: over all modules together what they hold and what lies in
// transfers that were given up or are still open is at every moment what was loaded. The explorer in this package's tests
// walks every interleaving of loss, repetition, forgery, abort and crash over this very function and shows it.
//
//	         START / REQ sent                       VAL / ACK sent
//	idle ───────────────────────> EPV (expects VAL) ─────────────────> idle
//	idle ── REQ / VAL sent ─────> EPA (expects ACK) ── ACK ──────────> idle
//	EPV, EPA ── abort, or any start: the transfer goes into the exception log ──> idle, or on
//
// It is the state machine of Mondex (Stepney, Cooper, Woodcock: An Electronic Purse, PRG-126) without its state EPR: accepting
// to pay and paying are one commit here. Commands have the names and numbers of EN 1546.
//
// # How to use it
//
// Step's State, Records and Response belong together: store.Commit makes the first two durable, and only what it returns may be sent.
//
// The table is in table.go, the checks in check.go, the effects in effect.go; docs/purse-rules.md is rendered from them, and the golden
// vectors in product/purse/testdata are made from them. Changing a rule changes all three, and tests say so.
package step
