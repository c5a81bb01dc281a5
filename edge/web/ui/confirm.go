package ui

import (
	"cmp"
	"context"
	"net/url"

	"github.com/a-h/templ"
)

// liveCheckout makes the end of a checkout ask for itself again while it is not known.
func liveCheckout(ctx context.Context, v Checkout) templ.Attributes {
	if !v.Live {
		return templ.Attributes{"data-final": word(ctx, "checkout", v.State)}
	}
	poll := ""
	if v.State != "open" { // nobody is typing there
		poll = ", every 2s"
	}
	return templ.Attributes{"hx-get": From(ctx).Path, "hx-trigger": "news from:body" + poll, "hx-swap": "outerHTML",
		"hx-select": "#checkout", "hx-target": "this", "data-watch": watchHref(v.ID, v.State)}
}

// wayHref is the page of one way to pay; the first is what the checkout opens with.
func wayHref(v Checkout, way string) string {
	if way == "wallet" {
		return "/c/" + v.ID
	}
	return "/c/" + v.ID + "?pay=" + way
}

func wayIcon(way string) string {
	return map[string]string{"wallet": "me", "phone": "phone", "card": "card"}[way]
}

// cardHint tells in a sandbox which number works there.
func cardHint(ctx context.Context) string {
	if From(ctx).Sandbox {
		return T(ctx, "checkout.card.test")
	}
	return ""
}

// watchHref is the stream that speaks when a checkout no longer stands as a page shows it.
func watchHref(checkout, state string) string {
	return "/live/checkout?" + url.Values{"of": {checkout}, "state": {state}}.Encode()
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

// What is confirmed has its own words: buying something, sending, exchanging, withdrawing.
var (
	confirmTitles = map[string]string{"transfer": "confirm.title.transfer", "exchange": "confirm.title.exchange",
		"withdrawal": "confirm.title.withdrawal"}
	confirmGoes = map[string]string{"transfer": "confirm.go.transfer", "exchange": "confirm.go.exchange",
		"withdrawal": "confirm.go.withdrawal"}
)

func confirmTitle(kind string) string { return cmp.Or(confirmTitles[kind], "confirm.title") }

func confirmGo(kind string) string { return cmp.Or(confirmGoes[kind], "confirm.go") }
