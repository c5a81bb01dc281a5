package browser

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe-core/axe.min.js
var axe string

// A Violation is one rule of axe that a page breaks, and where.
type Violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&b, "\n    %s\n      %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n      "))
	}
	return b.String()
}

// everyRule asks for all levels that we promise and for axe's own advice, but for one rule: without scripts a page that waits
// for the outcome of a payment can only load itself again. Styles and media are fetched again only where there is something to hear.
const everyRule = `axe.run(document, {resultTypes: ['violations'], preload: document.querySelector('audio, video') !== null,
	rules: {'meta-refresh': {enabled: !%t}}, runOnly: {type: 'tag',
	values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}}).then(r => r.violations)`

// Violations returns what axe finds on the page as it is shown.
func (v *Visitor) Violations() []Violation {
	v.t.Helper()
	return v.run(fmt.Sprintf(everyRule, v.Look.NoScript))
}

func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// run has axe answer a question about the page.
func (v *Visitor) run(question string) (found []Violation) {
	v.t.Helper()
	answer := chromedp.Evaluate(question, &found, awaited)
	if v.ready && !v.Look.NoScript {
		v.do("ask axe", answer)
		return found
	}
	// axe itself needs scripts. The page's own do not wake up by that: they are not loaded again before the next page.
	v.do("ask axe", emulation.SetScriptExecutionDisabled(false), chromedp.Evaluate(axe+";0", nil), answer,
		emulation.SetScriptExecutionDisabled(v.Look.NoScript))
	return found
}

// Check fails the test for everything that axe finds on the page, and when the page is wider than the screen.
func (v *Visitor) Check() {
	v.t.Helper()
	v.report(v.Violations())
	if b := ask[box](v, boxes); b.Page > b.Screen {
		v.t.Errorf("%s: %s: the page is %d wide on a screen of %d", v.Look, v.Path(), b.Page, b.Screen)
	}
}

type box struct{ Page, Screen int }

const boxes = "({Page: document.documentElement.scrollWidth, Screen: document.documentElement.clientWidth})"

func (v *Visitor) report(found []Violation) {
	v.t.Helper()
	for _, one := range found {
		v.t.Errorf("%s: %s: axe: %s", v.Look, v.Path(), one)
	}
}
