package ledger_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/seal"
	"billfold/core/ledger"
)

// Lena tops up, pays a café, and the café holds a deposit of which it takes a part.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	check(err)
	defer os.RemoveAll(dir)
	d, err := db.Open(ctx, db.Options{Path: filepath.Join(dir, "billfold.db")})
	check(err)
	defer d.Close()
	check(d.Migrate(ctx, clock.System().Now(), ledger.Schema))
	keys, err := seal.OpenFile(filepath.Join(dir, "keys"))
	check(err)
	defer keys.Close()
	books := ledger.New(ledger.Options{Clock: clock.System(), Real: clock.System(), Keys: keys, IDs: id.NewMinter(clock.System().Now)})

	var float, lena, cafe, fees ledger.Account
	var deposit ledger.Entry
	check(d.Write(ctx, func(tx *db.Tx) (err error) {
		for _, a := range []struct {
			account *ledger.Account
			spec    ledger.Spec
		}{
			{&float, ledger.Spec{Address: "system/float/EUR", Currency: eur, Limit: ledger.Unlimited, Busy: true}},
			{&fees, ledger.Spec{Address: "system/fees/EUR", Currency: eur, Limit: ledger.Unlimited, Busy: true}},
			{&cafe, ledger.Spec{Address: "merchant/cafe/EUR", Currency: eur, Limit: ledger.Unlimited, Busy: true}},
			{&lena, ledger.Spec{Address: "user/lena/EUR", Currency: eur, Limit: ledger.NonNegative}},
		} {
			if *a.account, err = books.Open(tx, a.spec); err != nil {
				return err
			}
		}
		topup := ledger.Entry{Kind: "topup", Legs: []ledger.Leg{{Debit: float.ID, Credit: lena.ID, Amount: 5000}}}
		if _, err = books.Post(tx, topup); err != nil {
			return err
		}
		_, err = books.Post(tx, ledger.Entry{Kind: "payment", Reference: "pay_1", Legs: []ledger.Leg{
			{Debit: lena.ID, Credit: cafe.ID, Amount: 1200},
			{Debit: cafe.ID, Credit: fees.ID, Amount: 12},
		}})
		if err != nil {
			return err
		}
		deposit, err = books.Hold(tx, ledger.Entry{
			Kind: "payment", Reference: "pay_2", Legs: []ledger.Leg{{Debit: lena.ID, Credit: cafe.ID, Amount: 1000}},
		}, clock.System().Now().Add(time.Hour))
		return err
	}))
	check(d.Write(ctx, func(tx *db.Tx) error {
		_, err := books.PostHold(tx, deposit.ID, "", 400)
		return err
	}))
	_, err = db.Write(ctx, d, func(tx *db.Tx) (ledger.Entry, error) {
		return books.Post(tx, ledger.Entry{Kind: "payment", Legs: []ledger.Leg{{Debit: lena.ID, Credit: cafe.ID, Amount: 3401}}})
	})
	fmt.Println(err)
	check(d.Read(ctx, func(tx *db.Tx) error {
		for _, a := range []ledger.Account{lena, cafe, fees, float} {
			balance, err := books.Balance(tx, a.ID)
			if err != nil {
				return err
			}
			fmt.Println(a.Address, balance.Amount(balance.Available))
		}
		return nil
	}))
	report, err := books.Verify(ctx, d, func(f ledger.Finding) { fmt.Println(f) })
	check(err)
	fmt.Println(report.Entries, "entries,", report.Findings, "findings")
	// Output:
	// insufficient_funds (legs[0].debit)
	// user/lena/EUR 34.00 EUR
	// merchant/cafe/EUR 15.88 EUR
	// system/fees/EUR 0.12 EUR
	// system/float/EUR -50.00 EUR
	// 4 entries, 0 findings
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
