package ledger

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"billfold/base/clock"
	"billfold/base/db"
)

const (
	// sweepEvery is after how many legs some rows are written back: few enough times that each writes whole pages.
	sweepEvery = 1024
	// sweepRows is how many of them at least.
	sweepRows = 128
	// sweepLegs bounds the legs of one round over all rows, and so what a start after a crash has to read: two rounds at the most. Many
	// accounts make the rounds longer until then, and the steps larger after that.
	sweepLegs = 1_000_000
	// settleRows is how many rows are written back at once when nobody posts.
	settleRows = 4_096
	// flushRows is how many rows one transaction writes when the database is closed.
	flushRows = 20_000
)

// sweep is where the writing back of rows stands. A round goes over all accounts once, in order of number. When it ends, the rows have all
// legs that there were when it began, and that is noted as the settled number in the same transaction.
type sweep struct {
	dirty   int       // accounts whose rows are older than their states
	owed    int       // legs since the last step
	began   int64     // the number of the next leg when this round began
	next    AccountID // where the round goes on
	settled int64     // up to where the rows are known to be right
	noted   bool      // whether that is in the database
}

// Settle writes back a part of the rows that memory is ahead of, for the time when nobody posts: so that whoever reads the tables by hand
// finds them as they are. Run about once a second.
func (l *Ledger) Settle(ctx context.Context, d *db.DB) error {
	if d.Engine() != db.SQLite {
		return nil
	}
	var m *memory
	err := d.Read(ctx, func(tx *db.Tx) error {
		m = remembered(tx)
		return nil
	})
	if err != nil || m == nil || !m.behind() {
		return err
	}
	return m.settle(ctx, d, settleRows)
}

// Flush writes back all rows. The database asks for it when it is closed.
func (m *memory) Flush(ctx context.Context, d *db.DB) error {
	for m.behind() {
		if err := m.settle(ctx, d, flushRows); err != nil {
			return err
		}
	}
	return nil
}

// behind tells whether a row is older than its state, or the settled number than the rows.
func (m *memory) behind() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.ready && (m.sweep.dirty > 0 || m.sweep.settled != m.next-1)
}

func (m *memory) settle(ctx context.Context, d *db.DB, rows int) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		if err := m.prepare(tx); err != nil {
			return err
		}
		m.step(tx, rows)
		return nil
	})
}

// noteSettled notes, before the first row falls behind, that all rows are right up to here: without a note they would be taken to have
// everything.
func (m *memory) noteSettled(tx *db.Tx) {
	if m.sweep.noted {
		return
	}
	tx.Queue(upsertSettled, m.sweep.settled)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep.noted = true
	life := m.life
	tx.Undo(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.life == life {
			m.sweep.noted = false
		}
	})
}

// sweepDue writes back rows where it is time.
func (m *memory) sweepDue(tx *db.Tx) {
	if s := &m.sweep; s.owed >= sweepEvery {
		m.step(tx, max(sweepRows*s.owed/sweepEvery, s.dirty*s.owed/sweepLegs))
	}
}

// step writes back at most so many rows, from where the round stands, and notes the settled number where the round ends.
func (m *memory) step(tx *db.Tx, rows int) {
	var written []AccountID
	sums := make([]any, 0, 8*rows)
	after := m.sweep
	after.owed, after.next = 0, math.MaxInt64
	for id := range m.dirtyFrom(m.sweep.next) {
		if len(written) == rows {
			after.next = id
			break
		}
		written = append(written, id)
		s := m.find(id)
		sums = append(sums, int64(id), s.debits, s.credits, s.debitsPending, s.creditsPending, s.entries, s.lastLeg, s.lastAt)
	}
	changeTotals.Queue(tx, sums)
	if after.dirty -= len(written); after.dirty == 0 {
		after.began = m.next // all rows are right: what is settled is everything
	}
	if after.next == math.MaxInt64 {
		after.settled, after.began, after.next = after.began-1, m.next, 0
		after.noted = true
		tx.Queue(upsertSettled, after.settled)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before, life := m.sweep, m.life
	for _, id := range written {
		m.mark(id, false)
	}
	m.sweep = after
	tx.Undo(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.life != life {
			return
		}
		for _, id := range written {
			m.mark(id, true)
		}
		before.dirty = m.sweep.dirty
		m.sweep = before
	})
}

// dirtyFrom lists the accounts whose rows are older than their states, in order of number.
func (m *memory) dirtyFrom(from AccountID) func(yield func(AccountID) bool) {
	return func(yield func(AccountID) bool) {
		at, _ := slices.BinarySearch(m.index, int64(from)/chunkSize)
		for _, n := range m.index[at:] {
			c := m.chunks[n]
			for w, word := range c.dirty {
				for ; word != 0; word &= word - 1 {
					id := AccountID(n*chunkSize + int64(w*64+bits.TrailingZeros64(word)))
					if id >= from && m.find(id) != nil && !yield(id) {
						return
					}
				}
			}
		}
	}
}

// setFlag notes that an account was frozen, closed or neither, and brings its row up to date.
func (m *memory) setFlag(tx *db.Tx, r *row) error {
	if err := m.prepare(tx); err != nil {
		return err
	}
	changeTotals.Queue(tx, []any{int64(r.ID), r.DebitsPosted, r.CreditsPosted, r.DebitsPending, r.CreditsPending, r.Entries, r.lastLeg,
		clock.Micros(r.LastAt)})
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.find(r.ID)
	if s == nil {
		return nil // whoever posts to it reads the row
	}
	id, before, life := r.ID, s.flag, m.life
	s.flag = uint8(r.stateOf())
	tx.Undo(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.life == life {
			m.find(id).flag = before
			m.mark(id, true)
		}
	})
	m.mark(id, false)
	return nil
}
