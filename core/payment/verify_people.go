package payment

import (
	"context"
	"maps"
	"slices"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/ledger"
)

// carried is what a payment that travels by a link has brought to somebody, and what is still on its way.
func carried(payment ID, entries map[ledger.EntryID]ledger.Entry) (moved, held int64) {
	sum := func(step uint8) (n int64) {
		for _, leg := range entries[entryID(payment, step)].Legs {
			n += leg.Amount
		}
		return n
	}
	moved = sum(entryCapture)
	return moved, sum(entryMove) - moved - sum(entryVoid) - sum(entryExpire)
}

// verifyLinks compares what is in the accounts of links with what the open links carry, in one snapshot.
func (s *Service) verifyLinks(ctx context.Context, found finder) error {
	return s.DB.Read(ctx, func(tx *db.Tx) error {
		open, err := db.All(tx, scanOpenLink, selectOpenLinks)
		if err != nil {
			return err
		}
		sums := map[string]*money.Sum128{}
		for _, a := range open {
			at := LinksAddress(a.Currency)
			if sums[at] == nil {
				sums[at] = &money.Sum128{}
			}
			sums[at].Add(a.Minor)
		}
		accounts, err := s.Ledger.OwnedBy(tx, "link")
		if err != nil {
			return err
		}
		for _, account := range accounts {
			b, err := s.Ledger.Balance(tx, account.ID)
			if err != nil {
				return err
			}
			var want money.Sum128
			if sum := sums[account.Address]; sum != nil {
				want = *sum
			}
			delete(sums, account.Address)
			if minor, ok := want.Int64(); !ok || minor != b.Posted {
				found("account "+account.Address, "has %d, but the open links carry %s", b.Posted, want)
			}
		}
		for _, at := range slices.Sorted(maps.Keys(sums)) {
			found("account "+at, "does not exist, but the open links carry %s", *sums[at])
		}
		return nil
	})
}

// verifyPeople checks every request against its shares, and every contact that was paid against the payment that says so.
func (s *Service) verifyPeople(ctx context.Context, found finder) error {
	for after := ""; ; {
		rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]requestRow, error) {
			rows, err := db.All(tx, scanRequest, selectAllAsked, after, verifySlice)
			if err != nil || len(rows) == 0 {
				return nil, err
			}
			return rows, verifyRequests(tx, rows, found)
		})
		if err != nil {
			return err
		}
		if len(rows) < verifySlice {
			break
		}
		after = string(rows[len(rows)-1].id)
	}
	for last := (paidRow{}); ; {
		rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]paidRow, error) {
			rows, err := db.All(tx, scanPaid, selectPaid, last.owner, last.person, verifySlice)
			if err != nil {
				return nil, err
			}
			return rows, verifyContacts(tx, rows, found)
		})
		if err != nil || len(rows) < verifySlice {
			return err
		}
		last = rows[len(rows)-1]
	}
}

func verifyRequests(tx *db.Tx, rows []requestRow, found finder) error {
	args := make([]any, len(rows))
	for i := range rows {
		args[i] = string(rows[i].id)
	}
	shares, err := db.All(tx, scanShare, selectSharesIDs+db.In(1, len(args))+" order by s.request, s.n", args...)
	if err != nil {
		return err
	}
	of := map[RequestID][]shareRow{}
	for _, w := range shares {
		of[w.request] = append(of[w.request], w)
	}
	for _, q := range rows {
		where := "request " + string(q.id)
		var sum money.Sum128
		sum.Add(q.own)
		for _, w := range of[q.id] {
			if w.pay.payee != q.owner || w.pay.creator != q.owner || w.pay.amount.Currency != q.total.Currency ||
				w.person != "" && w.pay.payer != w.person {
				found(where, "its share %d is paid by %s, which is another payment", w.n, w.pay.id)
			}
			if !w.replaced {
				sum.Add(w.pay.amount.Minor)
			}
		}
		if minor, ok := sum.Int64(); !ok || minor != q.total.Minor {
			found(where, "its shares sum to %s, its total is %d", sum, q.total.Minor)
		}
	}
	return nil
}

func verifyContacts(tx *db.Tx, rows []paidRow, found finder) error {
	var args []any
	for _, p := range rows {
		if p.payment != "" {
			args = append(args, p.payment)
		}
	}
	known := map[string]record{}
	var failed error
	db.Chunks(args, 1, func(n int, args []any) {
		list, err := db.All(tx, scanRecord, selectRecordIDs+db.In(1, n), args...)
		if err != nil && failed == nil {
			failed = err
		}
		for _, r := range list {
			known[string(r.id)] = r
		}
	})
	for _, p := range rows {
		r, there := known[p.payment]
		if p.payment != "" && (!there || r.kind != Transfer || r.payer != p.owner || r.payee != p.person || r.captured == 0) {
			found("contact "+p.owner+"/"+p.person, "says it was paid by %s, which it was not", p.payment)
		}
	}
	return failed
}
