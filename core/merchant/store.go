package merchant

import (
	"embed"
	"strings"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/identity"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of this package.
var Schema = db.Schema{Package: "merchant", FS: files}

const shopColumns = `id, owner, name, handle, mcc, country, currencies, return_origins, state, created_at`

const (
	insertShop = `insert into merchant_shop (` + shopColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`

	selectShop         = `select ` + shopColumns + ` from merchant_shop where id = $1`
	selectShopByHandle = `select ` + shopColumns + ` from merchant_shop where handle = $1`
	selectShopsOf      = `select s.id, s.owner, s.name, s.handle, s.mcc, s.country, s.currencies, s.return_origins, s.state, s.created_at
		from merchant_member m join merchant_shop s on s.id = m.shop where m.person = $1 order by s.id`
	selectShops = `select ` + shopColumns + ` from merchant_shop where id > $1 order by id limit $2`

	selectState   = `select state from merchant_shop where id = $1`
	updateState   = `update merchant_shop set state = $2 where id = $1`
	updateOrigins = `update merchant_shop set return_origins = $2 where id = $1`

	insertMember = `insert into merchant_member (shop, person, role, since) values ($1,$2,$3,$4)`
	selectRole   = `select role from merchant_member where shop = $1 and person = $2`
)

func scanShop(r db.Row) (Shop, error) {
	var s Shop
	var id, owner, currencies, origins, state string
	var created int64
	err := r.Scan(&id, &owner, &s.Name, &s.Handle, &s.MCC, &s.Country, &currencies, &origins, &state, &created)
	s.ID, s.Owner, s.State = ID(id), identity.PersonID(owner), State(state)
	s.Currencies, s.ReturnOrigins = strings.Fields(currencies), strings.Fields(origins)
	s.CreatedAt = clock.FromMicros(created)
	return s, err
}
