package browser

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"billfold/base/lang"
)

// TestControl shows that the walks can fail: axe's findings, a page's exception and a breach of its policy are seen, and a
// page without scripts is really without.
func TestControl(t *testing.T) {
	const page = `<!doctype html><html lang="en"><title>Control</title><main><h1>Control</h1>
		<form method="post" action="/sent"><label>Name <input name="name" value="old"></label><button>Send it</button></form>%</main>`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "script-src 'self' 'unsafe-inline'; style-src 'self'; img-src 'self'")
		extra := map[string]string{
			"/good": "", "/sent": "<p>got " + r.FormValue("name") + " in " + r.Header.Get("Accept-Language") + "</p>",
			"/pale":   "<img src='/nothing.png'>",
			"/thrown": "<script>throw new Error('planted')</script>",
			"/policy": "<p style='color:red'>red</p>",
			"/script": "<script>document.write('<p>scripted</p>')</script><noscript><p>plain</p></noscript>",
		}[r.URL.Path]
		io.WriteString(w, strings.Replace(page, "%", extra, 1))
	}))
	t.Cleanup(server.Close)
	b := Start(t)

	zh := b.Visit(t, server.URL, Look{Lang: lang.ZH})
	zh.Go("/good")
	zh.Check()
	zh.Fill("name", "小王")
	zh.Press("Send it")
	zh.At("/sent")
	zh.See("got 小王 in zh-CN")

	pale := b.Visit(t, server.URL, Look{Lang: lang.EN, Dark: true})
	pale.Go("/pale")
	if found := pale.Violations(); len(found) == 0 || found[0].ID != "image-alt" {
		t.Errorf("axe found %v, want image-alt", found)
	}
	for path, want := range map[string]string{"/thrown": "planted", "/policy": "style"} {
		v := b.Visit(t, server.URL, Look{Lang: lang.EN, Desktop: true})
		v.Go(path)
		v.See("Control")
		v.mu.Lock()
		if faults := strings.Join(v.faults, "\n"); !strings.Contains(faults, want) {
			t.Errorf("%s: noticed %q, want %q", path, faults, want)
		}
		v.faults = nil
		v.mu.Unlock()
	}

	for look, want := range map[Look]string{{Lang: lang.EN}: "scripted", {Lang: lang.EN, NoScript: true}: "plain"} {
		v := b.Visit(t, server.URL, look)
		v.Go("/script")
		v.See(want)
		v.Check()
	}
}
