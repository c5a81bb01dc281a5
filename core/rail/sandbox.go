package rail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/dial"
	"billfold/base/id"
	"billfold/base/job"
)

// Card is the name of the card rail.
const Card = "card"

// The sandbox's test tokens.
const (
	TokenOK           = "tok_4242"
	TokenDecline      = "tok_0002"
	TokenInsufficient = "tok_9995"
	TokenSlow         = "tok_slow"  // answers after five seconds
	TokenLost         = "tok_lost"  // answers only when it is asked again
	TokenDispute      = "tok_0259"  // settles, and is charged back three days later
	TokenLater        = "tok_later" // settles three days later, by business time
)

// Tokens lists the test tokens with what they do, for the top-up page and the documentation.
var Tokens = []string{TokenOK, TokenDecline, TokenInsufficient, TokenSlow, TokenLost, TokenDispute}

const (
	taskAnswer = "rail.sandbox.answer"
	slowBy     = 5 * time.Second
	firstAfter = 150 * time.Millisecond // at least; the seed adds up to as much again
	repeatOver = 3 * time.Second        // repeats come within this time, in any order
	disputed   = 3 * 24 * time.Hour     // business time: a charge-back takes its days
)

// SandboxOptions are what the sandbox's acquirer and its bank are built from.
type SandboxOptions struct {
	DB          *db.DB
	Real        clock.Clock
	Clock       clock.Clock // business time: what takes days; nil = Real
	IDs         *id.Minter  // the bank's own numbers
	Queue       *job.Queue
	Dial        *dial.Client // one that may reach loopback: the other party lives in this process, its callbacks do not
	Secret      []byte
	CallbackURL func() string // where we are told to call back; known once the server listens
	Seed        uint64
	Log         *slog.Logger
}

// Sandbox is a card acquirer for trying things out. It implements Rail.
type Sandbox struct{ o SandboxOptions }

// NewSandbox makes the acquirer and registers what sends its answers.
func NewSandbox(o SandboxOptions) *Sandbox {
	s := &Sandbox{o.filled()}
	o.Queue.Handle(taskAnswer, s.answer)
	return s
}

func (o SandboxOptions) filled() SandboxOptions {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Real == nil {
		o.Real = clock.System()
	}
	if o.Clock == nil {
		o.Clock = o.Real
	}
	return o
}

// Name is "card".
func (s *Sandbox) Name() string { return Card }

// Accepts tells whether a token is one of the sandbox's, or of a card that Keep took in.
func (s *Sandbox) Accepts(token string) bool {
	for _, known := range Tokens {
		if token == known {
			return true
		}
	}
	return token == TokenLater || id.Valid(token, "card")
}

// Charge takes note of an intent and plans the answers: one after a small delay, and one or two repeats in any order. Asked
// again for the same reference it answers again, as it decided the first time. card_token for a token it does not know.
func (s *Sandbox) Charge(ctx context.Context, i Intent) error {
	if !s.Accepts(i.Token) {
		return ErrToken.With("token")
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		now, i := s.o.Real.Now(), i
		var err error
		if i.Token, err = behaviour(tx, i.Token); err != nil {
			return err
		}
		fresh, err := tx.Exec(insertCharge, i.Reference, i.Merchant, i.Amount.Minor, i.Amount.Currency.Code, i.Token, clock.Micros(now))
		if err != nil {
			return err
		}
		if fresh == 0 {
			tx.Queue(countAsk, i.Reference, clock.Micros(now))
		}
		if i.Token == TokenLost && fresh > 0 {
			return nil
		}
		if i.Token == TokenLater {
			if fresh > 0 {
				key := i.Reference + " 1"
				s.o.Queue.Add(tx, job.Task{Kind: taskAnswer, Key: key, Due: s.o.Clock.Now().Add(later), Clock: job.Business, Payload: []byte(key)})
			}
			return nil
		}
		s.plan(tx, i, now, fresh == 0)
		if i.Token == TokenDispute && fresh > 0 {
			key := i.Reference + " " + dispute
			s.o.Queue.Add(tx, job.Task{Kind: taskAnswer, Key: key, Due: s.o.Clock.Now().Add(disputed), Clock: job.Business, Payload: []byte(key)})
		}
		return nil
	})
}

// dispute names the message that takes a charge back.
const dispute = "dispute"

// plan queues the answers. Message 1 is the decision, 2 repeats it under its own id and so is a new message with the same
// content; "1 again" is the same message once more. A seed decides how many there are and in which order they come.
func (s *Sandbox) plan(tx *db.Tx, i Intent, now time.Time, again bool) {
	dice := s.o.dice(i.Reference)
	first := now.Add(firstAfter + time.Duration(dice%uint64(firstAfter)))
	if i.Token == TokenSlow && !again {
		first = now.Add(slowBy)
	}
	answers := []string{"1", "1 again"}
	if dice>>8&1 == 1 {
		answers = append(answers, "2")
	}
	if dice>>9&1 == 1 { // the repeat overtakes the original
		answers[0], answers[len(answers)-1] = answers[len(answers)-1], answers[0]
	}
	for n, which := range answers {
		due := first
		if n > 0 {
			due = first.Add(time.Duration(dice >> (10 + n) % uint64(repeatOver)))
		}
		key := i.Reference + " " + which
		s.o.Queue.Add(tx, job.Task{Kind: taskAnswer, Key: key, Due: due, Clock: job.Real, Payload: []byte(key)})
	}
}

func (o SandboxOptions) dice(reference string) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", o.Seed, reference)
	return h.Sum64()
}

// answer sends one callback. An error has the queue try again later, as an acquirer does.
func (s *Sandbox) answer(ctx context.Context, t job.Task) error {
	reference, which, _ := strings.Cut(string(t.Payload), " ")
	c, err := db.Read(ctx, s.o.DB, func(tx *db.Tx) (charge, error) { return db.One(tx, scanCharge, selectCharge, reference) })
	if errors.Is(err, db.ErrNoRow) {
		return fmt.Errorf("rail: no charge %s", reference)
	}
	if err != nil {
		return err
	}
	number, _, _ := strings.Cut(which, " ")
	body, err := c.body(number == dispute)
	if err != nil {
		return err
	}
	return s.o.tell(ctx, "msg_"+strings.TrimPrefix(reference, "pay_")+"_"+number, reference, body)
}

// tell posts one signed message to the address we were given.
func (o SandboxOptions) tell(ctx context.Context, message, about string, body []byte) error {
	head := Sign(o.Secret, message, o.Real.Now(), body)
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("webhook-id", head.ID)
	header.Set("webhook-timestamp", head.Timestamp)
	header.Set("webhook-signature", head.Signature)
	answer, err := o.Dial.Do(ctx, &dial.Request{Method: http.MethodPost, URL: o.CallbackURL(), Header: header, Body: body})
	if err != nil {
		return fmt.Errorf("call back about %s: %w", about, err)
	}
	if answer.Status < 200 || answer.Status > 299 {
		return fmt.Errorf("call back about %s: status %d", about, answer.Status)
	}
	return nil
}

// body is what the acquirer decided about a charge; the same every time.
func (c charge) body(back bool) ([]byte, error) {
	m := message{Type: "charge.settled", Data: messageData{Reference: c.reference, Merchant: c.merchant,
		Amount: strconv.FormatInt(c.amount, 10), Currency: c.currency}}
	switch {
	case back:
		m.Type, m.Data.Reason = "charge.disputed", "card_disputed"
	case c.token == TokenDecline:
		m.Type, m.Data.Reason = "charge.declined", "card_declined"
	case c.token == TokenInsufficient:
		m.Type, m.Data.Reason = "charge.declined", "card_insufficient_funds"
	}
	return json.Marshal(m)
}
