package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"billfold/base/lang"
)

// TestKeysAlone sends money with the keyboard alone, at a desk: everything on the way is reached by the tab key, and shows that it is.
func TestKeysAlone(t *testing.T) {
	t.Parallel()
	at := open(t)
	v := Start(t).Visit(t, at.URL, Look{Lang: lang.EN, Desktop: true})
	v.Go("/")
	enter(v, holders[lang.EN])
	v.Go("/home")
	v.tabTo("the way past the navigation", `e.matches('a[href="#main"]')`)
	v.tabTo("sending", `e.matches('a[href="/send"]')`)
	v.keys(kb.Enter)
	v.At("/send")
	v.tabTo("whom", `e.name === "to"`)
	v.keys("@liqing")
	v.tabTo("finding them", `e.textContent.trim() === `+quote(v.Say("send.find")))
	v.keys(kb.Enter)
	v.At("/send/usr_")
	v.tabTo("how much", `e.name === "amount"`)
	v.keys("1.10")
	v.tabTo("what for", `e.name === "note"`)
	v.keys("By keys")
	v.tabTo("checking it", `e.textContent.trim() === `+quote(v.Say("send.check")))
	v.keys(kb.Enter)
	v.At("/confirm/pay_")
	v.See("*青", "1.10", "By keys")
	v.tabTo("saying yes", `e.matches('#approve button')`)
	v.keys(" ")
	v.At("/activity/pay_")
	v.See(v.Say("state.completed"))
}

// keys presses keys, or types what is in text.
func (v *Visitor) keys(text string) {
	v.t.Helper()
	v.do("press keys", chromedp.KeyEvent(text))
}

// tabTo presses the tab key until the element e that has the focus is the one that is meant, and wants to see that it has it.
func (v *Visitor) tabTo(what, is string) {
	v.t.Helper()
	for range 60 {
		v.keys(kb.Tab)
		if !ask[bool](v, `(e => !!e && e !== document.body && (`+is+`))(document.activeElement)`) {
			continue
		}
		if !ask[bool](v, `(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 1)(getComputedStyle(document.activeElement))`) {
			v.t.Errorf("%s has the focus and does not show it", what)
		}
		return
	}
	v.t.Fatalf("sixty steps do not lead to %s on %s", what, v.Path())
}
