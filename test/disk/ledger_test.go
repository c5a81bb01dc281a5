package disk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/seal"
	"billfold/core/ledger"
	"billfold/test/disk"
	"billfold/test/harness"
)

var eur = money.Currency{Code: "EUR", Scale: 2}

// logged says how a database treats its log: what its writer is told, and from how many pages on they are copied beside the writer.
type logged struct {
	pragmas []string
	beside  int64
}

// soon has the log checkpointed every few groups, by the writer and beside it, so that crashes fall into checkpoints and restarts of the
// log too.
var soon = logged{[]string{"wal_autocheckpoint=40"}, 12}

// claim is what a caller was told, or asked and was not told yet. It stands in the disk's log, at its moment.
type claim struct {
	Ask     int              // the number of the request
	IDs     []ledger.EntryID // its entries
	Amounts []int64
	Whole   bool // all of them or none
	Told    string
}

// What a caller may have been told.
const (
	asked   = ""
	done    = "done"
	refused = "refused"
)

// bank is a ledger on a disk of ours and those who use it.
type bank struct {
	*ledger.Ledger
	t        testing.TB
	keys     *seal.Keyring
	disk     *disk.Disk
	d        *db.DB
	business *clock.Sandbox
	ids      *id.Minter
	wallets  []ledger.AccountID
	mint     ledger.AccountID
	shop     ledger.AccountID

	mu   sync.Mutex
	asks int
}

func newProcess(t testing.TB, keys *seal.Keyring) *bank {
	b := &bank{t: t, business: harness.Clock(), keys: keys}
	b.ids = id.NewMinter(b.business.Now)
	return b
}

// openBank opens a ledger on a file, as a process does when it starts.
func openBank(t testing.TB, o db.Options, keys *seal.Keyring) *bank {
	t.Helper()
	b := newProcess(t, keys)
	if err := b.start(o); err != nil {
		t.Fatalf("open %s: %v", o.Path, err)
	}
	return b
}

// start begins a process over the database: nothing of an earlier one is remembered.
func (b *bank) start(o db.Options) (err error) {
	b.Ledger = ledger.New(ledger.Options{Clock: b.business, Real: b.business, Keys: b.keys, IDs: b.ids})
	b.d, err = db.Open(context.Background(), o)
	return err
}

// on says how a database on a disk of ours is opened.
func on(d *disk.Disk, l logged) db.Options {
	return db.Options{Path: d.File("billfold.db"), Pragmas: l.pragmas, CheckpointPages: l.beside, OpenFile: d.OpenFile}
}

// newBank makes a ledger with funded wallets on a new disk.
func newBank(t testing.TB, keys *seal.Keyring, l logged) *bank {
	t.Helper()
	place := disk.New(t)
	b := openBank(t, on(place, l), keys)
	b.disk = place
	ctx := context.Background()
	if err := b.d.Migrate(ctx, harness.Start, ledger.Schema); err != nil {
		t.Fatal(err)
	}
	if err := b.openAccounts(); err != nil {
		t.Fatal(err)
	}
	for _, w := range b.wallets {
		b.submit(false, b.entry(b.mint, w, 1_000))
	}
	return b
}

// openAccounts opens ten wallets, the mint and a shop, or finds them.
func (b *bank) openAccounts() error {
	b.wallets = nil
	return b.d.Write(context.Background(), func(tx *db.Tx) error {
		for n := range 12 {
			s := ledger.Spec{Address: fmt.Sprintf("user/%d/EUR", n), Currency: eur, Limit: ledger.NonNegative}
			switch n {
			case 10:
				s = ledger.Spec{Address: "mint/EUR", Currency: eur, Limit: ledger.Unlimited}
			case 11:
				s = ledger.Spec{Address: "shop/EUR", Currency: eur, Limit: ledger.Unlimited, Busy: true}
			}
			a, err := b.Open(tx, s)
			if err != nil {
				return err
			}
			switch n {
			case 10:
				b.mint = a.ID
			case 11:
				b.shop = a.ID
			default:
				b.wallets = append(b.wallets, a.ID)
			}
		}
		return nil
	})
}

func (b *bank) entry(from, to ledger.AccountID, amount int64) ledger.Entry {
	return ledger.Entry{ID: ledger.EntryID(b.ids.New(ledger.Prefix)), Kind: "test",
		Legs: []ledger.Leg{{Debit: from, Credit: to, Amount: amount}}}
}

// ask writes down what is asked for, before it is.
func (b *bank) ask(whole bool, entries ...ledger.Entry) claim {
	b.mu.Lock()
	b.asks++
	c := claim{Ask: b.asks, Whole: whole || len(entries) == 1}
	b.mu.Unlock()
	for _, e := range entries {
		c.IDs = append(c.IDs, e.ID)
		amount := int64(0)
		for _, l := range e.Legs {
			amount += l.Amount
		}
		c.Amounts = append(c.Amounts, amount)
	}
	b.tell(c)
	return c
}

func (b *bank) tell(c claim) {
	line, err := json.Marshal(c)
	if err != nil {
		b.t.Error(err)
	}
	b.disk.Note(string(line))
}

// answer writes down what became of entries, after it was told. What is not known is not an answer.
func (b *bank) answer(c claim, results []ledger.Result, err error) {
	if err != nil && errors.Is(err, fault.ErrOutcomeUnknown) {
		return
	}
	for n := range c.IDs {
		one := claim{Ask: c.Ask, IDs: c.IDs[n : n+1], Amounts: c.Amounts[n : n+1], Told: done}
		if err != nil || results[n].Err != nil {
			one.Told = refused
		}
		b.tell(one)
	}
}

func (b *bank) submit(whole bool, entries ...ledger.Entry) error {
	c := b.ask(whole, entries...)
	results, err := b.Submit(context.Background(), b.d, entries, whole)
	b.answer(c, results, err)
	return err
}

// write runs one verb of a body's own, such as a hold or what ends it.
func (b *bank) write(e ledger.Entry, verb func(tx *db.Tx) (ledger.Entry, error)) error {
	c := b.ask(true, e)
	got, err := db.Write(context.Background(), b.d, verb)
	b.answer(c, []ledger.Result{{Entry: got, Err: err}}, err)
	return err
}

// day is what a few people do at once: single entries, batches whole and not, holds and what ends them, a shop that is busy.
func (b *bank) day(seed uint64, people, deeds int) {
	var all sync.WaitGroup
	for person := range people {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(person)))
			for range deeds {
				b.deed(r)
			}
		})
	}
	all.Wait()
}

func (b *bank) deed(r *rand.Rand) {
	from, to := b.wallets[r.IntN(len(b.wallets))], b.wallets[r.IntN(len(b.wallets))]
	if from == to {
		to = b.shop
	}
	amount := 1 + r.Int64N(400) // some are more than is there
	switch r.IntN(8) {
	case 0, 1:
		batch := make([]ledger.Entry, 2+r.IntN(8))
		for n := range batch {
			batch[n] = b.entry(b.wallets[r.IntN(4)], b.wallets[4+r.IntN(6)], 1+r.Int64N(90))
		}
		b.submit(r.IntN(2) == 0, batch...)
	case 2:
		e := b.entry(from, to, amount)
		expires := b.business.Now().Add(time.Hour)
		if b.write(e, func(tx *db.Tx) (ledger.Entry, error) { return b.Hold(tx, e, expires) }) != nil {
			return
		}
		end := b.entry(from, to, amount)
		if r.IntN(2) == 0 {
			b.write(end, func(tx *db.Tx) (ledger.Entry, error) { return b.PostHold(tx, e.ID, end.ID, 0) })
		} else {
			b.write(end, func(tx *db.Tx) (ledger.Entry, error) { return b.VoidHold(tx, e.ID, end.ID) })
		}
	case 3:
		e := b.entry(from, b.shop, amount)
		b.write(e, func(tx *db.Tx) (ledger.Entry, error) { return b.Post(tx, e) })
	case 4:
		if err := b.Fold(context.Background(), b.d); err != nil && !errors.Is(err, fault.ErrOutcomeUnknown) {
			b.disk.Note(`{"Told":"fold refused"}`)
		}
	default:
		b.submit(false, b.entry(from, to, amount))
	}
}

// books are what a journal says must be there.
type books struct {
	told map[ledger.EntryID]claim
	open map[int]claim // asked, and not everything of it told
}

func newBooks() *books { return &books{told: map[ledger.EntryID]claim{}, open: map[int]claim{}} }

// read goes on with what was noted.
func (k *books) read(log disk.Log) error {
	for _, r := range log {
		if r.Kind != disk.Note {
			continue
		}
		var c claim
		if err := json.Unmarshal([]byte(r.Name), &c); err != nil {
			return fmt.Errorf("a line of the journal %q: %w", r.Name, err)
		}
		switch c.Told {
		case asked:
			k.open[c.Ask] = c
			for _, e := range c.IDs { // asked again, after a refusal
				if k.told[e].Told == refused {
					delete(k.told, e)
				}
			}
		case done, refused:
			k.told[c.IDs[0]] = c
		}
	}
	return nil
}

// check holds a database against the journal: its books are right, what was confirmed is there with its amount, what was refused is not,
// and of what was asked for as a whole there is all or nothing.
func (b *bank) check(k *books) error {
	ctx := context.Background()
	var errs []error
	if _, err := b.Verify(ctx, b.d, func(f ledger.Finding) { errs = append(errs, errors.New(f.String())) }); err != nil {
		return err
	}
	ids := slices.Collect(maps.Keys(k.told))
	for _, c := range k.open {
		ids = append(ids, c.IDs...)
	}
	found := map[ledger.EntryID]ledger.Entry{}
	for part := range slices.Chunk(ids, 60) {
		some, err := db.Read(ctx, b.d, func(tx *db.Tx) (map[ledger.EntryID]ledger.Entry, error) { return b.Lookup(tx, part...) })
		if err != nil {
			return err
		}
		maps.Copy(found, some)
	}
	for e, c := range k.told {
		errs = append(errs, c.hold(found[e]))
	}
	for _, c := range k.open {
		n := 0
		for _, e := range c.IDs {
			if _, there := found[e]; there {
				n++
			}
		}
		if c.Whole && n != 0 && n != len(c.IDs) {
			errs = append(errs, fmt.Errorf("of a batch of %d as a whole there are %d", len(c.IDs), n))
		}
	}
	return errors.Join(errs...)
}

// hold compares what a caller was told of one entry with what there is.
func (c claim) hold(e ledger.Entry) error {
	switch {
	case c.Told == refused && e.ID != "":
		return fmt.Errorf("%s was refused and is there", e.ID)
	case c.Told == done && e.ID == "":
		return fmt.Errorf("%w: %s over %d", errLost, c.IDs[0], c.Amounts[0])
	}
	if c.Told == done && e.Legs[0].Amount != c.Amounts[0] {
		return fmt.Errorf("%s is over %d, %d was confirmed", e.ID, e.Legs[0].Amount, c.Amounts[0])
	}
	return nil
}

// errLost is what all of this is about.
var errLost = errors.New("an entry that was confirmed is gone")

// whole asks SQLite itself whether the file is one.
func whole(d *db.DB) error {
	return d.Read(context.Background(), func(tx *db.Tx) error {
		var says string
		if err := tx.Row("pragma integrity_check").Scan(&says); err != nil || says != "ok" {
			return fmt.Errorf("integrity_check: %s %w", says, err)
		}
		return nil
	})
}

// days is over how many short days the crashes are spread: a short one is verified quickly.
func days() int {
	if os.Getenv("BILLFOLD_LONG") != "" {
		return 100
	}
	return 5
}

// TestPowerCuts shows that nothing acknowledged is lost, and nothing is there in part, wherever the power fails.
func TestPowerCuts(t *testing.T) {
	var got tally
	for n := range days() {
		s := shortDay(t, seed()+uint64(n)<<32, soon)
		s.points = points(8_800) / days()
		got.add(s.run(t))
	}
	t.Logf("%+v", got)
	if got.Torn == 0 || got.checkpoints == 0 || got.groups == 0 || got.confirmed == 0 {
		t.Errorf("the crashes were no crashes: %+v", got)
	}
}

// shortDay records a day of a few people.
func shortDay(t *testing.T, seed uint64, l logged) *suite {
	t.Helper()
	keys := newKeys(t)
	b := newBank(t, keys.ring, l)
	from := b.disk.Len()
	b.day(seed, 6, 10)
	if err := b.d.Close(); err != nil {
		t.Fatal(err)
	}
	return &suite{name: t.Name(), log: b.disk.Log(), from: from, keys: keys, check: checkBank}
}

// checkBank is what a process finds that starts after the crash.
func checkBank(t testing.TB, dir string, keys *seal.Keyring, k *books) error {
	b := newProcess(t, keys)
	if err := b.start(db.Options{Path: filepath.Join(dir, "billfold.db")}); err != nil {
		return err
	}
	err := errors.Join(b.check(k), whole(b.d))
	return errors.Join(err, b.d.Close())
}

// TestPowerCutsAtNormal is the control: at synchronous=NORMAL the log is not synced when a group is committed, and the same crashes of
// the same day lose what was confirmed. The books are right even so.
func TestPowerCutsAtNormal(t *testing.T) {
	var lost, other atomic.Int64
	s := shortDay(t, seed(), logged{append([]string{"synchronous=normal"}, soon.pragmas...), soon.beside})
	s.points = 200
	s.check = func(t testing.TB, dir string, ring *seal.Keyring, k *books) error {
		switch err := checkBank(t, dir, ring, k); {
		case errors.Is(err, errLost):
			lost.Add(1)
		case err != nil:
			other.Add(1)
		}
		return nil
	}
	got := s.run(t)
	if lost.Load() == 0 {
		t.Errorf("a disk without syncs lost nothing: these tests show nothing. %+v", got)
	}
	if other.Load() != 0 {
		t.Errorf("%d of %d crashes left something else than fewer entries", other.Load(), got.crashes)
	}
	t.Logf("%d of %d crashes lost something confirmed", lost.Load(), got.crashes)
}
