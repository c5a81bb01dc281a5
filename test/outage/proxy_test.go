package outage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/client"
)

// The fates of a request at the proxy. All but the first lose its answer.
const (
	carried  = iota // there and back
	unheard         // the connection breaks before the server hears of it
	underWay        // the server has it, and the connection breaks while it works
	unsaid          // the server has answered, and nothing of the answer arrives
	halved          // half of the answer arrives
	fates
)

var fateNames = [fates]string{"carried", "never forwarded", "cut off while it was done", "answered and nothing arrived",
	"half of the answer arrived"}

// proxy is a TCP proxy that loses one answer in so many, in each way in turn of the dice.
type proxy struct {
	url   string
	to    string
	oneIn int
	met   [fates]atomic.Int64

	mu   sync.Mutex
	dice *rand.Rand
}

// between puts a proxy before a server.
func between(t *testing.T, url string, oneIn int, seed uint64) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	p := &proxy{url: "http://" + ln.Addr().String(), to: strings.TrimPrefix(url, "http://"), oneIn: oneIn,
		dice: rand.New(rand.NewPCG(seed, 5))}
	go func() {
		for {
			here, err := ln.Accept()
			if err != nil {
				return
			}
			go p.carry(here)
		}
	}()
	return p
}

func (p *proxy) fate() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dice.IntN(p.oneIn) > 0 {
		return carried
	}
	return 1 + p.dice.IntN(fates-1)
}

// carry serves one connection until its first loss or its end.
func (p *proxy) carry(here net.Conn) {
	defer here.Close()
	there, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer there.Close()
	asks, answers := bufio.NewReader(here), bufio.NewReader(there)
	for {
		r, err := http.ReadRequest(asks)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		fate := p.fate()
		p.met[fate].Add(1)
		if fate == unheard || r.Write(there) != nil || fate == underWay {
			return
		}
		var answer bytes.Buffer
		a, err := http.ReadResponse(answers, r)
		if err != nil || a.Write(&answer) != nil {
			return
		}
		switch fate {
		case unsaid:
			return
		case halved:
			_, _ = here.Write(answer.Bytes()[:answer.Len()/2])
			return
		}
		if _, err := here.Write(answer.Bytes()); err != nil {
			return
		}
	}
}

func (p *proxy) String() string {
	var list []string
	for fate, name := range fateNames {
		list = append(list, fmt.Sprintf("%d %s", p.met[fate].Load(), name))
	}
	return strings.Join(list, ", ")
}

// lossy is a run of requests through a proxy, each with a reference of its own.
type lossy struct {
	h     *house
	crew  *crew
	kind  string // of this run's entries, and the beginning of its references
	wants [labs + 6]atomic.Int64
	paid  atomic.Int64 // minor units that shop 0 must have got
}

// TestLostAnswers has callers send requests through a proxy that loses one answer in ten, in four ways. The official client tries again by
// itself, and each request is then sent a second time with its key. Everything is done exactly once: each reference is in the books one
// time, both answers are one, and the accounts hold what was asked.
func TestLostAnswers(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		requests := map[db.Engine]int{db.SQLite: 8_000, db.Postgres: 2_000}[h.engine]
		if long() {
			requests *= 100
		}
		direct := h.start()
		p := between(t, direct.url, 10, 1)
		l := &lossy{h: h, crew: h.speaking(1, p.url, 30), kind: "lab.lossy"}
		began := time.Now()
		l.run(requests)
		took := time.Since(began)
		twice, missing := l.count(direct, requests)
		if len(twice) > 0 || len(missing) > 0 {
			t.Errorf("%d twice, %d missing: %.10v %.10v", len(twice), len(missing), twice, missing)
		}
		l.sums(direct)
		for fate := range fates {
			if p.met[fate].Load() == 0 {
				t.Errorf("%s: never happened", fateNames[fate])
			}
		}
		h.verify()
		t.Logf("%d requests, each sent at least twice, in %v: %v; 0 twice, 0 missing", requests, took.Round(time.Second), p)
	})
}

// run sends so many requests, each twice.
func (l *lossy) run(requests int) {
	var next atomic.Int64
	var all sync.WaitGroup
	for n := range 32 {
		dice := rand.New(rand.NewPCG(uint64(n), 11))
		all.Go(func() {
			for i := next.Add(1); i <= int64(requests) && !l.h.t.Failed(); i = next.Add(1) {
				if err := l.request(int(i), dice); err != nil {
					l.h.t.Errorf("request %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
}

func (l *lossy) reference(i int) string { return fmt.Sprintf("%s-%d", l.kind, i) }

// request is a payment one time in four, and an entry otherwise.
func (l *lossy) request(i int, dice *rand.Rand) error {
	minor := 1 + dice.Int64N(900)
	if i%4 == 0 {
		payer := dice.IntN(len(l.crew.payers))
		l.paid.Add(minor)
		l.wants[labs+payer].Add(-minor)
		return twice(l.reference(i), func(o ...client.Option) (string, error) {
			p, err := l.crew.payers[payer].CreatePayment(context.Background(), client.CreatePayment{Amount: euros(minor), Confirm: true,
				Payee: l.h.shops[0].id, Reference: l.reference(i)}, o...)
			return p.ID, err
		})
	}
	from := dice.IntN(labs)
	to := (from + 1 + dice.IntN(labs-1)) % labs
	l.wants[from].Add(-minor)
	l.wants[to].Add(minor)
	return twice(l.reference(i), func(o ...client.Option) (string, error) {
		out, err := l.crew.operator.PostEntries(context.Background(), l.entry(i, from, to, minor), o...)
		if err != nil {
			return "", err
		}
		if out.Posted != 1 {
			return "", fmt.Errorf("refused: %+v", out.Results)
		}
		return out.Results[0].Entry.ID, nil
	})
}

func (l *lossy) entry(i, from, to int, minor int64) client.PostEntries {
	return client.PostEntries{Entries: []client.NewEntry{{Kind: l.kind, Reference: l.reference(i),
		Legs: []client.Leg{{Debit: lab(from), Credit: lab(to), Amount: strconv.FormatInt(minor, 10), Currency: "EUR"}}}}}
}

// twice sends a request, with the client's own tries, and then again with its key.
func twice(key string, send func(o ...client.Option) (string, error)) error {
	var first, second client.Answer
	id, err := send(client.IdempotencyKey(key), client.Into(&first))
	if err != nil {
		return err
	}
	again, err := send(client.IdempotencyKey(key), client.Into(&second))
	switch {
	case err != nil:
		return fmt.Errorf("again: %w", err)
	case again != id || !second.Replayed:
		return fmt.Errorf("again is %s (replayed: %v), was %s", again, second.Replayed, id)
	case !bytes.Equal(first.Body, second.Body):
		return fmt.Errorf("again is another answer:\n%s\n%s", first.Body, second.Body)
	}
	return nil
}

// count reads the books and tells which references are there more than once, and which are not there.
func (l *lossy) count(c *crew, requests int) (double, missing []string) {
	l.h.t.Helper()
	times := map[string]int{}
	page := client.Page{Limit: 100}
	for {
		list, err := c.operator.Entries(context.Background(), client.EntryFilter{Page: page, Kind: l.kind})
		if err != nil {
			l.h.t.Fatal(err)
		}
		for _, e := range list.Data {
			times[e.Reference]++
		}
		if page.Cursor = list.NextCursor; !list.HasMore {
			break
		}
	}
	page = client.Page{Limit: 100}
	for {
		list, err := c.shops[0].Payments(context.Background(), client.PaymentFilter{Page: page})
		if err != nil {
			l.h.t.Fatal(err)
		}
		for _, p := range list.Data {
			times[p.Reference]++
		}
		if page.Cursor = list.NextCursor; !list.HasMore {
			break
		}
	}
	for i := 1; i <= requests; i++ {
		switch n := times[l.reference(i)]; {
		case n > 1:
			double = append(double, fmt.Sprintf("%s: %d times", l.reference(i), n))
		case n == 0:
			missing = append(missing, l.reference(i))
		}
	}
	return double, missing
}

// sums compares every account with what was asked for.
func (l *lossy) sums(c *crew) {
	l.h.t.Helper()
	check := func(address string, want int64) {
		if is := l.h.posted(c, address); is != strconv.FormatInt(want, 10) {
			l.h.t.Errorf("%s holds %s, want %d", address, is, want)
		}
	}
	for i := range labs {
		check(lab(i), funds+l.wants[i].Load())
	}
	for i, p := range l.h.payers {
		check(l.h.wallet(p), funds+l.wants[labs+i].Load())
	}
	check(l.h.receipts(l.h.shops[0]), l.paid.Load())
}

// TestLostAnswersControl shows that a double and a loss are seen: callers who take a new key for each try pay twice, and callers who try
// only once leave out what never arrived.
func TestLostAnswersControl(t *testing.T) {
	h := build(t, db.SQLite)
	direct := h.start()
	const requests = 300
	for _, careless := range []struct {
		kind     string
		attempts int
		twice    bool
	}{{"lab.newkey", 30, true}, {"lab.once", 1, false}} {
		p := between(t, direct.url, 3, 2)
		l := &lossy{h: h, crew: h.speaking(1, p.url, 1), kind: careless.kind}
		for i := 1; i <= requests; i++ {
			for range careless.attempts {
				_, err := l.crew.operator.PostEntries(context.Background(), l.entry(i, 0, 1, 1))
				for later(err) {
					_, err = l.crew.operator.PostEntries(context.Background(), l.entry(i, 0, 1, 1))
				}
				var refusal *client.Problem
				if errors.As(err, &refusal) {
					t.Fatal(err)
				}
				if err == nil {
					break
				}
			}
		}
		double, missing := l.count(direct, requests)
		if careless.twice && (len(double) == 0 || len(missing) > 0) || !careless.twice && (len(double) > 0 || len(missing) == 0) {
			t.Errorf("%s: %d twice, %d missing (%v)", careless.kind, len(double), len(missing), p)
		}
		t.Logf("%s: %d twice, %d missing; %v", careless.kind, len(double), len(missing), p)
	}
}
