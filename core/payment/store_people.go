package payment

import (
	"billfold/base/db"
	"billfold/base/money"
)

const (
	insertLink   = `insert into payment_link (payment, send_to) values ($1,$2)`
	selectSendTo = `select send_to from payment_link where payment = $1`
	// What is under way by links always has a deadline, and the index on deadlines is small.
	selectOpenLinks = `select currency, scale, amount from payment_record
		where due_at is not null and capture = 'link' and state = 'authorized'`

	contactColumns   = `person, kept, called, last_payment, last_at`
	selectContact    = `select ` + contactColumns + ` from payment_contact where owner = $1 and person = $2`
	selectContacts   = `select ` + contactColumns + ` from payment_contact where owner = $1 order by last_at desc, person limit $2`
	selectPaidLately = `select r.id from (select payment, role from payment_party where owner = $1 order by at desc, payment desc limit $3) p
		join payment_record r on r.id = p.payment
		where p.role = 'payer' and r.payee = $2 and r.state in ('completed', 'partly_refunded', 'refunded') limit 1`
	selectPaid = `select owner, person, last_payment from payment_contact where owner > $1 or owner = $1 and person > $2
		order by owner, person limit $3`
	upsertPaid = `insert into payment_contact (owner, person, kept, called, last_payment, last_at) values ($1,$2,false,null,$3,$4)
		on conflict (owner, person) do update set last_payment = excluded.last_payment, last_at = excluded.last_at
		where payment_contact.last_at <= excluded.last_at`
	upsertKept = `insert into payment_contact (owner, person, kept, called, last_payment, last_at) values ($1,$2,true,$3,'',0)
		on conflict (owner, person) do update set kept = true, called = excluded.called`
	updateDropped = `update payment_contact set kept = false, called = null where owner = $1 and person = $2 and kept = true`
	deleteUnpaid  = `delete from payment_contact where owner = $1 and person = $2 and kept = false and last_payment = ''`
)

func storeLink(tx *db.Tx, r *record) { tx.Queue(insertLink, string(r.id), r.sendTo) }

func scanBytes(row db.Row) (b []byte, err error) {
	err = row.Scan(&b)
	return b, err
}

func scanOpenLink(row db.Row) (a money.Amount, err error) {
	var code string
	var scale int64
	err = row.Scan(&code, &scale, &a.Minor)
	a.Currency = money.Currency{Code: code, Scale: uint8(scale)}
	return a, err
}

// contactRow is a row of payment_contact.
type contactRow struct {
	person  string
	kept    bool
	called  []byte
	payment string // the last one to them, "" for none
	at      int64
}

func scanContact(row db.Row) (k contactRow, err error) {
	err = row.Scan(&k.person, &k.kept, &k.called, &k.payment, &k.at)
	return k, err
}

// paidRow says which payment a contact was made by.
type paidRow struct{ owner, person, payment string }

func scanPaid(row db.Row) (p paidRow, err error) {
	err = row.Scan(&p.owner, &p.person, &p.payment)
	return p, err
}

const (
	requestColumns = `id, owner, split, mode, currency, scale, total, own, note, of_payment, version, created_at, expires_at, remind_at,
		reminded_at`
	insertRequest = `insert into payment_request (` + requestColumns + `)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)`
	updateRequest = `update payment_request set mode = $2, total = $3, own = $4, note = $5, version = $6, remind_at = $7,
		reminded_at = $8, expires_at = $9 where id = $1`
	updateReminder    = `update payment_request set version = $2, remind_at = $3, reminded_at = $4 where id = $1`
	selectRequest     = `select ` + requestColumns + ` from payment_request where id = $1`
	selectRequestsIDs = `select ` + requestColumns + ` from payment_request where id in `
	selectRequestsOut = `select id from payment_request where owner = $1 and id < $2 order by id desc limit $3`
	selectRequestsIn  = `select request from payment_share where person = $1 and request < $2 and replaced = false
		group by request order by request desc limit $3`
	selectRemind   = `select id from payment_request where remind_at is not null and remind_at <= $1 order by remind_at, id limit $2`
	selectAllAsked = `select ` + requestColumns + ` from payment_request where id > $1 order by id limit $2`

	insertShareRow = `insert into payment_share (request, n, payment, person, replaced) values ($1,$2,$3,$4,$5)`
	updateReplaced = `update payment_share set replaced = true where request = $1 and n = $2`
	shareFrom      = `select s.request, s.n, s.person, s.replaced, ` + joinedColumns + `
		from payment_share s join payment_record r on r.id = s.payment where `
	selectShares       = shareFrom + `s.request = $1 and s.n <= $2 order by s.n`
	selectSharesLocked = shareFrom + `s.request = $1 order by s.payment`
	selectSharesIDs    = shareFrom + `s.request in `
	selectRequestOf    = `select request from payment_share where payment = $1`
	selectAsked        = `select ` + joinedColumns + ` from payment_share s join payment_record r on r.id = s.payment
		where s.person = $1 and s.replaced = false and r.state = 'awaiting_confirmation' and r.expires_at > $2
		order by s.request desc limit $3`
)

func scanText(row db.Row) (t string, err error) {
	err = row.Scan(&t)
	return t, err
}

func scanRequest(row db.Row) (q requestRow, err error) {
	var request, mode, code, of string
	var scale, created, expires int64
	err = row.Scan(&request, &q.owner, &q.split, &mode, &code, &scale, &q.total.Minor, &q.own, &q.note, &of, &q.version, &created, &expires,
		&q.remindAt, &q.remindedAt)
	q.id, q.mode, q.of, q.total.Currency = RequestID(request), SplitMode(mode), ID(of), money.Currency{Code: code, Scale: uint8(scale)}
	q.createdAt, q.expiresAt = moment(created), moment(expires)
	return q, err
}

func scanShare(row db.Row) (w shareRow, err error) {
	var request string
	var s recordScan
	err = row.Scan(append([]any{&request, &w.n, &w.person, &w.replaced}, s.dest()...)...)
	w.request, w.pay = RequestID(request), s.record()
	return w, err
}
