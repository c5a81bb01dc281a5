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

	insertCard   = `insert into rail_card (token, behaves, brand, last4, month, year, created_at) values ($1,$2,$3,$4,$5,$6,$7)`
	selectCard   = `select behaves from rail_card where token = $1`
	insertRefund = `insert into rail_sandbox_refund (reference, charge, merchant, amount, currency, at) values ($1,$2,$3,$4,$5,$6)
		on conflict (reference) do nothing`
	selectRefunds = `select amount from rail_sandbox_refund where charge = $1`

	accountColumns = `id, owner, shown, created_at`
	insertAccount  = `insert into rail_account (id, owner, mark, iban, holder, shown, created_at) values ($1,$2,$3,$4,$5,$6,$7)
		on conflict (owner, mark) do nothing`
	selectAccount  = `select ` + accountColumns + ` from rail_account where id = $1`
	selectMarked   = `select ` + accountColumns + ` from rail_account where owner = $1 and mark = $2`
	selectAccounts = `select ` + accountColumns + ` from rail_account where owner = $1 order by id desc limit 100`
	selectSealed   = `select owner, iban, holder from rail_account where id = $1`

	creditColumns = `rail, id, movement, reference, said, sender, merchant, amount, currency, received_at`
	insertCredit  = `insert into rail_credit (` + creditColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)
		on conflict (rail, id) do nothing`
	selectCredit = `select ` + creditColumns + ` from rail_credit where rail = $1 and id = $2`

	insertOrder = `insert into rail_sandbox_order (reference, merchant, amount, currency, behaviour, asks, asked_at)
		values ($1,$2,$3,$4,$5,1,$6) on conflict (reference) do nothing`
	countOrder  = `update rail_sandbox_order set asks = asks + 1, asked_at = $2 where reference = $1`
	selectOrder = `select reference, merchant, amount, currency, behaviour, asks from rail_sandbox_order where reference = $1`

	insertTransfer = `insert into rail_sandbox_transfer (movement, said, sender, merchant, amount, currency, sent_back, at)
		values ($1,$2,$3,$4,$5,$6,false,$7)`
	selectTransfer = `select movement, said, sender, merchant, amount, currency, sent_back from rail_sandbox_transfer where movement = $1`
	updateSentBack = `update rail_sandbox_transfer set sent_back = true where movement = $1`
)

func scanAccount(r db.Row) (a Account, err error) {
	var name string
	var at int64
	err = r.Scan(&name, &a.Owner, &a.Shown, &at)
	a.ID, a.CreatedAt = AccountID(name), clock.FromMicros(at)
	return a, err
}

type sealedAccount struct {
	owner        string
	iban, holder []byte
}

func scanSealed(r db.Row) (a sealedAccount, err error) {
	err = r.Scan(&a.owner, &a.iban, &a.holder)
	return a, err
}

func scanCredit(r db.Row) (c Credit, err error) {
	var at int64
	err = r.Scan(&c.Rail, &c.ID, &c.Movement, &c.Reference, &c.said, &c.Sender, &c.Merchant, &c.Amount, &c.Currency, &at)
	c.At = clock.FromMicros(at)
	return c, err
}

// transfer is what the sandbox bank knows of money that somebody sent us.
type transfer struct {
	movement, said, sender, merchant, currency string
	amount                                     int64
	sentBack                                   bool
}

func scanTransfer(r db.Row) (t transfer, err error) {
	err = r.Scan(&t.movement, &t.said, &t.sender, &t.merchant, &t.amount, &t.currency, &t.sentBack)
	return t, err
}

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
