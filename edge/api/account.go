package api

import (
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/client"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
)

func listCurrencies(c *call, _ *none) (client.List[client.Currency], error) {
	all := money.ISO()
	list := client.List[client.Currency]{Object: "list", URL: c.route.path, Data: make([]client.Currency, len(all))}
	for i, one := range all {
		list.Data[i] = client.Currency{Object: "currency", Code: one.Code, Scale: int(one.Scale)}
	}
	return list, nil
}

func getIdentity(c *call, _ *none) (client.Identity, error) {
	k := c.key
	out := client.Identity{Object: "identity", Owner: k.Owner, Mode: "live", Key: client.KeyFacts{ID: string(k.ID), Kind: string(k.Kind),
		Label: k.Label, Hint: k.Hint, CreatedAt: k.CreatedAt}}
	if c.api.Sandbox {
		out.Mode = "test"
	}
	if c.caller.Shop != "" {
		shop, err := c.api.Shops.Get(c.ctx, c.caller.Shop)
		out.Name = shop.Name
		return out, err
	}
	names, err := db.Read(c.ctx, c.api.DB, func(tx *db.Tx) (map[identity.PersonID]string, error) {
		return c.api.People.Names(tx, c.caller.Person)
	})
	out.Name = names[c.caller.Person]
	return out, err
}

// accountID is a ledger account's number in the form that all our ids have.
func accountID(n ledger.AccountID) string {
	var b [16]byte
	for i := range 8 {
		b[14-i] = byte(n >> (8 * i))
	}
	return id.Text("acc", b)
}

// accountNumber reads an account's id; no says that it is none.
func accountNumber(s string) (n ledger.AccountID, ok bool) {
	if !id.Valid(s, "acc") {
		return 0, false
	}
	b, err := id.Bytes(s)
	if err != nil || b[15] != 0 {
		return 0, false
	}
	for i, x := range b[:15] {
		if i < 7 && x != 0 {
			return 0, false
		}
		n = n<<8 | ledger.AccountID(x)
	}
	return n, n > 0
}

// ownerAddress is where the accounts of a person or a shop begin in the ledger.
func ownerAddress(owner string) string {
	if strings.HasPrefix(owner, "mch_") {
		return strings.TrimSuffix(merchant.ReceiptsAddress(merchant.ID(owner), money.Currency{}), "/")
	}
	return "user/" + owner
}

// ownerOf is the person or shop that an account belongs to; no for the accounts of the installation.
func ownerOf(a *ledger.Account) (string, bool) {
	_, owner, ok := strings.Cut(a.Owner, "/")
	return owner, ok && ownerAddress(owner) == a.Owner && (id.Valid(owner, "usr") || id.Valid(owner, "mch"))
}

func (c *call) accounts() ([]ledger.Account, time.Time, error) {
	now := c.api.Clock.Now()
	list, err := db.Read(c.ctx, c.api.DB, func(tx *db.Tx) ([]ledger.Account, error) {
		return c.api.Ledger.OwnedBy(tx, ownerAddress(c.owner))
	})
	return list, now, err
}

func getBalance(c *call, _ *none) (client.Balance, error) {
	list, now, err := c.accounts()
	out := client.Balance{Object: "balance", Owner: c.owner, AsOf: now, Balances: make([]client.AccountBalance, len(list))}
	for i := range list {
		if out.Balances[i], err = accountBalance(&list[i]); err != nil {
			return out, err
		}
	}
	return out, err
}

func accountBalance(a *ledger.Account) (client.AccountBalance, error) {
	b, err := a.Balance()
	return client.AccountBalance{Account: accountID(a.ID), Available: moneyOf(b.Amount(b.Available)), Posted: moneyOf(b.Amount(b.Posted)),
		Held: moneyOf(b.Amount(b.Pending)), Incoming: moneyOf(b.Amount(b.Incoming))}, err
}

func accountOf(a *ledger.Account, owner string) (client.Account, error) {
	balance, err := accountBalance(a)
	return client.Account{ID: accountID(a.ID), Object: "account", Owner: owner, Currency: a.Currency.Code, Scale: int(a.Currency.Scale),
		State: accountState(a), Balance: balance, CreatedAt: a.OpenedAt}, err
}

func accountState(a *ledger.Account) string {
	switch {
	case a.Closed:
		return "closed"
	case a.Frozen:
		return "frozen"
	}
	return "open"
}

func listAccounts(c *call, _ *none) (client.List[client.Account], error) {
	all, _, err := c.accounts()
	list := client.List[client.Account]{Object: "list", URL: c.route.path, Data: make([]client.Account, len(all))}
	for i := range all {
		if list.Data[i], err = accountOf(&all[i], c.owner); err != nil {
			return list, err
		}
	}
	return list, err
}

func getAccount(c *call, _ *none) (client.Account, error) {
	number, ok := accountNumber(c.r.PathValue("id"))
	if !ok {
		return client.Account{}, fault.ErrNotFound
	}
	a, err := db.Read(c.ctx, c.api.DB, func(tx *db.Tx) (ledger.Account, error) { return c.api.Ledger.Account(tx, number) })
	if f, is := fault.As(err); is && f.Kind == fault.NotFound {
		return client.Account{}, fault.ErrNotFound // the same words as for an account of somebody else
	}
	if err != nil {
		return client.Account{}, err
	}
	owner, ok := ownerOf(&a)
	if !ok || owner != c.owner && !c.caller.Operator {
		return client.Account{}, fault.ErrNotFound
	}
	return accountOf(&a, owner)
}

func getTestClock(c *call, _ *none) (client.TestClock, error) {
	return client.TestClock{Object: "test_clock", Now: c.api.Clock.Now()}, nil
}

func advanceTestClock(c *call, in *client.AdvanceClock) (client.TestClock, error) {
	var by time.Duration
	switch {
	case in.By != "" && !in.To.IsZero():
		return client.TestClock{}, fault.ErrInvalid.With("to")
	case in.By != "":
		var ok bool
		if by, ok = span(in.By); !ok {
			return client.TestClock{}, fault.ErrInvalid.With("by")
		}
	case !in.To.IsZero():
		by = in.To.Sub(c.api.Clock.Now())
	default:
		return client.TestClock{}, ErrRequired.With("by")
	}
	now, err := c.api.Advance(c.ctx, by)
	return client.TestClock{Object: "test_clock", Now: now}, err
}

// span reads "90m", "36h", "3d".
func span(s string) (time.Duration, bool) {
	if len(s) < 2 || len(s) > 8 {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[s[len(s)-1]]
	n := time.Duration(0)
	for _, digit := range []byte(s[:len(s)-1]) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		n = n*10 + time.Duration(digit-'0')
	}
	if n > 100_000 && unit == 24*time.Hour {
		return 0, false // beyond what a duration can say; the clock refuses far less
	}
	return n * unit, ok && s[0] != '0'
}
