package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/core/ledger"
	"billfold/test/harness"
)

const hour = time.Hour

var (
	eur = money.Currency{Code: "EUR", Scale: 2}
	jpy = money.Currency{Code: "JPY", Scale: 0}
	btc = money.Currency{Code: "BTCX", Scale: 8}
)

// bank is a ledger over a fresh database, with words that keep tests short.
type bank struct {
	*ledger.Ledger
	t     testing.TB
	d     *db.DB
	clock *clock.Sandbox
	real  *clock.Sandbox
	ids   *id.Minter
	opts  ledger.Options
}

func newBank(t testing.TB, d *db.DB) *bank {
	b := &bank{t: t, d: d, clock: harness.Clock(), real: harness.Clock()}
	b.ids = id.NewMinter(b.clock.Now)
	b.opts = ledger.Options{Clock: b.clock, Real: b.real, Keys: harness.Keyring(t), IDs: b.ids}
	b.Ledger = ledger.New(b.opts)
	return b
}

// withClock is a second process on the same database whose clock is another.
func (b *bank) withClock(c clock.Clock) *bank {
	other := *b
	other.opts.Clock = c
	other.Ledger = ledger.New(other.opts)
	return &other
}

// onEngines runs a test on both engines.
func onEngines(t *testing.T, body func(t *testing.T, b *bank)) {
	harness.Engines(t, func(t *testing.T, d *db.DB) { body(t, newBank(t, d)) }, ledger.Schema)
}

func (b *bank) open(address string, c money.Currency, limit ledger.Limit) ledger.AccountID {
	b.t.Helper()
	return b.openSpec(ledger.Spec{Address: address, Currency: c, Limit: limit})
}

func (b *bank) openBusy(address string, c money.Currency) ledger.AccountID {
	b.t.Helper()
	return b.openSpec(ledger.Spec{Address: address, Currency: c, Limit: ledger.Unlimited, Busy: true})
}

func (b *bank) openSpec(s ledger.Spec) ledger.AccountID {
	b.t.Helper()
	a, err := db.Write(context.Background(), b.d, func(tx *db.Tx) (ledger.Account, error) { return b.Open(tx, s) })
	if err != nil {
		b.t.Fatalf("open %s: %v", s.Address, err)
	}
	return a.ID
}

func (b *bank) id() ledger.EntryID { return ledger.EntryID(b.ids.New(ledger.Prefix)) }

func idBytes(e ledger.EntryID) ([]byte, error) {
	b, err := id.Bytes(string(e))
	return b[:], err
}

func leg(debit, credit ledger.AccountID, amount int64) ledger.Entry {
	return ledger.Entry{Kind: "test", Legs: []ledger.Leg{{Debit: debit, Credit: credit, Amount: amount}}}
}

func (b *bank) post(e ledger.Entry) (ledger.Entry, error) {
	return db.Write(context.Background(), b.d, func(tx *db.Tx) (ledger.Entry, error) { return b.Post(tx, e) })
}

func (b *bank) mustPost(e ledger.Entry) ledger.Entry {
	b.t.Helper()
	e, err := b.post(e)
	if err != nil {
		b.t.Fatalf("post: %v", err)
	}
	return e
}

func (b *bank) hold(e ledger.Entry, d time.Duration) (ledger.Entry, error) {
	return db.Write(context.Background(), b.d, func(tx *db.Tx) (ledger.Entry, error) { return b.Hold(tx, e, b.clock.Now().Add(d)) })
}

func (b *bank) mustHold(e ledger.Entry, d time.Duration) ledger.Entry {
	b.t.Helper()
	e, err := b.hold(e, d)
	if err != nil {
		b.t.Fatalf("hold: %v", err)
	}
	return e
}

// verb is one of PostHold, VoidHold, ExpireHold.
func (b *bank) end(phase ledger.Phase, hold, newID ledger.EntryID, amounts ...int64) (ledger.Entry, error) {
	return db.Write(context.Background(), b.d, func(tx *db.Tx) (ledger.Entry, error) {
		switch {
		case phase == ledger.Void:
			return b.VoidHold(tx, hold, newID)
		case phase == ledger.Expire:
			return b.ExpireHold(tx, hold, newID)
		case len(amounts) > 1:
			return b.PostHoldLegs(tx, hold, newID, amounts)
		case len(amounts) == 1:
			return b.PostHold(tx, hold, newID, amounts[0])
		}
		return b.PostHold(tx, hold, newID, 0)
	})
}

func (b *bank) batch(entries []ledger.Entry, atomic bool) []ledger.Result {
	b.t.Helper()
	results, err := db.Write(context.Background(), b.d, func(tx *db.Tx) ([]ledger.Result, error) { return b.PostBatch(tx, entries, atomic) })
	if err != nil {
		b.t.Fatalf("batch: %v", err)
	}
	return results
}

func (b *bank) balance(account ledger.AccountID) ledger.Balance {
	b.t.Helper()
	balance, err := db.Read(context.Background(), b.d, func(tx *db.Tx) (ledger.Balance, error) { return b.Balance(tx, account) })
	if err != nil {
		b.t.Fatalf("balance of %d: %v", account, err)
	}
	return balance
}

func (b *bank) balanceAt(account ledger.AccountID, at time.Time) ledger.Balance {
	b.t.Helper()
	balance, err := db.Read(context.Background(), b.d, func(tx *db.Tx) (ledger.Balance, error) { return b.BalanceAt(tx, account, at) })
	if err != nil {
		b.t.Fatalf("balance of %d at %v: %v", account, at, err)
	}
	return balance
}

func (b *bank) wantAvailable(account ledger.AccountID, want int64) {
	b.t.Helper()
	if got := b.balance(account).Available; got != want {
		b.t.Errorf("account %d has %d available, want %d", account, got, want)
	}
}

func (b *bank) fold() {
	b.t.Helper()
	if err := b.Fold(context.Background(), b.d); err != nil {
		b.t.Fatalf("fold: %v", err)
	}
}

// settle has the rows of totals written back.
func (b *bank) settle() {
	b.t.Helper()
	if err := b.Settle(context.Background(), b.d); err != nil {
		b.t.Fatalf("settle: %v", err)
	}
}

func (b *bank) advance(d time.Duration) {
	b.t.Helper()
	if err := b.clock.Advance(d); err != nil {
		b.t.Fatal(err)
	}
}

// entries lists a page or fails.
func (b *bank) entries(f ledger.Filter) (list []ledger.Entry, next string) {
	b.t.Helper()
	err := b.d.Read(context.Background(), func(tx *db.Tx) (err error) {
		list, next, err = b.Entries(tx, f)
		return err
	})
	if err != nil {
		b.t.Fatalf("entries: %v", err)
	}
	return list, next
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
