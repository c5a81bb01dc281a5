package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/lang"
	"billfold/base/seal"
)

const (
	codeLife    = 10 * time.Minute
	codeTries   = 5
	codePause   = time.Minute      // between two mails of one sign-up
	signUpLife  = 30 * time.Minute // however often the code is sent again
	codeDigits  = 6
	forSignUp   = "sign_up" // purpose of a code; later ones have their own
	sweepSignUp = 200       // sign-ups removed in one sweep
	sweepMargin = time.Hour // no Verify that is still under way may lose its key
)

// Draft is what a newcomer types. Lang may be empty for English.
type Draft struct {
	Name, Handle, Email, Password string
	Lang                          lang.Tag
}

// Pending is a sign-up that waits for its code. It looks the same whether or not the e-mail was known.
type Pending struct {
	ID        SignUpID
	ExpiresAt time.Time // of the code
	ResendAt  time.Time // earliest moment for Resend
}

// SignUp checks a draft and mails a six-digit code to its address; Verify makes the account. Where the address has an
// account already, the answer and the work are the same, and the mail tells the owner. It refuses what the Clean
// functions and the password rules refuse, a taken handle (ErrHandleTaken: handles are public), and too many sign-ups
// from one network or to one address (ErrTooMany).
func (s *Service) SignUp(ctx context.Context, d Draft, v Visit) (Pending, error) {
	clean, err := s.clean(draft{d.Name, d.Handle, d.Email, d.Password, d.Lang}, false)
	if err != nil {
		return Pending{}, err
	}
	if err := s.admitSignUp(ctx, clean, v); err != nil {
		return Pending{}, err
	}
	hash, err := s.hashes.hash(ctx, clean.password) // before anybody looks whether the address is known
	if err != nil {
		return Pending{}, err
	}
	person := PersonID(s.ids.New("usr"))
	if err := s.keys.Create(string(person)); err != nil {
		return Pending{}, err
	}
	row, err := s.sealPerson(person, clean, hash)
	if err != nil {
		return Pending{}, err
	}
	now := s.real.Now()
	row.created = clock.Micros(now)
	sign := signUpRow{SignUpID(s.ids.New("sgn")), row}
	return db.Write(ctx, s.db, func(tx *db.Tx) (Pending, error) {
		if err := s.handleFree(tx, clean.handle); err != nil {
			return Pending{}, err
		}
		insertSignUp(tx, sign)
		return s.sendCode(tx, sign, 0, now)
	})
}

// admitSignUp counts the try before any dear work is done. Its refusals are values inside the transaction: the counts
// must stay.
func (s *Service) admitSignUp(ctx context.Context, d draft, v Visit) error {
	now := s.real.Now()
	refusal, err := db.Write(ctx, s.db, func(tx *db.Tx) (error, error) {
		wait, err := s.take(tx, s.bucketKey(s.signUpRule, network(v.IP)), s.signUpRule, now)
		if err != nil || wait > 0 {
			return refused(wait), err
		}
		if err := s.handleFree(tx, d.handle); err != nil {
			if errors.Is(err, ErrHandleTaken) {
				return err, nil
			}
			return nil, err
		}
		wait, err = s.take(tx, s.bucketKey(addressRule, d.email), addressRule, now)
		return refused(wait), err
	})
	if err != nil {
		return err
	}
	return refusal
}

func refused(wait time.Duration) error {
	if wait > 0 {
		return tooMany(wait)
	}
	return nil
}

// sendCode stores a fresh code for a sign-up and mails it; to a known address it stores a hash that no code has, and
// mails the owner.
func (s *Service) sendCode(tx *db.Tx, r signUpRow, tries int64, now time.Time) (Pending, error) {
	p := r.person
	email, err := s.opened(p.id, "email", p.email)
	if err != nil {
		return Pending{}, err
	}
	code := id.Digits(codeDigits)
	hash := s.codeHash(forSignUp, string(r.id), code)
	mail := Mail{Owner: string(p.id), To: email, Lang: lang.Tag(p.lang), Template: MailCode,
		Data: map[string]string{"code": code, "minutes": strconv.Itoa(int(codeLife / time.Minute))}}
	known, err := selectByEmail(tx, p.emailMac)
	if err == nil {
		rand.Read(hash)
		mail = Mail{Owner: string(known.id), To: email, Lang: lang.Tag(known.lang), Template: MailKnownEmail}
	} else if !errors.Is(err, db.ErrNoRow) {
		return Pending{}, err
	}
	expires := now.Add(codeLife)
	upsertCode(tx, codeRow{string(r.id), forSignUp, hash, tries, clock.Micros(now), clock.Micros(expires)})
	if err := s.send(tx, mail); err != nil {
		return Pending{}, err
	}
	return Pending{r.id, expires, now.Add(codePause)}, nil
}

func (s *Service) codeHash(purpose, subject, code string) []byte {
	mac := s.keys.Mac("identity.code", []byte(purpose), []byte(subject), []byte(code))
	return mac[:]
}

// Resend mails a new code, which replaces the old one; wrong tries stay counted. It refuses to do so twice a minute
// (ErrTooMany), after the code was locked (ErrCodeLocked), and half an hour after the sign-up began (ErrCodeExpired).
func (s *Service) Resend(ctx context.Context, sign SignUpID) (Pending, error) {
	now := s.real.Now()
	type answer struct {
		pending Pending
		refusal error
	}
	a, err := db.Write(ctx, s.db, func(tx *db.Tx) (a answer, err error) {
		c, err := selectCode(tx, string(sign), forSignUp)
		if errors.Is(err, db.ErrNoRow) {
			return answer{refusal: ErrCodeExpired}, nil
		}
		if err != nil {
			return a, err
		}
		if c.tries >= codeTries {
			return answer{refusal: ErrCodeLocked}, nil
		}
		if wait := clock.FromMicros(c.sent).Add(codePause).Sub(now); wait > 0 {
			return answer{refusal: tooMany(wait)}, nil
		}
		r, err := selectSignUp(tx, sign)
		if err != nil {
			return a, err
		}
		if now.Sub(clock.FromMicros(r.person.created)) > signUpLife {
			return answer{refusal: ErrCodeExpired}, nil
		}
		email, err := s.opened(r.person.id, "email", r.person.email)
		if err != nil {
			return a, err
		}
		wait, err := s.take(tx, s.bucketKey(addressRule, email), addressRule, now)
		if err != nil || wait > 0 {
			return answer{refusal: refused(wait)}, err
		}
		a.pending, err = s.sendCode(tx, r, c.tries, now)
		return a, err
	})
	if err != nil {
		return Pending{}, err
	}
	return a.pending, a.refusal
}

// Verify makes the account of a sign-up and signs the person in. A wrong code is counted, also when many try at once;
// the fifth locks the sign-up. It refuses a wrong, expired or locked code, and a handle that somebody took meanwhile.
func (s *Service) Verify(ctx context.Context, sign SignUpID, code string, v Visit) (Person, string, error) {
	now := s.real.Now()
	code = strings.Join(strings.Fields(code), "")
	type answer struct {
		person  Person
		token   string
		refusal error
	}
	a, err := db.Write(ctx, s.db, func(tx *db.Tx) (a answer, err error) {
		if a.refusal, err = s.tryCode(tx, forSignUp, string(sign), code, now); err != nil || a.refusal != nil {
			return a, err
		}
		r, err := selectSignUp(tx, sign)
		if err != nil {
			return a, err
		}
		deleteSignUp(tx, sign)
		r.person.state = Active
		a.person, err = s.add(tx, r.person)
		switch {
		case errors.Is(err, ErrEmailTaken): // another sign-up for the address was verified first
			return answer{refusal: ErrCodeExpired}, nil
		case errors.Is(err, ErrHandleTaken):
			return answer{refusal: err}, nil
		case err != nil:
			return a, err
		}
		a.token, err = s.openSession(tx, a.person.ID, v, now)
		return a, err
	})
	if errors.Is(err, seal.ErrShredded) { // swept while it was typed
		return Person{}, "", ErrCodeExpired.With("code")
	}
	if err != nil {
		return Person{}, "", err
	}
	return a.person, a.token, a.refusal
}

// tryCode compares a code with the stored one and counts a miss. A refusal is a value, so that the count is committed.
func (s *Service) tryCode(tx *db.Tx, purpose, subject, code string, now time.Time) (refusal, err error) {
	return s.tryCodeOf(tx, purpose, subject, subject, code, now)
}

// tryCodeOf is tryCode for a code that is bound to more than the subject under which it is stored.
func (s *Service) tryCodeOf(tx *db.Tx, purpose, subject, bound, code string, now time.Time) (refusal, err error) {
	c, err := selectCode(tx, subject, purpose)
	if errors.Is(err, db.ErrNoRow) {
		return ErrCodeExpired.With("code"), nil
	}
	if err != nil {
		return nil, err
	}
	if c.tries >= codeTries {
		return ErrCodeLocked.With("code"), nil
	}
	if clock.Micros(now) >= c.expires {
		return ErrCodeExpired.With("code"), nil
	}
	if subtle.ConstantTimeCompare(s.codeHash(purpose, bound, code), c.hash) == 1 {
		return nil, nil
	}
	c.tries++
	upsertCode(tx, c)
	if c.tries >= codeTries {
		return ErrCodeLocked.With("code"), nil
	}
	return ErrCode.With("code").Fill(strconv.FormatInt(codeTries-c.tries, 10)), nil
}

// Sweep removes what real time has ended: sign-ups nobody verified, together with their keys, and old sessions, links
// and throttles. App runs it as an hourly job. The keys go first: what dies in between is a row nobody can open,
// which the next sweep removes.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.real.Now()
	before := clock.Micros(now.Add(-signUpLife - codeLife - sweepMargin))
	stale, err := db.Read(ctx, s.db, func(tx *db.Tx) ([]signUpRow, error) {
		return selectStaleSignUps(tx, before, sweepSignUp)
	})
	if err != nil {
		return err
	}
	owners := make([]string, len(stale))
	for i, r := range stale {
		owners[i] = string(r.person.id)
	}
	if err := s.keys.Destroy(owners...); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		for _, r := range stale {
			deleteSignUp(tx, r.id)
		}
		deleteStale(tx, now)
		return nil
	})
}
