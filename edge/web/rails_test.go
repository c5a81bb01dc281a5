package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"billfold/base/lang"
	"billfold/base/money"
	"billfold/core/fx"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/edge/web/text"
)

// Money comes in by a transfer, is exchanged and leaves for a bank account, by links and forms alone, in each language; what has no
// known reference waits for an operator.
func TestInAcrossOut(t *testing.T) {
	for _, tag := range lang.All() {
		t.Run(string(tag), func(t *testing.T) {
			w := build(t, Options{Sandbox: true})
			say := func(key string, args ...any) string { return text.Say(tag, key, args...) }
			me := w.browser()
			me.lang = string(tag)
			me.signIn("lena")

			moved := me.press(me.get("/topup"), "/topup", "amount", "80.00", "currency", "EUR", "card", "bank_transfer")
			page := me.get(moved.location)
			me.wants(page, http.StatusOK, say("transfer.title"), "RF", "DE02", say("play.title"), say("transfer.code"), `<svg class="qr"`)
			play := "/dev/bank/" + strings.TrimPrefix(moved.location, "/activity/")
			me.wants(me.submit(page, play, "sent", "5.00", "purpose", "HAPPY BIRTHDAY"), http.StatusOK, say("play.sent"))
			me.wants(me.submit(page, play, "sent", "x"), http.StatusOK, say("play.bad"))
			me.wants(me.submit(page, play), http.StatusOK, say("play.sent"))
			me.wants(me.until(moved.location, `data-final="`+say("state.completed")+`"`), http.StatusOK, "+€80.00", say("pay.bank"))

			page = me.get("/exchange?from=EUR&to=KWD")
			me.wants(page, http.StatusOK, say("exchange.mid"), "1 EUR = 0.3612 KWD", say("exchange.ours"))
			me.wants(me.submit(page, "/exchange", "amount", "0.005", "currency", "EUR", "to", "KWD"), http.StatusUnprocessableEntity, "0.005")
			sheet := me.submit(page, "/exchange", "amount", "10.00", "currency", "EUR", "to", "KWD")
			me.wants(sheet, http.StatusOK, "€10.00", "€0.03", "€10.03", "3.602", say("exchange.holds"), say("exchange.pocket", "KWD"))
			w.must(w.real.Advance(fx.Life)) // the payer thinks it over for a minute
			sheet = me.submit(sheet, sheet.path)
			me.wants(sheet, http.StatusOK, say("exchange.renewed"), "€10.03", say("confirm.go.exchange", "€10.03"))
			me.wants(me.submit(sheet, sheet.path), http.StatusOK, say("state.completed"), "3.602", say("where.exchange.completed.payer"),
				say("next.exchange.completed.payer"))
			me.wants(me.get("/pockets"), http.StatusOK, "3.602", "€69.97")
			me.wants(me.get("/activity?kind=exchange"), http.StatusOK, "EUR → KWD", "−€10.00")
			me.wants(me.get("/statements/all.csv?currency=EUR"), http.StatusOK, ","+say("pay.bank")+",", ","+say("statement.pocket")+",")

			page = me.get("/withdraw?currency=EUR")
			me.wants(me.submit(page, "/withdraw", "amount", "20.00", "currency", "EUR", "iban", "DE00 1234", "holder", "Lena"),
				http.StatusUnprocessableEntity, say("says.bank_account"), `value="DE00 1234"`)
			sheet = me.submit(page, "/withdraw", "amount", "20.00", "currency", "EUR", "iban", rail.TestAccounts[0].IBAN, "holder", "Lena")
			me.wants(sheet, http.StatusOK, "DE ·· 3000", say("confirm.arrives.bank"), "€20.00")
			if strings.Contains(sheet.html, rail.TestAccounts[0].IBAN) {
				t.Error("the sheet shows the whole number")
			}
			page = me.submit(sheet, sheet.path)
			me.wants(page, http.StatusOK, say("where.withdrawal.processing.payer"))
			me.wants(me.until(page.path, `data-final="`+say("state.completed")+`"`), http.StatusOK, say("step.settle"), "−€20.00")
			if got := w.balanceOf(w.lena); got != 4997 {
				t.Errorf("she has %d", got)
			}

			olu := w.browser()
			olu.lang = string(tag)
			olu.signIn("olu")
			page = olu.until("/ops/rails", "HAPPYBIRTHDAY")
			olu.wants(page, http.StatusOK, say("arrival.reference_unknown"), "€5.00")
			form := "/ops/rails/arrivals/" + regexp.MustCompile(`arr_[0-9a-z]{26}`).FindString(page.html)
			olu.wants(olu.submit(page, form, "person", "nobody_here", "reason", "She called", "do", "assign"), http.StatusUnprocessableEntity)
			olu.wants(olu.submit(page, form, "person", "lena", "reason", "", "do", "assign"), http.StatusUnprocessableEntity,
				say("says.reason_required"))
			olu.wants(olu.submit(page, form, "person", "@lena", "reason", "She called", "do", "assign"), http.StatusOK, say("rails.done"),
				say("rails.suspense.none"))
			me.wants(me.get("/ops/rails"), http.StatusForbidden)

			w.lookAt(me, tag)
		})
	}
}

// lookAt is where the money went: the page counts a payment, takes a budget, remembers a category and cuts months where the person is.
func (w *world) lookAt(me *browser, tag lang.Tag) {
	w.t.Helper()
	say := func(key string, args ...any) string { return text.Say(tag, key, args...) }
	k := w.checkout(1250, payment.Automatic)
	me.submit(me.get("/c/"+string(k.ID)), "/c/"+string(k.ID))
	page := me.until("/insights", say("category.eating_out")+"</span>")
	me.wants(page, http.StatusOK, "€12.50", "<svg", "<table", "Rosa&#39;s Café")
	page = me.submit(page, "/insights/budget", "category", "eating_out", "budget", "15.00")
	me.wants(page, http.StatusOK, say("insights.budget.done"), "83 %", say("insights.of", "€15.00"))
	me.wants(me.submit(page, "/insights/budget", "category", "eating_out", "budget", "x"), http.StatusUnprocessableEntity)
	page = me.submit(page, "/insights/category", "category", "leisure")
	me.wants(page, http.StatusOK, say("insights.file.done"), say("category.leisure"))
	paid := me.get(regexp.MustCompile(`/activity/pay_[0-9a-z]+`).FindString(me.get("/activity?kind=purchase").html))
	me.wants(paid, http.StatusOK, `value="leisure" selected`)
	me.wants(me.submit(paid, "/insights/category", "category", "travel"), http.StatusOK, say("payment.steps"),
		say("insights.file.done"), `value="travel" selected`)
	for _, place := range []string{"/requests", "/pockets", "/insights"} { // a phone has no rail: one's own page lists these
		if strings.Count(me.get("/me").html, `href="`+place+`"`) != 2 {
			w.t.Errorf("a phone does not find %s", place)
		}
	}
	held := w.checkout(700, payment.Manual)
	me.submit(me.get("/c/"+string(held.ID)), "/c/"+string(held.ID))
	me.wants(me.get("/insights"), http.StatusOK, say("insights.upcoming"), "€7.00")
	me.wants(me.submit(page, "/insights/zone", "zone", "Mars/Base"), http.StatusUnprocessableEntity)
	me.wants(me.submit(page, "/insights/zone", "zone", "Asia/Shanghai"), http.StatusOK, say("insights.zone.says", "Asia/Shanghai"))
}

// A banking app fills in the transfer by one look: the lines of EPC069-12, in euros only.
func TestTransferCode(t *testing.T) {
	m := payment.Remittance{Reference: "RF18539007547034",
		Details: rail.Details{Holder: "Billfold", IBAN: "DE02120300000000202051", BIC: "BYLADEM1001"}}
	const want = "BCD\n002\n1\nSCT\nBYLADEM1001\nBillfold\nDE02120300000000202051\nEUR48.50\n\nRF18539007547034"
	if got := transferCode(m, eur.Of(4850)); got != want {
		t.Errorf("%q", got)
	}
	dollars, _ := money.Lookup("USD")
	if got := transferCode(m, dollars.Of(4850)); got != "" {
		t.Errorf("a code for dollars: %q", got)
	}
}
