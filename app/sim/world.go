package sim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"billfold/app"
	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/core/rail"
)

// began is when every simulation begins.
var began = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// currencies are those of the wallets; the second shop takes only the first.
var currencies = []string{"EUR", "JPY"}

// labs are the ledger's own accounts: address, currency, limit, busy.
var labs = []struct {
	address, currency string
	limit             int
	busy              bool
}{
	{"sim/a", "EUR", 1, false}, {"sim/b", "EUR", 1, false}, {"sim/owed", "EUR", -1, false}, {"sim/free", "EUR", 0, false},
	{"sim/busy", "EUR", 0, true}, {"sim/float", "EUR", 0, true}, {"sim/yen", "JPY", 1, false}, {"sim/yens", "JPY", 0, true},
}

// world is a running installation, its model, and the dice.
type world struct {
	o Options
	*app.App
	m    *books
	dice *rand.Rand
	real *clock.Sandbox // the machine's time: it stands still within a step
	runs int            // processes so far
	dir  string         // of the data
	made []string       // folders to remove at the end

	people []string
	shops  []string
	boss   string                       // the operator
	banks  map[string]map[string]string // the bank accounts of people, by what they do
	secret []byte
	number map[string]ledger.AccountID

	purses, tills []*device

	calls  []*call // answered requests that may be sent again
	keys   int
	step   int
	digest [32]byte
	counts map[string]int
	verbs  map[string]int // of payments, that were carried out or refused

	counting sync.Mutex
	touched  map[string]bool // addresses of this step

	stop   context.CancelFunc
	served sync.WaitGroup
}

// start opens the installation, as a new process would.
func (w *world) start(ctx context.Context) (err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.runs++
	ground := &app.Ground{Real: w.real}
	copy(ground.Seed[:], fmt.Sprintf("%d %d", w.o.Seed, w.runs))
	w.App, err = app.Open(ctx, app.Config{Mode: app.Sandbox, Empty: true, Data: w.dir, DB: w.o.DSN, Currencies: currencies, Seed: w.o.Seed + 1,
		Ground: ground, Log: slog.New(slog.DiscardHandler)}, ln)
	if err != nil {
		ln.Close()
		return err
	}
	w.secret = rail.Secret(w.Keys, rail.Card)
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	running := w.App
	w.served.Go(func() { _ = running.Serve(serving, ln) })
	return nil
}

// end stops the process in order.
func (w *world) end(ctx context.Context) error {
	w.stop()
	w.served.Wait()
	return w.App.Close(ctx)
}

// crash takes the process's memory away: what lies on the disk at this moment is all that the next one has. inside runs in the middle of
// a transaction that is never committed. On SQLite the next process opens a copy of the files; on PostgreSQL the connections are cut.
func (w *world) crash(ctx context.Context, inside func(tx *db.Tx) error) error {
	var next string
	take := func() (err error) {
		if w.o.DSN != "" {
			return nil
		}
		next, err = w.folder()
		if err != nil {
			return err
		}
		// The keyring's folder has the witness of the database, which may be older than it and never newer.
		return errors.Join(copyFolder(filepath.Join(w.dir, "keyring"), filepath.Join(next, "keyring")), copyFiles(w.dir, next))
	}
	if inside == nil { // a transaction all the same, so that nobody else writes while the files are copied
		inside = func(*db.Tx) error { return nil }
	}
	if err := w.DB.Write(ctx, func(tx *db.Tx) error {
		if err := inside(tx); err != nil {
			return err
		}
		return errors.Join(errUndone, take())
	}); !errors.Is(err, errUndone) || strings.Contains(err.Error(), "copy") {
		return err
	}
	w.stop()
	w.served.Wait()
	if w.o.DSN != "" {
		if err := errors.Join(w.People.Close(), w.DB.Close(), w.Keys.Close()); err != nil {
			return err
		}
		return w.start(ctx)
	}
	old := w.dir
	if err := w.App.Close(ctx); err != nil {
		return err
	}
	w.dir = next
	if err := os.RemoveAll(old); err != nil {
		return err
	}
	return w.start(ctx)
}

// errUndone ends the transaction in which a process dies.
var errUndone = errors.New("sim: the process dies here")

// folder makes a new folder for data.
func (w *world) folder() (string, error) {
	dir, err := os.MkdirTemp(w.o.Data, "billfold-sim-")
	w.made = append(w.made, dir)
	return dir, err
}

// copyFiles copies a folder's own files, the write-ahead log before what it may be moved into meanwhile: the next process then plays back
// what is there already. The log's index lies in memory that a dead process does not leave behind.
func copyFiles(from, to string) error {
	list, err := os.ReadDir(from)
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return len(b.Name()) - len(a.Name()) })
	for _, e := range list {
		if err == nil && !e.IsDir() && !strings.HasSuffix(e.Name(), "-shm") {
			err = copyFolder(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
	}
	return err
}

func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("copy %s: %w", path, err)
		}
		there := filepath.Join(to, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(there, 0o700)
		}
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(there, b, 0o600)
		}
		if err != nil {
			return fmt.Errorf("copy %s: %w", path, err)
		}
		return nil
	})
}

// settle makes the people, shops and accounts that everything happens between, in product and model.
func (w *world) settle(ctx context.Context) error {
	var list []identity.NewPerson
	for i := range 7 {
		list = append(list, identity.NewPerson{Name: fmt.Sprintf("Person %c", 'A'+i), Handle: fmt.Sprintf("person_%d", i)})
	}
	made, err := w.People.Create(ctx, list)
	if err != nil {
		return err
	}
	for _, p := range made[:5] {
		w.people = append(w.people, string(p.ID))
	}
	w.boss = string(made[6].ID)
	if err := w.linkAccounts(ctx); err != nil {
		return err
	}
	for i := range 2 {
		shop, err := w.Shops.Register(ctx, merchant.Draft{Owner: made[5].ID, Name: fmt.Sprintf("Shop %d", i), Handle: fmt.Sprintf("shop_%d", i),
			MCC: "5411", Country: "DE", Currencies: currencies[:2-i]})
		if err != nil {
			return err
		}
		w.shops = append(w.shops, string(shop.ID))
	}
	for _, p := range w.people {
		for _, c := range currencies {
			w.m.open(wallet(p, c), c, 1, false)
		}
	}
	limits := map[int]ledger.Limit{1: ledger.NonNegative, -1: ledger.NonPositive, 0: ledger.Unlimited}
	for _, l := range labs {
		w.m.open(l.address, l.currency, l.limit, l.busy)
		if _, err := db.Write(ctx, w.DB, func(tx *db.Tx) (ledger.Account, error) {
			return w.Ledger.Open(tx, ledger.Spec{Address: l.address, Currency: currency(l.currency), Limit: limits[l.limit], Busy: l.busy})
		}); err != nil {
			return err
		}
	}
	for _, p := range w.people {
		for c, source := range map[string]string{"EUR": "sim/float", "JPY": "sim/yens"} {
			l := []leg{{source, wallet(p, c), 9_000}}
			if err := w.post(ctx, l); err != nil {
				return err
			}
			w.m.move(l, 1)
		}
	}
	return nil
}

func currency(code string) money.Currency {
	c, _ := money.Lookup(code)
	return c
}

// entry is legs as the ledger wants them.
func (w *world) entry(tx *db.Tx, legs []leg) (ledger.Entry, error) {
	e := ledger.Entry{Kind: "sim", ID: ledger.EntryID(w.IDs.New(ledger.Prefix))}
	for _, l := range legs {
		w.touch(l.from, l.to)
		var ids [2]ledger.AccountID
		for i, address := range []string{l.from, l.to} {
			if w.number[address] == 0 {
				id, err := w.Ledger.Number(tx, address)
				if err != nil {
					return e, err
				}
				w.number[address] = id
			}
			ids[i] = w.number[address]
		}
		e.Legs = append(e.Legs, ledger.Leg{Debit: ids[0], Credit: ids[1], Amount: l.minor})
	}
	return e, nil
}

func (w *world) post(ctx context.Context, legs []leg) error {
	return w.DB.Write(ctx, func(tx *db.Tx) error {
		e, err := w.entry(tx, legs)
		if err == nil {
			_, err = w.Ledger.Post(tx, e)
		}
		return err
	})
}

// verb notes that a verb of payments is carried out. Two callers at once may.
func (w *world) verb(name string) {
	w.counting.Lock()
	w.verbs[name]++
	w.counting.Unlock()
}

func (w *world) touch(addresses ...string) {
	for _, a := range addresses {
		w.touched[a] = true
	}
}

// as is a caller: a person or a shop.
func (w *world) as(owner string) payment.Caller {
	if isShop(owner) {
		return payment.Caller{Shop: merchant.ID(owner), AuthenticatedAt: w.Clock.Now()}
	}
	return payment.Caller{Person: identity.PersonID(owner), AuthenticatedAt: w.Clock.Now()}
}

// operator is a caller who may see everything.
func (w *world) operator() payment.Caller {
	return payment.Caller{Person: identity.PersonID(w.boss), Operator: true}
}

// compare holds balances against the model: of some addresses, or of all.
func (w *world) compare(ctx context.Context, addresses []string) error {
	slices.Sort(addresses)
	return w.DB.Read(ctx, func(tx *db.Tx) error {
		for _, address := range addresses {
			want := w.m.accounts[address]
			if want == nil {
				return fmt.Errorf("%s is touched and not in the model", address)
			}
			var is ledger.Balance
			number, err := w.Ledger.Number(tx, address)
			if err == nil {
				is, err = w.Ledger.Balance(tx, number)
			}
			if errors.Is(err, ledger.ErrAccountNotFound) && want.posted == 0 {
				continue // a shop's receipts before its first payment
			}
			if err != nil {
				return fmt.Errorf("read %s: %w", address, err)
			}
			w.note(address, is.Posted, is.Pending, is.Incoming)
			if is.Posted != want.posted || is.Pending != want.out || is.Incoming != want.in {
				return fmt.Errorf("%s has %d posted, %d held, %d incoming; the model says %d, %d, %d", address, is.Posted, is.Pending,
					is.Incoming, want.posted, want.out, want.in)
			}
		}
		return nil
	})
}

// all compares everything, and has both verifications look.
func (w *world) all(ctx context.Context) error {
	if err := w.compare(ctx, slices.Clone(w.m.names)); err != nil {
		return err
	}
	for i, p := range w.m.payments {
		is, err := w.Payments.Get(ctx, w.operator(), payment.ID(p.id))
		if err != nil {
			return fmt.Errorf("payment %d: %w", i, err)
		}
		if err := same(is, p); err != nil {
			return fmt.Errorf("payment %d: %w", i, err)
		}
	}
	var found error
	if _, err := w.Ledger.Verify(ctx, w.DB, func(f ledger.Finding) { found = errors.Join(found, errors.New(f.String())) }); err != nil {
		return err
	}
	if _, err := w.Payments.Verify(ctx, func(f payment.Finding) { found = errors.Join(found, errors.New(f.Where+": "+f.What)) }); err != nil {
		return err
	}
	if found != nil {
		return fmt.Errorf("verify: %w", found)
	}
	return w.owed(ctx)
}

// same holds a payment as it is shown against the model's.
func same(is payment.Payment, want *pay) error {
	if string(is.ID) != want.id || string(is.Kind) != want.kind || string(is.State) != want.state || is.Amount.Minor != want.amount ||
		is.Amount.Currency.Code != want.currency || is.Captured != want.captured || is.Refunded != want.refunded || is.Payer != want.payer ||
		is.Payee != want.payee {
		return fmt.Errorf("is %s %s %s of %d %s, %d captured, %d refunded, %q to %q; the model says %s %s %s of %d %s, %d, %d, %q to %q",
			is.ID, is.State, is.Kind, is.Amount.Minor, is.Amount.Currency.Code, is.Captured, is.Refunded, is.Payer, is.Payee,
			want.id, want.state, want.kind, want.amount, want.currency, want.captured, want.refunded, want.payer, want.payee)
	}
	return nil
}
