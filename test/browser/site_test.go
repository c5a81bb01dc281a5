package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"billfold/app"
	"billfold/client"
)

// A site is a sandbox with its demo history, as `billfold dev` starts it.
type site struct {
	URL  string
	Keys app.Keys
	app  *app.App
}

// shared is the site of all walks: they go through it at once, as people do. Whoever needs one that stays as it was, or wants to
// stop it, starts another.
var shared struct {
	sync.Mutex
	*site
	stop func() error
}

// open gives the shared site, which the first who asks starts.
func open(t *testing.T) site {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.site == nil {
		folder, err := os.MkdirTemp("", "billfold-browser-")
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
		at, stop, err := serve(folder, log)
		if err != nil {
			t.Fatal(err)
		}
		shared.site, shared.stop = &at, func() error { return errors.Join(stop(), os.RemoveAll(folder)) }
	}
	return *shared.site
}

// after is what the end of all walks does.
var after []func() error

func TestMain(m *testing.M) {
	code := m.Run()
	Stop()
	for _, f := range after {
		if err := f(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if shared.site != nil {
		if err := shared.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "the site did not end well:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// serve starts the whole program in this process, on a port of its own and an embedded database in a folder.
func serve(folder string, log *slog.Logger) (_ site, stop func() error, err error) {
	ctx := context.Background()
	ln, err := app.Listen(ctx, "localhost:0")
	if err != nil {
		return site{}, nil, err
	}
	a, err := app.Open(ctx, app.Config{Mode: app.Sandbox, Data: folder, Log: log}, ln)
	if err != nil {
		return site{}, nil, err
	}
	serving, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(serving, ln) }()
	stop = func() error {
		end()
		return errors.Join(<-ended, a.Close(ctx))
	}
	if err = a.Seed(ctx); err == nil {
		a.Start()
		var keys app.Keys
		if keys, err = a.DemoKeys(ctx); err == nil {
			return site{URL: a.URL.String(), Keys: keys, app: a}, stop, nil
		}
	}
	return site{}, nil, errors.Join(err, stop())
}

// shop speaks to the API as the demo's shop.
func (s site) shop() *client.Client { return &client.Client{BaseURL: s.URL, Key: s.Keys.Shop} }

// checkout has the shop ask for an amount of cents, and returns the hosted page for it.
func (s site) checkout(t *testing.T, minor string) client.CheckoutSession {
	t.Helper()
	session, err := s.shop().CreateCheckoutSession(t.Context(), client.CreateCheckoutSession{
		Amount: client.Money{Amount: minor, Currency: "EUR"}, ReturnURL: s.URL + "/", Description: "Two coffees", Reference: "order " + minor,
	})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// enter signs a visitor in as one of the demo's people, and has the pages speak the visitor's language: a person's own
// choice goes with them, and these people made theirs.
func enter(v *Visitor, name string) {
	v.t.Helper()
	v.Press(name)
	v.Until("a page of "+name, "document.querySelector('form[action=\"/signout\"], a[href=\"/me\"]')")
	if ask[string](v, "document.documentElement.lang") != string(v.Look.Lang) {
		v.Click("button[name=lang][value='" + string(v.Look.Lang) + "']")
		v.Until("the language", "document.documentElement.lang === "+quote(string(v.Look.Lang)))
	}
}
