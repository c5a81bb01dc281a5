package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"billfold/app"
	"billfold/app/purse"
	"billfold/base/db"
)

// Usage is what `billfold bench` says when it is called without anything to measure.
const Usage = `Measure this machine: the same verbs, tables and durability as ` + "`billfold serve`" + `.

  billfold bench payments   whole payments over HTTP, each answered when it is on disk
  billfold bench ledger     transfers between accounts, each answered when it is on disk
  billfold bench overload   payments at three times what can be done: who is let in, how fast the others are told, how it recovers
  billfold bench pages      every page there is, in the demo's world grown large
  billfold bench shop       the list of a shop with very many payments: its pages, and everything that it can be asked
  billfold bench checkout   whole checkouts, from the shop's request to the shop being told; and tills of one shop paid at once
  billfold bench live       open pages that hear of payments: what they cost and how soon they know
  billfold bench purse      purchases between offline purses, and a till's collection (--purchases N, --lines N, --json)

payments, ledger, pages, shop, checkout, live and overload take
  --engine sqlite|postgres  the database (sqlite)
  --db DSN                  an empty PostgreSQL database, or one that a bench made
  --data FOLDER             keep the database and keyring here (a temporary folder)
  --in-flight N             callers at once (64)
  --duration D              how long (10s)
  --json                    one object on one line

payments also takes
  --hot                     everybody pays one shop
  --hold                    hold first, then capture: two requests a payment

overload also takes
  --times N                 how many times the capacity that it measures first (3)
  --max-requests N          as of ` + "`billfold serve`" + `

checkout also takes
  --tills N                 how many tills of one shop are paid at once (50)
  --profile FILE            write where the processor's time goes, for ` + "`go tool pprof`" + `; pages and shop take it too

live also takes
  --pages N                 how many pages are open (2000)
  --rate N                  payments a second (500)

pages also takes
  --times N                 the demo's data so many times (100)
  --payments N              of one person (20000)
  --entries N               entries of the ledger beside these (0)
  --looks N                 how often each page is opened (100); a file five times, or until it took a second
  --only TEXT               only pages whose route has this text
                            a --data folder that was grown is looked at again, as it is, with --times 1 --payments 1

shop also takes
  --payments N              of the shop (100000); a --data folder that has so many already is measured again
  --looks N                 how often each question is asked (200)

ledger also takes
  --accounts N              how many accounts pay each other (10000)
  --batch N                 transfers in one call (1)
  --hot                     everybody pays one account
  --entries N               post so many before measuring (0)
  --history                 also read pages and past balances of the first account, which with --hot has every transfer
  --pgbench=false           no run of pgbench (TPC-B, as long) beside PostgreSQL's figure
  --http                    over POST /v1/ledger/entries, by connections that are kept alive
`

// common is what every bench is told.
type common struct {
	engine, dsn, data string
	inFlight          int
	duration          time.Duration
	json              bool
	out, diag         io.Writer
}

func (c *common) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet("bench "+name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&c.engine, "engine", "sqlite", "")
	f.StringVar(&c.dsn, "db", "", "")
	f.StringVar(&c.data, "data", "", "")
	f.IntVar(&c.inFlight, "in-flight", 64, "")
	f.DurationVar(&c.duration, "duration", 10*time.Second, "")
	f.BoolVar(&c.json, "json", false, "")
	return f
}

// check refuses what cannot be measured.
func (c *common) check() error {
	switch {
	case c.engine != "sqlite" && c.engine != "postgres":
		return fmt.Errorf("--engine is sqlite or postgres, not %q", c.engine)
	case c.engine == "postgres" && c.dsn == "":
		return errors.New("--engine postgres needs --db postgres://… of an empty database")
	case c.engine == "sqlite" && c.dsn != "":
		return errors.New("--db goes with --engine postgres")
	case c.inFlight < 1 || c.inFlight > 10_000:
		return errors.New("--in-flight is 1 to 10000")
	case c.duration < time.Second:
		return errors.New("--duration is at least 1s")
	}
	return nil
}

// Main runs `billfold bench …` and returns the exit status: 0, 1 when the books do not verify, 2 when it could not measure.
func Main(ctx context.Context, args []string, out, diag io.Writer) int {
	benches := map[string]func(context.Context, []string, io.Writer, io.Writer) error{
		"payments": payments, "ledger": transfers, "overload": overload, "purse": purse.Bench, "pages": pages,
		"shop": shopList, "checkout": checkouts, "live": live, endsName: ends,
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(out, Usage)
		return 0
	}
	run := benches[args[0]]
	if run == nil {
		fmt.Fprintf(diag, "billfold bench: there is no bench %q; `billfold bench` lists them\n", args[0])
		return 2
	}
	err := run(ctx, args[1:], out, diag)
	switch {
	case errors.Is(err, errUnverified), errors.Is(err, purse.ErrUnverified):
		fmt.Fprintln(diag, "billfold bench:", err)
		return 1
	case err != nil:
		fmt.Fprintln(diag, "billfold bench:", err)
		return 2
	}
	return 0
}

// errUnverified says that the books of a bench do not add up.
var errUnverified = errors.New("the database does not verify: run `billfold verify` on it")

// mark is the setting that a bench leaves in its database.
const mark = "bench"

// errForeign says that a database is somebody's.
var errForeign = errors.New("this database was not made by a bench: give an empty one, or a new --data folder")

// world is a running server on a bench's own database.
type world struct {
	*app.App
	data  string // folder of keyring and database
	base  string // its address on loopback
	temp  bool
	tune  func(*app.Config) // what this bench runs with beside its defaults; nil for nothing
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// open starts the server, on a new database or one that a bench made.
func open(ctx context.Context, c *common) (*world, error) {
	// A closed loop is its own limit: what it is to show is what can be done, not who is let in.
	return openAs(ctx, c, func(o *app.Config) { o.Wait, o.Rate, o.Guests = 30_000, 1_000_000, 1_000_000 })
}

func openAs(ctx context.Context, c *common, tune func(*app.Config)) (*world, error) {
	w := &world{data: c.data, tune: tune}
	if w.data == "" {
		dir, err := os.MkdirTemp("", "billfold-bench-")
		if err != nil {
			return nil, err
		}
		w.data, w.temp = dir, true
	}
	if err := own(ctx, w.config(c)); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if w.App, err = app.Open(ctx, w.config(c), ln); err != nil {
		ln.Close()
		return nil, err
	}
	if err := w.DB.Write(ctx, func(tx *db.Tx) error { return db.SetSetting(tx, mark, "yes") }); err != nil {
		return nil, err
	}
	w.base = "http://" + ln.Addr().String()
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	w.ended.Go(func() { w.Serve(serving, ln) })
	if err := w.Seed(ctx); err != nil {
		return nil, errors.Join(err, w.close(ctx))
	}
	w.Start()
	return w, nil
}

func (w *world) config(c *common) app.Config {
	log := slog.New(slog.NewTextHandler(c.diag, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o := app.Config{Mode: app.Live, Data: w.data, DB: c.dsn, Log: log}
	w.tune(&o)
	return o
}

// own refuses a database that is neither empty nor a bench's.
func own(ctx context.Context, c app.Config) error {
	o := db.Options{DSN: c.DB, ReadOnly: true}
	if c.DB == "" {
		o.Path = filepath.Join(c.Data, "billfold.db")
		if _, err := os.Stat(o.Path); errors.Is(err, os.ErrNotExist) {
			return nil
		}
	}
	d, err := db.Open(ctx, o)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Read(ctx, func(tx *db.Tx) error {
		empty, err := db.Empty(tx)
		if err != nil || empty {
			return err
		}
		if _, ours, err := db.Setting(tx, mark); err != nil || !ours {
			return errForeign
		}
		return nil
	})
}

// close stops the server, waits until everybody has been told, and closes the database.
func (w *world) close(ctx context.Context) error {
	w.stop()
	w.ended.Wait()
	return w.App.Close(ctx)
}

// verify runs `billfold verify` in a new process, and removes a database that was not to be kept.
func (w *world) verify(ctx context.Context, c *common) (bool, error) {
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	args := []string{"verify", "--data", w.data}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = os.Environ()
	if c.dsn != "" {
		cmd.Env = append(cmd.Env, "BILLFOLD_DB="+c.dsn) // it holds a password, which a command line would show
	}
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, err
	}
	if err != nil {
		fmt.Fprintf(c.diag, "%s", text)
		return false, nil
	}
	if w.temp {
		return true, os.RemoveAll(w.data)
	}
	return true, nil
}
