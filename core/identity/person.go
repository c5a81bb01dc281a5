package identity

import (
	"context"
	"errors"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/base/seal"
)

// mostPeople bounds one look-up of many.
const mostPeople = 500

// Person returns one person, opened, or ErrPerson.
func (s *Service) Person(tx *db.Tx, id PersonID) (Person, error) {
	row, err := selectPerson(tx, id)
	if err != nil {
		return Person{}, missing(err, ErrPerson)
	}
	return s.open(row)
}

// Get is Person in a transaction of its own.
func (s *Service) Get(ctx context.Context, id PersonID) (Person, error) {
	return db.Read(ctx, s.db, func(tx *db.Tx) (Person, error) { return s.Person(tx, id) })
}

// People returns those of the ids that exist. It takes at most 500 different ids.
func (s *Service) People(tx *db.Tx, ids ...PersonID) (map[PersonID]Person, error) {
	found := make(map[PersonID]Person, len(ids))
	rows, err := peopleRows(tx, ids)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if found[r.id], err = s.open(r); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func peopleRows(tx *db.Tx, ids []PersonID) ([]personRow, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	switch {
	case len(ids) == 0:
		return nil, nil
	case len(ids) > mostPeople:
		return nil, fault.ErrInvalid.With("ids")
	}
	for size := 1; ; size *= 2 { // powers of two keep the number of different statements small
		if size >= len(ids) {
			for len(ids) < size {
				ids = append(ids, ids[0])
			}
			return selectPeople(tx, ids)
		}
	}
}

// Names returns the masked names of those of the ids that exist; an erased person is "***".
func (s *Service) Names(tx *db.Tx, ids ...PersonID) (map[PersonID]string, error) {
	rows, err := peopleRows(tx, ids)
	if err != nil {
		return nil, err
	}
	names := make(map[PersonID]string, len(rows))
	for _, r := range rows {
		name, err := s.opened(r.id, "name", r.name)
		if err != nil && !errors.Is(err, seal.ErrShredded) {
			return nil, err
		}
		names[r.id] = Mask(name)
	}
	return names, nil
}

// Mailbox is where a person gets mails, and in which language.
type Mailbox struct {
	Email string
	Lang  lang.Tag
}

// Mailboxes returns those of the ids that have an e-mail address. Of an erased person there is none.
func (s *Service) Mailboxes(tx *db.Tx, ids ...PersonID) (map[PersonID]Mailbox, error) {
	rows, err := peopleRows(tx, ids)
	if err != nil {
		return nil, err
	}
	boxes := map[PersonID]Mailbox{}
	for _, r := range rows {
		email, err := s.opened(r.id, "email", r.email)
		if err != nil && !errors.Is(err, seal.ErrShredded) {
			return nil, err
		}
		if email != "" {
			boxes[r.id] = Mailbox{Email: email, Lang: lang.Tag(r.lang)}
		}
	}
	return boxes, nil
}

// ByHandle returns the person with a handle, or ErrPerson.
func (s *Service) ByHandle(tx *db.Tx, handle string) (Person, error) {
	clean, err := CleanHandle(handle)
	if err != nil {
		return Person{}, ErrPerson
	}
	row, err := selectByHandle(tx, s.findHandle(clean))
	if err != nil {
		return Person{}, missing(err, ErrPerson)
	}
	return s.open(row)
}

// List pages through all people by id, oldest first, for the operator; at most 100 at a time.
func (s *Service) List(tx *db.Tx, after PersonID, limit int) ([]Person, error) {
	rows, err := selectPage(tx, after, max(1, min(limit, 100)))
	if err != nil {
		return nil, err
	}
	list := make([]Person, len(rows))
	for i, r := range rows {
		if list[i], err = s.open(r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// FindPayee finds whom somebody wants to pay, by handle (with or without "@"), e-mail address or telephone number, and tells a masked
// name. Whoever is not there gives ErrPayeeUnknown, and counts for the asker: after 30 such names in ten minutes of real
// time every name is refused with ErrTooMany until they are over. That a name is told is the point, not for a list.
// Names that are there cost an honest asker nothing.
func (s *Service) FindPayee(ctx context.Context, asker PersonID, handleOrEmail string) (Payee, error) {
	now := s.real.Now()
	misses := s.bucketKey(payeeRule, string(asker))
	type found struct {
		row  personRow
		wait time.Duration
	}
	f, err := db.Read(ctx, s.db, func(tx *db.Tx) (f found, err error) {
		b, err := peekBucket(tx, misses)
		if err != nil && !errors.Is(err, db.ErrNoRow) {
			return f, err
		}
		if f.wait = b.over(now, payeeRule); f.wait > 0 {
			return f, nil
		}
		f.row, err = s.byLogin(tx, handleOrEmail)
		if errors.Is(err, db.ErrNoRow) {
			return f, nil
		}
		return f, err
	})
	if err != nil {
		return Payee{}, err
	}
	if f.wait > 0 {
		return Payee{}, tooMany(f.wait)
	}
	if f.row.id == "" {
		return Payee{}, s.missed(ctx, misses, now)
	}
	name, err := s.opened(f.row.id, "name", f.row.name)
	if errors.Is(err, seal.ErrShredded) {
		return Payee{}, s.missed(ctx, misses, now)
	}
	if err != nil {
		return Payee{}, err
	}
	var handle string
	if clean, err := CleanHandle(handleOrEmail); err == nil {
		handle = clean
	}
	return Payee{ID: f.row.id, Name: Mask(name), Handle: handle, State: f.row.state}, nil
}

// missed counts a name that is not there and says so; or, where others were missed meanwhile, that it is enough.
func (s *Service) missed(ctx context.Context, key []byte, now time.Time) error {
	wait, err := db.Write(ctx, s.db, func(tx *db.Tx) (time.Duration, error) { return s.miss(tx, key, payeeRule, now) })
	switch {
	case err != nil:
		return err
	case wait > 0:
		return tooMany(wait)
	}
	return ErrPayeeUnknown
}

// RequireActive refuses with ErrPersonFrozen where the person's money must not move, and with ErrPerson where nobody
// has the id.
func (s *Service) RequireActive(tx *db.Tx, id PersonID) error {
	state, err := selectState(tx, id)
	if err != nil {
		return missing(err, ErrPerson)
	}
	if state != Active {
		return ErrPersonFrozen
	}
	return nil
}

// SetLang changes the language of a person's pages and mails.
func (s *Service) SetLang(ctx context.Context, id PersonID, tag lang.Tag) error {
	tag, ok := lang.Parse(string(tag))
	if !ok {
		return ErrLang.With("lang")
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := updateLang(tx, id, string(tag))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrPerson
		}
		return s.epoch.raise(tx) // sessions remember their person
	})
}

// SetState freezes a person or lifts the freeze; OnState lets the wallet follow in the same transaction. Who asks has
// been checked by the caller.
func (s *Service) SetState(ctx context.Context, id PersonID, state State) (Person, error) {
	if state != Active && state != Frozen {
		return Person{}, fault.ErrInvalid.With("state")
	}
	return db.Write(ctx, s.db, func(tx *db.Tx) (Person, error) { return s.SetStateIn(tx, id, state) })
}

// SetStateIn is SetState in the caller's transaction, beside the record of who did it.
func (s *Service) SetStateIn(tx *db.Tx, id PersonID, state State) (Person, error) {
	row, err := selectPersonForUpdate(tx, id)
	if err != nil {
		return Person{}, missing(err, ErrPerson)
	}
	changed := row.state != state
	row.state = state
	p, err := s.open(row)
	if err != nil || !changed {
		return p, err
	}
	if _, err := updateState(tx, id, state); err != nil {
		return p, err
	}
	if s.onState != nil {
		if err := s.onState(tx, p); err != nil {
			return p, err
		}
	}
	return p, s.epoch.raise(tx)
}

// Grant gives a role and ends the person's sessions: a token from before must not carry a right from after. Granting
// it again changes nothing.
func (s *Service) Grant(tx *db.Tx, id PersonID, role Role) error {
	if role != Operator {
		return fault.ErrInvalid.With("role")
	}
	if _, err := selectState(tx, id); err != nil {
		return missing(err, ErrPerson)
	}
	n, err := insertRole(tx, id, role, clock.Micros(s.clock.Now()))
	if err != nil || n == 0 {
		return err
	}
	return s.endAll(tx, id)
}

// HasRole says whether anybody has a role.
func (s *Service) HasRole(tx *db.Tx, role Role) (bool, error) {
	n, err := countRole(tx, role)
	return n > 0, err
}

// Withdraw takes a role away, and with it the person's sessions and the force of their operator keys. Withdrawing it
// again changes nothing.
func (s *Service) Withdraw(tx *db.Tx, id PersonID, role Role) error {
	n, err := deleteRole(tx, id, role)
	if err != nil || n == 0 {
		return err
	}
	return s.endAll(tx, id)
}

func (s *Service) endAll(tx *db.Tx, id PersonID) error {
	if _, err := deleteSessions(tx, id, ""); err != nil {
		return err
	}
	return s.epoch.raise(tx)
}
