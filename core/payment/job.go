package payment

import (
	"context"
	"time"

	"billfold/base/db"
	"billfold/base/job"
	"billfold/core/rail"
)

const (
	expireEvery = 15 * time.Second
	askEvery    = 5 * time.Second
)

// register hands the package's subscriber, jobs and sweeps to the outbox and the queue.
func (s *Service) register() {
	s.Outbox.Subscribe(subscriber, s.tell)
	s.Queue.Handle(taskCharge, func(ctx context.Context, t job.Task) error { return s.charge(ctx, ID(t.Payload)) })
	s.Queue.Handle(rail.TaskCallback, s.callback)
	s.Queue.Every("payment.expire", expireEvery, s.ExpireDue)
	s.Queue.Every("payment.ask", askEvery, s.AskSilentRails)
}

// callback acts on one stored callback.
func (s *Service) callback(ctx context.Context, t job.Task) error {
	cb, err := db.Read(ctx, s.DB, func(tx *db.Tx) (rail.Callback, error) { return rail.Stored(tx, t) })
	if err != nil {
		return err
	}
	return s.Settle(ctx, cb)
}
