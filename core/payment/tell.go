package payment

import (
	"fmt"
	"strings"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/rail"
)

// subscriber is the name under which the outbox keeps the place of tell for ever.
const subscriber = "payment.tell"

// telling is what one event says to its two sides.
type telling struct {
	event event.Event
	news  News
	payer string // who is told as payer, "" where nobody paid
	payee string
	only  string // the one side that is told, "" for both; the payment's steps then leave the telling out
	says  string // the notice's template
}

// tell is step 5 of every payment: it tells both sides of a batch of events. It runs inside the one transaction that also
// moves the outbox's cursor past the batch, so the notices and the steps of both sides are on disk together or not at all: a
// process that dies anywhere leaves nobody told alone, and the batch comes again. A batch that came before writes nothing
// new, because steps and notices have their keys from the event.
func (s *Service) tell(tx *db.Tx, events []event.Event) error {
	list := make([]telling, 0, len(events))
	for _, e := range events {
		if !strings.HasPrefix(e.Type, "payment.") {
			continue
		}
		n, err := ParseNews(e)
		if err != nil {
			return fmt.Errorf("tell %s: %w", e.ID, err)
		}
		if t, ok := heard(e, n); ok {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		return nil
	}
	names, err := s.namesOf(tx, list)
	if err != nil {
		return err
	}
	var steps []any
	var notices []notice.Notice
	for _, t := range list {
		at := micros(s.Clock.Now())
		if t.only != "" {
			notices = append(notices, t.notice(t.only, names))
			continue
		}
		for i, side := range []struct{ owner, step string }{{t.payer, StepConfirmPayer}, {t.payee, StepConfirmPayee}} {
			if side.owner == "" {
				continue
			}
			steps = append(steps, string(t.news.Payment), t.news.Version*told+1+int64(i), side.step, string(t.news.State), at, int64(0))
			if i == 1 && t.payer == t.payee {
				continue // a top-up: one person on both sides gets one notice
			}
			notices = append(notices, t.notice(side.owner, names))
		}
	}
	insertTold.Queue(tx, steps)
	if err := s.Notices.Tell(tx, notices); err != nil {
		return err
	}
	return s.mail(tx, list, names)
}

// heard says whom an event is for. A payment that was only asked for is no news to both sides, nor is what its owner left on the sheet; a
// refund is told by its own payment, not again by the one it belongs to.
func heard(e event.Event, n News) (telling, bool) {
	t := telling{event: e, news: n, payer: n.Payer, payee: n.Payee, says: e.Type}
	switch e.Type {
	case eventCreated, eventRefunded, eventSent, eventExtended, eventCharged, eventReopened:
		return t, false
	}
	switch n.Kind {
	case Transfer:
		return t.between()
	case TopUp:
		t.payer = n.Payee
	case Withdrawal, Exchange:
		t.payee = n.Payer
		return t, e.Type != eventVoided && e.Type != eventExpired // either ends a draft: of one that was confirmed the rail's word is news
	}
	return t, true
}

// between says whom an event between two people is for. A draft that came to nothing is no news to anybody; what one did to a
// request is told to the other; of a link only its sender hears until it is taken.
func (t telling) between() (telling, bool) {
	n := t.news
	switch kind := t.event.Type; {
	case n.Link && kind == eventAuthorized:
		t.says = "link.sent"
	case n.Link && kind == eventCaptured:
		t.says = "link.taken"
	case n.Link && kind == eventVoided:
		t.says = "link.canceled"
	case n.Link && kind == eventExpired:
		t.says = "link.returned"
	case n.Asked && kind == eventRequested:
		t.only, t.says = n.Payer, "request.asked"
	case n.Asked && kind == eventReminded:
		t.only, t.says = n.Payer, "request.reminded"
	case n.Asked && kind == eventVoided:
		t.only, t.says = n.Payer, "request.canceled"
	case n.Asked && kind == eventDeclined:
		t.only, t.says = n.Payee, "request.declined"
	case n.Asked && kind == eventExpired:
		t.only, t.says = n.Payee, "request.expired"
	}
	quiet := n.Moved == "0" && (!n.Asked || t.only == "") // a draft, or a request without a name
	return t, !quiet
}

// notice is what one side reads. Names are masked; the notice is kept sealed with its owner's key.
func (t telling) notice(owner string, names map[string]string) notice.Notice {
	with, role := t.payer, rolePayee
	if owner == t.payer {
		with, role = t.payee, rolePayer
	}
	if t.payer == t.payee {
		with, role = "", rolePayee
		if t.news.Kind != TopUp {
			role = rolePayer
		}
	}
	return notice.Notice{ID: t.event.ID + "/" + owner, Owner: owner, Template: t.says, Object: string(t.news.Payment), At: t.event.At,
		Data: map[string]string{"kind": string(t.news.Kind), "state": string(t.news.State), "role": role, "amount": t.amount(),
			"with": names[with], "failure": t.news.Failure}}
}

// amount is what moved, or what it is about where nothing did, as people read it.
func (t telling) amount() string {
	amount := t.news.Amount
	if t.news.Moved != "0" {
		amount = t.news.Moved
	}
	currency := money.Currency{Code: t.news.Currency, Scale: t.news.Scale}
	if a, err := money.ParseMinor(amount, currency); err == nil {
		amount = a.String()
	}
	return amount
}

// namesOf looks up everybody in a batch at once.
func (s *Service) namesOf(tx *db.Tx, list []telling) (map[string]string, error) {
	names := map[string]string{}
	var people []identity.PersonID
	for _, t := range list {
		for _, owner := range []string{t.payer, t.payee, t.news.Payee} {
			if _, seen := names[owner]; seen || owner == "" {
				continue
			}
			names[owner] = ""
			if isAccount(owner) {
				a, err := s.Accounts.Find(tx, rail.AccountID(owner))
				if err != nil {
					return nil, err
				}
				names[owner] = a.Shown
			} else if known, ok := s.names.get(owner, s.Real.Now()); ok {
				names[owner] = known
			} else if isShop(owner) {
				shop, err := s.Shops.GetIn(tx, merchant.ID(owner))
				if err != nil {
					return nil, err
				}
				names[owner] = shop.Name
				s.names.put(owner, shop.Name, s.Real.Now())
			} else {
				people = append(people, identity.PersonID(owner))
			}
		}
	}
	for len(people) > 0 {
		n := min(len(people), namesMost)
		found, err := s.People.Names(tx, people[:n]...)
		if err != nil {
			return nil, err
		}
		for person, name := range found {
			names[string(person)] = name
			s.names.put(string(person), name, s.Real.Now())
		}
		people = people[n:]
	}
	return names, nil
}

// namesMost is how many people are looked up by one statement.
const namesMost = 200
