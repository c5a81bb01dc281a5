package browser

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"billfold/base/lang"
	"billfold/test/harness"
)

// TestBetweenPeople is money between people as they move it in a browser: Lena on a phone, 小明 at a desk without JavaScript. They
// send to people they never paid, Lena by a link that he takes, she divides a bill which he pays, and changes money. The pages on the
// way are checked by axe.
func TestBetweenPeople(t *testing.T) {
	t.Parallel()
	at := open(t)
	b := Start(t)
	lena := b.Visit(t, at.URL, Look{Lang: lang.EN})
	lena.Auditor()
	lena.Go("/")
	enter(lena, holders[lang.EN])
	ming := b.Visit(t, at.URL, Look{Lang: lang.ZH, Dark: true, Desktop: true, NoScript: true})
	ming.Go("/")
	enter(ming, holders[lang.ZH])

	send(lena, "@liqing", "*青")
	send(ming, "@mira", "Mira L.")
	sendByLink(lena, ming)
	divide(lena, ming, "@xiaoming", "*小明", "Lena H.")
	divide(ming, lena, "@lena", "Lena H.", "*小明")
	exchange(lena)
	exchange(ming)
}

// send pays somebody for the first time: the masked name and a warning stand on the page before an amount is typed. However often it
// is pressed, from how many tabs, and after going back, it is one payment.
func send(v *Visitor, to, masked string) {
	v.t.Helper()
	note := "Kettle of " + string(v.Look.Lang)
	v.Go("/send")
	v.Check()
	v.Fill("to", to)
	v.Press(v.Say("send.find"))
	v.At("/send/usr_")
	v.See(masked, to, v.Say("send.new"))
	v.Check()
	v.Fill("amount", "3.40")
	v.Fill("note", note)
	v.Press(v.Say("send.check"))
	v.At("/confirm/pay_")
	v.See(masked, "3.40", "0.00", note, v.Say("confirm.new.person"))
	v.Check()
	confirm := v.Path()
	if !v.Look.NoScript {
		// Other tabs send the same form while this one does.
		ask[bool](v, `(() => { const form = document.querySelector('form.decision'); for (let i = 0; i < 4; i++)
			fetch(form.action, {method: 'POST', body: new URLSearchParams(new FormData(form))}); return true })()`)
	}
	v.Click("#approve button")
	v.At("/activity/pay_")
	v.See(v.Say("state.completed"), masked)
	v.Check()
	paid := v.Path()
	v.back()
	if v.Look.NoScript {
		v.Until("the payment or its confirmation", "location.pathname === "+quote(paid)+" || location.pathname.startsWith('/confirm/')")
		if ask[bool](v, "!!document.querySelector('#approve button')") { // the browser kept the page as it was
			v.Click("#approve button")
		}
	} // else a page that the browser kept looks again by itself
	v.At(paid)
	v.Go(confirm) // as a bookmark, or the tab of yesterday
	v.See(v.Say("state.completed"))
	v.Go("/activity?q=" + url.QueryEscape(note))
	if n := ask[int](v, "document.querySelectorAll('main .feed a[href^=\"/activity/pay_\"]').length"); n != 1 {
		v.t.Errorf("%s: %d payments %q after pressing again and again, want 1", v.Look, n, note)
	}
}

// back presses the browser's button. It does not wait for a page to load: a page that the browser kept does not load again.
func (v *Visitor) back() {
	v.t.Helper()
	v.do("go back", chromedp.ActionFunc(func(ctx context.Context) error {
		at, entries, err := page.GetNavigationHistory().Do(ctx)
		if err != nil {
			return err
		}
		return page.NavigateToHistoryEntry(entries[at-1].ID).Do(ctx)
	}))
}

func sendByLink(lena, ming *Visitor) {
	lena.t.Helper()
	lena.Go("/send/link")
	lena.Fill("amount", "5.00")
	lena.Press(lena.Say("send.check"))
	lena.At("/confirm/pay_")
	lena.See(lena.Say("confirm.link"))
	lena.Click("#approve button")
	lena.At("/activity/pay_")
	lena.See(lena.Say("link.yours"))
	lena.Check()
	mine := lena.Path()
	link := strings.TrimPrefix(ask[string](lena, "document.getElementById('gift-link').textContent"), lena.base)
	ming.Go(link)
	ming.See("Lena H.", "5.00")
	ming.Check()
	ming.Click("#take")
	ming.At("/activity/pay_")
	ming.See("Lena H.", ming.Say("state.completed"))
	lena.Go(mine)
	lena.See(lena.Say("step.claim"))
}

// divide has one divide a bill, remind the other, and the other pay.
func divide(from, other *Visitor, handle, masked, by string) {
	from.t.Helper()
	from.Go("/split")
	from.Fill("amount", "20.00")
	from.Fill("note", "Taxi")
	from.Fill("add", handle)
	from.Click("button.btn[value=look]")
	from.See(masked, "10.00", from.Say("split.go"))
	from.Check()
	from.Press(from.Say("split.go"))
	from.At("/r/req_")
	from.See(from.Say("ask.who"), from.Say("share.open"))
	from.Check()
	request := from.Path()
	from.Press(from.Say("ask.remind"))
	from.See(from.Say("ask.reminded.done"))
	other.Go(request)
	other.See("Taxi", by)
	other.Check()
	other.Click("a.btn[href^='/confirm/']")
	other.At("/confirm/pay_")
	other.Click("#approve button")
	other.At("/activity/pay_")
	from.Go(request)
	from.See(from.Say("share.paid"))
	from.Go("/requests")
	from.See(masked, "20.00")
	from.Check()
}

// exchange looks at the seconds that the rate still holds, and takes it.
func exchange(v *Visitor) {
	v.t.Helper()
	v.Go("/exchange")
	v.Fill("amount", "5.00")
	v.Press(v.Say("exchange.go"))
	v.At("/confirm/pay_")
	v.See(v.Say("exchange.holds"), v.Say("exchange.mid"), v.Say("exchange.ours"))
	if !v.Look.NoScript {
		v.Until("a countdown", `/^[01]:[0-5]\d$/.test(document.querySelector('time[data-until]').textContent)`)
	}
	v.Check()
	v.Click("#approve button")
	v.At("/activity/pay_")
	v.See(v.Say("state.completed"))
}

// TestOffline installs the service worker, takes the network away and then the server: an open page says of which moment its figures
// are, and a page that is opened says that there is none, and shows no balance of before.
func TestOffline(t *testing.T) {
	t.Parallel()
	at, stop, err := serve(t.TempDir(), harness.Warnings(t))
	if err != nil {
		t.Fatal(err)
	}
	running := true
	t.Cleanup(func() {
		if running {
			_ = stop() // the test has failed already
		}
	})
	balances := map[*Visitor]string{}
	for _, look := range []Look{{Lang: lang.EN}, {Lang: lang.ZH, Dark: true}} {
		v := Start(t).Visit(t, at.URL, look)
		balances[v] = install(v)
	}
	running = false
	if err := stop(); err != nil {
		t.Errorf("the site did not end well: %v", err)
	}
	for v, balance := range balances {
		v.Click("main button[name=hide], form[action='/theme'] button") // a form that nobody takes leads back to where it was sent from
		v.See(v.Say("offline.title"), v.Say("offline.sent"))
		v.At("/home")
		v.Go("/home")
		v.See(v.Say("offline.title"))
		v.Check()
		if text := v.Text(); balance == "" || strings.Contains(text, balance) || strings.ContainsAny(text, "€¥") {
			t.Errorf("%s: with a balance of %s before, offline shows %q", v.Look, balance, text)
		}
	}
}

// installable asks the browser whether it would put the page on the home screen, and what it read in the manifest for that.
func (v *Visitor) installable() {
	v.t.Helper()
	v.do("read the manifest", chromedp.ActionFunc(func(ctx context.Context) error {
		_, faults, _, m, err := page.GetAppManifest().Do(ctx)
		if err != nil {
			return err
		}
		sizes := map[string]bool{}
		for _, icon := range m.Icons {
			sizes[icon.Sizes] = true
		}
		if len(faults) > 0 || m.Name == "" || m.Display != "kStandalone" && m.Display != "standalone" ||
			!strings.HasSuffix(m.StartURL, "/home") || !sizes["192x192"] || !sizes["512x512"] {
			v.t.Errorf("%s: the manifest reads %+v, faults %v", v.Look, m, faults)
		}
		against, err := page.GetInstallabilityErrors().Do(ctx)
		if err != nil {
			return err
		}
		for _, one := range against {
			if one.ErrorID != "in-incognito" { // as is every visitor, who has a profile of their own
				v.t.Errorf("%s: not installable: %s %v", v.Look, one.ErrorID, one.ErrorArguments)
			}
		}
		return nil
	}))
}

// awaitWorker waits until the worker keeps the offline page in the reader's language.
func (v *Visitor) awaitWorker() {
	v.t.Helper()
	v.do("wait for the worker", chromedp.Evaluate(`navigator.serviceWorker.ready.then(async () => {
		for (;;) {
			const kept = await caches.match('/offline');
			if (kept && kept.headers.get('Content-Language') === document.documentElement.lang) return;
			await new Promise(done => setTimeout(done, 50));
		}
	})`, nil, awaited))
}

// install waits for the worker, loses the network for a moment, and returns the balance that was on the page.
func install(v *Visitor) (balance string) {
	v.t.Helper()
	v.Go("/")
	enter(v, holders[v.Look.Lang])
	v.At("/home")
	balance = ask[string](v, "document.querySelector('.fold .big').innerText")
	v.awaitWorker()
	v.installable()
	offline := func(off bool) chromedp.Action { return network.EmulateNetworkConditions(off, 0, -1, -1) }
	v.do("lose the network", offline(true))
	v.See(v.Say("offline.now"))
	v.Check()
	v.do("find the network", offline(false))
	v.Until("the page without a warning", "document.getElementById('offline').hidden")
	backOverForms(v)
	return balance
}

// backOverForms sends a form that comes back, twice, and goes back: the browser has kept neither answer, and nobody is told that there is
// no network.
func backOverForms(v *Visitor) {
	v.t.Helper()
	v.Go("/send")
	for _, handle := range []string{"nobody_at_all", "nobody_else"} {
		v.Fill("to", handle)
		v.do("mark the page", chromedp.Evaluate("window.stale = true", nil))
		v.Press(v.Say("send.find"))
		v.Until("the form again", "!window.stale && document.querySelector('[aria-invalid]') !== null")
	}
	v.do("go back", chromedp.Evaluate("window.stale = true; history.back()", nil))
	v.Until("another page", "!window.stale && document.readyState === 'complete' && document.querySelector('h1') !== null")
	if text := v.Text(); strings.Contains(text, v.Say("offline.title")) || v.Path() != "/send" {
		v.t.Errorf("%s: back over a form is %s\n%s", v.Look, v.Path(), text)
	}
	v.Go("/home")
}
