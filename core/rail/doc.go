// Package rail is the road between Billfold and money outside: today a card acquirer that lives in the sandbox.
//
// A [Rail] is only ever asked; it answers later, by a signed callback over HTTP to the address it was given, exactly as an
// acquirer on the internet would. The [Inbox] is our side of that door: it checks the signature, stores each callback once by
// its id and queues the work in the same transaction. What the callback means for a payment is payment's business.
//
// The [Sandbox] is the other party. It delays, repeats and reorders its answers, declines by token, and forgets to answer
// until asked again, all from a seed; what it knows lies in its own tables, so it survives a restart like the real thing, and
// it never reads ours. There are no card numbers anywhere: only test tokens.
//
// Signatures are those of Standard Webhooks (standardwebhooks.com, specification 1.0): headers webhook-id, webhook-timestamp and
// webhook-signature, "v1," and the base64 of HMAC-SHA-256 over id.timestamp.body; five minutes of tolerance by real time.
//
// Tables: rail_callback (what came in), rail_sandbox_charge (what the sandbox acquirer was asked and answered).
package rail
