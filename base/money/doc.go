// Package money holds amounts: whole minor units of one currency, never a fraction, never a float.
//
// Promise: an amount that was accepted is exact, and arithmetic either gives the exact result or refuses. Nothing
// wraps, nothing is rounded unless the caller names the rounding, and then the remainder is handed back to be posted.
//
// Invariants:
//   - Only amounts of the same currency meet; a currency is its code and its scale (0 to 8 decimals), so EUR with
//     two decimals and a private EUR-like asset with three cannot be mixed up.
//   - ParseMinor and ParseDecimal accept one spelling of each amount, in ASCII digits, and refuse everything else
//     with a named fault whose Param is "amount".
//   - Split and Mul lose nothing: parts sum to the whole, and result and remainder give back the exact product.
//   - Sums over many entries are kept in 128 bits (Sum128).
package money
