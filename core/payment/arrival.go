package payment

import (
	"context"
	"encoding/base32"
	"errors"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/rail"
)

// ArrivalID names money that reached our account at a bank: arr_ and 26 characters.
type ArrivalID string

// ArrivalState says what became of it.
type ArrivalState string

// The states of an arrival. Waiting is in suspense: nobody's until an operator says whose.
const (
	ArrivalCredited ArrivalState = "credited" // its reference named a payment that waited for it
	ArrivalWaiting  ArrivalState = "waiting"
	ArrivalAssigned ArrivalState = "assigned"
	ArrivalReturned ArrivalState = "returned"
)

// Why an arrival waits.
const (
	whyUnknown  = "reference_unknown"   // it named no payment
	whyCurrency = "other_currency"      // it named one in another currency
	whyOver     = "payment_not_waiting" // it named one that is paid, or over
	whyMerchant = "other_merchant"      // it was meant for somebody else's account
)

// Arrival is money that a bank says has reached us. It is booked whatever it is about: the bank's float always is what the bank has.
type Arrival struct {
	ID        ArrivalID
	Rail      string
	Payment   ID // the payment its reference named, "" for none
	Reason    string
	State     ArrivalState
	Amount    money.Amount
	Sender    string // the account it came from, masked
	Words     string // what its sender wrote; only for an operator
	At        time.Time
	DecidedAt time.Time
	Became    ID // the payment that credited it

	movement, message string
}

// LongestTransfer is how long a bank transfer may be on its way before the top-up that waits for it lets go.
const LongestTransfer = 30 * 24 * time.Hour

const (
	taskSendBack = "payment.send_back"
	// The entries of an arrival: into suspense, and back to the bank.
	arrivalIn   = 1
	arrivalBack = 2
	entryArrive = "payment.arrival"
)

// SuspenseAddress is the ledger address of money at a bank that is nobody's yet.
func SuspenseAddress(railName string, c money.Currency) string {
	return "rail/" + railName + "/suspense/" + c.Code
}

// plain32 has no letters that are taken for digits.
var plain32 = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// transferReference is what a person writes into the purpose of their transfer: an ISO 11649 reference that follows from the payment.
func (s *Service) transferReference(payment ID) string {
	mac := s.Keys.Mac("payment/reference", []byte(payment))
	return rail.Reference(plain32.EncodeToString(mac[:8])[:rail.CoreLength])
}

// byTransfer starts a top-up that waits for a bank transfer: nothing is asked of anybody; the bank tells when the money is there.
func (s *Service) byTransfer(ctx context.Context, c Caller, amount money.Amount, call once.Call) (Payment, error) {
	if s.Bank == nil {
		return Payment{}, ErrMethod.With("method")
	}
	now := s.Clock.Now()
	r := record{id: ID(s.IDs.New("pay")), kind: TopUp, creator: string(c.Person), payee: string(c.Person), amount: amount,
		capture: Automatic, method: FromBank, createdAt: now, expiresAt: now.Add(LongestTransfer)}
	r.reference = s.transferReference(r.id)
	return s.run(ctx, c, call, opTopUp, r.id, func(tx *db.Tx) (outcome, error) {
		row := r
		if err := s.payeeActive(tx, row.payee); err != nil {
			return outcome{}, err
		}
		row.note(StepAuthenticate, authenticated(c, now), 0)
		row.fresh[0].State = Processing
		if err := row.move(Charge, StepRequest, now, amount.Minor); err != nil {
			return outcome{}, err
		}
		storeNew(tx, &row)
		storeParties(tx, party{row.id, row.payee, now, rolePayee})
		tx.Queue(insertTransfer, row.reference, string(row.id))
		s.announce(tx, &row, eventCreated, 0)
		return row.answer(), nil
	})
}

// Arrive acts on a bank's word that money has come, once for each movement however often it is told. A reference of a payment that
// waits for it credits that payment with what came; anything else goes into suspense, never to a guess. While the wallet is frozen
// the refusal has the task come again.
func (s *Service) Arrive(ctx context.Context, cr rail.Credit) error {
	currency, ok := money.Lookup(cr.Currency)
	if !ok {
		return money.ErrUnknownCurrency // the inbox takes none of those in
	}
	a := Arrival{ID: ArrivalID(s.IDs.New("arr")), Rail: cr.Rail, Amount: currency.Of(cr.Amount), Sender: cr.Sender, movement: cr.Movement,
		message: cr.ID}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		one := a
		one.At = s.Clock.Now()
		r, reason, err := s.awaited(tx, cr, currency)
		if err != nil {
			return err
		}
		one.Payment, one.Reason, one.State = r.id, reason, ArrivalCredited
		if reason != "" {
			one.State = ArrivalWaiting
		} else {
			one.Became = r.id
		}
		fresh, err := tx.Exec(insertArrival, string(one.ID), one.Rail, one.movement, one.message, string(one.Payment), one.Reason,
			string(one.State), currency.Code, one.Amount.Minor, one.Sender, micros(one.At), int64(0), string(one.Became))
		if err != nil || fresh == 0 {
			return err
		}
		if reason != "" {
			return s.suspend(tx, one)
		}
		return s.received(tx, &r, one)
	})
}

// awaited finds and locks the payment that a credit's reference names, and says why the credit has to wait instead.
func (s *Service) awaited(tx *db.Tx, cr rail.Credit, currency money.Currency) (record, string, error) {
	if cr.Merchant != s.Installation {
		return record{}, whyMerchant, nil
	}
	if cr.Reference == "" {
		return record{}, whyUnknown, nil
	}
	payment, err := db.One(tx, scanID, selectTransfer, cr.Reference)
	if errors.Is(err, db.ErrNoRow) {
		return record{}, whyUnknown, nil
	}
	if err != nil {
		return record{}, "", err
	}
	r, err := lock(tx, payment)
	switch {
	case err != nil:
		return record{}, "", err
	case r.state != Processing:
		return r, whyOver, nil
	case r.amount.Currency != currency:
		return r, whyCurrency, nil
	}
	return r, "", nil
}

// suspend books an arrival that is nobody's yet.
func (s *Service) suspend(tx *db.Tx, a Arrival) error {
	return s.arrivalEntry(tx, a, arrivalIn)
}

func (s *Service) arrivalEntry(tx *db.Tx, a Arrival, step uint8) error {
	bank, err := s.float(tx, a.Rail, a.Amount.Currency)
	if err != nil {
		return err
	}
	suspense, err := s.suspense(tx, a.Rail, a.Amount.Currency)
	if err != nil {
		return err
	}
	leg := ledger.Leg{Debit: bank, Credit: suspense, Amount: a.Amount.Minor}
	if step == arrivalBack {
		leg.Debit, leg.Credit = suspense, bank
	}
	_, err = s.Ledger.Post(tx, ledger.Entry{ID: arrivalEntryID(a.ID, step), Kind: entryArrive, Reference: string(a.ID),
		Legs: []ledger.Leg{leg}})
	return err
}

func arrivalEntryID(a ArrivalID, step uint8) ledger.EntryID {
	return ledger.EntryID(id.Step(string(a), ledger.Prefix, step))
}

// float is what a rail owes us, or has of ours: busy, because everybody's money passes there.
func (s *Service) float(tx *db.Tx, railName string, c money.Currency) (ledger.AccountID, error) {
	return s.accountOf(tx, ledger.Spec{Address: FloatAddress(railName, c), Currency: c, Limit: ledger.Unlimited, Busy: true})
}

func (s *Service) suspense(tx *db.Tx, railName string, c money.Currency) (ledger.AccountID, error) {
	return s.accountOf(tx, ledger.Spec{Address: SuspenseAddress(railName, c), Currency: c, Limit: ledger.NonNegative})
}

// received completes the top-up that waited for an arrival, for what came: somebody who sends 49 instead of 50 has 49.
func (s *Service) received(tx *db.Tx, r *record, a Arrival) error {
	if err := s.credit(tx, r, a.Rail, a.Amount.Minor); err != nil {
		return err
	}
	r.captured = a.Amount.Minor
	if err := r.move(Settle, StepSettle, s.Clock.Now(), a.Amount.Minor); err != nil {
		return err
	}
	storeChange(tx, r)
	s.announce(tx, r, eventCompleted, a.Amount.Minor)
	return nil
}

// Assign gives an arrival that waits to a person: a top-up of its own, done at once. Operators only; why is kept with it.
// Faults: idempotency_key_required, not_found, arrival_decided, payee_not_found, payee_frozen, invalid_text, account_frozen.
func (s *Service) Assign(ctx context.Context, c Caller, arrival ArrivalID, person identity.PersonID, why string,
	call once.Call) (Payment, error) {
	if err := begin(call); err != nil {
		return Payment{}, err
	}
	note, err := s.decide(c, why)
	if err != nil {
		return Payment{}, err
	}
	payment := ID(s.IDs.New("pay"))
	return s.run(ctx, c, call, opAssign, payment, func(tx *db.Tx) (outcome, error) {
		a, err := lockArrival(tx, arrival)
		if err != nil {
			return outcome{}, err
		}
		if a.State != ArrivalWaiting {
			return outcome{}, ErrDecided
		}
		if err := s.payeeActive(tx, string(person)); err != nil {
			return outcome{}, err
		}
		now := s.Clock.Now()
		r := record{id: payment, kind: TopUp, creator: string(person), payee: string(person), amount: a.Amount, capture: Automatic,
			method: FromBank, reference: string(a.ID), createdAt: now, expiresAt: now}
		if err := s.assign(tx, &r, a, now); err != nil {
			return outcome{}, err
		}
		tx.Queue(updateArrival, string(a.ID), string(ArrivalAssigned), micros(now), string(r.id))
		return r.answer(), s.record(tx, string(a.ID), c, "assign", note)
	})
}

func (s *Service) assign(tx *db.Tx, r *record, a Arrival, now time.Time) error {
	owes, err := s.owes(tx, identity.PersonID(r.payee), a.Amount.Currency)
	if err != nil {
		return err
	}
	from, err := s.suspense(tx, a.Rail, a.Amount.Currency)
	if err != nil {
		return err
	}
	to, err := s.payeeWallet(tx, identity.PersonID(r.payee), a.Amount.Currency)
	if err != nil {
		return err
	}
	entry := s.entry(r.id, entrySettle, TopUp, ledger.Leg{Debit: from, Credit: to, Amount: a.Amount.Minor})
	if err := s.postBefore(tx, owes, entry); err != nil {
		return refusedSide(err)
	}
	if err := r.move(Charge, StepRequest, now, a.Amount.Minor); err != nil {
		return err
	}
	r.captured = a.Amount.Minor
	if err := r.move(Settle, StepSettle, now, a.Amount.Minor); err != nil {
		return err
	}
	storeNew(tx, r)
	storeParties(tx, party{r.id, r.payee, now, rolePayee})
	s.announce(tx, r, eventCompleted, a.Amount.Minor)
	return nil
}

// ReturnArrival has the bank send an arrival back to where it came from. Operators only; doing it again changes nothing. Faults:
// not_found, arrival_decided, invalid_text.
func (s *Service) ReturnArrival(ctx context.Context, c Caller, arrival ArrivalID, why string) (Arrival, error) {
	note, err := s.decide(c, why)
	if err != nil {
		return Arrival{}, err
	}
	return db.Write(ctx, s.DB, func(tx *db.Tx) (Arrival, error) {
		a, err := lockArrival(tx, arrival)
		switch {
		case err != nil || a.State == ArrivalReturned:
			return a, err
		case a.State != ArrivalWaiting:
			return a, ErrDecided
		}
		if err := s.arrivalEntry(tx, a, arrivalBack); err != nil {
			return a, err
		}
		a.State, a.DecidedAt = ArrivalReturned, s.Clock.Now()
		tx.Queue(updateArrival, string(a.ID), string(a.State), micros(a.DecidedAt), "")
		s.Queue.Add(tx, job.Task{Kind: taskSendBack, Key: string(a.ID), Due: s.Real.Now(), Clock: job.Real, Payload: []byte(a.movement)})
		return a, s.record(tx, string(a.ID), c, "return", note)
	})
}

func lockArrival(tx *db.Tx, arrival ArrivalID) (Arrival, error) {
	if !id.Valid(string(arrival), "arr") {
		return Arrival{}, fault.ErrNotFound
	}
	a, err := db.One(tx, scanArrival, selectArrival+tx.ForUpdate(), string(arrival))
	if errors.Is(err, db.ErrNoRow) {
		return Arrival{}, fault.ErrNotFound
	}
	return a, err
}

// Arrivals lists what waits in suspense, newest first, with what the senders wrote. Operators only.
func (s *Service) Arrivals(ctx context.Context, c Caller, before ArrivalID, limit int) ([]Arrival, error) {
	if !c.Operator {
		return nil, fault.ErrDenied
	}
	if before == "" {
		before = "arr_~"
	}
	list, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]Arrival, error) {
		list, err := db.All(tx, scanArrival, selectOpen, string(ArrivalWaiting), string(before), min(max(limit, 1), pageMost))
		for i := range list {
			if err != nil {
				break
			}
			cr, missing := rail.CreditOf(tx, list[i].Rail, list[i].message)
			if missing == nil {
				list[i].Words = cr.Words(s.Keys)
			} else if !errors.Is(missing, db.ErrNoRow) {
				err = missing
			}
		}
		return list, err
	})
	return list, err
}

// Remittance is where somebody sends the money that a top-up waits for.
type Remittance struct {
	rail.Details
	Reference string
}

// RemittanceOf says where to send the money of a top-up by bank transfer, and false of any other payment.
func (s *Service) RemittanceOf(p Payment) (Remittance, bool) {
	if s.Bank == nil || p.Kind != TopUp || p.Method != FromBank || p.State != Processing {
		return Remittance{}, false
	}
	return Remittance{Details: s.Bank.Details(), Reference: p.Reference}, true
}

// decide checks who decides, and that they said why.
func (s *Service) decide(c Caller, why string) ([]byte, error) {
	if !c.Operator || c.Person == "" {
		return nil, fault.ErrDenied
	}
	if err := plain("reason", why, maxDescription, true); err != nil {
		return nil, err
	}
	if len(why) < 3 {
		return nil, ErrReason.With("reason")
	}
	return s.Keys.Seal(string(c.Person), decisionRow(c), []byte(why))
}

func decisionRow(c Caller) string { return "payment_decision.why/" + string(c.Person) }

// record keeps an operator's decision with its reason.
func (s *Service) record(tx *db.Tx, object string, c Caller, what string, why []byte) error {
	n, err := db.One(tx, scanCount, countDecisions, object)
	if err != nil {
		return err
	}
	tx.Queue(insertDecision, object, n+1, string(c.Person), what, why, clock.Micros(s.Clock.Now()))
	return nil
}
