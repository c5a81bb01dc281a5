package identity

import (
	"context"
	"errors"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
)

// LinkPurpose says what a one-time link does.
type LinkPurpose string

// The purposes of links.
const (
	OperatorLink LinkPurpose = "operator" // gives the role; signs in the person it is bound to
	SignInLink   LinkPurpose = "signin"   // signs in the person it is bound to
)

// LinkLife is how long a link works unless its maker says less.
const LinkLife = 30 * time.Minute

// OneTime is a link that still works. Person is empty where whoever opens it has to say who they are.
type OneTime struct {
	Purpose   LinkPurpose
	Person    PersonID
	ExpiresAt time.Time
}

// Link makes a one-time link in the caller's transaction and returns its token. It works once, for at most LinkLife
// of real time. A link for signing in is bound to a person.
func (s *Service) Link(tx *db.Tx, purpose LinkPurpose, person PersonID, life time.Duration) (token string, err error) {
	token = NewLinkToken()
	return token, s.LinkNamed(tx, token, purpose, person, life)
}

// NewLinkToken makes the secret of a link before there is a database to put it into.
func NewLinkToken() string { return id.Secret(tokenBytes) }

// LinkNamed is Link with a token of NewLinkToken.
func (s *Service) LinkNamed(tx *db.Tx, token string, purpose LinkPurpose, person PersonID, life time.Duration) error {
	if purpose != OperatorLink && purpose != SignInLink || purpose == SignInLink && person == "" || len(token) != tokenLength {
		return errors.New("identity: a link needs a purpose, a token, and a person to sign in")
	}
	if life <= 0 || life > LinkLife {
		life = LinkLife
	}
	row := linkRow{id: s.ids.New("lnk"), purpose: purpose, expires: clock.Micros(s.real.Now().Add(life))}
	if person != "" {
		if _, err := selectPerson(tx, person); err != nil {
			return missing(err, ErrPerson)
		}
		row.person = &person
	}
	row.hash = s.linkHash(token)
	insertLink(tx, row)
	return nil
}

func (s *Service) linkHash(token string) []byte {
	mac := s.keys.Mac("identity.link", []byte(token))
	return mac[:]
}

// PeekLink says what a link would do, without using it up: for the page behind it, which mail scanners open too.
func (s *Service) PeekLink(ctx context.Context, token string) (OneTime, error) {
	row, err := db.Read(ctx, s.db, func(tx *db.Tx) (linkRow, error) { return s.liveLink(tx, token, "") })
	if err != nil {
		return OneTime{}, err
	}
	return row.oneTime(), nil
}

func (l linkRow) oneTime() OneTime {
	o := OneTime{Purpose: l.purpose, ExpiresAt: clock.FromMicros(l.expires)}
	if l.person != nil {
		o.Person = *l.person
	}
	return o
}

func (s *Service) liveLink(tx *db.Tx, token, lock string) (linkRow, error) {
	if len(token) != tokenLength {
		return linkRow{}, ErrLink
	}
	row, err := selectLink(tx, s.linkHash(token), lock)
	if err != nil {
		return row, missing(err, ErrLink)
	}
	if row.used != 0 || clock.Micros(s.real.Now()) >= row.expires {
		return row, ErrLink
	}
	return row, nil
}

// RedeemLink uses a link up and returns the token of a new session. A link that is bound signs its person in. One
// that is not needs `as`, the person signed in (ErrSignInFirst otherwise, and the link still works). Where the link
// gives a role, all older sessions of the person end. A link works once, also when two redeem it together: the other
// gets ErrLink.
func (s *Service) RedeemLink(ctx context.Context, token string, as PersonID, v Visit) (session string, err error) {
	return db.Write(ctx, s.db, func(tx *db.Tx) (string, error) {
		row, err := s.liveLink(tx, token, tx.ForUpdate())
		if err != nil {
			return "", err
		}
		person := as
		if row.person != nil {
			person = *row.person
		}
		if person == "" {
			return "", ErrSignInFirst
		}
		now := s.real.Now()
		n, err := useLink(tx, row.id, clock.Micros(now))
		if err != nil {
			return "", err
		}
		if n == 0 {
			return "", ErrLink
		}
		if row.purpose == OperatorLink {
			if err := s.Grant(tx, person, Operator); err != nil {
				return "", err
			}
		}
		return s.openSession(tx, person, v, now)
	})
}
