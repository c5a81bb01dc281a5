package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOperatorEmptiesTheSandbox presses the button on a running program, in one browser: the answer leads to the one-time link of the
// empty sandbox, whose first request waits until that one answers; the operator is in again, alone.
func TestOperatorEmptiesTheSandbox(t *testing.T) {
	on(t, func(t *testing.T, at place) {
		p := at.dev(t).ready()
		first := at.secrets(t)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &http.Client{Jar: jar}
		page := func(answer *http.Response, err error) (path, html string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("%s answers %d, %v\n%s", answer.Request.URL.Path, answer.StatusCode, err, body)
			}
			return answer.Request.URL.RequestURI(), string(body)
		}
		field := func(html, name string) string {
			t.Helper()
			m := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindStringSubmatch(html)
			if m == nil {
				t.Fatalf("no field %s in\n%s", name, html)
			}
			return m[1]
		}
		base := first["BILLFOLD_URL"]
		enter := func(path, html string) (string, string) {
			t.Helper()
			if !strings.HasPrefix(path, "/setup?token=") {
				t.Fatalf("it leads to %s", path)
			}
			return page(browser.PostForm(base+"/setup", url.Values{"csrf": {field(html, "csrf")}, "token": {field(html, "token")}}))
		}
		if path, _ := enter(page(browser.Get(first["BILLFOLD_OPERATOR_URL"]))); path != "/ops" {
			t.Fatalf("the operator comes to %s", path)
		}
		_, html := page(browser.Get(base + "/ops/demo"))
		path, html := enter(page(browser.PostForm(base+"/ops/demo", url.Values{"csrf": {field(html, "csrf")},
			"reason": {"we begin for real"}})))
		if path != "/ops" || strings.Contains(html, `href="/ops/demo"`) {
			t.Errorf("the operator comes to %s, and the demo can be removed again: %v", path, strings.Contains(html, `href="/ops/demo"`))
		}
		if _, html = page(browser.Get(base + "/ops/audit")); !strings.Contains(html, "we begin for real") {
			t.Error("the new trail does not say why")
		}
		if _, html = page(browser.Get(base + "/ops/doctor")); !strings.Contains(html, "This is a sandbox, and stays one.") {
			t.Error("the doctor does not say that a sandbox stays one")
		}
		again := at.secrets(t)
		if again["BILLFOLD_KEY"] != "" || again["BILLFOLD_URL"] != base || again["BILLFOLD_OPERATOR_URL"] == first["BILLFOLD_OPERATOR_URL"] {
			t.Errorf("dev.env is the old one")
		}
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil || p.exit() != 0 {
			t.Errorf("it ended with %v", p.cmd.ProcessState)
		}
		if code, out, complaint := billfold(t, at.env, "verify", "--data", at.dir); code != 0 {
			t.Errorf("verify ended with %d\n%s%s", code, out, complaint)
		}
		if old, err := filepath.Glob(filepath.Join(at.dir, "removed_*", "keyring", "keyring")); err != nil || len(old) != 1 {
			t.Errorf("put aside: %v, %v", old, err)
		}
		refused(t, at.env, 1, "no demo data", "empty", "--data", at.dir)
	})
}

// TestDoctorSays shows the command's exit codes and both of its forms, for a place in which nothing is.
func TestDoctorSays(t *testing.T) {
	at := filepath.Join(t.TempDir(), "none")
	env := []string{"BILLFOLD_MAIL_PASSWORD=mail-canary", "BILLFOLD_DB=postgres://me:dsn-canary@127.0.0.1:1/none"}
	code, out, complaint := billfold(t, env, "doctor", "--data", at)
	if code != 1 || !strings.Contains(out, "fail  database") || !strings.Contains(out, "→ --public-url") || complaint != "" {
		t.Errorf("%d\n%s%s", code, out, complaint)
	}
	code, text, _ := billfold(t, env, "doctor", "--json", "--data", at)
	var answer struct {
		OK     bool
		Checks []struct{ Name, Grade, Says, Mend string }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || code != 1 || answer.OK || len(answer.Checks) < 8 {
		t.Errorf("%d, %v\n%s", code, err, text)
	}
	if strings.Contains(out+text, "canary") {
		t.Error("it shows a secret")
	}
	refused(t, nil, 2, "there is no flag", "doctor", "--jason")
}
