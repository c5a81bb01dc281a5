package identity

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
)

// Whatever people write between digits is one number; what has no country is none.
func TestCleanPhone(t *testing.T) {
	for raw, want := range map[string]string{
		"+49 151 234-567 89": "+4915123456789", "0049 (151) 23456789": "+4915123456789", " +86 138.0013.8000 ": "+8613800138000",
		"+1/202/5550123": "+12025550123", "+12345678": "+12345678",
	} {
		if got, err := CleanPhone(raw); err != nil || got != want {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{"", "+", "0151 2345678",
		"151234567", "+0151234567", "+123456", "+1234567890123456", "+49 151 ２３４５６７８", "+49x1512345678",
		"@lena", "lena@example.org", "+49\u200b1512345678", "++4915123456789", "usr_1"} {
		if got, err := CleanPhone(raw); !errors.Is(err, ErrPhone) {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
	}
	if got := MaskPhone("+4915123456789"); got != "+49 … 89" {
		t.Errorf("masked: %q", got)
	}
}

// texted is a world in which texts are carried.
func texted(o *Options) { o.Texts = true }

const mobile, mobileTyped = "+4915123456789", "0049 151 234 567 89"

// A number finds its person once they have read the code, by payment and sign-in alike; it is stored sealed, and removed for good.
func TestPhoneFindsItsPerson(t *testing.T) {
	engines(t, func(w *world) {
		p, _ := w.person(lena())
		asker := w.only(NewPerson{Name: "Eve Miller", Handle: "eve_m"}).ID
		unknown := func(when string) {
			w.t.Helper()
			_, err := w.FindPayee(w.ctx, asker, mobileTyped)
			w.want(err, ErrPayeeUnknown, when)
		}
		asked, err := w.AskPhone(w.ctx, p.ID, mobileTyped, home)
		w.must(err, "ask")
		mail := w.mailed()
		if asked.Waiting != mobile || mail.To != mobile || mail.Template != MailPhoneCode {
			w.t.Errorf("asked %+v, sent %s to %s", asked, mail.Template, mail.To)
		}
		unknown("before the code")
		w.want(w.ConfirmPhone(w.ctx, p.ID, wrong(mail.Data["code"])), ErrCode, "a wrong code")
		w.want(w.ConfirmPhone(w.ctx, asker, mail.Data["code"]), ErrCodeExpired, "somebody else's code")
		w.must(w.ConfirmPhone(w.ctx, p.ID, " "+mail.Data["code"]), "confirm")
		w.want(w.ConfirmPhone(w.ctx, p.ID, mail.Data["code"]), ErrCodeExpired, "the code again")
		found, err := w.FindPayee(w.ctx, asker, mobileTyped)
		w.must(err, "find")
		if found.ID != p.ID || found.Name != "Lena H." || found.Handle != "" {
			w.t.Errorf("found %+v", found)
		}
		if _, err := w.SignIn(w.ctx, mobile, goodPassword, home); err != nil {
			w.t.Errorf("sign in by number: %v", err)
		}
		if has, err := w.PhoneOf(w.ctx, p.ID); err != nil || has != (Phone{Number: mobile}) {
			w.t.Errorf("her page shows %+v, %v", has, err)
		}
		w.must(w.db.Read(w.ctx, func(tx *db.Tx) error {
			row, err := selectPhone(tx, p.ID)
			if bytes.Contains(row.number, []byte("1512345")) || bytes.Contains(row.mac, []byte("1512345")) || len(row.number) == 0 {
				w.t.Error("the number lies open")
			}
			return err
		}), "look at the row")
		w.must(w.RemovePhone(w.ctx, p.ID), "remove")
		unknown("after it was removed")
		if has, err := w.PhoneOf(w.ctx, p.ID); err != nil || has != (Phone{}) {
			w.t.Errorf("after it was removed her page shows %+v, %v", has, err)
		}
	}, texted)
}

// A number that is somebody's is asked for, answered and counted like any other; who reads its texts has it, and who had it is told.
func TestPhoneTellsNobodyWhoHasIt(t *testing.T) {
	engines(t, func(w *world) {
		first, _ := w.person(lena())
		second := w.only(NewPerson{Name: "Eve Miller", Handle: "eve_m", Email: "eve@example.org"}).ID
		_, err := w.AskPhone(w.ctx, first.ID, mobile, home)
		w.must(err, "ask")
		w.must(w.ConfirmPhone(w.ctx, first.ID, w.mailed().Data["code"]), "confirm")

		w.pass(time.Hour * 25)
		taken, err := w.AskPhone(w.ctx, second, mobile, home)
		w.must(err, "ask for a number that is taken")
		code := w.mailed().Data["code"]
		free, err := w.AskPhone(w.ctx, second, "+4915100000000", home)
		w.must(err, "ask for one that is free")
		if taken.ExpiresAt != free.ExpiresAt || w.mailed().Template != MailPhoneCode {
			w.t.Errorf("they are answered differently: %+v, %+v", taken, free)
		}
		w.want(w.ConfirmPhone(w.ctx, second, code), ErrCode, "the code of the number before")
		if found, err := w.FindPayee(w.ctx, second, mobile); err != nil || found.ID != first.ID {
			w.t.Errorf("before anybody proved anything it finds %+v, %v", found, err)
		}
		_, err = w.AskPhone(w.ctx, second, mobile, home)
		w.must(err, "ask again")
		w.must(w.ConfirmPhone(w.ctx, second, w.mailed().Data["code"]), "confirm")
		if mail := w.mailed(); mail.Template != MailPhoneMoved || mail.To != first.Email {
			w.t.Errorf("who had it is told %s at %s", mail.Template, mail.To)
		}
		if found, err := w.FindPayee(w.ctx, first.ID, mobile); err != nil || found.ID != second {
			w.t.Errorf("now it finds %+v, %v", found, err)
		}
		if has, err := w.PhoneOf(w.ctx, first.ID); err != nil || has.Number != "" {
			w.t.Errorf("who had it still sees %+v, %v", has, err)
		}
		w.must(w.keys.Destroy(string(second)), "erase")
		_, err = w.FindPayee(w.ctx, first.ID, mobile)
		w.want(err, ErrPayeeUnknown, "of somebody who was erased")
	}, texted)
}

// Codes cannot be tried out, texts cannot be sent at will, and a code ends with its time.
func TestPhoneIsThrottled(t *testing.T) {
	engines(t, func(w *world) {
		p, _ := w.person(lena())
		_, err := w.AskPhone(w.ctx, p.ID, mobile, home)
		w.must(err, "ask")
		code := w.mailed().Data["code"]
		var all sync.WaitGroup
		var mu sync.Mutex
		answers := map[string]int{}
		for i := range 40 {
			guess := fmt.Sprintf("%06d", i)
			if guess == code {
				continue
			}
			all.Go(func() {
				err := w.ConfirmPhone(w.ctx, p.ID, guess)
				f, _ := fault.As(err)
				mu.Lock()
				defer mu.Unlock()
				if f != nil {
					answers[f.Code]++
				} else {
					answers[fmt.Sprint(err)]++
				}
			})
		}
		all.Wait()
		if answers[ErrCode.Code] != codeTries-1 || answers[ErrCode.Code]+answers[ErrCodeLocked.Code] < 39 {
			w.t.Errorf("forty guesses at once: %v", answers)
		}
		w.want(w.ConfirmPhone(w.ctx, p.ID, code), ErrCodeLocked, "the right code, too late")
		sent := 1
		for range 10 {
			_, err := w.AskPhone(w.ctx, p.ID, mobile, home)
			if err == nil {
				sent++
			} else {
				w.want(err, ErrTooMany, "one more text")
			}
		}
		if sent > int(phoneRule.free)+1 {
			w.t.Errorf("%d texts at once", sent)
		}
		other := w.only(NewPerson{Name: "Eve Miller", Handle: "eve_m"}).ID
		_, err = w.AskPhone(w.ctx, other, mobile, Visit{IP: "203.0.113.9"})
		w.want(err, ErrTooMany, "the same number by somebody else")
		w.pass(25 * time.Hour)
		_, err = w.AskPhone(w.ctx, p.ID, mobile, home)
		w.must(err, "a day later")
		code = w.mailed().Data["code"]
		w.pass(codeLife)
		w.want(w.ConfirmPhone(w.ctx, p.ID, code), ErrCodeExpired, "a code of before")
		if has, err := w.PhoneOf(w.ctx, p.ID); err != nil || has.Waiting != "" {
			w.t.Errorf("it still waits: %+v, %v", has, err)
		}
	}, texted)
}

// Where nobody carries texts there are no numbers.
func TestPhoneNeedsACarrier(t *testing.T) {
	harnessOnce(t, func(w *world) {
		p, _ := w.person(lena())
		_, err := w.AskPhone(w.ctx, p.ID, mobile, home)
		w.want(err, ErrPhoneOff, "ask")
		if w.Phones() {
			w.t.Error("it is offered")
		}
	})
}
