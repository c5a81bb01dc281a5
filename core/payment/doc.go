// Package payment moves value because a person asked for it: purchases, transfers between people, top-ups, withdrawals,
// exchanges and refunds.
//
// One object, [Payment], lives from the first request to the last refund. Its terms (who is paid, how much, in what, at
// what fee, until when) never change after creation; what changes is its state, by the one table in [Moves], which
// docs/states.md is printed from.
//
//	                       ┌─ void ──► voided
//	request ─► awaiting_confirmation ─ expire ─► expired
//	                       │
//	                       ├─ confirm ──────────────────────────► completed ─ refund ─► partly_refunded ─► refunded
//	                       │                                          ▲
//	                       └─ reserve ─► authorized ─ capture ────────┤
//	                                         └─ void, expire          │
//	charge (top-up) ─► processing ─ settle ───────────────────────────┘ ─ return, charge_back ─► reversed
//	send (withdrawal) ─┘   ├─ decline ─► failed
//	                       └─ review ──► held ─ release ─► completed
//	                                       └─ take_back ─► reversed
//
// Invariants:
//
//   - Value moves only inside the transaction that writes the state, the step, both sides' activity, the event and the
//     idempotency record. Either all of them are on disk or none is.
//   - captured <= amount and refunded <= captured, under any number of parallel callers: the payment's row is locked first,
//     the ledger's accounts after it, never the other way round (ARCHITECTURE.md, "The order of locks").
//   - What was confirmed is what is posted: the digest of the terms ([Digest]) is recomputed from the row at execution.
//   - A deadline is looked at by the verb that runs into it. The sweep only tidies up: a late capture is refused although
//     the sweep never ran.
//   - An answer can be given again: [Service] renders a payment as of any version from its steps, so a retried request
//     gets the bytes of the first answer, also after a restart and after later refunds. Names are told as they are now.
//   - Both sides are told in one transaction (tell.go): their notices and the two steps confirm_payer and confirm_payee are
//     committed together, at least once, deduplicated by their own keys. Nobody is told alone.
//   - The same transaction adds the mails (mail.go), one for an event and reader: receipts, received transfers, refunds and
//     top-ups, to people with an e-mail address. Shops get none, and news of more than a day ago stays in the app.
//   - Time: every verb works under a deadline of [Deadline], within the 20 seconds that row 27 allows. A payment whose fate
//     is not known yet answers processing; a verb whose commit is unknown answers outcome_unknown with a link to the payment,
//     and a link that answers 404 means: not paid, nothing taken.
//   - A frozen person's wallets and a frozen shop's receipts are frozen in the ledger by the transaction that freezes their
//     owner, so the flag is read by the statement that locks them. They take part in nothing but the release of holds: a
//     refund waits for the freeze to be lifted, and so does the credit of a top-up whose money has been taken.
//   - A payment code is paper: whom it pays is looked up in our registry, and a code of ours in which a byte was changed is
//     refused by its signature (code.go).
//   - A wallet is never overdrawn. What a charge-back does not find in it becomes a receivable, on an account of its own that only a
//     charge-back debits (chargeback.go); the next money that comes in pays it back first.
//   - Money that a bank says has arrived is booked whatever it is about: to the payment whose reference it carries, or into suspense
//     until an operator says whose it is. Never to a guess (arrival.go).
//   - An exchange posts what its quote says, unit by unit: what the person gives, gets, pays, and what the house's position, margin,
//     fee and rounding accounts take (exchange.go, package fx).
//   - A shop is told exactly the contact fields that it asked for and its payer filled in, once it is paid or the money is held, and by
//     nothing but the session that asked (handover.go). They are written by the transaction that pays.
//   - Free text of people is sealed with the key of the owner who wrote it. Metadata and reference are plain and searchable:
//     they are a shop's order numbers, not people's words.
package payment
