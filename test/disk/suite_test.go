package disk_test

import (
	"encoding/gob"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"billfold/base/seal"
	"billfold/test/disk"
)

// keyring is keys in a folder that a failing test can keep.
type keyring struct {
	dir  string
	ring *seal.Keyring
}

func newKeys(t testing.TB) keyring { return openKeys(t, t.TempDir()) }

func openKeys(t testing.TB, dir string) keyring {
	t.Helper()
	ring, err := seal.OpenFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ring.Close() })
	return keyring{dir, ring}
}

// number reads a number from the environment.
func number(name string, otherwise uint64) uint64 {
	n, err := strconv.ParseUint(os.Getenv(name), 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

// chosen is this run's seed: BILLFOLD_SEED, or another one each time.
var chosen = sync.OnceValue(func() uint64 { return number("BILLFOLD_SEED", uint64(rand.Uint32())) })

func seed() uint64 { return chosen() }

// points is how many crashes a test makes: a hundred times as many in the long run.
func points(n int) int {
	if os.Getenv("BILLFOLD_LONG") != "" {
		n *= 100
	}
	return int(number("BILLFOLD_POINTS", uint64(n)))
}

// suite crashes one recorded day at many points.
type suite struct {
	name   string
	log    disk.Log
	from   int // the first record that may be the last
	keys   keyring
	points int
	check  func(t testing.TB, dir string, keys *seal.Keyring, k *books) error
	// checkAt is instead of check, where the journal is another: it is given the log up to the crash.
	checkAt func(t testing.TB, dir string, log disk.Log) error
}

// tally counts what the crashes of a suite were.
type tally struct {
	disk.Lost
	crashes     int
	groups      int // with frames of the log that were not synced
	checkpoints int // with pages of the file that were not synced
	journals    int // with a rollback journal that was not synced
	confirmed   int // entries that had been confirmed, over all crashes
}

func (a *tally) add(b tally) {
	a.Lost.Add(b.Lost)
	a.crashes += b.crashes
	a.groups += b.groups
	a.checkpoints += b.checkpoints
	a.journals += b.journals
	a.confirmed += b.confirmed
}

// where is the n-th of all points: they are spread evenly over the log, each with a seed of its own.
func (s *suite) where(n int) (record int, chance uint64) {
	return s.from + int(int64(n)*int64(len(s.log)-s.from+1)/int64(s.points)), seed() + uint64(n)
}

// run makes the crashes, each processor its share of the log.
func (s *suite) run(t *testing.T) tally {
	t.Helper()
	s.replay(t)
	workers := runtime.GOMAXPROCS(0)
	got := make([]tally, workers)
	var all sync.WaitGroup
	for w := range workers {
		dir := disk.Folder(t)
		all.Go(func() { got[w] = s.share(t, dir, s.points*w/workers, s.points*(w+1)/workers) })
	}
	all.Wait()
	for _, g := range got[1:] {
		got[0].add(g)
	}
	if got[0].crashes != s.points && !t.Failed() {
		t.Errorf("%d crashes of %d", got[0].crashes, s.points)
	}
	return got[0]
}

// share makes the crashes from one number to another.
func (s *suite) share(t *testing.T, dir string, from, to int) (got tally) {
	p, k, read := disk.Play(s.log), newBooks(), 0
	for n := from; n < to && !t.Failed(); n++ {
		record, chance := s.where(n)
		p.To(record)
		if s.checkAt == nil {
			if err := k.read(s.log[read:record]); err != nil {
				t.Error(err)
				return got
			}
			read = record
		}
		image, lost := p.Crash(chance)
		one := tally{Lost: lost, crashes: 1, confirmed: len(k.told), groups: min(p.Unsynced("billfold.db-wal"), 1),
			checkpoints: min(p.Unsynced("billfold.db"), 1), journals: min(p.Unsynced("billfold.db-journal"), 1)}
		got.add(one)
		if err := s.one(t, dir, image, k, s.log[:record]); err != nil {
			t.Errorf("after record %d of %d: %v\nto see it again: %s", record, len(s.log), err, s.keep(t, record, chance))
		}
	}
	return got
}

func (s *suite) one(t *testing.T, dir string, image disk.Image, k *books, log disk.Log) error {
	if err := image.Put(dir); err != nil {
		return err
	}
	if s.checkAt != nil {
		return s.checkAt(t, dir, log)
	}
	return s.check(t, dir, s.keys.ring, k)
}

// keep saves what a failing crash needs to be made again, and says how.
func (s *suite) keep(t *testing.T, record int, chance uint64) string {
	dir, err := os.MkdirTemp("", "billfold-crash-")
	if err == nil {
		err = copyKeys(filepath.Join(dir, "keyring"), s.keys.dir)
	}
	if err == nil {
		var f *os.File
		if f, err = os.Create(filepath.Join(dir, "log")); err == nil {
			err = errors.Join(gob.NewEncoder(f).Encode(s.log), f.Close())
		}
	}
	if err != nil {
		return "(could not be kept: " + err.Error() + ")"
	}
	return fmt.Sprintf("BILLFOLD_CRASH=%s BILLFOLD_POINT=%d:%d go test ./test/disk -run '^%s$'", dir, record, chance, s.name)
}

// copyKeys copies a keyring without the heads that a witness left beside it. Nobody but its owner may read the copy either.
func copyKeys(to, from string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"keyring", "master.key"} {
		content, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// replay makes one crash of a day that was kept, where the environment asks for it.
func (s *suite) replay(t *testing.T) {
	t.Helper()
	dir := os.Getenv("BILLFOLD_CRASH")
	if dir == "" {
		return
	}
	f, err := os.Open(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := gob.NewDecoder(f).Decode(&s.log); err != nil {
		t.Fatal(err)
	}
	at, chance, _ := strings.Cut(os.Getenv("BILLFOLD_POINT"), ":")
	record, err1 := strconv.Atoi(at)
	n, err2 := strconv.ParseUint(chance, 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	s.keys = openKeys(t, filepath.Join(dir, "keyring"))
	p, k := disk.Play(s.log), newBooks()
	p.To(record)
	if s.checkAt == nil {
		if err := k.read(s.log[:record]); err != nil {
			t.Fatal(err)
		}
	}
	image, lost := p.Crash(n)
	t.Logf("lost %+v", lost)
	if err := s.one(t, disk.Folder(t), image, k, s.log[:record]); err != nil {
		t.Fatal(err)
	}
	t.FailNow() // it was the same crash, and it passes now: take the variables away
}
