package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a cold start may take: initdb and a first start need 2 s on an idle machine, and more when every
// core compiles tests.
const patience = 90 * time.Second

var number atomic.Int64

// using is this process's share of the users' lock. It stays reachable: a file that is collected is closed, which would give
// the lock away and have the keeper stop the server under running tests.
var using *os.File

// New makes an empty database that lives as long as the test and returns its DSN.
func New(t testing.TB) string {
	t.Helper()
	p, err := server()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), number.Add(1))
	if err := p.admin("create database " + name); err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	t.Cleanup(func() {
		if err := p.admin("drop database if exists " + name + " with (force)"); err != nil {
			t.Errorf("PostgreSQL for tests: %v", err)
		}
	})
	return p.dsn(name)
}

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
		err := p.admin("select 1")
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

// admin runs one statement outside any transaction on the maintenance database.
func (p place) admin(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.dsn("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// pause waits without a condition to wait for: the other side is another process.
func pause(d time.Duration) { <-time.After(d) }
