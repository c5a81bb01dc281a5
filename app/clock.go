package app

import (
	"context"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/identity"
)

// clockEvery is how often a sandbox on PostgreSQL looks whether another process has moved the clock.
const clockEvery = 250 * time.Millisecond

// followClock moves the sandbox's clock when another process on the database did.
func (a *App) followClock(ctx context.Context) error {
	if a.sandbox == nil || a.DB.Engine() == db.SQLite {
		<-ctx.Done()
		return nil
	}
	for clock.Wait(ctx, clockEvery) == nil {
		facts, _, err := peek(ctx, a.DB)
		if err != nil {
			continue // the next look finds it
		}
		a.advancing.Lock()
		d := facts.Offset - a.sandbox.Offset()
		if d > 0 && a.sandbox.Advance(d) == nil {
			a.Queue.WakeSweeps()
		}
		a.advancing.Unlock()
	}
	return nil
}

// AdvanceClock moves the sandbox's business time forward and returns what it then is. The new offset is on disk before
// the clock moves, so a restart goes on from there; then every sweep looks for what has become due.
//
// Faults: sandbox_only, invalid_clock_advance (backwards, or more than 50 years in all).
func (a *App) AdvanceClock(ctx context.Context, d time.Duration) (time.Time, error) {
	if a.sandbox == nil {
		return time.Time{}, identity.ErrSandboxOnly
	}
	a.advancing.Lock()
	defer a.advancing.Unlock()
	d = d.Truncate(time.Microsecond)
	offset := a.sandbox.Offset() + d
	if d < 0 || offset < d || offset > clock.MaxOffset {
		return time.Time{}, clock.ErrAdvance
	}
	if err := a.DB.Write(ctx, func(tx *db.Tx) error { return setClock(tx, offset) }); err != nil {
		return time.Time{}, err
	}
	if err := a.sandbox.Advance(d); err != nil {
		return time.Time{}, err
	}
	a.Queue.WakeSweeps()
	return a.Clock.Now(), nil
}
