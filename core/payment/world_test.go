package payment

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/dial"
	"billfold/base/event"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/base/seal"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/rail"
	"billfold/test/harness"
)

var (
	eur, _ = money.Lookup("EUR")
	usd, _ = money.Lookup("USD")
	jpy, _ = money.Lookup("JPY")
	kwd, _ = money.Lookup("KWD")
)

var schemas = []db.Schema{once.Schema, event.Schema, job.Schema, ledger.Schema, identity.Schema, notice.Schema, merchant.Schema,
	rail.Schema, fx.Schema, Schema}

// world is everything a payment stands on, real, over one database; its two clocks stand still until a test moves them.
type world struct {
	*Service
	t        testing.TB
	ctx      context.Context
	business *clock.Sandbox
	real     *clock.Sandbox
	ids      *id.Minter
	inbox    *rail.Inbox
	card     *rail.Sandbox
	bank     *rail.SandboxBank
	hook     *httptest.Server
	secret   []byte
	received atomic.Int64 // callbacks that reached our door
	keys     atomic.Int64

	lena, omar identity.PersonID // have EUR
	shop       merchant.Shop
	owner      identity.PersonID
}

func engines(t *testing.T, body func(w *world)) {
	t.Helper()
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		w := build(t, d, harness.Keyring(t), harness.Clock(), harness.Clock())
		w.people()
		body(w)
		w.verify()
	}, schemas...)
}

// build makes every service over a database, as a process does when it starts.
func build(t testing.TB, d *db.DB, keys *seal.Keyring, business, real *clock.Sandbox) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), business: business, real: real, ids: id.NewMinter(business.Now)}
	log := harness.Logger(t)
	books := ledger.New(ledger.Options{Clock: business, Real: real, Keys: keys, IDs: w.ids})
	outbox := event.New(event.Options{DB: d, IDs: w.ids, Clock: business, Real: real, Log: log})
	queue := job.New(job.Options{DB: d, IDs: w.ids, Clock: business, Real: real, Log: log})
	people, err := identity.New(identity.Options{DB: d, Clock: business, Real: real, Keys: keys, IDs: w.ids,
		Send: func(*db.Tx, identity.Mail) error { return nil },
		OnPerson: func(tx *db.Tx, p identity.Person) error {
			_, err := w.OpenWallet(tx, p.ID, eur)
			return err
		},
		OnState: func(tx *db.Tx, p identity.Person) error { return w.FollowState(tx, p) }})
	if err != nil {
		t.Fatal(err)
	}
	shops := merchant.New(merchant.Options{DB: d, Clock: business, Real: real, IDs: w.ids, Ledger: books, People: people, Keys: keys})
	w.secret = rail.Secret(keys, rail.Card)
	w.hook = httptest.NewServer(http.HandlerFunc(w.take))
	t.Cleanup(w.hook.Close)
	outside := rail.SandboxOptions{DB: d, Real: real, Clock: business, IDs: w.ids, Queue: queue, Secret: w.secret, Seed: 7, Log: log,
		Dial: dial.New(dial.Options{AllowLoopback: true}), CallbackURL: func() string { return w.hook.URL + "/hook/card" }}
	w.card = rail.NewSandbox(outside)
	outside.Secret, outside.CallbackURL = rail.Secret(keys, rail.BankName), func() string { return w.hook.URL + "/hook/bank" }
	w.bank = rail.NewSandboxBank(outside)
	w.inbox = rail.NewInbox(rail.InboxOptions{DB: d, Real: real, Queue: queue, Log: log, Keys: keys,
		Secrets: map[string][]byte{rail.Card: w.secret, rail.BankName: rail.Secret(keys, rail.BankName)}})
	w.Service = New(Options{DB: d, Clock: business, Real: real, IDs: w.ids, Keys: keys, Ledger: books, People: people, Shops: shops,
		Notices: notices(t, d, keys, w.ids, real, queue), Outbox: outbox, Queue: queue, Rails: []rail.Rail{w.card}, Installation: "test",
		Bank: w.bank, Accounts: &rail.Book{DB: d, Clock: business, Keys: keys, IDs: w.ids}, Desk: fx.New(fx.Options{DB: d, Real: real,
			IDs: w.ids}),
		Sandbox: true, Currencies: []string{"EUR", "USD", "JPY", "KWD"}, Log: log})
	outbox.Subscribe("said", w.compare)
	return w
}

// compare holds what a subscriber is told in memory against what is stored and what the next process would be told.
func (w *world) compare(_ *db.Tx, events []event.Event) error {
	for _, e := range events {
		if e.Said == nil {
			continue
		}
		said, err := ParseNews(e)
		e.Said = nil
		stored, failed := ParseNews(e)
		if err := errors.Join(err, failed); err != nil || said != stored {
			w.t.Errorf("%s says %+v and stores %+v, %v", e.ID, said, stored, err)
		}
	}
	return nil
}

// take is what the edge does with a callback.
func (w *world) take(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.received.Add(1)
	err := w.inbox.Receive(r.Context(), strings.TrimPrefix(r.URL.Path, "/hook/"), rail.Head{ID: r.Header.Get("webhook-id"),
		Timestamp: r.Header.Get("webhook-timestamp"), Signature: r.Header.Get("webhook-signature")}, body)
	if err != nil {
		rw.WriteHeader(http.StatusUnauthorized)
	}
}

func (w *world) people() {
	w.t.Helper()
	made, err := w.People.Create(w.ctx, []identity.NewPerson{{Name: "Lena Hoffmann", Handle: "lena"}, {Name: "Omar Haddad", Handle: "omar"},
		{Name: "Rosa Lindner", Handle: "rosa"}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.lena, w.omar, w.owner = made[0].ID, made[1].ID, made[2].ID
	w.shop, err = w.Shops.Register(w.ctx, merchant.Draft{Owner: w.owner, Name: "Rosa's Café", Handle: "rosas_cafe", MCC: "5814",
		Country: "DE", Currencies: []string{"EUR", "USD"}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// fund fills a wallet as a top-up does, from the card's float.
func (w *world) fund(who identity.PersonID, minor int64) {
	w.t.Helper()
	p, err := w.TopUp(w.ctx, w.by(who), eur.Of(minor), rail.TokenOK, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	cb := rail.Callback{ID: "fund", Rail: rail.Card, Reference: string(p.ID), Merchant: "test",
		Outcome: rail.Settled, Amount: minor, Currency: "EUR"}
	if err := w.Settle(w.ctx, cb); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) by(who identity.PersonID) Caller {
	return Caller{Person: who, AuthenticatedAt: w.business.Now().Add(-time.Minute)}
}
func (w *world) byShop() Caller { return Caller{Shop: w.shop.ID, AuthenticatedAt: w.business.Now()} }

// key is a fresh idempotency key.
func (w *world) key() once.Call { return w.keyed(fmt.Sprintf("key-%d", w.keys.Add(1)), "") }

func (w *world) keyed(key, body string) once.Call {
	return once.Call{Key: key, Hash: sha256.Sum256([]byte(body))}
}

func (w *world) terms(minor int64) Terms {
	return Terms{Payee: string(w.shop.ID), Amount: eur.Of(minor)}
}

func (w *world) pay(who identity.PersonID, minor int64) Payment {
	w.t.Helper()
	p, err := w.Create(w.ctx, w.by(who), w.terms(minor), true, w.key())
	if err != nil {
		w.t.Fatalf("pay %d: %v", minor, err)
	}
	return p
}

func (w *world) balance(address string) ledger.Balance {
	w.t.Helper()
	b, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) (ledger.Balance, error) {
		number, err := w.Ledger.Number(tx, address)
		if err != nil {
			return ledger.Balance{}, err
		}
		return w.Ledger.Balance(tx, number)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) available(who identity.PersonID) int64 {
	return w.balance(WalletAddress(who, eur)).Available
}
func (w *world) receipts() int64 {
	return w.balance(merchant.ReceiptsAddress(w.shop.ID, eur)).Posted
}

// rest lets the queue and the outbox do everything that is due.
func (w *world) rest() {
	w.t.Helper()
	for {
		n, err := w.Queue.Step(w.ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	if _, err := w.Outbox.Step(w.ctx, 0); err != nil {
		w.t.Fatal(err)
	}
}

// verify ends every test: the books and the payments agree to the last unit.
func (w *world) verify() {
	w.t.Helper()
	rep, err := w.Service.Verify(w.ctx, func(f Finding) { w.t.Errorf("payment.Verify: %s: %s", f.Where, f.What) })
	if err != nil {
		w.t.Fatal(err)
	}
	if rep.Payments == 0 {
		w.t.Error("payment.Verify saw no payment")
	}
	w.verifyBooks()
}

// ok fails the test on an error.
func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refused checks that err is the refusal, and names it in words of its own.
func (w *world) refused(err error, want *fault.Fault, doing string) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("%s: %v, want %s", doing, err, want.Code)
	}
}

// canon is a payment as one text, so that two answers can be compared to the byte.
func canon(p Payment) string {
	p.Replayed = false
	var b strings.Builder
	fmt.Fprintf(&b, "%+v", p)
	return b.String()
}

func (w *world) verifyBooks() {
	w.t.Helper()
	rep, err := w.Ledger.Verify(w.ctx, w.DB, func(f ledger.Finding) { w.t.Errorf("ledger.Verify: %s", f) })
	if err != nil {
		w.t.Fatal(err)
	}
	if rep.Entries == 0 {
		w.t.Error("ledger.Verify saw no entry")
	}
}
