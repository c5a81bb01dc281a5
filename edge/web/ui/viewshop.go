package ui

import "time"

// Till is the page of a till's device before a sale: pairing, sign-in, or the amount.
type Till struct {
	Shop, Till, Name       string
	Staff                  []StaffLine
	Chosen                 string // who tried to sign in
	Amount, Currency, What string // Amount may be a sum: "12.50 + 3.20"
	Currencies             []string
	Scales                 []int // of the currencies
	Items                  []TillItem
	Tips                   []int64 // percentages that are offered
	OwnTip                 bool
	Tip, TipTyped          string // what was chosen: "", a percentage, or "own" with the amount that was typed
	Bill                   string
	Numbered               bool  // bills are numbered by themselves
	Total                  Money // counted without JavaScript
	Nonce                  string
	Errors                 FieldErrors
}

// TillItem is something that the till sells.
type TillItem struct {
	ID, Name, Minor, Code, Quantity string // Minor is the price in minor units
	Money                           Money
}

// Goods is the owner's page of what the tills sell and how they ask.
type Goods struct {
	ID, Name     string
	Items        []GoodsItem
	Currencies   []string
	Tips, Prefix string // as typed: "5 10"
	OwnTip       bool
	Numbered     bool
	New          GoodsItem
	Errors       FieldErrors // of the new item "name", "price"; of the rules "tips", "prefix"
}

// GoodsItem is one thing on that page, as its form shows it.
type GoodsItem struct {
	ID, Title, Price, Currency string
	Money                      Money
	Errors                     FieldErrors
}

// StaffLine is somebody who works at the tills.
type StaffLine struct {
	ID, Name string
	Limits   []Money
	Locked   bool
	Ended    bool
}

// Sale is the page that payer and clerk look at together. State is a checkout's.
type Sale struct {
	ID, Shop, Till, State string
	Money                 Money
	What, Payer, Receipt  string
	Bill                  string
	Items                 []Item
	Code                  string // the EMVCo payload
	Link                  string // what any phone's camera opens
	Until                 time.Time
}

// TillDay is what a till sold today.
type TillDay struct {
	Shop, Till, Name, Nonce, Problem string
	Limits                           []Money
	Sales                            []SaleLine
	Older                            string // the next page
}

// SaleLine is one of them, with what is left to give back.
type SaleLine struct {
	ID, State, What, Left, Code string
	Bill                        string
	At                          time.Time
	Money                       Money
	CanRefund                   bool
}

// Floor is the owner's page of stores, tills and staff.
type Floor struct {
	ID, Name string
	Stores   []StoreBlock
	Staff    []StaffLine
	Currency string
	Pairing  string // a code that was just made, shown once
	Paired   string // the till it is for
	Typed    map[string]string
	Errors   FieldErrors // by form and field: "store.name"
}

// StoreBlock is a store with its tills.
type StoreBlock struct {
	ID, Name, City string
	Closed         bool
	Tills          []TillLine
}

// TillLine is a till in a list.
type TillLine struct {
	ID, Name string
	Paired   bool
	PairedAt time.Time
}

// Sticker is what a shop prints.
type Sticker struct {
	Shop, ShopID, Handle, Store string
	Stores                      []StoreBlock
	Chosen                      string // the store
	Currencies                  []string
	Currency, Amount            string
	Money                       Money // zero: the payer types it
	AskTip, AskBill             bool  // its payer is asked for them
	Code, Link                  string
	Errors                      FieldErrors
}

// Scan is the page that reads a code.
type Scan struct {
	Code    string
	Read    *ScanRead
	Nonce   string
	Problem string
	Errors  FieldErrors
}

// ScanRead is what a static code asks, where the payer has something to say.
type ScanRead struct {
	Shop, Handle, Store, Terminal string
	Currency, Amount              string // Amount is what the payer typed
	Money                         Money  // what the shop asks; zero: the payer types it
	Tip                           Money
	AskTip, AskBill               bool
	TipTyped, Bill                string
}

// ShopApply is the form with which somebody opens a shop.
type ShopApply struct {
	Name, Handle, MCC, Country, Currency string
	Currencies                           []string
	Errors                               FieldErrors
}

// Origins are the addresses to which a shop's checkouts may return.
type Origins struct {
	ID, Name, Typed, Error string
	List                   []string
}

// ShopKeys are a shop's API keys.
type ShopKeys struct {
	ID, Name string
	Keys     []Key
	Scopes   []string
	Secret   string // of the key that was just made, shown once
	Error    string
}
