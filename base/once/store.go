package once

import (
	"strconv"
	"strings"

	"billfold/base/db"
)

const selectKey = `select hash, object, version from once_key where caller = $1 and operation = $2 and key = $3`

var insertKeys = db.NewBulk("insert into once_key", "caller text, operation text, key text, hash bytea, object text, version bigint", "")

// selectKeys finds many keys. It is written as alternatives and not as a list of rows, because then both engines go by the primary key.
var selectKeys = db.Texts[int]{Write: func(n int) string {
	var b strings.Builder
	b.WriteString(`select caller, operation, key, hash, object from once_key where `)
	for i := range n {
		if i > 0 {
			b.WriteString(" or ")
		}
		at := func(k int) string { return strconv.Itoa(3*i + k) }
		b.WriteString("(caller = $" + at(1) + " and operation = $" + at(2) + " and key = $" + at(3) + ")")
	}
	return b.String()
}}
