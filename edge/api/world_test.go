package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/dial"
	"billfold/base/event"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/base/seal"
	"billfold/client"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/product/purse"
	"billfold/test/harness"
)

var schemaList = []db.Schema{once.Schema, event.Schema, job.Schema, ledger.Schema, identity.Schema, notice.Schema, merchant.Schema,
	rail.Schema, fx.Schema, payment.Schema, purse.Schema}

// world is a whole installation behind a real server, and the keys of everybody in it. Every answer that its clients get is checked
// against the document (contract_test.go).
type world struct {
	t       testing.TB
	ctx     context.Context
	d       *db.DB
	keyring *seal.Keyring
	clock   *clock.Sandbox
	ids     *id.Minter
	api     *API
	server  *httptest.Server
	http    *http.Client
	log     *bytes.Buffer
	funded  atomic.Int64

	lena, omar, rosa, ida                    identity.PersonID // rosa has the café, ida is the operator
	cafe, kiosk                              merchant.Shop     // the kiosk is omar's
	lenaKey, omarKey, cafeKey, kioskKey, ops string
}

// engines runs body over both engines, and checks the books at the end.
func engines(t *testing.T, body func(w *world)) {
	t.Helper()
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		w := open(t, d, harness.Logger(t))
		body(w)
		w.verify()
	}, schemaList...)
}

func open(t testing.TB, d *db.DB, log *slog.Logger) *world {
	w := &world{t: t, ctx: t.Context(), d: d, keyring: harness.Keyring(t), clock: harness.Clock()}
	w.start(log)
	w.people()
	return w
}

// start builds every service and the server, as a process does when it starts; again after stop, over the same database.
func (w *world) start(log *slog.Logger) {
	w.t.Helper()
	w.ids = id.NewMinter(w.clock.Now)
	books := ledger.New(ledger.Options{Clock: w.clock, Real: w.clock, Keys: w.keyring, IDs: w.ids})
	outbox := event.New(event.Options{DB: w.d, IDs: w.ids, Clock: w.clock, Real: w.clock, Log: log})
	queue := job.New(job.Options{DB: w.d, IDs: w.ids, Clock: w.clock, Real: w.clock, Log: log})
	var pay *payment.Service
	people, err := identity.New(identity.Options{DB: w.d, Clock: w.clock, Real: clock.System(), Keys: w.keyring, IDs: w.ids,
		Send: func(*db.Tx, identity.Mail) error { return nil },
		OnPerson: func(tx *db.Tx, p identity.Person) error {
			for _, code := range []string{"EUR", "JPY"} {
				c, _ := money.Lookup(code)
				if _, err := pay.OpenWallet(tx, p.ID, c); err != nil {
					return err
				}
			}
			return nil
		},
		OnState: func(tx *db.Tx, p identity.Person) error { return pay.FollowState(tx, p) }})
	if err != nil {
		w.t.Fatal(err)
	}
	shops := merchant.New(merchant.Options{DB: w.d, Clock: w.clock, Real: w.clock, IDs: w.ids, Ledger: books, People: people, Keys: w.keyring})
	notices, err := notice.New(notice.Options{DB: w.d, Real: w.clock, Keys: w.keyring, IDs: w.ids, Jobs: queue, Sender: notice.Sandbox{},
		From: "Billfold <no-reply@billfold.example>", Origin: "https://billfold.example"})
	if err != nil {
		w.t.Fatal(err)
	}
	outside := rail.SandboxOptions{DB: w.d, Real: w.clock, IDs: w.ids, Queue: queue, Secret: rail.Secret(w.keyring, rail.Card), Seed: 7,
		Log:  log,
		Dial: dial.New(dial.Options{AllowLoopback: true}), CallbackURL: func() string { return "http://localhost/hook/card" }}
	card, bank := rail.NewSandbox(outside), rail.NewSandboxBank(outside)
	pay = payment.New(payment.Options{DB: w.d, Clock: w.clock, Real: w.clock, IDs: w.ids, Keys: w.keyring, Ledger: books, People: people,
		Shops: shops, Notices: notices, Outbox: outbox, Queue: queue, Rails: []rail.Rail{card}, Installation: "test", Sandbox: true,
		Bank: bank, Accounts: &rail.Book{DB: w.d, Clock: w.clock, Keys: w.keyring, IDs: w.ids},
		Desk:       fx.New(fx.Options{DB: w.d, Real: w.clock, IDs: w.ids}),
		Currencies: []string{"EUR", "USD", "JPY", "KWD"}, Log: log})
	euros, _ := money.Lookup("EUR")
	purses, err := purse.New(w.ctx, purse.Options{DB: w.d, Clock: w.clock, IDs: w.ids, Ledger: books, Keys: w.keyring, Network: "test/inst",
		Currencies: []money.Currency{euros}})
	if err != nil {
		w.t.Fatal(err)
	}
	var handler atomic.Value
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		handler.Load().(http.Handler).ServeHTTP(rw, r)
	}))
	w.api = New(Options{DB: w.d, Clock: w.clock, Real: clock.System(), IDs: w.ids, Ledger: books, People: people, Shops: shops, Payments: pay,
		Outbox: outbox, Purses: purses, Log: log, PublicURL: w.server.URL, Sandbox: true, Advance: w.advance,
		SendTransfer: func(ctx context.Context, purpose string, amount money.Amount) (string, error) {
			return bank.Transfer(ctx, "test", purpose, amount)
		}})
	handler.Store(w.api.Handler())
	w.http = &http.Client{Transport: newContract(w.t, w.api)}
	server, shut := w.server, w.api.Close
	w.t.Cleanup(func() {
		shut()
		server.Close()
	})
}

// advance is what app does, in short.
func (w *world) advance(_ context.Context, by time.Duration) (time.Time, error) {
	err := w.clock.Advance(by)
	return w.clock.Now(), err
}

func (w *world) people() {
	w.t.Helper()
	made, err := w.api.People.Create(w.ctx, []identity.NewPerson{{Name: "Lena Hoffmann", Handle: "lena"}, {Name: "Omar Haddad",
		Handle: "omar"},
		{Name: "Rosa Lindner", Handle: "rosa"}, {Name: "Ida Berg", Handle: "ida"}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.lena, w.omar, w.rosa, w.ida = made[0].ID, made[1].ID, made[2].ID, made[3].ID
	if err := w.d.Write(w.ctx, func(tx *db.Tx) error { return w.api.People.Grant(tx, w.ida, identity.Operator) }); err != nil {
		w.t.Fatal(err)
	}
	w.cafe = w.shop(w.rosa, "rosas_cafe")
	w.kiosk = w.shop(w.omar, "omars_kiosk")
	w.lenaKey = w.key(string(w.lena), identity.PayerKey)
	w.omarKey = w.key(string(w.omar), identity.PayerKey)
	w.cafeKey = w.key(string(w.cafe.ID), identity.SecretKey)
	w.kioskKey = w.key(string(w.kiosk.ID), identity.SecretKey)
	w.ops = w.key(string(w.ida), identity.OperatorKey)
}

func (w *world) shop(owner identity.PersonID, handle string) merchant.Shop {
	w.t.Helper()
	s, err := w.api.Shops.Register(w.ctx, merchant.Draft{Owner: owner, Name: "The " + handle, Handle: handle, MCC: "5814", Country: "DE",
		Currencies: []string{"EUR", "JPY", "USD"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) key(owner string, kind identity.KeyKind) string {
	w.t.Helper()
	secret, _ := w.newKey(owner, kind)
	return secret
}

func (w *world) newKey(owner string, kind identity.KeyKind) (string, identity.KeyID) {
	w.t.Helper()
	type made struct {
		secret string
		key    identity.Key
	}
	m, err := db.Write(w.ctx, w.d, func(tx *db.Tx) (m made, err error) {
		m.secret, m.key, err = w.api.People.CreateKey(tx, identity.NewKey{Owner: owner, Kind: kind, Label: "test"})
		return m, err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return m.secret, m.key.ID
}

// as is the SDK with somebody's key. It tries once: what the tests want to see is the first answer.
func (w *world) as(key string) *client.Client {
	return &client.Client{BaseURL: w.server.URL, Key: key, HTTP: w.http, Attempts: 1}
}

// fund fills a person's wallet as a top-up does, through the API and the rail's answer.
func (w *world) fund(key, minor string) {
	w.t.Helper()
	p, err := w.as(key).TopUp(w.ctx, client.TopUp{Amount: eur(minor), Method: rail.TokenOK})
	if err != nil {
		w.t.Fatal(err)
	}
	n, _ := strconv.ParseInt(minor, 10, 64)
	cb := rail.Callback{ID: "fund-" + p.ID, Rail: rail.Card, Reference: p.ID, Merchant: "test", Outcome: rail.Settled, Amount: n,
		Currency: "EUR"}
	if err := w.api.Payments.Settle(w.ctx, cb); err != nil {
		w.t.Fatal(err)
	}
	w.funded.Add(n)
}

func eur(minor string) client.Money { return client.Money{Amount: minor, Currency: "EUR"} }

// available is what somebody can spend, as the API tells them.
func (w *world) available(key string) string {
	w.t.Helper()
	b, err := w.as(key).Balance(w.ctx, "")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, one := range b.Balances {
		if one.Available.Currency == "EUR" {
			return one.Available.Amount
		}
	}
	return ""
}

// pay is a purchase at the café, done.
func (w *world) pay(key, minor string) client.Payment {
	w.t.Helper()
	p, err := w.as(key).CreatePayment(w.ctx, client.CreatePayment{Amount: eur(minor), Payee: "@" + w.cafe.Handle, Confirm: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// hold is a purchase at the café that waits for its capture.
func (w *world) hold(key, minor string) client.Payment {
	w.t.Helper()
	p, err := w.as(key).CreatePayment(w.ctx, client.CreatePayment{Amount: eur(minor), Payee: string(w.cafe.ID), Confirm: true,
		Capture: "manual"})
	if err != nil {
		w.t.Fatal(err)
	}
	if p.State != "authorized" {
		w.t.Fatalf("a hold is %s", p.State)
	}
	return p
}

// tell lets the outbox do everything that is due.
func (w *world) tell() {
	w.t.Helper()
	if _, err := w.api.Outbox.Step(w.ctx, 0); err != nil {
		w.t.Fatal(err)
	}
}

// verify recomputes the books and the payments.
func (w *world) verify() {
	w.t.Helper()
	if _, err := w.api.Payments.Verify(w.ctx, func(f payment.Finding) { w.t.Errorf("payment.Verify: %s: %s", f.Where, f.What) }); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.api.Ledger.Verify(w.ctx, w.d, func(f ledger.Finding) { w.t.Errorf("ledger.Verify: %s", f) }); err != nil {
		w.t.Fatal(err)
	}
}

// answer is a raw answer, for what the SDK would not send.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) problem(t testing.TB) client.Problem {
	t.Helper()
	var p client.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("no problem: %v in %s", err, a.body)
	}
	return p
}

// send sends a request with a body as it is. headers are "Name: value".
func (w *world) send(key, method, path, body string, headers ...string) answer {
	w.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(w.ctx, method, w.server.URL+path, reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost {
		r.Header.Set("Idempotency-Key", client.NewKey())
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	got, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(text)}
}

// refused checks that a call ended in this problem, and gives it.
func refused(t testing.TB, doing string, err error, status int, code string) *client.Problem {
	t.Helper()
	var p *client.Problem
	if !errors.As(err, &p) {
		t.Errorf("%s: %v, want %s", doing, err, code)
		return &client.Problem{}
	}
	if p.Status != status || p.Code != code {
		t.Errorf("%s: %d %s (%s), want %d %s", doing, p.Status, p.Code, p.Detail, status, code)
	}
	return p
}

func (w *world) currency(code string) money.Currency {
	c, ok := money.Lookup(code)
	if !ok {
		w.t.Fatal(code)
	}
	return c
}
