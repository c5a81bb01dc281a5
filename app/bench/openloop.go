package bench

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/id"
)

// request is one of an open loop: it comes when it comes, whether or not those before it were answered.
type request struct {
	path, key, once string
	body            []byte
}

// outcome is what became of a request.
type outcome struct {
	request
	at     time.Duration // of the run, when it was sent
	late   time.Duration // behind its time: the generator's own fault
	took   time.Duration
	answer int // status, 0 for none
	retry  bool
	again  bool   // the answer was given before
	said   string // the beginning of the answer
}

// keptOf is how much of an answer is kept: the payment's id.
const keptOf = 64

// openLoop sends so many requests a second for a while, over as many connections as it takes up to most, and returns what became of
// each. A request that finds no connection free waits for one, and is late; one whose connection broke has no answer.
func (w *world) openLoop(
	ctx context.Context, perSecond, most int, d time.Duration, draw func(n int, r *rand.Rand) request,
) ([]outcome, error) {
	host := strings.TrimPrefix(w.base, "http://")
	type due struct {
		n  int
		at time.Duration
	}
	total := int(int64(perSecond) * int64(d) / int64(time.Second))
	queue := make(chan due, total)
	var mu sync.Mutex
	var all []outcome
	var watch clock.Stopwatch // from when everybody is connected
	begin, seed := make(chan struct{}), rand.Uint64()
	var ready, workers sync.WaitGroup
	ready.Add(most)
	for i := range most {
		workers.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			c, _ := connect(ctx, host) // or when it is needed
			ready.Done()
			<-begin
			var own []outcome
			defer func() {
				mu.Lock()
				all = append(all, own...)
				mu.Unlock()
			}()
			for next := range queue {
				o := outcome{request: draw(next.n, r)}
				var a answer
				var err error
				if c == nil {
					c, err = connect(ctx, host)
				}
				o.at = watch.Elapsed()
				o.late = o.at - next.at
				if err == nil {
					a, err = c.post(host, o.path, o.key, o.once, o.body)
				}
				o.took, o.answer, o.retry, o.again = watch.Elapsed()-o.at, a.status, a.retryAfter, a.replayed
				o.said = string(a.body[:min(len(a.body), keptOf)])
				if err != nil && c != nil {
					c.close()
					c = nil
				}
				own = append(own, o)
				if err != nil {
					o.answer = 0
				}
			}
			if c != nil {
				c.close()
			}
		})
	}
	ready.Wait()
	watch = clock.Start()
	close(begin)
	for n := 0; n < total && ctx.Err() == nil; {
		now := watch.Elapsed()
		for ; n < total && time.Duration(int64(n)*int64(time.Second)/int64(perSecond)) <= now; n++ {
			queue <- due{n, now}
		}
		_ = clock.Wait(ctx, time.Millisecond) // its error ends the loop
	}
	close(queue)
	workers.Wait()
	return all, ctx.Err()
}

// pays draws payments by random payers.
func (c *cast) pays(run string) func(n int, r *rand.Rand) request {
	return func(n int, r *rand.Rand) request {
		body := append([]byte(`{"payee":"`), c.shops[r.IntN(len(c.shops))]...)
		body = append(body, `","confirm":true,"amount":{"amount":"`...)
		body = append(strconv.AppendInt(body, 1+r.Int64N(euroMax), 10), `","currency":"EUR"}}`...)
		return request{"/v1/payments", c.tokens[r.IntN(len(c.tokens))], run + "-" + strconv.Itoa(n), body}
	}
}

// newRun names a run, so that its idempotency keys are its own.
func newRun() string { return id.Secret(8) }
