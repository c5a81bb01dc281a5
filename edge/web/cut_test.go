package web

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// sheet is a transfer of ten euros to Rosa, up to the page that asks for the yes.
func (b *browser) sheet() answer {
	b.t.Helper()
	page := b.submit(b.get("/send"), "/send", "to", "@rosa")
	return b.submit(page, strings.SplitN(page.path, "?", 2)[0], "amount", "10", "currency", "EUR")
}

// TestTwoTabs: one confirmation that is open in two tabs is one payment, whichever is pressed and however often, and each tab ends at the
// truth; what was taken back in one cannot be paid in the other.
func TestTwoTabs(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 5000)
	b := w.browser()
	b.signIn("lena")
	left := b.sheet()
	right := b.get(left.path)
	b.wants(b.submit(left, left.path), http.StatusOK, "−€10.00", "Completed")
	for range 2 {
		b.wants(b.submit(right, right.path), http.StatusOK, "−€10.00", "Completed")
	}
	b.wants(b.get(left.path), http.StatusOK, "Completed") // the back button, and a reload
	if got := w.balanceOf(w.lena); got != 4000 {
		t.Errorf("paid in two tabs, %d are left", got)
	}

	left = b.sheet()
	payment, _, _ := strings.Cut("/activity/"+strings.TrimPrefix(left.path, "/confirm/"), "?")
	b.wants(b.submit(b.get(payment), payment+"/back"), http.StatusOK, "Voided")
	b.wants(b.submit(left, left.path), http.StatusOK, "Voided")
	if got := w.balanceOf(w.lena); got != 4000 {
		t.Errorf("taken back in one tab and pressed in the other, %d are left", got)
	}
}

// cut sends a form and loses the network as soon as it is out: nobody here learns what became of it.
func (b *browser) cut(path string, form url.Values, lost *atomic.Int64) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Language", b.lang)
	if a, err := b.client.Do(r); err == nil {
		a.Body.Close()
	} else {
		lost.Add(1)
	}
}

// TestNetworkCutAtEachStep: the network goes away while each form of a transfer, a withdrawal and an exchange is sent; sent again it goes
// on from the truth, and whatever was lost on the way, the money moved once.
func TestNetworkCutAtEachStep(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 20_000)
	b := w.browser()
	b.signIn("lena")
	var lost atomic.Int64
	twice := func(page answer, action string, fields ...string) answer {
		form := b.form(page, action)
		for i := 0; i < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
		b.cut(action, form, &lost)
		return b.submit(page, action, fields...)
	}
	page := twice(b.get("/send"), "/send", "to", "@rosa")
	page = twice(page, strings.SplitN(page.path, "?", 2)[0], "amount", "10", "currency", "EUR")
	b.wants(twice(page, page.path), http.StatusOK, "−€10.00", "Completed")
	if got := w.balanceOf(w.lena); got != 19_000 {
		t.Errorf("after the transfer %d are left", got)
	}
	page = twice(b.get("/exchange?from=EUR&to=KWD"), "/exchange", "amount", "10.00", "currency", "EUR", "to", "KWD")
	b.wants(twice(page, page.path), http.StatusOK, "Completed")
	if got := w.balanceOf(w.lena); got != 17_997 {
		t.Errorf("after the exchange %d are left", got)
	}
	page = twice(b.get("/topup"), "/topup", "amount", "5.00", "currency", "EUR", "card", "tok_4242")
	b.until(page.path, `data-final="Completed"`)
	if got := w.balanceOf(w.lena); got != 18_497 {
		t.Errorf("after the top-up there are %d", got)
	}
	if lost.Load() < 4 {
		t.Errorf("the network went away %d times before an answer", lost.Load())
	}
}
