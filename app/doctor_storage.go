package app

import (
	"context"
	"strings"
)

// storage has the engine look at its own pages and indexes. A lookup by a damaged index finds nothing, or somebody else's row, and does
// not know it.
func (d *doctor) storage(ctx context.Context) {
	const name = "storage"
	var first string
	count := 0
	able, left, err := d.a.DB.Inspect(ctx, max(d.c.Inspect, inspectLimit), func(damage string) {
		if count++; first == "" {
			first = damage
		}
	})
	switch {
	case count > 0:
		d.bad(name, text("The database is not what was written: %s", "数据库与写入时不符：%s").Fill(first),
			text("Stop the server, put back a copy, and run billfold verify. Where only indexes are named: reindex; and billfold verify.",
				"停止服务器，恢复副本，然后运行 billfold verify。若仅涉及索引：执行 reindex，再运行 billfold verify。"))
	case err != nil:
		d.fault(name, err)
	case !able:
		d.fair(name, text("PostgreSQL cannot compare its indexes with their tables.", "PostgreSQL 无法将索引与表进行比对。"),
			text("create extension amcheck; grant execute on function bt_index_check(regclass, boolean), "+
				"verify_heapam(regclass, boolean, boolean, text, bigint, bigint) to …;",
				"create extension amcheck; grant execute on function bt_index_check(regclass, boolean), "+
					"verify_heapam(regclass, boolean, boolean, text, bigint, bigint) to …;"))
	case len(left) > 0:
		d.fair(name, text("What was looked at is as it was written; too long for now: %s.", "已检查的部分与写入时一致；耗时过长未检查：%s。").
			Fill(strings.Join(left, ", ")), text("billfold verify --deep", "billfold verify --deep"))
	default:
		d.fine(name, text("Every page and every index is as it was written.", "每一页和每个索引均与写入时一致。"))
	}
}
