package harness

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" of Raw
	_ "modernc.org/sqlite"             // its driver "sqlite"

	"billfold/base/db"
	"billfold/test/postgres"
)

// Engines runs body on both engines, as the subtests "sqlite" and "postgres", each on a database of its own that is empty
// but for the given schemas.
func Engines(t *testing.T, body func(t *testing.T, d *db.DB), schemas ...db.Schema) {
	t.Helper()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) { body(t, Open(t, engine, schemas...)) })
	}
}

// Open opens a fresh database of one engine that is empty but for the given schemas.
func Open(t testing.TB, engine db.Engine, schemas ...db.Schema) *db.DB {
	t.Helper()
	d := Again(t, Place(t, engine))
	if len(schemas) > 0 {
		if err := d.Migrate(context.Background(), Start, schemas...); err != nil {
			t.Fatalf("migrate %s: %v", engine, err)
		}
	}
	return d
}

// Place names a fresh database of one engine without opening it: a file that does not exist yet, or an empty PostgreSQL
// database.
func Place(t testing.TB, engine db.Engine) db.Options {
	t.Helper()
	if engine == db.Postgres {
		return db.Options{DSN: postgres.New(t), Log: Logger(t)}
	}
	return db.Options{Path: filepath.Join(t.TempDir(), "billfold.db"), Log: Logger(t)}
}

// opened remembers where each open database lies, for Options and Raw.
var opened sync.Map // *db.DB → db.Options

// Again opens the database at a place, for tests that close one and look again. The test's end closes it.
func Again(t testing.TB, o db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), o)
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	opened.Store(d, o)
	t.Cleanup(func() {
		opened.Delete(d)
		if err := d.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return d
}

// Options says where a database that this package opened lies.
func Options(t testing.TB, d *db.DB) db.Options {
	t.Helper()
	o, ok := opened.Load(d)
	if !ok {
		t.Fatal("this database was not opened by the harness")
	}
	return o.(db.Options)
}

// Raw opens the database beside d with no rules of ours in the way: for what somebody with a SQL shell could do to it.
// Placeholders are $1, $2, … on both engines.
func Raw(t testing.TB, d *db.DB) *sql.DB {
	t.Helper()
	o := Options(t, d)
	driver, source := "sqlite", "file:"+o.Path+"?_pragma=busy_timeout(10000)"
	if o.DSN != "" {
		driver, source = "pgx", o.DSN
	}
	raw, err := sql.Open(driver, source)
	if err != nil {
		t.Fatalf("open raw database: %v", err)
	}
	t.Cleanup(func() { raw.Close() })
	return raw
}
