package browser

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/chromedp/chromedp"
)

// Two of axe's rules cost more than all others together, and hundreds of pages in many looks are written in the same few dozen ways: the
// same colours on the same ground at the same size. So axe is asked for contrast once for each way to write, in each light, whoever
// meets it first, and for the size of targets where there is one that is not large; for everything else it is asked on every page.

// judged are the ways to write that axe has judged, by darkness.
type judged struct {
	mu   sync.Mutex
	ways map[bool]map[string]bool
}

// everybody is what the visitors of this process have judged together.
var everybody judged

// fresh takes those ways that nobody took before.
func (j *judged) fresh(dark bool, ways []string) (fresh []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ways == nil {
		j.ways = map[bool]map[string]bool{false: {}, true: {}}
	}
	for _, way := range ways {
		if !j.ways[dark][way] {
			j.ways[dark][way] = true
			fresh = append(fresh, way)
		}
	}
	return fresh
}

// A scan describes a page: how wide it is, whether something to press is small, and each way its words are written.
type scan struct {
	Page, Screen int
	Small        bool
	Broken       []string // ids that do not stay on one line
	Twice        []string // names that a screen reader says twice
	Ways         []string
}

// describe finds each way to write on the page: all that decides about contrast, from the letter to the ground. What cannot be seen
// and what is disabled has no contrast to keep. Elements are marked with their way, for axe to be pointed at.
const describe = `(() => {
	const grounds = new Map();
	const ground = e => {
		if (!e) return '';
		if (!grounds.has(e)) {
			const s = getComputedStyle(e), over = [];
			if (s.backgroundColor !== 'rgba(0, 0, 0, 0)') over.push(s.backgroundColor);
			if (s.backgroundImage !== 'none') over.push(s.backgroundImage);
			if (s.opacity !== '1') over.push('o' + s.opacity);
			if (s.filter !== 'none') over.push(s.filter);
			if (s.mixBlendMode !== 'normal') over.push(s.mixBlendMode);
			if (s.position === 'absolute' || s.position === 'fixed') over.push(s.position);
			for (const part of ['::before', '::after']) {
				const p = getComputedStyle(e, part);
				if (p.content !== 'none' && p.backgroundColor !== 'rgba(0, 0, 0, 0)') over.push(part, p.backgroundColor);
			}
			grounds.set(e, ground(e.parentElement) + '|' + over.join());
		}
		return grounds.get(e).replace(/\|+/g, '|');
	};
	const writes = e => e.matches('input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea') ||
		[...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
	const out = {Page: document.documentElement.scrollWidth, Screen: document.documentElement.clientWidth, Small: false, Ways: [],
		Broken: [], Twice: []};
	const seen = new Set();
	for (const e of document.body.querySelectorAll('*')) {
		if (e.matches('a[href], button, summary, select, textarea, input:not([type=hidden]), [role=button], [tabindex]')) {
			const b = e.getBoundingClientRect();
			if (b.width && (b.width < 24 || b.height < 24) && getComputedStyle(e).display !== 'inline') out.Small = true;
		}
		if (e.title && e.title === (e.getAttribute('aria-label') ?? e.innerText?.trim())) out.Twice.push(e.title);
		if (e.matches('.copy code') && /^[a-z]{2,4}_[0-9a-z]{26}$/.test(e.textContent)) {
			const words = document.createRange();
			words.selectNodeContents(e);
			if (new Set([...words.getClientRects()].map(r => r.top)).size > 1) out.Broken.push(e.textContent);
		}
		if (!writes(e) || !e.checkVisibility({visibilityProperty: true}) || e.closest(':disabled, [aria-disabled=true]')) continue;
		const s = getComputedStyle(e);
		const way = [s.color, s.fontSize, s.fontWeight, s.textShadow, ground(e)].join(';');
		e.way = way;
		if (!seen.has(way)) { seen.add(way); out.Ways.push(way); }
	}
	return out;
})()`

const contrastOf = `(ways => axe.run({include: [...document.body.querySelectorAll('*')].filter(e => ways.has(e.way))}, {preload: false,
	resultTypes: ['violations'], runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}).then(r => r.violations)
)(new Set(%s))`

// otherRules asks for all levels that we promise and for axe's own advice, but for one rule: without scripts a page that waits for the
// outcome of a payment can only load itself again. Styles and media are fetched again only where there is something to hear.
const otherRules = `axe.run(document, {resultTypes: ['violations'], preload: document.querySelector('audio, video') !== null,
	rules: {'color-contrast': {enabled: false}, 'target-size': {enabled: %t}, 'meta-refresh': {enabled: !%t}}, runOnly: {type: 'tag',
	values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}}).then(r => r.violations)`

// put lays another page of ours over the one that is shown: what it says, not what it wears, which is the same.
const put = `(async path => {
	const answer = await fetch(path);
	const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
	for (const {name, value} of page.documentElement.attributes) document.documentElement.setAttribute(name, value);
	document.title = page.title;
	document.body.className = page.body.className;
	document.body.innerHTML = page.body.innerHTML;
	history.replaceState(null, '', path);
	scrollTo(0, 0);
	return answer.status;
})(%s)`

// Lay shows a page without loading one anew, for a visitor who only looks: scripts and style sheet stay those of the page before. It
// costs a fraction of Go, whose loading, scripts and policy another visitor tries.
func (v *Visitor) Lay(path string) {
	v.t.Helper()
	var status int
	v.do("lay "+path, chromedp.Evaluate(fmt.Sprintf(put, quote(path)), &status, awaited))
	if status == 0 || status >= 500 {
		v.t.Errorf("%s: %s answered %d", v.Look, path, status)
	}
}

// Check fails the test for everything that axe finds on the page as it is shown, and when the page is wider than the screen: every rule
// but contrast, and contrast for the ways to write that were not judged yet.
func (v *Visitor) Check() {
	v.t.Helper()
	v.report(v.Violations())
}

// CheckLight checks what changes when only the light does: contrast.
func (v *Visitor) CheckLight() {
	v.t.Helper()
	_, found := v.contrast()
	v.report(found)
}

// Violations returns what axe finds on the page as it is shown, but for what it was asked before.
func (v *Visitor) Violations() []Violation {
	v.t.Helper()
	defer v.hold()()
	page, found := v.contrast()
	return append(found, v.run(fmt.Sprintf(otherRules, page.Small, v.Look.NoScript))...)
}

func (v *Visitor) contrast() (page scan, found []Violation) {
	v.t.Helper()
	page = ask[scan](v, describe)
	if page.Page > page.Screen {
		v.t.Errorf("%s: %s: the page is %d wide on a screen of %d", v.Look, v.Path(), page.Page, page.Screen)
	}
	if len(page.Broken) > 0 || len(page.Twice) > 0 {
		v.t.Errorf("%s: %s: broken over lines: %q, said twice: %q", v.Look, v.Path(), page.Broken, page.Twice)
	}
	if fresh := v.judged.fresh(v.Look.Dark, page.Ways); len(fresh) > 0 {
		list, err := json.Marshal(fresh)
		if err != nil {
			panic(err) // strings always marshal
		}
		found = v.run(fmt.Sprintf(contrastOf, list))
	}
	return page, found
}
