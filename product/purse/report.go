package purse

import (
	"context"
	"time"

	"billfold/base/db"
	"billfold/product/purse/proto"
)

// Exposure is the most that one compromised module can cost, in minor units of one currency.
type Exposure struct {
	Currency string
	PerTill  int64         // what one till takes from it between two of the till's syncs
	Tills    int64         // active tills, each of which could be met once before it learns of the block
	Worst    int64         // PerTill × Tills, and what the purse held
	Until    time.Time     // its certificate ends then, and with it everything
	Learns   time.Duration // how long a till can go on without learning of a block
}

// Exposure tells the worst case of one module, per currency: its key is in a thief's hands, every rule in its software is
// gone, and the thief visits every till of the network before any of them syncs. What bounds the loss then is the payees'
// rules alone: a till takes from one payer between two syncs at most what that payer's certificate lets it spend, and goes on
// at most 48 hours without a fresh blocklist.
func (s *Issuer) Exposure(ctx context.Context, module proto.ID) ([]Exposure, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Exposure, error) {
		m, err := s.module(tx, module, false)
		if err != nil {
			return nil, err
		}
		var c proto.Certificate
		if _, ok := proto.Open(m.Certificate, &c); !ok {
			return nil, errRow
		}
		var tills int64
		if err := tx.Row(countTills, int64(proto.Acceptor)).Scan(&tills); err != nil {
			return nil, err
		}
		var list []Exposure
		for _, t := range c.Terms {
			list = append(list, Exposure{Currency: t.Currency, PerTill: t.Spent, Tills: tills, Worst: t.Spent*tills + t.Balance, Until: m.Until,
				Learns: 48 * time.Hour})
		}
		return list, nil
	})
}

// Transfers lists a module's transfers, newest first, with what each side said and where the value stands: the dispute table.
func (s *Issuer) Transfers(ctx context.Context, module proto.ID, limit int) ([]Transfer, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Transfer, error) {
		return db.All(tx, scanTransfer, selectTransfersOf, module.String(), limit)
	})
}

// Cases lists cases after an id, oldest first, for the operator.
func (s *Issuer) Cases(ctx context.Context, after string, limit int) ([]Case, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Case, error) {
		return db.All(tx, scanCase, selectCases, after, limit)
	})
}

// Collect takes a till's file from a collector, who signed that it carried just this file. Faults: purse_collector, and those of Sync.
func (s *Issuer) Collect(ctx context.Context, file, carried []byte) (Answer, error) {
	bundle, ok := ParseBundle(file)
	var said proto.Statement
	if _, opened := proto.Open(bundle.Statement, &said); !ok || !opened {
		return Answer{}, ErrMessage
	}
	var c proto.Carried
	signed, ok := proto.Open(carried, &c)
	if !ok {
		return Answer{}, ErrMessage
	}
	m, err := s.Get(ctx, c.Collector)
	if err != nil {
		return Answer{}, ErrCollector.Because(err)
	}
	now := s.o.Clock.Now()
	if m.Role != proto.Collector || m.State != Active || now.After(m.Until) || c.File != hashFile(file) || c.Till != said.Module ||
		!signed.Verify(s.o.Network, m.Key, nil) || !within(m.Certificate, bundle) {
		return Answer{}, ErrCollector
	}
	return s.Sync(ctx, bundle)
}
