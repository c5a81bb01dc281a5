package browser

import (
	"testing"

	"github.com/chromedp/chromedp"

	"billfold/base/lang"
)

// TestRenewalLeavesItsReaderAlone has the page of a transfer that is awaited look again while its reader writes a note and has unfolded
// the particulars: what is typed stays, what is unfolded stays unfolded, and once nothing is typed the page renews itself.
func TestRenewalLeavesItsReaderAlone(t *testing.T) {
	t.Parallel()
	at := open(t)
	v := Start(t).Visit(t, at.URL, Look{Lang: lang.EN})
	v.Go("/")
	enter(v, holders[lang.EN])
	v.Go("/activity?kind=topup&state=processing")
	v.Click("#rows a.tap")
	v.At("/activity/pay_")
	v.See(v.Say("stepwaits.settle"))
	look := func(script string) {
		v.t.Helper()
		v.do("look again", chromedp.Evaluate(script, nil))
	}
	v.Until("the page listens", "document.getElementById('payment').dataset.htmxPowered === 'true'")
	look(`window.asked = 0; window.kept = 0; window.drawn = document.getElementById('payment');
		addEventListener('htmx:before:request', e => { e.defaultPrevented ? kept++ : asked++ })`)
	look(`document.querySelector('#rest').open = document.querySelector('#own').open = true`)
	v.Fill("note", "half a sen")
	look(`document.body.dispatchEvent(new Event('news'))`)
	v.Until("a renewal that was put off", "kept > 0")
	v.Until("what was typed", "asked === 0 && document.querySelector('#f-note').value === 'half a sen'")
	look(`document.querySelector('#f-note').value = ''; document.activeElement.blur(); document.body.dispatchEvent(new Event('news'))`)
	v.Until("a page that renewed itself", "asked > 0 && !drawn.isConnected && document.getElementById('payment') !== null")
	v.Until("what was unfolded", "document.querySelector('#rest').open && document.querySelector('#own').open")
}

// overflow are the things on the page that stick out of the screen, where they are cut off, amounts that are torn into single digits, and
// words that break over lines (what is no word, such as an address, may).
const overflow = `(() => {
	document.documentElement.style.fontSize = '200%';
	const out = [], wide = document.documentElement.clientWidth;
	for (const e of document.querySelectorAll('main *')) {
		if (!e.checkVisibility() || e.closest('.slide, .scroll, .vh, table, pre, svg')) continue;
		const b = e.getBoundingClientRect();
		if (b.width && b.right > wide + 1) out.push(e.tagName + '.' + e.className + ' ends at ' + Math.round(b.right));
		if (e.matches('.m') && b.height > 4 * parseFloat(getComputedStyle(e).fontSize)) out.push('torn: ' + e.textContent);
	}
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
	for (let text; text = texts.nextNode();) {
		if (!text.parentElement.checkVisibility() || text.parentElement.closest('.vh, .skip, code, pre, option, script')) continue;
		for (const { 0: word, index } of text.data.matchAll(/(?<=^|\s)[A-Za-z]+(?=[.,:;?!]?(\s|$))/g)) {
			range.setStart(text, index);
			range.setEnd(text, index + word.length);
			if (new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1) out.push('broken: ' + word);
		}
	}
	return out;
})()`

// TestLargeText reads the wallet with letters twice as large, on the narrowest phone: nothing is cut off, and amounts stay readable.
func TestLargeText(t *testing.T) {
	t.Parallel()
	at := open(t)
	for _, tongue := range lang.All() {
		v := Start(t).Visit(t, at.URL, Look{Lang: tongue})
		v.Go("/")
		enter(v, holders[tongue])
		look := func() {
			v.t.Helper()
			v.Until("our letters", "document.fonts.status === 'loaded'")
			if out := ask[[]string](v, overflow); len(out) > 0 {
				t.Errorf("%s: %s: %q", tongue, v.Path(), out)
			}
		}
		for _, path := range []string{"/home", "/activity?min=1", "/send", "/topup", "/withdraw", "/exchange", "/pockets", "/insights", "/me"} {
			v.Go(path)
			look()
		}
		v.Go("/activity?kind=purchase")
		v.Click("#rows a.tap")
		v.At("/activity/pay_")
		look()
	}
}
