package api

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"billfold/base/db"
	"billfold/base/id"
	"billfold/client"
	"billfold/core/identity"
)

// visit is one operation as its rightful caller calls it: fresh says which object and body, and who may.
type visit struct {
	owner   string // whose key it works with
	path    func() string
	body    string
	foreign bool // {id} or the answer belongs to somebody: other keys of the right kind must not get it
}

// visits has one entry per operation of the document; TestAccess fails when one is missing.
func (w *world) visits() map[string]visit {
	at := func(path string) func() string { return func() string { return path } }
	asked := func() client.Payment {
		p, err := w.as(w.cafeKey).CreatePayment(w.ctx, client.CreatePayment{Amount: eur("100"), Capture: "manual"})
		if err != nil {
			w.t.Fatal(err)
		}
		return p
	}
	session := func() string {
		s, err := w.as(w.cafeKey).CreateCheckoutSession(w.ctx, client.CreateCheckoutSession{Amount: eur("100"),
			ReturnURL: "https://shop.example/"})
		if err != nil {
			w.t.Fatal(err)
		}
		return s.ID
	}
	own := func() string { // a payment that names its payer from the start
		p, err := w.as(w.lenaKey).CreatePayment(w.ctx, client.CreatePayment{Amount: eur("100"), Payee: "@rosas_cafe"})
		if err != nil {
			w.t.Fatal(err)
		}
		return p.ID
	}
	account, entry, event := w.someIDs()
	const amount = `"amount":{"amount":"100","currency":"EUR"}`
	list := w.railVisits()
	maps.Copy(list, w.purseVisits())
	maps.Copy(list, w.linkVisits())
	maps.Copy(list, map[string]visit{
		"listCurrencies": {owner: "", path: at("/v1/currencies")},
		"getIdentity":    {owner: w.lenaKey, path: at("/v1/me")},
		"getBalance":     {owner: w.lenaKey, path: at("/v1/balance?owner=" + string(w.lena)), foreign: true},
		"listAccounts":   {owner: w.lenaKey, path: at("/v1/accounts?owner=" + string(w.lena)), foreign: true},
		"getAccount":     {owner: w.lenaKey, path: at("/v1/accounts/" + account), foreign: true},
		"listActivity":   {owner: w.lenaKey, path: at("/v1/activity?owner=" + string(w.lena)), foreign: true},
		"createTopUp":    {owner: w.lenaKey, path: at("/v1/topups"), body: `{"method":"tok_4242",` + amount + `}`},
		"createPayment":  {owner: w.cafeKey, path: at("/v1/payments"), body: `{"payee":"` + string(w.cafe.ID) + `",` + amount + `}`},
		"listPayments":   {owner: w.cafeKey, path: at("/v1/payments?owner=" + string(w.cafe.ID)), foreign: true},
		"getPayment":     {owner: w.lenaKey, path: func() string { return "/v1/payments/" + own() }, foreign: true},
		"confirmPayment": {owner: w.lenaKey, path: func() string { return "/v1/payments/" + own() + "/confirm" }, foreign: true},
		"capturePayment": {owner: w.cafeKey, path: func() string { return "/v1/payments/" + w.hold(w.lenaKey, "100").ID + "/capture" },
			foreign: true},
		"voidPayment": {owner: w.cafeKey, path: func() string { return "/v1/payments/" + asked().ID + "/void" }, foreign: true},
		"refundPayment": {owner: w.cafeKey, path: func() string { return "/v1/payments/" + w.pay(w.lenaKey, "100").ID + "/refund" },
			foreign: true},
		"createCheckoutSession": {owner: w.cafeKey, path: at("/v1/checkout/sessions"),
			body: `{"return_url":"https://shop.example/",` + amount + `}`},
		"listCheckoutSessions": {owner: w.cafeKey, path: at("/v1/checkout/sessions?owner=" + string(w.cafe.ID)), foreign: true},
		"getCheckoutSession":   {owner: w.cafeKey, path: func() string { return "/v1/checkout/sessions/" + session() }, foreign: true},
		"expireCheckoutSession": {owner: w.cafeKey, path: func() string { return "/v1/checkout/sessions/" + session() + "/expire" },
			foreign: true},
		"getDayReport": {owner: w.cafeKey, path: at("/v1/reports/day?zone=Europe%2FBerlin&owner=" + string(w.cafe.ID)), foreign: true},
		"listEvents":   {owner: w.lenaKey, path: at("/v1/events?owner=" + string(w.lena)), foreign: true},
		"getEvent":     {owner: w.lenaKey, path: at("/v1/events/" + event), foreign: true},
		"postEntries": {owner: w.ops, path: at("/v1/ledger/entries"), body: `{"entries":[{"kind":"test","legs":[{"debit":"test/from",` +
			`"credit":"test/to","amount":"1","currency":"EUR"}]}]}`},
		"listEntries": {owner: w.ops, path: at("/v1/ledger/entries")},
		"getEntry":    {owner: w.ops, path: at("/v1/ledger/entries/" + entry)},
		"openLedgerAccount": {owner: w.ops, path: at("/v1/ledger/accounts"),
			body: `{"address":"test/from","currency":"EUR","limit":"unlimited"}`},
		"listLedgerAccounts": {owner: w.ops,
			path: at("/v1/ledger/accounts")},
		"getLedgerAccount": {owner: w.ops, path: at("/v1/ledger/accounts/" + account)},
		"getTestClock":     {owner: w.lenaKey, path: at("/v1/test/clock")},
		"advanceTestClock": {owner: w.cafeKey, path: at("/v1/test/clock/advance"), body: `{"by":"1s"}`},
	})
	maps.Copy(list, w.peopleVisits())
	return list
}

// someIDs are an account and an event of lena's, and an entry.
func (w *world) someIDs() (account, entry, event string) {
	w.t.Helper()
	accounts, err1 := w.as(w.lenaKey).Accounts(w.ctx, "")
	entries, err2 := w.as(w.ops).Entries(w.ctx, client.EntryFilter{})
	events, err3 := w.as(w.lenaKey).Events(w.ctx, client.EventFilter{})
	if err := errors.Join(err1, err2, err3); err != nil {
		w.t.Fatal(err)
	}
	return accounts.Data[0].ID, entries.Data[0].ID, events.Data[0].ID
}

// TestAccess is attack cases 26, 27 and 31: it calls every operation of the document with no key, a wrong one, a revoked one, a key of the
// other mode, a key of every kind that is not listed, and the key of another owner of the right kind. Each refusal stands beside the same
// call succeeding for its owner, just before and just after.
func TestAccess(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "100000")
		w.openAccount("test/from", "unlimited")
		w.openAccount("test/to", "unlimited")
		w.tell()
		visits := w.visits()
		k := newContract(t, w.api)
		refusals := 0
		for path, methods := range member(k.document, "paths").(map[string]any) {
			for method, operation := range methods.(map[string]any) {
				name := member(operation, "operationId").(string)
				v, known := visits[name]
				if name == "streamEvents" {
					continue // TestStream
				}
				if !known {
					t.Errorf("%s %s is not visited", method, path)
					continue
				}
				refusals += w.visit(name, strings.ToUpper(method), v, roles(operation))
			}
		}
		t.Logf("%d refusals", refusals)
		if refusals < 180 {
			t.Errorf("only %d refusals: the matrix is not whole", refusals)
		}
	})
}

// roles are the kinds of keys that the document says an operation takes.
func roles(operation any) []string {
	var list []string
	security, _ := member(operation, "security").([]any)
	if len(security) == 0 {
		return nil
	}
	for _, role := range member(security[0], "bearer").([]any) {
		list = append(list, role.(string))
	}
	return list
}

func (w *world) visit(name, method string, v visit, roles []string) (refusals int) {
	w.t.Helper()
	path := v.path()
	try := func(who, key string, status ...int) {
		w.t.Helper()
		if a := w.send(key, method, path, v.body); !slices.Contains(status, a.status) {
			w.t.Errorf("%s by %s: %d %s", name, who, a.status, a.body)
		}
		refusals++
	}
	owner := v.owner
	succeed := func() {
		w.t.Helper()
		if a := w.send(owner, method, path, v.body); a.status >= 300 {
			w.t.Errorf("%s by its owner: %d %s", name, a.status, a.body)
		}
	}
	if len(roles) == 0 {
		succeed()
		return 0
	}
	if method == http.MethodGet {
		succeed() // a POST succeeds once: after the refusals
	}
	revoked, keyID := w.newKey(w.ownerOf(v.owner), w.kindOf(v.owner))
	if err := w.api.People.RevokeKey(w.ctx, w.ownerOf(v.owner), keyID); err != nil {
		w.t.Fatal(err)
	}
	try("nobody", "", 401)
	try("a revoked key", revoked, 401)
	try("a key with a typo", v.owner[:len(v.owner)-1]+"!", 401)
	try("a key nobody made", id.NewKey(v.owner[:strings.LastIndexByte(v.owner, '_')+1]), 401)
	try("a live key", id.NewKey(strings.Replace(v.owner[:strings.LastIndexByte(v.owner, '_')+1], "test", "live", 1)), 401)
	for kind, key := range map[string]string{"secret": w.kioskKey, "payer": w.omarKey, "operator": w.ops} {
		switch {
		case !slices.Contains(roles, kind):
			try("a key of kind "+kind, key, 403)
		case v.foreign && kind != "operator":
			try("another "+kind+" key", key, 404)
		}
	}
	for _, role := range roles {
		if scope, restricted := strings.CutPrefix(role, "restricted:"); restricted && v.owner == w.cafeKey {
			others := slices.DeleteFunc(Scopes(), func(s string) bool { return s == scope })
			try("a key with every scope but "+scope, w.restricted(others...), 403)
			owner = w.restricted(scope)
		}
	}
	succeed()
	return refusals
}

// restricted is a key of the café's that may do only this.
func (w *world) restricted(scopes ...string) string {
	w.t.Helper()
	secret, err := db.Write(w.ctx, w.d, func(tx *db.Tx) (string, error) {
		secret, _, err := w.api.People.CreateKey(tx,
			identity.NewKey{Owner: string(w.cafe.ID), Kind: identity.RestrictedKey, Label: "test", Scopes: scopes})
		return secret, err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return secret
}

func (w *world) ownerOf(key string) string {
	return map[string]string{w.lenaKey: string(w.lena), w.cafeKey: string(w.cafe.ID), w.ops: string(w.ida)}[key]
}

func (w *world) kindOf(key string) identity.KeyKind {
	return map[string]identity.KeyKind{w.lenaKey: identity.PayerKey, w.cafeKey: identity.SecretKey, w.ops: identity.OperatorKey}[key]
}

// TestCredentials: the ways to say a key, and those that are none. Cookies are not looked at.
func TestCredentials(t *testing.T) {
	engines(t, func(w *world) {
		basic := func(s string) string { return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
		for header, status := range map[string]int{
			"Authorization: bearer " + w.lenaKey:  200,
			basic(w.lenaKey + ":"):                200,
			basic(w.lenaKey):                      200,
			basic(w.lenaKey + ":password"):        401,
			basic(":" + w.lenaKey):                401,
			"Authorization: Basic !":              401,
			"Authorization: " + w.lenaKey:         401,
			"Authorization: Bearer  " + w.lenaKey: 401,
			"Authorization: Digest " + w.lenaKey:  401,
			"Authorization: Bearer":               401,
			"Cookie: __Host-session=" + w.lenaKey: 401,
			"Cookie: session=" + w.lenaKey:        401,
			"X-Api-Key: " + w.lenaKey:             401,
		} {
			if a := w.send("", http.MethodGet, "/v1/me", "", header); a.status != status {
				t.Errorf("%s…: %d %s", header[:20], a.status, a.body)
			} else if status == 401 && a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s…: no WWW-Authenticate", header[:20])
			}
		}
		r, _ := http.NewRequestWithContext(w.ctx, http.MethodGet, w.server.URL+"/v1/me", nil)
		r.Header["Authorization"] = []string{"Bearer " + w.lenaKey, "Bearer " + w.omarKey}
		got, err := w.http.Do(r)
		if err != nil || got.StatusCode != 401 {
			t.Errorf("two keys: %v %v", got, err)
		}
		got.Body.Close()
		if a := w.send("", http.MethodGet, "/v1/me?key="+w.lenaKey, ""); a.status != 401 || strings.Contains(a.body, w.lenaKey) {
			t.Errorf("a key in the query: %s", a.body)
		}
		w.fund(w.lenaKey, "1")
	})
}

// TestNobodySeesMore is case 26: a person's or a shop's list is theirs, and an id of somebody else looks like one that nobody has.
func TestNobodySeesMore(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "1000")
		p := w.pay(w.lenaKey, "100")
		for _, key := range []string{w.omarKey, w.kioskKey} {
			theirs := w.send(key, http.MethodGet, "/v1/payments/"+p.ID, "").problem(t)
			nobodys := w.send(key, http.MethodGet, "/v1/payments/"+w.ids.New("pay"), "").problem(t)
			nobodys.Instance, nobodys.RequestID, theirs.Instance, theirs.RequestID = "", "", "", ""
			if theirs.Error() != nobodys.Error() || theirs.Status != 404 || theirs.Detail != nobodys.Detail {
				t.Errorf("theirs %+v, nobody's %+v", theirs, nobodys)
			}
			if a := w.send(key, http.MethodGet, "/v1/activity", ""); strings.Contains(a.body, p.ID) {
				t.Errorf("in a stranger's activity: %s", a.body)
			}
		}
		if a := w.send(w.cafeKey, http.MethodGet, "/v1/payments/"+p.ID+"?expand[]=payer", ""); strings.Contains(a.body, "Hoffmann") {
			t.Errorf("a shop sees %s", a.body)
		}
	})
}

// TestMassAssignment is case 28: what the caller may not set is refused by name, in every body of the document.
func TestMassAssignment(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "1000")
		w.openAccount("test/from", "unlimited")
		w.openAccount("test/to", "unlimited")
		w.tell()
		k := newContract(t, w.api)
		for name, v := range w.visits() {
			var method string
			path := v.path()
			for template, methods := range member(k.document, "paths").(map[string]any) {
				for m, operation := range methods.(map[string]any) {
					if member(operation, "operationId") == name && k.paths[template] != nil {
						method = strings.ToUpper(m)
					}
				}
			}
			if method != http.MethodPost {
				continue
			}
			for _, field := range []string{"balance", "role", "status", "state", "fee", "owner", "owner_id", "payer", "captured", "kyc_level",
				"ID", "version"} {
				body := `{"` + field + `":"1"}`
				if v.body != "" {
					body = `{"` + field + `":"1",` + v.body[1:]
				}
				p := w.send(v.owner, method, path, body).problem(t)
				if p.Status != 400 || p.Code != "unknown_member" || p.Param != field {
					t.Errorf("%s with %s: %+v", name, field, p)
				}
			}
		}
	})
}
