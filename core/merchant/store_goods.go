package merchant

import (
	"strconv"
	"strings"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
)

const (
	itemColumns = `id, shop, name, currency, minor, created_at`

	insertItem  = `insert into merchant_item (id, shop, name, currency, minor, ended_at, created_at) values ($1,$2,$3,$4,$5,0,$6)`
	selectItems = `select ` + itemColumns + ` from merchant_item where shop = $1 and ended_at = 0 order by id`
	countItems  = `select count(*) from merchant_item where shop = $1 and ended_at = 0`
	updateItem  = `update merchant_item set name = $3, currency = $4, minor = $5 where id = $1 and shop = $2 and ended_at = 0`
	endItem     = `update merchant_item set ended_at = $3 where id = $1 and shop = $2 and ended_at = 0`

	selectCounter = `select tips, own_tip, numbered, prefix, bill from merchant_counter where shop = $1`
	upsertCounter = `insert into merchant_counter (shop, tips, own_tip, numbered, prefix, bill) values ($1,$2,$3,$4,$5,0)
		on conflict (shop) do update set tips = excluded.tips, own_tip = excluded.own_tip, numbered = excluded.numbered,
		prefix = excluded.prefix`
	updateBill = `update merchant_counter set bill = $2 where shop = $1`
)

func scanItem(r db.Row) (i Item, err error) {
	var id, shop, code string
	var created int64
	err = r.Scan(&id, &shop, &i.Name, &code, &i.Price.Minor, &created)
	i.ID, i.Shop, i.CreatedAt = ItemID(id), ID(shop), clock.FromMicros(created)
	i.Price.Currency, _ = money.Lookup(code)
	return i, err
}

func scanCounter(r db.Row) (c Counter, err error) {
	var tips string
	err = r.Scan(&tips, &c.OwnTip, &c.Numbered, &c.Prefix, &c.bill)
	for word := range strings.FieldsSeq(tips) {
		n, bad := strconv.ParseInt(word, 10, 64)
		if bad == nil {
			c.Tips = append(c.Tips, n)
		}
	}
	return c, err
}
