package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"billfold/app/demo"
	"billfold/base/db"
)

// TestDemoIsWhole counts that every payment of the demo has a ledger entry under its id and an event that was numbered and told,
// that nothing is left in the outbox, that every top-up came in by a callback and was credited once, and that verify finds nothing.
func TestDemoIsWhole(t *testing.T) {
	on(t, func(t *testing.T, c Config) {
		ctx := context.Background()
		a, _ := start(t, c)
		planned := map[demo.Deed]int{}
		for _, act := range demo.Acts(demo.Plan(1, demoDays)) {
			planned[act.Deed]++
		}
		want := planned[demo.Fill] + planned[demo.Buy] + planned[demo.Reserve] + planned[demo.Ask] + planned[demo.Send] +
			planned[demo.Return]

		type row struct{ id, kind, state string }
		rows, err := db.Read(ctx, a.DB, func(tx *db.Tx) ([]row, error) {
			return db.All(tx, func(r db.Row) (p row, err error) {
				err = r.Scan(&p.id, &p.kind, &p.state)
				return p, err
			}, `select id, kind, state from payment_record order by id`)
		})
		if err != nil {
			t.Fatal(err)
		}
		const lately = 9 // payments of the scenes after the history: all that the state of them below counts, in every engine the same
		if len(rows) != want+lately || len(rows) < 300 {
			t.Errorf("%d payments, planned were %d and %d", len(rows), want, lately)
		}
		states := map[string]int{}
		if err := a.DB.Read(ctx, func(tx *db.Tx) error {
			var pending, head, told int64
			if err := errors.Join(tx.Row(`select count(*) from event_pending`).Scan(&pending),
				tx.Row(`select number from event_cursor where name = 'sequencer'`).Scan(&head),
				tx.Row(`select number from event_cursor where name = $1`, teller).Scan(&told)); err != nil {
				return err
			}
			if pending != 0 || head == 0 || told != head {
				t.Errorf("%d events have no number, %d have one, %d are told", pending, head, told)
			}
			entries := tally(t, tx, `select reference, count(*) from ledger_entry where reference is not null group by reference`)
			numbered := tally(t, tx, `select r.object, count(*) from event_record r join event_owner o on o.event = r.id group by r.object`)
			sides := tally(t, tx, `select payment, count(*) from payment_step where name in ('confirm_payer', 'confirm_payee') group by payment`)
			callbacks := tally(t, tx, `select reference, count(*) from rail_callback group by reference`)
			for _, p := range rows {
				states[p.kind+" "+p.state]++
				told := sidesTold(p.kind, p.state)
				if moved := told > 0; (entries[p.id] > 0) != moved || numbered[p.id] == 0 || sides[p.id] < told || !moved && sides[p.id] > 0 {
					t.Errorf("%s (%s, %s) has %d entries and %d events with a number; %d sides were told", p.id, p.kind, p.state,
						entries[p.id], numbered[p.id], sides[p.id])
				}
				if p.kind == "topup" && told > 0 && (callbacks[p.id] == 0 || entries[p.id] != 1) {
					t.Errorf("%s came in by %d callbacks and was credited %d times", p.id, callbacks[p.id], entries[p.id])
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, kind := range demoStates {
			if states[kind] == 0 {
				t.Errorf("no %s in the demo: %v", kind, states)
			}
		}
		audit, err := Verify(ctx, a.Config, func(finding string) { t.Error(finding) })
		if err != nil || audit.Findings != 0 || audit.Payments.Payments != int64(len(rows)) || audit.Ledger.Entries < len(rows) {
			t.Errorf("verify: %+v, %v", audit, err)
		}
	})
}

// demoStates is what there is to see in a demo.
var demoStates = []string{"purchase completed", "purchase voided", "purchase expired", "purchase refunded", "purchase partly_refunded",
	"transfer completed", "transfer awaiting_confirmation", "transfer authorized", "topup completed", "topup processing",
	"refund completed", "withdrawal completed", "exchange completed"}

// sidesTold is how many sides hear of a payment at least, once money has moved; 0 before that.
func sidesTold(kind, state string) int {
	switch {
	case state == "awaiting_confirmation" || state == "processing":
		return 0
	case kind == "transfer" && state == "authorized":
		return 1 // it waits behind a link, and nobody has opened it
	}
	return 2
}

// tally counts by id.
func tally(t *testing.T, tx *db.Tx, q string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	_, err := db.All(tx, func(r db.Row) (struct{}, error) {
		var id string
		var n int
		err := r.Scan(&id, &n)
		counts[id] = n
		return struct{}{}, err
	}, q)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// TestCutShortDemo stops the making of the history again and again, and shows that the next start finishes it: in the end it is the
// same history as one that was made without a stop, with nothing twice.
func TestCutShortDemo(t *testing.T) {
	on(t, func(t *testing.T, c Config) {
		ctx := context.Background()
		facts := func(a *App) (list []string) {
			t.Helper()
			list, err := db.Read(ctx, a.DB, func(tx *db.Tx) ([]string, error) {
				return db.All(tx, func(r db.Row) (string, error) {
					var day, amount int64
					var kind, state, currency string
					err := r.Scan(&day, &kind, &state, &amount, &currency)
					return fmt.Sprintf("day %d: %s of %d %s, %s", day, kind, amount, currency, state), err
				}, `select created_at / 86400000000, kind, state, amount, currency from payment_record order by 1, kind, state, amount, currency`)
			})
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		cuts := 0
		for after := 100; ; after *= 3 {
			ln, err := Listen(ctx, "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			a, err := Open(ctx, c, ln)
			if err != nil {
				t.Fatal(err)
			}
			serving, cancel := context.WithCancel(ctx)
			served := make(chan error, 1)
			go func() { served <- a.Serve(serving, ln) }()
			limit := &cutoff{Context: ctx, done: make(chan struct{}), left: after}
			err = a.Seed(limit)
			cancel()
			<-served
			whole := err == nil
			if !whole {
				cuts++
			}
			if err := a.Close(ctx); err != nil {
				t.Fatal(err)
			}
			if whole {
				break
			}
		}
		if cuts < 2 {
			t.Errorf("it was cut %d times: nothing was shown", cuts)
		}
		cut, _ := start(t, c)
		whole, _ := start(t, Config{Mode: Sandbox, Data: t.TempDir()})
		one, other := facts(cut), facts(whole)
		if len(one) != len(other) {
			t.Fatalf("%d payments after %d cuts, %d without", len(one), cuts, len(other))
		}
		for i := range one {
			if one[i] != other[i] {
				t.Errorf("%q after %d cuts, %q without", one[i], cuts, other[i])
			}
		}
		if audit, err := Verify(ctx, cut.Config, func(finding string) { t.Error(finding) }); err != nil || audit.Findings != 0 {
			t.Errorf("verify: %+v, %v", audit, err)
		}
	})
}

// TestNothingLegible shows that whoever copies the database away reads no name, handle, address or words of a person in it, and
// no key.
func TestNothingLegible(t *testing.T) {
	a, stop := start(t, Config{Mode: Sandbox, Data: t.TempDir()})
	keys, err := a.DemoKeys(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	read := func() []byte {
		var all []byte
		for _, name := range []string{File(a.Config.Data), File(a.Config.Data) + "-wal"} {
			text, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			all = append(all, text...)
		}
		return all
	}
	running := read()
	stop()
	for _, all := range [][]byte{running, read()} {
		if !bytes.Contains(all, []byte("Café Linden")) {
			t.Error("not even the shop's name is there: this looks at the wrong file")
		}
		secret := []string{keys.Shop, keys.Payer, keys.Operator}
		for _, p := range demo.People {
			secret = append(secret, p.Name, p.Handle+"@example.org")
		}
		for _, act := range demo.Acts(demo.Plan(1, demoDays)) {
			if act.Deed == demo.Send {
				secret = append(secret, act.Words)
			}
		}
		for _, words := range append(secret, "ana_garcia", "bo_lindqvist") {
			if bytes.Contains(all, []byte(words)) {
				t.Errorf("%q can be read in the database", words)
			}
		}
	}
}
