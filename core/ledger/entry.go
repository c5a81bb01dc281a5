package ledger

import (
	"strings"
	"time"

	"billfold/base/id"
)

// EntryID is an entry's id, "ent_…": 16 bytes in the database, time ordered. An entry that belongs to an object derives its
// id from it: EntryID(id.Step(payment, "ent", n)).
type EntryID string

// Prefix is what an EntryID begins with, for id.Step and id.Valid.
const Prefix = "ent"

// Limits on what one call may carry.
const (
	MaxLegs      = 1_000
	MaxBatch     = 10_000
	maxReference = 200
	maxMeta      = 4 << 10
	maxKind      = 40
	maxAddress   = 200
)

// Phase says what an entry, and a leg, does to the totals. Stored; the numbers never change.
type Phase uint8

const (
	// Posted moves money at once.
	Posted Phase = iota
	// Pending is a hold: it moves pending totals only.
	Pending
	// Post makes a hold final, in whole or in part; the rest is released.
	Post
	// Void releases a hold.
	Void
	// Expire releases a hold whose time is over.
	Expire
)

// String names the phase.
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return "unknown"
}

var phaseNames = [...]string{"posted", "pending", "post", "void", "expire"}

// moves tells whether legs of this phase count in the posted totals.
func (p Phase) moves() bool { return p == Posted || p == Post }

// resolution tells whether the phase ends a hold.
func (p Phase) resolution() bool { return p >= Post && p <= Expire }

// Leg takes an amount from one account and gives it to another of the same currency.
type Leg struct {
	Debit, Credit AccountID
	Amount        int64 // minor units, positive
	// The rest is set by the ledger.
	Phase    Phase // the entry's, but Void for a leg of which a partial post takes nothing
	Released int64 // resolutions: how much of the hold's leg is freed, all of it always
}

// Entry is an atomic set of legs: all are recorded or none.
type Entry struct {
	ID        EntryID           // empty: one is minted
	Kind      string            // what it is: "payment", "topup"; lower-case letters, digits, _ and .
	Reference string            // what it belongs to, "pay_…"; searchable
	Meta      map[string]string // searchable only through Reference; ids and codes, no personal data
	Legs      []Leg
	// The rest is set by the ledger.
	At        time.Time // business time; strictly later than every earlier entry of its accounts that are not busy
	Phase     Phase
	ExpiresAt time.Time // of a hold
	Resolves  EntryID   // the hold that this entry ends
}

// Result is what became of one entry of a batch: the stored entry or the refusal.
type Result struct {
	Entry Entry
	Err   error
}

// Filter chooses entries; zero fields choose everything. Newest first.
type Filter struct {
	Account   AccountID
	Reference string
	Kind      string
	Before    string // the cursor that the page before gave; empty for the first page
	Limit     int    // 1 to 200; 0 is 50
}

// key is an entry's id as the database has it.
type key [16]byte

func (k key) text() EntryID { return EntryID(id.Text(Prefix, k)) }

// parseEntryID refuses what is not the text of an entry's id.
func parseEntryID(text EntryID) (key, bool) {
	if !strings.HasPrefix(string(text), Prefix+"_") {
		return key{}, false
	}
	b, err := id.Bytes(string(text))
	return b, err == nil
}
