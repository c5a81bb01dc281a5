package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"billfold/base/lang"
	"billfold/core/audit"
	"billfold/edge/web/text"
)

// Somebody writes about a payment, by forms alone and in each language; the operator answers with a reason, which reaches them as a
// notice and by mail and stands on the payment's pages; nobody else reads it; what is closed stays closed, and can be followed by another.
func TestCaseWalk(t *testing.T) {
	for _, tag := range lang.All() {
		t.Run(string(tag), func(t *testing.T) {
			w := build(t, Options{Sandbox: true})
			say := func(key string, args ...any) string { return text.Say(tag, key, args...) }
			w.fund(w.lena, 5000)
			lena, rosa, olu := w.browser(), w.browser(), w.browser()
			for name, b := range map[string]*browser{"lena": lena, "rosa": rosa, "olu": olu} {
				b.lang = string(tag)
				b.signIn(name)
			}
			page := lena.submit(lena.get("/send"), "/send", "to", "rosa")
			page = lena.submit(page, strings.SplitN(page.path, "?", 2)[0], "amount", "12.50", "currency", "EUR")
			page = lena.submit(page, page.path)
			id := regexp.MustCompile(`pay_[0-9a-z]{26}`).FindString(page.html)
			at := "/activity/" + id
			lena.wants(lena.submit(lena.get(at+"/help"), at+"/help", "words", " no "), http.StatusUnprocessableEntity, say("help.ask"))
			asked := lena.submit(lena.get(at+"/help"), at+"/help", "words", "I paid <b>twice</b>\n\u202eodd\u202c")
			lena.wants(asked, http.StatusOK, say("help.sent"), "&lt;b&gt;twice", say("case.open"))
			lena.submit(lena.get(at+"/help"), at+"/help", "words", "I paid <b>twice</b>\n\u202eodd\u202c")
			if again := lena.get(at + "/help"); strings.Count(again.html, "&lt;b&gt;twice") != 1 || strings.Contains(again.html, "\u202e") {
				t.Error("the same words twice, or letters that turn others")
			}
			lena.wants(lena.get(at), http.StatusOK, say("help.case")+": "+say("case.open"))
			if other := rosa.get(at + "/help"); strings.Contains(other.html, "&lt;b&gt;twice") {
				t.Error("the payee reads what the payer wrote")
			}
			rosa.wants(rosa.get("/ops/cases"), http.StatusForbidden)
			rosa.wants(rosa.submit(rosa.get("/send"), "/send", "to", "@nobody"), http.StatusNotFound)

			list := olu.get("/ops/cases?state=open")
			olu.wants(list, http.StatusOK, "Lena H.", say("case.open"))
			desk := regexp.MustCompile(`/ops/cases/case_[0-9a-z]{26}`).FindString(list.html)
			if strings.Contains(list.html, "Hoffmann") {
				t.Error("the list says the whole name")
			}
			form := olu.get(desk)
			olu.wants(form, http.StatusOK, "&lt;b&gt;twice", "Lena H.", id)
			olu.wants(olu.submit(form, desk+"/answer", "words", "We look.", "reason", ""), http.StatusUnprocessableEntity, "We look.")
			olu.wants(olu.submit(form, desk+"/answer", "words", "", "reason", "case of today"), http.StatusUnprocessableEntity, "case of today")
			olu.wants(olu.submit(form, desk+"/answer", "words", "It is one payment; look at the receipt.", "reason", "case of today"), http.StatusOK,
				say("cases.answered"), say("case.answered"))
			lena.wants(lena.get(at+"/help"), http.StatusOK, "It is one payment", say("case.answered"), say("cases.operator"))
			lena.wants(lena.get(at), http.StatusOK, say("help.case")+": "+say("case.answered"))
			w.toldOfCase(lena, tag)

			lena.submit(lena.get(at+"/help"), at+"/help", "words", "Thank you, I see it.")
			olu.wants(olu.get(desk), http.StatusOK, "Thank you", say("case.open"))
			olu.wants(olu.submit(olu.get(desk), desk+"/close", "reason", "settled with her"), http.StatusOK, say("cases.closed"))
			olu.wants(olu.submit(form, desk+"/answer", "words", "One more thing", "reason", "case of today"), http.StatusUnprocessableEntity,
				say("case.closed"))
			lena.wants(lena.submit(lena.get(at+"/help"), at+"/help", "words", "Another question"), http.StatusOK, say("case.closed"),
				say("case.open"))
			trail, _, err := w.Audit.List(t.Context(), audit.Filter{Object: strings.TrimPrefix(desk, "/ops/cases/")}, "", 10)
			if w.must(err); len(trail) != 2 || trail[0].Action != audit.CaseClosed || trail[1].Reason != "case of today" {
				t.Errorf("the trail: %+v", trail)
			}
		})
	}
}

// toldOfCase wants the notice and the mail of an answer.
func (w *world) toldOfCase(lena *browser, tag lang.Tag) {
	w.t.Helper()
	want := map[lang.Tag]string{lang.EN: "Your question about a payment was answered", lang.ZH: "您关于一笔付款的问题已得到答复"}[tag]
	lena.wants(lena.get("/notifications"), http.StatusOK, want)
	mails, _, err := w.Notices.Inbox(w.t.Context(), "", 50)
	w.must(err)
	for _, m := range mails {
		if m.Template == "case_answered" && m.To == "lena@example.org" && strings.Contains(m.Text, "It is one payment") &&
			strings.Contains(m.Text, "/help") {
			return
		}
	}
	w.t.Errorf("no mail with the answer among %d", len(mails))
}
