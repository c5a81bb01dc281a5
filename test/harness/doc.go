// Package harness gives tests what the product gets from its surroundings: a database of each engine, a clock, keys, a
// log, a disk that is full.
//
// The promise: everything is real. The databases are a SQLite file and a PostgreSQL server with their durability as
// shipped, the keyring is a keyring in a folder, the full disk is a file system. What a test is handed is its own, fresh,
// and gone when the test ends; nothing is shared but the PostgreSQL server (package test/postgres), and tests of several
// packages may run at once.
//
// A service test reads:
//
//	harness.Engines(t, func(t *testing.T, d *db.DB) {
//		…
//	}, ledger.Schema)
package harness
