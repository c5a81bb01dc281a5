package event

import "billfold/base/db"

const (
	selectPending = `select id from event_pending order by id limit $1`
	insertBatch   = `insert into event_batch (first, count, ids) values ($1, $2, $3)`
	selectBatches = `select first, count, ids from event_batch where first + count > $1 and first > $1 - $2 order by first limit $3`
	insertCursor  = `insert into event_cursor (name, number) values ($1, $2) on conflict (name) do nothing`
	selectCursor  = `select number from event_cursor where name = $1`
	updateCursor  = `update event_cursor set number = $2 where name = $1`
	countPending  = `select count(*) from event_pending`
	selectByOwner = `select o.number, r.id, r.type, r.object, r.sequence, r.owners, r.at, r.data from event_owner o
		join event_record r on r.id = o.event where o.owner = $1 and o.number > $2 order by o.number limit $3`
	selectByOwnerType = `select o.number, r.id, r.type, r.object, r.sequence, r.owners, r.at, r.data from event_owner o
		join event_record r on r.id = o.event where o.owner = $1 and o.number > $2 and r.type = $4 order by o.number limit $3`
	selectWalk = `select r.id, r.type, r.object, r.sequence, r.owners, r.at, r.data from event_record r where r.id > $1
		order by r.id limit $2`
	selectOne = `select r.id, r.type, r.object, r.sequence, r.owners, r.at, r.data from event_record r where r.id = $1`
)

func selectRecords(n int) string {
	return `select r.id, r.type, r.object, r.sequence, r.owners, r.at, r.data from event_record r where r.id in ` + db.In(1, n)
}

func deletePending(n int) string { return `delete from event_pending where id in ` + db.In(1, n) }

var (
	insertRecords = db.NewBulk("insert into event_record",
		"id text, type text, object text, sequence bigint, owners text, at bigint, data bytea", "")
	insertPending = db.NewBulk("insert into event_pending", "id text", "")
	insertOwners  = db.NewBulk("insert into event_owner", "owner text, number bigint, event text", "")
)
