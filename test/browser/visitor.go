package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"billfold/base/lang"
	"billfold/edge/web/text"
)

// patience is how long a visitor waits for what should come next. A payment promises an answer within 20 s, and a machine may have others
// to serve.
const patience = time.Minute

// busy is how long the browser itself may take for what it is told, such as having axe look at a long page.
const busy = 2 * time.Minute

// A Look is how somebody looks at pages.
type Look struct {
	Lang     lang.Tag
	Dark     bool
	Desktop  bool // 1280×800; else a phone of 360×640
	NoScript bool
}

func (l Look) String() string {
	words := []string{string(l.Lang), "phone", "light"}
	if l.Desktop {
		words[1] = "desktop"
	}
	if l.Dark {
		words[2] = "dark"
	}
	if l.NoScript {
		words = append(words, "noscript")
	}
	return strings.Join(words, "-")
}

// A Visitor is a person at a browser window with cookies of their own.
type Visitor struct {
	Look Look
	t    testing.TB
	ctx  context.Context
	base string

	placed bool        // the window has its size
	pulled atomic.Bool // the network was taken from them: that a page could not look again is no fault of it
	judged *judged

	mu     sync.Mutex
	faults []string
}

// Visit opens a window for somebody new. base is where Billfold answers.
func (b *Browser) Visit(t testing.TB, base string, look Look) *Visitor {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(b.window(t)))
	t.Cleanup(cancel)
	// The first Run attaches to the window for as long as its own context lives, so it gets one without a deadline.
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("attach to the window: %v", err)
	}
	v := &Visitor{Look: look, t: t, ctx: ctx, base: strings.TrimSuffix(base, "/"), judged: &everybody}
	chromedp.ListenTarget(ctx, v.listen)
	accept := "en"
	if look.Lang == lang.ZH {
		accept = "zh-CN,zh"
	}
	v.do("open a window", runtime.Enable(), log.Enable(),
		emulation.SetUserAgentOverride("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36").WithAcceptLanguage(accept),
		emulation.SetScriptExecutionDisabled(look.NoScript))
	v.Turn(look)
	t.Cleanup(v.settle)
	return v
}

// Turn changes the screen and its light under the page that is shown, as turning a phone does. What the page says stays as it is.
func (v *Visitor) Turn(to Look) {
	v.t.Helper()
	to.Lang, to.NoScript = v.Look.Lang, v.Look.NoScript
	scheme := "light"
	if to.Dark {
		scheme = "dark"
	}
	actions := []chromedp.Action{emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	})}
	switch {
	case v.placed && to.Desktop == v.Look.Desktop:
	case to.Desktop:
		actions = append(actions, chromedp.EmulateViewport(1280, 800))
	default:
		actions = append(actions, chromedp.EmulateViewport(360, 640, chromedp.EmulateMobile, chromedp.EmulateTouch))
	}
	v.do("turn", actions...)
	v.Look, v.placed = to, true
}

// Dim turns the light on or off.
func (v *Visitor) Dim() {
	v.t.Helper()
	to := v.Look
	to.Dark = !to.Dark
	v.Turn(to)
}

// Auditor has axe ready on each page from now on, for a visitor who checks page after page. The service worker, whose part is the
// offline page, does not stand between.
func (v *Visitor) Auditor() {
	v.t.Helper()
	v.do("prepare an audit", network.Enable(), network.SetBypassServiceWorker(true), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(axe).Do(ctx)
		return err
	}))
}

// listen collects what goes wrong in the page.
func (v *Visitor) listen(event any) {
	fault := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = "exception: " + e.ExceptionDetails.Error()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError {
			fault = "console.error"
			for _, arg := range e.Args {
				fault += " " + string(arg.Value)
			}
		}
	case *log.EventEntryAdded:
		// An answer of 4xx is logged as a network error too; what the page then shows is what the walk looks at.
		if e.Entry.Level == log.LevelError && e.Entry.Source != log.SourceNetwork {
			fault = fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}
	if v.pulled.Load() && strings.Contains(fault, `"htmx: htmx:error: Failed to fetch"`) {
		fault = ""
	}
	if fault != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.faults = append(v.faults, fault)
	}
}

// settle reports what went wrong in the pages.
func (v *Visitor) settle() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, fault := range v.faults {
		v.t.Errorf("%s: %s", v.Look, fault)
	}
}

// do runs actions, and fails the test with what was being tried and what the page shows.
func (v *Visitor) do(what string, actions ...chromedp.Action) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, busy)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		v.t.Fatalf("%s: %s: %v\n%s", v.Look, what, err, v.shown())
	}
}

// Say gives the words of the catalogue in the visitor's language.
func (v *Visitor) Say(key string, args ...any) string { return text.Say(v.Look.Lang, key, args...) }

// Go opens a page by its path. A page without scripts that renews itself at the same moment may be shown instead: then it is asked again.
func (v *Visitor) Go(path string) {
	v.t.Helper()
	if !strings.Contains(path, "://") {
		path = v.base + path
	}
	place := func() (href string) {
		_ = chromedp.Run(v.ctx, chromedp.Evaluate("location.href", &href)) // none while one page gives way to the next
		return href
	}
	left := place()
	for range 3 {
		v.do("go to "+path, chromedp.Navigate(path))
		if now := place(); now != left || now == path {
			return
		}
	}
}

// Path is the path and query of the page that is shown.
func (v *Visitor) Path() string {
	v.t.Helper()
	return ask[string](v, "location.pathname + location.search")
}

// Text is what can be read on the page.
func (v *Visitor) Text() string {
	v.t.Helper()
	return ask[string](v, "document.body.innerText")
}

// ask evaluates an expression in the page. Without scripts a page may be giving way to itself just then, and is asked again.
func ask[T any](v *Visitor, expression string) T {
	v.t.Helper()
	var out T
	look := chromedp.Evaluate(expression, &out)
	if v.Look.NoScript {
		if chromedp.Run(v.ctx, look) == nil {
			return out
		}
		v.Until("a page", "document.body !== null")
	}
	v.do("look", look)
	return out
}

// Until waits for an expression to be true on a page that has loaded. While one page gives way to the next there is none
// to ask, which is not an error.
func (v *Visitor) Until(what, expression string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		var yes bool
		err := chromedp.Run(ctx, chromedp.Evaluate("document.readyState === 'complete' && !!("+expression+")", &yes))
		if err == nil && yes {
			return
		}
		select {
		case <-ctx.Done():
			v.t.Fatalf("%s: waited for %s on\n%s", v.Look, what, v.shown())
		case <-tick.C:
		}
	}
}

// At waits until a page is shown whose path begins so.
func (v *Visitor) At(path string) {
	v.t.Helper()
	v.Until("the page "+path, "location.pathname.startsWith("+quote(path)+")")
}

// See waits until each of the words can be read on the page, with white space as one.
func (v *Visitor) See(words ...string) {
	v.t.Helper()
	for _, w := range words {
		v.Until(fmt.Sprintf("the words %q", w), "("+squeeze+")(document.body.innerText).includes(("+squeeze+")("+quote(w)+"))")
	}
}

const squeeze = `s => s.replace(/[\s\u00a0\u202f\u2066-\u2069]+/g, ' ').trim()`

// finder finds the first visible thing to press that carries the words: exactly, else among others.
const finder = `(words => {
	const squeeze = ` + squeeze + `;
	const seen = e => e.offsetParent !== null || getComputedStyle(e).position === 'fixed';
	const all = [...document.querySelectorAll('button, a[href], summary, label, input[type=submit], [role=button]')].filter(seen);
	const said = e => [e.getAttribute('aria-label'), e.innerText, e.value].filter(Boolean).map(squeeze);
	return all.find(e => said(e).some(s => s === words)) || all.find(e => said(e).some(s => s.includes(words)));
})`

// Press clicks the button or link that carries the words.
func (v *Visitor) Press(words string) {
	v.t.Helper()
	v.click(fmt.Sprintf("press %q", words), finder+"("+quote(words)+")")
}

// Click clicks the first visible element that a CSS selector finds, for what carries no words.
func (v *Visitor) Click(selector string) {
	v.t.Helper()
	v.click("click "+selector, "[...document.querySelectorAll("+quote(selector)+")].find(e => e.offsetParent !== null)")
}

func (v *Visitor) click(what, expression string) {
	v.t.Helper()
	v.Until(what, expression)
	v.do(what, chromedp.Click(expression, chromedp.ByJSPath, chromedp.NodeVisible))
}

// Fill types into the form field of that name, in place of what stands there.
func (v *Visitor) Fill(name, value string) {
	v.t.Helper()
	field := "document.querySelector(" + quote("[name='"+name+"']:not([type=hidden])") + ")"
	v.Until("the field "+name, field)
	v.do("fill "+name, chromedp.Clear(field, chromedp.ByJSPath), chromedp.SendKeys(field, value, chromedp.ByJSPath))
}

// Pick chooses an option of a list by its value, by keyboard, as a browser without scripts lets people do.
func (v *Visitor) Pick(name, value string) {
	v.t.Helper()
	field := "document.querySelector(" + quote("select[name='"+name+"']") + ")"
	v.Until("the list "+name, field)
	v.do("pick "+value+" of "+name, chromedp.SendKeys(field, value, chromedp.ByJSPath))
	v.Until("the choice of "+name, field+".value === "+quote(value))
}

// Picture saves what is on the screen, or the whole page when it is longer.
func (v *Visitor) Picture(folder, name string, whole bool) {
	v.t.Helper()
	var png []byte
	shot := chromedp.CaptureScreenshot(&png)
	if whole {
		shot = chromedp.FullScreenshot(&png, 100)
	}
	v.do("take a picture", shot)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644); err != nil {
		v.t.Fatal(err)
	}
}

// shown describes the page for a failure: where the visitor is and what they read.
func (v *Visitor) shown() string {
	ctx, cancel := context.WithTimeout(v.ctx, 5*time.Second)
	defer cancel()
	var words string
	if err := chromedp.Run(ctx, chromedp.Evaluate("location.href + '\\n' + document.body.innerText", &words)); err != nil {
		return "(the page cannot be read: " + err.Error() + ")"
	}
	return words
}

// quote writes a Go string as a JavaScript one.
func quote(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(out)
}
