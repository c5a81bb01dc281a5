package ledger

import (
	"context"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
)

const (
	// warmMost is how many accounts are read before they are asked for: 256 MB of totals. Where there are more, the rest is read by key.
	warmMost = 4_000_000
	// warmSlice is how many are read at a time.
	warmSlice = 20_000
	// warmAgain is how far apart two such passes are, however often what was known is forgotten.
	warmAgain = time.Minute
	// warmPatience is for how long a slice waits for a group that needs it.
	warmPatience = 10 * time.Second
)

// warming reads the totals of all accounts, in the order of their pages, while groups are decided. A group over a thousand pairs out of a
// million accounts would find each of them by its key, one group after another, which takes longer than writing it.
type warming struct {
	slices chan slab
	end    context.CancelFunc
}

// slab is totals that were read together, and how many notes of other writers there were before.
type slab struct {
	rows  []row
	notes int64
}

// warm begins to read, where that was not done a moment ago. The group writer takes what is read (take); end stops it.
func (l *Ledger) warm(d *db.DB) {
	a := &l.ahead
	if a.warming != nil {
		a.warming.end()
		a.warming = nil
	}
	if l.real.Now().Before(a.warmAfter) {
		return
	}
	a.warmAfter = l.real.Now().Add(warmAgain)
	ctx, end := context.WithCancel(context.Background())
	w := &warming{slices: make(chan slab, 1), end: end}
	a.warming = w
	go func() {
		defer close(w.slices)
		after := AccountID(0)
		for n := 0; n < warmMost; {
			s := slab{notes: a.notesSoFar()}
			err := d.Read(ctx, func(tx *db.Tx) (err error) {
				s.rows, err = readTotals(tx, after, warmSlice)
				return err
			})
			if err != nil || len(s.rows) == 0 { // what is not read now is read when it is asked for
				return
			}
			for i := range s.rows {
				after = max(after, s.rows[i].ID)
			}
			n += len(s.rows)
			if !w.give(ctx, s) {
				return
			}
		}
	}()
}

// give waits until the group writer has room for a slab, but not for ever: it may have nothing to do.
func (w *warming) give(ctx context.Context, s slab) bool {
	wait, stop := context.WithTimeout(ctx, warmPatience)
	defer stop()
	select {
	case w.slices <- s:
		return true
	case <-wait.Done():
		return false
	}
}

// takeWarm takes over what was read meanwhile and is not known yet. A slab that somebody may have overtaken is thrown away: an account
// that was changed after it was read would be decided over what it had been, and the group undone.
func (a *ahead) takeWarm() {
	if a.warming == nil {
		return
	}
	for {
		select {
		case s, more := <-a.warming.slices:
			if !more {
				a.warming.end()
				a.warming = nil
				return
			}
			if s.notes != a.notes {
				continue
			}
			for i := range s.rows {
				if a.totals.find(s.rows[i].ID) == nil {
					a.totals.put(&s.rows[i])
				}
			}
		default:
			return
		}
	}
}

// readTotals reads the totals of up to n accounts after one, as columns: a million rows one by one would take as long as finding them.
func readTotals(tx *db.Tx, after AccountID, n int) (rows []row, err error) {
	_, err = db.All(tx, func(r db.Row) (struct{}, error) {
		var c money.Currency
		var scale, limit int64
		var cols [9][]int64
		err := r.Scan(&c.Code, &scale, &limit, &cols[0], &cols[1], &cols[2], &cols[3], &cols[4], &cols[5], &cols[6], &cols[7], &cols[8])
		if err != nil {
			return struct{}{}, err
		}
		c.Scale = small(scale)
		for i, id := range cols[0] {
			one := row{state: cols[8][i]}
			one.ID, one.Currency, one.Limit = AccountID(id), c, Limit(small(limit))
			one.restore(totals{cols[1][i], cols[2][i], cols[3][i], cols[4][i], cols[5][i], cols[6][i], clock.FromMicros(cols[7][i])})
			rows = append(rows, one)
		}
		return struct{}{}, nil
	}, selectTotalColumns, int64(after), n)
	return rows, err
}
