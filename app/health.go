package app

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"time"

	"billfold/core/identity"
)

// healthLimit is how long the database may take to say that it is there.
const healthLimit = time.Second

// Health says what works. Ready is all of it together.
type Health struct {
	Ready    bool   `json:"ready"`
	State    string `json:"state"`    // starting, running, stopping
	Database string `json:"database"` // ok, away
	History  string `json:"history"`  // ok, went_back: the database lacks what was confirmed, and nothing is written
	Outbox   string `json:"outbox"`   // ok, stopped
	Jobs     string `json:"jobs"`     // ok, stopped
}

// Ready says whether requests can be served: the database answers (it was checked to be migrated when it was opened), and
// outbox and jobs run.
func (a *App) Ready(ctx context.Context) Health {
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	word := func(ok bool, not string) string {
		if ok {
			return "ok"
		}
		return not
	}
	state := a.state.Load()
	h := Health{State: [...]string{"starting", "running", "stopping"}[state]}
	reached := a.DB.Ready(ctx) == nil
	h.Database, h.Outbox, h.Jobs = word(reached, "away"), word(a.news.whole(), "stopped"), word(a.work.whole(), "stopped")
	whole := a.DB.History() == nil
	h.History = word(whole, "went_back")
	h.Ready = state == running && reached && whole && a.news.whole() && a.work.whole()
	return h
}

// healthz says that the process lives and answers; it looks at nothing else, so that a database which is away does not
// have the process restarted.
func (a *App) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	h := a.Ready(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !h.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h)
}

// metrics answers this machine, and whoever has an operator's key. A request that a proxy on this machine passes on comes
// from loopback too, but it says so; it needs the key.
func (a *App) metrics(w http.ResponseWriter, r *http.Request) {
	if !direct(r) && !a.operates(r) {
		http.NotFound(w, r)
		return
	}
	a.Metrics.Handler().ServeHTTP(w, r)
}

func direct(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

func (a *App) operates(r *http.Request) bool {
	secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		secret, _, ok = r.BasicAuth()
	}
	if !ok {
		return false
	}
	key, err := a.People.AuthenticateKey(r.Context(), secret)
	return err == nil && key.Kind == identity.OperatorKey
}
