package main

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/client"
)

// asProgram has the test binary be the program, so that tests run the very code they were built from, in a process of its own.
const asProgram = "BILLFOLD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what has to happen; it is no promise of ours.
const patience = 60 * time.Second

// program is one run of billfold.
type program struct {
	t    *testing.T
	cmd  *exec.Cmd
	line chan string // standard output, line by line; closed at its end
	mu   sync.Mutex
	errs bytes.Buffer
	said strings.Builder
	gone chan struct{}
}

// Write takes in standard error.
func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errs.Write(b)
}

// complaint is what it wrote to standard error so far.
func (p *program) complaint() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errs.String()
}

// launch starts billfold; the test's end kills it if it still runs.
func launch(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(os.Args[0], args...), line: make(chan string, 100), gone: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), asProgram+"=1", "LC_ALL=C"), env...)
	p.cmd.Stderr = p
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.gone)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			p.mu.Lock()
			p.said.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
			p.line <- lines.Text()
		}
		close(p.line)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		p.exit()
		if t.Failed() {
			t.Logf("billfold %s\n%s", strings.Join(args, " "), p.complaint())
		}
	})
	return p
}

// ready waits until the program greets.
func (p *program) ready() *program {
	p.t.Helper()
	select {
	case line, open := <-p.line:
		if !open || !strings.HasPrefix(line, "Billfold ") {
			p.t.Fatalf("it did not start: %q\n%s", line, p.complaint())
		}
	case <-time.After(patience):
		p.t.Fatalf("it did not start in time\n%s", p.complaint())
	}
	return p
}

// exit waits for the end and returns the exit code.
func (p *program) exit() int {
	for {
		select {
		case <-p.line:
		case <-p.gone:
			return p.cmd.ProcessState.ExitCode()
		case <-time.After(patience):
			p.t.Errorf("it did not end\n%s", p.complaint())
			return -1
		}
	}
}

// billfold runs a command to its end and returns its exit code and what it wrote.
func billfold(t *testing.T, env []string, args ...string) (code int, out, complaint string) {
	t.Helper()
	p := launch(t, env, args...)
	code = p.exit()
	p.mu.Lock()
	defer p.mu.Unlock()
	return code, p.said.String(), p.errs.String()
}

// place is where a program keeps its data.
type place struct {
	dir string
	env []string // BILLFOLD_DB for PostgreSQL
}

// dev starts a sandbox there, on a port of its own.
func (at place) dev(t *testing.T, more ...string) *program {
	t.Helper()
	return launch(t, at.env, append([]string{"dev", "--data", at.dir, "--addr", "127.0.0.1:0"}, more...)...)
}

// secrets reads dev.env.
func (at place) secrets(t *testing.T) map[string]string {
	t.Helper()
	name := filepath.Join(at.dir, "dev.env")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("dev.env has mode %v", info.Mode())
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			found[name] = value
		}
	}
	return found
}

// as makes a client that speaks with one of the keys in dev.env.
func (at place) as(t *testing.T, key string) *client.Client {
	t.Helper()
	secrets := at.secrets(t)
	return &client.Client{BaseURL: secrets["BILLFOLD_URL"], Key: secrets[key]}
}

// until asks again until the answer is yes.
func until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		case <-tick.C:
		}
	}
}

// get asks for a path and returns the status, 0 where there was no answer.
func get(url string) int {
	r, err := http.Get(url)
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}
