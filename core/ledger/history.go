package ledger

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
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
	found, err := fetch(tx, []key{k})
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
	found, err := fetch(tx, keys)
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
// transaction began is in it. Pages continue where the one before ended, whatever was posted meanwhile.
func (l *Ledger) Entries(tx *db.Tx, f Filter) (list []Entry, next string, err error) {
	if f.Limit == 0 {
		f.Limit = defaultPage
	}
	if f.Limit < 1 || f.Limit > maxPage {
		return nil, "", fault.ErrInvalid.With("limit")
	}
	before, ok := parseCursor(f.Before)
	if !ok {
		return nil, "", fault.ErrInvalid.With("before")
	}
	page := f.Limit
	f.Limit++ // one more tells whether there is a next page
	places, err := l.find(tx, f, before)
	if err != nil || len(places) == 0 {
		return nil, "", err
	}
	if len(places) > page {
		places = places[:page]
		next = places[page-1].cursor()
	}
	keys := make([]key, len(places))
	for i, p := range places {
		keys[i] = p.key
	}
	found, err := fetch(tx, keys)
	if err != nil {
		return nil, "", err
	}
	for _, k := range keys {
		if found[k] == nil {
			return nil, "", fmt.Errorf("ledger: entry %s has legs and is not there", k.text())
		}
		list = append(list, found[k].Entry)
	}
	return list, next, nil
}

// place is where an entry stands in time: the order of every list.
type place struct {
	at  int64
	key key
}

// compare puts the newer place first.
func (p place) compare(o place) int {
	if c := cmp.Compare(o.at, p.at); c != 0 {
		return c
	}
	return bytes.Compare(o.key[:], p.key[:])
}

func (p place) cursor() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.at))
	return base64.RawURLEncoding.EncodeToString(append(b, p.key[:]...))
}

func parseCursor(s string) (place, bool) {
	if s == "" {
		end := place{at: math.MaxInt64}
		for i := range end.key {
			end.key[i] = 0xff
		}
		return end, true
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 8+16 {
		return place{}, false
	}
	return place{int64(binary.BigEndian.Uint64(b)), key(b[8:])}, true
}

// find returns the places of one page.
func (l *Ledger) find(tx *db.Tx, f Filter, before place) ([]place, error) {
	shape := findShape{account: f.Account != 0, reference: f.Reference != "", kind: f.Kind != ""}
	if shape == (findShape{}) {
		return l.findAll(tx, f, before)
	}
	args := []any{before.at, before.key[:], f.Limit}
	if shape.account {
		args = append(args, int64(f.Account))
	}
	if shape.reference {
		args = append(args, f.Reference)
	}
	if shape.kind {
		args = append(args, f.Kind)
	}
	places, err := db.All(tx, scanPlace, selectPlaces.of(shape), args...)
	if err != nil {
		return nil, err
	}
	return newest(places, f.Limit), nil
}

// findAll lists every kind's newest entries and merges them: kinds are few, and an index over all entries by time for this list alone
// would be written with every payment.
func (l *Ledger) findAll(tx *db.Tx, f Filter, before place) (places []place, err error) {
	for kind := ""; ; {
		if err := tx.Row(selectKinds, kind).Scan(&kind); errors.Is(err, db.ErrNoRow) {
			return newest(places, f.Limit), nil
		} else if err != nil {
			return nil, err
		}
		f.Kind = kind
		some, err := l.find(tx, f, before)
		if err != nil {
			return nil, err
		}
		places = append(places, some...)
	}
}

// newest sorts, drops what came twice (an entry with legs on both sides of an account) and cuts.
func newest(places []place, limit int) []place {
	slices.SortFunc(places, place.compare)
	places = slices.Compact(places)
	return places[:min(limit, len(places))]
}

func scanPlace(r db.Row) (p place, err error) {
	var k []byte
	if err = r.Scan(&p.at, &k); err == nil {
		p.key = key(k)
	}
	return p, err
}

// fetch reads entries with their legs. Ids that do not exist are missing from the answer.
func fetch(tx *db.Tx, keys []key) (map[key]*draft, error) {
	found := make(map[key]*draft, len(keys))
	for len(keys) > 0 {
		var some []key
		some, keys = cut(keys, loadMost)
		args := pad(nil, some, keyArg)
		list, err := db.All(tx, scanEntry, selectEntriesIn.of(len(args)), args...)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			found[s.key] = &s.draft
		}
		legs, err := db.All(tx, scanLeg, selectLegsIn.of(len(args)), args...)
		if err != nil {
			return nil, err
		}
		for _, leg := range legs {
			if d := found[leg.entry]; d != nil {
				d.Legs = append(d.Legs, leg.Leg)
			}
		}
	}
	return found, nil
}

// storedEntry is an entry with the tag it was stored with. odd says that an id in it has not 16 bytes, which only a hand can have done.
type storedEntry struct {
	draft
	tag []byte
	odd bool
}

func scanEntry(r db.Row) (s storedEntry, err error) {
	var id, resolves []byte
	var reference, meta *string
	var at, phase int64
	var expires *int64
	if err = r.Scan(&id, &s.Kind, &reference, &at, &phase, &meta, &resolves, &expires, &s.tag); err != nil {
		return s, err
	}
	copy(s.key[:], id)
	copy(s.resolves[:], resolves)
	s.ID, s.odd = s.key.text(), len(id) != len(s.key) || resolves != nil && len(resolves) != len(s.key)
	s.Reference, s.meta, s.At, s.Phase = text(reference), text(meta), clock.FromMicros(at), Phase(small(phase))
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

// storedLeg is a leg and where it stands.
type storedLeg struct {
	Leg
	entry key
	n     int64
	at    int64
	odd   bool // see storedEntry
}

func scanLeg(r db.Row) (s storedLeg, err error) {
	var entry []byte
	var phase int64
	var released *int64
	if err = r.Scan(&entry, &s.n, &s.Debit, &s.Credit, &s.Amount, &s.at, &phase, &released); err != nil {
		return s, err
	}
	copy(s.entry[:], entry)
	s.odd, s.Phase = len(entry) != len(s.entry), Phase(small(phase))
	if released != nil {
		s.Released = *released
	}
	return s, nil
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
// reads the nearest checkpoint before and the legs since, at most a few hundred. Of a busy account pending
// totals are not kept, and its answer is exact in a read transaction, whose statements see one snapshot.
func (l *Ledger) BalanceAt(tx *db.Tx, id AccountID, at time.Time) (Balance, error) {
	r, err := l.readAccount(tx, selectAccount, int64(id))
	if err != nil {
		return Balance{}, err
	}
	t := clock.Micros(at)
	point, err := db.One(tx, scanCheckpoint, selectCheckpoint, int64(id), t)
	if err != nil && !errors.Is(err, db.ErrNoRow) {
		return Balance{}, err
	}
	var sum wide
	sum.add(point.totals)
	if err := sum.addLegs(tx, r, point.at, t); err != nil {
		return Balance{}, err
	}
	if r.Busy {
		// A checkpoint has only what was folded. What commits late, with a time before the checkpoint, is in the tail until Fold takes it
		// and drops the checkpoints that miss it.
		if err := sum.addTail(tx, selectTailUpTo, int64(id), point.at); err != nil {
			return Balance{}, err
		}
	}
	then, fits := sum.narrow()
	if !fits {
		return Balance{}, ErrOverflow
	}
	r.restore(then)
	return r.Account.Balance()
}

func scanCheckpoint(r db.Row) (c checkpoint, err error) {
	err = r.Scan(&c.account, &c.at, &c.entries, &c.debits, &c.credits, &c.debitsPending, &c.creditsPending)
	return c, err
}
