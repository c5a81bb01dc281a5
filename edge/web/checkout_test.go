package web

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// watch opens the stream that a page with data-watch opens, and answers with what it says until it ends.
func (b *browser) watch(ctx context.Context, page answer) <-chan string {
	b.t.Helper()
	_, rest, ok := strings.Cut(page.html, `data-watch="`)
	if !ok {
		b.t.Fatalf("%s is not live: %s", page.path, plainText(page.html))
	}
	path, _, _ := strings.Cut(rest, `"`)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+strings.ReplaceAll(path, "&amp;", "&"), nil)
	b.must(err)
	client := *b.client
	client.Timeout = 0
	res, err := client.Do(r)
	b.must(err)
	if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
		b.t.Fatalf("%s is %d %s", path, res.StatusCode, kind)
	}
	said := make(chan string, 1)
	go func() {
		defer res.Body.Close()
		var lines []string
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			lines = append(lines, s.Text())
		}
		said <- strings.Join(lines, "|")
	}()
	return said
}

// Somebody who is nobody here sees a code for their phone; the page of the desk hears when the phone has paid, hears nothing before,
// and a stream that is opened too late hears at once.
func TestPayByPhone(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 50_00)
	k := w.checkout(12_50, "")
	path := "/c/" + string(k.ID)
	desk, phone := w.browser(), w.browser()
	phone.signIn("lena")
	page := desk.get(path + "?pay=phone")
	desk.wants(page, http.StatusOK, "€12.50", `class="qr"`, "http://localhost:8080"+path, `<noscript><meta http-equiv="refresh" content="5"`)
	desk.wants(desk.get(path), http.StatusOK, "Password", "?pay=phone")

	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	open := desk.watch(ctx, page)
	desk.wants(desk.submit(page, path+"/extend"), http.StatusOK, "More time", "There is more time")
	select {
	case said := <-open:
		t.Errorf("the stream spoke of an extension: %q", said)
	default:
	}
	phone.wants(phone.submit(phone.get(path), path), http.StatusOK, "Paid")
	if said := <-open; said != "retry: 3000||event: news|data:|" {
		t.Errorf("the desk heard %q", said)
	}
	if said := <-desk.watch(ctx, page); said != "retry: 3000||event: news|data:|" {
		t.Errorf("late, the desk heard %q", said)
	}
	desk.wants(desk.get(path+"?pay=phone"), http.StatusOK, "Paid", "data-final")
	desk.wants(desk.submit(page, path+"/extend"), http.StatusOK, "Paid")
	for _, of := range []string{"", "chk_0", "chk_00000000000000000000000000", "pay_1"} {
		desk.wants(desk.get("/live/checkout?state=open&of="+of), http.StatusNotFound)
	}
}
