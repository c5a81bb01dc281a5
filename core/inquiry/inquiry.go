package inquiry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/lang"
	"billfold/base/seal"
	"billfold/core/identity"
	"billfold/core/notice"
)

// ID is a case's, "case_…".
type ID string

// State is how far a case has come.
type State string

// The states.
const (
	Open     State = "open"     // the person waits
	Answered State = "answered" // the operator answered; the person may write again
	Closed   State = "closed"
)

// States are all there are.
var States = []State{Open, Answered, Closed}

// Case is what somebody asked about a payment, and what was answered.
type Case struct {
	ID        ID
	Person    identity.PersonID
	Payment   string
	State     State
	AskedAt   time.Time
	ChangedAt time.Time
	Turns     []Turn // oldest first; only where a verb says that it reads them

	turns int64
}

// Turn is what one side wrote. Author is the operator's id, and empty for the person.
type Turn struct {
	Author string
	At     time.Time
	Words  string
}

// The bounds: of one turn in characters, of a case in turns, and of a person in cases that are not closed.
const (
	wordsLeast, wordsMost = 5, 1000
	turnsMost             = 50
	casesMost             = 20
)

// Options are what the service is built from; all are required.
type Options struct {
	DB      *db.DB
	Real    clock.Clock // people wait in real time, also where a sandbox's clock is moved
	Keys    *seal.Keyring
	IDs     *id.Minter
	People  *identity.Service
	Notices *notice.Service
}

// Service has the verbs. Safe for concurrent use.
type Service struct{ Options }

// New builds the service.
func New(o Options) *Service { return &Service{o} }

// words trims what somebody wrote, and takes out what would hide or turn letters around it.
func words(said string) (string, error) {
	said = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch r {
		case '\n':
			return r
		case '\r':
			return -1
		}
		return lang.Tame(r)
	}, said))
	if n := utf8.RuneCountInString(said); n < wordsLeast || n > wordsMost {
		return "", ErrWords.With("words")
	}
	return said, nil
}

func field(of ID, number int64) string { return fmt.Sprintf("inquiry_turn.words/%s/%d", of, number) }

// Ask opens a case about a payment of the person's, or goes on with the one that is not closed.
//
// Faults: inquiry_words, inquiry_many.
func (s *Service) Ask(ctx context.Context, person identity.PersonID, payment, said string) (Case, error) {
	said, err := words(said)
	if err != nil {
		return Case{}, err
	}
	fresh := ID(s.IDs.New("case"))
	return db.Write(ctx, s.DB, func(tx *db.Tx) (Case, error) {
		key := string(person) + "/" + payment
		now := s.Real.Now()
		if _, err := tx.Exec(insertCase, fresh, person, payment, string(Open), key, clock.Micros(now)); err != nil {
			return Case{}, err
		}
		c, err := db.One(tx, scanCase, selectOpen+tx.ForUpdate(), key)
		if err != nil {
			return c, err
		}
		if c.ID == fresh {
			var n int
			if err := tx.Row(countOpen, person).Scan(&n); err != nil || n > casesMost {
				return c, errors.Join(err, refuse(n > casesMost))
			}
		}
		if c.Turns, err = s.read(tx, c); err != nil {
			return c, err
		}
		if n := len(c.Turns); n > 0 && c.Turns[n-1].Author == "" && c.Turns[n-1].Words == said {
			return c, nil
		}
		return s.add(tx, c, Open, "", said, now)
	})
}

func refuse(yes bool) error {
	if yes {
		return ErrTooMany
	}
	return nil
}

// add writes a turn.
func (s *Service) add(tx *db.Tx, c Case, to State, author, said string, now time.Time) (Case, error) {
	if c.turns >= turnsMost {
		return c, ErrTooMany
	}
	c.turns++
	sealed, err := s.Keys.Seal(string(c.Person), field(c.ID, c.turns), []byte(said))
	if err != nil {
		return c, err
	}
	tx.Queue(insertTurn, c.ID, c.turns, author, clock.Micros(now), sealed)
	c.Turns = append(c.Turns, Turn{author, clock.FromMicros(clock.Micros(now)), said})
	return s.move(tx, c, to, now)
}

func (s *Service) move(tx *db.Tx, c Case, to State, now time.Time) (Case, error) {
	c.State, c.ChangedAt = to, now
	open := new(string(c.Person) + "/" + c.Payment)
	if to == Closed {
		open = nil
	}
	_, err := tx.Exec(updateCase, c.ID, string(to), open, c.turns, clock.Micros(now))
	return c, err
}

// read opens the turns of a case; of somebody who was erased nothing is left to read.
func (s *Service) read(tx *db.Tx, c Case) ([]Turn, error) {
	rows, err := db.All(tx, scanTurn, selectTurns, c.ID)
	if err != nil {
		return nil, err
	}
	var list []Turn
	for _, r := range rows {
		plain, err := s.Keys.Open(string(c.Person), field(c.ID, r.number), r.sealed)
		if errors.Is(err, seal.ErrShredded) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", field(c.ID, r.number), err)
		}
		r.Words = string(plain)
		list = append(list, r.Turn)
	}
	return list, nil
}

// Answer writes to the person who asked, in the operator's transaction: the answer, the notice and the mail are kept together.
//
// Faults: inquiry_not_found, inquiry_closed, inquiry_words, inquiry_many.
func (s *Service) Answer(tx *db.Tx, of ID, operator identity.PersonID, said string) (Case, error) {
	said, err := words(said)
	if err != nil {
		return Case{}, err
	}
	c, err := s.lock(tx, of)
	if err != nil {
		return c, err
	}
	if c, err = s.add(tx, c, Answered, string(operator), said, s.Real.Now()); err != nil {
		return c, err
	}
	return c, s.tell(tx, c, "case.answered", said)
}

// Close ends a case in the operator's transaction, and tells the person.
//
// Faults: inquiry_not_found, inquiry_closed.
func (s *Service) Close(tx *db.Tx, of ID) (Case, error) {
	c, err := s.lock(tx, of)
	if err != nil {
		return c, err
	}
	if c, err = s.move(tx, c, Closed, s.Real.Now()); err != nil {
		return c, err
	}
	return c, s.tell(tx, c, "case.closed", "")
}

func (s *Service) lock(tx *db.Tx, of ID) (Case, error) {
	c, err := db.One(tx, scanCase, selectCase+tx.ForUpdate(), of)
	switch {
	case errors.Is(err, db.ErrNoRow):
		return c, ErrUnknown
	case err == nil && c.State == Closed:
		return c, ErrClosed
	}
	return c, err
}

// mailMost bounds the part of an answer that a mail quotes, in bytes; the page has all of it.
const mailMost = 400

func (s *Service) tell(tx *db.Tx, c Case, template, answer string) error {
	news := notice.Notice{ID: fmt.Sprintf("%s/%d/%s", c.ID, c.turns, c.State), Owner: string(c.Person), Template: template, Object: c.Payment,
		At: c.ChangedAt}
	if err := s.Notices.Tell(tx, []notice.Notice{news}); err != nil || answer == "" {
		return err
	}
	p, err := s.People.Person(tx, c.Person)
	if err != nil || p.Email == "" {
		return err
	}
	if len(answer) > mailMost {
		cut := mailMost
		for !utf8.RuneStart(answer[cut]) {
			cut--
		}
		answer = answer[:cut] + " …"
	}
	return s.Notices.Mail(tx, notice.Mail{Owner: string(c.Person), To: p.Email, Lang: p.Lang, Template: notice.CaseAnswer,
		Data: map[string]string{"answer": answer, "link": s.Notices.Link("/activity/" + c.Payment + "/help")}})
}

// Of lists a person's cases of a payment with what was written, newest first.
func (s *Service) Of(ctx context.Context, person identity.PersonID, payment string) ([]Case, error) {
	return s.list(ctx, true, selectOf, string(person), payment)
}

// Get reads a case with what was written, for an operator. Fault: inquiry_not_found.
func (s *Service) Get(ctx context.Context, of ID) (Case, error) {
	list, err := s.list(ctx, true, selectCase, of)
	if err == nil && len(list) == 0 {
		return Case{}, ErrUnknown
	}
	if err != nil {
		return Case{}, err
	}
	return list[0], nil
}

// List pages through cases of a state, or of all where it is empty, newest first, without what was written; before is the id of the last
// one above, or empty.
func (s *Service) List(ctx context.Context, state State, before ID, limit int) ([]Case, error) {
	if before == "" {
		before = "~"
	}
	return s.list(ctx, false, selectList, string(state), before, max(1, min(limit, 200)))
}

func (s *Service) list(ctx context.Context, turns bool, statement string, args ...any) ([]Case, error) {
	return db.Read(ctx, s.DB, func(tx *db.Tx) ([]Case, error) {
		list, err := db.All(tx, scanCase, statement, args...)
		for i := range list {
			if err != nil || !turns {
				break
			}
			list[i].Turns, err = s.read(tx, list[i])
		}
		return list, err
	})
}
