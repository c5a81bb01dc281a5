package payment

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/notice"

	"pgregory.net/rapid"
)

// even asks others for a total that is divided evenly, the one who asks included.
func (w *world) even(minor int64, people ...string) AskTerms {
	t := AskTerms{Split: true, Mode: Even, Total: eur.Of(minor), Own: 1, Note: "dinner"}
	for _, p := range people {
		t.Shares = append(t.Shares, ShareTerms{Person: p})
	}
	return t
}

func (w *world) asks(who identity.PersonID, t AskTerms) MoneyRequest {
	w.t.Helper()
	q, err := w.Ask(w.ctx, w.by(who), t, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	return q
}

func (w *world) pays(who identity.PersonID, payment ID) Payment {
	w.t.Helper()
	return w.done(w.Confirm(w.ctx, w.by(who), payment, Consent{}, w.key()))
}

func (w *world) read(q MoneyRequest, who identity.PersonID) MoneyRequest {
	w.t.Helper()
	now, err := w.Request(w.ctx, w.by(who), q.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return now
}

func amounts(q MoneyRequest) (list []int64) {
	for _, s := range q.Shares {
		list = append(list, s.Amount.Minor)
	}
	return list
}

// TestDivide is attack case 19 as a property: whatever is divided among whomever, by any mode, the pieces sum to it exactly, none is
// lost, no even share differs from another by more than one unit, and the same bill divides the same way again.
func TestDivide(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		total := eur.Of(rapid.Int64Range(1, 1<<62).Draw(rt, "total"))
		terms := AskTerms{Split: true, Total: total, Mode: rapid.SampledFrom([]SplitMode{Even, ByShare}).Draw(rt, "mode"),
			Own: rapid.Int64Range(0, 1).Draw(rt, "own")}
		for range rapid.IntRange(1, requestMost).Draw(rt, "people") {
			terms.Shares = append(terms.Shares, ShareTerms{Part: rapid.Int64Range(1, partMost).Draw(rt, "part")})
		}
		shares, own, err := terms.Divide(total)
		if errors.Is(err, ErrSplit) {
			if total.Minor > requestMost*partMost {
				rt.Fatalf("%d cannot be divided among %d", total.Minor, len(terms.Shares))
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		var sum money.Sum128
		sum.Add(own)
		for _, s := range shares {
			sum.Add(s)
		}
		if got, ok := sum.Int64(); !ok || got != total.Minor {
			rt.Fatalf("the pieces sum to %s of %d", sum, total.Minor)
		}
		if terms.Mode == Even && slices.Max(shares)-slices.Min(shares) > 1 {
			rt.Fatalf("uneven: %v", shares)
		}
		again, _, _ := terms.Divide(total)
		if !slices.Equal(shares, again) {
			rt.Fatal("it divides another way the second time")
		}
	})
}

// TestDivideByHand are the cases a person would try with a pencil.
func TestDivideByHand(t *testing.T) {
	four := []ShareTerms{{}, {}, {}, {}}
	parts := func(list ...int64) (s []ShareTerms) {
		for _, p := range list {
			s = append(s, ShareTerms{Part: p})
		}
		return s
	}
	for name, c := range map[string]struct {
		t      AskTerms
		shares string
		own    int64
	}{
		"61.00 among four":      {AskTerms{Mode: Even, Total: eur.Of(6100), Shares: four}, "[1525 1525 1525 1525]", 0},
		"with the one who asks": {AskTerms{Mode: Even, Total: eur.Of(6100), Shares: four[:2], Own: 1}, "[2033 2033]", 2034},
		"10.00 among three":     {AskTerms{Mode: Even, Total: eur.Of(1000), Shares: four[:3]}, "[334 333 333]", 0},
		"yen have no cents":     {AskTerms{Mode: Even, Total: jpy.Of(100), Shares: four[:3]}, "[34 33 33]", 0},
		"1, 2 and 3 parts":      {AskTerms{Mode: ByShare, Total: eur.Of(1000), Shares: parts(2, 3), Own: 1}, "[333 500]", 167},
		"amounts":               {AskTerms{Mode: ByAmount, Total: eur.Of(1000), Shares: parts(400, 350), Own: 250}, "[400 350]", 250},
	} {
		shares, own, err := c.t.Divide(c.t.Total)
		if err != nil || fmt.Sprint(shares) != c.shares || own != c.own {
			t.Errorf("%s: %v and %d, %v; want %s and %d", name, shares, own, err, c.shares, c.own)
		}
	}
	for name, bad := range map[string]AskTerms{
		"amounts that do not sum": {Mode: ByAmount, Total: eur.Of(1000), Shares: parts(400, 350)},
		"amounts that wrap":       {Mode: ByAmount, Total: eur.Of(1000), Shares: parts(1<<62, 1<<62, 1<<62, 1<<62)},
		"less than a cent each":   {Mode: Even, Total: eur.Of(3), Shares: four},
		"a part of nothing":       {Mode: ByShare, Total: eur.Of(1000), Shares: parts(1, 0)},
		"a negative amount":       {Mode: ByAmount, Total: eur.Of(1000), Shares: parts(1100, -100)},
	} {
		if shares, _, err := bad.Divide(bad.Total); err == nil {
			t.Errorf("%s: %v", name, shares)
		}
	}
}

// TestSplitBill: a bill is divided, one pays, one declines, one is reminded; who asked sees all, who is asked their own share, and
// nobody else anything. Paying is a transfer like any other.
func TestSplitBill(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.omar, 5000)
		q := w.asks(w.lena, w.even(6100, "@omar", "@rosa"))
		if q.State != RequestOpen || fmt.Sprint(amounts(q)) != "[2033 2033]" || q.Own.Minor != 2034 || !q.Mine || q.Shares[0].Name != "Omar H." {
			t.Errorf("asked: %+v", q)
		}
		mine := w.read(q, w.omar)
		if len(mine.Shares) != 1 || !mine.Shares[0].Mine || mine.Note != "dinner" || mine.OwnerName != "Lena H." || mine.Own.Minor != 0 {
			t.Errorf("omar sees %+v", mine)
		}
		for _, who := range []Caller{w.byShop(), {}} {
			_, err := w.Request(w.ctx, who, q.ID)
			w.refused(err, fault.ErrNotFound, "a stranger reads it")
		}
		asked, err := w.Asked(w.ctx, w.by(w.omar), 5)
		if err != nil || len(asked) != 1 || asked[0].ID != mine.Shares[0].Payment || asked[0].NextAction.Digest == "" {
			t.Errorf("waiting for omar: %+v, %v", asked, err)
		}
		if page, err := w.Activity(w.ctx, w.by(w.omar), string(w.omar), ActivityFilter{Kind: Transfer}, "", 5); err != nil ||
			len(page.Items) != 0 {
			t.Errorf("what is only asked for is in omar's activity: %+v, %v", page, err)
		}
		_, err = w.Confirm(w.ctx, w.by(w.owner), mine.Shares[0].Payment, Consent{}, w.key())
		w.refused(err, fault.ErrNotFound, "rosa pays omar's share")
		_, err = w.Confirm(w.ctx, w.by(w.lena), mine.Shares[0].Payment, Consent{}, w.key())
		w.refused(err, fault.ErrNotFound, "lena pays what she asks for")
		paid := w.pays(w.omar, mine.Shares[0].Payment)
		if paid.State != Completed || paid.Payee != string(w.lena) || w.available(w.lena) != 2033 || w.available(w.omar) != 2967 {
			t.Errorf("paid: %+v", paid)
		}
		if no := w.done(w.Decline(w.ctx, w.by(w.owner), q.Shares[1].Payment, w.key())); no.State != Voided || no.Failure != failedDeclined {
			t.Errorf("declined: %+v", no)
		}
		now := w.read(q, w.lena)
		if now.State != RequestClosed || now.Shares[0].State != SharePaid || now.Shares[1].State != ShareDeclined || now.Paid.Minor != 2033 ||
			now.Version <= q.Version {
			t.Errorf("lena sees %+v", now)
		}
		w.rest()
		if titles := strings.Join(w.titles(string(w.omar)), "; "); titles != "You sent 20.33 EUR to Lena H.; Lena H. asks you for 20.33 EUR; "+
			"Your top-up of 50.00 EUR has arrived" {
			t.Errorf("omar was told %s", titles)
		}
		if titles := strings.Join(w.titles(string(w.lena)),
			"; "); titles != "Rosa L. declined your request for 20.33 EUR; Omar H. sent you 20.33 EUR" {
			t.Errorf("lena was told %s", titles)
		}
		of, err := w.RequestOf(w.ctx, w.by(w.omar), paid.ID)
		if err != nil || of.ID != q.ID {
			t.Errorf("the request of the payment: %+v, %v", of, err)
		}
		for who, d := range map[identity.PersonID]Direction{w.lena: Out, w.omar: In, w.owner: In} {
			page, err := w.Requests(w.ctx, w.by(who), d, "", 10)
			if err != nil || len(page.Requests) != 1 || page.Requests[0].ID != q.ID {
				t.Errorf("%s of %s: %+v, %v", d, who, page, err)
			}
		}
	})
}

// TestTwoPayOneRequest: a request that anybody may pay is paid by one of many who press at once; the others are told nothing is theirs.
func TestTwoPayOneRequest(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.omar, 5000)
		w.fund(w.owner, 5000)
		q := w.asks(w.lena, AskTerms{Mode: ByAmount, Total: eur.Of(800), Shares: []ShareTerms{{Part: 800}}})
		pay := q.Shares[0].Payment
		if open := w.read(q, w.owner); len(open.Shares) != 1 || !open.Shares[0].Mine {
			t.Errorf("rosa sees %+v", open)
		}
		var paid, late atomic.Int64
		who := []identity.PersonID{w.omar, w.owner}
		parallel(16, func(i int) {
			_, err := w.Confirm(w.ctx, w.by(who[i%2]), pay, Consent{}, w.keyed(fmt.Sprint("pay-", i), "x"))
			switch {
			case err == nil:
				paid.Add(1)
			case errors.Is(err, fault.ErrNotFound), errors.Is(err, ErrState):
				late.Add(1)
			default:
				t.Error(err)
			}
		})
		if paid.Load() != 1 || late.Load() != 15 || w.available(w.lena) != 800 {
			t.Errorf("%d paid, %d came late, lena has %d", paid.Load(), late.Load(), w.available(w.lena))
		}
		if now := w.read(q, w.lena); now.State != RequestPaid || now.Shares[0].Name == "" {
			t.Errorf("lena sees %+v", now)
		}
	})
}

// TestChangeWhileSomebodyPays: a change made against what its owner saw is refused once somebody has paid; a change and payments at the
// same moment end in one truth, whose shares sum to the bill, and nobody pays twice.
func TestChangeWhileSomebodyPays(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.omar, 50_000)
		w.fund(w.owner, 50_000)
		q := w.asks(w.lena, w.even(9000, "@omar", "@rosa"))
		seen := q.Version
		w.pays(w.omar, q.Shares[0].Payment)
		_, err := w.ChangeRequest(w.ctx, w.by(w.lena), q.ID, seen, w.even(9000, "@rosa"), w.key())
		w.refused(err, ErrRequestChanged, "a change after omar paid")
		_, err = w.ChangeRequest(w.ctx, w.by(w.owner), q.ID, w.read(q, w.lena).Version, w.even(9000, "@rosa"), w.key())
		w.refused(err, fault.ErrNotFound, "rosa changes it")
		_, err = w.ChangeRequest(w.ctx, w.by(w.lena), q.ID, w.read(q, w.lena).Version, w.even(9000, "@omar"), w.key())
		w.refused(err, ErrTwice, "who has paid is asked again")

		terms := w.even(12_000, "@rosa")
		now, err := w.ChangeRequest(w.ctx, w.by(w.lena), q.ID, w.read(q, w.lena).Version, terms, w.key())
		if err != nil || fmt.Sprint(amounts(now)) != "[3000 4500]" || now.Own.Minor != 4500 || now.Total.Minor != 12_000 {
			t.Fatalf("changed: %+v, %v", now, err)
		}
		_, err = w.Confirm(w.ctx, w.by(w.owner), q.Shares[1].Payment, Consent{}, w.key())
		w.refused(err, ErrState, "rosa pays what was withdrawn")

		for round := range 6 {
			q := w.asks(w.lena, w.even(3000, "@omar", "@rosa"))
			var paid atomic.Int64
			var changed error
			parallel(3, func(i int) {
				switch i {
				case 0:
					_, changed = w.ChangeRequest(w.ctx, w.by(w.lena), q.ID, q.Version, w.even(3300, "@omar", "@rosa"), w.keyed(fmt.Sprint("c", round),
						"x"))
				case 1:
					if _, err := w.Confirm(w.ctx, w.by(w.omar), q.Shares[0].Payment, Consent{}, w.keyed(fmt.Sprint("o", round), "x")); err == nil {
						paid.Add(1)
					}
				case 2:
					if _, err := w.Confirm(w.ctx, w.by(w.owner), q.Shares[1].Payment, Consent{}, w.keyed(fmt.Sprint("r", round), "x")); err == nil {
						paid.Add(1)
					}
				}
			})
			now := w.read(q, w.lena)
			sum := now.Own.Minor
			for _, s := range now.Shares {
				sum += s.Amount.Minor
			}
			if sum != now.Total.Minor || now.Paid.Minor != paid.Load()*1000 {
				t.Errorf("round %d: shares of %d sum to %d, %d of two paid, %d counted", round, now.Total.Minor, sum, paid.Load(), now.Paid.Minor)
			}
			if changed == nil && paid.Load() != 0 || changed != nil && (paid.Load() == 0 || !errors.Is(changed, ErrRequestChanged)) {
				t.Errorf("round %d: the change says %v, and %d paid", round, changed, paid.Load())
			}
		}
	})
}

// TestRemindAndCancel: after three days of business time who has not paid is reminded by itself, once; by hand at most once a day; what
// is withdrawn cannot be paid, and what was paid stays.
func TestRemindAndCancel(t *testing.T) {
	engines(t, func(w *world) {
		r := w.readers()
		w.fund(r.mara, 5000)
		q := w.asks(w.lena, w.even(3000, string(r.mara), "ming@example.org"))
		w.pays(r.mara, q.Shares[0].Payment)
		forward := func(by time.Duration) {
			if err := errors.Join(w.business.Advance(by), w.real.Advance(by), w.RemindDue(w.ctx)); err != nil {
				t.Fatal(err)
			}
			w.rest()
		}
		reminders := func() (n int) {
			for _, m := range w.mails() {
				if m.Template == notice.Reminder {
					if !strings.HasPrefix(m.To, "ming") {
						t.Errorf("%s was reminded", m.To)
					}
					n++
				}
			}
			return n
		}
		forward(remindAfter - time.Second)
		if n := reminders(); n != 0 {
			t.Errorf("%d reminders a second before", n)
		}
		forward(time.Second)
		forward(time.Hour)
		if n := reminders(); n != 1 {
			t.Errorf("%d reminders after three days", n)
		}
		_, err := w.Remind(w.ctx, w.by(w.lena), q.ID, w.key())
		w.refused(err, ErrReminded, "again within a day")
		_, err = w.Remind(w.ctx, w.by(r.ming), q.ID, w.key())
		w.refused(err, fault.ErrNotFound, "by who is asked")
		forward(remindAgain)
		if now, err := w.Remind(w.ctx, w.by(w.lena), q.ID, w.key()); err != nil || now.RemindedAt.IsZero() {
			t.Errorf("by hand: %+v, %v", now, err)
		}
		w.rest()
		if n := reminders(); n != 2 {
			t.Errorf("%d reminders in all", n)
		}
		_, err = w.CancelRequest(w.ctx, w.by(r.ming), q.ID, w.key())
		w.refused(err, fault.ErrNotFound, "who is asked withdraws it")
		now, err := w.CancelRequest(w.ctx, w.by(w.lena), q.ID, w.key())
		if err != nil || now.Shares[0].State != SharePaid || now.Shares[1].State != ShareCanceled || now.State != RequestClosed {
			t.Errorf("withdrawn: %+v, %v", now, err)
		}
		_, err = w.Confirm(w.ctx, w.by(r.ming), q.Shares[1].Payment, Consent{}, w.key())
		w.refused(err, ErrState, "paying what was withdrawn")
		forward(RequestFor)
		if n := reminders(); n != 2 {
			t.Errorf("%d reminders after it was withdrawn", n)
		}
	})
}

// TestRequestRunsOut: the clock across a request's expiry; the late payer is told, nothing moves, and it can be asked again by a change.
func TestRequestRunsOut(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.omar, 5000)
		q := w.asks(w.lena, w.even(2000, "@omar"))
		if err := w.business.Advance(RequestFor); err != nil {
			t.Fatal(err)
		}
		if now := w.read(q, w.lena); now.State != RequestClosed || now.Shares[0].State != ShareExpired {
			t.Errorf("before the sweep: %+v", now)
		}
		_, err := w.Confirm(w.ctx, w.by(w.omar), q.Shares[0].Payment, Consent{}, w.key())
		w.refused(err, ErrExpired, "late")
		now, err := w.ChangeRequest(w.ctx, w.by(w.lena), q.ID, w.read(q, w.lena).Version, w.even(2000, "@omar"), w.key())
		if err != nil || now.State != RequestOpen || len(now.Shares) != 1 {
			t.Fatalf("asked again: %+v, %v", now, err)
		}
		w.pays(w.omar, now.Shares[0].Payment)
		if now = w.read(q, w.lena); now.State != RequestPaid || w.available(w.lena) != 1000 {
			t.Errorf("paid after all: %+v", now)
		}
	})
}

// TestAskTerms: what cannot be asked, and of whom (attack cases 8 and 26); a frozen account in the middle of it moves nothing.
func TestAskTerms(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.omar, 5000)
		stranger := w.pay(w.omar, 100)
		for name, c := range map[string]struct {
			change func(*AskTerms)
			want   *fault.Fault
		}{
			"oneself":                  {func(t *AskTerms) { t.Shares[0].Person = "@lena" }, ErrSameAccount},
			"a shop":                   {func(t *AskTerms) { t.Shares[0].Person = string(w.shop.ID) }, ErrKind},
			"nobody":                   {func(t *AskTerms) { t.Shares[0].Person = "@not_there" }, identity.ErrPayeeUnknown},
			"the same one twice":       {func(t *AskTerms) { t.Shares = append(t.Shares, ShareTerms{Person: string(w.omar)}) }, ErrTwice},
			"without anybody":          {func(t *AskTerms) { t.Shares = nil }, ErrSplit},
			"too many":                 {func(t *AskTerms) { t.Shares = make([]ShareTerms, requestMost+1) }, ErrSplit},
			"an unknown mode":          {func(t *AskTerms) { t.Mode = "roulette" }, ErrSplit},
			"nothing":                  {func(t *AskTerms) { t.Total = eur.Of(0) }, money.ErrAmountNotPositive},
			"a borrowed code":          {func(t *AskTerms) { t.Total.Currency.Scale = 0 }, ErrCurrency},
			"a bidi override":          {func(t *AskTerms) { t.Note = "pay \u202e001 EUR" }, ErrText},
			"a day that is over":       {func(t *AskTerms) { t.Expires = w.business.Now() }, ErrExpiry},
			"somebody else's bill":     {func(t *AskTerms) { t.Of = stranger.ID }, fault.ErrNotFound},
			"anybody beside somebody":  {func(t *AskTerms) { t.Shares = append(t.Shares, ShareTerms{}) }, identity.ErrPayeeUnknown},
			"one's own share, unsplit": {func(t *AskTerms) { t.Split = false }, ErrSplit},
		} {
			terms := w.even(2000, "@omar")
			c.change(&terms)
			_, err := w.Ask(w.ctx, w.by(w.lena), terms, w.key())
			w.refused(err, c.want, name)
		}
		_, err := w.Ask(w.ctx, w.byShop(), w.even(2000, "@omar"), w.key())
		w.refused(err, ErrPersonOnly, "a shop asks")

		call := w.keyed("once", "x")
		q, err := w.Ask(w.ctx, w.by(w.lena), w.even(2000, "@omar"), call)
		again, err2 := w.Ask(w.ctx, w.by(w.lena), w.even(2000, "@omar"), call)
		if err != nil || err2 != nil || again.ID != q.ID || !again.Replayed {
			t.Errorf("asked twice with one key: %+v, %v, %v", again, err, err2)
		}
		for _, frozen := range []identity.PersonID{w.omar, w.lena} {
			if _, err := w.People.SetState(w.ctx, frozen, identity.Frozen); err != nil {
				t.Fatal(err)
			}
			_, err := w.Confirm(w.ctx, w.by(w.omar), q.Shares[0].Payment, Consent{}, w.key())
			want := identity.ErrPersonFrozen
			if frozen == w.lena {
				want = ErrPayeeFrozen
			}
			w.refused(err, want, "a freeze in the middle")
			_, err = w.Ask(w.ctx, w.by(w.lena), w.even(2000, "@omar"), w.key())
			if !errors.Is(err, identity.ErrPersonFrozen) && !errors.Is(err, ErrPayeeFrozen) {
				t.Errorf("asking beside a freeze: %v", err)
			}
			if _, err := w.People.SetState(w.ctx, frozen, identity.Active); err != nil {
				t.Fatal(err)
			}
		}
		w.pays(w.omar, q.Shares[0].Payment)
	})
}
