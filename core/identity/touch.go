package identity

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
)

// touch is a use that the database does not know yet.
type touch struct{ seen, awake time.Time }

// touches collects uses off the request path until Flush writes them. What is being written stays visible.
type touches[K comparable] struct {
	mu               sync.Mutex
	pending, writing map[K]touch
}

func (t *touches[K]) touch(k K, seen, awake time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending == nil {
		t.pending = make(map[K]touch)
	}
	t.pending[k] = touch{seen, awake}
}

func (t *touches[K]) last(k K) (touch, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v, ok := t.pending[k]; ok {
		return v, true
	}
	v, ok := t.writing[k]
	return v, ok
}

// take hands over what is pending; done must follow.
func (t *touches[K]) take() map[K]touch {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writing, t.pending = t.pending, nil
	return t.writing
}

// done forgets what was written, or keeps it for the next time where it could not be.
func (t *touches[K]) done(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		for k, v := range t.writing {
			if _, newer := t.pending[k]; !newer {
				if t.pending == nil {
					t.pending = make(map[K]touch)
				}
				t.pending[k] = v
			}
		}
	}
	t.writing = nil
}

const (
	flushEvery = 10 * time.Second
	flushMost  = 200 // rows a transaction, so that payments do not wait behind it
)

// Run writes this process's last-seen and last-used times every few seconds, until the context ends, and once more
// then. Every process that serves runs it.
func (s *Service) Run(ctx context.Context) error {
	clock.Tick(ctx, flushEvery, func() {
		if err := s.Flush(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("last uses were not written, trying again", "error", err)
		}
	})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.Flush(ctx)
}

// Flush writes the pending last-seen and last-used times now.
func (s *Service) Flush(ctx context.Context) error {
	err := flush(ctx, s.db, &s.seen, func(tx *db.Tx, k SessionID, t touch) {
		touchSession(tx, k, clock.Micros(t.seen), clock.Micros(t.awake))
	})
	if err != nil {
		return err
	}
	return flush(ctx, s.db, &s.used, func(tx *db.Tx, k KeyID, t touch) { touchKey(tx, k, clock.Micros(t.seen)) })
}

func flush[K cmp.Ordered](ctx context.Context, d *db.DB, t *touches[K], write func(*db.Tx, K, touch)) (err error) {
	all := t.take()
	defer func() { t.done(err) }()
	keys := make([]K, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.Sort(keys) // two servers that write the same ones must not wait for each other
	for len(keys) > 0 {
		some := keys[:min(len(keys), flushMost)]
		keys = keys[len(some):]
		if err := d.Write(ctx, func(tx *db.Tx) error {
			for _, k := range some {
				write(tx, k, all[k])
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}
