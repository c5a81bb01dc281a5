package ledger

import (
	"time"

	"billfold/base/money"
)

// AccountID is an account's number: dense from 1, given once, never used again.
type AccountID int64

// Limit says which side of zero an account may not cross. Stored; the numbers never change.
type Limit uint8

const (
	// NonNegative is for what we owe somebody, a customer's wallet: credits - debits - pending debits never falls below zero.
	NonNegative Limit = iota + 1
	// NonPositive is for what somebody owes us, debit-normal: debits - credits - pending credits never falls below zero.
	NonPositive
	// Unlimited is for accounts that have no limit: a shop's receipts, fees, the float at a bank.
	Unlimited
)

// String names the limit.
func (l Limit) String() string {
	switch l {
	case NonNegative:
		return "non_negative"
	case NonPositive:
		return "non_positive"
	case Unlimited:
		return "unlimited"
	}
	return "unknown"
}

// Spec says what Open opens.
type Spec struct {
	// Address is the account's unique name, such as "user/usr_01k…/EUR": 1 to 200 bytes of visible ASCII. What comes before the
	// last slash is its owner.
	Address  string
	Currency money.Currency
	Limit    Limit
	// Busy is for Unlimited accounts that many pay into at once: they are neither locked nor updated when an entry is
	// posted, and no pending totals are kept for them.
	Busy bool
}

// Account is one asset of one owner, as it is at the moment of reading. Totals only grow but for the pending ones. Of a busy
// account the pending totals are zero: nobody keeps them.
type Account struct {
	ID       AccountID
	Address  string
	Owner    string // the address without its last part
	Currency money.Currency
	Limit    Limit
	Busy     bool
	Frozen   bool // by the operator: nothing moves but the release of holds
	Closed   bool

	DebitsPosted, CreditsPosted   int64
	DebitsPending, CreditsPending int64
	Entries                       int64     // legs that touched the account, held ones included (not on busy accounts)
	LastAt                        time.Time // of its newest entry; zero for busy accounts
	OpenedAt                      time.Time
}

// Balance is what an account holds, in minor units of its currency.
type Balance struct {
	Currency  money.Currency
	Posted    int64 // credits - debits that are final; negative on debit-normal accounts
	Pending   int64 // held on its way out (pending debits)
	Incoming  int64 // held on its way in (pending credits); never part of Available
	Available int64 // what may still leave: Posted - Pending; on a NonPositive account what may still come back, -Posted - Incoming
}

// Balance computes the account's balance from its totals. It refuses, with ErrOverflow, what 64 bits cannot show.
func (a Account) Balance() (Balance, error) {
	var posted, available money.Sum128
	posted.Add(a.CreditsPosted)
	posted.Sub(a.DebitsPosted)
	if a.Limit == NonPositive {
		available.SubSum(posted)
		available.Sub(a.CreditsPending)
	} else {
		available.AddSum(posted)
		available.Sub(a.DebitsPending)
	}
	b := Balance{Currency: a.Currency, Pending: a.DebitsPending, Incoming: a.CreditsPending}
	var fits1, fits2 bool
	b.Posted, fits1 = posted.Int64()
	b.Available, fits2 = available.Int64()
	if !fits1 || !fits2 {
		return Balance{}, ErrOverflow
	}
	return b, nil
}

// Amount returns minor units of the balance's currency as an amount.
func (b Balance) Amount(minor int64) money.Amount { return b.Currency.Of(minor) }

// ownerOf cuts the last part off an address; an address of one part owns itself.
func ownerOf(address string) string {
	for i := len(address) - 1; i > 0; i-- {
		if address[i] == '/' {
			return address[:i]
		}
	}
	return address
}
