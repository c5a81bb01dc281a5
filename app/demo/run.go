package demo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/product/insight"
)

// World is where a history is made. Outbox and Queue are not running: the history moves them itself, so that everybody is
// told when it happened and not when there was time.
type World struct {
	DB       *db.DB
	Clock    *clock.Sandbox
	People   *identity.Service
	Shops    *merchant.Service
	Payments *payment.Service
	Card     *rail.Sandbox
	Bank     *rail.SandboxBank
	Insight  *insight.Service
	Notices  *notice.Service
	Outbox   *event.Outbox
	Queue    *job.Queue
}

// history is a plan on its way.
type history struct {
	World
	seed   uint64
	people map[string]identity.PersonID
	shops  map[string]merchant.ID
	made   []payment.ID // by number of act
	head   int64        // of the outbox
	bill   payment.RequestID
}

// Run makes the history of a seed, which began at a time in the past, and leaves the clock at the real time. Run again
// after it was cut short it finishes what is missing and repeats nothing.
func Run(ctx context.Context, w World, seed uint64, began time.Time, days int) error {
	plan := Plan(seed, days)
	h := &history{World: w, seed: seed, people: map[string]identity.PersonID{}, shops: map[string]merchant.ID{},
		made: make([]payment.ID, len(Acts(plan)))}
	if err := h.settle(ctx); err != nil {
		return fmt.Errorf("make the demo's people and shops: %w", err)
	}
	for _, m := range plan {
		if ahead := began.Add(m.At).Sub(w.Clock.Now()); ahead > 0 {
			if err := w.Clock.Advance(ahead); err != nil {
				return err
			}
		}
		if err := h.live(ctx, m); err != nil {
			return fmt.Errorf("make the demo's day %d: %w", 1+m.At/(24*time.Hour), err)
		}
	}
	if err := h.lately(ctx); err != nil {
		return err
	}
	if behind := -w.Clock.Offset(); behind > 0 {
		if err := w.Clock.Advance(behind); err != nil {
			return err
		}
	}
	// What has become due since the last moment.
	if err := w.Payments.ExpireDue(ctx); err != nil {
		return err
	}
	_, err := w.Outbox.Step(ctx, h.head)
	return err
}

// settle finds or makes the people and the shops.
func (h *history) settle(ctx context.Context) error {
	var missing []identity.NewPerson
	err := h.DB.Read(ctx, func(tx *db.Tx) error {
		missing = nil
		for _, p := range People {
			known, err := h.People.ByHandle(tx, p.Handle)
			switch {
			case err == nil:
				h.people[p.Handle] = known.ID
			case errors.Is(err, identity.ErrPerson):
				missing = append(missing, identity.NewPerson{Name: p.Name, Handle: p.Handle, Email: p.Handle + "@example.org", Lang: p.Lang})
			default:
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	made, err := h.People.Create(ctx, missing)
	if err != nil {
		return err
	}
	for _, p := range made {
		h.people[p.Handle] = p.ID
	}
	for _, s := range Shops {
		shop, err := h.Shops.ByHandle(ctx, s.Handle)
		if errors.Is(err, merchant.ErrNotFound) {
			shop, err = h.Shops.Register(ctx, merchant.Draft{Owner: h.people[s.Owner], Name: s.Name, Handle: s.Handle, MCC: s.MCC,
				Country: s.Country, Currencies: s.Currencies})
		}
		if err != nil {
			return err
		}
		h.shops[s.Handle] = shop.ID
	}
	return h.DB.Write(ctx, func(tx *db.Tx) error {
		return h.People.Grant(tx, h.people[Operator], identity.Operator)
	})
}

// live does what happens at one moment, all of it at once so that it shares commits, and tells everybody.
func (h *history) live(ctx context.Context, m Moment) error {
	var all sync.WaitGroup
	errs := make([]error, len(m.Acts))
	lapsed := false
	for i, a := range m.Acts {
		if a.Deed == Lapse {
			lapsed = true
			continue
		}
		all.Go(func() {
			p, err := h.act(ctx, a)
			if err != nil {
				errs[i] = fmt.Errorf("act %d, %s by %s: %w", a.Number, a.Deed, a.Who, err)
				return
			}
			h.made[a.Number] = p.ID
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if lapsed {
		if err := h.Payments.ExpireDue(ctx); err != nil {
			return err
		}
	}
	if m.Acts[0].Deed == Fill {
		if err := h.collect(ctx, m); err != nil {
			return err
		}
	}
	var err error
	h.head, err = h.Outbox.Step(ctx, h.head)
	return err
}

// collect has the rail asked about a moment's top-ups, has it call back, and has the callbacks acted on.
func (h *history) collect(ctx context.Context, m Moment) error {
	if _, err := h.Queue.Step(ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make([]error, len(m.Acts))
	for i, a := range m.Acts {
		all.Go(func() { errs[i] = h.Card.Hurry(ctx, string(h.made[a.Number])) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if _, err := h.Queue.Step(ctx); err != nil {
		return err
	}
	for _, a := range m.Acts {
		p, err := h.Payments.Get(ctx, payment.Caller{Person: h.people[a.Who]}, h.made[a.Number])
		if err != nil {
			return err
		}
		if p.State != payment.Completed {
			return fmt.Errorf("the top-up %s of %s is %s after the rail's callback", p.ID, a.Who, p.State)
		}
	}
	return nil
}

// act has one act done by the verb that everybody uses.
func (h *history) act(ctx context.Context, a Act) (payment.Payment, error) {
	currency, err := money.ParseCurrency(a.Currency)
	if err != nil {
		return payment.Payment{}, err
	}
	amount := currency.Of(a.Minor)
	call := once.Call{Key: fmt.Sprintf("demo-%d-%d", h.seed, a.Number), Hash: sha256.Sum256(fmt.Append(nil, a))}
	var of payment.ID
	if a.Of >= 0 {
		of = h.made[a.Of]
	}
	terms := payment.Terms{Amount: amount, Description: a.Words}
	switch by := h.caller(a.Who); a.Deed {
	case Fill:
		return h.Payments.TopUp(ctx, by, amount, rail.TokenOK, call)
	case Buy, Send:
		terms.Payee = h.owner(a.Whom)
		return h.Payments.Create(ctx, by, terms, true, call)
	case Reserve:
		terms.Payee, terms.Capture, terms.HoldFor = h.owner(a.Whom), payment.Manual, reserved
		return h.Payments.Create(ctx, by, terms, true, call)
	case Ask:
		terms.ExpiresAt = h.Clock.Now().Add(reserved)
		return h.Payments.Create(ctx, by, terms, false, call)
	case Agree:
		return h.Payments.Confirm(ctx, by, of, payment.Consent{}, call)
	case Capture:
		return h.Payments.Capture(ctx, by, of, &amount, call)
	case Release:
		return h.Payments.Void(ctx, by, of, call)
	case Return:
		return h.Payments.Refund(ctx, by, of, &amount, a.Words, call)
	}
	return payment.Payment{}, fmt.Errorf("demo: nobody can %s", a.Deed)
}

// owner is the id behind a handle. It saves each act a look-up, so that those of one moment come together and share a commit.
func (h *history) owner(handle string) string {
	if shop, ok := h.shops[handle]; ok {
		return string(shop)
	}
	return string(h.people[handle])
}

func (h *history) caller(handle string) payment.Caller {
	if shop, ok := h.shops[handle]; ok {
		return payment.Caller{Shop: shop}
	}
	return payment.Caller{Person: h.people[handle]}
}
