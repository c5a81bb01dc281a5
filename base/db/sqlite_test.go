package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"billfold/base/fault"
)

var noteSchema = Schema{Package: "note", FS: fstest.MapFS{"schema/0001_note.sql": {Data: []byte(`-- a table to write to
create table note_row (
	id bigint primary key,
	text text not null,
	flag boolean not null default true,
	seal bytea
);
create table note_pair (
	a text not null,
	b text not null,
	n bigint not null,
	primary key (a, b)
); -- clustered
`)}}}

var never = time.Unix(0, 0)

func openTest(t *testing.T, dir string) *DB {
	t.Helper()
	d, err := Open(t.Context(), Options{Path: filepath.Join(dir, "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context(), time.Unix(0, 0), noteSchema); err != nil {
		t.Fatal(err)
	}
	return d
}

func count(t *testing.T, d *DB) (n int64) {
	t.Helper()
	if err := d.Read(t.Context(), func(tx *Tx) error { return tx.Row("select count(*) from note_row").Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

const insertNote = "insert into note_row (id, text) values ($1, $2)"

// hold occupies the committer until release is called, so that whatever is written meanwhile forms one group.
func hold(t *testing.T, d *DB) (release func()) {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	var once sync.Once // the body runs again when its group is lost
	wg.Go(func() {
		if err := d.Write(context.Background(), func(*Tx) error { once.Do(func() { close(entered) }); <-leave; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-entered
	return func() { close(leave); wg.Wait() }
}

// queueUp waits until n members wait behind the held committer.
func queueUp(d *DB, n int) {
	for len(d.back.(*lite).queue) < n {
		runtime.Gosched() // the queue has no signal of its own; this polls a condition
	}
}

func TestNeighboursOfAFailureAreKept(t *testing.T) {
	d := openTest(t, t.TempDir())
	ways := map[string]func(tx *Tx) error{
		"returns an error": func(tx *Tx) error { tx.Queue(insertNote, 100, "x"); return errors.New("no") },
		"panics":           func(tx *Tx) error { tx.Queue(insertNote, 101, "x"); panic("ouch") },
		"hits a constraint and swallows it": func(tx *Tx) error {
			tx.Queue(insertNote, 102, "x")
			tx.Exec(insertNote, 102, "again")
			tx.Queue(insertNote, 103, "after")
			return nil
		},
		"wrong SQL": func(tx *Tx) error {
			tx.Queue(insertNote, 104, "x")
			_, err := tx.Exec("insert into nowhere values (1)")
			return err
		},
		"wrong type": func(tx *Tx) error { _, err := tx.Exec(insertNote, "seven", "x"); return err },
	}
	before, _ := d.Fsyncs(t.Context())
	release := hold(t, d)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := d.Write(t.Context(), func(tx *Tx) error { tx.Queue(insertNote, i, "good"); return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	for name, body := range ways {
		wg.Go(func() {
			if err := d.Write(t.Context(), body); err == nil {
				t.Errorf("a body that %s succeeded", name)
			}
		})
	}
	queueUp(d, 20+len(ways))
	release()
	wg.Wait()
	if n := count(t, d); n != 20 {
		t.Errorf("%d rows, want the 20 good ones and nothing of the bad", n)
	}
	if after, _ := d.Fsyncs(t.Context()); after-before > 3 {
		t.Errorf("%d commits for %d writes that waited together", after-before, 20+len(ways))
	}
}

// A body that ends the whole transaction, as SQLITE_FULL does, must not let its neighbours write outside of one: each
// runs again alone, and each takes effect once.
func TestLostGroupIsRerun(t *testing.T) {
	d := openTest(t, t.TempDir())
	release := hold(t, d)
	var wg sync.WaitGroup
	var mu sync.Mutex
	runs := map[int]int{}
	write := func(i int, body func(tx *Tx) error) {
		wg.Go(func() {
			err := d.Write(t.Context(), func(tx *Tx) error {
				mu.Lock()
				runs[i]++
				mu.Unlock()
				return body(tx)
			})
			if (err != nil) != (i == 1) {
				t.Errorf("member %d: %v", i, err)
			}
		})
		queueUp(d, i+1)
	}
	good := func(tx *Tx) error {
		_, err := tx.Exec("insert into note_pair (a, b, n) values ('n', 'n', 1) on conflict (a, b) do update set n = note_pair.n + 1")
		return err
	}
	write(0, good)
	write(1, func(tx *Tx) error { _, err := tx.Exec("rollback"); return err })
	write(2, good)
	release()
	wg.Wait()
	var n int64
	if err := d.Read(t.Context(), func(tx *Tx) error { return tx.Row("select n from note_pair").Scan(&n) }); err != nil || n != 2 {
		t.Errorf("n = %d (%v), want each neighbour's effect once", n, err)
	}
	if runs[0] != 2 {
		t.Errorf("the member before the loss ran %d times; the loss was not reached", runs[0])
	}
}

func TestFullFileRefusesCleanlyAndRecovers(t *testing.T) {
	d := openTest(t, t.TempDir())
	var pages int
	if err := d.Read(t.Context(), func(tx *Tx) error { return tx.Row("pragma page_count").Scan(&pages) }); err != nil {
		t.Fatal(err)
	}
	// The limit is set on the committer's connection and on those that follow it: a lost group is rerun on a new one.
	limit := fmt.Sprintf("max_page_count=%d", pages)
	roomy := writerPragmas
	writerPragmas = append(slices.Clone(roomy), limit)
	release := hold(t, d)
	if err := d.back.(*lite).conn.run("pragma " + limit); err != nil {
		t.Fatal(err)
	}
	release()
	big := strings.Repeat("x", 100_000)
	err := d.Write(t.Context(), func(tx *Tx) error { tx.Queue(insertNote, 1, big); return nil })
	if !errors.Is(err, fault.ErrStorageFull) {
		t.Fatalf("a full file answered %v", err)
	}
	if n := count(t, d); n != 0 {
		t.Fatalf("%d rows after a refused write", n)
	}
	writerPragmas = roomy // the disk has room again
	if err := d.Write(t.Context(), func(tx *Tx) error { tx.Queue(insertNote, 1, big); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestImpatientCallerLeavesTheQueue(t *testing.T) {
	d := openTest(t, t.TempDir())
	release := hold(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- d.Write(ctx, func(tx *Tx) error { tx.Queue(insertNote, 1, "never"); return nil })
	}()
	queueUp(d, 1)
	cancel()
	if err := <-done; !errors.Is(err, fault.ErrBusy) || !errors.Is(err, context.Canceled) {
		t.Errorf("answered %v", err)
	}
	release()
	d.Write(t.Context(), func(*Tx) error { return nil })
	if n := count(t, d); n != 0 {
		t.Error("an abandoned write took effect")
	}
}

// A cancelled context must not interrupt a body that has begun: on SQLite that would roll back the whole group.
func TestCancelDuringBodyStillCommits(t *testing.T) {
	d := openTest(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	ran := false
	err := d.Write(ctx, func(tx *Tx) error {
		cancel()
		tx.Queue(insertNote, 1, "kept")
		tx.After(func() { ran = true })
		return tx.Context().Err()
	})
	if err != nil || count(t, d) != 1 || !ran {
		t.Errorf("err %v, rows %d, after ran %v", err, count(t, d), ran)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	d := openTest(t, dir)
	_, err := Open(t.Context(), Options{Path: filepath.Join(dir, "t.db")})
	if f, _ := fault.As(err); !errors.Is(err, ErrFolderInUse) || !strings.Contains(f.Detail.EN, "pid "+strconv.Itoa(os.Getpid())) {
		t.Errorf("a second writer answered %v", err)
	}
	ro, err := Open(t.Context(), Options{Path: filepath.Join(dir, "t.db"), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if err := ro.Write(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, fault.ErrReadOnly) {
		t.Errorf("a read-only database answered %v to a write", err)
	}
	count(t, ro)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("a closed database answered %v", err)
	}
	if err := d.Ready(t.Context()); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("a closed database answered %v to a read", err)
	}
	openTest(t, dir)
}

func TestReadersCannotWrite(t *testing.T) {
	d := openTest(t, t.TempDir())
	err := d.Read(t.Context(), func(tx *Tx) error { _, err := tx.Exec(insertNote, 1, "x"); return err })
	if !errors.Is(err, fault.ErrReadOnly) {
		t.Errorf("answered %v", err)
	}
}

func TestUnwritableFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{Path: filepath.Join(file, "t.db")})
	if _, ok := fault.As(err); !ok {
		t.Errorf("a file in the folder's place answered %v", err)
	}
}
