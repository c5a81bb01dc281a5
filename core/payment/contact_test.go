package payment

import (
	"testing"

	"billfold/base/fault"
	"billfold/core/identity"
)

// TestRecipient: whoever is named is shown masked before an amount is typed, with a word when they are new; oneself, a frozen payee and
// nobody are refused (attack case 8).
func TestRecipient(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		r := w.readers()
		for named, want := range map[string]Recipient{
			"@omar":                           {ID: string(w.omar), Name: "Omar H.", Handle: "omar", New: true},
			" Omar ":                          {ID: string(w.omar), Name: "Omar H.", Handle: "omar", New: true},
			"https://pay.example.org/u/omar":  {ID: string(w.omar), Name: "Omar H.", Handle: "omar", New: true},
			string(w.omar):                    {ID: string(w.omar), Name: "Omar H.", New: true},
			"Mara@example.org":                {ID: string(r.mara), Name: "Mara S.", New: true},
			"@rosas_cafe":                     {ID: string(w.shop.ID), Name: "Rosa's Café", Handle: "rosas_cafe", Shop: true, New: true},
			"https://pay.example.org/u/ming/": {ID: string(r.ming), Name: "*小明", Handle: "ming", New: true},
		} {
			if got, err := w.FindRecipient(w.ctx, w.by(w.lena), named); err != nil || got != want {
				t.Errorf("%q: %+v, %v; want %+v", named, got, err, want)
			}
		}
		for named, want := range map[string]*fault.Fault{"@lena": ErrSameAccount, "@nobody_here": identity.ErrPayeeUnknown,
			"no@example.org": identity.ErrPayeeUnknown, "": identity.ErrPayeeUnknown, "usr_x": identity.ErrPayeeUnknown,
			w.ids.New("usr"): identity.ErrPayeeUnknown, "om\u200bar": identity.ErrPayeeUnknown, "@\u202eramo": identity.ErrPayeeUnknown} {
			_, err := w.FindRecipient(w.ctx, w.by(w.lena), named)
			w.refused(err, want, named)
		}
		if _, err := w.People.SetState(w.ctx, w.omar, identity.Frozen); err != nil {
			t.Fatal(err)
		}
		_, err := w.FindRecipient(w.ctx, w.by(w.lena), "@omar")
		w.refused(err, ErrPayeeFrozen, "somebody frozen")
	})
}

// TestContacts: who was paid is found among the recents and is new no more; a name of one's own is sealed, and stays one's own.
func TestContacts(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		send := func(to string) Payment {
			return w.done(w.Create(w.ctx, w.by(w.lena), Terms{Payee: to, Amount: eur.Of(100)}, true, w.key()))
		}
		send("@omar")
		w.business.Advance(1e9)
		send("@rosa")
		draft := w.done(w.Create(w.ctx, w.by(w.lena), Terms{Payee: "@omar", Amount: eur.Of(100)}, false, w.key()))
		list, err := w.Contacts(w.ctx, w.by(w.lena))
		if err != nil || len(list) != 2 || list[0].Name != "Rosa L." || list[1].Name != "Omar H." || list[0].Kept || list[0].PaidAt.IsZero() {
			t.Errorf("recents: %+v, %v", list, err)
		}
		if list, err := w.Contacts(w.ctx, w.by(w.omar)); err != nil || len(list) != 0 {
			t.Errorf("who was only paid has %+v, %v", list, err)
		}
		for payee, want := range map[string]bool{string(w.omar): false, string(w.shop.ID): true} {
			if first, err := w.FirstTime(w.ctx, w.by(w.lena), payee); err != nil || first != want {
				t.Errorf("first time to %s: %t, %v", payee, first, err)
			}
		}
		kept, err := w.Keep(w.ctx, w.by(w.omar), "@rosa", "  Rosa  from the café ")
		if err != nil || kept.Called != "Rosa from the café" || !kept.Kept {
			t.Errorf("kept: %+v, %v", kept, err)
		}
		if first, err := w.FirstTime(w.ctx, w.by(w.omar), string(w.owner)); err != nil || !first {
			t.Errorf("somebody kept and never paid is still new: %t, %v", first, err)
		}
		for name, c := range map[string]struct {
			who, called string
			want        *fault.Fault
		}{"a shop": {string(w.shop.ID), "", ErrKind}, "a bidi name": {"@rosa", "aso\u202eR", identity.ErrName},
			"an invisible name": {"@rosa", "\u200b", identity.ErrName}, "oneself": {"@omar", "me", ErrSameAccount}} {
			_, err := w.Keep(w.ctx, w.by(w.omar), c.who, c.called)
			w.refused(err, c.want, name)
		}
		w.refused(w.Drop(w.ctx, w.by(w.lena), w.owner), fault.ErrNotFound, "dropping a recent")
		if err := w.Drop(w.ctx, w.by(w.omar), w.owner); err != nil {
			t.Fatal(err)
		}
		if list, err := w.Contacts(w.ctx, w.by(w.omar)); err != nil || len(list) != 0 {
			t.Errorf("after dropping: %+v, %v", list, err)
		}
		w.done(w.Void(w.ctx, w.by(w.lena), draft.ID, w.key()))
	})
}

// TestDraftsArePrivate: what somebody wrote down and did not confirm is nobody's business but theirs, is told to nobody, and leaves their
// activity when it came to nothing.
func TestDraftsArePrivate(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		send := func() Payment {
			return w.done(w.Create(w.ctx, w.by(w.lena), Terms{Payee: "@omar", Amount: eur.Of(100), Description: "rent"}, false, w.key()))
		}
		seen := func(who identity.PersonID, f ActivityFilter) int {
			page, err := w.Activity(w.ctx, w.by(who), string(who), f, "", 20)
			if err != nil {
				t.Fatal(err)
			}
			return len(page.Items)
		}
		dropped, late, paid := send(), send(), send()
		w.rest()
		if seen(w.omar, ActivityFilter{}) != 0 || seen(w.lena, ActivityFilter{Kind: Transfer}) != 3 {
			t.Errorf("omar sees %d, lena %d", seen(w.omar, ActivityFilter{}), seen(w.lena, ActivityFilter{Kind: Transfer}))
		}
		_, err := w.Get(w.ctx, w.by(w.omar), paid.ID)
		w.refused(err, fault.ErrNotFound, "the payee reads a draft")
		_, err = w.Void(w.ctx, w.by(w.omar), paid.ID, w.key())
		w.refused(err, fault.ErrNotFound, "the payee voids a draft")
		w.done(w.Void(w.ctx, w.by(w.lena), dropped.ID, w.key()))
		w.done(w.Confirm(w.ctx, w.by(w.lena), paid.ID, Consent{}, w.key()))
		if err := w.business.Advance(DefaultExpiry); err != nil {
			t.Fatal(err)
		}
		_, err = w.Confirm(w.ctx, w.by(w.lena), late.ID, Consent{}, w.key())
		w.refused(err, ErrExpired, "a draft of yesterday")
		w.rest()
		if titles := w.titles(string(w.omar)); len(titles) != 1 || titles[0] != "Lena H. sent you 1.00 EUR" {
			t.Errorf("omar was told %q", titles)
		}
		if titles := w.titles(string(w.lena)); len(titles) != 2 { // the top-up, and what was sent
			t.Errorf("lena was told %q", titles)
		}
		if seen(w.omar, ActivityFilter{}) != 1 || seen(w.lena, ActivityFilter{Kind: Transfer}) != 1 ||
			seen(w.lena, ActivityFilter{State: Expired}) != 1 {
			t.Errorf("omar sees %d, lena %d", seen(w.omar, ActivityFilter{}), seen(w.lena, ActivityFilter{Kind: Transfer}))
		}
	})
}

// TestDraftsOfOnesOwn: a withdrawal or an exchange that was left on its sheet, or taken back there, is told to nobody and leaves the
// activity, like a transfer; what the bank says of one that was confirmed is told.
func TestDraftsOfOnesOwn(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		w.rest()
		told := len(w.titles(string(w.lena)))
		to, err := w.Accounts.Link(w.ctx, string(w.lena), "Lena Hoffmann", w.iban("3000"))
		w.ok(err)
		out := func() Payment { return w.done(w.Withdraw(w.ctx, w.by(w.lena), eur.Of(100), to.ID, w.key())) }
		swap := func() Payment { return w.done(w.Exchange(w.ctx, w.by(w.lena), w.quoted(), w.key())) }
		late, dropped := []Payment{out(), swap()}, []Payment{out(), swap()}
		seen := func(f ActivityFilter) int {
			page, err := w.Activity(w.ctx, w.by(w.lena), string(w.lena), f, "", 20)
			w.ok(err)
			return len(page.Items)
		}
		before := seen(ActivityFilter{})
		for _, p := range dropped {
			w.done(w.Void(w.ctx, w.by(w.lena), p.ID, w.key()))
		}
		if err := w.business.Advance(WithdrawalExpiry); err != nil {
			t.Fatal(err)
		}
		for _, p := range late {
			_, err := w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, w.key())
			w.refused(err, ErrExpired, "a draft of before")
		}
		w.rest()
		if titles := w.titles(string(w.lena)); len(titles) != told {
			t.Errorf("she was told %q", titles)
		}
		after, expired, voided := seen(ActivityFilter{}), seen(ActivityFilter{State: Expired}), seen(ActivityFilter{State: Voided})
		if after != before-4 || expired != 2 || voided != 2 {
			t.Errorf("of %d rows %d are left, %d expired, %d voided", before, after, expired, voided)
		}
		w.withdraw(500, "3000")
		w.rest()
		if titles := w.titles(string(w.lena)); len(titles) == told {
			t.Errorf("of a withdrawal that was confirmed she was told nothing but %q", titles)
		}
	})
}

// A shop is new to a payer until a payment to it is completed; one that waits, or that another person made, does not count.
func TestPaidLately(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100)
		w.fund(w.omar, 100)
		known := func(who identity.PersonID, want bool, why string) {
			t.Helper()
			if got, err := w.PaidLately(w.ctx, w.by(who), string(w.shop.ID)); err != nil || got != want {
				t.Errorf("%s: %t, %v", why, got, err)
			}
		}
		if _, err := w.Create(w.ctx, w.by(w.lena), w.terms(10), false, w.key()); err != nil {
			t.Fatal(err)
		}
		known(w.lena, false, "asked for only")
		p, err := w.Create(w.ctx, w.by(w.lena), w.terms(20), true, w.key())
		if err != nil {
			t.Fatal(err)
		}
		known(w.lena, true, "paid")
		known(w.omar, false, "somebody else paid")
		if _, err := w.Refund(w.ctx, w.byShop(), p.ID, nil, "cold", w.key()); err != nil {
			t.Fatal(err)
		}
		known(w.lena, true, "paid, and it came back")
	})
}
