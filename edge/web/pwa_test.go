package web

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"billfold/base/lang"
	"billfold/edge/web/static"
	"billfold/edge/web/text"
)

// An installed wallet: the manifest's icons exist, the worker keeps files that exist and never a page with money on it.
func TestInstallable(t *testing.T) {
	b := build(t, Options{Sandbox: true}).browser()
	var manifest struct {
		StartURL string `json:"start_url"`
		Icons    []struct{ Src, Type string }
	}
	b.must(json.Unmarshal([]byte(b.get("/manifest.webmanifest").html), &manifest))
	if manifest.StartURL != "/home" || len(manifest.Icons) < 3 {
		t.Errorf("manifest %+v", manifest)
	}
	for _, icon := range manifest.Icons {
		if p := b.get(icon.Src); p.status != http.StatusOK || p.header.Get("Content-Type") != icon.Type {
			t.Errorf("%s: %d %s", icon.Src, p.status, p.header.Get("Content-Type"))
		}
	}
	worker := b.get("/sw.js").html
	if strings.Contains(worker, "__") || !strings.Contains(worker, static.Path("app.css")) {
		t.Error("the worker's list is not written in")
	}
	for _, private := range []string{"/home", "/activity", "htmx"} {
		if strings.Contains(worker, private) {
			t.Errorf("the worker keeps %s", private)
		}
	}
}

// The offline page leads nowhere but to itself, whoever opens it: no other page can be had.
func TestOfflinePageIsAlone(t *testing.T) {
	b := build(t, Options{Sandbox: true}).browser()
	for _, who := range []string{"", "lena"} {
		if who != "" {
			b.signIn(who)
		}
		page := b.get("/offline")
		b.wants(page, http.StatusOK, text.Say(lang.EN, "offline.title"))
		for _, link := range regexp.MustCompile(`<a [^>]*href="([^"]*)"`).FindAllStringSubmatch(page.html, -1) {
			if link[1] != "" && link[1] != "#main" {
				t.Errorf("%q reads a link to %s", who, link[1])
			}
		}
		if strings.Contains(page.html, "<nav") || strings.Contains(page.html, "<form") {
			t.Errorf("%q reads places that cannot be reached", who)
		}
	}
}

// Hidden balances are not in the page at all, and come back when they are asked for.
func TestHiddenBalances(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 12345)
	b := w.browser()
	b.signIn("lena")
	b.wants(b.get("/home"), http.StatusOK, "123.45")
	hidden := b.submit(b.get("/home"), "/hide", "hide", "yes")
	if fold, _, _ := strings.Cut(hidden.html, `id="recent"`); strings.Contains(fold, "123.45") || !strings.Contains(fold, "••••") {
		t.Errorf("a hidden balance is in the page: %s", plainText(hidden.html))
	}
	b.wants(b.submit(hidden, "/hide", "hide", "no"), http.StatusOK, "123.45")
}

// The first load of home, with all it wears, is under 200 KB on the wire.
func TestFirstLoadIsLight(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	b := w.browser()
	b.signIn("lena")
	b.header.Set("Accept-Encoding", "gzip") // asked for by ourselves, so the client counts what travels
	page := b.get("/home")
	total := len(page.html)
	files := regexp.MustCompile(`(?:href|src)="(/static/[^"]+|/manifest[^"]+|/sw.js)"`).FindAllStringSubmatch(page.html, -1)
	for _, file := range files {
		if !strings.Contains(file[1], "icon-180") { // for the home screen of one make of phone, not for the page
			total += len(b.get(file[1]).html)
		}
	}
	if len(files) < 4 || total > 200_000 {
		t.Errorf("%d files, %d bytes", len(files), total)
	}
}
