package purse

import (
	"errors"
	"strings"

	"billfold/base/db"
	"billfold/base/id"
	"billfold/core/ledger"
	"billfold/product/purse/proto"
)

// party is one side of a transfer: a module, or the desk that serves one.
type party struct {
	module Module // the module, or the one that the desk serves
	desk   bool
	known  bool
}

// books are one transaction's view of the evidence: it reads and writes transfers, and collects the entries that move their value.
type books struct {
	s       *Issuer
	tx      *db.Tx
	parties map[proto.ID]party
	entries []ledger.Entry
	batches []*proto.Record // that tills closed, to be paid when all evidence is in
	locked  bool            // all accounts are
}

// books opens the books in a transaction. Both sides of a transfer may bring their evidence at the same moment: its row is
// locked, and whoever inserts it second runs again and finds it.
func (s *Issuer) books(tx *db.Tx) *books {
	tx.RerunOnConflict("purse_transfer")
	return &books{s: s, tx: tx, parties: map[proto.ID]party{}}
}

// party finds out who an id is.
func (b *books) party(i proto.ID) (party, error) {
	if p, ok := b.parties[i]; ok {
		return p, nil
	}
	m, found, err := one(b.tx, scanModule, selectModule, i.String())
	if found && m.State == Lost { // payOut may be giving back what it holds just now: after it, or before it, but not beside it
		m, found, err = one(b.tx, scanModule, selectModule+b.tx.ForUpdate(), i.String())
	}
	p := party{module: m, known: found}
	if err == nil && !found {
		var d deskRow
		if d, found, err = one(b.tx, scanDesk, selectDeskByID, i.String()); found {
			served, _ := proto.ParseID(d.module)
			m, err = b.s.module(b.tx, served, false)
			p = party{module: m, desk: true, known: true}
		}
	}
	if err == nil {
		b.parties[i] = p
	}
	return p, err
}

// target is where the value of a transfer belongs, by what both sides have said. desk tells whether one of them is the issuer's own.
func (t *Transfer) target(desk bool) Place {
	switch {
	case t.PayeeSaid == Done:
		return Arrived
	case t.PayerSaid == Silent:
		return Nowhere
	case t.PayeeSaid == GaveUp:
		return Returned
	case desk:
		return InTransit
	}
	return Suspended
}

// final tells whether a place is the end of a transfer.
func (p Place) final() bool { return p == Arrived || p == Returned || p == Disputed }

// accounts are the ledger addresses of a transfer.
func (b *books) accounts(t *Transfer) (source, parked, dest, back string, err error) {
	from, err := b.party(t.From)
	if err != nil {
		return
	}
	to, err := b.party(t.To)
	if err != nil {
		return
	}
	source, parked = shadowAddress(t.From), suspenseAddress
	dest, back = shadowAddress(t.To), from.module.Payout
	if from.desk {
		source, parked, back = from.module.Payout, transitAddress, from.module.Payout
	}
	switch {
	case to.desk:
		dest, parked = to.module.Payout, transitAddress
	case to.module.State == Refunded:
		dest = to.module.Payout // a lost purse that was paid out: what is still proved to have reached it follows
	}
	return source, parked, dest, back, nil
}

// move posts a transfer from the place where it is to another: one entry, or two for an unload, which goes through transit as a load does.
func (b *books) move(t *Transfer, to Place) error {
	source, parked, dest, back, err := b.accounts(t)
	if err != nil || t.Place == to {
		return err
	}
	if t.Place == Nowhere && to != InTransit && parked == transitAddress {
		if err := b.move(t, InTransit); err != nil {
			return err
		}
	}
	from := source
	if t.Place == InTransit || t.Place == Suspended {
		from = parked
	}
	target := parked
	switch to {
	case Arrived:
		target = dest
	case Returned:
		target = back
	}
	legs, err := b.legs(from, target, t.Currency, t.Value)
	if err != nil {
		return err
	}
	b.entries = append(b.entries, entryOf(t.Name, uint8(to), kinds[to], legs))
	t.Place = to
	return nil
}

var kinds = [...]string{"purse.none", "purse.transit", "purse.suspense", "purse.paid", "purse.refund", "purse.disputed"}

// legs moves value between two addresses. Where it comes into the world of purses or leaves it, the pool is moved too: it can never be
// redeemed for more than was issued.
func (b *books) legs(from, to, currency string, value int64) ([]ledger.Leg, error) {
	inside := func(address string) bool {
		return strings.HasPrefix(address, "purse/") && address != owedAddress && address != lossAddress
	}
	pairs := [][2]string{{from, to}}
	switch {
	case !inside(from) && inside(to):
		pairs = append(pairs, [2]string{poolAddress, issuedAddress})
	case inside(from) && !inside(to):
		pairs = append(pairs, [2]string{issuedAddress, poolAddress})
	}
	var legs []ledger.Leg
	for _, p := range pairs {
		debit, err := b.s.account(b.tx, p[0], currency, limitOf(p[0]))
		if err != nil {
			return nil, err
		}
		credit, err := b.s.account(b.tx, p[1], currency, limitOf(p[1]))
		if err != nil {
			return nil, err
		}
		legs = append(legs, ledger.Leg{Debit: debit, Credit: credit, Amount: value})
	}
	return legs, nil
}

// post writes the collected entries, and then pays the batches.
func (b *books) post() error {
	if err := b.postEntries(); err != nil {
		return err
	}
	for _, r := range b.batches {
		if err := b.settle(r); err != nil {
			return err
		}
		if err := b.postEntries(); err != nil {
			return err
		}
	}
	b.batches = nil
	return nil
}

func (b *books) postEntries() error {
	if len(b.entries) > 0 || len(b.batches) > 0 {
		if err := b.lockAccounts(); err != nil {
			return err
		}
	}
	for len(b.entries) > 0 {
		n := min(len(b.entries), 1000)
		results, err := b.s.o.Ledger.PostBatch(b.tx, b.entries[:n], true)
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.Err != nil && !errors.Is(r.Err, ledger.ErrBatchRefused) {
				return r.Err
			}
		}
		b.entries = b.entries[n:]
	}
	b.entries = nil
	return nil
}

// entryOf is the n-th entry of what has a name.
func entryOf(name string, n uint8, kind string, legs []ledger.Leg) ledger.Entry {
	return ledger.Entry{ID: ledger.EntryID(id.Step(name, ledger.Prefix, n)), Kind: kind, Reference: name, Legs: legs}
}
