package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"billfold/client"
	"billfold/core/identity"
)

// TestStream: events reach an open stream in order, each owner's to that owner; a stream that broke resumes after the event it saw
// last, without a gap or a repeat; and a revoked key ends it.
func TestStream(t *testing.T) {
	engines(t, func(w *world) {
		ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
		defer cancel()
		run := make(chan error, 1)
		go func() { run <- w.api.Outbox.Run(ctx) }()
		defer func() { cancel(); <-run }()
		w.fund(w.lenaKey, "5000")
		w.fund(w.omarKey, "5000")
		first := w.pay(w.lenaKey, "100").ID
		seen := func(cursor string, until int, meanwhile func(n int)) (got []string, last string) {
			t.Helper()
			for e, err := range w.streamer(w.lenaKey).Stream(ctx, cursor) {
				if err != nil {
					t.Fatalf("after %v: %v", got, err)
				}
				got, last = append(got, e.Type+" "+e.Data.Object.ID), e.Cursor
				if len(got) == until {
					break
				}
				if meanwhile != nil {
					meanwhile(len(got))
				}
			}
			return got, last
		}
		var ids []string
		got, last := seen("0", 5, func(n int) {
			if n == 3 { // what happens while the stream is open
				w.pay(w.omarKey, "1") // not lena's
				ids = append(ids, w.pay(w.lenaKey, "101").ID, w.pay(w.lenaKey, "102").ID)
			}
		})
		want := []string{"payment.completed " + first}
		for _, id := range ids {
			want = append(want, "payment.completed "+id)
		}
		if strings.Join(got[2:], "\n") != strings.Join(want, "\n") {
			t.Errorf("got %v, want %v", got, want)
		}
		away := w.pay(w.lenaKey, "103").ID // while nobody listens
		if got, _ = seen(last, 1, nil); got[0] != "payment.completed "+away {
			t.Errorf("resumed with %v, want %s", got, away)
		}
		list, err := w.as(w.lenaKey).Events(w.ctx, client.EventFilter{Page: client.Page{Cursor: last}})
		if err != nil || len(list.Data) != 1 || list.Data[0].Data.Object.ID != away {
			t.Errorf("pulled after %s: %+v, %v", last, list, err)
		}
		for key, status := range map[string]int{"": 401, w.lenaKey[:20]: 401} {
			if a := w.send(key, http.MethodGet, "/v1/events/stream", ""); a.status != status {
				t.Errorf("%d", a.status)
			}
		}
		if a := w.send(w.lenaKey, http.MethodGet, "/v1/events/stream", "", "Last-Event-ID: x"); a.status != 422 {
			t.Errorf("a cursor that is none: %d %s", a.status, a.body)
		}
		if a := w.send(w.omarKey, http.MethodGet, "/v1/events/stream?owner="+string(w.lena), ""); a.status != 404 {
			t.Errorf("somebody else's: %d", a.status)
		}
		w.revokeWhileOpen(ctx)
	})
}

func (w *world) revokeWhileOpen(ctx context.Context) {
	w.t.Helper()
	secret, key := w.newKey(string(w.lena), identity.PayerKey)
	var end error
	for e, err := range w.streamer(secret).Stream(ctx, "0") {
		if err != nil {
			end = err
			break
		}
		if e.Cursor == "1" {
			if err := w.api.People.RevokeKey(ctx, string(w.lena), key); err != nil {
				w.t.Fatal(err)
			}
			w.pay(w.lenaKey, "104")
		}
	}
	refused(w.t, "a revoked key", end, 401, "api_key_invalid")
}

// streamer is a client whose answers are not checked as they pass: a stream has no end.
func (w *world) streamer(key string) *client.Client {
	return &client.Client{BaseURL: w.server.URL, Key: key, Attempts: 1}
}
