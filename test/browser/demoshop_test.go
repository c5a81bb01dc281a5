package browser

import (
	"testing"

	"billfold/base/lang"
)

// TestDemoShop buys at the sandbox's web shop as its customers do, without scripts: from the front door to the shelf, to the hosted
// checkout, back by its link, and the money back. The shop's and the wallet's pages agree at each step.
func TestDemoShop(t *testing.T) {
	t.Parallel()
	at := open(t)
	v := Start(t).Visit(t, at.URL, Look{Lang: lang.EN, NoScript: true})
	v.Go("/")
	v.Press(v.Say("demoshop.try"))
	v.At("/demo-shop")
	v.See(v.Say("demoshop.good.beans"), "€17.90")
	v.Check()
	v.Press(v.Say("demoshop.buy"))
	v.See(v.Say("demoshop.empty"))
	v.Pick("beans", "2")
	v.Pick("mug", "1")
	v.Press(v.Say("demoshop.buy"))
	v.At("/c/chk_")
	v.See("€49.80", v.Say("demoshop.good.beans"), v.Say("checkout.signin"))
	enter(v, holders[lang.EN])
	v.See(v.Say("confirm.title"))
	v.Click("#approve button")
	v.See(v.Say("checkout.paid"))
	v.Press(v.Say("checkout.return", "Café Linden"))
	v.At("/demo-shop/orders/chk_")
	v.See(v.Say("demoshop.is.paid"), "€49.80")
	v.Check()
	v.Press(v.Say("demoshop.refund"))
	v.See(v.Say("demoshop.is.refunded"))
	v.Check()
	v.Go("/activity")
	v.See("49.80", v.Say("kind.refund"))
}
