package identity

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/seal"
	"billfold/core/identity/ecml"
)

// AddressID names a saved address: adr_ and 26 characters.
type AddressID string

// Address is one that a person saved, so that they need not type it again: whatever of name, street, telephone and mail they gave. It is
// theirs alone; a shop gets what they hand over at a checkout.
type Address struct {
	ID     AddressID
	Parts  map[ecml.Part]string
	UsedAt time.Time // last saved or used; the list is in this order, newest first
}

// addressesMost is how many a person may keep.
const addressesMost = 20

func addressField(id AddressID) string { return "identity_address.parts/" + string(id) }

// Addresses are what a person saved, the one last used first. Of somebody who was erased there are none.
func (s *Service) Addresses(ctx context.Context, person PersonID) ([]Address, error) {
	rows, err := db.Read(ctx, s.db, func(tx *db.Tx) ([]addressRow, error) { return selectAddresses(tx, person) })
	if err != nil {
		return nil, err
	}
	return s.openAddresses(rows)
}

func (s *Service) openAddresses(rows []addressRow) (list []Address, err error) {
	for _, row := range rows {
		plain, err := s.keys.Open(string(row.person), addressField(row.id), row.parts)
		if errors.Is(err, seal.ErrShredded) {
			return nil, nil
		}
		a := Address{ID: row.id, UsedAt: clock.FromMicros(row.used)}
		if err == nil {
			err = json.Unmarshal(plain, &a.Parts)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// KeepAddress saves an address: in the place of the one that is named, or as another one. One that says the same as one that is there
// makes no second one. Empty parts are left out. Faults: contact_value with the part that cannot be kept, address_empty,
// address_limit, address_not_found.
func (s *Service) KeepAddress(ctx context.Context, person PersonID, a Address) (Address, error) {
	clean := map[ecml.Part]string{}
	for _, part := range ecml.Parts {
		value, ok := part.Clean(a.Parts[part])
		if !ok {
			return Address{}, ErrContactValue.With(string(part))
		}
		if value != "" {
			clean[part] = value
		}
	}
	if len(clean) == 0 {
		return Address{}, ErrAddressEmpty
	}
	plain, err := json.Marshal(clean)
	if err != nil {
		return Address{}, err
	}
	a.Parts, a.UsedAt = clean, s.real.Now()
	fresh := a.ID == ""
	if fresh {
		a.ID = AddressID(s.ids.New("adr"))
	}
	sealed, err := s.keys.Seal(string(person), addressField(a.ID), plain)
	if err != nil {
		return Address{}, err
	}
	return db.Write(ctx, s.db, func(tx *db.Tx) (Address, error) {
		// The person's row is locked, so that two pages that save at once do not keep the same address twice.
		if _, err := selectPersonForUpdate(tx, person); err != nil {
			return a, missing(err, ErrPerson)
		}
		rows, err := selectAddresses(tx, person)
		if err != nil {
			return a, err
		}
		known, err := s.openAddresses(rows)
		if err != nil {
			return a, err
		}
		row := addressRow{a.ID, person, sealed, clock.Micros(a.UsedAt)}
		for i, k := range known {
			switch {
			case !fresh && k.ID == a.ID:
				updateAddress(tx, row)
				return a, nil
			case fresh && maps.Equal(k.Parts, clean):
				updateAddress(tx, addressRow{k.ID, person, rows[i].parts, row.used})
				k.UsedAt = a.UsedAt
				return k, nil
			}
		}
		switch {
		case !fresh:
			return a, ErrAddressUnknown
		case len(known) >= addressesMost:
			return a, ErrAddresses
		}
		insertAddress(tx, row)
		return a, nil
	})
}

// RemoveAddress forgets a saved address; address_not_found for one that is not the person's. What shops were given stays with them.
func (s *Service) RemoveAddress(ctx context.Context, person PersonID, address AddressID) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := deleteAddress(tx, person, address)
		if err == nil && n == 0 {
			err = ErrAddressUnknown
		}
		return err
	})
}
