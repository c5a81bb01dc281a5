package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"billfold/core/payment"
	"billfold/edge/web/text"

	"billfold/base/lang"
)

// The main job, by links and forms alone, in each language: somebody opens a wallet, puts money in, pays a shop through its checkout,
// gets a refund and sees all of it, as does the shop.
func TestMainJob(t *testing.T) {
	for _, tag := range lang.All() {
		t.Run(string(tag), func(t *testing.T) {
			w := build(t, Options{Sandbox: true})
			say := func(key string, args ...any) string { return text.Say(tag, key, args...) }
			me := w.browser()
			me.lang = string(tag)

			k := w.checkout(1250, payment.Automatic)
			page := me.get("/c/" + string(k.ID))
			me.wants(page, http.StatusOK, "€12.50", "Rosa&#39;s Café", say("checkout.signin"), `<html lang="`+string(tag)+`"`)

			page = me.get("/signup?next=/c/" + string(k.ID))
			page = me.submit(page, "/signup", "name", "Maja Novak", "handle", "maja", "email", "maja@example.org", "password", password)
			me.wants(page, http.StatusOK, say("verify.code"))
			page = me.submit(page, "/signup/verify", "code", "000000x")
			me.wants(page, http.StatusUnprocessableEntity, say("verify.title"))
			w.mu.Lock()
			code := w.codes["maja@example.org"]
			w.mu.Unlock()
			page = me.submit(page, "/signup/verify", "code", code[:3]+" "+code[3:])
			me.wants(page, http.StatusOK, say("verify.welcome"), say("confirm.short"), "€0.00")

			up := regexp.MustCompile(`href="(/topup\?[^"]+)"`).FindStringSubmatch(page.html)
			if up == nil {
				t.Fatal("no way from the checkout to a top-up")
			}
			page = me.get(strings.ReplaceAll(up[1], "&amp;", "&"))
			me.wants(page, http.StatusOK, `value="12.50"`)
			moved := me.press(page, "/topup", "currency", "EUR", "amount", "20.00")
			if moved.status != http.StatusSeeOther || !strings.HasPrefix(moved.location, "/activity/pay_") {
				t.Fatalf("top-up: %d %s %s", moved.status, moved.location, plainText(moved.html))
			}
			me.wants(me.get(moved.location), http.StatusOK, `<noscript><meta http-equiv="refresh"`)
			page = me.until(moved.location, `data-final="`+say("state.completed")+`"`)
			me.wants(page, http.StatusOK, say("payment.continue"), "+€20.00", say("where.topup.completed.payee"), `href="/c/`+string(k.ID)+`"`)

			page = me.get("/c/" + string(k.ID))
			me.wants(page, http.StatusOK, say("confirm.go", "€12.50"), say("confirm.new"), "€7.50")
			page = me.submit(page, "/c/"+string(k.ID))
			me.wants(page, http.StatusOK, say("checkout.paid"))
			page = me.until("/c/"+string(k.ID), `id="receipt"`)
			me.wants(page, http.StatusOK, `href="https://cafe.example/thanks"`, say("checkout.return", "Rosa&#39;s Café &lt;i&gt;"))
			receipt := regexp.MustCompile(`rcp_[0-9a-z]+`).FindString(page.html)

			w.giveBack(me, k, receipt, tag)
		})
	}
}

// giveBack is the shop's half of the main job: its owner refunds a part, the customer sees it, and the operator finds it all in the books.
func (w *world) giveBack(me *browser, k payment.Checkout, receipt string, tag lang.Tag) {
	w.t.Helper()
	say := func(key string, args ...any) string { return text.Say(tag, key, args...) }
	rosa := w.browser()
	rosa.lang = string(tag)
	rosa.signIn("rosa")
	shop := "/m/" + string(w.cafe.ID)
	rosa.wants(rosa.get(shop), http.StatusOK, "+€12.50", "Maja N.")
	path := shop + "/payments/" + string(k.Payment.ID)
	page := rosa.get(path)
	rosa.wants(page, http.StatusOK, receipt, say("step.confirm_payee"), say("step.authorize"), say("where.completed.payee"))
	page = rosa.submit(page, path+"/refund", "refund", "12,51", "reason", "cold")
	rosa.wants(page, http.StatusUnprocessableEntity, "12.50", `value="cold"`)
	page = rosa.submit(page, path+"/refund", "refund", "2,50", "reason", "cold")
	rosa.wants(page, http.StatusOK, say("shop.refund.done"), say("state.partly_refunded"), `value="10.00"`)

	me.wants(me.get("/home"), http.StatusOK, "€10.00", "+€2.50", "−€12.50", say("state.partly_refunded"))
	me.wants(me.get("/activity?dir=in&kind=refund"), http.StatusOK, "+€2.50", "aria-current")
	me.wants(me.get("/activity?state=voided"), http.StatusOK, say("activity.none"))
	me.wants(me.get("/activity/"+string(k.Payment.ID)), http.StatusOK, receipt, say("where.partly_refunded.payer"),
		"Breakfast &lt;b&gt;for two", say("payment.refunds"), "+€2.50")
	rosa.wants(rosa.get(path), http.StatusOK, say("payment.refunds"), "−€2.50")

	olu := w.browser()
	olu.lang = string(tag)
	olu.signIn("olu")
	olu.wants(olu.get("/ops?reference="+string(k.Payment.ID)), http.StatusOK, "merchant/"+string(w.cafe.ID)+"/EUR", say("ops.sum.ok"))
}

// A shop that holds first: capture a part, the rest is free again; another one is voided.
func TestHoldCaptureVoid(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 5000)
	lena, rosa := w.browser(), w.browser()
	lena.signIn("lena")
	rosa.signIn("rosa")
	for _, act := range []string{"capture", "void"} {
		k := w.checkout(2000, payment.Manual)
		page := lena.get("/c/" + string(k.ID))
		lena.wants(page, http.StatusOK, "taken by the shop later")
		lena.wants(lena.submit(page, "/c/"+string(k.ID)), http.StatusOK, "Set aside", "€20.00")
		path := "/m/" + string(w.cafe.ID) + "/payments/" + string(k.Payment.ID)
		if act == "capture" {
			rosa.wants(rosa.submit(rosa.get(path), path+"/capture", "capture", "0"), http.StatusUnprocessableEntity, "e-capture")
			rosa.wants(rosa.submit(rosa.get(path), path+"/capture", "capture", "20.01"), http.StatusUnprocessableEntity, "e-capture")
			rosa.wants(rosa.submit(rosa.get(path), path+"/capture", "capture", "13.40"), http.StatusOK, "Captured. The payer is told.", "€13.40")
			lena.wants(lena.get("/home"), http.StatusOK, "€36.60", "−€13.40")
			continue
		}
		lena.wants(lena.get("/home"), http.StatusOK, "€16.60", "Set aside")
		rosa.wants(rosa.submit(rosa.get(path), path+"/void"), http.StatusOK, "Voided. The payer&#39;s money is free again.")
		lena.wants(lena.get("/activity/"+string(k.Payment.ID)), http.StatusOK, "In your wallet, free to spend.")
		lena.wants(lena.get("/c/"+string(k.ID)), http.StatusOK, "This checkout was cancelled")
	}
	if got := w.balanceOf(w.lena); got != 3660 {
		t.Errorf("Lena has %d", got)
	}
}

// A checkout whose time is over says so, and nothing can be paid on it any more.
func TestCheckoutExpires(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 5000)
	lena := w.browser()
	lena.signIn("lena")
	k := w.checkout(2000, payment.Automatic)
	page := lena.get("/c/" + string(k.ID))
	w.must(w.business.Advance(payment.DefaultExpiry))
	lena.wants(lena.submit(page, "/c/"+string(k.ID)), http.StatusOK, "This checkout has expired", "Nothing was taken")
	if got := w.balanceOf(w.lena); got != 5000 {
		t.Errorf("Lena has %d", got)
	}
	lena.wants(lena.get("/c/chk_00000000000000000000000000"), http.StatusNotFound, "No money moved.")
}

// A card that says no says why, and that nothing moved.
func TestDeclinedCard(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	lena := w.browser()
	lena.signIn("lena")
	moved := lena.press(lena.get("/topup"), "/topup", "amount", "30", "currency", "EUR", "card", "tok_9995")
	page := lena.until(moved.location, `data-final="Failed"`)
	lena.wants(page, http.StatusOK, "There was not enough money on the card.", "It was not charged", "Try another card")
}
