package sim

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/ledger"
)

// Options say what is to be simulated.
type Options struct {
	Seed  uint64
	Steps int
	Check int    // steps between two comparisons of everything; 0 = 1000
	DSN   string // an empty PostgreSQL database; "" = SQLite
	Data  string // folder in which the data lies while it runs; "" = the system's for temporary files

	plant func(w *world) // for controls: called before each step
}

// Result is what a simulation did.
type Result struct {
	Steps    int
	Payments int
	Entries  int64          // in the ledger at the end
	Counts   map[string]int // how often each verb, refusal and fault was reached
	Digest   string         // over every answer and every balance that was compared; the same seed and steps give the same
}

// Divergence says where product and model part, and how to get there again.
type Divergence struct {
	Seed uint64
	Step int
	Verb string
	Err  error
}

// Error names seed and step.
func (d *Divergence) Error() string {
	return fmt.Sprintf("seed %d, step %d (%s): %v\nagain: billfold sim --seed %d --steps %d", d.Seed, d.Step, d.Verb, d.Err, d.Seed, d.Step)
}

// Unwrap returns what is wrong.
func (d *Divergence) Unwrap() error { return d.Err }

// action is something that may happen in a step, and how often it does.
type action struct {
	name   string
	weight int
	do     func(w *world, ctx context.Context) error
}

var actions = []action{
	{"pay", 22, (*world).payNow}, {"ask", 8, (*world).ask}, {"confirm", 9, (*world).confirm}, {"capture", 6, (*world).capture},
	{"void", 3, (*world).void}, {"refund", 7, (*world).refund}, {"topup", 7, (*world).topUp}, {"work", 2, (*world).work},
	{"remind", 1, (*world).remind}, {"rumour", 2, (*world).rumour}, {"freeze", 2, (*world).freeze}, {"jump", 2, (*world).jump},
	{"tell", 1, (*world).tell}, {"rivals", 2, (*world).rivals}, {"post", 10, (*world).postEntry}, {"batch", 5, (*world).batch},
	{"reserve", 6, (*world).reserve}, {"release", 6, (*world).release}, {"lock", 1, (*world).lock}, {"fold", 1, (*world).fold},
	{"old", 4, (*world).old}, {"gift", 6, (*world).gift}, {"claim", 6, (*world).claim}, {"exchange", 5, (*world).exchange},
	{"withdraw", 5, (*world).withdraw}, {"ask for", 6, (*world).askFor}, {"change request", 4, (*world).changeRequest},
	{"decline", 2, (*world).decline}, {"address", 6, (*world).address}, {"session", 3, (*world).session}, {"guest", 7, (*world).guest},
	{"bank rumour", 3, (*world).bankRumour}, {"review", 2, (*world).review}, {"arrive", 4, (*world).arrive}, {"decide", 2, (*world).decide},
	{"pocket", 1, (*world).pocket}, {"early", 2, (*world).early},
	{"offline", 7, (*world).offline}, {"collect", 1, (*world).collect},
}

// Deaths are rarer than any verb: so many steps lie between two on average.
const (
	betweenDeaths   = 250
	betweenRestarts = 900
)

// Run simulates, and returns a *Divergence where product and model part.
func Run(ctx context.Context, o Options) (r Result, err error) {
	if o.Check <= 0 {
		o.Check = 1000
	}
	w := &world{o: o, dice: rand.New(rand.NewPCG(o.Seed, 0x5eed)), real: clock.NewSandbox(clock.Frozen(began), 0),
		m:      &books{accounts: map[string]*account{}, frozen: map[string]bool{}, debts: map[string]int64{}, news: map[string]bool{}},
		counts: map[string]int{}, verbs: map[string]int{}, number: map[string]ledger.AccountID{}, touched: map[string]bool{}}
	defer func() {
		for _, dir := range w.made {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err := w.empty(ctx); err != nil {
		return r, err
	}
	if w.dir, err = w.folder(); err != nil {
		return r, err
	}
	if err := w.start(ctx); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.end(context.WithoutCancel(ctx))) }()
	if err := w.settle(ctx); err != nil {
		return r, err
	}
	if err := w.steps(ctx); err != nil {
		return r, err
	}
	for name, n := range w.verbs {
		w.counts["verb: "+name] = n
	}
	report, err := w.Ledger.Verify(ctx, w.DB, func(ledger.Finding) {})
	return Result{w.step, len(w.m.payments), int64(report.Entries), w.counts, hex.EncodeToString(w.digest[:8])}, err
}

// empty refuses a database that has something in it.
func (w *world) empty(ctx context.Context) error {
	if w.o.DSN == "" {
		return nil
	}
	d, err := db.Open(ctx, db.Options{DSN: w.o.DSN})
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Read(ctx, func(tx *db.Tx) error {
		empty, err := db.Empty(tx)
		if err == nil && !empty {
			err = errors.New("the database is not empty: give one that is")
		}
		return err
	})
}

func (w *world) steps(ctx context.Context) error {
	total := 0
	for _, a := range actions {
		total += a.weight
	}
	for w.step = 1; w.step <= w.o.Steps; w.step++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.o.plant != nil {
			w.o.plant(w)
		}
		// The machine's time moves on between two steps; within one it stands, so whatever sorts by it has the hard case.
		if err := w.real.Advance(time.Duration(1+w.dice.IntN(400)) * time.Millisecond); err != nil {
			return err
		}
		clear(w.touched)
		a := w.draw(total)
		w.counts[a.name]++
		w.note(a.name)
		err := a.do(w, ctx)
		if err == nil {
			err = w.compare(ctx, slices.Collect(maps.Keys(w.touched)))
		}
		if err == nil && (w.step%w.o.Check == 0 || w.step == w.o.Steps) {
			err = w.all(ctx)
		}
		if err != nil {
			return &Divergence{w.o.Seed, w.step, a.name, err}
		}
	}
	w.step--
	return nil
}

// draw picks what happens in a step.
func (w *world) draw(total int) action {
	switch n := w.dice.IntN(betweenDeaths * betweenRestarts); {
	case n%betweenDeaths == 0:
		return action{"die", 0, (*world).die}
	case n%betweenRestarts == 1:
		return action{"restart", 0, (*world).restart}
	}
	n := w.dice.IntN(total)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			return a
		}
	}
	panic("sim: the weights do not add up")
}
