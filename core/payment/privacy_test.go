package payment

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/test/harness"
)

// TestNothingInPlain: what people write and what they are called lies in no column of ours in plain, and the events hold no
// name at all.
func TestNothingInPlain(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		const canary = "xylophone"
		terms := w.terms(500)
		terms.Description = "for the " + canary
		p, err := w.Create(w.ctx, w.by(w.lena), terms, true, w.key())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Refund(w.ctx, w.byShop(), p.ID, nil, "broken "+canary, w.key()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.CreateCheckout(w.ctx, w.byShop(), CheckoutTerms{Terms: Terms{Amount: eur.Of(1), Description: canary},
			ReturnURL: "https://shop.example", Items: []LineItem{{canary, 1, 1}}}, w.key()); err != nil {
			t.Fatal(err)
		}
		w.rest()
		looked := 0
		for _, table := range []string{"payment_record", "payment_step", "payment_party", "payment_checkout", "payment_intent", "event_record",
			"notice_item", "once_key", "rail_callback", "rail_sandbox_charge", "ledger_entry", "job_task"} {
			rows, err := harness.Raw(t, w.DB).Query("select * from " + table)
			if err != nil {
				t.Fatal(err)
			}
			columns, err := rows.Columns()
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				values, dest := make([]any, len(columns)), make([]any, len(columns))
				for i := range values {
					dest[i] = &values[i]
				}
				if err := rows.Scan(dest...); err != nil {
					t.Fatal(err)
				}
				for i, v := range values {
					text := []byte(fmt.Sprint(v))
					if raw, ok := v.([]byte); ok {
						text = raw
					}
					for _, secret := range []string{canary, "Lena", "Hoffmann", "tok_4242 "} {
						if bytes.Contains(text, []byte(secret)) {
							t.Errorf("%s.%s holds %q in plain", table, columns[i], secret)
						}
					}
					looked++
				}
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if looked < 200 {
			t.Errorf("only %d values were looked at", looked)
		}
	})
}

// TestErased: a person's key is destroyed. Their payments are there, without their words and their name, and all still verifies.
func TestErased(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		terms := w.terms(500)
		terms.Description = "a present"
		p, err := w.Create(w.ctx, w.by(w.lena), terms, true, w.key())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Keys.Destroy(string(w.lena)); err != nil {
			t.Fatal(err)
		}
		if err := w.real.Advance(nameLives); err != nil {
			t.Fatal(err)
		}
		w.rest() // told after the erasure: the shop still hears of it
		seen, err := w.Get(w.ctx, w.byShop(), p.ID)
		if err != nil || seen.Description != "" || strings.Contains(seen.PayerName, "Lena") || seen.Captured != 500 {
			t.Errorf("seen by the shop: %+v, %v", seen, err)
		}
		told := strings.Join(w.titles(string(w.shop.ID)), "; ")
		if !strings.Contains(told, "paid you 5.00 EUR") || strings.Contains(told, "Lena") {
			t.Errorf("the shop was told: %s", told)
		}
		if _, err := w.Refund(w.ctx, w.byShop(), p.ID, nil, "sorry", w.key()); err != nil {
			t.Errorf("refund to somebody erased: %v", err)
		}
	})
}

// TestImpatience: a caller who has gone, and a database that is away, get an answer that says whether money moved.
func TestImpatience(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		w := build(t, d, harness.Keyring(t), harness.Clock(), harness.Clock())
		w.people()
		w.fund(w.lena, 10_000)
		gone, leave := context.WithTimeout(w.ctx, time.Nanosecond)
		defer leave()
		<-gone.Done()
		call := w.key()
		_, err := w.Create(gone, w.by(w.lena), w.terms(100), true, call)
		f, ok := fault.As(err)
		if !ok || !f.Retryable || f.Moved.String() != "no" && f.Link == "" {
			t.Errorf("a caller who has gone: %v", err)
		}
		if p, err := w.Create(w.ctx, w.by(w.lena), w.terms(100), true, call); err != nil || p.State != Completed {
			t.Errorf("the same key later: %+v, %v", p, err)
		}
		if got := w.available(w.lena); got != 9900 {
			t.Errorf("paid %d instead of once", 10_000-got)
		}
	}, schemas...)
}
