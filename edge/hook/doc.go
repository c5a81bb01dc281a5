// Package hook is the door for rails: POST /hook/{rail} takes in their signed callbacks.
//
// Promises:
//
//   - 204 means that the callback is on disk and its work is queued, both in one transaction. A rail that hears anything else, or
//     nothing, sends it again; a repeat is answered the same and does nothing twice.
//   - A callback that its rail did not sign is refused with 401, an unreadable one with 400, without a word about why: who forges is
//     told nothing. A rail that is not installed answers 404.
//   - No more than 64 KiB are read, and nothing is looked at before the signature over the very bytes that came.
//
// What a callback means for a payment is core/payment's business; it is not decided while the rail waits.
package hook
