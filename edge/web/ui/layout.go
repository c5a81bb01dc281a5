package ui

import (
	"context"

	"github.com/a-h/templ"
)

// Extra is what one page adds to its head.
type Extra struct {
	Htmx    bool
	Refresh string // content of a meta refresh for readers without JavaScript: "2" or "5;url=/activity/pay_…"
}

type extraKey struct{}

// WithExtra puts it into the context of a rendering.
func WithExtra(ctx context.Context, e Extra) context.Context {
	return context.WithValue(ctx, extraKey{}, e)
}

func extra(ctx context.Context) Extra {
	e, _ := ctx.Value(extraKey{}).(Extra)
	return e
}

func currentOnly(ctx context.Context, area string) templ.Attributes {
	if From(ctx).Area == area {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

// chipCurrent marks the filter that is on.
func chipCurrent(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}

// noteIcon and its tone.
func noteIcon(tone string) string {
	switch tone {
	case "ok":
		return "check"
	case "warn", "bad":
		return "alert"
	}
	return "info"
}

// stateLook gives a state its tone and icon: colour is never alone.
func stateLook(state string) (tone, icon string) {
	switch state {
	case "completed", "paid":
		return "ok", "check"
	case "processing":
		return "info", "clock"
	case "awaiting_confirmation", "open":
		return "warn", "pen"
	case "authorized":
		return "info", "hold"
	case "failed":
		return "bad", "alert"
	case "expired":
		return "", "clock"
	case "voided":
		return "", "x"
	case "refunded", "partly_refunded":
		return "", "undo"
	case "held":
		return "warn", "shield"
	}
	return "", "ring"
}

// final says whether a state is the last one that time alone would bring.
func final(state string) bool {
	return state != "processing" && state != "awaiting_confirmation"
}
