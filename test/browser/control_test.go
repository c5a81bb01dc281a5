package browser

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/lang"
)

// TestControl shows that the walks can fail: axe's findings, a page's exception and a breach of its policy are seen, and a
// page without scripts is really without.
func TestControl(t *testing.T) {
	const page = `<!doctype html><html lang="en"><title>Control</title><link rel=stylesheet href="/control.css"><main><h1>Control</h1>
		<form method="post" action="/sent"><label>Name <input name="name" value="old"></label><button>Send it</button></form>%</main>`
	const sheet = `.faint { color: #aaa; background: #fff } .tiny { width: 12px; height: 12px; padding: 0; border: 0; display: block;
		float: left }
		body { background: #fff; color: #000 } @media (prefers-color-scheme: dark) { .night { background: #111 } }`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/control.css" {
			w.Header().Set("Content-Type", "text/css")
			io.WriteString(w, sheet)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "script-src 'self' 'unsafe-inline'; style-src 'self'; img-src 'self'")
		extra := map[string]string{
			"/good": "", "/sent": "<p>got " + r.FormValue("name") + " in " + r.Header.Get("Accept-Language") + "</p>",
			"/pale":   "<img src='/nothing.png'>",
			"/faint":  "<p class='faint'>faint</p>",
			"/night":  "<p class='night'>faint by night</p>",
			"/tiny":   "<div><button class='tiny' aria-label='a'></button><button class='tiny' aria-label='b'></button></div>",
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

	// Contrast is asked once for a way to write, so the second page in it is quiet, and another way is not.
	sweep := b.Visit(t, server.URL, Look{Lang: lang.EN})
	sweep.judged = &judged{}
	sweep.Auditor()
	sweep.Go("/good")
	sweep.Check()
	for _, step := range []struct {
		path string
		dark bool
		want string
	}{{"/faint", false, "color-contrast"}, {"/faint", false, ""}, {"/night", false, ""}, {"/night", true, "color-contrast"},
		{"/tiny", false, "target-size"}, {"/pale", false, "image-alt"}} {
		sweep.Lay(step.path)
		sweep.Turn(Look{Dark: step.dark})
		if found := fmt.Sprint(sweep.Violations()); !strings.Contains(found, step.want) || (step.want == "") != (found == "[]") {
			t.Errorf("%s: a sweep finds %q, want %q", step.path, found, step.want)
		}
	}

	for look, want := range map[Look]string{{Lang: lang.EN}: "scripted", {Lang: lang.EN, NoScript: true}: "plain"} {
		v := b.Visit(t, server.URL, look)
		v.Go("/script")
		v.See(want)
		v.Check()
	}
}

// TestAuditOutlastsRenewal has axe look for longer than a page without scripts waits before it loads itself anew.
func TestAuditOutlastsRenewal(t *testing.T) {
	t.Parallel()
	var loads atomic.Int32
	loaded := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			loads.Add(1)
			select {
			case loaded <- struct{}{}:
			default:
			}
			fmt.Fprint(w, `<!doctype html><html lang="en"><title>T</title><noscript><meta http-equiv="refresh" content="1"></noscript><h1>T</h1>`)
		}
	}))
	t.Cleanup(server.Close)
	v := Start(t).Visit(t, server.URL, Look{Lang: lang.EN, NoScript: true})
	v.Go("/")
	release := v.hold()
	before := loads.Load()
	v.run("new Promise(answer => setTimeout(answer, 2500, []))")
	if now := loads.Load(); now > before+1 { // one may have been on its way when it was held
		t.Errorf("loaded %d times while it was looked at", now-before)
	}
	release()
	for long := time.After(patience); loads.Load() < before+4; {
		select {
		case <-loaded:
		case <-long:
			t.Fatalf("loaded %d times in all: it does not renew itself any more", loads.Load())
		}
	}
}
