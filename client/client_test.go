package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// bank is a server that remembers keys, and loses answers on purpose: what the SDK has to live with.
type bank struct {
	mu     sync.Mutex
	script []string // what to do with the next requests
	made   map[string]int
	keys   []string
	asked  int
}

// count is how many requests came. A client whose connection was dropped is not told that the server has done with it.
func (b *bank) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	key := r.Header.Get("Idempotency-Key")
	b.keys = append(b.keys, key)
	act := "ok"
	if len(b.script) > 0 {
		act, b.script = b.script[0], b.script[1:]
	}
	refuse := func(status int, code, moved string) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		json.MarshalWrite(w, Problem{Code: code, Status: status, MoneyMoved: moved})
	}
	switch act {
	case "drop before":
		panic(http.ErrAbortHandler)
	case "busy":
		w.Header().Set("Retry-After", "0")
		refuse(503, "unavailable", "no")
		return
	case "unknown":
		b.made[key]++
		refuse(503, "outcome_unknown", "unknown")
		return
	case "poor":
		refuse(402, "insufficient_funds", "no")
		return
	case "proxy":
		http.Error(w, "<html>bad gateway", http.StatusBadGateway)
		return
	}
	if b.made[key] > 0 && key != "" {
		w.Header().Set("Idempotent-Replayed", "true")
	} else {
		b.made[key]++
	}
	if act == "drop after" {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Request-Id", "req_1")
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, `{"id":"pay_1","object":"payment","state":"completed","a member of next year":{"x":[1]}}`)
}

func open(t *testing.T, script ...string) (*bank, *Client) {
	b := &bank{script: script, made: map[string]int{}}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	return b, &Client{BaseURL: s.URL + "/", Key: "k", Wait: time.Microsecond, Attempts: 4}
}

// TestOneKeyOverAllTries: whatever happens to a request or its answer, it is sent again with the same key, and the money moves once.
func TestOneKeyOverAllTries(t *testing.T) {
	for _, script := range [][]string{{}, {"drop before"}, {"drop after"}, {"busy", "busy"}, {"unknown"}, {"proxy"}, {"drop after", "busy",
		"drop before"}} {
		b, c := open(t, script...)
		var head Answer
		p, err := c.CreatePayment(t.Context(), CreatePayment{}, Into(&head))
		// net/http itself repeats a request with a key when a kept connection breaks, so there may be fewer attempts than requests.
		if err != nil || p.ID != "pay_1" || head.Attempts > len(script)+1 || head.RequestID != "req_1" {
			t.Errorf("%v: %+v, %v, %+v", script, p, err, head)
		}
		if b.count() != len(script)+1 || len(b.made) != 1 || b.made[b.keys[0]] != 1 || len(b.keys[0]) < 20 {
			t.Errorf("%v: asked %d times, made %v", script, b.count(), b.made)
		}
	}
}

// TestARefusalIsFinal: a refusal is not tried again, and is a Problem.
func TestARefusalIsFinal(t *testing.T) {
	b, c := open(t, "poor")
	_, err := c.CreatePayment(t.Context(), CreatePayment{})
	if !errors.Is(err, &Problem{Code: "insufficient_funds"}) || b.count() != 1 {
		t.Errorf("%v after %d", err, b.count())
	}
	// After a lost answer a refusal of the second try is still what stands: the key would have found the first one's success.
	b, c = open(t, "drop before", "poor")
	if _, err = c.CreatePayment(t.Context(), CreatePayment{}); !errors.Is(err, &Problem{Code: "insufficient_funds"}) || b.count() != 2 {
		t.Errorf("%v after %d", err, b.count())
	}
}

// TestUnknownIsTold: a call that is never answered says so, with the key that finds out; the same call with it does.
func TestUnknownIsTold(t *testing.T) {
	b, c := open(t, "drop after", "drop before", "drop before", "drop before")
	_, err := c.CreatePayment(t.Context(), CreatePayment{})
	var unknown *UnknownError
	if !errors.As(err, &unknown) || unknown.Key == "" || b.count() != 4 || !strings.Contains(err.Error(), unknown.Key) {
		t.Fatalf("%v after %d", err, b.count())
	}
	var head Answer
	if _, err := c.CreatePayment(t.Context(), CreatePayment{}, IdempotencyKey(unknown.Key), Into(&head)); err != nil || !head.Replayed ||
		len(b.made) != 1 {
		t.Errorf("%v, replayed %v, made %v", err, head.Replayed, b.made)
	}
	// Storage that is away after a lost answer does not say what became of the first try.
	_, c = open(t, "drop after", "busy", "busy", "busy")
	if _, err = c.CreatePayment(t.Context(), CreatePayment{}); !errors.As(err, &unknown) {
		t.Errorf("%v", err)
	}
	// Storage that was away all the time did nothing.
	_, c = open(t, "busy", "busy", "busy", "busy")
	var p *Problem
	if _, err = c.CreatePayment(t.Context(), CreatePayment{}); !errors.As(err, &p) || p.MoneyMoved != "no" {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b, c = open(t)
	if _, err = c.CreatePayment(ctx, CreatePayment{}); !errors.As(err, &unknown) || !errors.Is(err, context.Canceled) || b.count() != 0 {
		t.Errorf("%v after %d", err, b.count())
	}
}

// TestWhatMayNotBeSentTwice: a call without a key that is not safe to repeat is not repeated.
func TestWhatMayNotBeSentTwice(t *testing.T) {
	b, c := open(t, "drop after")
	var unknown *UnknownError
	if _, err := c.AdvanceClock(t.Context(), AdvanceClock{By: "1d"}); !errors.As(err, &unknown) || unknown.Key != "" || b.count() != 1 {
		t.Errorf("%v after %d", err, b.count())
	}
	b, c = open(t, "drop after")
	if _, err := c.AdvanceClock(t.Context(), AdvanceClock{To: time.Unix(1, 0)}); err != nil || b.count() != 2 {
		t.Errorf("%v after %d", err, b.count())
	}
}

// TestParty: both forms of a side are read, and written as they were.
func TestParty(t *testing.T) {
	for _, text := range []string{`"usr_1"`, `{"id":"usr_1","object":"person","name":"Lena H."}`,
		`{"id":"mch_1","object":"merchant","name":"Café"}`} {
		var p Party
		if err := json.Unmarshal([]byte(text), &p); err != nil || p.ID == "" {
			t.Fatal(err)
		}
		if again, err := json.Marshal(p); err != nil || string(again) != text {
			t.Errorf("%s became %s, %v", text, again, err)
		}
	}
}
