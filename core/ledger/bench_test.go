package ledger_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// BenchmarkPost measures whole transactions of one entry, durable, with 64 callers: wallet to busy shop, and wallet to wallet. The
// statements of a post, without the commit, are what BenchmarkPostMany shows.
func BenchmarkPost(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		for _, payee := range []string{"shop", "wallet"} {
			b.Run(string(engine)+"/"+payee, func(b *testing.B) {
				k := newBank(b, harness.Open(b, engine, ledger.Schema)).withClock(harness.Real())
				people, shop := crowd(k)
				var n atomic.Int64
				b.SetParallelism(32)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						i := int(n.Add(1))
						to := shop
						if payee == "wallet" {
							to = people[(i*7+1)%len(people)]
						}
						if from := people[i%len(people)]; from != to {
							if _, err := k.post(leg(from, to, 1)); err != nil {
								b.Fatal(err)
							}
						}
					}
				})
			})
		}
	}
}

// BenchmarkPostMany posts a thousand entries one by one in a transaction, so a commit weighs nothing.
func BenchmarkPostMany(b *testing.B) {
	k := newBank(b, harness.Open(b, db.SQLite, ledger.Schema)).withClock(harness.Real())
	people, shop := crowd(k)
	b.ResetTimer()
	for left := b.N; left > 0; left -= 1000 {
		err := k.d.Write(context.Background(), func(tx *db.Tx) error {
			for i := range min(left, 1000) {
				if _, err := k.Post(tx, leg(people[i%len(people)], shop, 1)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBatch posts batches of a thousand entries.
func BenchmarkBatch(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			k := newBank(b, harness.Open(b, engine, ledger.Schema)).withClock(harness.Real())
			people, shop := crowd(k)
			b.ResetTimer()
			for left := b.N; left > 0; left -= 1000 {
				batch := make([]ledger.Entry, min(left, 1000))
				for i := range batch {
					batch[i] = leg(people[i%len(people)], shop, 1)
				}
				k.batch(batch, true)
			}
		})
	}
}

func crowd(k *bank) (people []ledger.AccountID, shop ledger.AccountID) {
	float := k.openBusy("system/float/EUR", eur)
	shop = k.openBusy("merchant/shop/EUR", eur)
	err := k.d.Write(context.Background(), func(tx *db.Tx) error {
		for i := range 1000 {
			a, err := k.Open(tx, ledger.Spec{Address: fmt.Sprintf("user/%d/EUR", i), Currency: eur, Limit: ledger.NonNegative})
			if err != nil {
				return err
			}
			people = append(people, a.ID)
		}
		return nil
	})
	if err != nil {
		k.t.Fatal(err)
	}
	var batch []ledger.Entry
	for _, p := range people {
		batch = append(batch, leg(float, p, 1_000_000_000))
	}
	k.batch(batch, true)
	return people, shop
}

// BenchmarkSubmit measures the group writer: 1,024 callers, each with one transfer between two of a thousand wallets.
func BenchmarkSubmit(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			k := newBank(b, harness.Open(b, engine, ledger.Schema)).withClock(harness.Real())
			people, _ := crowd(k)
			var n atomic.Int64
			b.SetParallelism(512)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := int(n.Add(1))
					from, to := people[i%len(people)], people[(i*7+1)%len(people)]
					if from == to {
						continue
					}
					results, err := k.submit([]ledger.Entry{leg(from, to, 1)}, false)
					if err != nil || results[0].Err != nil {
						b.Fatal(err, results)
					}
				}
			})
		})
	}
}
