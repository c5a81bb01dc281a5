package clock

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestSystemTimesSurviveTheDatabase(t *testing.T) {
	for range 100 {
		now := System().Now()
		if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
			t.Fatalf("%v is not UTC in whole microseconds", now)
		}
		if back := FromMicros(Micros(now)); !back.Equal(now) || back != now {
			t.Fatalf("%v came back as %v", now, back)
		}
	}
}

func TestSteadyGoesForwardOnly(t *testing.T) {
	c, before := Steady(), System().Now().Add(-time.Second)
	for range 100 {
		now := c.Now()
		if now.Before(before) || now != now.Round(0) || now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
			t.Fatalf("%v after %v", now, before)
		}
		before = now
	}
}

func TestMicros(t *testing.T) {
	if Micros(time.Time{}) != 0 || !FromMicros(0).IsZero() {
		t.Error("\"not yet\" does not survive")
	}
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(-1<<55, 1<<55).Draw(t, "micros")
		if got := Micros(FromMicros(micros)); got != micros {
			t.Fatalf("%d came back as %d", micros, got)
		}
	})
}

func TestFrozen(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	c := Frozen(time.Date(2026, 3, 1, 17, 0, 0, 999, shanghai))
	if c.Now() != start || c.Now() != c.Now() {
		t.Errorf("%v", c.Now())
	}
	if Since(c, start.Add(-time.Hour)) != time.Hour || Until(c, start.Add(time.Hour)) != time.Hour || Until(c, start.Add(-1)) >= 0 {
		t.Error("Since and Until")
	}
}

func TestSandboxMovesForwardOnly(t *testing.T) {
	s := NewSandbox(Frozen(start), -24*time.Hour)
	if s.Now() != start.Add(-24*time.Hour) {
		t.Error("the offset of an earlier run is ignored")
	}
	var called []time.Time
	s.OnAdvance(func() { called = append(called, s.Now()) })
	s.OnAdvance(func() { called = append(called, s.Now()) })
	for _, d := range []time.Duration{-1000, -time.Hour, MaxOffset + time.Hour, 1 << 62, -1 << 63} {
		if err := s.Advance(d); !errors.Is(err, ErrAdvance) {
			t.Errorf("Advance(%v) = %v", d, err)
		}
	}
	if len(called) != 0 || s.Offset() != -24*time.Hour {
		t.Error("a refused Advance moved the clock or called somebody")
	}
	if err := s.Advance(25*time.Hour + 999); err != nil {
		t.Fatal(err)
	}
	want := start.Add(time.Hour)
	if s.Now() != want || s.Offset() != time.Hour || len(called) != 2 || called[0] != want || called[1] != want {
		t.Errorf("now %v, called at %v", s.Now(), called)
	}
	if err := s.Advance(0); err != nil || len(called) != 4 {
		t.Errorf("Advance(0): %v, %d calls", err, len(called))
	}
	if err := s.Advance(MaxOffset); !errors.Is(err, ErrAdvance) {
		t.Errorf("beyond MaxOffset in two steps: %v", err)
	}
}

func TestSandboxConcurrently(t *testing.T) {
	s := NewSandbox(Frozen(start), 0)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				s.OnAdvance(func() {})
				if err := s.Advance(time.Second); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if s.Offset() != 800*time.Second {
		t.Errorf("offset %v", s.Offset())
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watch := Start()
		if err := Wait(t.Context(), time.Hour); err != nil || watch.Elapsed() != time.Hour {
			t.Errorf("%v after %v", err, watch.Elapsed())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := Wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || watch.Elapsed() != time.Hour+time.Minute {
			t.Errorf("%v after %v", err, watch.Elapsed())
		}
		if err := Wait(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no time to wait and an ended context: %v", err)
		}
		if err := Wait(t.Context(), -1); err != nil {
			t.Error(err)
		}
	})
}

func TestTickNeverRunsTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ticks, running := 0, false
		Tick(ctx, time.Second, func() {
			if running {
				t.Error("two at once")
			}
			running = true
			Wait(ctx, 3500*time.Millisecond)
			running = false
			if ticks++; ticks == 3 {
				cancel()
			}
		})
		if ticks != 3 {
			t.Errorf("%d ticks", ticks)
		}
	})
}
