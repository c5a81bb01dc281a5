package payment

import (
	"context"
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/id"
)

// Direction says which way a payment went, seen from one owner.
type Direction string

// The directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// ActivityFilter narrows an owner's activity; zero fields let everything through.
type ActivityFilter struct {
	Kind      Kind
	State     State
	Direction Direction
	Currency  string
	Since     time.Time // not older than this
	Until     time.Time // older than this
	Reference string
	With      string // the owner on the far side: "usr_…" or "mch_…"
	Least     string // decimal amounts, read in each payment's own currency
	Most      string
	Text      string // words that all occur in the far side's name, the texts, the amount or the ids; a whole receipt's number is that one
}

// Item is a payment as one owner sees it. The payment has no steps here.
type Item struct {
	Payment   Payment
	Direction Direction
	With      string // the other side's name, masked or registered; "" where there is none
	At        time.Time
}

// Page is a piece of a list, newest first. Next is "" on the last one. A page may hold fewer items than asked for, or none, and
// still have a next one: a filter looks at a bounded number of rows at a time.
type Page struct {
	Items []Item
	Next  string
}

const (
	pageMost  = 100
	pageUsual = 25

	// What one page looks at; the next one goes on from there.
	windowSize = 200  // payments that are read together
	rowsMost   = 500  // that are in no word list, one by one
	newestMost = 2000 // of which those in one state are read
)

// Of word lists a page looks at the traits of so many. It opens so many; all where that is no more than wholeMost, which takes a hundred
// thousand payments in. A test goes less far.
var partsMost, headsMost, wholeMost = 16, 1000, 440

// Activity lists what an owner (a person or a shop) paid and was paid, newest first. Whether the caller may see the owner is
// the edge's question. invalid_cursor for a cursor that is not ours.
func (s *Service) Activity(ctx context.Context, c Caller, owner string, f ActivityFilter, cursor string, limit int) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if limit <= 0 {
		limit = pageUsual
	}
	limit = min(limit, pageMost)
	from, err := parseCursor(cursor)
	if err != nil {
		return Page{}, err
	}
	type found struct {
		rows []partyRow
		next string
	}
	var got found
	if f == (ActivityFilter{Since: f.Since}) {
		got, err = db.Read(ctx, s.DB, func(tx *db.Tx) (out found, err error) {
			out.rows, out.next, err = walk(tx, owner, f, from, limit)
			return out, err
		})
	} else {
		got.rows, got.next, err = s.search(ctx, owner, f, from, limit)
	}
	if err != nil {
		return Page{}, err
	}
	items, err := s.items(ctx, c, got.rows)
	return Page{Next: got.next, Items: items}, err
}

// Upcoming is what will leave the caller's wallet, newest first and at most so many: payments that wait for their yes, and what shops
// have reserved. It looks at as many of the newest payments as a search does, those that no word list has.
func (s *Service) Upcoming(ctx context.Context, c Caller, most int) ([]Item, error) {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]partyRow, error) {
		newest, err := newestPart(tx, c.Owner())
		if err != nil {
			return nil, err
		}
		return db.All(tx, scanParty, selectUpcoming, c.Owner(), newest.last.at, newestMost, most)
	})
	if err != nil {
		return nil, err
	}
	return s.items(ctx, c, rows)
}

// items renders rows for a caller.
func (s *Service) items(ctx context.Context, c Caller, rows []partyRow) ([]Item, error) {
	people := make([]string, 0, 2*len(rows))
	for _, row := range rows {
		people = append(people, row.record.payer, row.record.payee)
	}
	if _, err := s.prefetch(ctx, people...); err != nil {
		return nil, err
	}
	items := make([]Item, 0, len(rows))
	for _, row := range rows {
		item, err := s.item(ctx, c, row)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// walk reads a page that nothing narrows but how old it may be.
func walk(tx *db.Tx, owner string, f ActivityFilter, from place, limit int) ([]partyRow, string, error) {
	var list []partyRow
	for {
		rows, err := db.All(tx, scanParty, selectParty, owner, micros(f.Since), from.at, from.payment, limit+1)
		if err != nil {
			return nil, "", err
		}
		for i, row := range rows {
			if row.matches(f) {
				if len(list) == limit {
					return list, from.String(), nil
				}
				list = append(list, row)
			}
			from = place{micros(row.at), string(rows[i].record.id)}
		}
		if len(rows) <= limit {
			return list, "", nil
		}
	}
}

type partyRow struct {
	at     time.Time
	role   string
	record record
}

func scanParty(row db.Row) (partyRow, error) {
	var p partyRow
	var s recordScan
	var at int64
	if err := row.Scan(append([]any{&at, &p.role}, s.dest()...)...); err != nil {
		return p, err
	}
	p.at, p.record = moment(at), s.record()
	return p, nil
}

func (p partyRow) direction() Direction {
	if p.role == rolePayer {
		return Out
	}
	return In
}

func (p partyRow) matches(f ActivityFilter) bool {
	r := &p.record
	if r.state.Final() && f.State == "" && (r.draft() || (r.kind == Withdrawal || r.kind == Exchange) && r.approvedAt.IsZero()) {
		return false // somebody began and let it be
	}
	return (f.Kind == "" || f.Kind == r.kind) && (f.State == "" || f.State == r.state) &&
		(f.Direction == "" || f.Direction == p.direction()) && (f.Currency == "" || f.Currency == r.amount.Currency.Code) &&
		(f.Reference == "" || f.Reference == r.reference)
}

// item renders a row as it is now. Without steps nothing can be rewound, so the row's own fields are taken.
func (s *Service) item(ctx context.Context, c Caller, row partyRow) (Item, error) {
	r := row.record
	p, err := s.show(ctx, c, outcome{row: r, version: r.version})
	if err != nil {
		return Item{}, err
	}
	p.Payee = r.payee
	p.State, p.Payer, p.Captured, p.Refunded, p.HoldExpiresAt, p.Failure = r.state, r.payer, r.captured, r.refunded, r.holdUntil, r.failure
	if p.PayerName, err = s.name(ctx, r.payer); err != nil {
		return Item{}, err
	}
	if p.PayeeName, err = s.name(ctx, r.payee); err != nil {
		return Item{}, err
	}
	p.NextAction = s.next(c, &r, p)
	item := Item{Payment: p, Direction: row.direction(), At: row.at, With: p.PayerName}
	if item.Direction == Out {
		item.With = p.PayeeName
	}
	return item, nil
}

// place is where a page ended.
type place struct {
	at      int64
	payment string
}

func (p place) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.at, 36) + "." + p.payment))
}

func parseCursor(cursor string) (place, error) {
	if cursor == "" {
		return place{at: math.MaxInt64}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return place{}, ErrCursor.With("cursor")
	}
	at, payment, _ := strings.Cut(string(raw), ".")
	n, err := strconv.ParseInt(at, 36, 64)
	if err != nil || !id.Valid(payment, "pay") {
		return place{}, ErrCursor.With("cursor")
	}
	return place{n, payment}, nil
}
