package main

import (
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
		again := at.secrets(t)
		if again["BILLFOLD_KEY"] != "" || again["BILLFOLD_URL"] != base || again["BILLFOLD_OPERATOR_URL"] == first["BILLFOLD_OPERATOR_URL"] {
			t.Errorf("dev.env is the old one")
		}
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if code := p.exit(); code != 0 {
			t.Errorf("it ended with %d", code)
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
