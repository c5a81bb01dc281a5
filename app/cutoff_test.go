package app

import (
	"context"
	"sync"
)

// cutoff is a context that ends after it has been asked so often: a stop at a place that does not depend on how fast the
// machine is.
type cutoff struct {
	context.Context
	mu   sync.Mutex
	left int
	done chan struct{}
}

// Done counts down, and is closed at zero.
func (c *cutoff) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		close(c.done)
	}
	return c.done
}

// Err says that it was cancelled once it was.
func (c *cutoff) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}
