package ledger_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/ledger"
)

// all walks every page.
func (b *bank) all(f ledger.Filter) (list []ledger.Entry) {
	b.t.Helper()
	for {
		page, next := b.entries(f)
		if len(page) == 0 && f.Before != "" {
			b.t.Error("a cursor led to an empty page")
		}
		list = append(list, page...)
		if next == "" {
			return list
		}
		f.Before = next
	}
}

func ids(list []ledger.Entry) (ids []ledger.EntryID) {
	for _, e := range list {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestSearchFindsWhatWasJustPosted(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 100_000)
		var mine, shops, pay7, refunds, everything []ledger.EntryID
		list, _ := b.entries(ledger.Filter{})
		everything = ids(list)
		mine = ids(list)
		for i := range 40 {
			if i%4 == 0 {
				b.advance(time.Microsecond) // several entries a moment, several moments
			}
			e := leg(s.ana, s.shop, 10)
			e.Kind, e.Reference = "payment", fmt.Sprintf("pay_%d", i%10)
			if i%5 == 0 {
				e = ledger.Entry{Kind: "refund", Reference: "pay_7", Legs: []ledger.Leg{
					{Debit: s.shop, Credit: s.ana, Amount: 5}, {Debit: s.ana, Credit: s.fees, Amount: 1}, {Debit: s.fees, Credit: s.shop, Amount: 1},
				}}
			}
			e = b.mustPost(e)
			for list, on := range map[*[]ledger.EntryID]bool{
				&mine: true, &everything: true, &shops: true, &pay7: e.Reference == "pay_7", &refunds: e.Kind == "refund",
			} {
				if on {
					*list = append(*list, e.ID)
				}
			}
			page, _ := b.entries(ledger.Filter{Account: s.ana, Limit: 1})
			if len(page) != 1 || !reflect.DeepEqual(page[0], e) {
				t.Fatalf("the newest entry of the account is %+v, want %+v", page, e)
			}
			if page, _ = b.entries(ledger.Filter{Reference: e.Reference, Limit: 1}); len(page) != 1 || page[0].ID != e.ID {
				t.Fatalf("the newest entry of the reference is %+v, want %+v", page, e)
			}
		}
		for name, c := range map[string]struct {
			filter ledger.Filter
			want   []ledger.EntryID
		}{
			"account":                     {ledger.Filter{Account: s.ana}, mine},
			"busy account":                {ledger.Filter{Account: s.shop}, shops},
			"reference":                   {ledger.Filter{Reference: "pay_7"}, pay7},
			"kind":                        {ledger.Filter{Kind: "refund"}, refunds},
			"account and kind":            {ledger.Filter{Account: s.fees, Kind: "refund"}, refunds},
			"account, kind and reference": {ledger.Filter{Account: s.ana, Kind: "refund", Reference: "pay_7"}, refunds},
			"reference and kind":          {ledger.Filter{Kind: "refund", Reference: "pay_7"}, refunds},
			"everything":                  {ledger.Filter{}, everything},
			"nothing":                     {ledger.Filter{Kind: "nothing"}, nil},
			"nobody":                      {ledger.Filter{Account: 4711}, nil},
		} {
			for _, limit := range []int{1, 3, 8, 0} {
				c.filter.Limit = limit
				got := ids(b.all(c.filter))
				slices.Reverse(got)
				if name == "busy account" || name == "everything" {
					// Two entries that share no locked account may be of one moment; then ids decide.
					slices.Sort(got)
					slices.Sort(c.want)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%s by %d: got %v, want %v", name, limit, got, c.want)
				}
			}
		}
	})
}

func TestPagesGoOnWhereTheyEnded(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 1000)
		for range 4 {
			b.mustPost(leg(s.ana, s.bo, 1))
		}
		first, next := b.entries(ledger.Filter{Account: s.ana, Limit: 2})
		b.mustPost(leg(s.ana, s.bo, 1))
		second, _ := b.entries(ledger.Filter{Account: s.ana, Limit: 2, Before: next})
		whole := b.all(ledger.Filter{Account: s.ana})[1:]
		if got := append(ids(first), ids(second)...); !slices.Equal(got, ids(whole[:4])) {
			t.Errorf("got %v, want the first of %v", got, ids(whole))
		}
		for _, f := range []ledger.Filter{{Before: "x"}, {Before: "AAAA"}, {Limit: -1}, {Limit: 201}} {
			err := b.d.Read(context.Background(), func(tx *db.Tx) error {
				_, _, err := b.Entries(tx, f)
				return err
			})
			wantErr(t, err, fault.ErrInvalid)
		}
		err := b.d.Read(context.Background(), func(tx *db.Tx) error {
			e, err := b.Entry(tx, first[0].ID)
			if err != nil || !reflect.DeepEqual(e, first[0]) {
				t.Errorf("by id: %+v, %v; want %+v", e, err, first[0])
			}
			for _, id := range []ledger.EntryID{b.id(), "ent_x", ""} {
				_, err = b.Entry(tx, id)
				wantErr(t, err, ledger.ErrEntryNotFound)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestBalanceAsOfAnyMoment(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 0)
		opened := b.clock.Now()
		var at []time.Time // of entry i, which leaves ana with i+1 and the shop with i
		for i := range 700 {
			if i%7 == 0 {
				b.advance(time.Second)
			}
			results := b.batch([]ledger.Entry{leg(s.float, s.ana, 2), leg(s.ana, s.shop, 1)}, true)
			at = append(at, results[1].Entry.At)
		}
		check := func() {
			t.Helper()
			for i := 0; i < len(at); i += 23 {
				if got := b.balanceAt(s.ana, at[i]).Posted; got != int64(i+1) {
					t.Fatalf("ana had %d after entry %d, want %d", got, i, i+1)
				}
				if got := b.balanceAt(s.shop, at[i]).Posted; got != int64(i+1) {
					t.Fatalf("the shop had %d after entry %d, want %d", got, i, i+1)
				}
				if got := b.balanceAt(s.ana, at[i].Add(-time.Microsecond)).Posted; got != int64(i+2) {
					t.Fatalf("ana had %d before entry %d, want %d", got, i, i+2)
				}
			}
		}
		check()
		b.fold()
		check()
		b.advance(time.Hour) // now checkpoints may cover all of it
		b.fold()
		check()
		if got := b.balanceAt(s.ana, opened.Add(-hour)); got.Posted != 0 || got.Available != 0 {
			t.Errorf("before it was opened ana had %+v", got)
		}
		if report := b.wantClean(); report.Checkpoints < 2*700/256+2 {
			t.Errorf("%d checkpoints are there", report.Checkpoints)
		}
		hold := b.mustHold(leg(s.ana, s.bo, 300), hour)
		b.advance(time.Minute)
		posted, err := b.end(ledger.Post, hold.ID, b.id(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.balanceAt(s.ana, posted.At.Add(-time.Microsecond)); got.Pending != 300 || got.Posted != 700 || got.Available != 400 {
			t.Errorf("while money was held ana had %+v", got)
		}
		if got := b.balanceAt(s.bo, hold.At); got.Incoming != 300 || got.Available != 0 {
			t.Errorf("while money was held bo had %+v", got)
		}
		if got := b.balanceAt(s.ana, posted.At); got.Pending != 0 || got.Posted != 600 {
			t.Errorf("afterwards ana had %+v", got)
		}
	})
}

// A server whose clock is behind commits entries with a time that a busy account's checkpoints have passed.
func TestLateEntriesOfBusyAccountsAreCounted(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 0)
		start := b.clock.Now()
		late := b.withClock(clock.Frozen(start.Add(time.Second)))
		for i := range 301 {
			if i == 150 {
				b.advance(time.Minute)
			}
			if i == 300 {
				b.advance(hour)
			}
			b.mustPost(leg(s.float, s.shop, 1))
		}
		b.advance(hour)
		b.fold()
		if report := b.wantClean(); report.Checkpoints == 0 {
			t.Fatal("there is no checkpoint to be late for")
		}
		check := func() {
			t.Helper()
			for after, want := range map[time.Duration]int64{0: 150, time.Second: 155, time.Minute: 305, hour: 305, 2 * hour: 306} {
				if got := b.balanceAt(s.shop, start.Add(after)).Posted; got != want {
					t.Errorf("after %v the shop had %d, want %d", after, got, want)
				}
			}
			b.wantAvailable(s.shop, 306)
			b.wantClean()
		}
		for range 5 {
			late.mustPost(leg(s.float, s.shop, 1))
		}
		check()
		b.fold()
		check()
		b.fold()
		check()
	})
}

func TestFoldersDoNotCountTwice(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 100_000)
		backlog := make([]ledger.Entry, 4000)
		for i := range backlog {
			backlog[i] = leg(s.float, s.shop, 1)
		}
		b.batch(backlog, true)
		errs := inParallel(7, func(i int) error {
			if i >= 3 {
				folder := ledger.New(b.opts) // as another process would
				for range 10 {
					if err := folder.Fold(context.Background(), b.d); err != nil {
						return err
					}
				}
				return nil
			}
			for range 60 {
				if _, err := b.post(leg(s.ana, s.shop, 1)); err != nil {
					return err
				}
			}
			return nil
		})
		wantOutcomes(t, errs, len(errs), nil)
		b.wantAvailable(s.shop, 4180)
		b.fold()
		b.wantAvailable(s.shop, 4180)
		b.wantClean()
	})
}

// More entries of one moment than a slice holds must not stop the checkpoints, nor be parted by one.
func TestCheckpointsDoNotPartAMoment(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 0)
		at := b.clock.Now()
		batch := make([]ledger.Entry, 2500)
		for i := range batch {
			batch[i] = leg(s.float, s.shop, 1)
		}
		b.batch(batch, true)
		b.advance(hour)
		b.fold()
		b.mustPost(leg(s.float, s.shop, 1))
		b.advance(hour)
		b.fold()
		if got := b.balanceAt(s.shop, at).Posted; got != 2500 {
			t.Errorf("the shop had %d, want 2500", got)
		}
		if got := b.balanceAt(s.shop, at.Add(-time.Microsecond)).Posted; got != 0 {
			t.Errorf("before, the shop had %d", got)
		}
		if report := b.wantClean(); report.Checkpoints != 2 {
			t.Errorf("%d checkpoints, want one of each side", report.Checkpoints)
		}
	})
}

// TestHistoryNearAndFar shows that pages and balances of the past are the same whether an account's legs lie side by side, where a range of
// numbers is read, or far from each other, where each is looked up: every page size, and every moment.
func TestHistoryNearAndFar(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 100_000)
		mine, _ := b.entries(ledger.Filter{Account: s.ana})
		slices.Reverse(mine)
		balances := map[time.Time]int64{}
		for i := range 900 {
			b.advance(time.Microsecond)
			near := i/300 != 1 || i%30 == 0 // the middle third is somebody else's
			e := leg(s.float, s.bo, 1)
			switch {
			case near && i%7 == 0:
				e = ledger.Entry{Kind: "fee", Legs: []ledger.Leg{{Debit: s.float, Credit: s.bo, Amount: 3}, {Debit: s.ana, Credit: s.fees, Amount: 1},
					{Debit: s.ana, Credit: s.bo, Amount: 2}}}
			case near:
				e = leg(s.ana, s.bo, 5)
			}
			if e = b.mustPost(e); near {
				mine = append(mine, e)
			}
			balances[e.At] = b.balance(s.ana).Posted
		}
		slices.Reverse(mine)
		for _, size := range []int{1, 7, 50, 200} {
			if got := b.all(ledger.Filter{Account: s.ana, Limit: size}); !slices.Equal(ids(got), ids(mine)) || !reflect.DeepEqual(got, mine) {
				t.Errorf("pages of %d: %d entries, want the %d that were posted", size, len(got), len(mine))
			}
		}
		for at, want := range balances {
			got, err := db.Read(t.Context(), b.d, func(tx *db.Tx) (ledger.Balance, error) { return b.BalanceAt(tx, s.ana, at) })
			if err != nil || got.Posted != want {
				t.Fatalf("at %v: %d, %v, want %d", at, got.Posted, err, want)
			}
		}
	})
}
