package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"billfold/base/lang"
	"billfold/client"
	"billfold/core/rail"
	"billfold/test/harness"
)

// A form on the way of a money flow: what is typed, by the names of its fields, what is pressed, and what is true once that is done.
type form struct {
	fill  []string
	press string
	done  string // "" where another page follows
}

// A flow is one way to move money, or to be about to.
type flow struct {
	name, path string
	forms      []form
	made       int // how many payments and requests it makes
}

var (
	approve = form{press: "#approve button"}
	asked   = form{press: "button[value=ask]"}
)

const goes = "main form button.btn.wide:not([tabindex])"

func look(fill ...string) form {
	return form{fill, "button.btn[value=look]", "document.querySelector('button[value=ask]') !== null"}
}

// flows are what somebody does with money of their own.
var flows = []flow{
	{"send", "/send", []form{{[]string{"to", "@mira"}, "form[action='/send'] button", ""},
		{[]string{"amount", "1.10", "note", "Kettle"}, goes, ""}, approve}, 1},
	{"link", "/send/link", []form{{[]string{"amount", "1.20", "note", "Cake"}, goes, ""}, approve}, 1},
	{"request", "/request", []form{look("amount", "1.30", "note", "Taxi", "add", "@mira"), asked}, 1},
	{"split", "/split", []form{look("amount", "1.40", "note", "Soup", "add", "@mira"), asked}, 1},
	{"exchange", "/exchange", []form{{[]string{"amount", "1.50"}, goes, ""}, approve}, 1},
	{"card", "/topup", []form{{[]string{"amount", "1.60"}, goes, ""}}, 1},
	{"bank", "/topup", []form{{[]string{"amount", "1.70", "card", "bank_transfer"}, goes, ""}}, 1},
	{"withdrawal", "/withdraw", []form{{[]string{"amount", "1.80", "account", "", "iban", rail.TestAccounts[1].IBAN, "holder", "Lena"},
		goes, ""}, approve}, 1},
	{"pocket", "/pockets", []form{{[]string{"currency", "KWD"}, goes, `document.querySelector("a[href='/activity?cur=KWD']") !== null`}}, 0},
}

// TestNoAnswerCame walks every money flow with a network that goes away at each form: first before the form arrives, then with the answer
// to it. Each time the offline page says so; when the network is back the form stands there with what was typed, or the page that it
// leads to; it is sent again, and in the end it was done once.
func TestNoAnswerCame(t *testing.T) {
	t.Parallel()
	at, stop, err := serve(t.TempDir(), harness.Warnings(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("the site did not end well: %v", err)
		}
	})
	wire := at.between(t)
	v := Start(t).Visit(t, wire.URL, Look{Lang: lang.EN})
	v.pulled.Store(true)
	v.Go("/")
	enter(v, holders[lang.EN])
	v.awaitWorker()
	session := at.checkout(t, "190")
	pay := form{press: approve.press, done: "document.querySelector('#approve') === null"}
	for _, f := range append(flows, flow{"checkout", strings.TrimPrefix(session.URL, at.URL), []form{pay}, 1}) {
		before := at.made(t)
		v.Go(f.path)
		for _, one := range f.forms {
			wire.trouble(v, one)
		}
		if n := at.made(t) - before; n != f.made {
			t.Errorf("%s made %d payments and requests, want %d", f.name, n, f.made)
		}
	}
	wire.keepsLittle(v)
	wire.asksAgain(v)
}

// keepsLittle looks at what a window keeps of a form that is on its way: no secret, and nothing once there was an answer.
func (w *wire) keepsLittle(v *Visitor) {
	v.t.Helper()
	const kept = "String(sessionStorage.getItem('unsent'))"
	v.Go("/send/link")
	if amount, left := ask[string](v, "document.querySelector('[name=amount]').value"), ask[string](v, kept); amount != "" || left != "null" {
		v.t.Errorf("a new form has %q, and %s is kept", amount, left)
	}
	v.Fill("amount", "2.00")
	const secret = `<input type="password" name="pin" value="hush">`
	ask[bool](v, "document.querySelector('main form').insertAdjacentHTML('beforeend', "+quote(secret)+") ?? true")
	w.cut()
	v.unanswered(goes)
	if left := ask[string](v, kept); !strings.Contains(left, "2.00") || strings.Contains(left, "hush") || strings.Contains(left, "csrf") {
		v.t.Errorf("%s is kept", left)
	}
	w.mend()
}

// asksAgain looks at what hangs on a choice that stands in a form again: the rate is that of what was chosen.
func (w *wire) asksAgain(v *Visitor) {
	v.t.Helper()
	const rate = "document.getElementById('rate-now')?.innerText.includes('JPY')"
	v.Go("/exchange")
	v.Fill("amount", "2.00")
	v.Pick("to", "JPY")
	v.Until("the rate of what was chosen", rate)
	w.cut()
	v.unanswered(goes)
	w.mend()
	v.Press(v.Say("problem.again"))
	v.Until("the rate of what was chosen again", "document.querySelector('[name=to]')?.value === 'JPY' && "+rate)
}

// made counts the payer's payments, with those that they began and left, and what they asked others for.
func (s site) made(t *testing.T) (n int) {
	t.Helper()
	payer := client.Client{BaseURL: s.URL, Key: s.Keys.Payer}
	for cursor, more := "", true; more; {
		page, err := payer.Activity(t.Context(), client.PaymentFilter{Page: client.Page{Cursor: cursor, Limit: 100}})
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Data)
		cursor, more = page.NextCursor, page.NextCursor != ""
	}
	asked, err := payer.Requests(t.Context(), "out", client.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return n + len(asked.Data)
}

// trouble sends a form until its answer comes: first it does not arrive, then it arrives and its answer is lost.
func (w *wire) trouble(v *Visitor, one form) {
	v.t.Helper()
	for i := 0; i < len(one.fill); i += 2 {
		v.set(one.fill[i], one.fill[i+1])
	}
	const typed = `JSON.stringify([...document.querySelectorAll('main form[method=post] :is(input, select, textarea)')].
		filter(e => e.type !== 'hidden' && (/radio|checkbox/.test(e.type) ? e.checked : e.value)).map(e => [e.name, e.value]))`
	again := typed + " === " + quote(ask[string](v, typed)) + " && document.querySelector(" + quote(one.press) + ") !== null"
	done := one.done
	if done == "" {
		done = "location.pathname + location.search !== " + quote(v.Path())
	}
	w.cut()
	v.unanswered(one.press)
	w.mend()
	v.Press(v.Say("problem.again"))
	v.Until("the form with what was typed", again)
	if one.done == "" && one.press != asked.press { // else what was typed has been looked at once more, which is an answer
		v.See(v.Say("offline.unsent"))
	}

	lost := w.lose()
	v.unanswered(one.press)
	select {
	case <-lost:
	case <-v.ctx.Done():
		v.t.Fatal("no answer was lost")
	}
	w.mend()
	v.Press(v.Say("problem.again"))
	v.Until("the form with what was typed, or what follows", "document.querySelector('[data-unanswered]') === null && ("+again+" || "+done+")")
	if !ask[bool](v, done) {
		v.Click(one.press)
		v.Until("what follows", done)
	}
}

// unanswered sends a form that nobody answers.
func (v *Visitor) unanswered(press string) {
	v.t.Helper()
	v.Click(press)
	v.See(v.Say("offline.title"), v.Say("offline.sent"))
}

// set types into a field, or chooses, whatever it is.
func (v *Visitor) set(name, value string) {
	v.t.Helper()
	switch field := "main [name='" + name + "']:not([type=hidden])"; ask[string](v, "document.querySelector("+quote(field)+").type") {
	case "radio":
		v.do("choose "+value, chromedp.Evaluate("document.querySelector("+quote(field+"[value='"+value+"']")+").click()", nil))
	case "select-one":
		v.Pick(name, value)
	default:
		v.Fill(name, value)
	}
}
