package identity

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/lang"
	"billfold/test/harness"
)

// only makes one person without a mail.
func (w *world) only(n NewPerson) Person {
	w.t.Helper()
	list, err := w.Create(w.ctx, []NewPerson{n})
	w.must(err, "create "+n.Handle)
	return list[0]
}

func (w *world) tx(body func(tx *db.Tx) error) error { return w.db.Write(w.ctx, body) }

func TestKeys(t *testing.T) {
	engines(t, func(w *world) {
		p := w.only(NewPerson{Name: "Lena Hoffmann", Handle: "lena"})
		payer := w.key(NewKey{Owner: string(p.ID), Kind: PayerKey, Label: "Phone"})
		shop := w.key(NewKey{Owner: "mch_linden", Kind: SecretKey, Label: "Till"})
		if !strings.HasPrefix(payer, "bf_test_pt_") || !strings.HasPrefix(shop, "bf_test_sk_") {
			w.t.Errorf("prefixes of %.11s and %.11s", payer, shop)
		}
		k, err := w.AuthenticateKey(w.ctx, payer)
		w.must(err, "authenticate")
		if k.Owner != string(p.ID) || k.Kind != PayerKey || k.Label != "Phone" || k.Hint != "bf_test_pt_…"+payer[len(payer)-4:] {
			w.t.Errorf("key %+v", k)
		}
		w.pass(usedEvery)
		if _, err := w.AuthenticateKey(w.ctx, payer); err != nil {
			w.t.Fatal(err)
		}
		used := w.real.Now()
		w.must(w.Flush(w.ctx), "flush")
		if list, err := w.Keys(w.ctx, string(p.ID)); err != nil || len(list) != 1 || !list[0].LastUsed.Equal(used) {
			w.t.Errorf("keys %+v, %v; want last used %v", list, err, used)
		}
		w.want(w.RevokeKey(w.ctx, "mch_linden", k.ID), ErrKeyUnknown, "revoke somebody else's key")
		w.must(w.RevokeKey(w.ctx, string(p.ID), k.ID), "revoke")
		_, err = w.AuthenticateKey(w.ctx, payer)
		w.want(err, ErrKey, "a revoked key")
		w.must(w.RevokeKey(w.ctx, string(p.ID), k.ID), "revoke again")
		if _, err = w.AuthenticateKey(w.ctx, shop); err != nil {
			w.t.Errorf("another key: %v", err)
		}
	})
}

func TestKeysThatDoNotWork(t *testing.T) {
	engines(t, func(w *world) {
		p := w.only(NewPerson{Name: "Lena Hoffmann", Handle: "lena"})
		secret := w.key(NewKey{Owner: string(p.ID), Kind: PayerKey, Label: "Phone"})
		typo := []byte(secret)
		typo[20] ^= 1
		live := w.again(func(o *Options) { o.Live = true })
		for _, c := range []struct {
			secret string
			want   *fault.Fault
		}{{"", ErrKey}, {"bf_test_pt_", ErrKey}, {string(typo), ErrKey}, {secret + "a", ErrKey}, {id.NewKey("bf_test_pt_"), ErrKey},
			{id.NewKey("bf_live_pt_"), ErrKeyMode}, {id.NewKey("bf_test_xx_"), ErrKey}, {strings.Repeat("a", 1<<20), ErrKey}} {
			_, err := w.AuthenticateKey(w.ctx, c.secret)
			w.want(err, c.want, fmt.Sprintf("%.30q", c.secret))
		}
		_, err := live.AuthenticateKey(w.ctx, secret)
		w.want(err, ErrKeyMode, "a test key in a live installation")
		err = w.tx(func(tx *db.Tx) error {
			secret, _, err := live.CreateKey(tx, NewKey{Owner: string(p.ID), Kind: PayerKey, Label: "x"})
			if !strings.HasPrefix(secret, "bf_live_pt_") {
				w.t.Errorf("a live installation made %.11s", secret)
			}
			return err
		})
		w.must(err, "create a live key")
		for _, n := range []NewKey{{Owner: "mch_linden", Kind: PayerKey, Label: "x"}, {Owner: string(p.ID), Kind: SecretKey, Label: "x"},
			{Owner: string(p.ID), Kind: "root", Label: "x"}} {
			err := w.tx(func(tx *db.Tx) error { _, _, err := w.CreateKey(tx, n); return err })
			w.want(err, fault.ErrInvalid, fmt.Sprint(n))
		}
		for _, one := range []struct {
			NewKey
			want *fault.Fault
		}{{NewKey{Owner: "usr_nobody", Kind: PayerKey, Label: "x"}, ErrPerson},
			{NewKey{Owner: string(p.ID), Kind: PayerKey, Label: "\u202e"}, ErrLabel},
			{NewKey{Owner: string(p.ID), Kind: OperatorKey, Label: "x"}, fault.ErrDenied}} {
			err := w.tx(func(tx *db.Tx) error { _, _, err := w.CreateKey(tx, one.NewKey); return err })
			w.want(err, one.want, fmt.Sprint(one.NewKey))
		}
	})
}

// A key that is remembered is not read again for every payment, only the epoch is.
func TestKeysAreRemembered(t *testing.T) {
	engines(t, func(w *world) {
		p := w.only(NewPerson{Name: "Lena Hoffmann", Handle: "lena"})
		secret := w.key(NewKey{Owner: string(p.ID), Kind: PayerKey, Label: "Phone"})
		_, err := w.AuthenticateKey(w.ctx, secret)
		w.must(err, "authenticate")
		_, err = harness.Raw(w.t, w.db).Exec(`delete from identity_key`)
		w.must(err, "delete the row behind the service's back")
		w.pass(trust)
		if _, err = w.AuthenticateKey(w.ctx, secret); err != nil {
			w.t.Errorf("a remembered key: %v", err)
		}
		_, err = w.again().AuthenticateKey(w.ctx, secret)
		w.want(err, ErrKey, "a process that never saw it")
		w.must(w.tx(func(tx *db.Tx) error { return w.epoch.raise(tx) }), "raise the epoch")
		_, err = w.AuthenticateKey(w.ctx, secret)
		w.want(err, ErrKey, "after any revocation")
	})
}

func TestRolesAndLinks(t *testing.T) {
	engines(t, func(w *world) {
		p, token := w.person(lena())
		link := func(purpose LinkPurpose, person PersonID, life time.Duration) string {
			w.t.Helper()
			token, err := db.Write(w.ctx, w.db, func(tx *db.Tx) (string, error) { return w.Link(tx, purpose, person, life) })
			w.must(err, "link")
			return token
		}
		first := link(OperatorLink, "", LinkLife)
		if o, err := w.PeekLink(w.ctx, first); err != nil || o.Purpose != OperatorLink || o.Person != "" ||
			o.ExpiresAt.Sub(w.real.Now()) != LinkLife {
			w.t.Errorf("peek: %+v, %v", o, err)
		}
		_, err := w.RedeemLink(w.ctx, first, "", home)
		w.want(err, ErrSignInFirst, "nobody redeems")
		fresh, err := w.RedeemLink(w.ctx, first, p.ID, home)
		w.must(err, "redeem")
		_, err = w.Authenticate(w.ctx, token)
		w.want(err, ErrSession, "the token from before the role")
		if !w.session(fresh).Person.Operator {
			w.t.Error("the role was not given")
		}
		for _, dead := range []string{first, "", "nonsense", id.Secret(tokenBytes)} {
			_, err = w.RedeemLink(w.ctx, dead, p.ID, home)
			w.want(err, ErrLink, "a dead link")
			_, err = w.PeekLink(w.ctx, dead)
			w.want(err, ErrLink, "a look at a dead link")
		}
		secret := w.key(NewKey{Owner: string(p.ID), Kind: OperatorKey, Label: "Console"})
		_, err = w.AuthenticateKey(w.ctx, secret)
		w.must(err, "an operator's key")
		w.must(w.tx(func(tx *db.Tx) error { return w.Withdraw(tx, p.ID, Operator) }), "withdraw")
		_, err = w.AuthenticateKey(w.ctx, secret)
		w.want(err, ErrKey, "the key of a former operator")
		_, err = w.Authenticate(w.ctx, fresh)
		w.want(err, ErrSession, "the session of a former operator")

		late := link(SignInLink, p.ID, time.Minute)
		w.pass(time.Minute)
		_, err = w.RedeemLink(w.ctx, late, "", home)
		w.want(err, ErrLink, "a late link")

		bound := link(SignInLink, p.ID, 0)
		const many = 8
		errs := make([]error, many)
		tokens := make([]string, many)
		var wg sync.WaitGroup
		for i := range many {
			wg.Go(func() { tokens[i], errs[i] = w.RedeemLink(w.ctx, bound, "", home) })
		}
		wg.Wait()
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				if s := w.session(tokens[i]); s.Person.ID != p.ID || s.Person.Operator {
					w.t.Errorf("signed in %+v", s.Person)
				}
			} else if !errors.Is(err, ErrLink) {
				w.t.Errorf("a loser was told %v", err)
			}
		}
		if won != 1 {
			w.t.Errorf("a link worked %d times", won)
		}
	})
}

func TestPeople(t *testing.T) {
	engines(t, func(w *world) {
		list, err := w.Create(w.ctx, []NewPerson{
			{Name: "Lena Hoffmann", Handle: "lena", Email: "lena@example.org", Password: goodPassword},
			{Name: "王小明", Handle: "xiaowang", Lang: lang.ZH},
			{Name: "Olu Adeyemi", Handle: "olu", Email: "olu@example.org"},
		})
		w.must(err, "create")
		l, xiaowang := list[0], list[1]
		_, err = w.Create(w.ctx, []NewPerson{{Name: "Other Lena", Handle: "LENA"}})
		w.want(err, ErrHandleTaken, "a second lena")
		_, err = w.Create(w.ctx, []NewPerson{{Name: "Other Lena", Handle: "lena3", Email: "Lena@example.org"}})
		w.want(err, ErrEmailTaken, "a second lena@example.org")
		_, err = w.Create(w.ctx, []NewPerson{{Name: "Other Lena", Handle: "lena3", Password: "short"}})
		w.want(err, ErrPasswordShort, "a short password")
		_, err = w.SignIn(w.ctx, "lena", goodPassword, home)
		w.must(err, "sign in")
		_, err = w.SignIn(w.ctx, "xiaowang", "", home)
		w.want(err, ErrSignIn, "sign in without a password")

		w.must(w.db.Read(w.ctx, func(tx *db.Tx) error {
			people, err := w.People(tx, l.ID, xiaowang.ID, "usr_nobody", l.ID)
			if err != nil || len(people) != 2 || people[l.ID] != l || people[xiaowang.ID] != xiaowang {
				w.t.Errorf("people: %+v, %v", people, err)
			}
			names, err := w.Names(tx, l.ID, xiaowang.ID, list[2].ID)
			if err != nil || names[l.ID] != "Lena H." || names[xiaowang.ID] != "*小明" || names[list[2].ID] != "Olu A." {
				w.t.Errorf("names: %v, %v", names, err)
			}
			if none, err := w.People(tx); err != nil || len(none) != 0 {
				w.t.Errorf("nobody: %v, %v", none, err)
			}
			if p, err := w.ByHandle(tx, "@Olu"); err != nil || p != list[2] {
				w.t.Errorf("by handle: %+v, %v", p, err)
			}
			_, err = w.ByHandle(tx, "nobody_here")
			w.want(err, ErrPerson, "an unknown handle")
			page, err := w.List(tx, "", 2)
			if err != nil || len(page) != 2 {
				w.t.Errorf("page: %v, %v", page, err)
			}
			rest, err := w.List(tx, page[1].ID, 2)
			if err != nil || len(rest) != 1 {
				w.t.Errorf("rest: %v, %v", rest, err)
			}
			return nil
		}), "read")

		if got, err := w.FindPayee(w.ctx, xiaowang.ID, "@Lena"); err != nil || got != (Payee{l.ID, "Lena H.", "lena", Active}) {
			w.t.Errorf("by handle: %+v, %v", got, err)
		}
		if got, err := w.FindPayee(w.ctx, xiaowang.ID, "LENA@example.org"); err != nil || got != (Payee{l.ID, "Lena H.", "", Active}) {
			w.t.Errorf("by e-mail: %+v, %v", got, err)
		}
		for _, unknown := range []string{"", "nobody_here", "nobody@example.org", "admin", "\x00", strings.Repeat("a", 1<<16)} {
			_, err = w.FindPayee(w.ctx, xiaowang.ID, unknown)
			w.want(err, ErrPayeeUnknown, fmt.Sprintf("%.20q", unknown))
		}
	})
}

func TestLanguageAndErasure(t *testing.T) {
	engines(t, func(w *world) {
		l := w.only(NewPerson{Name: "Lena Hoffmann", Handle: "lena", Password: goodPassword})
		w.must(w.SetLang(w.ctx, l.ID, lang.ZH), "set language")
		w.want(w.SetLang(w.ctx, l.ID, "tlh"), ErrLang, "an unknown language")
		if p, _ := w.Get(w.ctx, l.ID); p.Lang != lang.ZH {
			w.t.Errorf("language %q", p.Lang)
		}
		orphan := w.key(NewKey{Owner: string(l.ID), Kind: PayerKey, Label: "Phone"})
		w.must(w.keys.Destroy(string(l.ID)), "erase")
		_, err := w.AuthenticateKey(w.ctx, orphan)
		w.want(err, ErrKey, "the key of an erased person")
		if p, err := w.Get(w.ctx, l.ID); err != nil || p.Name != "" || p.Masked() != "***" {
			w.t.Errorf("an erased person: %+v, %v", p, err)
		}
		_, err = w.SignIn(w.ctx, "lena", goodPassword, home)
		w.want(err, ErrSignIn, "an erased person signs in")
		_, err = w.FindPayee(w.ctx, "usr_asker", "lena")
		w.want(err, ErrPayeeUnknown, "an erased payee")
	})
}

func TestFreeze(t *testing.T) {
	var followed []State
	engines(t, func(w *world) {
		followed = nil
		p := w.only(NewPerson{Name: "Lena Hoffmann", Handle: "lena"})
		token, err := w.Enter(w.ctx, p.ID, home)
		w.must(err, "enter")
		w.session(token)
		active := func() error { return w.db.Read(w.ctx, func(tx *db.Tx) error { return w.RequireActive(tx, p.ID) }) }
		w.must(active(), "an active person")
		for range 2 { // twice is once
			_, err = w.SetState(w.ctx, p.ID, Frozen)
			w.must(err, "freeze")
		}
		w.want(active(), ErrPersonFrozen, "a frozen person")
		if w.session(token).Person.State != Frozen {
			w.t.Error("the session does not know")
		}
		_, err = w.SetState(w.ctx, p.ID, Active)
		w.must(err, "lift the freeze")
		w.must(active(), "an active person again")
		_, err = w.SetState(w.ctx, p.ID, "gone")
		w.want(err, fault.ErrInvalid, "an unknown state")
		_, err = w.SetState(w.ctx, "usr_nobody", Frozen)
		w.want(err, ErrPerson, "nobody")
		if fmt.Sprint(followed) != "[frozen active]" {
			w.t.Errorf("OnState saw %v", followed)
		}
		live := w.again(func(o *Options) { o.Live = true })
		_, err = live.Enter(w.ctx, p.ID, home)
		w.want(err, ErrSandboxOnly, "enter without a proof where money is real")
	}, func(o *Options) {
		o.OnState = func(_ *db.Tx, p Person) error { followed = append(followed, p.State); return nil }
	})
}

func TestCreateManySharesWork(t *testing.T) {
	harnessOnce(t, func(w *world) {
		var list []NewPerson
		for i := range 1000 {
			list = append(list, NewPerson{Name: fmt.Sprintf("Person N%d", i), Handle: fmt.Sprintf("person_%d", i)})
		}
		before, err := w.db.Fsyncs(w.ctx)
		w.must(err, "count")
		people, err := w.Create(w.ctx, list)
		w.must(err, "create")
		after, err := w.db.Fsyncs(w.ctx)
		w.must(err, "count")
		if len(people) != 1000 || len(w.made) != 1000 || after-before > 1000/createMost {
			w.t.Errorf("%d people, %d hooks, %d commits", len(people), len(w.made), after-before)
		}
	})
}

// BenchmarkAuthenticateKey is the share of identity in a payment.
func BenchmarkAuthenticateKey(b *testing.B) {
	d := harness.Open(b, db.SQLite, Schema)
	s, err := New(Options{DB: d, Clock: harness.Real(), Real: harness.Real(), Keys: harness.Keyring(b),
		IDs: id.NewMinter(harness.Real().Now), Send: func(*db.Tx, Mail) error { return nil }})
	if err != nil {
		b.Fatal(err)
	}
	people, err := s.Create(b.Context(), []NewPerson{{Name: "Lena Hoffmann", Handle: "lena"}})
	if err != nil {
		b.Fatal(err)
	}
	secret, err := db.Write(b.Context(), d, func(tx *db.Tx) (string, error) {
		secret, _, err := s.CreateKey(tx, NewKey{Owner: string(people[0].ID), Kind: PayerKey, Label: "Phone"})
		return secret, err
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.AuthenticateKey(b.Context(), secret); err != nil {
			b.Fatal(err)
		}
	}
}

// A rolled key works beside its successor for the overlap and not a moment longer, also where it lies in the cache.
func TestRollKey(t *testing.T) {
	engines(t, func(w *world) {
		old := w.key(NewKey{Owner: "mch_linden", Kind: RestrictedKey, Label: "Web shop", Scopes: []string{"payments:read", "refunds:write"}})
		first, err := w.AuthenticateKey(w.ctx, old)
		w.must(err, "authenticate")
		secret, next, err := w.RollKey(w.ctx, "mch_linden", first.ID, time.Hour)
		w.must(err, "roll")
		if next.Label != "Web shop" || len(next.Scopes) != 2 || next.Kind != RestrictedKey || !strings.HasPrefix(secret, "bf_test_rk_") {
			w.t.Errorf("the successor is %+v", next)
		}
		for _, key := range []string{old, secret} {
			if k, err := w.AuthenticateKey(w.ctx, key); err != nil || len(k.Scopes) != 2 || k.Scopes[1] != "refunds:write" {
				w.t.Errorf("during the overlap: %+v, %v", k, err)
			}
		}
		_, _, err = w.RollKey(w.ctx, "mch_linden", first.ID, LongestOverlap) // a second time: it lives no longer for that
		w.must(err, "roll again")
		w.pass(time.Hour)
		_, err = w.AuthenticateKey(w.ctx, old)
		w.want(err, ErrKey, "after the overlap")
		if _, err := w.AuthenticateKey(w.ctx, secret); err != nil {
			w.t.Errorf("the successor: %v", err)
		}
		_, _, err = w.RollKey(w.ctx, "mch_linden", first.ID, 0)
		w.want(err, ErrKeyUnknown, "a key that has ended")
		_, _, err = w.RollKey(w.ctx, "mch_another", next.ID, 0)
		w.want(err, ErrKeyUnknown, "somebody else's key")
		_, _, err = w.RollKey(w.ctx, "mch_linden", next.ID, 8*24*time.Hour)
		w.want(err, fault.ErrInvalid, "too long an overlap")
		_, _, err = w.RollKey(w.ctx, "mch_linden", next.ID, 0)
		w.must(err, "roll at once")
		_, err = w.AuthenticateKey(w.ctx, secret)
		w.want(err, ErrKey, "rolled without overlap")
		for _, wrong := range []NewKey{{Owner: "mch_linden", Kind: RestrictedKey, Label: "x"},
			{Owner: "mch_linden", Kind: SecretKey, Label: "x", Scopes: []string{"payments:read"}},
			{Owner: "mch_linden", Kind: RestrictedKey, Label: "x", Scopes: []string{"everything"}}} {
			err := w.tx(func(tx *db.Tx) error { _, _, err := w.CreateKey(tx, wrong); return err })
			w.want(err, fault.ErrInvalid, "scopes that do not fit")
		}
	})
}
