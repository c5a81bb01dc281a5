package payment

import (
	"time"

	"billfold/base/db"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
)

// direct is a payment that is approved as it is made, between accounts that are known.
type direct struct {
	shared
	draft    record // never written to, because a body may run twice
	from, to ledger.AccountID
}

// direct says whether a payment can be made together with others; nil where it cannot.
func (s *Service) direct(c Caller, r record, confirm bool, call once.Call) *direct {
	if !confirm || r.kind != Transfer && r.kind != Purchase || r.capture == ByLink || r.payer == "" {
		return nil
	}
	to := WalletAddress(identity.PersonID(r.payee), r.amount.Currency)
	if isShop(r.payee) {
		to = merchant.ReceiptsAddress(merchant.ID(r.payee), r.amount.Currency)
	}
	d := &direct{shared: s.shared(c, call, opCreate, r.id), draft: r}
	var known bool
	if d.from, known = s.Ledger.KnownNumber(WalletAddress(identity.PersonID(r.payer), r.amount.Currency)); !known {
		return nil
	}
	if d.to, known = s.Ledger.KnownNumber(to); !known {
		return nil
	}
	return d
}

// payTogether makes payments in one transaction.
func (s *Service) payTogether(tx *db.Tx, group []*direct) error {
	now := s.Clock.Now()
	entries, until := make([]ledger.Entry, len(group)), make([]time.Time, len(group))
	for i, d := range group {
		d.row = d.draft
		if err := d.row.begin(d.caller, now); err != nil {
			return err
		}
		entries[i] = s.approved(&d.row, d.from, d.to, now)
		until[i] = d.row.holdUntil
	}
	results, err := s.Ledger.PostEach(tx, entries, until)
	if err != nil {
		return err
	}
	rows, parties := make([]*record, 0, len(group)), make([]party, 0, 2*len(group))
	for i, d := range group {
		if results[i].Err != nil {
			d.err = refusedSide(results[i].Err)
			continue
		}
		if d.happy, err = d.row.authorized(now); err != nil {
			return err
		}
		d.moved = d.row.amount.Minor
		rows, parties = append(rows, &d.row), append(parties, d.row.parties(now)...)
	}
	remember(tx, now, rows...)
	storeNew(tx, rows...)
	storeParties(tx, parties...)
	return nil
}
