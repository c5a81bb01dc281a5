package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"billfold/base/id"
	"billfold/base/lang"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/edge/web/text"
)

// Money between people by links and forms alone, in each language: somebody is found by handle, seen masked, sent money on the one
// sheet; a link carries money to somebody who opens a wallet for it; a bill is divided, paid and declined.
func TestBetweenPeople(t *testing.T) {
	for _, tag := range lang.All() {
		t.Run(string(tag), func(t *testing.T) {
			w := build(t, Options{Sandbox: true, PublicURL: "http://wallet.example"})
			w.fund(w.lena, 20_000)
			say := func(key string, args ...any) string { return text.Say(tag, key, args...) }
			lena, rosa := w.browser(), w.browser()
			lena.lang, rosa.lang = string(tag), string(tag)
			lena.signIn("lena")
			rosa.signIn("rosa")

			page := lena.submit(lena.get("/send"), "/send", "to", "@nobody_here")
			lena.wants(page, http.StatusNotFound, say("send.unknown"), `value="@nobody_here"`)
			page = lena.submit(page, "/send", "to", "rosa")
			lena.wants(page, http.StatusOK, "Rosa L.", "@rosa", say("send.new"))
			if strings.Contains(page.html, "Lindner") {
				t.Error("the whole name is told")
			}
			action := strings.SplitN(page.path, "?", 2)[0]
			page = lena.submit(page, action, "amount", "1000", "currency", "EUR", "note", "<b>rent</b>")
			lena.wants(page, http.StatusOK, say("confirm.short"), "Rosa L.")
			page = lena.submit(lena.get("/send?to=rosa"), "/send", "to", "rosa")
			page = lena.submit(page, action, "amount", "12,50", "currency", "EUR", "note", "<b>rent</b>")
			lena.wants(page, http.StatusOK, say("confirm.go.transfer", "€12.50"), "@rosa", "€0.00", say("confirm.new.person"), "&lt;b&gt;rent")
			sheet := page.path
			if a := rosa.get("/requests"); strings.Contains(a.html, "€12.50") {
				t.Error("the payee reads a draft")
			}
			page = lena.submit(page, sheet)
			lena.wants(page, http.StatusOK, "−€12.50", say("where.completed.payer"), say("split.this"))
			rosa.wants(rosa.get("/home"), http.StatusOK, "+€12.50", "Lena H.")
			lena.wants(lena.get(sheet), http.StatusOK, "−€12.50") // the back button and a second tab: the truth
			lena.wants(lena.get("/send"), http.StatusOK, "Rosa L.", say("send.known"))

			w.linkWalk(lena, tag)
			w.splitWalk(lena, rosa, tag)
		})
	}
}

// linkWalk sends money to an address that no wallet has; who opens the link takes it into a new wallet, once.
func (w *world) linkWalk(lena *browser, tag lang.Tag) {
	w.t.Helper()
	say := func(key string, args ...any) string { return text.Say(tag, key, args...) }
	page := lena.submit(lena.get("/send"), "/send", "to", "new@example.org")
	lena.wants(page, http.StatusOK, say("link.unknown"), `value="new@example.org"`)
	page = lena.submit(page, "/send/link", "amount", "5", "currency", "EUR")
	lena.wants(page, http.StatusOK, say("link.anyone"), say("confirm.arrives.link"), say("confirm.link"))
	page = lena.submit(page, page.path)
	lena.wants(page, http.StatusOK, say("link.yours"), `<svg class="qr"`, say("where.link.authorized.payer"),
		say("stepwaits.untaken"))
	if strings.Contains(page.html, say("step.confirm_payee")) {
		w.t.Error("a link that nobody has taken tells of a payee")
	}
	if page.header.Get("Referrer-Policy") != "no-referrer" {
		w.t.Error("the page with the link sends a referrer")
	}
	address := regexp.MustCompile(`http://wallet\.example(/g/gft_[^<"]+)`).FindStringSubmatch(page.html)
	if address == nil {
		w.t.Fatal("no link on the page")
	}
	link := strings.ReplaceAll(address[1], "&amp;", "&")
	lena.wants(lena.get(link), http.StatusOK, say("gift.mine"))

	guest := w.browser()
	guest.lang = string(tag)
	page = guest.get(link)
	guest.wants(page, http.StatusOK, "€5.00", "Lena H.", say("gift.open"))
	if page.header.Get("Referrer-Policy") != "no-referrer" {
		w.t.Error("the link's page sends a referrer")
	}
	guest.wants(guest.get(link[:len(link)-1]), http.StatusNotFound, "not_found")
	next := url.QueryEscape(link)
	page = guest.submit(guest.get("/signup?next="+next), "/signup", "name", "Nova Stern", "handle", "nova", "email", "new@example.org",
		"password", password)
	w.mu.Lock()
	code := w.codes["new@example.org"]
	w.mu.Unlock()
	page = guest.submit(page, "/signup/verify", "code", code)
	guest.wants(page, http.StatusOK, say("gift.take", "€5.00"))
	claim := strings.SplitN(link, "?", 2)[0]
	form := guest.form(page, claim)
	var presses sync.WaitGroup
	for range 5 {
		presses.Go(func() {
			if a := guest.send(claim, form); a.status != http.StatusSeeOther || !strings.HasPrefix(a.location, "/activity/pay_") {
				w.t.Errorf("taking it: %d %s", a.status, a.location)
			}
		})
	}
	presses.Wait()
	guest.wants(guest.get("/home"), http.StatusOK, "€5.00", "+€5.00")
	guest.wants(guest.get(link), http.StatusOK, say("gift.taken"))
	late := w.browser()
	late.lang = string(tag)
	late.wants(late.get(link), http.StatusOK, say("gift.over"))
}

// splitWalk divides a bill, has it paid and changed, and shows who paid.
func (w *world) splitWalk(lena, rosa *browser, tag lang.Tag) {
	w.t.Helper()
	say := func(key string, args ...any) string { return text.Say(tag, key, args...) }
	w.fund(w.rosa, 9000)
	page := lena.submit(lena.get("/split"), "/split", "amount", "61.00", "currency", "EUR", "note", "dinner", "add", "rosa, @olu", "who",
		"own", "do", "look")
	lena.wants(page, http.StatusOK, "Rosa L.", "Olu A.", "€20.34", "€20.33", say("split.go"))
	form := lena.form(page, "/split")
	ids := regexp.MustCompile(`name="who" value="([^"]+)" checked`).FindAllStringSubmatch(page.html, -1)
	form.Del("who")
	for _, m := range ids {
		form.Add("who", m[1])
	}
	form.Set("do", "ask")
	first, second := lena.send("/split", form), lena.send("/split", form)
	if first.status != http.StatusSeeOther || first.location != second.location {
		w.t.Fatalf("asked: %d %s and %s: %s", first.status, first.location, second.location, plainText(first.html))
	}
	request := first.location
	lena.wants(lena.get(request), http.StatusOK, say("ask.who"), "Rosa L.", "Olu A.", "€61.00", say("share.open"), say("ask.remind"))
	rosa.wants(rosa.get("/home"), http.StatusOK, say("home.waiting"), "€20.33")
	page = rosa.get(request)
	rosa.wants(page, http.StatusOK, say("ask.pay", "€20.33"), "Lena H.", "dinner")
	if strings.Contains(page.html, "Olu") {
		w.t.Error("who is asked reads what others are asked for")
	}
	rosa.wants(rosa.get(request+"/change"), http.StatusNotFound, "not_found")
	change := lena.get(request + "/change")
	sheet := regexp.MustCompile(`href="(/confirm/pay_[^"]+)"`).FindStringSubmatch(page.html)[1]
	page = rosa.get(sheet)
	rosa.wants(page, http.StatusOK, say("confirm.go.transfer", "€20.33"), say("confirm.asked", "Lena H."))
	rosa.wants(rosa.submit(page, sheet), http.StatusOK, "−€20.33", say("ask.see"))

	// The form that was open while rosa paid changes nothing and says so.
	form = lena.form(change, request+"/change")
	form.Set("do", "ask")
	form.Set("who", string(w.olu.ID))
	form.Set("mode", "even")
	form.Set("amount", "50.00")
	lena.wants(lena.send(request+"/change", form), http.StatusUnprocessableEntity, say("bill.changed"))
	lena.wants(lena.get(request), http.StatusOK, say("share.paid"), "€61.00")

	olu := w.browser()
	olu.lang = string(tag)
	olu.signIn("olu")
	page = olu.get(request)
	no := regexp.MustCompile(`action="(/decline/pay_[^"]+)"`).FindStringSubmatch(page.html)[1]
	olu.wants(olu.submit(page, no), http.StatusOK, say("ask.declined"), say("share.declined"))
	lena.wants(lena.get(request), http.StatusOK, say("share.declined"))
	lena.wants(lena.get("/requests"), http.StatusOK, "dinner", say("asks.paid", 1, 2))
}

// A pay-me page tells nobody who is not signed in whether a handle is anybody's; who is signed in sees the masked name.
func TestPayMe(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://wallet.example"})
	out, lena := w.browser(), w.browser()
	lena.signIn("lena")
	known, unknown := out.get("/u/rosa"), out.get("/u/nobody_at_all")
	if strip := func(a answer, handle string) string {
		// the codes and the request's id differ by what they say
		html := regexp.MustCompile(`<svg class="qr".*?</svg>|req_[0-9a-z]+|value="[^"]*"`).ReplaceAllString(a.html, "")
		return strings.ReplaceAll(html, handle, "")
	}; known.status != http.StatusOK || strip(known, "rosa") != strip(unknown, "nobody_at_all") {
		t.Errorf("the page tells who is there:\n%s\n%s", plainText(known.html), plainText(unknown.html))
	}
	lena.wants(lena.get("/u/rosa"), http.StatusOK, "Rosa L.", "Send money", `<svg class="qr"`)
	lena.wants(lena.get("/u/nobody_at_all"), http.StatusNotFound, "payee_not_found")
	lena.wants(lena.get("/receive"), http.StatusOK, "Lena H.", "http://wallet.example/u/lena")
	out.wants(out.get("/u/a%2e%2e"), http.StatusNotFound, "not_found")
}

// A sheet that was left open past its time says so, takes nothing and leads to a fresh one; a frozen account in the middle moves nothing.
func TestSheetOverTime(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 5000)
	lena := w.browser()
	lena.signIn("lena")
	begin := func() answer {
		page := lena.submit(lena.get("/send"), "/send", "to", "@rosa")
		return lena.submit(page, strings.SplitN(page.path, "?", 2)[0], "amount", "10", "currency", "EUR")
	}
	page := begin()
	if _, err := w.People.SetState(t.Context(), w.rosa.ID, identity.Frozen); err != nil {
		t.Fatal(err)
	}
	lena.wants(lena.submit(page, page.path), http.StatusLocked, "Nothing was taken")
	if _, err := w.People.SetState(t.Context(), w.rosa.ID, identity.Active); err != nil {
		t.Fatal(err)
	}
	w.must(w.business.Advance(sendFor))
	over := lena.submit(page, page.path)
	lena.wants(over, http.StatusOK, "Expired", "Send it again")
	again := regexp.MustCompile(`href="(/send/usr_[^"]+)"`).FindStringSubmatch(over.html)
	if again == nil {
		t.Fatal("no way to a fresh sheet")
	}
	lena.wants(lena.get(strings.ReplaceAll(again[1], "&amp;", "&")), http.StatusOK, `value="10.00"`, "Rosa L.")
	if got := w.balanceOf(w.lena); got != 5000 {
		t.Errorf("lena has %d", got)
	}
	p, err := w.Payments.Create(t.Context(), payment.Caller{Person: w.lena.ID}, payment.Terms{Payee: string(w.rosa.ID), Amount: eur.Of(100)},
		false, once.Call{Key: id.Secret(8)})
	w.must(err)
	stranger := w.browser()
	stranger.signIn("olu")
	stranger.wants(stranger.send("/activity/"+string(p.ID)+"/back", url.Values{"csrf": {csrf(stranger)}}), http.StatusNotFound, "not_found")
	lena.wants(lena.submit(lena.get("/activity/"+string(p.ID)), "/activity/"+string(p.ID)+"/back"), http.StatusOK, "Voided")
}
