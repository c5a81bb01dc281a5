package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// alone makes a client that tries once and keeps no connection of another test.
func alone(c *client.Client) *client.Client {
	own := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	return &client.Client{BaseURL: c.BaseURL, Key: c.Key, Attempts: 1, HTTP: own}
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
