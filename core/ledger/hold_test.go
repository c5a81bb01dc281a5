package ledger_test

import (
	"context"
	"fmt"
	"testing"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/ledger"
)

// street is two people, a shop and money.
type street struct {
	*bank
	float, ana, bo, shop, fees ledger.AccountID
}

func newStreet(b *bank, cash int64) *street {
	s := &street{bank: b}
	s.float = b.openBusy("system/float/EUR", eur)
	s.fees = b.openBusy("system/fees/EUR", eur)
	s.shop = b.openBusy("merchant/shop/EUR", eur)
	s.ana = b.open("user/ana/EUR", eur, ledger.NonNegative)
	s.bo = b.open("user/bo/EUR", eur, ledger.NonNegative)
	if cash > 0 {
		b.mustPost(leg(s.float, s.ana, cash))
	}
	return s
}

// The states a hold can be in, and how it gets there.
var holdStates = map[string]func(s *street, hold ledger.EntryID) (ledger.Entry, error){
	"open":        func(*street, ledger.EntryID) (ledger.Entry, error) { return ledger.Entry{}, nil },
	"posted":      func(s *street, h ledger.EntryID) (ledger.Entry, error) { return s.end(ledger.Post, h, s.id()) },
	"part posted": func(s *street, h ledger.EntryID) (ledger.Entry, error) { return s.end(ledger.Post, h, s.id(), 400) },
	"voided":      func(s *street, h ledger.EntryID) (ledger.Entry, error) { return s.end(ledger.Void, h, s.id()) },
	"expired": func(s *street, h ledger.EntryID) (ledger.Entry, error) {
		s.advance(hour)
		return s.end(ledger.Expire, h, s.id())
	},
	"late": func(s *street, h ledger.EntryID) (ledger.Entry, error) {
		s.advance(hour) // its time is over, and nobody has expired it yet
		return ledger.Entry{}, nil
	},
}

// What may happen to a hold. A state that want does not have refuses the event with hold_not_open.
var holdEvents = []struct {
	name string
	do   func(s *street, h, id ledger.EntryID) (ledger.Entry, error)
	want map[string]error // by state; nil where the event succeeds
	got  int64            // what bo has after it succeeded
}{
	{"post", func(s *street, h, id ledger.EntryID) (ledger.Entry, error) { return s.end(ledger.Post, h, id) },
		map[string]error{"open": nil, "late": ledger.ErrHoldExpired}, 1000},
	{"post in part", func(s *street, h, id ledger.EntryID) (ledger.Entry, error) { return s.end(ledger.Post, h, id, 400) },
		map[string]error{"open": nil, "late": ledger.ErrHoldExpired}, 400},
	{"post too much", func(s *street, h, id ledger.EntryID) (ledger.Entry, error) { return s.end(ledger.Post, h, id, 1001) },
		map[string]error{"open": ledger.ErrAmountExceedsHold, "late": ledger.ErrHoldExpired}, 0},
	{"post less than nothing", func(s *street, h, id ledger.EntryID) (ledger.Entry, error) { return s.end(ledger.Post, h, id, -1) },
		map[string]error{"open": money.ErrAmountNotPositive, "late": ledger.ErrHoldExpired}, 0},
	{"post among others", func(s *street, h, id ledger.EntryID) (ledger.Entry, error) { return s.among(h, id, 0) },
		map[string]error{"open": nil, "late": ledger.ErrHoldExpired}, 1000},
	{"post in part among others", func(s *street, h, id ledger.EntryID) (ledger.Entry, error) { return s.among(h, id, 400) },
		map[string]error{"open": nil, "late": ledger.ErrHoldExpired}, 400},
	{"post too much among others", func(s *street, h, id ledger.EntryID) (ledger.Entry, error) { return s.among(h, id, 1001) },
		map[string]error{"open": ledger.ErrAmountExceedsHold, "late": ledger.ErrHoldExpired}, 0},
	{"void", func(s *street, h, id ledger.EntryID) (ledger.Entry, error) { return s.end(ledger.Void, h, id) },
		map[string]error{"open": nil, "late": nil}, 0},
	{"expire", func(s *street, h, id ledger.EntryID) (ledger.Entry, error) { return s.end(ledger.Expire, h, id) },
		map[string]error{"open": ledger.ErrHoldNotExpired, "late": nil}, 0},
}

// among posts a hold in one transaction with one that is open and one that is none, which is no matter to either.
func (s *street) among(hold, id ledger.EntryID, amount int64) (ledger.Entry, error) {
	other := s.mustHold(leg(s.float, s.openBusy("system/aside/EUR", eur), 1), hour)
	posts := []ledger.HoldPost{{Hold: s.id(), ID: s.id()}, {Hold: hold, ID: id, Amount: amount}, {Hold: other.ID, ID: s.id()}}
	results, err := db.Write(context.Background(), s.d, func(tx *db.Tx) ([]ledger.Result, error) { return s.PostHolds(tx, posts) })
	if err != nil {
		return ledger.Entry{}, err
	}
	wantErr(s.t, results[0].Err, ledger.ErrEntryNotFound)
	if e := results[2]; e.Err != nil || e.Entry.Resolves != other.ID {
		s.t.Errorf("the neighbour: %+v", e)
	}
	return results[1].Entry, results[1].Err
}

func TestEveryHoldStateMeetsEveryEvent(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		for state, reach := range holdStates {
			for _, event := range holdEvents {
				t.Run(state+"/"+event.name, func(t *testing.T) {
					s := &street{bank: b}
					s.float = b.openBusy("system/float/EUR", eur)
					name := fmt.Sprintf("%s/%s", state, event.name)
					s.ana, s.bo = b.open(slug("ana/"+name), eur, ledger.NonNegative), b.open(slug("bo/"+name), eur, ledger.NonNegative)
					b.mustPost(leg(s.float, s.ana, 1000))
					hold := s.mustHold(leg(s.ana, s.bo, 1000), hour)
					first, err := reach(s, hold.ID)
					if err != nil {
						t.Fatal(err)
					}
					before := s.balance(s.bo).Posted
					id := s.id()
					e, err := event.do(s, hold.ID, id)
					want, open := event.want[state]
					if !open {
						want = ledger.ErrHoldNotOpen
					}
					if want != nil {
						wantErr(t, err, want)
						if got := s.balance(s.bo).Posted; got != before {
							t.Errorf("a refusal moved %d", got-before)
						}
						if first.ID != "" {
							wantResolution(t, s, first, hold)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					wantResolution(t, s, e, hold)
					if got := s.balance(s.bo); got.Posted != event.got || got.Incoming != 0 {
						t.Errorf("bo has %+v, want %d", got, event.got)
					}
					if got := s.balance(s.ana); got.Available != 1000-event.got || got.Pending != 0 {
						t.Errorf("ana has %+v, want %d", got, 1000-event.got)
					}
					again, err := event.do(s, hold.ID, id)
					if err != nil || again.At != e.At {
						t.Errorf("the same call again answers %v, %v; want the entry of %v", again.At, err, e.At)
					}
					_, err = event.do(s, hold.ID, s.id())
					wantErr(t, err, ledger.ErrHoldNotOpen)
				})
			}
		}
		b.wantClean()
	})
}

// slug makes an address of a test's name.
func slug(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c == ' ' {
			b[i] = '-'
		}
	}
	return string(b) + "/EUR"
}

func wantResolution(t *testing.T, s *street, e, hold ledger.Entry) {
	t.Helper()
	if e.Resolves != hold.ID || e.Kind != hold.Kind || e.Reference != hold.Reference || !e.At.After(hold.At) {
		t.Errorf("%+v does not resolve %+v", e, hold)
	}
}

func TestOneResolverWins(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 100_000)
		for round := range 20 {
			before := s.balance(s.bo).Posted
			hold := s.mustHold(leg(s.ana, s.bo, 1000), hour)
			posted := make([]int64, 8)
			errs := inParallel(8, func(i int) error {
				if i%2 == 0 {
					_, err := s.end(ledger.Void, hold.ID, s.id())
					return err
				}
				e, err := s.end(ledger.Post, hold.ID, s.id(), int64(100*i))
				if err == nil {
					posted[i] = e.Legs[0].Amount
				}
				return err
			})
			wantOutcomes(t, errs, 1, ledger.ErrHoldNotOpen)
			var sum int64
			for _, p := range posted {
				sum += p
			}
			if got := s.balance(s.bo).Posted - before; got != sum {
				t.Errorf("round %d: bo got %d, told were %d", round, got, sum)
			}
		}
		b.wantClean()
	})
}

func TestHoldOfSeveralLegs(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 10_000)
		two := func() ledger.Entry {
			return b.mustHold(ledger.Entry{Kind: "payment", Reference: "pay_1", Legs: []ledger.Leg{
				{Debit: s.ana, Credit: s.shop, Amount: 1000}, {Debit: s.shop, Credit: s.fees, Amount: 10},
			}}, hour)
		}
		hold := two()
		for name, amounts := range map[string][]int64{"too few": {1, 2, 3}, "nothing": {0, 0}, "negative": {5, -1}, "too much": {1000, 11}} {
			if _, err := s.end(ledger.Post, hold.ID, s.id(), amounts...); err == nil {
				t.Errorf("%s: posted", name)
			}
		}
		if _, err := s.end(ledger.Post, hold.ID, s.id(), 500); err == nil {
			t.Error("one amount for two legs: posted")
		}
		e, err := s.end(ledger.Post, hold.ID, s.id(), 400, 0)
		if err != nil {
			t.Fatal(err)
		}
		if e.Legs[0].Amount != 400 || e.Legs[0].Released != 1000 || e.Legs[1].Phase != ledger.Void || e.Legs[1].Released != 10 {
			t.Errorf("posted %+v", e.Legs)
		}
		b.wantAvailable(s.ana, 9600)
		b.wantAvailable(s.shop, 400)
		b.wantAvailable(s.fees, 0)
		if _, err := s.end(ledger.Post, two().ID, s.id()); err != nil {
			t.Fatal(err)
		}
		b.wantAvailable(s.shop, 1390)
		b.wantAvailable(s.fees, 10)
		b.wantClean()
		b.fold()
		b.wantAvailable(s.shop, 1390)
		b.wantClean()
	})
}

func TestResolutionRefusals(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		s := newStreet(b, 10_000)
		posted := s.mustPost(leg(s.ana, s.bo, 1))
		hold := s.mustHold(leg(s.ana, s.bo, 1000), hour)
		end := func(hold, id ledger.EntryID) error {
			_, err := s.end(ledger.Post, hold, id)
			return err
		}
		wantErr(t, end("ent_nonsense", s.id()), ledger.ErrEntryNotFound)
		wantErr(t, end(s.id(), s.id()), ledger.ErrEntryNotFound)
		wantErr(t, end(posted.ID, s.id()), ledger.ErrHoldNotOpen)
		wantErr(t, end(hold.ID, "pay_x"), ledger.ErrEntryInvalid)
		wantErr(t, end(hold.ID, posted.ID), ledger.ErrEntryDiffers)
		if err := end(hold.ID, ""); err != nil {
			t.Errorf("without an id one is minted, got %v", err)
		}
		other := s.mustHold(leg(s.ana, s.bo, 10), hour)
		id := s.id()
		if err := end(other.ID, id); err != nil {
			t.Fatal(err)
		}
		_, err := s.end(ledger.Post, other.ID, id, 5)
		wantErr(t, err, ledger.ErrEntryDiffers)
		third := s.mustHold(leg(s.ana, s.bo, 10), hour)
		_, err = s.end(ledger.Void, third.ID, id)
		wantErr(t, err, ledger.ErrEntryDiffers)
		_, err = s.hold(leg(s.ana, s.bo, 10), 0)
		wantErr(t, err, ledger.ErrEntryInvalid)
		b.wantClean()
	})
}
