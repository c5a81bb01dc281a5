package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/dial"
	"billfold/base/event"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/lease"
	"billfold/base/seal"
	"billfold/base/telemetry"
	"billfold/core/audit"
	"billfold/core/identity"
	"billfold/core/inquiry"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/edge/api"
	"billfold/edge/gate"
	"billfold/edge/web"
	"billfold/product/insight"
	"billfold/product/purse"
)

// App is one Billfold, built and not yet running. Its services are what the edge calls, and bench and tests may.
type App struct {
	Config       Config
	Installation Installation
	URL          *url.URL // where people reach it; no path

	Clock   clock.Clock // business time
	Real    clock.Clock
	DB      *db.DB
	Keys    *seal.Keyring
	IDs     *id.Minter
	Metrics *telemetry.Metrics
	Lease   *lease.Lease // which of the processes on one database numbers events and does tasks
	Outbox  *event.Outbox
	Queue   *job.Queue

	Ledger   *ledger.Ledger
	People   *identity.Service
	Notices  *notice.Service
	Shops    *merchant.Service
	Inbox    *rail.Inbox
	Card     *rail.Sandbox // nil unless this is a sandbox
	Bank     *rail.SandboxBank
	Insight  *insight.Service
	Cases    *inquiry.Service
	Payments *payment.Service
	Purses   *purse.Issuer // offline purses

	// Handler answers everything: pages, API, callbacks, health.
	Handler http.Handler
	Gate    *gate.Gate // who is let in to it

	sandbox   *clock.Sandbox // nil unless this is a sandbox
	selfDial  dial.Options   // how what plays the world outside reaches this server
	advancing sync.Mutex     // held while the sandbox's clock is moved
	callback  atomic.Pointer[string]
	hang      atomic.Pointer[hang]
	moving    atomic.Bool // a successor answers whoever comes from now on
	cert      *certificate
	authority *authority // nil unless this sandbox signs its own certificate
	api       *api.API
	pages     *web.Pages
	Trail     *audit.Trail

	anew chan *Successor // nil unless this is a sandbox with demo data; who asks for its removal

	state    atomic.Int32 // building, running, stopping
	news     worker       // the outbox
	work     worker       // jobs, sweeps and what services do beside their verbs
	lead     worker       // the election
	electing sync.Once
}

// The life of an App.
const (
	building int32 = iota
	running
	stopping
)

// demoDays is how long the demo's history is.
const demoDays = 90

// Open builds everything, bringing the database up to date unless the configuration says not to. ln is where the server
// will listen, or nil. Nothing runs before Start, and nothing is answered before Serve.
//
// It refuses, having changed nothing: data_folder_unusable, data_folder_in_use, keyring_in_use, database_away,
// schema_newer, schema_older, history_went_back (of a database that would have to be migrated or made; another one is opened to be
// read), installation_mode, installation_keyring, plain_http, certificate, public_url.
func Open(ctx context.Context, c Config, ln net.Listener) (_ *App, err error) {
	easeCollector()
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	a := &App{Config: c, Real: c.Ground.clock()}
	if err := a.place(ln); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			a.release()
		}
	}()
	if err := a.storage(ctx); err != nil {
		return nil, err
	}
	if err := a.core(); err != nil {
		return nil, err
	}
	if a.DB.History() == nil {
		if err := a.Ledger.Warm(ctx, a.DB); err != nil {
			return nil, err
		}
	}
	if err := a.purses(ctx); err != nil {
		return nil, err
	}
	if err := a.succeed(ctx); err != nil {
		return nil, err
	}
	if a.Config.Mode == Sandbox && !a.Installation.demo.IsZero() {
		a.anew = make(chan *Successor, 1)
	}
	return a, a.edge()
}

// place decides where people reach the server, and refuses to speak plainly with other machines.
func (a *App) place(ln net.Listener) (err error) {
	var addr net.Addr
	if ln != nil {
		addr = ln.Addr()
	}
	if a.Config.TLS {
		if err := makeFolder(a.Config.Data); err != nil {
			return err
		}
		if err := a.vouch(addr); err != nil {
			return err
		}
	}
	if a.URL, err = publicURL(a.Config, addr); err != nil {
		return err
	}
	if a.Config.TLSCert == "" && addr != nil && !onlyHere(addr) {
		return ErrPlain.Fill(addr.String())
	}
	if a.Config.TLSCert != "" {
		a.cert, err = openCertificate(a.Config.TLSCert, a.Config.TLSKey, a.Real, a.Config.Log)
	}
	return err
}

// storage opens the database and the keyring, and makes sure that they are ours, of this mode, and belong together.
func (a *App) storage(ctx context.Context) (err error) {
	c := a.Config
	if err := makeFolder(c.Data); err != nil {
		return err
	}
	anew, err := carryOut(ctx, c)
	if err != nil {
		return err
	}
	if a.DB, err = openDB(ctx, c, false); err != nil {
		return err
	}
	older := a.DB.CheckSchema(ctx, Schemas...)
	if older != nil && (c.NoMigrate || !errors.Is(older, db.ErrOlderSchema)) {
		return older
	}
	facts, tag, err := peek(ctx, a.DB)
	if err != nil {
		return err
	}
	if facts.ID != "" && facts.Mode != c.Mode {
		return ErrMode.Fill(facts.Mode.command(), c.Mode.command())
	}
	if a.Keys, err = openKeys(ctx, c, facts.ID != "", false); err != nil {
		return err
	}
	if err := facts.fits(c.Mode, a.Keys, tag); err != nil {
		return err
	}
	if err := a.DB.Watch(ctx, c.Keyring, c.Accept); err != nil {
		return err
	}
	if older != nil {
		if err := a.DB.Migrate(ctx, a.Real.Now(), Schemas...); err != nil {
			return err
		}
	}
	if a.DB.History() != nil { // it can be read, and is what it is
		a.Installation = facts
		return nil
	}
	var began time.Time
	if c.Mode == Sandbox && !c.Empty && !anew {
		began = a.Real.Now().Truncate(24*time.Hour).AddDate(0, 0, -demoDays)
	}
	if a.Installation, err = found(ctx, a.DB, c.Mode, a.Keys, a.Real, began); err != nil || !anew {
		return err
	}
	return settled(c.Data)
}

// Migrate brings a database up to date and does nothing else. It says whether it was before.
func Migrate(ctx context.Context, c Config) (was bool, err error) {
	c = c.withDefaults()
	a := &App{Config: c, Real: clock.System()}
	defer func() { err = errors.Join(err, a.release()) }()
	if err := makeFolder(c.Data); err != nil {
		return false, err
	}
	if a.DB, err = openDB(ctx, c, false); err != nil {
		return false, err
	}
	older := a.DB.CheckSchema(ctx, Schemas...)
	if older == nil || !errors.Is(older, db.ErrOlderSchema) {
		return true, older
	}
	return false, a.DB.Migrate(ctx, a.Real.Now(), Schemas...)
}

// makeFolder makes the data folder, for its owner only.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ErrFolder.Fill(dir).Because(err)
	}
	return nil
}

// File is where SQLite keeps the database of a data folder.
func File(data string) string { return filepath.Join(data, "billfold.db") }

func openDB(ctx context.Context, c Config, beside bool) (*db.DB, error) {
	o := db.Options{Log: c.Log, MaxConns: c.DBConns, ReadOnly: beside, DSN: c.DB}
	if c.DB == "" {
		o.Path = File(c.Data)
	}
	d, err := db.Open(ctx, o)
	switch {
	case err == nil:
		return d, nil
	case c.DB != "" && errors.Is(err, fault.ErrUnavailable):
		return nil, ErrDatabaseAway.Fill(hostOf(c.DB)).Because(err)
	case errors.Is(err, fault.ErrReadOnly):
		return nil, ErrFolder.Fill(c.Data).Because(err)
	}
	return nil, fmt.Errorf("open the database: %w", err)
}

// hostOf is the part of a DSN that may be shown.
func hostOf(dsn string) string {
	if u, err := url.Parse(dsn); err == nil && u.Host != "" {
		return u.Host
	}
	return "the given place"
}

// openKeys opens the keyring. Where a database exists already a missing keyring is not made anew, for it could open
// nothing of what lies there.
func openKeys(ctx context.Context, c Config, exists, beside bool) (*seal.Keyring, error) {
	if c.Keys != "" {
		return shareKeys(ctx, c, exists, beside)
	}
	if beside {
		return seal.Open(seal.Options{Dir: c.Keyring, MasterKey: c.MasterKey, ReadOnly: true})
	}
	if _, err := os.Stat(filepath.Join(c.Keyring, "keyring")); exists && errors.Is(err, os.ErrNotExist) {
		return nil, ErrKeyring.Because(fmt.Errorf("%s holds no keyring", c.Keyring))
	}
	k, err := seal.Open(seal.Options{Dir: c.Keyring, MasterKey: c.MasterKey})
	if err != nil {
		if errors.Is(err, fault.ErrReadOnly) {
			return nil, ErrFolder.Fill(c.Keyring).Because(err)
		}
		return nil, err
	}
	if n := k.Recovered(); n > 0 {
		c.Log.Warn("cut off a torn end of the keyring, which nobody was told about", "bytes", n)
	}
	return k, nil
}

// holdsAccounts says whether a database is an installation's, or somebody else's.
func holdsAccounts(ctx context.Context, d *db.DB) bool {
	facts, _, err := peek(ctx, d)
	return err != nil || facts.ID != ""
}

// keyConns is how many connections the keyring's database is given: it is asked twice a second, and once for each key that is new here.
const keyConns = 4

// shareKeys opens the keyring that lies in a database of its own. It may not be that of the accounts, whose backups would hold
// the keys then.
func shareKeys(ctx context.Context, c Config, exists, beside bool) (*seal.Keyring, error) {
	d, err := db.Open(ctx, db.Options{DSN: c.Keys, Log: c.Log, MaxConns: keyConns, ReadOnly: beside})
	if errors.Is(err, fault.ErrUnavailable) {
		return nil, ErrDatabaseAway.Fill(hostOf(c.Keys)).Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the keyring's database: %w", err)
	}
	var k *seal.Keyring
	empty, err := db.Read(ctx, d, db.Empty)
	switch {
	case err != nil:
	case empty && (exists || beside):
		err = ErrKeyring.Because(errors.New("the database given by --keys holds no keyring"))
	case !empty && holdsAccounts(ctx, d):
		err = usage("--keys: this is a database of accounts; the keyring needs one of its own, which is not in its backups")
	default:
		k, err = seal.Open(seal.Options{DB: d, Dir: c.Keyring, MasterKey: c.MasterKey, ReadOnly: beside})
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return k, nil
}

// elect has this process take part in the election, from now on.
func (a *App) elect() {
	a.electing.Do(func() { a.lead.start(func(ctx context.Context) error { return a.Lease.Run(ctx) }) })
}

// Start has the outbox, the jobs, the sweeps and the fold run until Close, and answers requests from now on. Call it once.
func (a *App) Start() {
	if a.DB.History() != nil {
		a.state.CompareAndSwap(building, running)
		return // they all write; the next start that accepts the database goes on with them
	}
	a.elect()
	if a.Lease.Held() {
		a.Queue.Reclaim()
	}
	a.news.start(func(ctx context.Context) error { return a.Outbox.Run(ctx) })
	a.work.start(
		func(ctx context.Context) error { return a.Queue.Run(ctx) },
		func(ctx context.Context) error { return a.People.Run(ctx) },
		a.followClock,
		a.keepCertified,
	)
	a.state.CompareAndSwap(building, running)
}

// Close stops what runs, in order: nothing new is begun, what happened is told once more, jobs end, and only then the
// database and the keyring are closed. What could not be told or done stays in the database for the next start.
func (a *App) Close(ctx context.Context) error {
	a.state.Store(stopping)
	var told error
	if a.news.stop() {
		if _, err := a.Outbox.Step(ctx, 0); err != nil {
			told = fmt.Errorf("tell what is still to be told: %w", err)
		}
	}
	a.work.stop()
	a.lead.stop()
	return errors.Join(told, a.release())
}

// release closes what was opened, newest first.
func (a *App) release() error {
	var errs []error
	if a.People != nil {
		errs = append(errs, a.People.Close())
	}
	if a.DB != nil {
		errs = append(errs, a.DB.Close())
	}
	if a.Keys != nil {
		errs = append(errs, a.Keys.Close())
	}
	return errors.Join(errs...)
}

// worker is a group of loops that end when they are told to.
type worker struct {
	cancel context.CancelFunc
	all    sync.WaitGroup
	alive  atomic.Int32
	most   int32
}

func (w *worker) start(loops ...func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.most = cancel, int32(len(loops))
	w.alive.Store(w.most)
	for _, loop := range loops {
		w.all.Go(func() {
			defer w.alive.Add(-1)
			_ = loop(ctx) // each logs what happens to it and ends only when it is told to
		})
	}
}

// stop ends the loops, waits for them, and says whether they had been started.
func (w *worker) stop() bool {
	if w.cancel == nil {
		return false
	}
	w.cancel()
	w.all.Wait()
	return true
}

// whole says whether every loop still runs.
func (w *worker) whole() bool { return w.most > 0 && w.alive.Load() == w.most }
