package ledger_test

import (
	"database/sql"
	"os"
	"regexp"
	"strings"
	"testing"

	"billfold/test/harness"
)

var fenced = regexp.MustCompile("(?s)```sql\n(.*?)```")

// The queries of docs/sql.md run as they stand there. Those that begin with "-- no rows" are checks; the others answer something.
func TestTheDocumentedQueriesRun(t *testing.T) {
	text, err := os.ReadFile("../../docs/sql.md")
	if err != nil {
		t.Fatal(err)
	}
	queries := fenced.FindAllStringSubmatch(string(text), -1)
	if len(queries) < 12 {
		t.Fatalf("docs/sql.md has %d queries", len(queries))
	}
	onEngines(t, func(t *testing.T, b *bank) {
		newTown(t, b)
		raw := harness.Raw(t, b.d)
		for _, settled := range []bool{false, true} { // before the rows of totals are written back, and after
			if settled {
				b.settle()
			}
			for _, q := range queries {
				n, err := count(raw, q[1])
				switch check := strings.HasPrefix(q[1], "-- no rows"); {
				case err != nil:
					t.Errorf("%s\n%v", q[1], err)
				case check && n != 0:
					t.Errorf("%s\nanswers %d rows over a ledger that is right", q[1], n)
				case !check && n == 0:
					t.Errorf("%s\nanswers nothing", q[1])
				}
			}
		}
	})
}

// What the documentation says about a balance is what the ledger says.
func TestTheDocumentedBalancesAreRight(t *testing.T) {
	text, err := os.ReadFile("../../docs/sql.md")
	if err != nil {
		t.Fatal(err)
	}
	queries := fenced.FindAllStringSubmatch(string(text), -1)
	onEngines(t, func(t *testing.T, b *bank) {
		w := newTown(t, b)
		raw := harness.Raw(t, b.d)
		var address, currency string
		var posted, held, available int64
		want := b.balance(w.ana)
		if err := raw.QueryRow(queries[0][1]).Scan(&address, &currency, &posted); err != nil || posted != want.Posted {
			t.Errorf("from legs: %d, %v; want %d", posted, err, want.Posted)
		}
		for range 2 { // before the rows of totals are written back, and after
			if err := raw.QueryRow(queries[1][1]).Scan(&address, &posted, &held, &available); err != nil || posted != want.Posted ||
				held != want.Pending || available != want.Available {
				t.Errorf("from totals: %d, %d, %d, %v; want %+v", posted, held, available, err, want)
			}
			b.settle()
		}
		want = b.balance(w.shop)
		if err := raw.QueryRow(queries[2][1]).Scan(&address, &posted); err != nil || posted != want.Posted {
			t.Errorf("of the shop: %d, %v; want %d", posted, err, want.Posted)
		}
	})
}

func count(raw *sql.DB, q string) (n int, err error) {
	rows, err := raw.Query(q)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}
