package payment

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/identity"
	"billfold/core/merchant"
)

// Recipient is somebody who can be paid, as they are shown before an amount is typed.
type Recipient struct {
	ID     string // "usr_…" or "mch_…"
	Name   string // masked for persons, registered for shops
	Handle string // where they were asked for by it
	Shop   bool
	New    bool // the caller has never paid them
}

// Contact is somebody a person pays, or has kept.
type Contact struct {
	Person identity.PersonID
	Name   string // masked
	Called string // what the owner calls them, "" for nothing of their own
	Kept   bool   // put among the contacts by hand
	PaidAt time.Time
}

// contactMost bounds the list of a person's contacts.
const contactMost = 200

// FindRecipient says who is meant by a handle, an e-mail address, a telephone number, an id or the address of a pay-me page. What is not
// there gives payee_not_found and counts against guessing, as identity.FindPayee does; a frozen payee is payee_frozen, oneself
// same_account_payment.
func (s *Service) FindRecipient(ctx context.Context, c Caller, named string) (Recipient, error) {
	named = strings.TrimSpace(named)
	if at := strings.LastIndex(named, "/u/"); at >= 0 {
		named = "@" + strings.Trim(named[at+len("/u/"):], "/")
	}
	if !strings.Contains(named, "@") && !isShop(named) && !isPerson(named) && !identity.IsPhone(named) {
		named = "@" + named
	}
	if c.Shop != "" || c.Person == "" {
		return Recipient{}, ErrPersonOnly
	}
	found, err := s.payee(ctx, c, named)
	if err != nil {
		return Recipient{}, err
	}
	if found == string(c.Person) {
		return Recipient{}, ErrSameAccount
	}
	r := Recipient{ID: found, Shop: isShop(found)}
	if handle, ok := strings.CutPrefix(named, "@"); ok {
		r.Handle = strings.ToLower(handle)
	}
	if r.Shop {
		shop, err := s.Shops.Get(ctx, merchant.ID(found))
		if err != nil {
			return Recipient{}, payeeUnknown(err)
		}
		r.Name = shop.Name
	} else if r.Name, err = s.name(ctx, found); err != nil {
		return Recipient{}, err
	} else if r.Name == "" {
		return Recipient{}, identity.ErrPayeeUnknown.With("payee")
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if err := s.payeeActive(tx, found); err != nil {
			return err
		}
		var err error
		r.New, err = s.isNew(tx, string(c.Person), found)
		return err
	})
	return r, err
}

// FirstTime says whether a person has never paid somebody: the confirmation then asks to check the name.
func (s *Service) FirstTime(ctx context.Context, c Caller, payee string) (bool, error) {
	return db.Read(ctx, s.DB, func(tx *db.Tx) (bool, error) { return s.isNew(tx, string(c.Person), payee) })
}

// lately is how many of a person's last payments PaidLately looks at.
const lately = 200

// PaidLately says whether one of a person's last payments went to a payee: a shop has no entry among the contacts.
func (s *Service) PaidLately(ctx context.Context, c Caller, payee string) (bool, error) {
	return db.Read(ctx, s.DB, func(tx *db.Tx) (bool, error) {
		found, err := db.All(tx, scanID, selectPaidLately, string(c.Person), payee, lately)
		return len(found) > 0, err
	})
}

func (s *Service) isNew(tx *db.Tx, person, payee string) (bool, error) {
	k, err := db.One(tx, scanContact, selectContact, person, payee)
	if errors.Is(err, db.ErrNoRow) {
		return true, nil
	}
	return k.payment == "", err
}

// remember writes down that payers have paid their payees: it makes recents, and tells who is new. The rows are shared with what else the
// same payers do, so they are locked after the accounts and, where payments come together, in one order; else PostgreSQL would have to
// break up those who wait for each other.
func remember(tx *db.Tx, now time.Time, payments ...*record) {
	paid := make([]*record, 0, len(payments))
	for _, r := range payments {
		if r.kind == Transfer && r.payee != "" {
			paid = append(paid, r)
		}
	}
	slices.SortStableFunc(paid, func(a, b *record) int {
		return cmp.Or(cmp.Compare(a.payer, b.payer), cmp.Compare(a.payee, b.payee))
	})
	for _, r := range paid {
		tx.Queue(upsertPaid, r.payer, r.payee, string(r.id), micros(now))
	}
}

// Contacts lists whom a person has paid or kept, the latest paid first, those never paid last.
func (s *Service) Contacts(ctx context.Context, c Caller) ([]Contact, error) {
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]contactRow, error) {
		return db.All(tx, scanContact, selectContacts, string(c.Person), contactMost)
	})
	if err != nil {
		return nil, err
	}
	people := make([]string, len(rows))
	for i, k := range rows {
		people[i] = k.person
	}
	if _, err := s.prefetch(ctx, people...); err != nil {
		return nil, err
	}
	list := make([]Contact, 0, len(rows))
	for _, k := range rows {
		one := Contact{Person: identity.PersonID(k.person), Kept: k.kept, PaidAt: moment(k.at)}
		if one.Name, err = s.name(ctx, k.person); err != nil {
			return nil, err
		}
		if one.Called, err = s.open(string(c.Person), calledRow(string(c.Person), k.person), k.called); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

func calledRow(owner, person string) string { return "payment_contact.called/" + owner + "/" + person }

// Keep puts somebody among a person's contacts, under a name of the person's own if they like ("" for none). Keeping somebody
// again changes the name. Faults: those of FindRecipient, name_invalid, contact_limit, payment_kind for a shop.
func (s *Service) Keep(ctx context.Context, c Caller, named, called string) (Contact, error) {
	r, err := s.FindRecipient(ctx, c, named)
	if err != nil {
		return Contact{}, err
	}
	if r.Shop {
		return Contact{}, ErrKind.With("payee")
	}
	if called != "" {
		if called, err = identity.CleanName(called); err != nil {
			return Contact{}, err
		}
	}
	sealed, err := s.sealText(string(c.Person), calledRow(string(c.Person), r.ID), called)
	if err != nil {
		return Contact{}, err
	}
	k, err := db.Write(ctx, s.DB, func(tx *db.Tx) (contactRow, error) {
		list, err := db.All(tx, scanContact, selectContacts, string(c.Person), contactMost)
		if err != nil {
			return contactRow{}, err
		}
		if len(list) >= contactMost {
			return contactRow{}, ErrContacts
		}
		if _, err := tx.Exec(upsertKept, string(c.Person), r.ID, sealed); err != nil {
			return contactRow{}, err
		}
		return db.One(tx, scanContact, selectContact, string(c.Person), r.ID)
	})
	return Contact{Person: identity.PersonID(r.ID), Name: r.Name, Called: called, Kept: true, PaidAt: moment(k.at)}, err
}

// Drop takes somebody out of a person's contacts. Who was paid stays among the recents, without a name of their own. not_found for
// somebody who is not there.
func (s *Service) Drop(ctx context.Context, c Caller, person identity.PersonID) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(updateDropped, string(c.Person), string(person))
		if err == nil && n == 0 {
			return fault.ErrNotFound
		}
		if err == nil {
			_, err = tx.Exec(deleteUnpaid, string(c.Person), string(person))
		}
		return err
	})
}
