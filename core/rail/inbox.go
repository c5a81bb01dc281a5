package rail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/job"
	"billfold/base/seal"
)

// TaskCredit is the kind of the task that a stored credit queues.
const TaskCredit = "rail.credit"

// TaskCallback is the kind of the task that a stored callback queues. Its handler is payment's; Parse reads its payload.
const TaskCallback = "rail.callback"

// InboxOptions are what an inbox is built from.
type InboxOptions struct {
	DB      *db.DB
	Real    clock.Clock
	Queue   *job.Queue
	Secrets map[string][]byte // rail -> the secret it signs with
	Keys    *seal.Keyring     // seals what strangers write into their transfers; nil keeps none of it
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
	t, err := parse(body)
	if err != nil {
		return err
	}
	if t.credit != nil {
		return b.credit(ctx, rail, h.ID, t)
	}
	c := t.callback
	return b.o.DB.Write(ctx, func(tx *db.Tx) error {
		fresh, err := tx.Exec(insertCallback, rail, h.ID, c.Reference, c.Merchant, string(c.Outcome), c.Reason, c.Amount, c.Currency,
			clock.Micros(now))
		if err != nil || fresh == 0 {
			return err
		}
		b.queue(tx, TaskCallback, rail, h.ID, now)
		return nil
	})
}

func (b *Inbox) queue(tx *db.Tx, kind, rail, message string, now time.Time) {
	name := rail + " " + message
	b.o.Queue.Add(tx, job.Task{Kind: kind, Key: name, Due: now, Clock: job.Real, Payload: []byte(name)})
}

// strangers owns the key that seals what people who are not ours wrote to us.
const strangers = "rail/strangers"

func purposeRow(rail, message string) string { return "rail_credit.said/" + rail + "/" + message }

// credit stores a bank's word of money that arrived. What its sender wrote is free text of somebody, so it is sealed.
func (b *Inbox) credit(ctx context.Context, rail, message string, t told) error {
	var said []byte
	if b.o.Keys != nil && t.purpose != "" {
		if err := b.o.Keys.Create(strangers); err != nil {
			return err
		}
		var err error
		if said, err = b.o.Keys.Seal(strangers, purposeRow(rail, message), []byte(t.purpose)); err != nil {
			return err
		}
	}
	now, c := b.o.Real.Now(), t.credit
	return b.o.DB.Write(ctx, func(tx *db.Tx) error {
		fresh, err := tx.Exec(insertCredit, rail, message, c.Movement, c.Reference, said, c.Sender, c.Merchant, c.Amount, c.Currency,
			clock.Micros(now))
		if err != nil || fresh == 0 {
			return err
		}
		b.queue(tx, TaskCredit, rail, message, now)
		return nil
	})
}

// Words reads what the sender of a credit wrote, "" where there is nothing to read.
func (c Credit) Words(keys *seal.Keyring) string {
	if len(c.said) == 0 {
		return ""
	}
	plain, err := keys.Open(strangers, purposeRow(c.Rail, c.ID), c.said)
	if err != nil {
		return ""
	}
	return string(plain)
}

// StoredCredit reads the credit that a task of kind TaskCredit is about.
func StoredCredit(tx *db.Tx, t job.Task) (Credit, error) {
	rail, id, _ := strings.Cut(string(t.Payload), " ")
	return CreditOf(tx, rail, id)
}

// CreditOf reads a credit by the message that told of it.
func CreditOf(tx *db.Tx, rail, message string) (Credit, error) {
	c, err := db.One(tx, scanCredit, selectCredit, rail, message)
	if errors.Is(err, db.ErrNoRow) {
		return Credit{}, fmt.Errorf("rail: credit %s is not stored: %w", message, err)
	}
	return c, err
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
