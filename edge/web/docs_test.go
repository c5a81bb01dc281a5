package web

import (
	"context"
	"html"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/edge/web/manual"
)

const smallDocument = `{"tags":[{"name":"Payments","description":"x"}],"paths":{"/v1/payments/{id}/void":{"post":{
	"operationId":"voidPayment",
	"tags":["Payments"],"summary":"Void a payment","security":[{"bearer":["secret","restricted:payments:write"]}],"responses":{"200":
	{"content":{"application/json":{"example":{"id":"pay_1"}}}}}}}}}`

// The pages for developers are there in both languages and lead to each other, and every refusal has its place, to which the type of a
// problem leads.
func TestDocs(t *testing.T) {
	w := build(t, Options{Sandbox: true, OpenAPI: func() []byte { return []byte(smallDocument) }})
	for _, language := range []string{"en", "zh"} {
		b := w.browser()
		b.lang = language
		first := b.get("/docs")
		for _, name := range manual.Names[1:] {
			tag, _ := lang.Parse(map[string]string{"en": "en", "zh": "zh-Hans"}[language])
			page, _ := manual.Find(tag, name)
			b.wants(b.get("/docs/"+name), http.StatusOK, page.Title)
			if !strings.Contains(first.html, `href="/docs/`+name+`"`) {
				t.Errorf("/docs does not lead to %s", name)
			}
		}
		errors := b.get("/docs/errors")
		for _, f := range fault.All() {
			if !strings.Contains(errors.html, `id="`+f.Code+`"`) {
				t.Errorf("%s is not explained", f.Code)
			}
		}
		b.wants(b.get("/docs/api"), http.StatusOK, "/v1/payments/{id}/void", "payments:write")
	}
	w.browser().wants(w.browser().get("/docs/nowhere"), http.StatusNotFound)
	for _, guess := range []string{"/docs/index", "/docs/quickstart"} {
		if a := w.browser().get(guess); a.status != http.StatusOK || a.path != "/docs" {
			t.Errorf("%s: %d %s", guess, a.status, a.path)
		}
	}
}

// Both languages have the same sections, links, tables and samples.
func TestDocsAreTheSame(t *testing.T) {
	shape := regexp.MustCompile(`<(h2|h3|li|tr|pre)\b|href="[^"]*"`)
	for _, name := range manual.Names {
		var shapes [2][]string
		for i, tag := range []lang.Tag{lang.EN, lang.ZH} {
			page, ok := manual.Find(tag, name)
			if !ok || page.Title == "" || page.Summary() == "" {
				t.Fatalf("%s in %s: %q", name, tag, page.Summary())
			}
			for _, part := range page.Parts {
				shapes[i] = append(shapes[i], shape.FindAllString(part.HTML, -1)...)
				for _, s := range part.Samples {
					shapes[i] = append(shapes[i], s.Name+" "+s.Language)
				}
				if strings.Contains(part.HTML, "<script") || strings.Contains(part.HTML, "style=") {
					t.Errorf("%s in %s has what the policy forbids", name, tag)
				}
			}
		}
		if !reflect.DeepEqual(shapes[0], shapes[1]) {
			t.Errorf("%s differs:\n%v\n%v", name, shapes[0], shapes[1])
		}
	}
}

// A sandbox's keys are in the samples for who is signed in to it, and for nobody else; a live installation shows none to anybody.
func TestDocsKeys(t *testing.T) {
	keys := func(context.Context) (DevKeys, error) {
		return DevKeys{Shop: "bf_test_sk_shown", Payer: "bf_test_pt_shown"}, nil
	}
	for _, sandbox := range []bool{true, false} {
		w := build(t, Options{Sandbox: sandbox, DevKeys: keys, OpenAPI: func() []byte { return []byte(smallDocument) }})
		out, in := w.browser(), w.browser()
		in.signIn("lena")
		for _, path := range []string{"/docs", "/docs/refunds", "/docs/api"} {
			if page := out.get(path).html; strings.Contains(page, "_shown") || !strings.Contains(page, "$BILLFOLD_KEY:") {
				t.Errorf("%s to a stranger: %s", path, html.UnescapeString(page))
			}
			if page := in.get(path); strings.Contains(page.html, "bf_test_sk_shown:") != sandbox {
				t.Errorf("%s in a sandbox (%v): the key is shown the wrong way round", path, sandbox)
			}
		}
	}
}
