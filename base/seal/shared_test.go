package seal_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/seal"
	"billfold/test/harness"
)

const master = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// process opens a shared keyring as a process of its own does.
func process(t *testing.T, place db.Options, real clock.Clock) *seal.Keyring {
	t.Helper()
	d, err := db.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.Open(seal.Options{DB: d, Dir: t.TempDir(), MasterKey: master, Clock: real})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// TestSharedKeyring: what one process seals the other opens, whoever made the key; and a destroyed key is dead in both within a second,
// for ever, whatever they remember.
func TestSharedKeyring(t *testing.T) {
	place := harness.Place(t, db.Postgres)
	real := harness.Clock()
	one, two := process(t, place, real), process(t, place, real)
	if one.Mac("test", []byte("x")) != two.Mac("test", []byte("x")) {
		t.Fatal("the two have different roots")
	}
	if err := one.Create("usr_a", "usr_b"); err != nil {
		t.Fatal(err)
	}
	if err := two.Create("usr_b", "usr_c"); err != nil {
		t.Fatal(err)
	}
	sealed := map[string][]byte{}
	for owner, by := range map[string]*seal.Keyring{"usr_a": one, "usr_b": two, "usr_c": two, seal.Installation: one} {
		var err error
		if sealed[owner], err = by.Seal(owner, "row", []byte(owner)); err != nil {
			t.Fatal(err)
		}
	}
	for owner, bytes := range sealed {
		for _, k := range []*seal.Keyring{one, two} {
			if plain, err := k.Open(owner, "row", bytes); err != nil || string(plain) != owner {
				t.Errorf("%s: %q, %v", owner, plain, err)
			}
		}
	}
	if n := one.Owners(); n != 4 {
		t.Errorf("%d owners", n)
	}
	if err := two.Destroy("usr_a", "usr_nobody"); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Open("usr_a", "row", sealed["usr_a"]); !errors.Is(err, seal.ErrShredded) {
		t.Errorf("where it was destroyed: %v", err)
	}
	if err := real.Advance(time.Second); err != nil {
		t.Fatal(err)
	}
	for _, k := range []*seal.Keyring{one, process(t, place, real)} {
		if _, err := k.Open("usr_a", "row", sealed["usr_a"]); !errors.Is(err, seal.ErrShredded) {
			t.Errorf("elsewhere, a second later: %v", err)
		}
		if _, err := k.Open("usr_b", "row", sealed["usr_b"]); err != nil {
			t.Errorf("another's: %v", err)
		}
	}
}

// TestSharedCreate: of processes that make the same keys at once the first has each; what any of them sealed, all open.
func TestSharedCreate(t *testing.T) {
	place := harness.Place(t, db.Postgres)
	const processes, owners = 3, 20
	var rings []*seal.Keyring
	for range processes {
		rings = append(rings, process(t, place, clock.System()))
	}
	var all sync.WaitGroup
	sealed := make([][]byte, processes*owners)
	for p, k := range rings {
		for i := range owners {
			all.Go(func() {
				owner := fmt.Sprintf("usr_%d", i)
				err := k.Create(owner, fmt.Sprintf("usr_%d", (i+7)%owners))
				if err == nil {
					sealed[p*owners+i], err = k.Seal(owner, "row", []byte(owner))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	for i, bytes := range sealed {
		for _, k := range rings {
			if _, err := k.Open(fmt.Sprintf("usr_%d", i%owners), "row", bytes); err != nil {
				t.Fatalf("what process %d sealed: %v", i/owners, err)
			}
		}
	}
}

// TestSharedSweep: orphans older than an hour go, in every process; others stay.
func TestSharedSweep(t *testing.T) {
	place := harness.Place(t, db.Postgres)
	real := harness.Clock()
	one, two := process(t, place, real), process(t, place, real)
	if err := one.Create("usr_orphan", "usr_person"); err != nil {
		t.Fatal(err)
	}
	real.Advance(2 * time.Hour)
	if err := two.Create("usr_young"); err != nil {
		t.Fatal(err)
	}
	if n, err := two.Sweep(func(owner string) bool { return owner == "usr_person" }); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	real.Advance(time.Second)
	for owner, want := range map[string]error{"usr_orphan": seal.ErrShredded, "usr_person": nil, "usr_young": nil, seal.Installation: nil} {
		if _, err := one.Seal(owner, "row", nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", owner, err)
		}
	}
}

// TestSharedSecrets: the database holds no key and no owner's id as they are, another master key opens nothing, and a changed row is
// refused.
func TestSharedSecrets(t *testing.T) {
	place := harness.Place(t, db.Postgres)
	k := process(t, place, clock.System())
	if err := k.Create("usr_visible"); err != nil {
		t.Fatal(err)
	}
	d := harness.Again(t, place)
	raw := harness.Raw(t, d)
	var hit int
	err := raw.QueryRow(`select count(*) from seal_key
		where position('usr_visible'::bytea in wrapped) + position('usr_visible'::bytea in name) > 0`).Scan(&hit)
	if err != nil || hit != 0 {
		t.Errorf("an id is legible: %d, %v", hit, err)
	}
	open := func(key string) error {
		d, err := db.Open(t.Context(), place)
		if err != nil {
			t.Fatal(err)
		}
		k, err := seal.Open(seal.Options{DB: d, MasterKey: key, Dir: t.TempDir()})
		if err != nil {
			return errors.Join(err, d.Close())
		}
		return k.Close()
	}
	if err := open(strings.Replace(master, "0", "1", 1)); !errors.Is(err, seal.ErrMasterKey) {
		t.Errorf("another master key: %v", err)
	}
	if err := open(""); !errors.Is(err, seal.ErrMasterKey) {
		t.Errorf("no master key: %v", err)
	}
	if err := open(master); err != nil {
		t.Errorf("the right one: %v", err)
	}
	if _, err := raw.Exec(`update seal_key set wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))`); err != nil {
		t.Fatal(err)
	}
	if err := open(master); !errors.Is(err, seal.ErrKeyring) {
		t.Errorf("changed rows: %v", err)
	}
}
