package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
)

const (
	// batchMost bounds a numbering and a delivery, so that one transaction stays short.
	batchMost = 500
	// gather is how far apart a busy outbox numbers: news after a quiet moment is told at once, and a thousand payments a
	// second are told in ten transactions, which meet the same pages of the tables of notices and owners less often.
	gather = 100 * time.Millisecond
	// poll finds news of other processes, which wake nobody here.
	poll = time.Second
	// pollShared is poll where there may be other processes: what they append is numbered, and shown to pages here, within a second.
	pollShared = 200 * time.Millisecond
	// recentMost bounds what is at hand of the events that wait for their number.
	recentMost = 8192
	// retryMost bounds the pause after a handler failed.
	retryMost = 30 * time.Second
	// idLength is the length of an id without its prefix.
	idLength  = 26
	prefix    = "evt"
	sequencer = "sequencer"
)

// Handler takes events in order inside the transaction that advances its subscriber's cursor. It may be run again with
// the same events when that transaction fails, and does nothing but SQL.
type Handler func(tx *db.Tx, events []Event) error

// Options are what an outbox is built from.
type Options struct {
	DB    *db.DB
	IDs   *id.Minter
	Clock clock.Clock // business time, for At
	Real  clock.Clock // for pauses: one that nobody sets
	Log   *slog.Logger
	Lease Lease // whether this process numbers and tells; nil where there is no other
}

// Lease elects one of several processes.
type Lease interface {
	Held() bool
	Fence(tx *db.Tx) error // refuses the transaction of a process that is not the holder, whatever it believes
}

// Outbox takes events in and tells them on.
type Outbox struct {
	Options
	wake chan struct{}

	mu          sync.Mutex
	subscribers []*subscriber
	listeners   map[chan Event]struct{}
	recent      map[string]Event // by id: appended and committed here, not numbered yet
}

type subscriber struct {
	name   string
	handle Handler
	pause  time.Duration
	until  time.Time
}

// New makes an outbox; Run makes it work.
func New(o Options) *Outbox {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Outbox{Options: o, wake: make(chan struct{}, 1), listeners: map[chan Event]struct{}{}, recent: map[string]Event{}}
}

// Append writes events in the transaction that makes them true, and gives each its id and time.
func (o *Outbox) Append(tx *db.Tx, events ...Event) {
	events = slices.Clone(events) // a body may run twice, and what was appended first may still be read
	at := clock.FromMicros(clock.Micros(o.Clock.Now()))
	records, pending := make([]any, 0, insertRecords.Columns()*len(events)), make([]any, 0, len(events))
	for i := range events {
		e := &events[i]
		e.ID, e.At = o.IDs.New(prefix), at
		records = append(records, e.ID, e.Type, e.Object, e.Sequence, strings.Join(e.Owners, " "), clock.Micros(e.At), e.Data)
		pending = append(pending, e.ID)
	}
	insertRecords.Queue(tx, records)
	insertPending.Queue(tx, pending)
	tx.After(func() {
		o.keep(events)
		o.Wake()
	})
}

// keep holds what was committed at hand until it is numbered, so that it is not read and parsed again. Another process, or a step that
// was quicker than this call, may have numbered it before: what is kept in vain goes when there is too much.
func (o *Outbox) keep(events []Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.recent)+len(events) > recentMost {
		clear(o.recent)
	}
	for _, e := range events {
		o.recent[e.ID] = e
	}
}

// pending finds what waits for its number, in the order of its ids: at hand or in the database.
func (o *Outbox) pending(tx *db.Tx) ([]Event, error) {
	ids, err := db.All(tx, scanID, selectPending, batchMost)
	if err != nil {
		return nil, err
	}
	list := make([]Event, len(ids))
	var missing []string
	o.mu.Lock()
	for i, id := range ids {
		known := false
		if list[i], known = o.recent[id]; !known {
			missing = append(missing, id)
		}
	}
	o.mu.Unlock()
	tx.After(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, id := range ids {
			delete(o.recent, id)
		}
	})
	if len(missing) == 0 {
		return list, nil
	}
	read, err := records(tx, missing)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		if list[i].ID != "" {
			continue
		}
		if list[i] = read[id]; list[i].ID == "" {
			return nil, errors.New("event: pending but not recorded: " + id)
		}
	}
	return list, nil
}

// Wake has the outbox look now instead of at its next poll.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Subscribe registers a handler under a name that keeps its place for ever. Call it before Run; a new name starts with
// the first event there is.
func (o *Outbox) Subscribe(name string, h Handler) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.subscribers = append(o.subscribers, &subscriber{name: name, handle: h})
}

// Listen hands out events as they are numbered, for pages that are open now. The channel is closed when the listener
// falls behind, or by stop; whoever listens must then look for itself.
func (o *Outbox) Listen() (events <-chan Event, stop func()) {
	ch := make(chan Event, 256)
	o.mu.Lock()
	o.listeners[ch] = struct{}{}
	o.mu.Unlock()
	return ch, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.drop(ch)
	}
}

// drop closes a listener once; o.mu is held.
func (o *Outbox) drop(ch chan Event) {
	if _, open := o.listeners[ch]; open {
		delete(o.listeners, ch)
		close(ch)
	}
}

// Run numbers and tells events until the context ends, then returns nil. What it had not told stays in the database.
func (o *Outbox) Run(ctx context.Context) error {
	every := poll
	if o.DB.Engine() != db.SQLite {
		every = pollShared
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	live, err := o.head(ctx)
	for ctx.Err() == nil {
		since := clock.Start()
		if err == nil {
			live, err = o.Step(ctx, live)
		}
		if err != nil && ctx.Err() == nil {
			o.Log.Error("outbox", "error", err)
			err = nil
		}
		select {
		case <-ctx.Done():
		case <-o.wake:
			clock.Wait(ctx, gather-since.Elapsed()) // its error is the context's end, which ends the loop
		case <-ticker.C:
		}
	}
	return nil
}

// Step numbers what is pending, tells every subscriber that is behind, and shows listeners what follows number live.
// It returns the new live. Tests and a clean stop use it to bring the outbox to rest.
func (o *Outbox) Step(ctx context.Context, live int64) (int64, error) {
	if o.Lease != nil && !o.Lease.Held() {
		return o.show(ctx, live) // another process numbers and tells
	}
	var fresh []Event
	for {
		list, err := db.Write(ctx, o.DB, o.number)
		if err != nil {
			return live, fmt.Errorf("number events: %w", err)
		}
		if len(list) > 0 {
			fresh = list
		}
		if len(list) < batchMost {
			break
		}
	}
	o.mu.Lock()
	subscribers := slices.Clone(o.subscribers)
	o.mu.Unlock()
	var errs []error
	for _, s := range subscribers {
		if err := o.deliver(ctx, s, fresh); err != nil {
			errs = append(errs, fmt.Errorf("deliver to %s: %w", s.name, err))
		}
	}
	live, err := o.show(ctx, live)
	return live, errors.Join(append(errs, err)...)
}

// number gives the next numbers to what is pending, and returns what it numbered.
func (o *Outbox) number(tx *db.Tx) ([]Event, error) {
	if err := o.fence(tx); err != nil {
		return nil, err
	}
	next, err := o.cursor(tx, sequencer)
	if err != nil {
		return nil, err
	}
	list, err := o.pending(tx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	orderWithinObjects(list)
	var ids strings.Builder
	owners := make([]any, 0, 6*len(list))
	gone := make([]any, len(list))
	for i, e := range list {
		ids.WriteString(e.ID[len(e.ID)-idLength:])
		gone[i] = e.ID
		list[i].Number = next + 1 + int64(i)
		for _, owner := range e.Owners {
			owners = append(owners, owner, list[i].Number, e.ID)
		}
	}
	tx.Queue(insertBatch, next+1, len(list), ids.String())
	insertOwners.Queue(tx, owners)
	db.Chunks(gone, 1, func(rows int, args []any) { tx.Queue(deletePending(rows), args...) })
	tx.Queue(updateCursor, sequencer, next+int64(len(list)))
	return list, nil
}

func (o *Outbox) fence(tx *db.Tx) error {
	if o.Lease == nil {
		return nil
	}
	return o.Lease.Fence(tx)
}

// orderWithinObjects keeps the order of ids but puts the events of one object in the order of their sequence: two
// processes' clocks may differ by more than the time between two steps of a payment.
func orderWithinObjects(list []Event) {
	places := map[string][]int{}
	for i, e := range list {
		places[e.Object] = append(places[e.Object], i)
	}
	for _, at := range places {
		if len(at) < 2 {
			continue
		}
		own := make([]Event, len(at))
		for i, p := range at {
			own[i] = list[p]
		}
		slices.SortStableFunc(own, func(a, b Event) int { return int(a.Sequence - b.Sequence) })
		for i, p := range at {
			list[p] = own[i]
		}
	}
}

// cursor reads and locks a cursor, making it where it is missing.
func (o *Outbox) cursor(tx *db.Tx, name string) (number int64, err error) {
	err = tx.Row(selectCursor+tx.ForUpdate(), name).Scan(&number)
	if errors.Is(err, db.ErrNoRow) {
		tx.Queue(insertCursor, name, 0)
		err = tx.Row(selectCursor+tx.ForUpdate(), name).Scan(&number)
	}
	return number, err
}

// deliver hands a subscriber what it has not seen, batch by batch. After a failure it pauses, longer each time, and the
// other subscribers go on. What was numbered a moment ago and is committed is at hand, and is not read again for each of them.
func (o *Outbox) deliver(ctx context.Context, s *subscriber, fresh []Event) error {
	if s.pause > 0 && o.Real.Now().Before(s.until) {
		return nil
	}
	for ctx.Err() == nil {
		n, err := db.Write(ctx, o.DB, func(tx *db.Tx) (int, error) {
			if err := o.fence(tx); err != nil {
				return 0, err
			}
			from, err := o.cursor(tx, s.name)
			if err != nil {
				return 0, err
			}
			events := later(fresh, from)
			if events == nil {
				events, err = after(tx, from, batchMost)
			}
			if err != nil || len(events) == 0 {
				return 0, err
			}
			if err := s.handle(tx, events); err != nil {
				return 0, err
			}
			tx.Queue(updateCursor, s.name, events[len(events)-1].Number)
			return len(events), nil
		})
		if err != nil && ctx.Err() != nil {
			return err // we were told to stop, the handler did not fail: a last Step must not find it pausing
		}
		if err != nil {
			s.pause = min(max(2*s.pause, 100*time.Millisecond), retryMost)
			s.until = o.Real.Now().Add(s.pause)
			return err
		}
		s.pause = 0
		if n < batchMost {
			return nil
		}
	}
	return nil
}

// later is the part of fresh that follows a number, nil where something may lie between.
func later(fresh []Event, from int64) []Event {
	if len(fresh) == 0 || from+1 < fresh[0].Number || from >= fresh[len(fresh)-1].Number {
		return nil
	}
	return fresh[from+1-fresh[0].Number:]
}

// show hands listeners what is new. Without listeners it only moves on.
func (o *Outbox) show(ctx context.Context, live int64) (int64, error) {
	o.mu.Lock()
	alone := len(o.listeners) == 0
	o.mu.Unlock()
	if alone {
		return o.head(ctx)
	}
	for {
		events, err := db.Read(ctx, o.DB, func(tx *db.Tx) ([]Event, error) { return after(tx, live, batchMost) })
		if err != nil || len(events) == 0 {
			return live, err
		}
		o.mu.Lock()
		for ch := range o.listeners {
			for _, e := range events {
				select {
				case ch <- e:
					continue
				default:
				}
				o.drop(ch)
				break
			}
		}
		o.mu.Unlock()
		live = events[len(events)-1].Number
	}
}
