package identity

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/seal"
)

const (
	idleLimit    = 30 * time.Minute // without use, a session ends
	sessionLife  = 24 * time.Hour   // however busy it is
	lockAfter    = 5 * time.Minute  // without use, money asks for the password again (PSD2 RTS art. 4(3)(d))
	seenEvery    = time.Minute      // how coarse SeenAt is
	longestAgent = 300              // bytes of a User-Agent kept
	tokenBytes   = 32
	tokenLength  = (tokenBytes*8 + 4) / 5
)

// Session is a person signed in somewhere. Its token is not part of it.
type Session struct {
	ID              SessionID
	Person          Person
	CreatedAt       time.Time
	SeenAt          time.Time // to the minute
	AuthenticatedAt time.Time // last proof by password, passkey or link
	AwakeAt         time.Time // since when there was no pause of more than five minutes
	ExpiresAt       time.Time
	Agent, IP       string
	CSRF            string // what a form of this session carries; new with every token

	hash [32]byte
}

// CheckCSRF compares what a form carried, in constant time.
func (s Session) CheckCSRF(value string) bool {
	return s.CSRF != "" && subtle.ConstantTimeCompare([]byte(s.CSRF), []byte(value)) == 1
}

// Locked reports that the session was left alone for five minutes since its last proof: the person may be another one
// by now. Pages with money then ask for the password (Reauthenticate).
func (s Session) Locked() bool { return s.AuthenticatedAt.Before(s.AwakeAt) }

// Prove is the proof of an approval given in this session; challenge is the hash of what is approved. The caller has
// seen to it that the session is not Locked.
func (s Session) Prove(challenge [32]byte, at time.Time) Proof {
	return Proof{Method: BySession, Person: s.Person.ID, Session: s.ID, Challenge: challenge, At: at}
}

func (s *Service) newToken() (token string, hash []byte) {
	token = id.Secret(tokenBytes)
	mac := s.tokenMac.Sum([]byte(token))
	return token, mac[:]
}

// openSession starts a session in the caller's transaction, with a token nobody had before.
func (s *Service) openSession(tx *db.Tx, person PersonID, v Visit, now time.Time) (string, error) {
	token, hash := s.newToken()
	at := clock.Micros(now)
	row := sessionRow{id: SessionID(s.ids.New("ses")), hash: hash, person: person,
		created: at, seen: at, proved: at, awake: at, expires: clock.Micros(now.Add(sessionLife))}
	agent := v.Agent[:min(len(v.Agent), longestAgent)]
	var err error
	if row.agent, err = s.keys.Seal(string(person), sessionField("agent", row.id), []byte(agent)); err != nil {
		return "", err
	}
	if row.ip, err = s.keys.Seal(string(person), sessionField("ip", row.id), []byte(v.IP)); err != nil {
		return "", err
	}
	insertSession(tx, row)
	return token, nil
}

func sessionField(name string, id SessionID) string {
	return "identity_session." + name + "/" + string(id)
}

// Authenticate finds the session of a token. It refuses with ErrSession what was never a token, has ended, expired or
// idled out. It is quick: see the package's word on the revocation epoch.
func (s *Service) Authenticate(ctx context.Context, token string) (Session, error) {
	if len(token) != tokenLength {
		return Session{}, ErrSession
	}
	hash := s.tokenMac.Sum([]byte(token))
	number, err := s.epoch.now(ctx)
	if err != nil {
		return Session{}, err
	}
	session, ok := s.sessions.get(hash, number)
	if !ok {
		if session, number, err = s.loadSession(ctx, hash); err != nil {
			return Session{}, err
		}
		s.sessions.put(hash, session, number)
	}
	now := s.real.Now()
	if t, ok := s.seen.last(session.ID); ok && t.seen.After(session.SeenAt) {
		session.SeenAt, session.AwakeAt = t.seen, later(t.awake, session.AwakeAt)
	}
	idle := now.Sub(session.SeenAt)
	if idle >= idleLimit || !now.Before(session.ExpiresAt) {
		return Session{}, ErrSession
	}
	if idle >= seenEvery {
		if idle > lockAfter {
			session.AwakeAt = now
		}
		session.SeenAt = now
		s.seen.touch(session.ID, now, session.AwakeAt)
		s.sessions.put(hash, session, number)
	}
	return session, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// loadSession reads a session, its person and the epoch from one snapshot.
func (s *Service) loadSession(ctx context.Context, hash [32]byte) (Session, int64, error) {
	type found struct {
		session sessionRow
		person  personRow
		epoch   int64
	}
	f, err := db.Read(ctx, s.db, func(tx *db.Tx) (f found, err error) {
		if f.session, err = selectSession(tx, hash[:]); err != nil {
			return f, missing(err, ErrSession)
		}
		if f.person, err = selectPerson(tx, f.session.person); err != nil {
			return f, err
		}
		f.epoch, err = selectEpoch(tx)
		return f, err
	})
	if err != nil {
		return Session{}, 0, err
	}
	person, err := s.open(f.person)
	if err != nil {
		return Session{}, 0, err
	}
	session, err := s.sessionOf(f.session, person)
	if errors.Is(err, seal.ErrShredded) {
		return Session{}, 0, ErrSession
	}
	return session, f.epoch, err
}

func (s *Service) sessionOf(r sessionRow, p Person) (Session, error) {
	out := Session{ID: r.id, Person: p, CreatedAt: clock.FromMicros(r.created), SeenAt: clock.FromMicros(r.seen),
		AuthenticatedAt: clock.FromMicros(r.proved), AwakeAt: clock.FromMicros(r.awake), ExpiresAt: clock.FromMicros(r.expires)}
	copy(out.hash[:], r.hash)
	csrf := s.keys.Mac("identity.csrf", r.hash)
	out.CSRF = base64.RawURLEncoding.EncodeToString(csrf[:])
	for name, f := range map[string]struct {
		to     *string
		sealed []byte
	}{"agent": {&out.Agent, r.agent}, "ip": {&out.IP, r.ip}} {
		plain, err := s.keys.Open(string(r.person), sessionField(name, r.id), f.sealed)
		if err != nil {
			return Session{}, fmt.Errorf("open %s: %w", sessionField(name, r.id), err)
		}
		*f.to = string(plain)
	}
	return out, nil
}

// Sessions lists where a person is signed in, newest first.
func (s *Service) Sessions(ctx context.Context, person PersonID) ([]Session, error) {
	type found struct {
		person   personRow
		sessions []sessionRow
	}
	f, err := db.Read(ctx, s.db, func(tx *db.Tx) (f found, err error) {
		if f.person, err = selectPerson(tx, person); err != nil {
			return f, missing(err, ErrPerson)
		}
		f.sessions, err = selectSessions(tx, person)
		return f, err
	})
	if err != nil {
		return nil, err
	}
	p, err := s.open(f.person)
	if err != nil {
		return nil, err
	}
	now := s.real.Now()
	list := make([]Session, 0, len(f.sessions))
	for _, r := range f.sessions {
		one, err := s.sessionOf(r, p)
		if err != nil {
			return nil, err
		}
		if t, ok := s.seen.last(one.ID); ok {
			one.SeenAt = later(t.seen, one.SeenAt)
		}
		if now.Sub(one.SeenAt) < idleLimit && now.Before(one.ExpiresAt) {
			list = append(list, one)
		}
	}
	return list, nil
}

// EndSession ends one session of a person: sign-out, or "sign out that device". The next request with its token is
// refused. A session that is not there, or somebody else's, gives ErrSessionUnknown.
func (s *Service) EndSession(ctx context.Context, person PersonID, session SessionID) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := deleteSession(tx, person, session)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrSessionUnknown
		}
		return s.epoch.raise(tx)
	})
}

// EndOthers ends every session of a person but one ("" ends all) and says how many.
func (s *Service) EndOthers(ctx context.Context, person PersonID, keep SessionID) (int, error) {
	return db.Write(ctx, s.db, func(tx *db.Tx) (int, error) {
		n, err := deleteSessions(tx, person, keep)
		if err != nil {
			return 0, err
		}
		return int(n), s.epoch.raise(tx)
	})
}

// missing turns "no row" into a refusal and leaves other errors as they are.
func missing(err error, refusal *fault.Fault) error {
	if errors.Is(err, db.ErrNoRow) {
		return refusal
	}
	return err
}
