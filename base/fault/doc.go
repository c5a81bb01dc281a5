// Package fault is how Billfold says no: a named refusal with a stable code, a title and a detail in every
// language we speak, and the one thing a payer must know: whether money moved.
//
// Promise: the code never changes and is unique in the whole program; Title and Detail are safe to show to
// anybody and say what to do; Err carries the cause and goes to the log only.
//
// Invariants:
//   - Sentinels made by Define are never changed: With, Because, Say, Fill, In, RetryIn and MovedAs return copies.
//   - errors.Is compares codes, so a copy with a parameter and a cause is still its sentinel.
//   - A fault that says MovedUnknown carries the Link that answers the question by the time it reaches a person.
//   - No HTTP here: a Kind becomes a status in one function of edge/api.
package fault
