package payment

const (
	payLinkColumns = `id, shop, title, description, currency, scale, amount, least, most, used, expires_at, disabled_at, created_at, asks`
	insertPayLink  = `insert into payment_paylink (` + payLinkColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,0,$10,0,$11,$12)`
	selectPayLink  = `select ` + payLinkColumns + ` from payment_paylink where id = $1`
	selectPayLinks = `select ` + payLinkColumns + ` from payment_paylink where shop = $1 and id < $2 order by id desc limit $3`
	countPayLinks  = `select count(*) from payment_paylink where shop = $1`
	updatePayLink  = `update payment_paylink set disabled_at = $2 where id = $1`
	countPayLink   = `update payment_paylink set used = used + $2 where id = $1`
)
