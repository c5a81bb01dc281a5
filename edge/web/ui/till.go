package ui

import (
	"context"

	"github.com/a-h/templ"
)

// liveSale makes the till's page ask for itself again until the sale has ended.
func liveSale(ctx context.Context, v Sale) templ.Attributes {
	if v.State != "open" && v.State != "processing" {
		return templ.Attributes{"data-final": word(ctx, "checkout", v.State)}
	}
	return templ.Attributes{"hx-get": From(ctx).Path, "hx-trigger": "news from:body, every 5s", "hx-swap": "outerHTML",
		"hx-select": "#sale", "data-watch": watchHref(v.ID, v.State)}
}
