// Package store makes what a module decided durable before anybody hears of it.
//
// # Promise
//
// A Sealed answer exists only after the state and the records that belong to it are on disk: only Do makes one, after Commit
// came back, and transports take nothing else. After a crash at any moment a purse is in a state from which it sealed, or
// could have sealed, its last answer; it never goes back behind an answer that was released.
//
// # The order, which is the point
//
//  1. step.Step decides: verifies, computes the next state, signs.
//  2. Commit appends the records to the log and makes that durable, then writes state and answer into the slot that is not in use and
//     makes that durable. Only then is the new state the state.
//  3. Do seals the answer. If Commit failed the answer is 6F00, and the state is read again from where it is kept.
//
// # Files
//
// Two slots hold {version, state, generation and length of the log, hash of its last record, checksum}; the one with the
// higher version whose checksum and log fit is the state. A torn write can only hurt the slot that is not in use. The log
// holds the signed records that the issuer has not archived; when it has, a log of the next generation is begun. The folder
// comes through an interface (Disk), because a leaf of a product does no I/O itself, and because the tests put a disk there
// that fails and loses power at every single call.
package store
