package once_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"billfold/base/db"
	"billfold/base/once"
	"billfold/test/harness"
)

func TestOneEffectForManyTwins(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		call := once.Call{Caller: "usr_a", Operation: "payment.create", Key: "k1", Hash: [32]byte{1}}
		var wg sync.WaitGroup
		var mu sync.Mutex
		fresh := 0
		for i := range 50 {
			wg.Go(func() {
				won, err := db.Write(t.Context(), d, func(tx *db.Tx) (bool, error) {
					object, version, found, err := once.Find(tx, call)
					if err != nil {
						return false, err
					}
					if found {
						if object == "" || version != 3 {
							t.Errorf("found %q at version %d", object, version)
						}
						return false, nil
					}
					once.Record(tx, once.Answer{Call: call, Object: "pay_" + string(rune('a'+i%26)), Version: 3})
					return true, nil
				})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if won {
					fresh++
				}
			})
		}
		wg.Wait()
		if fresh != 1 {
			t.Errorf("%d of 50 twins took effect", fresh)
		}
	}, once.Schema)
}

func TestKeysOfOthersNeverMeet(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		first := once.Call{Caller: "usr_a", Operation: "payment.create", Key: "k", Hash: [32]byte{1}}
		find := func(c once.Call) (found bool, err error) {
			err = d.Read(t.Context(), func(tx *db.Tx) (err error) {
				_, _, found, err = once.Find(tx, c)
				return err
			})
			return found, err
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			once.Record(tx, once.Answer{Call: first, Object: "pay_1", Version: 1})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if found, err := find(first); !found || err != nil {
			t.Errorf("the same call: %v, %v", found, err)
		}
		other := first
		other.Caller, other.Hash = "usr_b", [32]byte{2}
		if found, err := find(other); found || err != nil {
			t.Errorf("another caller's key: %v, %v", found, err)
		}
		other = first
		other.Operation, other.Hash = "payment.refund", [32]byte{2}
		if found, err := find(other); found || err != nil {
			t.Errorf("another operation: %v, %v", found, err)
		}
		other = first
		other.Hash = [32]byte{2}
		if _, err := find(other); !errors.Is(err, once.ErrMismatch) {
			t.Errorf("another body: %v", err)
		}
	}, once.Schema)
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	for key, good := range map[string]bool{
		"": false, "a": true, strings.Repeat("k", 255): true, strings.Repeat("k", 256): false,
		"with space": true, "tab\t": false, "键": false, "nul\x00": false,
	} {
		if err := (once.Call{Key: key}).Check(); (err == nil) != good {
			t.Errorf("key %q: %v", key, err)
		}
	}
}
