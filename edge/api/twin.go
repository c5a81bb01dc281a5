package api

import (
	"context"
	"sync"
	"time"

	"billfold/base/fault"
	"billfold/core/payment"
)

// ErrInProgress says that the same request is still being worked on.
var ErrInProgress = fault.Define(fault.Conflict, "idempotency_in_progress",
	text("The same request is still being worked on", "相同的请求仍在处理中"),
	text("An earlier request with this Idempotency-Key has not ended. Send it again in a moment, with the same key. This one moved nothing.",
		"使用此 Idempotency-Key 的先前请求尚未结束。请稍后使用同一个键重新发送。本次请求未移动任何资金。"))

// twins has requests with one key carried out one after the other. A caller whose answer was lost asks again while the first try may
// still wait for its turn: the second would then be refused, for want of money or because its twin has just ended the hold, and the
// caller would believe a refusal of something that is about to be done, or was. Between two processes the key's unique rule decides.
type twins struct {
	mu   sync.Mutex
	open map[twin]chan struct{} // closed when the request that is inside has ended
}

// twin is what two tries of one request have in common.
type twin struct{ owner, operation, key string }

// enter waits until no twin is inside, and returns what lets the next one in.
func (t *twins) enter(ctx context.Context, k twin) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, payment.Deadline)
	defer cancel()
	for {
		t.mu.Lock()
		inside, taken := t.open[k]
		if !taken {
			if t.open == nil {
				t.open = map[twin]chan struct{}{}
			}
			out := make(chan struct{})
			t.open[k] = out
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				delete(t.open, k)
				t.mu.Unlock()
				close(out)
			}, nil
		}
		t.mu.Unlock()
		select {
		case <-inside:
		case <-ctx.Done():
			return nil, ErrInProgress.RetryIn(time.Second).Because(ctx.Err())
		}
	}
}

// alone keeps twins of this request out until leave is called.
func (c *call) alone() (leave func(), err error) {
	if !c.route.moves {
		return func() {}, nil
	}
	return c.api.twins.enter(c.ctx, twin{c.caller.Owner(), c.route.id, c.once.Key})
}
