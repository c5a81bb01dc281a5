package ui

import (
	"context"
	"strconv"

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

// offlineSale is what a lost network means for a sale: while its code can be paid, the till does not know whether it was.
func offlineSale(ctx context.Context, v Sale) string {
	if v.State == "open" || v.State == "processing" {
		return T(ctx, "offline.sale")
	}
	return T(ctx, "offline.till")
}

// tillAmountLabel says that the amount stands beside what is sold from the list, where there is one.
func tillAmountLabel(ctx context.Context, v Till) string {
	label := T(ctx, "till.amount")
	if len(v.Items) > 0 {
		label = T(ctx, "till.amount.besides")
	}
	if len(v.Currencies) == 1 {
		label += " (" + v.Currency + ")"
	}
	return label
}

func tillBillHint(ctx context.Context, v Till) string {
	if v.Numbered {
		return T(ctx, "till.bill.numbered")
	}
	return ""
}

func scaleOf(v Till, i int) string {
	if i >= len(v.Scales) {
		return "2"
	}
	return strconv.Itoa(v.Scales[i])
}
