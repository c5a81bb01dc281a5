package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/core/audit"
	"billfold/core/identity/ecml"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/edge/web/manual"
	"billfold/edge/web/text"
	"billfold/product/insight"
)

var literalKey = regexp.MustCompile(`"([a-z]+(?:\.[a-zA-Z_-]+)+)"`)

// sources are the files that ask for words.
func sources(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*.go", "ui/*.go", "ui/*.templ", "../demoshop/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found[name] = string(src)
		}
	}
	return found
}

// builtCheckout are those of the checkout and of payment links.
func builtCheckout(keys map[string]bool) {
	for _, state := range []string{"active", "disabled", "expired", "used"} {
		keys["links.is."+state] = true
	}
	for _, set := range contactSets {
		keys["handover.ask."+set.name] = true
	}
	for _, to := range ecml.Destinations {
		keys["handover.for."+to] = true
	}
	for _, code := range []string{"EUR", "USD", "CNY", "JPY", "GBP", "CHF", "HKD", "SGD", "SEK", "KWD", "BHD", "KRW", "INR", "TND", "CAD",
		"AUD", "NOK", "DKK", "PLN", "CZK", "NZD", "THB", "BRL", "MXN", "ZAR"} {
		keys["currency."+code] = true // of any other the code stands there
	}
	keys["exchange.source.sandbox"] = true
	for _, scope := range []string{"checkout_read", "checkout_write", "events_read", "exchange_read", "payments_read", "payments_write",
		"purses_read", "purses_write", "refunds_write", "reports_read", "sandbox_read", "sandbox_write", "wallet_read"} {
		keys["scope."+scope] = true
	}
	for _, part := range ecml.Parts {
		keys["handover."+string(part)] = true
	}
	for _, way := range []string{"wallet", "phone", "card"} {
		keys["checkout.way."+way] = true
	}
}

func builtWaits(keys map[string]bool) {
	for _, s := range []string{payment.StepAuthenticate, payment.StepAuthorize, payment.StepSettle, stepUntaken} {
		keys["stepwaits."+s] = true
	}
	keys["step."+stepUntaken], keys["mark.wait"] = true, true
}

// built are the keys that pages put together from codes: each state, kind, step and refusal has its words.
func built() map[string]bool {
	keys := map[string]bool{}
	builtCheckout(keys)
	for _, s := range payment.States {
		keys["state."+string(s)] = true
		for _, side := range []string{"payer", "payee"} {
			for _, family := range []string{"where.", "next."} {
				keys[family+string(s)+"."+side] = true
			}
		}
	}
	for _, k := range []payment.Kind{payment.Purchase, payment.Transfer, payment.TopUp, payment.Withdrawal, payment.Refund, payment.Exchange} {
		keys["kind."+string(k)] = true
	}
	for _, s := range []string{payment.StepAuthenticate, payment.StepRequest, payment.StepAuthorize, payment.StepConfirmPayer,
		payment.StepConfirmPayee, payment.StepCapture, payment.StepVoid, payment.StepExpire, payment.StepRefund, payment.StepSettle,
		payment.StepFail, payment.StepReview, payment.StepSent, payment.StepReturn, payment.StepChargeback, payment.StepRelease,
		payment.StepClaim, payment.StepDecline, payment.StepRemind, payment.StepExtend, payment.StepCharge} {
		keys["step."+s], keys["stepsays."+s] = true, true
	}
	builtWaits(keys)
	for _, key := range []string{"mark.now", "mark.next", "mark.bad", "moved.no", "moved.yes", "moved.unknown", "headline.payer",
		"headline.payee",
		"total.payer", "total.payee", "limit.non_negative", "limit.non_positive", "limit.unlimited", "phase.pending", "phase.post", "phase.void",
		"phase.expire", "why.card_declined", "why.card_insufficient_funds", "why.declined", "why.rail_mismatch", "why.card_disputed",
		"why.bank_account_unknown", "why.bank_account_closed", "pay.card", "pay.bank",
		"arrival.reference_unknown", "arrival.other_currency", "arrival.payment_not_waiting", "arrival.other_merchant",
		"why.rail_settled_after_decline", "why.request_declined", "grade.ok", "grade.warn", "grade.fail",
		"case.open", "case.answered", "case.closed"} {
		keys[key] = true
	}
	for _, a := range audit.Actions {
		keys["action."+string(a)] = true
	}
	for _, state := range []merchant.State{merchant.Pending, merchant.Active, merchant.Frozen, merchant.Refused} {
		keys["shopstate."+string(state)] = true
	}
	for _, k := range notice.Kinds {
		keys["notices."+string(k)], keys["notices.says."+string(k)] = true, true
	}
	for _, c := range notice.Channels {
		keys["notices.by."+string(c)] = true
	}
	for _, c := range insight.Categories {
		keys["category."+string(c)] = true
	}
	for _, a := range rail.TestAccounts {
		keys["account."+a.Behaviour] = true
	}
	for _, state := range []merchant.State{merchant.Pending, merchant.Refused, merchant.Frozen} {
		keys["shop.is."+string(state)] = true
	}
	for _, state := range []merchant.State{merchant.Pending, merchant.Refused, merchant.Frozen, merchant.Active} {
		keys["shopsays."+string(state)] = true
		for _, to := range state.Next() {
			keys["shopmake."+string(state)+"."+string(to)] = true
		}
	}
	for _, state := range []string{"open", "paid", "declined", "canceled", "expired", "closed"} {
		keys["share."+state] = true
	}
	for _, state := range []string{"declined", "canceled", "expired"} {
		keys["sharesays."+state] = true
	}
	for _, mode := range []payment.SplitMode{payment.Even, payment.ByShare, payment.ByAmount} {
		keys["mode."+string(mode)], keys["modesays."+string(mode)] = true, true
	}
	keys["kind.link"] = true
	for _, grade := range []string{"ok", "warn", "fail"} {
		keys["grade."+grade] = true
	}
	forDevelopers(keys)
	forTheDemoShop(keys)
	for _, c := range cards {
		keys["card."+c.Behaviour] = true
	}
	return keys
}

// forTheDemoShop are the words of its goods and of how an order stands.
func forTheDemoShop(keys map[string]bool) {
	for _, name := range []string{"good.beans", "good.mug", "good.filter", "good.gift", "is.open", "is.paid", "is.waiting", "is.unpaid",
		"is.refunded", "is.partly"} {
		keys["demoshop."+name], keys["demoshop."+name+".says"] = true, true
	}
}

// forDevelopers are the words of /docs.
func forDevelopers(keys map[string]bool) {
	for _, page := range manual.Names {
		keys["docs.place."+page] = true
	}
	for _, moved := range []string{"no", "yes", "unknown"} {
		keys["docs.moved."+moved] = true
	}
}

// Every key that a page asks for exists, and every key in the catalogues is asked for.
func TestWordsAreThereAndUsed(t *testing.T) {
	used := built()
	for key := range used {
		if !text.Has(key) {
			t.Errorf("no words for %s", key)
		}
	}
	for name, src := range sources(t) {
		for _, m := range literalKey.FindAllStringSubmatch(src, -1) {
			if text.Has(m[1]) {
				used[m[1]], used[m[1]+".says"] = true, true
			}
		}
		for _, m := range regexp.MustCompile(`(?:T\(ctx, |\.say\(|flash\(w, "[a-z]+", )"([^"]+)"[,)]`).FindAllStringSubmatch(src, -1) {
			if !text.Has(m[1]) {
				t.Errorf("%s asks for %s, which has no words", name, m[1])
			}
		}
	}
	refusals := map[string]bool{}
	for _, f := range fault.All() {
		refusals["says."+f.Code] = true
	}
	for _, key := range text.Keys(lang.EN) {
		special := strings.Split(key, ".")
		fits := len(special) == 4 && used[special[0]+"."+special[2]+"."+special[3]] &&
			(used["kind."+special[1]] || special[1] == "transferred") // a top-up that a bank sends
		if !used[key] && !refusals[key] && !fits {
			t.Errorf("nobody asks for %s", key)
		}
	}
}

// Each token of the sandbox's acquirer has a card to press.
func TestCardsAreTheRails(t *testing.T) {
	if len(cards) != len(rail.Tokens) {
		t.Fatalf("%d cards for %d tokens", len(cards), len(rail.Tokens))
	}
	for i, token := range rail.Tokens {
		if cards[i].Token != token {
			t.Errorf("card %d is %s, want %s", i, cards[i].Token, token)
		}
	}
}

func TestLocal(t *testing.T) {
	for to, want := range map[string]string{"/home": "/home", "/c/chk_1?x=y#z": "/c/chk_1?x=y#z", "//evil.example": "/",
		"/\\evil.example":      "/",
		"https://evil.example": "/", "javascript:alert(1)": "/", "": "/", "home": "/", "/\t/evil.example": "/", "/%2f/evil": "/%2f/evil",
		"/a\nb": "/", "/" + strings.Repeat("a", 3000): "/"} {
		if got := local(to, "/"); got != want {
			t.Errorf("%q leads to %q, want %q", to, got, want)
		}
	}
}

func TestDevice(t *testing.T) {
	for agent, want := range map[string][2]string{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1": {"Safari", "iPhone"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0":                 {"Edge", "Windows"},
		"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0":                         {"Firefox", "Linux"},
		"": {"", ""},
	} {
		browser, system, _ := device(agent)
		if browser != want[0] || system != want[1] {
			t.Errorf("%s: %s on %s", agent, browser, system)
		}
	}
}
