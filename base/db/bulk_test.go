package db_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"billfold/base/db"
	"billfold/test/harness"
)

// TestBulkInsertsEveryNumberOfRows: in statements of rows or in arrays, what was given is there, nulls and empty texts included.
func TestBulkInsertsEveryNumberOfRows(t *testing.T) {
	insert := db.NewBulk("insert into note_row", "id bigint, text text, flag boolean, seal bytea null, more bigint null",
		" on conflict (id) do nothing")
	type row struct {
		text string
		flag bool
		seal []byte
		more *int64
	}
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		want := map[int64]row{}
		for _, rows := range []int{0, 1, 2, 7, 8, 9, 63, 64, 65, 200} {
			var args []any
			for i := range rows {
				id, v := int64(rows*1000+i), row{text: fmt.Sprintf("%d 一", i)}
				var more any
				switch i % 4 {
				case 1:
					v = row{seal: []byte{byte(i), 0}}
				case 2:
					n := int64(-i)
					v.more, more = &n, &n
				case 3:
					n := int64(i)
					v.more, v.seal, more = &n, []byte{}, n
				}
				v.flag = i%3 == 0
				want[id] = v
				args = append(args, id, v.text, v.flag, v.seal, more)
			}
			for again := range 2 { // the second time every row is there
				if err := d.Write(t.Context(), func(tx *db.Tx) error { insert.Queue(tx, args); return nil }); err != nil {
					t.Fatalf("%d rows, time %d: %v", rows, again, err)
				}
			}
		}
		got, err := db.Read(t.Context(), d, func(tx *db.Tx) (map[int64]row, error) {
			all := map[int64]row{}
			_, err := db.All(tx, func(r db.Row) (struct{}, error) {
				var id int64
				var v row
				err := r.Scan(&id, &v.text, &v.flag, &v.seal, &v.more)
				all[id] = v
				return struct{}{}, err
			}, `select id, text, flag, seal, more from note_row`)
			return all, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Errorf("%d rows, want %d", len(got), len(want))
		}
		for id, w := range want {
			g := got[id]
			if g.text != w.text || g.flag != w.flag || !bytes.Equal(g.seal, w.seal) || (g.seal == nil) != (w.seal == nil) ||
				(g.more == nil) != (w.more == nil) || g.more != nil && *g.more != *w.more {
				t.Errorf("row %d is %v, want %v", id, g, w)
			}
		}
	})
}

// TestChangeOfEveryNumberOfRows: one by one or in arrays, the rows with the keys are as they were told, and no other is touched.
func TestChangeOfEveryNumberOfRows(t *testing.T) {
	insert := db.NewBulk("insert into note_row", "id bigint, text text", "")
	change := db.NewChange("update note_row", "id bigint, text text, seal bytea null, more bigint null")
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		migrate(t, d)
		const rows = 40
		var args []any
		for i := range rows {
			args = append(args, int64(i), "before")
		}
		want := make([]string, rows)
		for i := range want {
			want[i] = fmt.Sprintf("%d before - 0", i)
		}
		write := func(body func(tx *db.Tx)) {
			t.Helper()
			if err := d.Write(t.Context(), func(tx *db.Tx) error { body(tx); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx *db.Tx) { insert.Queue(tx, args) })
		for _, n := range []int{0, 1, 7, 8, 33} {
			args = nil
			for i := range n {
				var seal []byte
				var more any
				word, number := "-", 0
				if i%2 == 1 {
					seal, more = []byte("+"), int64(n)
					word, number = "+", n
				}
				text := fmt.Sprintf("%d of %d", i, n)
				args = append(args, int64(i), text, seal, more)
				want[i] = fmt.Sprintf("%d %s %s %d", i, text, word, number)
			}
			write(func(tx *db.Tx) { change.Queue(tx, args) })
			got, err := db.Read(t.Context(), d, func(tx *db.Tx) ([]string, error) {
				return db.All(tx, func(r db.Row) (string, error) {
					var id, more int64
					var text, seal string
					err := r.Scan(&id, &text, &seal, &more)
					return fmt.Sprintf("%d %s %s %d", id, text, seal, more), err
				}, `select id, text, case when seal is null then '-' else '+' end, coalesce(more, 0) from note_row order by id`)
			})
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%d rows changed: %q, want %q; %v", n, got, want, err)
			}
		}
	})
}
