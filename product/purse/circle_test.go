package purse_test

import (
	"database/sql"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"billfold/base/db"
	"billfold/product/purse"
	"billfold/product/purse/proto"
	"billfold/test/harness"
)

// crowds is worlds in which everything happens at once: PostgreSQL has broken up no deadlock, which the issuer would hide by trying again.
func crowds(t *testing.T, body func(t *testing.T, w *world)) {
	t.Helper()
	worlds(t, func(t *testing.T, w *world) {
		if w.db.Engine() != db.Postgres {
			body(t, w)
			return
		}
		raw, err := sql.Open("pgx", harness.Options(t, w.db).DSN)
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		ask := func(q string) (n int) {
			t.Helper()
			if err := raw.QueryRow(q).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		const deadlocks = `select deadlocks from pg_stat_database where datname = current_database()`
		before := ask(deadlocks)
		body(t, w)
		if err := w.db.Close(); err != nil {
			t.Fatal(err)
		}
		for ask(`select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and
			pid <> pg_backend_pid()`) > 0 { // they tell what they counted when they leave
		}
		if n := ask(deadlocks) - before; n > 0 {
			t.Errorf("PostgreSQL broke up %d deadlocks", n)
		}
	})
}

// Purses pay each other in a ring and two tills, which close a batch in between; then everybody tells at once. What one of them tells
// names what all others tell, in another order.
func TestNobodyWaitsInACircle(t *testing.T) {
	crowds(t, func(t *testing.T, w *world) {
		const ring, rounds, parts = 5, 2, 6
		tills := []*device{w.enrol(proto.Acceptor, 3), w.enrol(proto.Acceptor, 3)}
		var purses []*device
		for range ring {
			d := w.enrol(proto.Holder, 3)
			d.load(100_00, "EUR")
			purses = append(purses, d)
		}
		for range rounds {
			for part := range parts {
				for i, d := range purses {
					pay(d, purses[(i+1+part%2)%ring], 10, proto.Person, nil)
					pay(d, tills[(i+part)%2], 10, proto.Purchase, nil)
				}
				if part%2 == 0 {
					for _, till := range tills {
						till.must(proto.INSBatch, nil)
					}
				}
			}
			var all sync.WaitGroup
			for _, d := range append(tills[:2:2], purses...) {
				all.Go(func() {
					if err := d.sync(); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		for _, till := range tills {
			till.must(proto.INSBatch, nil)
			till.mustSync()
		}
		sold := int64(rounds * parts * ring * 10)
		w.check(purse.Totals{Issued: ring * 100_00, InPurses: ring*100_00 - sold, Redeemed: sold})
	})
}
