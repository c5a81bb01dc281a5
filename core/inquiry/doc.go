// Package inquiry is where somebody asks about a payment that is not as it should be, and the operator answers.
//
// Promise: what a person writes is kept, sealed with their key, until it is answered; an answer reaches them in the app and by mail in
// the transaction that keeps it; nobody but that person and the operators reads either.
//
//	(new) ──ask──> open ──answer──> answered ──close──> closed
//	                │ ^── ask ────────┘                   ^
//	                └──────────── close ──────────────────┘
//
// Invariants:
//   - A person has at most one case of a payment that is not closed: what they write goes there. A closed one stays as it is.
//   - Turns are numbered from 1 in each case and never change.
//   - The same words again, right after one another, are one turn: a form that is sent twice asks once.
//   - Whether the payment is the person's is for the caller to see to; this package knows it by its id only.
package inquiry
