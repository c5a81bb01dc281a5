// Package fx exchanges one currency for another at a rate that somebody has seen.
//
// Promise: a [Quote] says everything before anything moves: the mid rate with its source and time, our own rate, the fee, what
// is given, what is got, and until when. Its figures never change; it is bound to the person who asked, is used once, and is
// refused, by the real clock, from the second it is over ([Quote.ExpiresAt]). The check of all three stands in the transaction
// that posts.
//
// Rates are exact ratios of whole units, never a binary or decimal fraction. What is computed:
//
//	exact  = amount × mid                    in minor units of the other currency, a ratio
//	paid   = exact, rounded up               what the house's position in the other currency gives
//	gets   = amount × our rate, rounded down what the person gets
//	rest   = paid - exact                    less than a minor unit, kept as a ratio beside the quote
//	margin = exact rounded down - gets       what our rate keeps
//	round  = paid - gets - margin            0 or 1: the unit that the fraction cannot fill
//
// Invariants:
//
//   - paid = gets + margin + round, each posted to an account of its own, so every minor unit is explained and the rounding
//     account's balance is the sum of the fractions that were too small to pay.
//   - The fee is at least one minor unit and rounded up; gets is rounded down and at least one minor unit. So nobody gains by
//     going there and back, however small the amounts and however often (TestThereAndBack).
//   - A quote is used once: its row is locked, looked at and marked in the transaction that posts the exchange.
//
// Tables: fx_quote.
package fx
