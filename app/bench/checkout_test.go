package bench

import (
	"testing"
	"time"

	"billfold/base/db"
	"billfold/test/harness"
)

// TestCheckouts buys for a moment, and has more tills of one shop paid at once than one caller may have streams: each shows its own
// result. How fast that was is not asserted here: `billfold bench checkout` measures it.
func TestCheckouts(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			c := &common{engine: string(engine), data: t.TempDir(), diag: t.Output()}
			if engine == db.Postgres {
				c.dsn = harness.Place(t, engine).DSN
			}
			w, err := openSandbox(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			defer w.close(t.Context())
			load, err := w.checkoutLoad(t.Context(), 60)
			if err != nil {
				t.Fatal(err)
			}
			defer load.deaf()
			var r checkoutResult
			tills := map[db.Engine]int{db.SQLite: 52, db.Postgres: 4}[engine]
			if err := load.atTills(t.Context(), tills, &r); err != nil {
				t.Fatal(err)
			}
			if r.TillsMost == 0 {
				t.Error("no till was measured")
			}
			if err := load.run(t.Context(), 4, time.Second/2); err != nil {
				t.Fatal(err)
			}
			if load.count() == 0 {
				t.Error("nobody bought anything")
			}
		})
	}
}
