package payment

import (
	"context"
	"time"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/gather"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
)

// Most of what a wallet does are payments whose payer says yes in the request that makes them. Those that come at the same time are made in
// one transaction, with one statement for the rows of one kind: a statement costs PostgreSQL some 30 µs before it does anything, and a
// payment by itself is a dozen. Each is decided on its own, in the order in which they came, as the ledger decides a batch.

const (
	// directLanes is how many groups are under way: one runs while another waits for its flush.
	directLanes = 2
	// directMost bounds a group, and how long the first of it waits for the last.
	directMost = 32
	// directRoom bounds those who wait; the gate lets in fewer.
	directRoom = 4096
)

// direct is a payment that is approved as it is made, between accounts that are known.
type direct struct {
	gather.Turn
	caller   Caller
	call     once.Call
	draft    record // never written to, because a body may run twice
	from, to ledger.AccountID

	row   record
	happy string // what there is to announce
	err   error
	alone bool // this one needs a transaction of its own
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
	d := &direct{caller: c, call: call, draft: r}
	d.call.Caller, d.call.Operation = c.name(), opCreate
	var known bool
	if d.from, known = s.Ledger.KnownNumber(WalletAddress(identity.PersonID(r.payer), r.amount.Currency)); !known {
		return nil
	}
	if d.to, known = s.Ledger.KnownNumber(to); !known {
		return nil
	}
	return d
}

// payWithOthers makes a payment in a transaction that it shares with those that come at the same time. done is false where it has to be
// made alone: nothing was written then.
func (s *Service) payWithOthers(ctx context.Context, d *direct) (p Payment, done bool, err error) {
	limited, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	err = s.line.Wait(limited, d, 1, func(group []*direct) {
		s.payGroup(group)
		for _, d := range group {
			d.Done()
		}
	})
	if err == nil {
		if d.alone {
			return Payment{}, false, nil
		}
		err = d.err
	}
	if err != nil {
		p, err = s.again(ctx, d.caller, d.call, opCreate, undecided(err, d.draft.id))
		return p, true, err
	}
	p, err = s.show(limited, d.caller, d.row.answer())
	return p, true, err
}

// payGroup makes the payments of a group. Where that fails for another reason than the storage, everybody gets a transaction of their own,
// so that nobody fails for a neighbour.
func (s *Service) payGroup(group []*direct) {
	err := s.DB.Write(context.Background(), func(tx *db.Tx) error { return s.payTogether(tx, group) })
	for _, d := range group {
		if db.Apart(err) {
			d.alone = true
		} else if err != nil {
			d.err, d.alone = err, false
		}
	}
}

// payTogether makes payments in one transaction and sets what became of each.
func (s *Service) payTogether(tx *db.Tx, group []*direct) error {
	group, err := s.firstCalls(tx, group)
	if err != nil || len(group) == 0 {
		return err
	}
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
	paid := make([]*direct, 0, len(group))
	for i, d := range group {
		if d.err = nil; results[i].Err != nil {
			d.err = refusedSide(results[i].Err)
			continue
		}
		if d.happy, err = d.row.authorized(now); err != nil {
			return err
		}
		paid = append(paid, d)
	}
	s.storeTogether(tx, paid, now)
	return nil
}

// storeTogether queues what is kept of payments that were made.
func (s *Service) storeTogether(tx *db.Tx, paid []*direct, now time.Time) {
	rows, parties := make([]*record, len(paid)), make([]party, 0, 2*len(paid))
	events, answers := make([]event.Event, len(paid)), make([]once.Answer, len(paid))
	for i, d := range paid {
		rows[i] = &d.row
		d.row.remember(tx, now)
		parties = append(parties, d.row.parties(now)...)
		events[i] = d.row.news(d.happy, d.row.amount.Minor)
		answers[i] = once.Answer{Call: d.call, Object: string(d.row.id), Version: d.row.version}
	}
	storeNew(tx, rows...)
	storeParties(tx, parties...)
	s.Outbox.Append(tx, events...)
	once.Record(tx, answers...)
}

// firstCalls returns those of a group whose key is new. The others are made alone, which breaks the key's unique rule and finds the first
// answer. A twin that another process commits in between sends the whole group that way.
func (s *Service) firstCalls(tx *db.Tx, group []*direct) ([]*direct, error) {
	for _, d := range group {
		d.alone = false
	}
	if len(group) == 1 {
		return group, nil // by far the most calls are new
	}
	calls, seen := make([]once.Call, len(group)), make(map[once.Call]bool, len(group))
	for i, d := range group {
		calls[i] = d.call
		twin := d.call
		twin.Hash = [32]byte{} // another body under the same key is refused, but not here
		d.alone, seen[twin] = seen[twin], true
	}
	found, err := once.FindAll(tx, calls)
	if err != nil {
		return nil, err
	}
	first := make([]*direct, 0, len(group))
	for i, d := range group {
		if found[i] != (once.Earlier{}) {
			d.alone = true
		}
		if !d.alone {
			first = append(first, d)
		}
	}
	return first, nil
}
