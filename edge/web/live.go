package web

import (
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"billfold/base/event"
	"billfold/core/payment"
)

// hub wakes open pages when something happened to their owner. However many pages are open, it listens to the outbox once, and what
// it hands out is only "look again": a page asks for itself, with its own session, so a stream never tells what a page may not.
type hub struct {
	outbox  *event.Outbox
	closing chan struct{}
	close   sync.Once
	mu      sync.Mutex
	taps    map[string]map[chan struct{}]struct{} // by owner
	open    int
	stop    func()
	usual   int // how much garbage the process lets come together while few pages are open, in percent of what it uses; 0 while they are few
}

func newHub(outbox *event.Outbox) *hub {
	return &hub{outbox: outbox, closing: make(chan struct{}), taps: map[string]map[chan struct{}]struct{}{}}
}

// tap is woken by news of any of the owners. Several pieces of news before the page looked are one.
func (h *hub) tap(owners []string) (wake <-chan struct{}, stop func()) {
	tap := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, owner := range owners {
		if h.taps[owner] == nil {
			h.taps[owner] = map[chan struct{}]struct{}{}
		}
		h.taps[owner][tap] = struct{}{}
	}
	if h.open++; h.open == 1 {
		h.listen()
	}
	h.tidy()
	return tap, func() { h.leave(tap, owners) }
}

func (h *hub) leave(tap chan struct{}, owners []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, owner := range owners {
		if delete(h.taps[owner], tap); len(h.taps[owner]) == 0 {
			delete(h.taps, owner)
		}
	}
	if h.open--; h.open == 0 {
		h.stop()
	}
	h.tidy()
}

// With so many pages open, the process holds mostly their connections, which stay. It would let as much garbage come together as they
// take up, 60 MB for two thousand; with a third of that it is as quick.
const (
	manyOpen    = 1000
	manyGarbage = 30 // percent
)

// tidy has the process collect its garbage sooner while many pages are open, unless it was told to do so anyway; h.mu is held.
func (h *hub) tidy() {
	switch {
	case h.open >= manyOpen && h.usual == 0:
		if h.usual = debug.SetGCPercent(manyGarbage); h.usual <= manyGarbage {
			debug.SetGCPercent(h.usual)
		}
	case h.open < manyOpen/2 && h.usual != 0:
		debug.SetGCPercent(h.usual)
		h.usual = 0
	}
}

// listen follows the outbox until the last page has left; h.mu is held.
func (h *hub) listen() {
	events, stop := h.outbox.Listen()
	h.stop = stop
	go func() {
		for e := range events {
			h.wake(append([]string{e.Object}, e.Owners...))
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.open > 0 { // we fell behind: nobody knows what was missed, so everybody looks
			for owner := range h.taps {
				h.wakeOwner(owner)
			}
			h.listen()
		}
	}()
}

func (h *hub) wake(owners []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, owner := range owners {
		h.wakeOwner(owner)
	}
}

func (h *hub) wakeOwner(owner string) {
	for tap := range h.taps[owner] {
		select {
		case tap <- struct{}{}:
		default:
		}
	}
}

const (
	// heartbeat keeps proxies from closing a quiet stream.
	heartbeat = 25 * time.Second
	// streamLife is as long as a person may be away before the wallet asks who they are: a page that is only open keeps nobody awake.
	streamLife = 5 * time.Minute
	news       = "event: news\ndata:\n\n"
	// tellPatience is how long a reader may take to take a line.
	tellPatience = 10 * time.Second
)

// LivePath is where open pages listen, WatchPath where those do that look at one checkout without being anybody.
const (
	LivePath  = livePath
	WatchPath = watchPath
)

const (
	livePath  = "/live"
	watchPath = "/live/checkout"
)

// live is the stream of one open page: "news" when it should look again, "bye" when it should not come back by itself.
func (s *site) live(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.hub == nil {
		return errMissing
	}
	owners := []string{string(v.session.Person.ID)}
	for _, shop := range v.scene.Shops {
		owners = append(owners, shop.ID)
	}
	return s.stream(w, r, owners, func() bool { return true })
}

// watch is the stream of whoever looks at one checkout, on the payer's side or on the till: it says "news" when the session no longer
// stands as the page shows it, and not before, so that nothing is taken from under the hands of who is typing.
func (s *site) watch(w http.ResponseWriter, r *http.Request, _ *visit) error {
	if s.hub == nil {
		return errMissing
	}
	q := r.URL.Query()
	k, err := s.Payments.ViewCheckout(r.Context(), payment.Caller{}, payment.CheckoutID(q.Get("of")))
	if err != nil {
		return err
	}
	return s.stream(w, r, []string{string(k.Payment.ID)}, func() bool {
		k, err := s.Payments.ViewCheckout(r.Context(), payment.Caller{}, k.ID)
		return err != nil || checkoutState(k) != q.Get("state") // a page that asks is told what is wrong
	})
}

// stream says "news" when owners have some and changed agrees; once at the start, for what happened before anybody listened.
func (s *site) stream(w http.ResponseWriter, r *http.Request, owners []string, changed func() bool) error {
	wake, stop := s.hub.tap(owners)
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would collect events until a buffer is full
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // a server's limits are for answers that end; what a connection does not have, it need not change
	say := func(words string) bool {
		_ = out.SetWriteDeadline(s.Real.Now().Add(tellPatience))
		_, err := w.Write([]byte(words))
		return err == nil && out.Flush() == nil
	}
	if !say("retry: 3000\n\n") {
		return errAnswered
	}
	once := r.URL.Path == watchPath // what it has to say, it says once: the page then watches on from what it found
	if once && changed() {
		say(news)
		return errAnswered
	}
	beat, end := time.NewTicker(heartbeat), time.NewTimer(streamLife)
	defer beat.Stop()
	defer end.Stop()
	for open := true; open; {
		select {
		case <-r.Context().Done():
			open = false
		case <-s.hub.closing:
			open = false
		case <-wake:
			if changed() {
				open = say(news) && !once
			}
		case <-beat.C:
			open = say(":\n\n")
		case <-end.C:
			say("event: bye\ndata:\n\n")
			open = false
		}
	}
	return errAnswered
}
