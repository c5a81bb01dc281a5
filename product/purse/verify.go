package purse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/ledger"
	"billfold/product/purse/proto"
)

// Finding is something that Verify found wrong.
type Finding struct {
	What, Currency, Module string
	Expected, Found        string
}

// String says what is wrong.
func (f Finding) String() string {
	return strings.TrimSpace(fmt.Sprintf("purse: %s %s %s: expected %s, found %s", f.What, f.Currency, f.Module, f.Expected, f.Found))
}

// Totals are where all value that was ever issued in one currency is, in minor units.
type Totals struct {
	Currency                                               string
	Issued, InPurses, InTills, Transit, Suspense, Redeemed int64
}

// Totals returns the totals of every currency. Issued = InPurses + InTills + Transit + Suspense + Redeemed at every moment;
// load agents' floats are purses.
func (s *Issuer) Totals(ctx context.Context) ([]Totals, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (list []Totals, err error) {
		for _, c := range s.o.Currencies {
			t := Totals{Currency: c.Code}
			pool, err := s.at(tx, poolAddress, c)
			if err != nil {
				return nil, err
			}
			t.Issued, t.Redeemed = pool.DebitsPosted, pool.CreditsPosted
			for address, into := range map[string]*int64{transitAddress: &t.Transit, suspenseAddress: &t.Suspense} {
				a, err := s.at(tx, address, c)
				if err != nil {
					return nil, err
				}
				*into = a.CreditsPosted - a.DebitsPosted
			}
			if t.InPurses, t.InTills, err = s.shadows(tx, c); err != nil {
				return nil, err
			}
			list = append(list, t)
		}
		return list, nil
	})
}

// at returns an account of the issuer's; one that was never used is empty.
func (s *Issuer) at(tx *db.Tx, address string, c money.Currency) (ledger.Account, error) {
	a, err := s.o.Ledger.ByAddress(tx, address+"/"+c.Code)
	if errors.Is(err, ledger.ErrAccountNotFound) {
		return ledger.Account{}, nil
	}
	return a, err
}

// shadows adds up what purses and tills hold, as far as the issuer has heard.
func (s *Issuer) shadows(tx *db.Tx, c money.Currency) (purses, tills int64, err error) {
	var inPurses, inTills money.Sum128
	after := ""
	for {
		page, err := db.All(tx, scanModule, selectModules, after, 200)
		if err != nil {
			return 0, 0, err
		}
		for _, m := range page {
			after = m.ID.String()
			a, err := s.at(tx, shadowAddress(m.ID), c)
			if err != nil {
				return 0, 0, err
			}
			sum := &inPurses
			if m.Role == proto.Acceptor {
				sum = &inTills
			}
			sum.Add(a.CreditsPosted)
			sum.Sub(a.DebitsPosted)
		}
		if len(page) < 200 {
			break
		}
	}
	p, ok1 := inPurses.Int64()
	t, ok2 := inTills.Int64()
	if !ok1 || !ok2 {
		return 0, 0, ledger.ErrOverflow
	}
	return p, t, nil
}

// Verify recomputes everything that must hold between this package's rows and the ledger, and says each thing that does not.
func (s *Issuer) Verify(ctx context.Context, say func(Finding)) error {
	list, err := s.Totals(ctx)
	if err != nil {
		return err
	}
	for _, t := range list {
		if sum := t.InPurses + t.InTills + t.Transit + t.Suspense + t.Redeemed; sum != t.Issued {
			say(Finding{What: "issued = in purses + in tills + in transit + in suspense + redeemed", Currency: t.Currency,
				Expected: fmt.Sprint(t.Issued), Found: fmt.Sprint(sum)})
		}
	}
	if err := s.verifyPlaces(ctx, list, say); err != nil {
		return err
	}
	if err := s.verifyCases(ctx, say); err != nil {
		return err
	}
	return s.verifyChains(ctx, say)
}

// verifyCases compares what is owed and what the issuer has borne with the cases that say so, and every settled case with the act that
// settled it.
func (s *Issuer) verifyCases(ctx context.Context, say func(Finding)) error {
	owed, borne, acted := map[string]int64{}, map[string]int64{}, map[string]Act{}
	err := pages(func(after string) (string, int, error) {
		list, err := s.Acts(ctx, after, 500)
		for _, a := range list {
			acted[a.Object], after = a, a.ID
		}
		return after, len(list), err
	})
	if err != nil {
		return err
	}
	err = pages(func(after string) (string, int, error) {
		list, err := s.Cases(ctx, after, 500)
		for _, c := range list {
			after = c.ID
			switch {
			case c.Outcome == "":
				owed[c.Currency] += c.Owed
				continue
			case c.Outcome == ByHouse && c.Owed > 0:
				borne[c.Currency] += c.Owed
			case c.Outcome == ByHouse:
				borne[c.Currency] += c.Value
			}
			if a := acted[c.ID+" "+string(c.Outcome)]; a.Actor != c.SettledBy || a.Reason != c.Reason || a.Actor == "" {
				say(Finding{What: "settled case " + c.ID, Module: c.Module.String(), Expected: c.SettledBy + ": " + c.Reason,
					Found: a.Actor + ": " + a.Reason})
			}
		}
		return after, len(list), err
	})
	if err != nil {
		return err
	}
	return s.o.DB.Read(ctx, func(tx *db.Tx) error {
		for _, c := range s.o.Currencies {
			for address, sum := range map[string]int64{owedAddress: owed[c.Code], lossAddress: borne[c.Code]} {
				a, err := s.at(tx, address, c)
				if err != nil {
					return err
				}
				if have := a.DebitsPosted - a.CreditsPosted; have != sum {
					say(Finding{What: address, Currency: c.Code, Expected: fmt.Sprint(sum), Found: fmt.Sprint(have)})
				}
			}
		}
		return nil
	})
}

// pages reads a list page by page, until one is empty.
func pages(next func(after string) (last string, n int, err error)) error {
	after := ""
	for {
		last, n, err := next(after)
		if err != nil || n == 0 {
			return err
		}
		after = last
	}
}

// verifyPlaces compares transit and suspense with the transfers and orders that stand there.
func (s *Issuer) verifyPlaces(ctx context.Context, list []Totals, say func(Finding)) error {
	for place, of := range map[Place]func(Totals) int64{InTransit: func(t Totals) int64 { return t.Transit },
		Suspended: func(t Totals) int64 { return t.Suspense }} {
		sums := map[string]int64{}
		err := s.o.DB.Read(ctx, func(tx *db.Tx) error {
			after := []byte{}
			for {
				page, err := db.All(tx, scanTransfer, selectAtPlace, int64(place), after, 500)
				if err != nil {
					return err
				}
				for _, t := range page {
					sums[t.Currency] += t.Value
					after = t.Hash[:]
				}
				if len(page) < 500 {
					break
				}
			}
			if place != InTransit {
				return nil
			}
			orders, err := db.All(tx, scanOrder, selectOpened)
			for _, o := range orders {
				sums[o.to] += o.give
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, t := range list {
			if sums[t.Currency] != of(t) {
				say(Finding{What: "value " + place.String(), Currency: t.Currency, Expected: fmt.Sprint(sums[t.Currency]), Found: fmt.Sprint(of(t))})
			}
		}
	}
	return nil
}

// verifyChains reads every archived record again: numbers, hashes and the head that the module's row says.
func (s *Issuer) verifyChains(ctx context.Context, say func(Finding)) error {
	after := ""
	for {
		page, err := db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Module, error) { return db.All(tx, scanModule, selectModules, after, 200) })
		if err != nil {
			return err
		}
		for _, m := range page {
			after = m.ID.String()
			number, tail, err := s.chain(ctx, m.ID)
			if err != nil {
				return err
			}
			if number != m.Records || tail != m.tail {
				say(Finding{What: "archived chain", Module: m.ID.String(), Expected: fmt.Sprintf("%d %x", m.Records, m.tail[:4]),
					Found: fmt.Sprintf("%d %x", number, tail[:4])})
			}
		}
		if len(page) < 200 {
			return nil
		}
	}
}

// chain walks a module's archive as far as each record follows the one before.
func (s *Issuer) chain(ctx context.Context, module proto.ID) (number uint64, tail proto.Hash, err error) {
	for {
		type row struct {
			number     int64
			hash, body []byte
		}
		page, err := db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]row, error) {
			return db.All(tx, func(r db.Row) (o row, err error) {
				err = r.Scan(&o.number, &o.hash, &o.body)
				return o, err
			}, selectRecords, module.String(), int64(number), 500)
		})
		if err != nil {
			return number, tail, err
		}
		for _, one := range page {
			var r proto.Record
			signed, ok := proto.Open(one.body, &r)
			id := signed.ID()
			if !ok || r.Number != number+1 || int64(r.Number) != one.number || r.Before != tail || string(one.hash) != string(id[:]) {
				return number, tail, nil
			}
			number, tail = r.Number, signed.ID()
		}
		if len(page) < 500 {
			return number, tail, nil
		}
	}
}
