package api

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/product/purse"
)

// Options are what the API is built from. All but Log, PublicURL, Sandbox and Advance are needed.
type Options struct {
	DB       *db.DB
	Clock    clock.Clock // business time
	Real     clock.Clock // deadlines of connections
	IDs      *id.Minter
	Ledger   *ledger.Ledger
	People   *identity.Service
	Shops    *merchant.Service
	Payments *payment.Service
	Outbox   *event.Outbox
	Purses   *purse.Issuer
	Log      *slog.Logger

	PublicURL string // "https://pay.example.org": before /c/…, /docs/…
	Sandbox   bool   // test keys, the test clock, Server-Timing
	// Advance moves the sandbox's clock and answers where it then stands; nil where there is none.
	Advance func(ctx context.Context, by time.Duration) (time.Time, error)
	// SendTransfer has somebody send us money at the sandbox's bank; nil where there is none.
	SendTransfer func(ctx context.Context, purpose string, amount money.Amount) (movement string, err error)
}

// API answers requests. It is safe for concurrent use.
type API struct {
	Options
	table      []route
	mux        *http.ServeMux
	document   func() []byte
	currencies currencyCache
	twins      twins
	closing    chan struct{}
	close      sync.Once
}

// New makes the API and its document.
func New(o Options) *API {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	a := &API{Options: o, mux: http.NewServeMux(), closing: make(chan struct{})}
	a.table = a.routes()
	a.document = sync.OnceValue(a.describe)
	methods := map[string][]string{}
	for i := range a.table {
		route := &a.table[i]
		a.mux.HandleFunc(route.method+" "+route.path, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, route) })
		methods[route.path] = append(methods[route.path], route.method)
	}
	a.mux.HandleFunc("GET /openapi.json", a.serveDocument)
	methods["/openapi.json"] = []string{http.MethodGet}
	// What the table has no row for is looked up again by its path alone: a wrong method is told from a wrong path.
	others := http.NewServeMux()
	for path, list := range methods {
		allow := allowed(list)
		others.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { a.wrongMethod(w, r, allow) })
	}
	others.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, fault.ErrNotFound) })
	a.mux.Handle("/", others)
	return a
}

// Handler serves /v1/ and /openapi.json, and answers everything else with a problem. It takes the request's id from the context
// (telemetry.WithRequest) where somebody outside has given it one.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux would answer an unclean path with a redirect in HTML, which a program's POST does not survive.
		if p := r.URL.Path; p == "" || p[0] != '/' || strings.Contains(p, "//") || strings.Contains(p, "/.") && path.Clean(p) != p {
			a.fail(w, r, fault.ErrNotFound)
			return
		}
		a.mux.ServeHTTP(w, r)
	})
}

// Document is the description of the API (OpenAPI 3.1).
func (a *API) Document() []byte { return a.document() }

// Close ends the streams that are open, so that a server can stop. Register it with http.Server.RegisterOnShutdown.
func (a *API) Close() { a.close.Do(func() { close(a.closing) }) }

func allowed(methods []string) string {
	list := append(slices.Clone(methods), http.MethodOptions)
	if slices.Contains(list, http.MethodGet) {
		list = append(list, http.MethodHead)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// wrongMethod answers what a path has no operation for. OPTIONS says what there is; it grants no other origin anything.
func (a *API) wrongMethod(w http.ResponseWriter, r *http.Request, allow string) {
	w.Header().Set("Allow", allow)
	if r.Method == http.MethodOptions {
		a.call(w, r, nil)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	a.fail(w, r, ErrMethod)
}

// fail refuses a request that has no operation.
func (a *API) fail(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
	a.call(w, r, nil).refuse(f)
}

func (a *API) serveDocument(w http.ResponseWriter, r *http.Request) {
	a.call(w, r, nil)
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = []string{"no-cache"}
	w.Write(a.document())
}
