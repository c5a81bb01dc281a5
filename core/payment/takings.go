package payment

import (
	"context"
	"time"

	"billfold/base/db"
	"billfold/base/money"
)

// Takings are what an owner was paid and paid in a time, a currency at a time.
type Takings struct {
	Lines []TakingsLine // in the order of their newest payment, newest first
	More  bool          // there were more than TakingsMost payments, and the oldest are not counted
}

// TakingsLine is one currency of them. What did not move is not counted; a payment counts in the time in which its owner became
// part of it, with what moved since.
type TakingsLine struct {
	Sales, Refunds int          // how often money came in, and went out
	In, Out, Net   money.Amount // Net is In less Out
}

// TakingsMost is how many payments are counted; who has more asks for a shorter time.
const TakingsMost = 100_000

// takingsStep is how many rows are read at once.
const takingsStep = 2_000

// takingsRow is one payment of them.
type takingsRow struct {
	at            int64
	payment, role string
	currency      money.Currency
	captured      int64
}

func scanTakings(row db.Row) (r takingsRow, err error) {
	var scale int64
	err = row.Scan(&r.at, &r.payment, &r.role, &r.currency.Code, &scale, &r.captured)
	r.currency.Scale = uint8(scale)
	return r, err
}

// Takings counts what an owner (a person or a shop) was paid and paid from a moment until before another. Whether the caller may see the
// owner is the edge's question. amount_too_large for a sum of more than 64 bits.
func (s *Service) Takings(ctx context.Context, owner string, from, until time.Time) (Takings, error) {
	sums := map[money.Currency]*takingsSum{}
	var order []money.Currency
	at := place{at: micros(until)}
	count := 0
	for {
		rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]takingsRow, error) {
			return db.All(tx, scanTakings, selectTakings, owner, micros(from), at.at, at.payment, takingsStep)
		})
		if err != nil {
			return Takings{}, err
		}
		for _, r := range rows {
			if count++; count > TakingsMost {
				break
			}
			at = place{r.at, r.payment}
			if r.captured == 0 {
				continue
			}
			if sums[r.currency] == nil {
				sums[r.currency] = &takingsSum{}
				order = append(order, r.currency)
			}
			sums[r.currency].count(r)
		}
		if len(rows) < takingsStep || count > TakingsMost {
			break
		}
	}
	out := Takings{More: count > TakingsMost, Lines: make([]TakingsLine, len(order))}
	for i, c := range order {
		var err error
		if out.Lines[i], err = sums[c].line(c); err != nil {
			return Takings{}, err
		}
	}
	return out, nil
}

type takingsSum struct {
	sales, refunds int
	in, out        money.Sum128
}

func (d *takingsSum) count(r takingsRow) {
	if r.role == rolePayer {
		d.refunds++
		d.out.Add(r.captured)
		return
	}
	d.sales++
	d.in.Add(r.captured)
}

func (d *takingsSum) line(c money.Currency) (TakingsLine, error) {
	net := d.in
	net.SubSum(d.out)
	l := TakingsLine{Sales: d.sales, Refunds: d.refunds}
	for _, one := range []struct {
		sum money.Sum128
		to  *money.Amount
	}{{d.in, &l.In}, {d.out, &l.Out}, {net, &l.Net}} {
		minor, fits := one.sum.Int64()
		if !fits {
			return l, money.ErrAmountTooLarge
		}
		*one.to = c.Of(minor)
	}
	return l, nil
}
