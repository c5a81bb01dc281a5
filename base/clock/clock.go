package clock

import (
	"context"
	"sync"
	"time"

	"billfold/base/fault"
	"billfold/base/lang"
)

// Clock tells the time: UTC, truncated to microseconds.
type Clock interface {
	Now() time.Time
}

type system struct{}

func (system) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// System returns the machine's clock.
func System() Clock { return system{} }

type steady struct{ began time.Time }

func (s steady) Now() time.Time {
	return s.began.Add(time.Since(s.began)).UTC().Truncate(time.Microsecond)
}

// Steady returns a clock for how long something takes: it begins with the machine's time and goes on by its monotonic clock, so that
// nothing lasts an hour longer, or is over, because the machine's clock was set. Its times are compared with each other and never stored.
func Steady() Clock { return steady{time.Now()} }

type frozen time.Time

func (f frozen) Now() time.Time { return time.Time(f) }

// Frozen returns a clock that stands still: the ground on which a test's Sandbox moves.
func Frozen(at time.Time) Clock { return frozen(at.UTC().Truncate(time.Microsecond)) }

// ErrAdvance refuses to turn a sandbox clock back or out of reach.
var ErrAdvance = fault.Define(fault.Invalid, "invalid_clock_advance", lang.Text{
	EN: "The test clock cannot be set like that",
	ZH: "测试时钟无法这样调整",
}, lang.Text{
	EN: "The test clock only moves forward, and at most 50 years in all. Send a smaller positive duration.",
	ZH: "测试时钟只能向前拨，且累计不超过 50 年。请提供较小的正时长。",
})

// MaxOffset bounds how far a sandbox may run ahead, so that no deadline computed from it leaves the range of the
// database's microseconds or of time.Duration (292 years).
const MaxOffset = 50 * 365 * 24 * time.Hour

// Sandbox is a clock that runs ahead of another by an offset, which grows by Advance. Safe for concurrent use.
type Sandbox struct {
	real Clock

	mu        sync.Mutex
	offset    time.Duration
	onAdvance []func()
}

// NewSandbox returns a clock that runs ahead of real by offset (what an earlier run had reached; it may be
// negative, for a world that begins in the past).
func NewSandbox(real Clock, offset time.Duration) *Sandbox {
	return &Sandbox{real: real, offset: offset.Truncate(time.Microsecond)}
}

// Now returns the sandbox's time.
func (s *Sandbox) Now() time.Time { return s.real.Now().Add(s.Offset()) }

// Offset returns how far the sandbox runs ahead of its real clock; app stores it, so that a restart goes on from there.
func (s *Sandbox) Offset() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset
}

// Advance moves the clock forward by d (truncated to microseconds) and then calls what OnAdvance registered. It
// refuses a negative d, and an offset beyond MaxOffset, with ErrAdvance, and moves nothing then.
func (s *Sandbox) Advance(d time.Duration) error {
	d = d.Truncate(time.Microsecond)
	s.mu.Lock()
	if d < 0 || d > MaxOffset || s.offset+d > MaxOffset {
		s.mu.Unlock()
		return ErrAdvance
	}
	s.offset += d
	called := s.onAdvance[:len(s.onAdvance):len(s.onAdvance)]
	s.mu.Unlock()
	for _, f := range called {
		f()
	}
	return nil
}

// OnAdvance registers f to be called after every Advance, in the caller's goroutine and in the order of
// registration: job.Run wakes up this way instead of polling. f may call the clock.
func (s *Sandbox) OnAdvance(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onAdvance = append(s.onAdvance, f)
}

// Micros returns the database form of a time: microseconds since 1970 UTC. The zero time gives 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros returns the time of a database value. 0 gives the zero time, so that "not yet" survives the way.
func FromMicros(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Since returns how long ago t was on that clock.
func Since(c Clock, t time.Time) time.Duration { return c.Now().Sub(t) }

// Until returns how long it is until t on that clock; negative when t is past.
func Until(c Clock, t time.Time) time.Duration { return t.Sub(c.Now()) }

// Stopwatch measures how long something took, on the machine's monotonic clock: for logs and metrics, and immune
// to a clock that is set while it runs.
type Stopwatch struct{ start time.Time }

// Start starts a stopwatch.
func Start() Stopwatch { return Stopwatch{time.Now()} }

// Elapsed returns the time since Start.
func (s Stopwatch) Elapsed() time.Duration { return time.Since(s.start) }

// Wait returns nil after d of real time, or the context's error as soon as that ends. A d of zero or less only
// asks the context.
func Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Tick calls f every period of real time until the context ends, never twice at once: a slow f skips ticks.
func Tick(ctx context.Context, period time.Duration, f func()) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// A tick that waited while f ran must not win against a context that ended meanwhile.
			if ctx.Err() != nil {
				return
			}
			f()
		}
	}
}
