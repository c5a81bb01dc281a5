package identity

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/seal"
)

// knownFor is how long a network stays one from which the person has signed in before.
const knownFor = 30 * 24 * time.Hour

// attempt is what a sign-in found before its password is hashed.
type attempt struct {
	row     personRow // zero for an unknown login
	stored  string    // the password's hash, "" where there is none
	account []byte    // the bucket it was counted in
	wait    time.Duration
}

// SignIn proves a person by login (handle or e-mail) and password and returns a session's token. Whatever is wrong,
// the answer is ErrSignIn after one password hash; too many tries give ErrTooMany with the time to wait, also for
// logins that do not exist.
func (s *Service) SignIn(ctx context.Context, login, password string, v Visit) (token string, err error) {
	prepared, err := preparePassword(password)
	if err != nil {
		prepared = "" // nobody's password; the rest goes on as for any wrong one
	}
	now := s.real.Now()
	a, err := db.Write(ctx, s.db, func(tx *db.Tx) (attempt, error) { return s.beginSignIn(tx, login, v, now) })
	if err != nil {
		return "", err
	}
	if a.wait > 0 {
		return "", tooMany(a.wait)
	}
	ok, err := s.hashes.matches(ctx, prepared, a.stored)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", ErrSignIn
	}
	return db.Write(ctx, s.db, func(tx *db.Tx) (string, error) {
		row, err := selectPersonForUpdate(tx, a.row.id)
		if err != nil {
			return "", missing(err, ErrSignIn)
		}
		if !bytes.Equal(row.password, a.row.password) { // changed since it was compared
			return "", ErrSignIn
		}
		if err := forgive(tx, s.bucketKey(networkRule, network(v.IP))); err != nil {
			return "", err
		}
		deleteBucket(tx, a.account)
		if err := upsertBucket(tx, s.bucketKey(knownRule, string(row.id), network(v.IP)), bucket{last: now}); err != nil {
			return "", err
		}
		return s.openSession(tx, row.id, v, now)
	})
}

// beginSignIn counts the try and looks the person up. A wait is a value, so that what was counted is kept.
func (s *Service) beginSignIn(tx *db.Tx, login string, v Visit, now time.Time) (a attempt, err error) {
	net := network(v.IP)
	if a.wait, err = s.take(tx, s.bucketKey(networkRule, net), networkRule, now); err != nil || a.wait > 0 {
		return a, err
	}
	a.row, err = s.byLogin(tx, login)
	if err != nil && !errors.Is(err, db.ErrNoRow) {
		return a, err
	}
	r := accountRule
	subject := string(a.row.id)
	if subject == "" { // count by what was typed, so that an unknown login is throttled like a known one
		subject = strings.ToLower(strings.TrimSpace(login))
		subject = "login:" + subject[:min(len(subject), 254)]
	} else if a.stored, err = s.opened(a.row.id, "password", a.row.password); err != nil && !errors.Is(err, seal.ErrShredded) {
		return a, err
	}
	a.account = s.bucketKey(r, subject)
	known := s.bucketKey(knownRule, subject, net)
	if b, err := selectBucket(tx, known); err == nil && now.Sub(b.last) < knownFor {
		a.account, r = known, knownRule
	} else if err != nil && !errors.Is(err, db.ErrNoRow) {
		return a, err
	}
	a.wait, err = s.take(tx, a.account, r, now)
	return a, err
}

func (s *Service) byLogin(tx *db.Tx, login string) (personRow, error) {
	login = strings.TrimSpace(login)
	if number, err := CleanPhone(login); err == nil {
		return selectByPhone(tx, s.findPhone(number))
	}
	if strings.Contains(strings.TrimPrefix(login, "@"), "@") {
		email, err := CleanEmail(login)
		if err != nil {
			return personRow{}, db.ErrNoRow
		}
		return selectByEmail(tx, s.findEmail(email))
	}
	handle, err := CleanHandle(login)
	if err != nil {
		return personRow{}, db.ErrNoRow
	}
	return selectByHandle(tx, s.findHandle(handle))
}

// Enter signs somebody in without asking for anything: the one-click people of a sandbox. A live installation refuses
// (ErrSandboxOnly).
func (s *Service) Enter(ctx context.Context, person PersonID, v Visit) (token string, err error) {
	if s.live {
		return "", ErrSandboxOnly
	}
	return db.Write(ctx, s.db, func(tx *db.Tx) (string, error) {
		if _, err := selectPerson(tx, person); err != nil {
			return "", missing(err, ErrPerson)
		}
		return s.openSession(tx, person, v, s.real.Now())
	})
}

// checkPassword asks the person of a session for the password again, throttled like a sign-in, and returns the row it
// was compared with.
func (s *Service) checkPassword(ctx context.Context, person PersonID, password string) (personRow, error) {
	now := s.real.Now()
	key := s.bucketKey(accountRule, "again", string(person))
	a, err := db.Write(ctx, s.db, func(tx *db.Tx) (a attempt, err error) {
		if a.wait, err = s.take(tx, key, accountRule, now); err != nil || a.wait > 0 {
			return a, err
		}
		if a.row, err = selectPerson(tx, person); err != nil {
			return a, missing(err, ErrSession)
		}
		a.stored, err = s.opened(person, "password", a.row.password)
		return a, err
	})
	if err != nil {
		return personRow{}, err
	}
	if a.wait > 0 {
		return personRow{}, tooMany(a.wait)
	}
	prepared, err := preparePassword(password)
	if err != nil {
		prepared = ""
	}
	ok, err := s.hashes.matches(ctx, prepared, a.stored)
	if err != nil {
		return personRow{}, err
	}
	if !ok {
		return personRow{}, ErrPassword.With("password")
	}
	return a.row, nil
}

// Reauthenticate asks for the password again (before money moves after a pause, before a change of rights) and gives
// the session a new token; the old one is dead at once. It refuses a wrong password (ErrPassword), a session that has
// ended (ErrSession) and too many tries.
func (s *Service) Reauthenticate(ctx context.Context, session Session, password string) (token string, err error) {
	row, err := s.checkPassword(ctx, session.Person.ID, password)
	if err != nil {
		return "", err
	}
	return db.Write(ctx, s.db, func(tx *db.Tx) (string, error) {
		now, err := selectPersonForUpdate(tx, row.id)
		if err != nil {
			return "", missing(err, ErrSession)
		}
		if !bytes.Equal(now.password, row.password) {
			return "", ErrPassword.With("password")
		}
		deleteBucket(tx, s.bucketKey(accountRule, "again", string(row.id)))
		return s.rotate(tx, session)
	})
}

// ChangePassword replaces the password, ends every other session of the person and gives this one a new token. It
// refuses what Reauthenticate refuses, and a new password that SignUp would refuse.
func (s *Service) ChangePassword(ctx context.Context, session Session, old, new string) (token string, err error) {
	p := session.Person
	mailbox, _, _ := strings.Cut(p.Email, "@")
	fresh, err := s.newPassword(new, p.Name, p.Handle, mailbox)
	if err != nil {
		return "", err
	}
	row, err := s.checkPassword(ctx, p.ID, old)
	if err != nil {
		return "", err
	}
	hash, err := s.hashes.hash(ctx, fresh)
	if err != nil {
		return "", err
	}
	sealed, err := s.keys.Seal(string(p.ID), field("password", p.ID), []byte(hash))
	if err != nil {
		return "", err
	}
	return db.Write(ctx, s.db, func(tx *db.Tx) (string, error) {
		now, err := selectPersonForUpdate(tx, p.ID)
		if err != nil {
			return "", missing(err, ErrSession)
		}
		if !bytes.Equal(now.password, row.password) {
			return "", ErrPassword.With("password")
		}
		if err := updatePassword(tx, p.ID, sealed); err != nil {
			return "", err
		}
		if _, err := deleteSessions(tx, p.ID, session.ID); err != nil {
			return "", err
		}
		deleteBucket(tx, s.bucketKey(accountRule, "again", string(p.ID)))
		return s.rotate(tx, session)
	})
}

// rotate gives a session another token and counts its proof from now.
func (s *Service) rotate(tx *db.Tx, session Session) (string, error) {
	token, hash := s.newToken()
	ok, err := rotateSession(tx, session.ID, session.hash[:], hash, clock.Micros(s.real.Now()))
	if err != nil {
		return "", err
	}
	if !ok {
		return "", ErrSession
	}
	return token, s.epoch.raise(tx)
}
