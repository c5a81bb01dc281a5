package api

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/client"
	"billfold/core/ledger"
)

// currencyCache remembers what accounts count: it never changes, and every leg of every entry is shown with it.
type currencyCache struct {
	mu   sync.RWMutex
	list map[ledger.AccountID]money.Currency
}

// currenciesMost bounds the cache to some ten megabytes; beyond that it begins anew.
const currenciesMost = 100_000

// of answers the currency of an account, without a transaction only where it is remembered (else errUnread). Only committed accounts
// may be asked for: a number that was rolled back may be given again.
func (k *currencyCache) of(tx *db.Tx, l *ledger.Ledger, account ledger.AccountID) (money.Currency, error) {
	k.mu.RLock()
	known, ok := k.list[account]
	k.mu.RUnlock()
	if ok {
		return known, nil
	}
	if tx == nil {
		return money.Currency{}, errUnread
	}
	a, err := l.Account(tx, account)
	if err != nil {
		return money.Currency{}, err
	}
	k.keep(map[ledger.AccountID]money.Currency{account: a.Currency})
	return a.Currency, nil
}

func (k *currencyCache) keep(found map[ledger.AccountID]money.Currency) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.list == nil || len(k.list) >= currenciesMost {
		k.list = map[ledger.AccountID]money.Currency{}
	}
	maps.Copy(k.list, found)
}

// accounts reads by few statements what accounts a batch names, and remembers what they count: one by one the twenty thousand of a large
// batch would take longer than a reader has. Of names it answers the numbers, 0 where there is no such account.
func (a *API) accounts(tx *db.Tx, list []client.NewEntry) (map[string]ledger.AccountID, error) {
	numbers := map[string]ledger.AccountID{}
	var names []string
	for i := range list {
		for n := range list[i].Legs {
			for _, name := range [...]string{list[i].Legs[n].Debit, list[i].Legs[n].Credit} {
				if _, again := numbers[name]; again || name == "" {
					continue
				}
				var isNumber bool
				if numbers[name], isNumber = accountNumber(name); !isNumber {
					names = append(names, name)
				}
			}
		}
	}
	found, err := a.Ledger.Numbers(tx, names)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		numbers[name] = found[i]
	}
	counts, err := a.Ledger.Currencies(tx, slices.Collect(maps.Values(numbers)))
	if err != nil {
		return nil, err
	}
	a.currencies.keep(counts)
	for name, number := range numbers {
		if _, exists := counts[number]; !exists {
			numbers[name] = 0
		}
	}
	return numbers, nil
}

// numberAmong is numberOf among the accounts of a batch, or where they were not read in memory.
func (a *API) numberAmong(numbers map[string]ledger.AccountID, name string) (ledger.AccountID, error) {
	if numbers == nil {
		return a.numberOf(nil, name)
	}
	if numbers[name] == 0 {
		return 0, ledger.ErrAccountNotFound
	}
	return numbers[name], nil
}

// place is the path of one item of a list.
func place(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// numberOf finds an account by what a request calls it: its id, or its address. Without a transaction it only looks into its memory.
func (a *API) numberOf(tx *db.Tx, name string) (ledger.AccountID, error) {
	if number, ok := accountNumber(name); ok {
		return number, nil
	}
	if tx == nil {
		if number, ok := a.Ledger.KnownNumber(name); ok {
			return number, nil
		}
		return 0, errUnread
	}
	return a.Ledger.Number(tx, name)
}

func openAccount(c *call, in *client.OpenLedgerAccount) (client.LedgerAccount, error) {
	spec, err := specOf(in)
	if err != nil {
		return client.LedgerAccount{}, err
	}
	now := c.api.Clock.Now()
	account, err := db.Write(c.ctx, c.api.DB, func(tx *db.Tx) (ledger.Account, error) { return c.api.Ledger.Open(tx, spec) })
	if err != nil {
		return client.LedgerAccount{}, err
	}
	c.location = "/v1/ledger/accounts/" + accountID(account.ID)
	balance, err := account.Balance()
	out := ledgerAccountOf(&account, balance)
	out.Balance.AsOf = now
	return out, err
}

var limits = map[string]ledger.Limit{"": ledger.NonNegative, "non_negative": ledger.NonNegative, "non_positive": ledger.NonPositive,
	"unlimited": ledger.Unlimited}

// reserved are the addresses that the program opens by itself, on its own terms.
var reserved = []string{"user/", "merchant/", "rail/"}

func specOf(in *client.OpenLedgerAccount) (ledger.Spec, error) {
	var none ledger.Spec
	switch {
	case in.Address == "":
		return none, ErrRequired.With("address")
	case in.Currency == "":
		return none, ErrRequired.With("currency")
	case strings.HasPrefix(in.Address, "acc_"):
		return none, fault.ErrInvalid.With("address")
	}
	for _, prefix := range reserved {
		if strings.HasPrefix(in.Address, prefix) {
			return none, fault.ErrInvalid.With("address")
		}
	}
	limit, ok := limits[in.Limit]
	if !ok {
		return none, fault.ErrInvalid.With("limit")
	}
	currency, known := money.Lookup(in.Currency)
	if in.Scale == nil && !known {
		return none, ErrRequired.With("scale")
	}
	if in.Scale != nil {
		if *in.Scale < 0 || *in.Scale > money.MaxScale {
			return none, money.ErrInvalidCurrency.With("scale")
		}
		var err error
		if currency, err = money.NewCurrency(in.Currency, uint8(*in.Scale)); err != nil {
			return none, err
		}
	}
	return ledger.Spec{Address: in.Address, Currency: currency, Limit: limit, Busy: in.Busy}, nil
}

func ledgerAccountOf(a *ledger.Account, b ledger.Balance) client.LedgerAccount {
	return client.LedgerAccount{ID: accountID(a.ID), Object: "ledger_account", Address: a.Address, Currency: a.Currency.Code,
		Scale: int(a.Currency.Scale), Limit: a.Limit.String(), Busy: a.Busy, State: accountState(a), CreatedAt: a.OpenedAt,
		Balance: client.LedgerBalance{Posted: moneyOf(b.Amount(b.Posted)), Held: moneyOf(b.Amount(b.Pending)),
			Incoming: moneyOf(b.Amount(b.Incoming)), Available: moneyOf(b.Amount(b.Available))}}
}

func listLedgerAccounts(c *call, _ *none) (client.List[client.LedgerAccount], error) {
	list := client.List[client.LedgerAccount]{Object: "list", URL: c.route.path}
	var after ledger.AccountID
	if cursor := c.query.text("cursor"); cursor != "" {
		var ok bool
		if after, ok = accountNumber(cursor); !ok {
			return list, fault.ErrInvalid.With("cursor")
		}
	}
	limit, now := c.query.limit(), c.api.Clock.Now()
	all, err := db.Read(c.ctx, c.api.DB, func(tx *db.Tx) ([]ledger.Account, error) {
		return c.api.Ledger.Accounts(tx, c.query.text("prefix"), after, limit+1)
	})
	if err != nil {
		return list, err
	}
	if len(all) > limit {
		all, list.HasMore, list.NextCursor = all[:limit], true, accountID(all[limit-1].ID)
	}
	list.Data = make([]client.LedgerAccount, len(all))
	for i := range all {
		balance, err := all[i].Balance()
		if err != nil {
			return list, err
		}
		list.Data[i] = ledgerAccountOf(&all[i], balance)
		list.Data[i].Balance.AsOf = now
	}
	return list, nil
}

func getLedgerAccount(c *call, _ *none) (client.LedgerAccount, error) {
	now := c.api.Clock.Now()
	asOf := c.query.time("as_of")
	return db.Read(c.ctx, c.api.DB, func(tx *db.Tx) (out client.LedgerAccount, err error) {
		number, err := c.api.numberOf(tx, c.r.PathValue("id"))
		if err != nil {
			return out, err
		}
		account, err := c.api.Ledger.Account(tx, number)
		if err != nil {
			return out, err
		}
		balance, err := account.Balance()
		if !asOf.IsZero() {
			now = asOf
			balance, err = c.api.Ledger.BalanceAt(tx, number, asOf)
		}
		out = ledgerAccountOf(&account, balance)
		out.Balance.AsOf = now
		return out, err
	})
}

func listEntries(c *call, _ *none) (client.List[client.LedgerEntry], error) {
	return db.Read(c.ctx, c.api.DB, func(tx *db.Tx) (client.List[client.LedgerEntry], error) {
		list := client.List[client.LedgerEntry]{Object: "list", URL: c.route.path}
		q := c.query
		filter := ledger.Filter{Reference: q.text("reference"), Kind: q.text("kind"), Before: q.text("cursor"), Limit: q.limit()}
		var err error
		if name := q.text("account"); name != "" {
			if filter.Account, err = c.api.numberOf(tx, name); err != nil {
				return list, at(err, "account")
			}
		}
		entries, next, err := c.api.Ledger.Entries(tx, filter)
		if f, ok := fault.As(err); ok && f.Param == "before" {
			err = f.With("cursor")
		}
		if err != nil {
			return list, err
		}
		list.HasMore, list.NextCursor = next != "", next
		list.Data = make([]client.LedgerEntry, len(entries))
		for i := range entries {
			if list.Data[i], err = c.api.entryOf(tx, &entries[i]); err != nil {
				return list, err
			}
		}
		return list, nil
	})
}

func getEntry(c *call, _ *none) (client.LedgerEntry, error) {
	name := c.r.PathValue("id")
	if !id.Valid(name, ledger.Prefix) {
		return client.LedgerEntry{}, ledger.ErrEntryNotFound
	}
	return db.Read(c.ctx, c.api.DB, func(tx *db.Tx) (client.LedgerEntry, error) {
		e, err := c.api.Ledger.Entry(tx, ledger.EntryID(name))
		if err != nil {
			return client.LedgerEntry{}, err
		}
		return c.api.entryOf(tx, &e)
	})
}

func (a *API) entryOf(tx *db.Tx, e *ledger.Entry) (client.LedgerEntry, error) {
	out := client.LedgerEntry{ID: string(e.ID), Object: "ledger_entry", Kind: e.Kind, Reference: e.Reference, Metadata: e.Meta,
		Phase: e.Phase.String(), Resolves: string(e.Resolves), ExpiresAt: e.ExpiresAt, CreatedAt: e.At, Legs: make([]client.Leg, len(e.Legs))}
	for i, leg := range e.Legs {
		currency, err := a.currencies.of(tx, a.Ledger, leg.Debit)
		if err != nil {
			return out, err
		}
		out.Legs[i] = client.Leg{Debit: accountID(leg.Debit), Credit: accountID(leg.Credit), Amount: strconv.FormatInt(leg.Amount, 10),
			Currency: currency.Code}
		if leg.Released != 0 {
			out.Legs[i].Released = strconv.FormatInt(leg.Released, 10)
		}
	}
	return out, nil
}
