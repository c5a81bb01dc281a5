package outage

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"billfold/client"
)

// sql runs statements on a PostgreSQL database, past everything of ours.
func (h *house) sql(dsn string, statements ...string) {
	h.t.Helper()
	raw, err := sql.Open("pgx", dsn)
	if err != nil {
		h.t.Fatal(err)
	}
	defer raw.Close()
	for _, q := range statements {
		if _, err := raw.Exec(q); err != nil {
			h.t.Fatalf("%s: %v", q, err)
		}
	}
}

// deadlocks is how often PostgreSQL broke up a deadlock in this database, which may have served others before; SQLite knows none.
func (h *house) deadlocks() (n int) {
	h.t.Helper()
	if h.dsn == "" {
		return 0
	}
	raw, err := sql.Open("pgx", h.dsn)
	if err != nil {
		h.t.Fatal(err)
	}
	defer raw.Close()
	if err := raw.QueryRow(`select deadlocks from pg_stat_database where datname = current_database()`).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// noDeadlock complains about deadlocks that PostgreSQL broke up, which the program would have hidden by trying again. No server may run
// any more: its backends report what they counted when they end, which is waited for.
func (h *house) noDeadlock(before int) {
	h.t.Helper()
	if h.dsn != "" {
		raw, err := sql.Open("pgx", h.dsn)
		if err != nil {
			h.t.Fatal(err)
		}
		defer raw.Close()
		until(h.t, "the server's backends leave", func() bool {
			others := 1
			return raw.QueryRow(`select count(*) from pg_stat_activity where datname = current_database() and
				backend_type = 'client backend' and pid <> pg_backend_pid()`).Scan(&others) == nil && others == 0
		})
	}
	if after := h.deadlocks(); after != before {
		h.t.Errorf("PostgreSQL broke up %d deadlocks", after-before)
	}
}

// TestNoDeadlock has 64 callers post batches of entries over few accounts, named in every order, while payments cross each other in both
// directions. Nobody is refused for it, nobody waits for ever, and PostgreSQL has not had to break up a single deadlock.
func TestNoDeadlock(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		const many, each = 64, 12
		c := h.start()
		c = h.speaking(c.number, c.url, 5) // a server that has no time for somebody says so; a deadlock shows in the counter
		before := h.deadlocks()
		var posted, crossed, together, inside atomic.Int64
		var all sync.WaitGroup
		for n := range many {
			dice := rand.New(rand.NewPCG(uint64(n), 3))
			all.Go(func() {
				for range each {
					if now := inside.Add(1); now > together.Load() {
						together.Store(now)
					}
					if dice.IntN(2) == 0 {
						h.cross(c, dice, &crossed)
					} else {
						h.shuffled(c, dice, &posted)
					}
					inside.Add(-1)
				}
			})
		}
		all.Wait()
		if posted.Load() == 0 || crossed.Load() == 0 || together.Load() < many/4 {
			t.Errorf("%d entries, %d transfers, at most %d callers at once: they hardly met", posted.Load(), crossed.Load(), together.Load())
		}
		h.verify()
		t.Logf("%d entries and %d transfers by %d callers, up to %d at once", posted.Load(), crossed.Load(), many, together.Load())
		h.kill()
		h.noDeadlock(before)
		if h.dsn == "" {
			return
		}
		deadlock(t, h.dsn)
		until(t, "a deadlock that was made on purpose is counted", func() bool { return h.deadlocks() > before })
	})
}

// shuffled posts a batch whose accounts come in no order.
func (h *house) shuffled(c *crew, dice *rand.Rand, posted *atomic.Int64) {
	in := client.PostEntries{Atomic: dice.IntN(2) == 0}
	for range 1 + dice.IntN(6) {
		e := client.NewEntry{Kind: "lab.move"}
		for _, from := range dice.Perm(labs)[:1+dice.IntN(4)] {
			e.Legs = append(e.Legs, client.Leg{Debit: lab(from), Credit: lab((from + 1 + dice.IntN(labs-1)) % labs),
				Amount: strconv.Itoa(1 + dice.IntN(900)), Currency: "EUR"})
		}
		in.Entries = append(in.Entries, e)
	}
	out, err := c.operator.PostEntries(context.Background(), in)
	if err != nil || out.Refused > 0 {
		h.t.Errorf("a batch of %d: %v, %+v", len(in.Entries), err, out.Results)
		return
	}
	posted.Add(int64(out.Posted))
}

// cross pays from one wallet to another, in both directions at once over all callers; half are confirmed as they are made, which is done in
// one transaction for several, and half by a request of their own.
func (h *house) cross(c *crew, dice *rand.Rand, crossed *atomic.Int64) {
	pair := dice.Perm(2) // few, so that the same two meet again and again
	payer, in := c.payers[pair[0]], client.CreatePayment{Amount: euros(1 + dice.Int64N(900)), Payee: h.payers[pair[1]].id}
	in.Confirm = dice.IntN(2) == 0
	p, err := payer.CreatePayment(context.Background(), in)
	if err == nil && !in.Confirm {
		_, err = payer.ConfirmPayment(context.Background(), p.ID, client.ConfirmPayment{})
	}
	if err != nil {
		h.t.Errorf("a transfer: %v", err)
		return
	}
	crossed.Add(1)
}

// deadlock makes one, as the control of the counter: two transactions lock two rows in opposite orders.
func deadlock(t *testing.T, dsn string) {
	t.Helper()
	raw, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := raw.ExecContext(ctx, `create table lab_lock (id integer primary key); insert into lab_lock values (1), (2)`); err != nil {
		t.Fatal(err)
	}
	defer raw.ExecContext(ctx, `drop table lab_lock`)
	var held, all sync.WaitGroup
	held.Add(2)
	errs := make([]error, 2)
	for n := range 2 {
		all.Go(func() {
			tx, err := raw.BeginTx(ctx, nil)
			if err != nil {
				errs[n] = err
				held.Done()
				return
			}
			defer tx.Rollback()
			lock := func(id int) error {
				_, err := tx.ExecContext(ctx, `select id from lab_lock where id = $1 for update`, id)
				return err
			}
			errs[n] = lock(1 + n)
			held.Done()
			held.Wait()
			errs[n] = errors.Join(errs[n], lock(2-n))
		})
	}
	all.Wait()
	if errs[0] == nil && errs[1] == nil {
		t.Fatal("two transactions that wait for each other both went through")
	}
}
