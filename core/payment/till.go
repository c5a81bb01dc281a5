package payment

import (
	"context"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/merchant"
	"billfold/core/payment/qr"
)

// MetaBill is the fact of a payment's metadata that is the number on the shop's bill: payment codes carry it in the object that the
// standard has for it (MPM table 3.6, 62.01), and both sides are shown it.
const MetaBill = "bill"

// billMost is how many characters of a bill number a payment code carries.
const billMost = 25

// Bill is the number of the shop's bill that is paid; "" where the shop gave none.
func (p Payment) Bill() string { return p.Metadata[MetaBill] }

// MetaTip is where a payment's metadata say how much of it is a tip, in minor units.
const MetaTip = "tip"

// Tip is how much of the amount is a tip, as the code said or the payer typed; zero where there is none.
func (p Payment) Tip() money.Amount {
	tip, err := money.ParseMinor(p.Metadata[MetaTip], p.Amount.Currency)
	if err != nil || tip.Minor <= 0 || tip.Minor > p.Amount.Minor {
		return p.Amount.Currency.Of(0)
	}
	return tip
}

// CleanBill reads a bill number as somebody typed it. checkout_bill where a payment code cannot carry it: it has up to 25 printable
// characters of ASCII, and "***" would ask the payer for it (MPM 4.8.1).
func CleanBill(typed string) (string, error) {
	bill := strings.TrimSpace(typed)
	if len(bill) > billMost || strings.ContainsFunc(bill, func(r rune) bool { return r < 0x20 || r > 0x7E }) || bill == qr.AskPayer {
		return "", ErrBill.With("bill")
	}
	return bill, nil
}

// TillSales are what was paid at a till of the calling shop since a moment, newest first; the cursor is the last page's Next. However much
// other tills of the shop sell, a page costs what it shows. Faults: shop_required, invalid_cursor.
func (s *Service) TillSales(ctx context.Context, c Caller, till merchant.TillID, since time.Time, cursor string, limit int) (Page, error) {
	if c.Shop == "" {
		return Page{}, ErrShopOnly
	}
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	from, err := parseCursor(cursor)
	if err != nil {
		return Page{}, err
	}
	limit = max(1, min(limit, pageMost))
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]partyRow, error) {
		return db.All(tx, scanParty, selectTill, string(till), string(c.Shop), micros(since), from.at, from.payment, limit+1)
	})
	if err != nil {
		return Page{}, err
	}
	page := Page{}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		page.Next = place{micros(last.at), string(last.record.id)}.String()
	}
	page.Items, err = s.items(ctx, c, rows)
	return page, err
}
