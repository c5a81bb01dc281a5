package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"billfold/app"
	"billfold/base/clock"
	"billfold/base/id"
	"billfold/client"
	"billfold/core/identity"
	"billfold/core/merchant"
)

// checkoutResult is what `bench checkout --json` prints.
type checkoutResult struct {
	Checkouts int     `json:"checkouts"`
	PerSecond float64 `json:"checkouts_per_second"`
	P50       float64 `json:"p50_ms"` // from the shop's request to the shop being told
	P99       float64 `json:"p99_ms"`
	Page      float64 `json:"page_p99_ms"` // the page alone
	Processor float64 `json:"cpu_ms"`      // a checkout, of server, callers and database together
	Tills     int     `json:"tills"`       // that are paid at once
	TillsP99  float64 `json:"tills_p99_ms"`
	TillsMost float64 `json:"tills_most_ms"` // from the payer's yes to the slowest till's own result
	Verified  bool    `json:"verified"`
	Engine    string  `json:"engine"`
	InFlight  int     `json:"in_flight"`
	Seconds   float64 `json:"seconds"`
}

// checkouts measures whole checkouts: the shop makes a session through the API, the payer's browser opens its page with the cookie of a
// session and sends the form, and the shop hears of it on its stream of events. Then so many tills of one shop are paid at once.
func checkouts(ctx context.Context, args []string, out, diag io.Writer) error {
	c := &common{out: out, diag: diag}
	f := c.flags("checkout")
	tills, profile := f.Int("tills", 50, ""), f.String("profile", "", "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w; `billfold bench` shows how it is called", err)
	}
	if err := c.check(); err != nil {
		return err
	}
	if *tills < 0 || *tills > 1000 {
		return errors.New("--tills is 0 to 1000")
	}
	w, err := openSandbox(ctx, c)
	if err != nil {
		return err
	}
	load, err := w.checkoutLoad(ctx, payers)
	if err != nil {
		return errors.Join(err, w.close(ctx))
	}
	defer load.deaf()
	r := checkoutResult{Engine: c.engine, InFlight: c.inFlight, Tills: *tills}
	if *tills > 0 {
		if err := load.atTills(ctx, *tills, &r); err != nil {
			return errors.Join(err, w.close(ctx))
		}
	}
	if *profile != "" {
		stop, err := profiled(*profile)
		if err != nil {
			return errors.Join(err, w.close(ctx))
		}
		defer stop()
	}
	var began time.Duration
	m, err := w.measure(ctx, c, func(d time.Duration) error {
		began = worked()
		err := load.run(ctx, c.inFlight, d)
		r.Processor = worked().Seconds()*1000 - began.Seconds()*1000
		return err
	})
	if err != nil {
		return err
	}
	ms, page := percentiles(load.times, 50, 99), percentiles(load.pages, 99)
	r.Checkouts, r.P50, r.P99, r.Page, r.Verified, r.Seconds = load.count(), ms[0], ms[1], page[0], m.verified, seconds(m.took)
	r.PerSecond = rate(r.Checkouts, m.took)
	r.Processor = float64(int(r.Processor/float64(max(r.Checkouts, 1))*100)) / 100
	return c.tell(r, r.sentence(), m.verified)
}

func (r *checkoutResult) sentence() string {
	text := fmt.Sprintf("%d checkouts in %.1f s on %s: %.0f a second, p50 %.1f ms, p99 %.1f ms, their page p99 %.1f ms, "+
		"%.2f ms of processor each",
		r.Checkouts, r.Seconds, r.Engine, r.PerSecond, r.P50, r.P99, r.Page, r.Processor)
	if r.Tills > 0 {
		text += fmt.Sprintf("; %d tills of one shop paid at once showed their own result after p99 %.0f ms, at most %.0f ms", r.Tills, r.TillsP99,
			r.TillsMost)
	}
	return text + fmt.Sprintf("; verified %v", r.Verified)
}

// openSandbox opens a sandbox without demo data, where somebody can be signed in without a password.
func openSandbox(ctx context.Context, c *common) (*world, error) {
	return openAs(ctx, c, func(o *app.Config) {
		o.Mode, o.Empty, o.Wait, o.Rate, o.Guests = app.Sandbox, true, 30_000, 1_000_000, 1_000_000
	})
}

// checkoutLoad is a closed loop of payers, and shops that listen.
type checkoutLoad struct {
	*world
	*cast
	cookies []string // of the payers
	times   []latencies
	pages   []latencies

	mu    sync.Mutex
	wait  map[string]chan struct{} // by payment
	conns []net.Conn
}

// ears is how many shops the load has: each listens on a connection of its own.
const ears = 20

func (w *world) checkoutLoad(ctx context.Context, payers int) (*checkoutLoad, error) {
	cast, err := w.castOf(ctx, payers, ears)
	if err != nil {
		return nil, err
	}
	l := &checkoutLoad{world: w, cast: cast, wait: map[string]chan struct{}{}, cookies: make([]string, len(cast.tokens))}
	errs := make([]error, len(cast.tokens))
	var all sync.WaitGroup
	for i, token := range cast.tokens {
		all.Go(func() {
			key, err := w.People.AuthenticateKey(ctx, token)
			if err == nil {
				l.cookies[i], err = w.People.Enter(ctx, identity.PersonID(key.Owner), identity.Visit{Agent: "bench"})
			}
			errs[i] = err
		})
	}
	all.Wait()
	err = errors.Join(errs...)
	for i := 0; i < ears && err == nil; i++ {
		err = l.listen(ctx, cast.keys[i])
	}
	return l, err
}

// listen has a shop hear what happens to it, as the documentation of the API says.
func (l *checkoutLoad) listen(ctx context.Context, key string) error {
	host := strings.TrimPrefix(l.base, "http://")
	conn, err := loopback.DialContext(ctx, "tcp", host)
	if err != nil {
		return err
	}
	l.conns = append(l.conns, conn)
	if _, err := fmt.Fprintf(conn, "GET /v1/events/stream HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", host, key); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the stream of events answered %d", answer.StatusCode)
	}
	go func() {
		lines := bufio.NewScanner(answer.Body)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			if !ok {
				continue
			}
			var e client.Event
			if json.Unmarshal(data, &e) == nil && e.Type == "payment.completed" {
				l.told(e.Data.Object.ID)
			}
		}
	}()
	return nil
}

func (l *checkoutLoad) deaf() {
	for _, conn := range l.conns {
		conn.Close()
	}
}

// expect is closed when the shop is told of a payment.
func (l *checkoutLoad) expect(payment string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wait[payment] == nil {
		l.wait[payment] = make(chan struct{})
	}
	return l.wait[payment]
}

func (l *checkoutLoad) told(payment string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if heard := l.wait[payment]; heard != nil {
		delete(l.wait, payment)
		close(heard)
	}
}

func (l *checkoutLoad) count() (n int) {
	for _, t := range l.times {
		n += len(t)
	}
	return n
}

// run has n payers buy until the time is over, and fails with the first refusal: nothing here may be refused.
func (l *checkoutLoad) run(ctx context.Context, n int, d time.Duration) error {
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	l.times, l.pages = make([]latencies, n), make([]latencies, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if errs[i] = l.buyer(ctx, i); errs[i] != nil {
				stop()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (l *checkoutLoad) buyer(ctx context.Context, me int) error {
	r := rand.New(rand.NewPCG(uint64(me), 3))
	going := context.WithoutCancel(ctx) // what was begun is finished
	shop, err := connect(going, strings.TrimPrefix(l.base, "http://"))
	if err != nil {
		return err
	}
	defer shop.close()
	browser := l.visitor("")
	defer browser.close()
	for ctx.Err() == nil {
		browser.cookies = "bf_session=" + l.cookies[r.IntN(len(l.cookies))]
		watch := clock.Start()
		path, err := l.session(shop, l.keys[r.IntN(ears)], 100+r.IntN(euroMax))
		if err != nil {
			return err
		}
		page, heard, err := browser.pay(going, path, l.expect)
		if err != nil {
			return err
		}
		if err := await(heard); err != nil {
			return fmt.Errorf("the shop of %s: %w", path, err)
		}
		l.times[me] = append(l.times[me], watch.Elapsed())
		l.pages[me] = append(l.pages[me], page)
	}
	return nil
}

// tellPatience is how long a bench waits for news before it gives up.
const tellPatience = 20 * time.Second

// session has a shop make a checkout, and returns the path of its page.
func (l *checkoutLoad) session(shop *caller, key string, minor int) (string, error) {
	body := `{"amount":{"amount":"` + strconv.Itoa(minor) + `","currency":"EUR"},"description":"Brunch for two",` +
		`"return_url":"https://shop.example/thanks","reference":"order-` + strconv.Itoa(minor) + `"}`
	made, err := shop.post(strings.TrimPrefix(l.base, "http://"), "/v1/checkout/sessions", key, id.Secret(12), []byte(body))
	if err != nil {
		return "", err
	}
	if made.status != http.StatusCreated {
		return "", made.refusal()
	}
	var session struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(made.body, &session); err != nil {
		return "", err
	}
	return "/c/" + session.ID, nil
}

// errSilent says that somebody was not told what they should have been told.
var errSilent = errors.New("no news came")

func await(news <-chan struct{}) error {
	patience := time.NewTimer(tellPatience)
	defer patience.Stop()
	select {
	case <-news:
		return nil
	case <-patience.C:
		return errSilent
	}
}

// pay opens the page of a checkout and sends its form, as a browser does. expect is asked for news of the payment before anything is sent.
func (v *visitor) pay(
	ctx context.Context, path string, expect func(payment string) <-chan struct{},
) (time.Duration, <-chan struct{}, error) {
	page, err := v.get(ctx, path)
	if err != nil {
		return 0, nil, err
	}
	payment := hidden(page.body, "payment")
	if page.status != http.StatusOK || payment == "" {
		return 0, nil, fmt.Errorf("%s answered %d and has nothing to confirm", path, page.status)
	}
	news := expect(payment)
	took := page.took
	done, err := v.post(ctx, path, url.Values{"payment": {payment}, "csrf": {hidden(page.body, "csrf")},
		"terms": {hidden(page.body, "terms")}})
	if err == nil && done.status != http.StatusSeeOther {
		err = fmt.Errorf("the confirmation of %s was answered with %d", path, done.status)
	}
	return took, news, err
}

// tillSale is a till that shows a code, and who will pay it.
type tillSale struct {
	till, payer *visitor
	session     string
	shown       string // the amount on the screen
	took        time.Duration
}

// atTills has so many tills of one shop show a code, everybody pay at once, and measures when each till's page shows its own result.
func (l *checkoutLoad) atTills(ctx context.Context, n int, r *checkoutResult) error {
	sales, errs := make([]tillSale, n), make([]error, n)
	for i := range sales {
		s := &sales[i]
		till, err := l.counter(ctx, merchant.ID(l.shops[0]), "Till "+strconv.Itoa(i))
		if err != nil {
			return err
		}
		s.till, s.payer = till, l.visitor("bf_session="+l.cookies[i])
		defer s.till.close()
		defer s.payer.close()
		if err := s.charge(ctx, i+1); err != nil {
			return err
		}
	}
	var all sync.WaitGroup
	for i := range sales {
		all.Go(func() { errs[i] = sales[i].sell(ctx, l.visitor(sales[i].till.cookies)) })
	}
	all.Wait()
	var took latencies
	for i := range sales {
		took = append(took, sales[i].took)
	}
	ms := percentiles([]latencies{took}, 99, 100)
	r.TillsP99, r.TillsMost = ms[0], ms[1]
	return errors.Join(errs...)
}

// charge types an amount in, and has the till show its code.
func (s *tillSale) charge(ctx context.Context, whole int) error {
	page, err := s.till.get(ctx, "/till")
	if err != nil {
		return err
	}
	s.shown = strconv.Itoa(whole) + ".00"
	made, err := s.till.post(ctx, "/till/charge", url.Values{"csrf": {hidden(page.body, "csrf")}, "nonce": {hidden(page.body, "nonce")},
		"amount": {s.shown}, "currency": {"EUR"}})
	if err != nil {
		return err
	}
	var ok bool
	if s.session, ok = strings.CutPrefix(made.to, "/till/"); !ok || made.status != http.StatusSeeOther {
		return fmt.Errorf("the till answered %d and leads to %q", made.status, made.to)
	}
	return s.shows(ctx, false)
}

// shows looks at the till's screen: at the amount that is this till's, and whether it is paid.
func (s *tillSale) shows(ctx context.Context, paid bool) error {
	page, err := s.till.get(ctx, "/till/"+s.session)
	if err != nil {
		return err
	}
	own, final := bytes.Contains(page.body, []byte("€"+s.shown)), bytes.Contains(page.body, []byte("data-final"))
	if page.status != http.StatusOK || !own || final != paid {
		return fmt.Errorf("the till of %s, which is paid: %t, shows something else", s.shown, paid)
	}
	return nil
}

// sell has the payer pay while the till listens, and looks at the till's screen as soon as there is news.
func (s *tillSale) sell(ctx context.Context, ear *visitor) error {
	defer ear.close()
	news, err := ear.hear(ctx, "/live/checkout?state=open&of="+s.session)
	if err != nil {
		return err
	}
	watch := clock.Start()
	if _, _, err := s.payer.pay(ctx, "/c/"+s.session, func(string) <-chan struct{} { return nil }); err != nil {
		return err
	}
	if err := await(news); err != nil {
		return fmt.Errorf("the till of %s: %w", s.session, err)
	}
	err = s.shows(ctx, true)
	s.took = watch.Elapsed()
	return err
}
