package db_test

import (
	"bytes"
	"fmt"
	"testing"

	"billfold/base/db"
	"billfold/test/harness"
)

// TestBulkInsertsEveryNumberOfRows: in statements of rows or in arrays, what was given is there, nulls and empty texts included.
func TestBulkInsertsEveryNumberOfRows(t *testing.T) {
	insert := db.NewBulk("insert into note_row", "id bigint, text text, seal bytea null, more bigint null", " on conflict (id) do nothing")
	type row struct {
		text string
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
				want[id] = v
				args = append(args, id, v.text, v.seal, more)
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
				err := r.Scan(&id, &v.text, &v.seal, &v.more)
				all[id] = v
				return struct{}{}, err
			}, `select id, text, seal, more from note_row`)
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
			if g.text != w.text || !bytes.Equal(g.seal, w.seal) || (g.seal == nil) != (w.seal == nil) || (g.more == nil) != (w.more == nil) ||
				g.more != nil && *g.more != *w.more {
				t.Errorf("row %d is %v, want %v", id, g, w)
			}
		}
	})
}
