package job_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/test/harness"
)

type world struct {
	q        *job.Queue
	business *clock.Sandbox
	real     *clock.Sandbox
}

func newWorld(t *testing.T, d *db.DB) world {
	w := world{business: harness.Clock(), real: harness.Clock()}
	w.q = job.New(job.Options{DB: d, IDs: id.NewMinter(w.business.Now), Clock: w.business, Real: w.real, Log: harness.Logger(t)})
	return w
}

func (w world) add(t *testing.T, d *db.DB, task job.Task) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx *db.Tx) error { w.q.Add(tx, task); return nil }); err != nil {
		t.Fatal(err)
	}
}

func (w world) step(t *testing.T) int {
	t.Helper()
	n, err := w.q.Step(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTasksWaitForTheirClock(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		var did []string
		var mu sync.Mutex
		w.q.Handle("k", func(_ context.Context, task job.Task) error {
			mu.Lock()
			defer mu.Unlock()
			did = append(did, task.Key+string(task.Payload))
			return nil
		})
		w.add(t, d, job.Task{Kind: "k", Key: "business", Due: harness.Start.Add(time.Hour), Payload: []byte("!")})
		w.add(t, d, job.Task{Kind: "k", Key: "real", Due: harness.Start.Add(time.Hour), Clock: job.Real})
		if w.step(t) != 0 {
			t.Fatalf("done too early: %v", did)
		}
		if err := w.business.Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		if w.step(t) != 1 || did[0] != "business!" {
			t.Fatalf("did %v", did)
		}
		if err := w.real.Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		if w.step(t) != 1 || did[1] != "real" || w.step(t) != 0 {
			t.Fatalf("did %v", did)
		}
	}, job.Schema)
}

func TestFailureComesAgainLaterAndTwinsAreOne(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		calls := 0
		w.q.Handle("k", func(_ context.Context, task job.Task) error {
			calls++
			switch task.Attempts {
			case 0:
				return errors.New("no 一")
			case 1:
				panic("ouch")
			}
			return nil
		})
		for range 3 {
			w.add(t, d, job.Task{Kind: "k", Key: "a", Due: harness.Start})
		}
		if n := w.step(t); n != 1 {
			t.Fatalf("%d tasks for three twins", n)
		}
		for i, pause := range []time.Duration{time.Second, 2 * time.Second} {
			if err := w.real.Advance(pause - time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if w.step(t) != 0 {
				t.Fatalf("came again before its pause, call %d", calls)
			}
			if err := w.real.Advance(time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if w.step(t) != 1 || calls != i+2 {
				t.Fatalf("did not come again after its pause, call %d", calls)
			}
		}
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			open, failing, err := job.Waiting(tx)
			if open != 0 || failing != 0 {
				t.Errorf("%d open, %d failing", open, failing)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}, job.Schema)
}

// Two processes on one database: a task is leased by one of them, and comes back when its process died.
func TestLease(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		a, b := newWorld(t, d), newWorld(t, d)
		var calls atomic.Int64
		entered, leave := make(chan struct{}), make(chan struct{})
		a.q.Handle("k", func(context.Context, job.Task) error {
			calls.Add(1)
			close(entered)
			<-leave
			return nil
		})
		b.q.Handle("k", func(context.Context, job.Task) error { calls.Add(1); return nil })
		a.add(t, d, job.Task{Kind: "k", Key: "a", Due: harness.Start})
		var wg sync.WaitGroup
		wg.Go(func() { a.q.Step(t.Context()) })
		<-entered
		if b.step(t) != 0 {
			t.Error("a leased task was taken")
		}
		if err := b.real.Advance(2 * time.Minute); err != nil {
			t.Fatal(err)
		}
		if b.step(t) != 1 || calls.Load() != 2 {
			t.Error("the task of a process that is gone was not taken over")
		}
		close(leave)
		wg.Wait()
	}, job.Schema)
}

func TestRunStopsAndSweeps(t *testing.T) {
	d := harness.Open(t, db.SQLite, job.Schema)
	w := newWorld(t, d)
	swept := make(chan struct{}, 10)
	w.q.Every("sweep", time.Hour, func(context.Context) error { swept <- struct{}{}; return nil })
	done := make(chan struct{})
	w.q.Handle("k", func(context.Context, job.Task) error { close(done); return nil })
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { w.q.Run(ctx) })
	<-swept
	w.q.WakeSweeps()
	<-swept
	w.add(t, d, job.Task{Kind: "k", Key: "a", Due: harness.Start})
	<-done
	stop()
	wg.Wait()
}
