package identity

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/lang"
)

func TestSignUpOpensAnAccount(t *testing.T) {
	engines(t, func(w *world) {
		d := lena()
		d.Handle, d.Email, d.Lang = "@Lena", "LENA@example.org", lang.ZH
		pending, err := w.SignUp(w.ctx, d, home)
		w.must(err, "sign up")
		if got := pending.ExpiresAt.Sub(w.real.Now()); got != 10*time.Minute {
			w.t.Errorf("the code lives %v", got)
		}
		m := w.mailed()
		if m.Template != MailCode || m.To != "lena@example.org" || m.Lang != lang.ZH || len(m.Data["code"]) != 6 {
			w.t.Errorf("mailed %q to %q in %q", m.Template, m.To, m.Lang)
		}
		code := m.Data["code"]
		p, token, err := w.Verify(w.ctx, pending.ID, code[:3]+" "+code[3:], home)
		w.must(err, "verify")
		if m.Owner != string(p.ID) {
			w.t.Errorf("the mail was sealed for %s, not for %s", m.Owner, p.ID)
		}
		want := Person{ID: p.ID, Name: "Lena Hoffmann", Handle: "lena", Email: "lena@example.org", Lang: lang.ZH, State: Active,
			CreatedAt: w.business.Now()}
		if p != want {
			w.t.Errorf("got %+v, want %+v", p, want)
		}
		if stored, err := w.Get(w.ctx, p.ID); err != nil || stored != want {
			w.t.Errorf("stored %+v, %v", stored, err)
		}
		if s := w.session(token); s.Person != want || s.Agent != home.Agent || s.IP != home.IP || s.Locked() {
			w.t.Errorf("session %+v", s)
		}
		if len(w.made) != 1 || w.made[0] != want {
			w.t.Errorf("OnPerson saw %+v", w.made)
		}
		_, _, err = w.Verify(w.ctx, pending.ID, code, home)
		w.want(err, ErrCodeExpired, "the same code again")
	})
}

func TestSignUpRefuses(t *testing.T) {
	engines(t, func(w *world) {
		for _, c := range []struct {
			change func(*Draft)
			want   *fault.Fault
			param  string
		}{
			{func(d *Draft) { d.Name = "\u202eLena" }, ErrName, "name"},
			{func(d *Draft) { d.Handle = "l" }, ErrHandle, "handle"},
			{func(d *Draft) { d.Handle = "support" }, ErrHandleReserved, "handle"},
			{func(d *Draft) { d.Email = "lena" }, ErrEmail, "email"},
			{func(d *Draft) { d.Email = "" }, ErrEmail, "email"},
			{func(d *Draft) { d.Password = "" }, ErrPasswordShort, "password"},
			{func(d *Draft) { d.Password = "fourteen chars" }, ErrPasswordShort, "password"},
			{func(d *Draft) { d.Password = "passwordpassword" }, ErrPasswordCommon, "password"},
			{func(d *Draft) { d.Password = "LenaHoffmann-lena-2024" }, ErrPasswordCommon, "password"},
			{func(d *Draft) { d.Lang = "tlh" }, ErrLang, "lang"},
		} {
			d := lena()
			c.change(&d)
			_, err := w.SignUp(w.ctx, d, home)
			f, ok := fault.As(err)
			if !ok || !errors.Is(err, c.want) || f.Param != c.param {
				w.t.Errorf("%+v: got %v, want %s (%s)", d, err, c.want.Code, c.param)
			}
		}
		if n := w.hashes.ran.Load(); n != 0 {
			w.t.Errorf("%d hashes ran for drafts that were refused", n)
		}
	})
}

// A known address must not be told from a new one: neither by the answer, nor by the work, nor by what can be done with it.
func TestSignUpDoesNotTellWhoIsKnown(t *testing.T) {
	engines(t, func(w *world) {
		owner, _ := w.person(lena())
		probe := func(email, handle string) (answer []any, m Mail) {
			before := w.hashes.ran.Load()
			owners := w.keys.Owners()
			d := lena()
			d.Email, d.Handle = email, handle
			p, err := w.SignUp(w.ctx, d, home)
			w.must(err, "sign up")
			m = w.mailed()
			answer = append(answer, len(p.ID), p.ExpiresAt, p.ResendAt, w.hashes.ran.Load()-before, w.keys.Owners()-owners)
			_, err = w.Resend(w.ctx, p.ID)
			answer = append(answer, fmt.Sprint(err))
			for range 6 {
				_, _, err = w.Verify(w.ctx, p.ID, "wrong!", home)
				f, _ := fault.As(err)
				answer = append(answer, *f)
			}
			_, err = w.Resend(w.ctx, p.ID)
			return append(answer, fmt.Sprint(err)), m
		}
		known, toOwner := probe("lena@example.org", "lena2")
		fresh, toNew := probe("mila@example.org", "mila")
		if !reflect.DeepEqual(known, fresh) {
			w.t.Errorf("a known address is answered\n%v\nand a new one\n%v", known, fresh)
		}
		if toOwner.Template != MailKnownEmail || toOwner.Owner != string(owner.ID) || len(toOwner.Data) != 0 {
			w.t.Errorf("the owner was mailed %q", toOwner.Template)
		}
		if toNew.Template != MailCode {
			w.t.Errorf("the newcomer was mailed %q", toNew.Template)
		}
		d := lena()
		d.Email, d.Handle = "third@example.org", "LENA"
		_, err := w.SignUp(w.ctx, d, home)
		w.want(err, ErrHandleTaken, "a taken handle")
	})
}

func TestParallelSignUpsOfOneHandleGiveOne(t *testing.T) {
	engines(t, func(w *world) {
		const many = 8
		type started struct {
			id   SignUpID
			code string
		}
		var all []started
		for i := range many {
			d := lena()
			if i%2 == 0 { // half of them share the address too
				d.Email = fmt.Sprintf("lena%d@example.org", i)
			}
			p, err := w.SignUp(w.ctx, d, home)
			w.must(err, "sign up")
			all = append(all, started{p.ID, w.mailed().Data["code"]})
		}
		errs := make([]error, many)
		var wg sync.WaitGroup
		for i, s := range all {
			wg.Go(func() { _, _, errs[i] = w.Verify(w.ctx, s.id, s.code, home) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, ErrHandleTaken) {
				w.t.Errorf("a loser was told %v", err)
			}
		}
		if won != 1 || len(w.made) != 1 {
			w.t.Errorf("%d people have the handle, OnPerson ran for %d", won, len(w.made))
		}
	})
}

func TestCodeIsLockedAfterFiveTriesInParallel(t *testing.T) {
	engines(t, func(w *world) {
		pending, err := w.SignUp(w.ctx, lena(), home)
		w.must(err, "sign up")
		code := w.mailed().Data["code"]
		const many = 50
		errs := make([]error, many)
		var wg sync.WaitGroup
		for i := range many {
			wg.Go(func() {
				_, _, errs[i] = w.Verify(w.ctx, pending.ID, wrong(code), Visit{IP: fmt.Sprintf("198.51.100.%d", i)})
			})
		}
		wg.Wait()
		tried, locked := 0, 0
		for _, err := range errs {
			switch {
			case errors.Is(err, ErrCode):
				tried++
			case errors.Is(err, ErrCodeLocked):
				locked++
			default:
				w.t.Errorf("a try was answered %v", err)
			}
		}
		if tried != codeTries-1 || locked != many-codeTries+1 {
			w.t.Errorf("%d tries were compared and %d found it locked", tried+1, locked-1)
		}
		_, _, err = w.Verify(w.ctx, pending.ID, code, home)
		w.want(err, ErrCodeLocked, "the right code after the lock")
		w.pass(2 * time.Minute)
		_, err = w.Resend(w.ctx, pending.ID)
		w.want(err, ErrCodeLocked, "another code after the lock")
	})
}

func TestCodeExpiresInRealTimeAndIsSentAgain(t *testing.T) {
	engines(t, func(w *world) {
		pending, err := w.SignUp(w.ctx, lena(), home)
		w.must(err, "sign up")
		first := w.mailed().Data["code"]
		w.must(w.business.Advance(24*time.Hour), "advance the sandbox")
		_, err = w.Resend(w.ctx, pending.ID)
		w.want(err, ErrTooMany, "a second mail at once")
		_, _, err = w.Verify(w.ctx, pending.ID, wrong(first), home)
		w.want(err, ErrCode, "a wrong code a business day later")
		w.pass(time.Minute)
		again, err := w.Resend(w.ctx, pending.ID)
		w.must(err, "resend")
		second := w.mailed().Data["code"]
		if again.ID != pending.ID || !again.ExpiresAt.After(pending.ExpiresAt) {
			w.t.Errorf("resent %+v after %+v", again, pending)
		}
		if first != second {
			_, _, err = w.Verify(w.ctx, pending.ID, first, home)
			w.want(err, ErrCode, "the code that was replaced")
		}
		w.pass(10 * time.Minute)
		_, _, err = w.Verify(w.ctx, pending.ID, second, home)
		w.want(err, ErrCodeExpired, "a code after ten minutes")
		_, err = w.Resend(w.ctx, pending.ID)
		w.must(err, "resend after expiry")
		_, _, err = w.Verify(w.ctx, pending.ID, w.mailed().Data["code"], home)
		w.must(err, "the third code")
	})
}

func TestCodesToOneAddressAreThrottled(t *testing.T) {
	engines(t, func(w *world) {
		var err error
		sent := 0
		for i := range 20 {
			d := lena()
			d.Handle = fmt.Sprintf("lena%d", i)
			if _, err = w.SignUp(w.ctx, d, home); err != nil {
				break
			}
			sent++
		}
		w.want(err, ErrTooMany, "many sign-ups for one address")
		if f, _ := fault.As(err); f.RetryAfter <= 0 || f.RetryAfter > time.Hour || !f.Retryable {
			w.t.Errorf("the wait is %v", f.RetryAfter)
		}
		if sent > 6 {
			w.t.Errorf("%d mails went out", sent)
		}
		w.pass(time.Hour)
		d := lena()
		_, err = w.SignUp(w.ctx, d, home)
		w.must(err, "after the wait")
	})
}

func TestSweepRemovesWhatNobodyVerified(t *testing.T) {
	engines(t, func(w *world) {
		p, token := w.person(lena())
		d := lena()
		d.Handle, d.Email = "mila", "mila@example.org"
		stale, err := w.SignUp(w.ctx, d, home)
		w.must(err, "sign up")
		code := w.mailed().Data["code"]
		owners := w.keys.Owners()
		w.must(w.Sweep(w.ctx), "sweep")
		if w.keys.Owners() != owners {
			w.t.Error("a young sign-up lost its key")
		}
		for range 6 { // keep the session awake meanwhile
			w.pass(20 * time.Minute)
			w.session(token)
			w.must(w.Flush(w.ctx), "flush")
		}
		w.must(w.Sweep(w.ctx), "sweep")
		if w.keys.Owners() != owners-1 {
			w.t.Errorf("%d owners, want %d", w.keys.Owners(), owners-1)
		}
		_, _, err = w.Verify(w.ctx, stale.ID, code, home)
		w.want(err, ErrCodeExpired, "a swept sign-up")
		if got, err := w.Get(w.ctx, p.ID); err != nil || got.Name != p.Name {
			w.t.Errorf("a person was swept: %+v, %v", got, err)
		}
		w.session(token)
	})
}

func TestOnPersonUndoesTheAccount(t *testing.T) {
	engines(t, func(w *world) {
		refuse := errors.New("no account today")
		s := w.again(func(o *Options) { o.OnPerson = func(*db.Tx, Person) error { return refuse } })
		pending, err := s.SignUp(w.ctx, lena(), home)
		w.must(err, "sign up")
		code := w.mailed().Data["code"]
		_, _, err = s.Verify(w.ctx, pending.ID, code, home)
		w.want(err, refuse, "verify")
		_, _, err = w.Verify(w.ctx, pending.ID, code, home)
		w.must(err, "the same code where the hook agrees")
	})
}

// Shops have handles in the same space.
func TestAHandleOfAShopIsTaken(t *testing.T) {
	engines(t, func(w *world) {
		d := lena()
		d.Handle = "Cafe.Linden"
		_, err := w.SignUp(w.ctx, d, home)
		w.want(err, ErrHandleTaken, "sign up with a shop's handle")
		_, err = w.Create(w.ctx, []NewPerson{{Name: "Lena Hoffmann", Handle: "cafe.linden"}})
		w.want(err, ErrHandleTaken, "create with a shop's handle")
		w.person(lena())
		w.must(w.tx(func(tx *db.Tx) error {
			for handle, want := range map[string]bool{"@LENA": true, "mila": false, "admin": false, "": false} {
				if taken, err := w.HandleTakenIn(tx, handle); err != nil || taken != want {
					w.t.Errorf("%q taken: %v, %v", handle, taken, err)
				}
			}
			some, err := w.HasRole(tx, Operator)
			if err != nil || some {
				w.t.Errorf("an operator: %v, %v", some, err)
			}
			return nil
		}), "look")
	}, func(o *Options) {
		o.Taken = func(_ *db.Tx, handle string) (bool, error) { return handle == "cafe.linden", nil }
	})
}
