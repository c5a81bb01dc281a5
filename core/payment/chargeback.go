package payment

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

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
	// An account that is not there yet is opened before the others are locked.
	missing, _, err := s.missing(tx, wallet, cb.Amount)
	if err != nil {
		return err
	}
	spec := ledger.Spec{Address: ReceivableAddress(person, c), Currency: c, Limit: ledger.NonPositive}
	debt, err := s.Ledger.Number(tx, spec.Address)
	if errors.Is(err, ledger.ErrAccountNotFound) {
		if debt, err = 0, nil; missing > 0 {
			debt, err = s.accountOf(tx, spec)
		}
	}
	if err != nil {
		return err
	}
	if err := s.Ledger.Lock(tx, wallet, debt); err != nil {
		return err
	}
	missing, take, err := s.missing(tx, wallet, cb.Amount)
	switch {
	case err != nil:
		return err
	case missing > 0 && debt == 0:
		return ledger.ErrInsufficientFunds // somebody paid, or froze it, between the look and the lock: the task comes again
	}
	return s.takeBack(tx, r, person, ledger.Leg{Debit: wallet, Credit: to, Amount: take}, ledger.Leg{Debit: debt, Credit: to, Amount: missing})
}

// missing is how much of an amount a wallet cannot give, and what it gives: nothing while it is frozen.
func (s *Service) missing(tx *db.Tx, wallet ledger.AccountID, amount int64) (missing, take int64, err error) {
	account, err := s.Ledger.Account(tx, wallet)
	if err != nil || account.Frozen {
		return amount, 0, err
	}
	balance, err := account.Balance()
	take = max(min(balance.Available, amount), 0)
	return amount - take, take, err
}

func (s *Service) takeBack(tx *db.Tx, r *record, person identity.PersonID, taken, owed ledger.Leg) error {
	var legs []ledger.Leg
	for _, leg := range []ledger.Leg{taken, owed} {
		if leg.Amount > 0 {
			legs = append(legs, leg)
		}
	}
	if _, err := s.Ledger.Post(tx, s.entry(r.id, entryReverse, TopUp, legs...)); err != nil {
		return err
	}
	if owed.Amount > 0 {
		tx.Queue(insertReceivable, string(r.id), string(person), r.amount.Currency.Code, owed.Amount, int64(0), micros(s.Clock.Now()))
	}
	return nil
}

// debts are what a person owes in one currency, under lock, oldest first; none where they owe nothing.
type debts struct {
	person       identity.PersonID
	currency     money.Currency
	owed         []Receivable
	wallet, debt ledger.AccountID
}

// accounts are what is to be locked before anything is posted for them.
func (d *debts) accounts() []ledger.AccountID { return []ledger.AccountID{d.wallet, d.debt} }

// owes locks what a person owes. It comes before every lock of the ledger.
func (s *Service) owes(tx *db.Tx, person identity.PersonID, c money.Currency) (d debts, err error) {
	d = debts{person: person, currency: c}
	if d.owed, err = db.All(tx, scanReceivable, selectOwed+tx.ForUpdate(), string(person), c.Code); err != nil || len(d.owed) == 0 {
		return d, err
	}
	if d.wallet, err = s.wallet(tx, string(person), c); err == nil {
		d.debt, err = s.Ledger.Number(tx, ReceivableAddress(person, c))
	}
	return d, err
}

// postBefore posts what brings a person money, and then pays back from it what they owe.
func (s *Service) postBefore(tx *db.Tx, d debts, e ledger.Entry) error {
	if len(d.owed) > 0 {
		list := d.accounts()
		for _, leg := range e.Legs {
			list = append(list, leg.Debit, leg.Credit)
		}
		if err := s.Ledger.Lock(tx, list...); err != nil {
			return err
		}
	}
	if _, err := s.Ledger.Post(tx, e); err != nil {
		return err
	}
	return s.repay(tx, d)
}

// repay takes what a person owes from their wallet, oldest debt first, as far as it goes. It runs in the transaction of whatever
// brought them money. What they owe and the accounts are locked.
func (s *Service) repay(tx *db.Tx, d debts) error {
	person, c := d.person, d.currency
	for _, one := range d.owed {
		balance, err := s.Ledger.Balance(tx, d.wallet)
		if err != nil {
			return err
		}
		take := min(balance.Available, one.Left().Minor)
		if take <= 0 {
			return nil
		}
		entry := ledger.Entry{ID: ledger.EntryID(s.IDs.New(ledger.Prefix)), Kind: entryRepay, Reference: string(one.Payment),
			Legs: []ledger.Leg{{Debit: d.wallet, Credit: d.debt, Amount: take}}}
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
	debtors := map[string]bool{} // who were brought money
	for _, one := range owed {
		debtors[string(one.Person)+"/"+one.Amount.Currency.Code] = false
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
		if _, owes := debtors[to+"/"+n.Currency]; owes {
			debtors[to+"/"+n.Currency] = true
		}
	}
	maps.DeleteFunc(debtors, func(_ string, brought bool) bool { return !brought })
	return s.repayAll(tx, slices.Sorted(maps.Keys(debtors)))
}

// repayAll pays back what several debtors ("usr_…/EUR") owe. All that they owe is locked in order, and then all of their accounts.
func (s *Service) repayAll(tx *db.Tx, debtors []string) error {
	var all []debts
	var accounts []ledger.AccountID
	for _, debtor := range debtors {
		person, code, _ := strings.Cut(debtor, "/")
		c, _ := money.Lookup(code)
		d, err := s.owes(tx, identity.PersonID(person), c)
		if err != nil {
			return err
		}
		all, accounts = append(all, d), append(accounts, d.accounts()...)
	}
	if err := s.Ledger.Lock(tx, accounts...); err != nil {
		return err
	}
	for _, d := range all {
		err := s.repay(tx, d)
		if errors.Is(err, ledger.ErrAccountFrozen) || errors.Is(err, ledger.ErrInsufficientFunds) {
			continue // it waits for the freeze to be lifted
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
