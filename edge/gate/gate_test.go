package gate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/fault"
	"billfold/base/telemetry"
)

// hall is a gate before work that lasts until it is told to end, on a clock that the test moves.
type hall struct {
	*Gate
	t       *testing.T
	clock   *clock.Sandbox
	handler http.Handler
	begun   chan string // paths, as their work begins
	end     chan struct{}
	all     sync.WaitGroup
}

// visit is a request and what became of it.
type visit struct {
	path   string
	answer *httptest.ResponseRecorder
	done   chan struct{}
}

func newHall(t *testing.T, o Options) *hall {
	h := &hall{t: t, begun: make(chan string, 1000), end: make(chan struct{})}
	h.clock = clock.NewSandbox(clock.Frozen(time.Unix(1_000_000, 0)), 0)
	o.Real = h.clock
	o.Streams = []string{"/v1/events/stream", "/live"}
	o.Refuse = func(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
		status := http.StatusServiceUnavailable
		if f.Kind == fault.Exhausted {
			status = http.StatusTooManyRequests
		}
		if f.RetryAfter <= 0 || f.Moved.String() != "no" {
			t.Errorf("%s is refused without a time to come back, or as if money had moved: %+v", r.URL.Path, f)
		}
		w.WriteHeader(status)
	}
	h.Gate = New(o)
	h.handler = h.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.Header.Get("Authorization"); strings.HasPrefix(name, "known ") {
			telemetry.Visits(r.Context(), strings.TrimPrefix(name, "known "))
		}
		if r.Method == http.MethodPost {
			io.Copy(io.Discard, r.Body)
		}
		h.begun <- r.URL.Path
		<-h.end
	}))
	t.Cleanup(func() {
		close(h.end)
		h.all.Wait()
	})
	return h
}

// send sends a request and does not wait for its answer.
func (h *hall) send(who, method, path string, body io.Reader) *visit {
	v := &visit{path, httptest.NewRecorder(), make(chan struct{})}
	r := httptest.NewRequest(method, path, body)
	if who != "" {
		r.Header.Set("Authorization", who)
	}
	h.all.Go(func() {
		defer close(v.done)
		h.handler.ServeHTTP(v.answer, r)
	})
	return v
}

// introduce has callers known: their first request was answered.
func (h *hall) introduce(names ...string) {
	for _, name := range names {
		v := h.send("known "+name, http.MethodGet, "/hello", nil)
		<-h.begun
		h.end <- struct{}{}
		<-v.done
	}
}

// settle waits until so many are at work and so many wait.
func (h *hall) settle(running, waiting int) {
	h.t.Helper()
	for {
		r, w, _ := h.Busy()
		if r == running && w == waiting {
			return
		}
		if h.t.Context().Err() != nil {
			h.t.Fatalf("%d at work and %d waiting, want %d and %d", r, w, running, waiting)
		}
	}
}

func (v *visit) status() int {
	<-v.done
	return v.answer.Code
}

// next ends one piece of work and says whose begins.
func (h *hall) next() string {
	h.end <- struct{}{}
	return <-h.begun
}

// TestTurns: whoever comes after a crowd of one caller's requests is served at the crowd's next turn, not after it.
func TestTurns(t *testing.T) {
	h := newHall(t, Options{Work: 1, Queue: 100})
	h.introduce("mch_big", "mch_small")
	h.send("known mch_big", http.MethodGet, "/big", nil)
	<-h.begun
	for i := range 20 {
		h.send("known mch_big", http.MethodGet, "/big", nil)
		h.settle(1, i+1)
	}
	h.send("known mch_small", http.MethodGet, "/small", nil)
	h.settle(1, 21)
	if first, second := h.next(), h.next(); first != "/big" || second != "/small" {
		t.Errorf("served %s, then %s", first, second)
	}
}

// TestTheLongestLinePays: where no more may wait, the newest of the caller with the longest line makes room for another's.
func TestTheLongestLinePays(t *testing.T) {
	h := newHall(t, Options{Work: 1, Queue: 10})
	h.introduce("mch_big", "mch_small")
	h.send("known mch_big", http.MethodGet, "/big", nil)
	<-h.begun
	var crowd []*visit
	for i := range 10 {
		crowd = append(crowd, h.send("known mch_big", http.MethodGet, fmt.Sprintf("/big%d", i), nil))
		h.settle(1, i+1)
	}
	if s := h.send("known mch_big", http.MethodGet, "/big", nil).status(); s != http.StatusServiceUnavailable {
		t.Errorf("one more of the big one: %d", s)
	}
	h.send("known mch_small", http.MethodGet, "/small", nil)
	if s := crowd[9].status(); s != http.StatusServiceUnavailable {
		t.Errorf("the newest of the big one: %d", s)
	}
	h.settle(1, 10)
	if h.next() != "/big0" || h.next() != "/small" {
		t.Error("the small one was not next")
	}
}

// TestShedByAge: while somebody has waited longer than the target nobody joins, but what is critical does, has places of its own, and
// goes first.
func TestShedByAge(t *testing.T) {
	h := newHall(t, Options{Work: 8, Wait: time.Second})
	h.introduce("a", "b", "c", "d")
	for range 8 {
		h.send("known a", http.MethodPost, "/v1/payments", nil)
		<-h.begun
	}
	h.send("known a", http.MethodPost, "/v1/payments", nil)
	h.settle(8, 1)
	h.clock.Advance(999 * time.Millisecond)
	h.send("known b", http.MethodPost, "/v1/payments", nil)
	h.settle(8, 2)
	h.clock.Advance(2 * time.Millisecond)
	if v := h.send("known c", http.MethodPost, "/v1/payments", nil); v.status() != http.StatusServiceUnavailable {
		t.Errorf("joined a line that is too slow: %d", v.status())
	}
	// The reserve is one place of eight.
	h.send("known d", http.MethodPost, "/v1/payments/pay_1/capture", nil)
	if p := <-h.begun; !strings.HasSuffix(p, "/capture") {
		t.Errorf("%s took the reserve", p)
	}
	h.send("", http.MethodPost, "/hook/card", nil)
	h.send("known d", http.MethodPost, "/v1/payments/pay_2/refund", nil)
	h.settle(9, 4)
	h.clock.Advance(3 * time.Second)
	h.send("known c", http.MethodPost, "/v1/payments/pay_3/void", nil)
	h.settle(9, 5)
	h.clock.Advance(2 * time.Second)
	h.send("known d", http.MethodPost, "/v1/payments/pay_4/capture", nil) // payments wait still: they are shed before
	h.settle(9, 6)
	var order []string
	for range 3 {
		order = append(order, h.next())
	}
	if got := strings.Join(order, " "); got != "/v1/payments/pay_2/refund /hook/card /v1/payments/pay_3/void" &&
		got != "/hook/card /v1/payments/pay_2/refund /v1/payments/pay_3/void" {
		t.Errorf("order: %s", got)
	}
}

// TestCriticalIsShedLast: what is critical is not turned away for the age of its line, or for a pace that a moment of standing still has
// spoilt, while anything else waits, and takes the place of that where no more may wait. Alone it has an end too.
func TestCriticalIsShedLast(t *testing.T) {
	h := newHall(t, Options{Work: 8, Wait: time.Second, Queue: 4})
	h.introduce("a", "b", "shop")
	capture := func(n int) *visit {
		return h.send("known shop", http.MethodPost, fmt.Sprintf("/v1/payments/pay_%d/capture", n), nil)
	}
	for range 8 {
		h.send("known a", http.MethodPost, "/v1/payments", nil)
		<-h.begun
	}
	capture(0)
	<-h.begun // the reserve
	ordinary := []*visit{h.send("known a", http.MethodPost, "/v1/payments", nil)}
	h.settle(9, 1)
	ordinary = append(ordinary, h.send("known b", http.MethodPost, "/v1/payments", nil))
	h.settle(9, 2)
	capture(1)
	h.settle(9, 3)
	h.clock.Advance(time.Minute) // everything stood still
	capture(2)
	h.settle(9, 4)
	capture(3) // no more may wait: a payment makes room
	h.settle(9, 4)
	capture(4)
	h.settle(9, 4)
	for _, v := range ordinary {
		if s := v.status(); s != http.StatusServiceUnavailable {
			t.Errorf("a payment in the way of a capture: %d", s)
		}
	}
	if s := capture(5).status(); s != http.StatusServiceUnavailable {
		t.Errorf("one too many where nothing else waits: %d", s)
	}
}

// TestOrdinaryIsNotStarved: of four turns one is the ordinary ones', whatever is called critical.
func TestOrdinaryIsNotStarved(t *testing.T) {
	h := newHall(t, Options{Work: 1, Queue: 100})
	h.introduce("a", "b")
	h.send("known a", http.MethodGet, "/x", nil)
	h.send("known a", http.MethodPost, "/1/void", nil) // the reserve
	<-h.begun
	<-h.begun
	for i := range 20 {
		h.send("known a", http.MethodPost, "/1/void", nil)
		h.settle(2, i+1)
	}
	h.send("known b", http.MethodGet, "/ordinary", nil)
	h.settle(2, 21)
	for i := range 8 {
		if h.next() == "/ordinary" {
			return
		}
		if i == 7 {
			t.Error("eight critical ones went before")
		}
	}
}

// TestRate: a caller who asks more than they may is told how long to wait, by 429; others are not touched, and time heals.
func TestRate(t *testing.T) {
	h := newHall(t, Options{Rate: 10, Guests: 100})
	h.introduce("a", "b")
	free := New(Options{Real: h.clock, Rate: 10, Refuse: h.Refuse})
	free.callers = h.callers
	handler := free.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ask := func(who string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/balance", nil)
		r.Header.Set("Authorization", "known "+who)
		handler.ServeHTTP(w, r)
		return w
	}
	for i := range 20 {
		if w := ask("a"); w.Code != 200 {
			t.Fatalf("request %d: %d", i, w.Code)
		} else if got := w.Header()["Ratelimit"][0]; i == 0 && got != `"caller";r=19;t=0` {
			t.Errorf("the first says %s", got)
		}
	}
	w := ask("a")
	if w.Code != http.StatusTooManyRequests || w.Header()["Ratelimit"][0] != `"caller";r=0;t=1` ||
		w.Header()["Ratelimit-Policy"][0] != `"caller";q=20;w=2` {
		t.Errorf("one too many: %d %v", w.Code, w.Header())
	}
	if w := ask("b"); w.Code != 200 {
		t.Errorf("the other: %d", w.Code)
	}
	h.clock.Advance(100 * time.Millisecond)
	if one, two := ask("a").Code, ask("a").Code; one != 200 || two != http.StatusTooManyRequests {
		t.Errorf("a tenth of a second later: %d, %d", one, two)
	}
}

// TestStrangersShareTheirNetwork: a key that nobody has seen, however many there are, counts for the address it comes from.
func TestStrangersShareTheirNetwork(t *testing.T) {
	h := newHall(t, Options{Work: 100, Guests: 2})
	for i := range 4 {
		h.send(fmt.Sprintf("made up %d", i), http.MethodGet, "/x", nil)
		<-h.begun
	}
	if v := h.send("made up 5", http.MethodGet, "/x", nil); v.status() != http.StatusTooManyRequests {
		t.Errorf("the fifth: %d", v.status())
	}
	if len(h.callers.young) != 1 || len(h.callers.names) != 0 {
		t.Errorf("%d callers are remembered", len(h.callers.young))
	}
}

// TestStreams: they take no place of those who want an answer, and are counted by caller and in all.
func TestStreams(t *testing.T) {
	h := newHall(t, Options{Work: 1, Open: 3, OpenBy: 2})
	h.introduce("a", "b")
	for i, who := range []string{"a", "a", "b"} {
		h.send("known "+who, http.MethodGet, h.Streams[i%2], nil)
		<-h.begun
	}
	if s := h.send("known a", http.MethodGet, "/v1/events/stream", nil).status(); s != http.StatusTooManyRequests {
		t.Errorf("a third of one: %d", s)
	}
	if s := h.send("known b", http.MethodGet, "/v1/events/stream", nil).status(); s != http.StatusServiceUnavailable {
		t.Errorf("a fourth of all: %d", s)
	}
	h.send("known a", http.MethodGet, "/x", nil)
	<-h.begun
	h.end <- struct{}{}
	h.settle(1, 0)
}

// TestSlowBodies: whoever sends a byte now and then holds no place.
func TestSlowBodies(t *testing.T) {
	h := newHall(t, Options{Work: 1})
	pipe, in := io.Pipe()
	slow := h.send("", http.MethodPost, "/slow", pipe)
	in.Write([]byte("{"))
	h.send("", http.MethodPost, "/quick", strings.NewReader("{}"))
	if p := <-h.begun; p != "/quick" {
		t.Errorf("%s has the place", p)
	}
	h.settle(1, 0)
	in.Write([]byte("}"))
	in.Close()
	h.settle(1, 1)
	if p := h.next(); p != "/slow" {
		t.Errorf("then %s", p)
	}
	h.end <- struct{}{}
	<-slow.done
}

// TestBodies: what a handler reads is what was sent, whatever its length, and an end that did not come is one.
func TestBodies(t *testing.T) {
	for _, size := range []int{0, 1, strangerBodyMost - 1, strangerBodyMost, strangerBodyMost + 1, 3 * strangerBodyMost} {
		for _, known := range []bool{false, true} {
			g := New(Options{Real: clock.System()})
			sent := bytes.Repeat([]byte("x"), size)
			r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(bytes.NewReader(sent))) // of unknown length
			v := &stay{gate: g, caller: &caller{}}
			f := v.receive(httptest.NewRecorder(), r, known)
			got, err := io.ReadAll(r.Body)
			if f != nil || err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d bytes: read %d, %v", size, len(got), err)
			}
			if held := g.holds.all.Load(); held != int64(max(size-small, 0)) {
				t.Errorf("%d bytes: %d are held", size, held)
			}
			if v.over(); g.holds.all.Load() != 0 || v.caller.bytes.Load() != 0 || g.running != 0 {
				t.Errorf("%d bytes are still held, or a place", g.holds.all.Load())
			}
		}
	}
	g := New(Options{Real: clock.System()})
	r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("{"), broken{io.ErrUnexpectedEOF}))
	defer func() {
		if got, err := io.ReadAll(r.Body); err != io.ErrUnexpectedEOF || string(got) != "{" {
			t.Errorf("a body that broke off: %q, %v", got, err)
		}
	}()
	_ = (&stay{gate: g, caller: &caller{}}).receive(httptest.NewRecorder(), r, true)
}

// TestImpatient: whoever hangs up while waiting leaves the line, and nothing is left of them.
func TestImpatient(t *testing.T) {
	h := newHall(t, Options{Work: 1})
	h.send("", http.MethodGet, "/x", nil)
	<-h.begun
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		h.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/y", nil))
	}()
	h.settle(1, 1)
	cancel()
	<-gone
	h.settle(1, 0)
	h.end <- struct{}{}
	h.settle(0, 0)
}

// TestBounds: whatever comes, no more are at work and no more wait than was said.
func TestBounds(t *testing.T) {
	g := New(Options{Real: clock.System(), Work: 3, Queue: 5, Rate: 1_000_000, Guests: 1_000_000,
		Refuse: func(w http.ResponseWriter, _ *http.Request, _ *fault.Fault) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}})
	mostRunning, mostWaiting, _ := g.Bounds()
	var over, shed, served int
	var mu sync.Mutex
	handler := g.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		running, waiting, _ := g.Busy()
		mu.Lock()
		defer mu.Unlock()
		served++
		if running > mostRunning || waiting > mostWaiting {
			over++
		}
	}))
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			for n := range 200 {
				path := "/x"
				if (i+n)%5 == 0 {
					path = "/x/capture"
				}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader("{}")))
				if w.Code != 200 {
					mu.Lock()
					shed++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	running, waiting, _ := g.Busy()
	if over > 0 || running != 0 || waiting != 0 || served+shed != 64*200 || shed == 0 || served == 0 {
		t.Errorf("%d over the bounds, %d and %d left, %d served, %d shed", over, running, waiting, served, shed)
	}
}

// TestAddress: behind trusted proxies a client is who the last of them says, and nobody can say it for themselves.
func TestAddress(t *testing.T) {
	g := New(Options{Trust: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}})
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:4000", "198.51.100.1", "203.0.113.9:4000"},
		{"10.0.0.1:4000", "", "10.0.0.1:4000"},
		{"10.0.0.1:4000", "198.51.100.1", "198.51.100.1:0"},
		{"10.0.0.1:4000", "1.2.3.4, 198.51.100.1", "198.51.100.1:0"},
		{"10.0.0.1:4000", "198.51.100.1, 10.0.0.7", "198.51.100.1:0"},
		{"10.0.0.1:4000", "198.51.100.1,10.0.0.7 ,fd00::2", "198.51.100.1:0"},
		{"10.0.0.1:4000", "10.1.1.1", "10.1.1.1:0"},
		{"10.0.0.1:4000", "rubbish", "10.0.0.1:4000"},
		{"10.0.0.1:4000", "198.51.100.1, rubbish, 10.0.0.7", "10.0.0.7:0"},
		{"10.0.0.1:4000", "[2001:db8::1]:77", "[2001:db8::1]:0"},
		{"[fd00::1]:4000", "2001:db8::1", "[2001:db8::1]:0"},
		{"[::ffff:10.0.0.1]:4000", "::ffff:198.51.100.1", "198.51.100.1:0"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		for _, part := range strings.Split(c.forwarded, ",") {
			r.Header.Add("X-Forwarded-For", part)
		}
		if got := g.Address(r); got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

// TestMemory: what is remembered of callers is bounded, and who is here is not forgotten.
func TestMemory(t *testing.T) {
	s := newCallers()
	here := s.get("here")
	here.here, here.running = 1, 1
	for i := range 3 * generation {
		s.get(fmt.Sprint(i))
		s.know(uint64(i), "x")
	}
	if n := len(s.young) + len(s.old); n > 2*generation+1 || s.get("here") != here {
		t.Errorf("%d are remembered", n)
	}
	if n := len(s.names) + len(s.oldNames); n > 2*generation {
		t.Errorf("%d credentials are remembered", n)
	}
}
