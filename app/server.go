package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/base/telemetry"
	"billfold/client"
	"billfold/edge/demoshop"
)

// StopLimit is how long a server that was told to stop may take to finish what it accepted: a verb of payment answers
// within 15 s, and its answer has to reach the client.
const StopLimit = 20 * time.Second

const (
	headLimit  = 5 * time.Second  // for all header lines: a client that dribbles them holds a connection, nothing more
	readLimit  = 30 * time.Second // for the whole request; the largest, 4 MiB of entries, needs 140 kB a second
	writeLimit = 40 * time.Second // from the end of the header to the end of the answer
	idleLimit  = 2 * time.Minute
	headMost   = 16 << 10 // bytes of header lines
	streams    = 100      // at once on one HTTP/2 connection
)

// Serve answers requests on the listener until the context ends, then accepts nothing more and finishes what was
// accepted, within StopLimit. It returns nil after such an end. It may be called before Start: only health and callbacks
// are answered until then.
func (a *App) Serve(ctx context.Context, ln net.Listener) error {
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	deaf := make(chan struct{})
	a.hang.Store(&hang{quit, deaf})
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(a.cert != nil)
	srv := &http.Server{
		Handler:           a.Handler,
		ReadHeaderTimeout: headLimit,
		ReadTimeout:       readLimit,
		WriteTimeout:      writeLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    headMost,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: streams},
		ErrorLog:          slog.NewLogLogger(a.Config.Log.Handler(), slog.LevelDebug), // clients that went away
	}
	srv.RegisterOnShutdown(a.endStreams)
	guests := crowd{most: a.Config.Conns}
	srv.ConnState = guests.note
	srv.ConnContext = guests.greet
	if onlyHere(ln.Addr()) && a.cert == nil {
		base := "http://" + ln.Addr().String()
		a.callback.Store(&base)
	}
	if a.authority != nil {
		base := a.itself(ln.Addr())
		a.callback.Store(&base)
		both := forkListener(ln)
		ln = both.secure
		go a.servePlainly(ctx, both.plain)
	}
	ended := make(chan error, 1)
	go func() {
		if a.cert != nil {
			srv.TLSConfig = a.cert.tlsConfig()
			ended <- srv.ServeTLS(ln, "", "")
			return
		}
		ended <- srv.Serve(ln)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	a.state.Store(stopping)
	limit, cancel := context.WithTimeout(context.Background(), StopLimit)
	defer cancel()
	ln.Close()
	close(deaf)
	a.endStreams()
	guests.leave(limit)
	err := srv.Shutdown(limit)
	if errors.Is(err, context.DeadlineExceeded) {
		a.Config.Log.Warn("requests were cut off, because they took longer to finish than the server may take to stop")
		return srv.Close()
	}
	if errors.Is(err, net.ErrClosed) {
		return nil // Shutdown found the listener closed, which it was, above
	}
	return err
}

// hang ends Serve from inside.
type hang struct {
	quit context.CancelFunc
	deaf chan struct{} // closed when nobody is accepted any more
}

// hangUp has Serve stop, and returns when nobody is accepted any more: whoever comes from now on is the successor's.
func (a *App) hangUp(ctx context.Context) {
	h := a.hang.Load()
	if h == nil {
		return
	}
	h.quit()
	select {
	case <-h.deaf:
	case <-ctx.Done():
	}
}

// front is the outermost handler: it names and logs every request, and sends it to health, to the callbacks of rails, to
// the API or to the pages.
func (a *App) front(hook, api, web http.Handler) http.Handler {
	gated := a.Gate.Handler(served(a.gate(api, web)))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.HandleFunc("GET /metrics", a.metrics)
	if a.authority != nil {
		mux.HandleFunc("GET "+trustPath, a.trust)
		mux.HandleFunc("GET "+trustedPath, a.trust)
	}
	mux.Handle("/hook/", a.Gate.Handler(served(hook)))
	if a.sandbox != nil {
		shop := served(a.demoShop())
		mux.Handle(demoshop.Path, shop)
		mux.Handle(demoshop.Path+"/", shop)
	}
	mux.Handle("/", gated)
	seconds := a.Metrics.Histogram("billfold_request_seconds", "Time from a request's header to the end of its answer.", nil, "class")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watch := clock.Start()
		name := a.IDs.New("req")
		r.RemoteAddr = a.Gate.Address(r)
		w.Header().Set("Request-Id", name)
		r = r.WithContext(telemetry.WithRequest(r.Context(), name))
		if a.state.Load() == stopping && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close") // HTTP/2 is told by GOAWAY (RFC 9113, 6.8)
		}
		seen := &witness{ResponseWriter: w}
		defer func() {
			broke := recover()
			if broke != nil && broke != http.ErrAbortHandler {
				a.Config.Log.ErrorContext(r.Context(), "panic", "error", fault.ErrInternal, "stack", string(debug.Stack()))
				if seen.status == 0 {
					a.refuse(seen, r, fault.ErrInternal)
				}
			}
			a.note(r, seen, watch, seconds)
			if broke == http.ErrAbortHandler {
				panic(broke)
			}
		}()
		if a.moving.Load() {
			moveOn(seen, r)
			return
		}
		if a.Config.Mode == Sandbox && !a.forUs(r.Host) {
			a.refuse(seen, r, errHost.Fill(a.URL.Host))
			return
		}
		mux.ServeHTTP(seen, r)
	})
}

// moveOn has a request that comes over an older connection come again over a new one, which waits for the successor.
func moveOn(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	} else {
		_ = clock.Wait(r.Context(), 100*time.Millisecond) // until GOAWAY is there, without which it would come over this one again
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", r.URL.RequestURI())
	w.WriteHeader(http.StatusTemporaryRedirect) // the method and the body stay (RFC 9110, 15.4.8)
}

// note writes a request's line.
func (a *App) note(r *http.Request, seen *witness, watch clock.Stopwatch, seconds *telemetry.Histogram) {
	status := max(seen.status, http.StatusOK)
	took := watch.Elapsed()
	seconds.Observe(took, string('0'+rune(status/100))+"xx")
	level := slog.LevelInfo
	if status >= 500 && status != http.StatusServiceUnavailable {
		level = slog.LevelError
	}
	if seen.shed || !a.Config.Log.Enabled(r.Context(), level) {
		return
	}
	a.Config.Log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", status), slog.Int64("bytes", seen.bytes), slog.Duration("took", took.Round(time.Microsecond)))
}

// gate keeps requests out until everything runs, and splits them between programs and people.
func (a *App) gate(api, web http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case a.state.Load() == building:
			a.refuse(w, r, ErrStarting.RetryIn(time.Second))
		case forPrograms(r.URL.Path):
			api.ServeHTTP(w, r)
		default:
			web.ServeHTTP(w, r)
		}
	})
}

// forPrograms says which paths are the API's.
func forPrograms(path string) bool {
	return strings.HasPrefix(path, "/v1/") || path == "/v1" || path == "/openapi.json"
}

// forUs says whether a host header names this sandbox. Anything else is a page elsewhere whose name was made to point at
// this machine (DNS rebinding), where anybody may sign in with one click.
func (a *App) forUs(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	return isLocal(host) || strings.EqualFold(host, a.URL.Hostname()) || a.authority != nil && a.authority.ours(host)
}

// errHost refuses a request that was meant for somebody else.
var errHost = fault.Define(fault.Denied, "host_unknown",
	text("This server has another name", "服务器名称不符"),
	text("A sandbox answers at %s only. Open that address.", "沙盒仅在 %s 提供服务。请打开该地址。"))

// refuse answers what the edge does not get to see, as a problem document (RFC 9457).
func (a *App) refuse(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
	status := http.StatusServiceUnavailable
	switch f.Kind {
	case fault.Internal:
		status = http.StatusInternalServerError
	case fault.Denied:
		status = http.StatusMisdirectedRequest
	case fault.Exhausted:
		status = http.StatusTooManyRequests
	}
	tag := lang.Pick(r.Header.Get("Accept-Language"))
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((f.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(f.Title.In(tag) + "\n" + f.Detail.In(tag) + "\n"))
		return
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", string(tag))
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(client.Problem{Type: a.URL.String() + "/docs/errors#" + f.Code, Title: f.Title.In(tag), Status: status,
		Detail: f.Detail.In(tag), Instance: r.URL.Path, Code: f.Code, MoneyMoved: f.Moved.String(), Retryable: f.Retryable,
		RequestID: h.Get("Request-Id")})
}

// witness remembers what was answered.
type witness struct {
	http.ResponseWriter
	status int
	bytes  int64
	shed   bool // not let in: counted, but not worth a line each, of which there would be thousands a second
}

// WriteHeader passes the status on and keeps it.
func (w *witness) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write passes the body on and counts it.
func (w *witness) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController through to the connection.
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// endStreams lets those who follow a stream go, so that a server can stop: they come back to its successor.
func (a *App) endStreams() {
	a.api.Close()
	a.pages.Close()
}
