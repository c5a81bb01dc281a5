package payment

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"billfold/base/lang"
	"billfold/core/identity"
	"billfold/core/notice"
	"billfold/core/rail"
)

func (w *world) freeze(state identity.State) {
	w.t.Helper()
	if _, err := w.People.SetState(w.ctx, w.lena, state); err != nil {
		w.t.Fatal(err)
	}
}

// TestFreezeInTheMiddle: a freeze between the sheet and its confirmation refuses withdrawal and exchange and moves nothing; one that comes
// while a bank or an acquirer is at work loses nothing and doubles nothing: after it the money is where it was going.
func TestFreezeInTheMiddle(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 50_000)
		to, err := w.Accounts.Link(w.ctx, string(w.lena), "Lena Hoffmann", w.iban("3000"))
		if err != nil {
			t.Fatal(err)
		}
		out := w.done(w.Withdraw(w.ctx, w.by(w.lena), eur.Of(1000), to.ID, w.key()))
		quote, err := w.Desk.Quote(w.ctx, w.lena, eur.Of(2000), jpy)
		if err != nil {
			t.Fatal(err)
		}
		swap := w.done(w.Service.Exchange(w.ctx, w.by(w.lena), quote.ID, w.key()))
		w.freeze(identity.Frozen)
		for _, p := range []Payment{out, swap} {
			_, err := w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, w.key())
			if !errors.Is(err, identity.ErrPersonFrozen) && !errors.Is(err, ErrPayeeFrozen) { // one exchanges with oneself
				t.Errorf("%s while frozen: %v", p.Kind, err)
			}
		}
		_, err = w.Withdraw(w.ctx, w.by(w.lena), eur.Of(1000), to.ID, w.key())
		w.refused(err, identity.ErrPersonFrozen, "another withdrawal")
		if w.available(w.lena) != 50_000 {
			t.Errorf("%d euros are left: something moved", w.available(w.lena))
		}
		w.freeze(identity.Active)
		for _, p := range []Payment{out, swap} {
			w.done(w.Confirm(w.ctx, w.by(w.lena), p.ID, Consent{Digest: p.NextAction.Digest}, w.key()))
		}
		before := w.available(w.lena)
		in := w.topUp(rail.TokenOK)
		w.freeze(identity.Frozen)
		w.until(500*time.Millisecond, 20)
		w.freeze(identity.Active)
		w.until(30*time.Second, 20)
		if a, b := w.now(out.ID).State, w.now(in.ID).State; a != Completed || b != Completed {
			t.Errorf("after the freeze the withdrawal is %s, the top-up %s", a, b)
		}
		if got := w.available(w.lena); got != before+5000 {
			t.Errorf("%d are there, want %d", got, before+5000)
		}
	})
}

// TestStatementsMeet: whatever the clock does, each payment is on exactly one month's statement, that of its reader's zone, and each
// begins with what the one before ended: a time change, month's end, midnight of a year, and 29 February.
func TestStatementsMeet(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	engines(t, func(w *world) {
		w.fund(w.lena, 100_000)
		want := map[string]int64{}
		for i, at := range []string{"2026-03-28T23:59:59.999999Z", "2026-03-29T00:59:59.999999Z", "2026-03-29T01:00:00Z",
			"2026-03-31T21:59:59.999999Z", "2026-03-31T22:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z",
			"2026-12-31T22:59:59.999999Z", "2026-12-31T23:00:00Z", "2028-02-28T23:00:00Z", "2028-02-29T22:59:59.999999Z",
			"2028-02-29T23:00:00Z"} {
			when, err := time.Parse(time.RFC3339Nano, at)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.business.Advance(when.Sub(w.business.Now())); err != nil {
				t.Fatal(err)
			}
			w.pay(w.lena, 1<<i) // each sum names its payments
			want[when.In(berlin).Format("2006-01")] += 1 << i
		}
		if len(want) != 7 {
			t.Fatalf("the payments fall into %d months", len(want))
		}
		closing := int64(-1)
		for m := time.Date(2026, 3, 1, 0, 0, 0, 0, berlin); m.Year() < 2028 || m.Month() < 5; m = m.AddDate(0, 1, 0) {
			s, err := w.Statement(w.ctx, w.lena, eur, m, m.AddDate(0, 1, 0))
			if err != nil {
				t.Fatal(err)
			}
			name := m.Format("2006-01")
			if s.Out.Minor != want[name] {
				t.Errorf("%s: %d went out, want %d", name, s.Out.Minor, want[name])
			}
			if closing >= 0 && s.Opening.Minor != closing {
				t.Errorf("%s begins with %d, the month before ended with %d", name, s.Opening.Minor, closing)
			}
			closing = s.Closing.Minor
		}
		if closing != w.available(w.lena) {
			t.Errorf("the last ends with %d, there are %d", closing, w.available(w.lena))
		}
	})
}

// TestRailMails: a withdrawal that is paid, one that comes back and a top-up that is charged back are told by mail, in the reader's
// language, once.
func TestRailMails(t *testing.T) {
	engines(t, func(w *world) {
		r := w.readers()
		people := []struct {
			id   identity.PersonID
			name string
		}{{r.mara, "Mara Stein"}, {r.ming, "王小明"}}
		for _, p := range people {
			w.fund(p.id, 9000)
			for _, ending := range []string{"3000", rail.EndingReturned} {
				to, err := w.Accounts.Link(w.ctx, string(p.id), p.name, w.iban(ending))
				if err != nil {
					t.Fatal(err)
				}
				out := w.done(w.Withdraw(w.ctx, w.by(p.id), eur.Of(1000), to.ID, w.key()))
				w.done(w.Confirm(w.ctx, w.by(p.id), out.ID, Consent{Digest: out.NextAction.Digest}, w.key()))
			}
			w.done(w.TopUp(w.ctx, w.by(p.id), eur.Of(5000), rail.TokenDispute, w.key()))
		}
		w.until(500*time.Millisecond, 20)
		if err := w.business.Advance(3*24*time.Hour + time.Minute); err != nil {
			t.Fatal(err)
		}
		w.until(time.Second, 5)
		var got []string
		for _, m := range w.mails() {
			if !slices.Contains([]string{notice.Withdrawn, notice.CameBack, notice.ChargedBack}, m.Template) {
				continue
			}
			name, _, _ := strings.Cut(m.To, "@")
			got = append(got, name+": "+m.Subject)
			if tag := map[string]lang.Tag{"mara": lang.EN, "ming": lang.ZH}[name]; m.Lang != tag || !strings.Contains(m.Text, "/activity/pay_") {
				t.Errorf("%s is in %s:\n%s", m.Template, m.Lang, m.Text)
			}
		}
		slices.Sort(got)
		want := []string{
			"mara: Your top-up of 50.00 EUR was charged back",
			"mara: Your withdrawal of 10.00 EUR came back", "mara: Your withdrawal of 10.00 EUR has been paid",
			"mara: Your withdrawal of 10.00 EUR has been paid",
			"ming: 您充值的 50.00 EUR 已被拒付", "ming: 您提现的 10.00 EUR 已到账", "ming: 您提现的 10.00 EUR 已到账", "ming: 您提现的 10.00 EUR 已被退回",
		}
		if !slices.Equal(got, want) {
			t.Errorf("mails:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}
