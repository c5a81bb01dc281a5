package notice

import (
	"context"
	"errors"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/job"
	"billfold/base/seal"
)

const (
	tryFor      = 48 * time.Hour      // then a mail has failed
	keepRecord  = 30 * 24 * time.Hour // how long it is known that a mail was sent; its words are gone at once
	keepSandbox = 7 * 24 * time.Hour  // how long a sandbox keeps mails for its inbox
	classUnable = "mail not sent: "
)

// Refusal is a Sender's error whose Class says what went wrong without repeating an address; for good means that
// trying again is of no use.
type Refusal struct {
	Class   string
	ForGood bool
	Err     error // not for logs: relays repeat addresses
}

func (r *Refusal) Error() string { return classUnable + r.Class }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// deliver sends one mail. An error has the queue try again later; it carries a class only, because the queue stores it.
func (s *Service) deliver(ctx context.Context, t job.Task) error {
	r, err := db.Read(ctx, s.db, func(tx *db.Tx) (mailRow, error) { return selectMail(tx, t.Key) })
	if errors.Is(err, db.ErrNoRow) {
		return nil
	}
	if err != nil || r.state != Queued {
		return err
	}
	age := s.real.Now().Sub(clock.FromMicros(r.created))
	if life := letters[r.template].life; life > 0 && age >= life {
		return s.settle(ctx, r, Dropped, "too late")
	}
	m, err := s.compose(r)
	if errors.Is(err, seal.ErrShredded) {
		return s.settle(ctx, r, Dropped, "erased")
	}
	if err != nil {
		return err
	}
	carrier := s.sender
	if letters[r.template].text {
		carrier = s.texter
	}
	if carrier == nil { // this process has been told of none; it was there when the text was written
		return s.settle(ctx, r, Failed, "no carrier")
	}
	err = carrier.Send(ctx, m)
	if err == nil {
		return s.settle(ctx, r, Sent, "")
	}
	refusal := &Refusal{Class: "unknown"}
	errors.As(err, &refusal)
	if refusal.ForGood || age >= tryFor {
		return s.settle(ctx, r, Failed, refusal.Class)
	}
	if err := s.db.Write(ctx, func(tx *db.Tx) error { return countAttempt(tx, r.id, refusal.Class) }); err != nil {
		return err
	}
	return errors.New(refusal.Error())
}

// settle ends a mail's way. Its words go with it, but for a sandbox's inbox. The relay may have taken a mail whose
// settling fails: then it leaves again, under the same Message-ID.
func (s *Service) settle(ctx context.Context, r mailRow, state State, failure string) error {
	return s.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		return settleMail(tx, r.id, state, failure, clock.Micros(s.real.Now()), s.sandbox)
	})
}

// sweepStep is how many mails are looked at together. A test looks at fewer.
var sweepStep = 500

// sweep forgets mails that were settled long ago. Ids follow the time, if not to the moment: it begins at the oldest and ends where none of
// many is old, and does not read a year's mails every hour and at every start.
func (s *Service) sweep(ctx context.Context) error {
	keep := keepRecord
	if s.sandbox {
		keep = keepSandbox
	}
	before, from := clock.Micros(s.real.Now().Add(-keep)), ""
	for {
		some, err := db.Read(ctx, s.db, func(tx *db.Tx) ([]mailAge, error) { return selectAges(tx, from, sweepStep) })
		if err != nil || !slices.ContainsFunc(some, func(m mailAge) bool { return m.created < before }) {
			return err
		}
		to := some[len(some)-1].id
		if err := s.db.Write(ctx, func(tx *db.Tx) error { return deleteMails(tx, from, to, before) }); err != nil {
			return err
		}
		from = to
	}
}
