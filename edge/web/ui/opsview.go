package ui

import "time"

// Ops is the operator's page about the ledger.
type Ops struct {
	Query   OpsQuery
	Entries []Entry
	Next    string
	Light   Light
	Found   bool // a search was made
	Recheck bool // a verify can be asked for
	Demo    bool // there is demo data, which can be removed
}

// OpsQuery is the search in the address.
type OpsQuery struct{ Reference, Kind, Account string }

// Light is what the last verify said.
type Light struct {
	Known    bool
	OK       bool
	At       time.Time
	Entries  int64
	Accounts int64
	Findings []string
	// The sums of this moment, where the ledger is small enough to add up for a page.
	Live     bool
	Balanced bool
	Open     int64 // accounts
	Sums     []Sum // per currency
}

// Sum is the control sum of one currency.
type Sum struct {
	Code            string
	Debits, Credits Money
	Zero            bool
	Owed, Kept      Money // what customers hold, and what stands against it
	Safe            bool
}

// Entry is an atomic set of legs as the operator reads it.
type Entry struct {
	ID, Kind, Reference string
	At                  time.Time
	Hold                string // "", "open", "posted", "voided", "expired"
	Resolves            string
	Legs                []Leg
	Meta                []Pair
}

// Leg debits one account and credits another.
type Leg struct {
	Debit, Credit string
	Money         Money
}

// Pair is a line of a description list.
type Pair struct{ Name, Value string }

// Account is a row of the account list.
type Account struct {
	Address, Code      string
	Limit              string
	Busy               bool
	Frozen, Closed     bool
	Posted, Available  Money
	PendingIn, Pending Money
}

// Accounts is the list of the ledger's accounts.
type Accounts struct {
	Prefix string
	Rows   []Account
	Next   string
}

// AccountPage is one account with its latest entries.
type AccountPage struct {
	Account Account
	AsOf    string // a day, "2026-11-20"; Then is what was posted at its end
	Then    Money
	Entries []Entry
	Next    string
}

// People is the operator's list of keys.
type People struct {
	Query  string
	Found  []Person
	Keys   []Key
	Secret string // a new key, shown this once
	Nonce  string
	Error  string
}

// Key is an API key without its secret.
type Key struct {
	ID, Label, Hint string
	Scopes          string // of a restricted key, with spaces between
	CreatedAt       time.Time
	LastUsed        time.Time
	ExpiresAt       time.Time // zero unless it was rolled
}

// Demo is what goes when the demo data is removed.
type Demo struct {
	People, Shops, Payments int64
	At                      time.Time // when they were counted
	Error                   string
}

// Check is one thing that the doctor looked at.
type Check struct{ Name, Grade, Says, Mend string }

// gradeLook is the tone and icon of a grade: colour is never alone.
func gradeLook(grade string) (tone, icon string) {
	switch grade {
	case "ok":
		return "ok", "check"
	case "warn":
		return "warn", "info"
	}
	return "bad", "alert"
}
