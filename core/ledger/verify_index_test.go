package ledger_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// A byte of the index of ids has another value than the table: the entry is not found by its id any more, and would be posted twice.
func TestVerifyReadsTheIndexOfIDs(t *testing.T) {
	d := harness.Open(t, db.SQLite, ledger.Schema)
	b := newBank(t, d)
	s := newStreet(b, 1_000)
	var entry ledger.Entry
	for range 40 {
		entry = b.mustPost(leg(s.ana, s.bo, 1))
	}
	b.wantClean()
	o := harness.Options(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	id, err := idBytes(entry.ID)
	if err != nil {
		t.Fatal(err)
	}
	hurt := 0
	for at := 0; ; at++ {
		n := bytes.Index(file[at:], id)
		if n < 0 {
			break
		}
		at += n
		if page := file[at/4096*4096]; page == 0x0a || page == 0x02 { // of an index (https://www.sqlite.org/fileformat.html, 1.6)
			file[at+len(id)-1] ^= 1
			hurt++
		}
	}
	if hurt != 1 {
		t.Fatalf("the id stands in %d pages of indexes", hurt)
	}
	if err := os.WriteFile(o.Path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	b.d = harness.Again(t, o)
	b.Ledger = ledger.New(b.opts)
	var found []string
	if _, err := b.Verify(context.Background(), b.d, func(f ledger.Finding) { found = append(found, f.String()) }); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || !strings.Contains(found[0], "index of ids") {
		t.Errorf("an index that was hurt: %q", found)
	}
}
