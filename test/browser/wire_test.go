package browser

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// A wire is what lies between a visitor and the site, and can be cut, also for the service worker.
type wire struct {
	URL   string
	serve *httptest.Server

	mu   sync.Mutex
	fate string        // "" carries everything, away carries nothing, deaf carries the next form and loses its answer, and is away then
	lost chan struct{} // closed when that answer is lost
}

const (
	away = "away"
	deaf = "deaf"
)

// between lays a wire to a site.
func (s site) between(t testing.TB) *wire {
	t.Helper()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	carry := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }} // its asker has gone
	w.serve = httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		switch fate, lost := w.next(r.Method); fate {
		case away:
			panic(http.ErrAbortHandler)
		case deaf:
			carry.ServeHTTP(httptest.NewRecorder(), r)
			close(lost)
			panic(http.ErrAbortHandler)
		}
		carry.ServeHTTP(answer, r)
	}))
	w.URL = w.serve.URL
	t.Cleanup(func() {
		w.serve.CloseClientConnections()
		w.serve.Close()
	})
	return w
}

// next is what becomes of the next thing that is asked.
func (w *wire) next(method string) (fate string, lost chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.fate == deaf && method == http.MethodPost:
		w.fate = away
		return deaf, w.lost
	case w.fate == deaf:
		return away, nil
	}
	return w.fate, nil
}

func (w *wire) set(fate string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fate = fate
}

// cut takes the network away, and what is open with it.
func (w *wire) cut() {
	w.set(away)
	w.serve.CloseClientConnections()
}

// mend gives it back.
func (w *wire) mend() { w.set("") }

// lose has the next form arrive and its answer get lost. Nothing is carried then until it is mended.
func (w *wire) lose() (lost <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fate, w.lost = deaf, make(chan struct{})
	return w.lost
}
