package outage

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/app"
	"billfold/base/db"
	"billfold/base/money"
	"billfold/client"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/test/harness"
)

// patience is how long a test waits for what has to happen; it is no promise of ours.
const patience = 90 * time.Second

// program is the built command.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "billfold-outage-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	// `go test` remembers results; the command's source is looked at here, so that it runs this test again when that changes.
	sources, _ := filepath.Glob("../../cmd/billfold/*.go")
	for _, name := range sources {
		_, _ = os.Stat(name)
	}
	program = filepath.Join(dir, "billfold")
	build := exec.Command("go", "build", "-o", program, "./cmd/billfold")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("go build ./cmd/billfold: %v\n%s", err, out))
	}
	return m.Run()
}

// long says whether the long form was asked for.
func long() bool { return os.Getenv("BILLFOLD_LONG") != "" }

// person is somebody of the cast: an owner and their key.
type person struct{ id, key string }

// house is one installation, its cast, and the server that runs on it at the moment.
type house struct {
	t            *testing.T
	engine       db.Engine
	data         string
	dsn          string
	payers       []person
	shops        []person
	operator     person
	secret       []byte // shared with the card acquirer
	installation string
	eur          money.Currency

	cmd  *exec.Cmd
	gone chan struct{}
	errs *safeBuffer

	mu    sync.Mutex
	news  *sync.Cond
	crew  *crew // nil while no server runs
	count int   // servers so far
	over  bool
}

// funds is what every payer and every account of the lab begins with: nobody runs dry.
const funds = 1_000_000_000_00

const labs = 8 // accounts lab/0, lab/1, … that operators post between

// on runs a test on each engine, in a new house.
func on(t *testing.T, body func(t *testing.T, h *house)) {
	t.Helper()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) { body(t, build(t, engine)) })
	}
}

// build makes an installation and its cast; no server runs yet.
func build(t *testing.T, engine db.Engine) *house {
	t.Helper()
	h := &house{t: t, engine: engine, data: filepath.Join(t.TempDir(), "data")}
	h.news = sync.NewCond(&h.mu)
	h.eur, _ = money.Lookup("EUR")
	if engine == db.Postgres {
		h.dsn = harness.Place(t, engine).DSN
	}
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{Mode: app.Sandbox, Data: h.data, DB: h.dsn, Empty: true, Log: harness.Warnings(t)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.secret, h.installation = rail.Secret(a.Keys, rail.Card), a.Installation.ID
	err = h.cast(ctx, a)
	if closed := a.Close(ctx); err != nil || closed != nil {
		t.Fatal(err, closed)
	}
	t.Cleanup(h.kill)
	return h
}

// cast makes people, shops, keys, accounts and money.
func (h *house) cast(ctx context.Context, a *app.App) error {
	var list []identity.NewPerson
	for i := range 8 {
		list = append(list, identity.NewPerson{Name: fmt.Sprintf("Payer %c", 'A'+i), Handle: fmt.Sprintf("payer_%d", i)})
	}
	people, err := a.People.Create(ctx, list)
	if err != nil {
		return err
	}
	owner, operator := people[6], people[7]
	for i := range 2 {
		shop, err := a.Shops.Register(ctx, merchant.Draft{Owner: owner.ID, Name: fmt.Sprintf("Shop %d", i), Handle: fmt.Sprintf("shop_%d", i),
			MCC: "5411", Country: "DE", Currencies: []string{"EUR"}})
		if err != nil {
			return err
		}
		h.shops = append(h.shops, person{id: string(shop.ID)})
	}
	return a.DB.Write(ctx, func(tx *db.Tx) error {
		key := func(owner string, kind identity.KeyKind) (person, error) {
			secret, _, err := a.People.CreateKey(tx, identity.NewKey{Owner: owner, Kind: kind, Label: "outage"})
			return person{owner, secret}, err
		}
		if err := a.People.Grant(tx, operator.ID, identity.Operator); err != nil {
			return err
		}
		if h.operator, err = key(string(operator.ID), identity.OperatorKey); err != nil {
			return err
		}
		for i := range h.shops {
			if h.shops[i], err = key(h.shops[i].id, identity.SecretKey); err != nil {
				return err
			}
		}
		h.payers = nil
		for _, p := range people[:6] {
			payer, err := key(string(p.ID), identity.PayerKey)
			if err != nil {
				return err
			}
			h.payers = append(h.payers, payer)
		}
		return h.fund(tx, a.Ledger)
	})
}

// fund opens the accounts of the lab, and gives everybody money.
func (h *house) fund(tx *db.Tx, l *ledger.Ledger) error {
	source, err := l.Open(tx, ledger.Spec{Address: "lab/source", Currency: h.eur, Limit: ledger.Unlimited, Busy: true})
	if err != nil {
		return err
	}
	var rich []ledger.AccountID
	for i := range labs {
		account, err := l.Open(tx, ledger.Spec{Address: lab(i), Currency: h.eur, Limit: ledger.NonNegative})
		if err != nil {
			return err
		}
		rich = append(rich, account.ID)
	}
	for _, p := range h.payers {
		wallet, err := l.ByAddress(tx, h.wallet(p))
		if err != nil {
			return err
		}
		rich = append(rich, wallet.ID)
	}
	for _, id := range rich {
		leg := ledger.Leg{Debit: source.ID, Credit: id, Amount: funds}
		if _, err := l.Post(tx, ledger.Entry{Kind: "lab.fund", Legs: []ledger.Leg{leg}}); err != nil {
			return err
		}
	}
	return nil
}

func lab(i int) string { return fmt.Sprintf("lab/%d", i) }

func (h *house) wallet(p person) string { return payment.WalletAddress(identity.PersonID(p.id), h.eur) }

func (h *house) receipts(p person) string { return merchant.ReceiptsAddress(merchant.ID(p.id), h.eur) }

// crew speaks to one run of the server: a client for each of the cast, that tries once.
type crew struct {
	number   int
	url      string
	payers   []*client.Client
	shops    []*client.Client
	operator *client.Client
	http     *http.Client
}

// speaking makes a crew for a server.
func (h *house) speaking(number int, url string, attempts int) *crew {
	c := &crew{number: number, url: url, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}}}
	as := func(p person) *client.Client {
		return &client.Client{BaseURL: url, Key: p.key, HTTP: c.http, Attempts: attempts, Wait: time.Millisecond}
	}
	for _, p := range h.payers {
		c.payers = append(c.payers, as(p))
	}
	for _, p := range h.shops {
		c.shops = append(c.shops, as(p))
	}
	c.operator = as(h.operator)
	return c
}

// start starts the server and waits until it greets. Nobody is told yet: see open.
func (h *house) start(more ...string) *crew {
	h.t.Helper()
	greeting, gone := h.launch(more...)
	select {
	case <-greeting:
	case <-gone:
		h.t.Fatalf("the server did not start: %s", h.errs)
	case <-time.After(patience):
		h.t.Fatalf("the server did not start in time: %s", h.errs)
	}
	text, err := os.ReadFile(filepath.Join(h.data, "dev.env"))
	if err != nil {
		h.t.Fatal(err)
	}
	_, url, _ := strings.Cut(string(text), "BILLFOLD_URL=")
	url, _, _ = strings.Cut(url, "\n")
	h.mu.Lock()
	h.count++
	defer h.mu.Unlock()
	return h.speaking(h.count, url, 1)
}

// launch starts the server's process; greeting is closed when everything runs, gone when it has ended.
func (h *house) launch(more ...string) (greeting, gone chan struct{}) {
	h.t.Helper()
	h.cmd = exec.Command(program, append([]string{"dev", "--empty", "--data", h.data, "--addr", "127.0.0.1:0"}, more...)...)
	h.cmd.Env = append(os.Environ(), "LC_ALL=C")
	if h.dsn != "" {
		h.cmd.Env = append(h.cmd.Env, "BILLFOLD_DB="+h.dsn)
	}
	h.errs = &safeBuffer{}
	h.cmd.Stderr = h.errs
	greeting, gone = make(chan struct{}), make(chan struct{})
	h.cmd.Stdout = &greeted{seen: greeting}
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.gone = gone
	cmd := h.cmd
	go func() {
		_ = cmd.Wait()
		close(gone)
	}()
	return greeting, gone
}

// open tells everybody who waits that there is a server.
func (h *house) open(c *crew) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.crew = c
	h.news.Broadcast()
}

// kill ends the server as a power switch would end its process, and waits until it is gone.
func (h *house) kill() {
	if h.cmd == nil {
		return
	}
	h.mu.Lock()
	if h.crew != nil {
		defer h.crew.http.CloseIdleConnections()
	}
	h.crew = nil
	h.mu.Unlock()
	_ = h.cmd.Process.Kill()
	<-h.gone
	h.cmd = nil
}

// now waits for a server that is newer than the one a caller lost; nil when there will be none.
func (h *house) now(after int) *crew {
	h.mu.Lock()
	defer h.mu.Unlock()
	for !h.over && (h.crew == nil || h.crew.number <= after) {
		h.news.Wait()
	}
	if h.crew != nil && h.crew.number > after {
		return h.crew
	}
	return nil
}

// end tells everybody who waits that there will be no other server.
func (h *house) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	h.news.Broadcast()
}

// verify runs `billfold verify` beside the server or without one.
func (h *house) verify() {
	h.t.Helper()
	cmd := exec.Command(program, "verify", "--data", h.data)
	cmd.Env = os.Environ()
	if h.dsn != "" {
		cmd.Env = append(cmd.Env, "BILLFOLD_DB="+h.dsn)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Errorf("billfold verify: %v\n%s", err, out)
	}
}

// posted reads what an account holds, as the operator sees it, or why it cannot be read.
func (h *house) posted(c *crew, address string) string {
	h.t.Helper()
	account, err := c.operator.LedgerAccount(context.Background(), address, time.Time{})
	if err != nil {
		return err.Error()
	}
	return account.Balance.Posted.Amount
}

// until asks again until the answer is yes.
func until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-limit.C:
			t.Fatalf("in vain: %s", what)
		case <-tick.C:
		}
	}
}

// greeted watches standard output for the greeting, which comes when everything runs.
type greeted struct {
	seen chan struct{}
	done bool
}

// Write takes in standard output.
func (g *greeted) Write(b []byte) (int, error) {
	if !g.done && bytes.HasPrefix(b, []byte("Billfold ")) {
		g.done = true
		close(g.seen)
	}
	return len(b), nil
}

// safeBuffer keeps what a process complains about.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes in standard error.
func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is what was complained about so far.
func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
