package gate

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"billfold/base/clock"
)

// told waits for a visit's refusal. One that begins to be worked on instead is let go.
func (h *hall) told(v *visit) int {
	select {
	case <-v.done:
		return v.answer.Code
	case <-h.begun:
		h.end <- struct{}{}
		return v.status()
	}
}

// TestWhatIsHeldIsAsked: who holds too much is refused at the door, and who comes to hold too much while they send, there. Each bound
// stands alone here, because the other one would refuse them a moment later.
func TestWhatIsHeldIsAsked(t *testing.T) {
	h := newHall(t, Options{Work: 4})
	h.introduce("greedy")
	c := h.callers.get("greedy")
	h.holds.take(c, bytesBy+1)
	if s := h.told(h.send("known greedy", http.MethodGet, "/door", nil)); s != http.StatusTooManyRequests {
		t.Errorf("at the door: %d", s)
	}
	h.holds.drop(c, 100<<10)
	if s := h.told(h.send("known greedy", http.MethodGet, "/door", nil)); s != http.StatusOK {
		t.Errorf("with room for a small one: %d", s)
	}
	body := bytes.NewReader(make([]byte, 1<<20))
	if s := h.told(h.send("known greedy", http.MethodPost, "/sent", body)); s != http.StatusTooManyRequests {
		t.Errorf("while it is sent: %d", s)
	}
	if held := c.bytes.Load(); held != bytesBy+1-100<<10 {
		t.Errorf("%d bytes are held in the end", held)
	}
}

// TestUnreadAnswersAreBounded: of an answer that nobody reads no more is made than is kept, and what is kept counts.
func TestUnreadAnswersAreBounded(t *testing.T) {
	for name, size := range map[string]int{"kept": answerMost, "longer": 8 * answerMost} {
		g := New(Options{Real: clock.System(), Work: 1})
		var made atomic.Int64
		handler := g.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for range size / small {
				w.Write(make([]byte, small))
				made.Add(small)
			}
		}))
		w := &unread{httptest.NewRecorder(), make(chan struct{}, 1), make(chan struct{})}
		done := make(chan struct{})
		go func() {
			defer close(done)
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		}()
		<-w.began
		if n, held := made.Load(), g.holds.all.Load(); n > answerMost || held != answerMost-small {
			t.Errorf("%s: %d bytes were made, %d count", name, n, held)
		}
		close(w.read)
		<-done
	}
}

// TestOneCallersShare: what one caller has at work, waiting and still to come is bounded by itself, and nobody else is refused for it.
func TestOneCallersShare(t *testing.T) {
	h := newHall(t, Options{Work: 4, Each: 3})
	h.introduce("many", "other")
	var work []*visit
	for range 3 {
		work = append(work, h.send("known many", http.MethodGet, "/work", nil))
		<-h.begun
	}
	work = append(work, h.send("known other", http.MethodGet, "/other", nil))
	<-h.begun // no place is left
	fourth := h.send("known many", http.MethodGet, "/work", nil)
	h.over(fourth, "one more at work")
	for range work {
		h.end <- struct{}{}
	}
	for _, v := range work {
		<-v.done // and they have left
	}
	var ends []*io.PipeWriter
	var dribbled []*visit
	for range 6 {
		pipe, in := io.Pipe()
		dribbled = append(dribbled, h.send("known many", http.MethodPost, "/dribbled", pipe))
		in.Write([]byte("x"))
		ends = append(ends, in)
	}
	if s := h.told(h.send("known many", http.MethodGet, "/work", nil)); s != http.StatusTooManyRequests {
		t.Errorf("one more in all: %d", s)
	}
	if s := h.told(h.send("known other", http.MethodGet, "/other", nil)); s != http.StatusOK {
		t.Errorf("somebody else: %d", s)
	}
	for i, in := range ends {
		in.Close()
		if s := h.told(dribbled[i]); s != http.StatusOK {
			t.Errorf("a body that came in the end: %d", s)
		}
	}
}

// over wants a visit to be told that its caller asks too much, and not to wait.
func (h *hall) over(v *visit, what string) {
	h.t.Helper()
	for {
		select {
		case <-v.done:
			if v.answer.Code != http.StatusTooManyRequests {
				h.t.Errorf("%s: %d", what, v.answer.Code)
			}
			return
		default:
		}
		if _, waiting, _ := h.Busy(); waiting > 0 {
			h.t.Fatalf("%s waits", what)
		}
	}
}

// TestAllWhoAreHere: so many requests at once are kept, in whatever state, and the next is told to come back.
func TestAllWhoAreHere(t *testing.T) {
	h := newHall(t, Options{Work: 4})
	set := func(n int) {
		h.mu.Lock()
		h.here = n
		h.mu.Unlock()
	}
	set(hereMost)
	if s := h.told(h.send("", http.MethodGet, "/", nil)); s != http.StatusServiceUnavailable {
		t.Errorf("one more: %d", s)
	}
	set(hereMost - 1)
	if s := h.told(h.send("", http.MethodGet, "/", nil)); s != http.StatusOK {
		t.Errorf("the last: %d", s)
	}
	set(0)
}
