package bench

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"billfold/app/demo"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/payment"
)

// stockMark is the setting in which a bench keeps what it made of a shop, so that a folder can be measured again, or grow.
const stockMark = "bench.shop"

// shopOwner has the shop that is stocked.
const shopOwner = "mira"

// shopMarks are what there is of a shop, and the payments by which its list is asked.
type shopMarks struct {
	Made   int        // payments
	Second payment.ID // nearly the oldest
	Middle payment.ID
	Order  string // the reference of one of the first
}

func (m shopMarks) receipt() string { return strings.Replace(string(m.Second), "pay_", "rcp_", 1) }

// One payment in so many is unlike the others.
const (
	oddOrder   = 7 // the payment whose order is looked for
	oddAmount  = 11
	refundEach = 20_000
	openEach   = 50_000
)

// stock brings a shop's payments to so many, by the verbs that everybody uses: people pay it, each payment with an order's number and
// words, over townDays days; a few are given back, and a few checkouts nobody pays. After each day it is written down how far it came.
func (t *town) stock(ctx context.Context, inFlight, many int) (m shopMarks, err error) {
	before, err := db.Read(ctx, t.DB, func(tx *db.Tx) (string, error) {
		text, _, err := db.Setting(tx, stockMark)
		return text, err
	})
	if err != nil {
		return m, err
	}
	if before != "" {
		if err := json.Unmarshal([]byte(before), &m); err != nil {
			return m, err
		}
	}
	if m.Made >= many {
		return m, nil
	}
	from := m.Made
	var rich []demo.Act
	for _, who := range customers() {
		rich = append(rich, demo.Act{Who: who, Currency: "EUR", Minor: 100_000_000_00})
	}
	if err := t.endow(ctx, rich); err != nil {
		return m, err
	}
	for day := range townDays {
		if err := t.sell(ctx, inFlight, from+(many-from)*day/townDays, from+(many-from)*(day+1)/townDays, many, &m); err != nil {
			return m, err
		}
		if err := t.nextDay(ctx); err != nil {
			return m, err
		}
		m.Made = from + (many-from)*(day+1)/townDays
		if err := t.remember(ctx, m); err != nil {
			return m, err
		}
	}
	return m, t.told(ctx)
}

func (t *town) remember(ctx context.Context, m shopMarks) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = patient(ctx, func() (struct{}, error) {
		return struct{}{}, t.DB.Write(ctx, func(tx *db.Tx) error { return db.SetSetting(tx, stockMark, string(text)) })
	})
	return err
}

// customers are who pays: the demo's people but for the shop's owner.
func customers() (handles []string) {
	for _, p := range demo.People {
		if p.Handle != shopOwner {
			handles = append(handles, p.Handle)
		}
	}
	return handles
}

// sell makes the shop's payments from one number until before another.
func (t *town) sell(ctx context.Context, inFlight, from, until, many int, m *shopMarks) error {
	euro, _ := money.Lookup("EUR")
	shop := payment.Caller{Shop: t.shops[demo.Till]}
	run, who := id.Secret(4), customers()
	var guard sync.Mutex
	return together(inFlight, until-from, func(n int) error {
		n += from
		amount := euro.Of(100 + int64(n%5000))
		if n == oddAmount {
			amount = euro.Of(123_456_78)
		}
		call := once.Call{Key: run + strconv.Itoa(n)}
		order := "order-" + run + "-" + strconv.Itoa(n)
		p, err := patient(ctx, func() (payment.Payment, error) {
			return t.Payments.Create(ctx, t.caller(who[n%len(who)]), payment.Terms{Payee: string(shop.Shop), Amount: amount,
				Description: "number " + strconv.Itoa(n) + " " + goods[n%len(goods)], Reference: order}, true, call)
		})
		if err == nil && n%refundEach == refundEach/2 {
			_, err = patient(ctx, func() (payment.Payment, error) {
				return t.Payments.Refund(ctx, shop, p.ID, nil, "cold", once.Call{Key: call.Key + "r"})
			})
		}
		if err == nil && n%openEach == openEach/2 {
			_, err = patient(ctx, func() (payment.CheckoutID, error) { return t.sale(ctx) }) // which expires
		}
		guard.Lock()
		defer guard.Unlock()
		switch n {
		case 1:
			m.Second = p.ID
		case oddOrder:
			m.Order = order
		case many / 2:
			m.Middle = p.ID
		}
		return err
	})
}

// together does n things, so many at once, and stops at the first error.
func together(inFlight, n int, do func(i int) error) error {
	var next atomic.Int64
	errs := make([]error, inFlight)
	var all sync.WaitGroup
	for i := range inFlight {
		all.Go(func() {
			for k := next.Add(1) - 1; k < int64(n) && errs[i] == nil; k = next.Add(1) - 1 {
				if errs[i] = do(int(k)); errs[i] != nil {
					next.Store(int64(n))
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
