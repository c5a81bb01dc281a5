// Package lease elects one of the processes on a database for what one of them does best: numbering events, doing tasks.
//
// Promise: there is at most one holder whose transactions count; when it dies another takes over within five seconds.
//
// Invariants:
//   - No two clocks are compared. The holder counts a beat up every half second; whoever has seen the same beat for two and a half
//     seconds of its own clock takes over, if the beat is still that one in the database. That makes three and a half seconds at most from
//     the holder's last sign of life, and what two short statements take.
//   - Each holder has an epoch of its own. Fence checks it inside the writing transaction and keeps the row as it is until that ends,
//     so a takeover waits for a transaction that has begun, and one that begins after it is refused: a process that was frozen and
//     thaws writes nothing as the holder.
//   - Money does not depend on it: every posting decides over locked rows. A process without the lease pays as well.
//   - On SQLite, which has one process, the lease is always held.
//   - Times are of a steady clock, which nobody sets.
package lease
