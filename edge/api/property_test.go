package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"billfold/base/db"
	"billfold/client"
	"billfold/core/rail"
	"billfold/test/harness"
)

// TestDocumentHolds sends each operation what the document allows and what it forbids. Never a 500 and never an answer that breaks
// the document (contract_test.go looks at each); nothing is done that the document forbids, and what it allows is never called
// malformed. Whether a body is allowed is decided by a reader of JSON Schema that is not ours. Afterwards the books balance.
func TestDocumentHolds(t *testing.T) {
	seed := uint64(5)
	if n, err := strconv.ParseUint(os.Getenv("BILLFOLD_SEED"), 10, 64); err == nil {
		seed = n
	}
	for _, one := range []struct {
		engine      db.Engine
		short, long int
	}{{db.SQLite, 4000, 300_000}, {db.Postgres, 2000, 100_000}} {
		t.Run(string(one.engine), func(t *testing.T) {
			requests := one.short
			if os.Getenv("BILLFOLD_LONG") != "" {
				requests = one.long
			}
			w := open(t, harness.Open(t, one.engine, schemaList...), harness.Warnings(t))
			f := newFuzz(w, seed)
			for i := range requests {
				f.number = i
				f.step()
				if f.wrong > 10 {
					t.Fatal("enough")
				}
				if i%25 == 0 {
					w.tell()
				}
				if i%500 == 0 { // the fuzzer spends
					w.fund(w.lenaKey, "100000000")
					w.fund(w.omarKey, "100000000")
				}
			}
			w.verify()
			f.reached()
		})
	}
}

// fuzz is one run of the requests that follow from a seed.
type fuzz struct {
	*maker
	w          *world
	seed       uint64
	number     int
	wrong      int
	keys       map[string][]string // by role
	operations []fuzzed
	visits     map[string]visit
	done       map[string]int // operation → how often it was carried out
	refused    map[string]int // operation → how often something forbidden was refused
}

// fuzzed is one operation as the document has it.
type fuzzed struct {
	id, method, path string
	operation        map[string]any
	body             *jsonschema.Schema // nil: no body
}

func newFuzz(w *world, seed uint64) *fuzz {
	k := w.http.Transport.(*contract)
	f := &fuzz{w: w, seed: seed, done: map[string]int{}, refused: map[string]int{}, maker: &maker{Rand: rand.New(rand.NewPCG(seed, 1)),
		document: k.document, known: map[string][]string{}, words: []string{"@lena", "@omar", "@rosas_cafe", "@rosas_cafe", "@omars_kiosk",
			"@nobody", "lena", "nobody@mail.example", "points/issued", "user/" + string(w.lena) + "/EUR", w.server.URL + "/u/lena"}}}
	w.openAccount("test/from", "unlimited")
	w.openAccount("test/to", "unlimited")
	w.fund(w.lenaKey, "100000000")
	w.tell()
	f.visits = w.visits()
	f.learn(strings.Join([]string{string(w.lena), string(w.omar), string(w.rosa), string(w.cafe.ID), string(w.kiosk.ID)}, " "))
	f.keys = map[string][]string{"payer": {w.lenaKey, w.omarKey}, "secret": {w.cafeKey, w.cafeKey, w.kioskKey,
		w.restricted(Scopes()...), w.restricted("payments:read")}, "operator": {w.ops}}
	for path, methods := range member(k.document, "paths").(map[string]any) {
		for method, o := range methods.(map[string]any) {
			one := fuzzed{id: member(o, "operationId").(string), method: strings.ToUpper(method), path: path, operation: o.(map[string]any)}
			if member(o, "requestBody") != nil {
				one.body = k.schema("paths", path, method, "requestBody", "content", "application/json", "schema")
			}
			f.operations = append(f.operations, one)
		}
	}
	slices.SortFunc(f.operations, func(a, b fuzzed) int { return strings.Compare(a.id, b.id) })
	return f
}

// request is what is sent, and whether the document forbids it.
type request struct {
	key, path, body string
	headers         []string
	forbidden       string // why; "" when the document allows it
}

// step sends one request and judges the answer.
func (f *fuzz) step() {
	o := one(f.maker, f.operations...)
	for o.id == "advanceTestClock" && !f.odds(5) { // time that flies leaves nothing open
		o = one(f.maker, f.operations...)
	}
	r := f.make(&o)
	was := f.w.t.Failed()
	status, body := f.send(&o, r)
	f.learn(body)
	complain := ""
	switch {
	case status >= 500:
		complain = "a server's error"
	case status < 300 && r.forbidden != "" && o.id == "postEntries" && !strings.Contains(body, `"refused":0`):
		f.refused[o.id]++ // each entry is answered in its place
	case status < 300 && r.forbidden != "":
		complain = "carried out, though the document forbids it: " + r.forbidden
	case status < 300:
		f.done[o.id]++
	case r.forbidden != "":
		f.refused[o.id]++
	case status == http.StatusBadRequest:
		var p struct{ Code, Detail, Param string }
		if json.Unmarshal([]byte(body), &p) != nil || slices.Contains(shapes, p.Code) && !slices.Contains(inWords, o.id+" "+p.Param) {
			complain = "called malformed, though the document allows it"
		}
	}
	if complain == "" && (was || !f.w.t.Failed()) {
		return
	}
	f.wrong++
	f.w.t.Errorf("BILLFOLD_SEED=%d, request %d: %s\n%s %s %v\n%s\nanswer %d %s", f.seed, f.number, complain, o.method, r.path, r.headers,
		cut(r.body), status, cut(body))
}

// shapes are the codes that say: this is not what the document describes. The meaning of a value is another matter.
var shapes = []string{"unknown_member", "wrong_type", "parameter_required", "malformed_json", "duplicate_member", "invalid_utf8",
	"trailing_data",
	"body_required", "nesting_too_deep", "unknown_parameter", "amount_not_a_string", "idempotency_key_required", "idempotency_key_invalid"}

// inWords are members that the document asks for in words: of a payer, for a currency that is not of ISO 4217, and where the payer
// types the amount.
var inWords = []string{"createPayment payee", "openLedgerAccount scale", "createCheckoutLink currency"}

func cut(s string) string {
	if len(s) > 2000 {
		return s[:2000] + "…"
	}
	return s
}

func (f *fuzz) make(o *fuzzed) request {
	r := request{key: f.key(o)}
	place, body := strings.ReplaceAll(o.path, "{id}", url.PathEscape(f.pathID(o))), ""
	if v, ok := f.visits[o.id]; ok && f.odds(2) { // as its rightful caller would, from which the rest departs
		r.key, body = v.owner, v.body
		place, _, _ = strings.Cut(v.path(), "?")
	}
	query := f.query(o, &r)
	if r.path = place; len(query) > 0 {
		r.path += "?" + query.Encode()
	}
	if f.odds(3) {
		r.headers = append(r.headers, "Accept-Language: "+one(f.maker, "zh-Hans", "zh-CN,en;q=0.5", "tlh", "*", ";;q=2"))
	}
	if o.method == http.MethodPost {
		f.body(o, &r, body)
	}
	return r
}

// key is one of a role that may call, but for one in ten.
func (f *fuzz) key(o *fuzzed) string {
	if f.odds(10) {
		return one(f.maker, "", "bf_test_sk_nonsense", f.w.ops, f.w.lenaKey, f.w.cafeKey)
	}
	security, _ := o.operation["security"].([]any)
	if len(security) == 0 {
		return ""
	}
	var roles []string
	for _, role := range member(security[0], "bearer").([]any) {
		if f.keys[role.(string)] != nil {
			roles = append(roles, role.(string))
		}
	}
	return one(f.maker, f.keys[one(f.maker, roles...)]...)
}

// prefixes are the ids that stand in paths, which the document says in words only.
var prefixes = []struct{ path, id string }{{"/link", "pay"}, {"/payments/", "pay"}, {"/checkout/", "chk"}, {"/requests/", "req"},
	{"/events/", "evt"}, {"/ledger/accounts/", "acc"}, {"/accounts/", "acc"}, {"/entries/", "ent"}, {"/contacts/", "usr"}, {"/bank", "ins"},
	{"/arrivals/", "arr"}, {"/quotes/", "qt"}}

func (f *fuzz) pathID(o *fuzzed) string {
	if f.odds(25) {
		return one(f.maker, slices.Concat(texts, []string{"pay_", strings.Repeat("a", 3000), "PAY_01KJKZ4N8DJ4DFWKKH5K6R7A00"})...)
	}
	for _, p := range prefixes {
		if strings.Contains(o.path, p.path) {
			return f.id(p.id)
		}
	}
	return f.id(one(f.maker, slices.Sorted(maps.Keys(f.known))...))
}

func (f *fuzz) query(o *fuzzed, r *request) url.Values {
	q := url.Values{}
	parameters, _ := o.operation["parameters"].([]any)
	for _, p := range parameters {
		if member(p, "in") != "query" || !f.odds(4) {
			continue
		}
		name := member(p, "name").(string)
		schema := member(p, "schema").(map[string]any)
		value := f.fitting(schema, name)
		list, many := value.([]any)
		if !many {
			list = []any{value}
		}
		for _, v := range list {
			q.Add(name, fmt.Sprint(v))
		}
	}
	if f.odds(12) {
		q.Set("no_such", "x")
		r.forbidden = "an unknown parameter"
	}
	return q
}

func (f *fuzz) body(o *fuzzed, r *request, usual string) {
	moves := slices.ContainsFunc(o.operation["parameters"].([]any), func(p any) bool { return member(p, "name") == "Idempotency-Key" })
	if moves && f.odds(30) {
		r.headers, r.forbidden = append(r.headers, "Idempotency-Key: "), "no Idempotency-Key"
	}
	if o.body == nil {
		return
	}
	content := member(o.operation, "requestBody", "content", "application/json")
	schema := member(content, "schema").(map[string]any)
	var value any
	switch {
	case member(o.operation, "requestBody", "required") != true && f.odds(3):
		return
	case usual != "" && !f.odds(4):
		value, _ = jsonschema.UnmarshalJSON(strings.NewReader(usual))
		if f.odds(2) {
			value = f.near(schema, value)
		}
	case f.odds(4):
		value = f.fitting(schema, "")
	default:
		value = f.near(schema, member(content, "example"))
	}
	if f.odds(3) {
		value = f.spoil(value)
	}
	text, err := json.Marshal(value)
	if err != nil {
		f.w.t.Fatal(err)
	}
	r.body = string(text)
	if err := o.body.Validate(f.settled(value, schema)); err != nil {
		r.forbidden = err.Error()
	}
}

// settled is a body without the members that count as left out: null and empty ones that need not be there.
func (f *fuzz) settled(value any, schema map[string]any) any {
	schema = f.follow(schema)
	switch v := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		each, free := schema["additionalProperties"].(map[string]any) // a map: none of its members need be there
		out := map[string]any{}
		for name, inner := range v {
			property, known := properties[name].(map[string]any)
			if free && !known {
				property, known = each, true
			}
			if known && (inner == nil || inner == "" && f.follow(property)["type"] == "string") && !slices.Contains(required, any(name)) {
				continue
			}
			out[name] = f.settled(inner, property)
		}
		return out
	case []any:
		items, _ := schema["items"].(map[string]any)
		out := make([]any, len(v))
		for i := range v {
			out[i] = f.settled(v[i], items)
		}
		return out
	}
	return value
}

// send sends a request and reads the answer; of a stream only its beginning.
func (f *fuzz) send(o *fuzzed, r request) (int, string) {
	if o.id == "streamEvents" {
		ctx, stop := context.WithCancel(f.w.ctx)
		defer stop()
		get, err := http.NewRequestWithContext(ctx, http.MethodGet, f.w.server.URL+r.path, nil)
		if err != nil {
			f.w.t.Fatal(err)
		}
		get.Header.Set("Authorization", "Bearer "+r.key)
		answer, err := f.w.http.Do(get)
		if err != nil {
			f.w.t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode, ""
	}
	got := f.w.send(r.key, o.method, r.path, r.body, r.headers...)
	return got.status, got.body
}

// reached fails a run that did not carry out nearly every operation, or never had one refused: a run that stays at the door shows nothing.
func (f *fuzz) reached() {
	var missed []string
	for _, o := range f.operations {
		if f.done[o.id] == 0 {
			missed = append(missed, o.id)
		}
		if o.body != nil && f.refused[o.id] == 0 {
			f.w.t.Errorf("%s was never sent what is forbidden", o.id)
		}
	}
	if len(missed) > 3 {
		f.w.t.Errorf("never carried out: %v", missed)
	}
}

// TestFoundByTheDocument are mistakes that TestDocumentHolds found: refused by a name that says nothing of them, or not at all.
func TestFoundByTheDocument(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		lena := w.as(w.lenaKey)
		link, err := lena.CreatePayment(w.ctx, client.CreatePayment{Amount: eur("100"), Capture: "link", Confirm: true})
		if err != nil {
			t.Fatal(err)
		}
		account, err := lena.LinkBankAccount(w.ctx, client.LinkBankAccount{IBAN: rail.TestAccounts[0].IBAN, Holder: "Lena Hoffmann"})
		if err != nil {
			t.Fatal(err)
		}
		out, err := lena.Withdraw(w.ctx, client.Withdraw{Amount: eur("10"), Account: account.ID})
		if err != nil {
			t.Fatal(err)
		}
		_, err = lena.RefundPayment(w.ctx, link.ID, client.RefundPayment{Reason: "a link that nobody took has nobody to give it back"})
		refused(t, "refund a link", err, 404, "not_found")
		_, err = lena.RefundPayment(w.ctx, out.ID, client.RefundPayment{Reason: "a bank account has no key to seal this with"})
		refused(t, "refund a withdrawal", err, 409, "payment_not_refundable")
		p := w.send(w.ops, http.MethodPost, "/v1/purse_cases/"+w.rolledBack()+"/settle", `{"reason":"no outcome"}`).problem(t)
		if p.Code != "purse_settlement" {
			t.Errorf("a case is settled as nothing: %d %s", p.Status, p.Code)
		}
		if p := w.send(w.ops, http.MethodGet, "/v1/checkout/sessions", "").problem(t); p.Code != "shop_required" {
			t.Errorf("the operator's own sessions: %s", p.Code)
		}
		if me, err := w.as(w.restricted("wallet:read")).Me(w.ctx); err != nil || me.Key.Kind != "restricted" {
			t.Errorf("a restricted key: %+v, %v", me, err)
		}
	})
}
