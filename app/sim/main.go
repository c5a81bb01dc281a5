package sim

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"billfold/base/clock"
)

// Usage is what `billfold sim --help` says.
const Usage = `Run the whole product against a second model of itself, with faults, from a seed.

  billfold sim --seed 7 --steps 50000

Every step is a payment, hold, refund, top-up, entry, freeze, jump of the clock or death of the process, drawn from the seed. Answers
and balances are compared with the model at every step, everything and both verifications every --check steps. The first
difference ends it, with the seed and the step that lead there again. The data lies in a temporary folder and is removed.

  --seed N                  where the dice begin (1)
  --steps N                 how many steps (10000)
  --check N                 compare everything every so many steps (1000)
  --engine sqlite|postgres  the database (sqlite)
  --db DSN                  an empty PostgreSQL database
  --data FOLDER             where the temporary folder is made
  --json                    one object on one line

Exit code 0: product and model agree; 1: they do not; 2: it could not run.
`

// Main runs `billfold sim …` and returns the exit status: 0, 1 where product and model part, 2 where it could not run.
func Main(ctx context.Context, args []string, out, diag io.Writer) int {
	o, asJSON, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, Usage)
		return 0
	}
	var r Result
	watch := clock.Start()
	if err == nil {
		r, err = Run(ctx, o)
	}
	var parted *Divergence
	switch {
	case errors.As(err, &parted):
		fmt.Fprintln(diag, "billfold sim:", parted)
		return 1
	case err != nil:
		fmt.Fprintln(diag, "billfold sim:", err)
		return 2
	}
	seconds := watch.Elapsed().Seconds()
	if asJSON {
		if err := json.NewEncoder(out).Encode(r); err != nil {
			fmt.Fprintln(diag, "billfold sim:", err)
			return 2
		}
		return 0
	}
	for _, name := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(out, "%8d  %s\n", r.Counts[name], name)
	}
	fmt.Fprintf(out, "Seed %d: %d steps, %d payments, %d entries; product and model agree (%.1f s, digest %s).\n", o.Seed, r.Steps, r.Payments,
		r.Entries, seconds, r.Digest)
	return 0
}

func parse(args []string) (o Options, asJSON bool, err error) {
	f := flag.NewFlagSet("sim", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	engine := "sqlite"
	f.Uint64Var(&o.Seed, "seed", 1, "")
	f.IntVar(&o.Steps, "steps", 10_000, "")
	f.IntVar(&o.Check, "check", 1_000, "")
	f.StringVar(&engine, "engine", engine, "")
	f.StringVar(&o.DSN, "db", "", "")
	f.StringVar(&o.Data, "data", "", "")
	f.BoolVar(&asJSON, "json", false, "")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, false, err
		}
		return o, false, fmt.Errorf("%w; `billfold sim --help` shows how it is called", err)
	}
	switch {
	case f.NArg() > 0:
		err = fmt.Errorf("%q was not expected", strings.Join(f.Args(), " "))
	case o.Steps < 1 || o.Check < 1:
		err = errors.New("--steps and --check are at least 1")
	case engine != "sqlite" && engine != "postgres":
		err = fmt.Errorf("--engine is sqlite or postgres, not %q", engine)
	case (engine == "postgres") != (o.DSN != ""):
		err = errors.New("--engine postgres and --db postgres://… go together")
	}
	return o, asJSON, err
}
