package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/ledger"
)

// Statement is what moved in one pocket between two moments: Opening and every line give Closing, and both are the ledger's. It holds the
// sums; the lines, of which there may be any number, are read as they are asked for.
type Statement struct {
	From, To         time.Time // From included, To not
	Opening, Closing money.Amount
	In, Out          money.Amount // the sums of what came and what went, both positive
	Count            int          // of lines

	s       *Service
	person  identity.PersonID
	account ledger.AccountID
	newest  []StatementLine // of the newest page, before which others may be posted
	pages   []string        // the cursors of the other pages, newest first
}

// StatementLine is one movement. Balance is what the pocket held after it.
type StatementLine struct {
	At              time.Time
	Payment         ID
	Receipt         string
	Kind            Kind
	Method          Method // of a top-up
	ByLink          bool   // it left under a link, which nobody may have taken
	With, Text      string
	Amount, Balance money.Amount // Amount is negative for what went out
}

// StatementDay is what moved on one day of somebody's calendar. Balance is what the pocket held at its end.
type StatementDay struct {
	Day              time.Time // any moment of it
	Count            int
	In, Out, Balance money.Amount
}

// errStatement says that a pocket's entries do not lead from its balance to its balance: the statement is not given.
var errStatement = errors.New("the entries do not lead from the opening balance to the closing one")

// statementPage is how many entries one transaction reads: nobody waits for a statement, however long it is, and it is never in memory
// as a whole.
const statementPage = 200

// Statement sums up a person's pocket, and is given only if its movements lead from balance to balance. It is empty where they never had
// the currency. The ledger is read newest first, so an old month of a very busy pocket costs what came after it.
func (s *Service) Statement(ctx context.Context, person identity.PersonID, c money.Currency, from, to time.Time) (Statement, error) {
	out := Statement{From: from, To: to, Opening: c.Of(0), Closing: c.Of(0), In: c.Of(0), Out: c.Of(0), s: s, person: person}
	next, older := "", false
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		account, err := s.Ledger.ByAddress(tx, WalletAddress(person, c))
		if err != nil {
			return err
		}
		opening, err := s.Ledger.BalanceAt(tx, account.ID, from.Add(-time.Microsecond))
		if err != nil {
			return err
		}
		closing, err := s.Ledger.BalanceAt(tx, account.ID, to.Add(-time.Microsecond))
		if err != nil {
			return err
		}
		out.account, out.Opening, out.Closing = account.ID, c.Of(opening.Posted), c.Of(closing.Posted)
		out.newest, next, older, err = out.page(tx, "")
		return err
	})
	if errors.Is(err, ledger.ErrAccountNotFound) {
		return out, nil
	}
	lines := out.newest
	for {
		if err != nil {
			return out, err
		}
		for _, l := range lines {
			side, amount := &out.In, l.Amount
			if amount.Minor < 0 {
				side, amount = &out.Out, c.Of(-amount.Minor)
			}
			if *side, err = side.Add(amount); err != nil {
				return out, err
			}
		}
		out.Count += len(lines)
		if next == "" || older {
			break
		}
		cursor := next
		lines, next, older, err = out.read(ctx, cursor)
		if len(lines) > 0 {
			out.pages = append(out.pages, cursor)
		}
	}
	if sum, err := out.Opening.Add(c.Of(out.In.Minor - out.Out.Minor)); err != nil || sum != out.Closing {
		return out, errors.Join(err, fmt.Errorf("statement of %s in %s: %w", person, c.Code, errStatement))
	}
	return out, nil
}

// page reads one page of movements, newest first, and where the next begins. older says that it reached what was before the statement.
func (st *Statement) page(tx *db.Tx, cursor string) (list []StatementLine, next string, older bool, err error) {
	entries, next, err := st.s.Ledger.Entries(tx, ledger.Filter{Account: st.account, Before: cursor, Limit: statementPage})
	if err != nil {
		return nil, "", false, err
	}
	for _, e := range entries {
		if e.At.Before(st.From) {
			return list, next, true, nil
		}
		if moved := movedOn(e, st.account); moved != 0 && e.At.Before(st.To) {
			list = append(list, StatementLine{At: e.At, Payment: ID(e.Reference), Amount: st.Opening.Currency.Of(moved)})
		}
	}
	return list, next, false, nil
}

func (st *Statement) read(ctx context.Context, cursor string) (list []StatementLine, next string, older bool, err error) {
	err = st.s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		list, next, older, err = st.page(tx, cursor)
		return err
	})
	return list, next, older, err
}

// walk calls f with some hundred lines at a time, oldest first. They are those that the sums are of, whatever was posted meanwhile:
// an entry never changes, and neither does what stood before it.
func (st *Statement) walk(ctx context.Context, f func([]StatementLine) error) error {
	balance := st.Opening
	for i := len(st.pages); i >= 0; i-- {
		list := slices.Clone(st.newest)
		if i > 0 {
			var err error
			if list, _, _, err = st.read(ctx, st.pages[i-1]); err != nil {
				return err
			}
		}
		slices.Reverse(list)
		for i := range list {
			var err error
			if balance, err = balance.Add(list[i].Amount); err != nil {
				return err
			}
			list[i].Balance = balance
		}
		if err := f(list); err != nil {
			return err
		}
	}
	if balance != st.Closing {
		return fmt.Errorf("statement of %s in %s: %w", st.person, balance.Currency.Code, errStatement)
	}
	return nil
}

// Each calls f with every line, oldest first, with its names and words. It ends with an error where f has one.
func (st *Statement) Each(ctx context.Context, f func(StatementLine) error) error {
	return st.walk(ctx, func(list []StatementLine) error {
		if err := st.s.describe(ctx, st.person, list); err != nil {
			return err
		}
		for _, l := range list {
			if err := f(l); err != nil {
				return err
			}
		}
		return nil
	})
}

// Days sums the lines up by the days of a calendar, oldest first, without those on which nothing moved.
func (st *Statement) Days(ctx context.Context, zone *time.Location) (list []StatementDay, err error) {
	zero := st.Opening.Currency.Of(0)
	last := ""
	err = st.walk(ctx, func(lines []StatementLine) error {
		for _, l := range lines {
			if day := l.At.In(zone).Format(time.DateOnly); day != last {
				list, last = append(list, StatementDay{Day: l.At, In: zero, Out: zero}), day
			}
			d := &list[len(list)-1]
			d.Balance = l.Balance
			d.Count++
			if l.Amount.Minor < 0 {
				d.Out.Minor -= l.Amount.Minor // no sum of a day is more than the statement's, which fits
			} else {
				d.In.Minor += l.Amount.Minor
			}
		}
		return nil
	})
	return list, err
}

// movedOn is what an entry posted to an account: credits less debits. A hold posts nothing.
func movedOn(e ledger.Entry, account ledger.AccountID) int64 {
	var moved int64
	for _, leg := range e.Legs {
		if leg.Phase != ledger.Posted && leg.Phase != ledger.Post {
			continue
		}
		if leg.Credit == account {
			moved += leg.Amount
		}
		if leg.Debit == account {
			moved -= leg.Amount
		}
	}
	return moved
}

// describe says of each line what it was.
func (s *Service) describe(ctx context.Context, person identity.PersonID, list []StatementLine) error {
	ids := make([]line, len(list))
	for i, l := range list {
		ids[i].payment = string(l.Payment)
	}
	rows, err := s.load(ctx, ids)
	if err != nil {
		return err
	}
	parties := make([]line, len(rows))
	for i, row := range rows {
		row.role = rolePayer
		if row.record.payee == string(person) {
			row.role = rolePayee
		}
		parties[i] = lineOf(row, "")
	}
	far := slices.Sorted(others(parties))
	if err := s.lookUpNames(ctx, slices.Compact(far)); err != nil {
		return err
	}
	for i := range list {
		r := &rows[i].record
		if list[i].Kind = r.kind; r.id == "" {
			continue
		}
		list[i].Method, list[i].ByLink = r.method, r.capture == ByLink
		if list[i].With, err = s.name(ctx, parties[i].other); err != nil {
			return err
		}
		if list[i].Receipt, err = Receipt(r.id); err != nil {
			return err
		}
		if list[i].Text, err = s.open(r.creator, descriptionRow(r.id), r.description); err != nil {
			return err
		}
	}
	return nil
}
