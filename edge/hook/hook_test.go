package hook

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/core/rail"
	"billfold/test/harness"
)

const settled = `{"type":"charge.settled","data":{"reference":"pay_01kjkz4n8dj4dfwkkh5k6r7a00","merchant":"test","amount":"100",` +
	`"currency":"EUR"}}`

// door is the handler over a real inbox and queue.
type door struct {
	t       *testing.T
	d       *db.DB
	clock   *clock.Sandbox
	secret  []byte
	handler http.Handler
}

func doors(t *testing.T, body func(o *door)) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		o := &door{t: t, d: d, clock: harness.Clock(), secret: []byte("the rail and we")}
		queue := job.New(job.Options{DB: d, IDs: id.NewMinter(o.clock.Now), Clock: o.clock, Real: o.clock, Log: harness.Logger(t)})
		o.handler = New(rail.NewInbox(rail.InboxOptions{DB: d, Real: o.clock, Queue: queue, Secrets: map[string][]byte{"card": o.secret}}))
		body(o)
	}, job.Schema, rail.Schema)
}

// send posts a callback whose headers are those of h, each name with its values.
func (o *door) send(method, path, body string, h http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(o.t.Context(), method, path, strings.NewReader(body))
	for name, values := range h {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	o.handler.ServeHTTP(w, r)
	return w
}

func (o *door) signed(name, body string) http.Header {
	h := rail.Sign(o.secret, name, o.clock.Now(), []byte(body))
	return http.Header{"Webhook-Id": {h.ID}, "Webhook-Timestamp": {h.Timestamp}, "Webhook-Signature": {h.Signature}}
}

func (o *door) stored() int {
	o.t.Helper()
	list, err := db.Read(o.t.Context(), o.d, func(tx *db.Tx) ([]rail.Callback, error) {
		return rail.Callbacks(tx, "pay_01kjkz4n8dj4dfwkkh5k6r7a00")
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return len(list)
}

// TestCallback: 204 means stored; a repeat is answered the same and stored once.
func TestCallback(t *testing.T) {
	doors(t, func(o *door) {
		for range 3 {
			if w := o.send("POST", "/hook/card", settled, o.signed("msg_1", settled)); w.Code != 204 || o.stored() != 1 {
				t.Errorf("%d %s, %d stored", w.Code, w.Body, o.stored())
			}
		}
		if w := o.send("POST", "/hook/card", settled, o.signed("msg_2", settled)); w.Code != 204 || o.stored() != 2 {
			t.Errorf("another message: %d, %d stored", w.Code, o.stored())
		}
	})
}

// TestForged is case 47: whatever a rail did not sign is refused without a word, and leaves no trace.
func TestForged(t *testing.T) {
	doors(t, func(o *door) {
		change := func(do func(h http.Header)) http.Header {
			h := o.signed("msg", settled)
			do(h)
			return h
		}
		stranger := &door{clock: o.clock, secret: []byte("somebody else")}
		big := strings.Repeat(" ", 64<<10) + settled
		for what, one := range map[string]struct {
			path, body string
			head       http.Header
			status     int
		}{
			"no headers":                  {"/hook/card", settled, nil, 401},
			"another secret":              {"/hook/card", settled, stranger.signed("msg", settled), 401},
			"another body":                {"/hook/card", strings.Replace(settled, "100", "900", 1), o.signed("msg", settled), 401},
			"the same body, written anew": {"/hook/card", strings.Replace(settled, ":", ": ", 1), o.signed("msg", settled), 401},
			"another id":                  {"/hook/card", settled, change(func(h http.Header) { h["Webhook-Id"] = []string{"msg_9"} }), 401},
			"another time": {"/hook/card", settled, change(func(h http.Header) {
				h["Webhook-Timestamp"] = []string{strconv.FormatInt(o.clock.Now().Unix()+1, 10)}
			}), 401},
			"half a signature": {"/hook/card", settled, change(func(h http.Header) {
				h["Webhook-Signature"] = []string{h["Webhook-Signature"][0][:20]}
			}), 401},
			"two signatures": {"/hook/card", settled, change(func(h http.Header) {
				h["Webhook-Signature"] = append(h["Webhook-Signature"], h["Webhook-Signature"][0])
			}), 401},
			"two ids":         {"/hook/card", settled, change(func(h http.Header) { h["Webhook-Id"] = []string{"msg", "msg_9"} }), 401},
			"nobody's rail":   {"/hook/sepa", settled, o.signed("msg", settled), 404},
			"signed, no JSON": {"/hook/card", "settled", o.signed("msg", "settled"), 400},
			"signed, a number": {"/hook/card", strings.Replace(settled, `"100"`, "100", 1), o.signed("msg", strings.Replace(settled, `"100"`,
				"100", 1)), 400},
			"signed, too big": {"/hook/card", big, o.signed("msg", big), 413},
		} {
			if w := o.send("POST", one.path, one.body, one.head); w.Code != one.status || w.Body.Len() > 0 {
				t.Errorf("%s: %d %q, want %d", what, w.Code, w.Body, one.status)
			}
		}
		if w := o.send("GET", "/hook/card", "", nil); w.Code != 405 {
			t.Errorf("GET: %d", w.Code)
		}
		old := o.signed("msg", settled)
		if err := o.clock.Advance(rail.Tolerance + 1e9); err != nil {
			t.Fatal(err)
		}
		if w := o.send("POST", "/hook/card", settled, old); w.Code != 401 {
			t.Errorf("six minutes old: %d", w.Code)
		}
		if n := o.stored(); n != 0 {
			t.Errorf("%d stored", n)
		}
		if w := o.send("POST", "/hook/card", settled, o.signed("msg", settled)); w.Code != 204 || o.stored() != 1 {
			t.Errorf("the rail itself: %d", w.Code)
		}
	})
}

// TestNotStored: what cannot be stored is not acknowledged, so the rail sends it again.
func TestNotStored(t *testing.T) {
	doors(t, func(o *door) {
		closed, cancel := context.WithCancel(o.t.Context())
		cancel()
		r := httptest.NewRequestWithContext(closed, "POST", "/hook/card", strings.NewReader(settled))
		r.Header = o.signed("msg", settled)
		w := httptest.NewRecorder()
		o.handler.ServeHTTP(w, r)
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || o.stored() != 0 {
			t.Errorf("%d, %d stored", w.Code, o.stored())
		}
	})
}
