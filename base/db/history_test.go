package db_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/test/harness"
)

// era is a database that can be copied and put back while nobody has it open.
type era struct {
	t      *testing.T
	place  db.Options
	folder string // of the witness
}

func eras(t *testing.T, body func(t *testing.T, e *era)) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			body(t, &era{t: t, place: harness.Place(t, engine), folder: t.TempDir()})
		})
	}
}

// start opens the database as a server does.
func (e *era) start(accept bool) *db.DB {
	e.t.Helper()
	d, err := db.Open(e.t.Context(), e.place)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { d.Close() })
	if err := d.Watch(e.t.Context(), e.folder, accept); err != nil {
		e.t.Fatal(err)
	}
	return d
}

// live is a server's life: it starts, writes a setting, and stops.
func (e *era) live(value string) {
	e.t.Helper()
	d := e.start(false)
	migrateIfNew(e.t, d)
	if err := errors.Join(set(d, value), d.Close()); err != nil {
		e.t.Fatal(err)
	}
}

func migrateIfNew(t *testing.T, d *db.DB) {
	t.Helper()
	if err := d.Migrate(t.Context(), harness.Start); err != nil {
		t.Fatal(err)
	}
}

func set(d *db.DB, value string) error {
	return d.Write(context.Background(), func(tx *db.Tx) error { return db.SetSetting(tx, "value", value) })
}

func value(t *testing.T, d *db.DB) string {
	t.Helper()
	v, err := db.Read(t.Context(), d, func(tx *db.Tx) (string, error) { v, _, err := db.Setting(tx, "value"); return v, err })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// copy makes a copy of the database, which back puts in its place.
func (e *era) copy() (back func()) {
	e.t.Helper()
	if e.place.DSN == "" {
		content, err := os.ReadFile(e.place.Path)
		if err != nil {
			e.t.Fatal(err)
		}
		return func() {
			if err := os.WriteFile(e.place.Path, content, 0o600); err != nil {
				e.t.Fatal(err)
			}
		}
	}
	name := database(e.t, e.place.DSN)
	saved := name + "_old"
	e.sql("create database " + saved + " template " + name)
	e.t.Cleanup(func() { e.sql("drop database if exists " + saved + " with (force)") })
	return func() { // as where a replica takes over: the server's connections break and the new ones find the copy
		e.sql("alter database "+name+" allow_connections false",
			"select pg_terminate_backend(pid) from pg_stat_activity where datname = '"+name+"'",
			"drop database "+name+" with (force)", "alter database "+saved+" rename to "+name)
	}
}

func database(t *testing.T, dsn string) string {
	t.Helper()
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return c.Database
}

// sql runs statements beside the database.
func (e *era) sql(statements ...string) {
	e.t.Helper()
	u, err := url.Parse(e.place.DSN)
	if err != nil {
		e.t.Fatal(err)
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, strings.Replace(e.place.DSN, u.Path, "/postgres", 1))
	if err != nil {
		e.t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, q := range statements {
		if _, err := conn.Exec(ctx, q); err != nil {
			e.t.Fatalf("%s: %v", q, err)
		}
	}
}

// TestAnOlderCopyIsNotWrittenTo shows that a database which lacks what was confirmed is noticed when a server starts on it: it can be
// read, all writing is refused by name until it is accepted, and accepting is once for all. The control is the newest copy.
func TestAnOlderCopyIsNotWrittenTo(t *testing.T) {
	eras(t, func(t *testing.T, e *era) {
		e.live("one")
		older := e.copy()
		e.live("two")
		older()
		for range 2 { // it stays so from start to start
			d := e.start(false)
			if err := set(d, "three"); !errors.Is(err, db.ErrHistoryWentBack) {
				t.Fatalf("a write on an older copy answered %v", err)
			}
			if f, _ := fault.As(d.History()); f == nil || f.Moved.String() != "no" || f.Kind != fault.Unavailable {
				t.Fatalf("the refusal is %+v", f)
			}
			if v := value(t, d); v != "one" {
				t.Errorf("it reads %q", v)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
		d := e.start(true)
		if err := errors.Join(d.History(), set(d, "three"), d.Close()); err != nil {
			t.Fatalf("after it was accepted: %v", err)
		}
		newest := e.copy()
		newest()
		d = e.start(false)
		if err := errors.Join(d.History(), set(d, "four")); err != nil {
			t.Errorf("the newest copy: %v", err)
		}
	})
}

// TestAnotherHistoryIsNotWrittenTo shows that a copy which went its own way, longer than ours, is noticed too, and an empty database.
func TestAnotherHistoryIsNotWrittenTo(t *testing.T) {
	eras(t, func(t *testing.T, e *era) {
		e.live("one")
		older := e.copy()
		e.live("two")
		older()
		known := e.folder
		e.folder = filepath.Join(t.TempDir(), "other")
		for range 5 {
			e.live("elsewhere")
		}
		e.folder = known
		d := e.start(false)
		if err := set(d, "three"); !errors.Is(err, db.ErrHistoryWentBack) {
			t.Errorf("a write on another history answered %v", err)
		}
		d.Close()
		e.place = harness.Place(t, d.Engine())
		d = e.start(false)
		if err := set(d, "three"); !errors.Is(err, db.ErrHistoryWentBack) {
			t.Errorf("a write on an empty database answered %v", err)
		}
	})
}

// TestAReplicaThatLacksSomething shows that a server which runs notices by its next connection that another database answers.
func TestAReplicaThatLacksSomething(t *testing.T) {
	e := &era{t: t, place: harness.Place(t, db.Postgres), folder: t.TempDir()}
	e.live("one")
	older := e.copy()
	d := e.start(false)
	if err := set(d, "two"); err != nil {
		t.Fatal(err)
	}
	witnessed(t, e.folder, d)
	older()
	accepted := 0
	var last error
	for range 50 {
		if last = set(d, "three"); last == nil {
			accepted++
		} else if errors.Is(last, db.ErrHistoryWentBack) {
			break
		}
	}
	if accepted != 0 || !errors.Is(last, db.ErrHistoryWentBack) {
		t.Errorf("%d writes were accepted on an older replica, the last answered %v", accepted, last)
	}
	if v := value(t, d); v != "one" {
		t.Errorf("it reads %q", v)
	}
}

// witnessed waits until the witness's file has changed since the last write.
func witnessed(t *testing.T, folder string, d *db.DB) {
	t.Helper()
	read := func() string {
		b, err := os.ReadFile(filepath.Join(folder, "head.0"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	before := read()
	for read() == before {
		if err := d.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
