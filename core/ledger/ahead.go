package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/db"
)

// On PostgreSQL one group after another keeps one of the server's processes busy, and everybody else waits for it. So groups are decided
// ahead: over the totals as they will be when the groups under way are committed. A group's entries and legs are inserted while the group
// before it is still being committed, and so are the totals that no group under way touches; the rest is written when the group before has
// succeeded. Each row is written only where it has the very last leg and state that the decision was made over. A row that anybody else has
// changed meanwhile, or a group before that failed, undoes the group, and it is decided again over locked rows. So is every group in which
// an entry would be refused: no refusal comes from memory.

const (
	// flights is how many groups may be under way: one that is committed, one that is written, one that is decided. With more of them each
	// is smaller, and the fixed cost of a group outweighs what is won.
	flights = 3
	// flightConns is how many connections there must be for each: a group that waits for the one before keeps one.
	flightConns = 3
	// flightPatience is how long a group waits for a row that somebody else keeps locked, who may be waiting for a row of a group that
	// waits for this one, of which the database knows nothing. Such a row is most likely changed, so the group would be decided again.
	flightPatience = 100 * time.Millisecond
)

// errStale says that a group was decided over totals that are not those of the database.
var errStale = errors.New("ledger: decided over totals that have changed")

// errRefused says that an entry would be refused, which only locked rows may say.
var errRefused = errors.New("ledger: an entry would be refused")

// ahead is what the group writer knows of the totals on PostgreSQL. Only the group writer uses it, but for what is behind mu.
type ahead struct {
	slots  chan struct{}
	last   *flight
	flying []*flight // those under way, and some that have landed
	totals *memory
	broken atomic.Bool // a group failed: what is known may be wrong

	mu      sync.Mutex
	used    bool
	changed []AccountID // accounts that were written beside the group writer
	notes   int64       // counts how often that was said

	warming   *warming
	warmAfter time.Time
}

// flight is a group under way.
type flight struct {
	before   *flight
	from, to int64 // the numbers of its legs, up to and not including to
	inserted gate  // its entries and legs are in the tables, not committed
	done     gate
	ok       bool // after done: it is committed as it was decided
}

// gate is shut until somebody opens it, once or more often.
type gate struct {
	once sync.Once
	c    chan struct{}
}

func (g *gate) open() { g.once.Do(func() { close(g.c) }) }

func (g *gate) isOpen() bool {
	select {
	case <-g.c:
		return true
	default:
		return false
	}
}

func newFlight(before *flight) *flight {
	return &flight{before: before, inserted: gate{c: make(chan struct{})}, done: gate{c: make(chan struct{})}}
}

// decided is a group's decision, and the rows it was made over.
type decided struct {
	group    []*submission
	book     *book
	parts    []part
	accepted []*draft
	legs     int64  // the number of the first
	versions []any  // of each touched account, in order of number: last leg and state
	awaited  []bool // of each: a group under way touches it too
}

// note has accounts read again that were written beside the group writer.
func (a *ahead) note(rows []*row) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.used || a.broken.Load() {
		return
	}
	a.notes++
	for _, r := range rows {
		a.changed = append(a.changed, r.ID)
	}
	if len(a.changed) > loadArrays {
		a.changed = nil
		a.broken.Store(true)
	}
}

// ready waits until fly has room for another group. Only the group writer takes room, so it stays.
func (a *ahead) ready() {
	if a.slots != nil {
		a.slots <- struct{}{}
		<-a.slots
	}
}

// fly decides a group and sends it on its way.
func (l *Ledger) fly(d *db.DB, group []*submission) {
	a := &l.ahead
	if a.slots == nil {
		a.slots = make(chan struct{}, min(flights, max(1, d.Conns()/flightConns)))
	}
	a.slots <- struct{}{}
	if others := cap(a.slots) - 1; a.broken.Load() || a.totals == nil {
		for range others { // those under way know themselves that they failed, and are waited for
			a.slots <- struct{}{}
		}
		a.begin()
		l.warm(d)
		for range others {
			<-a.slots
		}
	}
	f := newFlight(a.last)
	a.last = f
	g, err := l.decideAhead(d, group)
	if err == nil {
		f.from, f.to = g.legs, g.book.next
		a.flying = append(a.flying, f)
	}
	go func() {
		defer func() { <-a.slots }()
		if err == nil {
			err = d.Write(context.Background(), func(tx *db.Tx) error { return l.writeAhead(tx, f, g) })
		}
		l.land(d, group, f, g, err)
	}()
}

// land answers a group's callers. One that was not written as it was decided is posted over locked rows, but where the storage failed or
// the outcome is unknown.
func (l *Ledger) land(d *db.DB, group []*submission, f *flight, g *decided, err error) {
	before := f.before
	f.before = nil
	defer f.inserted.open() // whoever waits for that holds nothing yet
	switch {
	case err == nil:
		f.ok = true
		f.done.open()
		for _, s := range group {
			s.Done()
		}
	case errors.Is(err, errRefused):
		if before != nil {
			<-before.done.c
		}
		l.postGroup(d, group)
		f.ok = true // nobody's decision is built on this one
		f.done.open()
	default:
		l.ahead.broken.Store(true)
		f.done.open()
		f.inserted.open()
		if db.Apart(err) {
			l.postGroup(d, group)
			return
		}
		for _, s := range group {
			s.err = err
			s.Done()
		}
	}
}

// begin forgets all totals.
func (a *ahead) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.totals, a.last, a.flying, a.changed, a.used = &memory{chunks: map[int64]*chunk{}}, nil, nil, nil, true
	a.broken.Store(false)
}

// refresh forgets the totals that were written beside the group writer, and takes what was read ahead.
func (a *ahead) refresh() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range a.changed {
		if s := a.totals.find(id); s != nil {
			*s = state{}
		}
	}
	a.changed = a.changed[:0]
	a.takeWarm()
}

func (a *ahead) notesSoFar() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.notes
}

// decideAhead decides a group over the totals as they will be.
func (l *Ledger) decideAhead(d *db.DB, group []*submission) (*decided, error) {
	a := &l.ahead
	a.refresh()
	parts, drafts := partsOf(group)
	b := newBook(l.clock.Now())
	unknown := a.totals.recall(b, accountsOf(drafts))
	if len(unknown) > 0 {
		err := d.Read(context.Background(), func(tx *db.Tx) error {
			_, err := l.load(tx, b, unknown, nil)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, r := range b.read {
			a.totals.put(r)
		}
	}
	var err error
	if b.next, err = l.legsAhead(d, drafts); err != nil {
		return nil, err
	}
	g := &decided{group: group, book: b, parts: parts, accepted: make([]*draft, 0, len(drafts)), legs: b.next}
	known := make(map[key]*draft, len(drafts))
	for i := range parts {
		g.accepted = b.decidePart(&parts[i], known, g.accepted)
		for _, refusal := range parts[i].refusals {
			if refusal != nil {
				return nil, errRefused
			}
		}
	}
	b.inOrder()
	a.flying = slices.DeleteFunc(a.flying, func(f *flight) bool { return f.done.isOpen() })
	g.versions, g.awaited = make([]any, 0, 2*len(b.order)), make([]bool, len(b.order))
	for i, r := range b.order {
		s := a.totals.find(r.ID)
		g.versions = append(g.versions, s.lastLeg, int64(s.flag))
		g.awaited[i] = slices.ContainsFunc(a.flying, func(f *flight) bool { return f.from <= s.lastLeg && s.lastLeg < f.to })
		s.take(r)
	}
	return g, nil
}

// legsAhead takes numbers for a group: of those at hand, or new ones.
func (l *Ledger) legsAhead(d *db.DB, drafts []*draft) (first int64, err error) {
	n := legsOf(drafts)
	l.mu.Lock()
	b := &l.legs
	if b.end-b.next >= n+legNumbers/4 && l.real.Now().Before(b.until) {
		first = b.next
		b.next += n
	}
	l.mu.Unlock()
	if first > 0 {
		return first, nil
	}
	return db.Write(context.Background(), d, func(tx *db.Tx) (int64, error) { return l.takeLegs(tx, drafts) })
}

// writeAhead writes a decision, and what groups under way touch too only when the group before it is committed. What waits for the group
// before holds nothing that the group before may need: it inserts after it, and has locked no totals that are the other's. A group that
// was refused, and is posted over locked rows, is done before the next one inserts.
func (l *Ledger) writeAhead(tx *db.Tx, f *flight, g *decided) error {
	if !l.kinds.knowAll(g.accepted) {
		f.waitInserted()
	}
	if still, err := unanswered(tx, g.group); err != nil || len(still) < len(g.group) {
		return errors.Join(err, errStale)
	}
	w, err := l.writing(tx, g.accepted, true)
	if err != nil {
		return err
	}
	f.waitInserted() // rows that are appended out of order cost the indexes half of each page
	tx.GiveUpAfter(flightPatience)
	tx.Queue(byKey)
	if err := errors.Join(tx.Copy(copyEntries, copyEntryShape, w.entries), tx.Copy(copyLegs, copyLegShape, w.legs)); err != nil {
		return err
	}
	f.inserted.open()
	now, then := g.totals()
	if err := changeOver(tx, now); err != nil {
		return err
	}
	if f.before != nil {
		if <-f.before.done.c; !f.before.ok {
			return errStale
		}
	}
	if err := changeOver(tx, then); err != nil {
		return err
	}
	g.book.writeAccounts(tx)
	insertRuns.Queue(tx, w.runs)
	settleAll(g.group, g.parts)
	keepNotes(tx, g.group)
	return nil
}

// waitInserted waits until the group before has inserted its rows, or is done.
func (f *flight) waitInserted() {
	if f.before != nil {
		<-f.before.inserted.c
	}
}

// totals lists the totals of touched accounts, each with what its row must have had: those to be written at once, and those that a group
// under way touches too.
func (g *decided) totals() (now, then []any) {
	sums := g.book.sums()
	const columns = len(totalsOverShape)
	now = make([]any, 0, len(g.awaited)*columns)
	for i, awaited := range g.awaited {
		list := &now
		if awaited {
			list = &then
		}
		*list = append(append(*list, sums[8*i:8*i+8]...), g.versions[2*i:2*i+2]...)
	}
	return now, then
}

// changeOver writes totals where their rows are still what was decided over.
func changeOver(tx *db.Tx, totals []any) error {
	n := int64(len(totals) / len(totalsOverShape))
	if n == 0 {
		return nil
	}
	rows, err := tx.Exec(updateTotalsOver, db.Arrays(totals, totalsOverShape)...)
	if err == nil && rows != n {
		err = fmt.Errorf("%w: %d of %d rows", errStale, n-rows, n)
	}
	return err
}
