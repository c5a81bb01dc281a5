package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// keeperEnv, when set, turns a test binary into the keeper of the server in the folder it names.
const keeperEnv = "BILLFOLD_TEST_PG_KEEPER"

// grace is how long the server outlives its last user. `go test ./...` starts test processes one after the other, and
// compiles between them.
const grace = 20 * time.Second

// A keeper is started before the test binary's own work would begin: a package variable and not TestMain, because
// every package that uses the server would have to have one.
func init() {
	if os.Getenv(keeperEnv) == "" {
		return
	}
	if err := keep(); err != nil {
		fmt.Fprintln(os.Stderr, "keeper:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func keep() error {
	p, err := find()
	if err != nil {
		return err
	}
	keeper, err := lock(p.lock("keeper"), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return err
	}
	defer unlock(keeper)
	// The terminal's interrupt is for the tests; the server goes when they have gone.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP)
	ended := make(chan error, 1)
	// A server whose keeper was killed goes on working for whoever uses it: adopt it.
	if p.run(maintenance, "select 1") != nil {
		server, err := p.anew()
		if err != nil {
			return err
		}
		go func() { ended <- server.Wait() }()
	}
	alone := make(chan *os.File)
	go p.watch(alone)
	select {
	case err := <-ended:
		return fmt.Errorf("the server ended by itself: %w", err)
	case users := <-alone:
		p.clear()
		// In this order: whoever waits for users must find that there is no keeper any more.
		unlock(keeper)
		unlock(users)
		return nil
	}
}

// anew makes a cluster and starts its server.
func (p place) anew() (*exec.Cmd, error) {
	p.clear()
	if err := p.create(); err != nil {
		return nil, err
	}
	return p.start()
}

// watch sends the users' lock, taken alone, when nobody has used the server for the time of grace.
func (p place) watch(alone chan<- *os.File) {
	for {
		// Blocks until the last user has gone.
		f, err := lock(p.lock("users"), syscall.LOCK_EX)
		if err != nil {
			fmt.Fprintln(os.Stderr, "keeper:", err)
			pause(grace)
			continue
		}
		unlock(f)
		pause(grace)
		if f, err := lock(p.lock("users"), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			alone <- f
			return
		}
	}
}

// clear stops the server, if one runs, and removes its cluster: it is made anew at every start, so nothing in it can rot.
func (p place) clear() {
	if exists(filepath.Join(p.data, "postmaster.pid")) {
		stop := p.command("pg_ctl", "stop", "-D", p.data, "-m", "fast")
		stop.Run() // It fails when the server is already dead, which is as good.
	}
	os.RemoveAll(p.data)
}

// create makes the cluster. Nothing in it is worth an fsync before the first test writes to it.
func (p place) create() error {
	if err := os.Mkdir(p.data, 0o700); err != nil {
		return err
	}
	if p.cred != nil {
		if err := os.Chown(p.data, int(p.cred.Uid), int(p.cred.Gid)); err != nil {
			return err
		}
	}
	initdb := p.command("initdb", "-D", p.data, "--username=billfold", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	return initdb.Run()
}

// start runs the server as shipped but for size: what it promises about durability is what our tests are about. More settings win.
func (p place) start(more ...string) (*exec.Cmd, error) {
	args := []string{"-D", p.data, "-k", p.data}
	for _, setting := range append([]string{
		"listen_addresses=", "unix_socket_permissions=0700", "max_connections=300", "shared_buffers=64MB", "max_wal_size=512MB",
		"wal_level=minimal", "max_wal_senders=0", "jit=off", "timezone=UTC", "log_timezone=UTC",
	}, more...) {
		args = append(args, "-c", setting)
	}
	cmd := p.command("postgres", args...)
	return cmd, cmd.Start()
}

func (p place) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.bin, name), args...)
	cmd.Dir = p.dir
	said := p.said
	if said == nil {
		said = os.Stderr
	}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred}
	return cmd
}
