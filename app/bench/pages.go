package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"billfold/app/demo"
	"billfold/base/clock"
	"billfold/core/payment"
	"billfold/edge/web"
)

// pagesResult is what `bench pages --json` prints.
type pagesResult struct {
	Routes    []routeResult `json:"routes"`
	Unreached []string      `json:"unreached"` // pages that were not opened: nothing led there
	Slowest   string        `json:"slowest"`
	Over      []string      `json:"over_20_ms"`      // pages whose p99 was more
	First     float64       `json:"first_search_ms"` // the slowest of some searches that were the first after a start
	Scan      float64       `json:"scan_to_confirmation_p99_ms"`
	Times     int           `json:"times"`    // the demo's data so many times
	Payments  int           `json:"payments"` // of one person
	Entries   int           `json:"entries"`  // posted beside
	Verified  bool          `json:"verified"`
	Engine    string        `json:"engine"`

	growing, finding, opening time.Duration // how long the world was made, its pages found, and opened again and again
}

// routeResult is what one page costs. The processor's time is of server and visitor together; reads are transactions.
type routeResult struct {
	Route      string  `json:"route"`
	As         string  `json:"as"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Processor  float64 `json:"cpu_ms"`
	Reads      float64 `json:"reads"`
	Statements float64 `json:"statements"`
	Bytes      int     `json:"bytes"`
	Status     int     `json:"status"`
	Looks      int     `json:"looks"`
	File       bool    `json:"file"` // something to keep: drawn up when somebody asks for it, and no page

	path string
	v    *visitor
}

// pages measures what people wait for a page, over HTTP, one page after the other: every page there is, in the demo's world grown
// large, as the person with the most payments, as the owner of a shop, as the operator, at a till and as somebody unknown.
func pages(ctx context.Context, args []string, out, diag io.Writer) error {
	c := &common{out: out, diag: diag}
	f := c.flags("pages")
	r := pagesResult{}
	f.IntVar(&r.Times, "times", 100, "")
	f.IntVar(&r.Payments, "payments", 20_000, "")
	f.IntVar(&r.Entries, "entries", 0, "")
	looks := f.Int("looks", 100, "")
	only, profile := f.String("only", "", ""), f.String("profile", "", "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w; `billfold bench` shows how it is called", err)
	}
	if err := c.check(); err != nil {
		return err
	}
	if r.Times < 1 || r.Payments < 1 || r.Entries < 0 || *looks < 1 {
		return errors.New("--times, --payments and --looks are 1 or more, --entries 0 or more")
	}
	r.Engine = c.engine
	verified, err := inTown(ctx, c, func(t *town) error { return t.look(ctx, c, *looks, *only, *profile, &r) })
	if err != nil {
		return err
	}
	r.Verified = verified
	return c.tell(r, r.sentence(), r.Verified)
}

func (r *pagesResult) sentence() string {
	var text strings.Builder
	for _, one := range r.Routes {
		fmt.Fprintf(&text, "%-62s %-8s p50 %6.2f ms  p99 %6.2f ms  cpu %6.2f ms  %3.0f statements in %2.0f reads  %6d bytes\n",
			one.Route, one.As, one.P50, one.P99, one.Processor, one.Statements, one.Reads, one.Bytes)
	}
	for _, path := range r.Unreached {
		fmt.Fprintf(&text, "%-62s not opened\n", path)
	}
	fmt.Fprintf(&text, "made in %.0f s, its pages found in %.0f s and opened in %.0f s\n", r.growing.Seconds(), r.finding.Seconds(),
		r.opening.Seconds())
	fmt.Fprintf(&text, "from a scanned code to the confirmation p99 %.1f ms; the first search after a start %.0f ms\n", r.Scan, r.First)
	fmt.Fprintf(&text, "%d of %d pages over %d ms at p99\n", len(r.Over), r.pages(), pageMost)
	for _, one := range r.Over {
		fmt.Fprintf(&text, "  %s\n", one)
	}
	fmt.Fprintf(&text, "slowest page: %s; the demo's data %d times, %d payments of one person, %d other entries on %s, verified %v",
		r.Slowest, r.Times, r.Payments, r.Entries, r.Engine, r.Verified)
	return text.String()
}

// pages is how many of what was opened are pages.
func (r *pagesResult) pages() (n int) {
	for _, one := range r.Routes {
		if !one.File {
			n++
		}
	}
	return n
}

const (
	filesMost = 5           // so often a file is drawn up,
	filesTime = time.Second // or until it took so long
	pageMost  = 20          // milliseconds that a page may take at p99
	starts    = 3           // after which somebody searches
)

// look makes the world, finds its pages and opens each again and again.
func (t *town) look(ctx context.Context, c *common, looks int, only, profile string, r *pagesResult) error {
	watch := clock.Start()
	if err := t.grow(ctx, c.inFlight, r.Times, r.Payments, r.Entries); err != nil {
		return fmt.Errorf("make the world: %w", err)
	}
	if err := t.settledWords(ctx, t.caller(demo.Holder), payment.Caller{Shop: t.shops[demo.Till]}); err != nil {
		return fmt.Errorf("make the world: %w", err)
	}
	for range starts {
		first, err := t.firstSearch(ctx, c)
		if err != nil {
			return err
		}
		r.First = max(r.First, first)
	}
	r.growing = watch.Elapsed()
	watch = clock.Start()
	list, unreached, err := t.walk(ctx)
	if err != nil {
		return err
	}
	r.Unreached, r.finding = unreached, watch.Elapsed()
	watch = clock.Start()
	if profile != "" {
		stop, err := profiled(profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	worst := 0.0
	for _, one := range list {
		if !strings.Contains(one.Route, only) {
			continue
		}
		if err := t.open(ctx, &one, looks); err != nil {
			return fmt.Errorf("%s: %w", one.path, err)
		}
		if one.P99 > worst && !one.File {
			worst, r.Slowest = one.P99, one.Route
		}
		if one.P99 > pageMost && !one.File {
			r.Over = append(r.Over, fmt.Sprintf("%s as %s: %.1f ms, p50 %.1f ms, cpu %.1f ms", one.Route, one.As, one.P99, one.P50, one.Processor))
		}
		r.Routes = append(r.Routes, one)
	}
	r.opening = watch.Elapsed()
	r.Scan, err = t.scan(ctx, looks)
	return err
}

// firstSearch starts the server again, and searches for what nobody has before anybody else asked for anything: the person with the most
// payments, of whom every word list has to be opened.
func (t *town) firstSearch(ctx context.Context, c *common) (ms float64, err error) {
	if err := t.restart(ctx, c); err != nil {
		return 0, err
	}
	lena, err := t.enter(ctx, demo.Holder)
	if err != nil {
		return 0, err
	}
	defer lena.close()
	seen, err := lena.get(ctx, "/activity?q=no+such+words")
	if err == nil && seen.status != http.StatusOK {
		err = fmt.Errorf("the first search answered %d", seen.status)
	}
	return float64(seen.took.Microseconds()) / 1000, err
}

// profiled writes down where the processor's time goes until it is stopped, as `go tool pprof` reads it.
func profiled(path string) (stop func(), err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { pprof.StopCPUProfile(); file.Close() }, nil
}

// open opens a page again and again, a file less often.
func (t *town) open(ctx context.Context, one *routeResult, looks int) error {
	unseen := looks / 10 // the first are not counted
	if one.File {
		looks, unseen = min(looks, filesMost), 0
	}
	times := make(latencies, 0, looks)
	watch := clock.Start()
	var before time.Duration
	var reads, statements int64
	for n := -unseen; n < looks && (!one.File || n == 0 || watch.Elapsed() < filesTime); n++ {
		if n == 0 {
			before = worked()
			reads, statements = t.DB.Asked()
		}
		seen, err := one.v.get(ctx, one.path)
		if err != nil {
			return err
		}
		if seen.status != one.Status {
			return fmt.Errorf("the page did not open: %d", seen.status)
		}
		if one.Bytes = len(seen.body); n >= 0 {
			times = append(times, seen.took)
		}
	}
	one.Looks = len(times)
	each := func(sum float64) float64 { return float64(int(sum/float64(len(times))*100)) / 100 }
	one.Processor = each(float64((worked() - before).Microseconds()) / 1000)
	r, s := t.DB.Asked()
	one.Reads, one.Statements = each(float64(r-reads)), each(float64(s-statements))
	ms := percentiles([]latencies{times}, 50, 99)
	one.P50, one.P99 = ms[0], ms[1]
	return nil
}

// somebody opens pages.
type somebody struct {
	name string
	*visitor
}

var links = regexp.MustCompile(`href="(/[^"#]*)"`)

// walk finds an address for every page there is, and for every kind of question a list is asked: it follows what pages lead to.
func (t *town) walk(ctx context.Context) (list []routeResult, unreached []string, err error) {
	who, start, err := t.everybody(ctx)
	if err != nil {
		return nil, nil, err
	}
	routes := map[string]web.Route{}
	for _, one := range t.Routes() {
		if one.Method == http.MethodGet && !strings.HasPrefix(one.Path, web.LivePath) { // a stream is no page
			routes[one.Path] = one
		}
	}
	found := map[string]routeResult{}
	seen := map[string]bool{}
	for _, by := range who {
		todo := slices.Clone(start[by.name])
		for path, one := range routes {
			if !strings.Contains(path, "{") && (one.Who == by.name || by.name != "holder" && one.Who == "anyone" || one.Who == "sandbox") {
				todo = append(todo, path)
			}
		}
		slices.Sort(todo)
		for len(todo) > 0 {
			path := todo[0]
			todo = todo[1:]
			pattern := patternOf(routes, path)
			key := shape(pattern, path) + " " + by.name
			if pattern == "" || seen[key] || strings.Count(key, "&") > 1 {
				continue // of the many ways to combine what a list can be asked, two at a time
			}
			seen[key] = true
			page, err := by.get(ctx, path)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", path, err)
			}
			if page.status >= 500 {
				return nil, nil, fmt.Errorf("%s answered %d", path, page.status)
			}
			if page.to != "" {
				todo = append(todo, page.to)
			}
			if page.status >= http.StatusBadRequest || strings.HasPrefix(page.kind, "text/event-stream") {
				continue
			}
			if known, ok := found[shape(pattern, path)]; !ok || page.status == http.StatusOK && known.Status != http.StatusOK {
				found[shape(pattern, path)] = routeResult{Route: shape(pattern, path), As: by.name, Status: page.status, path: path, v: by.visitor,
					File: strings.HasPrefix(page.kind, "application/pdf") || strings.HasPrefix(page.kind, "text/csv")}
			}
			for _, link := range links.FindAllSubmatch(page.body, -1) {
				todo = append(todo, html.UnescapeString(string(link[1])))
			}
		}
	}
	opened := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[key])
		opened[patternOf(routes, found[key].path)] = true
	}
	for path := range routes {
		if !opened[path] {
			unreached = append(unreached, path)
		}
	}
	slices.Sort(unreached)
	return list, unreached, nil
}

// patternOf is the page that an address opens: of several that fit, the one with the fewest names.
func patternOf(routes map[string]web.Route, path string) (best string) {
	for pattern := range routes {
		if fits(pattern, path) && (best == "" || strings.Count(pattern, "{") < strings.Count(best, "{")) {
			best = pattern
		}
	}
	return best
}

// questions are what the long lists are asked, each measured by itself: what is found often, what is found once and far back, and what
// is never found.
var questions = []string{"q=number+7+lunch", "q=number+17+lunch", "q=cappuccino", "q=linden", "q=noted+down", "q=no+such+words", "q=49.99",
	"q=123456.78", "state=completed", "state=refunded", "state=reversed", "state=expired", "state=held", "kind=purchase", "kind=withdrawal",
	"direction=in", "least=49.99", "least=123456", "since=2020-01-01&until=2021-01-01", "kind=refund&q=no+such+words"}

// everybody are those who look, and where they begin beside the pages that need no name: what no page leads to, and the last page and
// the searches of the long lists.
func (t *town) everybody(ctx context.Context) (who []somebody, start map[string][]string, err error) {
	things, err := t.things(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, one := range [][2]string{{"holder", demo.Holder}, {"shop", "mira"}, {"operator", demo.Operator}} {
		v, err := t.enter(ctx, one[1])
		if err != nil {
			return nil, nil, err
		}
		who = append(who, somebody{one[0], v})
	}
	till, err := t.counter(ctx, t.shops[demo.Till], "Counter")
	if err != nil {
		return nil, nil, err
	}
	who = append(who, somebody{"till", till}, somebody{"anyone", t.visitor("")})
	code, err := t.sale(ctx)
	if err != nil {
		return nil, nil, err
	}
	sale := "/till/" + string(code)
	last := base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(clock.Micros(t.oldest.CreatedAt)+1, 36) + "." + string(t.oldest.ID)))
	shop := "/m/" + string(t.shops[demo.Till])
	start = map[string][]string{"holder": append(things, "/activity/"+string(t.oldest.ID)),
		"shop": {shop, shop + "/payments/" + string(t.oldest.ID)}, "till": {"/till", sale}, "anyone": things,
		"operator": {"/ops/account?address=" + "user/" + string(t.people[demo.Holder]) + "/EUR"}}
	for by, list := range map[string]string{"holder": "/activity", "shop": shop} {
		start[by] = append(start[by], list+"?cursor="+last)
		for _, question := range questions {
			start[by] = append(start[by], list+"?"+question)
		}
	}
	return who, start, nil
}

// scan measures the way from a code to the page that asks for the yes: what a scanner posts, and the page it leads to.
func (t *town) scan(ctx context.Context, looks int) (float64, error) {
	v, err := t.enter(ctx, demo.Holder)
	if err != nil {
		return 0, err
	}
	page, err := v.get(ctx, "/scan")
	if err != nil {
		return 0, err
	}
	token := hidden(page.body, "csrf")
	var times latencies
	for range looks {
		sale, err := t.sale(ctx)
		if err != nil {
			return 0, err
		}
		code, err := t.Payments.CheckoutCode(ctx, payment.Caller{Shop: t.shops[demo.Till]}, sale)
		if err != nil {
			return 0, err
		}
		watch := clock.Start()
		read, err := v.post(ctx, "/scan", map[string][]string{"csrf": {token}, "code": {code}})
		if err != nil {
			return 0, err
		}
		if read.status != http.StatusSeeOther {
			return 0, fmt.Errorf("the code was not read: %d", read.status)
		}
		sheet, err := v.get(ctx, read.to)
		if err != nil || sheet.status != http.StatusOK {
			return 0, errors.Join(err, fmt.Errorf("%s answered %d", read.to, sheet.status))
		}
		times = append(times, watch.Elapsed())
	}
	return percentiles([]latencies{times}, 99)[0], nil
}

// hidden is the value of a form's hidden field.
func hidden(page []byte, name string) string {
	_, after, found := bytes.Cut(page, []byte(`name="`+name+`" value="`))
	value, _, ended := bytes.Cut(after, []byte(`"`))
	if !found || !ended {
		return ""
	}
	return html.UnescapeString(string(value))
}
