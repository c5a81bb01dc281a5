package payment

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// gift sends an amount of lena's by a link.
func (w *world) gift(minor int64, change ...func(*Terms)) (Payment, Link) {
	w.t.Helper()
	t := Terms{Capture: ByLink, Amount: eur.Of(minor), Description: "for the flowers"}
	for _, c := range change {
		c(&t)
	}
	p := w.done(w.Create(w.ctx, w.by(w.lena), t, true, w.key()))
	link, err := w.LinkTo(w.ctx, w.by(w.lena), p.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return p, link
}

func (w *world) underway() int64 { return w.balance(LinksAddress(eur)).Posted }

// TestLinkCarriesTheMoney: the value leaves the sender's wallet at once, and reaches whoever opens the link, once, however many try.
func TestLinkCarriesTheMoney(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		p, link := w.gift(2500)
		if p.State != Authorized || p.Payee != "" || p.NextAction.Type != ActWait || p.HoldExpiresAt.Sub(p.CreatedAt) != LinkFor {
			t.Errorf("under way: %+v", p)
		}
		if w.available(w.lena) != 7500 || w.underway() != 2500 {
			t.Errorf("lena has %d, %d is under way", w.available(w.lena), w.underway())
		}
		g, err := w.ViewLink(w.ctx, Caller{}, link)
		if err != nil || g.From != "Lena H." || g.Amount != eur.Of(2500) || g.Note != "for the flowers" || g.Payment != "" {
			t.Errorf("a stranger sees %+v, %v", g, err)
		}
		_, err = w.Claim(w.ctx, w.by(w.lena), link, w.key())
		w.refused(err, ErrSameAccount, "taking one's own")
		_, err = w.Claim(w.ctx, w.byShop(), link, w.key())
		w.refused(err, ErrPersonOnly, "a shop")
		// The last character is turned, not set: one key in many ends with any letter one would choose.
		last := byte('A')
		if strings.HasSuffix(link.Key, "A") {
			last = 'B'
		}
		near := link.Key[:len(link.Key)-1] + string(last)
		for _, wrong := range []Link{{link.ID, ""}, {link.ID, near}, {"gft_x", link.Key}, {LinkID(p.ID), link.Key}} {
			_, err := w.Claim(w.ctx, w.by(w.omar), wrong, w.key())
			w.refused(err, fault.ErrNotFound, "a wrong link")
			_, err = w.ViewLink(w.ctx, w.by(w.omar), wrong)
			w.refused(err, fault.ErrNotFound, "looking at a wrong link")
		}
		var took, late atomic.Int64
		who := []identity.PersonID{w.omar, w.owner}
		parallel(20, func(i int) {
			_, err := w.Claim(w.ctx, w.by(who[i%2]), link, w.keyed(fmt.Sprint("claim-", i), "x"))
			switch {
			case err == nil:
				took.Add(1)
			case errors.Is(err, ErrLinkOver):
				late.Add(1)
			default:
				t.Error(err)
			}
		})
		if took.Load() != 1 || late.Load() != 19 || w.underway() != 0 || w.available(w.omar)+w.available(w.owner) != 2500 {
			t.Errorf("%d took it, %d came late, %d under way", took.Load(), late.Load(), w.underway())
		}
		if _, err := w.LinkTo(w.ctx, w.by(w.lena), p.ID); !errors.Is(err, ErrLinkOver) {
			t.Errorf("its link afterwards: %v", err)
		}
		w.rest()
		seen, err := w.Get(w.ctx, w.by(w.lena), p.ID)
		names := fmt.Sprint(stepNames(seen.Steps))
		if err != nil || seen.State != Completed || seen.Captured != 2500 ||
			names != "[authenticate request authorize confirm_payer claim confirm_payer confirm_payee]" {
			t.Errorf("the sender sees %s %s, %v", seen.State, names, err)
		}
		back, err := w.Refund(w.ctx, w.by(identity.PersonID(seen.Payee)), p.ID, nil, "not mine", w.key())
		if err != nil || back.Amount.Minor != 2500 || w.available(w.lena) != 10_000 {
			t.Errorf("given back: %+v, %v", back, err)
		}
	})
}

// TestLinkAnswersAgain: who took it and asks again with the same key hears the same, also after it was refunded.
func TestLinkAnswersAgain(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		call := w.keyed("made", "x")
		first := w.done(w.Create(w.ctx, w.by(w.lena), Terms{Capture: ByLink, Amount: eur.Of(700)}, true, call))
		link, err := w.LinkTo(w.ctx, w.by(w.lena), first.ID)
		if err != nil {
			t.Fatal(err)
		}
		claim := w.keyed("claim", "x")
		took := w.done(w.Claim(w.ctx, w.by(w.omar), link, claim))
		w.done(w.Refund(w.ctx, w.by(w.omar), first.ID, nil, "", w.key()))
		if again := w.done(w.Claim(w.ctx, w.by(w.omar), link, claim)); canon(again) != canon(took) || !again.Replayed {
			t.Errorf("the claim again:\n%s\n%s", canon(took), canon(again))
		}
		if again := w.done(w.Create(w.ctx, w.by(w.lena), Terms{Capture: ByLink, Amount: eur.Of(700)}, true, call)); canon(again) != canon(first) {
			t.Errorf("made again:\n%s\n%s", canon(first), canon(again))
		}
	})
}

// TestLinkComesBack: unclaimed it is its sender's again after seven days of business time, before the sweep as well as by it, and
// whenever its sender takes it back; then nobody else can take it.
func TestLinkComesBack(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		kept, keptLink := w.gift(100)
		_, late := w.gift(200)
		_, swept := w.gift(300)
		if back := w.done(w.Void(w.ctx, w.by(w.lena), kept.ID, w.key())); back.State != Voided || w.available(w.lena) != 9500 {
			t.Errorf("taken back: %+v", back)
		}
		_, err := w.Claim(w.ctx, w.by(w.omar), keptLink, w.key())
		w.refused(err, ErrLinkOver, "what was taken back")
		if _, err := w.Void(w.ctx, w.by(w.omar), late.payment1(t), w.key()); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("a stranger takes it back: %v", err)
		}
		if err := w.business.Advance(LinkFor - time.Second); err != nil {
			t.Fatal(err)
		}
		if err := w.ExpireDue(w.ctx); err != nil || w.underway() != 500 {
			t.Errorf("a second before: %d under way, %v", w.underway(), err)
		}
		if err := w.business.Advance(time.Second); err != nil {
			t.Fatal(err)
		}
		if g, err := w.ViewLink(w.ctx, w.by(w.omar), late); err != nil || g.State != Expired {
			t.Errorf("looking late: %+v, %v", g, err)
		}
		_, err = w.Claim(w.ctx, w.by(w.omar), late, w.key())
		w.refused(err, ErrLinkOver, "a late claim")
		if w.available(w.lena) != 9700 || w.underway() != 300 {
			t.Errorf("after the late claim lena has %d", w.available(w.lena))
		}
		if err := w.ExpireDue(w.ctx); err != nil || w.underway() != 0 || w.available(w.lena) != 10_000 {
			t.Errorf("after the sweep: %d under way, lena has %d, %v", w.underway(), w.available(w.lena), err)
		}
		_, err = w.Claim(w.ctx, w.by(w.omar), swept, w.key())
		w.refused(err, ErrLinkOver, "after the sweep")
	})
}

// payment1 is the payment behind a link, for tests.
func (l Link) payment1(t *testing.T) ID {
	p, err := l.ID.payment()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLinkAndFreeze: what a frozen sender sent is kept until the freeze is lifted, and so is what should go back to them; a frozen
// receiver takes nothing.
func TestLinkAndFreeze(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		_, link := w.gift(400)
		_, other := w.gift(600)
		freeze := func(who identity.PersonID, s identity.State) {
			if _, err := w.People.SetState(w.ctx, who, s); err != nil {
				t.Fatal(err)
			}
		}
		freeze(w.omar, identity.Frozen)
		_, err := w.Claim(w.ctx, w.by(w.omar), link, w.key())
		w.refused(err, identity.ErrPersonFrozen, "a frozen receiver")
		freeze(w.omar, identity.Active)
		freeze(w.lena, identity.Frozen)
		_, err = w.Claim(w.ctx, w.by(w.omar), link, w.key())
		w.refused(err, ErrLinkHeld, "a frozen sender")
		_, err = w.Create(w.ctx, w.by(w.lena), Terms{Capture: ByLink, Amount: eur.Of(1)}, true, w.key())
		w.refused(err, identity.ErrPersonFrozen, "a frozen sender sends")
		if err := w.business.Advance(LinkFor); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.ExpireDue(w.ctx); err != nil && !errors.Is(err, ledger.ErrAccountFrozen) {
				t.Fatal(err)
			}
		}
		if w.underway() != 1000 {
			t.Errorf("%d under way while its sender is frozen", w.underway())
		}
		freeze(w.lena, identity.Active)
		if err := w.business.Advance(frozenWaits); err != nil {
			t.Fatal(err)
		}
		if err := w.ExpireDue(w.ctx); err != nil || w.underway() != 0 || w.available(w.lena) != 10_000 {
			t.Errorf("after the freeze: %d under way, lena has %d, %v", w.underway(), w.available(w.lena), err)
		}
		_, err = w.Claim(w.ctx, w.by(w.omar), other, w.key())
		w.refused(err, ErrLinkOver, "after the freeze")
	})
}

// TestLinkSecretStandsNowhere: neither the key of a link nor the address it is mailed to is in any table or event, and two links have
// different keys.
func TestLinkSecretStandsNowhere(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		const address = "nobody.yet@example.org"
		_, link := w.gift(400, func(t *Terms) { t.SendTo = " Nobody.Yet@example.org " })
		_, other := w.gift(400)
		if link.Key == other.Key || len(link.Key) != 27 {
			t.Errorf("keys %q and %q", link.Key, other.Key)
		}
		w.rest()
		dump := w.dump()
		if !strings.Contains(dump, "user/"+string(w.lena)) {
			t.Fatal("the dump holds nothing")
		}
		for _, secret := range []string{link.Key, address, "for the flowers"} {
			if strings.Contains(dump, secret) {
				t.Errorf("%q stands in the database", secret)
			}
		}
		mails, _, err := w.Notices.Inbox(w.ctx, "", 20)
		if err != nil {
			t.Fatal(err)
		}
		var found bool
		for _, m := range mails {
			found = found || m.To == address && strings.Contains(m.Text, link.Path()) && strings.Contains(m.Text, "Lena H.")
		}
		if !found {
			t.Errorf("nobody was mailed: %+v", mails)
		}
		for _, bad := range []string{"x", "a@b", "a@example.org\r\nBcc: x@example.org", `"x y"@example.org`} {
			_, err := w.Create(w.ctx, w.by(w.lena), Terms{Capture: ByLink, Amount: eur.Of(1), SendTo: bad}, true, w.key())
			w.refused(err, identity.ErrEmail, bad)
		}
	})
}

// dump is everything that stands in the tables of payments, events, notices, jobs and the ledger's accounts.
func (w *world) dump() string {
	w.t.Helper()
	var b strings.Builder
	for _, table := range []string{"payment_record", "payment_step", "payment_party", "payment_link", "payment_contact", "payment_request",
		"payment_share", "event_record", "notice_item", "notice_mail", "once_key", "ledger_account", "ledger_entry", "job_task"} {
		rows, err := harness.Raw(w.t, w.DB).Query("select * from " + table)
		if err != nil {
			w.t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			w.t.Fatal(err)
		}
		for rows.Next() {
			values, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				w.t.Fatal(err)
			}
			for _, v := range values {
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				fmt.Fprintln(&b, v)
			}
		}
		if err := rows.Close(); err != nil {
			w.t.Fatal(err)
		}
	}
	return b.String()
}

// TestLinkTerms: a link is for a person who sends, to nobody yet.
func TestLinkTerms(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		for name, c := range map[string]struct {
			by   Caller
			t    Terms
			want *fault.Fault
		}{
			"to somebody": {w.by(w.lena), Terms{Capture: ByLink, Amount: eur.Of(1), Payee: string(w.omar)}, ErrCapture},
			"a purchase":  {w.by(w.lena), Terms{Capture: ByLink, Amount: eur.Of(1), Kind: Purchase}, ErrKind},
			"by a shop":   {w.byShop(), Terms{Capture: ByLink, Amount: eur.Of(1)}, ErrPersonOnly},
			"too much":    {w.by(w.lena), Terms{Capture: ByLink, Amount: eur.Of(10_001)}, ledger.ErrInsufficientFunds},
			"a hold":      {w.by(w.lena), Terms{Capture: Manual, Amount: eur.Of(1), Payee: string(w.omar)}, ErrCapture},
		} {
			_, err := w.Create(w.ctx, c.by, c.t, c.by.Shop == "", w.key())
			w.refused(err, c.want, name)
		}
		p, _ := w.gift(500)
		_, err := w.Capture(w.ctx, Caller{Person: w.owner, Operator: true}, p.ID, nil, w.key())
		w.refused(err, ErrState, "an operator captures a link")
		_, err = w.Get(w.ctx, w.by(w.omar), p.ID)
		w.refused(err, fault.ErrNotFound, "a stranger reads it")
	})
}

// TestVerifySeesLinks: money that leaves the account of links by another way is found.
func TestVerifySeesLinks(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		w.gift(500)
		var found []string
		look := func() string {
			found = nil
			if _, err := w.Service.Verify(w.ctx, func(f Finding) { found = append(found, f.Where+": "+f.What) }); err != nil {
				t.Fatal(err)
			}
			return strings.Join(found, "\n")
		}
		if said := look(); said != "" {
			t.Fatal(said)
		}
		theft := func(back bool) {
			err := w.DB.Write(w.ctx, func(tx *db.Tx) error {
				from, err := w.links(tx, eur)
				if err != nil {
					return err
				}
				to, err := w.wallet(tx, string(w.omar), eur)
				if back {
					from, to = to, from
				}
				if err == nil {
					_, err = w.Ledger.Post(tx, ledger.Entry{ID: ledger.EntryID(w.ids.New(ledger.Prefix)), Kind: "theft", Reference: "x",
						Legs: []ledger.Leg{{Debit: from, Credit: to, Amount: 1}}})
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		theft(false)
		defer theft(true)
		if said := look(); !strings.Contains(said, "account link/EUR: has 499, but the open links carry 500") {
			t.Errorf("verify says %q", said)
		}
	})
}
