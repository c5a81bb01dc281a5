package api

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract is a RoundTripper that fails the test on every answer that the document does not describe: an undocumented status, a
// body of another shape or with a member too many, a code that is not listed, a header that is missing.
type contract struct {
	t        testing.TB
	document any
	paths    map[string]*regexp.Regexp // template → form
	compiler *jsonschema.Compiler
	mu       sync.Mutex
	known    map[string]*jsonschema.Schema
	seen     map[string]int // "operationId status" → answers
}

func newContract(t testing.TB, a *API) *contract {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.document()))
	if err != nil {
		t.Fatal(err)
	}
	shut(document)
	k := &contract{t: t, document: document, compiler: jsonschema.NewCompiler(), known: map[string]*jsonschema.Schema{},
		seen:  map[string]int{},
		paths: map[string]*regexp.Regexp{}}
	k.compiler.AssertFormat()
	if err := k.compiler.AddResource("openapi.json", document); err != nil {
		t.Fatal(err)
	}
	for path := range member(document, "paths").(map[string]any) {
		k.paths[path] = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(path), `\{id\}`, "[^/]+") + "$")
	}
	return k
}

// shut closes every object of the document, so that an answer with an undocumented member fails. For clients the document leaves
// answers open, because later versions may add members.
func shut(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if name != "example" {
				shut(value)
			}
		}
		_, closed := v["additionalProperties"]
		if _, object := v["properties"].(map[string]any); object && v["type"] == "object" && !closed {
			v["additionalProperties"] = false
		}
	case []any:
		for _, one := range v {
			shut(one)
		}
	}
}

func member(v any, names ...string) any {
	for _, name := range names {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// schema compiles a part of the document.
func (k *contract) schema(tokens ...string) *jsonschema.Schema {
	k.t.Helper()
	place := "openapi.json#"
	for _, token := range tokens {
		place += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(token)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := k.known[place]; known != nil {
		return known
	}
	compiled, err := k.compiler.Compile(place)
	if err != nil {
		k.t.Fatalf("%s: %v", place, err)
	}
	k.known[place] = compiled
	return compiled
}

// find is the operation of a request: its path's template, and the operation.
func (k *contract) find(method, path string) (template string, operation any) {
	best := ""
	for template, form := range k.paths {
		if form.MatchString(path) && (best == "" || !strings.Contains(template, "{")) {
			best = template
		}
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return best, member(k.document, "paths", best, strings.ToLower(method))
}

// RoundTrip sends the request and checks the answer.
func (k *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.Header.Get("Content-Type") == "text/event-stream" {
		return answer, nil
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	k.check(r, answer, body)
	return answer, nil
}

func (k *contract) check(r *http.Request, answer *http.Response, body []byte) {
	k.t.Helper()
	what := r.Method + " " + r.URL.EscapedPath() + ": " + strconv.Itoa(answer.StatusCode)
	if !requestID.MatchString(answer.Header.Get("Request-Id")) {
		k.t.Errorf("%s without a Request-Id", what)
	}
	if origin := answer.Header.Get("Access-Control-Allow-Origin"); origin != "" {
		k.t.Errorf("%s grants %s", what, origin)
	}
	if r.URL.Path == "/openapi.json" || r.Method == http.MethodOptions {
		return
	}
	template, operation := k.find(r.Method, r.URL.EscapedPath())
	status := strconv.Itoa(answer.StatusCode)
	kind := answer.Header.Get("Content-Type")
	place := []string{"paths", template, strings.ToLower(r.Method), "responses", status, "content", kind, "schema"}
	described := member(operation, "responses", status)
	if ref, ok := member(described, "$ref").(string); ok {
		place = append(strings.Split(strings.TrimPrefix(ref, "#/"), "/"), "content", kind, "schema")
		described = member(k.document, place[:3]...)
	}
	switch {
	case operation == nil:
		if answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusMethodNotAllowed {
			k.t.Errorf("%s for what is not in the document", what)
		}
		place = []string{"components", "schemas", "Problem"}
	case described == nil:
		k.t.Errorf("%s is not in the document: %s", what, body)
		return
	case member(described, "content", kind) == nil:
		k.t.Errorf("%s has the type %q, which is not in the document", what, kind)
		return
	default:
		k.mu.Lock()
		k.seen[operation.(map[string]any)["operationId"].(string)+" "+status]++
		k.mu.Unlock()
	}
	if r.Method == http.MethodHead {
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		k.t.Errorf("%s is not JSON: %v", what, err)
		return
	}
	if err := k.schema(place...).Validate(value); err != nil {
		k.t.Errorf("%s is not as the document says: %v\n%s", what, err, body)
	}
	k.head(what, answer, value)
}

var requestID = regexp.MustCompile(`^req_[0-9a-z]{26}$`)

// head checks what every problem's head and body have in common.
func (k *contract) head(what string, answer *http.Response, value any) {
	k.t.Helper()
	if answer.StatusCode < 400 {
		return
	}
	if kind := answer.Header.Get("Content-Type"); kind != "application/problem+json" {
		k.t.Errorf("%s has the type %q", what, kind)
	}
	if n, _ := member(value, "status").(interface{ Int64() (int64, error) }); n != nil {
		if status, _ := n.Int64(); int(status) != answer.StatusCode {
			k.t.Errorf("%s says in its body that it is %d", what, status)
		}
	}
	if member(value, "request_id") != answer.Header.Get("Request-Id") {
		k.t.Errorf("%s names two requests", what)
	}
	if retry := answer.Header.Get("Retry-After") != ""; retry != (member(value, "retryable") == true) {
		k.t.Errorf("%s: retryable and Retry-After disagree", what)
	}
	if moved := member(value, "money_moved"); moved == "unknown" && member(value, "link") == nil {
		k.t.Errorf("%s does not know whether money moved, and has no link", what)
	}
}

// TestDocument checks the document by itself: its size, that nothing in it is untyped, and that its examples are what it says.
func TestDocument(t *testing.T) {
	a := New(Options{PublicURL: "https://pay.example.org/", Sandbox: true, Advance: (&world{}).advance})
	k := newContract(t, a)
	if len(k.paths) < 18 {
		t.Errorf("%d paths, want 18 at least", len(k.paths))
	}
	if text := string(a.document()); strings.Contains(text, `"schema":{}`) || !strings.Contains(text, `"openapi":"3.1.`) {
		t.Error("an empty schema, or no OpenAPI 3.1")
	}
	ids := map[string]bool{}
	for path, methods := range member(k.document, "paths").(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			name, _ := member(operation, "operationId").(string)
			if name == "" || ids[name] || member(operation, "summary") == nil {
				t.Errorf("%s %s: operationId %q", method, path, name)
			}
			ids[name] = true
			if body := member(operation, "requestBody"); body != nil {
				k.example(name+" request", []string{"paths", path, method, "requestBody", "content", "application/json"})
			}
			for status, response := range member(operation, "responses").(map[string]any) {
				if status >= "400" {
					ref, _ := member(response, "$ref").(string)
					shared := member(k.document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
					if member(shared, "content", "application/problem+json", "schema", "allOf") == nil {
						t.Errorf("%s %s %s: no codes", method, path, status)
					}
					continue
				}
				if member(response, "content", "application/json") != nil {
					k.example(name+" "+status, []string{"paths", path, method, "responses", status, "content", "application/json"})
				} else if member(response, "content", "text/event-stream") == nil {
					t.Errorf("%s %s %s has no content", method, path, status)
				}
			}
		}
	}
	for name, one := range member(k.document, "components", "schemas").(map[string]any) {
		for field, s := range member(one, "properties").(map[string]any) {
			if text, _ := member(s, "description").(string); text == "" {
				t.Errorf("%s.%s is not described", name, field)
			}
		}
	}
}

// example validates an example against the schema beside it.
func (k *contract) example(what string, place []string) {
	k.t.Helper()
	example := member(k.document, append(append([]string{}, place...), "example")...)
	if example == nil {
		k.t.Errorf("%s has no example", what)
		return
	}
	if err := k.schema(append(append([]string{}, place...), "schema")...).Validate(example); err != nil {
		k.t.Errorf("the example of %s: %v", what, err)
	}
}

// TestContractBites shows that the check fails on what it is there to find.
func TestContractBites(t *testing.T) {
	a := New(Options{PublicURL: "https://pay.example.org"})
	for what, one := range map[string]struct {
		status     int
		kind, body string
	}{
		"a status that is not there":  {418, "application/problem+json", `{}`},
		"a member too many":           {200, "application/json", `{"object":"list","data":[],"has_more":false,"url":"/v1/currencies","more":1}`},
		"a member too few":            {200, "application/json", `{"object":"list","data":[],"has_more":false}`},
		"a code that is not listed":   {404, "application/problem+json", problemText("insufficient_funds", 404)},
		"the wrong type":              {200, "text/html", `<p>`},
		"money without a word":        {404, "application/problem+json", strings.Replace(problemText("not_found", 404), `"no"`, `"maybe"`, 1)},
		"an amount that is a number":  {200, "application/json", strings.Replace(oneCurrency, `2`, `"2"`, 1)},
		"a body that says another":    {404, "application/problem+json", problemText("not_found", 400)},
		"retry without a Retry-After": {404, "application/problem+json", strings.Replace(problemText("not_found", 404), "false", "true", 1)},
	} {
		spy := &failures{TB: t}
		k := newContract(spy, a)
		r, _ := http.NewRequest(http.MethodGet, "https://pay.example.org/v1/currencies", nil)
		answer := &http.Response{StatusCode: one.status, Header: http.Header{"Content-Type": {one.kind}, "Request-Id": {exampleRequest}}}
		k.check(r, answer, []byte(one.body))
		if spy.count == 0 {
			t.Errorf("%s passed", what)
		}
	}
}

const oneCurrency = `{"object":"list","data":[{"object":"currency","code":"EUR","scale":2}],"has_more":false,"url":"/"}`

const exampleRequest = "req_01kjkz4n8dj4dfwkkh5k6r7a00"

func problemText(code string, status int) string {
	return `{"type":"https://pay.example.org/docs/errors","title":"t","status":` + strconv.Itoa(status) +
		`,"detail":"d","instance":"/","code":"` + code +
		`","retryable":false,"money_moved":"no","request_id":"` + exampleRequest + `"}`
}

// failures counts what a check complains about.
type failures struct {
	testing.TB
	count int
}

func (f *failures) Errorf(string, ...any) { f.count++ }
func (f *failures) Helper()               {}
