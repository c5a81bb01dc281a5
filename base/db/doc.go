// Package db is the one door to storage: SQLite in a file or PostgreSQL, behind one Tx.
//
// Promises:
//
//   - Write returns without an error only after COMMIT returned: what it did is on disk.
//   - Callers who wait at the same time share one fsync. On SQLite a single writer runs the waiting bodies in one BEGIN IMMEDIATE
//     transaction; a body that fails, panics or hits a constraint leaves nothing behind and takes nobody with it (runMember says
//     how). On PostgreSQL bodies run in parallel and the server groups their flushes.
//   - The log is copied into the file beside the writer (checkpoint.go) and written many pages at once (logfile.go); neither changes what
//     is durable when.
//   - What a new process finds on SQLite is made durable before anybody is shown it: the one before may have been killed between
//     writing and syncing, or after a sync that failed (settle.go).
//   - Nobody is answered, not even refused, before the COMMIT of the group whose data the answer was read from.
//   - A database that lacks what was confirmed, because an older copy was put in its place, is not written to until somebody who knows
//     of it says so (witness.go).
//   - Rows that belong together are inserted by as few statements as there can be (Bulk).
//   - A body may run twice (a lost group, a serialization failure), so it does nothing but SQL through its Tx and
//     hands its result back by returning it.
//   - One SQL text serves both engines: PostgreSQL's form with $1 placeholders, in the subset that SQLite speaks.
//     Times are bigint microseconds UTC, money is bigint minor units. Column types of `create table` are rewritten
//     for SQLite (STRICT tables); queries never are.
//
// A Tx latches its first error: after that nothing more is sent, because on PostgreSQL the transaction is aborted
// and on SQLite it may be gone altogether (SQLITE_FULL), where the next SAVEPOINT would open a transaction of its own.
//
// Tables: db_migration (which schema files ran), db_setting (facts of this installation), db_head (how far a witness saw it), db_mark
// (and how many groups it has since, on SQLite).
package db
