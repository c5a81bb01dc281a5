package ledger

import (
	"billfold/base/clock"
	"billfold/base/db"
)

// PostHold makes a hold final: amount of it, or all of it where amount is 0. The rest is released. Only a hold of one leg takes an amount;
// PostHoldLegs is for the others. The resolution has the hold's kind and reference, and the id given; the same call again answers with it.
//
// Refusals: hold_not_open (posted, voided or expired already, or no hold), hold_expired (its time is over, whether or not it was expired
// yet), amount_exceeds_hold, account_frozen, account_closed, ledger_overflow, entry_not_found, entry_differs.
func (l *Ledger) PostHold(tx *db.Tx, hold, id EntryID, amount int64) (Entry, error) {
	var amounts []int64
	if amount != 0 {
		amounts = []int64{amount}
	}
	return l.resolve(tx, hold, id, Post, amounts)
}

// PostHoldLegs is PostHold with one amount per leg of the hold. A leg may have 0, which releases it whole; not all may.
func (l *Ledger) PostHoldLegs(tx *db.Tx, hold, id EntryID, amounts []int64) (Entry, error) {
	if amounts == nil {
		amounts = []int64{}
	}
	return l.resolve(tx, hold, id, Post, amounts)
}

// VoidHold releases a hold. It is allowed on frozen accounts, and after the hold's time.
func (l *Ledger) VoidHold(tx *db.Tx, hold, id EntryID) (Entry, error) {
	return l.resolve(tx, hold, id, Void, nil)
}

// ExpireHold releases a hold whose time is over. It refuses one that still has time (hold_not_expired).
func (l *Ledger) ExpireHold(tx *db.Tx, hold, id EntryID) (Entry, error) {
	return l.resolve(tx, hold, id, Expire, nil)
}

// resolve ends a hold. Its row is locked before any account, so of several resolvers one finds it and the others find it gone.
func (l *Ledger) resolve(tx *db.Tx, holdID, id EntryID, phase Phase, amounts []int64) (Entry, error) {
	if id == "" {
		id = EntryID(l.ids.New(Prefix))
	}
	newKey, ok := parseEntryID(id)
	if !ok {
		return Entry{}, ErrEntryInvalid.With("id")
	}
	holdKey, ok := parseEntryID(holdID)
	if !ok {
		return Entry{}, ErrEntryNotFound.With("hold")
	}
	hold, err := l.lockHold(tx, holdKey)
	if err != nil {
		return Entry{}, err
	}
	if hold == nil {
		return l.resolved(tx, holdKey, newKey, phase, amounts)
	}
	over := !l.clock.Now().Before(hold.ExpiresAt)
	if phase == Post && over {
		return Entry{}, ErrHoldExpired.With("hold")
	}
	if phase == Expire && !over {
		return Entry{}, ErrHoldNotExpired.With("hold")
	}
	d, err := resolution(hold, newKey, phase, amounts)
	if err != nil {
		return Entry{}, err
	}
	refusals, err := l.record(tx, []*draft{d}, true)
	if err != nil {
		return Entry{}, err
	}
	if refusals[0] != nil {
		return Entry{}, refusals[0]
	}
	return d.Entry, nil
}

// lockHold reads an open hold under lock, nil where there is none.
func (l *Ledger) lockHold(tx *db.Tx, k key) (*draft, error) {
	q := selectHold
	if lock := tx.ForUpdate(); lock != "" {
		q += lock + " of h"
	}
	hold := &draft{key: k}
	hold.ID, hold.Phase = k.text(), Pending
	var kind int64
	legs, err := db.All(tx, func(r db.Row) (leg Leg, err error) {
		var reference *string
		var expires int64
		err = r.Scan(&hold.number, &kind, &reference, &expires, &leg.Debit, &leg.Credit, &leg.Amount)
		hold.Reference, hold.ExpiresAt = text(reference), clock.FromMicros(expires)
		return leg, err
	}, q, k[:])
	if err != nil || len(legs) == 0 {
		return nil, err
	}
	hold.Legs = legs
	hold.Kind, err = l.kindName(tx, kind)
	return hold, err
}

// resolved answers for a hold that is not open: with its resolution where this is the same call again, else with the reason.
func (l *Ledger) resolved(tx *db.Tx, holdKey, newKey key, phase Phase, amounts []int64) (Entry, error) {
	found, err := l.fetch(tx, []key{holdKey, newKey})
	if err != nil {
		return Entry{}, err
	}
	hold, stored := found[holdKey], found[newKey]
	if hold == nil {
		return Entry{}, ErrEntryNotFound.With("hold")
	}
	if stored == nil || hold.Phase != Pending {
		return Entry{}, ErrHoldNotOpen.With("hold")
	}
	if stored.resolves != holdKey {
		return Entry{}, ErrEntryDiffers.With("id")
	}
	want, err := resolution(hold, newKey, phase, amounts)
	if err != nil || !want.sameContent(stored) {
		return Entry{}, ErrEntryDiffers.With("id")
	}
	return stored.Entry, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
