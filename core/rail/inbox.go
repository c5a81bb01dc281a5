package rail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/job"
)

// TaskCallback is the kind of the task that a stored callback queues. Its handler is payment's; Parse reads its payload.
const TaskCallback = "rail.callback"

// InboxOptions are what an inbox is built from.
type InboxOptions struct {
	DB      *db.DB
	Real    clock.Clock
	Queue   *job.Queue
	Secrets map[string][]byte // rail -> the secret it signs with
	Log     *slog.Logger
}

// Inbox is where callbacks arrive. It is safe for concurrent use.
type Inbox struct{ o InboxOptions }

// NewInbox makes the inbox.
func NewInbox(o InboxOptions) *Inbox {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Real == nil {
		o.Real = clock.System()
	}
	return &Inbox{o}
}

// Receive takes a callback in: checked, on disk and queued when it returns nil. A repeat of a message is stored once and does
// no harm. Faults: rail_not_found, callback_signature, callback_invalid; unavailable means that the rail should send it again.
func (b *Inbox) Receive(ctx context.Context, rail string, h Head, body []byte) error {
	secret, ok := b.o.Secrets[rail]
	if !ok {
		return ErrRail
	}
	now := b.o.Real.Now()
	if err := Verify(secret, h, body, now); err != nil {
		return err
	}
	c, err := parse(body)
	if err != nil {
		return err
	}
	return b.o.DB.Write(ctx, func(tx *db.Tx) error {
		fresh, err := tx.Exec(insertCallback, rail, h.ID, c.Reference, c.Merchant, string(c.Outcome), c.Reason, c.Amount, c.Currency,
			clock.Micros(now))
		if err != nil || fresh == 0 {
			return err
		}
		b.o.Queue.Add(tx, job.Task{Kind: TaskCallback, Key: rail + " " + h.ID, Due: now, Clock: job.Real, Payload: []byte(rail + " " + h.ID)})
		return nil
	})
}

// Stored reads the callback that a task of kind TaskCallback is about.
func Stored(tx *db.Tx, t job.Task) (Callback, error) {
	rail, id, ok := strings.Cut(string(t.Payload), " ")
	if !ok {
		return Callback{}, fmt.Errorf("rail: task %s names no callback", t.ID)
	}
	c, err := db.One(tx, scanCallback, selectCallback, rail, id)
	if errors.Is(err, db.ErrNoRow) {
		return Callback{}, fmt.Errorf("rail: callback %s is not stored", id)
	}
	return c, err
}

// Callbacks lists what came in about a reference, oldest first, for the operator and for tests.
func Callbacks(tx *db.Tx, reference string) ([]Callback, error) {
	return db.All(tx, scanCallback, selectCallbacks, reference)
}
