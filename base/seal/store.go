package seal

import "billfold/base/db"

const (
	insertRing = `insert into seal_ring (name, salt, proof, epoch) values ('ring', $1, $2, 0) on conflict (name) do nothing`
	selectRing = `select salt, proof, epoch from seal_ring where name = 'ring'`
	raiseEpoch = `update seal_ring set epoch = $1 where name = 'ring'`
	selectKey  = `select name, created_at, wrapped from seal_key where name = $1`
	selectOld  = `select name, created_at, wrapped from seal_key where name > $1 and created_at < $2 order by name limit $3`
	countKeys  = `select count(*) from seal_key`
	selectGone = `select name from seal_gone where epoch > $1`
	insertGone = `insert into seal_gone (epoch, name) values ($1, $2)`
	deleteKey  = `delete from seal_key where name = $1`
)

var insertKeys = db.NewBulk("insert into seal_key", "name bytea, created_at bigint, wrapped bytea", " on conflict (name) do nothing")

func selectKeys(n int) string {
	return `select name, created_at, wrapped from seal_key where name in ` + db.In(1, n)
}
