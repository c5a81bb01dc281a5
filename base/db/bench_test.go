package db

import (
	"sync"
	"testing"
)

// BenchmarkWrite is sixteen inserts a write, 64 writers at once: the shape of a payment.
func BenchmarkWrite(b *testing.B) {
	d, err := Open(b.Context(), Options{Path: b.TempDir() + "/t.db"})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	if err := d.Migrate(b.Context(), never, noteSchema); err != nil {
		b.Fatal(err)
	}
	var next sync.Mutex
	id := 0
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			next.Lock()
			id += 16
			mine := id
			next.Unlock()
			if err := d.Write(b.Context(), func(tx *Tx) error {
				for i := range 16 {
					tx.Queue(insertNote, mine+i, "a text of ordinary length")
				}
				return nil
			}); err != nil {
				b.Error(err)
			}
		}
	})
}
