package gate

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"billfold/base/clock"
	"billfold/base/fault"
)

// broken is the rest of a body that could not be read.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// TestLongBodiesOfStrangers: a stranger's long body is asked for by the handler, and while it comes the place is somebody else's.
func TestLongBodiesOfStrangers(t *testing.T) {
	h := newHall(t, Options{Work: 1})
	pipe, in := io.Pipe()
	slow := h.send("", http.MethodPost, "/slow", pipe)
	in.Write(make([]byte, strangerBodyMost+1)) // the handler has begun to read
	for range 3 {
		h.send("", http.MethodPost, "/quick", strings.NewReader("{}"))
		if p := <-h.begun; p != "/quick" {
			t.Errorf("%s has the place", p)
		}
		h.end <- struct{}{}
		h.settle(0, 0)
	}
	in.Close()
	if p := <-h.begun; p != "/slow" {
		t.Errorf("then %s", p)
	}
	h.settle(1, 0)
	h.end <- struct{}{}
	if s := slow.status(); s != http.StatusOK || slow.answer.Header().Get("Connection") != "" {
		t.Errorf("a long body that came whole: %d, %v", s, slow.answer.Header())
	}
}

// TestBodiesThatNobodyReads: net/http would read on before it answers, and in a place; the connection ends instead.
func TestBodiesThatNobodyReads(t *testing.T) {
	g := New(Options{Real: clock.System()})
	handler := g.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	for size, want := range map[int]string{strangerBodyMost - 1: "", strangerBodyMost + 1: "close", bodyMost + 1: "close"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, size))))
		if got := w.Header().Get("Connection"); got != want {
			t.Errorf("%d bytes: Connection %q, want %q", size, got, want)
		}
	}
}

// TestWhoHoldsTooMuch: one caller's bodies are refused where they hold too much, and nobody else's; where all hold too much, what is small
// gets through.
func TestWhoHoldsTooMuch(t *testing.T) {
	h := newHall(t, Options{Work: 4})
	h.introduce("greedy", "other")
	var ends []*io.PipeWriter
	for refused := false; !refused; {
		pipe, in := io.Pipe()
		v := h.send("known greedy", http.MethodPost, "/long", pipe)
		wrote := make(chan struct{})
		go func() {
			defer close(wrote)
			in.Write(make([]byte, bodyMost-2)) // and not the rest
		}()
		select {
		case <-wrote:
			ends = append(ends, in)
		case <-v.done:
			refused = true
			in.CloseWithError(io.ErrClosedPipe)
			pipe.Close()
			if s := v.status(); s != http.StatusTooManyRequests {
				t.Errorf("one more: %d", s)
			}
		}
		if len(ends) > bytesBy/(bodyMost-2-small)+1 {
			t.Fatalf("%d bytes are held", h.holds.all.Load())
		}
	}
	if len(ends) < 5 {
		t.Errorf("refused after %d bodies", len(ends))
	}
	h.send("known other", http.MethodPost, "/other", bytes.NewReader(make([]byte, bodyMost-2)))
	if p := <-h.begun; p != "/other" {
		t.Errorf("%s was served", p)
	}
	h.end <- struct{}{}
	for _, in := range ends {
		in.CloseWithError(errors.New("gone"))
	}
	for range ends {
		<-h.begun
		h.end <- struct{}{}
	}
	h.settle(0, 0)
}

// TestAllHoldTooMuch: whoever holds little is let in.
func TestAllHoldTooMuch(t *testing.T) {
	var hold holds
	hold.take(&caller{}, bytesMost+1)
	some, none := &caller{}, &caller{}
	hold.take(some, bytesSome+1)
	if f := hold.refusal(some); !errors.Is(f, fault.ErrBusy) {
		t.Errorf("who holds some is told %v", f)
	}
	if f := hold.refusal(none); f != nil {
		t.Errorf("who holds nothing is told %v", f)
	}
}

// unread is a connection whose reader does not read.
type unread struct {
	http.ResponseWriter
	began, read chan struct{}
}

func (u *unread) Write(p []byte) (int, error) {
	select {
	case u.began <- struct{}{}:
	default:
	}
	<-u.read
	return u.ResponseWriter.Write(p)
}

// TestSlowReaders: whoever does not read holds no place, whether the answer is short, long or sent piece by piece, and reads in the end
// what was written.
func TestSlowReaders(t *testing.T) {
	const piece = 8 << 10
	for name, size := range map[string]int{"short": piece, "long": 4 * answerMost, "flushed": 2 * piece} {
		g := New(Options{Real: clock.System(), Work: 1})
		handler := g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/slow" {
				return
			}
			w.WriteHeader(http.StatusAccepted)
			for range size / piece {
				w.Write(make([]byte, piece))
				if name == "flushed" {
					http.NewResponseController(w).Flush()
				}
			}
		}))
		got := httptest.NewRecorder()
		w := &unread{got, make(chan struct{}, 1), make(chan struct{})}
		done := make(chan struct{})
		go func() {
			defer close(done)
			handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/slow", nil))
		}()
		<-w.began
		if running, _, _ := g.Busy(); running != 0 {
			t.Errorf("%s: %d places are held", name, running)
		}
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/quick", nil))
		close(w.read)
		<-done
		if got.Code != http.StatusAccepted || got.Body.Len() != size || g.holds.all.Load() != 0 {
			t.Errorf("%s: %d, %d bytes, %d held", name, got.Code, got.Body.Len(), g.holds.all.Load())
		}
	}
}
