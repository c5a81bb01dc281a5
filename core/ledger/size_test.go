package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// BenchmarkBytes measures what a transfer between two wallets of a thousand occupies: entry, legs, ids, history and search, after the log
// was written into the file (SQLite), and tables with their indexes (PostgreSQL).
func BenchmarkBytes(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			k := newBank(b, harness.Open(b, engine, ledger.Schema)).withClock(harness.Real())
			people, _ := crowd(k)
			before := size(b, k)
			b.ResetTimer()
			r := rand.New(rand.NewPCG(1, 2))
			const transfers = 50_000
			for range b.N {
				for range transfers / 500 {
					batch := make([]ledger.Entry, 500)
					for i := range batch {
						from := r.IntN(len(people))
						batch[i] = leg(people[from], people[(from+1+r.IntN(len(people)-1))%len(people)], 1+r.Int64N(1000))
					}
					k.batch(batch, true)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(size(b, k)-before)/float64(b.N*transfers), "bytes/transfer")
		})
	}
}

// size is what the database takes on disk.
func size(b *testing.B, k *bank) (n int64) {
	raw := harness.Raw(b, k.d)
	if k.d.Engine() == db.SQLite {
		var path, name string
		var busy, logged, moved int
		if err := raw.QueryRow("pragma wal_checkpoint(truncate)").Scan(&busy, &logged, &moved); err != nil {
			b.Fatal(err)
		}
		if err := raw.QueryRow("select name, file from pragma_database_list").Scan(&name, &path); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		return info.Size()
	}
	err := raw.QueryRow(`select sum(pg_total_relation_size(c.oid)) from pg_class c
		where c.relkind = 'r' and c.relname like 'ledger_%'`).Scan(&n)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkHistory measures the pages of an account with many entries, the first, one in the middle and the last, and balances of the
// past.
func BenchmarkHistory(b *testing.B) {
	const entries = 100_000
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		k := newBank(b, harness.Open(b, engine, ledger.Schema))
		float := k.open("system/float/EUR", eur, ledger.Unlimited)
		ana := k.open("user/ana/EUR", eur, ledger.NonNegative)
		var middle ledger.Entry
		for i := range entries / 10_000 {
			batch := make([]ledger.Entry, 10_000)
			for j := range batch {
				batch[j] = leg(float, ana, 1)
			}
			results := k.batch(batch, true)
			if i == entries/20_000 {
				middle = results[0].Entry
			}
		}
		read := func(b *testing.B, body func(tx *db.Tx) error) {
			for range b.N {
				if err := k.d.Read(context.Background(), body); err != nil {
					b.Fatal(err)
				}
			}
		}
		var next string
		b.Run(fmt.Sprintf("%s/first page", engine), func(b *testing.B) {
			read(b, func(tx *db.Tx) (err error) {
				_, next, err = k.Entries(tx, ledger.Filter{Account: ana})
				return err
			})
		})
		b.Run(fmt.Sprintf("%s/second page", engine), func(b *testing.B) {
			read(b, func(tx *db.Tx) (err error) {
				_, _, err = k.Entries(tx, ledger.Filter{Account: ana, Before: next})
				return err
			})
		})
		b.Run(fmt.Sprintf("%s/by kind", engine), func(b *testing.B) {
			read(b, func(tx *db.Tx) (err error) {
				_, _, err = k.Entries(tx, ledger.Filter{Kind: "test"})
				return err
			})
		})
		b.Run(fmt.Sprintf("%s/balance then", engine), func(b *testing.B) {
			read(b, func(tx *db.Tx) (err error) {
				_, err = k.BalanceAt(tx, ana, middle.At)
				return err
			})
		})
	}
}
