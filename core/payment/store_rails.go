package payment

import (
	"time"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/identity"
)

const (
	insertTransfer = `insert into payment_transfer (reference, payment) values ($1,$2)`
	selectTransfer = `select payment from payment_transfer where reference = $1`

	arrivalColumns = `id, rail, movement, message, payment, reason, state, currency, amount, sender, at, decided_at, became`
	insertArrival  = `insert into payment_arrival (` + arrivalColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)
		on conflict (rail, movement) do nothing`
	selectArrival  = `select ` + arrivalColumns + ` from payment_arrival where id = $1`
	selectOpen     = `select ` + arrivalColumns + ` from payment_arrival where state = $1 and id < $2 order by id desc limit $3`
	selectArrivals = `select ` + arrivalColumns + ` from payment_arrival where id > $1 order by id limit $2`
	updateArrival  = `update payment_arrival set state = $2, decided_at = $3, became = $4 where id = $1`

	insertDecision = `insert into payment_decision (object, n, operator, what, why, at) values ($1,$2,$3,$4,$5,$6)`
	countDecisions = `select count(*) from payment_decision where object = $1`

	receivableColumns = `payment, person, currency, amount, paid, opened_at`
	insertReceivable  = `insert into payment_receivable (` + receivableColumns + `) values ($1,$2,$3,$4,$5,$6)`
	selectOwed        = `select ` + receivableColumns + ` from payment_receivable
		where person = $1 and currency = $2 and paid < amount order by opened_at, payment`
	selectOwedBy = `select ` + receivableColumns +
		` from payment_receivable where person = $1 and paid < amount order by opened_at, payment`
	selectOwedAll     = `select ` + receivableColumns + ` from payment_receivable where paid < amount order by opened_at, payment limit $1`
	selectReceivables = `select ` + receivableColumns + ` from payment_receivable where payment > $1 order by payment limit $2`
	selectReceivable  = `select ` + receivableColumns + ` from payment_receivable where payment = $1`
	updateReceivable  = `update payment_receivable set paid = $2 where payment = $1`
	insertRepayment   = `insert into payment_repayment (entry, payment, amount, at) values ($1,$2,$3,$4)`
	selectRepayments  = `select entry, amount from payment_repayment where payment = $1 order by at, entry`

	selectHeld = `select ` + recordColumns + ` from payment_record where state = 'held' and id < $1 order by id desc limit $2`
)

func scanArrival(row db.Row) (a Arrival, err error) {
	var name, state, code, payment, became string
	var minor, at, decided int64
	err = row.Scan(&name, &a.Rail, &a.movement, &a.message, &payment, &a.Reason, &state, &code, &minor, &a.Sender, &at, &decided, &became)
	currency, _ := money.Lookup(code)
	a.ID, a.State, a.Payment, a.Became = ArrivalID(name), ArrivalState(state), ID(payment), ID(became)
	a.Amount, a.At, a.DecidedAt = currency.Of(minor), moment(at), moment(decided)
	return a, err
}

// Receivable is what a person owes since a charge-back found their wallet empty. Amount is what was missing, Paid what came back.
type Receivable struct {
	Payment  ID // the top-up that was charged back
	Person   identity.PersonID
	Amount   money.Amount
	Paid     int64
	OpenedAt time.Time
}

// Left is what is still owed.
func (r Receivable) Left() money.Amount { return r.Amount.Currency.Of(r.Amount.Minor - r.Paid) }

func scanReceivable(row db.Row) (r Receivable, err error) {
	var payment, person, code string
	var minor, at int64
	err = row.Scan(&payment, &person, &code, &minor, &r.Paid, &at)
	currency, _ := money.Lookup(code)
	r.Payment, r.Person, r.Amount, r.OpenedAt = ID(payment), identity.PersonID(person), currency.Of(minor), moment(at)
	return r, err
}

type repayment struct {
	entry  string
	amount int64
}

func scanRepayment(row db.Row) (r repayment, err error) {
	err = row.Scan(&r.entry, &r.amount)
	return r, err
}

func scanCount(row db.Row) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}
