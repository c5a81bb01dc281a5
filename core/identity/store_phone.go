package identity

import "billfold/base/db"

// phoneRow is a number as stored: found by mac, sealed.
type phoneRow struct {
	person PersonID
	mac    []byte
	number []byte
	at     int64
}

func scanPhone(r db.Row) (p phoneRow, err error) {
	err = r.Scan(&p.person, &p.mac, &p.number, &p.at)
	return p, err
}

func selectPhone(tx *db.Tx, person PersonID) (phoneRow, error) {
	return db.One(tx, scanPhone, `select person, mac, number, confirmed_at from identity_phone where person = $1`, person)
}

// selectPhoneOwner says whose a number is, under lock.
func selectPhoneOwner(tx *db.Tx, mac []byte) (person PersonID, err error) {
	err = tx.Row(`select person from identity_phone where mac = $1`+tx.ForUpdate(), mac).Scan(&person)
	return person, err
}

func selectByPhone(tx *db.Tx, mac []byte) (personRow, error) {
	return db.One(tx, scanPerson, `select `+personColumns+` from identity_phone n join identity_person p on p.id = n.person
		where n.mac = $1`, mac)
}

func upsertPhone(tx *db.Tx, p phoneRow) error {
	_, err := tx.Exec(`insert into identity_phone (person, mac, number, confirmed_at) values ($1, $2, $3, $4)
		on conflict (person) do update set mac = excluded.mac, number = excluded.number, confirmed_at = excluded.confirmed_at`,
		p.person, p.mac, p.number, p.at)
	return err
}

func deletePhone(tx *db.Tx, person PersonID) {
	tx.Queue(`delete from identity_phone where person = $1`, person)
}

func selectWish(tx *db.Tx, person PersonID) (phoneRow, error) {
	return wishBy(tx, person, tx.ForUpdate())
}

// peekWish reads without a lock, for a transaction that reads only.
func peekWish(tx *db.Tx, person PersonID) (phoneRow, error) { return wishBy(tx, person, "") }

func wishBy(tx *db.Tx, person PersonID, lock string) (phoneRow, error) {
	return db.One(tx, scanPhone, `select person, mac, number, asked_at from identity_phone_wish where person = $1`+lock, person)
}

func upsertWish(tx *db.Tx, p phoneRow) {
	tx.Queue(`insert into identity_phone_wish (person, mac, number, asked_at) values ($1, $2, $3, $4)
		on conflict (person) do update set mac = excluded.mac, number = excluded.number, asked_at = excluded.asked_at`,
		p.person, p.mac, p.number, p.at)
}

func deleteWish(tx *db.Tx, person PersonID) {
	tx.Queue(`delete from identity_phone_wish where person = $1`, person)
}

func deleteCode(tx *db.Tx, subject, purpose string) {
	tx.Queue(`delete from identity_code where subject = $1 and purpose = $2`, subject, purpose)
}
