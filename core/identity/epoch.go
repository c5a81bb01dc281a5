package identity

import (
	"context"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
)

// trust is how long the epoch's number is believed without asking the database: the longest a right outlives its end
// in another process.
const trust = 500 * time.Millisecond

// epoch is this process's view of the revocation epoch.
type epoch struct {
	db   *db.DB
	real clock.Clock

	mu      sync.Mutex
	number  int64
	checked time.Time
	changes int64 // revocations committed by this process; a reading that one of them overtook is not believed

	reading sync.Mutex // one reader at a time; the others wait for its answer
}

// now returns the epoch's number, at most `trust` old and never older than a revocation of this process.
func (e *epoch) now(ctx context.Context) (int64, error) {
	if n, ok := e.known(); ok {
		return n, nil
	}
	e.reading.Lock()
	defer e.reading.Unlock()
	if n, ok := e.known(); ok {
		return n, nil
	}
	e.mu.Lock()
	before := e.changes
	e.mu.Unlock()
	asked := e.real.Now()
	n, err := db.Read(ctx, e.db, selectEpoch)
	if err != nil {
		return 0, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.changes == before {
		e.number, e.checked = n, asked
	}
	return n, nil
}

func (e *epoch) known() (int64, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	age := e.real.Now().Sub(e.checked)
	return e.number, age >= 0 && age < trust && !e.checked.IsZero()
}

// raise is called in the transaction that takes a right away. It is that transaction's last lock, so revocations
// queue only to commit.
func (e *epoch) raise(tx *db.Tx) error {
	tx.After(func() {
		e.mu.Lock()
		e.changes++
		e.checked = time.Time{}
		e.mu.Unlock()
	})
	return raiseEpoch(tx)
}

// remembered is what was read from the database, and under which epoch.
type remembered[V any] struct {
	value V
	epoch int64
}

// memory remembers positive answers only, and a bounded number of them: two generations, the older one forgotten when
// the younger is full.
type memory[K comparable, V any] struct {
	mu         sync.Mutex
	young, old map[K]remembered[V]
}

const generation = 50_000 // entries; about 25 MB at the most for sessions

func (m *memory[K, V]) get(k K, epoch int64) (v V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.young[k]
	if !ok {
		if r, ok = m.old[k]; ok {
			m.putLocked(k, r)
		}
	}
	if !ok || r.epoch != epoch {
		return v, false
	}
	return r.value, true
}

func (m *memory[K, V]) put(k K, v V, epoch int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.putLocked(k, remembered[V]{v, epoch})
}

func (m *memory[K, V]) putLocked(k K, r remembered[V]) {
	if m.young == nil {
		m.young = make(map[K]remembered[V])
	}
	if len(m.young) >= generation {
		m.old, m.young = m.young, make(map[K]remembered[V])
	}
	m.young[k] = r
}
