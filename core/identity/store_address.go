package identity

import "billfold/base/db"

// addressRow is an address as stored.
type addressRow struct {
	id     AddressID
	person PersonID
	parts  []byte
	used   int64
}

func scanAddress(r db.Row) (a addressRow, err error) {
	err = r.Scan(&a.id, &a.person, &a.parts, &a.used)
	return a, err
}

func selectAddresses(tx *db.Tx, person PersonID) ([]addressRow, error) {
	return db.All(tx, scanAddress, `select id, person, parts, used_at from identity_address
		where person = $1 order by used_at desc, id desc`, person)
}

func insertAddress(tx *db.Tx, a addressRow) {
	tx.Queue(`insert into identity_address (id, person, parts, used_at) values ($1, $2, $3, $4)`, a.id, a.person, a.parts, a.used)
}

func updateAddress(tx *db.Tx, a addressRow) {
	tx.Queue(`update identity_address set parts = $3, used_at = $4 where id = $1 and person = $2`, a.id, a.person, a.parts, a.used)
}

func deleteAddress(tx *db.Tx, person PersonID, address AddressID) (int64, error) {
	return tx.Exec(`delete from identity_address where id = $1 and person = $2`, address, person)
}
