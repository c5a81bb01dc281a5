package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// Server is a server of one test's own, which may be stopped, killed and started again.
type Server struct {
	t        testing.TB
	at       place
	settings []string
	process  *exec.Cmd
}

var servers atomic.Int64

// Alone starts a server of the test's own with these settings ("name=value") beside those of New, until the test ends.
func Alone(t testing.TB, settings ...string) *Server {
	t.Helper()
	p, err := find()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	p.dir = filepath.Join(p.dir, fmt.Sprintf("alone_%d_%d", os.Getpid(), servers.Add(1)))
	p.data = filepath.Join(p.dir, "pg")
	// 0711: the server's user has to pass through.
	if err := os.Mkdir(p.dir, 0o711); err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	if p.said, err = os.Create(filepath.Join(p.dir, "said.log")); err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	s := &Server{t: t, at: p, settings: settings}
	t.Cleanup(func() {
		s.Stop("immediate")
		p.said.Close()
		if err := os.RemoveAll(p.dir); err != nil {
			t.Errorf("remove the server's folder: %v", err)
		}
	})
	if err := p.create(); err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	s.Start()
	return s
}

// DSN names the server's one database.
func (s *Server) DSN() string { return s.at.dsn(maintenance) }

// Start starts the server and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	process, err := s.at.start(s.settings...)
	if err != nil {
		s.t.Fatalf("start PostgreSQL: %v", err)
	}
	s.process = process
	for deadline := time.Now().Add(patience); ; pause(20 * time.Millisecond) {
		err := s.at.run(maintenance, "select 1")
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(s.at.said.Name())
			s.t.Fatalf("PostgreSQL does not answer: %v\n%s", err, said)
		}
	}
}

// Stop stops the server: "fast" breaks off what runs and writes everything down, "immediate" dies on the spot.
func (s *Server) Stop(mode string) {
	if s.process == nil {
		return
	}
	if err := s.at.command("pg_ctl", "stop", "-D", s.at.data, "-m", mode).Run(); err != nil {
		s.t.Errorf("stop PostgreSQL: %v", err)
	}
	_ = s.process.Wait() // it says how it was stopped
	s.process = nil
}

// Run executes statements, each in a transaction of its own.
func (s *Server) Run(statements ...string) {
	s.t.Helper()
	if err := s.at.run(maintenance, statements...); err != nil {
		s.t.Fatal(err)
	}
}
