// Package ledger keeps who has how much: accounts, entries of 1 to n legs, holds, and the balance at any moment.
//
// # Promise
//
// Money is never made, lost or moved twice. An entry is recorded whole or not at all, and never changed or deleted after that; a
// correction is another entry. An account never passes its limit, whatever runs at the same time. Every refusal is computed in the
// transaction that would have posted, from totals that nobody else can change meanwhile, and moves nothing.
//
//	Post ───────────────> posted
//	Hold ──> pending ──┬─ PostHold ───> post   (in whole or in part; the rest is released)
//	                   ├─ VoidHold ───> void
//	                   └─ ExpireHold ─> expire (not before its time; after it, PostHold is refused)
//
// A hold is an entry of phase pending; what ends it is another entry that names it in Resolves, and a unique rule lets only one do so.
//
// # Invariants, all checked by Verify
//
//   - Each leg debits and credits one amount > 0 in one currency, so the sum over all accounts of an asset is zero.
//   - An account's totals are the sums of its legs; its pending totals are those of its open holds.
//   - A NonNegative account has credits - debits - pending debits >= 0, a NonPositive one the mirror image.
//   - An account's history is strictly increasing in time: an entry's time is now, or one microsecond after the latest entry of its
//     accounts where that is later. Two entries of one account are therefore never of one moment, and "the balance at t" has one answer.
//     (Busy accounts are not asked for their latest entry, and may have several in one moment.)
//   - The legs of an account that is not busy are a chain: each names the one before, and the account's totals name the last.
//   - Every entry carries a MAC over itself and its legs under a key that lies outside the database.
//
// # Busy accounts
//
// A busy account (a shop's receipts, fees, float) is neither locked nor updated when an entry is posted: its side of the leg goes into
// ledger_tail, and its balance is its fold plus its tail, read in one statement. Fold moves rows from tail to fold. See job.go for
// why that is right with several processes, and docs/ledger.md for what a freeze of such an account promises.
//
// # Totals on SQLite
//
// There one process writes, and it knows the totals: its memory is the authority while it runs, and follows every rollback. The rows of
// ledger_total are written back lazily, each right up to its own last_leg, and what they lack is read again from the legs at start
// (memory.go, replay.go, settle.go). Whoever reads them by SQL adds the legs after; the verbs here do.
//
// # The write path
//
// On PostgreSQL one statement locks the accounts in order of number and reads them, together with the flags of busy accounts and whether
// the entry exists; the decision (book.go) is plain Go over those rows, without I/O; the writes are queued and travel with COMMIT. A batch
// takes the same path with more rows, and so does Submit, the group writer: it is the decision over many callers' entries at once.
//
// Verbs take the caller's transaction; an entry is as durable as that transaction. Where two transactions post one id at the same
// moment the later one runs again (db.Tx.RerunOnConflict) and finds the earlier one's entry.
//
// Tables: ledger_account, ledger_total, ledger_entry, ledger_leg, ledger_settled (documented for readers in docs/sql.md), ledger_kind,
// ledger_kind_run, ledger_hold, ledger_tail, ledger_fold, ledger_checkpoint, ledger_block.
package ledger
