package api

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/client"
)

// TestEntriesFromManyClients: many clients post batches of every sort between random pairs at once, each of them twice. Nobody waits
// in a circle, every batch is answered entry by entry, the second answer is the first one, and nothing is made or lost.
func TestEntriesFromManyClients(t *testing.T) {
	engines(t, func(w *world) {
		const people, clients, batches, start = 12, 16, 6, 1000
		source := w.openAccount("test/source", "unlimited")
		fill := client.PostEntries{Atomic: true}
		for i := range people {
			a := w.openAccount(fmt.Sprintf("test/p%d", i), "non_negative")
			fill.Entries = append(fill.Entries, client.NewEntry{Kind: "fill",
				Legs: []client.Leg{leg(source.ID, a.Address, strconv.Itoa(start))}})
		}
		if _, err := w.as(w.ops).PostEntries(w.ctx, fill); err != nil {
			t.Fatal(err)
		}
		var seen counts
		var all sync.WaitGroup
		for me := range clients {
			all.Go(func() { w.postBatches(me, batches, people, &seen) })
		}
		all.Wait()
		if seen.refused.Load() == 0 || seen.together.Load() == 0 || seen.holds.Load() == 0 {
			t.Errorf("%+v: the test never came where it wants to be", &seen)
		}
		total := 0
		for i := range people {
			a, err := w.as(w.ops).LedgerAccount(w.ctx, fmt.Sprintf("test/p%d", i), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			posted, _ := strconv.Atoi(a.Balance.Posted.Amount)
			if total += posted; posted < 0 {
				t.Errorf("%s has %d", a.Address, posted)
			}
		}
		if total != people*start {
			t.Errorf("there are %d, want %d", total, people*start)
		}
	})
}

// counts are the cases that the clients met.
type counts struct{ refused, together, holds atomic.Int64 }

// postBatches is one client.
func (w *world) postBatches(me, batches, people int, seen *counts) {
	r := rand.New(rand.NewPCG(uint64(me), 3))
	pair := func() []client.Leg {
		from := r.IntN(people)
		to := (from + 1 + r.IntN(people-1)) % people
		return []client.Leg{leg(fmt.Sprintf("test/p%d", from), fmt.Sprintf("test/p%d", to), strconv.Itoa(1+r.IntN(400)))}
	}
	for n := range batches {
		in := client.PostEntries{Atomic: r.IntN(3) == 0}
		for range 1 + r.IntN(20) {
			in.Entries = append(in.Entries, client.NewEntry{Kind: "test", Legs: pair()})
		}
		if n%3 == 2 && !in.Atomic { // a hold among them
			hold := client.NewHold{ExpiresAt: w.clock.Now().Add(time.Hour)}
			in.Entries = append(in.Entries, client.NewEntry{Kind: "test", Legs: pair(), Hold: &hold})
			seen.holds.Add(1)
		}
		key := client.IdempotencyKey(fmt.Sprintf("c%d-%d", me, n))
		first, err := w.as(w.ops).PostEntries(w.ctx, in, key)
		if err != nil && in.Atomic && strings.Contains(err.Error(), "batch_refused") {
			seen.together.Add(1)
			continue
		}
		if err != nil || len(first.Results) != len(in.Entries) || first.Posted+first.Refused != len(in.Entries) {
			w.t.Errorf("client %d: %+v, %v", me, first, err)
			return
		}
		seen.refused.Add(int64(first.Refused))
		again, err := w.as(w.ops).PostEntries(w.ctx, in, key)
		if err != nil || again.Posted < first.Posted {
			w.t.Errorf("client %d again: %d posted, %v", me, again.Posted, err)
			return
		}
		for i, r := range first.Results {
			if r.Status == "posted" && again.Results[i].Entry.ID != r.Entry.ID {
				w.t.Errorf("client %d, entry %d is %s, and again %s", me, i, r.Entry.ID, again.Results[i].Entry.ID)
			}
		}
	}
}

// TestAllOrNothingNamesTheCulprits: a batch that is refused as a whole says which entries are to blame, and posts none.
func TestAllOrNothingNamesTheCulprits(t *testing.T) {
	engines(t, func(w *world) {
		from, box := w.openAccount("test/from", "unlimited"), w.openAccount("test/box", "non_negative")
		_, err := w.as(w.ops).PostEntries(w.ctx, client.PostEntries{Atomic: true, Entries: []client.NewEntry{
			{Kind: "test", Legs: []client.Leg{leg(from.ID, box.ID, "100")}},
			{Kind: "test", Legs: []client.Leg{leg(box.ID, from.ID, "150")}},
			{Kind: "test", Legs: []client.Leg{leg(from.ID, box.ID, "1")}},
			{Kind: "test", Legs: []client.Leg{leg(box.ID, from.ID, "101"), leg(box.ID, from.ID, "1")}},
		}})
		p := refused(t, "two that are not covered", err, 409, "batch_refused")
		var places []string
		for _, e := range p.Errors {
			places = append(places, e.Code+" "+e.Param)
		}
		if got := strings.Join(places, ", "); got != "insufficient_funds entries[1].legs[0].debit, insufficient_funds entries[3].legs[0].debit" {
			t.Errorf("blamed: %s", got)
		}
		w.holds(box.ID, 0)
	})
}
