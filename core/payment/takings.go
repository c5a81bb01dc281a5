package payment

import (
	"context"
	"fmt"
	"slices"
	"strings"
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

// How many rows are read at once: few at first, which tell in what way the next are read. A test reads fewer.
var (
	takingsFirst = 100
	takingsStep  = 2_000
)

// takingsSpare bounds how many payments are read on the way to those of a page: so many for each of them.
const takingsSpare = 4

// takingsRow is one payment of them.
type takingsRow struct {
	at            int64
	payment, role string
	captured      money.Amount
}

func scanTakings(row db.Row) (r takingsRow, err error) {
	err = row.Scan(&r.at, &r.payment, &r.role)
	return r, err
}

// moved is what moved of a payment.
type moved struct {
	payment string
	amount  money.Amount
}

func scanMoved(row db.Row) (m moved, err error) {
	var scale int64
	err = row.Scan(&m.payment, &m.amount.Currency.Code, &scale, &m.amount.Minor)
	m.amount.Currency.Scale = uint8(scale)
	return m, err
}

// Takings counts what an owner (a person or a shop) was paid and paid from a moment until before another. Whether the caller may see the
// owner is the edge's question. amount_too_large for a sum of more than 64 bits.
func (s *Service) Takings(ctx context.Context, owner string, from, until time.Time) (Takings, error) {
	sums := map[money.Currency]*takingsSum{}
	var order []money.Currency
	at := place{at: micros(until)}
	count, dense := 0, true
	for size := takingsFirst; ; size = takingsStep {
		rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) (rows []takingsRow, err error) {
			if rows, err = db.All(tx, scanTakings, selectTakings, owner, micros(from), at.at, at.payment, size); err == nil {
				dense, err = readMoved(tx, rows, dense)
			}
			return rows, err
		})
		if err != nil {
			return Takings{}, err
		}
		for _, r := range rows {
			if count++; count > TakingsMost {
				break
			}
			at = place{r.at, r.payment}
			if r.captured.Minor == 0 {
				continue
			}
			c := r.captured.Currency
			if sums[c] == nil {
				sums[c] = &takingsSum{}
				order = append(order, c)
			}
			sums[c].count(r)
		}
		if len(rows) < size || count > TakingsMost {
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

// readMoved says of rows what moved. Ids follow the time: the payments of somebody to whom many of a time's belong lie beside each other,
// and are read as they lie there, which is several times as fast as finding each by its id. dense is false where most that lie there are
// other people's, or so it was of the rows before: then each is looked for.
func readMoved(tx *db.Tx, rows []takingsRow, dense bool) (bool, error) {
	byID := make([]*takingsRow, len(rows)) // the greatest first, nearly in their order already
	for i := range rows {
		byID[i] = &rows[i]
	}
	slices.SortFunc(byID, func(a, b *takingsRow) int { return strings.Compare(b.payment, a.payment) })
	missing := byID
	if dense && len(rows) > 0 {
		list, err := db.All(tx, scanMoved, selectMovedFrom, byID[0].payment, byID[len(byID)-1].payment, takingsSpare*len(rows))
		if err != nil {
			return dense, err
		}
		missing = fill(byID, list)
		dense = 4*len(missing) < len(rows)
	}
	for some := range slices.Chunk(missing, loadMost) {
		ids := make([]any, len(some))
		for i, r := range some {
			ids[i] = r.payment
		}
		ids = db.Pad(ids, 1)
		list, err := db.All(tx, scanMoved, selectMoved+db.In(1, len(ids))+" order by id desc", ids...)
		if err != nil {
			return dense, err
		}
		if lost := fill(some, list); len(lost) > 0 {
			return dense, fmt.Errorf("payment %s stands in somebody's books and is not there", lost[0].payment)
		}
	}
	return dense, nil
}

// fill takes what moved of rows from a list, both with the greatest id first, and returns the rows that are not in it.
func fill(rows []*takingsRow, list []moved) (missing []*takingsRow) {
	for _, r := range rows {
		for len(list) > 0 && list[0].payment > r.payment {
			list = list[1:]
		}
		if len(list) == 0 || list[0].payment != r.payment {
			missing = append(missing, r)
			continue
		}
		r.captured = list[0].amount
	}
	return missing
}

type takingsSum struct {
	sales, refunds int
	in, out        money.Sum128
}

func (d *takingsSum) count(r takingsRow) {
	if r.role == rolePayer {
		d.refunds++
		d.out.Add(r.captured.Minor)
		return
	}
	d.sales++
	d.in.Add(r.captured.Minor)
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
