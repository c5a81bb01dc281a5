package identity

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"billfold/base/fault"
)

// Who has a wallet cannot be read out by trying names: an asker hears of thirty that are not there, also when they ask in
// parallel and in two processes, and then waits; names that are there are never counted.
func TestPayeesCannotBeListed(t *testing.T) {
	engines(t, func(w *world) {
		lena := w.only(NewPerson{Name: "Lena Hoffmann", Handle: "lena"}).ID
		eve := w.only(NewPerson{Name: "Eve Miller", Handle: "eve_m"}).ID
		olu := w.only(NewPerson{Name: "Olu Adeyemi", Handle: "olu"}).ID
		second := w.again()
		for range 2 * payeeRule.free {
			if p, err := w.FindPayee(w.ctx, eve, "@lena"); err != nil || p.ID != lena {
				w.t.Fatalf("a name that is there: %+v, %v", p, err)
			}
		}
		var mu sync.Mutex
		var all sync.WaitGroup
		answers := map[string]int{}
		for i := range 2 * payeeRule.free {
			asked := []*Service{w.Service, second}[i%2]
			all.Go(func() {
				_, err := asked.FindPayee(w.ctx, eve, fmt.Sprintf("@guess_%d", i))
				f, _ := fault.As(err)
				mu.Lock()
				defer mu.Unlock()
				if f == nil {
					f = &fault.Fault{Code: fmt.Sprint(err)}
				}
				answers[f.Code]++
			})
		}
		all.Wait()
		if answers[ErrPayeeUnknown.Code] != int(payeeRule.free) || answers[ErrTooMany.Code] != int(payeeRule.free) {
			w.t.Errorf("answers: %v", answers)
		}
		w.pass(4 * time.Minute)
		for _, name := range []string{"@lena", "@nobody_here", "nobody@example.org"} {
			_, err := second.FindPayee(w.ctx, eve, name)
			f, ok := fault.As(err)
			if !ok || !errors.Is(err, ErrTooMany) || f.Kind != fault.Exhausted || f.RetryAfter != 6*time.Minute {
				w.t.Errorf("%s while waiting: %v, %+v", name, err, f)
			}
		}
		if p, err := w.FindPayee(w.ctx, olu, "@lena"); err != nil || p.ID != lena {
			w.t.Errorf("somebody else: %+v, %v", p, err)
		}
		w.pass(6 * time.Minute)
		if p, err := w.FindPayee(w.ctx, eve, "@lena"); err != nil || p.ID != lena {
			w.t.Errorf("after the wait: %+v, %v", p, err)
		}
		_, err := w.FindPayee(w.ctx, eve, "@nobody_here")
		w.want(err, ErrPayeeUnknown, "after the wait")
	})
}
