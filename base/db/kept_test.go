package db

import (
	"context"
	"path/filepath"
	"testing"
)

// counter is something that is kept, and counts how often it was written down.
type counter struct{ made, flushed *int }

func (c counter) Flush(ctx context.Context, d *DB) error {
	*c.flushed++
	return d.Write(ctx, func(tx *Tx) error { return tx.Row("select 1").Scan(new(int)) })
}

// What is kept is made once, seen by readers and writers, written down when the database is closed, and not there where others write.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	d := openTest(t, dir)
	var made, flushed int
	look := func(tx *Tx) error {
		c, ok := Kept(tx, counter{}, func() counter {
			made++
			return counter{&made, &flushed}
		})
		if !ok || c.made != &made {
			t.Errorf("kept %v, %v", c, ok)
		}
		return nil
	}
	for range 2 {
		if err := d.Write(t.Context(), look); err != nil {
			t.Fatal(err)
		}
		if err := d.Read(t.Context(), look); err != nil {
			t.Fatal(err)
		}
	}
	beside, err := Open(t.Context(), Options{Path: filepath.Join(dir, "t.db"), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	err = beside.Read(t.Context(), func(tx *Tx) error {
		if _, ok := Kept(tx, counter{}, func() counter { return counter{} }); ok {
			t.Error("kept beside the server that writes")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil || made != 1 || flushed != 1 {
		t.Errorf("made %d times, written down %d times: %v", made, flushed, err)
	}
}

// A reader is told the epoch of its beginning, whatever happens to what is kept meanwhile.
func TestEpoch(t *testing.T) {
	d := openTest(t, t.TempDir())
	err := d.Read(t.Context(), func(old *Tx) error {
		before := old.Epoch()
		return d.Write(t.Context(), func(tx *Tx) error {
			if tx.Epoch() != before {
				t.Error("the epoch changed by itself")
			}
			tx.NewEpoch()
			if old.Epoch() != before || tx.Epoch() == before {
				t.Errorf("before %d, reader %d, writer %d", before, old.Epoch(), tx.Epoch())
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}
