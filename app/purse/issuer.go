package purse

import (
	"context"
	"errors"

	"billfold/app"
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
	return a.Purses, func() error { return a.Close(ctx) }, nil
}
