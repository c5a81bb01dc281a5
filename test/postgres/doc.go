// Package postgres lends tests a real PostgreSQL server that they start themselves.
//
// The promise: New returns an empty database of a server that runs with the durability PostgreSQL ships with (fsync and
// synchronous_commit are on), whoever runs the tests and however many test processes run at once. Nothing has to be
// started before and nothing is left behind.
//
// How it holds:
//
//   - One server serves every test process of one user on one machine. The first process that asks starts a keeper: the
//     same test binary again, in its own session. The keeper makes a cluster, runs the server as its child and stops it
//     when nobody has used it for a while.
//   - Who uses the server is counted by the kernel. Each test process holds a shared lock on users.lock until it ends, in
//     whatever way it ends; the keeper takes that lock alone before it stops the server. There is no counter to go wrong.
//   - The server listens on a socket in a folder that only its user can enter, and on no port. So it needs no password,
//     cannot collide, and a test that wants a port puts a proxy in front.
//   - PostgreSQL refuses to run as root. Under root the server runs as the user postgres, or else nobody.
//
// Alone lends a server that no other test uses, to be configured, stopped and killed.
//
// The folder is $BILLFOLD_TEST_PG where it is set, else one in the user's cache (under root, one in /var/cache, because
// the server's user cannot enter root's home). The server's programs are looked for in $BILLFOLD_TEST_PG_BIN, then on the
// PATH, then where Debian, Red Hat and Homebrew put them.
package postgres
