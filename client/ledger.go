package client

import "time"

// LedgerAccount is an account as the operator sees it.
type LedgerAccount struct {
	ID        string        `json:"id" form:"acc" doc:"The account's id."`
	Object    string        `json:"object" enum:"ledger_account" doc:"Always \"ledger_account\"."`
	Address   string        `json:"address" doc:"Its unique name, such as user/usr_…/EUR; what is before the last slash is its owner."`
	Currency  string        `json:"currency" form:"currency" doc:"What the account counts."`
	Scale     int           `json:"scale" form:"scale" doc:"Decimals of the currency."`
	Limit     string        `json:"limit" enum:"non_negative|non_positive|unlimited" doc:"Which side of zero the account may not cross."`
	Busy      bool          `json:"busy" doc:"Many pay into it at once: never locked, no limit, holds are not counted."`
	State     string        `json:"state" enum:"open|frozen|closed" doc:"Frozen: nothing moves but the release of holds."`
	Balance   LedgerBalance `json:"balance" doc:"What it holds, now or as of the moment asked for."`
	CreatedAt time.Time     `json:"created_at" doc:"When it was opened."`
}

// LedgerBalance is what a ledger account holds at one moment. All amounts are in the account's currency.
type LedgerBalance struct {
	AsOf      time.Time `json:"as_of" doc:"The moment; everything up to and including it counts."`
	Posted    Money     `json:"posted" doc:"Credits less debits that are final; negative on accounts that owe us."`
	Held      Money     `json:"held" doc:"Reserved on its way out."`
	Incoming  Money     `json:"incoming" doc:"Reserved on its way in."`
	Available Money     `json:"available" doc:"What may still leave; of a non_positive account, what may still come back."`
}

// OpenLedgerAccount opens an account of any asset. The same again answers the same account.
type OpenLedgerAccount struct {
	Address  string `json:"address" max:"200" doc:"1 to 200 visible ASCII characters, unique, not of the form acc_…; user/, merchant/ and rail/ are kept."`
	Currency string `json:"currency" form:"currency" doc:"ISO 4217 code, or 3 to 12 of A-Z and 0-9."`
	Scale    *int   `json:"scale,omitzero" form:"scale" doc:"Decimals, 0 to 8. ISO currencies have theirs and may leave it out."`
	Limit    string `json:"limit,omitzero" enum:"non_negative|non_positive|unlimited" doc:"Default non_negative."`
	Busy     bool   `json:"busy,omitzero" doc:"Only with limit unlimited: many pay into it at once."`
}

// LedgerEntry is an atomic set of legs. It is never changed or deleted.
type LedgerEntry struct {
	ID        string            `json:"id" form:"ent" doc:"The entry's id."`
	Object    string            `json:"object" enum:"ledger_entry" doc:"Always \"ledger_entry\"."`
	Kind      string            `json:"kind" doc:"What it is, such as payment.purchase."`
	Reference string            `json:"reference,omitzero" doc:"What it belongs to, such as a payment's id."`
	Metadata  map[string]string `json:"metadata,omitzero" doc:"Ids and codes."`
	Phase     string            `json:"phase" enum:"posted|pending|post|void|expire" doc:"Pending is a hold; post, void and expire end one."`
	Resolves  string            `json:"resolves,omitzero" form:"ent" doc:"The hold that this entry ends."`
	ExpiresAt time.Time         `json:"expires_at,omitzero" doc:"Until when a hold can be posted."`
	Legs      []Leg             `json:"legs" doc:"All of them or none."`
	CreatedAt time.Time         `json:"created_at" doc:"Business time; later than every earlier entry of its accounts."`
}

// Leg takes an amount from one account and gives it to another of the same currency.
type Leg struct {
	Debit    string `json:"debit" max:"200" doc:"Who gives: an account's id (acc_…) or address."`
	Credit   string `json:"credit" max:"200" doc:"Who gets: an account's id (acc_…) or address."`
	Amount   string `json:"amount" form:"minor" doc:"Whole minor units as a decimal string, positive."`
	Currency string `json:"currency" form:"currency" doc:"The currency of both accounts."`
	Released string `json:"released,omitzero" form:"minor" doc:"Answers only: what is freed of the hold that the entry ends, in minor units."`
}

// NewEntry is an entry to post. With hold it reserves; with resolves it ends a hold.
type NewEntry struct {
	ID        string            `json:"id,omitzero" form:"ent" doc:"Made by the ledger when left out. The same id again needs the same content."`
	Kind      string            `json:"kind,omitzero" max:"40" doc:"Lower-case letters, digits, _ and . ; needed unless it resolves a hold."`
	Reference string            `json:"reference,omitzero" max:"200" doc:"What it belongs to; searchable."`
	Metadata  map[string]string `json:"metadata,omitzero" doc:"Ids and codes, 4 KiB in all."`
	Legs      []Leg             `json:"legs,omitzero" most:"1000" doc:"1 to 1,000; none where it resolves a hold."`
	Hold      *NewHold          `json:"hold,omitzero" doc:"Reserve instead of posting."`
	Resolves  *Resolution       `json:"resolves,omitzero" doc:"End a hold instead of posting legs."`
}

// NewHold makes an entry a hold.
type NewHold struct {
	ExpiresAt time.Time `json:"expires_at" doc:"Until when it can be posted; in the future of the business clock."`
}

// Resolution ends a hold.
type Resolution struct {
	Entry   string   `json:"entry" form:"ent" doc:"The hold."`
	Action  string   `json:"action" enum:"post|void" doc:"Post makes it final, void releases it."`
	Amounts []string `json:"amounts,omitzero" form:"minor" most:"1000" doc:"Post only: minor units for each leg, \"0\" for none; everything when left out."`
}

// PostEntries posts up to 10,000 entries in one request and one commit.
type PostEntries struct {
	Entries []NewEntry `json:"entries" most:"10000" doc:"In order; later ones see what earlier ones moved."`
	Atomic  bool       `json:"atomic,omitzero" doc:"All or none: one refusal refuses the request. Otherwise each stands for itself."`
}

// EntryResults says what became of each entry, in the order of the request.
type EntryResults struct {
	Object  string        `json:"object" enum:"entry_results" doc:"Always \"entry_results\"."`
	Posted  int           `json:"posted" doc:"How many stand in the ledger."`
	Refused int           `json:"refused" doc:"How many were refused."`
	Results []EntryResult `json:"results" doc:"One per entry."`
}

// EntryResult has an entry or the reason why there is none.
type EntryResult struct {
	Status string       `json:"status" enum:"posted|refused" doc:"Posted: it stands in the ledger, also when an earlier try put it there."`
	Entry  *LedgerEntry `json:"entry,omitzero" doc:"What was posted."`
	Error  *EntryError  `json:"error,omitzero" doc:"Why it was refused."`
}

// EntryError is why one entry of many was refused. It moved nothing.
type EntryError struct {
	Code   string `json:"code" doc:"The same codes as in problems."`
	Title  string `json:"title" doc:"In the language of the request."`
	Detail string `json:"detail" doc:"What to do about it."`
	Param  string `json:"param,omitzero" doc:"The place in the request, such as entries[3].legs[0].debit."`
}
