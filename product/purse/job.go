package purse

import (
	"context"
	"slices"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/product/purse/proto"
)

// Sweep ends what time ends: value in suspense whose date has passed goes back to its payer; a lost purse whose window is over is paid
// out, with the loads that were on their way to it. It is a job's body, to be run every hour, and may run at any time.
func (s *Issuer) Sweep(ctx context.Context) error {
	due := func(tx *db.Tx) ([]Transfer, error) {
		return db.All(tx, scanTransfer, selectDue, int64(Suspended), clock.Micros(s.o.Clock.Now()), 200)
	}
	missed := func(place Place) func(*db.Tx) ([]Transfer, error) {
		return func(tx *db.Tx) ([]Transfer, error) { return db.All(tx, scanTransfer, selectMissed, int64(place), 200) }
	}
	for _, list := range []func(*db.Tx) ([]Transfer, error){missed(InTransit), missed(Suspended), due} {
		for {
			n, err := db.Write(ctx, s.o.DB, func(tx *db.Tx) (int, error) { return s.sweepSome(tx, list) })
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
	}
	lost, err := db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Module, error) {
		return db.All(tx, scanModule, selectLost, clock.Micros(s.o.Clock.Now().Add(-Window)))
	})
	if err != nil {
		return err
	}
	for _, m := range lost {
		if err := s.o.DB.Write(ctx, func(tx *db.Tx) error { return s.payOut(tx, m.ID) }); err != nil {
			return err
		}
	}
	return nil
}

// sweepSome gives back the transfers of a list, and tells how many it has.
func (s *Issuer) sweepSome(tx *db.Tx, which func(*db.Tx) ([]Transfer, error)) (int, error) {
	list, err := which(tx)
	if err == nil {
		err = s.lockModules(tx, sidesOf(list)...)
	}
	if err == nil {
		err = s.giveBack(tx, list)
	}
	return len(list), err
}

// meet gives back what a module and another gave up at the same moment, so that neither's transaction saw the other's word: whoever
// concludes second sees both. What came since the modules were locked, of others than these, is left to Sweep.
func (s *Issuer) meet(tx *db.Tx, module proto.ID, locked []proto.ID) error {
	list, err := missedOf(tx, module)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(t Transfer) bool { return !slices.Contains(locked, t.From) || !slices.Contains(locked, t.To) })
	return s.giveBack(tx, list)
}

func missedOf(tx *db.Tx, module proto.ID) ([]Transfer, error) {
	return db.All(tx, scanTransfer, selectMissedOf, module.String())
}

// giveBack returns transfers to their payers: those that nobody proved in time, and those of which both sides told at the same moment
// that they gave up, so that neither transaction saw the other's word. Their modules are locked.
func (s *Issuer) giveBack(tx *db.Tx, list []Transfer) error {
	b := s.books(tx)
	for _, old := range list {
		t, found, err := one(tx, scanTransfer, selectTransfer+tx.ForUpdate(), old.From.String(), int64(old.FromSeq))
		if err != nil {
			return err
		}
		if !found || t.Place != old.Place { // proved in the meantime
			continue
		}
		if err := b.move(&t, Returned); err != nil {
			return err
		}
		tx.Queue(updateTransfer, t.Hash[:], int64(t.Place), int64(t.PayerSaid), int64(t.PayeeSaid), clock.Micros(t.DueAt))
	}
	return b.post()
}

// payOut gives a lost purse's holder what it held, and what was on its way to or from the issuer.
func (s *Issuer) payOut(tx *db.Tx, module proto.ID) error {
	m, err := s.module(tx, module, true)
	if err != nil || m.State != Lost {
		return err
	}
	var open int64
	if err := tx.Row(countOpen, module.String()).Scan(&open); err != nil || open > 0 {
		return err // first somebody says whose loss it is
	}
	b := s.books(tx)
	loads, err := db.All(tx, scanTransfer, selectTransfersOf, module.String(), 10_000)
	if err != nil {
		return err
	}
	for _, t := range loads {
		if t.Place == InTransit {
			if err := b.move(&t, Returned); err != nil {
				return err
			}
			tx.Queue(updateTransfer, t.Hash[:], int64(t.Place), int64(t.PayerSaid), int64(t.PayeeSaid), clock.Micros(t.DueAt))
		}
	}
	var c proto.Certificate
	if _, ok := proto.Open(m.Certificate, &c); !ok {
		return errRow
	}
	for _, terms := range c.Terms {
		account, err := s.account(tx, shadowAddress(module), terms.Currency, ledger.Unlimited)
		if err != nil {
			return err
		}
		balance, err := s.o.Ledger.Balance(tx, account)
		if err != nil {
			return err
		}
		if balance.Posted <= 0 {
			continue
		}
		legs, err := b.legs(shadowAddress(module), m.Payout, terms.Currency, balance.Posted)
		if err != nil {
			return err
		}
		b.entries = append(b.entries, ledger.Entry{Kind: "purse.lost", Reference: module.String(), Legs: legs})
	}
	if err := b.post(); err != nil {
		return err
	}
	_, err = tx.Exec(updateState, module.String(), string(Refunded))
	return err
}
