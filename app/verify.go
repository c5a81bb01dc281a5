package app

import (
	"context"
	"os"
	"time"

	"billfold/base/clock"
	"billfold/core/ledger"
	"billfold/core/payment"
	"billfold/product/purse"
)

// Audit is what Verify looked at.
type Audit struct {
	Installation Installation
	Ledger       ledger.Report
	Payments     payment.Report
	Pages        bool     // the engine looked at its own pages and indexes
	Left         []string // tables at which it did not look to the end, because that takes long
	Findings     int
}

// inspectLimit is the limit of db.Inspect where nothing else is said: the tables of ten million entries take longer.
const inspectLimit = 3 * time.Second

// Verify has the engine look at its own pages and indexes, and recomputes everything in the books from what they were made of, beside a
// running server or without one. It reads only. Each finding is said on one line, with its place, as soon as it is found.
//
// It refuses what it cannot look at: installation_missing, database_away, schema_older, schema_newer,
// installation_keyring, keyring_master_key.
func Verify(ctx context.Context, c Config, say func(finding string)) (audit Audit, err error) {
	c = c.withDefaults()
	a := &App{Config: c, Real: clock.System()}
	defer a.release()
	if c.DB == "" {
		if _, err := os.Stat(File(c.Data)); err != nil {
			return audit, ErrNoInstallation.Fill(File(c.Data)).Because(err)
		}
	}
	if a.DB, err = openDB(ctx, c, true); err != nil {
		return audit, err
	}
	if err := a.DB.CheckSchema(ctx, Schemas...); err != nil {
		return audit, err
	}
	facts, tag, err := peek(ctx, a.DB)
	if err != nil {
		return audit, err
	}
	if facts.ID == "" {
		return audit, ErrNoInstallation.Fill(hostOf(c.DB))
	}
	if a.Keys, err = openKeys(ctx, c, true, true); err != nil {
		return audit, err
	}
	if err := facts.fits("", a.Keys, tag); err != nil {
		return audit, err
	}
	a.Installation, a.Config.Mode = facts, facts.Mode
	if a.URL, err = publicURL(a.Config, nil); err != nil {
		return audit, err
	}
	if err := a.core(); err != nil {
		return audit, err
	}
	audit.Installation = facts
	audit.Pages, audit.Left, err = a.DB.Inspect(ctx, max(c.Inspect, inspectLimit), func(damage string) {
		audit.Findings++
		say("storage " + damage)
	})
	if err != nil {
		return audit, err
	}
	err = a.recount(ctx, &audit, say)
	return audit, err
}

// recount recomputes the books.
func (a *App) recount(ctx context.Context, audit *Audit, say func(finding string)) (err error) {
	audit.Ledger, err = a.Ledger.Verify(ctx, a.DB, func(f ledger.Finding) {
		audit.Findings++
		say(f.String())
	})
	if err != nil {
		return err
	}
	audit.Payments, err = a.Payments.Verify(ctx, func(f payment.Finding) {
		audit.Findings++
		say(f.Where + ": " + f.What)
	})
	if err != nil {
		return err
	}
	err = a.Insight.Verify(ctx, func(finding string) {
		audit.Findings++
		say(finding)
	})
	if err != nil {
		return err
	}
	purses, err := a.purseOptions()
	if err != nil {
		return err
	}
	return purse.Books(purses).Verify(ctx, func(f purse.Finding) {
		audit.Findings++
		say(f.String())
	})
}
