package ledger

import (
	"errors"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
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

// HoldPost is a hold that is to be made final, under the id of its resolution; amount 0 is all of it.
type HoldPost struct {
	Hold, ID EntryID
	Amount   int64
}

// PostHolds is PostHold for many holds in one transaction, each posted or refused on its own. No hold may be there twice. The error is for
// storage.
func (l *Ledger) PostHolds(tx *db.Tx, posts []HoldPost) ([]Result, error) {
	results := make([]Result, len(posts))
	keys := make([]key, 0, len(posts))
	for _, p := range posts {
		if k, ok := parseEntryID(p.Hold); ok {
			keys = append(keys, k)
		}
	}
	holds, err := l.lockHolds(tx, keys)
	if err != nil {
		return nil, err
	}
	var drafts []*draft
	var place []int
	for i, p := range posts {
		d, err := l.postOf(holds, p)
		if errors.Is(err, errNotOpen) { // seldom: it was resolved before, perhaps by this very call
			results[i].Entry, err = l.PostHold(tx, p.Hold, p.ID, p.Amount)
		} else if err == nil {
			drafts, place = append(drafts, d), append(place, i)
		}
		if _, refused := fault.As(err); err != nil && !refused {
			return nil, err
		}
		results[i].Err = err
	}
	if len(drafts) == 0 {
		return results, nil
	}
	refusals, err := l.record(tx, drafts, false)
	if err != nil {
		return nil, err
	}
	for n, d := range drafts {
		if results[place[n]].Err = refusals[n]; refusals[n] == nil {
			results[place[n]].Entry = d.Entry
		}
	}
	return results, nil
}

var errNotOpen = errors.New("ledger: not an open hold")

// postOf drafts the posting of an open hold; errNotOpen where there is none.
func (l *Ledger) postOf(holds map[key]*draft, p HoldPost) (*draft, error) {
	hold, _ := parseEntryID(p.Hold)
	id, ok := parseEntryID(p.ID)
	switch {
	case holds[hold] == nil || !ok:
		return nil, errNotOpen
	case !l.clock.Now().Before(holds[hold].ExpiresAt):
		return nil, ErrHoldExpired.With("hold")
	case p.Amount == 0:
		return resolution(holds[hold], id, Post, nil)
	}
	return resolution(holds[hold], id, Post, []int64{p.Amount})
}

// lockHold reads an open hold under lock, nil where there is none.
func (l *Ledger) lockHold(tx *db.Tx, k key) (*draft, error) {
	holds, err := l.lockHolds(tx, []key{k})
	return holds[k], err
}

// lockHolds reads open holds under lock, in the order of their ids. Those that are none are left out.
func (l *Ledger) lockHolds(tx *db.Tx, keys []key) (map[key]*draft, error) {
	lock := tx.ForUpdate()
	if lock != "" {
		lock += " of h"
	}
	holds, kinds := make(map[key]*draft, len(keys)), make(map[key]int64, len(keys))
	for len(keys) > 0 {
		var some []key
		some, keys = cut(keys, loadMost)
		args := pad(nil, some, keyArg)
		_, err := db.All(tx, func(r db.Row) (struct{}, error) {
			var id []byte
			var reference *string
			var number, kind, expires int64
			var leg Leg
			if err := r.Scan(&id, &number, &kind, &reference, &expires, &leg.Debit, &leg.Credit, &leg.Amount); err != nil {
				return struct{}{}, err
			}
			k := key(id)
			hold := holds[k]
			if hold == nil {
				hold = &draft{key: k, number: number}
				hold.ID, hold.Phase, hold.Reference, hold.ExpiresAt = k.text(), Pending, text(reference), clock.FromMicros(expires)
				holds[k], kinds[k] = hold, kind
			}
			hold.Legs = append(hold.Legs, leg)
			return struct{}{}, nil
		}, selectHolds.Of(len(args))+lock, args...)
		if err != nil {
			return nil, err
		}
	}
	for k, hold := range holds {
		var err error
		if hold.Kind, err = l.kindName(tx, kinds[k]); err != nil {
			return nil, err
		}
	}
	return holds, nil
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
