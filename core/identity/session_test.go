package identity

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"billfold/base/fault"
)

func TestSignInDoesNotTellWhatWasWrong(t *testing.T) {
	engines(t, func(w *world) {
		p, _ := w.person(lena())
		for _, login := range []string{"lena", "@LENA", "lena@example.org", " Lena@Example.org "} {
			token, err := w.SignIn(w.ctx, login, goodPassword, home)
			w.must(err, "sign in as "+login)
			if got := w.session(token).Person; got.ID != p.ID {
				w.t.Errorf("%q signed in %s", login, got.ID)
			}
		}
		answers := map[string]int{}
		for _, c := range [][2]string{{"lena", goodPassword + "!"}, {"nobody_here", goodPassword}, {"nobody@example.org", goodPassword},
			{"no handle at all", goodPassword}, {"admin", goodPassword}, {"lena", ""}, {"lena", "line\nbreak"}} {
			before := w.hashes.ran.Load()
			_, err := w.SignIn(w.ctx, c[0], c[1], home)
			f, _ := fault.As(err)
			answers[fmt.Sprintf("%+v %d", *f, w.hashes.ran.Load()-before)]++
		}
		if len(answers) != 1 {
			w.t.Errorf("the answers differ: %v", answers)
		}
		_, err := w.SignIn(w.ctx, "lena", goodPassword+"!", home)
		w.want(err, ErrSignIn, "a wrong password")
	})
}

func TestSignInBacksOffPerAccount(t *testing.T) {
	engines(t, func(w *world) {
		w.person(lena())
		for _, login := range []string{"lena", "somebody_else"} {
			const many = 20
			errs := make([]error, many)
			var wg sync.WaitGroup
			before := w.hashes.ran.Load()
			for i := range many { // from many networks at once
				wg.Go(func() {
					_, errs[i] = w.SignIn(w.ctx, login, "not her password at all", Visit{IP: fmt.Sprintf("198.51.100.%d", i)})
				})
			}
			wg.Wait()
			compared, waits := 0, 0
			for _, err := range errs {
				switch {
				case errors.Is(err, ErrSignIn):
					compared++
				case errors.Is(err, ErrTooMany):
					waits++
				default:
					w.t.Errorf("%s: %v", login, err)
				}
			}
			if free := int(accountRule.free) + 1; compared != free || waits != many-free || w.hashes.ran.Load()-before != int64(free) {
				w.t.Errorf("%s: %d tries were compared, %d had to wait", login, compared, waits)
			}
		}
		_, err := w.SignIn(w.ctx, "lena", goodPassword, home)
		w.want(err, ErrTooMany, "the right password during the wait")
		f, _ := fault.As(err)
		w.pass(f.RetryAfter)
		_, err = w.SignIn(w.ctx, "lena", goodPassword, home)
		w.must(err, "the right password after the wait")
		_, err = w.SignIn(w.ctx, "lena", goodPassword, home)
		w.must(err, "and at once again: success forgives")
	})
}

// Somebody who hammers an account from elsewhere must not keep its owner out at home.
func TestStrangersCannotLockTheOwnerOut(t *testing.T) {
	engines(t, func(w *world) {
		w.person(lena())
		_, err := w.SignIn(w.ctx, "lena", goodPassword, home)
		w.must(err, "sign in at home")
		for range 20 {
			_, err = w.SignIn(w.ctx, "lena", "not her password at all", Visit{IP: "198.51.100.1"})
		}
		w.want(err, ErrTooMany, "the stranger")
		_, err = w.SignIn(w.ctx, "lena", goodPassword, home)
		w.must(err, "the owner at home")
	})
}

func TestSignInBacksOffPerNetwork(t *testing.T) {
	harnessOnce(t, func(w *world) {
		var err error
		tries := 0
		for ; tries < 100; tries++ {
			if _, err = w.SignIn(w.ctx, fmt.Sprintf("person_%d", tries), "not their password at all", home); errors.Is(err, ErrTooMany) {
				break
			}
		}
		if tries != int(networkRule.free)+1 {
			w.t.Errorf("%d tries from one network, want %d", tries, networkRule.free+1)
		}
		_, err = w.SignIn(w.ctx, "somebody", "not their password at all", Visit{IP: "198.51.100.9"})
		w.want(err, ErrSignIn, "another network")
	})
}

func TestHashesAreBounded(t *testing.T) {
	harnessOnce(t, func(w *world) {
		w.hashes.wait = 10 * time.Millisecond
		var release []func()
		for range cap(w.hashes.slots) {
			r, err := w.hashes.slot(w.ctx)
			w.must(err, "take a place")
			release = append(release, r)
		}
		_, err := w.SignIn(w.ctx, "lena", goodPassword, home)
		w.want(err, fault.ErrBusy, "a sign-in while all places are taken")
		for _, r := range release {
			r()
		}
		_, err = w.SignIn(w.ctx, "lena", goodPassword, home)
		w.want(err, ErrSignIn, "a sign-in afterwards")
	})
}

func TestEndedSessionsAreRefusedAtOnce(t *testing.T) {
	engines(t, func(w *world) {
		p, first := w.person(lena())
		second, err := w.SignIn(w.ctx, "lena", goodPassword, Visit{Agent: "Phone", IP: "203.0.113.4"})
		w.must(err, "sign in")
		third, err := w.SignIn(w.ctx, "lena", goodPassword, home)
		w.must(err, "sign in")
		list, err := w.Sessions(w.ctx, p.ID)
		w.must(err, "sessions")
		if len(list) != 3 || list[1].Agent != "Phone" || list[1].IP != "203.0.113.4" {
			w.t.Fatalf("sessions: %+v", list)
		}
		one := w.session(first)
		w.want(w.EndSession(w.ctx, "usr_somebody", one.ID), ErrSessionUnknown, "end somebody else's session")
		w.session(first)
		w.must(w.EndSession(w.ctx, p.ID, one.ID), "end session")
		_, err = w.Authenticate(w.ctx, first)
		w.want(err, ErrSession, "an ended session")
		w.want(w.EndSession(w.ctx, p.ID, one.ID), ErrSessionUnknown, "end it again")
		n, err := w.EndOthers(w.ctx, p.ID, w.session(second).ID)
		if err != nil || n != 1 {
			w.t.Errorf("ended %d others, %v", n, err)
		}
		_, err = w.Authenticate(w.ctx, third)
		w.want(err, ErrSession, "another session")
		w.session(second)
		for _, token := range []string{"", "x", second + "x", second[:len(second)-1] + "!"} {
			_, err = w.Authenticate(w.ctx, token)
			w.want(err, ErrSession, "no token of ours")
		}
	})
}

func TestRightsEndWithinASecondInOtherProcesses(t *testing.T) {
	engines(t, func(w *world) {
		other := w.again()
		p, token := w.person(lena())
		secret := w.key(NewKey{Owner: string(p.ID), Kind: PayerKey, Label: "Phone"})
		if _, err := other.Authenticate(w.ctx, token); err != nil {
			w.t.Fatal(err)
		}
		k, err := other.AuthenticateKey(w.ctx, secret)
		w.must(err, "authenticate the key elsewhere")
		w.must(w.RevokeKey(w.ctx, string(p.ID), k.ID), "revoke")
		_, err = w.AuthenticateKey(w.ctx, secret)
		w.want(err, ErrKey, "a revoked key here")
		w.must(w.EndSession(w.ctx, p.ID, w.session(token).ID), "end session")
		w.pass(trust)
		_, err = other.AuthenticateKey(w.ctx, secret)
		w.want(err, ErrKey, "a revoked key elsewhere after half a second")
		_, err = other.Authenticate(w.ctx, token)
		w.want(err, ErrSession, "an ended session elsewhere after half a second")
	})
}

// While others authenticate without pause, the first call after EndSession must already be refused: a reading of the epoch
// that began before the revocation must not be believed after it.
func TestEndSessionIsNotOvertaken(t *testing.T) {
	engines(t, func(w *world) {
		p, keep := w.person(lena())
		ctx, stop := context.WithCancel(w.ctx)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for ctx.Err() == nil {
					// Every call reads the epoch again. Moving the clock instead would let the sessions themselves grow old.
					w.epoch.mu.Lock()
					w.epoch.checked = time.Time{}
					w.epoch.mu.Unlock()
					if _, err := w.Authenticate(w.ctx, keep); err != nil && !errors.Is(err, ErrSession) {
						w.t.Error(err)
					}
				}
			})
		}
		for range 30 {
			token, err := w.Enter(w.ctx, p.ID, home)
			w.must(err, "enter")
			s, err := w.Authenticate(w.ctx, token)
			w.must(err, "authenticate")
			w.must(w.EndSession(w.ctx, p.ID, s.ID), "end session")
			if _, err := w.Authenticate(w.ctx, token); !errors.Is(err, ErrSession) {
				w.t.Errorf("an ended session: %v", err)
			}
		}
		stop()
		wg.Wait()
	})
}

func TestSessionsIdleAndLock(t *testing.T) {
	engines(t, func(w *world) {
		p, token := w.person(lena())
		for range 12 { // an hour of use, flushed or not
			w.pass(4 * time.Minute)
			if w.session(token).Locked() {
				w.t.Fatal("a session in use was locked")
			}
		}
		other := w.again()
		w.pass(4 * time.Minute)
		w.session(token)
		w.must(w.Flush(w.ctx), "flush")
		w.pass(6 * time.Minute)
		if s, err := other.Authenticate(w.ctx, token); err != nil || !s.Locked() {
			w.t.Fatalf("six idle minutes: locked %v, %v", s.Locked(), err)
		}
		w.must(other.Flush(w.ctx), "flush elsewhere")
		w.pass(time.Minute)
		locked := w.session(token)
		if !locked.Locked() {
			w.t.Fatal("the lock was forgotten")
		}
		_, err := w.Reauthenticate(w.ctx, locked, goodPassword+"!")
		w.want(err, ErrPassword, "a wrong password")
		fresh, err := w.Reauthenticate(w.ctx, locked, goodPassword)
		w.must(err, "reauthenticate")
		_, err = w.Authenticate(w.ctx, token)
		w.want(err, ErrSession, "the token from before")
		s := w.session(fresh)
		if s.Locked() || s.ID != locked.ID || s.CSRF == locked.CSRF || !s.CheckCSRF(s.CSRF) || s.CheckCSRF(locked.CSRF) ||
			s.CheckCSRF("") {
			w.t.Errorf("after the proof: %+v", s)
		}
		w.pass(idleLimit)
		_, err = w.Authenticate(w.ctx, fresh)
		w.want(err, ErrSession, "an idle session")
		if list, err := w.Sessions(w.ctx, p.ID); err != nil || len(list) != 0 {
			w.t.Errorf("idle sessions are listed: %d, %v", len(list), err)
		}
		token, err = w.SignIn(w.ctx, "lena", goodPassword, home)
		w.must(err, "sign in")
		for range 24*60/20 - 1 {
			w.pass(20 * time.Minute)
			w.session(token)
		}
		w.pass(20 * time.Minute)
		_, err = w.Authenticate(w.ctx, token)
		w.want(err, ErrSession, "a session of 24 busy hours")
	})
}

func TestChangePassword(t *testing.T) {
	engines(t, func(w *world) {
		_, token := w.person(lena())
		elsewhere, err := w.SignIn(w.ctx, "lena", goodPassword, home)
		w.must(err, "sign in")
		s := w.session(token)
		_, err = w.ChangePassword(w.ctx, s, goodPassword, "lena lena lena hoffmann")
		w.want(err, ErrPasswordCommon, "a guessable new password")
		_, err = w.ChangePassword(w.ctx, s, "not the old one at all", "odd geese in a row boat")
		w.want(err, ErrPassword, "a wrong old password")
		fresh, err := w.ChangePassword(w.ctx, s, goodPassword, "odd geese in a row boat")
		w.must(err, "change")
		for _, dead := range []string{token, elsewhere} {
			_, err = w.Authenticate(w.ctx, dead)
			w.want(err, ErrSession, "a session from before")
		}
		w.session(fresh)
		_, err = w.ChangePassword(w.ctx, s, "odd geese in a row boat", goodPassword)
		w.want(err, ErrSession, "by a session whose token was replaced")
		_, err = w.SignIn(w.ctx, "lena", goodPassword, home)
		w.want(err, ErrSignIn, "the old password")
		_, err = w.SignIn(w.ctx, "lena", "odd geese in a row boat", home)
		w.must(err, "the new password")
	})
}

func TestReauthenticationIsThrottled(t *testing.T) {
	harnessOnce(t, func(w *world) {
		_, token := w.person(lena())
		s := w.session(token)
		var err error
		for range 10 {
			_, err = w.Reauthenticate(w.ctx, s, "not her password at all")
		}
		w.want(err, ErrTooMany, "many wrong passwords")
	})
}
