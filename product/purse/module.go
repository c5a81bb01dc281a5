package purse

import (
	"slices"
	"strings"
	"time"

	"billfold/base/money"
	"billfold/product/purse/proto"
)

// ModuleState says what a module may do.
type ModuleState string

// The states of a module. Stored.
const (
	Active   ModuleState = "active"
	Blocked  ModuleState = "blocked"  // by the operator
	Lost     ModuleState = "lost"     // by its holder; refunded when its window is over
	Forked   ModuleState = "forked"   // two histories of it are known
	Refunded ModuleState = "refunded" // was lost, and is paid out
)

// Module is a purse, a till, an agent or a collector as the issuer knows it.
type Module struct {
	ID          proto.ID
	Owner       string // "usr_…" or "mch_…"
	Payout      string // ledger address without its currency, "user/usr_…": where its money comes from and goes
	Role        proto.Role
	Class       uint8
	Name        string
	Key         proto.Key
	State       ModuleState
	Epoch       uint64
	Certificate []byte
	Until       time.Time // of the certificate
	Records     uint64    // archived
	tail        proto.Hash
	SyncedAt    time.Time
	LostAt      time.Time
	CreatedAt   time.Time
}

// Class is what a certificate of an assurance class allows, in minor units of a currency with two decimals (others are scaled).
type Class struct {
	Balance, Transaction, Spent int64
	Count                       uint64
	Life                        time.Duration
	Hops                        bool
}

const daily = 24 * time.Hour

// Classes are the limits by assurance class: 0 software, 1 browser, 2 the system's key store, 3 attested hardware. A software purse can
// be copied; these numbers are what that can cost.
var Classes = [4]Class{
	{Balance: 50_00, Transaction: 20_00, Spent: 50_00, Count: 20, Life: 7 * daily},
	{Balance: 50_00, Transaction: 20_00, Spent: 50_00, Count: 20, Life: 7 * daily},
	{Balance: 150_00, Transaction: 50_00, Spent: 150_00, Count: 60, Life: 14 * daily},
	{Balance: 300_00, Transaction: 100_00, Spent: 300_00, Count: 100, Life: 30 * daily, Hops: true},
}

// Window is how long after the end of a certificate collected payments are still taken; then a lost purse is refunded.
const Window = 7 * daily

// terms are what a module may do in a currency.
func terms(role proto.Role, class uint8, float int64, c money.Currency) proto.Terms {
	t := proto.Terms{Currency: c.Code, Scale: c.Scale}
	limits := Classes[class]
	switch role {
	case proto.Holder:
		t.Balance, t.Transaction, t.Spent = scaled(limits.Balance, c), scaled(limits.Transaction, c), scaled(limits.Spent, c)
	case proto.Acceptor:
		t.Balance, t.Transaction, t.Spent = scaled(1_000_000_00, c), scaled(Classes[3].Transaction, c), scaled(1_000_000_00, c)
	case proto.Agent, proto.Collector:
		t.Balance, t.Transaction, t.Spent = float, float, float
	case proto.Issuer:
		t.Balance, t.Transaction, t.Spent = 1<<53, 1<<53, 1<<53
	}
	return t
}

// scaled turns an amount with two decimals into one of the currency's scale.
func scaled(minor int64, c money.Currency) int64 {
	for s := c.Scale; s < 2; s++ {
		minor /= 10
	}
	for s := uint8(2); s < c.Scale; s++ {
		minor *= 10
	}
	return minor
}

// Place is where the value of a transfer stands. Stored; the numbers never change.
type Place uint8

// The places.
const (
	Nowhere   Place = iota // not posted
	InTransit              // a load: the customer has paid, the purse has not proved it
	Suspended              // paid by the payer, the payee not heard
	Arrived                // with the payee
	Returned               // with the payer's account
	Disputed               // cannot be posted: a case says why
)

var placeNames = [...]string{"nowhere", "in transit", "in suspense", "paid", "refunded", "disputed"}

// String names the place as a person is told.
func (p Place) String() string {
	if int(p) < len(placeNames) {
		return placeNames[p]
	}
	return "unknown"
}

// Said is what one side has said about a transfer. Stored; the numbers never change.
type Said uint8

// What a side can have said: nothing, that it paid or took, that it gave up.
const (
	Silent Said = iota
	Done
	GaveUp
)

// Transfer is one transfer as the issuer knows it.
type Transfer struct {
	Hash proto.Hash // of its VAL: its name between modules
	Name string     // "ptx_…": its name in the ledger
	proto.Transfer
	Place                Place
	PayerSaid, PayeeSaid Said
	DueAt                time.Time // in suspense: when it goes back to the payer
	HeardAt              time.Time
}

// Case is something that a person should look at; the money has been dealt with by rule. Whose loss it is, Settle says.
type Case struct {
	ID        string
	Kind      CaseKind
	Module    proto.ID
	Hash      proto.Hash
	Value     int64
	Currency  string
	OpenedAt  time.Time
	Owed      int64   // what the issuer paid to an honest payee because of it, in minor units
	Outcome   Outcome // empty while the case is open
	SettledBy string  // who decided: a person, a key, or the command line
	Reason    string
	SettledAt time.Time
}

// Outcome says who bears what a case cost. Stored.
type Outcome string

// The outcomes.
const (
	ByHolder Outcome = "holder" // the account of whoever the evidence speaks against pays
	ByHouse  Outcome = "house"  // the issuer bears it: purse/loss
	ByNobody Outcome = "nobody" // nothing is paid; the case is closed
)

// CaseKind says what a case is about. Stored.
type CaseKind string

// The kinds of cases.
const (
	CaseFork        CaseKind = "fork"        // two transfers of one sequence number, or two records of one number
	CaseRollback    CaseKind = "rollback"    // a module that knows less than it told before
	CaseLate        CaseKind = "late"        // proof that came after the value had gone back
	CaseCounterfeit CaseKind = "counterfeit" // a module says that it holds another amount than its history gives
)

// sortTerms puts terms into the order that certificates have them in.
func sortTerms(list []proto.Terms) {
	slices.SortFunc(list, func(a, b proto.Terms) int { return strings.Compare(a.Currency, b.Currency) })
}
