package main

import (
	"context"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"billfold/base/db"
	"billfold/client"
)

// open opens the database of a place whose server has stopped, for what somebody with a SQL shell could do to it.
func (at place) open(t *testing.T) *db.DB {
	t.Helper()
	o := db.Options{Path: filepath.Join(at.dir, "billfold.db")}
	for _, v := range at.env {
		if dsn, ok := strings.CutPrefix(v, "BILLFOLD_DB="); ok {
			o = db.Options{DSN: dsn}
		}
	}
	d, err := db.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestVerifyNamesThePlace changes one thing after another by hand, and shows that verify ends with 1 and names the row, and with
// 0 again once the change is taken back.
func TestVerifyNamesThePlace(t *testing.T) {
	on(t, func(t *testing.T, at place) {
		ctx := context.Background()
		p := at.dev(t).ready()
		entry := postWithMetadata(ctx, t, at.as(t, "BILLFOLD_OPERATOR_KEY"))
		_ = p.cmd.Process.Signal(unix.SIGTERM)
		p.exit()
		d := at.open(t)
		defer d.Close()

		var row []byte
		var amount, when int64
		var meta string
		if err := d.Read(ctx, func(tx *db.Tx) error {
			return tx.Row(`select e.id, l.amount, e.at, e.meta from ledger_entry e join ledger_leg l on l.number = e.number
				where e.meta like '%invoice%'`).Scan(&row, &amount, &when, &meta)
		}); err != nil {
			t.Fatal(err)
		}
		for _, change := range []struct {
			what, q  string
			bad, was any
		}{
			{"an amount", `update ledger_leg set amount = $2 where number = (select number from ledger_entry where id = $1)`, amount + 1, amount},
			{"a time", `update ledger_entry set at = $2 where id = $1`, when + 1, when},
			{"one byte of metadata", `update ledger_entry set meta = $2 where id = $1`, strings.Replace(meta, "R-17", "R-77", 1), meta},
		} {
			set := func(value any) {
				t.Helper()
				if err := d.Write(ctx, func(tx *db.Tx) error {
					n, err := tx.Exec(change.q, row, value)
					if err == nil && n != 1 {
						t.Fatalf("%s: %d rows", change.what, n)
					}
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			set(change.bad)
			code, out, complaint := billfold(t, at.env, "verify", "--data", at.dir)
			if code != 1 || !strings.Contains(out, entry) {
				t.Errorf("%s of %s (%s) was changed: exit %d\n%s%s", change.what, entry, hex.EncodeToString(row), code, out, complaint)
			}
			set(change.was)
			if code, out, _ := billfold(t, at.env, "verify", "--data", at.dir); code != 0 {
				t.Errorf("%s was put back: exit %d\n%s", change.what, code, out)
			}
		}
	})
}

// postWithMetadata has the operator post an entry that carries metadata, and returns its id.
func postWithMetadata(ctx context.Context, t *testing.T, operator *client.Client) string {
	t.Helper()
	for _, address := range []string{"test/from", "test/to"} {
		account := client.OpenLedgerAccount{Address: address, Currency: "EUR", Limit: "unlimited"}
		if _, err := operator.OpenLedgerAccount(ctx, account); err != nil {
			t.Fatal(err)
		}
	}
	results, err := operator.PostEntries(ctx, client.PostEntries{Entries: []client.NewEntry{{Kind: "test.entry",
		Metadata: map[string]string{"invoice": "R-17"}, Legs: []client.Leg{{Debit: "test/from", Credit: "test/to", Amount: "250",
			Currency: "EUR"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return results.Results[0].Entry.ID
}
