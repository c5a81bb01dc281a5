// Package demoshop is a web shop inside the sandbox, for trying what a shop's customers see and for reading how a shop is built.
//
// It stands where any shop on the internet stands: it knows the public API, a key of its own and nothing else. It keeps nothing, so
// every process answers for every order: the address to return to carries the session's id, and what is said about an order is what
// the API says when it is looked at.
//
// Invariants: it imports nothing of core or product, which the rules of the house check. It exists in a sandbox with demo data only.
// What it shows and gives back are orders that were made here, not the other sessions of the shop whose key it has. An order that is
// sent twice is one session, and a refund that is pressed twice is one refund, by their idempotency keys.
package demoshop
