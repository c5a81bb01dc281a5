package ui

import (
	"context"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"billfold/edge/web/text"
)

// Other is the name on the far side of the payment.
func (v Payment) Other() string {
	if v.Side == "payer" {
		return v.PayeeName
	}
	return v.PayerName
}

// aboutKey finds the sentence that fits best: by kind, state and side, else by state and side.
func aboutKey(family string, v Payment) string {
	kinds := []string{v.Kind}
	switch {
	case v.Link:
		kinds = []string{"link", v.Kind}
	case v.FromBank:
		kinds = []string{"transferred", v.Kind}
	}
	for _, kind := range kinds {
		if key := family + "." + kind + "." + v.State + "." + v.Side; text.Has(key) {
			return key
		}
	}
	return family + "." + v.State + "." + v.Side
}

// againHref is the top-up form again, with where to go on after it.
func againHref(v Payment) string {
	if v.ReturnHref == "" {
		return "/topup"
	}
	return "/topup?return=" + url.QueryEscape(v.ReturnHref)
}

// slipIcon is drawn where nobody has the place of a face: money from a card, to a bank, or under a link that nobody has opened.
func slipIcon(v Payment) string {
	if v.Link && v.Side == "payer" && v.State != "completed" {
		return "link"
	}
	if v.FromBank {
		return "bank"
	}
	return kindIcon(v.Kind)
}

// plainSum says whether amount, fee and total are one figure.
func plainSum(v Payment) bool {
	return strings.Trim(v.Fee.Digits, "0.,") == "" && v.Total == v.Plain && (v.Captured.Zero() || v.Captured == v.Plain)
}

// smooth says whether nothing is left to do or to wait for: how it went is then only for those who want to know.
func smooth(v Payment) bool {
	return !v.Live && (v.State == "completed" || v.State == "refunded")
}

// moved says whether an amount in this state deserves its sign: before that it is only what was asked for.
func moved(state string) bool {
	switch state {
	case "completed", "partly_refunded", "refunded":
		return true
	}
	return false
}

// live makes the body ask for itself again while something is under way.
func live(ctx context.Context, v Payment) templ.Attributes {
	if !v.Live {
		return nil
	}
	return templ.Attributes{"hx-get": From(ctx).Path, "hx-trigger": "news from:body, every 5s", "hx-swap": "outerHTML",
		"hx-select": "#payment"}
}

// finalWords lets the page say aloud, once, how it ended.
func finalWords(ctx context.Context, v Payment) templ.Attributes {
	if v.Live {
		return nil
	}
	return templ.Attributes{"data-final": word(ctx, "state", v.State)}
}
