package inquiry

import (
	"embed"

	"billfold/base/clock"
	"billfold/base/db"
)

//go:embed schema
var files embed.FS

// Schema is this package's tables.
var Schema = db.Schema{Package: "inquiry", FS: files}

const (
	columns    = `id, person, payment, state, turns, asked_at, changed_at`
	insertCase = `insert into inquiry_case (id, person, payment, state, open, turns, asked_at, changed_at)
		values ($1, $2, $3, $4, $5, 0, $6, $6) on conflict (open) do nothing`
	selectOpen = `select ` + columns + ` from inquiry_case where open = $1`
	selectCase = `select ` + columns + ` from inquiry_case where id = $1`
	selectOf   = `select ` + columns + ` from inquiry_case where person = $1 and payment = $2 order by id desc limit 20`
	selectList = `select ` + columns + ` from inquiry_case where ($1 = '' or state = $1) and id < $2 order by id desc limit $3`
	updateCase = `update inquiry_case set state = $2, open = $3, turns = $4, changed_at = $5 where id = $1`
	countOpen  = `select count(*) from inquiry_case where person = $1 and open is not null`

	insertTurn  = `insert into inquiry_turn (inquiry, number, author, at, words) values ($1, $2, $3, $4, $5)`
	selectTurns = `select number, author, at, words from inquiry_turn where inquiry = $1 order by number`
)

func scanCase(r db.Row) (c Case, err error) {
	var asked, changed int64
	err = r.Scan(&c.ID, &c.Person, &c.Payment, &c.State, &c.turns, &asked, &changed)
	c.AskedAt, c.ChangedAt = clock.FromMicros(asked), clock.FromMicros(changed)
	return c, err
}

type turnRow struct {
	Turn
	number int64
	sealed []byte
}

func scanTurn(r db.Row) (t turnRow, err error) {
	var at int64
	err = r.Scan(&t.number, &t.Author, &at, &t.sealed)
	t.At = clock.FromMicros(at)
	return t, err
}
