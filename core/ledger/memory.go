package ledger

import (
	"bytes"
	"errors"
	"slices"
	"sync"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
)

// memory is what this process keeps in mind of a ledger on SQLite: the totals of the accounts that were posted to since the start. Every
// ledger over one db.DB shares it.
//
// It is the authority while the process runs. The row of an account in ledger_total is older: it has the account's legs up to its own
// last_leg. The rows are written back in the order of their pages, a few with every so many legs (settle.go), and what they lack is read
// again from the legs at start (replay.go). Nobody else writes meanwhile: a lock on the folder keeps other processes away, and bodies that
// write run one after another.
//
// The totals in memory include what is not committed yet, for the next body of the same group must see it; Undo hooks take it away where it
// is not kept. So a reader, whose snapshot is older, never sees these totals themselves. Legs are numbered in the order of their commits:
// what is later than the highest number in its snapshot is taken off again, leg by leg (at).
//
// Only bodies that write change it, all on one goroutine; mu is for the readers beside them.
type memory struct {
	mu         sync.RWMutex
	ready      bool
	life       int64 // counts how often everything was forgotten
	epoch      int64 // of the database when it was read
	next       int64 // the number of the next leg
	newest     key   // no entry that is stored has a greater id
	chunks     map[int64]*chunk
	index      []int64 // the keys of chunks, in order
	currencies []money.Currency
	recent     map[int64]*[recentBlock]recentLeg // by number / recentBlock
	reach      int64                             // how many blocks of them
	sweep      sweep
}

const (
	// chunkSize is how many accounts, side by side in number, are kept together.
	chunkSize = 256
	// recentBlock and recentBlocks say how many of the newest legs are kept for readers: one or two seconds of them at full speed. What a
	// reader with an older snapshot needs is read from the database, which takes longer.
	recentBlock  = 2048
	recentBlocks = 64
)

type chunk struct {
	states [chunkSize]state
	dirty  [chunkSize / 64]uint64 // whose rows are older than their states
}

// state is one account that is not busy, in 64 bytes.
type state struct {
	debits, credits, debitsPending, creditsPending, entries, lastLeg, lastAt int64
	currency                                                                 uint16 // its place in memory.currencies
	limit                                                                    Limit
	flag                                                                     uint8 // stateOpen, stateFrozen or stateClosed
	here                                                                     bool  // the account is kept
}

// recentLeg is a leg that may not be in the snapshot of every reader.
type recentLeg struct {
	number, debit, credit, amount, released, debitPrev, creditPrev int64
	phase                                                          Phase
}

// memoryKey is what the database keeps a memory under.
type memoryKey struct{}

// remembered returns the memory of the transaction's database, nil where there is none.
func remembered(tx *db.Tx) *memory {
	if tx.Engine() != db.SQLite {
		return nil
	}
	m, ok := db.Kept(tx, memoryKey{}, func() *memory { return &memory{reach: recentBlocks} })
	if !ok {
		return nil
	}
	return m
}

// forget empties the memory: the next body that writes reads again what it needs.
func (m *memory) forget(tx *db.Tx) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx.NewEpoch()
	m.ready, m.life = false, m.life+1
	m.chunks, m.index, m.currencies, m.recent, m.sweep = map[int64]*chunk{}, nil, nil, map[int64]*[recentBlock]recentLeg{}, sweep{}
	m.newest = key{}
}

// find returns the state of an account that is kept.
func (m *memory) find(id AccountID) *state {
	c := m.chunks[int64(id)/chunkSize]
	if c == nil || id < 0 {
		return nil
	}
	if s := &c.states[int64(id)%chunkSize]; s.here {
		return s
	}
	return nil
}

// fill copies what is kept of an account into a row, and says whether anything is.
func (m *memory) fill(r *row, id AccountID) bool {
	s := m.find(id)
	if s == nil {
		return false
	}
	r.ID, r.Currency, r.Limit = id, m.currencies[s.currency], s.limit
	r.state, r.Frozen, r.Closed = int64(s.flag), s.flag == stateFrozen, s.flag == stateClosed
	r.restore(s.totals())
	return true
}

func (s *state) totals() totals {
	return totals{s.debits, s.credits, s.debitsPending, s.creditsPending, s.entries, s.lastLeg, clock.FromMicros(s.lastAt)}
}

func (s *state) take(r *row) {
	s.debits, s.credits, s.debitsPending, s.creditsPending = r.DebitsPosted, r.CreditsPosted, r.DebitsPending, r.CreditsPending
	s.entries, s.lastLeg, s.lastAt = r.Entries, r.lastLeg, clock.Micros(r.LastAt)
}

// keep keeps an account whose row was read by a body that writes. Where the body is not kept the account may not even exist, and its
// number may be given to another: then it is forgotten.
func (m *memory) keep(tx *db.Tx, rows []*row) {
	if len(rows) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	life := m.life
	ids := make([]AccountID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
		m.put(r)
	}
	tx.Undo(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, id := range ids {
			if m.life == life {
				*m.find(id) = state{}
				m.mark(id, false)
			}
		}
	})
}

// put keeps an account as its row has it.
func (m *memory) put(r *row) {
	n := int64(r.ID) / chunkSize
	c := m.chunks[n]
	if c == nil {
		c = &chunk{}
		m.chunks[n] = c
		at, _ := slices.BinarySearch(m.index, n)
		m.index = slices.Insert(m.index, at, n)
	}
	s := &c.states[int64(r.ID)%chunkSize]
	*s = state{currency: m.currency(r.Currency), limit: r.Limit, flag: uint8(r.state), here: true}
	s.take(r)
}

func (m *memory) currency(c money.Currency) uint16 {
	i := slices.Index(m.currencies, c)
	if i < 0 {
		i = len(m.currencies)
		m.currencies = append(m.currencies, c)
	}
	return uint16(i)
}

// mark notes whether an account's row is older than its state.
func (m *memory) mark(id AccountID, dirty bool) {
	c := m.chunks[int64(id)/chunkSize]
	if c == nil {
		return
	}
	word, bit := &c.dirty[int64(id)%chunkSize/64], uint64(1)<<(int64(id)%64)
	if was := *word&bit != 0; was == dirty {
		return
	}
	*word ^= bit
	if dirty {
		m.sweep.dirty++
	} else {
		m.sweep.dirty--
	}
}

// kept is the state of an account before it was changed.
type kept struct {
	id     AccountID
	before state
}

// apply takes over what a book has decided, and gives it back where the body is not kept.
func (m *memory) apply(tx *db.Tx, b *book, accepted []*draft) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, next, life := make([]kept, len(b.order)), m.next, m.life
	for i, r := range b.order {
		s := m.find(r.ID)
		before[i] = kept{r.ID, *s}
		s.take(r)
		m.mark(r.ID, true)
	}
	for _, d := range accepted {
		if bytes.Compare(d.key[:], m.newest[:]) > 0 {
			m.newest = d.key
		}
		for i := range d.Legs {
			m.note(d, i)
		}
	}
	m.sweep.owed += int(b.next - m.next)
	m.next = b.next
	tx.Undo(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.life != life {
			return
		}
		for _, k := range before {
			*m.find(k.id) = k.before
		}
		m.next = next
	})
}

// note keeps a leg for the readers.
func (m *memory) note(d *draft, i int) {
	number, leg := d.number+int64(i), &d.Legs[i]
	block := m.recent[number/recentBlock]
	if block == nil {
		block = &[recentBlock]recentLeg{}
		if old := number/recentBlock - m.reach; m.recent[old] != nil {
			block = m.recent[old]
			delete(m.recent, old)
		}
		m.recent[number/recentBlock] = block
	}
	block[number%recentBlock] = recentLeg{number, int64(leg.Debit), int64(leg.Credit), leg.Amount, leg.Released, d.prev[i][0], d.prev[i][1],
		leg.Phase}
}

// takeOff takes the leg back that an account's totals have as their last; it says no where that leg is not kept any more.
func (m *memory) takeOff(id AccountID, t *totals) bool {
	block := m.recent[t.lastLeg/recentBlock]
	if block == nil || block[t.lastLeg%recentBlock].number != t.lastLeg {
		return false
	}
	leg := &block[t.lastLeg%recentBlock]
	posted, pending, prev := &t.credits, &t.creditsPending, leg.creditPrev
	if leg.debit == int64(id) {
		posted, pending, prev = &t.debits, &t.debitsPending, leg.debitPrev
	}
	if leg.phase.moves() {
		*posted -= leg.amount
	}
	if leg.phase == Pending {
		*pending -= leg.amount
	}
	*pending += leg.released
	t.entries--
	t.lastLeg = prev
	return true
}

// at gives a row the totals that its account had after the last leg of a snapshot. It answers no where the memory does not reach back so
// far. stale says that the time of the last entry is not known: the leg is.
func (m *memory) at(epoch int64, r *row, last int64) (known, stale bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if !m.ready || m.epoch != epoch {
		return false, false
	}
	s := m.find(r.ID)
	if s == nil {
		return true, false // nothing was posted to it since the start: the row is right
	}
	t := s.totals()
	for t.lastLeg > last {
		if !m.takeOff(r.ID, &t) {
			return false, false
		}
		stale = true
	}
	r.restore(t)
	return true, stale
}

// current gives a row that was read from the tables the totals of this moment: in a body that writes those it has itself posted, in one
// that reads those of its snapshot.
func (l *Ledger) current(tx *db.Tx, rows ...*row) error {
	for _, r := range rows {
		if !r.Busy && r.state == -1 {
			return errNoTotals(r.ID)
		}
	}
	if tx.Engine() != db.SQLite {
		return nil
	}
	m := remembered(tx)
	last := int64(-1)
	for _, r := range rows {
		if r.Busy {
			continue
		}
		if m != nil && !tx.Reading() {
			if err := m.prepare(tx); err != nil {
				return err
			}
			m.fill(r, r.ID)
			continue
		}
		if last < 0 {
			if err := tx.Row(selectLastLeg).Scan(&last); err != nil {
				return err
			}
		}
		known, stale := false, false
		if m != nil {
			known, stale = m.at(tx.Epoch(), r, last)
		}
		var err error
		if !known {
			err = follow(tx, r)
		} else if stale {
			err = dateLastLeg(tx, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dateLastLeg looks up when the last leg of a row was posted.
func dateLastLeg(tx *db.Tx, r *row) error {
	var at int64
	err := tx.Row(selectEntryTime, r.lastLeg).Scan(&at)
	if err != nil && !errors.Is(err, db.ErrNoRow) {
		return err
	}
	r.LastAt = clock.FromMicros(at)
	return nil
}

// recall puts what is kept into a book, and answers with the accounts that are not kept.
func (m *memory) recall(b *book, ids []AccountID) (unknown []AccountID) {
	rows := make([]row, len(ids))
	for i, id := range ids {
		if m.fill(&rows[i], id) {
			b.accounts[id] = &rows[i]
		} else {
			unknown = append(unknown, id)
		}
	}
	return unknown
}

// doubtful answers with the ids that an entry may have already. Ids begin with the time, so hardly any of new entries is among them: what
// is greater than all that are stored is not stored.
func (m *memory) doubtful(keys []key) (list []key) {
	for _, k := range keys {
		if bytes.Compare(k[:], m.newest[:]) <= 0 {
			list = append(list, k)
		}
	}
	return list
}
