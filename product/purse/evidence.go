package purse

import (
	"crypto/sha256"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// hashOf is a transfer's name between modules: the id of its VAL.
func hashOf(t proto.Transfer) proto.Hash {
	return sha256.Sum256(proto.Encode(proto.Value{Transfer: t}))
}

// apply takes over what one record proves. Its signature, and that of the message inside it, have been checked.
func (b *books) apply(r *proto.Record, raw []byte) error {
	switch r.Event {
	case proto.Paid:
		return b.heard(*r.Transfer, Done, Silent, raw)
	case proto.Taken:
		return b.heard(*r.Transfer, Silent, Done, raw)
	case proto.Closed:
		return b.heard(*r.Transfer, Done, Done, raw)
	case proto.Aborted:
		if r.Side == proto.Payer {
			return b.heard(*r.Transfer, GaveUp, Silent, raw)
		}
		return b.given(*r.Transfer, raw)
	case proto.Batched:
		b.batches = append(b.batches, r)
	case proto.Converted:
		return b.converted(r)
	}
	return nil
}

// heard notes what a side said about a transfer that its payer signed, and moves the value to where it belongs now.
func (b *books) heard(p proto.Transfer, payer, payee Said, raw []byte) error {
	t, isNew, fork, err := b.find(p)
	if err != nil {
		return err
	}
	if fork != nil {
		return b.forked(*fork, p, payee == Done, raw)
	}
	if payer > t.PayerSaid {
		t.PayerSaid = payer
	}
	if payee == Done && t.PayeeSaid == GaveUp { // it signed that it gave up, and that it took
		if t.Place == Returned {
			return b.openCase(CaseFork, t.To, t.Hash, p, raw)
		}
	}
	if payee > Silent && t.PayeeSaid != Done {
		t.PayeeSaid = payee
	}
	return b.settleTransfer(&t, isNew, raw)
}

// settleTransfer moves a transfer to its target and writes its row.
func (b *books) settleTransfer(t *Transfer, isNew bool, raw []byte) error {
	from, err := b.party(t.From)
	if err != nil {
		return err
	}
	to, err := b.party(t.To)
	if err != nil {
		return err
	}
	if to.desk && t.PayerSaid == GaveUp && t.PayeeSaid == Silent { // an unload whose VAL was lost
		if err := b.deskGivesUp(t, to); err != nil {
			return err
		}
		t.PayeeSaid = GaveUp
	}
	target := t.target(from.desk || to.desk)
	switch {
	case t.Place.final() && target != t.Place:
		if t.Place == Returned && target == Arrived {
			if err := b.openCase(CaseLate, t.To, t.Hash, t.Transfer, raw); err != nil {
				return err
			}
		}
	case from.module.State == Refunded && !from.desk && t.Place == Nowhere && target != Nowhere:
		t.Place = Disputed
		if err := b.openCase(CaseLate, t.To, t.Hash, t.Transfer, raw); err != nil {
			return err
		}
	case target != t.Place:
		if err := b.move(t, target); err != nil {
			return err
		}
	}
	if t.Place == Suspended && t.DueAt.IsZero() {
		t.DueAt = b.s.o.Clock.Now().Add(Window)
		if end := to.module.Until.Add(Window); end.After(t.DueAt) {
			t.DueAt = end
		}
	}
	if isNew {
		b.tx.Queue(insertTransfer, t.Hash[:], t.Name, t.From.String(), int64(t.FromSeq), t.To.String(), int64(t.ToSeq), t.Value, t.Currency,
			int64(t.Purpose), int64(t.Place), int64(t.PayerSaid), int64(t.PayeeSaid), clock.Micros(t.DueAt), clock.Micros(t.HeardAt))
		return nil
	}
	b.tx.Queue(updateTransfer, t.Hash[:], int64(t.Place), int64(t.PayerSaid), int64(t.PayeeSaid), clock.Micros(t.DueAt))
	return nil
}

// find returns the row of a transfer, or a new one; or the module that signed two transfers with one sequence number.
func (b *books) find(p proto.Transfer) (t Transfer, isNew bool, fork *proto.ID, err error) {
	hash := hashOf(p)
	for _, side := range []struct {
		query string
		who   *proto.ID
		seq   uint64
	}{{selectTransfer, &p.From, p.FromSeq}, {selectTransferTo, &p.To, p.ToSeq}} {
		t, found, err := one(b.tx, scanTransfer, side.query+b.tx.ForUpdate(), side.who.String(), int64(side.seq))
		if err != nil || found {
			if err == nil && t.Hash != hash { // the second question may find the same one: committed after the first was asked
				fork = side.who
			}
			return t, false, fork, err
		}
	}
	t = Transfer{Hash: hash, Name: b.s.o.IDs.New("ptx"), Transfer: p, HeardAt: b.s.o.Clock.Now()}
	given, found, err := one(b.tx, scanBytes, selectGiven, p.To.String(), int64(p.ToSeq))
	if found && string(given) == string(hash[:]) {
		t.PayeeSaid = GaveUp
	}
	return t, true, nil, err
}

// given notes that a payee gave a transfer up: from then on its value goes back, if it ever left.
func (b *books) given(p proto.Transfer, raw []byte) error {
	hash := hashOf(p)
	b.tx.Queue(insertGiven, p.To.String(), int64(p.ToSeq), hash[:])
	t, found, err := one(b.tx, scanTransfer, selectTransfer+b.tx.ForUpdate(), p.From.String(), int64(p.FromSeq))
	if err != nil || !found || t.Hash != hash {
		return err // the payer has not paid this one, as far as we know
	}
	if t.PayeeSaid == Done {
		return b.openCase(CaseFork, p.To, hash, p, raw)
	}
	t.PayeeSaid = GaveUp
	return b.settleTransfer(&t, false, raw)
}

// deskGivesUp has the desk that serves a purse give an unload up when the purse has: a late VAL is then refused, and both have
// signed. The purse's row is locked, so its desk stands still. A desk that does not expect the transfer has given it up before,
// or was never asked.
func (b *books) deskGivesUp(t *Transfer, to party) error {
	if to.module.ID != t.From {
		return nil // no desk takes from a purse that it does not serve
	}
	row, err := db.One(b.tx, scanDesk, selectDesk, t.From.String())
	if err != nil {
		return err
	}
	state, ok := step.Decode(row.state)
	if !ok {
		return errRow
	}
	if state.Open == nil || !state.Open.Same(t.Transfer) {
		return nil
	}
	next, _, r := step.Step(state, proto.Command{INS: proto.INSAbort}, b.s.env(b.s.desk))
	if r.SW() != proto.OK {
		return errRow
	}
	b.tx.Queue(insertGiven, t.To.String(), int64(t.ToSeq), t.Hash[:])
	return b.keepDesk(row.id, next)
}

// forked deals with a second transfer of one sequence number: the module that signed both is blocked, and an honest payee who
// has the VAL of the second is paid by us; the module's holder owes it.
func (b *books) forked(module proto.ID, p proto.Transfer, taken bool, raw []byte) error {
	paid := int64(0)
	if taken && module == p.From {
		paid = p.Value
	}
	n, err := b.caseRow(CaseFork, module, hashOf(p), p, paid, raw)
	if err != nil || n == 0 {
		return err // known already
	}
	if err := b.block(module); err != nil || paid == 0 {
		return err
	}
	t := Transfer{Transfer: p}
	_, _, dest, _, err := b.accounts(&t)
	if err != nil {
		return err
	}
	legs, err := b.legs(owedAddress, dest, p.Currency, p.Value)
	if err != nil {
		return err
	}
	b.entries = append(b.entries, ledger.Entry{Kind: "purse.fork", Reference: module.String(), Legs: legs})
	return nil
}

func (b *books) block(module proto.ID) error {
	delete(b.parties, module)
	_, err := b.tx.Exec(updateForked, module.String())
	return err
}

func (b *books) openCase(kind CaseKind, module proto.ID, hash proto.Hash, p proto.Transfer, raw []byte) error {
	_, err := b.caseRow(kind, module, hash, p, 0, raw)
	if err == nil && kind == CaseFork {
		err = b.block(module)
	}
	return err
}

// caseRow opens a case, unless it is known. paid is what the issuer pays to an honest payee because of it.
func (b *books) caseRow(kind CaseKind, module proto.ID, hash proto.Hash, p proto.Transfer, paid int64, raw []byte) (int64, error) {
	return b.tx.Exec(insertCase, b.s.o.IDs.New("pcs"), string(kind), module.String(), hash[:], p.Value, p.Currency, raw,
		clock.Micros(b.s.o.Clock.Now()), paid)
}

// settle pays a till's closed batch to its merchant: what the till has proved, and not what its payers have proved of the batches after
// this one. That can still be given back: it is no merchant's yet.
func (b *books) settle(r *proto.Record) error {
	till, err := b.party(r.Module)
	if err != nil {
		return err
	}
	for _, slot := range r.Slots {
		closed, still, err := b.history(&till.module, &proto.Statement{Next: r.Next}, slot.Currency)
		if err != nil {
			return err
		}
		if closed <= 0 || !still { // where the till's payers are telling right now, the next batch pays it
			continue
		}
		e := ledger.Entry{Kind: "purse.batch", Reference: r.Module.String()}
		if e.Legs, err = b.legs(shadowAddress(r.Module), till.module.Payout, slot.Currency, closed); err != nil {
			return err
		}
		b.entries = append(b.entries, e)
	}
	return nil
}

// converted ends an exchange between two slots.
func (b *books) converted(r *proto.Record) error {
	var o proto.Order
	if _, ok := proto.Open(r.Evidence, &o); !ok {
		return ErrMessage
	}
	row, found, err := one(b.tx, scanOrder, selectOrder, r.Module.String(), int64(o.Seq))
	if err != nil || !found || row.state != orderOpen {
		return err
	}
	out, err := b.legs(shadowAddress(r.Module), row.house, row.from, row.take)
	if err != nil {
		return err
	}
	in, err := b.legs(transitAddress, shadowAddress(r.Module), row.to, row.give)
	if err != nil {
		return err
	}
	b.entries = append(b.entries, entryOf(row.name, 2, "purse.convert", append(out, in...)))
	_, err = b.tx.Exec(updateOrder, r.Module.String(), int64(o.Seq), orderDone)
	return err
}

const (
	orderOpen   = "open"
	orderDone   = "done"
	orderLapsed = "lapsed"
)

// lapse takes back what was set aside for exchanges that a module has passed by.
func (b *books) lapse(m *Module, next uint64) error {
	list, err := db.All(b.tx, scanOrder, selectPassed, m.ID.String(), int64(next))
	if err != nil {
		return err
	}
	for _, row := range list {
		legs, err := b.legs(transitAddress, row.house, row.to, row.give)
		if err != nil {
			return err
		}
		b.entries = append(b.entries, entryOf(row.name, 3, "purse.convert_lapsed", legs))
		if _, err := b.tx.Exec(updateOrder, row.module, row.seq, orderLapsed); err != nil {
			return err
		}
	}
	return nil
}
