package db

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// openWith opens a database of notes with options of the test's own.
func openWith(t *testing.T, o Options) *DB {
	t.Helper()
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context(), never, noteSchema); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestLogIsBegunAnew: however long the work goes on without a pause, the log is copied beside it and its file stays small; the writer's own
// checkpoints are off.
func TestLogIsBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	d := openWith(t, Options{Path: path, CheckpointPages: 64, Pragmas: []string{"wal_autocheckpoint=0"}})
	const writes = 4_000
	for i := range writes {
		if err := d.Write(t.Context(), func(tx *Tx) error { tx.Queue(insertNote, i, "x"); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if pages := f.Size() / 4096; pages > writes/2 {
		t.Errorf("the log's file has %d pages after %d writes", pages, writes)
	}
	if n := count(t, d); n != writes {
		t.Errorf("%d rows", n)
	}
}

// TestSpilledTransaction: a transaction longer than the writer's memory is read back while it is written, undone whole, and read by others
// when it is kept: what the log's file gathers is in the file whenever somebody looks.
func TestSpilledTransaction(t *testing.T) {
	d := openWith(t, Options{Path: filepath.Join(t.TempDir(), "t.db"), Pragmas: []string{"cache_size=8", "synchronous=off"}})
	long := strings.Repeat("0123456789", 300)
	body := func(tx *Tx) error {
		for i := range 400 {
			tx.Queue(insertNote, i, long)
			var was string
			if err := tx.Row("select text from note_row where id = $1", i/2).Scan(&was); err != nil || was != long {
				t.Errorf("row %d reads %d characters, %v", i/2, len(was), err)
				return err
			}
		}
		return nil
	}
	if err := d.Write(t.Context(), func(tx *Tx) error { body(tx); return errors.New("no") }); err == nil || count(t, d) != 0 {
		t.Errorf("undone: %v, %d rows", err, count(t, d))
	}
	if err := d.Write(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	var n, size int
	if err := d.Read(t.Context(), func(tx *Tx) error {
		return tx.Row("select count(*), coalesce(sum(length(text)), 0) from note_row").Scan(&n, &size)
	}); err != nil || n != 400 || size != 400*len(long) {
		t.Errorf("%d rows of %d characters, %v", n, size, err)
	}
}

// TestFolderOfAnyName: the writer opens its file by a URI; no character of a folder's name is one's of its own there.
func TestFolderOfAnyName(t *testing.T) {
	for _, name := range []string{"a b", "100%41", "what?", "c#", "账本", "x&mode=ro", "a//b"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		d := openTest(t, dir)
		if err := d.Write(t.Context(), func(tx *Tx) error { tx.Queue(insertNote, 1, "x"); return nil }); err != nil || count(t, d) != 1 {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "t.db")); err != nil {
			t.Error(err)
		}
	}
}
