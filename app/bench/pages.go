package bench

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"billfold/app"
	"billfold/base/clock"
	"billfold/base/dial"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/payment"
)

// pagesResult is what `bench pages --json` prints.
type pagesResult struct {
	Routes   []routeResult `json:"routes"`
	Payments int           `json:"payments"`
	Verified bool          `json:"verified"`
	Engine   string        `json:"engine"`
}

type routeResult struct {
	Route string  `json:"route"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
}

// looks is how often each page is opened, after a tenth of that to warm up.
const looks = 300

// pages measures what one person with many payments waits for a page, over HTTP, one page after the other.
func pages(ctx context.Context, args []string, out, diag io.Writer) error {
	c := &common{out: out, diag: diag}
	f := c.flags("pages")
	many := f.Int("payments", 20_000, "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w; `billfold bench` shows how it is called", err)
	}
	if err := c.check(); err != nil {
		return err
	}
	w, err := openAs(ctx, c, func(o *app.Config) { o.Mode, o.Wait, o.Rate, o.Guests = app.Sandbox, 30_000, 1_000_000, 1_000_000 })
	if err != nil {
		return err
	}
	r := pagesResult{Payments: *many, Engine: c.engine}
	if r.Routes, err = w.look(ctx, c.inFlight, *many); err != nil {
		return errors.Join(err, w.close(ctx))
	}
	if err := w.close(ctx); err != nil {
		return err
	}
	if r.Verified, err = w.verify(ctx, c); err != nil {
		return err
	}
	var text strings.Builder
	for _, one := range r.Routes {
		fmt.Fprintf(&text, "%-28s p50 %6.2f ms  p99 %6.2f ms\n", one.Route, one.P50, one.P99)
	}
	fmt.Fprintf(&text, "%d payments of one person on %s, verified %v", r.Payments, r.Engine, r.Verified)
	return c.tell(r, text.String(), r.Verified)
}

// look gives somebody a history, and opens their pages.
func (w *world) look(ctx context.Context, inFlight, many int) ([]routeResult, error) {
	cast, err := w.cast(ctx, true)
	if err != nil {
		return nil, err
	}
	key, err := w.People.AuthenticateKey(ctx, cast.tokens[0])
	if err != nil {
		return nil, err
	}
	person := identity.PersonID(key.Owner)
	first, err := w.history(ctx, person, cast.shops[0], inFlight, many)
	if err != nil {
		return nil, err
	}
	token, err := w.People.Enter(ctx, person, identity.Visit{Agent: "bench"})
	if err != nil {
		return nil, err
	}
	last := base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(clock.Micros(first.CreatedAt)+1, 36) + "." + string(first.ID)))
	var list []routeResult
	for _, route := range [][2]string{{"/home", "/home"}, {"/activity", "/activity"}, {"/activity (last page)", "/activity?cursor=" + last},
		{"/activity?q=", "/activity?q=number+7+note"}, {"/activity/{payment}", "/activity/" + string(first.ID)},
		{"/notifications", "/notifications"}, {"/statements", "/statements"}, {"/me", "/me"}} {
		times, err := w.open(ctx, route[1], token)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", route[0], err)
		}
		ms := percentiles([]latencies{times}, 50, 99)
		list = append(list, routeResult{route[0], ms[0], ms[1]})
	}
	return list, nil
}

// history has a person pay a shop many times, and returns the first of the payments.
func (w *world) history(ctx context.Context, person identity.PersonID, shop string, inFlight, many int) (payment.Payment, error) {
	euro, _ := money.Lookup("EUR")
	var next atomic.Int64
	var first payment.Payment
	errs := make([]error, inFlight)
	pay := func(n int64) (payment.Payment, error) {
		terms := payment.Terms{Payee: shop, Amount: euro.Of(100 + n%5000), Description: "number " + strconv.FormatInt(n, 10) + " note"}
		return w.Payments.Create(ctx, payment.Caller{Person: person, AuthenticatedAt: w.Real.Now()}, terms, true, once.Call{Key: id.Secret(12)})
	}
	var err error
	if first, err = pay(0); err != nil {
		return first, err
	}
	var all sync.WaitGroup
	for i := range inFlight {
		all.Go(func() {
			for n := next.Add(1); n < int64(many) && errs[i] == nil; n = next.Add(1) {
				_, errs[i] = pay(n)
			}
		})
	}
	all.Wait()
	return first, errors.Join(errs...)
}

// open opens a page again and again as somebody who is signed in.
func (w *world) open(ctx context.Context, path, token string) (latencies, error) {
	var times latencies
	for n := range looks + looks/10 {
		watch := clock.Start()
		page, err := loopback.Do(ctx, &dial.Request{Method: http.MethodGet, URL: w.base + path,
			Header: http.Header{"Cookie": {"bf_session=" + token}}})
		if err != nil {
			return nil, err
		}
		if page.Status != http.StatusOK {
			return nil, fmt.Errorf("the page did not open: %d", page.Status)
		}
		if n >= looks/10 {
			times = append(times, watch.Elapsed())
		}
	}
	return times, nil
}
