package identity

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/lang"
	"billfold/base/seal"
	"billfold/test/harness"
)

// world is a service on a fresh database, whose mails land in a slice instead of an outbox.
type world struct {
	*Service
	t        *testing.T
	ctx      context.Context
	db       *db.DB
	keys     *seal.Keyring
	business *clock.Sandbox
	real     *clock.Sandbox

	mu    sync.Mutex
	mails []Mail
	made  []Person
}

func build(t *testing.T, d *db.DB, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), db: d, keys: harness.Keyring(t), business: harness.Clock(), real: harness.Clock()}
	w.Service = w.again(change...)
	return w
}

// again builds another service over the same database and keyring, as a second process would.
func (w *world) again(change ...func(*Options)) *Service {
	w.t.Helper()
	o := Options{DB: w.db, Clock: w.business, Real: w.real, Keys: w.keys, IDs: id.NewMinter(w.real.Now),
		Send: func(tx *db.Tx, m Mail) error {
			tx.After(func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.mails = append(w.mails, m)
			})
			return nil
		},
		OnPerson: func(tx *db.Tx, p Person) error {
			tx.After(func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.made = append(w.made, p)
			})
			return nil
		}}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	return s
}

// engines runs a test in a world on each engine.
func engines(t *testing.T, body func(*world), change ...func(*Options)) {
	t.Helper()
	harness.Engines(t, func(t *testing.T, d *db.DB) { body(build(t, d, change...)) }, Schema)
}

const goodPassword = "teapot under gravel sky"

var home = Visit{Agent: "Firefox on a kitchen table", IP: "192.0.2.10"}

func lena() Draft {
	return Draft{Name: "Lena Hoffmann", Handle: "lena", Email: "lena@example.org", Password: goodPassword, Lang: lang.EN}
}

// mailed waits for nothing: mails are there when the verb has returned.
func (w *world) mailed() Mail {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.mails) == 0 {
		w.t.Fatal("no mail was sent")
	}
	return w.mails[len(w.mails)-1]
}

func (w *world) pass(d time.Duration) {
	w.t.Helper()
	if err := w.real.Advance(d); err != nil {
		w.t.Fatal(err)
	}
}

// person signs somebody up the long way.
func (w *world) person(d Draft) (Person, string) {
	w.t.Helper()
	pending, err := w.SignUp(w.ctx, d, home)
	if err != nil {
		w.t.Fatalf("sign up %s: %v", d.Handle, err)
	}
	p, token, err := w.Verify(w.ctx, pending.ID, w.mailed().Data["code"], home)
	if err != nil {
		w.t.Fatalf("verify %s: %v", d.Handle, err)
	}
	return p, token
}

func (w *world) session(token string) Session {
	w.t.Helper()
	s, err := w.Authenticate(w.ctx, token)
	if err != nil {
		w.t.Fatalf("authenticate: %v", err)
	}
	return s
}

func (w *world) want(err, refusal error, doing string) {
	w.t.Helper()
	if !errors.Is(err, refusal) {
		w.t.Fatalf("%s: got %v, want %v", doing, err, refusal)
	}
}

func (w *world) must(err error, doing string) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", doing, err)
	}
}

// wrong is a code that is not the mailed one.
func wrong(code string) string {
	if strings.HasPrefix(code, "0") {
		return "1" + code[1:]
	}
	return "0" + code[1:]
}

// harnessOnce runs a test on the embedded engine only, where the engine makes no difference to what is shown.
func harnessOnce(t *testing.T, body func(*world)) {
	t.Helper()
	body(build(t, harness.Open(t, db.SQLite, Schema)))
}

func (w *world) key(n NewKey) string {
	w.t.Helper()
	secret, err := db.Write(w.ctx, w.db, func(tx *db.Tx) (string, error) {
		secret, _, err := w.CreateKey(tx, n)
		return secret, err
	})
	w.must(err, "create key")
	return secret
}
