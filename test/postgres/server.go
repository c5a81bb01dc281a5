package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// patience is how long a cold start may take: initdb and a first start need 2 s on an idle machine, and two minutes when every
// core compiles tests.
const patience = 5 * time.Minute

// using is this process's share of the users' lock. It stays reachable: a file that is collected is closed, which would give
// the lock away and have the keeper stop the server under running tests.
var using *os.File

// New lends the test an empty database until it ends, and returns its DSN.
//
// Databases are lent again and again: emptying one takes a twentieth of the time of making one, which copies 300 files and
// ends with a checkpoint. A lock per database says that somebody has it; who gets one empties it, so it does not matter how
// the one before ended.
func New(t testing.TB) string {
	t.Helper()
	p, err := server()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	for slot := 0; ; slot++ {
		name := fmt.Sprintf("test_%d", slot)
		held, err := lock(p.lock(name), syscall.LOCK_EX|syscall.LOCK_NB)
		if taken(err) {
			continue
		}
		if err == nil {
			t.Cleanup(func() { unlock(held) })
			err = p.empty(name)
		}
		if err != nil {
			t.Fatalf("PostgreSQL for tests: %v", err)
		}
		return p.dsn(name)
	}
}

// empty makes the named database or takes everything out of it, whoever may still be connected.
func (p place) empty(name string) error {
	err := p.run(name, `select pg_terminate_backend(pid, 10000) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
		"drop schema if exists public cascade", "create schema public", "alter database "+name+" reset all")
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == unknownDatabase {
		return p.run(maintenance, "create database "+name)
	}
	return err
}

const (
	maintenance     = "postgres"
	unknownDatabase = "3D000"
)

// server starts or joins the machine's server, once per process.
var server = sync.OnceValues(func() (place, error) {
	p, err := find()
	if err != nil {
		return p, err
	}
	// Held until this process ends. While a keeper is stopping the server this waits, and then starts a new one.
	if using, err = lock(p.lock("users"), syscall.LOCK_SH); err != nil {
		return p, err
	}
	starting, err := lock(p.lock("start"), syscall.LOCK_EX)
	if err != nil {
		return p, err
	}
	defer unlock(starting)
	keeper, err := lock(p.lock("keeper"), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		unlock(keeper)
		if err := p.spawn(); err != nil {
			return p, err
		}
	} else if !taken(err) {
		return p, err
	}
	return p, p.await()
})

// spawn runs this test binary again as the keeper, in a session of its own and with no file of ours: `go test` waits
// until nobody holds its output any more.
func (p place) spawn() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(p.dir, "keeper.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), keeperEnv+"="+p.dir, "LC_ALL=C", "TZ=UTC")
	cmd.Dir = p.dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// await returns when the server answers. It gives up early when the keeper has gone, with the keeper's own words.
func (p place) await() error {
	deadline := time.Now().Add(patience)
	seen := false
	for {
		err := p.run(maintenance, "select 1")
		if err == nil {
			return nil
		}
		keeper, free := lock(p.lock("keeper"), syscall.LOCK_EX|syscall.LOCK_NB)
		if free == nil {
			unlock(keeper)
		}
		seen = seen || free != nil
		if time.Now().After(deadline) || seen && free == nil {
			said, _ := os.ReadFile(filepath.Join(p.dir, "keeper.log"))
			return fmt.Errorf("the server in %s does not answer: %w\n%s", p.dir, err, said)
		}
		pause(50 * time.Millisecond)
	}
}

// run executes statements on a database, each in a transaction of its own.
func (p place) run(database string, statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.dsn(database))
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err = conn.Exec(ctx, statement); err != nil {
			break
		}
	}
	return errors.Join(err, conn.Close(ctx))
}

// pause waits without a condition to wait for: the other side is another process.
func pause(d time.Duration) { <-time.After(d) }
