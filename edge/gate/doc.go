// Package gate stands before everything that answers requests, and lets in what can be done in time.
//
// Promise: whoever is let in is worked on soon; whoever is not is told so at once, by 429 where the caller asked too much and by 503 where
// everybody together did, with Retry-After, and nothing was done for them. One caller's crowd does not keep another waiting.
//
// Invariants:
//   - Nothing grows without a bound: requests that are worked on, that wait, that are still being read, streams, and what is remembered
//     of callers each have one.
//   - Work is handed out in turns, caller by caller. Where no more may wait, the newest of the longest line goes first.
//   - No more are let in while somebody has waited longer than the target: a line that is too long is not made longer. What is critical,
//     an answer to a promise that was already made (capture, void, refund, callback), has a reserve, three turns of four where
//     both wait, or seven of eight once it has waited for long, and is not turned away while anything else waits: it is shed last, after
//     four times the patience, and cannot starve the rest.
//   - A body is read before a place is taken, so that a slow sender holds nothing that others need.
//   - Who asks is known only from requests that were answered before: a key that nobody has seen counts for its network.
//   - Times are of the real clock; the sandbox's clock moves nothing here.
package gate
