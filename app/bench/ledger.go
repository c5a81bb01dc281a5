package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/ledger"
)

const (
	// openSlice is how many accounts are opened in one transaction.
	openSlice = 1_000
	// transferMost is the largest amount of a transfer; with funds nobody runs dry.
	transferMost = 1_000
)

// transfersResult is what `bench ledger --json` prints.
type transfersResult struct {
	Transfers          int     `json:"transfers"`
	TransfersPerSecond float64 `json:"transfers_per_second"`
	P50                float64 `json:"p50_ms"` // of a call, which has --batch transfers
	P99                float64 `json:"p99_ms"`
	BytesPerTransfer   float64 `json:"bytes_per_transfer"`
	Fsyncs             int64   `json:"fsyncs"`
	Verified           bool    `json:"verified"`
	Engine             string  `json:"engine"`
	Accounts           int     `json:"accounts"`
	InFlight           int     `json:"in_flight"`
	Batch              int     `json:"batch"`
	Hot                bool    `json:"hot"`
	HTTP               bool    `json:"http"` // over POST /v1/ledger/entries, else in the process
	Entries            int     `json:"entries"`
	SecondHalf         float64 `json:"second_half"` // how fast the second half of the run was, the first being 1
	FirstPerSecond     float64 `json:"first_half_per_second"`
	SecondPerSecond    float64 `json:"second_half_per_second"`
	Seconds            float64 `json:"seconds"`
	Resident           int64   `json:"resident_bytes"`    // of this process at the end of the run, its callers included
	Pgbench            float64 `json:"pgbench,omitempty"` // TPC-B transactions a second on the same PostgreSQL, right afterwards
	TimesPgbench       float64 `json:"times_pgbench,omitempty"`
	*historyResult
}

// transfers measures the ledger: random pairs of accounts that never go below zero, every entry with its id, each call answered after the
// commit that has it.
func transfers(ctx context.Context, args []string, out, diag io.Writer) error {
	c := &common{out: out, diag: diag}
	f := c.flags("ledger")
	l := &transferLoad{}
	f.IntVar(&l.accounts, "accounts", 10_000, "")
	f.IntVar(&l.batch, "batch", 1, "")
	f.IntVar(&l.entries, "entries", 0, "")
	f.BoolVar(&l.hot, "hot", false, "")
	f.BoolVar(&l.http, "http", false, "")
	f.BoolVar(&l.look, "history", false, "")
	f.BoolVar(&l.compare, "pgbench", true, "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w; `billfold bench` shows how it is called", err)
	}
	if err := errors.Join(c.check(), l.check()); err != nil {
		return err
	}
	w, err := open(ctx, c)
	if err != nil {
		return err
	}
	l.world = w
	if err := l.prepare(ctx); err != nil {
		return errors.Join(err, w.close(ctx))
	}
	if l.http {
		if l.key, err = w.operatorKey(ctx); err != nil {
			return errors.Join(err, w.close(ctx))
		}
	}
	run := l.run
	if l.http {
		run = l.runHTTP
	}
	var looked *historyResult
	if l.look {
		h, err := l.history(ctx)
		if err != nil {
			return errors.Join(err, w.close(ctx))
		}
		looked = &h
	}
	m, err := w.measure(ctx, c, func(d time.Duration) error {
		err := run(ctx, c.inFlight, d)
		l.resident = resident()
		return err
	})
	if err != nil {
		return err
	}
	r := l.result(c, m)
	r.historyResult = looked
	if c.engine == "postgres" && l.compare {
		if r.Pgbench = pgbench(ctx, c); r.Pgbench > 0 {
			r.TimesPgbench = float64(int(r.TransfersPerSecond/r.Pgbench*100)) / 100
		}
	}
	return c.tell(r, r.sentence(), m.verified)
}

func (l *transferLoad) result(c *common, m measured) transfersResult {
	ms := percentiles(l.times, 50, 99)
	first, second := int(l.halves[0].Load()), int(l.halves[1].Load())
	n := first + second
	return transfersResult{Transfers: n, TransfersPerSecond: rate(n, m.took), P50: ms[0], P99: ms[1], Fsyncs: m.fsyncs, Verified: m.verified,
		BytesPerTransfer: float64(m.bytes*10/int64(max(n, 1))) / 10, Engine: c.engine, Accounts: l.accounts, InFlight: c.inFlight,
		Batch: l.batch, Hot: l.hot, HTTP: l.http, Entries: l.entries, Seconds: seconds(m.took), Resident: l.resident,
		SecondHalf: float64(second*100/max(first, 1)) / 100, FirstPerSecond: rate(first, m.took/2), SecondPerSecond: rate(second, m.took/2)}
}

func (r *transfersResult) sentence() string {
	text := fmt.Sprintf("%d transfers in %.1f s on %s: %.0f a second (%.0f and %.0f in its halves), p50 %.2f ms, p99 %.2f ms, "+
		"%.0f bytes a transfer, %d fsyncs, %d MB of memory, verified %v",
		r.Transfers, r.Seconds, r.Engine, r.TransfersPerSecond, r.FirstPerSecond, r.SecondPerSecond, r.P50, r.P99, r.BytesPerTransfer,
		r.Fsyncs, r.Resident>>20, r.Verified)
	if h := r.historyResult; h != nil {
		text += fmt.Sprintf("\nhistory of %d entries: a page p50 %.2f ms, p99 %.2f ms, at most %.2f ms; the balance of a moment p50 %.2f ms, "+
			"p99 %.2f ms, at most %.2f ms", h.Entries, h.PageP50, h.PageP99, h.PageMax, h.AtP50, h.AtP99, h.AtMax)
	}
	if r.Pgbench > 0 {
		text += fmt.Sprintf("\npgbench TPC-B on the same server, %d clients, scale %d: %.0f transactions a second; this is %.1f times as many",
			pgbenchClients, pgbenchScale, r.Pgbench, r.TimesPgbench)
	}
	return text
}

// transferLoad is a closed loop of callers over accounts that exist.
type transferLoad struct {
	*world
	accounts, batch, entries int
	hot, http, look, compare bool

	resident int64  // memory at the end of the last run
	key      string // an operator's, over HTTP
	ids      []ledger.AccountID
	times    []latencies // of the last run, by caller
	halves   [2]atomic.Int64
}

func (l *transferLoad) check() error {
	switch {
	case l.accounts < 2 || l.accounts > 10_000_000:
		return errors.New("--accounts is 2 to 10000000")
	case l.batch < 1 || l.batch > ledger.MaxBatch:
		return fmt.Errorf("--batch is 1 to %d", ledger.MaxBatch)
	case l.entries < 0:
		return errors.New("--entries is 0 or more")
	}
	return nil
}

// prepare opens the accounts, gives money to those that have none, and posts the entries that are to be there.
func (l *transferLoad) prepare(ctx context.Context) error {
	euro, _ := money.Lookup("EUR")
	spec := func(name string, limit ledger.Limit) ledger.Spec {
		return ledger.Spec{Address: "bench/" + name + "/EUR", Currency: euro, Limit: limit}
	}
	l.ids = make([]ledger.AccountID, 0, l.accounts)
	for len(l.ids) < l.accounts {
		specs := []ledger.Spec{spec("source", ledger.Unlimited)}
		for i := len(l.ids); i < min(len(l.ids)+openSlice, l.accounts); i++ {
			specs = append(specs, spec(fmt.Sprintf("account%d", i), ledger.NonNegative))
		}
		opened, err := db.Write(ctx, l.DB, func(tx *db.Tx) ([]ledger.Account, error) { return l.fund(tx, specs) })
		if err != nil {
			return err
		}
		for _, a := range opened {
			l.ids = append(l.ids, a.ID)
		}
	}
	r := rand.New(rand.NewPCG(0, 2))
	for left := l.entries; left > 0; left -= ledger.MaxBatch {
		results, err := l.Ledger.Submit(ctx, l.DB, l.draw(r, min(left, ledger.MaxBatch)), false)
		if err = errors.Join(err, firstRefusal(results)); err != nil {
			return err
		}
	}
	return nil
}

// fund opens a source of money and accounts, and gives to those that have none.
func (l *transferLoad) fund(tx *db.Tx, specs []ledger.Spec) ([]ledger.Account, error) {
	all, err := l.Ledger.OpenAll(tx, specs)
	if err != nil {
		return nil, err
	}
	source, opened := all[0], all[1:]
	var gifts []ledger.Entry
	for _, a := range opened {
		if a.Entries == 0 {
			leg := ledger.Leg{Debit: source.ID, Credit: a.ID, Amount: funds}
			gifts = append(gifts, ledger.Entry{Kind: "bench.fund", Legs: []ledger.Leg{leg}})
		}
	}
	if len(gifts) == 0 {
		return opened, nil
	}
	results, err := l.Ledger.PostBatch(tx, gifts, false)
	return opened, errors.Join(err, firstRefusal(results))
}

func firstRefusal(results []ledger.Result) error {
	for i := range results {
		if results[i].Err != nil {
			return results[i].Err
		}
	}
	return nil
}

// draw makes transfers between random accounts, or from random ones to the first.
func (l *transferLoad) draw(r *rand.Rand, n int) []ledger.Entry {
	entries := make([]ledger.Entry, n)
	for i := range entries {
		from, to := 1+r.IntN(len(l.ids)-1), 0
		if !l.hot {
			if to = r.IntN(len(l.ids)); to == from {
				to = 0
			}
		}
		leg := ledger.Leg{Debit: l.ids[from], Credit: l.ids[to], Amount: 1 + r.Int64N(transferMost)}
		entries[i] = ledger.Entry{Kind: "transfer", Legs: []ledger.Leg{leg}}
	}
	return entries
}

// run has n callers transfer until the time is over, and fails with the first refusal: nothing here may be refused.
func (l *transferLoad) run(ctx context.Context, n int, d time.Duration) error {
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	l.times = make([]latencies, n)
	l.halves[0].Store(0)
	l.halves[1].Store(0)
	watch, seed := clock.Start(), rand.Uint64()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			for ctx.Err() == nil {
				began := watch.Elapsed()
				// What was begun is finished: the run's end is no reason to leave a transfer without its answer.
				results, err := l.Ledger.Submit(context.WithoutCancel(ctx), l.DB, l.draw(r, l.batch), false)
				if errs[i] = errors.Join(err, firstRefusal(results)); errs[i] != nil {
					stop()
					return
				}
				ended, half := watch.Elapsed(), 0
				if ended > d/2 {
					half = 1
				}
				l.halves[half].Add(int64(l.batch))
				l.times[i] = append(l.times[i], ended-began)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
