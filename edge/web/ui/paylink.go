package ui

import "time"

// PayLinks is the owner's page of addresses for being paid.
type PayLinks struct {
	ID, Name string
	Links    []PayLink
	Form     PayLinkForm
	More     string // the next page
}

// PayLink is one of them, for its owner and for whoever opens it. State is "active", "disabled", "expired" or "used".
type PayLink struct {
	ID, Shop, Title, Note, URL, State string
	Money                             Money // zero: the payer types it
	Least                             Money
	Currency                          string
	Used, Most                        int64
	ExpiresAt                         time.Time
	Asks                              []string // parts of an address that payers are asked for
	Nonce, Typed                      string
	Errors                            FieldErrors
}

// Choice is a box that can be ticked.
type Choice struct {
	Name string
	On   bool
}

// PayLinkForm is the form that makes one.
type PayLinkForm struct {
	Title, Note, Amount, Currency, Uses, Days, Nonce string
	Currencies                                       []string
	Asks                                             []Choice // which contact fields, by set
	Errors                                           FieldErrors
}
