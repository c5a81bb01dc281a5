package ledger

import (
	"slices"

	"billfold/base/db"
)

// Lock locks accounts in the order in which a post locks its own, for a transaction that is going to post more than once: it would else
// lock what its second entry needs while it holds what its first one needed, and two of that kind would wait for each other. Where one
// process writes there is nothing to lock; accounts that are busy, or that nobody opened, are left out.
func (l *Ledger) Lock(tx *db.Tx, ids ...AccountID) error {
	lock := tx.ForUpdate()
	if lock == "" {
		return nil
	}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	for ids = slices.Compact(ids); len(ids) > 0; {
		var some []AccountID
		some, ids = cut(ids, loadMost)
		args := pad(nil, some, accountArg)
		if _, err := db.All(tx, scanNumber, selectToLock.Of(len(args))+lock, args...); err != nil {
			return err
		}
	}
	return nil
}

// LockAhead is Lock for open holds with their accounts, and more accounts. Holds that are not there are left out.
func (l *Ledger) LockAhead(tx *db.Tx, holds []EntryID, ids []AccountID) error {
	if tx.ForUpdate() == "" {
		return nil
	}
	slices.Sort(holds)
	for _, id := range slices.Compact(holds) {
		k, ok := parseEntryID(id)
		if !ok {
			continue
		}
		hold, err := l.lockHold(tx, k)
		if err != nil {
			return err
		}
		if hold != nil {
			ids = append(ids, accountsOf([]*draft{hold})...)
		}
	}
	return l.Lock(tx, ids...)
}
