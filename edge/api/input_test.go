package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"billfold/client"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// deep is a body nested n deep around a value.
func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// TestStrictBodies is case 48: where two readers of JSON could disagree, or where reading would cost, the body is refused, by name, and
// nothing is done.
func TestStrictBodies(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		const good = `{"amount":{"amount":"100","currency":"EUR"},"payee":"@rosas_cafe","confirm":true}`
		for _, one := range []struct {
			what, body  string
			status      int
			code, param string
		}{
			{"a member twice", `{"payee":"@lena",` + good[1:], 400, "duplicate_member", "payee"},
			{"a member twice, inside", `{"amount":{"amount":"100","amount":"1","currency":"EUR"},"payee":"@rosas_cafe"}`, 400, "duplicate_member",
				"amount.amount"},
			{"a member twice, one escaped", `{"p\u0061yee":"@lena",` + good[1:], 400, "duplicate_member", "payee"},
			{"metadata twice", `{"metadata":{"a":"1","a":"2"},` + good[1:], 400, "duplicate_member", "metadata.a"},
			{"an unknown member", `{"payer":"@lena",` + good[1:], 400, "unknown_member", "payer"},
			{"another case", `{"Confirm":true,` + good[1:], 400, "unknown_member", "Confirm"},
			{"a byte order mark", "\xef\xbb\xbf" + good, 400, "byte_order_mark", "body"},
			{"UTF-16", "\xfe\xff\x00{\x00}", 400, "invalid_utf8", "body"},
			{"Latin-1", `{"description":"caf` + "\xe9" + `",` + good[1:], 400, "invalid_utf8", "description"},
			{"half a surrogate", `{"description":"\ud800",` + good[1:], 400, "malformed_json", "description"},
			{"an overlong encoding", `{"description":"` + "\xc0\xaf" + `",` + good[1:], 400, "invalid_utf8", "description"},
			{"two values", good + good, 400, "trailing_data", "body"},
			{"a value and a word", good + " x", 400, "trailing_data", "body"},
			{"a comment", "/* */" + good, 400, "malformed_json", "body"},
			{"single quotes", `{'payee':'@lena'}`, 400, "malformed_json", "body"},
			{"a comma too many", `{"payee":"@lena",}`, 400, "malformed_json", "body"},
			{"half of it", good[:40], 400, "malformed_json", "amount.currency"},
			{"only spaces", "   ", 400, "body_required", "body"},
			{"nothing", "", 400, "body_required", "body"},
			{"a list", "[]", 400, "wrong_type", "body"},
			{"null", "null", 400, "parameter_required", "amount"},
			{"a string", `"x"`, 400, "wrong_type", "body"},
			{"10,000 deep", deep(10_000), 400, "nesting_too_deep", "body"},
			{"10,000 deep, in a member", `{"metadata":` + deep(10_000) + `,` + good[1:], 400, "nesting_too_deep", "body"},
			{"10,000 deep, never closed", `{"payee":` + strings.Repeat("[", 10_000), 400, "nesting_too_deep", "body"},
			{"10,000 objects deep", strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000), 400, "nesting_too_deep", "body"},
			{"100,000 deep", deep(100_000), 413, "body_too_large", "body"},
			{"1 MB", `{"description":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "body_too_large", "body"},
			{"a number of 60 kB", `{"amount":{"amount":` + strings.Repeat("9", 60_000) + `,"currency":"EUR"}}`, 400, "amount_not_a_string",
				"amount.amount"},
			{"a name of 60 kB", `{"` + strings.Repeat("x", 60_000) + `":1}`, 400, "unknown_member", strings.Repeat("x", 200) + "…"},
			{"10,000 members", `{"metadata":{"a":"b"` + strings.Repeat(`,"x":"y"`, 5_000) + `}}`, 400, "duplicate_member", "metadata.x"},
			{"an amount alone", `{"amount":"100","payee":"@rosas_cafe"}`, 400, "wrong_type", "amount"},
			{"an amount that is a number", `{"amount":100,"payee":"@rosas_cafe"}`, 400, "amount_not_a_string", "amount"},
			{"a text that is a number", `{"description":1,` + good[1:], 400, "wrong_type", "description"},
			{"a word for true", `{"amount":{"amount":"1","currency":"EUR"},"confirm":"true"}`, 400, "wrong_type", "confirm"},
			{"a moment of no sort", `{"expires_at":"tomorrow",` + good[1:], 422, "invalid_parameter", "expires_at"},
			{"a moment that is a number", `{"expires_at":1767225600,` + good[1:], 400, "wrong_type", "expires_at"},
			{"seconds with a fraction", `{"hold_seconds":3600.5,` + good[1:], 400, "wrong_type", "hold_seconds"},
			{"too many seconds", `{"hold_seconds":9223372036854775807,` + good[1:], 422, "invalid_expiry", "hold_seconds"},
			{"metadata that is no text", `{"metadata":{"a":1},` + good[1:], 400, "wrong_type", "metadata.a"},
			{"a zero byte", `{"description":"a\u0000b",` + good[1:], 422, "invalid_text", "description"},
			{"text that reads backwards", `{"description":"a\u202eb",` + good[1:], 422, "invalid_text", "description"},
			{"no amount", `{"payee":"@rosas_cafe"}`, 400, "parameter_required", "amount"},
			{"no payee", `{"amount":{"amount":"100","currency":"EUR"}}`, 400, "parameter_required", "payee"},
			{"another capture", `{"capture":"later",` + good[1:], 422, "capture_mode", "capture"},
		} {
			p := w.send(w.lenaKey, http.MethodPost, "/v1/payments", one.body).problem(t)
			if p.Status != one.status || p.Code != one.code || p.Param != one.param || p.MoneyMoved != "no" {
				t.Errorf("%s: %d %s (%s) %s, want %d %s (%s)", one.what, p.Status, p.Code, p.Param, p.Detail, one.status, one.code, one.param)
			}
		}
		for kind, status := range map[string]int{"application/json": 201, "application/json; charset=utf-8": 201,
			"Application/JSON;charset=\"UTF-8\"": 201,
			"text/plain":                         415, "application/x-www-form-urlencoded": 415, "multipart/form-data; boundary=x": 415,
			"application/json; charset=utf-16": 415,
			"application/jsonx":                415, "application/problem+json": 415, "": 415} {
			if a := w.send(w.lenaKey, http.MethodPost, "/v1/payments", good, "Content-Type: "+kind); a.status != status {
				t.Errorf("%q: %d %s", kind, a.status, a.body)
			}
		}
		for _, encoding := range []string{"gzip", "br", "deflate"} {
			if a := w.send(w.lenaKey, http.MethodPost, "/v1/payments", good, "Content-Encoding: "+encoding); a.status != 415 {
				t.Errorf("%s: %d", encoding, a.status)
			}
		}
		if got := w.available(w.lenaKey); got != "4700" {
			t.Errorf("%s left: something refused was done", got)
		}
	})
}

// TestBigBatch: the ledger takes 4 MiB, and a hundred thousand brackets fit in that; they cost neither stack nor memory.
func TestBigBatch(t *testing.T) {
	engines(t, func(w *world) {
		w.openAccount("test/from", "unlimited")
		w.openAccount("test/to", "unlimited")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for what, body := range map[string]string{
			"100,000 deep":               deep(100_000),
			"100,000 deep, in a member":  `{"entries":` + deep(100_000) + `}`,
			"100,000 deep, never closed": `{"entries":` + strings.Repeat(`[{"legs":`, 50_000),
		} {
			if p := w.send(w.ops, http.MethodPost, "/v1/ledger/entries", body).problem(t); p.Code != "nesting_too_deep" || p.Status != 400 {
				t.Errorf("%s: %+v", what, p)
			}
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
			t.Errorf("%d bytes for three refusals", grown)
		}
		if p := w.send(w.ops, http.MethodPost, "/v1/ledger/entries", strings.Repeat(" ", 4<<20+1)).problem(t); p.Code != "body_too_large" {
			t.Errorf("4 MiB and one byte: %+v", p)
		}
		const entry = `{"kind":"test","legs":[{"debit":"test/from","credit":"test/to","amount":"1","currency":"EUR"}]}`
		list := `{"entries":[` + strings.Repeat(entry+",", 9_999) + entry + `]}`
		post := func() answer {
			for {
				a := w.send(w.ops, http.MethodPost, "/v1/ledger/entries", list, "Idempotency-Key: big")
				// A machine that is busy with other tests may need several tries, as the answer says.
				if a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable {
					return a
				}
			}
		}
		a := post()
		if a.status != http.StatusOK || !strings.Contains(a.body, `"posted":10000,"refused":0`) {
			t.Fatalf("10,000 entries: %d %.300s", a.status, a.body)
		}
		again := post()
		if again.body != a.body || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the replay differs: %.300s", again.body)
		}
		if got, err := w.as(w.ops).LedgerAccount(w.ctx, "test/to", w.clock.Now().AddDate(1, 0, 0)); err != nil ||
			got.Balance.Posted.Amount != "10000" {
			t.Errorf("%+v, %v", got, err)
		}
		p := w.send(w.ops, http.MethodPost, "/v1/ledger/entries", `{"entries":[`+strings.Repeat(entry+",", 10_000)+entry+`]}`).problem(t)
		if p.Code != "batch_size" || p.Param != "entries" {
			t.Errorf("10,001 entries: %+v", p)
		}
	})
}

// TestStrangeAccountsOfABatch: a server that has just begun finds the accounts of a large batch by few statements, also those that are not
// there, which stay the fault of their own entries.
func TestStrangeAccountsOfABatch(t *testing.T) {
	engines(t, func(w *world) {
		const accounts, wrong = 300, 200
		for n := range accounts {
			w.openAccount(fmt.Sprintf("test/%d", n), "unlimited")
		}
		w.start(harness.Logger(t))
		var list []string
		for n := range accounts + wrong {
			debit := fmt.Sprintf("test/%d", n)
			if n >= accounts && n%2 == 0 {
				debit = accountID(ledger.AccountID(1_000_000 + n))
			}
			list = append(list, fmt.Sprintf(`{"kind":"test","legs":[{"debit":%q,"credit":"test/%d","amount":"1","currency":"EUR"}]}`,
				debit, (n+1)%accounts))
		}
		_, before := w.d.Asked()
		a := w.send(w.ops, http.MethodPost, "/v1/ledger/entries", `{"entries":[`+strings.Join(list, ",")+`]}`, "Idempotency-Key: strange")
		_, after := w.d.Asked()
		if a.status != http.StatusOK || !strings.Contains(a.body, `"posted":300,"refused":200`) {
			t.Fatalf("%d %.300s", a.status, a.body)
		}
		if n := strings.Count(a.body, `"account_not_found"`); n != wrong {
			t.Errorf("%d accounts were not found", n)
		}
		if n := after - before; n > 40 {
			t.Errorf("%d statements to read %d accounts", n, accounts)
		}
	})
}

// TestIdempotencyKeys: a POST that moves money needs one, and one only.
func TestIdempotencyKeys(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		w.openAccount("test/from", "unlimited")
		w.openAccount("test/to", "unlimited")
		w.tell()
		visits := w.visits()
		asked := 0
		for i := range w.api.table {
			route := &w.api.table[i]
			if route.method != http.MethodPost {
				continue
			}
			v := visits[route.id]
			a := w.send(v.owner, route.method, v.path(), v.body, "Idempotency-Key: ")
			if !route.moves {
				if a.status >= 300 {
					t.Errorf("%s: %s", route.id, a.body)
				}
				continue
			}
			asked++
			if p := a.problem(t); p.Status != 400 || p.Code != "idempotency_key_required" || p.Param != "Idempotency-Key" {
				t.Errorf("%s without a key: %+v", route.id, p)
			}
			if p := w.send(v.owner, route.method, v.path(), v.body, "Idempotency-Key: "+strings.Repeat("k",
				256)).problem(t); p.Code != "idempotency_key_invalid" {
				t.Errorf("%s with a long key: %+v", route.id, p)
			}
		}
		if asked < 15 {
			t.Errorf("%d operations move money", asked)
		}
		r, _ := http.NewRequestWithContext(w.ctx, http.MethodPost, w.server.URL+"/v1/payments", strings.NewReader("{}"))
		r.Header = http.Header{"Authorization": {"Bearer " + w.lenaKey}, "Idempotency-Key": {"a", "b"}, "Content-Type": {"application/json"}}
		got, err := w.http.Do(r)
		if err != nil || got.StatusCode != 400 {
			t.Fatalf("two keys: %v %v", got, err)
		}
		got.Body.Close()
		// A refusal is not kept: with money in the wallet the same key works.
		pay := client.CreatePayment{Amount: eur("9000"), Payee: "@rosas_cafe", Confirm: true}
		_, err = w.as(w.lenaKey).CreatePayment(w.ctx, pay, client.IdempotencyKey("patience"))
		refused(t, "too little", err, 402, "insufficient_funds")
		w.fund(w.lenaKey, "5000")
		if _, err = w.as(w.lenaKey).CreatePayment(w.ctx, pay, client.IdempotencyKey("patience")); err != nil {
			t.Errorf("after the top-up: %v", err)
		}
	})
}

// TestConventions: what every path has in common.
func TestConventions(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		for path, allow := range map[string]string{"/v1/payments": "GET, HEAD, OPTIONS, POST", "/v1/payments/pay_x/capture": "OPTIONS, POST",
			"/v1/events/stream": "GET, HEAD, OPTIONS", "/v1/events/evt_x": "GET, HEAD, OPTIONS", "/openapi.json": "GET, HEAD, OPTIONS"} {
			a := w.send(w.lenaKey, http.MethodDelete, path, "")
			if p := a.problem(t); p.Status != 405 || p.Code != "method_not_allowed" || a.header.Get("Allow") != allow {
				t.Errorf("DELETE %s: %+v, Allow %q", path, p, a.header.Get("Allow"))
			}
			a = w.send("", http.MethodOptions, path, "", "Origin: https://evil.example", "Access-Control-Request-Method: POST")
			if a.status != http.StatusNoContent || a.header.Get("Allow") != allow || a.body != "" {
				t.Errorf("OPTIONS %s: %d %q", path, a.status, a.header.Get("Allow"))
			}
		}
		for _, path := range []string{"/", "/v1", "/v1/", "/v1/nothing", "/v2/payments", "/v1/payments/", "//v1/payments", "/v1//payments",
			"/v1/payments/pay_x/capture/now", "/v1/./payments", "/v1/x/../payments", "/V1/payments"} {
			if p := w.send(w.lenaKey, http.MethodGet, path, "").problem(t); p.Status != 404 || p.Code != "not_found" {
				t.Errorf("%s: %+v", path, p)
			}
		}
		head := w.send(w.lenaKey, http.MethodHead, "/v1/balance", "")
		if head.status != 200 || head.body != "" || head.header.Get("Content-Length") == "" {
			t.Errorf("HEAD: %+v", head)
		}
		a := w.send(w.lenaKey, http.MethodGet, "/v1/me", "")
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" ||
			a.header.Get("Server-Timing") == "" {
			t.Errorf("%v", a.header)
		}
		for query, param := range map[string]string{"limit=0": "limit", "limit=101": "limit", "limit=1e1": "limit", "limit=٣": "limit",
			"limit=1&limit=2": "limit",
			"colour=red":      "colour", "state=paid": "state", "created_at[gte]=yesterday": "created_at[gte]", "expand[]=card": "expand[]",
			"limit":   "limit",
			"cursor=": "cursor", "cursor=x": "cursor", "%zz": "query", "owner=lena": "owner", "expand=payer": "expand",
			"reference=" + strings.Repeat("x", 300): "reference", strings.Repeat("limit=1&", 2000): "query"} {
			p := w.send(w.lenaKey, http.MethodGet, "/v1/payments?"+query, "").problem(t)
			if p.Param != param || p.Status != 400 && p.Status != 422 {
				t.Errorf("%.40s: %+v", query, p)
			}
		}
		for accept, want := range map[string]string{"zh-CN,zh;q=0.9,en;q=0.8": "余额不足", "zh-Hant": "余额不足", "en": "There is not enough money",
			"fr": "There is not enough money", "": "There is not enough money"} {
			const poor = `{"amount":{"amount":"90000","currency":"EUR"},"payee":"@rosas_cafe","confirm":true}`
			a := w.send(w.lenaKey, http.MethodPost, "/v1/payments", poor, "Accept-Language: "+accept)
			p := a.problem(t)
			if p.Title != want || p.Status != 402 || p.Type != w.server.URL+"/docs/errors#insufficient_funds" ||
				a.header.Get("Content-Language") == "" {
				t.Errorf("%q: %+v", accept, p)
			}
		}
	})
}

// TestChunkedWins: of Transfer-Encoding and Content-Length together only the chunks are read, or the request is refused; what follows
// is never taken for a second request of somebody else's (RFC 9112, 6.3).
func TestChunkedWins(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		const good = `{"amount":{"amount":"100","currency":"EUR"},"payee":"@rosas_cafe","confirm":true}`
		raw := func(head, body string) []int {
			conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(w.api.Real.Now().Add(20 * time.Second))
			fmt.Fprintf(conn, "POST /v1/payments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
				"Idempotency-Key: %s\r\nConnection: close\r\n%s\r\n%s", w.lenaKey, client.NewKey(), head, body)
			var statuses []int
			for in := bufio.NewReader(conn); ; {
				answer, err := http.ReadResponse(in, nil)
				if err != nil {
					return statuses
				}
				io.Copy(io.Discard, answer.Body)
				statuses = append(statuses, answer.StatusCode)
			}
		}
		chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(good), good)
		smuggled := "GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n"
		for head, want := range map[string]string{
			"Transfer-Encoding: chunked\r\n":                                                  "[201]",
			"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n":                             "[201] [400]",
			fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", len(chunked)): "[201] [400]",
			"Transfer-Encoding: identity, chunked\r\n":                                        "[400] [501]",
			"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n":                   "[400] [501]",
			"Content-Length: 5\r\nContent-Length: 6\r\n":                                      "[400]",
		} {
			if got := fmt.Sprint(raw(head, chunked+smuggled)); !strings.Contains(want, got) {
				t.Errorf("%q: %s, want %s", head, got, want)
			}
		}
		if a := w.available(w.lenaKey); a != "4700" && a != "4900" {
			t.Errorf("%s left", a)
		}
		// Chunks that never end are cut off where the limit is.
		body := strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", 1000, strings.Repeat(" ", 1000)), 66)
		if got := fmt.Sprint(raw("Transfer-Encoding: chunked\r\n", body)); got != "[413]" {
			t.Errorf("66,000 bytes in chunks: %s", got)
		}
	})
}
