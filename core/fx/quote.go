package fx

import (
	"context"
	"errors"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/core/identity"
)

// QuoteID names a quote: qt_ and 26 characters.
type QuoteID string

// Life is how long a quote is good, by the real clock.
const Life = time.Minute

// Quote is an offer to one person. Nothing of it changes but that it is used.
type Quote struct {
	ID        QuoteID
	Person    identity.PersonID
	Mid       Rate
	Deal      Deal
	CreatedAt time.Time // real time, like ExpiresAt
	ExpiresAt time.Time
	UsedBy    string // the payment it became, "" while it is free
}

// Total is what leaves the person's pocket: the amount and the fee.
func (q Quote) Total() (money.Amount, error) { return q.Deal.Amount.Add(q.Deal.Fee) }

// Options are what a desk is built from.
type Options struct {
	DB    *db.DB
	Real  clock.Clock
	IDs   *id.Minter
	Rates func(from, to money.Currency) (Rate, bool) // nil = the sandbox's
}

// Desk makes quotes and keeps them. It is safe for concurrent use.
type Desk struct{ o Options }

// New makes the desk.
func New(o Options) *Desk {
	if o.Rates == nil {
		o.Rates = Sandbox
	}
	if o.Real == nil {
		o.Real = clock.System()
	}
	return &Desk{o}
}

// Rate is the mid rate of a pair, and whether there is one.
func (d *Desk) Rate(from, to money.Currency) (Rate, bool) { return d.o.Rates(from, to) }

// Now is the time by which quotes live and end.
func (d *Desk) Now() time.Time { return d.o.Real.Now() }

// Quote makes an offer: amount of its currency, for as much of to as our rate gives. Faults: rate_not_available, those of Convert.
func (d *Desk) Quote(ctx context.Context, person identity.PersonID, amount money.Amount, to money.Currency) (Quote, error) {
	mid, ok := d.o.Rates(amount.Currency, to)
	if !ok {
		return Quote{}, ErrRate.With("to")
	}
	deal, err := Convert(amount, mid)
	if err != nil {
		return Quote{}, err
	}
	now := clock.FromMicros(clock.Micros(d.o.Real.Now()))
	q := Quote{ID: QuoteID(d.o.IDs.New("qt")), Person: person, Mid: mid, Deal: deal, CreatedAt: now, ExpiresAt: now.Add(Life)}
	if _, err := q.Total(); err != nil {
		return Quote{}, err
	}
	return q, d.o.DB.Write(ctx, func(tx *db.Tx) error {
		store(tx, q)
		return nil
	})
}

// Get reads a quote; not_found for an id that is none.
func (d *Desk) Get(tx *db.Tx, quote QuoteID) (Quote, error) { return read(tx, quote, "") }

func read(tx *db.Tx, quote QuoteID, lock string) (Quote, error) {
	if !id.Valid(string(quote), "qt") {
		return Quote{}, fault.ErrNotFound
	}
	q, err := db.One(tx, scanQuote, selectQuote+lock, string(quote))
	if errors.Is(err, db.ErrNoRow) {
		return Quote{}, fault.ErrNotFound
	}
	return q, err
}

// Use takes a quote for a payment of the person it was made for, in the transaction that posts the exchange. Faults: not_found for
// somebody else's, quote_used, quote_expired.
func (d *Desk) Use(tx *db.Tx, quote QuoteID, person identity.PersonID, payment string) (Quote, error) {
	q, err := read(tx, quote, tx.ForUpdate())
	switch {
	case err != nil:
		return q, err
	case q.Person != person:
		return Quote{}, fault.ErrNotFound
	case q.UsedBy != "":
		return Quote{}, ErrUsed
	case !d.o.Real.Now().Before(q.ExpiresAt):
		return Quote{}, ErrExpired
	}
	tx.Queue(updateUsed, string(quote), payment)
	q.UsedBy = payment
	return q, nil
}
