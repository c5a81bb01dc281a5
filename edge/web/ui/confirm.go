package ui

import (
	"context"

	"github.com/a-h/templ"
)

// liveCheckout makes the end of a checkout ask for itself again while it is not known.
func liveCheckout(ctx context.Context, v Checkout) templ.Attributes {
	if !v.Live {
		return templ.Attributes{"data-final": word(ctx, "checkout", v.State)}
	}
	return templ.Attributes{"hx-get": From(ctx).Path, "hx-trigger": "every 1s", "hx-swap": "outerHTML", "hx-select": "#checkout"}
}

// arrives is the key of the sentence that says when the money is there.
func arrives(v Confirm) string {
	switch {
	case v.Link:
		return "confirm.arrives.link"
	case v.Hold:
		return "confirm.arrives.hold"
	case v.Kind == "withdrawal":
		return "confirm.arrives.bank"
	}
	return "confirm.arrives.now"
}
