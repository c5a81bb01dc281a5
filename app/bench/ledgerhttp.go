package bench

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/core/identity"
)

// operatorKey makes an operator and their key: only they may post entries.
func (w *world) operatorKey(ctx context.Context) (string, error) {
	people, err := w.People.Create(ctx, []identity.NewPerson{{Name: "Bench Operator", Handle: "o" + id.Secret(8)}})
	if err != nil {
		return "", err
	}
	return db.Write(ctx, w.DB, func(tx *db.Tx) (string, error) {
		if err := w.People.Grant(tx, people[0].ID, identity.Operator); err != nil {
			return "", err
		}
		secret, _, err := w.People.CreateKey(tx, identity.NewKey{Owner: string(people[0].ID), Kind: identity.OperatorKey, Label: "bench"})
		return secret, err
	})
}

// runHTTP is run over POST /v1/ledger/entries: each caller has a connection of its own, and every request a key of its own.
func (l *transferLoad) runHTTP(ctx context.Context, n int, d time.Duration) error {
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	l.times = make([]latencies, n)
	l.halves[0].Store(0)
	l.halves[1].Store(0)
	watch, seed, run := clock.Start(), rand.Uint64(), id.Secret(8)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if errs[i] = l.callHTTP(ctx, watch, d, i, seed, run); errs[i] != nil {
				stop()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (l *transferLoad) callHTTP(ctx context.Context, watch clock.Stopwatch, d time.Duration, me int, seed uint64, run string) error {
	host := strings.TrimPrefix(l.base, "http://")
	c, err := connect(ctx, host)
	if err != nil {
		return err
	}
	defer c.close()
	r := rand.New(rand.NewPCG(seed, uint64(me)))
	posted := []byte(`"posted":` + strconv.Itoa(l.batch) + `,`)
	var body []byte
	for n := 0; ctx.Err() == nil; n++ {
		body = l.wire(body[:0], r)
		once := run + "-" + strconv.Itoa(me) + "-" + strconv.Itoa(n)
		began := watch.Elapsed()
		a, err := c.post(host, "/v1/ledger/entries", l.key, once, body)
		if err != nil {
			return err
		}
		if a.status != 200 || !bytes.Contains(a.body[:min(len(a.body), 100)], posted) {
			return a.refusal()
		}
		ended, half := watch.Elapsed(), 0
		if ended > d/2 {
			half = 1
		}
		l.halves[half].Add(int64(l.batch))
		l.times[me] = append(l.times[me], ended-began)
	}
	return nil
}

// wire writes a request's body: transfers as draw makes them.
func (l *transferLoad) wire(b []byte, r *rand.Rand) []byte {
	b = append(b, `{"entries":[`...)
	for i := range l.batch {
		from, to := 1+r.IntN(len(l.ids)-1), 0
		if !l.hot {
			if to = r.IntN(len(l.ids)); to == from {
				to = 0
			}
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"kind":"transfer","legs":[{"debit":"bench/account`...)
		b = strconv.AppendInt(b, int64(from), 10)
		b = append(b, `/EUR","credit":"bench/account`...)
		b = strconv.AppendInt(b, int64(to), 10)
		b = append(b, `/EUR","amount":"`...)
		b = strconv.AppendInt(b, 1+r.Int64N(transferMost), 10)
		b = append(b, `","currency":"EUR"}]}`...)
	}
	return append(b, `]}`...)
}
