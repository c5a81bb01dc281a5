package ui

import "strings"

// DemoShop is the sandbox's web shop: what it sells, and what is wrong with an order.
type DemoShop struct {
	Goods []DemoGood
	Most  int    // of one thing in an order
	Order string // names the form, so that sending it again is the same order
	Error string
}

// DemoGood is something on its shelf. Name is its key: "beans".
type DemoGood struct {
	Name   string
	Money  Money
	Wanted int
}

// DemoOrder is an order as the shop reads it from the API. State is its payment's, with "open", "expired" and "canceled" of its
// session before anything was paid.
type DemoOrder struct {
	Session, Payment string
	State            string
	Lines            []Item
	Total, Returned  Money
	Receipt          string
	PayHref          string // while it can be paid
	Refunds          bool   // there is something left to give back
	Problem          string // why the last press did not do it
}

// number is short enough to be read out; the session's id is what counts.
func (v DemoOrder) number() string {
	id := strings.TrimPrefix(v.Session, "chk_")
	return strings.ToUpper(id[max(0, len(id)-10):max(0, len(id)-2)]) // the last two say nothing: they tell steps of one payment apart
}

// calls are what the shop has asked of the API for it.
func (v DemoOrder) calls() []string {
	list := []string{"POST /v1/checkout/sessions", "GET /v1/checkout/sessions/" + v.Session}
	if !v.Returned.Zero() {
		list = append(list, "POST /v1/payments/"+v.Payment+"/refund")
	}
	return list
}

// look is the icon and the tone of an order's state, and the key of its words.
func (v DemoOrder) look() (icon, tone, words string) {
	switch v.State {
	case "open":
		return "clock", "warn", "open"
	case "completed":
		return "check", "ok", "paid"
	case "partly_refunded":
		return "undo", "", "partly"
	case "refunded":
		return "undo", "", "refunded"
	case "processing", "authorized", "held":
		return "clock", "", "waiting"
	}
	return "x", "warn", "unpaid"
}

// DemoMissing says that an order is not one of this shop's.
type DemoMissing struct{ Title, Detail string }
