package payment

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/test/harness"
)

// BenchmarkSearch looks through a hundred thousand payments of one person, which were put straight into the tables.
func BenchmarkSearch(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			w := build(b, harness.Open(b, engine, schemas...), harness.Keyring(b), harness.Clock(), harness.Clock())
			w.people()
			w.crowd(100_000)
			for _, f := range []ActivityFilter{{Text: "number 99990"}, {Text: "number 17 lunch"}, {Text: "no such words"}, {Text: "49.99"},
				{Text: "no such", Kind: Purchase}, {State: Refunded}, {Kind: Withdrawal}, {Least: "50000"}, {Direction: In}, {Currency: "USD"}} {
				b.Run(fmt.Sprintf("%s%s%s%s%s%s", f.Text, f.State, f.Kind, f.Least, f.Direction, f.Currency), func(b *testing.B) {
					b.ReportAllocs()
					cpu := used()
					var took []time.Duration
					for b.Loop() {
						watch := clock.Start()
						if _, err := w.Activity(w.ctx, w.by(w.lena), string(w.lena), f, "", 25); err != nil {
							b.Fatal(err)
						}
						took = append(took, watch.Elapsed())
					}
					slices.Sort(took)
					b.ReportMetric(float64((used()-cpu).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
					b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
					b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				})
			}
		})
	}
}

// BenchmarkFirstSearch is a search that finds nothing in a hundred thousand payments, when no word list is open yet, as after a start.
func BenchmarkFirstSearch(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			w := build(b, harness.Open(b, engine, schemas...), harness.Keyring(b), harness.Clock(), harness.Clock())
			w.people()
			w.crowd(100_000)
			b.ReportAllocs()
			cpu := used()
			for b.Loop() {
				w.shelf = shelf{}
				if _, err := w.Activity(w.ctx, w.by(w.lena), string(w.lena), ActivityFilter{Text: "no such words"}, "", 25); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((used()-cpu).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
		})
	}
}

// crowd gives Lena so many purchases that are over, and their word lists.
func (w *world) crowd(count int) {
	w.t.Helper()
	goods := []string{"cappuccino", "flat white and croissant", "breakfast", "lunch menu", "two slices of cake", "beans", "brunch"}
	for from := 0; from < count; from += 100 {
		w.ok(w.DB.Write(w.ctx, func(tx *db.Tx) error {
			for i := from; i < min(from+100, count); i++ {
				at := w.business.Now().Add(-2*time.Hour - time.Duration(count-i)*time.Minute)
				amount := eur.Of(100 + int64(i%5000))
				r := record{id: ID(w.IDs.New("pay")), kind: Purchase, state: Completed, version: 3, creator: string(w.lena), payer: string(w.lena),
					payee: string(w.shop.ID), amount: amount, captured: amount.Minor, capture: Automatic, method: FromWallet, createdAt: at,
					expiresAt: at.Add(time.Hour), approvedAt: at, digest: []byte(id.Secret(8))}
				var err error
				if r.description, err = w.sealText(r.creator, descriptionRow(r.id), fmt.Sprintf("number %d %s", i, goods[i%len(goods)])); err != nil {
					return err
				}
				storeNew(tx, &r)
				storeParties(tx, party{r.id, r.payer, at, rolePayer}, party{r.id, r.payee, at, rolePayee})
			}
			return nil
		}))
	}
	if _, err := harness.Raw(w.t, w.DB).Exec("analyze"); err != nil { // what autovacuum does where payments come one by one
		w.t.Fatal(err)
	}
	for more := true; more; {
		var err error
		more, err = db.Write(w.ctx, w.DB, func(tx *db.Tx) (bool, error) { return w.listPart(tx, string(w.lena)) })
		w.ok(err)
	}
}
