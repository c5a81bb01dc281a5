package outage

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"billfold/base/db"
	"billfold/client"
)

// TestKillInsideACheckpoint kills the server while it copies SQLite's log into the file, which it does on a connection of its own, some
// tens of megabytes at a time: half of the pages in the file are then new and half are old, and the log says that nothing was copied. That
// the kill fell there is read from what the process left. Every acknowledged id is there afterwards, and the books verify; without the log,
// which is the control, they do not.
func TestKillInsideACheckpoint(t *testing.T) {
	h := build(t, db.SQLite)
	want := 2
	if long() {
		want = 30
	}
	j, dice := newJournal(), rand.New(rand.NewPCG(17, 1))
	shared := &crowd{}
	var all sync.WaitGroup
	var workers []*worker
	const many, bulky = 8, 3
	for i := range many {
		w := &worker{h: h, j: j, name: fmt.Sprintf("w%d", i), dice: rand.New(rand.NewPCG(dice.Uint64(), 7)), moved: map[string]int64{},
			crowd: shared}
		workers = append(workers, w)
		if i < bulky {
			all.Go(w.fill)
		} else {
			all.Go(w.work)
		}
	}
	h.open(h.start())
	inside, rounds := 0, 0
	for ; inside < want && rounds < 20*want && !t.Failed(); rounds++ {
		seen := j.size()
		h.strike(time.Duration(dice.Int64N(int64(4 * time.Millisecond))))
		until(t, "everybody waits for a server", func() bool { return t.Failed() || shared.parked.Load() == many })
		if from, to := h.copying(); from < to {
			if inside++; inside == 1 {
				h.withoutLog()
			}
			t.Logf("killed while frames %d to %d of the log were copied", from, to)
		}
		c := h.start()
		for _, what := range j.check(c, seen) {
			t.Errorf("round %d: %s", rounds, what)
		}
		h.verify()
		h.open(c)
	}
	shared.stop.Store(true)
	all.Wait()
	if inside < want {
		t.Errorf("%d of %d kills fell into a checkpoint, %d were wanted", inside, rounds, want)
	}
	h.settle(j, workers)
	h.kill()
	t.Logf("%d of %d kills fell into a checkpoint%s", inside, rounds, j)
}

// fill makes the log long: batches of entries with a lot to remember.
func (w *worker) fill() {
	const each = 100
	in := client.PostEntries{Atomic: true}
	for range each {
		in.Entries = append(in.Entries, client.NewEntry{Kind: "lab.bulk", Metadata: map[string]string{"text": strings.Repeat("long ", 700)},
			Legs: []client.Leg{{Debit: lab(0), Credit: lab(1), Amount: "1", Currency: "EUR"}}})
	}
	for !w.crowd.stop.Load() {
		out, err := do(w, "bulk", "", func(c *crew, o ...client.Option) (client.EntryResults, error) {
			return c.operator.PostEntries(context.Background(), in, o...)
		})
		if err != nil || out.Refused > 0 {
			w.h.t.Errorf("%s: %v, %d refused", w.name, err, out.Refused)
			return
		}
		w.move(lab(0), lab(1), each)
	}
}

// strike kills the server a moment after it began to write to the database file, which only a checkpoint does.
func (h *house) strike(after time.Duration) {
	h.t.Helper()
	watch, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		h.t.Fatal(err)
	}
	defer unix.Close(watch)
	if _, err := unix.InotifyAddWatch(watch, filepath.Join(h.data, "billfold.db"), unix.IN_MODIFY); err != nil {
		h.t.Fatal(err)
	}
	fds := []unix.PollFd{{Fd: int32(watch), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(patience.Milliseconds()))
	for err == unix.EINTR {
		n, err = unix.Poll(fds, int(patience.Milliseconds()))
	}
	if n == 0 || err != nil {
		h.t.Fatalf("no checkpoint in %v: %v", patience, err)
	}
	<-time.After(after)
	h.kill()
}

// copying is which frames of the log were being copied when the server died: those that a checkpoint had set out to copy, after those that
// it had noted as copied (https://www.sqlite.org/walformat.html, 2.3; nBackfillAttempted and nBackfill). They are equal at any other time.
func (h *house) copying() (from, to uint32) {
	h.t.Helper()
	index, err := os.ReadFile(filepath.Join(h.data, "billfold.db-shm"))
	if err != nil || len(index) < 136 {
		h.t.Fatalf("the log's index: %d bytes, %v", len(index), err)
	}
	return binary.NativeEndian.Uint32(index[96:]), binary.NativeEndian.Uint32(index[128:])
}

// withoutLog takes the log away from a copy of what the killed server left: the books do not verify then, and with it they do.
func (h *house) withoutLog() {
	h.t.Helper()
	verify := func(without ...string) (string, error) {
		dir := filepath.Join(h.t.TempDir(), "copy")
		if err := os.CopyFS(dir, os.DirFS(h.data)); err != nil {
			h.t.Fatal(err)
		}
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error { // a copy is readable for all, and a key may not be
			if err == nil && !d.IsDir() {
				err = os.Chmod(path, 0o600)
			}
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
		for _, name := range without {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				h.t.Fatal(err)
			}
		}
		out, err := exec.Command(program, "verify", "--data", dir).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if out, err := verify(); err != nil {
		h.t.Errorf("a copy does not verify: %v\n%s", err, out)
	}
	out, err := verify("billfold.db-wal", "billfold.db-shm")
	if err == nil {
		h.t.Errorf("a file that was half copied verifies without its log:\n%s", out)
	}
	h.t.Logf("without the log: %v: %s", err, out)
}
