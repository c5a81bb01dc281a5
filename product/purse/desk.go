package purse

import (
	"context"

	"billfold/base/db"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
	"billfold/product/purse/store"
)

// freshDesk makes the issuer's side for one module: a module of its own, certified as issuer, that holds nothing between two commands.
func (s *Issuer) freshDesk(i proto.ID) (step.State, error) {
	now := s.o.Clock.Now()
	c := proto.Certificate{ID: i, Role: proto.Issuer, Class: 3, Epoch: 1, NotBefore: now.Add(-daily).Unix(),
		NotAfter: now.Add(20 * 365 * daily).Unix(),
		Key:      s.desk.Public(), Root: s.Roots()[0].Name(), Name: "Billfold", Count: 1 << 53, Hops: true}
	for _, currency := range s.o.Currencies[:min(len(s.o.Currencies), proto.MaxSlots)] {
		c.Terms = append(c.Terms, terms(proto.Issuer, 3, 0, currency))
	}
	sortTerms(c.Terms)
	certificate, err := proto.Sign(s.root, s.o.Network, c)
	if err != nil {
		return step.State{}, err
	}
	params, err := proto.Sign(s.root, s.o.Network, proto.Params{Module: i, Epoch: 1, At: now.Unix(), Certificate: certificate.Encode()})
	if err != nil {
		return step.State{}, err
	}
	state, _, r := step.Step(step.Fresh(i), proto.Command{INS: proto.INSParams, Data: params.Encode()}, s.env(s.desk))
	if r.SW() != proto.OK {
		return state, ErrEnrolment
	}
	return state, nil
}

// counter is a desk in a transaction: a store whose commit is the transaction's. It has the customer pay for a load before the desk
// sends the value, and pays out an unload when the desk has taken it.
type counter struct {
	b     *books
	desk  deskRow
	state step.State
	err   error // why a commit failed: the transaction has to fail with it
}

// Load returns the desk's state. For a load it holds for this one command what the customer is about to pay.
func (c *counter) Load() (step.State, error) { return c.state, nil }

// Commit moves the money and keeps the state; neither happens when either fails, because the transaction fails.
func (c *counter) Commit(next step.State, records step.Records) error {
	c.err = c.commit(next, records)
	return c.err
}

func (c *counter) commit(next step.State, records step.Records) error {
	for _, signed := range records {
		var r proto.Record
		if !proto.Decode(signed.Payload, &r) {
			return ErrMessage
		}
		raw := signed.Encode()
		if err := c.b.apply(&r, raw); err != nil {
			return err
		}
	}
	if err := c.b.post(); err != nil {
		return err
	}
	return c.b.keepDesk(c.desk.id, next)
}

// keepDesk writes a desk's next state.
func (b *books) keepDesk(id string, next step.State) error {
	for i := range next.Slots {
		next.Slots[i] = proto.Slot{Currency: next.Slots[i].Currency} // a desk holds nothing: the ledger does
	}
	next.Count, next.History = 0, nil
	if next.Status == step.Idle {
		next.Log = nil // what it gave up is archived: purse_transfer, in this transaction
	}
	_, err := b.tx.Exec(updateDesk, id, next.Encode())
	return err
}

// Records returns nothing: a desk's history is the database's.
func (c *counter) Records(uint64) ([]proto.Signed, error) { return nil, store.ErrArchived }

// Desk gives one command to the issuer's side of a module, over whatever connection the caller has authenticated the module's
// holder. A load is INSHello, then INSDebit with the purse's REQ, then INSComplete; an unload is INSStart with the purse's
// HELLO, then INSTake. A desk takes unloads from its own purse only. The answer is released when the transaction is on disk. Faults:
// purse_not_found, purse_blocked, purse_message, and the ledger's, insufficient_funds before all.
func (s *Issuer) Desk(ctx context.Context, module proto.ID, c proto.Command) (store.Sealed, error) {
	return db.Write(ctx, s.o.DB, func(tx *db.Tx) (store.Sealed, error) {
		m, err := s.module(tx, module, true)
		if err != nil {
			return store.Sealed{}, err
		}
		if m.State != Active {
			return store.Sealed{}, ErrBlocked
		}
		if c.INS == proto.INSStart && !presents(c.Data, module) {
			return store.Sealed{}, ErrMessage
		}
		row, err := db.One(tx, scanDesk, selectDesk, module.String())
		if err != nil {
			return store.Sealed{}, err
		}
		state, ok := step.Decode(row.state)
		if !ok {
			return store.Sealed{}, errRow
		}
		at := &counter{b: s.books(tx), desk: row, state: state}
		env := s.env(s.desk)
		if c.INS == proto.INSDebit {
			at.fund(c.Data, module, &env)
		}
		open, err := store.Open(at)
		if err != nil {
			return store.Sealed{}, err
		}
		sealed := open.Do(c, env)
		return sealed, at.err
	})
}

// presents tells whether a start's HELLO is this module's.
func presents(data []byte, module proto.ID) bool {
	start, ok := proto.ParseStart(data)
	var hello proto.Hello
	var c proto.Certificate
	if !ok || !proto.Decode(start.Hello, &hello) {
		return false
	}
	_, ok = proto.Open(hello.Certificate, &c)
	return ok && c.ID == module
}

// fund puts what a REQ asks for into the desk's slot and agrees to it. Only this desk's module is served, only loads.
func (c *counter) fund(data []byte, module proto.ID, env *step.Env) {
	both, ok := proto.ParseIntroduced(data)
	var r proto.Request
	if !ok {
		return
	}
	if _, ok := proto.Open(both.Message, &r); !ok || r.To != module || r.Purpose != proto.Load {
		return
	}
	for i := range c.state.Slots {
		if c.state.Slots[i].Currency == r.Currency && r.Value <= 1<<53 {
			c.state.Slots[i].Own = r.Value
		}
	}
	env.Consent = &step.Consent{Payee: r.To, Value: r.Value, Currency: r.Currency, Purpose: r.Purpose}
}

// Exchange sets aside what an exchange between two slots gives, and signs the order for it: online, at terms that the caller
// has agreed with the holder. house is the ledger address, without its currency, that gives and takes. The order lapses when
// the purse's next sync shows that it took another turn. Faults: purse_not_found, purse_blocked, purse_message,
// insufficient_funds.
func (s *Issuer) Exchange(ctx context.Context, o proto.Order, house string) ([]byte, error) {
	return db.Write(ctx, s.o.DB, func(tx *db.Tx) ([]byte, error) {
		m, err := s.module(tx, o.Module, true)
		if err != nil {
			return nil, err
		}
		if m.State != Active {
			return nil, ErrBlocked
		}
		if o.Take <= 0 || o.Give <= 0 || o.From == o.To {
			return nil, ErrMessage
		}
		row, found, err := one(tx, scanOrder, selectOrder, o.Module.String(), int64(o.Seq))
		if err != nil {
			return nil, err
		}
		if found && (row.from != o.From || row.to != o.To || row.take != o.Take || row.give != o.Give) {
			return nil, ErrMessage
		}
		if !found {
			if err := s.setAside(tx, o, house); err != nil {
				return nil, err
			}
		}
		signed, err := proto.Sign(s.root, s.o.Network, o)
		return signed.Encode(), err
	})
}

func (s *Issuer) setAside(tx *db.Tx, o proto.Order, house string) error {
	b := s.books(tx)
	name := s.o.IDs.New("pex")
	legs, err := b.legs(house, transitAddress, o.To, o.Give)
	if err != nil {
		return err
	}
	b.entries = append(b.entries, entryOf(name, 1, "purse.convert_order", legs))
	if err := b.post(); err != nil {
		return err
	}
	_, err = tx.Exec(insertOrder, o.Module.String(), int64(o.Seq), o.From, o.Take, o.To, o.Give, house, name, orderOpen)
	return err
}
