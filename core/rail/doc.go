// Package rail is the road between Billfold and money outside: a card acquirer and a bank, both of which live in the sandbox today.
//
// A [Rail] is only ever asked; it answers later, by a signed callback over HTTP to the address it was given, exactly as an
// acquirer on the internet would. The [Inbox] is our side of that door: it checks the signature, stores each callback once by
// its id and queues the work in the same transaction. What the callback means for a payment is payment's business.
//
// The [Sandbox] is the other party. It delays, repeats and reorders its answers, declines by token, and forgets to answer
// until asked again, all from a seed; what it knows lies in its own tables, so it survives a restart like the real thing, and
// it never reads ours. Card numbers come in through one door,
// [Cards], and go no further: [Sandbox.Keep] takes the sandbox's own test numbers, refuses all others, and keeps token, brand, last four
// and expiry, never the number and never the code.
//
// Signatures are those of Standard Webhooks (standardwebhooks.com, specification 1.0): headers webhook-id, webhook-timestamp and
// webhook-signature, "v1," and the base64 of HMAC-SHA-256 over id.timestamp.body; five minutes of tolerance by real time.
//
// The [SandboxBank] is the third: it pays out, rejects and returns by the ending of the account's number, and brings in what people
// elsewhere send, told as often and in whatever order as the acquirer tells. It keeps no account number of anybody.
//
// People's bank accounts lie in the [Book], number and holder sealed with their owner's key. What strangers write into the purpose of a
// transfer is sealed too; only a reference of ours in it (ISO 11649, found by its check digits) is plain, because it is looked up.
//
// Tables: rail_callback and rail_credit (what came in), rail_account (people's bank accounts), rail_card, rail_sandbox_charge,
// rail_sandbox_refund, rail_sandbox_order and rail_sandbox_transfer (what the outside was asked, answered and did).
package rail
