package ledger

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
)

// Entries of one page, at most and where nothing is said.
const (
	maxPage     = 200
	defaultPage = 50
)

// Entry returns a stored entry, or entry_not_found.
func (l *Ledger) Entry(tx *db.Tx, id EntryID) (Entry, error) {
	k, ok := parseEntryID(id)
	if !ok {
		return Entry{}, ErrEntryNotFound
	}
	found, err := l.fetch(tx, []key{k})
	if err != nil {
		return Entry{}, err
	}
	if found[k] == nil {
		return Entry{}, ErrEntryNotFound
	}
	return found[k].Entry, nil
}

// Lookup returns those of the entries that exist, whatever the order of the ids.
func (l *Ledger) Lookup(tx *db.Tx, ids ...EntryID) (map[EntryID]Entry, error) {
	keys := make([]key, 0, len(ids))
	for _, id := range ids {
		if k, ok := parseEntryID(id); ok {
			keys = append(keys, k)
		}
	}
	found, err := l.fetch(tx, keys)
	if err != nil {
		return nil, err
	}
	entries := make(map[EntryID]Entry, len(found))
	for k, d := range found {
		entries[k.text()] = d.Entry
	}
	return entries, nil
}

// Entries returns one page of entries, newest first, and the cursor of the next page, empty after the last. What was committed before the
// transaction began is in it. Pages continue where the one before ended, whatever was posted meanwhile. The list of an account is in the
// order of time; the others go by number, which several servers give in blocks, and only each page of them is in the order of time.
func (l *Ledger) Entries(tx *db.Tx, f Filter) (list []Entry, next string, err error) {
	if f.Limit == 0 {
		f.Limit = defaultPage
	}
	if f.Limit < 1 || f.Limit > maxPage {
		return nil, "", fault.ErrInvalid.With("limit")
	}
	walk, err := l.walker(tx, f)
	if err != nil || walk == nil {
		return nil, "", err
	}
	places, more, err := walk.page(tx, f.Limit)
	if err != nil || len(places) == 0 {
		return nil, "", err
	}
	if more != nil {
		next = walk.cursor(*more)
	}
	if f.Account == 0 {
		slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(b.at, a.at) })
	}
	numbers := make([]int64, len(places))
	for i, p := range places {
		numbers[i] = p.entry
	}
	found, err := l.fetchNumbers(tx, numbers)
	if err != nil {
		return nil, "", err
	}
	for _, n := range numbers {
		if found[n] == nil {
			return nil, "", fmt.Errorf("ledger: entry %d has legs and is not there", n)
		}
		list = append(list, found[n].Entry)
	}
	return list, next, nil
}

// fetch reads entries with their legs. Ids that do not exist are missing from the answer.
func (l *Ledger) fetch(tx *db.Tx, keys []key) (map[key]*draft, error) {
	found := make(map[key]*draft, len(keys))
	for len(keys) > 0 {
		var some []key
		some, keys = cut(keys, loadMost)
		args := pad(nil, some, keyArg)
		list, err := l.fetchSome(tx, selectEntriesByID.Of(len(args)), args)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			found[d.key] = d
		}
	}
	return found, nil
}

// fetchNumbers is fetch by number.
func (l *Ledger) fetchNumbers(tx *db.Tx, numbers []int64) (map[int64]*draft, error) {
	found := make(map[int64]*draft, len(numbers))
	keep := func(list []*draft, err error) error {
		for _, d := range list {
			found[d.number] = d
		}
		return err
	}
	if low, high, near := nearBy(numbers); near {
		return found, keep(l.fetchRange(tx, low, high, numbers))
	}
	for len(numbers) > 0 {
		var some []int64
		some, numbers = cut(numbers, loadMost)
		args := pad(nil, some, numberArg)
		if err := keep(l.fetchSome(tx, selectEntriesByNumber.Of(len(args)), args)); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func numberArg(n *int64) any { return *n }

// fetchRange reads those entries that are asked for of a range, and with it all legs of the range.
func (l *Ledger) fetchRange(tx *db.Tx, low, high int64, asked []int64) ([]*draft, error) {
	var entries []storedEntry
	db.Ask(tx, &entries, scanEntry, selectEntryRange, low, high)
	legs, err := db.All(tx, scanLeg, selectLegsOfRange, low, high, high+MaxLegs)
	if err != nil {
		return nil, err
	}
	s, err := l.assemble(tx, slices.DeleteFunc(entries, func(e storedEntry) bool { return !slices.Contains(asked, e.number) }))
	s.take(legs)
	return s.list, err
}

// fetchSome reads the entries of one statement, and then their legs.
func (l *Ledger) fetchSome(tx *db.Tx, q string, args []any) ([]*draft, error) {
	entries, err := db.All(tx, scanEntry, q, args...)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	s, err := l.assemble(tx, entries)
	if err != nil {
		return nil, err
	}
	for numbers := s.numbers; len(numbers) > 0; {
		some, q := numbers, selectLegRange
		if low, high, near := nearBy(numbers); near {
			numbers, args = nil, []any{low, high}
		} else {
			some, numbers = cut(numbers, loadMost)
			args = pad(nil, some, numberArg)
			q = selectLegsByNumber.Of(len(args))
		}
		legs, err := db.All(tx, scanLeg, q, args...)
		if err != nil {
			return nil, err
		}
		s.take(legs)
	}
	return s.list, nil
}

// assembled are entries that wait for their legs.
type assembled struct {
	list    []*draft
	owner   map[int64]*draft // of each leg
	numbers []int64          // of the legs
}

func (l *Ledger) assemble(tx *db.Tx, entries []storedEntry) (s assembled, err error) {
	s.list, s.owner = make([]*draft, len(entries)), make(map[int64]*draft, len(entries))
	for i := range entries {
		d := &entries[i].draft
		if d.Kind, err = l.kindName(tx, entries[i].kind); err != nil {
			return assembled{}, err
		}
		s.list[i] = d
		for n := range min(entries[i].legs, MaxLegs) {
			s.numbers = append(s.numbers, d.number+n)
			s.owner[d.number+n] = d
		}
	}
	return s, nil
}

// take gives the legs to their entries; those of other entries go nowhere.
func (s assembled) take(legs []storedLeg) {
	for _, leg := range legs {
		if d := s.owner[leg.number]; d != nil {
			d.Legs = append(d.Legs, leg.Leg)
		}
	}
}

// storedEntry is an entry with the tag it was stored with. odd says that an id in it has not 16 bytes, which only a hand can have done.
type storedEntry struct {
	draft
	tag  []byte
	kind int64 // its kind's code
	legs int64 // how many it says it has
	odd  bool
}

func scanEntry(r db.Row) (s storedEntry, err error) {
	var id, resolves []byte
	var reference, meta *string
	var at int64
	var expires, phase, legs *int64
	if err = r.Scan(&s.number, &at, &expires, &s.kind, &phase, &legs, &id, &s.tag, &reference, &meta, &resolves); err != nil {
		return s, err
	}
	copy(s.key[:], id)
	copy(s.resolves[:], resolves)
	s.ID, s.odd = s.key.text(), len(id) != len(s.key) || resolves != nil && len(resolves) != len(s.key)
	s.Reference, s.meta, s.At, s.Phase, s.legs = text(reference), text(meta), clock.FromMicros(at), Phase(small(number(phase))), 1
	if legs != nil {
		s.legs = *legs
	}
	if resolves != nil {
		s.Resolves = s.resolves.text()
	}
	if expires != nil {
		s.ExpiresAt = clock.FromMicros(*expires)
	}
	if s.meta != "" {
		// What is not JSON any more was changed by hand: Verify says so, a reader gets the entry without it.
		_ = json.Unmarshal([]byte(s.meta), &s.Meta)
	}
	return s, nil
}

// storedLeg is a leg and where it stands: its own number, and the legs before it of both accounts.
type storedLeg struct {
	Leg
	number                int64
	debitPrev, creditPrev int64
}

func scanLeg(r db.Row) (s storedLeg, err error) {
	var phase, released *int64
	if err = r.Scan(&s.number, &s.Debit, &s.Credit, &s.Amount, &s.debitPrev, &s.creditPrev, &released, &phase); err != nil {
		return s, err
	}
	s.Phase, s.Released = Phase(small(number(phase))), number(released)
	return s, nil
}

// number is a column that has null for 0.
func number(v *int64) int64 {
	if v == nil {
		return 0
	}
	return *v
}

// small narrows a stored number that fits a byte; any other becomes 255, which nothing uses, so that a changed row is not read as a right
// one.
func small(v int64) uint8 {
	if v < 0 || v > math.MaxUint8 {
		return math.MaxUint8
	}
	return uint8(v)
}

// BalanceAt returns what the account held after everything up to and including a moment of business time: zero before it was opened. It
// begins at the checkpoint after that moment, or at the totals of now, and takes away the legs that are later, at most a few hundred. Of a
// busy account pending totals are not kept; it begins at the checkpoint before and adds, and its answer is exact in a read transaction,
// whose statements see one snapshot.
func (l *Ledger) BalanceAt(tx *db.Tx, id AccountID, at time.Time) (Balance, error) {
	r, err := l.readNow(tx, selectAccount, int64(id))
	if err != nil {
		return Balance{}, err
	}
	sum, err := sumAt(tx, r, clock.Micros(at))
	if err != nil {
		return Balance{}, err
	}
	then, fits := sum.narrow()
	if !fits {
		return Balance{}, ErrOverflow
	}
	r.restore(then)
	return r.Account.Balance()
}

func sumAt(tx *db.Tx, r *row, t int64) (sum wide, err error) {
	if r.Busy {
		point, err := db.One(tx, scanCheckpoint, selectCheckpoint, int64(r.ID), t)
		if err != nil && !errors.Is(err, db.ErrNoRow) {
			return sum, err
		}
		sum.add(point.totals)
		if err := sum.addLegs(tx, r, point.at, t); err != nil {
			return sum, err
		}
		// A checkpoint has only what was folded. What commits late, with a time before the checkpoint, is in the tail until Fold takes it
		// and drops the checkpoints that miss it.
		return sum, sum.addTail(tx, selectTailUpTo, int64(r.ID), point.at)
	}
	point, err := db.One(tx, scanCheckpoint, selectNextPoint, int64(r.ID), t)
	if errors.Is(err, db.ErrNoRow) {
		point.totals, err = r.totals(), nil
	}
	if err != nil {
		return sum, err
	}
	sum.add(point.totals)
	var later wide
	end, err := walkBack(tx, r.ID, point.lastLeg, t, func(leg sideLeg) { later.leg(leg.Leg, leg.at, leg.debit, false) })
	if err != nil {
		return sum, err
	}
	sum.sub(later)
	if end == 0 && sum.entries != 0 {
		return sum, fmt.Errorf("ledger: the legs of account %d do not lead back to its first", r.ID)
	}
	return sum, nil
}

func scanCheckpoint(r db.Row) (c checkpoint, err error) {
	err = r.Scan(&c.account, &c.at, &c.entries, &c.debits, &c.credits, &c.debitsPending, &c.creditsPending, &c.lastLeg)
	return c, err
}
