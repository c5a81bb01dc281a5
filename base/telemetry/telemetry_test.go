package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// canaries are secrets as they would look on their way into a log.
var canaries = []string{
	"bf_test_sk_0123456789abcdefghjkmnpqrstvwxyzcanary7",
	"bf_live_op_canary", "whsec_Y2FuYXJ5", "Bearer canary.token/1+2=", "basic Y2FuYXJ5OmNhbmFyeQ==",
	"lena.canary@example.org", "postgres://billfold:canary@db.example/billfold", "4242424242424242", "4242 4242 4242 4242",
	"4000-0000-0000-0002",
	"378282246310005",
}

type person struct{ Name, Password string }

type speaker string

func (s speaker) String() string { return string(s) }

type valuer string

func (v valuer) LogValue() slog.Value { return slog.GroupValue(slog.String("said", string(v))) }

func logs(format string) (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return New(Options{Writer: &b, Format: format, Level: slog.LevelDebug}), &b
}

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z?`)

func TestNoCanaryReachesTheLogByItsForm(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		for _, canary := range canaries {
			log, b := logs(format)
			log.Info("said " + canary + " to us")
			log.Info("m", "note", canary, "list", []string{"a", canary}, "err", fmt.Errorf("wrap: %w", errors.New(canary)))
			log.Info("m", "s", speaker(canary), "v", valuer(canary), "struct", person{Password: canary}, "ptr", &person{Name: canary})
			log.Info("m", "map", map[string]string{"a": canary}, "bytes", []byte(canary), "raw", json.RawMessage(`"`+canary+`"`))
			log.With("with", canary).WithGroup("group").Info("m", slog.Group("inner", "deep", canary))
			out := moment.ReplaceAllString(b.String(), "") // whose digits are anybody's
			for _, part := range []string{"canary", "0123456789abcdef", "Y2FuYXJ5", "4242", "0002", "378282246310005"} {
				if strings.Contains(out, part) {
					t.Errorf("%s: %q shows %q in\n%s", format, canary, part, out)
				}
			}
			if strings.Count(out, "\n") != 5 {
				t.Errorf("%s: lines were lost:\n%s", format, out)
			}
		}
	}
}

func TestNoCanaryReachesTheLogByItsName(t *testing.T) {
	for _, key := range []string{
		"password", "Password", "password_hash", "newPassword",
		"code", "otp", "one-time-code", "token", "access_token", "sessionToken", "tokens",
		"secret", "client.secret", "Authorization", "pan", "card_pan", "cvv", "key", "api_key",
		"X-Api-Key", "APIKey", "Idempotency-Key", "Set-Cookie", "pin", "dsn",
	} {
		for _, format := range []string{"json", "text"} {
			log, b := logs(format)
			log.Info("m", key, "canary")
			log.Info("m", key, 123456)
			log.Info("m", key, person{Name: "canary"})
			log.Info("m", slog.Group(key, "inner", "canary"))
			log.With(key, "canary").WithGroup(key).Info("m", "x", "canary")
			if out := b.String(); strings.Contains(out, "canary") || strings.Contains(out, "123456") {
				t.Errorf("%s: key %q shows its value in\n%s", format, key, out)
			}
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	log, b := logs("json")
	log.Info("payment completed", "payment", "pay_01arz3ndektsv4rrffq69g5fav", "fault", "insufficient_funds",
		"took", 1500*time.Microsecond, "amount_minor", 4850, "handle", "@lena", "monkey", "banana", "company", "Café", "encoded", true,
		"at", time.Unix(0, 0).UTC(), "none", nil)
	for _, want := range []string{
		`"msg":"payment completed"`, `"payment":"pay_01arz3ndektsv4rrffq69g5fav"`, `"fault":"insufficient_funds"`,
		`"took":1500000`, `"amount_minor":4850`,
		`"handle":"@lena"`, `"monkey":"banana"`, `"company":"Café"`, `"encoded":true`,
		`"at":"1970-01-01T00:00:00Z"`, `"none":null`, `"level":"INFO"`, `"time":"`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
}

func TestScrub(t *testing.T) {
	for in, want := range map[string]string{
		"":                                    "",
		"plain":                               "plain",
		"@":                                   "@",
		"a@":                                  "a@",
		"@a":                                  "@a",
		"a@b c@d":                             "[redacted] [redacted]",
		"mail lena@example.org now":           "mail [redacted] now",
		"Lena <lena@example.org>":             "Lena <[redacted]>",
		"邮箱lena@例子.中国":                        "[redacted]",
		"key=bf_test_sk_abc.":                 "key=bf_test_[redacted].",
		"BF_TEST_SK_abc bf_test_":             "BF_TEST_[redacted] bf_test_",
		"Authorization: BEARER abc, x":        "Authorization: BEARER [redacted], x",
		"paid with 4242424242424242.":         "paid with [redacted].",
		"4242424242424241":                    "4242424242424241",
		"id 42424242424242424242424242424242": "id 42424242424242424242424242424242",
		"1 4242-4242-4242-4242":               "1 [redacted]",
		"4242-4242-4242-4242 01 2029":         "[redacted] 01 2029",
		"12 2026 378282246310005 9":           "12 2026 [redacted] 9",
		"2026-03-01 09:00":                    "2026-03-01 09:00",
		"4242  424242424242":                  "4242  424242424242",
		"5-":                                  "5-",
		"\xff@\xff":                           "[redacted]",
	} {
		if got := Scrub(in); got != want {
			t.Errorf("Scrub(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Scrub(strings.Repeat("é", maxText)); len(got) > maxText+3 || !strings.HasSuffix(got, "é…") {
		t.Errorf("a long text became %d bytes", len(got))
	}
}

func FuzzScrub(f *testing.F) {
	for _, seed := range append(canaries, "", "@", "a@b", "bf_test_", "4-2 4-2", "\xff\xfe@", "İbf_test_sk_x") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Scrub("a " + s + " bf_test_sk_canary4you")
		if len(s) < maxText/2 && strings.Contains(out, "canary4you") && !strings.Contains(s, "canary4you") {
			t.Fatalf("Scrub let the key through: %q", out)
		}
	})
}

func TestNilErrorsAndStringersDoNotPanic(t *testing.T) {
	log, b := logs("json")
	var err *json.SyntaxError
	var s *speaker
	log.Info("m", "err", err, "stringer", s)
	if !strings.Contains(b.String(), `"err":"[nil]"`) {
		t.Error(b)
	}
}

func TestRequestID(t *testing.T) {
	log, b := logs("json")
	ctx := WithRequest(t.Context(), "req_1")
	if RequestID(ctx) != "req_1" || RequestID(context.Background()) != "" {
		t.Error("the id does not come back")
	}
	log.InfoContext(ctx, "one")
	log.Info("two")
	log.With("a", 1).InfoContext(ctx, "three")
	lines := strings.Split(b.String(), "\n")
	for i, has := range []bool{true, false, true} {
		if strings.Contains(lines[i], `"request_id":"req_1"`) != has {
			t.Errorf("line %d: %s", i, lines[i])
		}
	}
}

func TestFormatAndLevel(t *testing.T) {
	var b bytes.Buffer
	log := New(Options{Writer: &b, Format: "yaml"})
	log.Debug("quiet")
	log.Info("loud")
	if got := b.String(); !strings.Contains(got, "level=INFO msg=loud") || strings.Contains(got, "quiet") {
		t.Error(got)
	}
	Discard().Error("nothing")
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	return w.Body.String()
}

func TestMetrics(t *testing.T) {
	m := NewMetrics()
	requests := m.Counter("billfold_requests_total", "Requests by route and status.", "route", "status")
	took := m.Histogram("billfold_request_seconds", "Time to answer.", nil, "route")
	jobs := m.Histogram("billfold_job_seconds", "Time of a job.", []float64{1, 2})
	m.Gauge("billfold_queue", "Waiting jobs.", func() float64 { return 7 })
	requests.Inc("POST /v1/payments/{id}", "200")
	requests.Add(2, "POST /v1/payments/{id}", "200")
	requests.Add(-5, "POST /v1/payments/{id}", "200")
	requests.Inc("only one")
	requests.Inc("a", "b", "too many")
	took.Observe(30*time.Millisecond, "x")
	jobs.Observe(1500 * time.Millisecond)
	out := scrape(t, m)
	for _, want := range []string{
		`billfold_requests_total{route="POST /v1/payments/{id}",status="200"} 3`,
		`billfold_requests_total{route="only one",status=""} 1`,
		`billfold_requests_total{route="a",status="b"} 1`, `billfold_request_seconds_bucket{route="x",le="0.05"} 1`,
		`billfold_request_seconds_bucket{route="x",le="0.025"} 0`,
		`billfold_job_seconds_bucket{le="1"} 0`, `billfold_job_seconds_bucket{le="2"} 1`, `billfold_queue 7`, `go_goroutines`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s", want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("two metrics have one name")
		}
	}()
	m.Counter("billfold_requests_total", "again")
}

func TestNoCanaryReachesAMetric(t *testing.T) {
	m := NewMetrics()
	c := m.Counter("c", "c", "l")
	for _, canary := range append(canaries, strings.Repeat("canary", 20), "cana\nry", "canary\x00", "canarié") {
		c.Inc(canary)
	}
	out := scrape(t, m)
	for line := range strings.Lines(out) { // the figures of the process itself may have any digits
		if strings.HasPrefix(line, "c{") && (strings.Contains(line, "cana") || strings.Contains(line, "4242")) {
			t.Error(line)
		}
	}
	if want := fmt.Sprintf(`c{l="other"} %d`, len(canaries)+4); !strings.Contains(out, want) {
		t.Errorf("no %s", want)
	}
}

func TestMetricsAreBounded(t *testing.T) {
	m := NewMetrics()
	c := m.Counter("c", "c", "path", "n")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 2 * maxSeries {
				c.Inc("p", fmt.Sprint(i))
			}
		})
	}
	group.Wait()
	out := scrape(t, m)
	if n := strings.Count(out, "\nc{"); n != maxSeries+1 {
		t.Errorf("%d series", n)
	}
	if want := fmt.Sprintf(`c{n="other",path="other"} %d`, 4*maxSeries); !strings.Contains(out, want) {
		t.Errorf("no %s", want)
	}
}
