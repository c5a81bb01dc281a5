package web

import (
	"bufio"
	"context"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	basic "billfold/base/lang"
	"billfold/core/payment"
	"billfold/edge/web/text"
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

	ctx, stop := context.WithTimeout(t.Context(), longWait)
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

// A guest pays by card without JavaScript: a number that is none of the sandbox's is refused and never shown again, a declined card can
// be followed by another, and the shop sees brand and last four. The panel plays each ending.
func TestPayAsGuest(t *testing.T) {
	for _, lang := range []string{"en", "zh-CN"} {
		t.Run(lang, func(t *testing.T) {
			w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
			guest, rosa := w.browser(), w.browser()
			guest.lang = lang
			rosa.signIn("rosa")
			k := w.checkout(12_50, "")
			path := "/c/" + string(k.ID)
			pay := func(number, expiry, code string) answer {
				t.Helper()
				return guest.submit(guest.get(path+"?pay=card"), path+"/card", "card_number", number, "card_expiry", expiry, "card_code", code)
			}
			say := func(key string) string { return text.Say(basic.Pick(lang), key) }
			guest.wants(guest.get(path+"?pay=card"), http.StatusOK, "€12.50", `autocomplete="cc-number"`, "4242 4242 4242 4242")
			page := pay("4111 1111 1111 1111", "04/30", "987")
			guest.wants(page, http.StatusPaymentRequired, `aria-invalid="true"`)
			for _, typed := range []string{"4111", "04/30", "987"} {
				if strings.Contains(page.html, typed) {
					t.Errorf("the page shows %s again", typed)
				}
			}
			guest.wants(pay("4242424242424242", "01/20", "123"), http.StatusUnprocessableEntity, `id="e-card_expiry"`)
			guest.wants(pay("4000 0000 0000 0002", "04/30", "123"), http.StatusOK, say("checkout.processing"))
			page = guest.until(path+"?pay=card", "4242 4242 4242 4242")
			guest.wants(page, http.StatusOK, html.EscapeString(say("why.card_declined")))
			guest.wants(guest.submit(page, path+"/card", "card_number", "4242424242424242", "card_expiry", "04 / 2030", "card_code", "1234"),
				http.StatusOK, say("checkout.processing"))
			page = guest.until(path, `data-final="`+say("checkout.paid"))
			guest.wants(page, http.StatusOK, k.Payment.Receipt, "https://cafe.example/thanks")
			rosa.wants(rosa.get("/m/"+string(w.cafe.ID)+"/payments/"+string(k.Payment.ID)), http.StatusOK, "Visa •••• 4242")
			guest.wants(guest.send(path+"/card", guestForm(page, guest)), http.StatusSeeOther) // pressed again: its page says paid

			for do, ends := range map[string]string{"pay": "checkout.paid", "expire": "checkout.expired", "later": "checkout.processing"} {
				k := w.checkout(3_00, "")
				path := "/c/" + string(k.ID)
				guest.submit(guest.get(path), "/dev/checkout/"+string(k.ID), "do", do)
				guest.until(path, say(ends))
			}
			open := w.checkout(3_00, "")
			path = "/c/" + string(open.ID)
			guest.submit(guest.get(path), "/dev/checkout/"+string(open.ID), "do", "decline")
			guest.until(path+"?pay=card", html.EscapeString(say("why.card_declined")))
		})
	}
	live := build(t, Options{PublicURL: "http://localhost:8080"})
	k := live.checkout(3_00, "")
	nobody := live.browser()
	page := nobody.get("/c/" + string(k.ID))
	if strings.Contains(page.html, "/dev/checkout/") {
		t.Error("the panel is there outside the sandbox")
	}
	nobody.wants(nobody.send("/dev/checkout/"+string(k.ID), nobody.form(page, "/c/"+string(k.ID)+"/extend")), http.StatusNotFound)
}

// guestForm is a card's form as a browser has it that never left the page.
func guestForm(page answer, b *browser) url.Values {
	form := b.form(page, "/language")
	return url.Values{"csrf": form["csrf"], "card_number": {"4242424242424242"}, "card_expiry": {"04/30"}, "card_code": {"123"},
		"nonce": {nonce()}}
}

// A shop's link is paid by somebody who has only its address: the shop stands before the amount, what the address is edited into or sent
// along changes nothing, and a closed link says so.
func TestPayLinks(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 50_00)
	rosa, lena, nobody := w.browser(), w.browser(), w.browser()
	rosa.signIn("rosa")
	lena.signIn("lena")
	page := "/m/" + string(w.cafe.ID) + "/links"
	rosa.wants(rosa.submit(rosa.get(page), page, "title", "", "amount", "x"), http.StatusBadRequest, "Amount")
	rosa.wants(rosa.submit(rosa.get(page), page, "title", "Yoga", "amount", "15,00", "uses", "0"), http.StatusUnprocessableEntity, "e-uses")
	rosa.wants(rosa.submit(rosa.get(page), page, "title", "Yoga <b>", "amount", "15,00", "uses", "1", "days", "7"), http.StatusOK,
		"Yoga &lt;b&gt;", "€15.00", "paid 0 of 1 times")
	list, _, err := w.Payments.PayLinks(t.Context(), payment.Caller{Shop: w.cafe.ID}, "", 10)
	w.must(err)
	link := "/l/" + string(list[0].ID)
	nobody.wants(nobody.get(link+"?amount=1"), http.StatusOK, "Rosa&#39;s Café", "€15.00")
	nobody.wants(nobody.submit(nobody.get(link), link, "amount", "0.01"), http.StatusOK, "€15.00", "Password")
	nobody.wants(nobody.get(link[:len(link)-1]+"z"), http.StatusNotFound)
	open := lena.submit(lena.get(link), link)
	lena.wants(open, http.StatusOK, "Pay €15.00", "Yoga &lt;b&gt;")
	lena.wants(lena.submit(open, open.path), http.StatusOK, "Paid")
	lena.wants(lena.get(link), http.StatusOK, "any more")
	rosa.wants(rosa.get(page), http.StatusOK, "paid 1 of 1 times", "Used up")
	lena.wants(lena.get(page), http.StatusNotFound)
	rosa.wants(rosa.submit(rosa.get(page), page, "title", "Donate"), http.StatusOK, "open amount, EUR")
	list, _, err = w.Payments.PayLinks(t.Context(), payment.Caller{Shop: w.cafe.ID}, "", 10)
	w.must(err)
	link = "/l/" + string(list[0].ID)
	lena.wants(lena.submit(lena.get(link), link, "amount", "-3"), http.StatusBadRequest, "e-amount")
	lena.wants(lena.submit(lena.get(link), link, "amount", "3,50"), http.StatusOK, "Pay €3.50")
	rosa.wants(rosa.submit(rosa.get(page), page+"/"+string(list[0].ID), "do", "disable"), http.StatusOK, "Closed", "Open again")
	lena.wants(lena.get(link), http.StatusOK, "any more")
}
