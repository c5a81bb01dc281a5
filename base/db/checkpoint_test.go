package db

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
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

// TestReadersHoldTheLog: readers who hold an old snapshot keep the log from being copied, and each sees one state from its beginning to its
// end; once they have gone the log is begun anew and does not grow on.
func TestReadersHoldTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	d := openWith(t, Options{Path: path, CheckpointPages: 64, Pragmas: []string{"wal_autocheckpoint=0"}})
	rows := 0
	write := func(n int) {
		t.Helper()
		for range n {
			if err := d.Write(t.Context(), func(tx *Tx) error { tx.Queue(insertNote, rows, "x"); return nil }); err != nil {
				t.Fatal(err)
			}
			rows++
		}
	}
	pages := func() int64 {
		t.Helper()
		f, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return f.Size() / 4096
	}
	const held = 600
	for range 3 {
		looked, leave, seen := make(chan struct{}), make(chan struct{}), make(chan [2]int, 1)
		go func() {
			var n [2]int
			err := d.Read(t.Context(), func(tx *Tx) error {
				err := tx.Row("select count(*) from note_row").Scan(&n[0])
				close(looked)
				<-leave
				return errors.Join(err, tx.Row("select count(*) from note_row").Scan(&n[1]))
			})
			if err != nil {
				t.Logf("a reader was held up for longer than readers may take: %v", err)
				n[1] = n[0]
			}
			seen <- n
		}()
		<-looked
		before := rows
		write(held)
		close(leave)
		if n := <-seen; n != [2]int{before, before} {
			t.Errorf("a reader saw %d rows and then %d, and there were %d when it began", n[0], n[1], before)
		}
	}
	grown := pages()
	if grown < held {
		t.Errorf("the log's file has %d pages: nobody held it", grown)
	}
	write(4 * held)
	if n := pages(); n > grown+4*64 {
		t.Errorf("the log's file has %d pages and had %d when the last reader left: it grows on", n, grown)
	}
	if n := count(t, d); n != int64(rows) {
		t.Errorf("%d rows of %d", n, rows)
	}
}

// TestOverlappingReaders: readers of whom there is always one with an old snapshot do not keep the log for ever: when it is eight times as
// long as it should be, those who come wait for those who are there.
func TestOverlappingReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	const pages, writes = 64, 3_000
	d := openWith(t, Options{Path: path, CheckpointPages: pages, Pragmas: []string{"wal_autocheckpoint=0"}})
	begun, end := make(chan chan struct{}), make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				after := make(chan struct{})
				err := d.Read(t.Context(), func(tx *Tx) error {
					if err := tx.Row("select count(*) from note_row where id < 5").Scan(new(int64)); err != nil {
						return err
					}
					select {
					case begun <- after:
					case <-end:
						return nil
					}
					select {
					case <-after: // somebody else has begun, who sees more
					case <-time.After(20 * time.Millisecond): // or has to wait
					}
					return nil
				})
				select {
				case <-end:
					return
				default:
				}
				if err != nil {
					t.Logf("a reader: %v", err)
				}
			}
		})
	}
	overlapped := 0
	readers.Go(func() {
		var last chan struct{}
		for {
			select {
			case next := <-begun:
				if last != nil {
					close(last)
					overlapped++
				}
				last = next
			case <-end:
				return
			}
		}
	})
	for i := range writes {
		if err := d.Write(t.Context(), func(tx *Tx) error { tx.Queue(insertNote, i, "x"); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	close(end)
	readers.Wait()
	f, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Size() / 4096; n > 2*crowdedFrom*pages || overlapped < 100 {
		t.Errorf("the log's file has %d pages after %d writes, beside %d readers who overlapped", n, writes, overlapped)
	}
	if n := count(t, d); n != writes {
		t.Errorf("%d rows", n)
	}
}
