package db

import (
	"context"
	"sync"
	"sync/atomic"
)

// keeper is what the packages of this process keep in mind of one open database.
type keeper struct {
	kept  sync.Map
	epoch atomic.Int64
}

// now is the epoch, 0 where nothing is kept in mind.
func (m *keeper) now() int64 {
	if m == nil {
		return 0
	}
	return m.epoch.Load()
}

// Flusher is what Close asks of something that is kept: to write down what it has not written yet. Should that fail nothing is lost, or
// it should not have been kept.
type Flusher interface {
	Flush(ctx context.Context, d *DB) error
}

// Kept returns what this process keeps in mind of the database under a key, made on first use. There is none, and it answers no, where
// somebody else may write behind its back: on PostgreSQL, and beside a running server. On SQLite bodies that write run one after another
// on one goroutine, their Undo hooks too; bodies that read run beside them, over older snapshots.
func Kept[T any](tx *Tx, key any, make func() T) (kept T, ok bool) {
	if tx.memory == nil {
		return kept, false
	}
	v, ok := tx.memory.kept.Load(key)
	if !ok {
		v, _ = tx.memory.kept.LoadOrStore(key, make())
	}
	return v.(T), true
}

// Epoch changes when a COMMIT had an outcome that nobody knows, because what was kept in mind before may be older or newer than the
// database. A body that reads is told the epoch in which its snapshot was taken, or the one before.
func (tx *Tx) Epoch() int64 {
	if tx.memory == nil || tx.reading {
		return tx.epoch
	}
	return tx.memory.epoch.Load()
}

// NewEpoch begins another epoch, because what was kept in mind is not to be relied upon.
func (tx *Tx) NewEpoch() { tx.memory.epoch.Add(1) }

// Reading tells whether the body reads one snapshot and may not write.
func (tx *Tx) Reading() bool { return tx.reading }

// flush has everything written down that is kept in mind.
func (d *DB) flush(ctx context.Context) {
	l, ok := d.back.(*lite)
	if !ok || l.memory == nil {
		return
	}
	l.memory.kept.Range(func(_, v any) bool {
		if f, ok := v.(Flusher); ok {
			if err := f.Flush(ctx, d); err != nil {
				d.log.Warn("what was kept in memory is not written down; the next start will read it from the log", "error", err)
			}
		}
		return true
	})
}
