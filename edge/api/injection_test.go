package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// injections are what makes a statement say something else where a value is written into its text, and what PostgreSQL takes in none.
var injections = []string{"a\x00b", `' or '1'='1`, `" or 1=1 --`, `'; drop table payment_record; --`,
	`\' union select * from identity_key --`, `1) or (1=1`,
	"%' or '%'='", `$1`, `'||(select hash from identity_key limit 1)||'`}

// TestInjection is attack case 42: SQL in every parameter of every operation of the document, in its path and in every text of its bodies,
// is a value like any other. Nothing fails inside, nobody is shown a row more, and the books and tables are as they were.
func TestInjection(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "100000")
		w.openAccount("test/from", "unlimited")
		w.openAccount("test/to", "unlimited")
		paid := w.pay(w.lenaKey, "100")
		w.tell()
		tried := 0
		visits := w.visits()
		for path, methods := range member(newContract(t, w.api).document, "paths").(map[string]any) {
			for method, operation := range methods.(map[string]any) {
				v, known := visits[member(operation, "operationId").(string)]
				if !known || v.path == nil {
					continue
				}
				ask := func(path, body string) {
					t.Helper()
					tried++
					a := w.send(v.owner, strings.ToUpper(method), path, body)
					if a.status >= 500 {
						t.Errorf("%s %s %s: %d %s", method, path, body, a.status, a.body)
					}
					if strings.Contains(path, "reference=") && a.status == http.StatusOK && !strings.Contains(a.body, `"data":[]`) {
						t.Errorf("%s finds rows: %.200s", path, a.body)
					}
				}
				for i, evil := range injections {
					if at := strings.IndexByte(path, '{'); at >= 0 {
						ask(path[:at]+url.PathEscape(evil)+path[strings.IndexByte(path, '}')+1:], v.body)
					}
					list, _ := member(operation, "parameters").([]any)
					for _, one := range list {
						if in, _ := one.(map[string]any); in["in"] == "query" && i < 5 {
							ask(v.path()+"?"+url.Values{in["name"].(string): {evil}}.Encode(), "")
						}
					}
					if v.body != "" && i < 5 {
						ask(v.path(), poisoned(t, v.body, evil))
					}
				}
			}
		}
		if tried < 500 {
			t.Errorf("only %d requests were tried", tried)
		}
		if p, err := w.as(w.lenaKey).Payment(w.ctx, paid.ID, nil); err != nil || p.State != "completed" {
			t.Errorf("afterwards the payment is %+v, %v", p, err)
		}
	})
}

// poisoned is a body of which every text is the same evil.
func poisoned(t *testing.T, body, evil string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return body
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			return evil
		case map[string]any:
			for name := range v {
				v[name] = walk(v[name])
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		}
		return v
	}
	out, err := json.Marshal(walk(value))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
