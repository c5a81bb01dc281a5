package merchant

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/seal"
	"billfold/core/identity"
	"billfold/core/ledger"
)

// factsLive is how long a shop's name, currencies and origins are believed without looking again.
const factsLive = 10 * time.Second

// Options are what the service is built from.
type Options struct {
	DB     *db.DB
	Clock  clock.Clock // business time: when a shop was registered
	Real   clock.Clock // how long a cached fact lives
	IDs    *id.Minter
	Ledger *ledger.Ledger
	People *identity.Service
	Keys   *seal.Keyring
}

// Service holds the verbs. It is safe for concurrent use.
type Service struct {
	o     Options
	mu    sync.RWMutex
	facts map[ID]fact
}

type fact struct {
	shop  Shop
	until time.Time
}

// New makes the service.
func New(o Options) *Service {
	if o.Real == nil {
		o.Real = clock.System()
	}
	return &Service{o: o, facts: map[ID]fact{}}
}

// Apply is an owner's application: the shop is there, can be set up, and is paid once the operator has approved it. Faults:
// those of Register, and merchant_applications where the owner has too many that nobody has approved: each keeps a handle
// from everybody else.
func (s *Service) Apply(ctx context.Context, d Draft) (Shop, error) { return s.open(ctx, d, Pending) }

// Register opens a shop for its owner at once, for callers who may approve it. Faults: merchant_details, unknown_currency,
// return_origin, merchant_handle_taken.
func (s *Service) Register(ctx context.Context, d Draft) (Shop, error) { return s.open(ctx, d, Active) }

func (s *Service) open(ctx context.Context, d Draft, state State) (Shop, error) {
	d, err := d.check()
	if err != nil {
		return Shop{}, err
	}
	shop := Shop{ID: ID(s.o.IDs.New("mch")), Owner: d.Owner, Name: d.Name, Handle: d.Handle, MCC: d.MCC, Country: d.Country,
		Currencies: d.Currencies, ReturnOrigins: d.ReturnOrigins, State: state, CreatedAt: s.o.Clock.Now()}
	if err := s.o.Keys.Create(string(shop.ID)); err != nil {
		return Shop{}, err
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if taken, err := s.o.People.HandleTakenIn(tx, shop.Handle); err != nil || taken {
			return cmp.Or(err, error(ErrHandleTaken.With("handle")))
		}
		if state == Pending {
			// Counted without a lock: applications sent at the same moment may pass it by a few, which is no worse than one more.
			var waiting int64
			if err := tx.Row(countUnopened, string(shop.Owner), string(Pending), string(Refused)).Scan(&waiting); err != nil {
				return err
			}
			if waiting >= maxUnopened {
				return ErrApplications
			}
		}
		at := clock.Micros(shop.CreatedAt)
		if _, err := tx.Exec(insertShop, string(shop.ID), string(shop.Owner), shop.Name, shop.Handle, shop.MCC, shop.Country,
			strings.Join(shop.Currencies, " "), strings.Join(shop.ReturnOrigins, " "), string(shop.State), at); err != nil {
			return err
		}
		if _, err := tx.Exec(insertMember, string(shop.ID), string(shop.Owner), string(RoleOwner), at); err != nil {
			return err
		}
		for _, code := range shop.Currencies {
			currency, _ := money.Lookup(code)
			if _, err := s.Receipts(tx, shop.ID, currency); err != nil {
				return err
			}
		}
		return nil
	})
	if db.IsUnique(err) {
		return Shop{}, ErrHandleTaken.With("handle").Because(err)
	}
	if err != nil {
		return Shop{}, err
	}
	return shop, nil
}

// Get returns a shop; names and origins may be ten seconds old. merchant_not_found where there is none.
func (s *Service) Get(ctx context.Context, shop ID) (Shop, error) {
	s.mu.RLock()
	f, ok := s.facts[shop]
	s.mu.RUnlock()
	if ok && s.o.Real.Now().Before(f.until) {
		return f.shop, nil
	}
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Shop, error) { return s.GetIn(tx, shop) })
}

// GetIn is Get inside a transaction, always fresh.
func (s *Service) GetIn(tx *db.Tx, shop ID) (Shop, error) {
	found, err := db.One(tx, scanShop, selectShop, string(shop))
	return s.found(found, err)
}

// ByHandle finds a shop by its handle, with or without @.
func (s *Service) ByHandle(ctx context.Context, handle string) (Shop, error) {
	handle = strings.ToLower(strings.TrimPrefix(handle, "@"))
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Shop, error) {
		found, err := db.One(tx, scanShop, selectShopByHandle, handle)
		return s.found(found, err)
	})
}

// HandleTakenIn says whether a shop has the handle, for people, who share the space.
func (s *Service) HandleTakenIn(tx *db.Tx, handle string) (bool, error) {
	_, err := db.One(tx, scanShop, selectShopByHandle, strings.ToLower(handle))
	if errors.Is(err, db.ErrNoRow) {
		return false, nil
	}
	return err == nil, err
}

func (s *Service) found(shop Shop, err error) (Shop, error) {
	if errors.Is(err, db.ErrNoRow) {
		return Shop{}, ErrNotFound
	}
	if err != nil {
		return Shop{}, err
	}
	s.mu.Lock()
	if len(s.facts) > 10_000 {
		s.facts = map[ID]fact{} // a bound on memory, not a policy: it fills again at once
	}
	s.facts[shop.ID] = fact{shop, s.o.Real.Now().Add(factsLive)}
	s.mu.Unlock()
	return shop, nil
}

func (s *Service) forget(shop ID) {
	s.mu.Lock()
	delete(s.facts, shop)
	s.mu.Unlock()
}

// ListOf lists the shops in which a person has a role, oldest first.
func (s *Service) ListOf(ctx context.Context, person identity.PersonID) ([]Shop, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Shop, error) { return db.All(tx, scanShop, selectShopsOf, string(person)) })
}

// Count says how many shops there are.
func (s *Service) Count(tx *db.Tx) (n int64, err error) {
	err = tx.Row(countShops).Scan(&n)
	return n, err
}

// List returns up to limit shops after the given id, for the operator.
func (s *Service) List(ctx context.Context, after ID, limit int) ([]Shop, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Shop, error) { return db.All(tx, scanShop, selectShops, string(after), limit) })
}

// RoleOf says what a person may do in a shop: "" is nothing.
func (s *Service) RoleOf(ctx context.Context, shop ID, person identity.PersonID) (Role, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Role, error) {
		var role string
		err := tx.Row(selectRole, string(shop), string(person)).Scan(&role)
		if errors.Is(err, db.ErrNoRow) {
			return "", nil
		}
		return Role(role), err
	})
}

// StateIn says whether the shop may be paid, as of this transaction.
func (s *Service) StateIn(tx *db.Tx, shop ID) (State, error) {
	var state string
	err := tx.Row(selectState, string(shop)).Scan(&state)
	if errors.Is(err, db.ErrNoRow) {
		return "", ErrNotFound
	}
	return State(state), err
}

// SetState approves a shop, refuses it, freezes it or lets it work again, and its receipts accounts with it: a payment finds the flag
// in the statement that reads the account. A frozen shop is not paid and gives nothing back until the freeze is lifted. A shop
// that has been open is frozen, not refused: refusing it is invalid, and so is freezing one that was never opened (State.Next).
func (s *Service) SetState(ctx context.Context, shop ID, state State) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := s.SetStateIn(tx, shop, state)
		return err
	})
}

// SetStateIn is SetState in the caller's transaction, beside the record of who did it, and says what the state was.
func (s *Service) SetStateIn(tx *db.Tx, shop ID, state State) (was State, err error) {
	var found string // under lock, against the opening of an account
	if err := tx.Row(selectState+tx.ForUpdate(), string(shop)).Scan(&found); err != nil {
		return "", noShop(err)
	}
	was = State(found)
	if was == state {
		return was, nil
	}
	if !slices.Contains(was.Next(), state) {
		return was, fault.ErrInvalid.With("state")
	}
	if _, err := tx.Exec(updateState, string(shop), string(state)); err != nil {
		return was, err
	}
	accounts, err := s.o.Ledger.OwnedBy(tx, receiptsOwner(shop))
	for _, a := range accounts {
		if err == nil {
			err = s.flag(tx, a.ID, state)
		}
	}
	tx.After(func() { s.forget(shop) })
	return was, err
}

func (s *Service) flag(tx *db.Tx, account ledger.AccountID, state State) error {
	if state != Active {
		return s.o.Ledger.Freeze(tx, account)
	}
	return s.o.Ledger.Unfreeze(tx, account)
}

// SetReturnOrigins replaces the origins a checkout may send people back to.
func (s *Service) SetReturnOrigins(ctx context.Context, shop ID, origins []string) error {
	list, err := checkOrigins(origins)
	if err != nil {
		return err
	}
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(updateOrigins, string(shop), strings.Join(list, " "))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
	s.forget(shop)
	return err
}

// AddReturnOrigin registers the origin of an address, whatever path stands behind it, and says which one that is. return_origin for what is
// no https address, or where there are twenty already.
func (s *Service) AddReturnOrigin(ctx context.Context, shop ID, address string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return "", ErrOrigin.With("return_origins")
	}
	origin := Origin(u)
	if u.User != nil || u.Opaque != "" || len(origin) > maxOrigin {
		return "", ErrOrigin.With("return_origins")
	}
	return origin, s.changeOrigins(ctx, shop, func(list []string) []string { return append(list, origin) })
}

// RemoveReturnOrigin takes an origin away: checkouts that are made from now on cannot return there.
func (s *Service) RemoveReturnOrigin(ctx context.Context, shop ID, origin string) error {
	return s.changeOrigins(ctx, shop, func(list []string) []string {
		return slices.DeleteFunc(list, func(one string) bool { return one == origin })
	})
}

func (s *Service) changeOrigins(ctx context.Context, shop ID, change func([]string) []string) error {
	err := s.o.DB.Write(ctx, func(tx *db.Tx) error {
		found, err := db.One(tx, scanShop, selectShop+tx.ForUpdate(), string(shop))
		if err != nil {
			return noShop(err)
		}
		list, err := checkOrigins(change(found.ReturnOrigins))
		if err != nil {
			return err
		}
		_, err = tx.Exec(updateOrigins, string(shop), strings.Join(list, " "))
		return err
	})
	s.forget(shop)
	return err
}

func receiptsOwner(shop ID) string { return "merchant/" + string(shop) }

// ReceiptsAddress is the ledger address of a shop's receipts in one currency.
func ReceiptsAddress(shop ID, c money.Currency) string {
	return "merchant/" + string(shop) + "/" + c.Code
}

// Receipts returns the account a shop is paid into, and opens it the first time. Whether the shop takes the currency is
// the caller's question. The ledger remembers the account's number, so this costs a statement only the first time.
func (s *Service) Receipts(tx *db.Tx, shop ID, c money.Currency) (ledger.AccountID, error) {
	address := ReceiptsAddress(shop, c)
	number, err := s.o.Ledger.Number(tx, address)
	if !errors.Is(err, ledger.ErrAccountNotFound) {
		return number, err
	}
	var state string
	if err := tx.Row(selectState+tx.ForUpdate(), string(shop)).Scan(&state); err != nil && !errors.Is(err, db.ErrNoRow) {
		return 0, err
	}
	account, err := s.o.Ledger.Open(tx, ledger.Spec{Address: address, Currency: c, Limit: ledger.Unlimited, Busy: true})
	if err == nil && state != "" && State(state) != Active { // of a shop that is not paid
		err = s.flag(tx, account.ID, State(state))
	}
	return account.ID, err
}
