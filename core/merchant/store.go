package merchant

import (
	"embed"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
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
	countShops  = `select count(*) from merchant_shop`
	selectShops = `select ` + shopColumns + ` from merchant_shop where id > $1 order by id limit $2`

	// Every application costs the operator a look: those of one owner that were never opened are counted.
	countUnopened = `select count(*) from merchant_shop where owner = $1 and state in ($2, $3)`

	selectState   = `select state from merchant_shop where id = $1`
	updateState   = `update merchant_shop set state = $2 where id = $1`
	updateOrigins = `update merchant_shop set return_origins = $2 where id = $1`

	insertMember = `insert into merchant_member (shop, person, role, since) values ($1,$2,$3,$4)`
	selectRole   = `select role from merchant_member where shop = $1 and person = $2`
)

const (
	insertStore       = `insert into merchant_store (id, shop, name, city, closed_at, created_at) values ($1,$2,$3,$4,$5,$6)`
	selectStore       = `select id, shop, name, city, closed_at, created_at from merchant_store where id = $1 and shop = $2`
	selectStores      = `select id, shop, name, city, closed_at, created_at from merchant_store where shop = $1 order by id`
	countStores       = `select count(*) from merchant_store where shop = $1`
	updateStoreClosed = `update merchant_store set closed_at = $3 where id = $1 and shop = $2 and closed_at = 0`

	tillColumns = `id, shop, store, name, paired_at, created_at, device`

	insertTill = `insert into merchant_till (id, shop, store, name, code, code_until, created_at, paired_at)
		values ($1,$2,$3,$4,$5,$6,$7,0)`
	selectTill         = `select ` + tillColumns + ` from merchant_till where id = $1`
	selectTills        = `select ` + tillColumns + ` from merchant_till where shop = $1 order by id`
	selectTillsOfStore = `select ` + tillColumns + ` from merchant_till where store = $1 order by id`
	selectTillByCode   = `select ` + tillColumns + ` from merchant_till where code = $1 and code_until > $2`
	selectTillByDevice = `select ` + tillColumns + ` from merchant_till where device = $1`
	countTills         = `select count(*) from merchant_till where shop = $1`
	updateTillCode     = `update merchant_till set code = $3, code_until = $4, device = null where id = $1 and shop = $2`
	updateTillPaired   = `update merchant_till set device = $2, paired_at = $3, code = null, code_until = 0 where id = $1`
	updateTillFree     = `update merchant_till set device = null, code = null, code_until = 0 where id = $1`

	staffColumns = `id, shop, name, pin, misses, locked_until, ended_at, created_at`

	insertStaff = `insert into merchant_staff (id, shop, name, pin, created_at, misses, locked_until, ended_at)
		values ($1,$2,$3,$4,$5,0,0,0)`
	selectStaff      = `select ` + staffColumns + ` from merchant_staff where id = $1`
	selectStaffOf    = `select ` + staffColumns + ` from merchant_staff where shop = $1 order by id`
	countStaff       = `select count(*) from merchant_staff where shop = $1 and ended_at = 0`
	updatePIN        = `update merchant_staff set pin = $2, misses = 0, locked_until = 0 where id = $1`
	updateMisses     = `update merchant_staff set misses = $2, locked_until = $3 where id = $1`
	updateStaffEnded = `update merchant_staff set ended_at = $2 where id = $1`

	insertLimit  = `insert into merchant_limit (staff, currency, minor) values ($1,$2,$3)`
	selectLimits = `select currency, minor from merchant_limit where staff = $1 order by currency`
	selectLimit  = `select minor from merchant_limit where staff = $1 and currency = $2`
	deleteLimits = `delete from merchant_limit where staff = $1`
	insertGiven  = `insert into merchant_given (staff, day, currency, minor) values ($1,$2,$3,0) on conflict do nothing`
	selectGiven  = `select minor from merchant_given where staff = $1 and day = $2 and currency = $3`
	updateGiven  = `update merchant_given set minor = $4 where staff = $1 and day = $2 and currency = $3`

	insertShift      = `insert into merchant_shift (token, till, staff, started_at, ended_at) values ($1,$2,$3,$4,0)`
	selectShift      = `select till, staff, started_at, ended_at from merchant_shift where token = $1`
	endShift         = `update merchant_shift set ended_at = $2 where token = $1 and ended_at = 0`
	endShiftsOfTill  = `update merchant_shift set ended_at = $2 where till = $1 and ended_at = 0`
	endShiftsOfStaff = `update merchant_shift set ended_at = $2 where staff = $1 and ended_at = 0`
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

func scanStore(r db.Row) (s Store, err error) {
	var id, shop string
	var closed, created int64
	err = r.Scan(&id, &shop, &s.Name, &s.City, &closed, &created)
	s.ID, s.Shop, s.Closed, s.CreatedAt = StoreID(id), ID(shop), closed != 0, clock.FromMicros(created)
	return s, err
}

func scanTill(r db.Row) (t Till, err error) {
	var id, shop, store string
	var paired, created int64
	var device []byte
	err = r.Scan(&id, &shop, &store, &t.Name, &paired, &created, &device)
	t.ID, t.Shop, t.Store, t.Paired = TillID(id), ID(shop), StoreID(store), device != nil
	t.PairedAt, t.CreatedAt = clock.FromMicros(paired), clock.FromMicros(created)
	return t, err
}

// staffRow is a row of merchant_staff.
type staffRow struct {
	id                   StaffID
	shop                 ID
	name, pin            []byte
	misses               int64
	lockedUntil, created time.Time
	ended                bool
}

func scanStaff(r db.Row) (s staffRow, err error) {
	var id, shop string
	var locked, ended, created int64
	err = r.Scan(&id, &shop, &s.name, &s.pin, &s.misses, &locked, &ended, &created)
	s.id, s.shop, s.ended = StaffID(id), ID(shop), ended != 0
	s.lockedUntil, s.created = clock.FromMicros(locked), clock.FromMicros(created)
	return s, err
}

func scanLimit(r db.Row) (a money.Amount, err error) {
	var code string
	err = r.Scan(&code, &a.Minor)
	a.Currency, _ = money.Lookup(code)
	return a, err
}

// shiftRow is a row of merchant_shift.
type shiftRow struct {
	till    TillID
	staff   StaffID
	started time.Time
	ended   bool
}

func scanShift(r db.Row) (s shiftRow, err error) {
	var till, staff string
	var started, ended int64
	err = r.Scan(&till, &staff, &started, &ended)
	s.till, s.staff, s.started, s.ended = TillID(till), StaffID(staff), clock.FromMicros(started), ended != 0
	return s, err
}
