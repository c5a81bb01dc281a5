package lease

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
)

//go:embed schema
var files embed.FS

// Schema is this package's tables.
var Schema = db.Schema{Package: "lease", FS: files}

const (
	// beatEvery is how often the holder gives a sign of life, and the others look for it.
	beatEvery = 500 * time.Millisecond
	// silence is how long the others wait for one.
	silence = 2500 * time.Millisecond
	// believe is how long the holder goes on without having been able to give one.
	believe = 2 * time.Second
)

// takeover is how long after a holder's death another one has the lease, at most, besides what the two steps at its ends take: it saw the
// last beat up to a beat after that was given, and looks again once in a beat. silence counts from when it saw it.
const takeover = silence + 2*beatEvery

// ErrLost says that the lease is somebody else's by now: the transaction may not be kept.
var ErrLost = errors.New("lease: lost to another process")

// Options are what a lease is made from. All are needed but Log.
type Options struct {
	DB     *db.DB
	Name   string      // what is led
	Holder string      // this process; two processes never share one
	Real   clock.Clock // one that nobody sets
	Log    *slog.Logger
}

// Lease is one process's part in an election. It is safe for concurrent use.
type Lease struct {
	Options

	mu    sync.Mutex
	epoch int64     // that this process holds; 0 for none
	until time.Time // believed until then
	seen  struct {
		epoch, beat int64
		since       time.Time
	}
	takers []func()
}

// New returns a lease that is not held yet. Run takes part.
func New(o Options) *Lease {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Lease{Options: o}
}

// OnTake has f run whenever this process becomes the holder. Call it before Run.
func (l *Lease) OnTake(f func()) { l.takers = append(l.takers, f) }

// Held says whether this process believes that it holds the lease. What it then writes it checks with Fence.
func (l *Lease) Held() bool {
	if l.DB.Engine() == db.SQLite {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch != 0 && l.Real.Now().Before(l.until)
}

// Fence refuses with ErrLost unless this process holds the lease until the transaction ends.
func (l *Lease) Fence(tx *db.Tx) error {
	if tx.Engine() == db.SQLite {
		return nil
	}
	l.mu.Lock()
	mine := l.epoch
	l.mu.Unlock()
	var epoch, beat int64
	var holder string
	err := tx.Row(selectHolder+tx.ForShare(), l.Name).Scan(&epoch, &beat, &holder)
	if err != nil && !errors.Is(err, db.ErrNoRow) {
		return err
	}
	if err != nil || mine == 0 || epoch != mine || holder != l.Holder {
		return ErrLost
	}
	return nil
}

// Run takes part in the election until the context ends, and then leaves the lease to whoever asks first.
func (l *Lease) Run(ctx context.Context) error {
	if l.DB.Engine() == db.SQLite {
		<-ctx.Done()
		return nil
	}
	for ctx.Err() == nil {
		if err := l.Step(ctx); err != nil && ctx.Err() == nil {
			l.Log.Warn("lease", "name", l.Name, "error", err)
		}
		_ = clock.Wait(ctx, beatEvery) // its error ends the loop
	}
	return l.leave(context.WithoutCancel(ctx))
}

// Step gives a sign of life, or looks for one and takes over where there was none for too long.
func (l *Lease) Step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, believe)
	defer cancel()
	l.mu.Lock()
	mine := l.epoch
	l.mu.Unlock()
	if mine != 0 {
		return l.renew(ctx, mine)
	}
	return l.look(ctx)
}

func (l *Lease) renew(ctx context.Context, mine int64) error {
	asked := l.Real.Now()
	n, err := db.Write(ctx, l.DB, func(tx *db.Tx) (int64, error) { return tx.Exec(renewHolder, l.Name, mine, l.Holder) })
	if err != nil {
		return err // believed until its time is over
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n == 0 {
		l.epoch = 0
		l.seen.since = time.Time{}
		l.Log.Warn("the lease is another process's now", "name", l.Name, "epoch", mine)
		return nil
	}
	l.until = asked.Add(believe)
	return nil
}

// look sees whether the holder lives.
func (l *Lease) look(ctx context.Context) error {
	type state struct {
		epoch, beat int64
		holder      string
	}
	s, err := db.Read(ctx, l.DB, func(tx *db.Tx) (s state, err error) {
		err = tx.Row(selectHolder, l.Name).Scan(&s.epoch, &s.beat, &s.holder)
		return s, err
	})
	if errors.Is(err, db.ErrNoRow) {
		return l.take(ctx, 0, 0)
	}
	if err != nil {
		return err
	}
	now := l.Real.Now()
	l.mu.Lock()
	same := l.seen.epoch == s.epoch && l.seen.beat == s.beat && !l.seen.since.IsZero()
	if !same {
		l.seen.epoch, l.seen.beat, l.seen.since = s.epoch, s.beat, now
	}
	silent := same && now.Sub(l.seen.since) >= silence
	l.mu.Unlock()
	if silent || s.holder == "" {
		return l.take(ctx, s.epoch, s.beat)
	}
	return nil
}

// take becomes the holder, if the last one has given no sign of life since it was looked at.
func (l *Lease) take(ctx context.Context, epoch, beat int64) error {
	asked := l.Real.Now()
	n, err := db.Write(ctx, l.DB, func(tx *db.Tx) (int64, error) {
		if epoch == 0 {
			return tx.Exec(insertHolder, l.Name, l.Holder)
		}
		return tx.Exec(takeHolder, l.Name, l.Holder, epoch, beat)
	})
	if err != nil || n == 0 {
		return err
	}
	l.mu.Lock()
	l.epoch, l.until = epoch+1, asked.Add(believe)
	l.mu.Unlock()
	l.Log.Info("this process has the lease", "name", l.Name, "epoch", epoch+1)
	for _, f := range l.takers {
		f()
	}
	return nil
}

// leave gives the lease up.
func (l *Lease) leave(ctx context.Context) error {
	l.mu.Lock()
	mine := l.epoch
	l.epoch = 0
	l.mu.Unlock()
	if mine == 0 {
		return nil
	}
	_, err := db.Write(ctx, l.DB, func(tx *db.Tx) (int64, error) { return tx.Exec(leaveHolder, l.Name, mine, l.Holder) })
	return err
}
