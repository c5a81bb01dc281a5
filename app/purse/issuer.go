package purse

import (
	"context"
	"errors"

	"billfold/app"
	"billfold/base/money"
	issuer "billfold/product/purse"
)

// openIssuer opens the installation in a data folder, whose server must not be running, and its issuer of purses.
func openIssuer(ctx context.Context, data string) (*issuer.Issuer, func() error, error) {
	var a *app.App
	var err error
	for _, mode := range []app.Mode{app.Live, app.Sandbox} {
		a, err = app.Open(ctx, app.Config{Mode: mode, Data: data, Empty: true}, nil)
		if !errors.Is(err, app.ErrMode) {
			break
		}
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := issuerOf(ctx, a)
	if err != nil {
		return nil, nil, errors.Join(err, a.Close(ctx))
	}
	return s, func() error { return a.Close(ctx) }, nil
}

// issuerOf builds the issuer of an installation.
func issuerOf(ctx context.Context, a *app.App) (*issuer.Issuer, error) {
	if err := a.DB.Migrate(ctx, a.Real.Now(), issuer.Schema); err != nil {
		return nil, err
	}
	var list []money.Currency
	for _, code := range a.Config.Currencies {
		c, err := money.ParseCurrency(code)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return issuer.New(ctx, issuer.Options{DB: a.DB, Clock: a.Clock, IDs: a.IDs, Ledger: a.Ledger, Keys: a.Keys,
		Network: Network(a), Currencies: list})
}

// Network is the network id of an installation: sandboxes and live installations never mix, nor do two of either.
func Network(a *app.App) string {
	if a.Installation.Mode == app.Sandbox {
		return "test/" + a.Installation.ID
	}
	return "live/" + a.Installation.ID
}
