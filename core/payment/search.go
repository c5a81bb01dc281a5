package payment

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"billfold/base/db"
	"billfold/base/job"
	"billfold/base/money"
)

// query is a filter made ready for many lines. Names and limits are looked up once for each person and currency.
type query struct {
	ActivityFilter
	terms  []string
	notes  map[string]string
	names  map[string]string // folded, by owner
	limits map[money.Currency][2]int64
}

func (s *Service) query(ctx context.Context, owner string, f ActivityFilter) (*query, error) {
	q := &query{ActivityFilter: f, names: map[string]string{}, limits: map[money.Currency][2]int64{}}
	for _, term := range strings.Fields(fold(f.Text)) {
		q.terms = append(q.terms, strings.Replace(term, "rcp_", "pay_", 1)) // a receipt has its payment's letters
	}
	if len(q.terms) == 0 {
		return q, nil
	}
	var err error
	q.notes, err = s.notes(ctx, owner)
	return q, err
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
	for start := 0; start < len(fresh); start += namesMost {
		if _, err := s.prefetch(ctx, fresh[start:min(start+namesMost, len(fresh))]...); err != nil {
			return err
		}
	}
	for _, other := range fresh {
		name, err := s.name(ctx, other)
		if err != nil {
			return err
		}
		q.names[other] = fold(name)
	}
	return nil
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

// may looks at the text of a line of a list, as lines are written there, and says no only where fits would. Whoever is on the far side of
// some line of the list is taken for being on that of each.
func (q *query) may(l list) func(text, foreign string) bool {
	var marks []string // what stands between tabs
	if q.Kind != "" {
		marks = append(marks, "\t"+string(q.Kind)+"\t")
	}
	if q.Currency != "" {
		marks = append(marks, "\t"+q.Currency+"\t")
	}
	if q.Direction == Out {
		marks = append(marks, "\t"+rolePayer+"\t")
	}
	var terms [][2]string // and its digits alone, where it may be a part of an amount
	for _, term := range q.terms {
		if slices.ContainsFunc(l.others, func(other string) bool { return strings.Contains(q.names[other], term) }) {
			continue
		}
		digits := strings.TrimLeft(strings.NewReplacer(".", "", ",", "").Replace(term), "0")
		if strings.Trim(digits, "0123456789") != "" {
			digits = term
		}
		terms = append(terms, [2]string{term, digits})
	}
	return func(text, foreign string) bool {
		for _, mark := range marks {
			if !strings.Contains(text, mark) {
				return false
			}
		}
		for _, term := range terms {
			if !strings.Contains(text, term[0]) && !strings.Contains(text, term[1]) && !strings.Contains(foreign, term[0]) &&
				!q.noted(text, term[0]) {
				return false
			}
		}
		return true
	}
}

// noted says whether the owner's note on a line's payment has a term.
func (q *query) noted(text, term string) bool {
	if len(q.notes) == 0 {
		return false
	}
	_, rest, _ := strings.Cut(text, "\t")
	payment, _, _ := strings.Cut(rest, "\t")
	return strings.Contains(q.notes[payment], term)
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
// list by list. It loads a bounded number of rows; the place to go on from is "" when everything was looked at.
func (s *Service) search(ctx context.Context, owner string, f ActivityFilter, from place, limit int) ([]partyRow, string, error) {
	q, err := s.query(ctx, owner, f)
	if err != nil {
		return nil, "", err
	}
	parts, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]part, error) { return db.All(tx, scanPart, selectParts, owner, owner) })
	if err != nil {
		return nil, "", err
	}
	if !f.Until.IsZero() && micros(f.Until) <= from.at {
		from = place{at: micros(f.Until)}
	}
	found := harvest{most: limit, from: from}
	newest := place{}
	if len(parts) > 0 {
		newest = parts[0].last
	}
	look := s.searchRows
	if f.State.early() {
		look, parts = s.searchEarly, nil
	}
	done, err := look(ctx, owner, q, newest, &found)
	parts = slices.DeleteFunc(parts, func(p part) bool { return !p.first.before(found.from) || micros(f.Since) > p.last.at })
	for together := 1; len(parts) > 0 && err == nil && !done; together = min(2*together, partsTogether) {
		some := parts[:min(together, len(parts))]
		parts = parts[len(some):]
		var lists []list
		lists, err = s.openParts(ctx, owner, some)
		for i := 0; i < len(lists) && err == nil && !done; i++ {
			done, err = s.searchPart(ctx, q, some[i], lists[i], &found)
		}
	}
	if err != nil || !done {
		return found.rows, "", err
	}
	return found.rows, found.from.String(), nil
}

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
	for edge.before(found.from) {
		if found.loaded >= windows*windowSize {
			return true, s.wantWords(ctx, owner)
		}
		rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]partyRow, error) {
			return db.All(tx, scanParty, selectParty, owner, micros(q.Since), found.from.at, found.from.payment, windowSize)
		})
		if err != nil {
			return false, err
		}
		last, done, err := s.sift(ctx, q, rows, edge, found)
		if err != nil || done || last {
			return done, err
		}
		if found.loaded += len(rows); len(rows) < windowSize {
			return false, nil
		}
	}
	return false, nil
}

// partsTogether bounds how many word lists are opened before they are looked through: what most searches want is in the first.
const partsTogether = 8

// openParts opens word lists side by side.
func (s *Service) openParts(ctx context.Context, owner string, parts []part) ([]list, error) {
	lists, errs := make([]list, len(parts)), make([]error, len(parts))
	if len(parts) == 1 {
		lists[0], errs[0] = s.openPart(ctx, owner, parts[0].number)
		return lists, errs[0]
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(len(parts), runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(parts); i = int(next.Add(1)) - 1 {
				lists[i], errs[i] = s.openPart(ctx, owner, parts[i].number)
			}
		})
	}
	all.Wait()
	return lists, errors.Join(errs...)
}

// searchEarly is searchRows for a state that no list has.
func (s *Service) searchEarly(ctx context.Context, owner string, q *query, edge place, found *harvest) (bool, error) {
	const most = windows * windowSize
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

// searchPart looks through one word list and loads what fits.
func (s *Service) searchPart(ctx context.Context, q *query, p part, l list, found *harvest) (bool, error) {
	if err := q.know(ctx, s, slices.Values(l.others)); err != nil {
		return false, err
	}
	lines, err := l.lines(q.may(l))
	if err != nil {
		return false, err
	}
	var fit []line
	for i := range lines {
		if lines[i].before(found.from) && lines[i].at >= micros(q.Since) && q.fits(&lines[i]) {
			fit = append(fit, lines[i])
		}
	}
	for len(fit) > 0 {
		if found.loaded >= windows*windowSize {
			return true, nil
		}
		n := min(len(fit), found.most+1)
		if q.State != "" && q.State != Completed { // only the rows know, and few of them are it
			n = min(len(fit), windowSize)
		}
		rows, err := s.load(ctx, fit[:n])
		if err != nil {
			return false, err
		}
		for i, row := range rows {
			if row.matches(q.ActivityFilter) && found.take(row) {
				return true, nil
			}
			found.from = fit[i].place
		}
		found.loaded, fit = found.loaded+n, fit[n:]
	}
	if p.first.before(found.from) {
		found.from = p.first
	}
	return false, nil
}

// load reads the payments of lines, in their order.
func (s *Service) load(ctx context.Context, lines []line) ([]partyRow, error) {
	ids := make([]any, len(lines))
	for i, l := range lines {
		ids[i] = l.payment
	}
	byID := make(map[string]record, len(lines))
	err := s.DB.Read(ctx, func(tx *db.Tx) (failed error) {
		db.Chunks(ids, 1, func(n int, args []any) {
			list, err := db.All(tx, scanRecord, selectByID+db.In(1, n), args...)
			if err != nil && failed == nil {
				failed = err
			}
			for _, r := range list {
				byID[string(r.id)] = r
			}
		})
		return failed
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
