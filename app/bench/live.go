package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/clock"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/payment"
)

// liveResult is what `bench live --json` prints.
type liveResult struct {
	Pages     int     `json:"pages"`
	PerSecond float64 `json:"payments_per_second"` // that were paid
	Payments  int     `json:"payments"`
	Heard     int     `json:"heard"`  // pieces of news on the payers' pages
	Missed    int     `json:"missed"` // pages that were not told of their last payment
	P50       float64 `json:"delivery_p50_ms"`
	P99       float64 `json:"delivery_p99_ms"` // from the payer's request to the news on their open page
	MemoryMB  int64   `json:"memory_mb"`       // the most, of server, database and those who pay; the readers' ends are another process
	EmptyMB   int64   `json:"memory_before_mb"`
	OpenMB    int64   `json:"memory_with_pages_mb"` // with the pages open and nothing happening
	Processor float64 `json:"cpu_share"`            // of all cores
	Verified  bool    `json:"verified"`
	Engine    string  `json:"engine"`
	Seconds   float64 `json:"seconds"`
}

// live measures what open pages cost and how soon they hear: so many streams of server-sent events, and payments by their owners meanwhile.
func live(ctx context.Context, args []string, out, diag io.Writer) error {
	c := &common{out: out, diag: diag}
	f := c.flags("live")
	pages, rateOf := f.Int("pages", 2000, ""), f.Int("rate", 500, "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w; `billfold bench` shows how it is called", err)
	}
	if err := c.check(); err != nil {
		return err
	}
	if *pages < 1 || *pages > 2000 || *rateOf < 1 {
		return errors.New("--pages is 1 to 2000, --rate 1 or more")
	}
	w, err := openSandbox(ctx, c)
	if err != nil {
		return err
	}
	r := liveResult{Pages: *pages, Engine: c.engine}
	l := &listeners{world: w}
	if err := l.listen(ctx, *pages, *rateOf, c, &r); err != nil {
		return errors.Join(err, w.close(ctx))
	}
	if err := w.close(ctx); err != nil {
		return err
	}
	if r.Verified, err = w.verify(ctx, c); err != nil {
		return err
	}
	text := fmt.Sprintf("%d open pages on %s, %.0f payments a second for %.1f s: news after p50 %.1f ms, p99 %.1f ms, %d pages not told; "+
		"%d MB of memory at most, the readers' ends apart (%d MB before, %d MB when they were open), %.0f %% of the cores, verified %v",
		r.Pages, r.Engine, r.PerSecond, r.Seconds, r.P50, r.P99, r.Missed, r.MemoryMB, r.EmptyMB, r.OpenMB, 100*r.Processor, r.Verified)
	return c.tell(r, text, r.Verified)
}

// listeners are people with pages that are open.
type listeners struct {
	*world
	people []listener
	shops  []string
	ends   *readersEnd
	watch  clock.Stopwatch
	paid   atomic.Int64
}

// listener is one person with a page. since is when the oldest payment was sent of which the page has not heard, 0 for none.
type listener struct {
	person identity.PersonID
	since  atomic.Int64
	mu     sync.Mutex
	times  latencies
}

// listen opens the pages and lets people pay.
func (l *listeners) listen(ctx context.Context, pages, perSecond int, c *common, r *liveResult) error {
	cast, err := l.cast(ctx, false)
	if err != nil {
		return err
	}
	l.shops = cast.shops
	r.EmptyMB = resident() >> 20
	l.people = make([]listener, pages)
	if err := l.openAll(ctx, cast, c.diag); err != nil {
		return err
	}
	defer l.ends.close()
	r.OpenMB = resident() >> 20
	noting, stop := context.WithCancel(ctx)
	var noted sync.WaitGroup
	noted.Go(func() {
		for clock.Wait(noting, 50*time.Millisecond) == nil {
			r.MemoryMB = max(r.MemoryMB, resident()>>20)
		}
	})
	before := worked()
	l.watch = clock.Start()
	err = l.pay(ctx, perSecond, c)
	took := l.watch.Elapsed()
	l.settle(ctx)
	stop()
	noted.Wait()
	r.Processor = (worked() - before).Seconds() / took.Seconds() / float64(runtime.NumCPU())
	r.Payments, r.Seconds = int(l.paid.Load()), seconds(took)
	r.PerSecond = rate(r.Payments, took)
	var all []latencies
	for i := range l.people {
		p := &l.people[i]
		p.mu.Lock()
		all = append(all, p.times)
		r.Heard += len(p.times)
		p.mu.Unlock()
		if p.since.Load() != 0 {
			r.Missed++
		}
	}
	ms := percentiles(all, 50, 99)
	r.P50, r.P99 = ms[0], ms[1]
	return err
}

// openAll signs everybody in, and opens a page for each; with more pages than people some have two.
func (l *listeners) openAll(ctx context.Context, cast *cast, diag io.Writer) error {
	cookies := make([]string, len(l.people))
	for i := range l.people {
		key, err := l.People.AuthenticateKey(ctx, cast.tokens[i%len(cast.tokens)])
		if err != nil {
			return err
		}
		l.people[i].person = identity.PersonID(key.Owner)
		session, err := l.People.Enter(ctx, l.people[i].person, identity.Visit{Agent: "bench"})
		if err != nil {
			return err
		}
		cookies[i] = "bf_session=" + session
	}
	var err error
	if l.ends, err = l.openApart(ctx, cookies, diag); err != nil {
		return err
	}
	go l.ends.follow(l.heard)
	return nil
}

// heard is called when a page has news.
func (l *listeners) heard(page int) {
	p := &l.people[page]
	if sent := p.since.Swap(0); sent != 0 {
		p.mu.Lock()
		p.times = append(p.times, l.watch.Elapsed()-time.Duration(sent))
		p.mu.Unlock()
	}
}

// pay has the people with pages pay so many times a second, whether or not those before were answered.
func (l *listeners) pay(ctx context.Context, perSecond int, c *common) error {
	euro, _ := money.Lookup("EUR")
	total := int64(perSecond) * int64(c.duration) / int64(time.Second)
	var next atomic.Int64
	errs := make([]error, c.inFlight)
	var all sync.WaitGroup
	for i := range c.inFlight {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 5))
			for n := next.Add(1) - 1; n < total && errs[i] == nil; n = next.Add(1) - 1 {
				if early := time.Duration(n*int64(time.Second)/int64(perSecond)) - l.watch.Elapsed(); early > 0 {
					if errs[i] = clock.Wait(ctx, early); errs[i] != nil {
						return
					}
				}
				p := &l.people[r.IntN(len(l.people))]
				p.since.CompareAndSwap(0, max(1, int64(l.watch.Elapsed())))
				_, errs[i] = l.Payments.Create(ctx, payment.Caller{Person: p.person, AuthenticatedAt: l.Real.Now()},
					payment.Terms{Payee: l.shops[r.IntN(len(l.shops))], Amount: euro.Of(1 + r.Int64N(euroMax))}, true, once.Call{Key: id.Secret(12)})
				l.paid.Add(1)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// settle waits until everybody has heard, or for so long that they will not.
func (l *listeners) settle(ctx context.Context) {
	watch := clock.Start()
	for watch.Elapsed() < tellPatience {
		waiting := false
		for i := range l.people {
			waiting = waiting || l.people[i].since.Load() != 0
		}
		if !waiting || clock.Wait(ctx, 20*time.Millisecond) != nil {
			return
		}
	}
}
