package web

import (
	"sync"
	"time"
)

// glanceLives is how long a page may show what was looked at for another opening of it.
const glanceLives = time.Minute

// glance keeps what takes long to look at, such as a count of all there is, with the moment it was looked at. A page shows both.
type glance[T any] struct {
	mu    sync.Mutex
	at    time.Time
	found T
}

// look finds what there is, unless somebody did less than glanceLives ago; several who ask at once wait for one answer.
func (g *glance[T]) look(now func() time.Time, find func() (T, error)) (T, time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.at.IsZero() && now().Sub(g.at) < glanceLives {
		return g.found, g.at, nil
	}
	at := now()
	found, err := find()
	if err == nil {
		g.found, g.at = found, at
	}
	return found, at, err
}
