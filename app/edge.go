package app

import (
	"context"
	"net/http"
	"time"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/edge/api"
	"billfold/edge/gate"
	"billfold/edge/hook"
	"billfold/edge/web"
)

// inboxMost is how many mails the sandbox's inbox shows.
const inboxMost = 50

// edge builds what speaks HTTP.
func (a *App) edge() error {
	sandbox := a.Config.Mode == Sandbox
	address := a.URL.String()
	programs := api.Options{DB: a.DB, Clock: a.Clock, Real: a.Real, IDs: a.IDs, Ledger: a.Ledger, People: a.People, Shops: a.Shops,
		Payments: a.Payments, Outbox: a.Outbox, Purses: a.Purses, Log: a.Config.Log, PublicURL: address, Sandbox: sandbox}
	pages := web.Options{Insight: a.Insight, Cases: a.Cases,
		DB: a.DB, People: a.People, Payments: a.Payments, Shops: a.Shops, Ledger: a.Ledger,
		Keys: a.Keys, IDs: a.IDs,
		Clock: a.Clock, Real: a.Real, Log: a.Config.Log, Sandbox: sandbox, PublicURL: address,
		Notices: a.Notices, Outbox: a.Outbox, Scopes: api.Scopes(), Audit: a.Trail, Books: a.books, Recheck: a.recheck}
	pages.Doctor = a.examine
	if sandbox {
		programs.Advance = a.AdvanceClock
		programs.SendTransfer = a.sendTransfer
		pages.Personas = a.Personas
		pages.Cards = a.Card
		pages.SendTransfer = a.sendTransfer
		pages.Inbox = a.mails
		pages.DevKeys = a.devKeys
		pages.DemoShop = !a.Installation.demo.IsZero()
		if a.anew != nil {
			pages.Demo = &web.Demo{Facts: a.demoFacts, Remove: a.RemoveDemo}
		}
	}
	a.api = api.New(programs)
	pages.OpenAPI = a.api.Document
	a.pages = web.New(pages)
	if err := a.newGate(); err != nil {
		return err
	}
	a.Handler = a.front(hook.New(a.Inbox), a.api.Handler(), a.pages)
	return nil
}

// Routes is the table of contents of the pages.
func (a *App) Routes() []web.Route { return a.pages.Routes() }

// devKeys are the keys of the demo that the samples carry.
func (a *App) devKeys(ctx context.Context) (web.DevKeys, error) {
	k, err := a.DemoKeys(ctx)
	return web.DevKeys{Shop: k.Shop, Payer: k.Payer}, err
}

// sendTransfer plays somebody who sends us money at the sandbox's bank.
func (a *App) sendTransfer(ctx context.Context, purpose string, amount money.Amount) (string, error) {
	return a.Bank.Transfer(ctx, a.Installation.ID, purpose, amount)
}

// newGate builds what lets requests in, and shows how busy it is.
func (a *App) newGate() error {
	proxies, err := a.Config.proxies()
	if err != nil {
		return err
	}
	shed := a.Metrics.Counter("billfold_requests_shed_total", "Requests that were told to come back later.", "reason")
	c := a.Config
	a.Gate = gate.New(gate.Options{Real: c.Ground.steady(), Work: c.Work, Wait: time.Duration(c.Wait) * time.Millisecond, Rate: c.Rate,
		Guests: c.Guests, Trust: proxies, Cookie: web.SessionCookies(), Streams: []string{api.StreamPath, web.LivePath, web.WatchPath},
		Count: func(reason string) { shed.Inc(reason) },
		Refuse: func(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
			if seen, ok := w.(*witness); ok {
				seen.shed = true
			}
			a.refuse(w, r, f)
		}})
	for i, name := range []string{"running", "waiting", "streams"} {
		a.Metrics.Gauge("billfold_requests_"+name, "Requests that are "+name+" now.", func() float64 {
			running, waiting, streams := a.Gate.Busy()
			return float64([]int{running, waiting, streams}[i])
		})
	}
	return nil
}

// mails are what the sandbox would have sent, newest first.
func (a *App) mails(ctx context.Context) ([]web.Mail, error) {
	kept, _, err := a.Notices.Inbox(ctx, "", inboxMost)
	if err != nil {
		return nil, err
	}
	list := make([]web.Mail, len(kept))
	for i, m := range kept {
		list[i] = web.Mail{At: m.At, To: m.To, Subject: m.Subject, Body: m.Text}
	}
	return list, nil
}
