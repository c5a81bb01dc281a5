package app

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"billfold/app/demo"
	"billfold/base/db"
	"billfold/core/audit"
	"billfold/core/identity"
	"billfold/test/harness"
)

// seeded is a sandbox with demo data, and its operator.
func seeded(t *testing.T, c Config) (a *App, stop func(), operator identity.Person) {
	t.Helper()
	a, stop = start(t, c)
	operator, err := db.Read(t.Context(), a.DB, func(tx *db.Tx) (identity.Person, error) { return a.People.ByHandle(tx, demo.Operator) })
	if err != nil {
		t.Fatal(err)
	}
	return a, stop, operator
}

// aside is the configuration that opens what was put aside.
func aside(t *testing.T, c Config) Config {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(c.Data, asidePrefix+"*"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("put aside: %v, %v", folders, err)
	}
	old := Config{Mode: Sandbox, Data: folders[0], Log: c.Log}
	if c.DB != "" {
		old.DB = c.DB + "&search_path=" + filepath.Base(folders[0])
	}
	return old
}

// TestRemovedDemo has an operator remove the demo data: the next Open makes a sandbox with nobody but them in it, where the link they
// were given signs them in and the trail says why; what was put aside still verifies, with the record of who put it there.
func TestRemovedDemo(t *testing.T) {
	on(t, func(t *testing.T, c Config) {
		ctx := context.Background()
		a, stop, olu := seeded(t, c)
		facts, err := a.demoFacts(ctx)
		if err != nil || facts.People < 4 || facts.Shops < 2 || facts.Payments < 300 {
			t.Fatalf("what would go: %+v, %v", facts, err)
		}
		path, err := a.RemoveDemo(ctx, audit.Record{Actor: string(olu.ID), Action: audit.DemoRemoved, Reason: "we begin for real"})
		if err != nil {
			t.Fatal(err)
		}
		next := <-a.Anew()
		stop()

		c.Successor = next
		b, stop := start(t, c)
		if b.Installation.ID == a.Installation.ID || b.Seeding() || !b.Installation.demo.IsZero() {
			t.Errorf("it is the old one: %+v", b.Installation)
		}
		if facts, err := b.demoFacts(ctx); err != nil || facts.People != 1 || facts.Shops+facts.Payments != 0 {
			t.Errorf("it is not empty: %+v, %v", facts, err)
		}
		session, err := b.People.RedeemLink(ctx, strings.TrimPrefix(path, "/setup?token="), "", identity.Visit{})
		if err != nil {
			t.Fatal(err)
		}
		who, err := b.People.Authenticate(ctx, session)
		if err != nil || who.Person.Name != olu.Name || who.Person.Handle != olu.Handle || !who.Person.Operator {
			t.Errorf("the link lets in %+v, %v", who.Person, err)
		}
		trail, _, err := b.Trail.List(ctx, audit.Filter{}, "", 10)
		if err != nil || len(trail) != 1 || trail[0].Reason != "we begin for real" || trail[0].Object != a.Installation.ID {
			t.Errorf("the trail: %+v, %v", trail, err)
		}
		if personas, err := b.Personas(ctx); err != nil || len(personas) != 1 || personas[0].Person != who.Person.ID {
			t.Errorf("personas: %+v, %v", personas, err)
		}
		if _, err := b.RemoveDemo(ctx, trail[0]); !errors.Is(err, ErrNoDemo) {
			t.Errorf("removed again: %v", err)
		}
		stop()
		c.Successor = nil
		d, stop := start(t, c)
		if link, err := d.SetUpLink(ctx); err != nil {
			t.Error(err)
		} else if one, err := d.People.PeekLink(ctx, link[strings.Index(link, "=")+1:]); err != nil || one.Person != who.Person.ID {
			t.Errorf("the link of a later start is for %+v, %v", one, err)
		}
		stop()

		for _, place := range []Config{c, aside(t, c)} {
			found, err := Verify(ctx, place, func(finding string) { t.Error(finding) })
			if err != nil || found.Findings != 0 {
				t.Errorf("verify of %s: %+v, %v", place.Data, found, err)
			}
			if place.Data != c.Data && found.Payments.Payments != facts.Payments {
				t.Errorf("%d payments were put aside, there were %d", found.Payments.Payments, facts.Payments)
			}
		}
	})
}

// TestRemovalCutShort shows that a removal which was begun is finished by the next start, whatever part of it was done, and that no
// demo is made again.
func TestRemovalCutShort(t *testing.T) {
	on(t, func(t *testing.T, c Config) {
		ctx := context.Background()
		a, stop, olu := seeded(t, c)
		if _, err := a.RemoveDemo(ctx, audit.Record{Actor: string(olu.ID), Reason: "cut short"}); err != nil {
			t.Fatal(err)
		}
		stop()
		full := c.withDefaults()
		if _, err := carryOut(ctx, full); err != nil { // all the moves, and then the machine stops
			t.Fatal(err)
		}
		p, err := os.ReadFile(planFile(c.Data))
		if err != nil {
			t.Fatal(err)
		}
		for _, again := range []string{strings.Replace(string(p), "true", "false", 1), string(p)} {
			if err := os.WriteFile(planFile(c.Data), []byte(again), 0o600); err != nil {
				t.Fatal(err)
			}
			if anew, err := carryOut(ctx, full); err != nil || !anew {
				t.Fatalf("%s: %v, %v", again, anew, err)
			}
		}
		b, _ := start(t, c)
		if b.Seeding() || !b.Installation.demo.IsZero() {
			t.Error("the demo is made again")
		}
		if _, err := os.Stat(planFile(c.Data)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the plan is still there: %v", err)
		}
	})
}

// TestClear empties a sandbox that does not run, and refuses one that runs, one without a demo, and none at all.
func TestClear(t *testing.T) {
	on(t, func(t *testing.T, c Config) {
		ctx := context.Background()
		c.Log = harness.Logger(t)
		if c.DB == "" {
			if _, err := Clear(ctx, c); !errors.Is(err, ErrNoInstallation) {
				t.Errorf("of nothing: %v", err)
			}
		}
		a, stop, olu := seeded(t, c)
		want, where := db.ErrFolderInUse, "removed_"
		if c.DB != "" {
			want = db.ErrInUse
			other, err := db.Open(ctx, db.Options{DSN: c.DB})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.RemoveDemo(ctx, audit.Record{Actor: string(olu.ID)}); !errors.Is(err, db.ErrInUse) {
				t.Errorf("with another process: %v", err)
			}
			other.Close()
		}
		if _, err := Clear(ctx, c); !errors.Is(err, want) {
			t.Errorf("of a running one: %v", err)
		}
		stop()
		said, err := Clear(ctx, c)
		if err != nil || !strings.Contains(said, where) {
			t.Fatalf("%q, %v", said, err)
		}
		b, stop := start(t, c)
		if facts, err := b.demoFacts(ctx); err != nil || facts.People != 0 {
			t.Errorf("who is left: %+v, %v", facts, err)
		}
		stop()
		if _, err := Clear(ctx, c); !errors.Is(err, ErrNoDemo) {
			t.Errorf("of an empty one: %v", err)
		}
		if found, err := Verify(ctx, aside(t, c), func(finding string) { t.Error(finding) }); err != nil || found.Findings != 0 {
			t.Errorf("verify: %+v, %v", found, err)
		}
	})
}

// TestPortIsKept shows that a caller who comes between two servers waits for the second one.
func TestPortIsKept(t *testing.T) {
	ctx := context.Background()
	ln, err := Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := Kept{ln.(*net.TCPListener)}
	first, err := port.Lend()
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan error, 1)
	go func() {
		_, err := first.Accept()
		accepted <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-accepted; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener says %v", err)
	}
	caller, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatalf("between two servers: %v", err)
	}
	defer caller.Close()
	second, err := port.Lend()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := second.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
