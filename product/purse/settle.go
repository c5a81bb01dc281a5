package purse

import (
	"context"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/product/purse/proto"
)

// Act is what a person did to a module or a case. Acts are only ever added.
type Act struct {
	ID     string
	Kind   string // "block", "restore" or "settle"
	Module proto.ID
	Object string // the case that was settled, and whose loss it is; empty for a module
	Actor  string // a person, a key, or the command line
	Reason string
	At     time.Time
}

// Decision is who decides, and why. Both are kept for ever; neither may be empty.
type Decision struct{ By, Reason string }

const maxReason = 500 // bytes

func (d Decision) complete() bool { return d.By != "" && d.Reason != "" && len(d.Reason) <= maxReason }

// Block takes a module out of service, by the operator. Tills learn of it with their next parameters, at most 48 hours later. What it
// holds stays; Restore brings it back. Faults: purse_not_found, purse_blocked, purse_settlement.
func (s *Issuer) Block(ctx context.Context, module proto.ID, d Decision) error {
	return s.decide(ctx, module, "block", d, updateState, string(Blocked), Active)
}

// Restore lets a blocked module work again from its next sync on. Faults: as Block.
func (s *Issuer) Restore(ctx context.Context, module proto.ID, d Decision) error {
	return s.decide(ctx, module, "restore", d, updateState, string(Active), Blocked)
}

func (s *Issuer) decide(ctx context.Context, module proto.ID, kind string, d Decision, q string, value any, from ...ModuleState) error {
	if !d.complete() {
		return ErrSettlement
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.change(tx, module, q, value, from); err != nil {
			return err
		}
		return s.act(tx, kind, module, "", d)
	})
}

func (s *Issuer) act(tx *db.Tx, kind string, module proto.ID, object string, d Decision) error {
	_, err := tx.Exec(insertAct, s.o.IDs.New("pac"), kind, module.String(), object, d.By, d.Reason, clock.Micros(s.o.Clock.Now()))
	return err
}

// Acts lists what was done after an act, oldest first, for the operator.
func (s *Issuer) Acts(ctx context.Context, after string, limit int) ([]Act, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Act, error) { return db.All(tx, scanAct, selectActs, after, limit) })
}

// Settle closes a case and says whose loss it is. The honest payee of a fork has been paid already, out of purse/owed: the forked
// purse's holder gives it back (ByHolder), or the issuer bears it (ByHouse). The payee of a late proof is paid now: by the
// payer's account, which has had the value back (ByHolder), or by the issuer (ByHouse); ByNobody leaves it with the payer. What
// cost nothing is closed ByNobody. When a module that exists twice has no open case any more it counts as lost: what it still
// holds is paid to its holder when its window is over. The same settlement again is answered as the first was. Faults:
// purse_case_not_found, purse_case_settled, purse_settlement, and the ledger's, insufficient_funds before all.
func (s *Issuer) Settle(ctx context.Context, id string, outcome Outcome, d Decision) (Case, error) {
	if !d.complete() || outcome == "" { // an open case has no outcome: that is not one to answer again
		return Case{}, ErrSettlement
	}
	return db.Write(ctx, s.o.DB, func(tx *db.Tx) (Case, error) {
		c, found, err := one(tx, scanCase, selectCase+tx.ForUpdate(), id)
		switch {
		case err != nil:
			return c, err
		case !found:
			return c, ErrCaseNotFound
		case c.Outcome == outcome:
			return c, nil
		case c.Outcome != "":
			return c, ErrCaseSettled
		case !slices.Contains(c.Choices(), outcome):
			return c, ErrSettlement
		}
		if err := s.lockSides(tx, &c); err != nil {
			return c, err
		}
		m, err := s.module(tx, c.Module, true)
		if err != nil {
			return c, err
		}
		if err := s.bear(tx, &c, &m, outcome); err != nil {
			return c, err
		}
		c.Outcome, c.SettledBy, c.Reason, c.SettledAt = outcome, d.By, d.Reason, s.o.Clock.Now()
		if _, err := tx.Exec(updateCase, c.ID, string(c.Outcome), c.SettledBy, c.Reason, clock.Micros(c.SettledAt)); err != nil {
			return c, err
		}
		if err := s.act(tx, "settle", c.Module, c.ID+" "+string(outcome), d); err != nil {
			return c, err
		}
		var open int64
		if err := tx.Row(countOpen, m.ID.String()).Scan(&open); err != nil || open > 0 || m.State != Forked {
			return c, err
		}
		_, err = tx.Exec(updateLost, m.ID.String(), clock.Micros(c.SettledAt))
		return c, err
	})
}

// lockSides locks a case's module, and both sides of the transfer that it is about.
func (s *Issuer) lockSides(tx *db.Tx, c *Case) error {
	t, found, err := one(tx, scanTransfer, selectHash, c.Hash[:])
	if err != nil {
		return err
	}
	sides := []proto.ID{c.Module}
	if found {
		sides = append(sides, t.From, t.To)
	}
	return s.lockModules(tx, sides...)
}

// Choices are the outcomes that fit a case.
func (c *Case) Choices() []Outcome {
	switch {
	case c.Owed > 0:
		return []Outcome{ByHolder, ByHouse}
	case c.Kind == CaseLate:
		return []Outcome{ByHolder, ByHouse, ByNobody}
	}
	return []Outcome{ByNobody}
}

// bear moves what a settlement costs.
func (s *Issuer) bear(tx *db.Tx, c *Case, m *Module, outcome Outcome) error {
	if outcome == ByNobody {
		return nil
	}
	b := s.books(tx)
	payer, target, value := m.Payout, owedAddress, c.Owed
	if c.Kind == CaseLate {
		t, found, err := one(tx, scanTransfer, selectHash+tx.ForUpdate(), c.Hash[:])
		if err == nil && !found {
			err = errRow
		}
		if err != nil {
			return err
		}
		_, _, dest, back, err := b.accounts(&t)
		if err != nil {
			return err
		}
		payer, target, value = back, dest, t.Value
		tx.Queue(updateTransfer, t.Hash[:], int64(Arrived), int64(t.PayerSaid), int64(Done), clock.Micros(t.DueAt))
	}
	if outcome == ByHouse {
		payer = lossAddress
	}
	legs, err := b.legs(payer, target, c.Currency, value)
	if err != nil {
		return err
	}
	b.entries = []ledger.Entry{entryOf(c.ID, 1, "purse.settled", legs)}
	return b.post()
}
