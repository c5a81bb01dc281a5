package disk_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"billfold/app"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/test/disk"
)

// promise is a payment as a caller was told of it.
type promise struct {
	Payment string
	Payer   string
	Payee   string
	Version int64
	State   string
	Amount  int64
	Key     string // under which it was created, where it was
}

// market is the whole program on a disk of ours, with people who pay.
type market struct {
	*app.App
	t      *testing.T
	disk   *disk.Disk
	people []identity.PersonID
	shop   merchant.Shop
	mu     sync.Mutex
	keys   int
}

// openMarket opens the program as a process does when it starts.
func openMarket(t *testing.T, data, keyring string) (*app.App, error) {
	return app.Open(context.Background(), app.Config{Mode: app.Sandbox, Empty: true, Data: data, Keyring: keyring}, nil)
}

func newMarket(t *testing.T, keyring string) *market {
	t.Helper()
	m := &market{t: t, disk: disk.New(t)}
	var err error
	if m.App, err = openMarket(t, m.disk.Dir, keyring); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	people, err := m.People.Create(ctx, []identity.NewPerson{{Name: "Lena Hoffmann", Handle: "lena"}, {Name: "Omar Haddad", Handle: "omar"},
		{Name: "Rosa Lindner", Handle: "rosa"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		m.people = append(m.people, p.ID)
	}
	m.shop, err = m.Shops.Register(ctx, merchant.Draft{Owner: m.people[2], Name: "Rosa's Café", Handle: "rosas_cafe", MCC: "5814",
		Country: "DE", Currencies: []string{"EUR"}})
	if err != nil {
		t.Fatal(err)
	}
	for n, p := range m.people[:2] {
		top, err := m.Payments.TopUp(ctx, m.by(p), eur.Of(20_000), rail.TokenOK, m.call())
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Payments.Settle(ctx, rail.Callback{ID: fmt.Sprint("fund", n), Rail: rail.Card, Reference: string(top.ID),
			Merchant: m.Installation.ID, Outcome: rail.Settled, Amount: 20_000, Currency: "EUR"}); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func (m *market) by(who identity.PersonID) payment.Caller {
	return payment.Caller{Person: who, AuthenticatedAt: m.Clock.Now().Add(-time.Minute)}
}

func (m *market) byShop() payment.Caller {
	return payment.Caller{Shop: m.shop.ID, AuthenticatedAt: m.Clock.Now()}
}

func (m *market) call() once.Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys++
	return keyed(fmt.Sprint("key-", m.keys))
}

func keyed(key string) once.Call { return once.Call{Key: key, Hash: sha256.Sum256([]byte(key))} }

// told writes down what a caller was told, and passes it on.
func (m *market) told(p payment.Payment, payer identity.PersonID, key string, err error) (payment.Payment, bool) {
	if err != nil {
		if _, known := fault.As(err); !known {
			m.t.Errorf("refused without a name: %v", err)
		}
		return p, false
	}
	line, err := json.Marshal(promise{string(p.ID), string(payer), string(m.shop.ID), p.Version, string(p.State), p.Amount.Minor, key})
	if err != nil {
		m.t.Error(err)
	}
	m.disk.Note(string(line))
	return p, true
}

// day has people pay at the same moment, with the outbox telling and the queue working beside them.
func (m *market) day(seed uint64, sides, deeds int) {
	ctx := context.Background()
	var all sync.WaitGroup
	for side := range sides {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(side)))
			for range deeds {
				m.deed(ctx, r)
			}
		})
	}
	all.Go(func() {
		for range deeds {
			_, err1 := m.Outbox.Step(ctx, 0)
			_, err2 := m.Queue.Step(ctx)
			if err := errors.Join(err1, err2); err != nil {
				m.t.Error(err)
			}
		}
	})
	all.Wait()
}

func (m *market) deed(ctx context.Context, r *rand.Rand) {
	who := m.people[r.IntN(2)]
	terms := payment.Terms{Payee: string(m.shop.ID), Amount: eur.Of(1 + r.Int64N(900))}
	later := r.IntN(3) == 0
	if later {
		terms.Capture = payment.Manual
	}
	call := m.call()
	p, err := m.Payments.Create(ctx, m.by(who), terms, true, call)
	p, ok := m.told(p, who, call.Key, err)
	if !ok {
		return
	}
	switch {
	case later && r.IntN(2) == 0:
		p, err = m.Payments.Void(ctx, m.byShop(), p.ID, m.call())
		m.told(p, who, "", err)
	case later:
		p, err = m.Payments.Capture(ctx, m.byShop(), p.ID, nil, m.call())
		m.told(p, who, "", err)
	case r.IntN(2) == 0:
		part := money.Amount{Minor: 1, Currency: eur}
		back, err := m.Payments.Refund(ctx, m.byShop(), p.ID, &part, "", m.call())
		m.told(back, who, "", err)
	}
}

// promises are what is noted in a log.
func promises(log disk.Log) (list []promise, err error) {
	for _, r := range log {
		if r.Kind != disk.Note {
			continue
		}
		var p promise
		if err := json.Unmarshal([]byte(r.Name), &p); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// TestPowerCutsUnderPayments shows the same for the verbs of payments, over the whole program: idempotency keys, steps, events, the
// outbox's cursor and the queue lie in the same transactions, and `verify` counts all of them.
func TestPowerCutsUnderPayments(t *testing.T) {
	folder := t.TempDir()
	m := newMarket(t, folder)
	from := m.disk.Len()
	m.day(seed(), 4, 6)
	if err := m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	s := suite{name: t.Name(), log: m.disk.Log(), from: from, keys: keyring{dir: folder}, points: points(200)}
	kept := 0
	var mu sync.Mutex
	s.checkAt = func(t testing.TB, dir string, log disk.Log) error {
		list, err := promises(log)
		mu.Lock()
		kept += len(list)
		mu.Unlock()
		if err != nil {
			return err
		}
		return checkMarket(dir, s.keys.dir, list)
	}
	got := s.run(t)
	t.Logf("%+v, %d promises", got, kept)
	if got.Torn == 0 || got.groups == 0 || got.checkpoints == 0 || kept == 0 {
		t.Errorf("the crashes were no crashes: %+v", got)
	}
}

// checkMarket starts the program on what is left and holds it against what people were told; one who asks again gets the same payment.
func checkMarket(dir, keys string, list []promise) error {
	ctx := context.Background()
	own := filepath.Join(dir, "keyring")
	if err := copyKeys(own, keys); err != nil {
		return err
	}
	var errs []error
	audit, err := app.Verify(ctx, app.Config{Data: dir, Keyring: own}, func(f string) { errs = append(errs, errors.New(f)) })
	if err := errors.Join(append(errs, err)...); err != nil || len(list) > 0 && audit.Payments.Payments == 0 {
		return fmt.Errorf("verify: %+v %w", audit, err)
	}
	a, err := app.Open(ctx, app.Config{Mode: app.Sandbox, Empty: true, Data: dir, Keyring: own}, nil)
	if err != nil {
		return err
	}
	for n, p := range list {
		errs = append(errs, p.hold(ctx, a))
		if n == len(list)-1 && p.Key != "" {
			errs = append(errs, p.again(ctx, a))
		}
	}
	errs = append(errs, a.Close(ctx))
	return errors.Join(errs...)
}

// hold compares a promise with what there is.
func (p promise) hold(ctx context.Context, a *app.App) error {
	got, err := a.Payments.AsOf(ctx, payment.Caller{Operator: true}, payment.ID(p.Payment), p.Version)
	if err != nil {
		return fmt.Errorf("%w: payment %s: %w", errLost, p.Payment, err)
	}
	if string(got.State) != p.State || got.Amount.Minor != p.Amount {
		return fmt.Errorf("payment %s is %s over %d, %s over %d was confirmed", p.Payment, got.State, got.Amount.Minor, p.State, p.Amount)
	}
	return nil
}

// again asks for the same payment once more, as a caller does whose connection broke.
func (p promise) again(ctx context.Context, a *app.App) error {
	who := payment.Caller{Person: identity.PersonID(p.Payer), AuthenticatedAt: a.Clock.Now()}
	got, err := a.Payments.Create(ctx, who, payment.Terms{Payee: p.Payee, Amount: eur.Of(p.Amount)}, true, keyed(p.Key))
	if err != nil || string(got.ID) != p.Payment || !got.Replayed {
		return fmt.Errorf("asked again for payment %s: %s, replayed: %t, %w", p.Payment, got.ID, got.Replayed, err)
	}
	return nil
}
