package seal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"billfold/base/fault"
)

// TestReadOnlyBesideARunningProcess shows that a second process can read what the first one keeps, without its lock and
// without changing a byte, also while the last append is torn.
func TestReadOnlyBesideARunningProcess(t *testing.T) {
	dir := t.TempDir()
	k, err := OpenFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.Create("usr_a"); err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal("usr_a", "row", []byte("Lena"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ringName)
	ring, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.WriteString(frameMagic + "torn"); err != nil {
		t.Fatal(err)
	}
	ring.Close()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	beside, err := Open(Options{Dir: dir, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	if plain, err := beside.Open("usr_a", "row", sealed); err != nil || string(plain) != "Lena" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if beside.Mac("a", []byte("b")) != k.Mac("a", []byte("b")) {
		t.Error("the two processes' tags differ")
	}
	if err := beside.Create("usr_b"); !errors.Is(err, fault.ErrReadOnly) {
		t.Errorf("a key was made: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed: %v", err)
	}
}

// TestReadOnlyMakesNothing shows that looking at a folder without a keyring leaves it as it was.
func TestReadOnlyMakesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(Options{Dir: dir, ReadOnly: true}); !errors.Is(err, ErrMasterKey) {
		t.Errorf("got %v", err)
	}
	if _, err := Open(Options{Dir: filepath.Join(dir, "absent"), ReadOnly: true}); err == nil {
		t.Error("an absent folder was opened")
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("%d files were made, %v", len(list), err)
	}
}
