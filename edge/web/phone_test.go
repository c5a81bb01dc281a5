package web

import (
	"net/http"
	"strings"
	"testing"

	"billfold/base/lang"
	"billfold/edge/web/text"
)

// A holder gives a number and types its code, by forms alone and in each language; then others find them by it, masked, and after it was
// removed nobody does. It is not offered where nobody carries texts.
func TestPhoneWalk(t *testing.T) {
	for _, tag := range lang.All() {
		t.Run(string(tag), func(t *testing.T) {
			w := build(t, Options{Sandbox: true})
			say := func(key string, args ...any) string { return text.Say(tag, key, args...) }
			lena, rosa := w.browser(), w.browser()
			lena.lang, rosa.lang = string(tag), string(tag)
			lena.signIn("lena")
			rosa.signIn("rosa")
			lena.wants(lena.get("/me"), http.StatusOK, `href="/phone"`)
			page := lena.get("/phone")
			lena.wants(lena.submit(page, "/phone", "phone", "0151 2345678"), http.StatusUnprocessableEntity, `value="0151 2345678"`)
			page = lena.submit(page, "/phone", "phone", "+49 151 234 567 89")
			lena.wants(page, http.StatusOK, say("phone.code.title"), "+4915123456789", `href="/dev/inbox"`)
			w.mu.Lock()
			code := w.codes["+4915123456789"]
			w.mu.Unlock()
			lena.wants(lena.submit(page, "/phone/confirm", "code", "12"), http.StatusUnprocessableEntity, say("phone.code.title"))
			page = lena.submit(page, "/phone/confirm", "code", code)
			lena.wants(page, http.StatusOK, say("phone.confirmed"), say("phone.now"), "+4915123456789")

			found := rosa.submit(rosa.get("/send"), "/send", "to", "0049 151/23456789")
			rosa.wants(found, http.StatusOK, "Lena H.")
			if strings.Contains(found.html, "Hoffmann") || strings.Contains(found.html, "23456789") {
				t.Error("the whole name or the number is told")
			}
			lena.wants(lena.submit(page, "/phone/remove"), http.StatusOK, say("phone.removed"))
			rosa.wants(rosa.submit(rosa.get("/send"), "/send", "to", "+4915123456789"), http.StatusNotFound, say("send.unknown"))
		})
	}
	w := build(t, Options{})
	b := w.browser()
	b.signIn("lena")
	b.wants(b.get("/phone"), http.StatusNotFound)
	if strings.Contains(b.get("/me").html, `href="/phone"`) {
		t.Error("it is offered where nobody carries texts")
	}
}
