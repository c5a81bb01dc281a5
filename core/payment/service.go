package payment

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/fault"
	"billfold/base/gather"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/base/seal"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/rail"
)

// Options are what the service is built from.
type Options struct {
	DB           *db.DB
	Clock        clock.Clock // business time: deadlines, steps
	Real         clock.Clock // when a rail was last asked
	IDs          *id.Minter
	Keys         *seal.Keyring
	Ledger       *ledger.Ledger
	People       *identity.Service
	Shops        *merchant.Service
	Notices      *notice.Service
	Outbox       *event.Outbox
	Queue        *job.Queue
	Rails        []rail.Rail // the first one takes cards
	Bank         rail.Bank   // nil = nothing leaves for banks, and nothing comes from them
	Accounts     *rail.Book  // people's bank accounts; with Bank
	Desk         *fx.Desk    // nil = nothing is exchanged
	Installation string      // bound into every approval, so that one of the sandbox is worth nothing elsewhere
	Sandbox      bool
	Currencies   []string // in which wallets may be opened; empty = any of ISO 4217
	Log          *slog.Logger
}

// Service holds the verbs of payments. It is safe for concurrent use.
type Service struct {
	Options
	rails map[string]rail.Rail
	names nameCache
	mails mailless
	shelf shelf // of word lists

	directs  gather.Line[*direct]
	captures gather.Line[*capturing]
}

// New makes the service and registers its subscriber, its jobs and its sweeps with the outbox and the queue.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Real == nil {
		o.Real = clock.System()
	}
	s := &Service{Options: o, rails: map[string]rail.Rail{}, directs: newLine[*direct](), captures: newLine[*capturing]()}
	for _, r := range o.Rails {
		s.rails[r.Name()] = r
	}
	s.register()
	return s
}

// WalletAddress is the ledger address of a person's account in one currency.
func WalletAddress(person identity.PersonID, c money.Currency) string {
	return "user/" + string(person) + "/" + c.Code
}

// OpenWallet opens a person's account in a currency, or finds it. It is what a new person's wallet starts with.
// currency_not_available where this installation does not use the currency.
func (s *Service) OpenWallet(tx *db.Tx, person identity.PersonID, c money.Currency) (ledger.AccountID, error) {
	if !s.uses(c) {
		return 0, ErrCurrency.Fill(c.Code).With("currency")
	}
	return s.accountOf(tx, ledger.Spec{Address: WalletAddress(person, c), Currency: c, Limit: ledger.NonNegative})
}

// payeeWallet is OpenWallet for somebody who is paid: nobody opens a wallet for a person who does not exist or is frozen.
func (s *Service) payeeWallet(tx *db.Tx, person identity.PersonID, c money.Currency) (ledger.AccountID, error) {
	number, err := s.Ledger.Number(tx, WalletAddress(person, c))
	if !errors.Is(err, ledger.ErrAccountNotFound) {
		return number, err
	}
	if err := s.payeeActive(tx, string(person)); err != nil {
		return 0, err
	}
	return s.OpenWallet(tx, person, c)
}

// accountOf opens an account or finds it; its number comes from memory where it is known.
func (s *Service) accountOf(tx *db.Tx, spec ledger.Spec) (ledger.AccountID, error) {
	numbers, err := s.accountsOf(tx, spec)
	if err != nil {
		return 0, err
	}
	return numbers[0], nil
}

// accountsOf is accountOf for several, which are opened in one order, whoever needs them first.
func (s *Service) accountsOf(tx *db.Tx, specs ...ledger.Spec) ([]ledger.AccountID, error) {
	addresses := make([]string, len(specs))
	for i, spec := range specs {
		addresses[i] = spec.Address
	}
	numbers, err := s.Ledger.Numbers(tx, addresses)
	if err != nil || !slices.Contains(numbers, 0) {
		return numbers, err
	}
	list, err := s.Ledger.OpenAll(tx, specs)
	for i := range list {
		numbers[i] = list[i].ID
	}
	return numbers, err
}

// FollowState freezes every wallet of a person who was frozen, and lets them go again, in the transaction that changes the
// person: it is identity's OnState. A payment then finds the flag in the very statement that locks the wallet.
func (s *Service) FollowState(tx *db.Tx, p identity.Person) error {
	accounts, err := s.Ledger.OwnedBy(tx, "user/"+string(p.ID))
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if p.State == identity.Active {
			err = s.Ledger.Unfreeze(tx, a.ID)
		} else {
			err = s.Ledger.Freeze(tx, a.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wallet finds a person's account; currency_not_available where they have none.
func (s *Service) wallet(tx *db.Tx, person string, c money.Currency) (ledger.AccountID, error) {
	number, err := s.Ledger.Number(tx, WalletAddress(identity.PersonID(person), c))
	if errors.Is(err, ledger.ErrAccountNotFound) {
		return 0, ErrCurrency.Fill(c.Code).With("currency")
	}
	return number, err
}

// account finds where a payee is paid: a shop's receipts, or a person's wallet, opened for the first payment in a currency.
func (s *Service) account(tx *db.Tx, owner string, c money.Currency) (ledger.AccountID, error) {
	if isShop(owner) {
		return s.Shops.Receipts(tx, merchant.ID(owner), c)
	}
	return s.payeeWallet(tx, identity.PersonID(owner), c)
}

func (s *Service) uses(c money.Currency) bool {
	return standard(c) && (len(s.Currencies) == 0 || slices.Contains(s.Currencies, c.Code))
}

func isShop(owner string) bool   { return id.Valid(owner, "mch") }
func isPerson(owner string) bool { return id.Valid(owner, "usr") }

// isAccount tells a bank account of somebody.
func isAccount(owner string) bool { return id.Valid(owner, "ins") }

// outcome is what a verb's transaction decided: the row, all steps of it, and the version the answer shows. late is a
// refusal that had something to write down, such as a capture that found the hold expired: the writing is committed first.
// live asks for the payment as it is now, tellings included; the answer of a verb leaves them out, because they come when they
// come and the same call again must get the same bytes.
type outcome struct {
	row      record
	steps    []Step
	version  int64
	live     bool
	replayed bool
	late     error
}

// run is the frame of every verb that changes something: a deadline, one transaction, the answer. It looks for no earlier
// answer but records its own with what it did. A twin or an earlier call then breaks the key's unique rule, which undoes
// everything, and the answer is looked up; so it is after any refusal, because what was answered before stands. A first
// call thus costs a round trip less, and only a retry costs one more. object is the payment, for the link of an unknown outcome.
func (s *Service) run(ctx context.Context, c Caller, call once.Call, operation string, object ID,
	body func(tx *db.Tx) (outcome, error)) (Payment, error) {
	limited, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	call.Caller, call.Operation = c.name(), operation
	out, err := db.Write(limited, s.DB, func(tx *db.Tx) (outcome, error) {
		out, err := body(tx)
		if err == nil && out.late == nil {
			once.Record(tx, once.Answer{Call: call, Object: string(out.row.id), Version: out.version})
		}
		return out, err
	})
	if err == nil {
		err = out.late
	}
	if err != nil {
		return s.again(ctx, c, call, operation, undecided(err, object))
	}
	return s.show(limited, c, out)
}

// begin checks the key of a call before anything else is looked at.
func begin(call once.Call) error {
	if call.Key == "" {
		return ErrKeyRequired.With("Idempotency-Key")
	}
	return call.Check()
}

// replay finds the first answer to a call.
func (s *Service) replay(tx *db.Tx, call once.Call) (outcome, bool, error) {
	object, version, found, err := once.Find(tx, call)
	if err != nil || !found {
		return outcome{}, false, err
	}
	out, err := load(tx, ID(object), version)
	out.replayed = true
	return out, true, err
}

// again answers a call that was refused, because its deadline passed or the money is gone by now, but that was answered
// before: the first answer stands. Otherwise the refusal does.
func (s *Service) again(ctx context.Context, c Caller, call once.Call, operation string, refusal error) (Payment, error) {
	call.Caller, call.Operation = c.name(), operation
	type prior struct {
		out   outcome
		found bool
	}
	p, err := db.Read(ctx, s.DB, func(tx *db.Tx) (p prior, err error) {
		p.out, p.found, err = s.replay(tx, call)
		return p, err
	})
	switch {
	case errors.Is(err, once.ErrMismatch), err != nil && db.IsUnique(refusal): // there is a first answer, and it could not be read
		return Payment{}, err
	case err != nil || !p.found:
		return Payment{}, refusal
	}
	return s.show(ctx, c, p.out)
}

// load reads a payment and its steps. version 0 means as it is now.
func load(tx *db.Tx, payment ID, version int64) (outcome, error) {
	row, err := db.One(tx, scanRecord, selectRecord, string(payment))
	if errors.Is(err, db.ErrNoRow) {
		return outcome{}, fault.ErrNotFound
	}
	if err != nil {
		return outcome{}, err
	}
	steps, err := db.All(tx, scanStep, selectSteps, string(payment))
	live := version == 0
	if live {
		version = row.version
	}
	return outcome{row: row, steps: steps, version: version, live: live}, err
}

// lock reads a payment and its numbered steps for a change, in one statement. The payment's row is always locked before the
// ledger's accounts.
func lock(tx *db.Tx, payment ID) (record, error) {
	if !id.Valid(string(payment), "pay") {
		return record{}, fault.ErrNotFound
	}
	only := tx.ForUpdate()
	if only != "" {
		only += " of r" // the steps never change
	}
	rows, err := db.All(tx, scanLocked, selectLocked+only, string(payment), told)
	if err != nil {
		return record{}, err
	}
	if len(rows) == 0 {
		return record{}, fault.ErrNotFound
	}
	r := rows[0]
	for _, more := range rows[1:] {
		r.past = append(r.past, more.past...)
	}
	if int64(len(r.past)) == r.version {
		return r, nil
	}
	// The lock was waited for: PostgreSQL then shows the row as it is now, beside steps as they were before (its READ
	// COMMITTED looks again at the locked row only). A statement of its own sees them all.
	steps, err := db.All(tx, scanStep, selectSteps, string(payment))
	r.past = slices.DeleteFunc(steps, func(s Step) bool { return s.Number >= told })
	return r, err
}

// lockAll is lock for many payments, in the order of their ids. Those that are not there are left out.
func lockAll(tx *db.Tx, ids []ID) (map[ID]record, error) {
	args := make([]any, 0, len(ids))
	for _, one := range ids {
		if id.Valid(string(one), "pay") {
			args = append(args, string(one))
		}
	}
	rows := make(map[ID]record, len(args))
	for len(args) > 0 {
		n := min(len(args), togetherMost)
		some := db.Pad(args[:n:n], 1)
		args = args[n:]
		list, err := db.All(tx, scanRecord, selectRecordsLocked.Of(len(some))+tx.ForUpdate(), some...)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			rows[r.id] = r
		}
		steps, err := db.All(tx, scanStepOf, selectStepsOf.Of(len(some)), some...)
		if err != nil {
			return nil, err
		}
		for _, step := range steps {
			if r, found := rows[step.payment]; found && step.Number < told {
				r.past = append(r.past, step.Step)
				rows[r.id] = r
			}
		}
	}
	return rows, nil
}

// answer is what a verb says about a row once it is done with it.
func (r *record) answer() outcome {
	return outcome{row: *r, steps: slices.Concat(r.past, r.fresh), version: r.version}
}

// undecided gives an unknown outcome the link that answers it: 404 there means not paid, nothing taken.
func undecided(err error, payment ID) error {
	f, ok := fault.As(err)
	if ok && errors.Is(f, fault.ErrOutcomeUnknown) {
		return f.MovedAs(fault.MovedUnknown).In("/v1/payments/" + string(payment))
	}
	if !ok && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return fault.ErrBusy.Because(err) // it ended in the queue, before the body began: nothing was written
	}
	return err
}

// Get returns a payment to its payer, its payee, an operator, or, while nobody has confirmed it, to any person who has
// its id. Everybody else gets not_found.
func (s *Service) Get(ctx context.Context, c Caller, payment ID) (Payment, error) {
	return s.AsOf(ctx, c, payment, 0)
}

// AsOf returns a payment as it was at a version; 0 is now. An older version shows neither later steps nor when the sides
// were told.
func (s *Service) AsOf(ctx context.Context, c Caller, payment ID, version int64) (Payment, error) {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	if !id.Valid(string(payment), "pay") {
		return Payment{}, fault.ErrNotFound
	}
	out, err := db.Read(ctx, s.DB, func(tx *db.Tx) (outcome, error) { return load(tx, payment, version) })
	if err != nil {
		return Payment{}, err
	}
	if !out.row.visible(c) || version < 0 || version > out.row.version {
		return Payment{}, fault.ErrNotFound
	}
	return s.show(ctx, c, out)
}

// Timeline returns the steps of a payment in order, the tellings after the change they tell of.
func (s *Service) Timeline(ctx context.Context, c Caller, payment ID) ([]Step, error) {
	p, err := s.Get(ctx, c, payment)
	return p.Steps, err
}

// visible keeps other people's payments from being told apart from none.
func (r *record) visible(c Caller) bool {
	if c.Operator {
		return true
	}
	owner := c.Owner()
	if owner == "" || r.draft() && owner != r.payer {
		return false
	}
	return owner == r.payer || owner == r.payee || r.state == AwaitingConfirmation && r.payer == "" && c.Shop == ""
}

// move leads the row along the state table and adds the numbered step.
func (r *record) move(on Trigger, name string, at time.Time, amount int64) error {
	to, ok := Next(r.state, on)
	if !ok {
		return ErrState.Fill(string(r.state))
	}
	r.state = to
	r.note(name, at, amount)
	return nil
}

// note adds a numbered step in the state the row has.
func (r *record) note(name string, at time.Time, amount int64) {
	r.version++
	r.fresh = append(r.fresh, Step{Number: r.version, Name: name, State: r.state, At: at, Amount: amount})
}
