package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/db"
)

// On PostgreSQL one group after another keeps one of the server's processes busy, and everybody else waits for it. So groups are decided
// ahead: over the totals as they will be when the groups under way are committed. A group's entries and legs are inserted while the group
// before it is still being committed; its totals are written when that has succeeded, and only where each row has the very last leg and
// state that the decision was made over. A row that anybody else has changed meanwhile, or a group before that failed, undoes the group,
// and it is decided again over locked rows. So is every group in which an entry would be refused: no refusal comes from memory.

// flights is how many groups may be under way.
const flights = 3

// errStale says that a group was decided over totals that are not those of the database.
var errStale = errors.New("ledger: decided over totals that have changed")

// errRefused says that an entry would be refused, which only locked rows may say.
var errRefused = errors.New("ledger: an entry would be refused")

// ahead is what the group writer knows of the totals on PostgreSQL. Only the group writer uses it, but for what is behind mu.
type ahead struct {
	slots  chan struct{}
	last   *flight
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
	inserted gate // its entries and legs are in the tables, not committed
	done     gate
	ok       bool // after done: it is committed as it was decided
}

// gate is shut until somebody opens it, once or more often.
type gate struct {
	once sync.Once
	c    chan struct{}
}

func (g *gate) open() { g.once.Do(func() { close(g.c) }) }

func newFlight(before *flight) *flight {
	return &flight{before: before, inserted: gate{c: make(chan struct{})}, done: gate{c: make(chan struct{})}}
}

// decided is a group's decision, and the rows it was made over.
type decided struct {
	group    []*submission
	book     *book
	parts    []part
	accepted []*draft
	versions []any // of each touched account, in order of number: last leg and state
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

// fly decides a group and sends it on its way, as soon as there is room.
func (l *Ledger) fly(d *db.DB, group []*submission) {
	a := &l.ahead
	if a.slots == nil {
		a.slots = make(chan struct{}, flights)
	}
	a.slots <- struct{}{}
	if a.broken.Load() || a.totals == nil {
		for range flights - 1 { // those under way know themselves that they failed, and are waited for
			a.slots <- struct{}{}
		}
		a.begin()
		l.warm(d)
		for range flights - 1 {
			<-a.slots
		}
	}
	f := newFlight(a.last)
	a.last = f
	g, err := l.decideAhead(d, group)
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
	a.totals, a.last, a.changed, a.used = &memory{chunks: map[int64]*chunk{}}, nil, nil, true
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
	g := &decided{group: group, book: b, parts: parts, accepted: make([]*draft, 0, len(drafts))}
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
	g.versions = make([]any, 0, 2*len(b.order))
	for _, r := range b.order {
		s := a.totals.find(r.ID)
		g.versions = append(g.versions, s.lastLeg, int64(s.flag))
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

// writeAhead writes a decision, its totals last and only when the group before it is committed. What waits for the group before holds
// nothing that the group before may need: it inserts after it, and locks no totals until it is done.
func (l *Ledger) writeAhead(tx *db.Tx, f *flight, g *decided) error {
	if !l.kinds.knowAll(g.accepted) {
		f.waitInserted()
	}
	if still, err := unanswered(tx, g.group); err != nil || len(still) < len(g.group) {
		return errors.Join(err, errStale)
	}
	w, err := l.writing(tx, g.accepted)
	if err != nil {
		return err
	}
	f.waitInserted() // rows that are appended out of order cost the indexes half of each page
	tx.Queue(byKey)
	if err := errors.Join(tx.Copy(copyEntries, copyEntryShape, w.entries), tx.Copy(copyLegs, copyLegShape, w.legs)); err != nil {
		return err
	}
	f.inserted.open()
	if f.before != nil {
		if <-f.before.done.c; !f.before.ok {
			return errStale
		}
	}
	if n := len(g.book.order); n > 0 {
		rows, err := tx.Exec(updateTotalsOver, db.Arrays(g.book.versioned(g.versions), totalsOverShape)...)
		if err != nil {
			return err
		}
		if rows != int64(n) {
			return fmt.Errorf("%w: %d of %d rows", errStale, int64(n)-rows, n)
		}
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

// versioned lists the totals of touched accounts, each with what its row must have had.
func (b *book) versioned(versions []any) []any {
	sums := b.sums()
	args := make([]any, 0, len(sums)+len(versions))
	for i := range b.order {
		args = append(args, sums[8*i:8*i+8]...)
		args = append(args, versions[2*i], versions[2*i+1])
	}
	return args
}
