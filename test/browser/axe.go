package browser

import (
	_ "embed"
	"fmt"
	"slices"
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

func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// run has axe answer a question about the page.
func (v *Visitor) run(question string) (found []Violation) {
	v.t.Helper()
	actions := []chromedp.Action{chromedp.Evaluate(question, &found, awaited)}
	if !ask[bool](v, "typeof axe === 'object'") {
		actions = slices.Insert(actions, 0, chromedp.Action(chromedp.Evaluate(axe+";0", nil)))
	}
	if v.Look.NoScript { // axe itself needs scripts. The page's own do not wake up by that: they are not loaded again before the next page.
		actions = append(slices.Insert(actions, 0, chromedp.Action(emulation.SetScriptExecutionDisabled(false))),
			emulation.SetScriptExecutionDisabled(true))
	}
	v.do("ask axe", actions...)
	return found
}

// hold has the page stay as it is while it is looked at, and returns what lets it go again. Only without scripts does a page load itself
// anew, and axe may need longer than the page waits with that.
func (v *Visitor) hold() (release func()) {
	v.t.Helper()
	if !v.Look.NoScript || !ask[bool](v, "document.querySelector('meta[http-equiv=refresh]') !== null") {
		return func() {}
	}
	v.do("hold the page", chromedp.Evaluate("stop()", nil))
	return func() {
		v.t.Helper()
		v.do("let the page go on", chromedp.Reload())
	}
}

func (v *Visitor) report(found []Violation) {
	v.t.Helper()
	for _, one := range found {
		v.t.Errorf("%s: %s: axe: %s", v.Look, v.Path(), one)
	}
}
