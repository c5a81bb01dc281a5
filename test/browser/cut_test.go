package browser

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"billfold/base/lang"
	"billfold/client"
)

// pull takes the network from a visitor, or gives it back. What the service worker asks for does not pass here, so it stands aside.
func (v *Visitor) pull(out bool) {
	v.t.Helper()
	v.pulled.Store(true)
	v.do("pull the network", network.Enable(), network.SetBypassServiceWorker(true), network.EmulateNetworkConditions(out, 0, -1, -1))
}

// loseAnswer lets the next form reach the server, and loses what it says.
func (v *Visitor) loseAnswer() (lost <-chan struct{}) {
	v.t.Helper()
	done := make(chan struct{})
	ctx, stop := context.WithCancel(v.ctx)
	chromedp.ListenTarget(ctx, func(event any) {
		e, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		go func() {
			if e.Request.Method != "POST" {
				_ = chromedp.Run(v.ctx, fetch.ContinueRequest(e.RequestID)) // the page may be gone
				return
			}
			stop()
			_ = chromedp.Run(v.ctx, fetch.FailRequest(e.RequestID, network.ErrorReasonConnectionReset), fetch.Disable())
			close(done)
		}()
	})
	answers := []*fetch.RequestPattern{{URLPattern: "*", RequestStage: fetch.RequestStageResponse}}
	v.do("listen for the answer", fetch.Enable().WithPatterns(answers))
	return done
}

// left is how many cents the payer of these walks has.
func (s site) left(t *testing.T) int {
	t.Helper()
	payer := client.Client{BaseURL: s.URL, Key: s.Keys.Payer}
	b, err := payer.Balance(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range b.Balances {
		if line.Available.Currency == "EUR" {
			cents, err := strconv.Atoi(line.Available.Amount)
			if err != nil {
				t.Fatal(err)
			}
			return cents
		}
	}
	t.Fatal("the payer has no euros")
	return 0
}

// TestNetworkPulled takes the network from one side at a time, in the middle of a sale at the till and of a checkout. Whoever is cut off is
// told so, and not that it is paid or unpaid; when the network is back both screens say what is true, and it was paid once.
func TestNetworkPulled(t *testing.T) {
	at := open(t)
	shop, err := at.app.Shops.ByHandle(t.Context(), "cafe_linden")
	if err != nil {
		t.Fatal(err)
	}
	b := Start(t)
	lena := b.Visit(t, at.URL, Look{Lang: lang.EN})
	lena.Go("/")
	enter(lena, holders[lang.EN])

	// The till's phone, while its code is paid.
	till := b.Visit(t, at.URL, Look{Lang: lang.ZH, Dark: true})
	sale := openTill(t, till, at, shop.ID, "4.20")
	at.pays(t, 420, func() {
		lena.Go("/c/" + sale)
		lena.See("Pay €4.20")
		till.pull(true)
		till.See(till.Say("offline.now"), till.Say("offline.sale"))
		till.Check()
		lena.Click("#approve button")
		lena.See(lena.Say("checkout.paid"))
		if text := till.Text(); strings.Contains(text, till.Say("checkout.paid")) {
			t.Errorf("without a network the till says\n%s", text)
		}
		till.pull(false)
		till.See(till.Say("checkout.paid"), "Lena H.")
		till.Until("the till without a warning", "document.getElementById('offline').hidden")
	})

	pulledPayer(t, at, lena)
	pulledDesk(t, at, b, lena, "/m/"+string(shop.ID))
}

// pulledPayer takes the network from her phone on the shop's checkout: before she agrees, and after, when the answer is lost.
func pulledPayer(t *testing.T, at site, lena *Visitor) {
	t.Helper()
	session := at.checkout(t, "320")
	at.pays(t, 320, func() {
		lena.Go(session.URL)
		lena.See("Pay €3.20")
		lena.pull(true)
		lena.See(lena.Say("offline.now"), lena.Say("offline.checkout"))
		lena.Check()
		if found, err := at.shop().CheckoutSession(t.Context(), session.ID); err != nil || found.State != "open" {
			t.Errorf("the shop reads %s, %v", found.State, err)
		}
		lena.pull(false)
		lena.Until("the sheet without a warning", "document.getElementById('offline').hidden")
		lost := lena.loseAnswer()
		lena.do("agree", chromedp.Evaluate("document.querySelector('#approve button').click()", nil))
		select {
		case <-lost:
		case <-t.Context().Done():
			t.Fatal("no answer was lost")
		}
		lena.Go(session.URL)
		lena.See(lena.Say("checkout.paid"), "€3.20")
		if found, err := at.shop().CheckoutSession(t.Context(), session.ID); err != nil || found.State != "complete" ||
			found.Payment.Captured.Amount != "320" {
			t.Errorf("the shop reads %s, %s, %v", found.State, found.Payment.Captured.Amount, err)
		}
	})
}

// pulledDesk takes it from the shop's desk, which looks at its payments while she pays.
func pulledDesk(t *testing.T, at site, b *Browser, lena *Visitor, desk string) {
	t.Helper()
	mira := b.Visit(t, at.URL, Look{Lang: lang.EN, Desktop: true})
	mira.Go("/")
	enter(mira, "Mira Linden")
	mira.Go(desk)
	session := at.checkout(t, "285")
	at.pays(t, 285, func() {
		mira.pull(true)
		mira.See(mira.Say("offline.now"))
		lena.Go(session.URL)
		lena.Click("#approve button")
		lena.See(lena.Say("checkout.paid"))
		mira.pull(false)
		mira.Until("her page without a warning", "document.getElementById('offline').hidden")
		mira.Go(desk)
		mira.See("€2.85")
	})
}

// pays is a walk that costs the payer so many cents, once.
func (s site) pays(t *testing.T, cents int, walk func()) {
	t.Helper()
	before := s.left(t)
	walk()
	if cost := before - s.left(t); cost != cents {
		t.Errorf("it cost %d cents, and not %d", cost, cents)
	}
}
