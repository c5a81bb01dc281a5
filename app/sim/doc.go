// Package sim runs the whole product against a second model of itself, with faults, from a seed.
//
// The promise: what a seed finds, the same seed finds again, at the same step. Every step is one request of a person, a shop, an operator
// or a rail, drawn from the seed; the model (books.go), which shares no code with what it checks, says what must come of it; the answer and
// the balances it touched are compared at once, everything else and both verifications every so many steps. Requests are repeated under
// their key, at once, years later, with another body, from two callers at the same moment and after their caller has left; the process
// dies between two steps and in the middle of a transaction; clocks jump.
//
// What follows from the seed: which steps are taken, both clocks, and so what every answer says. What does not: how the tasks of one step,
// or two callers of one step, follow each other, and how far a request came whose caller left; ids are drawn from the seed and may
// differ after such a step. Only such steps meet in parallel as have one outcome in either order, and what a caller left is asked for
// until it is done. Result's digest, over every answer and every balance, shows that two runs were one.
package sim
