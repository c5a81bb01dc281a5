package seal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"billfold/base/fault"
)

// folder makes a keyring with usr_0 and then each further frame's owners, and returns the folder and the offset at
// which each of those frames begins.
func folder(t *testing.T, frames ...[]string) (dir string, starts []int64) {
	t.Helper()
	dir = t.TempDir()
	k := open(t, dir)
	must(t, k.Create("usr_0"))
	for _, owners := range frames {
		starts = append(starts, k.file.size)
		must(t, k.Create(owners...))
	}
	must(t, k.Close())
	return dir, starts
}

func readRing(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, ringName))
	must(t, err)
	return b
}

func writeRing(t *testing.T, dir string, b []byte) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, ringName), b, 0o600))
}

func TestATornAppendIsCutOff(t *testing.T) {
	dir, starts := folder(t, []string{"usr_1", "usr_2"})
	whole := readRing(t, dir)
	start := int(starts[0])
	torn := func(name string, b []byte) {
		writeRing(t, dir, b)
		k := open(t, dir)
		if want := int64(len(b) - start); k.Recovered() != want {
			t.Fatalf("%s: %d bytes cut, want %d", name, k.Recovered(), want)
		}
		if k.Owners() != 2 {
			t.Fatalf("%s: %d owners, want usr_0 and the installation", name, k.Owners())
		}
		must(t, k.Create("usr_1"))
		b1 := sealed(t, k, "usr_1", "x")
		must(t, k.Close())
		k = open(t, dir)
		if _, err := k.Open("usr_1", row, b1); err != nil || k.Recovered() != 0 {
			t.Fatalf("%s: after the repair: %v, %d bytes cut", name, err, k.Recovered())
		}
		must(t, k.Close())
	}
	for n := start + 1; n < len(whole); n++ {
		torn(fmt.Sprintf("cut at byte %d", n), whole[:n])
		zeroed := bytes.Clone(whole)
		clear(zeroed[n:])
		if !bytes.Equal(zeroed, whole) {
			torn(fmt.Sprintf("zeros from byte %d", n), zeroed)
		}
	}
	for n := start; n < len(whole); n++ {
		flipped := bytes.Clone(whole)
		flipped[n] ^= 0x80
		torn(fmt.Sprintf("byte %d flipped", n), flipped)
	}
}

func TestDamageBeforeTheEndIsRefusedAndNothingIsCut(t *testing.T) {
	dir, starts := folder(t, []string{"usr_1"}, []string{"usr_2"})
	whole := readRing(t, dir)
	for n := range starts[1] {
		bad := bytes.Clone(whole)
		bad[n] ^= 0x01
		writeRing(t, dir, bad)
		k, err := OpenFile(dir)
		if err == nil {
			k.Close()
		}
		if !errors.Is(err, ErrKeyring) {
			t.Fatalf("byte %d flipped: %v", n, err)
		}
		if !bytes.Equal(readRing(t, dir), bad) {
			t.Fatalf("byte %d flipped: the file was changed", n)
		}
	}
	first := whole[starts[0]:starts[1]]
	second := whole[starts[1]:]
	head := whole[:starts[0]]
	for name, b := range map[string][]byte{
		"frames swapped":  bytes.Join([][]byte{head, second, first}, nil),
		"a frame missing": bytes.Join([][]byte{head, second}, nil),
		"a frame twice":   bytes.Join([][]byte{head, first, first, second}, nil),
		"empty":           {},
		"half a header":   whole[:headSize/2],
	} {
		writeRing(t, dir, b)
		if _, err := OpenFile(dir); !errors.Is(err, ErrKeyring) {
			t.Errorf("%s: %v", name, err)
		}
	}
	otherDir, otherStarts := folder(t, []string{"usr_1"})
	foreign := readRing(t, otherDir)[otherStarts[0]:]
	writeRing(t, dir, append(bytes.Clone(whole[:starts[0]]), foreign...))
	if _, err := OpenFile(dir); !errors.Is(err, ErrKeyring) {
		t.Errorf("another keyring's frame: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte(frameMagic))
	f.Add([]byte(frameMagic + "\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte(frameMagic + "\xff\xff\xff\xff\x00\x00\x00\x00" + frameMagic))
	f.Fuzz(func(t *testing.T, tail []byte) {
		r := &file{readOnly: true, salt: make([]byte, saltSize)}
		must(t, r.derive(make([]byte, keySize)))
		all := r.appendFrame(r.header(), 0, []record{{owner: "usr_1"}})
		good := len(all)
		records, err := r.frameByFrame(append(all, tail...))
		if err == nil && (len(records) != 1 || r.recovered != int64(len(tail)) || r.size != int64(good)) {
			t.Fatalf("%d records, %d bytes cut", len(records), r.recovered)
		}
	})
}

// lossy keeps what a power cut now would leave of each file: its content at the last fsync, and, of a folder, the
// names at the last fsync of the folder.
type lossy struct {
	synced  map[string][]byte // by inode
	durable map[string][]byte // by name
}

func (l *lossy) sync(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	inode := func(i os.FileInfo) string { return fmt.Sprint(i.Sys().(*syscall.Stat_t).Ino) }
	if !info.IsDir() {
		b, err := os.ReadFile(f.Name())
		if err != nil {
			return err
		}
		l.synced[inode(info)] = b
		for name := range l.durable {
			if now, err := os.Stat(filepath.Join(filepath.Dir(f.Name()), name)); err == nil && os.SameFile(now, info) {
				l.durable[name] = b
			}
		}
		return nil
	}
	entries, err := os.ReadDir(f.Name())
	if err != nil {
		return err
	}
	l.durable = map[string][]byte{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && !info.IsDir() {
			l.durable[e.Name()] = l.synced[inode(info)]
		}
	}
	return nil
}

func (l *lossy) afterPowerCut(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range l.durable {
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	return dir
}

func TestWhatWasAnsweredOutlivesAPowerCut(t *testing.T) {
	l := &lossy{synced: map[string][]byte{}, durable: map[string][]byte{}}
	d := osDisk
	d.sync = l.sync
	k, err := openOn(Options{Dir: t.TempDir()}, d)
	must(t, err)
	defer k.Close()
	fields := map[string][]byte{Installation: sealed(t, k, Installation, "x")}
	check := func(gone ...string) {
		t.Helper()
		after := open(t, l.afterPowerCut(t))
		defer after.Close()
		for owner, b := range fields {
			if _, err := after.Open(owner, row, b); err != nil {
				t.Fatalf("%s was lost: %v", owner, err)
			}
		}
		for _, owner := range gone {
			if _, err := after.Seal(owner, row, nil); !errors.Is(err, ErrShredded) {
				t.Fatalf("%s came back: %v", owner, err)
			}
		}
	}
	check()
	for i := range 3 {
		owner := fmt.Sprintf("usr_%d", i)
		must(t, k.Create(owner))
		fields[owner] = sealed(t, k, owner, "x")
		check()
	}
	must(t, k.Destroy("usr_1"))
	delete(fields, "usr_1")
	check("usr_1")
	must(t, k.Create("usr_9"))
	fields["usr_9"] = sealed(t, k, "usr_9", "x")
	check("usr_1")
}

// The control for the test above: a keyring that skips its fsync loses keys there.
func TestAPowerCutIsSeenWithoutFsync(t *testing.T) {
	l := &lossy{synced: map[string][]byte{}, durable: map[string][]byte{}}
	d := osDisk
	d.sync = l.sync
	k, err := openOn(Options{Dir: t.TempDir()}, d)
	must(t, err)
	defer k.Close()
	k.file.disk.sync = func(*os.File) error { return nil }
	must(t, k.Create("usr_1"))
	after := open(t, l.afterPowerCut(t))
	if _, err := after.Seal("usr_1", row, nil); !errors.Is(err, ErrShredded) {
		t.Fatal("the simulated power cut cuts nothing")
	}
}

// Every write and every fsync of a small day fails once; whatever was answered before holds, and a restart gives
// exactly the owners that were answered, or one more that was on its way.
func TestEveryWriteAndFsyncFailsOnce(t *testing.T) {
	for at := 1; ; at++ {
		dir, count := t.TempDir(), 0
		d := disk{
			write: func(f *os.File, b []byte, off int64) (int, error) {
				if count++; count == at {
					n, _ := f.WriteAt(b[:len(b)/2], off)
					return n, syscall.ENOSPC
				}
				return f.WriteAt(b, off)
			},
			sync: func(f *os.File) error {
				if count++; count == at {
					return syscall.EIO
				}
				return f.Sync()
			},
		}
		k, err := openOn(Options{Dir: dir}, d)
		sure, maybe := map[string]bool{}, map[string]bool{}
		note := func(owner string, present bool, err error) {
			if err == nil {
				sure[owner] = present
				delete(maybe, owner)
			} else {
				maybe[owner] = true
				if !errors.Is(err, fault.ErrStorageFull) && !errors.Is(err, fault.ErrUnavailable) {
					t.Errorf("operation %d: unnamed refusal %v", at, err)
				}
			}
		}
		if err == nil {
			note("usr_1", true, k.Create("usr_1"))
			note("usr_2", true, k.Create("usr_2"))
			note("usr_1", false, k.Destroy("usr_1"))
			note("usr_3", true, k.Create("usr_3"))
			must(t, k.Close())
		} else {
			note("", false, err)
		}
		if count < at {
			if at < 12 {
				t.Fatalf("the day had only %d operations", count)
			}
			return
		}
		after, err := OpenFile(dir)
		must(t, err)
		for owner, present := range sure {
			if got := after.keys[owner] != nil; got != present && !maybe[owner] {
				t.Errorf("operation %d failed: %s present is %v, was answered %v", at, owner, got, present)
			}
		}
		must(t, after.Create("usr_4"))
		must(t, after.Close())
	}
}

func TestStorageRefusalsHaveNames(t *testing.T) {
	var fail error
	d := osDisk
	d.write = func(f *os.File, b []byte, at int64) (int, error) {
		if fail != nil {
			return 0, &os.PathError{Op: "write", Path: f.Name(), Err: fail}
		}
		return f.WriteAt(b, at)
	}
	k, err := openOn(Options{Dir: t.TempDir()}, d)
	must(t, err)
	defer k.Close()
	must(t, k.Create("usr_0"))
	for _, c := range []struct {
		cause error
		want  *fault.Fault
	}{
		{syscall.ENOSPC, fault.ErrStorageFull}, {syscall.EDQUOT, fault.ErrStorageFull}, {syscall.EROFS, fault.ErrReadOnly},
		{syscall.EACCES, fault.ErrReadOnly}, {syscall.EIO, fault.ErrUnavailable},
	} {
		fail = c.cause
		if err := k.Create("usr_1"); !errors.Is(err, c.want) {
			t.Errorf("Create on %v: %v", c.cause, err)
		}
		if err := k.Destroy("usr_0"); !errors.Is(err, c.want) {
			t.Errorf("Destroy on %v: %v", c.cause, err)
		}
	}
	fail = nil
	must(t, k.Create("usr_1"))
	must(t, k.Destroy("usr_0"))
	k.file.readOnly = true
	if err := k.Create("usr_2"); !errors.Is(err, fault.ErrReadOnly) {
		t.Errorf("Create on a read-only file: %v", err)
	}
	if err := k.Destroy("usr_1"); !errors.Is(err, fault.ErrReadOnly) {
		t.Errorf("Destroy on a read-only file: %v", err)
	}
}

func TestAFailedFsyncIsRepairedWithoutARestart(t *testing.T) {
	fail := false
	d := osDisk
	d.sync = func(f *os.File) error {
		if fail {
			fail = false
			return syscall.EIO
		}
		return f.Sync()
	}
	dir := t.TempDir()
	k, err := openOn(Options{Dir: dir}, d)
	must(t, err)
	must(t, k.Create("usr_1"))
	b := sealed(t, k, "usr_1", "x")
	fail = true
	if err := k.Create("usr_2"); !errors.Is(err, fault.ErrUnavailable) {
		t.Fatalf("Create on a failed fsync: %v", err)
	}
	must(t, k.Create("usr_3"))
	b3 := sealed(t, k, "usr_3", "x")
	must(t, k.Close())
	k = open(t, dir)
	for owner, field := range map[string][]byte{"usr_1": b, "usr_3": b3} {
		if _, err := k.Open(owner, row, field); err != nil {
			t.Errorf("%s: %v", owner, err)
		}
	}
	if k.Owners() != 3 {
		t.Errorf("%d owners, want no trace of the refused one", k.Owners())
	}
}

func TestALeftoverOfARewriteIsRemoved(t *testing.T) {
	dir, _ := folder(t)
	leftover := filepath.Join(dir, ringName+".new")
	must(t, os.WriteFile(leftover, []byte("half"), 0o600))
	open(t, dir)
	if _, err := os.Stat(leftover); !errors.Is(err, os.ErrNotExist) {
		t.Error("the leftover is still there")
	}
}

func TestMasterKey(t *testing.T) {
	given := strings.Repeat("0f", keySize)
	dir := filepath.Join(t.TempDir(), "keys")
	k, err := Open(Options{Dir: dir, MasterKey: given})
	must(t, err)
	must(t, k.Close())
	if _, err := os.Stat(filepath.Join(dir, masterName)); !errors.Is(err, os.ErrNotExist) {
		t.Error("a master key that was handed over was written down")
	}
	for name, o := range map[string]Options{
		"none":        {Dir: dir},
		"another":     {Dir: dir, MasterKey: strings.Repeat("f0", keySize)},
		"too short":   {Dir: dir, MasterKey: "0f"},
		"no hex":      {Dir: dir, MasterKey: strings.Repeat("zz", keySize)},
		"with spaces": {Dir: dir, MasterKey: " " + given},
	} {
		_, err := Open(o)
		if !errors.Is(err, ErrMasterKey) {
			t.Errorf("%s: %v", name, err)
		}
		if o.MasterKey != "" && strings.Contains(fmt.Sprint(err), o.MasterKey) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
	k, err = Open(Options{Dir: dir, MasterKey: given})
	must(t, err)
	must(t, k.Close())

	dir, _ = folder(t)
	path := filepath.Join(dir, masterName)
	must(t, os.Chmod(path, 0o640))
	if _, err := OpenFile(dir); !errors.Is(err, ErrMasterKey) {
		t.Errorf("a master key that others can read: %v", err)
	}
	must(t, os.Chmod(path, 0o600))
	must(t, os.Remove(path))
	if _, err := OpenFile(dir); !errors.Is(err, ErrMasterKey) {
		t.Errorf("a keyring whose master key is missing: %v", err)
	}
}

const holdEnv = "BILLFOLD_SEAL_TEST_HOLD"

// TestMain lets this binary play the other process.
func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		if _, err := OpenFile(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("open")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestTwoProcessesAreRefused(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	if _, err := OpenFile(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("the same process again: %v", err)
	}
	other := func() (string, error) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), holdEnv+"="+dir)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := other(); err == nil || !strings.Contains(out, ErrInUse.Code) {
		t.Errorf("another process: %v, %s", err, out)
	}
	must(t, k.Close())
	if out, err := other(); err != nil {
		t.Errorf("another process after Close: %v, %s", err, out)
	}
	open(t, dir) // the other ended without Close; its lock ended with it
}
