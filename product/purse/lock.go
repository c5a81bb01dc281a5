package purse

import (
	"cmp"
	"slices"

	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/product/purse/proto"
)

// Whoever moves transfers locks the modules of both their sides first, all of them at once and by id; then what stands beside them; then
// every account that is going to be posted to. Two purses that tell of each other would else each hold what the other needs next, because
// each tells in the order of its own records.

// lockMost is how many modules one statement locks.
const lockMost = 500

// lockModules locks modules, each with whatever is about it. Where one process writes there is nothing to lock. Ids of desks are left out:
// a desk serves the module that is the other side.
func (s *Issuer) lockModules(tx *db.Tx, ids ...proto.ID) error {
	lock := tx.ForUpdate()
	if lock == "" {
		return nil
	}
	names := make([]any, 0, len(ids))
	for _, i := range ids {
		names = append(names, i.String())
	}
	slices.SortFunc(names, func(a, b any) int { return cmp.Compare(a.(string), b.(string)) })
	for names = slices.Compact(names); len(names) > 0; {
		n := min(len(names), lockMost)
		args := db.Pad(names[:n:n], 1)
		_, err := db.All(tx, scanText, selectToLock+db.In(1, len(args))+` order by id`+lock, args...)
		if err != nil {
			return err
		}
		names = names[n:]
	}
	return nil
}

func scanText(r db.Row) (text string, err error) {
	err = r.Scan(&text)
	return text, err
}

// sidesOf lists the modules and desks of transfers.
func sidesOf(list []Transfer) (ids []proto.ID) {
	for _, t := range list {
		ids = append(ids, t.From, t.To)
	}
	return ids
}

// lockAccounts locks every account that the transaction is going to post to: of the collected entries, and of the batches that are paid
// after them.
func (b *books) lockAccounts() error {
	if b.locked || b.tx.ForUpdate() == "" {
		return nil
	}
	b.locked = true
	var ids []ledger.AccountID
	for _, e := range b.entries {
		for _, leg := range e.Legs {
			ids = append(ids, leg.Debit, leg.Credit)
		}
	}
	for _, r := range b.batches {
		till, err := b.party(r.Module)
		if err != nil {
			return err
		}
		for _, slot := range r.Slots {
			legs, err := b.legs(shadowAddress(r.Module), till.module.Payout, slot.Currency, 0)
			if err != nil {
				return err
			}
			for _, leg := range legs {
				ids = append(ids, leg.Debit, leg.Credit)
			}
		}
	}
	return b.s.o.Ledger.Lock(b.tx, ids...)
}
