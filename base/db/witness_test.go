package db

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// watched opens a database with a witness.
func watched(t *testing.T, dir string, accept bool) *DB {
	t.Helper()
	d := openTest(t, dir)
	if err := d.Watch(t.Context(), filepath.Join(dir, "keys"), accept); err != nil {
		t.Fatal(err)
	}
	return d
}

func note(t *testing.T, d *DB, n int) error {
	t.Helper()
	return d.Write(t.Context(), func(tx *Tx) error { tx.Queue(insertNote, n, "x"); return nil })
}

// A process that ends between committing a head and writing it down, or cannot write it down for a while, is no history that went back.
func TestTheDatabaseIsNeverTwoStepsAhead(t *testing.T) {
	dir := t.TempDir()
	d := watched(t, dir, false)
	good := d.witness.file
	gone, err := os.CreateTemp(dir, "gone")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	d.witness.ticking.Lock()
	d.witness.file = gone // every write fails
	d.witness.ticking.Unlock()
	for n := range 3 {
		if err := note(t, d, n); err != nil {
			t.Fatal(err)
		}
		if err := d.witness.step(t.Context()); err == nil {
			t.Fatal("a head was written into a closed file")
		}
	}
	if last, filed := d.witness.last.Load(), d.witness.filed; last.number != filed.number+1 {
		t.Fatalf("the database is at step %d, the file at %d: this test is about one step", last.number, filed.number)
	}
	good.Close()
	d.back.close() // without witnessing anything more, as a process that is killed
	close(d.witness.stop)
	<-d.witness.stopped
	d.witness = nil
	again := watched(t, dir, false)
	if err := errors.Join(again.History(), note(t, again, 9)); err != nil {
		t.Errorf("one step ahead: %v", err)
	}
	if err := again.witness.step(t.Context()); err != nil || again.witness.filed != *again.witness.last.Load() {
		t.Errorf("the witness does not go on: %v", err)
	}
}

// The head of a torn write is not taken: the one before is still in its own place.
func TestATornHead(t *testing.T) {
	dir := t.TempDir()
	d := watched(t, dir, false)
	if err := errors.Join(note(t, d, 1), d.witness.step(t.Context())); err != nil {
		t.Fatal(err)
	}
	number := d.witness.filed.number
	if _, err := d.witness.file.WriteAt([]byte("torn"), place(number)+20); err != nil {
		t.Fatal(err)
	}
	if h, there, err := readHead(d.witness.file); err != nil || !there || h.number != number-1 {
		t.Errorf("read step %d (%v, %v), want the one before %d", h.number, there, err, number)
	}
}

// The witness steps by itself, within about a second of a write, and not when nothing was written.
func TestTheWitnessSteps(t *testing.T) {
	d := watched(t, t.TempDir(), false)
	if err := note(t, d, 1); err != nil {
		t.Fatal(err)
	}
	before := d.witness.last.Load().number
	until := time.NewTimer(20 * time.Second)
	for d.witness.last.Load().number == before {
		select {
		case <-until.C:
			t.Fatal("nothing was witnessed")
		case <-time.NewTimer(10 * time.Millisecond).C:
		}
	}
	at := d.witness.last.Load().number
	for range 3 {
		if err := d.witness.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if now := d.witness.last.Load().number; now != at {
		t.Errorf("it stepped from %d to %d over nothing", at, now)
	}
}
