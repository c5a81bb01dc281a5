package web

import (
	"bytes"
	"compress/gzip"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"billfold/base/lang"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/edge/web/text"
)

// Attack case 45: whatever page money can be sent from lets nobody frame it, and runs no script and no style that is not ours.
func TestPayPagesAreNotFramed(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 5000)
	b := w.browser()
	b.signIn("lena")
	k := w.checkout(1000, payment.Automatic)
	sheet := b.submit(b.get("/send"), "/send", "to", "rosa")
	sheet = b.submit(sheet, strings.SplitN(sheet.path, "?", 2)[0], "amount", "1.00", "currency", "EUR")
	pages := map[string]answer{"the checkout": b.get("/c/" + string(k.ID)), "the sheet": b.get(sheet.path)}
	for _, path := range []string{"/send", "/send/link", "/topup", "/withdraw", "/exchange", "/scan", "/requests", "/split", "/till",
		"/u/lena",
		"/activity", "/nowhere"} {
		pages[path] = b.get(path)
	}
	for name, a := range pages {
		csp := a.header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe-inline") ||
			strings.Contains(csp, "'unsafe-eval'") || a.header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s can be framed: %q, %q", name, csp, a.header.Get("X-Frame-Options"))
		}
		if strings.Contains(a.html, " style=") || strings.Contains(a.html, "<style") || strings.Contains(a.html, " onclick=") {
			t.Errorf("%s has a style or script of its own", name)
		}
	}
}

// What is typed as an amount and is none is refused in the words of people: nothing of minor units, strings or keys.
func TestAmountsThatAreNone(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 5000)
	before := w.balanceOf(w.lena)
	for _, tongue := range lang.All() {
		b := w.browser()
		b.lang = string(tongue)
		b.signIn("lena")
		for typed, code := range map[string]string{"abc": "invalid_amount", "-5": "invalid_amount", "1e3": "invalid_amount",
			"٣": "invalid_amount", "=1+1": "invalid_amount",
			"0": "amount_not_positive", "0.00": "amount_not_positive", "99999999999999999999": "amount_too_large"} {
			for _, path := range []string{"/topup", "/send/link", "/request", "/send/" + string(w.rosa.ID)} {
				form := b.form(b.get(path), path)
				form.Set("amount", typed)
				form.Set("currency", "EUR")
				b.wants(b.send(path, form), http.StatusUnprocessableEntity, html.EscapeString(text.Say(tongue, "says."+code)))
			}
		}
	}
	if after := w.balanceOf(w.lena); after != before {
		t.Errorf("%d moved", before-after)
	}
}

// Attack case 49: what unpacks to more than was sent is not unpacked, and no form but a scanner's takes a picture (TestPictures: by its
// header, before it is unpacked). A form over its bound is refused before it is read whole.
func TestNothingUnpacks(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 5000)
	b := w.browser()
	b.signIn("lena")
	page := b.get("/scan")
	token := b.form(page, "/scan").Get("csrf")
	post := func(kind, encoding string, body []byte) answer {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/scan", bytes.NewReader(body))
		w.must(err)
		r.Header.Set("Content-Type", kind)
		if encoding != "" {
			r.Header.Set("Content-Encoding", encoding)
		}
		return b.do(r)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(url.Values{"csrf": {token}, "code": {strings.Repeat("a", 50_000)}}.Encode()))
	w.must(err)
	w.must(z.Close())
	const form = "application/x-www-form-urlencoded"
	png := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\xc3\x50\x00\x00\xc3\x50\x08\x06\x00\x00\x00"), make([]byte, 1000)...)
	picture := "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n" + token + "\r\n--x\r\nContent-Disposition: form-data; " +
		"name=\"code\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" + string(png) + "\r\n--x--\r\n"
	for name, a := range map[string]answer{
		"a packed form":    post(form, "gzip", packed.Bytes()),
		"a picture":        post("multipart/form-data; boundary=x", "", []byte(picture)),
		"a naked picture":  post("image/png", "", png),
		"a form too large": post(form, "", []byte("csrf="+token+"&code="+strings.Repeat("a", bodyMost))),
	} {
		if a.status < 400 || a.status >= 500 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if got := w.balanceOf(w.lena); got != 5000 {
		t.Errorf("%d are left", got)
	}
}

// Attack case 41: a name that turns or hides letters is nobody's, also in another script's clothes at sign-up.
func TestDressedUpNames(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	for _, name := range []string{"Lena\u202eegroeG", "Le\u200bna Hoffmann", "Lena\u2066 H", "\u00adLena", "Lena\ufeff", "Lena\u0000",
		"\u3164\u3164",
		"L\u0301\u0301\u0301\u0301\u0301ena"} {
		_, err := w.People.Create(t.Context(), []identity.NewPerson{{Name: name, Handle: "somebody", Email: "somebody@example.org"}})
		if f, _, ok := field("en", err); !ok || f != "name" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// The character nought and bytes that are no text, which PostgreSQL takes in no statement, are the mistake of whoever sends them: in an
// address, in a query and in a form, signed in or not.
func TestNoughts(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	out, in := w.browser(), w.browser()
	in.signIn("lena")
	for path, want := range map[string]int{"/c/chk_%00": http.StatusNotFound, "/l/%ff": http.StatusNotFound, "/u/a%00b": http.StatusNotFound,
		"/signin?next=%00": http.StatusBadRequest} {
		if a := out.get(path); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	for path, want := range map[string]int{"/activity/%00": http.StatusNotFound, "/activity?q=a%00": http.StatusBadRequest,
		"/activity?q=%ff": http.StatusBadRequest, "/activity?q=a": http.StatusOK} {
		if a := in.get(path); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	if a := in.submit(in.get("/send"), "/send", "to", "@ro\x00sa"); a.status != http.StatusBadRequest {
		t.Errorf("a form: %d", a.status)
	}
	if a := out.submit(out.get("/signin"), "/signin", "login", "le\x00na", "password", "x"); a.status != http.StatusBadRequest {
		t.Errorf("a form at the door: %d", a.status)
	}
}
