package ui

import (
	"context"
	"time"
)

// Row is one line of a feed.
type Row struct {
	Bill             string // the number of the shop's bill
	Href, Name, Icon string // Icon is drawn instead of initials where no person or shop is behind the row
	Kind, State      string
	Note             string // the payment's own words: a description, an order number
	At               time.Time
	Money            Money
	In               bool
	Shop             bool // the other side is a shop
	Void             bool // nothing moved: the amount is struck out and muted
}

// Day is a group of rows.
type Day struct {
	At   time.Time
	Rows []Row
}

// Days groups rows, which come newest first, by the reader's days.
func Days(ctx context.Context, rows []Row) []Day {
	var days []Day
	for _, r := range rows {
		if n := len(days); n > 0 && DayKey(ctx, days[n-1].At) == DayKey(ctx, r.At) {
			days[n-1].Rows = append(days[n-1].Rows, r)
			continue
		}
		days = append(days, Day{At: r.At, Rows: []Row{r}})
	}
	return days
}

// Pocket is one currency of a wallet.
type Pocket struct {
	Code      string
	Available Money
	Held      Money // set aside for payments that are not final
	Incoming  Money // on its way in
}

// Home is the first page of a holder.
type Home struct {
	Pockets []Pocket // the first one is shown large
	Recent  []Row
	Waiting []Row // payments that wait for this person
	Owed    []Owed
	Frozen  bool // nothing moves until the operator lifts it
}

// Activity is a page of the feed.
type Activity struct {
	Filter Filter
	Wrong  Filter // what was typed for it and cannot be meant
	Base   string // "/activity" or "/m/mch_…"
	Rows   []Row
	Next   string // the address of the next page, empty at the end
	Newest bool   // this is the first page
	Day    string // the day whose heading stood on the page before, where this one is added below it
}

// Step is one line of a timeline. Mark says how it stands: "done", "now" (being worked on), "wait" (for somebody to do it),
// "next" (still to come), "bad".
type Step struct {
	Name, Mark string
	At         time.Time
	Money      Money
}

// Payment is a payment as one of its sides sees it.
type Payment struct {
	ID, Kind, State, Side string // Side is "payer" or "payee"
	Money                 Money  // with its sign, for this side
	Plain                 Money  // the amount without sign
	Fee, Total            Money
	FeeSide               string // who bears it
	Captured, Refunded    Money  // zero when the state has none
	PayerName, PayeeName  string
	OtherShop             bool   // the far side is a shop
	Link                  bool   // it travels by a link
	FromBank              bool   // a top-up that is transferred, not taken from a card
	Case                  string // the state of what was asked about it, "" for nothing
	PayeeHandle           string
	Method                string // "Visa ·· 4242", the wallet's currency
	Note, Reference       string
	Own                   OwnNote
	Filed                 Filed
	Receipt               string
	Why                   string // why it failed, in the reader's language
	Of                    string // the refunded payment
	Steps                 []Step
	Refunds               []Row
	CreatedAt, ExpiresAt  time.Time
	HoldExpiresAt         time.Time
	ConfirmHref           string // where this person can still confirm it
	Shop                  *ShopActions
	Between               Between
	Handed                *Handed // what the shop was given with it
	Bill                  string  // the number of the shop's bill
	Tip                   Money   // that the amount has in it
	Live                  bool    // not final: the page asks again by itself
	Outside               *Outside
	Play                  *PlayBank // in the sandbox, while a bank transfer is awaited
	Back                  string
	ReturnHref            string // where the person was before they topped up
	BackHref              string
}

// Filed is the category that the payer's payments to this payee count under; without Payee there is none.
type Filed struct {
	Payee, Category string
	Choices         []string
}

// OwnNote is what one side remembers of a payment, and where its form goes; without Action there is no form.
type OwnNote struct{ Text, Action, Error string }

// ShopActions are the forms a shop owner has on a payment.
type ShopActions struct {
	Shop                        string
	CanCapture, CanVoid         bool
	CanRefund                   bool
	CaptureValue, RefundValue   string // what the field proposes: all that is left
	Currency                    string
	Nonce                       string
	Error                       FieldErrors
	CaptureReceived, RefundSaid string // what was typed, when the form comes back
}

// FieldErrors are what is wrong with a form, by field; "" is the form as a whole.
type FieldErrors map[string]string

// Confirm is the sheet on which a payer agrees to terms.
type Confirm struct {
	ID, Kind         string
	Money            Money
	PayeeName        string
	PayeeHandle      string
	PayeeShop        bool
	New              bool // first payment to this payee
	FromName         string
	Balance          Money
	After            Money
	Short            bool // the balance does not suffice
	Fee, Total       Money
	Note, Reference  string
	Hold             bool // the shop captures later
	Link             bool // whoever holds a link takes it
	Asked            bool // the payee asked for it
	ExpiresAt        time.Time
	Digest           string
	Changed          bool // the terms are not those shown before
	TopUpHref        string
	CancelHref       string
	Action           string // where the form posts
	Session          time.Time
	Error            string
	AuthenticateHref string
	Quote            *QuoteLines // of an exchange
	Store            string      // where, as the shop registered it
	Bill             string      // the number of the shop's bill
	Tip              Money       // that the amount has in it
	Handover         *Handover   // what the shop asks for, on a checkout
}

// TopUp is the form that brings money in.
type TopUp struct {
	Amount, Currency, Card, Nonce, Return string
	Currencies                            []string
	Cards                                 []Card
	Bank                                  bool // a bank transfer is a way, too
	Errors                                FieldErrors
}

// Card is a test card of the sandbox.
type Card struct{ Token, Brand, Last4, Behaviour string }

// Checkout is the page a shop sends its customer to.
type Checkout struct {
	ID, State   string // "open", "paid", "authorized", "expired", "voided", "failed"
	Shop        string
	ShopHandle  string
	Money       Money
	Note        string
	Reference   string
	ExpiresAt   time.Time
	Confirm     *Confirm // signed in and open
	Receipt     string
	PaymentHref string
	ReturnHref  string // only a registered origin
	ReturnHost  string
	SignIn      SignIn
	Why         string
	Items       []Item
	Own         bool   // the shop's owner looks: there is nobody to pay
	Way         string // how to pay: "wallet" or "phone"
	Ways        []string
	Nonce       string
	Errors      FieldErrors
	Link        string // the checkout's own address
	Live        bool   // it turns by itself
	Bill        string // the number of the shop's bill
	Handover    *Handover
	Handed      *Handed // what the shop was given, for who gave it
}

// Item is a line of what is bought.
type Item struct {
	Name     string
	Quantity int64
	Money    Money
}

// SignIn and SignUp are the forms at the door.
type SignIn struct {
	Login, Next string
	Personas    []Persona
	Error       string
}

// SignUp is the form for a new person.
type SignUp struct {
	Name, Handle, Email, Next string
	Errors                    FieldErrors
}

// Verify asks for the six digits.
type Verify struct {
	Pending, Email, Next, Error string
	InboxHref                   string
}

// Persona can be entered with one click in the sandbox.
type Persona struct{ ID, Name, Role string }

// Session is one place where the person is signed in.
type Session struct {
	ID, Browser, System, IP string
	Phone                   bool
	CreatedAt, SeenAt       time.Time
	This                    bool
}

// Me is the person's own page.
type Me struct {
	Sessions []Session
	Since    time.Time
	Phones   bool // telephone numbers can be confirmed here
}

// Shop is the owner's page.
type Shop struct {
	ID, Name, Handle string
	Note             string // what stands in the way of being paid
	Pockets          []Pocket
	Activity         Activity
}

// Message is a mail the sandbox would have sent.
type Message struct {
	At                time.Time
	To, Subject, Body string
}

// Problem is an error page.
type Problem struct {
	Status        int
	Code          string
	Title, Detail string
	Moved         string // "no", "yes", "unknown"
	Link          string // what answers an unknown outcome, or where to go on
	Request       string
	After         int // seconds until trying again makes sense
}

// Phone is the number by which a person is found, and the one whose code is awaited.
type Phone struct {
	Number, Waiting string
	Typed           string
	Sandbox         bool // the text lies in the inbox of mails
	Errors          FieldErrors
}
