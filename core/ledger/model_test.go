package ledger_test

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/ledger"
)

// model is a ledger in as few words as possible: what each account gained and lost, and when.
type model struct {
	accounts []*modelAccount
	done     []ledger.Entry // posted ones, to be sent again
	holds    []*modelHold
}

type modelAccount struct {
	id       ledger.AccountID
	currency money.Currency
	limit    ledger.Limit
	busy     bool
	frozen   bool
	posted   int64 // credits - debits
	out, in  int64 // pending
	history  []modelChange
}

type modelChange struct {
	at              time.Time
	posted, out, in int64
}

type modelHold struct {
	entry   ledger.Entry
	expires time.Time
	open    bool
}

func (m *model) account(id ledger.AccountID) *modelAccount {
	i := slices.IndexFunc(m.accounts, func(a *modelAccount) bool { return a.id == id })
	return m.accounts[i]
}

// try applies changes and answers with the refusal that the ledger should give; then nothing has changed.
func (m *model) try(legs []ledger.Leg, phase ledger.Phase) error {
	for _, l := range legs {
		debit, credit := m.account(l.Debit), m.account(l.Credit)
		if phase != ledger.Void && phase != ledger.Expire && (debit.frozen || credit.frozen) {
			return ledger.ErrAccountFrozen
		}
		if debit.currency != credit.currency {
			return money.ErrCurrencyMismatch
		}
	}
	m.apply(legs, phase, 1)
	for _, a := range m.accounts {
		if a.limit == ledger.NonNegative && a.posted-a.out < 0 || a.limit == ledger.NonPositive && -a.posted-a.in < 0 {
			m.apply(legs, phase, -1)
			return ledger.ErrInsufficientFunds
		}
	}
	return nil
}

func (m *model) apply(legs []ledger.Leg, phase ledger.Phase, sign int64) {
	for _, l := range legs {
		m.account(l.Debit).change(changeOf(l, phase, true), sign)
		m.account(l.Credit).change(changeOf(l, phase, false), sign)
	}
}

// changeOf says what a leg changes on one side. A leg of a resolution has Released set.
func changeOf(l ledger.Leg, phase ledger.Phase, debit bool) (c modelChange) {
	amount := l.Amount
	if phase == ledger.Pending {
		if debit {
			c.out = amount
		} else {
			c.in = amount
		}
		return c
	}
	if debit {
		c.out, c.posted = -l.Released, -amount
	} else {
		c.in, c.posted = -l.Released, amount
	}
	if phase == ledger.Void || phase == ledger.Expire || l.Phase == ledger.Void {
		c.posted = 0
	}
	return c
}

func (a *modelAccount) change(c modelChange, sign int64) {
	a.posted += sign * c.posted
	if !a.busy {
		a.out += sign * c.out
		a.in += sign * c.in
	}
}

// record keeps an accepted entry's changes with its time.
func (m *model) record(e ledger.Entry) {
	for _, l := range e.Legs {
		for _, debit := range []bool{true, false} {
			id := l.Credit
			if debit {
				id = l.Debit
			}
			c := changeOf(l, e.Phase, debit)
			c.at = e.At
			a := m.account(id)
			if a.busy {
				c.out, c.in = 0, 0
			}
			a.history = append(a.history, c)
		}
	}
}

// at sums an account's history.
func (a *modelAccount) at(t time.Time) (c modelChange) {
	for _, h := range a.history {
		if !h.at.After(t) {
			c.posted += h.posted
			c.out += h.out
			c.in += h.in
		}
	}
	return c
}

// player does random things to a ledger and to its model.
type player struct {
	*bank
	*model
	rt *rapid.T
}

func (p *player) pick(label string) *modelAccount {
	return rapid.SampledFrom(p.accounts).Draw(p.rt, label)
}

// draw makes an entry of 1 to 3 legs.
func (p *player) draw(label string) ledger.Entry {
	e := ledger.Entry{ID: p.id(), Kind: "test", Reference: "run"}
	for range rapid.IntRange(1, 3).Draw(p.rt, label+" legs") {
		debit, credit := p.pick("debit"), p.pick("credit")
		if debit == credit {
			credit = p.accounts[(slices.Index(p.accounts, debit)+1)%len(p.accounts)]
		}
		e.Legs = append(e.Legs, ledger.Leg{Debit: debit.id, Credit: credit.id, Amount: rapid.Int64Range(1, 400).Draw(p.rt, "amount")})
	}
	return e
}

// judge compares the ledger's answer with the model's and records what was accepted.
func (p *player) judge(e ledger.Entry, err, want error) {
	if want == nil && err != nil || want != nil && !errors.Is(err, want) {
		p.rt.Fatalf("got %v, want %v", err, want)
	}
	if err == nil {
		p.record(e)
		p.done = append(p.done, e)
	}
}

func (p *player) Post(rt *rapid.T) {
	e := p.draw("post")
	want := p.try(e.Legs, ledger.Posted)
	got, err := p.post(e)
	p.judge(got, err, want)
}

func (p *player) Hold(rt *rapid.T) {
	e := p.draw("hold")
	d := time.Duration(rapid.IntRange(1, 180).Draw(rt, "minutes")) * time.Minute
	want := p.try(e.Legs, ledger.Pending)
	got, err := p.hold(e, d)
	p.judge(got, err, want)
	if err == nil {
		p.holds = append(p.holds, &modelHold{got, p.clock.Now().Add(d), true})
	}
}

func (p *player) Resolve(rt *rapid.T) {
	if len(p.holds) == 0 {
		return
	}
	h := rapid.SampledFrom(p.holds).Draw(rt, "hold")
	phase := rapid.SampledFrom([]ledger.Phase{ledger.Post, ledger.Post, ledger.Void, ledger.Expire}).Draw(rt, "phase")
	var amounts []int64
	legs := slices.Clone(h.entry.Legs)
	part := phase == ledger.Post && rapid.Bool().Draw(rt, "in part")
	any := false
	for i := range legs {
		legs[i].Phase, legs[i].Released = phase, legs[i].Amount
		if part {
			a := rapid.Int64Range(0, legs[i].Amount).Draw(rt, "part")
			amounts = append(amounts, a)
			any = any || a > 0
			if a == 0 {
				legs[i].Phase = ledger.Void
			} else {
				legs[i].Amount = a
			}
		}
	}
	if part && (!any || len(legs) == 1 && amounts[0] == 0) {
		return
	}
	over := !p.clock.Now().Before(h.expires)
	var want error
	switch {
	case !h.open:
		want = ledger.ErrHoldNotOpen
	case phase == ledger.Post && over:
		want = ledger.ErrHoldExpired
	case phase == ledger.Expire && !over:
		want = ledger.ErrHoldNotExpired
	default:
		want = p.try(legs, phase)
	}
	got, err := p.end(phase, h.entry.ID, p.id(), amounts...)
	p.judge(got, err, want)
	if err == nil {
		h.open = false
	}
}

func (p *player) Batch(rt *rapid.T) {
	atomic := rapid.Bool().Draw(rt, "atomic")
	var batch []ledger.Entry
	for range rapid.IntRange(1, 5).Draw(rt, "entries") {
		batch = append(batch, p.draw("batch"))
	}
	want := make([]error, len(batch))
	refused := false
	for i, e := range batch {
		want[i] = p.try(e.Legs, ledger.Posted)
		refused = refused || want[i] != nil
	}
	if atomic && refused {
		for i := len(batch) - 1; i >= 0; i-- {
			if want[i] == nil {
				p.apply(batch[i].Legs, ledger.Posted, -1)
				want[i] = ledger.ErrBatchRefused
			}
		}
	}
	for i, r := range p.batch(batch, atomic) {
		p.judge(r.Entry, r.Err, want[i])
	}
}

// Burst fills checkpoints.
func (p *player) Burst(rt *rapid.T) {
	busy, wallet := p.accounts[0], p.accounts[2]
	if busy.frozen || wallet.frozen {
		return
	}
	batch := make([]ledger.Entry, rapid.IntRange(100, 300).Draw(rt, "burst"))
	for i := range batch {
		batch[i] = leg(busy.id, wallet.id, 1)
		p.apply(batch[i].Legs, ledger.Posted, 1)
	}
	for _, r := range p.batch(batch, true) {
		p.judge(r.Entry, r.Err, nil)
	}
}

func (p *player) Again(rt *rapid.T) {
	if len(p.done) == 0 {
		return
	}
	e := rapid.SampledFrom(p.done).Draw(rt, "entry")
	if e.Phase != ledger.Posted {
		return
	}
	if got, err := p.post(e); err != nil || got.At != e.At {
		rt.Fatalf("again: %+v, %v", got, err)
	}
}

func (p *player) Fold(rt *rapid.T) { p.fold() }
func (p *player) Advance(rt *rapid.T) {
	p.advance(time.Duration(rapid.IntRange(1, 7200).Draw(rt, "seconds")) * time.Second)
}

func (p *player) Freeze(rt *rapid.T) {
	a := p.pick("account")
	verb := p.bank.Freeze
	if a.frozen {
		verb = p.Unfreeze
	}
	p.flag(func(tx *db.Tx, id ledger.AccountID) error { return verb(tx, id) }, a.id)
	a.frozen = !a.frozen
}

func (p *player) Look(rt *rapid.T) {
	a := p.pick("account")
	if len(a.history) == 0 {
		return
	}
	t := rapid.SampledFrom(a.history).Draw(rt, "moment").at.Add(time.Duration(rapid.IntRange(-2, 2).Draw(rt, "off")) * time.Microsecond)
	want := a.at(t)
	if got := p.balanceAt(a.id, t); got.Posted != want.posted || got.Pending != want.out || got.Incoming != want.in {
		rt.Fatalf("account %d had %+v at %v, want %+v", a.id, got, t, want)
	}
}

// Check runs after every action.
func (p *player) Check(rt *rapid.T) {
	a := rapid.SampledFrom(p.accounts).Draw(rt, "checked")
	if got := p.balance(a.id); got.Posted != a.posted || got.Pending != a.out || got.Incoming != a.in {
		rt.Fatalf("account %d has %+v, want %d, %d, %d", a.id, got, a.posted, a.out, a.in)
	}
}

func TestLedgerAgainstAModel(t *testing.T) {
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "rapid.checks" })
	onEngines(t, func(t *testing.T, b *bank) {
		if !chosen {
			checks := "100"
			if b.d.Engine() == db.Postgres {
				checks = "25" // a commit costs several times what it costs on SQLite, and the decisions are the same code
			}
			if err := flag.Set("rapid.checks", checks); err != nil {
				t.Fatal(err)
			}
		}
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			p := &player{bank: b, model: &model{}, rt: rt}
			c := money.Currency{Code: "COIN", Scale: uint8(rapid.IntRange(0, 8).Draw(rt, "scale"))}
			for i, s := range []ledger.Spec{
				{Limit: ledger.Unlimited, Busy: true}, {Limit: ledger.Unlimited, Busy: true}, {Limit: ledger.NonNegative},
				{Limit: ledger.NonNegative}, {Limit: ledger.NonPositive}, {Limit: ledger.Unlimited}, {Limit: ledger.NonNegative, Currency: eur},
			} {
				s.Address = fmt.Sprintf("run/%d/%d", run, i)
				if s.Currency.IsZero() {
					s.Currency = c
				}
				p.accounts = append(p.accounts, &modelAccount{id: b.openSpec(s), currency: s.Currency, limit: s.Limit, busy: s.Busy})
			}
			rt.Repeat(map[string]func(*rapid.T){
				"": p.Check, "post": p.Post, "hold": p.Hold, "resolve": p.Resolve, "batch": p.Batch, "again": p.Again, "fold": p.Fold,
				"advance": p.Advance, "freeze": p.Freeze, "look": p.Look, "burst": p.Burst,
			})
			for _, a := range p.accounts {
				if got := p.balance(a.id); got.Posted != a.posted || got.Pending != a.out || got.Incoming != a.in {
					rt.Fatalf("account %d has %+v, want %d, %d, %d", a.id, got, a.posted, a.out, a.in)
				}
			}
		})
		b.wantClean()
		b.fold()
		b.wantClean()
	})
}
