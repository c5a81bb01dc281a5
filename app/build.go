package app

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/dial"
	"billfold/base/event"
	"billfold/base/job"
	"billfold/base/lease"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/base/telemetry"
	"billfold/core/audit"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/inquiry"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/product/insight"
	"billfold/product/purse"
)

// Schemas are the tables of every package, in the order in which they are made.
var Schemas = []db.Schema{once.Schema, event.Schema, job.Schema, lease.Schema, ledger.Schema, identity.Schema, notice.Schema,
	audit.Schema, merchant.Schema, rail.Schema, fx.Schema, payment.Schema, purse.Schema, insight.Schema, inquiry.Schema}

// foldEvery is how often the balances of busy accounts are summed up.
const foldEvery = time.Second

// clocks sets business time and what is told by it. A sandbox goes on where it stood; one whose demo history is not
// whole begins again at its beginning, because the history is made again from there: what exists already is found.
func (a *App) clocks() {
	a.Clock = a.Real
	if a.Config.Mode == Sandbox {
		offset := a.Installation.Offset
		if a.Seeding() {
			offset = clock.Until(a.Real, a.Installation.demo)
		}
		a.sandbox = clock.NewSandbox(a.Real, offset)
		a.Clock = a.sandbox
	}
	a.IDs = a.Config.Ground.minter(a.Clock.Now)
}

// core builds what is true whatever the product: the services, and who tells whom.
func (a *App) core() (err error) {
	a.clocks()
	log := a.Config.Log
	sandbox := a.Config.Mode == Sandbox
	a.Metrics = telemetry.NewMetrics()
	steady := a.Config.Ground.steady()
	a.Lease = lease.New(lease.Options{DB: a.DB, Name: "leader", Holder: a.IDs.New("prc"), Real: steady, Log: log})
	a.Lease.OnTake(func() {
		a.Outbox.Wake()
		a.Queue.Reclaim()
	})
	a.Outbox = event.New(event.Options{DB: a.DB, IDs: a.IDs, Clock: a.Clock, Real: steady, Log: log, Lease: a.Lease})
	a.Queue = job.New(job.Options{DB: a.DB, IDs: a.IDs, Clock: a.Clock, Real: a.Real, Log: log, Lease: a.Lease})
	a.Ledger = ledger.New(ledger.Options{Clock: a.Clock, Real: a.Real, Keys: a.Keys, IDs: a.IDs})
	a.Queue.Every("ledger.fold", foldEvery, func(ctx context.Context) error {
		return errors.Join(a.Ledger.Fold(ctx, a.DB), a.Ledger.Settle(ctx, a.DB))
	})

	sender, err := a.sender()
	if err != nil {
		return err
	}
	a.Notices, err = notice.New(notice.Options{DB: a.DB, Real: a.Real, Keys: a.Keys, IDs: a.IDs, Jobs: a.Queue,
		Sender: sender, Texts: a.texts(), From: a.Config.MailFrom, Origin: a.URL.String()})
	if err != nil {
		return err
	}
	a.People, err = identity.New(identity.Options{DB: a.DB, Clock: a.Clock, Real: a.Real, Keys: a.Keys, IDs: a.IDs, Log: log,
		Live: !sandbox, Breached: a.Config.Breached, Texts: a.texts() != nil,
		Send:     func(tx *db.Tx, m identity.Mail) error { return a.Notices.Mail(tx, notice.Mail(m)) },
		OnPerson: a.welcome,
		OnState:  func(tx *db.Tx, p identity.Person) error { return a.Payments.FollowState(tx, p) },
		Taken:    func(tx *db.Tx, handle string) (bool, error) { return a.Shops.HandleTakenIn(tx, handle) }})
	if err != nil {
		return err
	}
	a.Trail = audit.New(a.DB, a.Real, a.Keys)
	a.Queue.Handle(taskVerify, a.verifyBooks)
	a.Queue.Every("identity.sweep", time.Hour, a.People.Sweep)
	a.Shops = merchant.New(merchant.Options{DB: a.DB, Clock: a.Clock, Real: a.Real, IDs: a.IDs, Ledger: a.Ledger,
		People: a.People, Keys: a.Keys})

	o := payment.Options{DB: a.DB, Clock: a.Clock, Real: a.Real, IDs: a.IDs, Keys: a.Keys, Ledger: a.Ledger, People: a.People,
		Shops: a.Shops, Notices: a.Notices, Outbox: a.Outbox, Queue: a.Queue, Installation: a.Installation.ID, Sandbox: sandbox,
		Currencies: a.Config.Currencies, Log: log}
	a.rails(&o)
	a.Payments = payment.New(o)
	a.Cases = inquiry.New(inquiry.Options{DB: a.DB, Real: a.Real, Keys: a.Keys, IDs: a.IDs, People: a.People, Notices: a.Notices})
	a.Insight = insight.New(insight.Options{DB: a.DB, Clock: a.Clock, Shops: a.Shops, Notices: a.Notices, Zone: a.Config.Zone})
	a.Outbox.Subscribe(insight.Subscriber, a.Insight.Feed)
	a.gauges()
	return nil
}

// rails builds the roads to cards and banks, and the desk that exchanges. Outside the sandbox there are none yet: the inbox would
// take in what was sent before, and nothing else.
func (a *App) rails(o *payment.Options) {
	card, bank := rail.Secret(a.Keys, rail.Card), rail.Secret(a.Keys, rail.BankName)
	a.Inbox = rail.NewInbox(rail.InboxOptions{DB: a.DB, Real: a.Real, Queue: a.Queue, Log: o.Log, Keys: a.Keys,
		Secrets: map[string][]byte{rail.Card: card, rail.BankName: bank}})
	o.Accounts = &rail.Book{DB: a.DB, Clock: a.Clock, Keys: a.Keys, IDs: a.IDs}
	if !o.Sandbox {
		return
	}
	o.Desk = fx.New(fx.Options{DB: a.DB, Real: a.Real, IDs: a.IDs})
	a.selfDial = dial.Options{AllowLoopback: true}
	if a.authority != nil { // what plays the world outside calls this very server, at an address of this machine
		a.selfDial.AllowPrivate, a.selfDial.TLS = true, &tls.Config{RootCAs: a.authority.pool(), MinVersion: tls.VersionTLS13}
	}
	outside := rail.SandboxOptions{DB: a.DB, Real: a.Real, Clock: a.Clock, IDs: a.IDs, Queue: a.Queue, Log: o.Log, Secret: card,
		Dial: dial.New(a.selfDial), CallbackURL: a.callbackURL(rail.Card), Seed: a.Config.Seed}
	a.Card = rail.NewSandbox(outside)
	outside.Secret, outside.CallbackURL = bank, a.callbackURL(rail.BankName)
	a.Bank = rail.NewSandboxBank(outside)
	o.Rails, o.Bank = []rail.Rail{a.Card}, a.Bank
}

// welcome opens a new person's first pockets, in the transaction that makes the person.
func (a *App) welcome(tx *db.Tx, p identity.Person) error {
	for _, code := range a.Config.Currencies[:min(len(a.Config.Currencies), firstPockets)] {
		c, err := money.ParseCurrency(code)
		if err != nil {
			return err
		}
		if _, err := a.Payments.OpenWallet(tx, p.ID, c); err != nil {
			return err
		}
	}
	return nil
}

// firstPockets is how many of the installation's currencies a new person begins with; they open the others as they need them.
const firstPockets = 4

// sender is how mails leave: by the relay, or only into the sandbox's inbox.
func (a *App) sender() (notice.Sender, error) {
	c := a.Config
	if c.MailServer == "" {
		if c.Mode == Sandbox {
			return notice.Sandbox{}, nil
		}
		return nowhere{}, nil
	}
	host, port, err := net.SplitHostPort(c.MailServer)
	if err != nil {
		return nil, usage("--mail-server %s: give host:port, such as mail.example.org:587", c.MailServer)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, usage("--mail-server %s: the port has to be a number", c.MailServer)
	}
	relay := dial.New(dial.Options{AllowLoopback: true, AllowPrivate: true, Ports: []int{number}})
	return notice.NewSMTP(notice.SMTPOptions{Host: host, Port: number, Security: c.MailTLS, Username: c.MailUser,
		Password: c.MailPass, Dial: relay})
}

// texts is who carries texts to telephones: the sandbox's inbox, and nobody yet for real use.
func (a *App) texts() notice.Sender {
	if a.Config.Mode == Sandbox && a.Config.MailServer == "" {
		return notice.Sandbox{}
	}
	return nil
}

// nowhere keeps the mails of a live installation that has no relay yet, for when it has.
type nowhere struct{}

// Send refuses, so that the mail stays in the queue and is tried again.
func (nowhere) Send(context.Context, notice.Message) error { return errNoRelay }

var errNoRelay = errors.New("no mail server is configured: give --mail-server")

// callbackURL is where a rail of the sandbox calls back: this very server, over loopback.
func (a *App) callbackURL(road string) func() string {
	return func() string { return a.self() + "/hook/" + road }
}

// self is where this process reaches its own server.
func (a *App) self() string {
	if base := a.callback.Load(); base != nil {
		return *base
	}
	return a.URL.String()
}

// gauges are what somebody who watches the server wants to see move.
func (a *App) gauges() {
	read := func(f func(tx *db.Tx) (int64, error)) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), healthLimit)
			defer cancel()
			n, err := db.Read(ctx, a.DB, f)
			if err != nil {
				return -1 // the database does not answer, which /readyz says too
			}
			return float64(n)
		}
	}
	a.Metrics.Gauge("billfold_outbox_unnumbered", "Events that wait for their number.", read(func(tx *db.Tx) (int64, error) {
		unnumbered, _, err := event.Lag(tx, teller)
		return unnumbered, err
	}))
	a.Metrics.Gauge("billfold_outbox_untold", "Numbered events that the two sides of their payment have not been told.",
		read(func(tx *db.Tx) (int64, error) {
			_, untold, err := event.Lag(tx, teller)
			return untold, err
		}))
	a.Metrics.Gauge("billfold_tasks_open", "Tasks in the queue, those that are due later included.", read(func(tx *db.Tx) (int64, error) {
		open, _, err := job.Waiting(tx)
		return open, err
	}))
	a.Metrics.Gauge("billfold_tasks_failing", "Tasks that have failed at least once and will be tried again.",
		read(func(tx *db.Tx) (int64, error) {
			_, failing, err := job.Waiting(tx)
			return failing, err
		}))
}

// teller is the subscriber who tells both sides of a payment.
const teller = "payment.tell"

// NeedsOperator says whether nobody is an operator yet.
func (a *App) NeedsOperator(ctx context.Context) (bool, error) {
	return db.Read(ctx, a.DB, func(tx *db.Tx) (bool, error) {
		some, err := a.People.HasRole(tx, identity.Operator)
		return !some, err
	})
}

// OperatorLink makes a one-time link, good for half an hour, that gives whoever opens it the operator's role; where a
// person is named it signs them in.
func (a *App) OperatorLink(ctx context.Context, person identity.PersonID) (string, error) {
	token, err := db.Write(ctx, a.DB, func(tx *db.Tx) (string, error) {
		return a.People.Link(tx, identity.OperatorLink, person, identity.LinkLife)
	})
	if err != nil {
		return "", err
	}
	if token == "" {
		return "", errors.New("app: a link without a token")
	}
	return a.URL.String() + "/setup?token=" + token, nil
}
