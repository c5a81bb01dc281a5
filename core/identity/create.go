package identity

import (
	"context"

	"billfold/base/db"
	"billfold/base/lang"
)

// NewPerson is somebody who is made without a mail: a demo's or a bench's. E-mail and password may be empty; such
// people are reached by handle and act by payer token or one-time link only.
type NewPerson struct {
	Name, Handle, Email, Password string
	Lang                          lang.Tag

	hash string // of the password, where Copy read it
}

// Copy reads what makes the same person anew in another database: name, handle, e-mail, language and the hash of the password.
func (s *Service) Copy(tx *db.Tx, person PersonID) (NewPerson, error) {
	row, err := selectPerson(tx, person)
	if err != nil {
		return NewPerson{}, missing(err, ErrPerson)
	}
	p, err := s.open(row)
	if err != nil {
		return NewPerson{}, err
	}
	n := NewPerson{Name: p.Name, Handle: p.Handle, Email: p.Email, Lang: p.Lang}
	if len(row.password) > 0 {
		hash, err := s.keys.Open(string(person), field("password", person), row.password)
		if err != nil {
			return NewPerson{}, err
		}
		n.hash = string(hash)
	}
	return n, nil
}

// Count says how many people there are.
func (s *Service) Count(tx *db.Tx) (n int64, err error) {
	err = tx.Row(countPeople).Scan(&n)
	return n, err
}

// Prepared is a NewPerson checked, hashed and sealed under a durable key, ready for Add.
type Prepared struct{ row personRow }

// ID is the id the person will have.
func (p Prepared) ID() PersonID { return p.row.id }

// createMost is how many people one transaction adds.
const createMost = 200

// Prepare does the slow work for many people at once, by the rules of SignUp: one append to the keyring, one hash for
// each password.
func (s *Service) Prepare(ctx context.Context, list []NewPerson) ([]Prepared, error) {
	clean := make([]draft, len(list))
	owners := make([]string, len(list))
	for i, n := range list {
		var err error
		if clean[i], err = s.clean(draft{n.Name, n.Handle, n.Email, n.Password, n.Lang}, true); err != nil {
			return nil, err
		}
		owners[i] = s.ids.New("usr")
	}
	if err := s.keys.Create(owners...); err != nil {
		return nil, err
	}
	prepared := make([]Prepared, len(list))
	for i, d := range clean {
		hash := list[i].hash
		if d.password != "" {
			var err error
			if hash, err = s.hashes.hash(ctx, d.password); err != nil {
				return nil, err
			}
		}
		row, err := s.sealPerson(PersonID(owners[i]), d, hash)
		if err != nil {
			return nil, err
		}
		prepared[i] = Prepared{row}
	}
	return prepared, nil
}

// Add makes a prepared person in the caller's transaction, OnPerson included. It refuses a handle or an e-mail that
// is taken.
func (s *Service) Add(tx *db.Tx, p Prepared) (Person, error) { return s.add(tx, p.row) }

// Create prepares and adds people, 200 a transaction; those before a refused one stay.
func (s *Service) Create(ctx context.Context, list []NewPerson) ([]Person, error) {
	prepared, err := s.Prepare(ctx, list)
	if err != nil {
		return nil, err
	}
	people := make([]Person, 0, len(prepared))
	for len(prepared) > 0 {
		some := prepared[:min(len(prepared), createMost)]
		prepared = prepared[len(some):]
		added, err := db.Write(ctx, s.db, func(tx *db.Tx) ([]Person, error) {
			added := make([]Person, 0, len(some))
			for _, p := range some {
				one, err := s.Add(tx, p)
				if err != nil {
					return nil, err
				}
				added = append(added, one)
			}
			return added, nil
		})
		if err != nil {
			return people, err
		}
		people = append(people, added...)
	}
	return people, nil
}
