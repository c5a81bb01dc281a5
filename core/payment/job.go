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
	remindEvery = time.Minute
)

// register hands the package's subscriber, jobs and sweeps to the outbox and the queue.
func (s *Service) register() {
	s.Outbox.Subscribe(subscriber, s.tell)
	s.Outbox.Subscribe(collector, s.collect)
	s.Queue.Handle(taskCharge, func(ctx context.Context, t job.Task) error { return s.charge(ctx, ID(t.Payload)) })
	s.Queue.Handle(taskSurplus, s.surplus)
	s.Queue.Handle(rail.TaskCallback, s.callback)
	s.Queue.Handle(rail.TaskCredit, s.arrived)
	s.Queue.Handle(taskSendBack, func(ctx context.Context, t job.Task) error {
		if s.Bank == nil {
			return nil
		}
		return s.Bank.SendBack(ctx, string(t.Payload))
	})
	s.Queue.Handle(taskWords, s.listWords)
	s.Queue.Every("payment.expire", expireEvery, s.ExpireDue)
	s.Queue.Every("payment.remind", remindEvery, s.RemindDue)
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

// arrived acts on one stored credit.
func (s *Service) arrived(ctx context.Context, t job.Task) error {
	cr, err := db.Read(ctx, s.DB, func(tx *db.Tx) (rail.Credit, error) { return rail.StoredCredit(tx, t) })
	if err != nil {
		return err
	}
	return s.Arrive(ctx, cr)
}
