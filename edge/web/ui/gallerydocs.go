package ui

import (
	"billfold/base/lang"
	"billfold/edge/web/manual"
	"billfold/edge/web/text"
)

// docsSpecimens are the pages for developers, to a stranger and to who is signed in.
func docsSpecimens(l lang.Tag) []Specimen {
	known := Docs{URL: "http://localhost:8080", Key: "bf_test_sk_7k2m", PayerKey: "bf_test_pt_7k2m", Sandbox: true, Here: "/docs",
		Places: []DocsPlace{{"/docs", "Quick start"}, {"/docs/api", "API"}}, Next: DocsPlace{"/docs/api", "API"}}
	stranger := known
	stranger.Key, stranger.PayerKey = "", ""
	page, _ := manual.Find(lang.EN, "index")
	concepts, _ := manual.Find(lang.ZH, "concepts")
	operation := manual.Operation{ID: "voidPayment", Method: "POST", Path: "/v1/payments/{id}/void", Summary: "Void a payment",
		About: "Take back what is not confirmed yet, or let go of a hold.", Keys: []string{"secret", "payer"}, Scope: "payments:write",
		Success: "200", Answer: "{\n  \"id\": \"pay_01kjkz4n8dj4dfwkkh5k6r7a00\"\n}",
		Parameters: []manual.Parameter{{Name: "Idempotency-Key", Type: "string", About: "New for each thing that is wanted.", Required: true}},
		Body:       []manual.Parameter{{Name: "reason", Type: "string", About: "Kept with the payment, at most 500 bytes."}},
		Refusals: []manual.Refusal{{Status: "404", Codes: []string{"not_found"}},
			{Status: "409", Codes: []string{"payment_state", "hold_not_open"}}},
		Sample: manual.Sample{Name: "voidPayment", Language: "curl",
			Text: "curl -s \"$BILLFOLD_URL/v1/payments/pay_1/void\" -u \"$BILLFOLD_KEY:\"\n"}}
	return []Specimen{
		{Name: "docs", Area: "docs", Page: DocsPage(known, page)},
		{Name: "docs-out", Area: "docs", Out: true, Page: DocsPage(stranger, concepts)},
		{Name: "docs-errors", Area: "docs", Out: true, Page: DocsErrors(stranger, []DocsError{{Code: "not_found",
			Title: refused("not_found").Title.In(l), Detail: refusal(l, "not_found"),
			Moved: text.Say(l, "moved.no"), Again: text.Say(l, "moved.no"), Status: 404}})},
		{Name: "docs-api", Area: "docs", Page: DocsReference(known, []manual.Group{{Name: "Payments",
			Operations: []manual.Operation{operation}}})},
	}
}
