package identity

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/lang"
	"billfold/base/seal"
)

// Options are what the service is built from. DB, Clock, Real, Keys, IDs and Send are required.
type Options struct {
	DB    *db.DB
	Clock clock.Clock // business time: when a person or a key was made
	Real  clock.Clock // real time: codes, sessions, links, throttles
	Keys  *seal.Keyring
	IDs   *id.Minter
	Log   *slog.Logger // may be nil

	// Live says whether this installation moves real money: it decides which keys are made and accepted.
	Live bool
	// Texts says that Send also takes texts to telephone numbers (MailPhoneCode); without it nobody can be found by number.
	Texts bool
	// Send puts a mail into the outbox, in the caller's transaction.
	Send func(tx *db.Tx, m Mail) error
	// OnPerson and OnState let others follow in the same transaction: open a wallet, freeze it. Their error undoes
	// everything. May be nil.
	OnPerson func(tx *db.Tx, p Person) error
	OnState  func(tx *db.Tx, p Person) error
	// Taken says whether somebody who is not a person (a shop) has the handle; people and shops share one space. May be nil.
	Taken func(tx *db.Tx, handle string) (bool, error)
	// Breached is the path of a sorted file of SHA-1 hashes of breached passwords; empty for none.
	Breached string
	// SignUpsPerHour is how many sign-ups one network may start before it has to wait; 0 is 30, and 600 in a sandbox.
	SignUpsPerHour int
}

// Service has the verbs of this package. Safe for concurrent use.
type Service struct {
	db         *db.DB
	clock      clock.Clock
	real       clock.Clock
	keys       *seal.Keyring
	ids        *id.Minter
	log        *slog.Logger
	live       bool
	send       func(tx *db.Tx, m Mail) error
	onPerson   func(tx *db.Tx, p Person) error
	onState    func(tx *db.Tx, p Person) error
	taken      func(tx *db.Tx, handle string) (bool, error)
	breached   *breachFile
	signUpRule rule
	hashes     *hasher

	handleMac, emailMac, phoneMac, tokenMac, keyMac *seal.MacKey

	texts bool

	epoch    epoch
	sessions memory[[32]byte, Session]
	apiKeys  memory[[32]byte, Key]
	seen     touches[SessionID]
	used     touches[KeyID]
}

// New builds the service. It refuses a file of breached passwords that cannot be read.
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Clock == nil || o.Real == nil || o.Keys == nil || o.IDs == nil || o.Send == nil {
		return nil, errors.New("identity: DB, Clock, Real, Keys, IDs and Send are required")
	}
	breached, err := openBreachFile(o.Breached)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	hashes, err := newHasher()
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	free := int64(o.SignUpsPerHour)
	if free <= 0 {
		free = 30
		if !o.Live {
			free = 600
		}
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		db: o.DB, clock: o.Clock, real: o.Real, keys: o.Keys, ids: o.IDs, log: log, live: o.Live,
		send: o.Send, onPerson: o.OnPerson, onState: o.OnState, taken: o.Taken,
		breached: breached, hashes: hashes,
		signUpRule: rule{"sign_up", free, 5 * time.Second, 5 * time.Minute, time.Hour},
		handleMac:  o.Keys.MacKey("identity.handle"),
		emailMac:   o.Keys.MacKey("identity.email"),
		phoneMac:   o.Keys.MacKey("identity.phone"),
		texts:      o.Texts,
		tokenMac:   o.Keys.MacKey("identity.token"),
		keyMac:     o.Keys.MacKey("identity.key"),
		epoch:      epoch{db: o.DB, real: o.Real},
	}, nil
}

// Close releases the file of breached passwords, if there is one.
func (s *Service) Close() error { return s.breached.close() }

// draft is what somebody says about themselves, checked and normalised.
type draft struct {
	name, handle, email, password string
	lang                          lang.Tag
}

// clean checks a draft. E-mail and password may be empty where optional.
func (s *Service) clean(d draft, optional bool) (c draft, err error) {
	if c.name, err = CleanName(d.name); err != nil {
		return c, err
	}
	if c.handle, err = CleanHandle(d.handle); err != nil {
		return c, err
	}
	if d.email != "" || !optional {
		if c.email, err = CleanEmail(d.email); err != nil {
			return c, err
		}
	}
	if d.password != "" || !optional {
		mailbox, _, _ := strings.Cut(c.email, "@")
		if c.password, err = s.newPassword(d.password, c.name, c.handle, mailbox); err != nil {
			return c, err
		}
	}
	c.lang = lang.EN
	if d.lang != "" {
		tag, ok := lang.Parse(string(d.lang))
		if !ok {
			return c, ErrLang.With("lang")
		}
		c.lang = tag
	}
	return c, nil
}

func (s *Service) findHandle(handle string) []byte {
	mac := s.handleMac.Sum([]byte(handle))
	return mac[:]
}

func (s *Service) findEmail(email string) []byte {
	mac := s.emailMac.Sum([]byte(email))
	return mac[:]
}

// field is the identity of a sealed field: a copy of it in another row or column does not open.
func field(name string, id PersonID) string { return "identity_person." + name + "/" + string(id) }

// sealPerson seals a checked draft under the key of the person it will be; the key must exist. hash is the
// password's, or empty.
func (s *Service) sealPerson(id PersonID, d draft, hash string) (p personRow, err error) {
	p = personRow{id: id, handleMac: s.findHandle(d.handle), lang: string(d.lang), state: Active}
	seals := []struct {
		to    *[]byte
		name  string
		value string
	}{{&p.name, "name", d.name}, {&p.handle, "handle", d.handle}, {&p.email, "email", d.email}, {&p.password, "password", hash}}
	for _, f := range seals {
		if f.value == "" {
			continue
		}
		if *f.to, err = s.keys.Seal(string(id), field(f.name, id), []byte(f.value)); err != nil {
			return p, fmt.Errorf("seal %s: %w", field(f.name, id), err)
		}
	}
	if d.email != "" {
		p.emailMac = s.findEmail(d.email)
	}
	return p, nil
}

// open opens a person's sealed fields. Of somebody whose key was destroyed only the id is left, with empty fields.
func (s *Service) open(r personRow) (Person, error) {
	p := Person{ID: r.id, Lang: lang.Tag(r.lang), State: r.state, Operator: r.operator, CreatedAt: clock.FromMicros(r.created)}
	opens := []struct {
		to     *string
		name   string
		sealed []byte
	}{{&p.Name, "name", r.name}, {&p.Handle, "handle", r.handle}, {&p.Email, "email", r.email}}
	for _, f := range opens {
		var err error
		if *f.to, err = s.opened(r.id, f.name, f.sealed); err != nil && !errors.Is(err, seal.ErrShredded) {
			return Person{}, err
		}
	}
	return p, nil
}

func (s *Service) opened(id PersonID, name string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := s.keys.Open(string(id), field(name, id), sealed)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", field(name, id), err)
	}
	return string(plain), nil
}

// add inserts a sealed person and lets the others follow. The refusals are ErrHandleTaken and ErrEmailTaken.
func (s *Service) add(tx *db.Tx, r personRow) (Person, error) {
	r.created = clock.Micros(s.clock.Now())
	p, err := s.open(r)
	if err != nil {
		return Person{}, err
	}
	if err := s.handleFree(tx, p.Handle); err != nil {
		return Person{}, err
	}
	fresh, err := insertPerson(tx, r)
	if err != nil {
		return Person{}, err
	}
	if !fresh { // a parallel twin may have come between the look and the insert
		if err := s.handleFree(tx, p.Handle); err != nil {
			return Person{}, err
		}
		return Person{}, ErrEmailTaken.With("email")
	}
	if s.onPerson != nil {
		if err := s.onPerson(tx, p); err != nil {
			return Person{}, fmt.Errorf("add person %s: %w", p.ID, err)
		}
	}
	return p, nil
}

// HandleTakenIn says whether a person has the handle, for shops, which share the space. What no person could have is not taken.
func (s *Service) HandleTakenIn(tx *db.Tx, handle string) (bool, error) {
	clean, err := CleanHandle(handle)
	if err != nil {
		return false, nil
	}
	_, err = selectByHandle(tx, s.findHandle(clean))
	if errors.Is(err, db.ErrNoRow) {
		return false, nil
	}
	return err == nil, err
}

// handleFree refuses a clean handle that a person or somebody else has.
func (s *Service) handleFree(tx *db.Tx, handle string) error {
	taken, err := s.HandleTakenIn(tx, handle)
	if err == nil && !taken && s.taken != nil {
		taken, err = s.taken(tx, handle)
	}
	if err != nil {
		return err
	}
	if taken {
		return ErrHandleTaken.With("handle")
	}
	return nil
}
