package payment

import (
	"context"
	"errors"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
)

// Ask asks one or several persons for money, or divides a bill among them. Each share becomes a payment to the caller that awaits its
// person's confirmation, so that it can be paid once and only by whom it is meant for. A repeated call answers with the request as
// it is now.
//
// Faults: idempotency_key_required, person_required, the refusals of amounts, split_terms, split_sum, share_twice, invalid_text,
// invalid_expiry, currency_not_available, payee_not_found, payee_frozen (somebody who is asked), person_frozen (the caller),
// same_account_payment, payment_kind, too_many_attempts, not_found (a payment to divide that is not the caller's).
func (s *Service) Ask(ctx context.Context, c Caller, t AskTerms, call once.Call) (MoneyRequest, error) {
	q, rows, err := s.draftRequest(ctx, c, t, call)
	if err != nil {
		return s.requestAgain(ctx, c, call, opAsk, err)
	}
	return s.runRequest(ctx, c, call, opAsk, q.id, func(tx *db.Tx) error {
		if err := s.People.RequireActive(tx, c.Person); err != nil {
			return err
		}
		tx.Queue(insertRequest, string(q.id), q.owner, q.split, string(q.mode), q.total.Currency.Code, int64(q.total.Currency.Scale),
			q.total.Minor, q.own, q.note, string(q.of), q.version, micros(q.createdAt), micros(q.expiresAt), q.remindAt, q.remindedAt)
		for i, w := range rows {
			if err := s.insertShare(tx, q.id, int64(i)+1, w); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) draftRequest(ctx context.Context, c Caller, t AskTerms, call once.Call) (requestRow, []shareRow, error) {
	if err := begin(call); err != nil {
		return requestRow{}, nil, err
	}
	if c.Shop != "" || c.Person == "" {
		return requestRow{}, nil, ErrPersonOnly
	}
	now := s.Clock.Now()
	t, err := t.check(now)
	if err != nil {
		return requestRow{}, nil, err
	}
	if !s.uses(t.Total.Currency) {
		return requestRow{}, nil, ErrCurrency.Fill(t.Total.Currency.Code).With("currency")
	}
	shares, own, err := t.Divide(t.Total)
	if err != nil {
		return requestRow{}, nil, err
	}
	people, err := s.resolve(ctx, c, t)
	if err != nil {
		return requestRow{}, nil, err
	}
	if t.Of != "" {
		if p, err := s.Get(ctx, c, t.Of); err != nil || p.Payer != string(c.Person) {
			return requestRow{}, nil, fault.ErrNotFound.With("of")
		}
	}
	remind := micros(now.Add(remindAfter))
	q := requestRow{id: RequestID(s.IDs.New("req")), owner: string(c.Person), split: t.Split, mode: t.Mode, total: t.Total, own: own,
		of: t.Of, version: 1, createdAt: now, expiresAt: t.Expires, remindAt: &remind}
	if q.note, err = s.sealText(q.owner, requestNoteRow(q.id), t.Note); err != nil {
		return q, nil, err
	}
	rows, err := s.draftShares(q, people, shares, t.Note)
	return q, rows, err
}

// draftShares makes the payments that shares are paid by. They belong to nobody's activity until they are paid.
func (s *Service) draftShares(q requestRow, people []string, shares []int64, note string) ([]shareRow, error) {
	rows := make([]shareRow, len(people))
	for i, person := range people {
		r := record{id: ID(s.IDs.New("pay")), kind: Transfer, creator: q.owner, payee: q.owner, payer: person,
			amount: q.total.Currency.Of(shares[i]), capture: Automatic, method: FromWallet, createdAt: s.Clock.Now(), expiresAt: q.expiresAt,
			holdFor: DefaultHold}
		var err error
		if r.description, err = s.sealText(r.creator, descriptionRow(r.id), note); err != nil {
			return nil, err
		}
		rows[i] = shareRow{request: q.id, person: person, pay: r}
	}
	return rows, nil
}

func (s *Service) insertShare(tx *db.Tx, request RequestID, n int64, w shareRow) error {
	r := w.pay // a body may run twice
	if err := r.move(Request, StepRequest, s.Clock.Now(), r.amount.Minor); err != nil {
		return err
	}
	storeNew(tx, &r)
	tx.Queue(insertShareRow, string(request), n, string(r.id), w.person, false)
	s.announce(tx, &r, eventRequested, 0)
	return nil
}

// ChangeRequest divides a request anew among those named now. What was paid stands and is counted; the rest of the total is divided.
// Who is asked for the same as before keeps their share; every other open share is withdrawn, and a confirmation of it refused.
// version is the one the caller saw: when somebody has paid or declined meanwhile it is refused with request_changed.
//
// Faults: not_found, request_changed, and those of Ask.
func (s *Service) ChangeRequest(ctx context.Context, c Caller, request RequestID, version int64, t AskTerms,
	call once.Call) (MoneyRequest, error) {
	if err := begin(call); err != nil {
		return MoneyRequest{}, err
	}
	now, err := s.Request(ctx, c, request)
	if err != nil {
		return MoneyRequest{}, err
	}
	if !now.Mine {
		return MoneyRequest{}, fault.ErrNotFound
	}
	if now.Version != version {
		return s.requestAgain(ctx, c, call, opChange, ErrRequestChanged)
	}
	t.Split, t.Of, t.Expires = now.Split, "", s.Clock.Now().Add(RequestFor)
	if t.Total.Currency != now.Total.Currency {
		return MoneyRequest{}, money.ErrCurrencyMismatch.With("currency")
	}
	q, kept, rows, err := s.redivide(ctx, c, now, t)
	if err != nil {
		return s.requestAgain(ctx, c, call, opChange, err)
	}
	return s.runRequest(ctx, c, call, opChange, request, func(tx *db.Tx) error {
		was, old, err := loadRequest(tx, request, tx.ForUpdate())
		if err != nil {
			return err
		}
		if versionOf(was, old) != version {
			return ErrRequestChanged
		}
		for i := range old {
			w := &old[i]
			if w.replaced || w.pay.state == Completed || slices.Contains(kept, w.pay.id) {
				continue
			}
			if err := s.withdraw(tx, w); err != nil {
				return err
			}
			if w.state(s.Clock.Now()) != SharePaid {
				tx.Queue(updateReplaced, string(request), w.n)
			}
		}
		for i, w := range rows {
			if err := s.insertShare(tx, request, int64(len(old)+i)+1, w); err != nil {
				return err
			}
		}
		tx.Queue(updateRequest, string(request), string(q.mode), q.total.Minor, q.own, q.note, was.version+1, q.remindAt, was.remindedAt,
			micros(later(was.expiresAt, q.expiresAt)))
		return nil
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// redivide says what a change makes: the request's row, the payments that stay as they are, and the new shares.
func (s *Service) redivide(ctx context.Context, c Caller, now MoneyRequest, t AskTerms) (q requestRow, kept []ID, rows []shareRow,
	err error) {
	if t, err = t.check(s.Clock.Now()); err != nil {
		return q, nil, nil, err
	}
	people, err := s.resolve(ctx, c, t)
	if err != nil {
		return q, nil, nil, err
	}
	rest := t.Total
	for _, share := range now.Shares {
		if share.State != SharePaid {
			continue
		}
		rest.Minor -= share.Amount.Minor
		if slices.Contains(people, share.Person) {
			return q, nil, nil, ErrTwice.Fill(share.Name).With("shares")
		}
	}
	if rest.Minor < 1 {
		return q, nil, nil, ErrSplitSum.Fill(now.Paid.String()).With("total")
	}
	shares, own, err := t.Divide(rest)
	if err != nil {
		return q, nil, nil, err
	}
	var fresh []string
	var amounts []int64
	for i, person := range people {
		same := slices.IndexFunc(now.Shares, func(w Share) bool {
			return w.State == ShareOpen && w.Person == person && w.Amount.Minor == shares[i]
		})
		if same >= 0 && t.Note == now.Note {
			kept = append(kept, now.Shares[same].Payment)
			continue
		}
		fresh, amounts = append(fresh, person), append(amounts, shares[i])
	}
	remind := micros(s.Clock.Now().Add(remindAfter))
	q = requestRow{id: now.ID, owner: now.Owner, mode: t.Mode, total: t.Total, own: own, expiresAt: t.Expires, remindAt: &remind}
	if q.note, err = s.sealText(q.owner, requestNoteRow(q.id), t.Note); err != nil {
		return q, nil, nil, err
	}
	rows, err = s.draftShares(q, fresh, amounts, t.Note)
	return q, kept, rows, err
}

// withdraw ends an open share; one that is over already stays as it is.
func (s *Service) withdraw(tx *db.Tx, w *shareRow) error {
	r := &w.pay
	if late, err := s.expireIfDue(tx, r, s.Clock.Now()); late || err != nil {
		return err
	}
	if r.state != AwaitingConfirmation {
		return nil
	}
	if err := r.move(Void, StepVoid, s.Clock.Now(), 0); err != nil {
		return err
	}
	storeChange(tx, r)
	s.announce(tx, r, eventVoided, 0)
	r.fresh = nil
	return nil
}

// CancelRequest withdraws what nobody has paid yet; what was paid stays paid. Cancelling again changes nothing. Faults: not_found.
func (s *Service) CancelRequest(ctx context.Context, c Caller, request RequestID, call once.Call) (MoneyRequest, error) {
	return s.actOnRequest(ctx, c, request, call, opCancel, func(tx *db.Tx, q requestRow, rows []shareRow) error {
		for i := range rows {
			if err := s.withdraw(tx, &rows[i]); err != nil {
				return err
			}
		}
		tx.Queue(updateReminder, string(q.id), q.version+1, (*int64)(nil), q.remindedAt)
		return nil
	})
}

// Remind tells everybody who has not paid again. Faults: not_found, reminded_lately within a day of the last time, payment_state when
// nobody is left to pay.
func (s *Service) Remind(ctx context.Context, c Caller, request RequestID, call once.Call) (MoneyRequest, error) {
	return s.actOnRequest(ctx, c, request, call, opRemind, func(tx *db.Tx, q requestRow, rows []shareRow) error {
		if q.remindedAt != 0 && s.Clock.Now().Sub(moment(q.remindedAt)) < remindAgain {
			return ErrReminded
		}
		n, err := s.remind(tx, q, rows, nil)
		if err == nil && n == 0 {
			err = ErrState.Fill(string(RequestClosed))
		}
		return err
	})
}

// remind reminds every open share that names somebody; next is when that happens by itself again, nil for never.
func (s *Service) remind(tx *db.Tx, q requestRow, rows []shareRow, next *int64) (n int, err error) {
	now := s.Clock.Now()
	for i := range rows {
		w := &rows[i]
		if w.replaced || w.person == "" || w.state(now) != ShareOpen {
			continue
		}
		w.pay.note(StepRemind, now, 0)
		storeChange(tx, &w.pay)
		s.announce(tx, &w.pay, eventReminded, 0)
		n++
	}
	tx.Queue(updateReminder, string(q.id), q.version+1, next, micros(now))
	return n, nil
}

// RemindDue reminds, three days after it was asked, everybody who has not paid: once for each request, by the business clock.
func (s *Service) RemindDue(ctx context.Context) error {
	due, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]string, error) {
		return db.All(tx, scanText, selectRemind, clock.Micros(s.Clock.Now()), sweepMost)
	})
	if err != nil {
		return err
	}
	var failed error
	for _, request := range due {
		failed = errors.Join(failed, s.DB.Write(ctx, func(tx *db.Tx) error {
			q, rows, err := loadRequest(tx, RequestID(request), tx.ForUpdate())
			if err != nil || q.remindAt == nil || moment(*q.remindAt).After(s.Clock.Now()) {
				return err
			}
			_, err = s.remind(tx, q, rows, nil)
			return err
		}))
	}
	return failed
}

// actOnRequest is the frame of what only the one who asked may do.
func (s *Service) actOnRequest(ctx context.Context, c Caller, request RequestID, call once.Call, operation string,
	act func(tx *db.Tx, q requestRow, rows []shareRow) error) (MoneyRequest, error) {
	if err := begin(call); err != nil {
		return MoneyRequest{}, err
	}
	if !id.Valid(string(request), "req") {
		return MoneyRequest{}, fault.ErrNotFound
	}
	return s.runRequest(ctx, c, call, operation, request, func(tx *db.Tx) error {
		q, rows, err := loadRequest(tx, request, tx.ForUpdate())
		if err != nil {
			return err
		}
		if c.Shop != "" || c.Person == "" || q.owner != string(c.Person) {
			return fault.ErrNotFound
		}
		return act(tx, q, rows)
	})
}

func versionOf(q requestRow, rows []shareRow) int64 {
	v := q.version
	for _, w := range rows {
		v += w.pay.version
	}
	return v
}

// runRequest is the frame of every verb that changes a request, as run is for payments.
func (s *Service) runRequest(ctx context.Context, c Caller, call once.Call, operation string, request RequestID,
	body func(tx *db.Tx) error) (MoneyRequest, error) {
	limited, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	call.Caller, call.Operation = c.name(), operation
	err := s.DB.Write(limited, func(tx *db.Tx) error {
		if err := body(tx); err != nil {
			return err
		}
		once.Record(tx, once.Answer{Call: call, Object: string(request)})
		return nil
	})
	if err != nil {
		return s.requestAgain(ctx, c, call, operation, err)
	}
	return s.Request(limited, c, request)
}

// requestAgain answers a call that was refused but was answered before: the request as it is now. Otherwise the refusal stands.
func (s *Service) requestAgain(ctx context.Context, c Caller, call once.Call, operation string, refusal error) (MoneyRequest, error) {
	call.Caller, call.Operation = c.name(), operation
	if call.Key == "" {
		return MoneyRequest{}, refusal
	}
	object, err := db.Read(ctx, s.DB, func(tx *db.Tx) (string, error) {
		object, _, _, err := once.Find(tx, call)
		return object, err
	})
	switch {
	case errors.Is(err, once.ErrMismatch):
		return MoneyRequest{}, err
	case err != nil || object == "":
		return MoneyRequest{}, refusal
	}
	r, err := s.Request(ctx, c, RequestID(object))
	r.Replayed = true
	return r, err
}

// Decline is the no of somebody who is asked; nothing moves, and the one who asked is told. It is Void in their words.
func (s *Service) Decline(ctx context.Context, c Caller, payment ID, call once.Call) (Payment, error) {
	p, err := s.Get(ctx, c, payment)
	switch {
	case err != nil:
		return Payment{}, err
	case p.Kind != Transfer || p.Creator != p.Payee || p.Payer != string(c.Person) || c.Shop != "" || c.Person == identity.PersonID(p.Payee):
		return Payment{}, fault.ErrNotFound
	}
	return s.Void(ctx, c, payment, call)
}
