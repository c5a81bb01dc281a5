package app

import (
	"context"
	"time"

	"billfold/base/money"
	"billfold/product/purse"
)

// purseOptions are what the issuer of offline purses is built from.
func (a *App) purseOptions() (purse.Options, error) {
	o := purse.Options{DB: a.DB, Clock: a.Clock, IDs: a.IDs, Ledger: a.Ledger, Keys: a.Keys, Network: "live/" + a.Installation.ID}
	if a.Installation.Mode == Sandbox {
		o.Network = "test/" + a.Installation.ID
	}
	for _, code := range a.Config.Currencies {
		c, err := money.ParseCurrency(code)
		if err != nil {
			return o, err
		}
		o.Currencies = append(o.Currencies, c)
	}
	return o, nil
}

// purses builds the issuer of offline purses. Its network id says installation and mode, so that purses of a sandbox and of real money, or
// of two installations, never understand each other.
func (a *App) purses(ctx context.Context) error {
	o, err := a.purseOptions()
	if err != nil {
		return err
	}
	if a.DB.History() != nil {
		a.Purses = purse.Books(o) // nothing is written, so nothing is signed
		return nil
	}
	if a.Purses, err = purse.New(ctx, o); err != nil {
		return err
	}
	a.Queue.Every("purse.sweep", time.Hour, a.Purses.Sweep)
	return nil
}
