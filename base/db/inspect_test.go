package db_test

import (
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/test/harness"
)

// TestInspect: an index that lacks what its table has is found; what is whole is not.
func TestInspect(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		fill := func(from int) {
			t.Helper()
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				for i := range 500 {
					tx.Queue("insert into note_row (id, text, more) values ($1, $2, $3)", from+i, strings.Repeat("x", i), from+i)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		raw := harness.Raw(t, d)
		run := func(q string) {
			t.Helper()
			if _, err := raw.Exec(q); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
		inspect := func() (able bool, found []string) {
			t.Helper()
			able, left, err := d.Inspect(t.Context(), time.Minute, func(what string) { found = append(found, what) })
			if err != nil || len(left) > 0 {
				t.Fatalf("left %v: %v", left, err)
			}
			return able, found
		}
		run("create index note_more on note_row (more)")
		fill(1)
		if d.Engine() == db.Postgres {
			if able, _ := inspect(); able {
				t.Error("amcheck is said to be there")
			}
			run("create extension amcheck")
		}
		if able, found := inspect(); !able || len(found) > 0 {
			t.Errorf("whole: able %v, found %v", able, found)
		}
		if d.Engine() == db.Postgres {
			run("update pg_index set indisready = false where indexrelid = 'note_more'::regclass")
			fill(1000)
			run("update pg_index set indisready = true where indexrelid = 'note_more'::regclass")
		} else {
			place := harness.Options(t, d)
			at := lastByte(t, raw, "note_more")
			raw.Close()
			d.Close()
			flip(t, place.Path, at)
			d = harness.Again(t, place)
		}
		if _, found := inspect(); len(found) == 0 || !strings.Contains(strings.Join(found, " "), "note_more") {
			t.Errorf("a damaged index: found %q", found)
		}
	})
}

// lastByte is where an index that is one page long keeps a byte of its last cell in a SQLite file.
func lastByte(t *testing.T, raw *sql.DB, index string) int64 {
	t.Helper()
	var root, size int64
	if err := raw.QueryRow("select rootpage from sqlite_master where name = $1", index).Scan(&root); err != nil {
		t.Fatal(err)
	}
	if err := raw.QueryRow("pragma page_size").Scan(&size); err != nil {
		t.Fatal(err)
	}
	return root*size - 2
}

// flip changes one bit of a file.
func flip(t *testing.T, path string, at int64) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	key := make([]byte, 1)
	if _, err = file.ReadAt(key, at); err == nil {
		key[0] ^= 1
		_, err = file.WriteAt(key, at)
	}
	if err != nil {
		t.Fatal(err)
	}
}
