package app

import (
	"context"

	"billfold/base/money"
	"billfold/edge/api"
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
	pages := web.Options{DB: a.DB, People: a.People, Payments: a.Payments, Shops: a.Shops, Ledger: a.Ledger, Keys: a.Keys, IDs: a.IDs,
		Clock: a.Clock, Real: a.Real, Log: a.Config.Log, Sandbox: sandbox, PublicURL: address,
		Notices: a.Notices, Outbox: a.Outbox}
	if sandbox {
		programs.Advance = a.AdvanceClock
		programs.SendTransfer = a.sendTransfer
		pages.Personas = a.Personas
		pages.Inbox = a.mails
	}
	a.api = api.New(programs)
	a.pages = web.New(pages)
	a.Handler = a.front(hook.New(a.Inbox), a.api.Handler(), a.pages)
	return nil
}

// sendTransfer plays somebody who sends us money at the sandbox's bank.
func (a *App) sendTransfer(ctx context.Context, purpose string, amount money.Amount) (string, error) {
	return a.Bank.Transfer(ctx, a.Installation.ID, purpose, amount)
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
