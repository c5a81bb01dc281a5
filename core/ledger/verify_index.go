package ledger

import (
	"hash/maphash"

	"billfold/base/db"
)

// idSlice bounds the ids of one snapshot. They lie side by side in the index.
const idSlice = 20_000

// idSum is a sum over ids and numbers of entries, in any order.
type idSum struct {
	count, sum uint64
	last       int64 // the highest number
}

var idSeed = maphash.MakeSeed()

func (s *idSum) add(id []byte, number int64) {
	s.count++
	s.sum += maphash.Comparable(idSeed, struct {
		id     key
		number int64
	}{key(id), number})
	s.last = max(s.last, number)
}

// checkIndex finds out whether the index of ids has what the table has: an entry that is missing there is not found when its request comes
// again, and would be posted twice. On PostgreSQL numbers are not given in the order of commits, and its indexes have a tool of their own
// (amcheck).
func (v *verifier) checkIndex() error {
	if v.d.Engine() != db.SQLite {
		return nil
	}
	var found idSum
	for after, more := []byte{}, true; more; {
		n := 0
		err := v.read(func(tx *db.Tx) error {
			_, err := db.All(tx, func(r db.Row) (struct{}, error) {
				var id []byte
				var number int64
				err := r.Scan(&id, &number)
				n++
				if after = id; err == nil && len(id) == len(key{}) && number <= v.ids.last {
					found.add(id, number)
				}
				return struct{}{}, err
			}, sliceIDs, after, idSlice)
			return err
		})
		if err != nil {
			return err
		}
		more = n == idSlice
	}
	if found != v.ids {
		v.find(Finding{Table: "ledger_entry", ID: "index of ids", What: "the index does not have the ids of the table: restore a copy, " +
			"or have SQLite build the index anew (REINDEX ledger_entry)"})
	}
	return nil
}
