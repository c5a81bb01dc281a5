package ledger

import (
	"context"

	"billfold/base/db"
)

// SettleSome writes back at most so many rows, as posting does after many legs.
func SettleSome(ctx context.Context, d *db.DB, rows int) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		m := remembered(tx)
		if err := m.prepare(tx); err != nil {
			return err
		}
		m.step(tx, rows)
		return nil
	})
}

// Lagging counts the accounts whose rows are older than what is remembered of them.
func Lagging(ctx context.Context, d *db.DB) (n int, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		m := remembered(tx)
		m.mu.RLock()
		defer m.mu.RUnlock()
		n = m.sweep.dirty
		return nil
	})
	return n, err
}

// Reach sets how many blocks of 2048 legs are kept for readers.
func Reach(ctx context.Context, d *db.DB, blocks int64) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		remembered(tx).reach = blocks
		return nil
	})
}

// KnownAhead counts the accounts whose totals the group writer knows without asking. It must be at rest.
func KnownAhead(l *Ledger, ids []AccountID) (n int) {
	if l.ahead.totals == nil {
		return 0
	}
	for _, id := range ids {
		if l.ahead.totals.find(id) != nil {
			n++
		}
	}
	return n
}
