package ui

import (
	"context"
	"strings"

	"billfold/edge/web/manual"
)

// Docs is what every page for developers knows of its reader. The keys are a sandbox's, and empty for whoever is not signed in.
type Docs struct {
	URL, Key, PayerKey string
	Sandbox            bool
	Here               string // the page's own address
	Places             []DocsPlace
	Next               DocsPlace
}

// DocsPlace is a page of the documentation.
type DocsPlace struct{ Href, Label string }

// DocsError is one refusal in the reader's language.
type DocsError struct {
	Code, Title, Detail, Moved, Again string
	Status                            int
}

// Fill puts the reader's own address and keys into a sample. What is not known stays a variable.
func (v Docs) Fill(sample string) string {
	var pairs []string
	for _, p := range []struct{ name, value string }{{"BILLFOLD_URL", v.URL}, {"BILLFOLD_KEY", v.Key}, {"BILLFOLD_PAYER_KEY", v.PayerKey}} {
		if p.value != "" {
			pairs = append(pairs, "process.env."+p.name+"!", `"`+p.value+`"`, "$"+p.name, p.value)
		}
	}
	return strings.NewReplacer(pairs...).Replace(sample)
}

// docsWho says whose key an operation takes.
func docsWho(ctx context.Context, o manual.Operation) string {
	if len(o.Keys) == 0 {
		return T(ctx, "docs.nokey")
	}
	who := T(ctx, "docs.keys", strings.Join(o.Keys, ", "))
	if o.Scope != "" {
		who += " " + T(ctx, "docs.scope", o.Scope)
	}
	return who
}
