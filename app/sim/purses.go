package sim

import (
	"context"
	"errors"
	"fmt"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/ledger"
	issuer "billfold/product/purse"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
	"billfold/product/purse/store"
)

// device is an offline purse, or a till, with its store in memory: it survives every death of the product, which it is no part of. What it
// holds is counted here too.
type device struct {
	w      *world
	owner  string
	payout string // where its money comes from and goes
	id     proto.ID
	key    proto.PrivateKey
	module *store.Module
	holds  int64
	closed int64 // of a till: in batches that are not told yet
	lost   int64 // of a purse: paid, and never taken: it goes back to the payer's wallet when both have told
}

// errDevice says that a device, or the desk that serves it, refused a command.
var errDevice = errors.New("sim: a device refused")

// enrol makes purses of three people and a till of each shop, all in euro, when one is used for the first time.
func (w *world) enrol(ctx context.Context) error {
	if len(w.purses) > 0 {
		return nil
	}
	for _, owner := range append(w.people[:3:3], w.shops...) {
		d := &device{w: w, owner: owner, payout: "user/" + owner}
		e := issuer.Enrolment{Owner: owner, Role: proto.Holder, Class: 3, Currencies: []string{"EUR"}}
		if isShop(owner) {
			d.payout, e.Role, e.Name = "merchant/"+owner, proto.Acceptor, "Till"
		}
		var err error
		if d.key, err = proto.NewPrivateKey(); err != nil {
			return err
		}
		e.Payout, e.Key = d.payout, d.key.Public()
		m, params, err := w.Purses.Enrol(ctx, e)
		if err != nil {
			return err
		}
		d.id = m.ID
		if d.module, err = store.Open(store.NewMemory(step.Fresh(m.ID))); err != nil {
			return err
		}
		if _, err := d.do(proto.INSParams, params); err != nil {
			return err
		}
		if isShop(owner) {
			w.tills = append(w.tills, d)
		} else {
			w.purses = append(w.purses, d)
		}
	}
	return nil
}

func (d *device) account() string { return d.payout + "/EUR" }

// brings changes what the device's owner has outside of purses.
func (d *device) brings(minor int64) {
	d.w.m.accounts[d.account()].posted += minor
	d.w.touch(d.account())
}

// do gives the device a command; its holder agrees to whatever is asked.
func (d *device) do(ins proto.Instruction, data []byte) ([]byte, error) {
	env := step.Env{Now: d.w.Clock.Now().Unix(), Network: d.w.Purses.Network(), Roots: d.w.Purses.Roots(), Signer: d.key}
	if ins == proto.INSDebit {
		both, _ := proto.ParseIntroduced(data)
		var r proto.Request
		proto.Open(both.Message, &r)
		env.Consent = &step.Consent{Payee: r.To, Value: r.Value, Currency: r.Currency, Purpose: r.Purpose}
	}
	return answerOf(ins, d.module.Do(proto.Command{INS: ins, Data: data}, env))
}

// desk gives a command to the issuer's side of the device.
func (d *device) desk(ctx context.Context, ins proto.Instruction, data []byte) ([]byte, error) {
	var sealed store.Sealed
	err := patient(ctx, func() (err error) {
		sealed, err = d.w.Purses.Desk(ctx, d.id, proto.Command{INS: ins, Data: data})
		return err
	})
	if err != nil {
		return nil, err
	}
	return answerOf(ins, sealed)
}

func answerOf(ins proto.Instruction, sealed store.Sealed) ([]byte, error) {
	out, sw, ok := proto.ParseResponse(sealed.Envelope())
	if !ok || sw != proto.OK {
		return nil, fmt.Errorf("%w: %s to %02X", errDevice, sw, byte(ins))
	}
	return out, nil
}

// chain gives each command what the one before answered, and the first one nothing.
type chain struct {
	data []byte
	err  error
}

func (c *chain) then(f func(data []byte) ([]byte, error)) {
	if c.err == nil {
		c.data, c.err = f(c.data)
	}
}

func (c *chain) at(d *device, ins proto.Instruction) {
	c.then(func(data []byte) ([]byte, error) { return d.do(ins, data) })
}

func (c *chain) desk(ctx context.Context, d *device, ins proto.Instruction) {
	c.then(func(data []byte) ([]byte, error) { return d.desk(ctx, ins, data) })
}

// start makes the data of INSStart from a HELLO.
func (c *chain) start(minor int64, purpose proto.Purpose) {
	c.then(func(hello []byte) ([]byte, error) {
		return proto.Start{Hello: hello, Value: minor, Currency: "EUR", Purpose: purpose}.Encode(), nil
	})
}

// giveUp ends what is open on a device.
func (d *device) giveUp() error {
	if d.module.State().Open == nil {
		return nil
	}
	_, err := d.do(proto.INSAbort, nil)
	return err
}

// offline is something that people do with their purses: nobody at the issuer hears of payments between them before they tell.
func (w *world) offline(ctx context.Context) error {
	if err := w.enrol(ctx); err != nil {
		return err
	}
	from, minor := one(w, w.purses), 1+w.dice.Int64N(900)
	switch n := w.dice.IntN(12); {
	case n < 4:
		return w.load(ctx, from, 3*minor)
	case n < 5:
		return w.unload(ctx, from, minor)
	case n < 9:
		return w.payOffline(from, one(w, w.tills), minor, n == 8)
	}
	to := one(w, w.purses)
	if to == from {
		return nil
	}
	return w.payOffline(from, to, minor, w.dice.IntN(3) == 0)
}

// load fills a purse from its owner's wallet.
func (w *world) load(ctx context.Context, d *device, minor int64) error {
	var c chain
	c.desk(ctx, d, proto.INSHello)
	c.start(minor, proto.Load)
	c.at(d, proto.INSStart)
	if c.err != nil {
		return w.refused("load", c.err, d)
	}
	c.desk(ctx, d, proto.INSDebit)
	done, wrong := w.judge(c.err, w.m.against([]leg{{d.account(), "sim/free", minor}}, false))
	if !done {
		return errors.Join(wrong, d.giveUp())
	}
	d.brings(-minor)
	c.at(d, proto.INSCredit)
	c.desk(ctx, d, proto.INSComplete)
	d.holds += minor
	w.counts["purse: loaded"]++
	return c.err
}

// unload brings money from a purse back to the wallet.
func (w *world) unload(ctx context.Context, d *device, minor int64) error {
	if w.m.frozen[d.owner] {
		return nil
	}
	var c chain
	c.at(d, proto.INSHello)
	c.start(minor, proto.Unload)
	c.desk(ctx, d, proto.INSStart)
	if c.at(d, proto.INSDebit); c.err != nil {
		// The desk waits for what the purse does not give: the purse's next turn tells it.
		return w.refused("unload", c.err, d)
	}
	if minor > d.holds {
		return fmt.Errorf("%w: a purse that holds %d gave %d", errWrong, d.holds, minor)
	}
	d.holds -= minor
	d.brings(minor)
	c.desk(ctx, d, proto.INSTake)
	c.at(d, proto.INSComplete)
	w.counts["purse: unloaded"]++
	return c.err
}

// payOffline pays from a purse to a till or another purse; what is lost on the way both give up.
func (w *world) payOffline(from, to *device, minor int64, lost bool) error {
	if w.m.accounts[to.account()] == nil {
		return nil // a shop without its first payment has no account yet
	}
	purpose, take := proto.Purchase, proto.INSTake
	if !isShop(to.owner) {
		purpose, take = proto.Person, proto.INSCredit
	}
	var c chain
	c.at(from, proto.INSHello)
	c.start(minor, purpose)
	c.at(to, proto.INSStart)
	if c.at(from, proto.INSDebit); c.err != nil {
		return w.refused("payment", c.err, from, to)
	}
	if minor > from.holds {
		return fmt.Errorf("%w: a purse that holds %d paid %d", errWrong, from.holds, minor)
	}
	from.holds -= minor
	if lost {
		from.lost += minor
		w.counts["purse: lost on the way"]++
		return errors.Join(from.giveUp(), to.giveUp())
	}
	c.at(to, take)
	c.at(from, proto.INSComplete)
	to.holds += minor
	w.counts["purse: paid"]++
	return c.err
}

// refused ends what devices have begun; what one refuses moves nothing. Any other error is wrong.
func (w *world) refused(what string, err error, all ...*device) error {
	if _, known := fault.As(err); !known && !errors.Is(err, errDevice) {
		return err
	}
	w.counts["purse: refused "+what]++
	for _, d := range all {
		if err := d.giveUp(); err != nil {
			return err
		}
	}
	return nil
}

// collect has tills close their batches, and everybody tell the issuer, in any order and some of them twice: afterwards the books have of
// each device what it holds, and of each owner what was bought from them or lost on the way.
func (w *world) collect(ctx context.Context) error {
	if err := w.enrol(ctx); err != nil {
		return err
	}
	all := append(w.purses[:len(w.purses):len(w.purses)], w.tills...)
	for _, d := range all {
		if w.m.frozen[d.owner] || w.m.accounts[d.account()] == nil {
			return nil // nothing reaches who is frozen
		}
	}
	for _, till := range w.tills {
		if _, err := till.do(proto.INSBatch, nil); err != nil && !errors.Is(err, errDevice) {
			return err
		} else if err == nil {
			till.closed, till.holds = till.closed+till.holds, 0
		}
	}
	for _, n := range w.dice.Perm(len(all)) {
		if err := all[n].tell(ctx, w.dice.IntN(3) == 0); err != nil {
			return fmt.Errorf("sync of %s: %w", all[n].owner, err)
		}
	}
	for _, d := range all {
		d.brings(d.closed + d.lost)
		d.closed, d.lost = 0, 0
	}
	w.counts["purse: collected"]++
	return w.told(ctx, all)
}

// tell has a device tell the issuer everything, once or twice, and take home what it answers.
func (d *device) tell(ctx context.Context, again bool) error {
	nonce, err := d.w.Purses.Nonce(ctx, d.id)
	if err != nil {
		return err
	}
	b := issuer.Bundle{}
	if b.Statement, err = d.do(proto.INSState, nonce); err != nil {
		return err
	}
	records, err := d.module.Records(d.module.State().Archived)
	if err != nil {
		return err
	}
	for _, r := range records {
		b.Records = append(b.Records, r.Encode())
	}
	var answer issuer.Answer
	sync := func() (err error) { answer, err = d.w.Purses.Sync(ctx, b); return err }
	if err := patient(ctx, sync); err != nil {
		return err
	}
	if again { // its answer was lost
		d.w.counts["purse: told twice"]++
		if err := patient(ctx, sync); err != nil {
			return err
		}
	}
	if len(answer.Params) > 0 {
		if _, err := d.do(proto.INSParams, answer.Params); err != nil {
			return err
		}
	}
	if len(answer.Clear) > 0 {
		_, err = d.do(proto.INSClear, answer.Clear)
	}
	return err
}

// told holds the books against what all devices hold.
func (w *world) told(ctx context.Context, all []*device) error {
	var purses, tills int64
	for _, d := range all {
		if isShop(d.owner) {
			tills += d.holds
		} else {
			purses += d.holds
		}
		var shadow ledger.Balance
		if err := w.DB.Read(ctx, func(tx *db.Tx) error {
			number, err := w.Ledger.Number(tx, "purse/"+d.id.String()+"/EUR")
			if err == nil {
				shadow, err = w.Ledger.Balance(tx, number)
			}
			return err
		}); err != nil {
			return err
		}
		w.note("purse of "+d.owner, shadow.Posted)
		if shadow.Posted != d.holds {
			return fmt.Errorf("the books say that the device of %s holds %d; the model says %d", d.owner, shadow.Posted, d.holds)
		}
	}
	totals, err := w.Purses.Totals(ctx)
	if err != nil {
		return err
	}
	for _, t := range totals {
		if t.Currency == "EUR" && (t.InPurses != purses || t.InTills != tills || t.Transit != 0 || t.Suspense != 0 ||
			t.Issued != t.Redeemed+purses+tills) {
			return fmt.Errorf("the totals of purses are %+v; the model says %d in purses, %d in tills", t, purses, tills)
		}
	}
	var found error
	err = w.Purses.Verify(ctx, func(f issuer.Finding) { found = errors.Join(found, fmt.Errorf("%+v", f)) })
	return errors.Join(err, found)
}
