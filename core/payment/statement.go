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

// Statement is what moved in one pocket between two moments: Opening plus every line is Closing, and both are the ledger's.
type Statement struct {
	From, To         time.Time // From included, To not
	Opening, Closing money.Amount
	In, Out          money.Amount // the sums of what came and what went, both positive
	Lines            []StatementLine
}

// StatementLine is one movement, oldest first. Balance is what the pocket held after it.
type StatementLine struct {
	At              time.Time
	Payment         ID
	Receipt         string
	Kind            Kind
	With, Text      string
	Amount, Balance money.Amount // Amount is negative for what went out
}

// errStatement says that a pocket's entries do not lead from its balance to its balance: the statement is not given.
var errStatement = errors.New("the entries do not lead from the opening balance to the closing one")

// statementMost bounds a statement; the ledger is read newest first, so an old month of a very busy pocket costs what came after it.
const statementMost = 200_000

// Statement draws up a person's pocket. It is empty where they never had the currency.
func (s *Service) Statement(ctx context.Context, person identity.PersonID, c money.Currency, from, to time.Time) (Statement, error) {
	out := Statement{From: from, To: to, Opening: c.Of(0), Closing: c.Of(0), In: c.Of(0), Out: c.Of(0)}
	list, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]StatementLine, error) {
		account, err := s.Ledger.ByAddress(tx, WalletAddress(person, c))
		if errors.Is(err, ledger.ErrAccountNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		opening, err := s.Ledger.BalanceAt(tx, account.ID, from.Add(-time.Microsecond))
		if err != nil {
			return nil, err
		}
		closing, err := s.Ledger.BalanceAt(tx, account.ID, to.Add(-time.Microsecond))
		if err != nil {
			return nil, err
		}
		out.Opening, out.Closing = c.Of(opening.Posted), c.Of(closing.Posted)
		return s.movements(tx, account.ID, c, from, to)
	})
	if err != nil {
		return out, err
	}
	slices.Reverse(list)
	balance := out.Opening
	for i := range list {
		if balance, err = balance.Add(list[i].Amount); err != nil {
			return out, err
		}
		list[i].Balance = balance
		side, amount := &out.In, list[i].Amount
		if amount.Minor < 0 {
			side, amount = &out.Out, c.Of(-amount.Minor)
		}
		if *side, err = side.Add(amount); err != nil {
			return out, err
		}
	}
	if balance != out.Closing {
		return out, fmt.Errorf("statement of %s in %s: %w", person, c.Code, errStatement)
	}
	out.Lines = list
	return out, s.describe(ctx, person, list)
}

// movements are an account's posted legs between two moments, newest first.
func (s *Service) movements(tx *db.Tx, account ledger.AccountID, c money.Currency, from, to time.Time) ([]StatementLine, error) {
	var list []StatementLine
	for cursor := ""; len(list) < statementMost; {
		entries, next, err := s.Ledger.Entries(tx, ledger.Filter{Account: account, Before: cursor, Limit: 200})
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.At.Before(from) {
				return list, nil
			}
			if moved := movedOn(e, account); moved != 0 && e.At.Before(to) {
				list = append(list, StatementLine{At: e.At, Payment: ID(e.Reference), Amount: c.Of(moved)})
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	return list, nil
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
	known := &query{terms: []string{""}, names: map[string]string{}}
	if err := known.know(ctx, s, others(parties)); err != nil {
		return err
	}
	for i := range list {
		r := &rows[i].record
		if list[i].Kind = r.kind; r.id == "" {
			continue
		}
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
