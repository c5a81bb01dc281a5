package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestServer shows that two databases of the one server are apart and that the server is as durable as shipped.
func TestServer(t *testing.T) {
	ctx := context.Background()
	var conns [2]*pgx.Conn
	for i := range conns {
		conn, err := pgx.Connect(ctx, New(t))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		conns[i] = conn
	}
	if _, err := conns[0].Exec(ctx, "create table here (id text primary key)"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := conns[1].QueryRow(ctx, "select count(*) from pg_tables where tablename = 'here'").Scan(&n); err != nil || n != 0 {
		t.Fatalf("a table of one database is seen in the other: %d, %v", n, err)
	}
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := conns[0].QueryRow(ctx, "show "+setting).Scan(&value); err != nil || value != "on" {
			t.Errorf("%s = %q, %v; a test server that forgets shows nothing", setting, value, err)
		}
	}
}

// TestLentAgain shows that a database is empty when it is lent again, although somebody is still connected to it.
func TestLentAgain(t *testing.T) {
	ctx := context.Background()
	var first string
	t.Run("first", func(t *testing.T) {
		first = New(t)
		conn, err := pgx.Connect(ctx, first)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{"create table left_behind (id text)", "begin", "lock table left_behind"} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				t.Fatal(err)
			}
		}
	})
	// Another process may have taken it meanwhile; what is asked for is that whatever is lent is empty.
	conn, err := pgx.Connect(ctx, New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var n int
	if err := conn.QueryRow(ctx, "select count(*) from pg_tables where schemaname = 'public'").Scan(&n); err != nil || n != 0 {
		t.Fatalf("%d tables are left, %v", n, err)
	}
}
