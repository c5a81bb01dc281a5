package payment

import "billfold/base/db"

const (
	upsertHandover = `insert into payment_handover (payment, owner, given, at) values ($1,$2,$3,$4)
		on conflict (payment) do update set owner = excluded.owner, given = excluded.given, at = excluded.at`
	deleteHandover  = `delete from payment_handover where payment = $1`
	selectHandover  = `select payment, owner, given, at from payment_handover where payment = $1`
	selectHandovers = `select payment, owner, given, at from payment_handover where owner = $1 order by at desc, payment desc limit $2`
)

// handedRow is a row of payment_handover.
type handedRow struct {
	payment, owner string
	given          []byte
	at             int64
}

func scanHandover(r db.Row) (h handedRow, err error) {
	err = r.Scan(&h.payment, &h.owner, &h.given, &h.at)
	return h, err
}
