package payment

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
)

// history gives Lena fifty payments of several kinds, the older ones in word lists, the newest in none.
func (w *world) history() {
	w.t.Helper()
	w.fund(w.lena, 1_000_000)
	w.fund(w.omar, 1_000_000)
	for i := range 50 {
		terms := w.terms(int64(100 + i*7))
		who := w.lena
		switch i % 5 {
		case 1:
			terms.Payee, terms.Description = string(w.omar), fmt.Sprintf("Geheimnis Nummer %d", i)
		case 2:
			terms.Payee, terms.Description, who = string(w.lena), fmt.Sprintf("Zurück für 牛肉面 %d", i), w.omar
		case 3:
			terms.Description, terms.Reference = "Kaffee \t und\nKuchen", fmt.Sprintf("order-%d", i)
		}
		p, err := w.Create(w.ctx, w.by(who), terms, true, w.key())
		if err != nil {
			w.t.Fatal(err)
		}
		if i == 3 || i == 28 || i == 48 {
			if _, err := w.Refund(w.ctx, w.byShop(), p.ID, nil, "cold", w.key()); err != nil {
				w.t.Fatal(err)
			}
		}
		w.business.Advance(20 * time.Minute)
	}
	for _, owner := range []string{string(w.lena), string(w.shop.ID)} {
		if listed, err := w.Listed(w.ctx, owner); listed || err != nil {
			w.t.Fatalf("before any list is written: %v %v", listed, err)
		}
	}
	w.rest()
	for _, owner := range []string{string(w.lena), string(w.shop.ID)} {
		if listed, err := w.Listed(w.ctx, owner); !listed || err != nil {
			w.t.Fatalf("when all lists are written: %v %v", listed, err)
		}
	}
}

// find reads all pages of a filter.
func (w *world) find(f ActivityFilter) (ids []ID) { return w.findOf(w.by(w.lena), f) }

func (w *world) findOf(c Caller, f ActivityFilter) (ids []ID) {
	w.t.Helper()
	for cursor := ""; ; {
		page, err := w.Activity(w.ctx, c, c.Owner(), f, cursor, 3)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, item := range page.Items {
			ids = append(ids, item.Payment.ID)
		}
		if cursor = page.Next; cursor == "" {
			return ids
		}
	}
}

// A search finds exactly what reading every payment would find, newest first, each once: whether a payment is in a word list or was
// made a moment ago.
func TestSearchFindsWhatReadingFinds(t *testing.T) {
	partSize, partsMost, headsMost, wholeMost, openLeast = 10, 1, 3, 2, 1
	t.Cleanup(func() { partSize, partsMost, headsMost, wholeMost, openLeast = 250, 16, 1000, 440, 4 })
	engines(t, func(w *world) {
		w.history()
		parts, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) ([]part, error) {
			return db.All(tx, scanPart, selectParts, string(w.lena), string(w.lena), int64(1<<62), "", 0, 100)
		})
		if err != nil || len(parts) != 5 {
			t.Fatalf("%d word lists (%v), want 5", len(parts), err)
		}
		w.openedTogether(parts)
		w.remembersHeads(parts)
		w.toCome()
		every := w.every(w.by(w.lena))
		noted := every[len(every)-8].Payment.ID
		if err := w.SetNote(w.ctx, w.by(w.lena), noted, "Für die Steuer"); err != nil {
			t.Fatal(err)
		}
		middle := every[25].At
		omar := func(i Item) bool { return strings.HasPrefix(i.With, "Omar") }
		rosa := func(i Item) bool { return strings.HasPrefix(i.With, "Rosa") }
		minor := func(i Item) int64 { return i.Payment.Amount.Minor }
		for name, one := range map[string]struct {
			f    ActivityFilter
			want func(Item) bool
		}{
			"word":    {ActivityFilter{Text: "kuchen KAFFEE"}, func(i Item) bool { return strings.Contains(i.Payment.Description, "Kaffee") }},
			"chinese": {ActivityFilter{Text: "牛肉"}, func(i Item) bool { return strings.Contains(i.Payment.Description, "牛肉") }},
			"person":  {ActivityFilter{Text: "omar"}, omar},
			"party":   {ActivityFilter{With: string(w.omar)}, omar},
			"amount":  {ActivityFilter{Text: "1,49"}, func(i Item) bool { return minor(i) == 149 }},
			"range":   {ActivityFilter{Least: "2", Most: "3.005"}, func(i Item) bool { return minor(i) >= 200 && minor(i) <= 300 }},
			"note":    {ActivityFilter{Text: "steuer"}, func(i Item) bool { return i.Payment.ID == noted }},
			"id":      {ActivityFilter{Text: string(noted)}, func(i Item) bool { return i.Payment.ID == noted }},
			"state":   {ActivityFilter{State: Refunded}, func(i Item) bool { return i.Payment.State == Refunded }},
			"waiting": {ActivityFilter{State: AwaitingConfirmation}, func(i Item) bool { return i.Payment.State == AwaitingConfirmation }},
			"completed": {ActivityFilter{State: Completed, Text: "kuchen"}, func(i Item) bool {
				return i.Payment.State == Completed && strings.Contains(i.Payment.Description, "Kuchen")
			}},
			"in":        {ActivityFilter{Direction: In, Text: "omar"}, func(i Item) bool { return i.Direction == In && omar(i) }},
			"refunds":   {ActivityFilter{Kind: Refund}, func(i Item) bool { return i.Payment.Kind == Refund }},
			"until":     {ActivityFilter{Until: middle, Text: "café"}, func(i Item) bool { return i.At.Before(middle) && rosa(i) }},
			"since":     {ActivityFilter{Since: middle, Text: "café"}, func(i Item) bool { return !i.At.Before(middle) && rosa(i) }},
			"reference": {ActivityFilter{Reference: "order-13"}, func(i Item) bool { return i.Payment.Reference == "order-13" }},
			"nothing":   {ActivityFilter{Text: "=cmd|' /C calc'!A0"}, func(Item) bool { return false }},
		} {
			w.finds(name, w.by(w.lena), every, one.f, one.want, name != "nothing")
		}
		headsMost = 1000 // it keeps where lists begin
		w.shopFinds()
		headsMost = 3
		w.erased()
	})
}

// every reads an owner's whole list.
func (w *world) every(c Caller) (list []Item) {
	w.t.Helper()
	for cursor := ""; ; {
		page, err := w.Activity(w.ctx, c, c.Owner(), ActivityFilter{}, cursor, 20)
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, page.Items...)
		if cursor = page.Next; cursor == "" {
			return list
		}
	}
}

func (w *world) finds(name string, c Caller, every []Item, f ActivityFilter, fits func(Item) bool, some bool) {
	w.t.Helper()
	var want []ID
	for _, item := range every {
		if fits(item) {
			want = append(want, item.Payment.ID)
		}
	}
	if got := w.findOf(c, f); !slices.Equal(got, want) {
		w.t.Errorf("%s of %s: %d found, want %d", name, c.Owner(), len(got), len(want))
	}
	if some != (len(want) > 0) {
		w.t.Errorf("%s of %s: %d to find", name, c.Owner(), len(want))
	}
}

// shopFinds: a shop is answered out of indexes where they know, and finds the same.
func (w *world) shopFinds() {
	w.t.Helper()
	asked := w.terms(700)
	for range 4 {
		asked.Payee, asked.ExpiresAt = "", w.business.Now().Add(2*time.Minute)
		if _, err := w.Create(w.ctx, w.byShop(), asked, false, w.key()); err != nil {
			w.t.Fatal(err)
		}
		w.business.Advance(time.Minute)
	}
	w.business.Advance(time.Hour)
	if err := w.ExpireDue(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	c := w.byShop()
	every := w.every(c)
	first, middle := every[len(every)-1], every[len(every)/2].At
	in := func(states ...State) func(Item) bool {
		return func(i Item) bool { return slices.Contains(states, i.Payment.State) }
	}
	for _, one := range []struct {
		name string
		f    ActivityFilter
		want func(Item) bool
		none bool
	}{
		{"refunded", ActivityFilter{State: Refunded}, in(Refunded), false},
		{"expired", ActivityFilter{State: Expired}, in(Expired), false},
		{"held", ActivityFilter{State: Held}, in(Held), true},
		{"refunded later", ActivityFilter{State: Refunded, Since: middle},
			func(i Item) bool { return in(Refunded)(i) && !i.At.Before(middle) }, false},
		{"refunded before", ActivityFilter{State: Refunded, Until: middle},
			func(i Item) bool { return in(Refunded)(i) && i.At.Before(middle) }, false},
		{"refunded with words", ActivityFilter{State: Refunded, Text: "kuchen"},
			func(i Item) bool { return in(Refunded)(i) && strings.Contains(i.Payment.Description, "Kuchen") }, false},
		{"reference", ActivityFilter{Reference: "order-3"}, func(i Item) bool { return i.Payment.Reference == "order-3" }, false},
		{"reference before", ActivityFilter{Reference: "order-48", Until: middle},
			func(i Item) bool { return i.Payment.Reference == "order-48" && i.At.Before(middle) }, true},
		{"no such reference", ActivityFilter{Reference: "order"}, func(Item) bool { return false }, true},
		{"out", ActivityFilter{Direction: Out}, func(i Item) bool { return i.Direction == Out }, false},
		{"in", ActivityFilter{Direction: In}, func(i Item) bool { return i.Direction == In }, false},
		{"transfers", ActivityFilter{Kind: Transfer}, in(), true},
		{"range", ActivityFilter{Least: "1.00", Most: "1.30"},
			func(i Item) bool { m := i.Payment.Amount.Minor; return m >= 100 && m <= 130 }, false},
		{"much", ActivityFilter{Least: "100000"}, in(), true},
		{"currency", ActivityFilter{Currency: "EUR"}, func(Item) bool { return true }, false},
		{"other currency", ActivityFilter{Currency: "JPY"}, in(), true},
		{"receipt", ActivityFilter{Text: strings.Replace(string(first.Payment.ID), "pay_", "RCP_", 1)},
			func(i Item) bool { return i.Payment.ID == first.Payment.ID }, false},
		{"another's receipt", ActivityFilter{Text: "rcp_0000000000000000000000000" + "0"}, in(), true},
		{"receipt in a state", ActivityFilter{Text: string(first.Payment.ID), State: Voided}, in(), true},
	} {
		w.finds(one.name, c, every, one.f, one.want, !one.none)
	}
}

// remembersHeads: where lists begin and end is what the table says, also when some were written since it was read.
func (w *world) remembersHeads(parts []part) {
	w.t.Helper()
	few := headsMost
	headsMost = 1000
	defer func() { headsMost = few }()
	owner, all := string(w.lena), place{at: 1 << 62}
	for _, known := range [][]part{nil, parts, parts[2:], parts[4:]} {
		w.shelf = shelf{}
		if known != nil {
			w.shelf.keepHeads(owner, slices.Clone(known))
		}
		for _, one := range []struct {
			from  place
			since int64
		}{{all, 0}, {parts[1].last, 0}, {parts[1].first, 0}, {all, parts[3].last.at}, {all, parts[3].last.at + 1},
			{parts[2].last, parts[2].first.at}} {
			want, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) ([]part, error) {
				return db.All(tx, scanPart, selectParts, owner, owner, one.from.at, one.from.payment, one.since, headsMost)
			})
			w.ok(err)
			if got, err := w.heads(w.ctx, owner, one.from, one.since); err != nil || len(got) == 0 || !slices.Equal(got, want) {
				w.t.Errorf("with %d known: %d lists older than %v and not than %d (%v), want %d", len(known), len(got), one.from, one.since, err,
					len(want))
			}
		}
	}
}

// openedTogether: lists that are opened at several places at once are those that are opened one by one, each where it belongs.
func (w *world) openedTogether(parts []part) {
	w.t.Helper()
	together, err := w.openParts(w.ctx, string(w.lena), parts)
	w.ok(err)
	w.shelf = shelf{}
	for i, p := range parts {
		alone, err := w.openParts(w.ctx, string(w.lena), []part{p})
		w.ok(err)
		if alone[0] == together[i] || alone[0].place(0) != p.last || !slices.Equal(alone[0].ids, together[i].ids) ||
			string(alone[0].words) != string(together[i].words) {
			w.t.Errorf("list %d of %d has %d payments from %v, and %d from %v alone", i, len(parts), together[i].size, together[i].place(0),
				alone[0].size, alone[0].place(0))
		}
	}
}

// toCome: what waits for a person's yes and what is reserved is about to leave, and nothing else is.
func (w *world) toCome() {
	w.t.Helper()
	waiting, err := w.Create(w.ctx, w.by(w.lena), w.terms(999), false, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	reserve := w.terms(888)
	reserve.Capture = Manual
	held, err := w.Create(w.ctx, w.by(w.lena), reserve, true, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	soon, err := w.Upcoming(w.ctx, w.by(w.lena), 5)
	if err != nil || len(soon) != 2 || soon[0].Payment.ID != held.ID || soon[1].Payment.ID != waiting.ID {
		w.t.Fatalf("to come: %+v (%v), want %s and %s", soon, err, held.ID, waiting.ID)
	}
	if one, err := w.Upcoming(w.ctx, w.by(w.lena), 1); err != nil || len(one) != 1 {
		w.t.Fatalf("%d to come (%v), want 1", len(one), err)
	}
	if none, err := w.Upcoming(w.ctx, w.byShop(), 5); err != nil || len(none) != 0 {
		w.t.Fatalf("to come of a shop: %+v (%v)", none, err)
	}
}

// What was loaded and did not fill the page is not met again with what is loaded next.
func TestSearchLoadsEachOnce(t *testing.T) {
	partSize = 4
	t.Cleanup(func() { partSize = 250 })
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		var want []ID
		for i := range 12 {
			terms := w.terms(int64(100 + i))
			terms.Description = "Kuchen"
			p, err := w.Create(w.ctx, w.by(w.lena), terms, true, w.key())
			w.ok(err)
			if i >= 8 && i < 11 { // behind one that is in the wanted state, so many that the first to be loaded do not fill a page
				w.must(w.Refund(w.ctx, w.byShop(), p.ID, nil, "", w.key()))
			} else {
				want = append([]ID{p.ID}, want...)
			}
			w.business.Advance(time.Minute)
		}
		w.business.Advance(2 * time.Hour)
		_, err := w.Listed(w.ctx, string(w.lena))
		w.ok(err)
		w.rest()
		newest, err := db.Read(w.ctx, w.DB, func(tx *db.Tx) (part, error) { return newestPart(tx, string(w.lena)) })
		w.ok(err)
		if newest.number != 4 { // with the top-up and the refunds
			t.Fatalf("%d word lists, want 4", newest.number)
		}
		if got := w.find(ActivityFilter{State: Completed, Text: "kuchen"}); !slices.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
	})
}

// A payment that is in a word list never comes into a state that is looked for among the newest only.
func TestEarlyStatesAreNotComeBackTo(t *testing.T) {
	for _, m := range Moves {
		if m.To.early() && m.From != None && !m.From.early() {
			t.Errorf("%s leads from %s back to %s", m.On, m.From, m.To)
		}
	}
}

// erased: who is erased takes their words out of other people's lists, and the lists stay readable.
func (w *world) erased() {
	w.t.Helper()
	before := w.find(ActivityFilter{Text: "牛肉面"})
	if err := w.Keys.Destroy(string(w.omar)); err != nil {
		w.t.Fatal(err)
	}
	if after := w.find(ActivityFilter{Text: "牛肉面"}); len(before) == 0 || len(after) != 0 {
		w.t.Errorf("%d payments had Omar's words, %d still have them", len(before), len(after))
	}
	if own := w.find(ActivityFilter{Text: "geheimnis"}); len(own) != 10 {
		w.t.Errorf("%d of Lena's own words left, want 10", len(own))
	}
}

// A note is its writer's alone, and has an end.
func TestNotes(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1000)
		p := w.pay(w.lena, 100)
		if err := w.SetNote(w.ctx, w.by(w.lena), p.ID, "birthday"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []Caller{w.byShop(), w.by(w.lena)} {
			note, err := w.Note(w.ctx, c, p.ID)
			if want := map[bool]string{true: "birthday"}[c.Shop == ""]; err != nil || note != want {
				t.Errorf("%s reads %q (%v), want %q", c.Owner(), note, err, want)
			}
		}
		w.refused(w.SetNote(w.ctx, w.by(w.lena), p.ID, strings.Repeat("面", NoteMost+1)), ErrNote, "a long note")
		if err := w.SetNote(w.ctx, w.by(w.omar), p.ID, "spy"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("a stranger's note: %v", err)
		}
		if err := w.SetNote(w.ctx, w.by(w.lena), p.ID, ""); err != nil {
			t.Fatal(err)
		}
		if note, _ := w.Note(w.ctx, w.by(w.lena), p.ID); note != "" {
			t.Errorf("a note that was taken away says %q", note)
		}
	})
}
