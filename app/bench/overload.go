package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"billfold/app"
	"billfold/base/clock"
	"billfold/core/payment"
)

const (
	// peakFor is how long the closed loop runs that finds the capacity, and calmFor the load after it.
	peakFor = 3 * time.Second
	calmFor = 5 * time.Second
	// loopConns bounds an open loop's connections: far more than the gate lets in and lets wait together.
	loopConns = 2_000
	// window is how fine recovery is told.
	window = 200 * time.Millisecond
	// checked is how many accepted payments are looked for in the database one by one.
	checked = 5_000
	holds   = 200
)

// overloadResult is what `bench overload --json` prints.
type overloadResult struct {
	Peak          float64 `json:"peak_per_second"`    // of a closed loop with --in-flight callers
	Offered       float64 `json:"offered_per_second"` // of the open loop
	Goodput       float64 `json:"goodput_per_second"`
	GoodputShare  float64 `json:"goodput_share"` // of the peak
	Accepted      int     `json:"accepted"`
	AcceptedP50   float64 `json:"accepted_p50_ms"`
	AcceptedP99   float64 `json:"accepted_p99_ms"`
	UnloadedP99   float64 `json:"unloaded_p99_ms"` // of an open loop at half the peak
	Shed          int     `json:"shed"`
	ShedP50       float64 `json:"shed_p50_ms"`
	ShedP99       float64 `json:"shed_p99_ms"`
	KeptP50       float64 `json:"shed_server_p50_ms"` // from the request's head in the server to its refusal written
	KeptP99       float64 `json:"shed_server_p99_ms"`
	NoRetryAfter  int     `json:"shed_without_retry_after"`
	Unanswered    int     `json:"unanswered"`
	Captures      int     `json:"captures"` // meanwhile, of holds from before
	CapturesShed  int     `json:"captures_shed"`
	Recovery      float64 `json:"recovery_ms"`
	LateP99       float64 `json:"late_p99_ms"` // of the generator, which has the same cores
	MemoryMB      int64   `json:"memory_mb"`   // the most, of server and generator
	MostRunning   int     `json:"most_running"`
	MostWaiting   int     `json:"most_waiting"`
	Lost          int     `json:"lost"` // accepted and not in the database
	OthersP99     float64 `json:"others_p99_ms"`
	OthersAlone   float64 `json:"others_alone_p99_ms"` // without the one at a hundred times their load
	OthersShed    int     `json:"others_shed"`
	Verified      bool    `json:"verified"`
	Engine        string  `json:"engine"`
	Seconds       float64 `json:"seconds"`
	OverloadTimes int     `json:"times"`
}

// overload measures what happens at several times the capacity, with the limits that `serve` has.
func overload(ctx context.Context, args []string, out, diag io.Writer) error {
	c := &common{out: out, diag: diag}
	f := c.flags("overload")
	times, work := f.Int("times", 3, ""), f.Int("max-requests", 0, "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w; `billfold bench` shows how it is called", err)
	}
	if *times < 1 || *times > 100 {
		return errors.New("--times is 1 to 100")
	}
	if err := c.check(); err != nil {
		return err
	}
	// Everybody here comes from one network, and a payer who was not seen before would count for it.
	w, err := openAs(ctx, c, func(o *app.Config) { o.Guests, o.Work = 1_000_000, *work })
	if err != nil {
		return err
	}
	r := &overloadResult{Engine: c.engine, OverloadTimes: *times}
	l := &storm{world: w, overloadResult: r}
	if err := l.run(ctx, c); err != nil {
		return errors.Join(err, w.close(ctx))
	}
	if err := w.close(ctx); err != nil {
		return err
	}
	if r.Verified, err = w.verify(ctx, c); err != nil {
		return err
	}
	text := fmt.Sprintf("peak %.0f a second; offered %.0f, goodput %.0f (%.2f of the peak), accepted p99 %.0f ms (unloaded %.0f ms), "+
		"%d shed in p99 %.1f ms (%.1f ms in the server), %d of %d captures shed, recovery %.0f ms, %d MB, %d lost, verified %v",
		r.Peak, r.Offered, r.Goodput, r.GoodputShare, r.AcceptedP99, r.UnloadedP99, r.Shed, r.ShedP99, r.KeptP99, r.CapturesShed, r.Captures,
		r.Recovery, r.MemoryMB, r.Lost, r.Verified)
	return c.tell(r, text, r.Verified && r.Lost == 0)
}

// storm is a run of it.
type storm struct {
	*world
	*overloadResult
	cast *cast
	held []string // payments that wait for their capture
}

func (s *storm) run(ctx context.Context, c *common) (err error) {
	if s.cast, err = s.world.cast(ctx, false); err != nil {
		return err
	}
	closed := &paymentLoad{cast: s.cast, base: s.base}
	for _, d := range []time.Duration{warmUp, peakFor} {
		if err := closed.run(ctx, c.inFlight, d); err != nil {
			return err
		}
	}
	s.Peak = rate(closed.count(), peakFor)
	calm, err := s.openLoop(ctx, max(1, int(s.Peak/2)), loopConns, peakFor, s.cast.pays(newRun()))
	if err != nil {
		return err
	}
	s.UnloadedP99 = timesOf(calm, accepted, 99)
	if err := s.hold(ctx); err != nil {
		return err
	}
	done, err := s.flood(ctx, c.duration)
	if err != nil {
		return err
	}
	if err := s.recover(ctx); err != nil {
		return err
	}
	if err := s.check(ctx, done); err != nil {
		return err
	}
	return s.beside(ctx)
}

func accepted(o outcome) bool { return o.answer == 201 || o.answer == 200 }
func shed(o outcome) bool     { return o.answer == 503 || o.answer == 429 }

// timesOf is a percentile, in milliseconds, of those that a test keeps.
func timesOf(all []outcome, keep func(outcome) bool, hundredth int) float64 {
	var list latencies
	for _, o := range all {
		if keep(o) {
			list = append(list, o.took)
		}
	}
	return percentiles([]latencies{list}, hundredth)[0]
}

// hold makes payments that are to be captured while nothing else gets through.
func (s *storm) hold(ctx context.Context) error {
	run := newRun()
	made, err := s.openLoop(ctx, holds, 50, time.Second, func(n int, r *rand.Rand) request {
		body := []byte(`{"payee":"` + s.cast.shops[0] + `","confirm":true,"capture":"manual","amount":{"amount":"100","currency":"EUR"}}`)
		return request{"/v1/payments", s.cast.tokens[r.IntN(len(s.cast.tokens))], run + "-" + strconv.Itoa(n), body}
	})
	for _, o := range made {
		if id := paymentIn(o.said); accepted(o) && id != "" {
			s.held = append(s.held, id)
		}
	}
	if err == nil && len(s.held) < holds/2 {
		err = fmt.Errorf("only %d of %d holds were made", len(s.held), holds)
	}
	return err
}

// paymentIn is the id that an answer begins with.
func paymentIn(body string) string {
	_, rest, _ := strings.Cut(body, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// flood is the overload itself.
func (s *storm) flood(ctx context.Context, d time.Duration) ([]outcome, error) {
	watched, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { s.watch(watched) })
	kept := s.keptBy()
	var captured []outcome
	var captureErr error
	all.Go(func() {
		perSecond := max(1, int(int64(len(s.held))*int64(time.Second)/int64(d)))
		captured, captureErr = s.openLoop(ctx, perSecond, 20, d, func(n int, _ *rand.Rand) request {
			path := "/v1/payments/" + s.held[n%len(s.held)] + "/capture"
			return request{path, s.cast.keys[0], "capture-" + strconv.Itoa(n), []byte("{}")}
		})
	})
	watch := clock.Start()
	all2, err := s.openLoop(ctx, int(s.Peak)*s.OverloadTimes, loopConns, d, s.cast.pays(newRun()))
	took := watch.Elapsed()
	stop()
	all.Wait()
	s.Seconds = seconds(took)
	for _, o := range all2 {
		switch {
		case accepted(o):
			s.Accepted++
		case shed(o):
			s.Shed++
			if !o.retry {
				s.NoRetryAfter++
			}
		default:
			s.Unanswered++
		}
	}
	s.Offered, s.Goodput = rate(len(all2), took), rate(s.Accepted, took)
	s.GoodputShare = float64(int(s.Goodput*1000/s.Peak)) / 1000
	s.AcceptedP50, s.AcceptedP99 = timesOf(all2, accepted, 50), timesOf(all2, accepted, 99)
	s.ShedP50, s.ShedP99 = timesOf(all2, shed, 50), timesOf(all2, shed, 99)
	inside := percentiles([]latencies{kept()}, 50, 99)
	s.KeptP50, s.KeptP99 = inside[0], inside[1]
	var late latencies
	for _, o := range all2 {
		late = append(late, o.late)
	}
	s.LateP99 = percentiles([]latencies{late}, 99)[0]
	for _, o := range captured {
		if s.Captures++; shed(o) {
			s.CapturesShed++
		}
	}
	return all2, errors.Join(err, captureErr)
}

// keptBy listens to how long the gate keeps those whom it sends away, from now until it is asked.
func (s *storm) keptBy() func() latencies {
	var mu sync.Mutex
	var list latencies
	s.Gate.Kept(func(kept time.Duration) {
		mu.Lock()
		list = append(list, kept)
		mu.Unlock()
	})
	return func() latencies {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

// watch notes the most of memory and of the gate's queues.
func (s *storm) watch(ctx context.Context) {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	for ctx.Err() == nil {
		metrics.Read(sample)
		s.MemoryMB = max(s.MemoryMB, int64(sample[0].Value.Uint64()>>20))
		running, waiting, _ := s.Gate.Busy()
		s.MostRunning, s.MostWaiting = max(s.MostRunning, running), max(s.MostWaiting, waiting)
		_ = clock.Wait(ctx, 20*time.Millisecond) // its error ends the loop
	}
}

// recover finds out when everything is as before at half the peak: the end of the last window in which something was shed, or was slower
// than twice the unloaded.
func (s *storm) recover(ctx context.Context) error {
	calm, err := s.openLoop(ctx, max(1, int(s.Peak/2)), loopConns, calmFor, s.cast.pays(newRun()))
	if err != nil {
		return err
	}
	slow := max(2*s.UnloadedP99, 50)
	var last time.Duration
	for at := time.Duration(0); at < calmFor; at += window {
		in := slices.DeleteFunc(slices.Clone(calm), func(o outcome) bool { return o.at < at || o.at >= at+window })
		if len(in) > 0 && (slices.ContainsFunc(in, func(o outcome) bool { return !accepted(o) }) || timesOf(in, accepted, 99) > slow) {
			last = at + window
		}
	}
	s.Recovery = float64(last.Milliseconds())
	return nil
}

// check looks for what was acknowledged.
func (s *storm) check(ctx context.Context, done []outcome) error {
	n := 0
	for _, o := range done {
		if !accepted(o) || n == checked {
			continue
		}
		n++
		p, err := s.Payments.Get(ctx, payment.Caller{Operator: true}, payment.ID(paymentIn(o.said)))
		if err != nil || p.State != payment.Completed {
			s.Lost++
		}
	}
	return ctx.Err()
}

// beside measures a few payers alone, and then beside one shop that asks a hundred times as much as they do.
func (s *storm) beside(ctx context.Context) error {
	few := max(1, int(s.Peak*float64(s.OverloadTimes)/100))
	alone, err := s.openLoop(ctx, few, 200, peakFor, s.cast.pays(newRun()))
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	var crowdErr error
	all.Go(func() {
		run := newRun()
		_, crowdErr = s.openLoop(ctx, 100*few, loopConns, peakFor, func(n int, _ *rand.Rand) request {
			return request{"/v1/payments", s.cast.keys[0], run + "-" + strconv.Itoa(n), []byte(`{"amount":{"amount":"100","currency":"EUR"}}`)}
		})
	})
	others, err := s.openLoop(ctx, few, 200, peakFor, s.cast.pays(newRun()))
	all.Wait()
	s.OthersAlone, s.OthersP99 = timesOf(alone, accepted, 99), timesOf(others, accepted, 99)
	for _, o := range others {
		if !accepted(o) {
			s.OthersShed++
		}
	}
	return errors.Join(err, crowdErr)
}
