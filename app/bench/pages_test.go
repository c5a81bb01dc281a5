package bench

import (
	"slices"
	"testing"

	"billfold/base/db"
	"billfold/test/harness"
)

// unreachable are the pages that only somebody opens who was sent a link of their own.
var unreachable = []string{"/setup"}

// towns has a test see a town on each engine.
func towns(t *testing.T, look func(t *testing.T, c *common, w *town)) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			c := &common{engine: string(engine), inFlight: 16, data: t.TempDir(), diag: t.Output()}
			if engine == db.Postgres {
				c.dsn = harness.Place(t, engine).DSN
			}
			w, err := openTown(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			defer w.close(t.Context())
			look(t, c, w)
		})
	}
}

// TestPages opens every page of the table of contents once and again, so that none is forgotten by the bench that measures them. Whoever
// adds a page to which no other page leads says in town.things where it is. How fast they are is not asserted here: `billfold bench
// pages` measures it.
func TestPages(t *testing.T) {
	towns(t, func(t *testing.T, c *common, w *town) {
		r := pagesResult{Times: 2, Payments: 60, Entries: 100}
		if err := w.look(t.Context(), c, 1, "", "", &r); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Unreached, unreachable) {
			t.Errorf("nothing led to %v", r.Unreached)
		}
		if len(r.Routes) < len(w.Routes())/4 || r.Scan == 0 || r.First == 0 || r.Slowest == "" {
			t.Errorf("only %d pages were opened, slowest %q, scan %v", len(r.Routes), r.Slowest, r.Scan)
		}
		for _, one := range r.Routes {
			if one.P99 == 0 || one.Status >= 400 {
				t.Errorf("%s as %s: %d after %v ms", one.Route, one.As, one.Status, one.P99)
			}
		}
	})
}
