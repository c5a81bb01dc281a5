package payment

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
	"billfold/base/seal"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/rail"
)

// show renders a row as of the version of the outcome, for one viewer. An answer and its replay come from here, so they
// cannot differ: what a later version changed is taken from the steps up to the version shown.
func (s *Service) show(ctx context.Context, c Caller, out outcome) (Payment, error) {
	r := out.row
	p := Payment{ID: r.id, Kind: r.kind, Version: out.version, Amount: r.amount,
		Fee: money.Amount{Minor: r.fee, Currency: r.amount.Currency}, Payer: r.payer, Payee: r.payee, Capture: r.capture,
		Reference: r.reference, Metadata: decodeMetadata(r.metadata), Of: r.of, CreatedAt: r.createdAt, ExpiresAt: endAsOf(&r, out),
		Method: r.method, Creator: r.creator, Replayed: out.replayed}
	s.rewind(&p, r, out)
	var err error
	if p.Receipt, err = Receipt(r.id); err != nil {
		return Payment{}, err
	}
	if p.Description, err = s.open(r.creator, descriptionRow(r.id), r.description); err != nil {
		return Payment{}, err
	}
	if p.PayerName, err = s.name(ctx, p.Payer); err != nil {
		return Payment{}, err
	}
	if p.PayeeName, err = s.name(ctx, p.Payee); err != nil {
		return Payment{}, err
	}
	if err := s.nameCard(ctx, &p); err != nil {
		return Payment{}, err
	}
	p.NextAction = s.next(c, &r, p)
	p.Remittance, _ = s.RemittanceOf(p)
	if p.Quote, _, err = s.QuoteOf(ctx, p); err != nil {
		return Payment{}, err
	}
	p.Quote.UsedBy = "" // an answer and its replay have the same bytes
	return p, nil
}

// rewind fills in what changes over a payment's life, from its steps up to the version shown.
func (s *Service) rewind(p *Payment, r record, out outcome) {
	taken, charged := false, false
	claimed := isPerson(r.creator) || r.kind == Refund || r.kind == TopUp
	for _, step := range out.steps {
		if step.Number > out.version && (!out.live || step.Number < told) {
			continue
		}
		p.Steps = append(p.Steps, step)
		if step.Number >= told {
			continue
		}
		p.State = step.State
		switch step.Name {
		case StepCharge:
			charged = true
		case StepFail:
			charged = charged && step.State != AwaitingConfirmation
		case StepAuthorize:
			claimed = true
			switch step.State {
			case Authorized:
				p.HoldExpiresAt = step.At.Add(r.holdFor)
			case Completed:
				p.Captured += step.Amount
			}
		case StepClaim:
			taken = true
			p.Captured += step.Amount
		case StepCapture, StepSettle, StepRelease:
			charged = charged || step.Name == StepRelease // what a card paid that had been declined
			p.Captured += step.Amount
		case StepRefund, StepChargeback, StepReturn:
			p.Refunded += step.Amount
		}
		p.Failure = failureAt(step, r.failure)
	}
	if !claimed {
		p.Payer = ""
	}
	if r.kind == Purchase { // another card may have come later, or this one have been declined
		p.Method = FromWallet
		if charged {
			p.Method = FromCard
		}
	}
	if r.capture == ByLink && !taken {
		p.Payee = ""
	}
	slices.SortStableFunc(p.Steps, func(a, b Step) int { return cmp.Compare(a.order(), b.order()) })
}

// failureAt is why a payment stands where a step left it. What became of it later says nothing about a state in which nothing was wrong.
func failureAt(step Step, now string) string {
	switch step.State {
	case Failed, Held, Reversed:
		return now
	case Voided:
		if step.Name == StepDecline {
			return failedDeclined
		}
	}
	return ""
}

// next says what has to happen, and gives a person who could confirm the digest they would approve.
func (s *Service) next(c Caller, r *record, p Payment) NextAction {
	switch p.State {
	case AwaitingConfirmation:
		act := NextAction{Type: ActConfirm}
		if c.Shop == "" && c.Person != "" && (p.Payer == "" || p.Payer == string(c.Person)) && p.Payee != string(c.Person) {
			digest := s.approval(r, string(c.Person), p.PayeeName).digest()
			act.Digest = hex.EncodeToString(digest[:])
		}
		return act
	case Processing, Held:
		return NextAction{Type: ActWait}
	case Authorized:
		if c.Owner() == p.Payee && r.capture == Manual {
			return NextAction{Type: ActCapture}
		}
		return NextAction{Type: ActWait}
	}
	return NextAction{}
}

// approval gathers the terms a payer approves. The nonce is a keyed hash of the payment's id: nobody outside can make a
// digest up, and it needs no column.
func (s *Service) approval(r *record, payer, payeeName string) approvalTerms {
	nonce := s.Keys.Mac("payment/nonce", []byte(r.id))
	quote := ""
	if r.kind == Exchange {
		quote = r.reference // its figures never change, so its id stands for all of them
	}
	return approvalTerms{version: 1, installation: s.Installation, payment: r.id, payer: payer, payee: r.payee,
		payeeName: payeeName, amount: r.amount.Minor, currency: r.amount.Currency.Code, fee: r.fee, totalDebit: r.total(),
		debitCurrency: r.amount.Currency.Code, quote: quote, expiresAt: clock.Micros(r.expiresAt), nonce: nonce[:16]}
}

func descriptionRow(payment ID) string { return "payment_record.description/" + string(payment) }
func itemsRow(checkout CheckoutID) string {
	return "payment_checkout.items/" + string(checkout)
}

// sealText seals what somebody wrote; nothing stays nothing.
func (s *Service) sealText(owner, row, plain string) ([]byte, error) {
	if plain == "" {
		return nil, nil
	}
	return s.Keys.Seal(owner, row, []byte(plain))
}

// open reads sealed text; after its owner's key was destroyed there is nothing to read.
func (s *Service) open(owner, row string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := s.Keys.Open(owner, row, sealed)
	if errors.Is(err, seal.ErrShredded) {
		return "", nil
	}
	return string(plain), err
}

// NameOf is how a party of a payment is shown to anybody else: a shop by its registered name, a person masked, "" for somebody who is
// gone.
func (s *Service) NameOf(ctx context.Context, owner string) (string, error) {
	return s.name(ctx, owner)
}

const (
	nameLives = 30 * time.Second
	nameMost  = 50_000
)

// nameCache keeps masked names for half a minute: a payment page of fifty rows names the same few people.
type nameCache struct {
	mu   sync.RWMutex
	list map[string]namedUntil
}

type namedUntil struct {
	name  string
	until time.Time
}

// name is how a party is shown: a shop by its registered name, a person masked, somebody erased neutrally as "".
func (s *Service) name(ctx context.Context, owner string) (string, error) {
	switch {
	case owner == "":
		return "", nil
	case strings.HasPrefix(owner, "ins_"):
		a, err := db.Read(ctx, s.DB, func(tx *db.Tx) (rail.Account, error) { return s.Accounts.Find(tx, rail.AccountID(owner)) })
		return a.Shown, err
	case strings.HasPrefix(owner, "mch_"):
		shop, err := s.Shops.Get(ctx, merchant.ID(owner))
		if errors.Is(err, merchant.ErrNotFound) {
			return "", nil
		}
		return shop.Name, err
	}
	if known, ok := s.names.get(owner, s.Real.Now()); ok {
		return known, nil
	}
	names, err := s.prefetch(ctx, owner)
	return names[owner], err
}

// prefetch returns the masked names of people, and looks up those that are not remembered, all by one statement. A name that somebody else
// has just looked up is among them: whoever asks here may have missed it a moment ago.
func (s *Service) prefetch(ctx context.Context, owners ...string) (map[string]string, error) {
	now := s.Real.Now()
	var people []identity.PersonID
	names := make(map[string]string, len(owners))
	for _, owner := range owners {
		if name, known := s.names.get(owner, now); known {
			names[owner] = name
		} else if isPerson(owner) {
			people = append(people, identity.PersonID(owner))
		}
	}
	if len(people) == 0 {
		return names, nil
	}
	found, err := db.Read(ctx, s.DB, func(tx *db.Tx) (map[identity.PersonID]string, error) { return s.People.Names(tx, people...) })
	if err != nil {
		return nil, err
	}
	for person, name := range found {
		names[string(person)] = name
		s.names.put(string(person), name, now)
	}
	return names, nil
}

func (n *nameCache) get(owner string, now time.Time) (string, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	known, ok := n.list[owner]
	return known.name, ok && now.Before(known.until)
}

func (n *nameCache) put(owner, name string, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.list == nil || len(n.list) >= nameMost {
		n.list = map[string]namedUntil{}
	}
	n.list[owner] = namedUntil{name, now.Add(nameLives)}
}
