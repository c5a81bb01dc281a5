package once

const (
	selectKey = `select hash, object, version from once_key where caller = $1 and operation = $2 and key = $3`
	insertKey = `insert into once_key (caller, operation, key, hash, object, version) values ($1, $2, $3, $4, $5, $6)`
)
