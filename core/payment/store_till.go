package payment

const (
	insertTill = `insert into payment_till (till, at, payment) values ($1,$2,$3)`
	selectTill = `select t.at, 'payee', ` + joinedColumns + ` from payment_till t join payment_record r on r.id = t.payment
		where t.till = $1 and r.payee = $2 and r.captured > 0 and t.at >= $3 and t.at <= $4 and (t.at < $4 or t.at = $4 and t.payment < $5)
		order by t.at desc, t.payment desc limit $6`
)
