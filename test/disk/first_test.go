package disk_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/once"
	"billfold/base/seal"
	"billfold/core/ledger"
	"billfold/test/disk"
	"billfold/test/harness"
)

// TestPowerCutsAtTheFirstStart shows that a start which is cut short while it makes the file, its journals and its tables is finished by
// the next one.
func TestPowerCutsAtTheFirstStart(t *testing.T) {
	schemas := []db.Schema{once.Schema, event.Schema, ledger.Schema}
	start := func(path string) error {
		d, err := db.Open(context.Background(), db.Options{Path: path})
		if err != nil {
			return err
		}
		err = d.Migrate(context.Background(), harness.Start, schemas...)
		return errors.Join(err, d.CheckSchema(context.Background(), schemas...), whole(d), d.Close())
	}
	on := disk.New(t)
	if err := start(on.File("billfold.db")); err != nil {
		t.Fatal(err)
	}
	s := suite{name: t.Name(), log: on.Log(), keys: newKeys(t), points: points(1_000),
		check: func(_ testing.TB, dir string, _ *seal.Keyring, _ *books) error {
			return start(filepath.Join(dir, "billfold.db"))
		}}
	got := s.run(t)
	t.Logf("%+v", got)
	if got.Names == 0 || got.journals == 0 || got.groups == 0 || got.Torn == 0 {
		t.Errorf("the crashes were no crashes: %+v", got)
	}
}
