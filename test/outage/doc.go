// Package outage tries what callers were told against what is there after the server died, after answers were lost on the way, and
// while many callers meet on the same accounts. Everything is real: the program is built and runs as a process of its own, callers
// speak to it with the official client over TCP, and what they were told is kept in this process, outside of what is killed.
//
// The promise that is tried: whoever was answered finds what they were told; whoever was not finds out with the same key, and nothing
// is done twice. Each test has a control, in which the loss, the double or the stale answer is made on purpose and must be reported.
package outage
