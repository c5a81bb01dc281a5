package audit

import (
	"embed"

	"billfold/base/clock"
	"billfold/base/db"
)

//go:embed schema
var files embed.FS

// Schema is this package's tables.
var Schema = db.Schema{Package: "audit", FS: files}

const (
	columns      = `id, at, actor, action, object, record`
	insertRecord = `insert into audit_record (` + columns + `) values ($1, $2, $3, $4, $5, $6)`
	// An empty parameter lets everything through.
	selectRecords = `select ` + columns + ` from audit_record where id < $1 and ($2 = '' or actor = $2) and ($3 = '' or object = $3)
		and ($4 = '' or action = $4) order by id desc limit $5`
	selectLook = `select ` + columns + ` from audit_record where object = $1 and actor = $2 and action = $3 and at >= $4
		order by id desc limit 1`
)

type row struct {
	Record
	sealed []byte
}

func scan(r db.Row) (found row, err error) {
	var at int64
	err = r.Scan(&found.ID, &at, &found.Actor, &found.Action, &found.Object, &found.sealed)
	found.At = clock.FromMicros(at)
	return found, err
}
