package merchant

import (
	"context"
	"errors"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
)

// StoreID names a store: sto_ and 26 characters. TillID names a till: til_ and as many.
type (
	StoreID string
	TillID  string
)

// Store is a place where a shop sells.
type Store struct {
	ID        StoreID
	Shop      ID
	Name      string
	City      string // as a payment code prints it; "" where the shop does not say
	Closed    bool   // a closed store keeps its history and takes no new till
	CreatedAt time.Time
}

// Till is a place in a store where people pay, on one device at a time.
type Till struct {
	ID        TillID
	Shop      ID
	Store     StoreID
	Name      string
	Paired    bool      // a device has it
	PairedAt  time.Time // real time
	CreatedAt time.Time
}

const (
	// pairLife is how long a pairing code works, in real time.
	pairLife = 10 * time.Minute
	// pairLetters are the characters of a pairing code: 40 bits, which nobody guesses in its ten minutes.
	pairLetters = 8
	maxStores   = 1_000 // of one shop
	maxTills    = 5_000
)

// AddStore opens a store. Faults: merchant_details with the field that is wrong, too_many_places.
func (s *Service) AddStore(ctx context.Context, shop ID, name, city string) (Store, error) {
	name, city = strings.TrimSpace(name), strings.TrimSpace(city)
	switch {
	case name == "" || len(name) > maxName || !shown(name):
		return Store{}, ErrPlace.With("name")
	case len(city) > maxName || !shown(city):
		return Store{}, ErrPlace.With("city")
	}
	store := Store{ID: StoreID(s.o.IDs.New("sto")), Shop: shop, Name: name, City: city, CreatedAt: s.o.Clock.Now()}
	return store, s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.roomFor(tx, countStores, shop, maxStores); err != nil {
			return err
		}
		_, err := tx.Exec(insertStore, string(store.ID), string(shop), name, city, 0, clock.Micros(store.CreatedAt))
		return err
	})
}

// roomFor locks the shop and counts what it has.
func (s *Service) roomFor(tx *db.Tx, count string, shop ID, most int64) error {
	var state string
	if err := tx.Row(selectState+tx.ForUpdate(), string(shop)).Scan(&state); err != nil {
		return noShop(err)
	}
	var n int64
	if err := tx.Row(count, string(shop)).Scan(&n); err != nil {
		return err
	}
	if n >= most {
		return ErrTooManyPlaces
	}
	return nil
}

func noShop(err error) error {
	if errors.Is(err, db.ErrNoRow) {
		return ErrNotFound
	}
	return err
}

// Stores lists a shop's stores, oldest first, closed ones included.
func (s *Service) Stores(ctx context.Context, shop ID) ([]Store, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Store, error) { return db.All(tx, scanStore, selectStores, string(shop)) })
}

// Store finds one store of a shop.
func (s *Service) Store(ctx context.Context, shop ID, store StoreID) (Store, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Store, error) {
		found, err := db.One(tx, scanStore, selectStore, string(store), string(shop))
		return found, noShop(err)
	})
}

// CloseStore closes a store, and takes its tills from their devices.
func (s *Service) CloseStore(ctx context.Context, shop ID, store StoreID) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(updateStoreClosed, string(store), string(shop), clock.Micros(s.o.Clock.Now()))
		if err != nil || n == 0 {
			return orNot(err, ErrNotFound)
		}
		tills, err := db.All(tx, scanTill, selectTillsOfStore, string(store))
		for _, t := range tills {
			if err == nil {
				err = s.unpair(tx, t.ID)
			}
		}
		return err
	})
}

func orNot(err error, f *fault.Fault) error {
	if err != nil {
		return err
	}
	return f
}

// AddTill opens a till in a store, and answers with the code that pairs it with a device.
func (s *Service) AddTill(ctx context.Context, shop ID, store StoreID, name string) (Till, string, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > maxName || !shown(name) {
		return Till{}, "", ErrPlace.With("name")
	}
	till := Till{ID: TillID(s.o.IDs.New("til")), Shop: shop, Store: store, Name: name, CreatedAt: s.o.Clock.Now()}
	code := newCode()
	return till, code, s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.roomFor(tx, countTills, shop, maxTills); err != nil {
			return err
		}
		found, err := db.One(tx, scanStore, selectStore, string(store), string(shop))
		if err != nil || found.Closed {
			return orNot(noShop(err), ErrNotFound)
		}
		_, err = tx.Exec(insertTill, string(till.ID), string(shop), string(store), name, s.hash("code", plainCode(code)),
			clock.Micros(s.o.Real.Now().Add(pairLife)), clock.Micros(till.CreatedAt))
		return err
	})
}

// Tills lists a shop's tills, oldest first.
func (s *Service) Tills(ctx context.Context, shop ID) ([]Till, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Till, error) { return db.All(tx, scanTill, selectTills, string(shop)) })
}

// PairingCode takes a till from the device that has it, ends its shifts, and answers with a code for the next device. It works
// once, for ten minutes.
func (s *Service) PairingCode(ctx context.Context, shop ID, till TillID) (string, error) {
	code := newCode()
	return code, s.o.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(updateTillCode, string(till), string(shop), s.hash("code", plainCode(code)),
			clock.Micros(s.o.Real.Now().Add(pairLife)))
		if err != nil || n == 0 {
			return orNot(err, ErrNotFound)
		}
		_, err = tx.Exec(endShiftsOfTill, string(till), clock.Micros(s.o.Real.Now()))
		return err
	})
}

// Unpair takes a till from its device, as when the device was lost. Its shifts end.
func (s *Service) Unpair(ctx context.Context, shop ID, till TillID) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		found, err := db.One(tx, scanTill, selectTill, string(till))
		if err != nil || found.Shop != shop {
			return orNot(noShop(err), ErrNotFound)
		}
		return s.unpair(tx, till)
	})
}

func (s *Service) unpair(tx *db.Tx, till TillID) error {
	if _, err := tx.Exec(updateTillFree, string(till)); err != nil {
		return err
	}
	_, err := tx.Exec(endShiftsOfTill, string(till), clock.Micros(s.o.Real.Now()))
	return err
}

// Pair gives a till to the device that typed its code, and answers with the device's secret, which is kept here as a hash only.
// till_code where the code is wrong, used, or older than ten minutes: the three are not told apart.
func (s *Service) Pair(ctx context.Context, code string) (Till, string, error) {
	secret := id.Secret(20)
	till, err := db.Write(ctx, s.o.DB, func(tx *db.Tx) (Till, error) {
		now := clock.Micros(s.o.Real.Now())
		t, err := db.One(tx, scanTill, selectTillByCode+tx.ForUpdate(), s.hash("code", plainCode(code)), now)
		if errors.Is(err, db.ErrNoRow) {
			return Till{}, ErrTillCode.With("code")
		}
		if err == nil {
			_, err = tx.Exec(updateTillPaired, string(t.ID), s.hash("device", secret), now)
		}
		t.Paired, t.PairedAt = true, clock.FromMicros(now)
		return t, err
	})
	return till, secret, err
}

// TillOf finds the till that a device has. till_not_paired where it has none (any more).
func (s *Service) TillOf(ctx context.Context, device string) (Till, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Till, error) { return s.tillOf(tx, device, "") })
}

func (s *Service) tillOf(tx *db.Tx, device, lock string) (Till, error) {
	t, err := db.One(tx, scanTill, selectTillByDevice+lock, s.hash("device", device))
	if errors.Is(err, db.ErrNoRow) {
		return Till{}, ErrTillDevice
	}
	return t, err
}

// hash is a secret as it is kept: under a key outside the database, so that the database alone lets nobody try secrets out.
func (s *Service) hash(purpose string, secret ...string) []byte {
	parts := make([][]byte, len(secret))
	for i := range secret {
		parts[i] = []byte(secret[i])
	}
	sum := s.o.Keys.MacKey("merchant." + purpose).Sum(parts...)
	return sum[:]
}

// newCode makes a pairing code, in two groups for the eye: "k7qf-2m9x".
func newCode() string {
	c := id.Secret(pairLetters)[:pairLetters]
	return c[:4] + "-" + c[4:]
}

// plainCode forgives what people do to a code when they type it: capitals, spaces, other hyphens, and the letters that
// Crockford's alphabet leaves out because they look like digits.
func plainCode(code string) string {
	if len(code) > 64 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == 'o':
			return '0'
		case r == 'i' || r == 'l':
			return '1'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(code))
}
