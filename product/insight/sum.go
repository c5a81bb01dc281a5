package insight

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
)

// dayMicros is a day of UTC, by which sums are kept: months of every zone are made of whole days and of facts at their ends.
const dayMicros = int64(24 * time.Hour / time.Microsecond)

// personDay is whose day it is.
type personDay struct {
	person string
	day    int64
}

// sumKey is one row of sums.
type sumKey struct {
	personDay
	payee    string
	category Category
	code     string
}

func (k sumKey) compare(o sumKey) int {
	return cmp.Or(cmp.Compare(k.person, o.person), cmp.Compare(k.day, o.day), cmp.Compare(k.payee, o.payee),
		cmp.Compare(k.category, o.category), cmp.Compare(k.code, o.code))
}

// keep writes facts down, given column by column, and adds them to the sums of their days. Where some of them came before, the day is
// added up anew.
func (s *Service) keep(tx *db.Tx, facts []any) error {
	sums, again := map[sumKey]int64{}, map[personDay]bool{}
	var failed error
	db.Chunks(facts, factColumns, func(rows int, args []any) {
		if failed != nil {
			return
		}
		var fresh int64
		fresh, failed = tx.Exec(insertFacts[rows], args...)
		for ; len(args) > 0; args = args[factColumns:] {
			k := sumKey{personDay{args[0].(string), args[1].(int64) / dayMicros}, args[3].(string), Category(args[4].(string)), args[5].(string)}
			if fresh != int64(rows) {
				again[k.personDay] = true
			}
			sums[k] = plus(sums[k], args[6].(int64))
		}
	})
	if failed != nil {
		return failed
	}
	maps.DeleteFunc(sums, func(k sumKey, _ int64) bool { return again[k.personDay] })
	for d := range again {
		if err := s.addUp(tx, d, sums); err != nil {
			return err
		}
	}
	var rows []any
	for _, k := range slices.SortedFunc(maps.Keys(sums), sumKey.compare) {
		rows = append(rows, k.person, k.day, k.payee, string(k.category), k.code, sums[k])
	}
	upsertSums.Queue(tx, rows)
	return nil
}

// addUp takes the sums of a day away, and puts what its facts come to among those that are to be written.
func (s *Service) addUp(tx *db.Tx, d personDay, sums map[sumKey]int64) error {
	tx.Queue(deleteSums, d.person, d.day)
	facts, err := db.All(tx, scanFact, selectFacts, d.person, d.day*dayMicros, (d.day+1)*dayMicros)
	for _, f := range facts {
		k := sumKey{d, f.payee, f.category, f.currency.Code}
		sums[k] = plus(sums[k], f.amount)
	}
	return err
}

// between is what a person's payments between two moments came to, as facts: whole days in one for each payee.
func (s *Service) between(tx *db.Tx, person string, from, to time.Time) ([]fact, error) {
	began, err := s.firstDay(tx)
	if err != nil {
		return nil, err
	}
	a, b := clock.Micros(from), clock.Micros(to)
	first, last := max((a+dayMicros-1)/dayMicros, began), b/dayMicros
	if first >= last {
		return db.All(tx, scanFact, selectFacts, person, a, b)
	}
	list, err := db.All(tx, scanFact, selectSums, person, first, last, dayMicros)
	for _, end := range [][2]int64{{a, first * dayMicros}, {last * dayMicros, b}} {
		if end[0] >= end[1] || err != nil {
			continue
		}
		var some []fact
		some, err = db.All(tx, scanFact, selectFacts, person, end[0], end[1])
		list = append(list, some...)
	}
	return list, err
}

// firstDay is the first day of which there are sums. It never changes.
func (s *Service) firstDay(tx *db.Tx) (int64, error) {
	if known := s.first.Load(); known != 0 {
		return known, nil
	}
	day, err := db.One(tx, scanNumber, selectBegan)
	if err == nil {
		s.first.Store(day + 1)
	}
	return day + 1, err
}

// verifyMost is how many rows Verify reads at a time.
const verifyMost = 10_000

// Verify adds every person's days up again, and says which sums are not what their facts come to.
func (s *Service) Verify(ctx context.Context, say func(finding string)) error {
	seen := map[personDay]bool{}
	for _, q := range []string{selectFactDays, selectSumDays} {
		for after := (personDay{}); ; {
			days, err := db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]personDay, error) {
				return db.All(tx, scanDay, q, after.person, after.day, verifyMost)
			})
			if err != nil {
				return err
			}
			for _, d := range days {
				after = d
				if q == selectFactDays {
					d.day /= dayMicros
				}
				if seen[d] {
					continue
				}
				seen[d] = true
				if err := s.o.DB.Read(ctx, func(tx *db.Tx) error { return s.verifyDay(tx, d, say) }); err != nil {
					return err
				}
			}
			if len(days) < verifyMost {
				break
			}
		}
	}
	return nil
}

func (s *Service) verifyDay(tx *db.Tx, d personDay, say func(string)) error {
	began, err := s.firstDay(tx)
	if err != nil || d.day < began {
		return err
	}
	sums, err := db.All(tx, scanFact, selectSums, d.person, d.day, d.day+1, dayMicros)
	if err != nil {
		return err
	}
	facts, err := db.All(tx, scanFact, selectFacts, d.person, d.day*dayMicros, (d.day+1)*dayMicros)
	if err != nil {
		return err
	}
	want := map[sumKey]int64{}
	for _, f := range facts {
		k := sumKey{d, f.payee, f.category, f.currency.Code}
		want[k] = plus(want[k], f.amount)
	}
	where := fmt.Sprintf("insight_sum of %s on day %d", d.person, d.day)
	for _, sum := range sums {
		k := sumKey{d, sum.payee, sum.category, sum.currency.Code}
		if want[k] != sum.amount {
			say(fmt.Sprintf("%s for %s in %s is %d, and its facts come to %d", where, k.payee, k.code, sum.amount, want[k]))
		}
		delete(want, k)
	}
	for k, amount := range want {
		say(fmt.Sprintf("%s for %s in %s is missing, and its facts come to %d", where, k.payee, k.code, amount))
	}
	return nil
}
