package db_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/test/harness"
)

type name string

func migrate(t *testing.T, d *db.DB) {
	t.Helper()
	s := db.Schema{Package: "note", FS: fstest.MapFS{"schema/0001_note.sql": {Data: []byte(`create table note_row (
	id bigint primary key,
	text text not null,
	flag boolean not null default true,
	seal bytea,
	more bigint
);
`)}}}
	if err := d.Migrate(t.Context(), time.Unix(0, 0), s); err != nil {
		t.Fatal(err)
	}
}

func TestTypesRoundTrip(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		type kind uint8
		nine := int64(9)
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.Queue("insert into note_row (text, id, flag, seal, more) values ($2, $1, $3, $4, $5)", 1, name("一"), false, []byte{0, 255}, &nine)
			tx.Queue("insert into note_row (id, text, seal) values ($1, $2, $3)", int64(2), "", []byte(nil))
			n, err := tx.Exec("update note_row set more = $1 where id in "+db.In(2, 2), kind(7), 1, 2)
			if err == nil && n != 2 {
				t.Errorf("%d rows changed", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		type row struct {
			id   int64
			text name
			flag bool
			seal []byte
			more *int64
			kind kind
		}
		list, err := db.Read(t.Context(), d, func(tx *db.Tx) ([]row, error) {
			return db.All(tx, func(r db.Row) (v row, err error) {
				err = r.Scan(&v.id, &v.text, &v.flag, &v.seal, &v.more, &v.kind)
				return v, err
			}, "select id, text, flag, seal, more, more from note_row order by id")
		})
		if err != nil || len(list) != 2 {
			t.Fatal(list, err)
		}
		a, b := list[0], list[1]
		if a.text != "一" || a.flag || string(a.seal) != "\x00\xff" || *a.more != 7 || a.kind != 7 {
			t.Errorf("first row came back as %+v", a)
		}
		if b.text != "" || !b.flag || b.seal != nil {
			t.Errorf("second row came back as %+v", b)
		}
	})
}

func TestErrorsUndoEverything(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		insert := func(tx *db.Tx, id int) { tx.Queue("insert into note_row (id, text) values ($1, 'x')", id) }
		for what, body := range map[string]func(tx *db.Tx) error{
			"error":       func(tx *db.Tx) error { insert(tx, 1); return errors.New("no") },
			"panic":       func(tx *db.Tx) error { insert(tx, 1); panic("ouch") },
			"queued twin": func(tx *db.Tx) error { insert(tx, 1); insert(tx, 1); return nil },
			"swallowed":   func(tx *db.Tx) error { insert(tx, 1); tx.Exec("select nothing from nowhere"); return nil },
			"no row latched": func(tx *db.Tx) error {
				insert(tx, 1)
				return tx.Row("select id from note_row where id = 99").Scan(new(int))
			},
		} {
			after := false
			err := d.Write(t.Context(), func(tx *db.Tx) error { tx.After(func() { after = true }); return body(tx) })
			if err == nil || after {
				t.Errorf("%s: err %v, after ran %v", what, err, after)
			}
			if what == "queued twin" && !db.IsUnique(err) {
				t.Errorf("a unique rule answered %v", err)
			}
		}
		var n int
		if err := d.Read(t.Context(), func(tx *db.Tx) error { return tx.Row("select count(*) from note_row").Scan(&n) }); err != nil || n != 0 {
			t.Errorf("%d rows left, %v", n, err)
		}
	})
}

// A caller who left before asking gets nothing written, on either engine, however quick the committer is.
func TestWriteOfSomebodyGone(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		gone, leave := context.WithCancel(t.Context())
		leave()
		for range 50 {
			err := d.Write(gone, func(tx *db.Tx) error { tx.Queue("insert into note_row (id, text) values (1, 'x')"); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("answered %v", err)
			}
		}
	})
}

func TestNoRowDoesNotSpoilTheTransaction(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if err := tx.Row("select id from note_row").Scan(new(int)); !errors.Is(err, db.ErrNoRow) {
				t.Errorf("Row answered %v", err)
			}
			_, err := tx.Exec("insert into note_row (id, text) values (1, 'x')")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Counters under row locks: neither engine loses an update, and PostgreSQL runs deadlocked bodies again.
func TestLocksSerialize(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.Queue("insert into note_row (id, text, more) values (1, 'a', 0), (2, 'b', 0)")
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				first, second := 1+i%2, 2-i%2 // opposite orders on purpose
				err := d.Write(context.Background(), func(tx *db.Tx) error {
					for _, id := range []int{first, second} {
						var n int64
						if err := tx.Row("select more from note_row where id = $1"+tx.ForUpdate(), id).Scan(&n); err != nil {
							return err
						}
						tx.Queue("update note_row set more = $2 where id = $1", id, n+1)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var a, b int
		if err := d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Row("select (select more from note_row where id = 1), (select more from note_row where id = 2)").Scan(&a, &b)
		}); err != nil || a != 4 || b != 4 {
			t.Errorf("counted %d and %d of 4 (%v)", a, b, err)
		}
	})
}

func TestMigrations(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		one := fstest.MapFS{"schema/0001_a.sql": {Data: []byte("create table mig_a (\n\tid bigint primary key\n);\n")}}
		two := fstest.MapFS{"schema/0001_a.sql": one["schema/0001_a.sql"],
			"schema/0002_b.sql": {Data: []byte("create table mig_b (\n\tid bigint primary key\n);\ncreate index mig_b_id on mig_b (id);\n")}}
		edited := fstest.MapFS{"schema/0001_a.sql": {Data: []byte("create table mig_a (\n\tid text primary key\n);\n")}}
		broken := fstest.MapFS{"schema/0001_a.sql": one["schema/0001_a.sql"],
			"schema/0002_b.sql": {Data: []byte("create table mig_c (\n\tid bigint primary key\n);\ncreate nonsense;\n")}}
		run := func(f fstest.MapFS) error {
			return d.Migrate(t.Context(), time.Unix(0, 0), db.Schema{Package: "mig", FS: f})
		}
		if err := run(one); err != nil {
			t.Fatal(err)
		}
		if err := run(broken); err == nil {
			t.Fatal("a broken migration succeeded")
		}
		if err := d.CheckSchema(t.Context(), db.Schema{Package: "mig", FS: two}); !errors.Is(err, db.ErrOlderSchema) {
			t.Errorf("an older database answered %v", err)
		}
		for range 2 {
			if err := run(two); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.CheckSchema(t.Context(), db.Schema{Package: "mig", FS: two}); err != nil {
			t.Error(err)
		}
		if err := run(one); !errors.Is(err, db.ErrNewerSchema) {
			t.Errorf("a newer database answered %v", err)
		}
		if err := run(edited); !errors.Is(err, db.ErrNewerSchema) && !errors.Is(err, db.ErrSchemaChanged) {
			t.Errorf("an edited migration answered %v", err)
		}
	})
}

func TestSettings(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if _, found, err := db.Setting(tx, "mode"); found || err != nil {
				t.Error(found, err)
			}
			for _, v := range []string{"sandbox", "live"} {
				if err := db.SetSetting(tx, "mode", v); err != nil {
					return err
				}
			}
			v, found, err := db.Setting(tx, "mode")
			if v != "live" || !found {
				t.Error(v, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestUnreachableServer(t *testing.T) {
	_, err := db.Open(t.Context(), db.Options{DSN: "postgres://nobody:hunter2secret@127.0.0.1:1/none"})
	if !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("answered %v", err)
	}
	_, err = db.Open(t.Context(), db.Options{DSN: "postgres://nobody:hunter2secret@127.0.0.1:99999999/none"})
	if !errors.Is(err, fault.ErrUnavailable) || contains(err.Error(), "hunter2secret") {
		t.Errorf("answered %v", err)
	}
}

func contains(s, part string) bool {
	for i := range s {
		if len(s)-i >= len(part) && s[i:i+len(part)] == part {
			return true
		}
	}
	return false
}

// TestWhatFailedTogetherMaySucceedApart: a body's own failure or panic sends its neighbours into transactions of their own; what the
// storage refused, or left open, is not tried again. A text that one of the engines does not take is its sender's alone.
func TestWhatFailedTogetherMaySucceedApart(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		apart := func(body func(tx *db.Tx) error) bool { return db.Apart(d.Write(t.Context(), body)) }
		row := func(tx *db.Tx) error { tx.Queue("insert into note_row (id, text) values ($1, $2)", 1, ""); return nil }
		for what, c := range map[string]struct {
			body func(*db.Tx) error
			want bool
		}{
			"own error": {func(*db.Tx) error { return errors.New("own") }, true},
			"panic":     {func(*db.Tx) error { panic("own") }, true},
			"rule":      {func(tx *db.Tx) error { row(tx); return row(tx) }, true},
			"input":     {func(*db.Tx) error { return fault.ErrInvalid }, true},
			"damaged":   {func(*db.Tx) error { return fault.ErrDamaged }, true},
			"none":      {func(*db.Tx) error { return nil }, false},
			"full":      {func(*db.Tx) error { return fault.ErrStorageFull }, false},
			"unknown":   {func(*db.Tx) error { return fault.ErrOutcomeUnknown }, false},
		} {
			if apart(c.body) != c.want {
				t.Errorf("%s: apart %v", what, !c.want)
			}
		}
		nought := func(tx *db.Tx) error {
			tx.Queue("insert into note_row (id, text) values ($1, $2)", 7, "a\x00b")
			return nil
		}
		if err := d.Write(t.Context(), nought); d.Engine() == db.Postgres && !db.Apart(err) {
			t.Errorf("what PostgreSQL refuses of one is not tried apart: %v", err)
		}
	})
}

// TestAsked: the rows of a question are there when the next one is answered, what was queued between them happened between them, and what
// fails in it is said by then.
func TestAsked(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		const count = "select count(*) from note_row where id < $1"
		number := func(r db.Row) (n int64, err error) { return n, r.Scan(&n) }
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			var before, between []int64
			db.Ask(tx, &before, number, count, 9)
			tx.Queue("insert into note_row (id, text) values (1, 'a'), (2, 'b')")
			db.Ask(tx, &between, number, "select id from note_row where id < $1 order by id", 9)
			after, err := db.One(tx, number, count, 2)
			if !slices.Equal(before, []int64{0}) || !slices.Equal(between, []int64{1, 2}) || after != 1 {
				t.Errorf("before %v, between %v, after %d", before, between, after)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		odd := errors.New("odd")
		for name, ask := range map[string]func(tx *db.Tx){
			"rows":      func(tx *db.Tx) { db.Ask(tx, new([]int64), func(db.Row) (int64, error) { return 0, odd }, count, 9) },
			"statement": func(tx *db.Tx) { db.Ask(tx, new([]int64), number, "select id from note_nothing") },
		} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				tx.Queue("insert into note_row (id, text) values (3, 'c')")
				ask(tx)
				_, err := tx.Exec("insert into note_row (id, text) values (4, 'd')")
				if err == nil {
					t.Errorf("%s: what failed was not said", name)
				}
				return nil // whoever overlooks it does not commit
			})
			if err == nil || name == "rows" && !errors.Is(err, odd) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, err := db.Read(t.Context(), d, func(tx *db.Tx) (int64, error) { return db.One(tx, number, count, 9) }); n != 2 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}
