package payment

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/core/identity"
)

// RequestID names a request: req_ and 26 characters.
type RequestID string

// SplitMode is how a total is divided.
type SplitMode string

// The modes. Even gives each the same, by at most one minor unit; ByShare divides by parts; ByAmount is as it is said.
const (
	Even     SplitMode = "even"
	ByShare  SplitMode = "share"
	ByAmount SplitMode = "amount"
)

// Limits of a request.
const (
	requestMost  = 50                  // persons
	partMost     = 1000                // parts of one share
	RequestFor   = 14 * 24 * time.Hour // a request waits this long unless its terms say otherwise
	remindAfter  = 3 * 24 * time.Hour  // then who has not paid is reminded, once, by itself
	remindAgain  = 24 * time.Hour      // between two reminders by hand
	requestsPage = 25
)

// AskTerms are what a person asks others for. Parts mean what Mode says: nothing, parts, or minor units of the total's currency.
type AskTerms struct {
	Split   bool // a bill that is divided; otherwise each is asked for an amount of their own
	Mode    SplitMode
	Total   money.Amount
	Own     int64 // what the one who asks bears: 0 or 1 (even), parts, or minor units
	Shares  []ShareTerms
	Note    string
	Of      ID        // the payment that is divided, "" for none
	Expires time.Time // zero = RequestFor from now
}

// ShareTerms are what one person is asked for. Person is an id, a handle or an e-mail address; "" lets anybody pay who has the
// request's id, where it is the only share.
type ShareTerms struct {
	Person string
	Part   int64
}

// RequestState is where a request stands. It is not stored: it follows from its shares.
type RequestState string

// The states of a request. Open while somebody can still pay; paid when all did; closed when nobody can and not all did.
const (
	RequestOpen   RequestState = "open"
	RequestPaid   RequestState = "paid"
	RequestClosed RequestState = "closed"
)

// ShareState is where one share stands; it follows from its payment.
type ShareState string

// The states of a share.
const (
	ShareOpen     ShareState = "open"
	SharePaid     ShareState = "paid"
	ShareDeclined ShareState = "declined"
	ShareCanceled ShareState = "canceled"
	ShareExpired  ShareState = "expired"
)

// Share is what one person is asked for.
type Share struct {
	Payment ID // what they confirm to pay it
	Person  string
	Name    string // masked
	Amount  money.Amount
	State   ShareState
	PaidAt  time.Time
	Mine    bool // it is the viewer's to pay
}

// MoneyRequest is one thing that is asked of one or several persons. Whoever is asked sees their own share only; the one who asks sees all.
type MoneyRequest struct {
	ID         RequestID
	Owner      string
	OwnerName  string // masked
	Split      bool
	Mode       SplitMode
	State      RequestState
	Version    int64 // grows with every change of the request or of a share
	Total      money.Amount
	Own        money.Amount
	Paid       money.Amount // by the others so far
	Note       string
	Of         ID
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RemindedAt time.Time
	Shares     []Share
	Mine       bool // the viewer asked
	Replayed   bool
}

// RequestPage is a piece of a list of requests, newest first; Next is "" on the last one.
type RequestPage struct {
	Requests []MoneyRequest
	Next     string
}

// check refuses terms that cannot be divided. It looks nobody up.
func (t AskTerms) check(now time.Time) (AskTerms, error) {
	if t.Mode == "" {
		t.Mode = Even
	}
	if !t.Split {
		t.Mode = ByAmount
	}
	switch {
	case t.Total.Currency.Code == "" || !standard(t.Total.Currency):
		return t, ErrCurrency.Fill("?").With("currency")
	case t.Mode != Even && t.Mode != ByShare && t.Mode != ByAmount:
		return t, ErrSplit.With("mode")
	case len(t.Shares) == 0 || len(t.Shares) > requestMost || t.Own < 0 || !t.Split && t.Own != 0:
		return t, ErrSplit.With("shares")
	}
	if err := t.Total.Positive(); err != nil {
		return t, err
	}
	if err := plain("note", t.Note, maxDescription, true); err != nil {
		return t, err
	}
	if t.Expires.IsZero() {
		t.Expires = now.Add(RequestFor)
	}
	if t.Expires.Before(now.Add(ShortestExpiry)) || t.Expires.After(now.Add(LongestExpiry)) {
		return t, ErrExpiry.With("expires_at")
	}
	t.Expires = t.Expires.UTC().Truncate(time.Microsecond)
	if t.Of != "" && !id.Valid(string(t.Of), "pay") {
		return t, fault.ErrNotFound.With("of")
	}
	return t, nil
}

// Divide says what each share and the one who asks bear of a rest. They sum to it exactly. The units that do not divide fall to the
// first: to the one who asks, then to the shares in their order, so that the same bill always divides the same way.
func (t AskTerms) Divide(rest money.Amount) (shares []int64, own int64, err error) {
	n := len(t.Shares)
	shares = make([]int64, n)
	switch t.Mode {
	case Even:
		if t.Own > 1 {
			return nil, 0, ErrSplit.With("own")
		}
		parts := rest.Split(n + int(t.Own))
		if t.Own == 1 {
			own, parts = parts[0].Minor, parts[1:]
		}
		for i, p := range parts {
			shares[i] = p.Minor
		}
	case ByShare:
		own, err = t.byShare(rest, shares)
	default:
		own, err = t.Own, nil
		var sum money.Sum128
		sum.Add(own)
		for i, s := range t.Shares {
			shares[i] = s.Part
			sum.Add(s.Part)
		}
		if minor, ok := sum.Int64(); !ok || minor != rest.Minor {
			return nil, 0, ErrSplitSum.Fill(rest.String()).With("shares")
		}
	}
	if err != nil {
		return nil, 0, err
	}
	for _, minor := range shares {
		if minor < 1 {
			return nil, 0, ErrSplit.With("shares")
		}
	}
	return shares, own, nil
}

// byShare gives each what lies between two marks on the total: the marks are rounded down, so the pieces sum to the whole.
func (t AskTerms) byShare(rest money.Amount, shares []int64) (own int64, err error) {
	if t.Own > partMost {
		return 0, ErrSplit.With("own")
	}
	all := t.Own
	for _, s := range t.Shares {
		if s.Part < 1 || s.Part > partMost {
			return 0, ErrSplit.With("shares")
		}
		all += s.Part
	}
	upTo, last := int64(0), int64(0)
	piece := func(part int64) (int64, error) {
		upTo += part
		mark, _, err := rest.Mul(upTo, all, money.Up)
		if err != nil {
			return 0, err
		}
		was := last
		last = mark.Minor
		return last - was, nil
	}
	if own, err = piece(t.Own); err != nil {
		return 0, err
	}
	for i, s := range t.Shares {
		if shares[i], err = piece(s.Part); err != nil {
			return 0, err
		}
	}
	return own, nil
}

// resolve finds the persons of the shares: each exists, is asked once, and is not the one who asks.
func (s *Service) resolve(ctx context.Context, c Caller, t AskTerms) ([]string, error) {
	people := make([]string, len(t.Shares))
	for i, share := range t.Shares {
		named := strings.TrimSpace(share.Person)
		if named == "" {
			if len(t.Shares) > 1 {
				return nil, identity.ErrPayeeUnknown.With("shares")
			}
			continue
		}
		found, err := s.FindRecipient(ctx, c, named)
		if err != nil {
			return nil, atShares(err)
		}
		if found.Shop {
			return nil, ErrKind.With("shares")
		}
		if slices.Contains(people, found.ID) {
			return nil, ErrTwice.Fill(found.Name).With("shares")
		}
		people[i] = found.ID
	}
	return people, nil
}

func atShares(err error) error {
	if f, ok := fault.As(err); ok && f.Param == "payee" {
		return f.With("shares")
	}
	return err
}

// requestRow is a row of payment_request.
type requestRow struct {
	id         RequestID
	owner      string
	split      bool
	mode       SplitMode
	total      money.Amount
	own        int64
	note       []byte
	of         ID
	version    int64
	createdAt  time.Time
	expiresAt  time.Time
	remindAt   *int64
	remindedAt int64
}

// shareRow is a row of payment_share with its payment.
type shareRow struct {
	request  RequestID
	n        int64
	person   string
	replaced bool
	pay      record
}

// state of a share follows from its payment; one whose time is over is expired also before the sweep.
func (w *shareRow) state(now time.Time) ShareState {
	switch w.pay.state {
	case AwaitingConfirmation:
		if !now.Before(w.pay.expiresAt) {
			return ShareExpired
		}
		return ShareOpen
	case Voided:
		if w.pay.failure == failedDeclined {
			return ShareDeclined
		}
		return ShareCanceled
	case Expired:
		return ShareExpired
	}
	return SharePaid
}

// failedDeclined is why a payment that somebody was asked for was voided by them.
const failedDeclined = "request_declined"

func requestNoteRow(request RequestID) string { return "payment_request.note/" + string(request) }

// render shows a request to one viewer, and not_found to somebody it is none of the business of.
func (s *Service) render(ctx context.Context, c Caller, q requestRow, rows []shareRow) (MoneyRequest, error) {
	now := s.Clock.Now()
	mine := c.Shop == "" && c.Person != "" && q.owner == string(c.Person)
	r := MoneyRequest{ID: q.id, Owner: q.owner, Split: q.split, Mode: q.mode, Total: q.total, Own: q.total.Currency.Of(q.own), Of: q.of,
		Version: q.version, CreatedAt: q.createdAt, ExpiresAt: q.expiresAt, RemindedAt: moment(q.remindedAt), Mine: mine,
		Paid: q.total.Currency.Of(0)}
	open, paid, live, seen := 0, 0, 0, mine || c.Operator
	for i := range rows {
		w := &rows[i]
		r.Version += w.pay.version
		if w.replaced {
			continue
		}
		live++
		payer := first(w.person, w.pay.payer)
		share := Share{Payment: w.pay.id, Person: payer, Amount: w.pay.amount, State: w.state(now), PaidAt: w.pay.approvedAt}
		share.Mine = c.Shop == "" && c.Person != "" && !mine && (payer == string(c.Person) || payer == "")
		switch share.State {
		case ShareOpen:
			open++
		case SharePaid:
			paid++
			r.Paid.Minor += w.pay.amount.Minor
		}
		if !mine && !c.Operator && !share.Mine {
			continue
		}
		seen = true
		var err error
		if share.Name, err = s.name(ctx, payer); err != nil {
			return r, err
		}
		r.Shares = append(r.Shares, share)
	}
	if !seen {
		return MoneyRequest{}, fault.ErrNotFound
	}
	if !mine && !c.Operator { // what the others bear and have paid is not theirs to know
		r.Own, r.Paid, r.Of = q.total.Currency.Of(0), q.total.Currency.Of(0), ""
	}
	switch {
	case open > 0:
		r.State = RequestOpen
	case paid == live:
		r.State = RequestPaid
	default:
		r.State = RequestClosed
	}
	var err error
	if r.OwnerName, err = s.name(ctx, q.owner); err != nil {
		return r, err
	}
	r.Note, err = s.open(q.owner, requestNoteRow(q.id), q.note)
	return r, err
}

// Request reads one request: all of it for the one who asked and for an operator, their own share for whoever is asked. A request
// without a name can be read by every person who has its id.
func (s *Service) Request(ctx context.Context, c Caller, request RequestID) (MoneyRequest, error) {
	if !id.Valid(string(request), "req") {
		return MoneyRequest{}, fault.ErrNotFound
	}
	type found struct {
		row  requestRow
		rows []shareRow
	}
	f, err := db.Read(ctx, s.DB, func(tx *db.Tx) (f found, err error) {
		f.row, f.rows, err = loadRequest(tx, request, "")
		return f, err
	})
	if err != nil {
		return MoneyRequest{}, err
	}
	return s.render(ctx, c, f.row, f.rows)
}

// RequestOf finds the request that a payment pays a share of, for one of its two sides; not_found for any other payment.
func (s *Service) RequestOf(ctx context.Context, c Caller, payment ID) (MoneyRequest, error) {
	request, err := db.Read(ctx, s.DB, func(tx *db.Tx) (RequestID, error) {
		list, err := db.All(tx, scanText, selectRequestOf, string(payment))
		if err == nil && len(list) == 0 {
			return "", fault.ErrNotFound
		}
		if err != nil {
			return "", err
		}
		return RequestID(list[0]), nil
	})
	if err != nil {
		return MoneyRequest{}, err
	}
	return s.Request(ctx, c, request)
}

// Requests lists what a person asked others for (Out) or is asked for (In), newest first.
func (s *Service) Requests(ctx context.Context, c Caller, d Direction, cursor string, limit int) (RequestPage, error) {
	if limit <= 0 {
		limit = requestsPage
	}
	limit = min(limit, pageMost)
	if cursor == "" {
		cursor = "req_~"
	} else if !id.Valid(cursor, "req") {
		return RequestPage{}, ErrCursor.With("cursor")
	}
	type found struct {
		rows   []requestRow
		shares []shareRow
	}
	query := selectRequestsOut
	if d == In {
		query = selectRequestsIn
	}
	f, err := db.Read(ctx, s.DB, func(tx *db.Tx) (f found, err error) {
		ids, err := db.All(tx, scanText, query, string(c.Person), cursor, limit+1)
		if err != nil || len(ids) == 0 {
			return f, err
		}
		args := make([]any, len(ids))
		for i := range ids {
			args[i] = ids[i]
		}
		if f.rows, err = db.All(tx, scanRequest, selectRequestsIDs+db.In(1, len(ids))+" order by id desc", args...); err != nil {
			return f, err
		}
		f.shares, err = db.All(tx, scanShare, selectSharesIDs+db.In(1, len(ids))+" order by s.request, s.n", args...)
		return f, err
	})
	if err != nil {
		return RequestPage{}, err
	}
	var page RequestPage
	if len(f.rows) > limit {
		f.rows = f.rows[:limit]
		page.Next = string(f.rows[limit-1].id)
	}
	for _, row := range f.rows {
		mine := slices.DeleteFunc(slices.Clone(f.shares), func(w shareRow) bool { return w.request != row.id })
		r, err := s.render(ctx, c, row, mine)
		if err != nil {
			return page, err
		}
		page.Requests = append(page.Requests, r)
	}
	return page, nil
}

// Asked lists the payments that a person is asked for and can still confirm, newest first: what waits for them.
func (s *Service) Asked(ctx context.Context, c Caller, limit int) ([]Payment, error) {
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]record, error) {
		return db.All(tx, scanRecord, selectAsked, string(c.Person), micros(s.Clock.Now()), min(limit, pageMost))
	})
	list := make([]Payment, 0, len(rows))
	for _, row := range rows {
		if err != nil {
			break
		}
		var p Payment
		p, err = s.show(ctx, c, outcome{row: row, version: row.version, steps: []Step{{Number: 1, Name: StepRequest, State: row.state,
			At: row.createdAt, Amount: row.amount.Minor}}})
		list = append(list, p)
	}
	return list, err
}

// loadRequest reads a request and its shares, oldest share first; lock is appended to both statements where they are for a change.
func loadRequest(tx *db.Tx, request RequestID, lock string) (requestRow, []shareRow, error) {
	rows, err := db.All(tx, scanRequest, selectRequest+lock, string(request))
	if err == nil && len(rows) == 0 {
		err = fault.ErrNotFound
	}
	if err != nil {
		return requestRow{}, nil, err
	}
	if lock != "" {
		lock += " of r" // which payment a share has never changes
	}
	if lock == "" {
		shares, err := db.All(tx, scanShare, selectShares, string(request), int64(math.MaxInt64))
		return rows[0], shares, err
	}
	shares, err := db.All(tx, scanShare, selectSharesLocked+lock, string(request)) // payments are locked in the order of their ids
	slices.SortFunc(shares, func(a, b shareRow) int { return cmp.Compare(a.n, b.n) })
	return rows[0], shares, err
}
