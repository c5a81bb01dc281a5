package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/client"
)

// journal is what the world outside knows: the payments that were acknowledged.
type journal struct {
	mu  sync.Mutex
	ids []string
}

func (j *journal) add(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ids = append(j.ids, id)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.ids...)
}

// pay has some callers pay the café until they are told to stop or the server is gone. An answer goes into the journal.
func pay(ctx context.Context, c *client.Client, callers int, j *journal) *sync.WaitGroup {
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				p, err := c.CreatePayment(ctx, client.CreatePayment{Amount: client.Money{Amount: "1", Currency: "EUR"}, Payee: "@cafe_linden",
					Confirm: true})
				var refusal *client.Problem
				if err != nil && !errors.As(err, &refusal) {
					return // the plug was pulled
				}
				if err == nil && p.State == "completed" {
					j.add(p.ID)
				}
			}
		})
	}
	return &all
}

// alone makes a client that tries once and keeps no connection of another test.
func alone(c *client.Client) *client.Client {
	own := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	return &client.Client{BaseURL: c.BaseURL, Key: c.Key, Attempts: 1, HTTP: own}
}

// TestPulledPlug kills the server under load, at moments that a seed picks, and starts it again: every payment that was
// acknowledged is there, both sides are told of it, and the books verify. The journal lies outside of what is killed.
func TestPulledPlug(t *testing.T) {
	const rounds = 3
	on(t, func(t *testing.T, at place) {
		ctx := context.Background()
		var j journal
		dice := rand.New(rand.NewPCG(1, 2))
		p := at.dev(t).ready()
		for round := range rounds {
			before := len(j.all())
			paying := pay(ctx, alone(at.as(t, "BILLFOLD_PAYER_KEY")), 8, &j)
			enough := before + 20 + dice.IntN(150)
			until(t, "payments are acknowledged", func() bool { return len(j.all()) >= enough })
			if err := p.cmd.Process.Signal(unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			p.exit()
			paying.Wait()
			p = at.dev(t).ready()
			shop := at.as(t, "BILLFOLD_KEY")
			for _, id := range j.all()[before:] {
				found, err := shop.Payment(ctx, id, nil)
				if err != nil || found.State != "completed" {
					t.Fatalf("round %d: payment %s was acknowledged and is %q, %v", round, id, found.State, err)
				}
			}
			until(t, "both sides are told", func() bool { return told(ctx, t, shop, j.all()[before:]) })
			if code, out, complaint := billfold(t, at.env, "verify", "--data", at.dir); code != 0 {
				t.Fatalf("round %d: verify ended with %d\n%s%s", round, code, out, complaint)
			}
		}
		t.Logf("%d payments acknowledged, %d plugs pulled", len(j.all()), rounds)
	})
}

// told says whether payer and payee have heard of every payment; it fails where one has and the other has not.
func told(ctx context.Context, t *testing.T, c *client.Client, ids []string) bool {
	t.Helper()
	for _, id := range ids {
		p, err := c.Payment(ctx, id, nil)
		if err != nil {
			t.Fatal(err)
		}
		heard := map[string]bool{}
		for _, step := range p.Timeline {
			heard[step.Step] = true
		}
		if heard["confirm_payer"] != heard["confirm_payee"] {
			t.Fatalf("payment %s: one side was told and the other was not: %+v", id, p.Timeline)
		}
		if !heard["confirm_payer"] {
			return false
		}
	}
	return true
}

// TestStop shows that SIGTERM lets accepted requests finish: everybody who was heard is answered, nobody gets a broken
// connection, and the server ends by itself, with both sides of everything told.
func TestStop(t *testing.T) {
	on(t, func(t *testing.T, at place) {
		p := at.dev(t).ready()
		secrets := at.secrets(t)
		const callers = 8
		var sent, answered atomic.Int64
		var broken sync.Map
		var all sync.WaitGroup
		body := `{"amount":{"amount":"1","currency":"EUR"},"payee":"@cafe_linden","confirm":true}`
		for n := range callers {
			all.Go(func() {
				for i := 0; ; i++ {
					// A connection for each request: on a kept one the server may hang up just when the next request is under way.
					r, _ := http.NewRequest(http.MethodPost, secrets["BILLFOLD_URL"]+"/v1/payments", strings.NewReader(body))
					r.Close = true
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Idempotency-Key", fmt.Sprintf("stop-%d-%d", n, i))
					r.SetBasicAuth(secrets["BILLFOLD_PAYER_KEY"], "")
					answer, err := http.DefaultTransport.RoundTrip(r)
					if errors.Is(err, unix.ECONNREFUSED) {
						return // it accepts nothing more
					}
					sent.Add(1)
					if err == nil {
						_, err = io.Copy(io.Discard, answer.Body)
						answer.Body.Close()
					}
					var call *net.OpError
					if errors.As(err, &call) && errors.Is(err, unix.ECONNRESET) && answer == nil {
						sent.Add(-1) // it lay in the queue of the closed listener, unheard
						return
					}
					if err != nil || answer.StatusCode >= 300 {
						broken.Store(fmt.Sprintf("%d-%d", n, i), fmt.Sprint(err))
						return
					}
					answered.Add(1)
				}
			})
		}
		until(t, "payments are answered", func() bool { return answered.Load() > 50 })
		if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := p.exit(); code != 0 {
			t.Errorf("SIGTERM ended it with %d", code)
		}
		all.Wait()
		broken.Range(func(key, value any) bool {
			t.Errorf("request %v was accepted and not answered: %v", key, value)
			return true
		})
		if code, out, _ := billfold(t, at.env, "verify", "--data", at.dir); code != 0 {
			t.Errorf("verify ended with %d\n%s", code, out)
		}
		d := at.open(t)
		defer d.Close()
		var unnumbered, untold int64
		if err := d.Read(context.Background(), func(tx *db.Tx) (err error) {
			unnumbered, untold, err = event.Lag(tx, "payment.tell")
			return err
		}); err != nil || unnumbered != 0 || untold != 0 {
			t.Errorf("%d events are not numbered and %d not told: %v", unnumbered, untold, err)
		}
	})
}

// TestStopWithListeners shows that an open stream of events does not hold up the stop: it is ended, not cut off.
func TestStopWithListeners(t *testing.T) {
	at := place{dir: t.TempDir()}
	p := at.dev(t).ready()
	secrets := at.secrets(t)
	r, err := http.NewRequest(http.MethodGet, secrets["BILLFOLD_URL"]+"/v1/events/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.SetBasicAuth(secrets["BILLFOLD_KEY"], "")
	stream, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if kind := stream.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Fatalf("no stream but %d %s", stream.StatusCode, kind)
	}
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	if _, err := io.Copy(io.Discard, stream.Body); err != nil {
		t.Errorf("the stream broke off: %v", err)
	}
	if code := p.exit(); code != 0 || strings.Contains(p.complaint(), "cut off") {
		t.Errorf("it ended with %d: %s", code, p.complaint())
	}
}

// TestSecondSignal shows that a second signal ends the process although a request is still being served.
func TestSecondSignal(t *testing.T) {
	at := place{dir: t.TempDir()}
	p := at.dev(t, "--empty").ready()
	url := at.secrets(t)["BILLFOLD_URL"]
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Half a body keeps the request open for as long as the server is willing to wait for the rest.
	fmt.Fprint(conn, "POST /signin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: 100\r\n\r\nlogin=")
	until(t, "the server waits for the rest of the request", func() bool { return get(url+"/healthz") == 200 })
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	until(t, "it says that it stops", func() bool { return strings.Contains(p.complaint(), "stopping") })
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	watch := time.Now()
	if code := p.exit(); code == 0 {
		t.Errorf("it ended with %d after %v, as if nothing had been cut off", code, time.Since(watch))
	}
}
