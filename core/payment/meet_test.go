package payment

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/rail"
	"billfold/test/harness"
)

// meeting is two servers on one database, and few people, all of whose money meets all the time.
type meeting struct {
	t      *testing.T
	w      [2]*world
	people []identity.PersonID
	bank   map[identity.PersonID]rail.AccountID
	poor   []identity.PersonID // what they are brought they have spent already
	done   [errands]atomic.Int64
	said   atomic.Int64 // callbacks
}

// Errands, each of which moves money in the ways of its kind.
const (
	doPay = iota // together with others, and alone
	doHold
	doRefund
	doShare
	doLink
	doWithdraw
	doExchange
	doTopUp
	doDispute
	doArrive
	doFreeze
	errands
)

// TestMoneyVerbsMeet has every verb that moves money meet every other over a few accounts, through two servers on one PostgreSQL, beside
// the sweep and the collector of debts. PostgreSQL breaks up no deadlock, which the program would hide by trying again: every transaction
// locks in the one order (ARCHITECTURE.md).
func TestMoneyVerbsMeet(t *testing.T) {
	m := newMeeting(t)
	before := m.deadlocks(false)
	const many, each = 16, 16
	end := make(chan struct{})
	var beside sync.WaitGroup
	for i := range m.w {
		beside.Go(func() { m.beside(i, end) })
	}
	parallel(many, func(i int) {
		dice := rand.New(rand.NewPCG(uint64(i), 11))
		for n := range each {
			what := (i + n) % errands
			if err := m.errand(what, dice); err != nil {
				t.Errorf("errand %d: %v", what, err)
			}
		}
	})
	close(end)
	beside.Wait()
	for what := range m.done {
		if m.done[what].Load() == 0 {
			t.Errorf("errand %d never went through", what)
		}
	}
	m.w[0].rest()
	m.w[0].verify()
	for _, w := range m.w {
		w.ok(w.DB.Close())
	}
	if after := m.deadlocks(true); after != before {
		t.Errorf("PostgreSQL broke up %d deadlocks", after-before)
	}
}

func newMeeting(t *testing.T) *meeting {
	t.Helper()
	m := &meeting{t: t, bank: map[identity.PersonID]rail.AccountID{}}
	d, keys, business, real := harness.Open(t, db.Postgres, schemas...), harness.Keyring(t), harness.Clock(), harness.Clock()
	other := harness.Again(t, harness.Options(t, d))
	m.w = [2]*world{build(t, d, keys, business, real), build(t, other, keys, business, real)}
	a, b := m.w[0], m.w[1]
	a.people()
	b.lena, b.omar, b.owner, b.shop = a.lena, a.omar, a.owner, a.shop
	// The second server gives higher numbers to accounts: a debt that the first one opens has a lower number than its wallet.
	made, err := b.People.Create(b.ctx, []identity.NewPerson{{Name: "Pia Winter", Handle: "pia"}, {Name: "Tom Sommer", Handle: "tom"}})
	a.ok(err)
	m.people, m.poor = []identity.PersonID{a.lena, a.omar}, []identity.PersonID{made[0].ID, made[1].ID}
	for _, who := range m.people {
		a.fund(who, 100_000_000)
		account, err := a.Accounts.Link(a.ctx, string(who), "Somebody", a.iban("3000"))
		a.ok(err)
		m.bank[who] = account.ID
	}
	return m
}

// deadlocks is how many PostgreSQL has broken up in this database. Whoever was connected tells what they counted when they leave: alone
// waits until nobody else is.
func (m *meeting) deadlocks(alone bool) (n int) {
	m.t.Helper()
	raw, err := sql.Open("pgx", harness.Options(m.t, m.w[0].DB).DSN)
	if err != nil {
		m.t.Fatal(err)
	}
	defer raw.Close()
	for others := 1; alone && others > 0; {
		if err := raw.QueryRow(`select count(*) from pg_stat_activity where datname = current_database() and
			backend_type = 'client backend' and pid <> pg_backend_pid()`).Scan(&others); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := raw.QueryRow(`select deadlocks from pg_stat_database where datname = current_database()`).Scan(&n); err != nil {
		m.t.Fatal(err)
	}
	return n
}

// beside is what a server does by itself: it lets expire what is due, tells, and collects debts.
func (m *meeting) beside(i int, end <-chan struct{}) {
	w := m.w[i]
	for {
		select {
		case <-end:
			return
		default:
		}
		err := w.ExpireDue(w.ctx)
		if i == 0 {
			_, told := w.Outbox.Step(w.ctx, 0)
			err = errors.Join(err, told, w.business.Advance(2*time.Second))
		}
		if m.expected(err) != nil {
			m.t.Errorf("server %d by itself: %v", i, err)
		}
	}
}

// expected drops refusals: whoever comes second finds it done, frozen or spent, and a machine that stands still answers late.
func (m *meeting) expected(err error) error {
	if f, ok := fault.As(err); ok && f.Kind != fault.Internal {
		return nil
	}
	return err
}

// errand does one thing through the servers; two that decide about one payment go through both.
func (m *meeting) errand(what int, dice *rand.Rand) error {
	w, other := m.w[0], m.w[1]
	if dice.IntN(2) == 0 {
		w, other = other, w
	}
	who, to := m.people[0], m.people[1]
	if dice.IntN(2) == 0 {
		who, to = to, who
	}
	err := [errands]func(w, other *world, who, to identity.PersonID, dice *rand.Rand) error{m.pay, m.hold, m.refund, m.share, m.link,
		m.withdraw, m.exchange, m.topUp, m.dispute, m.arrive, m.freeze}[what](w, other, who, to, dice)
	if err == nil {
		m.done[what].Add(1)
	}
	return m.expected(err)
}

// both does two things at the same moment, and is content with one of them.
func (m *meeting) both(first, second func() error) error {
	errs := [2]error{}
	parallel(2, func(i int) { errs[i] = [2]func() error{first, second}[i]() })
	for _, err := range errs {
		if m.expected(err) != nil {
			return err
		}
	}
	if errs[0] != nil {
		return errs[1]
	}
	return nil
}

// once is a key that no other server gives.
func (w *world) once() once.Call {
	return w.keyed(fmt.Sprintf("%p-%d", w, w.keys.Add(1)), "")
}

func (w *world) yes(who identity.PersonID, p ID) error {
	return second(w.Confirm(w.ctx, w.by(who), p, Consent{}, w.once()))
}

// brings transfers money, confirmed as it is made or by a request of its own.
func (w *world) brings(who, to identity.PersonID, minor int64, together bool) (Payment, error) {
	p, err := w.Create(w.ctx, w.by(who), Terms{Payee: string(to), Amount: eur.Of(minor)}, together, w.once())
	if err == nil && !together {
		err = w.yes(who, p.ID)
	}
	return p, err
}

func (m *meeting) pay(w, _ *world, who, to identity.PersonID, dice *rand.Rand) error {
	return second(w.brings(who, to, 1+dice.Int64N(900), dice.IntN(2) == 0))
}

func (m *meeting) hold(w, other *world, who, _ identity.PersonID, dice *rand.Rand) error {
	terms := w.terms(900)
	terms.Capture = Manual
	p, err := w.Create(w.ctx, w.by(who), terms, true, w.once())
	if err != nil {
		return err
	}
	capture := func(w *world) func() error {
		return func() error { return second(w.Capture(w.ctx, w.byShop(), p.ID, nil, w.once())) }
	}
	switch dice.IntN(3) {
	case 0:
		return m.both(capture(w), capture(other))
	case 1:
		return m.both(capture(w), func() error { return second(other.Void(w.ctx, w.byShop(), p.ID, other.once())) })
	}
	return nil // its time will be over
}

func (m *meeting) refund(w, other *world, who, to identity.PersonID, dice *rand.Rand) error {
	p, err := w.brings(who, to, 900, true)
	back := w.by(to)
	if dice.IntN(2) == 0 {
		p, err = w.Create(w.ctx, w.by(who), w.terms(900), true, w.once())
		back = w.byShop()
	}
	if err != nil {
		return err
	}
	some := eur.Of(100 + dice.Int64N(500))
	return m.both(func() error { return second(w.Refund(w.ctx, back, p.ID, &some, "", w.once())) },
		func() error { return second(other.Refund(w.ctx, back, p.ID, nil, "", other.once())) })
}

func (m *meeting) share(w, other *world, who, to identity.PersonID, dice *rand.Rand) error {
	q, err := w.Ask(w.ctx, w.by(to), w.even(900, string(who), string(m.poor[0])), w.once())
	if err != nil {
		return err
	}
	return m.both(func() error { return w.yes(who, q.Shares[0].Payment) }, func() error {
		if dice.IntN(2) == 0 {
			return second(other.CancelRequest(w.ctx, w.by(to), q.ID, other.once()))
		}
		return second(other.ChangeRequest(w.ctx, w.by(to), q.ID, q.Version, w.even(1200, string(who), string(m.poor[1])), other.once()))
	})
}

func (m *meeting) link(w, other *world, who, to identity.PersonID, dice *rand.Rand) error {
	p, err := w.Create(w.ctx, w.by(who), Terms{Capture: ByLink, Amount: eur.Of(500)}, true, w.once())
	if err != nil || dice.IntN(3) == 0 {
		return err
	}
	return m.both(func() error { return second(w.Claim(w.ctx, w.by(to), w.link(p.ID), w.once())) },
		func() error { return second(other.Void(w.ctx, w.by(who), p.ID, other.once())) })
}

// hears has a server act on a callback that its inbox took in.
func (m *meeting) hears(w *world, road string, p ID, what rail.Outcome, minor int64) error {
	return w.Settle(w.ctx, rail.Callback{ID: fmt.Sprint("met-", m.said.Add(1)), Rail: road, Reference: string(p), Merchant: "test",
		Outcome: what, Amount: minor, Currency: "EUR"})
}

func (m *meeting) withdraw(w, other *world, who, _ identity.PersonID, dice *rand.Rand) error {
	p, err := w.Withdraw(w.ctx, w.by(who), eur.Of(700), m.bank[who], w.once())
	if err == nil {
		err = w.yes(who, p.ID)
	}
	if err != nil {
		return err
	}
	word := []rail.Outcome{rail.Paid, rail.Rejected, rail.Returned}[dice.IntN(3)]
	if err := m.both(func() error { return m.hears(w, rail.BankName, p.ID, word, 700) },
		func() error { return m.hears(other, rail.BankName, p.ID, rail.Sent, 700) }); err != nil || word != rail.Paid {
		return err
	}
	return m.hears(other, rail.BankName, p.ID, rail.Returned, 700)
}

func (m *meeting) exchange(w, other *world, who, _ identity.PersonID, dice *rand.Rand) error {
	for _, way := range []struct {
		amount money.Amount
		to     money.Currency
	}{{eur.Of(10_000), usd}, {usd.Of(500 + dice.Int64N(500)), eur}} {
		q, err := w.Desk.Quote(w.ctx, who, way.amount, way.to)
		if err != nil {
			return err
		}
		p, err := w.Exchange(w.ctx, w.by(who), q.ID, w.once())
		if err != nil {
			return err
		}
		if err := other.yes(who, p.ID); err != nil {
			return err
		}
	}
	return nil
}

func (m *meeting) topUp(w, other *world, who, _ identity.PersonID, dice *rand.Rand) error {
	poor := m.poor[dice.IntN(2)]
	p, err := w.TopUp(w.ctx, w.by(poor), eur.Of(1000), rail.TokenOK, w.once())
	if err != nil {
		return err
	}
	err = m.both(func() error { return m.hears(w, rail.Card, p.ID, rail.Settled, 1000) },
		func() error { return m.hears(other, rail.Card, p.ID, rail.Settled, 1000) })
	if err == nil {
		_, _ = w.brings(poor, who, 900, dice.IntN(2) == 0)
	}
	return err
}

func (m *meeting) dispute(w, other *world, who, _ identity.PersonID, dice *rand.Rand) error {
	n := dice.IntN(2)
	poor := m.poor[n]
	p, err := w.TopUp(w.ctx, w.by(poor), eur.Of(1000), rail.TokenOK, w.once())
	if err != nil {
		return err
	}
	if err := m.hears(w, rail.Card, p.ID, rail.Settled, 1000); err != nil {
		return err
	}
	_, _ = w.brings(poor, m.poor[1-n], 1000, true)
	return m.both(func() error { return m.hears(other, rail.Card, p.ID, rail.Disputed, 1000) },
		func() error { return second(w.brings(who, poor, 300, dice.IntN(2) == 0)) })
}

func (m *meeting) arrive(w, other *world, _, _ identity.PersonID, dice *rand.Rand) error {
	poor := m.poor[dice.IntN(2)]
	p, err := w.TopUp(w.ctx, w.by(poor), eur.Of(1000), ByTransfer, w.once())
	if err != nil {
		return err
	}
	said := rail.Credit{ID: fmt.Sprint("met-", m.said.Add(1)), Rail: rail.BankName, Movement: string(p.ID), Reference: p.Reference,
		Merchant: "test", Amount: 990, Currency: "EUR"}
	if err := m.both(func() error { return w.Arrive(w.ctx, said) }, func() error { return other.Arrive(w.ctx, said) }); err != nil {
		return err
	}
	said.Movement, said.Reference = said.Movement+"-lost", ""
	if err := w.Arrive(w.ctx, said); err != nil {
		return err
	}
	list, err := w.Arrivals(w.ctx, w.staff(), "", 1)
	if err != nil || len(list) == 0 {
		return err
	}
	return m.both(func() error { return second(w.Assign(w.ctx, w.staff(), list[0].ID, poor, "it is theirs", w.once())) },
		func() error { return second(other.ReturnArrival(w.ctx, w.staff(), list[0].ID, "it is nobody's")) })
}

func (m *meeting) freeze(w, other *world, who, _ identity.PersonID, _ *rand.Rand) error {
	_, err := w.People.SetState(w.ctx, who, identity.Frozen)
	return errors.Join(err, second(other.People.SetState(w.ctx, who, identity.Active)))
}
