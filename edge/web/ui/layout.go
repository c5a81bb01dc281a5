package ui

import (
	"context"
	"strconv"

	"github.com/a-h/templ"
)

// Extra is what one page adds to its head.
type Extra struct {
	Live    bool // parts of the page look again when there is news; it brings htmx along
	Htmx    bool
	Scan    bool   // the scanner and the reader of codes
	Alone   bool   // there is nobody to ask for another page: the page has no links out of itself
	Summary string // of the page, for those who search; "" says what Billfold is
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

// placed says whether the places of a wallet stand on the page: not for those who have none, and not where no other page can be had.
func placed(ctx context.Context) bool {
	return From(ctx).Person.ID != "" && !extra(ctx).Alone
}

// again makes a part of a live page look again when there is news. Without scripts it stays as it was drawn.
func again(ctx context.Context, id string) templ.Attributes {
	if !extra(ctx).Live {
		return nil
	}
	return templ.Attributes{"hx-get": From(ctx).Path, "hx-trigger": "news from:body", "hx-select": "#" + id, "hx-target": "this",
		"hx-swap": "outerHTML"}
}

// summary is what a page says of itself.
func summary(ctx context.Context) string {
	if said := extra(ctx).Summary; said != "" {
		return said
	}
	return T(ctx, "landing.lead")
}

// bellCount is the number on the bell.
func bellCount(n int) string {
	if n > 99 {
		return "99+"
	}
	return strconv.Itoa(n)
}

func bellLabel(ctx context.Context) string {
	if n := From(ctx).Unread; n > 0 {
		return T(ctx, "notices.bell", bellCount(n))
	}
	return T(ctx, "nav.notices")
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
