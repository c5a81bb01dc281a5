package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/client"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/payment"
)

const (
	payers  = 1000
	shops   = 100
	funds   = 1_000_000_000_00 // minor units that every payer starts with: nobody runs dry
	warmUp  = time.Second      // connections, prepared statements and caches; not measured
	euroMax = 50_00
)

// paymentsResult is what `bench payments --json` prints.
type paymentsResult struct {
	Payments          int     `json:"payments"`
	PaymentsPerSecond float64 `json:"payments_per_second"`
	P50               float64 `json:"p50_ms"`
	P99               float64 `json:"p99_ms"`
	Verified          bool    `json:"verified"`
	Fsyncs            int64   `json:"fsyncs"`
	Engine            string  `json:"engine"`
	InFlight          int     `json:"in_flight"`
	Hot               bool    `json:"hot"`
	Hold              bool    `json:"hold"`
	Seconds           float64 `json:"seconds"`
}

// payments measures whole payments: a payer's token creates and confirms in one request, with idempotency key, outbox,
// activity and both sides told. With --hold the shop then captures by a second request.
func payments(ctx context.Context, args []string, out, diag io.Writer) error {
	c := &common{out: out, diag: diag}
	f := c.flags("payments")
	hot, hold := f.Bool("hot", false, ""), f.Bool("hold", false, "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w; `billfold bench` shows how it is called", err)
	}
	if err := c.check(); err != nil {
		return err
	}
	w, err := open(ctx, c)
	if err != nil {
		return err
	}
	cast, err := w.cast(ctx, *hot)
	if err != nil {
		return errors.Join(err, w.close(ctx))
	}
	load := &paymentLoad{cast: cast, base: w.base, hold: *hold}
	m, err := w.measure(ctx, c, func(d time.Duration) error { return load.run(ctx, c.inFlight, d) })
	if err != nil {
		return err
	}
	ms := percentiles(load.times, 50, 99)
	r := paymentsResult{load.count(), rate(load.count(), m.took), ms[0], ms[1], m.verified, m.fsyncs, c.engine, c.inFlight, *hot, *hold,
		seconds(m.took)}
	text := fmt.Sprintf("%d payments in %.1f s on %s: %.0f a second, p50 %.1f ms, p99 %.1f ms, %d fsyncs, verified %v",
		r.Payments, r.Seconds, r.Engine, r.PaymentsPerSecond, r.P50, r.P99, r.Fsyncs, r.Verified)
	return c.tell(r, text, m.verified)
}

// cast are the people and shops of a run. Each run makes its own: the keys of an earlier one were shown once.
type cast struct {
	tokens []string // payers'
	shops  []string // shop ids
	keys   []string // the shops' secret keys, in the same order
}

func (w *world) cast(ctx context.Context, hot bool) (*cast, error) {
	if hot {
		return w.castOf(ctx, payers, 1)
	}
	return w.castOf(ctx, payers, shops)
}

func (w *world) castOf(ctx context.Context, payers, shops int) (*cast, error) {
	run := id.Secret(8) // handles are unique over runs
	list := make([]identity.NewPerson, payers+1)
	for i := range list {
		list[i] = identity.NewPerson{Name: "Payer " + strconv.Itoa(i), Handle: "b" + run + "_" + strconv.Itoa(i)}
	}
	people, err := w.People.Create(ctx, list)
	if err != nil {
		return nil, err
	}
	c := &cast{}
	for i := range shops {
		shop, err := w.Shops.Register(ctx, merchant.Draft{Owner: people[payers].ID, Name: "Shop " + strconv.Itoa(i),
			Handle: "s" + run + "_" + strconv.Itoa(i), MCC: "5411", Country: "DE", Currencies: []string{"EUR"}})
		if err != nil {
			return nil, err
		}
		c.shops = append(c.shops, string(shop.ID))
	}
	err = w.DB.Write(ctx, func(tx *db.Tx) error {
		c.tokens, c.keys = c.tokens[:0], c.keys[:0]
		for _, shop := range c.shops {
			secret, _, err := w.People.CreateKey(tx, identity.NewKey{Owner: shop, Kind: identity.SecretKey, Label: "bench"})
			if err != nil {
				return err
			}
			c.keys = append(c.keys, secret)
		}
		for _, p := range people[:payers] {
			secret, _, err := w.People.CreateKey(tx, identity.NewKey{Owner: string(p.ID), Kind: identity.PayerKey, Label: "bench"})
			if err != nil {
				return err
			}
			c.tokens = append(c.tokens, secret)
		}
		return w.fund(tx, people[:payers])
	})
	return c, err
}

// fund gives everybody money out of an account that owes it, as a bank's transfer would.
func (w *world) fund(tx *db.Tx, people []identity.Person) error {
	euro, _ := money.Lookup("EUR")
	source, err := w.Ledger.Open(tx, ledger.Spec{Address: "bench/float/EUR", Currency: euro, Limit: ledger.Unlimited, Busy: true})
	if err != nil {
		return err
	}
	for _, p := range people {
		wallet, err := w.Ledger.ByAddress(tx, payment.WalletAddress(p.ID, euro))
		if err != nil {
			return err
		}
		leg := ledger.Leg{Debit: source.ID, Credit: wallet.ID, Amount: funds}
		if _, err := w.Ledger.Post(tx, ledger.Entry{Kind: "bench.fund", Legs: []ledger.Leg{leg}}); err != nil {
			return err
		}
	}
	return nil
}

// paymentLoad is a closed loop of callers.
type paymentLoad struct {
	*cast
	base  string
	hold  bool
	times []latencies // of the last run, by caller
}

func (l *paymentLoad) count() (n int) {
	for _, t := range l.times {
		n += len(t)
	}
	return n
}

// run has n callers pay until the time is over, and fails with the first refusal: nothing here may be refused.
func (l *paymentLoad) run(ctx context.Context, n int, d time.Duration) error {
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	l.times = make([]latencies, n)
	errs := make([]error, n)
	run := id.Secret(8)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if errs[i] = l.caller(ctx, i, run); errs[i] != nil {
				stop()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (l *paymentLoad) caller(ctx context.Context, me int, run string) error {
	r := rand.New(rand.NewPCG(uint64(me), 1))
	for n := 0; ctx.Err() == nil; n++ {
		shop := r.IntN(len(l.shops))
		payer := client.Client{BaseURL: l.base, Key: l.tokens[r.IntN(len(l.tokens))]}
		in := client.CreatePayment{Payee: l.shops[shop], Confirm: true,
			Amount: client.Money{Amount: strconv.Itoa(1 + r.IntN(euroMax)), Currency: "EUR"}}
		if l.hold {
			in.Capture = "manual"
		}
		key := client.IdempotencyKey(run + "-" + strconv.Itoa(me) + "-" + strconv.Itoa(n))
		watch := clock.Start()
		// A payment that was begun is finished: the run's end is no reason to leave one without its answer.
		p, err := payer.CreatePayment(context.WithoutCancel(ctx), in, key)
		if err == nil && l.hold {
			till := client.Client{BaseURL: l.base, Key: l.keys[shop]}
			p, err = till.CapturePayment(context.WithoutCancel(ctx), p.ID, client.CapturePayment{}, key)
		}
		if err != nil {
			return err
		}
		if p.State != "completed" {
			return fmt.Errorf("payment %s is %s", p.ID, p.State)
		}
		l.times[me] = append(l.times[me], watch.Elapsed())
	}
	return nil
}
