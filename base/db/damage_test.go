package db_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/test/harness"
)

// TestDamagedFile: whoever asks a database whose file is not what was written is told that, and not to wait a moment.
func TestDamagedFile(t *testing.T) {
	for what, damage := range map[string]func(file []byte) []byte{
		"no database": func([]byte) []byte { return bytes.Repeat([]byte("no database "), 500) },
		"a torn page": func(file []byte) []byte { clear(file[4096:]); return file },
	} {
		t.Run(what, func(t *testing.T) {
			o := harness.Place(t, db.SQLite)
			d := harness.Again(t, o)
			migrate(t, d)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			file, err := os.ReadFile(o.Path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(o.Path, damage(file), 0o600); err != nil {
				t.Fatal(err)
			}
			d, err = db.Open(t.Context(), o)
			if err == nil {
				defer d.Close()
				_, err = db.Read(t.Context(), d, func(tx *db.Tx) (n int64, err error) {
					return n, tx.Row("select count(*) from note_row").Scan(&n)
				})
			}
			if !errors.Is(err, fault.ErrDamaged) {
				t.Errorf("got %v", err)
			}
		})
	}
}
