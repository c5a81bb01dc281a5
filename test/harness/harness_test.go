package harness

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"billfold/base/db"
)

var schema = db.Schema{Package: "probe", FS: fstest.MapFS{
	"schema/0001_first.sql": {Data: []byte("create table probe_row (\n\tid text primary key,\n\tunits bigint not null\n);\n")},
}}

// TestEngines shows that each subtest has an empty database of its own, that what is written through one door is seen
// through the raw one, and that a database can be closed and opened again.
func TestEngines(t *testing.T) {
	var engines []db.Engine
	Engines(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		engines = append(engines, d.Engine())
		if err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec("insert into probe_row (id, units) values ($1, $2)", "a", int64(7))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		raw := Raw(t, d)
		if _, err := raw.Exec("update probe_row set units = units + 1 where id = $1", "a"); err != nil {
			t.Fatal(err)
		}
		units, err := db.Read(ctx, d, func(tx *db.Tx) (n int64, err error) {
			err = tx.Row("select units from probe_row where id = $1", "a").Scan(&n)
			return n, err
		})
		if err != nil || units != 8 {
			t.Fatalf("units = %d, %v; want 8", units, err)
		}
	}, schema)
	if len(engines) != 2 || engines[0] != db.SQLite || engines[1] != db.Postgres {
		t.Fatalf("ran on %v", engines)
	}
}

func TestClockStands(t *testing.T) {
	c := Clock()
	if !c.Now().Equal(Start) || !c.Now().Equal(Start) {
		t.Fatalf("the clock says %v", c.Now())
	}
	if err := c.Advance(72 * time.Hour); err != nil || !c.Now().Equal(Start.Add(72*time.Hour)) {
		t.Fatalf("after three days the clock says %v, %v", c.Now(), err)
	}
}

// TestSmallDisk shows that the disk is full when it is filled and not when it is freed.
func TestSmallDisk(t *testing.T) {
	SmallDisk(t, 1<<20, func(t *testing.T, disk *Disk) {
		write := func() error { return os.WriteFile(filepath.Join(disk.Dir, "file"), make([]byte, 64<<10), 0o600) }
		disk.Fill(32 << 10)
		if err := write(); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("on a full disk a write says %v", err)
		}
		disk.Free()
		if err := write(); err != nil {
			t.Fatalf("on a freed disk a write says %v", err)
		}
	})
}
