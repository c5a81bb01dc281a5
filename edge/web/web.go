package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/id"
	"billfold/base/lang"
	"billfold/base/money"
	"billfold/base/seal"
	"billfold/core/audit"
	"billfold/core/identity"
	"billfold/core/inquiry"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/product/insight"
)

// Options are what the pages stand on. DB, the services, Keys, IDs, Clock and Real are required.
type Options struct {
	DB       *db.DB
	People   *identity.Service
	Payments *payment.Service
	Shops    *merchant.Service
	Ledger   *ledger.Ledger
	Keys     *seal.Keyring // keys the form tokens of people who are not signed in
	IDs      *id.Minter
	Notices  *notice.Service
	Cards    rail.Cards // nil where no card is taken
	Audit    *audit.Trail
	Outbox   *event.Outbox // wakes pages that are open; nil for pages that only look when they are asked to
	Clock    clock.Clock   // business time: "today"
	Real     clock.Clock
	Log      *slog.Logger

	Sandbox   bool
	PublicURL string // "https://wallet.example": cookies are Secure and bound to the host when it is https

	// OpenAPI is the description of the API, from which the reference is made; nil where there is none.
	OpenAPI func() []byte
	// DevKeys are the keys that a sandbox's samples carry, for people who are signed in; nil for none.
	DevKeys func(ctx context.Context) (DevKeys, error)

	// Scopes are what a shop's restricted API key can be given.
	Scopes []string

	// Personas are the people a sandbox can be entered as with one click; nil for none. Ignored outside the sandbox.
	Personas func(ctx context.Context) ([]Persona, error)
	// Inbox lists the mails that the sandbox kept, newest first. Ignored outside the sandbox.
	Inbox   func(ctx context.Context) ([]Mail, error)
	Insight *insight.Service // nil where nobody counts
	Cases   *inquiry.Service

	// SendTransfer has somebody send us money at the sandbox's bank; nil where there is none.
	SendTransfer func(ctx context.Context, purpose string, amount money.Amount) (movement string, err error)
	// Demo removes the demo data; nil where there is none.
	Demo *Demo
	// DemoShop says that this sandbox has a web shop at /demo-shop.
	DemoShop bool
	// Doctor says what is missing or wrong for real use; nil where nobody looks.
	Doctor func(ctx context.Context) []Check
	// Books says what the last verify found; nil when this installation does not keep it.
	Books func(ctx context.Context) (Books, error)
	// Recheck asks, in the operator's transaction, for a verify of everything; nil where this installation does not keep what it finds.
	Recheck func(tx *db.Tx)
}

// Persona is somebody the sandbox can be entered as.
type Persona struct {
	Person identity.PersonID
	Name   string
	Role   lang.Text // what there is to see: "Shop owner of Café Linden"
}

// Mail is a message the sandbox did not send.
type Mail struct {
	At                time.Time
	To, Subject, Body string
}

// Demo is what can be done about a sandbox's demo data.
type Demo struct {
	// Facts says what there is.
	Facts func(ctx context.Context) (DemoFacts, error)
	// Remove has the sandbox begin anew without it, for the reason in the record, and answers the path at which the operator goes on.
	Remove func(ctx context.Context, r audit.Record) (path string, err error)
}

// Check is one thing that the doctor looked at.
type Check struct {
	Name       string
	Grade      string // ok, warn, fail
	Says, Mend lang.Text
}

// DemoFacts is what a sandbox holds.
type DemoFacts struct{ People, Shops, Payments int64 }

// Books is the finding of a verify.
type Books struct {
	Known    bool // false until verify ran once
	OK       bool
	At       time.Time
	Entries  int64
	Accounts int64
	Findings []string
}

type site struct {
	Options
	hub    *hub
	secure bool
	mux    *http.ServeMux
	names  addressBook
	table  []Route

	reference reference
	checked   glance[[]Check]
	counted   glance[DemoFacts]
	many      atomic.Bool // there are more accounts than an overview adds up
}

// bodyMost is the largest form we read; the largest of ours is a few hundred bytes.
const bodyMost = 64 << 10

// patience is how long a page may take before it says that it did not get done; verbs of payment have their own, shorter one.
const patience = 20 * time.Second

// Pages answer every path; mount them at "/".
type Pages struct {
	http.Handler
	site *site
}

// Close ends the streams of open pages, so that a server can stop: they come back to its successor by themselves.
func (p *Pages) Close() {
	if h := p.site.hub; h != nil {
		h.close.Do(func() { close(h.closing) })
	}
}

// New builds the pages.
func New(o Options) *Pages {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &site{Options: o, secure: strings.HasPrefix(o.PublicURL, "https://"), mux: http.NewServeMux()}
	if o.Outbox != nil {
		s.hub = newHub(o.Outbox)
	}
	s.route()
	return &Pages{s.frame(s.mux), s}
}
