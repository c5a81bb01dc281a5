package payment

import (
	"context"
	"errors"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/notice"
	"billfold/core/rail"
)

// ReceivableAddress is the ledger address of what a person owes us in one currency. It is an account of its own, which can only be
// debited by a charge-back: a wallet is never overdrawn.
func ReceivableAddress(person identity.PersonID, c money.Currency) string {
	return "receivable/" + string(person) + "/" + c.Code
}

const entryRepay = "payment.repayment"

// chargeBack takes back a top-up whose card's holder took the money back: from the wallet what it has, and the rest becomes a
// receivable, to be paid back first from the next money that comes in. A frozen wallet is not touched: all of it is owed.
func (s *Service) chargeBack(tx *db.Tx, r *record, asked intent, cb rail.Callback) error {
	person, c := identity.PersonID(r.payee), r.amount.Currency
	to, err := s.float(tx, asked.rail, c)
	if err != nil {
		return err
	}
	wallet, err := s.wallet(tx, r.payee, c)
	if err != nil {
		return err
	}
	for range collectTries {
		account, err := s.Ledger.Account(tx, wallet)
		if err != nil {
			return err
		}
		balance, err := account.Balance()
		if err != nil {
			return err
		}
		take := max(min(balance.Available, cb.Amount), 0)
		if account.Frozen {
			take = 0
		}
		err = s.takeBack(tx, r, ledger.Leg{Debit: wallet, Credit: to, Amount: take}, cb.Amount-take, person)
		if errors.Is(err, ledger.ErrInsufficientFunds) || errors.Is(err, ledger.ErrAccountFrozen) {
			continue // somebody paid, or froze it, between the look and the lock
		}
		return err
	}
	return ledger.ErrInsufficientFunds
}

// collectTries is how often a wallet's balance is looked at again when payments race what we take from it; the task comes again after.
const collectTries = 5

func (s *Service) takeBack(tx *db.Tx, r *record, leg ledger.Leg, missing int64, person identity.PersonID) error {
	var legs []ledger.Leg
	if leg.Amount > 0 {
		legs = append(legs, leg)
	}
	c := r.amount.Currency
	if missing > 0 {
		debt, err := s.accountOf(tx, ledger.Spec{Address: ReceivableAddress(person, c), Currency: c, Limit: ledger.NonPositive})
		if err != nil {
			return err
		}
		legs = append(legs, ledger.Leg{Debit: debt, Credit: leg.Credit, Amount: missing})
	}
	if _, err := s.Ledger.Post(tx, s.entry(r.id, entryReverse, TopUp, legs...)); err != nil {
		return err
	}
	if missing > 0 {
		tx.Queue(insertReceivable, string(r.id), string(person), c.Code, missing, int64(0), micros(s.Clock.Now()))
	}
	return nil
}

// repay takes what a person owes from their wallet, oldest debt first, as far as it goes. It runs in the transaction of whatever
// brought them money.
func (s *Service) repay(tx *db.Tx, person identity.PersonID, c money.Currency) error {
	owed, err := db.All(tx, scanReceivable, selectOwed+tx.ForUpdate(), string(person), c.Code)
	if err != nil || len(owed) == 0 {
		return err
	}
	wallet, err := s.wallet(tx, string(person), c)
	if err != nil {
		return err
	}
	debt, err := s.Ledger.Number(tx, ReceivableAddress(person, c))
	if err != nil {
		return err
	}
	for _, one := range owed {
		balance, err := s.Ledger.Balance(tx, wallet)
		if err != nil {
			return err
		}
		take := min(balance.Available, one.Left().Minor)
		if take <= 0 {
			return nil
		}
		entry := ledger.Entry{ID: ledger.EntryID(s.IDs.New(ledger.Prefix)), Kind: entryRepay, Reference: string(one.Payment),
			Legs: []ledger.Leg{{Debit: wallet, Credit: debt, Amount: take}}}
		if _, err := s.Ledger.Post(tx, entry); err != nil {
			return err
		}
		now := s.Clock.Now()
		tx.Queue(updateReceivable, string(one.Payment), one.Paid+take)
		tx.Queue(insertRepayment, string(entry.ID), string(one.Payment), take, micros(now))
		if err := s.Notices.Tell(tx, []notice.Notice{{ID: string(entry.ID) + "/" + string(person), Owner: string(person),
			Template: "receivable.repaid", Object: string(one.Payment), At: now, Data: map[string]string{"amount": c.Of(take).String(),
				"with": c.Of(one.Left().Minor - take).String()}}}); err != nil {
			return err
		}
	}
	return nil
}

// collector is the name under which the outbox keeps the place of collect for ever.
const collector = "payment.collect"

// collect pays back debts from money that came in another way than a top-up: a payment of somebody else, a refund. It hears of it
// right after; a top-up pays in its own transaction.
func (s *Service) collect(tx *db.Tx, events []event.Event) error {
	owed, err := db.All(tx, scanReceivable, selectOwedAll, sweepMost)
	if err != nil || len(owed) == 0 {
		return err
	}
	debtors := map[string]bool{}
	for _, one := range owed {
		debtors[string(one.Person)+"/"+one.Amount.Currency.Code] = true
	}
	for _, e := range events {
		if e.Type != eventCompleted && e.Type != eventCaptured && e.Type != eventReversed {
			continue
		}
		n, err := ParseNews(e)
		if err != nil {
			return err
		}
		to := n.Payee
		if n.Kind == Withdrawal {
			to = n.Payer
		}
		c := money.Currency{Code: n.Currency, Scale: n.Scale}
		if !debtors[to+"/"+c.Code] {
			continue
		}
		err = s.repay(tx, identity.PersonID(to), c)
		if errors.Is(err, ledger.ErrAccountFrozen) || errors.Is(err, ledger.ErrInsufficientFunds) {
			continue // it waits for the freeze to be lifted; a race is won by whoever pays
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Owed lists what a person owes, oldest first: to themselves and to operators. person "" is everybody, for operators.
func (s *Service) Owed(ctx context.Context, c Caller, person identity.PersonID) ([]Receivable, error) {
	if !c.Operator && (c.Shop != "" || person == "" || c.Person != person) {
		return nil, fault.ErrNotFound
	}
	return db.Read(ctx, s.DB, func(tx *db.Tx) ([]Receivable, error) {
		if person == "" {
			return db.All(tx, scanReceivable, selectOwedAll, sweepMost)
		}
		return db.All(tx, scanReceivable, selectOwedBy, string(person))
	})
}

// OwedFor is the receivable that a charged-back top-up left, and false where there is none.
func (s *Service) OwedFor(ctx context.Context, p Payment) (Receivable, bool, error) {
	if p.Kind != TopUp || p.State != Reversed {
		return Receivable{}, false, nil
	}
	list, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]Receivable, error) {
		return db.All(tx, scanReceivable, selectReceivable, string(p.ID))
	})
	if err != nil || len(list) == 0 {
		return Receivable{}, false, err
	}
	return list[0], true, nil
}
