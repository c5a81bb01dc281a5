package gate

import (
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/clock"
	"billfold/base/fault"
	"billfold/base/telemetry"
)

// Options are a gate's limits. Every zero picks the default that stands behind it; Real and Refuse are needed. Real is
// one that nobody sets: an hour back would keep everybody out for an hour.
type Options struct {
	Real clock.Clock
	// Refuse answers a request that is not let in.
	Refuse func(w http.ResponseWriter, r *http.Request, f *fault.Fault)
	// Count is told each refusal by its reason; nil for nobody.
	Count func(reason string)

	Work   int            // requests worked on at once (32 a core, 64 at least)
	Queue  int            // requests that may wait for that (1024)
	Each   int            // of one caller, at work or waiting (1024)
	Wait   time.Duration  // above which age of the oldest that waits no more are let in (300 ms)
	Rate   int            // requests a second of one key or session, in the long run (10000)
	Guests int            // the same for a network of which nobody is known (500)
	Open   int            // streams at once (2000)
	OpenBy int            // streams of one caller (50)
	Trust  []netip.Prefix // proxies whose word on the client's address counts
	Cookie []string       // names of session cookies

	Streams []string // paths whose answers do not end: each would keep a place for as long as somebody listens
}

// burst is for how many seconds a caller may save up what they did not ask for.
const burst = 2

// Where the waits end.
const (
	patience       = 4 // times Wait for what is critical
	soon           = 5 * time.Millisecond
	crowd          = 8
	paceOver       = 100 * time.Millisecond
	giveUp         = 2 * time.Second
	giveUpCritical = 8 * time.Second
	retryRate      = time.Second
	hereMost       = 16 << 10 // requests, in whatever state
)

// Gate lets requests in. It is safe for concurrent use.
type Gate struct {
	Options
	reserve int // places that only critical requests take
	holds   holds
	kept    atomic.Pointer[func(time.Duration)]

	mu      sync.Mutex
	callers callers
	here    int // requests between admit and leave
	running int
	common  int // of these, ordinary ones
	waiting int
	open    int
	lines   [classes]line
	turn    int
	begins  int           // of those who waited, since
	since   time.Time     // when the line last was empty, or the pace taken
	pace    time.Duration // how far apart those who wait begin
}

// New returns a gate.
func New(o Options) *Gate {
	or := func(n *int, other int) {
		if *n <= 0 {
			*n = other
		}
	}
	or(&o.Work, max(64, 32*runtime.NumCPU()))
	or(&o.Queue, 1024)
	or(&o.Each, 1024)
	or(&o.Rate, 10_000)
	or(&o.Guests, 500)
	or(&o.Open, 2000)
	or(&o.OpenBy, 50)
	if o.Wait <= 0 {
		o.Wait = 300 * time.Millisecond
	}
	if o.Count == nil {
		o.Count = func(string) {}
	}
	return &Gate{Options: o, reserve: max(1, o.Work/8), callers: newCallers()}
}

// Busy says how many requests are worked on, how many wait, and how many streams are open.
func (g *Gate) Busy() (running, waiting, streams int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running, g.waiting, g.open
}

// Bounds says what Busy never exceeds.
func (g *Gate) Bounds() (running, waiting, streams int) { return g.Work + g.reserve, g.Queue, g.Open }

// Kept has told be told of each request that is sent away how long it was kept, from its head to the refusal written.
func (g *Gate) Kept(told func(time.Duration)) { g.kept.Store(&told) }

// Handler lets requests in to next.
func (g *Gate) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.serve(w, r, next)
	})
}

func (g *Gate) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	began := g.Real.Now()
	refuse := func(reason string, f *fault.Fault) {
		g.Count(reason)
		g.Refuse(w, r, f)
		if told := g.kept.Load(); told != nil {
			(*told)(g.Real.Now().Sub(began))
		}
	}
	id := g.credential(r)
	c, known, f := g.admit(w, r, id)
	if f != nil {
		refuse(f.Code, f)
		return
	}
	defer g.leave(c)
	if g.isStream(r) {
		if f := g.stream(c); f != nil {
			refuse("streams", f)
			return
		}
		defer g.hangUp(c)
		next.ServeHTTP(w, r)
		return
	}
	v := &stay{gate: g, caller: c, class: classOf(r)}
	defer v.over()
	if f = v.receive(w, r, known); f == nil {
		f = v.enter(r.Context())
	}
	if f != nil {
		refuse(f.Code, f)
		return
	}
	ctx, visitor := telemetry.WithVisitor(r.Context())
	out := &answer{ResponseWriter: w, stay: v}
	next.ServeHTTP(out, r.WithContext(ctx))
	v.done()
	if id != 0 {
		if name := visitor.Name(); name != "" && !known {
			g.know(id, name)
		}
	}
	_ = out.send() // the reader went away: nothing to mend
}

// admit finds the caller of a request and takes one from what they may ask in a second. Every answer of the API says what is left.
func (g *Gate) admit(w http.ResponseWriter, r *http.Request, id uint64) (*caller, bool, *fault.Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	name, known := g.callers.nameOf(id)
	rate := g.Rate
	if !known {
		name, rate = "net:"+network(r.RemoteAddr), g.Guests
	}
	c := g.callers.get(name)
	now := g.Real.Now()
	left, wait := c.take(now, rate)
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		// draft-ietf-httpapi-ratelimit-headers-10: what is allowed, and what is left of it.
		h := w.Header()
		h["Ratelimit-Policy"] = []string{`"caller";q=` + strconv.Itoa(rate*burst) + ";w=" + strconv.Itoa(burst)}
		h["Ratelimit"] = []string{`"caller";r=` + strconv.Itoa(left) + ";t=" + strconv.Itoa(int((wait+time.Second-1)/time.Second))}
	}
	if wait > 0 {
		return nil, known, fault.ErrRate.RetryIn(max(wait, retryRate))
	}
	if f := g.holds.refusal(c); f != nil { // who does not read answers is not given more of them
		return nil, known, f
	}
	switch {
	case c.here >= 2*g.Each:
		return nil, known, fault.ErrRate.RetryIn(retryRate)
	case g.here >= hereMost:
		return nil, known, busy()
	}
	c.here++
	g.here++
	return c, known, nil
}

func (g *Gate) leave(c *caller) {
	g.mu.Lock()
	c.here--
	g.here--
	g.mu.Unlock()
}

// know remembers whose a credential is.
func (g *Gate) know(id uint64, name string) {
	g.mu.Lock()
	g.callers.know(id, name)
	g.mu.Unlock()
}

// stream counts a stream in.
func (g *Gate) stream(c *caller) *fault.Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case c.open >= g.OpenBy:
		return fault.ErrRate.RetryIn(10 * time.Second)
	case g.open >= g.Open:
		return fault.ErrBusy.RetryIn(10 * time.Second)
	}
	g.open++
	c.open++
	return nil
}

func (g *Gate) hangUp(c *caller) {
	g.mu.Lock()
	g.open--
	c.open--
	g.mu.Unlock()
}
