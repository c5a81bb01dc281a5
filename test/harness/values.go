package harness

import (
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/seal"
)

// Start is the moment at which every test's business clock begins.
var Start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// Clock returns a business clock that stands at Start and moves only when the test advances it. Things that happen at
// once therefore carry the same time, which is the hard case for whatever sorts by it.
func Clock() *clock.Sandbox { return clock.NewSandbox(clock.Frozen(Start), 0) }

// Real returns the real clock, for what runs on real time: sessions, codes, leases, throttles.
func Real() clock.Clock { return clock.System() }

// Keyring returns an empty keyring in a folder of its own.
func Keyring(t testing.TB) *seal.Keyring {
	t.Helper()
	k, err := seal.OpenFile(t.TempDir())
	if err != nil {
		t.Fatalf("open keyring: %v", err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// Logger returns a logger whose lines stand in the test's output, where `go test` shows them only when it fails.
func Logger(t testing.TB) *slog.Logger { return logger(t, slog.LevelDebug) }

// Warnings is a Logger for tests of the whole program, whose lines about each request would bury what matters.
func Warnings(t testing.TB) *slog.Logger { return logger(t, slog.LevelWarn) }

func logger(t testing.TB, level slog.Level) *slog.Logger {
	w := &lines{to: t.Output()}
	t.Cleanup(w.end)
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// lines stops writing when the test ends: a goroutine that logs its own shutdown must not panic the test binary.
type lines struct {
	mu sync.Mutex
	to io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

func (l *lines) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to = io.Discard
}
