// Package bench measures Billfold as it is used: the same verbs, schema, indexes and durability as `billfold serve`, over
// HTTP on loopback, every answer after it is on disk.
//
// Promises: a figure is printed only after the database that produced it was closed and verified by a new process; load and
// server share the machine, and the text says so; a database that a bench made can be served, verified and measured again,
// and a bench touches no other.
package bench
