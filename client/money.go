package client

import "time"

// Money is an amount of one currency.
type Money struct {
	Amount   string `json:"amount" form:"minor" doc:"Whole minor units as a decimal string: \"4850\" is 48.50 EUR, or 4850 JPY."`
	Currency string `json:"currency" form:"currency" doc:"ISO 4217 code, or the code of an asset of this installation."`
}

// Currency is a currency that amounts may have.
type Currency struct {
	Object string `json:"object" enum:"currency" doc:"Always \"currency\"."`
	Code   string `json:"code" form:"currency" doc:"ISO 4217 code."`
	Scale  int    `json:"scale" form:"scale" doc:"Decimals between the minor and the whole unit: 2 means that 100 minor units are 1.00."`
}

// Balance is what one owner has, an account at a time.
type Balance struct {
	Object   string           `json:"object" enum:"balance" doc:"Always \"balance\"."`
	Owner    string           `json:"owner" form:"owner" doc:"The person or shop."`
	AsOf     time.Time        `json:"as_of" doc:"Business time of the reading."`
	Balances []AccountBalance `json:"balances" doc:"One per account, oldest account first."`
}

// AccountBalance is what one account holds.
type AccountBalance struct {
	Account   string `json:"account" form:"acc" doc:"The account."`
	Available Money  `json:"available" doc:"What may be spent now: posted less held."`
	Posted    Money  `json:"posted" doc:"Everything that is final."`
	Held      Money  `json:"held" doc:"Reserved on its way out, until captured or released."`
	Incoming  Money  `json:"incoming" doc:"Reserved for this account by others; never part of available."`
}

// Account is one asset of one owner.
type Account struct {
	ID        string         `json:"id" form:"acc" doc:"The account's id."`
	Object    string         `json:"object" enum:"account" doc:"Always \"account\"."`
	Owner     string         `json:"owner" form:"owner" doc:"The person or shop."`
	Currency  string         `json:"currency" form:"currency" doc:"What the account counts."`
	Scale     int            `json:"scale" form:"scale" doc:"Decimals of the currency."`
	State     string         `json:"state" enum:"open|frozen|closed" doc:"Frozen: nothing moves but the release of holds."`
	Balance   AccountBalance `json:"balance" doc:"What it holds now."`
	CreatedAt time.Time      `json:"created_at" doc:"When it was opened."`
}
