package ui

import "time"

// Users is the operator's list of people.
type Users struct {
	Query   string
	Missing bool // nobody fits the query
	Rows    []User
	Next    string
}

// User is one person as the operator sees them; in a list Name is masked and the rest is empty.
type User struct {
	ID, Name, Handle, Email, Lang string
	Frozen, Operator              bool
	CreatedAt                     time.Time
	Sessions                      int
	Pockets                       []Pocket
	Recent                        []Row
	Trail                         []AuditRow
	Error                         string // what is wrong with the reason that was given
}

// OpsShops is the operator's list of shops.
type OpsShops struct {
	Rows []OpsShop
	Next string
}

// OpsShop is one of them; in a list the last fields are empty.
type OpsShop struct {
	ID, Name, Handle, Owner, MCC, Country, State string
	Currencies, Next                             []string // Next: the states it may be brought to
	CreatedAt                                    time.Time
	Trail                                        []AuditRow
	Error                                        string // what is wrong with the reason that was given
}

// Audit is a page of the audit trail and its filter.
type Audit struct {
	Actor, Object, Action string
	Actions               []string
	Rows                  []AuditRow
	Next, Export          string
}

// AuditRow is one record.
type AuditRow struct {
	ID, Actor, Name, Action, Object, Reason, IP string
	At                                          time.Time
}

// Health is what waits in the outbox and the queue.
type Health struct {
	Pending, Untold int64 // events without a number, and numbered ones that payments have not told yet
	Open, Failing   int64 // tasks
	Tasks           []Task
}

// Task is one piece of work that waits; Error is why it failed the last time.
type Task struct {
	ID, Kind, Error string
	Due             time.Time
	Attempts        int64
}
