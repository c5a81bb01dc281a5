package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// verify runs Verify and returns what it found.
func (b *bank) verify() (ledger.Report, []ledger.Finding) {
	b.t.Helper()
	var found []ledger.Finding
	report, err := b.Verify(context.Background(), b.d, func(f ledger.Finding) { found = append(found, f) })
	if err != nil {
		b.t.Fatalf("verify: %v", err)
	}
	return report, found
}

func (b *bank) wantClean() ledger.Report {
	b.t.Helper()
	report, found := b.verify()
	for _, f := range found {
		b.t.Errorf("verify found %v", f)
	}
	if report.Findings != len(found) {
		b.t.Errorf("the report counts %d findings, told were %d", report.Findings, len(found))
	}
	return report
}

// town is a small ledger in which everything that can be stored is stored.
type town struct {
	*bank
	float, ana, bo, shop, fees, yen ledger.AccountID
	paid, tailed                    ledger.Entry // a payment of long ago with a fee, and one whose sides are in the tail
	open, posted, voided            ledger.Entry // holds
	post                            ledger.Entry // what posted the hold
}

func newTown(t *testing.T, b *bank) *town {
	w := &town{bank: b}
	w.float = b.openBusy("system/float/EUR", eur)
	w.fees = b.openBusy("system/fees/EUR", eur)
	w.shop = b.openBusy("merchant/shop/EUR", eur)
	w.ana = b.open("user/ana/EUR", eur, ledger.NonNegative)
	w.bo = b.open("user/bo/EUR", eur, ledger.NonNegative)
	w.yen = b.open("user/bo/JPY", jpy, ledger.NonNegative)
	b.mustPost(leg(w.float, w.ana, 100_000))
	batch := make([]ledger.Entry, 600)
	for i := range batch {
		batch[i] = leg(w.ana, w.shop, 10)
	}
	b.batch(batch, true)
	b.advance(time.Second)
	w.paid = b.mustPost(ledger.Entry{
		Kind: "payment", Reference: "pay_paid", Meta: map[string]string{"order": "1234"},
		Legs: []ledger.Leg{{Debit: w.ana, Credit: w.shop, Amount: 1200}, {Debit: w.shop, Credit: w.fees, Amount: 12}},
	})
	w.open = b.mustHold(leg(w.ana, w.shop, 700), hour)
	w.posted = b.mustHold(leg(w.ana, w.bo, 500), hour)
	w.post = w.must(w.end(ledger.Post, w.posted.ID, b.id(), 300))
	w.voided = b.mustHold(leg(w.bo, w.shop, 300), hour)
	w.must(w.end(ledger.Void, w.voided.ID, b.id()))
	b.advance(time.Hour)
	b.fold()
	w.tailed = b.mustPost(leg(w.ana, w.shop, 77))
	return w
}

func (w *town) must(e ledger.Entry, err error) ledger.Entry {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// strides is a clock that goes on by five hours whenever it is looked at: what a verification takes for new when it begins is old when it
// has been read.
type strides struct {
	mu   sync.Mutex
	next time.Time
}

func (s *strides) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.next
	s.next = now.Add(5 * time.Hour)
	return now
}

// What was posted while a long verification read the rest is added to its sums, and not looked up account by account.
func TestVerifyCatchesUp(t *testing.T) {
	b := newBank(t, harness.Open(t, db.Postgres, ledger.Schema))
	float := b.openBusy("float", eur)
	const people = 40
	batch := make([]ledger.Entry, people)
	for i := range batch {
		batch[i] = leg(float, b.open("person/"+strconv.Itoa(i), eur, ledger.NonNegative), 100)
	}
	b.batch(batch, true)
	statements := func(by *bank) int64 {
		_, before := b.d.Asked()
		by.wantClean()
		_, after := b.d.Asked()
		return after - before
	}
	one, none := statements(b), statements(b.withClock(&strides{next: b.clock.Now()}))
	if one-none < people {
		t.Errorf("%d statements, and %d when nothing is new any more", one, none)
	}
}

// The tables of the ledger, in the order in which a shell would find them.
var tables = []string{
	"ledger_account", "ledger_block", "ledger_checkpoint", "ledger_entry", "ledger_fold", "ledger_hold", "ledger_kind", "ledger_kind_run",
	"ledger_leg", "ledger_tail", "ledger_total",
}

func TestVerifyFindsEveryChangeByHand(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		w := newTown(t, b)
		b.settle()
		report := b.wantClean()
		if report.Entries != 608 || report.Holds != 3 || report.Checkpoints < 4 || report.Accounts != 6 || report.Legs != 609 {
			t.Errorf("verify counted %+v", report)
		}
		raw := harness.Raw(t, b.d)
		for _, table := range tables {
			run(t, raw, "create table kept_"+table+" as select * from "+table)
		}
		for _, c := range w.changes() {
			t.Run(c.name, func(t *testing.T) {
				if n := run(t, raw, c.sql, c.args...); n == 0 {
					t.Fatal("the change changed nothing")
				}
				for how, by := range map[string]*bank{"afterwards": b, "while it grows": b.withClock(&strides{next: b.clock.Now()})} {
					if _, found := by.verify(); !told(found, c) {
						t.Errorf("%s verify said %v, want a finding in %s %s of account %s", how, found, c.table, c.id, c.account)
					}
				}
				for _, table := range tables {
					if !strings.Contains(c.sql, table) {
						continue
					}
					run(t, raw, "delete from "+table)
					run(t, raw, "insert into "+table+" select * from kept_"+table)
				}
			})
		}
		b.wantClean()
	})
}

// change is one thing that somebody with a SQL shell does, and where Verify must see it.
type change struct {
	name               string
	sql                string
	args               []any
	table, id, account string
}

func told(found []ledger.Finding, c change) bool {
	for _, f := range found {
		if f.Table == c.table && strings.HasPrefix(f.ID, c.id) && (c.account == "" || f.Account == c.account) && f.What != "" {
			return true
		}
	}
	return false
}

func TestFindingIsOneLine(t *testing.T) {
	f := ledger.Finding{Table: "ledger_account", ID: "4", Account: "user/ana/EUR", What: "its debits are wrong", Expected: "2", Found: "1"}
	if got, want := f.String(), "ledger_account 4 (account user/ana/EUR): its debits are wrong: expected 2, found 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f = ledger.Finding{Table: "ledger_hold", ID: "ent_x", What: "an open hold whose entry is not there"}
	if got, want := f.String(), "ledger_hold ent_x: an open hold whose entry is not there"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func run(t *testing.T, raw *sql.DB, q string, args ...any) int64 {
	t.Helper()
	result, err := raw.Exec(q, args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	n, _ := result.RowsAffected()
	return n
}

func (w *town) changes() []change {
	key := func(e ledger.Entry) []byte {
		b, err := idBytes(e.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		return b
	}
	const ana, shop = "user/ana/EUR", "merchant/shop/EUR"
	anaNumber, shopNumber := fmt.Sprint(w.ana), fmt.Sprint(w.shop)
	paidID, openID, postedID, postID := string(w.paid.ID), string(w.open.ID), string(w.posted.ID), string(w.post.ID)
	const first = "(select number from ledger_entry where id = $1)"
	paid, tailed, open, posted, post := key(w.paid), key(w.tailed), key(w.open), key(w.posted), key(w.post)
	entry := func(name, set string) change {
		return change{name, "update ledger_entry set " + set + " where id = $1", []any{paid}, "ledger_entry", paidID, ana}
	}
	legs := func(name, set string) change {
		return change{name, "update ledger_leg set " + set + " where number = " + first, []any{paid}, "ledger_entry", paidID, ""}
	}
	total := func(name, set string) change {
		return change{name, "update ledger_total set " + set + " where account = $1", []any{w.ana}, "ledger_total", anaNumber, ana}
	}
	account := func(name, set string) change {
		return change{name, "update ledger_account set " + set + " where id = $1", []any{w.ana}, "ledger_account", anaNumber, ana}
	}
	fold := func(name, set string) change {
		return change{name, "update ledger_fold set " + set + " where account = $1", []any{w.shop}, "ledger_fold", shopNumber, shop}
	}
	point := func(name, set string, id ledger.AccountID, address string) change {
		return change{name, "update ledger_checkpoint set " + set + ` where account = $1 and at = (select min(at) from kept_ledger_checkpoint
			where account = $1)`, []any{id}, "ledger_checkpoint", fmt.Sprint(id), address}
	}
	return []change{
		entry("a byte of metadata", `meta = '{"order":"1235"}'`),
		entry("metadata that is no JSON", `meta = '{"order'`),
		entry("no metadata", `meta = null`),
		entry("a reference", `reference = 'pay_other'`),
		entry("a kind", `kind = kind + 1`),
		entry("a time", `at = at + 1`),
		entry("a phase", `phase = 3`),
		entry("a phase beyond a byte", `phase = 256`),
		entry("a tag", `tag = id`),
		legs("an amount", `amount = amount + 1`),
		legs("a debited account", fmt.Sprintf(`debit = %d`, w.bo)),
		legs("a credited account", fmt.Sprintf(`credit = %d`, w.bo)),
		{"a leg's time", "update ledger_leg set credit_prev = credit_prev - 1 where number = 1 + " + first, []any{paid},
			"ledger_leg", paidID + "/1", ""},
		{"a leg's place in the chain", "update ledger_leg set debit_prev = debit_prev - 1 where number = " + first, []any{paid},
			"ledger_leg", "", ana},
		{"a chain that ends early", "update ledger_leg set debit_prev = 0 where number = " + first, []any{paid}, "ledger_leg", "", ana},
		{"a chain that leads to itself", "update ledger_leg set debit_prev = number where number = " + first, []any{paid}, "ledger_leg", "", ana},
		total("a last leg", "last_leg = last_leg - 1"),
		total("a freeze of the totals", "state = 1"),
		{"deleted totals", "delete from ledger_total where account = $1", []any{w.ana}, "ledger_total", anaNumber, ana},
		{"totals of no account", `insert into ledger_total (account, debits_posted, credits_posted, debits_pending, credits_pending, entries,
			last_leg, last_at, state) values ($1, 0, 0, 0, 0, 0, 0, 0, 0)`, []any{999}, "ledger_total", "999", ""},
		{"a kind's name", "update ledger_kind set name = 'other' where name = $1", []any{"payment"}, "ledger_entry", paidID, ana},
		{"a deleted kind", "delete from ledger_kind where name = $1", []any{"payment"}, "ledger_entry", paidID, ana},
		{"a kind that is not found", "delete from ledger_kind_run where kind = (select kind from ledger_entry where id = $1)", []any{paid},
			"ledger_kind_run", "payment", ""},
		{"a leg's phase", "update ledger_leg set phase = 2 where number = 1 + " + first, []any{paid}, "ledger_leg", paidID + "/1", ""},
		{"a leg's account that nobody opened", "update ledger_leg set credit = 999 where number = 1 + " + first, []any{paid},
			"ledger_leg", paidID + "/1", ""},
		{"a leg between two currencies", "update ledger_leg set credit = $2 where number = 1 + " + first, []any{paid, w.yen},
			"ledger_leg", paidID + "/1", ""},
		{"an asset's sum", "update ledger_leg set credit = $2 where number = 1 + " + first, []any{paid, w.yen}, "ledger_leg", "JPY", ""},
		{"what a leg releases", "update ledger_leg set released = 499 where number = " + first, []any{post}, "ledger_entry", postID, ""},
		{"the hold that is resolved", "update ledger_entry set resolves = $2 where id = $1", []any{post, open}, "ledger_hold", openID, ""},
		{"a deleted leg", "delete from ledger_leg where number = " + first, []any{paid}, "ledger_leg", paidID, ""},
		{"a deleted last leg", "delete from ledger_leg where number = 1 + " + first, []any{paid}, "ledger_entry", paidID, ana},
		{"an added leg", `insert into ledger_leg (number, debit, credit, amount, debit_prev, credit_prev)
			select (select max(number) + 1 from ledger_leg), debit, credit, 1, debit_prev, credit_prev from ledger_leg
			where number = ` + first, []any{paid}, "ledger_leg", "", ana},
		{"a leg of no entry", `insert into ledger_leg (number, debit, credit, amount, debit_prev, credit_prev)
			select -1, debit, credit, 1, debit_prev, credit_prev from ledger_leg where number = ` + first, []any{paid}, "ledger_leg", "-1", ana},
		{"a number of legs", "update ledger_entry set legs = 1 where id = $1", []any{paid}, "ledger_entry", paidID, ana},
		{"a deleted entry", "delete from ledger_entry where id = $1", []any{paid}, "ledger_leg", "", ana},
		{"a deleted resolution", "delete from ledger_entry where id = $1", []any{post}, "ledger_hold", postedID, ana},
		{"a deleted hold entry", "delete from ledger_entry where id = $1", []any{posted}, "ledger_entry", postID, ""},
		{"a deleted open hold", "delete from ledger_hold where number = " + first, []any{open}, "ledger_hold", openID, ana},
		{"an added hold", "insert into ledger_hold (number, expires_at) select number, 1 from ledger_entry where id = $1",
			[]any{paid}, "ledger_hold", paidID, ana},
		{"a hold opened again", "insert into ledger_hold (number, expires_at) select number, 1 from ledger_entry where id = $1",
			[]any{posted}, "ledger_hold", postedID, ana},
		{"a hold of no entry", "insert into ledger_hold (number, expires_at) values ($1, 1)", []any{-1}, "ledger_hold", "-1", ""},
		{"a hold's expiry", "update ledger_hold set expires_at = expires_at + 1 where number = " + first,
			[]any{open}, "ledger_hold", openID, ana},
		total("debits", `debits_posted = debits_posted - 1`),
		total("credits", `credits_posted = credits_posted + 1`),
		total("pending debits", `debits_pending = 0`),
		total("pending credits", `credits_pending = credits_pending + 1`),
		total("a count of entries", `entries = entries + 1`),
		total("the last time", `last_at = last_at - 1`),
		account("the opening time", `opened_at = opened_at - 1`),
		account("an address", `address = 'user/eve/EUR'`).at("user/eve/EUR"),
		account("a currency", `currency = 'USD'`),
		account("a limit", `limit_kind = 3`),
		account("a freeze", `frozen_at = 1`),
		account("a closed account that holds money", `closed_at = 1`),
		{"an overdraft", "update ledger_total set debits_posted = credits_posted + 1 where account = $1",
			[]any{w.ana}, "ledger_account", anaNumber, ana},
		{"totals of a busy account", `insert into ledger_total (account, debits_posted, credits_posted, debits_pending, credits_pending, entries,
			last_leg, last_at, state) values ($1, 0, 5, 0, 0, 0, 0, 0, 0)`, []any{w.shop}, "ledger_total", shopNumber, shop},
		{"a deleted account", "delete from ledger_account where id = $1", []any{w.ana}, "ledger_leg", "ent_", ""},
		fold("a fold's credits", `credits = credits + 1`),
		fold("a fold's debits", `debits = debits + 1`),
		fold("a fold's entries", `entries = entries - 1`),
		{"a deleted fold", "delete from ledger_fold where account = $1", []any{w.shop}, "ledger_fold", shopNumber, shop},
		{"a deleted tail row", "delete from ledger_tail where number = " + first, []any{tailed}, "ledger_fold", shopNumber, shop},
		{"a tail row's amount", "update ledger_tail set credit = credit + 1 where number = " + first,
			[]any{tailed}, "ledger_tail", shopNumber, shop},
		{"a tail row's time", "update ledger_tail set at = at + 1 where number = " + first, []any{tailed}, "ledger_tail", shopNumber, shop},
		{"an added tail row", "insert into ledger_tail (account, number, debit, credit, at) values ($1, -5, 0, 1, 1)", []any{w.shop},
			"ledger_tail", shopNumber, shop},
		point("a checkpoint", "credits_posted = credits_posted + 1", w.ana, ana),
		point("a checkpoint's last leg", "last_leg = last_leg - 1", w.ana, ana),
		point("a checkpoint's time", "at = at - 1", w.ana, ana),
		point("a busy account's checkpoint", "credits_posted = credits_posted + 1", w.shop, shop),
		{"a checkpoint of no account", "update ledger_checkpoint set account = 999 where account = $1",
			[]any{w.ana}, "ledger_checkpoint", "999", ""},
		{"a number to be given again", "update ledger_block set next_number = 2 where id = $1", []any{1}, "ledger_block", "1", ""},
	}
}

func (c change) at(account string) change {
	c.account = account
	return c
}

func TestVerifyIsRightWhilePaymentsGoOn(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		b := newBank(t, d).withClock(harness.Real())
		float := b.openBusy("system/float/EUR", eur)
		shop := b.openBusy("merchant/shop/EUR", eur)
		var people []ledger.AccountID
		for i := range 8 {
			people = append(people, b.open(fmt.Sprintf("user/%d/EUR", i), eur, ledger.NonNegative))
			b.mustPost(leg(float, people[i], 1_000_000))
		}
		var stop atomic.Bool
		var posted atomic.Int64
		done := make(chan []error, 1)
		go func() {
			done <- inParallel(len(people), func(i int) error {
				for n := 0; !stop.Load(); n++ {
					err := d.Write(context.Background(), func(tx *db.Tx) error {
						if _, err := b.Post(tx, leg(people[i], shop, 1)); err != nil {
							return err
						}
						if _, err := b.Post(tx, leg(people[i], people[(i+1)%len(people)], 1)); err != nil {
							return err
						}
						h, err := b.Hold(tx, leg(people[i], shop, 2), harness.Real().Now().Add(hour))
						if err == nil && n%2 == 0 {
							_, err = b.PostHold(tx, h.ID, b.id(), 1)
						}
						return err
					})
					if err != nil {
						return err
					}
					if posted.Add(3)%64 == 0 {
						if err := b.Fold(context.Background(), d); err != nil {
							return err
						}
					}
				}
				return nil
			})
		}()
		for range 5 {
			before := posted.Load()
			b.wantClean()
			for posted.Load() < before+50 && len(done) == 0 {
				_ = b.balance(shop)
			}
		}
		stop.Store(true)
		for _, err := range <-done {
			if err != nil {
				t.Error(err)
			}
		}
		b.wantClean()
	}, ledger.Schema)
}

// The newest entries are checked by themselves: a change among them is found, one of long before is left to Verify.
func TestVerifyLastLooksAtTheEnd(t *testing.T) {
	onEngines(t, func(t *testing.T, b *bank) {
		newTown(t, b)
		b.settle()
		look := func(legs int) (ledger.Report, int) {
			t.Helper()
			found := 0
			report, err := b.VerifyLast(t.Context(), b.d, legs, func(ledger.Finding) { found++ })
			if err != nil || report.Findings != found {
				t.Fatalf("%+v, %d findings, %v", report, found, err)
			}
			return report, found
		}
		all := b.wantClean()
		for _, legs := range []int{1, 2, 3, 50, 100_000} {
			report, found := look(legs)
			if found != 0 || report.Legs < min(legs, all.Legs) || report.Legs > min(legs, all.Legs)+1 || report.Entries == 0 {
				t.Errorf("of %d legs: %+v, %d findings", legs, report, found)
			}
		}
		raw := harness.Raw(t, b.d)
		if _, err := raw.Exec("update ledger_leg set amount = amount + 1 where number = (select min(number) from ledger_leg)"); err != nil {
			t.Fatal(err)
		}
		if _, found := look(50); found != 0 {
			t.Errorf("%d findings of long ago", found)
		}
		if _, found := look(100_000); found == 0 {
			t.Error("all legs, and the change is not found")
		}
		if _, err := raw.Exec("update ledger_leg set amount = amount + 1 where number = (select max(number) from ledger_leg)"); err != nil {
			t.Fatal(err)
		}
		if _, found := look(1); found == 0 {
			t.Error("the change of the last leg is not found")
		}
	})
}
