package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
)

// StreamedEvent is an event and where it stands: the cursor that resumes after it, in Stream and in Events.
type StreamedEvent struct {
	Event
	Cursor string
}

// Stream yields events as they happen, from after the cursor on; "" begins now. It connects again after every break and
// resumes where it was. It ends with the context, or with a refusal.
func (c *Client) Stream(ctx context.Context, cursor string) iter.Seq2[StreamedEvent, error] {
	return func(yield func(StreamedEvent, error) bool) {
		wait := defaultWait
		for {
			more, err := c.stream(ctx, &cursor, func(e StreamedEvent) bool {
				wait = defaultWait
				return yield(e, nil)
			})
			if !more {
				return
			}
			var p *Problem
			if errors.As(err, &p) && p.Status != http.StatusServiceUnavailable && p.Status != http.StatusTooManyRequests {
				yield(StreamedEvent{}, p)
				return
			}
			if sleep(ctx, wait) != nil {
				yield(StreamedEvent{}, ctx.Err())
				return
			}
			wait = min(2*wait, mostWait)
		}
	}
}

// stream reads one connection; more says whether the reader wants to go on.
func (c *Client) stream(ctx context.Context, cursor *string, yield func(StreamedEvent) bool) (more bool, err error) {
	r, err := c.request(ctx, &call{method: http.MethodGet, path: "/v1/events/stream"}, nil)
	if err != nil {
		return true, err
	}
	r.Header.Set("Accept", "text/event-stream")
	if *cursor != "" {
		r.Header.Set("Last-Event-ID", *cursor)
	}
	answer, err := c.http().Do(r)
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		if err != nil {
			return true, err
		}
		return true, problemOf(answer, text)
	}
	var data strings.Builder
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "id":
			*cursor = value
		case name == "data":
			data.WriteString(value)
		case name == "" && value == "" && data.Len() > 0:
			e := StreamedEvent{Cursor: *cursor}
			err := json.Unmarshal([]byte(data.String()), &e.Event)
			data.Reset()
			if err != nil {
				return true, err
			}
			if !yield(e) {
				return false, nil
			}
		}
	}
	return true, lines.Err()
}
