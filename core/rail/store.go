package rail

import (
	"embed"

	"billfold/base/clock"
	"billfold/base/db"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of this package.
var Schema = db.Schema{Package: "rail", FS: files}

const (
	callbackColumns = `rail, id, reference, merchant, outcome, reason, amount, currency, received_at`

	insertCallback = `insert into rail_callback (` + callbackColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)
		on conflict (rail, id) do nothing`
	selectCallback  = `select ` + callbackColumns + ` from rail_callback where rail = $1 and id = $2`
	selectCallbacks = `select ` + callbackColumns + ` from rail_callback where reference = $1 order by received_at, id`

	insertCharge = `insert into rail_sandbox_charge (reference, merchant, amount, currency, token, asks, asked_at)
		values ($1,$2,$3,$4,$5,1,$6) on conflict (reference) do nothing`
	countAsk     = `update rail_sandbox_charge set asks = asks + 1, asked_at = $2 where reference = $1`
	selectCharge = `select reference, merchant, amount, currency, token, asks from rail_sandbox_charge where reference = $1`
)

func scanCallback(r db.Row) (Callback, error) {
	var c Callback
	var outcome string
	var at int64
	err := r.Scan(&c.Rail, &c.ID, &c.Reference, &c.Merchant, &outcome, &c.Reason, &c.Amount, &c.Currency, &at)
	c.Outcome, c.At = Outcome(outcome), clock.FromMicros(at)
	return c, err
}

// charge is what the sandbox acquirer knows of one intent.
type charge struct {
	reference, merchant, currency, token string
	amount, asks                         int64
}

func scanCharge(r db.Row) (c charge, err error) {
	err = r.Scan(&c.reference, &c.merchant, &c.amount, &c.currency, &c.token, &c.asks)
	return c, err
}
