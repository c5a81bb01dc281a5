package ui

import (
	"time"
)

// Contact is somebody a person pays or keeps. Name is masked, Called is the holder's own word for them.
type Contact struct {
	ID, Name, Called, Href string
	Kept, Picked           bool
	PaidAt                 time.Time
}

// Title is what a contact is called in a list.
func (c Contact) Title() string {
	if c.Called != "" {
		return c.Called
	}
	return c.Name
}

// Send asks whom to send to.
type Send struct {
	To, Error string
	People    []Contact
}

// SendAmount asks how much, for a payee whose name is known.
type SendAmount struct {
	ID, Name, Handle, Called string
	Shop, New, Kept          bool
	Amount, Currency, Note   string
	Currencies               []string
	Pockets                  []Pocket
	Nonce, Action            string
	Errors                   FieldErrors
}

// SendLink asks how much a link shall carry, and to which address it is sent.
type SendLink struct {
	To                     string
	Unknown                bool // the address was typed as a payee, and no wallet has it
	Amount, Currency, Note string
	Currencies             []string
	Pockets                []Pocket
	Nonce                  string
	Errors                 FieldErrors
}

// Gift is a link as somebody sees it who opened it. State is "open", "taken" (by this person), "mine" or "over".
type Gift struct {
	ID, Key, From, Note, State string
	Money                      Money
	ExpiresAt                  time.Time
	PaymentHref, Next, Error   string
}

// PayMe is the page behind a person's code. Name is empty for who is not signed in.
type PayMe struct {
	Handle, Name, URL, Href, Next string
	Mine, Shop                    bool
}

// Between is what two people can do with a payment between them, on its page.
type Between struct {
	Link, Until string // a link that waits, whole; until when
	UntilAt     time.Time
	TakeBack    string // where its sender takes it back
	AgainHref   string // the same once more, on a fresh sheet
	SplitHref   string
	RequestHref string // the request it pays
}

// Bill is the form that asks others for money: each for the same, or a bill that is divided.
type Bill struct {
	Split                 bool
	ID                    string // of the request that is changed, "" for a new one
	Version               int64
	Total, Currency, Mode string
	Own                   bool
	OwnPart               string
	OwnMoney, Sum, Paid   Money
	Rows                  []BillRow
	PaidRows              []BillRow // who has paid already: what they paid stands
	People                []Contact // to be added
	Add, Note, Of         string
	Currencies            []string
	Nonce, Action         string
	Ready                 bool // everybody has an amount
	Errors                FieldErrors
}

// BillRow is one person of a bill.
type BillRow struct {
	ID, Name, Part string
	Money          Money
}

// Ask is a request as one person sees it.
type Ask struct {
	ID, From, Note, State  string
	Split, Mine            bool
	Total, Own, Paid, Left Money
	Shares                 []AskShare
	CreatedAt, ExpiresAt   time.Time
	RemindedAt             time.Time
	Link                   string // of a request without a name
	CanRemind              bool
	OfHref                 string
	Nonce                  string
}

// AskShare is one person's share.
type AskShare struct {
	Name, State       string
	Money             Money
	PaidAt            time.Time
	PayHref, Href, ID string // to pay it; its payment
	Mine              bool
}

// Asks are the two lists of requests.
type Asks struct {
	In, Out []AskRow
}

// AskRow is one line of them.
type AskRow struct {
	Href, Name, Note, State string
	Money                   Money
	At                      time.Time
	Paid, People            int // of those who were asked
	Split                   bool
}

// askLook gives the state of a request or a share its tone and icon.
func askLook(state string) (tone, icon string) {
	switch state {
	case "open":
		return "warn", "clock"
	case "paid":
		return "ok", "check"
	case "declined":
		return "bad", "x"
	}
	return "", "clock"
}
