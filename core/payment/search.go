package payment

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/money"
)

// query is a filter made ready for many lines. Names and limits are looked up once for each person and currency.
type query struct {
	ActivityFilter
	terms   []string
	notes   map[string]string
	noted   map[string]idSet           // by term: the payments whose notes have it
	names   map[string]string          // folded, by owner
	named   map[string]map[string]bool // by term: the owners whose names have it
	limits  map[money.Currency][2]int64
	inState idSet // what is in the wanted state, where that is rare
}

func (s *Service) query(ctx context.Context, owner string, f ActivityFilter) (*query, error) {
	q := &query{ActivityFilter: f, noted: map[string]idSet{}, names: map[string]string{}, named: map[string]map[string]bool{},
		limits: map[money.Currency][2]int64{}}
	for _, term := range strings.Fields(fold(f.Text)) {
		q.terms = append(q.terms, strings.Replace(term, "rcp_", "pay_", 1)) // a receipt has its payment's letters
	}
	if len(q.terms) == 0 {
		return q, nil
	}
	// The longest is what the fewest have: what it leaves out need not be asked for the others.
	slices.SortStableFunc(q.terms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var err error
	q.notes, err = s.notes(ctx, owner)
	for _, term := range q.terms {
		var with []string
		for payment, note := range q.notes {
			if strings.Contains(note, term) {
				with = append(with, payment)
			}
		}
		q.noted[term] = setOf(with)
	}
	return q, err
}

// rare says that few payments are in a state, or come into it, once they are in a word list: they are looked up by it.
func (s State) rare() bool { return s != "" && s != Completed && !s.early() }

// lookUp finds what is in a rare state.
func (q *query) lookUp(ctx context.Context, s *Service, owner string) error {
	if !q.State.rare() {
		return nil
	}
	ids, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]string, error) {
		return db.All(tx, scanText, selectInState, owner, string(q.State))
	})
	q.inState = setOf(ids)
	return err
}

// know looks up the names of those who are not known yet.
func (q *query) know(ctx context.Context, s *Service, others iter.Seq[string]) error {
	if len(q.terms) == 0 {
		return nil
	}
	var fresh []string
	for other := range others {
		if _, known := q.names[other]; !known {
			q.names[other] = ""
			fresh = append(fresh, other)
		}
	}
	if err := s.lookUpNames(ctx, fresh); err != nil {
		return err
	}
	for _, other := range fresh {
		name, err := s.name(ctx, other)
		if err != nil {
			return err
		}
		q.call(other, fold(name))
	}
	return nil
}

// lookUpNames looks up the names of those who are not remembered, so many together as a statement takes.
func (s *Service) lookUpNames(ctx context.Context, owners []string) error {
	for some := range slices.Chunk(owners, namesMost) {
		if _, err := s.prefetch(ctx, some...); err != nil {
			return err
		}
	}
	return nil
}

// call remembers a name, and which terms it has.
func (q *query) call(other, name string) {
	q.names[other] = name
	for _, term := range q.terms {
		if !strings.Contains(name, term) {
			continue
		}
		if q.named[term] == nil {
			q.named[term] = map[string]bool{}
		}
		q.named[term][other] = true
	}
}

// others are the far sides of lines.
func others(lines []line) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range lines {
			if !yield(lines[i].other) {
				return
			}
		}
	}
}

// othersIn are the far sides of what is in lists.
func othersIn(lists []*list) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, l := range lists {
			for _, other := range l.others {
				if !yield(other) {
					return
				}
			}
		}
	}
}

// fits says whether a line is what is looked for, but for the state, which only the payment's row knows.
func (q *query) fits(l *line) bool {
	direction := In
	if l.role == rolePayer {
		direction = Out
	}
	if q.Kind != "" && q.Kind != l.kind || q.Direction != "" && q.Direction != direction ||
		q.Currency != "" && q.Currency != l.currency.Code ||
		q.With != "" && q.With != l.other || !strings.Contains(l.words, fold(q.Reference)) {
		return false
	}
	if least, most := q.between(l.currency); l.amount < least || l.amount > most {
		return false
	}
	for _, term := range q.terms {
		if !strings.Contains(l.words, term) && !strings.Contains(q.names[l.other], term) && !strings.Contains(l.payment, term) &&
			!strings.Contains(q.notes[l.payment], term) && !strings.Contains(l.currency.Of(l.amount).Decimal(), strings.Replace(term, ",", ".", 1)) {
			return false
		}
	}
	return true
}

// between is the range of amounts in a currency's minor units. A limit finer than the currency counts without its fraction.
func (q *query) between(c money.Currency) (least, most int64) {
	if q.Least == "" && q.Most == "" {
		return 0, maxAmount
	}
	if known, ok := q.limits[c]; ok {
		return known[0], known[1]
	}
	limit := func(typed string, otherwise int64) int64 {
		a, err := money.ParseDecimal(typed, c)
		if err != nil {
			whole, _, _ := strings.Cut(typed, ".")
			if a, err = money.ParseDecimal(whole, c); err != nil {
				return otherwise
			}
		}
		return a.Minor
	}
	least, most = limit(q.Least, 0), limit(q.Most, maxAmount)
	q.limits[c] = [2]int64{least, most}
	return least, most
}

const maxAmount = 1<<63 - 1

// search collects what fits, newest first: row by row down to the newest word list, so that what was just written is found, and then
// list by list. It looks at a bounded part of it all; the place to go on from is "" when everything was looked at.
func (s *Service) search(ctx context.Context, owner string, f ActivityFilter, from place, limit int) ([]partyRow, string, error) {
	q, err := s.query(ctx, owner, f)
	if err != nil {
		return nil, "", err
	}
	if !f.Until.IsZero() && micros(f.Until) <= from.at {
		from = place{at: micros(f.Until)}
	}
	found := harvest{most: limit, from: from}
	done, err := s.gather(ctx, owner, q, &found)
	if err != nil || !done {
		return found.rows, "", err
	}
	return found.rows, found.from.String(), nil
}

// gather takes what fits, by the shortest way there is. True when there may be more.
func (s *Service) gather(ctx context.Context, owner string, q *query, found *harvest) (bool, error) {
	if len(q.terms) == 1 && id.Valid(q.terms[0], "pay") {
		if one, err := s.number(ctx, owner, q, found); one || err != nil {
			return false, err
		}
	}
	switch {
	case isShop(owner) && q.Reference != "":
		return s.searchSold(ctx, owner, q, selectReferred, q.Reference, found)
	case isShop(owner) && q.State.rare():
		return s.searchSold(ctx, owner, q, selectSoldIn, string(q.State), found)
	}
	newest, err := db.Read(ctx, s.DB, func(tx *db.Tx) (part, error) { return newestPart(tx, owner) })
	if err != nil {
		return false, err
	}
	if q.State.early() {
		return s.searchEarly(ctx, owner, q, newest.last, found)
	}
	if done, err := s.searchRows(ctx, owner, q, newest.last, found); err != nil || done || newest.number == 0 {
		return done, err
	}
	return s.searchParts(ctx, owner, q, found)
}

// searchParts goes through the word lists, newest first, and opens those that may have what is looked for.
func (s *Service) searchParts(ctx context.Context, owner string, q *query, found *harvest) (bool, error) {
	heads, err := s.heads(ctx, owner, found.from, micros(q.Since))
	if err != nil || len(heads) == 0 {
		return false, err
	}
	oldest, more := heads[len(heads)-1].first, len(heads) == headsMost
	heads = slices.DeleteFunc(heads, func(p part) bool { return !q.mayBeIn(p.traits) })
	if some := s.shelf.reach(owner, heads); some < len(heads) {
		heads, more = heads[:some], true
		oldest = heads[some-1].first
	}
	if len(heads) > 0 {
		if err := q.lookUp(ctx, s, owner); err != nil {
			return false, err
		}
	}
	for together := 1; len(heads) > 0; together = min(8*together, partsTogether) {
		some := heads[:min(together, len(heads))]
		heads = heads[len(some):]
		lists, err := s.openParts(ctx, owner, some)
		if err != nil {
			return false, err
		}
		for few := range slices.Chunk(lists, namedTogether) {
			if err := q.know(ctx, s, othersIn(few)); err != nil {
				return false, err
			}
			for _, l := range few {
				if done, err := s.searchList(ctx, q, l, found); err != nil || done {
					return done, err
				}
			}
		}
	}
	if done, err := s.takeLines(ctx, q, found); err != nil || done {
		return done, err
	}
	found.from = oldest
	return more, nil
}

// number finds the payment that a whole receipt's or payment's number names, and that one alone. False where the owner has none of it.
func (s *Service) number(ctx context.Context, owner string, q *query, found *harvest) (bool, error) {
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]partyRow, error) { return db.All(tx, scanParty, selectOne, owner, q.terms[0]) })
	if err != nil || len(rows) == 0 {
		return false, err
	}
	rows = slices.DeleteFunc(rows, func(r partyRow) bool {
		return !placeOf(r).before(found.from) || micros(r.at) < micros(q.Since)
	})
	_, _, err = s.sift(ctx, q, rows, place{}, found)
	return true, err
}

// slack is how much later than it was made a payment may come into a shop's books: a verb takes no longer than [Deadline].
const slack = 24 * time.Hour

// searchSold looks at the payments of a shop that an index knows by their state or their reference, in the order in which they were made.
func (s *Service) searchSold(ctx context.Context, owner string, q *query, text, value string, found *harvest) (bool, error) {
	last := cmp.Or(found.from.payment, lastID)
	for size := found.most + 1; found.loaded < rowsMost; size = windowSize {
		rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]partyRow, error) { return db.All(tx, scanParty, text, owner, value, last, size) })
		if err != nil || len(rows) == 0 {
			return false, err
		}
		oldest := rows[len(rows)-1]
		last = string(oldest.record.id)
		fit := slices.DeleteFunc(slices.Clone(rows), func(r partyRow) bool {
			return micros(r.at) < micros(q.Since) || !q.Until.IsZero() && !r.at.Before(q.Until)
		})
		if _, done, err := s.sift(ctx, q, fit, place{}, found); err != nil || done {
			return done, err
		}
		if len(rows) < size || oldest.at.Before(q.Since.Add(-slack)) {
			return false, nil
		}
		found.from = placeOf(oldest)
		found.loaded += len(rows)
	}
	return true, nil
}

// lastID is behind every payment's.
const lastID = "pay_zzzzzzzzzzzzzzzzzzzzzzzzzz"

func placeOf(r partyRow) place { return place{micros(r.at), string(r.record.id)} }

// early says that no other state leads back to this one. No word list has such a payment: it ends the listing until it is over.
func (s State) early() bool { return s == AwaitingConfirmation || s == Processing || s == Authorized }

// before says whether a place is older.
func (p place) before(q place) bool { return p.at < q.at || p.at == q.at && p.payment < q.payment }

// harvest gathers rows up to most; from is how far everything was looked at, loaded how many rows that took.
type harvest struct {
	rows   []partyRow
	most   int
	loaded int
	from   place
	lines  []line // of word lists, that fit and are older than from; their payments are not loaded yet
}

// take adds a row that fits; true when the page is full, and the row belongs to the next one.
func (c *harvest) take(row partyRow) bool {
	if len(c.rows) == c.most {
		return true
	}
	c.rows = append(c.rows, row)
	return false
}

// searchRows looks at payments that no list has yet, down to edge. True when the page is full or enough was looked at.
func (s *Service) searchRows(ctx context.Context, owner string, q *query, edge place, found *harvest) (bool, error) {
	for size := min(2*found.most, windowSize); edge.before(found.from); size = windowSize {
		if found.loaded >= rowsMost {
			return true, s.wantWords(ctx, owner)
		}
		rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]partyRow, error) {
			return db.All(tx, scanParty, selectParty, owner, max(micros(q.Since), edge.at), found.from.at, found.from.payment, size)
		})
		if err != nil {
			return false, err
		}
		last, done, err := s.sift(ctx, q, rows, edge, found)
		if err != nil || done || last {
			return done, err
		}
		if found.loaded += len(rows); len(rows) < size {
			return false, nil
		}
	}
	return false, nil
}

// partsTogether bounds how many word lists are opened before they are looked through: what most searches want is in the first, and who
// waits for all of them waits less the fewer times the database is asked.
const partsTogether = 256

// namedTogether bounds of how many of these the parties' names are looked up together: a shop's lists may have hundreds each.
const namedTogether = 16

// searchEarly is searchRows for a state that no list has.
func (s *Service) searchEarly(ctx context.Context, owner string, q *query, edge place, found *harvest) (bool, error) {
	const most = newestMost
	var end place // of what was looked at, where there is more
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) (rows []partyRow, err error) {
		args := []any{owner, max(micros(q.Since), edge.at), found.from.at, found.from.payment}
		if end, err = db.One(tx, scanPlace, selectPlace, append(args, most-1)...); err != nil && !errors.Is(err, db.ErrNoRow) {
			return nil, err
		}
		return db.All(tx, scanParty, selectPartyIn, append(args, most, string(q.State))...)
	})
	if err != nil {
		return false, err
	}
	if _, done, err := s.sift(ctx, q, rows, edge, found); err != nil || done || end == (place{}) {
		return done, err
	}
	found.from = end
	return true, s.wantWords(ctx, owner)
}

// sift takes what fits of rows. last says that the edge was reached, done that the page is full.
func (s *Service) sift(ctx context.Context, q *query, rows []partyRow, edge place, found *harvest) (last, done bool, err error) {
	lines := make([]line, len(rows))
	for i, row := range rows {
		var text string
		if len(q.terms) > 0 {
			if text, err = s.open(row.record.creator, descriptionRow(row.record.id), row.record.description); err != nil {
				return false, false, err
			}
		}
		lines[i] = lineOf(row, text)
	}
	if err := q.know(ctx, s, others(lines)); err != nil {
		return false, false, err
	}
	for i, row := range rows {
		if !edge.before(lines[i].place) {
			return true, false, nil
		}
		if q.fits(&lines[i]) && row.matches(q.ActivityFilter) && found.take(row) {
			return false, true, nil
		}
		found.from = lines[i].place
	}
	return false, false, nil
}

// searchList looks through one word list, whose parties' names are known. What fits is loaded once it may fill the page: what is rare, a
// line in each of many lists, by one statement. True when the page is full or enough was loaded.
func (s *Service) searchList(ctx context.Context, q *query, l *list, found *harvest) (bool, error) {
	m := q.may(l)
	for i := m.next(0); i >= 0; i = m.next(i + 1) {
		if at := l.place(i); !at.before(found.from) || at.at < micros(q.Since) {
			continue
		}
		if one := l.line(i); q.fits(&one) {
			found.lines = append(found.lines, one)
		}
		if len(found.lines) > max(found.most-len(found.rows), min(found.loaded, loadMost)) { // more where few of them were in the state
			if done, err := s.takeLines(ctx, q, found); err != nil || done {
				return done, err
			}
		}
	}
	return false, nil
}

// takeLines loads the payments of the lines that fit and takes those that are in the wanted state.
func (s *Service) takeLines(ctx context.Context, q *query, found *harvest) (bool, error) {
	if len(found.lines) == 0 {
		return false, nil
	}
	rows, err := s.load(ctx, found.lines)
	if err != nil {
		return false, err
	}
	for n, row := range rows {
		if row.matches(q.ActivityFilter) && found.take(row) {
			return true, nil
		}
		found.from = found.lines[n].place
	}
	found.loaded += len(rows)
	found.lines = found.lines[:0]
	return found.loaded >= newestMost, nil
}

// loadMost is how many payments are loaded together.
const loadMost = 128

// load reads the payments of lines, in their order.
func (s *Service) load(ctx context.Context, lines []line) ([]partyRow, error) {
	byID := make(map[string]record, len(lines))
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		for some := range slices.Chunk(lines, loadMost) {
			ids := make([]any, len(some))
			for i, l := range some {
				ids[i] = l.payment
			}
			ids = db.Pad(ids, 1)
			list, err := db.All(tx, scanRecord, selectByID+db.In(1, len(ids)), ids...)
			if err != nil {
				return err
			}
			for _, r := range list {
				byID[string(r.id)] = r
			}
		}
		return nil
	})
	rows := make([]partyRow, len(lines))
	for i, l := range lines {
		rows[i] = partyRow{at: moment(l.at), role: l.role, record: byID[l.payment]}
	}
	return rows, err
}

// wantWords asks for the word lists of an owner who has many payments that are in none.
func (s *Service) wantWords(ctx context.Context, owner string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		s.Queue.Add(tx, job.Task{Kind: taskWords, Key: owner, Due: s.Real.Now(), Clock: job.Real, Payload: []byte(owner)})
		return nil
	})
}
