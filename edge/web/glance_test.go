package web

import (
	"errors"
	"testing"
	"time"
)

// What takes long is looked at once a minute, with the moment at which that was; what went wrong is nobody's answer but who asked.
func TestGlance(t *testing.T) {
	start := time.Date(2026, 2, 28, 23, 59, 30, 0, time.UTC)
	now, looks := start, 0
	var g glance[int]
	look := func() (int, error) { looks++; return looks, nil }
	for _, step := range []struct {
		after time.Duration
		want  int
		at    time.Duration
	}{{0, 1, 0}, {59 * time.Second, 1, 0}, {time.Minute, 2, time.Minute}, {90 * time.Second, 2, time.Minute}} {
		now = start.Add(step.after)
		found, at, err := g.look(func() time.Time { return now }, look)
		if found != step.want || !at.Equal(start.Add(step.at)) || err != nil {
			t.Errorf("after %v: %d as of %v (%v), want %d as of %v", step.after, found, at, err, step.want, start.Add(step.at))
		}
	}
	now = start.Add(time.Hour)
	lost := errors.New("lost")
	if _, _, err := g.look(func() time.Time { return now }, func() (int, error) { return 0, lost }); !errors.Is(err, lost) {
		t.Errorf("a look that failed: %v", err)
	}
	if found, _, _ := g.look(func() time.Time { return now }, look); found != 3 {
		t.Errorf("after one that failed: %d, want a new look", found)
	}
}
