package browser

import (
	"context"
	"testing"

	"billfold/app"
	"billfold/client"
	"billfold/test/harness"
)

// A site is a sandbox with its demo history, as `billfold dev` starts it.
type site struct {
	URL  string
	Keys app.Keys
	app  *app.App
}

// open starts the whole program in this process, on a port of its own and an embedded database in the test's folder.
func open(t *testing.T) site {
	t.Helper()
	ctx := t.Context()
	ln, err := app.Listen(ctx, "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(ctx, app.Config{Mode: app.Sandbox, Data: t.TempDir(), Log: harness.Warnings(t)}, ln)
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(serving, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := a.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := a.Seed(ctx); err != nil {
		t.Fatalf("seed: %v", err)
	}
	a.Start()
	keys, err := a.DemoKeys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return site{URL: a.URL.String(), Keys: keys, app: a}
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
