package web

import (
	"bufio"
	"context"
	"net/http"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// stream opens the live stream as a page does and returns its lines.
func (b *browser) stream(ctx context.Context) <-chan string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/live", nil)
	b.must(err)
	client := *b.client
	client.Timeout = 0
	res, err := client.Do(r)
	b.must(err)
	if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
		b.t.Fatalf("/live is %d %s", res.StatusCode, kind)
	}
	lines := make(chan string, 100)
	go func() {
		defer res.Body.Close()
		defer close(lines)
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	if first := <-lines; !strings.HasPrefix(first, "retry:") {
		b.t.Fatalf("the stream begins with %q", first)
	}
	return lines
}

// A page hears of what happens to its owner, of nothing else, and not what it was; the outbox is listened to while a page is open.
func TestOpenPagesHear(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 100_000)
	payee, stranger := w.browser(), w.browser()
	payee.signIn("rosa")
	stranger.signIn("olu")
	anonymous := w.browser().get("/live")
	payee.wants(anonymous, http.StatusOK, "Password") // the door

	ctx, stop := context.WithTimeout(t.Context(), longWait)
	defer stop()
	mine, theirs := payee.stream(ctx), stranger.stream(ctx)
	w.send(480, "secret coffee")
	var heard []string
	for line := range mine {
		heard = append(heard, line)
		if line == "data:" {
			break
		}
	}
	if said := strings.Join(heard, "|"); said != "|event: news|data:" {
		t.Errorf("the payee heard %q", said)
	}
	select {
	case line := <-theirs:
		if line != "" {
			t.Errorf("a stranger heard %q", line)
		}
	default:
	}
	payee.until("/notifications", "Lena H. sent you €4.80")
	hub := w.pages.site.hub
	stop()
	for range mine {
	}
	for range theirs {
	}
	deadline := time.After(longWait)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		hub.mu.Lock()
		open, taps := hub.open, len(hub.taps)
		hub.mu.Unlock()
		if open == 0 && taps == 0 {
			tick.Stop()
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d pages, %d taps after everybody left", open, taps)
		}
	}
}

// What to be told is a form; money that goes out is not on it to be switched off.
func TestNoticeSettings(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 100_000)
	b := w.browser()
	b.signIn("rosa")
	const path = "/settings/notifications"
	page := b.get(path)
	b.wants(page, http.StatusOK, "Always told")
	b.wants(b.get(b.send(path, map[string][]string{"csrf": {b.form(page, path).Get("csrf")}, "requests-app": {"on"}}).location), http.StatusOK,
		"Saved.")
	html := b.get(path).html
	for name, on := range map[string]bool{"out-app": true, "out-mail": true, "in-app": false, "in-mail": false, "requests-app": true} {
		_, tag, _ := strings.Cut(html, `name="`+name+`"`)
		tag, _, _ = strings.Cut(tag, ">")
		if strings.Contains(tag, "checked") != on {
			t.Errorf("%s is %q", name, tag)
		}
	}
	w.send(480, "quiet")
	p := w.send(70, "quiet too")
	lena := w.browser()
	lena.signIn("lena")
	lena.until("/activity/"+string(p.ID), p.Receipt) // both sides were told
	lena.wants(lena.get("/notifications"), http.StatusOK, "You sent €0.70 to Rosa L.")
	b.wants(b.get("/notifications"), http.StatusOK, "Nothing new")
	read := lena.submit(lena.get("/notifications"), "/notifications/read")
	if strings.Contains(read.html, "fresh") {
		t.Error("what was read is still new")
	}
}

// Who has very many pages open lets less garbage come together, and as much as before when they have gone; whoever wants even less is
// left alone.
func TestManyOpenPages(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	hub := newHub(w.pages.site.hub.outbox)
	now := func() int {
		percent := debug.SetGCPercent(100)
		debug.SetGCPercent(percent)
		return percent
	}
	before := now()
	defer debug.SetGCPercent(before)
	for _, one := range []struct{ usual, many int }{{100, manyGarbage}, {30, 30}, {-1, -1}} {
		debug.SetGCPercent(one.usual)
		var leave []func()
		for range manyOpen {
			if got := now(); got != one.usual {
				t.Fatalf("with %d pages open: %d %%, want %d", len(leave), got, one.usual)
			}
			_, stop := hub.tap([]string{"usr_lena"})
			leave = append(leave, stop)
		}
		if got := now(); got != one.many {
			t.Errorf("with %d pages open: %d %%, want %d", len(leave), got, one.many)
		}
		for _, stop := range leave {
			stop()
		}
		if got := now(); got != one.usual {
			t.Errorf("when they have gone: %d %%, want %d", got, one.usual)
		}
	}
}
