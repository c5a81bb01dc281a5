package payment

import (
	"time"

	"billfold/base/id"
	"billfold/base/money"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/merchant"
)

// ID names a payment: pay_ and 26 characters that sort by time of creation.
type ID string

// Kind is what sort of movement a person asked for.
type Kind string

// The kinds.
const (
	Purchase   Kind = "purchase"   // a person pays a shop
	Transfer   Kind = "transfer"   // a person pays a person
	TopUp      Kind = "topup"      // a card or a bank transfer fills a person's wallet
	Withdrawal Kind = "withdrawal" // a wallet empties into a bank account
	Refund     Kind = "refund"     // a payee gives back what Of brought
	Exchange   Kind = "exchange"   // a person changes one currency into another, from pocket to pocket
)

// CaptureMode says whether the value moves at once or is held first.
type CaptureMode string

// The modes. Automatic moves the value when the payer confirms; Manual holds it until the payee captures; ByLink moves it out of the
// payer's wallet, where it waits for whoever holds the link (see link.go).
const (
	Automatic CaptureMode = "automatic"
	Manual    CaptureMode = "manual"
	ByLink    CaptureMode = "link"
)

// Method is where the payer's value comes from.
type Method string

// The methods.
const (
	FromWallet Method = "wallet"
	FromCard   Method = "card"
	FromBank   Method = "bank"
)

// Deadlines. Business time, but for Deadline, which is real.
const (
	Deadline       = 15 * time.Second    // a verb that has no answer by then says so
	DefaultExpiry  = 24 * time.Hour      // an unconfirmed payment lives this long unless its terms say otherwise
	LongestExpiry  = 30 * 24 * time.Hour // and never longer than this
	DefaultHold    = 7 * 24 * time.Hour  // a hold waits this long for its capture
	LongestHold    = 30 * 24 * time.Hour
	ShortestExpiry = time.Minute
)

// Payment is one movement that somebody asked for, as of one version. Amounts Captured and Refunded are minor units of
// Amount's currency. Names are masked ("Lena H.") for persons and registered for shops.
type Payment struct {
	ID            ID
	Kind          Kind
	State         State
	Version       int64
	Amount        money.Amount
	Fee           money.Amount // what the payer pays on top; shown before, charged as shown
	Captured      int64
	Refunded      int64
	Payer         string // "usr_…"; for a refund the one who gives back ("mch_…" or "usr_…"); "" until somebody confirms
	Payee         string // "mch_…" or "usr_…"; "ins_…" for a withdrawal, "" for an exchange and while nobody has taken what a link carries
	PayerName     string
	PayeeName     string
	Capture       CaptureMode
	Description   string
	Reference     string
	Metadata      map[string]string
	Of            ID // the payment a refund gives back
	Receipt       string
	CreatedAt     time.Time
	ExpiresAt     time.Time // end of the time to confirm
	HoldExpiresAt time.Time // zero unless held
	Method        Method
	Failure       string // the code of the refusal of a failed payment, "" otherwise
	NextAction    NextAction
	Steps         []Step
	Creator       string     // whose request made it: "usr_…" or "mch_…"
	Remittance    Remittance // where to send the money that a top-up by bank transfer waits for
	Quote         fx.Quote   // of an exchange; without what it was used for
	Replayed      bool       // this answer was given before; not part of the payment
}

// NextAction tells a client what has to happen next. Digest is the hex of what a confirmation approves; it is empty where
// the viewer is not somebody who could confirm.
type NextAction struct {
	Type   string // "", "confirm", "wait", "capture"
	Digest string
}

// The next actions.
const (
	ActNone    = ""
	ActConfirm = "confirm"
	ActCapture = "capture"
	ActWait    = "wait"
)

// Step is one thing that happened to a payment. Number is its place: a state-changing step has the version it led to.
type Step struct {
	Number int64
	Name   string
	State  State // the payment's state once the step was done
	At     time.Time
	Amount int64 // minor units moved, held or released by the step, 0 where none
}

// The names of the steps.
const (
	StepAuthenticate = "authenticate"
	StepRequest      = "request"
	StepAuthorize    = "authorize"
	StepConfirmPayer = "confirm_payer"
	StepConfirmPayee = "confirm_payee"
	StepCapture      = "capture"
	StepVoid         = "void"
	StepExpire       = "expire"
	StepRefund       = "refund"
	StepSettle       = "settle"
	StepFail         = "fail"
	StepReview       = "review"
	StepSent         = "sent"       // a withdrawal: the bank has the order
	StepReturn       = "return"     // it came back
	StepChargeback   = "chargeback" // a top-up: the card's holder took it back
	StepRelease      = "release"    // an operator let it go on
	StepClaim        = "claim"      // somebody took what a link carried
	StepDecline      = "decline"    // the one who was asked said no
	StepCharge       = "charge"     // somebody without a wallet pays by card: the rail is asked
	StepExtend       = "extend"     // whoever pays asked for more time
	StepRemind       = "remind"     // the one who was asked was reminded
)

// told spaces the numbers of the steps confirm_payer and confirm_payee: those of version v are v*told+1 and v*told+2, so they
// never collide with a change and the same telling twice hits the same key.
const told = 1000

// order is the place of a step in the timeline: the tellings of a version follow the change that made it.
func (s Step) order() int64 {
	if s.Number >= told {
		return s.Number
	}
	return s.Number * told
}

// Caller is who asks, as the edge authenticated them. Exactly one of Person and Shop is set, or Operator is true beside
// Person. A page on which an owner acts for their shop sets Shop.
type Caller struct {
	Person          identity.PersonID
	Shop            merchant.ID
	Staff           merchant.StaffID // who stands at the shop's till, beside Shop; "" for the owner and for the shop's server
	Operator        bool
	AuthenticatedAt time.Time // when the session signed in, or the key was used
	Name            string    // the owner of the idempotency keys; "" = Owner()
}

// Owner is the wallet or shop the caller acts for.
func (c Caller) Owner() string {
	if c.Shop != "" {
		return string(c.Shop)
	}
	return string(c.Person)
}

func (c Caller) name() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Owner()
}

// Terms are what a payment is about. They never change once it exists.
type Terms struct {
	Kind        Kind   // "" = purchase for a shop, transfer for a person
	Payee       string // "mch_…", "usr_…", "@handle" or an e-mail address; a shop may leave it empty: itself; with ByLink nobody
	Amount      money.Amount
	Capture     CaptureMode // "" = automatic
	SendTo      string      // ByLink: an e-mail address that the link is sent to, "" for none; sealed
	Description string      // up to 500 bytes, sealed
	Reference   string      // the payee's own number for it, up to 100 bytes, searchable
	Metadata    map[string]string
	ExpiresAt   time.Time // zero = DefaultExpiry from now
	HoldFor     time.Duration
}

// Approval is a payer's yes to one digest of terms. Proof is the assertion of a passkey over that digest; it is empty for a
// session or a token, whose own authentication stands for it.
type Approval struct {
	By     identity.PersonID
	At     time.Time
	Digest [32]byte
	Proof  []byte
}

// Receipt is the id that both sides find on their receipt. It follows from the payment's id.
func Receipt(payment ID) (string, error) {
	raw, err := id.Bytes(string(payment))
	if err != nil {
		return "", err
	}
	return id.Text("rcp", raw), nil
}
