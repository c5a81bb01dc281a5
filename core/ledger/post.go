package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
)

// Post records an entry whose legs move money at once. The same id with the same content again answers with the stored entry.
//
// Refusals, none of which moves anything: insufficient_funds, account_not_found, account_frozen, account_closed, currency_mismatch,
// same_account, amount_not_positive, ledger_overflow, entry_differs, entry_invalid. Param names the place, such as "legs[0].debit".
func (l *Ledger) Post(tx *db.Tx, e Entry) (Entry, error) {
	return l.one(tx, e, Posted, time.Time{})
}

// Hold records an entry that reserves its amounts until it is posted, voided or expired: they leave the debited accounts' available
// balance and reach nobody. It refuses what Post refuses, and an expiry that is not in the future.
func (l *Ledger) Hold(tx *db.Tx, e Entry, expires time.Time) (Entry, error) {
	if expires.IsZero() {
		return Entry{}, ErrEntryInvalid.With("expires_at")
	}
	return l.one(tx, e, Pending, expires)
}

func (l *Ledger) one(tx *db.Tx, e Entry, phase Phase, expires time.Time) (Entry, error) {
	d, err := l.draft(e, phase, expires)
	if err != nil {
		return Entry{}, err
	}
	refusals, err := l.record(tx, []*draft{d}, true)
	if err != nil {
		return Entry{}, err
	}
	if refusals[0] != nil {
		return Entry{}, refusals[0]
	}
	return d.Entry, nil
}

// PostBatch posts entries in the order given; later ones see what earlier ones moved. With atomic, all are posted or none: then the
// refused ones carry their refusal and the others batch_refused. Without, each is posted or refused on its own. Entries refused as
// malformed count as refused. The error is for storage, and for a batch of nothing or of more than MaxBatch entries.
func (l *Ledger) PostBatch(tx *db.Tx, entries []Entry, atomic bool) ([]Result, error) {
	return l.batch(tx, entries, nil, atomic)
}

// PostEach is PostBatch for entries that are posted or refused each on its own. Those that have a time in until are held until then, as by
// Hold.
func (l *Ledger) PostEach(tx *db.Tx, entries []Entry, until []time.Time) ([]Result, error) {
	return l.batch(tx, entries, until, false)
}

func (l *Ledger) batch(tx *db.Tx, entries []Entry, until []time.Time, atomic bool) ([]Result, error) {
	if len(entries) == 0 || len(entries) > MaxBatch {
		return nil, ErrBatchSize.With("entries")
	}
	s := &submission{atomic: atomic}
	if refused := s.prepare(l, entries, until); len(s.drafts) == 0 || refused && atomic {
		s.settle(refused)
		return s.results, nil
	}
	if err := l.recordAll(tx, []*submission{s}, false); err != nil {
		return nil, err
	}
	return s.results, nil
}

func (l *Ledger) draft(e Entry, phase Phase, expires time.Time) (*draft, error) {
	if e.ID == "" {
		e.ID = EntryID(l.ids.New(Prefix))
	}
	return prepare(e, phase, expires)
}

// part is drafts that are recorded one by one or, where it is atomic, all or none.
type part struct {
	drafts   []*draft
	atomic   bool
	refusals []error // one place per draft, once it is recorded
}

// record is recordParts for one part.
func (l *Ledger) record(tx *db.Tx, drafts []*draft, atomic bool) (refusals []error, err error) {
	p := []part{{drafts: drafts, atomic: atomic}}
	err = l.recordParts(tx, p, false)
	return p[0].refusals, err
}

// recordParts decides drafts in order and queues the writes of those that are not refused. The accounts of all parts are locked first, in
// one order: two group writers that locked them part by part would wait for each other. strange says that the ids may be anybody's.
func (l *Ledger) recordParts(tx *db.Tx, parts []part, strange bool) error {
	tx.RerunOnConflict("ledger_entry")
	drafts := parts[0].drafts
	if len(parts) > 1 {
		drafts = nil
		for i := range parts {
			drafts = append(drafts, parts[i].drafts...)
		}
	}
	book := newBook(l.clock.Now())
	existing, err := l.load(tx, book, accountsOf(drafts), keysOf(drafts))
	if err != nil {
		return err
	}
	known := map[key]*draft{}
	if len(existing) > 0 {
		if known, err = l.fetch(tx, existing); err != nil {
			return err
		}
	}
	if m := remembered(tx); m != nil {
		book.next = m.next
	} else if book.next, err = l.takeLegs(tx, drafts); err != nil {
		return err
	}
	accepted := make([]*draft, 0, len(drafts))
	for i := range parts {
		accepted = book.decidePart(&parts[i], known, accepted)
	}
	if strange {
		tx.RerunAfter(IDPatience)
	}
	return l.write(tx, book, accepted, strange)
}

// decidePart decides a part's drafts and appends those that are to be written. known has the entries that exist, those of earlier drafts
// included.
func (b *book) decidePart(p *part, known map[key]*draft, accepted []*draft) []*draft {
	p.refusals = make([]error, len(p.drafts))
	before, first, refused := b.mark(p.atomic), len(accepted), false
	for i, d := range p.drafts {
		if stored := known[d.key]; stored != nil {
			if d.sameContent(stored) {
				d.Entry, d.stored = stored.Entry, true
			} else {
				p.refusals[i] = ErrEntryDiffers.With("id")
			}
		} else if p.refusals[i] = b.decide(d); p.refusals[i] == nil {
			accepted, known[d.key] = append(accepted, d), d
		}
		refused = refused || p.refusals[i] != nil
	}
	if !p.atomic || !refused {
		return accepted
	}
	for _, d := range accepted[first:] {
		delete(known, d.key)
	}
	b.back(before)
	return accepted[:first]
}

// accountsOf lists the accounts of drafts once each, in order of number: the order in which they are locked.
func accountsOf(drafts []*draft) []AccountID {
	ids := make([]AccountID, 0, 2*len(drafts))
	for _, d := range drafts {
		for _, leg := range d.Legs {
			ids = append(ids, leg.Debit, leg.Credit)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func keysOf(drafts []*draft) []key {
	keys := make([]key, len(drafts))
	for i, d := range drafts {
		keys[i] = d.key
	}
	return keys
}

// Most accounts and ids in one statement of load, one by one and in arrays.
const (
	loadMost   = 128
	loadArrays = 20_000
)

// load locks and reads accounts into the book and says which of the entries exist. For a single entry that is one statement. Entry ids
// are asked for with or after the last lock; where a twin commits in between, the transaction runs again.
func (l *Ledger) load(tx *db.Tx, b *book, ids []AccountID, keys []key) (existing []key, err error) {
	m := remembered(tx)
	if m != nil {
		if err := m.prepare(tx); err != nil {
			return nil, err
		}
		ids, keys = m.recall(b, ids), m.doubtful(keys)
	}
	var locked, busy []AccountID
	for _, id := range ids {
		if l.facts.isBusy(id) {
			busy = append(busy, id)
		} else {
			locked = append(locked, id)
		}
	}
	asked, most := locked, loadMost
	if tx.Engine() == db.Postgres {
		most = loadArrays
	}
	for first := true; first || len(locked)+len(busy)+len(keys) > 0; first = false {
		var someLocked, someBusy []AccountID
		var someKeys []key
		someLocked, locked = cut(locked, most)
		if len(locked) == 0 {
			someBusy, busy = cut(busy, most)
			someKeys, keys = cut(keys, most)
		}
		if existing, err = l.loadSome(tx, b, someLocked, someBusy, someKeys, existing); err != nil {
			return nil, err
		}
	}
	if err := l.loadStrange(tx, b, asked); err != nil || m == nil {
		return existing, err
	}
	m.keep(tx, b.read)
	return existing, nil
}

// loadStrange reads the accounts that have no totals: they are busy, which this process did not know, or nobody opened them. One that is
// not busy was opened with its totals, maybe just now; if they are not there at the second look either, they were lost.
func (l *Ledger) loadStrange(tx *db.Tx, b *book, asked []AccountID) error {
	var strange, busy []AccountID
	for _, id := range asked {
		if b.accounts[id] == nil {
			strange = append(strange, id)
		}
	}
	for more := strange; len(more) > 0; {
		var some []AccountID
		some, more = cut(more, loadMost)
		if _, err := l.loadSome(tx, b, nil, some, nil, nil); err != nil {
			return err
		}
	}
	var bare []AccountID
	for _, id := range strange {
		if r := b.accounts[id]; r != nil && r.Busy {
			busy = append(busy, id)
		} else if r != nil {
			delete(b.accounts, id)
			bare = append(bare, id)
		}
	}
	for more := bare; len(more) > 0; {
		var some []AccountID
		some, more = cut(more, loadMost)
		if _, err := l.loadSome(tx, b, some, nil, nil, nil); err != nil {
			return err
		}
	}
	for _, id := range bare {
		if b.accounts[id] == nil {
			return errNoTotals(id)
		}
	}
	if len(busy) > 0 {
		tx.After(func() { l.facts.rememberBusy(busy) })
	}
	return nil
}

func cut[T any](list []T, n int) (some, rest []T) {
	n = min(n, len(list))
	return list[:n], list[n:]
}

// pad appends the list as arguments and repeats its last until the list has the room of its statement.
func pad[T any](args []any, list []T, arg func(*T) any) []any {
	for i := range room(len(list)) {
		args = append(args, arg(&list[min(i, len(list)-1)]))
	}
	return args
}

// listed appends a list as one argument, unless it is empty.
func listed(args []any, n int, list any) []any {
	if n == 0 {
		return args
	}
	return append(args, list)
}

func accountArg(id *AccountID) any { return int64(*id) }
func keyArg(k *key) any            { return k[:] }

func (l *Ledger) loadSome(
	tx *db.Tx, b *book, locked, busy []AccountID, keys, existing []key,
) ([]key, error) {
	shape := loadShape{room(len(keys)), room(len(locked)), room(len(busy)), tx.ForUpdate(), false, l.facts.knowAll(locked)}
	if shape.keys+shape.locked+shape.busy == 0 {
		return existing, nil
	}
	if shape.lock != "" {
		shape.lock += " of t"
		shape.arrays = len(keys)+len(locked)+len(busy) > 2*db.ArraysFrom
	}
	args := make([]any, 0, shape.keys+shape.locked+shape.busy)
	if shape.arrays {
		// One text for every length, whose parts depend on what is asked for and no more.
		shape.keys, shape.locked, shape.busy = min(shape.keys, 1), min(shape.locked, 1), min(shape.busy, 1)
		args = listed(args, len(keys), keyList(keys))
		args = listed(args, len(locked), idList(locked))
		args = listed(args, len(busy), idList(busy))
	} else {
		args = pad(args, keys, keyArg)
		args = pad(args, locked, accountArg)
		args = pad(args, busy, accountArg)
	}
	var strangers []*row
	_, err := db.All(tx, func(r db.Row) (struct{}, error) {
		var part, scale, limit, lastAt int64
		var entry []byte
		a := &row{}
		err := r.Scan(&part, &entry, &a.ID, &a.Currency.Code, &scale, &limit, &a.Busy, &a.state,
			&a.DebitsPosted, &a.CreditsPosted, &a.DebitsPending, &a.CreditsPending, &a.Entries, &a.lastLeg, &lastAt)
		if err != nil {
			return struct{}{}, err
		}
		if part == 0 {
			existing = append(existing, key(entry))
			return struct{}{}, nil
		}
		a.Currency.Scale, a.Limit, a.LastAt = small(scale), Limit(small(limit)), clock.FromMicros(lastAt)
		if part == 1 && shape.narrow {
			l.facts.know(a)
		} else if part == 1 {
			strangers = append(strangers, a)
		}
		if part == 1 {
			b.read = append(b.read, a)
		}
		a.Frozen, a.Closed = a.state == stateFrozen, a.state == stateClosed
		b.accounts[a.ID] = a
		return struct{}{}, nil
	}, selectLoad.Of(shape), args...)
	if err != nil {
		return nil, fmt.Errorf("read accounts to post: %w", err)
	}
	if len(strangers) > 0 && tx.Engine() != db.SQLite {
		tx.After(func() { l.facts.rememberTerms(strangers) })
	}
	return existing, nil
}

// write queues everything that was decided.
func (l *Ledger) write(tx *db.Tx, b *book, accepted []*draft, strange bool) error {
	if len(accepted) == 0 {
		return nil
	}
	w, err := l.writing(tx, accepted, strange)
	if err != nil {
		return err
	}
	w.queue(tx)
	m := remembered(tx)
	if m != nil {
		m.noteSettled(tx)
		m.apply(tx, b, accepted)
	} else {
		b.writeTotals(tx)
		tx.After(func() { l.ahead.note(b.order) })
	}
	b.writeAccounts(tx)
	insertRuns.Queue(tx, w.runs)
	if m != nil {
		m.sweepDue(tx)
	}
	return nil
}

// writing is the rows of entries that were decided, each list one row after another.
type writing struct{ entries, legs, holds, runs []any }

// writing prepares the rows of entries, and queues that the holds they resolve are not open any more. Strange ids are written in their
// order.
func (l *Ledger) writing(tx *db.Tx, accepted []*draft, strange bool) (w writing, err error) {
	var scratch, tag []byte
	w.entries = make([]any, 0, len(accepted)*insertEntries.Columns())
	w.legs = make([]any, 0, len(accepted)*insertLegs.Columns())
	noted := map[kindRun]bool{}
	for _, d := range accepted {
		code, err := l.kindCode(tx, d.Kind)
		if err != nil {
			return w, err
		}
		if run := (kindRun{code, d.number / runLength}); !noted[run] && l.newRun(tx, run) {
			noted[run] = true
			w.runs = append(w.runs, code, d.number)
		}
		tag, scratch = l.tagEntry(d, scratch)
		count := int64(0) // null: one
		if len(d.Legs) > 1 {
			count = int64(len(d.Legs))
		}
		w.entries = append(w.entries, d.number, clock.Micros(d.At), nullInt(clock.Micros(d.ExpiresAt)), code, nullInt(int64(d.Phase)),
			nullInt(count), d.key[:], tag, nullText(d.Reference), nullText(d.meta), nullKey(&d.resolves))
		for n, leg := range d.Legs {
			w.legs = append(w.legs, d.number+int64(n), int64(leg.Debit), int64(leg.Credit), leg.Amount, d.prev[n][0], d.prev[n][1],
				nullInt(leg.Released), nullInt(int64(leg.Phase)))
		}
		if d.Phase == Pending {
			w.holds = append(w.holds, d.number, clock.Micros(d.ExpiresAt))
		}
		if d.Phase.resolution() {
			tx.Queue(deleteHold, d.hold)
		}
	}
	if strange && tx.ForUpdate() != "" {
		w.entries = inOrderOfID(w.entries)
	}
	return w, nil
}

// queue queues entries with their legs and holds.
func (w *writing) queue(tx *db.Tx) {
	insertEntries.Queue(tx, w.entries)
	insertLegs.Queue(tx, w.legs)
	insertHolds.Queue(tx, w.holds)
}

// inOrder sorts the touched accounts: the order of their pages, and of their locks.
func (b *book) inOrder() {
	slices.SortFunc(b.order, func(a, b *row) int { return cmp.Compare(a.ID, b.ID) })
}

// sums lists the totals of touched accounts, as their rows are to have them.
func (b *book) sums() []any {
	sums := make([]any, 0, 8*len(b.order))
	for _, r := range b.order {
		sums = append(sums, int64(r.ID), r.DebitsPosted, r.CreditsPosted, r.DebitsPending, r.CreditsPending, r.Entries, r.lastLeg,
			clock.Micros(r.LastAt))
	}
	return sums
}

func (b *book) writeTotals(tx *db.Tx) {
	b.inOrder()
	if db.InArrays(tx, len(b.order)) {
		tx.Queue(byKey)
	}
	changeTotals.Queue(tx, b.sums())
}

// writeAccounts writes what else an entry changes of its accounts.
func (b *book) writeAccounts(tx *db.Tx) {
	tail := make([]any, 0, len(b.tail)*insertTail.Columns())
	for i := range b.tail {
		t := &b.tail[i]
		tail = append(tail, int64(t.account), t.number, t.debit, t.credit, clock.Micros(t.at))
	}
	insertTail.Queue(tx, tail)
	points := make([]any, 0, len(b.checkpoints)*insertCheckpoints.Columns())
	for i := range b.checkpoints {
		points = append(points, b.checkpoints[i].args()...)
	}
	insertCheckpoints.Queue(tx, points)
}

func (c *checkpoint) args() []any {
	return []any{int64(c.account), c.at, c.entries, c.debits, c.credits, c.debitsPending, c.creditsPending, c.lastLeg}
}

func nullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func nullKey(k *key) any {
	if *k == (key{}) {
		return nil
	}
	return k[:]
}
