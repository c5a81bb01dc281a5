package identity

import (
	"time"

	"billfold/base/lang"
)

// PersonID names a person, "usr_…". It is also the owner of the person's key in the keyring.
type PersonID string

// SessionID names a signed-in session, "ses_…". It is not a secret; the token is.
type SessionID string

// KeyID names an API key, "key_…". It is not a secret.
type KeyID string

// SignUpID names a sign-up that waits for its code, "sgn_…".
type SignUpID string

// State says whether a person may move money.
type State string

// The states of a person. A frozen person can sign in and read; their money does not move.
const (
	Active State = "active"
	Frozen State = "frozen"
)

// Role is a right beyond one's own wallet. Owning a shop is not a role: the shop knows its owner.
type Role string

// Operator may read the ledger and act on people; given by Grant or by a one-time link.
const Operator Role = "operator"

// Person is somebody with a wallet. The personal fields are opened from their seals; never log a Person.
type Person struct {
	ID        PersonID
	Name      string
	Handle    string
	Email     string // empty for people who only pay by token
	Lang      lang.Tag
	State     State
	Operator  bool
	CreatedAt time.Time // business clock
}

// Masked is the name as strangers may see it; see Mask.
func (p Person) Masked() string { return Mask(p.Name) }

// Visit says where a request came from. Both fields are sealed with the session; IP also feeds the throttles.
type Visit struct {
	Agent string // User-Agent, cut to 300 bytes
	IP    string // address of the client, no port
}

// Mail is a request to send something to a person, given to Options.Send inside the caller's transaction. It has the
// shape of notice.Mail, so that app can convert one into the other.
type Mail struct {
	Owner    string // whose key seals the address and the data
	To       string
	Lang     lang.Tag
	Template string
	Data     map[string]string
}

// The templates this package asks for.
const (
	MailPhoneCode  = "phone_code"  // to a telephone number; Data: code, minutes
	MailPhoneMoved = "phone_moved" // to who was found by it before
	MailCode       = "code"        // Data: code, minutes
	MailKnownEmail = "known_email" // no data
)

// Payee is what a stranger learns from a handle or an e-mail address: enough to see that it is the right person.
type Payee struct {
	ID     PersonID
	Name   string // masked
	Handle string // only when asked by handle: an e-mail must not reveal it
	State  State
}

// Proof says how a person showed that they want exactly what Challenge describes. It is stored with what it approved.
type Proof struct {
	Method    Method
	Person    PersonID
	Session   SessionID
	Challenge [32]byte // SHA-256 of the canonical terms; a passkey will sign this very value
	At        time.Time
}

// Method is the way a Proof was given.
type Method string

// BySession: the person pressed the button in a session whose password proof is fresh.
const BySession Method = "session"
