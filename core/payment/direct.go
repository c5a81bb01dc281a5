package payment

import (
	"time"

	"billfold/base/db"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
)

// direct is a payment that is approved as it is made.
type direct struct {
	shared
	draft    record // never written to, because a body may run twice
	from, to string // the addresses of its accounts
}

// direct says whether a payment can be made together with others; nil where it cannot.
func (s *Service) direct(c Caller, r record, confirm bool, call once.Call) *direct {
	if !confirm || r.kind != Transfer && r.kind != Purchase || r.capture == ByLink || r.payer == "" {
		return nil
	}
	d := &direct{shared: s.shared(c, call, opCreate, r.id), draft: r,
		from: WalletAddress(identity.PersonID(r.payer), r.amount.Currency), to: WalletAddress(identity.PersonID(r.payee), r.amount.Currency)}
	if isShop(r.payee) {
		d.to = merchant.ReceiptsAddress(merchant.ID(r.payee), r.amount.Currency)
	}
	return d
}

// payTogether makes payments in one transaction. One whose accounts are not both there is made alone, which opens them or says why not.
func (s *Service) payTogether(tx *db.Tx, all []*direct) error {
	addresses := make([]string, 0, 2*len(all))
	for _, d := range all {
		addresses = append(addresses, d.from, d.to)
	}
	numbers, err := s.Ledger.Numbers(tx, addresses)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	group := make([]*direct, 0, len(all))
	entries, until := make([]ledger.Entry, 0, len(all)), make([]time.Time, 0, len(all))
	for i, d := range all {
		from, to := numbers[2*i], numbers[2*i+1]
		if d.alone = from == 0 || to == 0; d.alone {
			continue
		}
		d.row = d.draft
		if err := d.row.begin(d.caller, now); err != nil {
			return err
		}
		group, entries = append(group, d), append(entries, s.approved(&d.row, from, to, now))
		until = append(until, d.row.holdUntil)
	}
	if len(group) == 0 {
		return nil
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
