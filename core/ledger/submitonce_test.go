package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"billfold/base/db"
	"billfold/base/once"
	"billfold/core/ledger"
	"billfold/test/harness"
)

func withOnce(t *testing.T, body func(t *testing.T, b *bank)) {
	harness.Engines(t, func(t *testing.T, d *db.DB) { body(t, newBank(t, d)) }, once.Schema, ledger.Schema)
}

func call(key string, body byte) once.Call {
	return once.Call{Caller: "usr_a", Operation: "ledger.entries", Key: key, Hash: [32]byte{body}}
}

// Twins of one request at the same moment, through two servers, beside other requests: one posts, the others are told of it, and nobody
// else loses anything by it.
func TestSubmitOnceHasOneEffect(t *testing.T) {
	withOnce(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 100_000)
		other := b.withClock(b.clock)
		var posted, told, mismatched atomic.Int64
		const twins, keys = 12, 10
		errs := inParallel(twins*keys, func(i int) error {
			at, key, body := b, fmt.Sprintf("k%d", i%keys), byte(1)
			if i/keys%2 == 1 {
				at = other
			}
			if i < keys {
				body = 2 // one of the twelve sends something else under the same key
			}
			e := leg(s.ana, s.bo, 10)
			e.ID = b.id()
			results, earlier, err := at.SubmitOnce(context.Background(), b.d, call(key, body), "bat_"+string(e.ID), []ledger.Entry{e}, i%2 == 0)
			switch {
			case errors.Is(err, once.ErrMismatch):
				mismatched.Add(1)
				return nil
			case err != nil:
				return err
			case earlier != "":
				told.Add(1)
				return nil
			}
			posted.Add(1)
			return results[0].Err
		})
		wantOutcomes(t, errs, len(errs), nil)
		// Of each key one body came first; what was sent under the other is refused.
		if posted.Load() != keys || told.Load()+mismatched.Load() != (twins-1)*keys || mismatched.Load() < keys {
			t.Errorf("%d posted, %d told, %d refused", posted.Load(), told.Load(), mismatched.Load())
		}
		b.wantAvailable(s.bo, 10*keys)
		b.wantClean()
	})
}

// A request of which nothing was posted keeps no key: it may be tried again with another body, as with the same.
func TestSubmitOnceKeepsWhatWasPosted(t *testing.T) {
	withOnce(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 100)
		send := func(body byte, atomic bool, entries ...ledger.Entry) ([]ledger.Result, string) {
			t.Helper()
			results, earlier, err := b.SubmitOnce(context.Background(), b.d, call("k", body), "bat_1", entries, atomic)
			if err != nil {
				t.Fatal(err)
			}
			return results, earlier
		}
		malformed := leg(s.ana, s.bo, 0)
		if results, earlier := send(1, false, leg(s.bo, s.ana, 10)); earlier != "" || !errors.Is(results[0].Err, ledger.ErrInsufficientFunds) {
			t.Errorf("without money: %v, %q", results, earlier)
		}
		results, earlier := send(2, true, leg(s.ana, s.bo, 10), malformed)
		if earlier != "" || !errors.Is(results[0].Err, ledger.ErrBatchRefused) {
			t.Errorf("together with something malformed: %v, %q", results, earlier)
		}
		if results, earlier := send(3, false, malformed); earlier != "" || results[0].Err == nil {
			t.Errorf("malformed: %v, %q", results, earlier)
		}
		b.wantAvailable(s.ana, 100)
		if results, earlier := send(4, false, leg(s.ana, s.bo, 10), malformed); earlier != "" || results[0].Err != nil || results[1].Err == nil {
			t.Errorf("one of two: %v, %q", results, earlier)
		}
		if _, earlier := send(4, false, leg(s.ana, s.bo, 10), malformed); earlier != "bat_1" {
			t.Errorf("again: %q", earlier)
		}
		_, _, err := b.SubmitOnce(context.Background(), b.d, call("k", 5), "bat_2", []ledger.Entry{malformed}, true)
		if !errors.Is(err, once.ErrMismatch) {
			t.Errorf("another body that could not be posted anyway: %v", err)
		}
		b.wantAvailable(s.bo, 10)
		b.wantClean()
	})
}
