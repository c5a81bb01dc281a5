package purse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/app"
	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	issuer "billfold/product/purse"
	"billfold/product/purse/step"
	"billfold/test/harness"
)

var ctx = context.Background()

// childVariable makes this test binary be `billfold purse`, with the variable's words as arguments: a process that can be killed.
const childVariable = "BILLFOLD_PURSE_CHILD"

func TestMain(m *testing.M) {
	if words := os.Getenv(childVariable); words != "" {
		os.Exit(Main(ctx, strings.Split(words, "\n"), os.LookupEnv, os.Stdin, os.Stdout, os.Stderr))
	}
	if len(os.Args) == 4 && os.Args[1] == "verify" { // what the bench starts to verify its books
		os.Exit(verifyChild(os.Args[3]))
	}
	os.Exit(m.Run())
}

// verifyChild is `billfold verify --data FOLDER`.
func verifyChild(data string) int {
	audit, err := app.Verify(ctx, app.Config{Data: data}, func(finding string) { fmt.Fprintln(os.Stderr, finding) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return min(audit.Findings, 1)
}

// town is an issuer with a ledger, reached as if by opening its data folder, and folders with purses.
type town struct {
	t        *testing.T
	issuer   *issuer.Issuer
	ledger   *ledger.Ledger
	db       *db.DB
	dir      string
	vars     map[string]string
	patience time.Duration
}

func newTown(t *testing.T) *town {
	t.Helper()
	d := harness.Open(t, db.SQLite, ledger.Schema, issuer.Schema)
	keys, real := harness.Keyring(t), clock.System()
	ids := id.NewMinter(real.Now)
	v := &town{t: t, db: d, dir: t.TempDir(), ledger: ledger.New(ledger.Options{Clock: real, Real: real, Keys: keys, IDs: ids})}
	eur, _ := money.Lookup("EUR")
	var err error
	v.issuer, err = issuer.New(ctx, issuer.Options{DB: d, Clock: real, IDs: ids, Ledger: v.ledger, Keys: keys, Network: "test/town",
		Currencies: []money.Currency{eur}})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(ctx, func(tx *db.Tx) error {
		bank, err := v.ledger.Open(tx, ledger.Spec{Address: "bank/EUR", Currency: eur, Limit: ledger.Unlimited})
		if err != nil {
			return err
		}
		for _, who := range []string{"user/usr_ann/EUR", "user/usr_bob/EUR", "merchant/mch_cafe/EUR"} {
			a, err := v.ledger.Open(tx, ledger.Spec{Address: who, Currency: eur, Limit: ledger.NonNegative})
			if err != nil {
				return err
			}
			if _, err := v.ledger.Post(tx, ledger.Entry{Kind: "test", Legs: []ledger.Leg{{Debit: bank.ID, Credit: a.ID,
				Amount: 1000_00}}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	v.ok("", "new", v.at("ann"), "--data", "x", "--owner", "usr_ann", "--class", "3")
	v.ok("", "new", v.at("bob"), "--data", "x", "--owner", "usr_bob", "--class", "3")
	v.ok("", "new", v.at("till"), "--data", "x", "--owner", "mch_cafe", "--role", "acceptor", "--name", "Café Anna")
	return v
}

// env is an environment in which nothing is set but what a test has put there.
func (v *town) env(name string) (string, bool) {
	value, ok := v.vars[name]
	return value, ok
}

func (v *town) at(name string) string { return filepath.Join(v.dir, name) }

// call runs one command, as Main does, but with this town's issuer.
func (v *town) call(in io.Reader, out io.Writer, args ...string) (status int, diag string) {
	var said bytes.Buffer
	c := &cli{in: in, out: out, diag: &said, clock: clock.System(), env: v.env, patience: v.patience}
	c.open = func(context.Context, string) (*issuer.Issuer, func() error, error) {
		return v.issuer, func() error { return nil }, nil
	}
	status = c.run(ctx, args)
	return status, said.String()
}

// ok runs a command that has to succeed, and returns what it printed.
func (v *town) ok(in string, args ...string) string {
	v.t.Helper()
	var out bytes.Buffer
	if status, diag := v.call(strings.NewReader(in), &out, args...); status != 0 {
		v.t.Fatalf("%v: status %d, %s", args, status, diag)
	}
	return out.String()
}

// refuse runs a command that has to fail, and checks what it says.
func (v *town) refuse(want string, args ...string) {
	v.t.Helper()
	if status, diag := v.call(strings.NewReader(""), io.Discard, args...); status == 0 || !strings.Contains(diag, want) {
		v.t.Errorf("%v: status %d, %q, want %q", args, status, diag, want)
	}
}

// listening is a command that waits for a call; its address is known when it waits.
type listening struct {
	address string
	done    chan error
}

func (v *town) listen(args ...string) *listening {
	v.t.Helper()
	r, w := io.Pipe()
	l := &listening{done: make(chan error, 1)}
	go func() {
		status, diag := v.call(strings.NewReader(""), w, append(args, "--listen", "127.0.0.1:0")...)
		w.Close()
		if status != 0 {
			l.done <- fmt.Errorf("%v: status %d, %s", args, status, diag)
			return
		}
		l.done <- nil
	}()
	line := make([]byte, 200)
	n, _ := r.Read(line)
	l.address = strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "waiting on "))
	go io.Copy(io.Discard, r)
	return l
}

func (v *town) shows(name, want string) {
	v.t.Helper()
	if have := v.ok("", "show", v.at(name)); !strings.Contains(have, want) {
		v.t.Errorf("%s: %q, want %q", name, have, want)
	}
}

// Two terminals pay each other with no server running; a till takes, gives the last purchase back, and is collected later, by file.
func TestTerminals(t *testing.T) {
	v := newTown(t)
	v.ok("", "load", v.at("ann"), "50.00", "--data", "x")
	v.shows("ann", "50.00 EUR")

	l := v.listen("take", v.at("till"), "4.20")
	v.refuse("not agreed", "pay", v.at("ann"), "--to", l.address)
	if err := <-l.done; err == nil {
		t.Error("the till was not told of the no")
	}
	l = v.listen("take", v.at("till"), "4.20")
	v.refuse("not agreed", "pay", v.at("ann"), "--to", l.address, "--yes", "--most", "4.19")
	<-l.done
	l = v.listen("take", v.at("till"), "4.20")
	v.ok("y\n", "pay", v.at("ann"), "--to", l.address)
	if err := <-l.done; err != nil {
		t.Error(err)
	}
	v.shows("ann", "45.80 EUR")
	v.shows("till", "4.20 EUR")
	if have := v.ok("", "log", v.at("ann")); !strings.Contains(have, "-4.20 EUR  purchase Café Anna") {
		t.Errorf("history: %s", have)
	}

	l = v.listen("cancel", v.at("ann"))
	v.ok("", "pay", v.at("till"), "--to", l.address, "--yes", "--most", "4.20")
	if err := <-l.done; err != nil {
		t.Error(err)
	}
	v.refuse("no purchase to cancel", "cancel", v.at("ann"), "--listen", "127.0.0.1:0")
	v.shows("ann", "50.00 EUR")

	l = v.listen("take", v.at("bob"), "10.00")
	v.ok("", "pay", v.at("ann"), "--to", l.address, "--yes", "--most", "10.00")
	<-l.done
	l = v.listen("take", v.at("till"), "2.50")
	v.ok("", "pay", v.at("bob"), "--to", l.address, "--yes", "--most", "10.00")
	<-l.done
	v.shows("bob", "7.50 EUR, of which 7.50 EUR received since the last sync")

	v.ok("", "batch", v.at("till"))
	file := filepath.Join(v.dir, "till.bfb")
	v.ok("", "sync", v.at("till"), "--out", file)
	v.ok("", "collect", file, "--data", "x")
	for _, name := range []string{"bob", "ann", "till"} {
		v.ok("", "sync", v.at(name), "--data", "x")
	}
	v.ok("", "unload", v.at("bob"), "7.50", "--data", "x")
	v.settled(issuer.Totals{Currency: "EUR", Issued: 50_00, InPurses: 40_00, Redeemed: 10_00})
}

func (v *town) settled(want issuer.Totals) {
	v.t.Helper()
	list, err := v.issuer.Totals(ctx)
	if err != nil || len(list) != 1 || list[0] != want {
		v.t.Errorf("totals %+v, %v, want %+v", list, err, want)
	}
	if err := v.issuer.Verify(ctx, func(f issuer.Finding) { v.t.Error(f) }); err != nil {
		v.t.Fatal(err)
	}
}

// Over lines of text that two people carry: every line is a frame that fits a QR code.
func TestTextFrames(t *testing.T) {
	v := newTown(t)
	v.ok("", "load", v.at("ann"), "50.00", "--data", "x")
	toTill, fromAnn := io.Pipe()
	toAnn, fromTill := io.Pipe()
	frames := &lengths{}
	var wait sync.WaitGroup
	wait.Go(func() {
		if status, diag := v.call(toTill, io.MultiWriter(fromTill, frames), "take", v.at("till"), "4.20", "--text"); status != 0 {
			t.Error(diag)
		}
		fromTill.Close()
	})
	if status, diag := v.call(toAnn, io.MultiWriter(fromAnn, frames), "pay", v.at("ann"), "--text", "--yes", "--most", "5"); status != 0 {
		t.Error(diag)
	}
	fromAnn.Close()
	wait.Wait()
	v.shows("till", "4.20 EUR")
	if frames.count != 4 || frames.longest > 938 { // version 17 at the lowest correction holds 938 alphanumeric characters
		t.Errorf("%d frames, the longest has %d characters", frames.count, frames.longest)
	}
	t.Logf("the longest frame has %d characters", frames.longest)
}

type lengths struct {
	mu             sync.Mutex
	count, longest int
}

func (l *lengths) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(strings.TrimSpace(string(b))); strings.HasPrefix(string(b), "BFP1:") {
		l.count++
		l.longest = max(l.longest, n)
	}
	return len(b), nil
}

// A locked purse shows its balance and does not pay; the code opens it.
func TestLockedFolder(t *testing.T) {
	v := newTown(t)
	v.ok("", "load", v.at("ann"), "50.00", "--data", "x")
	v.ok("4711\n", "lock", v.at("ann"))
	v.shows("ann", "50.00 EUR\n  locked")
	l := v.listen("take", v.at("till"), "4.20")
	v.refuse("the purse is locked", "pay", v.at("ann"), "--to", l.address, "--yes", "--most", "5")
	<-l.done
	if status, diag := v.call(strings.NewReader("0000\n"), io.Discard, "unlock", v.at("ann")); status == 0 || !strings.Contains(diag,
		"2 more and only the issuer") {
		t.Errorf("a wrong code: %s", diag)
	}
	v.ok("4711\n", "unlock", v.at("ann"))
	l = v.listen("take", v.at("till"), "4.20")
	v.ok("", "pay", v.at("ann"), "--to", l.address, "--yes", "--most", "5")
}

// What the command does not understand, or cannot do, it says, and changes nothing.
func TestUsage(t *testing.T) {
	v := newTown(t)
	v.refuse("there is no command", "fly")
	v.refuse("not understood", "show")
	v.refuse("not understood", "show", v.at("ann"), "--no-such-flag")
	v.refuse("there is no purse in", "show", v.at("nobody"))
	v.refuse("holds a purse already", "new", v.at("ann"), "--data", "x", "--owner", "usr_ann")
	v.refuse("give --url", "load", v.at("ann"), "5.00")
	v.refuse("\"4.205\" is no amount of EUR: write it like 12.50; no money moved", "take", v.at("till"), "4.205", "--text")
	v.refuse("the other side has gone", "take", v.at("till"), "4.20", "--text") // nothing comes
	held, err := openFolder(v.at("bob"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer held.close()
	v.refuse("another process", "show", v.at("bob"))
}

// Real processes are killed with SIGKILL in the middle of payments, either side, again and again; after resuming or giving up,
// and a sync of everybody, every cent is where the books say, and the books say where every cent is.
func TestKilledProcesses(t *testing.T) {
	v := newTown(t)
	v.ok("", "load", v.at("ann"), "300.00", "--data", "x")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := func(after time.Duration, words ...string) bool {
		limited, cancel := context.WithTimeout(ctx, after)
		defer cancel()
		cmd := exec.CommandContext(limited, self)
		cmd.Env = append(os.Environ(), childVariable+"="+strings.Join(words, "\n"))
		_ = cmd.Run()
		return limited.Err() != nil
	}
	// How long a payment takes here, with the start of its process: the kills are spread over a little more than that.
	l := v.listen("take", v.at("till"), "0.50")
	watch := clock.Start()
	child(time.Minute, "pay", v.at("ann"), "--to", l.address, "--yes", "--most", "1")
	whole := watch.Elapsed()
	if err := <-l.done; err != nil {
		t.Fatal("a payment that nobody kills: ", err)
	}
	rounds, killed, resumed, arrived := 20, 0, 0, 0
	if os.Getenv("BILLFOLD_LONG") != "" {
		rounds = 500
	}
	for i := 0; i < rounds || arrived == 0 && i < 5*rounds; i++ {
		if i >= rounds && arrived == 0 { // the machine is slower than it was when the payment was timed
			whole = whole * 5 / 4
		}
		l := v.listen("take", v.at("till"), "0.50")
		if child(whole*time.Duration(10+i*7%120)/100, "pay", v.at("ann"), "--to", l.address, "--yes", "--most", "1") {
			killed++
		}
		if conn, err := connect(ctx, l.address, 0); err == nil { // a till that still waits is called off
			conn.close()
		}
		if err := <-l.done; err == nil {
			arrived++
		}
		p, err := open(v.at("ann"), clock.System())
		if err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		pending := p.State().Status == step.EPA
		p.close()
		if pending && i%2 == 0 {
			l := v.listen("take", v.at("till"), "0.50")
			if status, _ := v.call(strings.NewReader(""), io.Discard, "pay", v.at("ann"), "--to", l.address, "--resume"); status == 0 {
				resumed++
			}
			<-l.done
		}
		for _, name := range []string{"ann", "till"} {
			v.call(strings.NewReader(""), io.Discard, "cancel", v.at(name), "--give-up") // refused where nothing is open
		}
		if i%5 == 4 {
			v.ok("", "sync", v.at("ann"), "--data", "x")
			v.ok("", "sync", v.at("till"), "--data", "x")
		}
	}
	v.everyCent()
	t.Logf("%d killed, %d arrived at once, %d resumed", killed, arrived, resumed)
	if killed == 0 || arrived == 0 {
		t.Error("nothing was killed, or nothing arrived")
	}
}

// everyCent has till and purse sync, and compares what the purse holds with the books.
func (v *town) everyCent() {
	v.t.Helper()
	v.ok("", "batch", v.at("till"))
	v.ok("", "sync", v.at("till"), "--data", "x")
	v.ok("", "sync", v.at("ann"), "--data", "x")
	list, err := v.issuer.Totals(ctx)
	if err != nil {
		v.t.Fatal(err)
	}
	p, err := open(v.at("ann"), clock.System())
	if err != nil {
		v.t.Fatal(err)
	}
	defer p.close()
	have := p.State().Balance("EUR")
	sums := list[0]
	if sums.InPurses != have || sums.Transit+sums.Suspense+sums.InTills != 0 || sums.Issued != have+sums.Redeemed {
		v.t.Errorf("the purse holds %d, the books say %+v", have, list[0])
	}
	if cases, err := v.issuer.Cases(ctx, "", 10); err != nil || len(cases) > 0 {
		v.t.Errorf("cases %+v, %v", cases, err)
	}
	v.settled(list[0])
}

// The whole way with a real installation in a data folder: enrol, load from a wallet, pay a till with the installation closed,
// collect into the shop's receipts, unload, verify.
func TestInstallation(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	a, err := app.Open(ctx, app.Config{Mode: app.Sandbox, Data: data, Empty: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	people, err := a.People.Create(ctx, []identity.NewPerson{{Name: "Ann Lee", Handle: "ann_purse"}, {Name: "Bob Ray", Handle: "bob_purse"}})
	if err != nil {
		t.Fatal(err)
	}
	shop, err := a.Shops.Register(ctx, merchant.Draft{Owner: people[1].ID, Name: "Café Anna", Handle: "cafe_purse", MCC: "5814", Country: "DE",
		Currencies: []string{"EUR"}})
	if err != nil {
		t.Fatal(err)
	}
	eur, _ := money.Lookup("EUR")
	err = a.DB.Write(ctx, func(tx *db.Tx) error {
		bank, err := a.Ledger.Open(tx, ledger.Spec{Address: "bank/test/EUR", Currency: eur, Limit: ledger.Unlimited})
		if err != nil {
			return err
		}
		wallet, err := a.Payments.OpenWallet(tx, people[0].ID, eur)
		if err != nil {
			return err
		}
		_, err = a.Ledger.Post(tx, ledger.Entry{Kind: "test", Legs: []ledger.Leg{{Debit: bank.ID, Credit: wallet, Amount: 100_00}}})
		return err
	})
	if err := errors.Join(err, a.Close(ctx)); err != nil {
		t.Fatal(err)
	}
	ok := func(args ...string) {
		t.Helper()
		var diag bytes.Buffer
		if status := Main(ctx, args, os.LookupEnv, strings.NewReader(""), io.Discard, &diag); status != 0 {
			t.Fatalf("%v: status %d, %s", args, status, &diag)
		}
	}
	ann, till := filepath.Join(dir, "ann"), filepath.Join(dir, "till")
	ok("new", ann, "--data", data, "--owner", string(people[0].ID))
	ok("new", till, "--data", data, "--owner", string(shop.ID), "--role", "acceptor", "--name", "Café Anna")
	ok("load", ann, "20.00", "--data", data)
	toTill, fromAnn := io.Pipe()
	toAnn, fromTill := io.Pipe()
	group, env := sync.WaitGroup{}, os.LookupEnv
	group.Go(func() { Main(ctx, []string{"take", till, "4.20", "--text"}, env, toTill, fromTill, io.Discard) })
	if status := Main(ctx, []string{"pay", ann, "--text", "--yes", "--most", "5"}, env, toAnn, fromAnn, io.Discard); status != 0 {
		t.Fatal("the payment failed")
	}
	group.Wait()
	ok("batch", till)
	ok("sync", till, "--data", data)
	ok("unload", ann, "5.80", "--data", data)
	ok("sync", ann, "--data", data)
	audit, err := app.Verify(ctx, app.Config{Data: data}, func(finding string) { t.Error(finding) })
	if err != nil || audit.Ledger.Entries == 0 {
		t.Errorf("verify: %+v, %v", audit, err)
	}
	issued, end, err := openIssuer(ctx, data)
	if err != nil {
		t.Fatal(err)
	}
	list, err := issued.Totals(ctx)
	if err != nil || list[0].Issued+list[1].Issued != 20_00 || list[0].Redeemed+list[1].Redeemed != 10_00 {
		t.Errorf("totals %+v, %v", list, err)
	}
	if end() != nil {
		t.Fatal("the installation does not close")
	}
}

// The bench measures something, and its books add up.
func TestBench(t *testing.T) {
	var out bytes.Buffer
	if err := Bench(ctx, []string{"--purchases", "20", "--lines", "250", "--json"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"verified":true`) || !strings.Contains(out.String(), `"purchases":20`) {
		t.Error(out.String())
	}
	t.Log(out.String())
}

// What a bench prints as verified was verified by another process, from what the bench has left on disk: a row that was changed in between
// is found, whether it is the ledger's or the issuer's.
func TestBenchIsVerified(t *testing.T) {
	b := &bencher{dir: t.TempDir(), clock: clock.System()}
	if err := b.begin(ctx); err != nil {
		t.Fatal(err)
	}
	_, err := b.measure(ctx, 2, 5)
	if err := errors.Join(err, b.end(ctx)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ change, found string }{{"", ""}, {`update purse_module set records = records - 1`, "archived chain"},
		{`update ledger_leg set amount = amount + 1`, "ledger"}} {
		if c.change != "" {
			d, err := db.Open(ctx, db.Options{Path: app.File(b.data())})
			if err != nil {
				t.Fatal(err)
			}
			err = d.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(c.change); return err })
			if err := errors.Join(err, d.Close()); err != nil {
				t.Fatal(err)
			}
		}
		var said bytes.Buffer
		verified, err := b.verified(ctx, &said)
		if err != nil || verified != (c.change == "") || verified != (said.Len() == 0) || !strings.Contains(said.String(), c.found) {
			t.Errorf("%q: verified %v, %v, %s", c.change, verified, err, &said)
		}
	}
}
