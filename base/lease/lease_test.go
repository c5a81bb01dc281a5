package lease_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/lease"
	"billfold/test/harness"
)

// candidate is a process with a clock of its own.
type candidate struct {
	*lease.Lease
	t     *testing.T
	clock *clock.Sandbox
	taken int
}

func newCandidate(t *testing.T, d *db.DB, name string) *candidate {
	c := &candidate{t: t, clock: harness.Clock()}
	c.Lease = lease.New(lease.Options{DB: d, Name: "leader", Holder: name, Real: c.clock})
	c.OnTake(func() { c.taken++ })
	return c
}

// after lets time pass for a process, and then has it do its step.
func (c *candidate) after(d time.Duration) {
	c.t.Helper()
	if err := c.clock.Advance(d); err != nil {
		c.t.Fatal(err)
	}
	if err := c.Step(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *candidate) fence(d *db.DB) error { return d.Write(c.t.Context(), c.Fence) }

// TestTakeover: a holder that lives keeps the lease, however the clocks of others run; one that is silent loses it within five seconds;
// and when it comes back, as after a freeze, nothing that it writes counts.
func TestTakeover(t *testing.T) {
	d := harness.Open(t, db.Postgres, lease.Schema)
	one, two := newCandidate(t, d, "one"), newCandidate(t, d, "two")
	one.after(0)
	two.after(0)
	if !one.Held() || two.Held() || one.fence(d) != nil || !errors.Is(two.fence(d), lease.ErrLost) {
		t.Fatal("the first is not the holder, or the second is")
	}
	for range 10 {
		one.after(500 * time.Millisecond)
		two.after(10 * time.Second) // a clock that runs fast, or a process that was asleep
	}
	if !one.Held() || two.Held() {
		t.Fatal("a holder that lives lost it")
	}
	for range 20 {
		if two.after(500 * time.Millisecond); two.Held() {
			break
		}
	}
	if two.taken != 1 {
		t.Errorf("taken over %d times", two.taken)
	}
	// The frozen one still believes it, for its clock stood; its transactions are refused all the same.
	if !one.Held() || !errors.Is(one.fence(d), lease.ErrLost) || two.fence(d) != nil {
		t.Error("a stale holder may write")
	}
	one.after(500 * time.Millisecond)
	if one.Held() || two.fence(d) != nil {
		t.Error("the thawed one did not notice")
	}
	two.after(500 * time.Millisecond)
	if !two.Held() {
		t.Error("the new holder lost it")
	}
}

// TestTakeoverTakesLessThanFiveSeconds: a holder dies at any moment of its beat and of the other's. Times are those of the lease's own
// clock, so that no machine is too slow for it: what a step itself takes comes on top, twice at most, and may be 750 ms.
func TestTakeoverTakesLessThanFiveSeconds(t *testing.T) {
	d := harness.Open(t, db.Postgres, lease.Schema)
	const fine = 100 * time.Millisecond
	longest, shortest := time.Duration(0), time.Hour
	holder := newCandidate(t, d, "holder 0")
	holder.after(0)
	n := 0
	for phase := time.Duration(0); phase < lease.BeatEvery; phase += fine { // of the other's looks, against the holder's beats
		for life := lease.BeatEvery; life < 2*lease.BeatEvery; life += fine { // the holder dies so long after the other came
			n++
			other := newCandidate(t, d, fmt.Sprintf("holder %d", n))
			other.after(0)
			died := time.Duration(-1)
			for now := time.Duration(0); !other.Held(); now += fine {
				if now > 10*time.Second {
					t.Fatal("nobody took over")
				}
				if now < life && (now+phase)%lease.BeatEvery == 0 {
					holder.after(lease.BeatEvery)
				} else if now >= life && died < 0 {
					died = now
				}
				if now > 0 && now%lease.BeatEvery == 0 {
					other.after(lease.BeatEvery)
				}
				if other.Held() {
					longest, shortest = max(longest, now-died), min(shortest, now-died)
					if died < 0 {
						t.Fatal("a holder that lives lost it")
					}
				}
			}
			holder = other
		}
	}
	if longest > lease.Takeover || lease.Takeover+2*750*time.Millisecond > 5*time.Second {
		t.Errorf("taken over after %v, and %v is promised", longest, lease.Takeover)
	}
	if shortest <= lease.Believe || shortest == longest {
		t.Errorf("taken over after %v already", shortest)
	}
	t.Logf("%d holders died; their lease was taken over after %v to %v", n, shortest, longest)
}

// TestSteadyHolderIsKept: a holder that is late, and lives, keeps the lease.
func TestSteadyHolderIsKept(t *testing.T) {
	d := harness.Open(t, db.Postgres, lease.Schema)
	one := newCandidate(t, d, "one")
	one.after(0)
	two := newCandidate(t, d, "two")
	for range 20 { // one beat late, each time
		two.after(lease.BeatEvery)
		two.after(lease.BeatEvery)
		one.after(2 * lease.BeatEvery)
	}
	if !one.Held() || two.taken > 0 {
		t.Error("a slow holder that lives lost its lease")
	}
}

// TestSilentHolderStops: a holder that cannot reach the database stops believing in its lease before another may have it.
func TestSilentHolderStops(t *testing.T) {
	d := harness.Open(t, db.Postgres, lease.Schema)
	one := newCandidate(t, d, "one")
	one.after(0)
	one.clock.Advance(2 * time.Second)
	if one.Held() {
		t.Error("it believes for longer than two seconds")
	}
}

// TestFenceHolds: while a fenced transaction runs nobody takes over.
func TestFenceHolds(t *testing.T) {
	d := harness.Open(t, db.Postgres, lease.Schema)
	one, two := newCandidate(t, d, "one"), newCandidate(t, d, "two")
	one.after(0)
	two.after(0)
	taken := make(chan error, 1)
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		if err := one.Fence(tx); err != nil {
			return err
		}
		two.clock.Advance(time.Hour)
		go func() { taken <- two.Step(t.Context()) }()
		for range 50 {
			if two.Held() {
				t.Error("taken over in the middle of a fenced transaction")
			}
			if _, err := tx.Exec(`select 1`); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || <-taken != nil {
		t.Fatal(err)
	}
	if !two.Held() {
		t.Error("not taken over afterwards")
	}
}

// TestOneProcess: on SQLite the lease is held from the beginning.
func TestOneProcess(t *testing.T) {
	d := harness.Open(t, db.SQLite, lease.Schema)
	one := newCandidate(t, d, "one")
	if !one.Held() || one.fence(d) != nil {
		t.Error("the only process has no lease")
	}
}
