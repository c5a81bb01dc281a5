package db_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/test/postgres"
)

const page = 8192 // of PostgreSQL

// TestDamagedPostgres: as TestDamagedFile, for what PostgreSQL says of files that are not what it wrote, which it says in many ways.
func TestDamagedPostgres(t *testing.T) {
	server := postgres.Alone(t)
	server.Run("create table note (id bigint primary key, text text not null)",
		"insert into note select n, 'x' from generate_series(1, 5000) n")
	open := func() *db.DB {
		d, err := db.Open(t.Context(), db.Options{DSN: server.DSN()})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	ask := func() (n int64, err error) {
		d := open()
		defer d.Close()
		return db.Read(t.Context(), d, func(tx *db.Tx) (n int64, err error) {
			if _, err := tx.Exec("set local enable_seqscan = off"); err != nil {
				return 0, err
			}
			return n, tx.Row("select (select count(text) from note where id = 300) + (select count(text) from note where id = 4000)").Scan(&n)
		})
	}
	where := func(q string) (path string) {
		d := open()
		defer d.Close()
		var folder, file string
		if err := d.Read(t.Context(), func(tx *db.Tx) error {
			return errors.Join(tx.Row("show data_directory").Scan(&folder), tx.Row("select pg_relation_filepath('"+q+"')").Scan(&file))
		}); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder, file)
	}
	table, index := where("note"), where("note_pkey")
	for name, c := range map[string]struct {
		path   string
		damage func(file []byte) []byte
	}{
		"a page without a header":      {table, func(f []byte) []byte { copy(f[page+12:], "\xff\xff\xff\x7f"); return f }},
		"a table cut short":            {table, func(f []byte) []byte { return f[:2*page] }},
		"an empty page of an index":    {index, func(f []byte) []byte { clear(f[page : 2*page]); return f }},
		"an index that points nowhere": {index, pointNowhere},
		"a file that is gone":          {table, func([]byte) []byte { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			if n, err := ask(); n != 2 || err != nil {
				t.Fatalf("before: %d, %v", n, err)
			}
			server.Stop("fast")
			putBack := damage(t, c.path, c.damage)
			server.Start()
			n, asked := ask()
			server.Stop("fast")
			putBack()
			server.Start()
			if !errors.Is(asked, fault.ErrDamaged) {
				t.Errorf("got %d, %v", n, asked)
			}
		})
	}
}

// damage changes a file in its place, or takes it away where the change leaves nothing.
func damage(t *testing.T, path string, change func([]byte) []byte) (putBack func()) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	done := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if bad := change(bytes.Clone(file)); bad != nil {
		done(os.WriteFile(path, bad, 0o600))
		return func() { done(os.WriteFile(path, file, 0o600)) }
	}
	done(os.Rename(path, path+".gone"))
	return func() { done(os.Rename(path+".gone", path)) }
}

// pointNowhere has the root of a B-tree (src/include/access/nbtree.h) point to pages far behind the end of its file.
func pointNowhere(file []byte) []byte {
	root := file[int(binary.NativeEndian.Uint32(file[24+8:]))*page:]
	end := int(binary.NativeEndian.Uint16(root[12:])) // of the pointers to its items
	for at := 24; at < end; at += 4 {
		item := binary.NativeEndian.Uint32(root[at:]) & 0x7fff
		binary.NativeEndian.PutUint16(root[item:], 0x7fff)
	}
	return file
}
