package payment

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/seal"
	"billfold/core/identity"
	"billfold/test/harness"
)

// toldSides says which sides of a payment have been told of a version.
func (w *world) toldSides(p ID, version int64) (payer, payee bool) {
	w.t.Helper()
	steps, err := w.Timeline(w.ctx, Caller{Person: "usr_operator", Operator: true}, p)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range steps {
		payer = payer || s.Number == version*told+1 && s.Name == StepConfirmPayer
		payee = payee || s.Number == version*told+2 && s.Name == StepConfirmPayee
	}
	return payer, payee
}

// untold are the events the outbox has for the subscriber, read past its cursor.
func (w *world) untold() []event.Event {
	w.t.Helper()
	events, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) ([]event.Event, error) { return event.Walk(tx, "", 1000) })
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

// TestToldTogether: whatever breaks the transaction of a telling, nobody is told alone; and telling twice tells once.
func TestToldTogether(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		var paid []Payment
		for i := range 5 {
			paid = append(paid, w.pay(w.lena, int64(100+i)))
		}
		torn := errors.New("the plug was pulled")
		for doing, tear := range map[string]func(tx *db.Tx) error{
			"at its end": func(*db.Tx) error { return torn },
			"by the database": func(tx *db.Tx) error {
				_, err := tx.Exec(`insert into payment_step (payment) values ($1)`, "x")
				return err
			},
		} {
			err := w.DB.Write(w.ctx, func(tx *db.Tx) error {
				if err := w.tell(tx, w.untold()); err != nil {
					t.Error(err)
				}
				return tear(tx)
			})
			if err == nil {
				t.Errorf("torn %s: it went through", doing)
			}
			for _, p := range paid {
				if payer, payee := w.toldSides(p.ID, 3); payer || payee {
					t.Errorf("torn %s: payer told %v, payee told %v", doing, payer, payee)
				}
			}
		}
		for range 3 { // the same batch again, as after a lost cursor
			if err := w.DB.Write(w.ctx, func(tx *db.Tx) error { return w.tell(tx, w.untold()) }); err != nil {
				t.Fatal(err)
			}
		}
		w.rest()
		for _, p := range paid {
			if payer, payee := w.toldSides(p.ID, 3); !payer || !payee {
				t.Errorf("payer told %v, payee told %v", payer, payee)
			}
			if now, err := w.Get(w.ctx, w.by(w.lena), p.ID); err != nil || now.Version != 3 || len(now.Steps) != 5 {
				t.Errorf("being told changed the payment: %+v, %v", now, err)
			}
		}
		w.inboxes(len(paid))
	})
}

// The moments at which the process is killed while it tells.
const (
	dieBefore = "before the first statement"
	dieInside = "after the last statement, before the commit"
	dieAfter  = "after the commit"
)

const dieEnv = "BILLFOLD_TEST_DIE"

// TestKilledWhileTelling kills a process with SIGKILL inside the subscriber's transaction, and looks from another one.
func TestKilledWhileTelling(t *testing.T) {
	if how := os.Getenv(dieEnv); how != "" {
		dieTelling(t, strings.Split(how, "\n"))
		return
	}
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		for _, moment := range []string{dieBefore, dieInside, dieAfter} {
			t.Run(string(engine)+" "+moment, func(t *testing.T) { killed(t, engine, moment) })
		}
	}
}

func killed(t *testing.T, engine db.Engine, moment string) {
	place, keys := harness.Place(t, engine), t.TempDir()
	var p Payment
	var lena, owner identity.PersonID
	in := func(name string, body func(w *world)) {
		t.Run(name, func(t *testing.T) {
			d := harness.Again(t, place)
			if err := d.Migrate(t.Context(), harness.Start, schemas...); err != nil {
				t.Fatal(err)
			}
			ring, err := seal.OpenFile(keys)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { ring.Close() })
			body(build(t, d, ring, harness.Clock(), harness.Clock()))
		})
	}
	in("pay", func(w *world) {
		w.people()
		w.fund(w.lena, 1000)
		p, lena, owner = w.pay(w.lena, 400), w.lena, w.owner
	})
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileTelling$")
	child.Env = append(os.Environ(), dieEnv+"="+strings.Join([]string{moment, place.Path, place.DSN, keys}, "\n"))
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child was to die by SIGKILL: %v\n%s", err, out)
	}
	in("look", func(w *world) {
		payer, payee := w.toldSides(p.ID, 3)
		if payer != payee || payer != (moment == dieAfter) {
			t.Errorf("killed %s: payer told %v, payee told %v", moment, payer, payee)
		}
		w.rest()
		if payer, payee := w.toldSides(p.ID, 3); !payer || !payee {
			t.Errorf("after the restart: payer told %v, payee told %v", payer, payee)
		}
		w.lena, w.owner = lena, owner
		w.verify()
	})
}

// dieTelling is the process that is killed.
func dieTelling(t *testing.T, how []string) {
	moment, place := how[0], db.Options{Path: how[1], DSN: how[2]}
	d := harness.Again(t, place)
	ring, err := seal.OpenFile(how[3])
	if err != nil {
		t.Fatal(err)
	}
	w := build(t, d, ring, harness.Clock(), harness.Clock())
	die := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }
	outbox := event.New(event.Options{DB: d, IDs: w.ids, Clock: w.business, Real: w.real})
	outbox.Subscribe(subscriber, func(tx *db.Tx, events []event.Event) error {
		if moment == dieBefore {
			die()
		}
		if err := w.tell(tx, events); err != nil {
			return err
		}
		if moment == dieInside {
			if _, err := db.All(tx, scanID, selectDue, int64(0), 1); err != nil { // has what was queued sent
				return err
			}
			die()
		}
		tx.After(die)
		return nil
	})
	if _, err := outbox.Step(w.ctx, 0); err != nil {
		t.Fatal(err)
	}
}
