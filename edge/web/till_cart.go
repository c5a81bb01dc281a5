package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

const (
	maxPieces = 999 // of one thing in a sale
	maxTerms  = 50  // of a sum that is typed
)

// cart is a sale before it is asked for: what is sold, what else was typed, and the tip.
type cart struct {
	lines []payment.LineItem
	total money.Amount
	said  string // as it was typed, so that a form that was changed is told from one that was sent twice
}

// readCart counts a sale from the till's form. A fault names the field: "amount", "tip", or the item's.
func (s *site) readCart(v *visit, f url.Values, items []merchant.Item, rules merchant.Counter) (cart, error) {
	c, err := money.ParseCurrency(f.Get("currency"))
	if err != nil {
		return cart{}, blame(err, "amount")
	}
	k := cart{total: c.Of(0)}
	for _, item := range items {
		typed := strings.TrimSpace(f.Get("q-" + string(item.ID)))
		if typed == "" || typed == "0" {
			continue
		}
		n, err := strconv.ParseInt(typed, 10, 64)
		if err != nil || n < 0 || n > maxPieces {
			return k, payment.ErrItems.With("q-" + string(item.ID))
		}
		if item.Price.Currency != c {
			return k, money.ErrCurrencyMismatch.With("q-" + string(item.ID))
		}
		cost, _, err := item.Price.Mul(n, 1, money.Down)
		if err == nil {
			err = k.add(item.Name, n, cost)
		}
		if err != nil {
			return k, blame(err, "amount")
		}
	}
	if typed := strings.TrimSpace(f.Get("amount")); typed != "" || len(k.lines) == 0 {
		sum, err := sumField(typed, c)
		if err == nil {
			err = k.add(first(strings.TrimSpace(f.Get("what")), v.say("till.other")), 1, sum)
		}
		if err != nil {
			return k, blame(err, "amount")
		}
	}
	if err := k.tip(v, f, rules); err != nil {
		return k, blame(err, "tip")
	}
	if len(k.lines) == 1 && k.lines[0].Quantity == 1 && strings.TrimSpace(f.Get("amount")) != "" {
		k.lines = nil // an amount and nothing else: what it is for stands beside it already
	}
	k.said = k.total.String()
	for _, line := range k.lines {
		k.said += "|" + line.Name + "|" + strconv.FormatInt(line.Quantity, 10)
	}
	return k, nil
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func blame(err error, name string) error {
	if f, ok := fault.As(err); ok {
		return f.With(name)
	}
	return err
}

func (k *cart) add(name string, n int64, cost money.Amount) (err error) {
	if k.total, err = k.total.Add(cost); err == nil {
		k.lines = append(k.lines, payment.LineItem{Name: name, Quantity: n, Amount: cost.Minor})
	}
	return err
}

// tip adds what the form says: a percentage that the shop offers, rounded down, or an amount of the payer's own.
func (k *cart) tip(v *visit, f url.Values, rules merchant.Counter) error {
	tip := k.total.Currency.Of(0)
	said, own := f.Get("tip"), strings.TrimSpace(f.Get("own_tip"))
	switch {
	case said == "" && own != "":
		said = "own" // typed without choosing it: never left out unsaid
	case said != "own" && own != "":
		return fault.ErrInvalid // two tips: which one was meant?
	}
	switch said {
	case "":
		return nil
	case "own":
		if own == "" {
			return nil
		}
		var err error
		if tip, err = typedAmount(own, k.total.Currency); err == nil && !rules.OwnTip {
			err = fault.ErrInvalid
		}
		if err == nil && tip.Minor < 0 {
			err = money.ErrAmountNotPositive
		}
		if err != nil {
			return err
		}
	default:
		percent, err := strconv.ParseInt(said, 10, 64)
		if err != nil || !slices.Contains(rules.Tips, percent) {
			return fault.ErrInvalid
		}
		if tip, _, err = k.total.Mul(percent, 100, money.Down); err != nil {
			return err
		}
	}
	if tip.Minor == 0 {
		return nil
	}
	return k.add(v.say("till.tip"), 1, tip)
}

// sumField reads an amount, or several with a plus between them; a term may say how often: "12.50 + 2 x 3.20".
func sumField(typed string, c money.Currency) (money.Amount, error) {
	terms := strings.Split(typed, "+")
	if len(terms) > maxTerms {
		return money.Amount{}, money.ErrInvalidAmount
	}
	sum := c.Of(0)
	for _, term := range terms {
		n := int64(1)
		if at := strings.IndexFunc(term, func(r rune) bool { return r == 'x' || r == 'X' || r == '×' || r == '*' }); at >= 0 {
			times, err := strconv.ParseInt(strings.TrimSpace(term[:at]), 10, 64)
			if err != nil || times < 1 || times > maxPieces {
				return sum, money.ErrInvalidAmount
			}
			n, term = times, strings.TrimLeft(term[at:], "xX×*")
		}
		one, err := amountField(term, c)
		if err == nil {
			one, _, err = one.Mul(n, 1, money.Down)
		}
		if err == nil {
			sum, err = sum.Add(one)
		}
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// setTill fills in what a till sells and how it asks, with what was typed so far.
func (s *site) setTill(r *http.Request, shop merchant.Shop, view *ui.Till) ([]merchant.Item, merchant.Counter, error) {
	items, err := s.Shops.Items(r.Context(), shop.ID)
	if err != nil {
		return nil, merchant.Counter{}, err
	}
	rules, err := s.Shops.CounterOf(r.Context(), shop.ID)
	f := r.PostForm
	view.Items = nil
	for _, item := range items {
		view.Items = append(view.Items, ui.TillItem{ID: string(item.ID), Name: item.Name, Money: ui.Amount(item.Price),
			Minor: item.Price.MinorString(), Code: item.Price.Currency.Code, Quantity: f.Get("q-" + string(item.ID))})
	}
	view.Tips, view.OwnTip, view.Numbered = rules.Tips, rules.OwnTip, rules.Numbered
	view.Tip, view.TipTyped, view.Bill = f.Get("tip"), f.Get("own_tip"), f.Get("bill")
	view.Scales = nil
	for _, code := range shop.Currencies {
		c, _ := money.Lookup(code)
		view.Scales = append(view.Scales, int(c.Scale))
	}
	return items, rules, err
}
