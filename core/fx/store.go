package fx

import (
	"embed"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/identity"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of this package.
var Schema = db.Schema{Package: "fx", FS: files}

const (
	quoteColumns = `id, person, from_code, from_scale, to_code, to_scale, rate_num, rate_den, source, rate_at, amount, fee, gets, margin,
		round, rest_num, rest_den, created_at, expires_at, used_by`
	insertQuote = `insert into fx_quote (` + quoteColumns + `)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20)`
	selectQuote = `select ` + quoteColumns + ` from fx_quote where id = $1`
	updateUsed  = `update fx_quote set used_by = $2 where id = $1`
)

func store(tx *db.Tx, q Quote) {
	d, m := q.Deal, q.Mid
	tx.Queue(insertQuote, string(q.ID), string(q.Person), m.From.Code, int64(m.From.Scale), m.To.Code, int64(m.To.Scale), m.Num, m.Den,
		m.Source, clock.Micros(m.At), d.Amount.Minor, d.Fee.Minor, d.Gets.Minor, d.Margin, d.Round, d.Rest.Num, d.Rest.Den,
		clock.Micros(q.CreatedAt), clock.Micros(q.ExpiresAt), q.UsedBy)
}

func scanQuote(row db.Row) (q Quote, err error) {
	var name, person string
	var fromScale, toScale, at, created, expires int64
	m, d := &q.Mid, &q.Deal
	err = row.Scan(&name, &person, &m.From.Code, &fromScale, &m.To.Code, &toScale, &m.Num, &m.Den, &m.Source, &at, &d.Amount.Minor,
		&d.Fee.Minor, &d.Gets.Minor, &d.Margin, &d.Round, &d.Rest.Num, &d.Rest.Den, &created, &expires, &q.UsedBy)
	m.From.Scale, m.To.Scale, m.At = uint8(fromScale), uint8(toScale), clock.FromMicros(at)
	d.Amount.Currency, d.Fee.Currency, d.Gets.Currency = m.From, m.From, m.To
	q.ID, q.Person, q.CreatedAt, q.ExpiresAt = QuoteID(name), identity.PersonID(person), clock.FromMicros(created), clock.FromMicros(expires)
	return q, err
}
