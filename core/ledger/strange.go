package ledger

import (
	"bytes"
	"slices"
	"time"
)

// Entry ids that callers choose are keys that two transactions may want at the same moment: the second waits until the first has ended.
// Nobody waits in a circle for them. A transaction writes its ids in one order, and one that holds accounts lets go of everything and runs
// again when it has waited for an id for IDPatience: a group that is decided ahead has its ids before its accounts.

// IDPatience is how long a transaction that has locked accounts waits for an entry id that another one is writing. It is shorter than the
// second after which PostgreSQL looks for circles.
const IDPatience = 500 * time.Millisecond

// inOrderOfID puts rows of insertEntries in the order of their ids. They mostly are.
func inOrderOfID(rows []any) []any {
	cols := insertEntries.Columns()
	const idColumn = 6
	order := make([]int, len(rows)/cols)
	for i := range order {
		order[i] = i * cols
	}
	byID := func(a, b int) int { return bytes.Compare(rows[a+idColumn].([]byte), rows[b+idColumn].([]byte)) }
	if slices.IsSortedFunc(order, byID) {
		return rows
	}
	slices.SortFunc(order, byID)
	sorted := make([]any, 0, len(rows))
	for _, at := range order {
		sorted = append(sorted, rows[at:at+cols]...)
	}
	return sorted
}
