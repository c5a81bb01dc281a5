// Package clock is the only place that asks the machine for the time.
//
// Promise: whoever needs the time is handed a Clock. Business deadlines (expiry, interest, settlement) are handed
// the one that a sandbox can move forward; sessions, one-time codes and throttles that are stored are handed the real one; what a process
// waits for or counts by itself (leases, the limits of the gate) is handed a steady one, which nobody can set.
//
// Invariants:
//   - Every time that leaves this package is UTC and truncated to microseconds, which is what the database keeps:
//     a time survives being stored and read without changing.
//   - A Sandbox only ever moves forward by hand. It follows its real clock otherwise, also backwards: who needs
//     order and not time uses base/id or a database sequence.
package clock
