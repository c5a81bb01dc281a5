package ledger_test

import (
	"context"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// A group of the group writer that has locked what nobody else of it touches, and waits for the group before it, is no part of a circle:
// somebody who has locked a row that the group before needs, and wants one that the waiting group has, comes through.
func TestNobodyWaitsInACircleWithGroups(t *testing.T) {
	b := newBank(t, harness.Open(t, db.Postgres, ledger.Schema))
	float := b.openSpec(ledger.Spec{Address: "float", Currency: eur, Limit: ledger.Unlimited})
	var people [4]ledger.AccountID
	for i := range people {
		people[i] = b.open("person/"+string(rune('a'+i)), eur, ledger.NonNegative)
		b.mustPost(leg(float, people[i], 1000))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	submit := func(from, to ledger.AccountID) chan error {
		done := make(chan error, 1)
		go func() {
			results, err := b.Submit(ctx, b.d, []ledger.Entry{leg(from, to, 10)}, false)
			if err == nil {
				err = results[0].Err
			}
			done <- err
		}()
		return done
	}
	if err := <-submit(people[0], people[2]); err != nil { // from now on the groups decide ahead
		t.Fatal(err)
	}
	if err := <-submit(people[1], people[3]); err != nil {
		t.Fatal(err)
	}
	raw, tries := harness.Raw(t, b.d), 0
	until := func(query string, args ...any) { // or until a while has passed: the group gives up meanwhile
		for begun := time.Now(); time.Since(begun) < 250*time.Millisecond; {
			var yes bool
			if err := raw.QueryRowContext(ctx, query, args...).Scan(&yes); err != nil || yes {
				return
			}
		}
	}
	var first, second chan error
	err := b.d.Write(ctx, func(tx *db.Tx) error {
		tries++
		if err := b.Lock(tx, people[0]); err != nil || tries > 1 {
			return err
		}
		first = submit(people[0], people[2])
		until(`select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
		second = submit(people[1], people[3])
		until(`select count(*) = 0 from (select 1 from ledger_total where account = $1 for update skip locked) as free`, int64(people[1]))
		return b.Lock(tx, people[1])
	})
	if err != nil || tries != 1 {
		t.Errorf("who locks in order: %v, at the %d. try", err, tries)
	}
	for _, done := range []chan error{first, second} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	b.wantAvailable(people[2], 1020)
	b.wantAvailable(people[3], 1020)
	b.wantClean()
}
