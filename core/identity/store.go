package identity

import (
	"embed"
	"errors"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
)

//go:embed schema
var files embed.FS

// Schema is this package's tables.
var Schema = db.Schema{Package: "identity", FS: files}

// personRow is a person as stored: sealed.
type personRow struct {
	id                  PersonID
	handleMac, emailMac []byte
	name, handle, email []byte
	password            []byte
	lang                string
	state               State
	created             int64
	operator            bool
}

const personColumns = `p.id, p.name, p.handle, p.email, p.password, p.lang, p.state, p.created_at,
	exists (select 1 from identity_role r where r.person = p.id and r.role = 'operator')`

func scanPerson(r db.Row) (p personRow, err error) {
	err = r.Scan(&p.id, &p.name, &p.handle, &p.email, &p.password, &p.lang, &p.state, &p.created, &p.operator)
	return p, err
}

func selectPerson(tx *db.Tx, id PersonID) (personRow, error) {
	return db.One(tx, scanPerson, `select `+personColumns+` from identity_person p where p.id = $1`, id)
}

func selectPersonForUpdate(tx *db.Tx, id PersonID) (personRow, error) {
	return db.One(tx, scanPerson, `select `+personColumns+` from identity_person p where p.id = $1`+tx.ForUpdate(), id)
}

func selectPeople(tx *db.Tx, ids []PersonID) ([]personRow, error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return db.All(tx, scanPerson, `select `+personColumns+` from identity_person p where p.id in `+db.In(1, len(ids)), args...)
}

const countPeople = `select count(*) from identity_person`

func selectPage(tx *db.Tx, after PersonID, limit int) ([]personRow, error) {
	return db.All(tx, scanPerson, `select `+personColumns+` from identity_person p where p.id > $1 order by p.id limit $2`, after, limit)
}

func selectByHandle(tx *db.Tx, mac []byte) (personRow, error) {
	return db.One(tx, scanPerson, `select `+personColumns+` from identity_person p where p.handle_mac = $1`, mac)
}

func selectByEmail(tx *db.Tx, mac []byte) (personRow, error) {
	return db.One(tx, scanPerson, `select `+personColumns+` from identity_person p where p.email_mac = $1`, mac)
}

func selectState(tx *db.Tx, id PersonID) (state State, err error) {
	err = tx.Row(`select state from identity_person where id = $1`, id).Scan(&state)
	return state, err
}

// insertPerson reports false where the handle or the e-mail belongs to somebody already; it waits for a parallel
// insert to decide.
func insertPerson(tx *db.Tx, p personRow) (bool, error) {
	n, err := tx.Exec(`insert into identity_person
		(id, handle_mac, email_mac, name, handle, email, password, lang, state, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
		p.id, p.handleMac, null(p.emailMac), p.name, p.handle, null(p.email), null(p.password), p.lang, p.state, p.created)
	return n == 1, err
}

// null keeps an absent value out of a unique column.
func null(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

func updatePassword(tx *db.Tx, id PersonID, sealed []byte) error {
	_, err := tx.Exec(`update identity_person set password = $2 where id = $1`, id, sealed)
	return err
}

func updateLang(tx *db.Tx, id PersonID, tag string) (int64, error) {
	return tx.Exec(`update identity_person set lang = $2 where id = $1`, id, tag)
}

func updateState(tx *db.Tx, id PersonID, state State) (int64, error) {
	return tx.Exec(`update identity_person set state = $2 where id = $1`, id, state)
}

func insertRole(tx *db.Tx, id PersonID, role Role, at int64) (int64, error) {
	return tx.Exec(`insert into identity_role (person, role, granted_at) values ($1, $2, $3) on conflict do nothing`, id, role, at)
}

func countRole(tx *db.Tx, role Role) (n int64, err error) {
	err = tx.Row(`select count(*) from identity_role where role = $1`, role).Scan(&n)
	return n, err
}

func deleteRole(tx *db.Tx, id PersonID, role Role) (int64, error) {
	return tx.Exec(`delete from identity_role where person = $1 and role = $2`, id, role)
}

// signUpRow is a sign-up that waits for its code.
type signUpRow struct {
	id     SignUpID
	person personRow
}

func insertSignUp(tx *db.Tx, r signUpRow) {
	p := r.person
	tx.Queue(`insert into identity_signup
		(id, person, handle_mac, email_mac, name, handle, email, password, lang, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		r.id, p.id, p.handleMac, p.emailMac, p.name, p.handle, p.email, p.password, p.lang, p.created)
}

func selectSignUp(tx *db.Tx, id SignUpID) (signUpRow, error) {
	return db.One(tx, func(r db.Row) (s signUpRow, err error) {
		p := &s.person
		err = r.Scan(&s.id, &p.id, &p.handleMac, &p.emailMac, &p.name, &p.handle, &p.email, &p.password, &p.lang, &p.created)
		return s, err
	}, `select id, person, handle_mac, email_mac, name, handle, email, password, lang, created_at
		from identity_signup where id = $1`+tx.ForUpdate(), id)
}

func deleteSignUp(tx *db.Tx, id SignUpID) {
	tx.Queue(`delete from identity_code where subject = $1`, id)
	tx.Queue(`delete from identity_signup where id = $1`, id)
}

func selectStaleSignUps(tx *db.Tx, before int64, limit int) ([]signUpRow, error) {
	return db.All(tx, func(r db.Row) (s signUpRow, err error) {
		err = r.Scan(&s.id, &s.person.id)
		return s, err
	}, `select id, person from identity_signup where created_at < $1 order by created_at limit $2`, before, limit)
}

// codeRow is a one-time code, bound to what it is about and what it is for.
type codeRow struct {
	subject, purpose string
	hash             []byte
	tries            int64
	sent, expires    int64
}

func selectCode(tx *db.Tx, subject, purpose string) (codeRow, error) {
	return db.One(tx, func(r db.Row) (c codeRow, err error) {
		err = r.Scan(&c.subject, &c.purpose, &c.hash, &c.tries, &c.sent, &c.expires)
		return c, err
	}, `select subject, purpose, hash, tries, sent_at, expires_at from identity_code
		where subject = $1 and purpose = $2`+tx.ForUpdate(), subject, purpose)
}

func upsertCode(tx *db.Tx, c codeRow) {
	tx.Queue(`insert into identity_code (subject, purpose, hash, tries, sent_at, expires_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (subject, purpose) do update set hash = excluded.hash, tries = excluded.tries,
		sent_at = excluded.sent_at, expires_at = excluded.expires_at`,
		c.subject, c.purpose, c.hash, c.tries, c.sent, c.expires)
}

// sessionRow is a session as stored; person is filled by the join.
type sessionRow struct {
	id                                    SessionID
	hash                                  []byte
	person                                PersonID
	agent, ip                             []byte
	created, seen, proved, awake, expires int64
}

const sessionColumns = `s.id, s.hash, s.person, s.agent, s.ip, s.created_at, s.seen_at, s.proved_at, s.awake_at, s.expires_at`

func scanSession(r db.Row) (s sessionRow, err error) {
	err = r.Scan(&s.id, &s.hash, &s.person, &s.agent, &s.ip, &s.created, &s.seen, &s.proved, &s.awake, &s.expires)
	return s, err
}

func insertSession(tx *db.Tx, s sessionRow) {
	tx.Queue(`insert into identity_session
		(id, hash, person, agent, ip, created_at, seen_at, proved_at, awake_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		s.id, s.hash, s.person, s.agent, s.ip, s.created, s.seen, s.proved, s.awake, s.expires)
}

func selectSession(tx *db.Tx, hash []byte) (sessionRow, error) {
	return db.One(tx, scanSession, `select `+sessionColumns+` from identity_session s where s.hash = $1`, hash)
}

func selectSessions(tx *db.Tx, person PersonID) ([]sessionRow, error) {
	return db.All(tx, scanSession, `select `+sessionColumns+` from identity_session s where s.person = $1 order by s.id desc`, person)
}

// rotateSession gives a session another token, and reports false where it has ended.
func rotateSession(tx *db.Tx, id SessionID, old, new []byte, now int64) (bool, error) {
	n, err := tx.Exec(`update identity_session set hash = $3, seen_at = $4, proved_at = $4, awake_at = $4
		where id = $1 and hash = $2`, id, old, new, now)
	return n == 1, err
}

func touchSession(tx *db.Tx, id SessionID, seen, awake int64) {
	tx.Queue(`update identity_session set seen_at = $2, awake_at = case when awake_at < $3 then $3 else awake_at end
		where id = $1 and seen_at < $2`, id, seen, awake)
}

func deleteSession(tx *db.Tx, person PersonID, id SessionID) (int64, error) {
	return tx.Exec(`delete from identity_session where person = $1 and id = $2`, person, id)
}

// deleteSessions ends every session of a person but one ("" for all).
func deleteSessions(tx *db.Tx, person PersonID, keep SessionID) (int64, error) {
	return tx.Exec(`delete from identity_session where person = $1 and id <> $2`, person, keep)
}

// keyRow is an API key as stored.
type keyRow struct {
	id                     KeyID
	hash                   []byte
	owner                  string
	kind                   KeyKind
	label                  []byte
	hint                   string
	scopes                 string
	created, used, revoked int64
	expires                int64
}

const keyColumns = `id, hash, owner, kind, label, hint, created_at, used_at, revoked_at, scopes, expires_at`

func scanKey(r db.Row) (k keyRow, err error) {
	err = r.Scan(&k.id, &k.hash, &k.owner, &k.kind, &k.label, &k.hint, &k.created, &k.used, &k.revoked, &k.scopes, &k.expires)
	return k, err
}

func insertKey(tx *db.Tx, k keyRow) {
	tx.Queue(`insert into identity_key (`+keyColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		k.id, k.hash, k.owner, k.kind, k.label, k.hint, k.created, k.used, k.revoked, k.scopes, k.expires)
}

func selectKey(tx *db.Tx, hash []byte) (keyRow, error) {
	return db.One(tx, scanKey, `select `+keyColumns+` from identity_key where hash = $1`, hash)
}

// selectKeyByID reads a key of an owner, under lock.
func selectKeyByID(tx *db.Tx, owner string, id KeyID) (keyRow, error) {
	return db.One(tx, scanKey, `select `+keyColumns+` from identity_key where owner = $1 and id = $2`+tx.ForUpdate(), owner, id)
}

func expireKey(tx *db.Tx, id KeyID, at int64) error {
	_, err := tx.Exec(`update identity_key set expires_at = $2 where id = $1`, id, at)
	return err
}

func selectKeys(tx *db.Tx, owner string) ([]keyRow, error) {
	return db.All(tx, scanKey, `select `+keyColumns+` from identity_key where owner = $1 order by id desc`, owner)
}

// revokeKey reports how many rows it found; revoking twice keeps the first time.
func revokeKey(tx *db.Tx, owner string, id KeyID, at int64) (int64, error) {
	return tx.Exec(`update identity_key set revoked_at = case when revoked_at = 0 then $3 else revoked_at end
		where owner = $1 and id = $2`, owner, id, at)
}

func touchKey(tx *db.Tx, id KeyID, at int64) {
	tx.Queue(`update identity_key set used_at = $2 where id = $1 and used_at < $2`, id, at)
}

// linkRow is a one-time link as stored.
type linkRow struct {
	id            string
	hash          []byte
	purpose       LinkPurpose
	person        *PersonID
	expires, used int64
}

func insertLink(tx *db.Tx, l linkRow) {
	tx.Queue(`insert into identity_link (id, hash, purpose, person, expires_at, used_at) values ($1, $2, $3, $4, $5, $6)`,
		l.id, l.hash, l.purpose, l.person, l.expires, l.used)
}

func selectLink(tx *db.Tx, hash []byte, lock string) (linkRow, error) {
	return db.One(tx, func(r db.Row) (l linkRow, err error) {
		err = r.Scan(&l.id, &l.hash, &l.purpose, &l.person, &l.expires, &l.used)
		return l, err
	}, `select id, hash, purpose, person, expires_at, used_at from identity_link where hash = $1`+lock, hash)
}

func useLink(tx *db.Tx, id string, at int64) (int64, error) {
	return tx.Exec(`update identity_link set used_at = $2 where id = $1 and used_at = 0`, id, at)
}

func selectBucket(tx *db.Tx, key []byte) (bucket, error) { return bucketBy(tx, key, tx.ForUpdate()) }

// peekBucket reads a bucket without its lock, for a transaction that reads only.
func peekBucket(tx *db.Tx, key []byte) (bucket, error) { return bucketBy(tx, key, "") }

func bucketBy(tx *db.Tx, key []byte, lock string) (bucket, error) {
	return db.One(tx, func(r db.Row) (b bucket, err error) {
		var last, until int64
		err = r.Scan(&b.tries, &last, &until)
		b.last, b.until = clock.FromMicros(last), clock.FromMicros(until)
		return b, err
	}, `select tries, last_at, until_at from identity_throttle where bucket = $1`+lock, key)
}

func insertBucket(tx *db.Tx, key []byte) error {
	_, err := tx.Exec(`insert into identity_throttle (bucket, tries, last_at, until_at) values ($1, 0, 0, 0)
		on conflict do nothing`, key)
	return err
}

func upsertBucket(tx *db.Tx, key []byte, b bucket) error {
	_, err := tx.Exec(`insert into identity_throttle (bucket, tries, last_at, until_at) values ($1, $2, $3, $4)
		on conflict (bucket) do update set tries = excluded.tries, last_at = excluded.last_at, until_at = excluded.until_at`,
		key, b.tries, clock.Micros(b.last), clock.Micros(b.until))
	return err
}

func deleteBucket(tx *db.Tx, key []byte) {
	tx.Queue(`delete from identity_throttle where bucket = $1`, key)
}

func selectEpoch(tx *db.Tx) (n int64, err error) {
	err = tx.Row(`select number from identity_epoch where id = 1`).Scan(&n)
	if errors.Is(err, db.ErrNoRow) {
		return 0, nil
	}
	return n, err
}

func raiseEpoch(tx *db.Tx) error {
	_, err := tx.Exec(`insert into identity_epoch (id, number) values (1, 1)
		on conflict (id) do update set number = identity_epoch.number + 1`)
	return err
}

// deleteStale removes what real time has ended: idle and old sessions, links, codes and buckets nobody has touched.
func deleteStale(tx *db.Tx, now time.Time) {
	tx.Queue(`delete from identity_session where seen_at < $1`, clock.Micros(now.Add(-idleLimit)))
	tx.Queue(`delete from identity_link where expires_at < $1`, clock.Micros(now.Add(-time.Hour)))
	tx.Queue(`delete from identity_throttle where last_at < $1`, clock.Micros(now.Add(-knownFor)))
}
