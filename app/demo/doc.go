// Package demo gives a sandbox its people, two shops and ninety days of history.
//
// Promise: nothing here is put into a table by hand. People are made, shops registered and money moved by the same verbs
// that serve everybody, in the order of time, under the sandbox's clock; top-ups come in through the card rail's callback,
// over HTTP. So every payment has its ledger entries and its events, both sides were told, and verify finds nothing.
//
// After the history come the scenes of the last day: what is on its way between people, to a bank, or before the operator, so that
// each page has something to show.
//
// The history is a [Plan], made from a seed and nothing else, in which every act has a number. The number is the act's
// idempotency key: a history that a crash cut short is made again from the beginning, and what exists already is found
// instead of made twice.
package demo
