// Package telemetry is how the program talks about itself to those who run it: a log and a few metrics.
//
// Promise: what reaches the log or the metrics is about requests and jobs, never about people's secrets. The first
// net is that nobody logs a secret; this package is the second one.
//
// Invariants:
//   - A logger is made by New and handed on by constructors; there is no global one.
//   - An attribute whose key or group names a secret (password, code, token, secret, authorization, pan, key and
//     their like) is written as [redacted]. A fault's code is therefore logged under "fault".
//   - In every text, message included, API keys, bearer tokens, e-mail addresses and numbers that pass the Luhn
//     check as a card's are blacked out.
//   - A value of a type that could carry anything (a struct, a map, bytes) is written as its type's name.
//   - Labels of metrics are short and come from a bounded set; the rest is counted under "other".
package telemetry
