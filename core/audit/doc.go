// Package audit remembers what operators did and looked at, and why they said they did.
//
// Promise: what happened in a transaction and its record are committed together or not at all; a record is never changed or deleted,
// and one that somebody changed by hand is found.
//
// Invariants:
//   - There is no statement here that updates or deletes.
//   - Looking at a person needs a reason given within the last Fresh minutes: the trail itself is the permission, so nobody can look
//     without leaving a trace.
//   - The whole record is sealed with the installation's key beside the columns it is found by; Verify compares the two.
package audit
