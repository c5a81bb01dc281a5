package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
)

// numberBlock is how many account numbers a process takes at once. Those it has not used when it ends stay unused.
const numberBlock = 64

// closeAfter is how long a busy account must have been frozen before it may be closed: longer than any write can still be
// under way that read its flags before the freeze.
const closeAfter = time.Minute

// Open opens an account, or returns the one that has the address. It refuses an address that exists with another currency, limit
// or busyness (account_differs), and a spec that cannot be: a malformed address, an unknown limit, a busy account with a limit.
func (l *Ledger) Open(tx *db.Tx, s Spec) (Account, error) {
	list, err := l.OpenAll(tx, []Spec{s})
	if err != nil {
		return Account{}, err
	}
	return list[0], nil
}

// OpenAll is Open for many accounts, by a few statements; it answers in their order. An address may be there twice.
func (l *Ledger) OpenAll(tx *db.Tx, specs []Spec) ([]Account, error) {
	for _, s := range specs {
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	tx.RerunOnConflict("ledger_account")
	open, err := l.atAddresses(tx, specs)
	if err != nil {
		return nil, err
	}
	var fresh []*row
	for _, s := range specs {
		r := open[s.Address]
		if r == nil {
			r = &row{Account: Account{Address: s.Address, Owner: ownerOf(s.Address), Currency: s.Currency, Limit: s.Limit, Busy: s.Busy,
				OpenedAt: l.clock.Now()}}
			open[s.Address], fresh = r, append(fresh, r)
		}
		if r.Currency != s.Currency || r.Limit != s.Limit || r.Busy != s.Busy {
			return nil, ErrAccountDiffers.With("address")
		}
	}
	numbers, err := l.takeNumbers(tx, len(fresh))
	if err != nil {
		return nil, err
	}
	for i, r := range fresh {
		r.ID = numbers[i]
	}
	l.storeAccounts(tx, fresh)
	list := make([]Account, len(specs))
	for i, s := range specs {
		list[i] = open[s.Address].Account
	}
	return list, nil
}

// atAddresses reads the accounts that are open, by their addresses.
func (l *Ledger) atAddresses(tx *db.Tx, specs []Spec) (map[string]*row, error) {
	open := make(map[string]*row, len(specs))
	for len(specs) > 0 {
		var some []Spec
		some, specs = cut(specs, loadMost)
		args := pad(nil, some, func(s *Spec) any { return s.Address })
		rows, err := db.All(tx, scanAccount, selectByAddresses.Of(len(args)), args...)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			r := &rows[i].row
			if err := l.current(tx, r); err != nil {
				return nil, err
			}
			if r.Account, err = l.complete(tx, r); err != nil {
				return nil, err
			}
			open[r.Address] = r
		}
	}
	return open, nil
}

// storeAccounts queues the rows of new accounts, in the order of their addresses, so that two who open the same ones do not wait for each
// other. One that is busy has no totals but a fold.
func (l *Ledger) storeAccounts(tx *db.Tx, list []*row) {
	slices.SortFunc(list, func(a, b *row) int { return cmp.Compare(a.Address, b.Address) })
	var accounts, totals, folds []any
	for _, r := range list {
		accounts = append(accounts, int64(r.ID), r.Address, r.Owner, r.Currency.Code, int64(r.Currency.Scale), int64(r.Limit), r.Busy,
			clock.Micros(r.OpenedAt), l.tagAccount(r))
		if none := int64(0); r.Busy {
			folds = append(folds, int64(r.ID), none, none, none)
		} else {
			totals = append(totals, int64(r.ID), none, none, none, none, none, none, none, none)
		}
	}
	insertAccounts.Queue(tx, accounts)
	insertFolds.Queue(tx, folds)
	insertTotals.Queue(tx, totals)
}

func (s Spec) check() error {
	if s.Address == "" || len(s.Address) > maxAddress {
		return fault.ErrInvalid.With("address")
	}
	for i := range len(s.Address) {
		if s.Address[i] <= ' ' || s.Address[i] > '~' {
			return fault.ErrInvalid.With("address")
		}
	}
	if s.Currency.Code == "" || s.Currency.Scale > money.MaxScale {
		return money.ErrInvalidCurrency.With("currency")
	}
	if s.Limit < NonNegative || s.Limit > Unlimited || s.Busy && s.Limit != Unlimited {
		return fault.ErrInvalid.With("limit")
	}
	return nil
}

// takeNumbers gives numbers of this process's block, and takes a new block where there are too few. The rest of a new block is kept only
// once its taking is committed: a block that was rolled back belongs to whoever takes it next.
func (l *Ledger) takeNumbers(tx *db.Tx, n int) ([]AccountID, error) {
	l.mu.Lock()
	if n <= len(l.unused) {
		var numbers []AccountID
		numbers, l.unused = cut(l.unused, n)
		l.mu.Unlock()
		return numbers, nil
	}
	l.mu.Unlock()
	block := max(n, numberBlock)
	var next AccountID
	if err := tx.Row(takeAccounts, block).Scan(&next); err != nil {
		return nil, err
	}
	numbers := make([]AccountID, block)
	for i := range numbers {
		numbers[i] = next - AccountID(block-i)
	}
	tx.After(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.unused = append(l.unused, numbers[n:]...)
	})
	return numbers[:n:n], nil
}

// Account returns an account with its totals of this moment, busy ones included.
func (l *Ledger) Account(tx *db.Tx, id AccountID) (Account, error) {
	r, err := l.readNow(tx, selectAccount, int64(id))
	if err != nil {
		return Account{}, err
	}
	return l.complete(tx, r)
}

// ByAddress returns the account that has the address.
func (l *Ledger) ByAddress(tx *db.Tx, address string) (Account, error) {
	r, err := l.readNow(tx, selectByAddress, address)
	if err != nil {
		return Account{}, err
	}
	return l.complete(tx, r)
}

// OwnedBy returns the accounts of one owner in order of opening: OwnedBy(tx, "user/usr_x") has "user/usr_x/EUR".
func (l *Ledger) OwnedBy(tx *db.Tx, owner string) ([]Account, error) {
	return l.listAccounts(tx, selectByOwner, owner)
}

// Accounts lists accounts whose address begins with prefix, in order of number, from the one after `after`; at most limit, which is
// 1 to 200. It may walk all accounts: it is for the operator.
func (l *Ledger) Accounts(tx *db.Tx, prefix string, after AccountID, limit int) ([]Account, error) {
	if limit < 1 || limit > maxPage {
		return nil, fault.ErrInvalid.With("limit")
	}
	return l.listAccounts(tx, selectByPrefix, int64(after), len(prefix), prefix, limit)
}

// Number returns the number of the account that has the address. It is remembered, because it never changes.
func (l *Ledger) Number(tx *db.Tx, address string) (AccountID, error) {
	if id, ok := l.facts.number(address); ok {
		return id, nil
	}
	numbers, err := l.Numbers(tx, []string{address})
	if err == nil && numbers[0] == 0 {
		err = ErrAccountNotFound
	}
	if err != nil {
		return 0, err
	}
	return numbers[0], nil
}

// Numbers is Number for many addresses at once, in their order; 0 where nobody has the address.
func (l *Ledger) Numbers(tx *db.Tx, addresses []string) ([]AccountID, error) {
	numbers, strange := make([]AccountID, len(addresses)), map[string]AccountID{}
	var asked []string
	for i, address := range addresses {
		id, known := l.facts.number(address)
		if _, again := strange[address]; !known && !again {
			strange[address], asked = 0, append(asked, address)
		}
		numbers[i] = id
	}
	if len(asked) == 0 {
		return numbers, nil
	}
	for len(asked) > 0 {
		var some []string
		some, asked = cut(asked, loadMost)
		args := pad(nil, some, func(address *string) any { return *address })
		_, err := db.All(tx, func(r db.Row) (none struct{}, err error) {
			var address string
			var id AccountID
			err = r.Scan(&address, &id)
			strange[address] = id
			return none, err
		}, selectNumbers.Of(len(args)), args...)
		if err != nil {
			return nil, err
		}
	}
	tx.After(func() {
		for address, id := range strange {
			if id != 0 {
				l.facts.rememberNumber(address, id)
			}
		}
	})
	for i, address := range addresses {
		numbers[i] = max(numbers[i], strange[address])
	}
	return numbers, nil
}

// Currencies returns what accounts count, by few statements; an account that does not exist is missing.
func (l *Ledger) Currencies(tx *db.Tx, ids []AccountID) (map[AccountID]money.Currency, error) {
	found := make(map[AccountID]money.Currency, len(ids))
	for len(ids) > 0 {
		var some []AccountID
		some, ids = cut(ids, loadMost)
		args := pad(nil, some, func(id *AccountID) any { return int64(*id) })
		_, err := db.All(tx, func(r db.Row) (none struct{}, err error) {
			var id AccountID
			var scale int64
			var c money.Currency
			err = r.Scan(&id, &c.Code, &scale)
			c.Scale = small(scale)
			found[id] = c
			return none, err
		}, selectCurrencies.Of(len(args)), args...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Balance returns what the account holds now.
func (l *Ledger) Balance(tx *db.Tx, id AccountID) (Balance, error) {
	a, err := l.Account(tx, id)
	if err != nil {
		return Balance{}, err
	}
	return a.Balance()
}

// Freeze stops everything that would move the account but the release of holds. On a busy account it holds for every entry whose
// transaction began to post after the freeze was committed (docs/ledger.md, "Freezing a busy account"). Freezing again changes nothing.
func (l *Ledger) Freeze(tx *db.Tx, id AccountID) error {
	return l.flag(tx, id, func(r *row) error {
		if r.frozenAt == 0 {
			r.frozenAt = clock.Micros(l.real.Now())
		}
		return nil
	})
}

// Unfreeze lifts a freeze.
func (l *Ledger) Unfreeze(tx *db.Tx, id AccountID) error {
	return l.flag(tx, id, func(r *row) error {
		r.frozenAt = 0
		return nil
	})
}

// Close closes an account for ever. It refuses one that holds money or has open holds (account_not_empty), and a busy one that has not
// been frozen for a minute (account_not_frozen_long_enough), because entries that read its flags before may still commit.
func (l *Ledger) Close(tx *db.Tx, id AccountID) error {
	return l.flag(tx, id, func(r *row) error {
		if r.closedAt != 0 {
			return nil
		}
		now := l.real.Now()
		if r.Busy && (r.frozenAt == 0 || now.Sub(clock.FromMicros(r.frozenAt)) < closeAfter) {
			return ErrFreezeFirst
		}
		a, err := l.complete(tx, r)
		if err != nil {
			return err
		}
		if a.DebitsPosted != a.CreditsPosted || a.DebitsPending != 0 || a.CreditsPending != 0 {
			return ErrAccountNotEmpty
		}
		r.closedAt = clock.Micros(now)
		return nil
	})
}

// What the totals of an account say of its flags. It is there because a post locks the totals and reads no other row under lock.
const (
	stateOpen = iota
	stateFrozen
	stateClosed
)

// stateOf is what the totals should say of an account's flags.
func (r *row) stateOf() int64 {
	switch {
	case r.closedAt != 0:
		return stateClosed
	case r.frozenAt != 0:
		return stateFrozen
	}
	return stateOpen
}

// flag changes an account's flags and renews its tag, under the lock that a post takes. The account is read after it is locked, in a
// statement of its own, because only that sees what the last one who had the lock committed.
func (l *Ledger) flag(tx *db.Tx, id AccountID, change func(*row) error) error {
	err := tx.Row(lockTotal+tx.ForUpdate(), int64(id)).Scan(new(int64))
	if errors.Is(err, db.ErrNoRow) {
		err = tx.Row(lockAccount+tx.ForUpdate(), int64(id)).Scan(new(int64))
	}
	if errors.Is(err, db.ErrNoRow) {
		return ErrAccountNotFound
	}
	if err != nil {
		return err
	}
	r, err := l.readNow(tx, selectAccount, int64(id))
	if err != nil {
		return err
	}
	if err := change(r); err != nil {
		return err
	}
	tx.Queue(updateFlags, int64(id), nullInt(r.frozenAt), nullInt(r.closedAt), l.tagAccount(r))
	if r.Busy {
		return nil
	}
	tx.Queue(updateState, int64(id), r.stateOf())
	if m := remembered(tx); m != nil {
		return m.setFlag(tx, r)
	}
	return nil
}

// readNow reads an account with its totals of this moment.
func (l *Ledger) readNow(tx *db.Tx, q string, arg any) (*row, error) {
	r, err := l.readAccount(tx, q, arg)
	if err != nil {
		return nil, err
	}
	return r, l.current(tx, r)
}

// readAccount reads an account as the tables have it.
func (l *Ledger) readAccount(tx *db.Tx, q string, arg any) (*row, error) {
	r, err := db.One(tx, scanAccount, q, arg)
	if errors.Is(err, db.ErrNoRow) {
		return nil, ErrAccountNotFound
	}
	if err != nil {
		return nil, err
	}
	return &r.row, nil
}

func (l *Ledger) listAccounts(tx *db.Tx, q string, args ...any) ([]Account, error) {
	rows, err := db.All(tx, scanAccount, q, args...)
	if err != nil {
		return nil, err
	}
	list, refs := make([]Account, len(rows)), make([]*row, len(rows))
	for i := range rows {
		refs[i] = &rows[i].row
	}
	if err := l.current(tx, refs...); err != nil {
		return nil, err
	}
	for i := range rows {
		if list[i], err = l.complete(tx, &rows[i].row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// complete returns a row's account, whose totals are in fold and tail where it is busy.
func (l *Ledger) complete(tx *db.Tx, r *row) (Account, error) {
	a := r.Account
	if !a.Busy {
		return a, nil
	}
	var sum wide
	if err := sum.addTail(tx, selectBalance, int64(a.ID)); err != nil {
		return a, err
	}
	now, fits := sum.narrow()
	if !fits {
		return a, ErrOverflow
	}
	r.restore(now)
	return r.Account, nil
}

// storedRow is an account with the tag it was stored with.
type storedRow struct {
	row
	tag []byte
}

// errNoTotals says that an account which is not busy has no totals: their row was lost, and nobody knows what the account has.
func errNoTotals(id AccountID) error {
	return fault.ErrDamaged.Because(fmt.Errorf("account %d has no totals", id))
}

func scanAccount(r db.Row) (s storedRow, err error) {
	var scale, limit, lastAt, openedAt int64
	err = r.Scan(&s.ID, &s.Address, &s.Owner, &s.Currency.Code, &scale, &limit, &s.Busy, &s.frozenAt, &s.closedAt, &openedAt, &s.tag,
		&s.DebitsPosted, &s.CreditsPosted, &s.DebitsPending, &s.CreditsPending, &s.Entries, &s.lastLeg, &lastAt, &s.state)
	s.Currency.Scale, s.Limit = small(scale), Limit(small(limit))
	s.Frozen, s.Closed = s.frozenAt != 0, s.closedAt != 0
	s.LastAt, s.OpenedAt = clock.FromMicros(lastAt), clock.FromMicros(openedAt)
	return s, err
}

func nullInt(v int64) any {
	if v == 0 {
		return nil
	}
	return v
}
