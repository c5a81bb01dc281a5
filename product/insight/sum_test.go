package insight

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/event"
	"billfold/core/payment"
)

// many is a batch of random payments around the ends of days and months.
func (w *world) many(r *rand.Rand, n int) []event.Event {
	w.t.Helper()
	list := make([]event.Event, n)
	for i := range list {
		w.n++
		at := w.clock.Now().Add(-time.Duration(r.IntN(60*24)) * time.Hour).Truncate(24 * time.Hour).Add(time.Duration(r.IntN(12)-6) * time.Hour)
		news := payment.News{Payment: payment.ID(w.ids.New("pay")), Kind: payment.Transfer, State: payment.Completed, Payer: w.lena,
			Payee: "usr_" + strconv.Itoa(r.IntN(3)), Amount: "1", Currency: "EUR", Scale: 2, Captured: strconv.Itoa(1 + r.IntN(900))}
		data, err := json.Marshal(news)
		if err != nil {
			w.t.Fatal(err)
		}
		list[i] = event.Event{ID: fmt.Sprintf("evt_%d", w.n), Type: "payment.completed", Object: string(news.Payment), At: at, Data: data}
	}
	return list
}

// findings are what Verify says.
func (w *world) findings() (list []string) {
	w.t.Helper()
	if err := w.Verify(w.t.Context(), func(finding string) { list = append(list, finding) }); err != nil {
		w.t.Fatal(err)
	}
	return list
}

// TestSumsAreTheFacts: however batches are cut and repeated, a month of any zone is what its facts come to.
func TestSumsAreTheFacts(t *testing.T) {
	engines(t, func(w *world) {
		r := rand.New(rand.NewPCG(7, 7))
		for range 4 {
			batch := w.many(r, 90)
			for _, part := range [][]event.Event{batch[:40], batch, batch[80:]} {
				if err := w.d.Write(t.Context(), func(tx *db.Tx) error { return w.Feed(tx, part) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, name := range []string{"UTC", "Asia/Kathmandu", "America/New_York"} {
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			for back := range 3 {
				from, to := MonthOf(w.clock.Now(), zone).Add(-back).Bounds(zone)
				got, want := map[string]int64{}, map[string]int64{}
				err := w.d.Read(t.Context(), func(tx *db.Tx) error {
					list, err := w.between(tx, w.lena, from, to)
					if err != nil {
						return err
					}
					for _, f := range list {
						got[f.payee] += f.amount
					}
					facts, err := db.All(tx, scanFact, selectFacts, w.lena, clock.Micros(from), clock.Micros(to))
					for _, f := range facts {
						want[f.payee] += f.amount
					}
					if len(facts) > 20 && len(list) >= len(facts) {
						t.Errorf("%s, %d months ago: %d rows were read for %d facts", name, back, len(list), len(facts))
					}
					return err
				})
				if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s, %d months ago: %v, the facts come to %v (%v)", name, back, got, want, err)
				}
			}
		}
		if found := w.findings(); len(found) != 0 {
			t.Errorf("nothing is wrong, and Verify says %v", found)
		}
		for _, breach := range []string{`update insight_sum set amount = amount + 1 where day = (select max(day) from insight_sum)
				and payee = (select min(payee) from insight_sum where day = (select max(day) from insight_sum))`,
			`delete from insight_sum where day = (select min(day) from insight_sum)
				and payee = (select min(payee) from insight_sum where day = (select min(day) from insight_sum))`,
			`insert into insight_sum (person, day, payee, category, currency, amount) values ('usr_x', 20000, 'usr_y', 'people', 'EUR', 5)`} {
			before := len(w.findings())
			if err := w.d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(breach); return err }); err != nil {
				t.Fatal(err)
			}
			if found := w.findings(); len(found) != before+1 {
				t.Errorf("%s: Verify says %v", breach, found)
			}
		}
	})
}
