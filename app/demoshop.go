package app

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"billfold/app/demo"
	"billfold/base/dial"
	"billfold/client"
	"billfold/core/merchant"
	"billfold/edge/demoshop"
)

// storeScopes are what the web shop's key may do: make sessions, read them, and give money back.
var storeScopes = []string{"checkout:read", "checkout:write", "refunds:write"}

// demoShop is the sandbox's web shop, which speaks to this server over HTTP as anybody would. It is not behind the gate, for its
// own calls have to get through there while it waits for them.
func (a *App) demoShop() http.Handler {
	var mu sync.Mutex
	var known *client.Client
	through := dial.New(a.selfDial).HTTP()
	shop := demoshop.New(demoshop.Options{URL: a.URL.String(), Log: a.Config.Log, Client: func(ctx context.Context) (*client.Client, error) {
		mu.Lock()
		defer mu.Unlock()
		if known != nil || a.Installation.demo.IsZero() {
			return known, nil
		}
		keys, err := a.DemoKeys(ctx)
		if err == nil {
			err = a.registerStore(ctx)
		}
		if err == nil {
			known = &client.Client{BaseURL: a.self(), Key: keys.Store, HTTP: through}
		}
		return known, err
	}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.state.Load() == building {
			a.refuse(w, r, ErrStarting.RetryIn(time.Second))
			return
		}
		shop.ServeHTTP(w, r)
	})
}

// registerStore has the web shop's address among those to which its checkouts may return. Plain http at this machine needs no entry.
func (a *App) registerStore(ctx context.Context) error {
	if a.URL.Scheme != "https" {
		return nil
	}
	till, err := a.Shops.ByHandle(ctx, demo.Till)
	if err != nil || slices.Contains(till.ReturnOrigins, merchant.Origin(a.URL)) {
		return err
	}
	return a.Shops.SetReturnOrigins(ctx, till.ID, append(slices.Clone(till.ReturnOrigins), merchant.Origin(a.URL)))
}
