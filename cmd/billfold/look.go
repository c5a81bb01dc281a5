package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"billfold/app"
	"billfold/app/bench"
	"billfold/app/purse"
	"billfold/app/sim"
	"billfold/base/clock"
)

var migrate = command{
	name:  "migrate",
	short: "bring the database up to date, and do nothing else",
	about: `Applies the schema files that the database has not seen, each in a transaction of its own. Run again it changes
nothing. It refuses a database that a newer program has changed. billfold serve does the same when it starts,
unless it is given --no-migrate.`,
	settings: []string{"data", "db", "log-level", "log-format"},
	run: func(ctx context.Context, c app.Config, t terminal) int {
		if err := logTo(t, &c, slog.LevelWarn); err != nil {
			return t.refuse(err, misunderstood)
		}
		was, err := app.Migrate(ctx, c)
		if err != nil {
			return t.refuse(err, failed)
		}
		if was {
			fmt.Fprintln(t.out, "The database was up to date.")
		} else {
			fmt.Fprintln(t.out, "The database is up to date now.")
		}
		return done
	},
}

var empty = command{
	name:  "empty",
	short: "put a sandbox's demo data aside; the next dev starts empty",
	about: `A ledger deletes nothing: the whole database is moved out of the way with its keys, to a folder (or a schema of
PostgreSQL) whose name is printed, where it can still be verified, and deleted by you. Start billfold dev again
and nobody is in it. Refused while a server runs on the data; its operator has a button for the same.`,
	settings: []string{"data", "db", "keyring", "log-level", "log-format"},
	examples: []string{"billfold empty --data ./billfold-data"},
	run: func(ctx context.Context, c app.Config, t terminal) int {
		if err := logTo(t, &c, slog.LevelWarn); err != nil {
			return t.refuse(err, misunderstood)
		}
		aside, err := app.Clear(ctx, c)
		if err != nil {
			return t.refuse(err, failed)
		}
		fmt.Fprintln(t.out, "The demo data is now in "+aside+". The next billfold dev starts empty.")
		return done
	},
}

var verify = command{
	name:  "verify",
	short: "recompute the books and say what is wrong, and where",
	about: `Recomputes every balance from the entries and checks tags, sums, holds, limits, payments, receipts and events
against each other. It only reads, and runs beside a server. Each finding is one line with its place. First the
engine compares its indexes with their tables: SQLite by itself, PostgreSQL by its extension amcheck, where the
database has it. A table that takes long, some millions of rows, is left out, and named.

  --deep                  leave nothing out, however long it takes

Exit code 0: nothing was found; 1: something was; 2: it could not look.`,
	settings: []string{"data", "db", "keyring", "master-key", "log-level", "log-format"},
	examples: []string{"billfold verify --data /var/lib/billfold && echo fine"},
	with:     recount,
}

// recount is `billfold verify`.
func recount(ctx context.Context, args []string, t terminal) int {
	args, deep := takeSwitch(args, "deep")
	self, _ := find("verify")
	c, err := self.parse(args, t)
	if errors.Is(err, errHelp) {
		fmt.Fprint(t.out, self.help())
		return done
	}
	if err == nil {
		err = logTo(t, &c, slog.LevelWarn)
	}
	if err != nil {
		return t.refuse(err, misunderstood)
	}
	if deep {
		c.Inspect = 24 * time.Hour
	}
	watch := clock.Start()
	audit, err := app.Verify(ctx, c, func(finding string) { fmt.Fprintln(t.out, finding) })
	if err != nil {
		return t.refuse(err, misunderstood)
	}
	l, p := audit.Ledger, audit.Payments
	fmt.Fprintf(t.out, "ledger    %d entries, %d legs, %d accounts, %d holds, %d checkpoints\n", l.Entries, l.Legs, l.Accounts, l.Holds,
		l.Checkpoints)
	fmt.Fprintf(t.out, "payments  %d, with %d entries\n", p.Payments, p.Entries)
	switch {
	case !audit.Pages:
		fmt.Fprintln(t.out, "storage   not looked at: the database has no extension amcheck that we may use")
	case len(audit.Left) > 0:
		fmt.Fprintf(t.out, "storage   not looked at: %s (billfold verify --deep does)\n", strings.Join(audit.Left, ", "))
	}
	took := watch.Elapsed().Seconds()
	if audit.Findings > 0 {
		fmt.Fprintf(t.out, "findings  %d (%.1f s)\n", audit.Findings, took)
		return failed
	}
	fmt.Fprintf(t.out, "Everything adds up (%.1f s).\n", took)
	return done
}

var measure = command{
	name:  "bench",
	short: "measure how many payments this machine takes",
	own:   bench.Main,
}

var simulate = command{
	name:  "sim",
	short: "run everything against a second model of it, with faults, from a seed",
	own:   sim.Main,
}

var offline = command{
	name:  "purse",
	short: "an offline purse in a folder: load, pay and be paid with no server",
	own: func(ctx context.Context, args []string, out, diag io.Writer) int {
		return purse.Main(ctx, args, os.LookupEnv, os.Stdin, out, diag)
	},
}

var version = command{
	name:  "version",
	short: "say which version this is",
	about: "Prints the version on one line.",
	run: func(_ context.Context, _ app.Config, t terminal) int {
		fmt.Fprintln(t.out, "Billfold "+app.Version)
		return done
	},
}
