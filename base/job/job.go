package job

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
)

//go:embed schema
var files embed.FS

// Schema is this package's tables.
var Schema = db.Schema{Package: "job", FS: files}

const (
	lease     = time.Minute // longer than any handler may take
	pauseMost = 10 * time.Minute
	poll      = 500 * time.Millisecond
	takeMost  = 20 // tasks leased at a time
	errorMost = 500
)

// Clock says whose time a task waits for.
type Clock bool

// The clocks.
const (
	Business Clock = false // deadlines; the sandbox moves it
	Real     Clock = true  // deliveries and retries
)

// Task is one piece of work. Kind and Key together are unique among open tasks: adding one that is open changes nothing.
type Task struct {
	ID       string
	Kind     string
	Key      string
	Due      time.Time
	Clock    Clock
	Payload  []byte
	Attempts int64 // how often it has failed
}

// Options are what a queue is built from.
type Options struct {
	DB    *db.DB
	IDs   *id.Minter
	Clock clock.Clock // business time
	Real  clock.Clock
	Log   *slog.Logger
	Lease Lease // whether this process does tasks; nil where there is no other
}

// Lease elects one of several processes.
type Lease interface {
	Held() bool
	Fence(tx *db.Tx) error // refuses the transaction of a process that is not the holder, whatever it believes
}

// Queue holds tasks and runs them.
type Queue struct {
	Options
	wake chan struct{}

	reclaim atomic.Bool // what the last holder had begun is to be taken back

	mu       sync.Mutex
	handlers map[string]func(context.Context, Task) error
	sweeps   []*sweep
}

// sweep is work that is looked for regularly rather than queued.
type sweep struct {
	kind   string
	period time.Duration
	run    func(context.Context) error
	wake   chan struct{}
}

// New makes a queue; Run makes it work.
func New(o Options) *Queue {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Queue{Options: o, wake: make(chan struct{}, 1), handlers: map[string]func(context.Context, Task) error{}}
}

// Add queues a task in the caller's transaction. A task of this kind and key that is still open stays as it is.
func (q *Queue) Add(tx *db.Tx, t Task) {
	tx.Queue(insertTask, q.IDs.New("job"), t.Kind, t.Key, clock.Micros(t.Due), bool(t.Clock), t.Payload)
	tx.After(q.Wake)
}

// Handle registers what does tasks of a kind. Call it before Run.
func (q *Queue) Handle(kind string, h func(context.Context, Task) error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.handlers[kind] != nil {
		panic("job: two handlers for " + kind)
	}
	q.handlers[kind] = h
}

// sweepAfter is when sweeps run first: whoever has waited for the server to start goes before them.
const sweepAfter = 2 * time.Second

// Every registers work that is done each period of real time, soon after the start first, and whenever WakeSweeps is called, in every
// process: it must be safe beside itself.
func (q *Queue) Every(kind string, period time.Duration, run func(context.Context) error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweeps = append(q.sweeps, &sweep{kind, period, run, make(chan struct{}, 1)})
}

// Wake has the queue and the sweeps look now: something was added, or the business clock was moved.
func (q *Queue) Wake() { signal(q.wake) }

// Reclaim has tasks done again that another process had begun and not ended: it is dead, or it is no longer the one who does them. Those
// that failed before keep their pause.
func (q *Queue) Reclaim() {
	q.reclaim.Store(true)
	q.Wake()
}

// WakeSweeps has every sweep run now, because the business clock was moved.
func (q *Queue) WakeSweeps() {
	q.Wake()
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.sweeps {
		signal(s.wake)
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Run does tasks and sweeps until the context ends; a handler that has begun is waited for.
func (q *Queue) Run(ctx context.Context) error {
	var all sync.WaitGroup
	q.mu.Lock()
	for _, s := range q.sweeps {
		all.Go(func() { q.runSweep(ctx, s) })
	}
	q.mu.Unlock()
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if _, err := q.Step(ctx); err != nil && ctx.Err() == nil {
			q.Log.Error("job queue", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-ticker.C:
		}
	}
	all.Wait()
	return nil
}

func (q *Queue) runSweep(ctx context.Context, s *sweep) {
	first := time.NewTimer(sweepAfter)
	defer first.Stop()
	select {
	case <-ctx.Done():
	case <-s.wake:
	case <-first.C:
	}
	ticker := time.NewTicker(s.period)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := protect(func() error { return s.run(ctx) }); err != nil && ctx.Err() == nil {
			q.Log.Error("sweep", "kind", s.kind, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-ticker.C:
		}
	}
}

// Step does every task that is due now and says how many it did. Tests use it to bring the queue to rest.
func (q *Queue) Step(ctx context.Context) (done int, err error) {
	if q.Lease != nil && !q.Lease.Held() {
		return 0, nil
	}
	for ctx.Err() == nil {
		tasks, err := db.Write(ctx, q.DB, q.take)
		if err != nil || len(tasks) == 0 {
			return done, err
		}
		var all sync.WaitGroup
		for _, t := range tasks {
			all.Go(func() { q.do(ctx, t) })
		}
		all.Wait()
		done += len(tasks)
	}
	return done, nil
}

// take leases tasks that are due on either clock.
func (q *Queue) take(tx *db.Tx) ([]Task, error) {
	if q.Lease != nil {
		if err := q.Lease.Fence(tx); err != nil {
			return nil, err
		}
	}
	real := clock.Micros(q.Real.Now())
	if q.reclaim.CompareAndSwap(true, false) {
		tx.Queue(reclaimTasks, real)
		tx.Undo(func() { q.reclaim.Store(true) })
	}
	var list []Task
	for _, c := range []struct {
		real bool
		now  int64
	}{{false, clock.Micros(q.Clock.Now())}, {true, real}} {
		more, err := db.All(tx, scanTask, selectDue+tx.ForUpdate(), c.real, c.now, real, takeMost)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	for _, t := range list {
		tx.Queue(leaseTask, t.ID, real+lease.Microseconds())
	}
	return list, nil
}

// do runs one task and settles it. A task without a handler waits for a version of the program that has one.
func (q *Queue) do(ctx context.Context, t Task) {
	q.mu.Lock()
	h := q.handlers[t.Kind]
	q.mu.Unlock()
	err := error(fault.ErrUnavailable.Because(fmt.Errorf("no handler for %s", t.Kind)))
	if h != nil {
		err = protect(func() error { return h(ctx, t) })
	}
	settle := context.WithoutCancel(ctx)
	if err == nil {
		err = q.DB.Write(settle, func(tx *db.Tx) error {
			_, err := tx.Exec(deleteTask, t.ID)
			return err
		})
	} else {
		q.Log.Warn("task failed", "kind", t.Kind, "key", t.Key, "attempts", t.Attempts+1, "error", err)
		pause := min(time.Second<<min(t.Attempts, 10), pauseMost)
		text := err.Error()
		err = q.DB.Write(settle, func(tx *db.Tx) error {
			_, err := tx.Exec(failTask, t.ID, clock.Micros(q.Real.Now().Add(pause)), strings.ToValidUTF8(text[:min(len(text), errorMost)], ""))
			return err
		})
	}
	if err != nil {
		q.Log.Error("settle a task", "kind", t.Kind, "key", t.Key, "error", err)
	}
}

// protect turns a handler's panic into its error.
func protect(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

func scanTask(r db.Row) (t Task, err error) {
	var due int64
	var isReal bool
	err = r.Scan(&t.ID, &t.Kind, &t.Key, &due, &isReal, &t.Payload, &t.Attempts)
	t.Due, t.Clock = clock.FromMicros(due), Clock(isReal)
	return t, err
}

// Waiting counts open tasks and those that have failed at least once, for the health page.
func Waiting(tx *db.Tx) (open, failing int64, err error) {
	err = tx.Row(countTasks).Scan(&open, &failing)
	return open, failing, err
}

// Open is a task that is not done, as the health page lists it.
type Open struct {
	ID, Kind, Error string // Error is why it failed the last time
	Due             time.Time
	Attempts        int64
}

// List returns open tasks, those that failed most often first.
func List(tx *db.Tx, limit int) ([]Open, error) {
	return db.All(tx, func(r db.Row) (o Open, err error) {
		var due int64
		err = r.Scan(&o.ID, &o.Kind, &due, &o.Attempts, &o.Error)
		o.Due = clock.FromMicros(due)
		return o, err
	}, selectOpen, limit)
}
