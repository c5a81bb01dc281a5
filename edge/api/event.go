package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/client"
	"billfold/core/payment"
)

func listEvents(c *call, _ *none) (client.List[client.Event], error) {
	list := client.List[client.Event]{Object: "list", URL: c.route.path}
	if c.query.has("cursor") && c.query.has("since") {
		return list, ErrQuery.With("since")
	}
	since := max(c.query.position("cursor"), c.query.position("since"))
	limit := c.query.limit()
	events, err := c.api.events(c.ctx, event.Filter{Owner: c.owner, Since: since, Type: c.query.text("type"), Limit: limit + 1})
	if err != nil {
		return list, err
	}
	if len(events) > limit {
		events, list.HasMore = events[:limit], true
	}
	list.Data = make([]client.Event, len(events))
	for i := range events {
		list.Data[i], since = eventOf(&events[i]), events[i].Number
	}
	list.NextCursor = strconv.FormatInt(since, 10)
	return list, nil
}

func (a *API) events(ctx context.Context, f event.Filter) ([]event.Event, error) {
	return db.Read(ctx, a.DB, func(tx *db.Tx) ([]event.Event, error) { return event.List(tx, f) })
}

func getEvent(c *call, _ *none) (client.Event, error) {
	name := c.r.PathValue("id")
	if !id.Valid(name, "evt") {
		return client.Event{}, fault.ErrNotFound
	}
	e, err := db.Read(c.ctx, c.api.DB, func(tx *db.Tx) (event.Event, error) { return event.Get(tx, c.owner, name) })
	if errors.Is(err, db.ErrNoRow) {
		return client.Event{}, fault.ErrNotFound
	}
	return eventOf(&e), err
}

// eventOf writes an event down. What is no payment's event is told by its object alone.
func eventOf(e *event.Event) client.Event {
	kind, _, _ := strings.Cut(e.Type, ".")
	out := client.Event{ID: e.ID, Object: "event", Type: e.Type, Sequence: e.Sequence, CreatedAt: e.At}
	o := &out.Data.Object
	o.ID, o.Object = e.Object, kind
	news, err := payment.ParseNews(*e)
	if kind != "payment" || err != nil {
		return out
	}
	in := func(minor string) client.Money { return client.Money{Amount: minor, Currency: news.Currency} }
	o.Kind, o.State, o.Payer, o.Payee = string(news.Kind), string(news.State), news.Payer, news.Payee
	o.Amount, o.Moved, o.Captured, o.Refunded = in(news.Amount), in(news.Moved), in(news.Captured), in(news.Refunded)
	o.RefundOf, o.Failure = string(news.Of), news.Failure
	return out
}

// StreamPath is where programs listen.
const StreamPath = "/v1/events/stream"

const (
	// heartbeat keeps proxies from closing a quiet stream, and notices a key that was revoked meanwhile.
	heartbeat = 10 * time.Second
	// patience is how long a reader may take to make room before the stream ends.
	patience = 20 * time.Second
	catchUp  = 100
)

// stream is one reader of events.
type stream struct {
	*call
	out    *http.ResponseController
	secret string
	last   int64 // number of the last event that was sent
}

// streamEvents sends events as they are numbered. What the in-memory fan-out drops, because the reader is slow or another
// process numbered it, is read from the database: the position in the stream is the only state.
func streamEvents(c *call) error {
	s := stream{call: c, out: http.NewResponseController(c.w)}
	s.secret, _ = credentials(c.r.Header["Authorization"])
	resume := c.r.Header.Get("Last-Event-ID")
	if resume == "" {
		resume = c.query.text("cursor")
	}
	live, stop := c.api.Outbox.Listen()
	defer func() { stop() }()
	var err error
	if s.last, err = strconv.ParseInt(resume, 10, 64); resume != "" && (err != nil || s.last < 0) {
		return fault.ErrInvalid.With("Last-Event-ID")
	}
	if resume == "" {
		if s.last, err = db.Read(c.ctx, c.api.DB, event.Head); err != nil {
			return err
		}
	}
	h := c.w.Header()
	h["Content-Type"] = []string{"text/event-stream"}
	h["X-Accel-Buffering"] = []string{"no"} // nginx would collect events until a buffer is full
	// A server's limits on reading and writing are for answers that end. What a connection does not have, it need not change.
	_ = s.out.SetReadDeadline(time.Time{})
	c.w.WriteHeader(http.StatusOK)
	if !s.send(": " + c.request + "\n\n") {
		return nil
	}
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for news := true; ; {
		if news && !s.catchUp() {
			return nil
		}
		news = false
		select {
		case <-c.ctx.Done():
			return nil
		case <-c.api.closing:
			return nil
		case e, open := <-live:
			if news = !open || e.Number > s.last && slices.Contains(e.Owners, s.owner); !open {
				live, stop = c.api.Outbox.Listen() // we fell behind: what is missing is in the database
			}
		case <-tick.C:
			// Another process may have numbered something just as we began to listen.
			if news = true; !s.send(":\n\n") {
				return nil
			}
		}
	}
}

// catchUp sends what follows the last event. It says no when the stream is over: the reader is gone, or the key.
func (s *stream) catchUp() bool {
	for {
		if _, err := s.api.People.AuthenticateKey(s.ctx, s.secret); err != nil {
			return false
		}
		events, err := s.api.events(s.ctx, event.Filter{Owner: s.owner, Since: s.last, Limit: catchUp})
		if err != nil {
			return false // the reader connects again, and resumes
		}
		var b strings.Builder
		for i := range events {
			text, err := json.Marshal(eventOf(&events[i]))
			if err != nil {
				return false
			}
			s.last = events[i].Number
			b.WriteString("id: " + strconv.FormatInt(s.last, 10) + "\nevent: " + events[i].Type + "\ndata: ")
			b.Write(text)
			b.WriteString("\n\n")
		}
		if b.Len() > 0 && !s.send(b.String()) {
			return false
		}
		if len(events) < catchUp {
			return true
		}
	}
}

func (s *stream) send(text string) bool {
	_ = s.out.SetWriteDeadline(s.api.Real.Now().Add(patience))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	return s.out.Flush() == nil
}
