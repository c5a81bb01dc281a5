package seal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"billfold/base/clock"

	"pgregory.net/rapid"
)

const row = "identity_person.name/usr_1"

func open(t *testing.T, dir string) *Keyring {
	t.Helper()
	k, err := OpenFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sealed(t *testing.T, k *Keyring, owner, plain string) []byte {
	t.Helper()
	b, err := k.Seal(owner, row, []byte(plain))
	must(t, err)
	return b
}

func TestSealedFieldsOpenAfterARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	k := open(t, dir)
	must(t, k.Create("usr_1", "usr_2"))
	one, ours := sealed(t, k, "usr_1", "Lena Hoffmann"), sealed(t, k, Installation, "smtp password")
	if bytes.Contains(one, []byte("Lena")) {
		t.Fatal("the plain text is legible")
	}
	if bytes.Equal(one, sealed(t, k, "usr_1", "Lena Hoffmann")) {
		t.Fatal("sealing twice gave the same bytes")
	}
	must(t, k.Close())
	k = open(t, dir)
	if k.Owners() != 3 {
		t.Fatalf("%d owners, want usr_1, usr_2 and the installation", k.Owners())
	}
	for owner, c := range map[string]struct {
		sealed []byte
		want   string
	}{"usr_1": {one, "Lena Hoffmann"}, Installation: {ours, "smtp password"}} {
		if plain, err := k.Open(owner, row, c.sealed); err != nil || string(plain) != c.want {
			t.Errorf("Open(%s) = %q, %v", owner, plain, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	k := open(t, t.TempDir())
	must(t, k.Create("usr_1"))
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		at := rapid.String().Draw(t, "row")
		b, err := k.Seal("usr_1", at, plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Open("usr_1", at, b)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %x, %v", got, err)
		}
	})
}

func TestAnyChangedByteIsRefused(t *testing.T) {
	k := open(t, t.TempDir())
	must(t, k.Create("usr_1"))
	good := sealed(t, k, "usr_1", "Lena Hoffmann")
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := k.Open("usr_1", row, bad); !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d bit %d flipped: %v", i, bit, err)
			}
		}
	}
	for n := range good {
		if _, err := k.Open("usr_1", row, good[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if _, err := k.Open("usr_1", row, append(bytes.Clone(good), 0)); !errors.Is(err, ErrDamaged) {
		t.Fatalf("a byte more: %v", err)
	}
}

func TestAFieldOpensOnlyInItsPlace(t *testing.T) {
	k := open(t, t.TempDir())
	must(t, k.Create("usr_1", "usr_2"))
	b := sealed(t, k, "usr_1", "Lena Hoffmann")
	for _, other := range []string{"identity_person.name/usr_2", "identity_person.email/usr_1", "", row + " "} {
		if _, err := k.Open("usr_1", other, b); !errors.Is(err, ErrDamaged) {
			t.Errorf("moved to row %q: %v", other, err)
		}
	}
	if _, err := k.Open("usr_2", row, b); !errors.Is(err, ErrDamaged) {
		t.Errorf("moved to another owner: %v", err)
	}
	if _, err := k.Open("usr_3", row, b); !errors.Is(err, ErrShredded) {
		t.Errorf("owner without a key: %v", err)
	}
	if _, err := k.Seal("usr_3", row, nil); !errors.Is(err, ErrShredded) {
		t.Errorf("sealing for an owner without a key: %v", err)
	}
	if _, err := k.Seal(macRoot, row, nil); !errors.Is(err, ErrShredded) {
		t.Errorf("sealing under the root of the MAC keys: %v", err)
	}
}

func TestDestroyIsForEver(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	must(t, k.Create("usr_1", "usr_2"))
	b, kept := sealed(t, k, "usr_1", "Lena"), sealed(t, k, "usr_2", "Ana")
	must(t, k.Destroy("usr_1"))
	must(t, k.Destroy("usr_1"))
	must(t, k.Destroy("usr_never"))
	for range 2 {
		if _, err := k.Open("usr_1", row, b); !errors.Is(err, ErrShredded) {
			t.Fatalf("a destroyed key opened its field: %v", err)
		}
		if plain, err := k.Open("usr_2", row, kept); err != nil || string(plain) != "Ana" {
			t.Fatalf("the other owner's field: %q, %v", plain, err)
		}
		must(t, k.Close())
		k = open(t, dir)
	}
	must(t, k.Create("usr_1"))
	if _, err := k.Open("usr_1", row, b); !errors.Is(err, ErrDamaged) {
		t.Fatalf("a new key under the old name opened the old field: %v", err)
	}
	for _, owner := range []string{Installation, macRoot} {
		if err := k.Destroy(owner); !errors.Is(err, errReserved) {
			t.Errorf("Destroy(%q) = %v", owner, err)
		}
	}
}

func TestNoNameIsLegibleInTheFolder(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	must(t, k.Create("usr_canary"))
	for _, name := range []string{ringName, masterName} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, ringName))
	must(t, err)
	secret := k.keys["usr_canary"].bytes
	for _, canary := range [][]byte{[]byte("usr_canary"), []byte(Installation), []byte("mac"), secret[:]} {
		if bytes.Contains(b, canary) {
			t.Errorf("the file shows %q", canary)
		}
	}
}

func TestNewFolderHasMode0700(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	open(t, dir)
	info, err := os.Stat(dir)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestCreateRefusesOddOwners(t *testing.T) {
	k := open(t, t.TempDir())
	for _, owner := range []string{"", "a\x00b", macRoot, string(make([]byte, 300))} {
		if err := k.Create("usr_1", owner); err == nil {
			t.Errorf("owner %q was accepted", owner)
		}
	}
	if k.Owners() != 1 {
		t.Error("a refused Create made a key")
	}
}

func TestSweepRemovesOnlyOldOrphans(t *testing.T) {
	dir := t.TempDir()
	now := clock.NewSandbox(clock.Frozen(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)), 0)
	k, err := Open(Options{Dir: dir, Clock: now})
	must(t, err)
	defer k.Close()
	must(t, k.Create("usr_old", "usr_kept"))
	must(t, now.Advance(2*time.Hour))
	must(t, k.Create("usr_young"))
	var asked []string
	n, err := k.Sweep(func(owner string) bool {
		asked = append(asked, owner)
		return owner == "usr_kept"
	})
	slices.Sort(asked)
	if err != nil || n != 1 || !slices.Equal(asked, []string{"usr_kept", "usr_old"}) {
		t.Fatalf("Sweep removed %d, asked for %v, %v", n, asked, err)
	}
	if _, err := k.Seal("usr_old", row, nil); !errors.Is(err, ErrShredded) {
		t.Errorf("the orphan's key is still there: %v", err)
	}
	sealed(t, k, "usr_young", "x")
	if n, err := k.Sweep(func(string) bool { return true }); n != 0 || err != nil {
		t.Errorf("a second Sweep removed %d, %v", n, err)
	}
}

func TestWaitingCreatesShareOneFsync(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	syncs, blocking := 0, false
	d := osDisk
	d.sync = func(f *os.File) error {
		syncs++
		if blocking {
			blocking = false
			close(entered)
			<-release
		}
		return f.Sync()
	}
	k, err := openOn(Options{Dir: t.TempDir()}, d)
	must(t, err)
	defer k.Close()
	syncs, blocking = 0, true
	const callers = 20
	var group sync.WaitGroup
	create := func(i int) {
		group.Go(func() {
			// Two callers want each owner: the key is made once.
			if err := k.Create(fmt.Sprintf("usr_%d", i/2)); err != nil {
				t.Error(err)
			}
		})
	}
	create(-2)
	<-entered
	for i := range callers {
		create(i)
	}
	for waiting := 0; waiting < callers; {
		k.waitMu.Lock()
		waiting = len(k.waiting)
		k.waitMu.Unlock()
	}
	close(release)
	group.Wait()
	if syncs != 2 {
		t.Errorf("%d fsyncs for one caller and %d who waited for it", syncs, callers)
	}
	if k.Owners() != 1+1+callers/2 {
		t.Errorf("%d owners", k.Owners())
	}
}

func TestConcurrentUse(t *testing.T) {
	k := open(t, t.TempDir())
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 20 {
				owner := fmt.Sprintf("usr_%d_%d", g, i)
				if err := k.Create(owner); err != nil {
					t.Error(err)
				}
				b, err := k.Seal(owner, row, []byte(owner))
				if err != nil {
					t.Error(err)
				}
				if plain, err := k.Open(owner, row, b); err != nil || string(plain) != owner {
					t.Errorf("%q, %v", plain, err)
				}
				if i%5 == 0 {
					if err := k.Destroy(owner); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	if k.Owners() != 1+8*16 {
		t.Errorf("%d owners", k.Owners())
	}
}

func TestManyOwners(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	owners := make([]string, perAppend+perFrame+1)
	for i := range owners {
		owners[i] = fmt.Sprintf("usr_%d", i)
	}
	must(t, k.Create(owners...))
	for _, owner := range owners {
		if _, err := k.Seal(owner, row, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := k.cached.Load(); n > maxCached {
		t.Errorf("%d ciphers are kept, more than %d", n, maxCached)
	}
	must(t, k.Destroy(owners[7]))
	must(t, k.Close())
	if k = open(t, dir); k.Owners() != len(owners) {
		t.Errorf("%d of %d owners after a restart", k.Owners(), len(owners))
	}
}

func TestAClosedKeyringRefuses(t *testing.T) {
	k := open(t, t.TempDir())
	must(t, k.Create("usr_1"))
	b := sealed(t, k, "usr_1", "x")
	must(t, k.Close())
	must(t, k.Close())
	_, sealErr := k.Seal("usr_1", row, nil)
	_, openErr := k.Open("usr_1", row, b)
	_, sweepErr := k.Sweep(func(string) bool { return true })
	for name, err := range map[string]error{
		"Seal": sealErr, "Open": openErr, "Sweep": sweepErr,
		"Create": k.Create("usr_2"), "Destroy": k.Destroy("usr_1"),
	} {
		if !errors.Is(err, errClosed) {
			t.Errorf("%s on a closed keyring: %v", name, err)
		}
	}
	if k.Owners() != 0 {
		t.Error("keys outlived Close")
	}
}

func BenchmarkSeal(b *testing.B) {
	k, err := OpenFile(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer k.Close()
	plain := []byte("Lena Hoffmann")
	for b.Loop() {
		if _, err := k.Seal(Installation, row, plain); err != nil {
			b.Fatal(err)
		}
	}
}
