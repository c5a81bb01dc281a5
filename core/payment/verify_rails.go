package payment

import (
	"context"
	"errors"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/fx"
	"billfold/core/ledger"
)

// holds is what the ledger has to hold for a payment in its state.
func (r *record) holds() int64 {
	switch {
	case r.state == Authorized, r.kind == Withdrawal && (r.state == Processing || r.state == Held):
		return r.amount.Minor
	}
	return 0
}

// verifySwap computes an exchange again from its quote's amount and rate, and compares every leg.
func (s *Service) verifySwap(tx *db.Tx, r *record, e ledger.Entry, found func(what string, args ...any)) error {
	if r.state != Completed {
		if len(e.Legs) > 0 {
			found("state is %s, but it was posted", r.state)
		}
		return nil
	}
	if s.Desk == nil {
		return nil
	}
	q, err := s.Desk.Get(tx, fx.QuoteID(r.reference))
	if err != nil {
		found("its quote %s cannot be read", r.reference)
		return nil
	}
	deal, err := fx.Convert(q.Deal.Amount, q.Mid)
	if err != nil || deal != q.Deal || q.Deal.Amount != r.amount || q.Deal.Fee.Minor != r.fee || q.UsedBy != string(r.id) {
		found("its quote %s says another thing than its rate and the payment", r.reference)
		return nil
	}
	want, err := s.swapLegs(tx, r, q)
	if err != nil {
		return err
	}
	same := len(want) == len(e.Legs)
	for i := range want {
		same = same && e.Legs[i].Debit == want[i].Debit && e.Legs[i].Credit == want[i].Credit && e.Legs[i].Amount == want[i].Amount
	}
	if !same {
		found("its ledger entry is not what its quote %s comes to", r.reference)
	}
	return nil
}

// verifyRails checks what came from banks against suspense, and what is owed against its accounts.
func (s *Service) verifyRails(ctx context.Context, found finder) error {
	if err := s.verifyArrivals(ctx, found); err != nil {
		return err
	}
	if err := s.verifyReceivables(ctx, found); err != nil {
		return err
	}
	return s.verifyKinds(ctx, found)
}

// heap is sums by an account's address; one snapshot reads rows and balances.
type heap map[string]*money.Sum128

func (h heap) add(address string, amount int64) {
	if h[address] == nil {
		h[address] = &money.Sum128{}
	}
	h[address].Add(amount)
}

// compare checks the sums against the balances of the accounts, each of which must have exactly its sum; sign turns those that
// are owed to us around.
func (h heap) compare(s *Service, tx *db.Tx, sign int64, found finder) error {
	for address, sum := range h {
		posted := int64(0)
		number, err := s.Ledger.Number(tx, address)
		if err == nil {
			var b ledger.Balance
			if b, err = s.Ledger.Balance(tx, number); err == nil {
				posted = b.Posted * sign
			}
		} else if errors.Is(err, ledger.ErrAccountNotFound) {
			err = nil
		}
		if err != nil {
			return err
		}
		if total, ok := sum.Int64(); !ok || total != posted {
			found("account "+address, "balance is %d, but %s is explained", posted, sum.String())
		}
	}
	return nil
}

// verifyArrivals reads in one snapshot: arrivals are few beside payments.
func (s *Service) verifyArrivals(ctx context.Context, found finder) error {
	return s.DB.Read(ctx, func(tx *db.Tx) error {
		suspense := heap{}
		for after := ""; ; {
			list, err := db.All(tx, scanArrival, selectArrivals, after, verifySlice)
			if err != nil {
				return err
			}
			for _, a := range list {
				after = string(a.ID)
				address := SuspenseAddress(a.Rail, a.Amount.Currency)
				suspense.add(address, 0)
				if a.State == ArrivalWaiting {
					suspense.add(address, a.Amount.Minor)
				}
				if err := s.verifyArrival(tx, a, found); err != nil {
					return err
				}
			}
			if len(list) < verifySlice {
				return suspense.compare(s, tx, 1, found)
			}
		}
	})
}

func (s *Service) verifyArrival(tx *db.Tx, a Arrival, found finder) error {
	in, back := arrivalEntryID(a.ID, arrivalIn), arrivalEntryID(a.ID, arrivalBack)
	entries, err := s.Ledger.Lookup(tx, in, back)
	if err != nil {
		return err
	}
	_, came := entries[in]
	_, went := entries[back]
	if came != (a.State != ArrivalCredited) || went != (a.State == ArrivalReturned) {
		found("arrival "+string(a.ID), "state is %s, but its ledger entries say otherwise", a.State)
	}
	if (a.State == ArrivalCredited || a.State == ArrivalAssigned) == (a.Became == "") {
		found("arrival "+string(a.ID), "state is %s, but it became %q", a.State, a.Became)
	}
	return nil
}

// verifyReceivables checks each debt against its repayments, and each account against its debts.
func (s *Service) verifyReceivables(ctx context.Context, found finder) error {
	return s.DB.Read(ctx, func(tx *db.Tx) error {
		owed := heap{}
		for after := ""; ; {
			list, err := db.All(tx, scanReceivable, selectReceivables, after, verifySlice)
			if err != nil {
				return err
			}
			for _, r := range list {
				after = string(r.Payment)
				owed.add(ReceivableAddress(r.Person, r.Amount.Currency), r.Amount.Minor-r.Paid)
				paid, err := db.All(tx, scanRepayment, selectRepayments, string(r.Payment))
				if err != nil {
					return err
				}
				sum := int64(0)
				for _, p := range paid {
					sum += p.amount
				}
				if sum != r.Paid || r.Paid > r.Amount.Minor {
					found("receivable "+string(r.Payment), "paid is %d of %d, but its repayments are %d", r.Paid, r.Amount.Minor, sum)
				}
			}
			if len(list) < verifySlice {
				return owed.compare(s, tx, -1, found)
			}
		}
	})
}

// verifyKinds looks for ledger entries that claim to be an arrival's or a repayment and are not.
func (s *Service) verifyKinds(ctx context.Context, found finder) error {
	for _, kind := range []string{entryArrive, entryRepay} {
		for cursor := ""; ; {
			next, err := db.Read(ctx, s.DB, func(tx *db.Tx) (string, error) {
				entries, next, err := s.Ledger.Entries(tx, ledger.Filter{Kind: kind, Before: cursor, Limit: verifySlice})
				for _, e := range entries {
					if err == nil {
						err = s.verifyStranger(tx, e, found)
					}
				}
				return next, err
			})
			if err != nil {
				return err
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return nil
}

func (s *Service) verifyStranger(tx *db.Tx, e ledger.Entry, found finder) error {
	if e.Kind == entryArrive {
		list, err := db.All(tx, scanArrival, selectArrival, e.Reference)
		if err != nil {
			return err
		}
		if len(list) == 0 || e.ID != arrivalEntryID(list[0].ID, arrivalIn) && e.ID != arrivalEntryID(list[0].ID, arrivalBack) {
			found("entry "+string(e.ID), "its arrival %q cannot have made it", e.Reference)
		}
		return nil
	}
	paid, err := db.All(tx, scanRepayment, selectRepayments, e.Reference)
	if err != nil {
		return err
	}
	for _, p := range paid {
		if p.entry == string(e.ID) && len(e.Legs) == 1 && e.Legs[0].Amount == p.amount {
			return nil
		}
	}
	found("entry "+string(e.ID), "its repayment of %q is not there", e.Reference)
	return nil
}
