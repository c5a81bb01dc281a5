package sim

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite" // its driver "sqlite", for a change by hand

	"billfold/app"
	"billfold/base/db"
	"billfold/core/payment"
	"billfold/test/harness"
)

// TestSimulation runs many seeds over both engines; with BILLFOLD_LONG a million steps. Every verb, every refusal and every fault must
// have been reached.
func TestSimulation(t *testing.T) {
	seeds, steps, onPostgres := 16, 2_875, 4_000
	if os.Getenv("BILLFOLD_LONG") != "" {
		seeds, steps, onPostgres = 200, 4_800, 40_000
	}
	runs := []Options{{Seed: 1000, Steps: onPostgres, Check: 1000, DSN: harness.Place(t, db.Postgres).DSN, Data: t.TempDir()}}
	for seed := range seeds {
		runs = append(runs, Options{Seed: uint64(seed), Steps: steps, Check: 1000, Data: t.TempDir()})
	}
	var mu sync.Mutex
	counts, total := map[string]int{}, Result{}
	next := make(chan Options, len(runs))
	for _, o := range runs {
		next <- o
	}
	close(next)
	var all sync.WaitGroup
	for range 4 { // a simulation waits for its disk most of the time
		all.Go(func() {
			for o := range next {
				r, err := Run(t.Context(), o)
				mu.Lock()
				if err != nil {
					t.Errorf("postgres %v: %v", o.DSN != "", err)
				}
				for name, n := range r.Counts {
					counts[name] += n
				}
				total.Steps, total.Payments, total.Entries = total.Steps+r.Steps, total.Payments+r.Payments, total.Entries+r.Entries
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, name := range verbs() {
		if counts["verb: "+name] == 0 {
			t.Errorf("the simulation does not drive payment.Service.%s: have a step carry it out, or say in still that it moves nothing", name)
		}
	}
	for _, name := range reached() {
		if counts[name] == 0 {
			t.Errorf("never reached: %s", name)
		}
	}
	t.Logf("%d steps, %d payments, %d entries", total.Steps, total.Payments, total.Entries)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%7d %s", counts[name], name)
	}
}

// reached is what a run of every seed must have come to.
func reached() (names []string) {
	for _, a := range actions {
		names = append(names, a.name)
	}
	for _, fault := range []string{"an entry again", "another body", "caller left before", "caller left during", "killed",
		"killed in a transaction", "restarted", "rivals", "sent again", "two at once"} {
		names = append(names, "fault: "+fault)
	}
	for _, code := range []string{"account_frozen", "amount_exceeds_hold", "amount_not_positive", "batch_refused", "currency_mismatch",
		"arrival_decided", "card_hold", "checkout_link_amount", "checkout_link_over", "currency_not_available",
		"hold_expired", "hold_not_expired", "hold_not_open", "insufficient_funds", "link_held",
		"link_over", "not_found", "payee_frozen", "payment_expired", "payment_not_refundable", "payment_state", "person_frozen",
		"quote_expired", "quote_used", "refund_exceeds_payment", "reminded_lately", "request_changed", "review_amount", "same_account",
		"share_twice", "split_sum", "split_terms"} {
		names = append(names, "refused: "+code)
	}
	return append(names, "expired", "rumour: failed to held", "rumour: processing to held", "rumour: processing to completed",
		"rumour: completed to reversed", "rumour: awaiting_confirmation to held",
		"owed after a charge-back", "paid back", "bank: completed to reversed", "bank: failed to held", "arrived",
		"early: topup completed", "early: topup failed", "early: topup held", "early: withdrawal completed", "early: withdrawal failed",
		"early: withdrawal held", "early: withdrawal reversed",
		"purse: loaded", "purse: unloaded", "purse: paid", "purse: lost on the way", "purse: told twice", "purse: collected",
		"purse: refused payment", "purse: refused unload")
}

// still are the methods of payments that move nothing and promise nothing to anybody: they read, or keep names and notes.
var still = []string{"Activity", "Arrivals", "AsOf", "Asked", "AsksContact", "CardRefusal", "CheckoutCode", "Checkouts",
	"Contacts", "Count", "Drop", "FindRecipient", "FirstTime", "FollowState", "Get", "GetCheckout", "HandedOver",
	"HandoversOf", "HeldPayments", "Keep", "LinkTo", "Listed", "NameOf", "Note", "OpenWallet", "Owed", "OwedFor", "PaidLately",
	"PayLinkOf", "PayLinks", "QuoteOf", "ReadCode", "Refunds", "RemittanceOf", "Request", "RequestOf", "Requests",
	"SetNote", "ShopCode", "Statement", "TakesCards", "Takings", "TillSales", "Timeline", "Upcoming", "Verify",
	"ViewCheckout", "ViewLink", "ViewPayLink"}

// verbs are all methods of payments that are not still. A new one is either driven by the simulation or named above, or a test fails.
func verbs() (names []string) {
	all := reflect.TypeFor[*payment.Service]()
	for i := range all.NumMethod() {
		if name := all.Method(i).Name; !slices.Contains(still, name) {
			names = append(names, name)
		}
	}
	return names
}

// TestAgain shows that one seed is one run: the digest over every answer and every balance is the same, and another seed's is another.
func TestAgain(t *testing.T) {
	var digests []string
	for _, seed := range []uint64{77, 77, 78} {
		r, err := Run(t.Context(), Options{Seed: seed, Steps: 800, Data: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, r.Digest)
	}
	if digests[0] != digests[1] || digests[0] == digests[2] {
		t.Errorf("digests %v", digests)
	}
}

// TestControls shows that a wrong rule in the model, and a number changed by hand in the tables, are found; and that the seed leads to
// the same step again, as the command it prints.
func TestControls(t *testing.T) {
	sloppy := func(w *world) { w.m.sloppy = true }
	first := parts(t, Options{Seed: 5, Steps: 4_000, plant: sloppy})
	again := parts(t, Options{Seed: 5, Steps: first.Step, plant: sloppy})
	if first.Verb != "refund" || again.Step != first.Step || again.Error() != first.Error() {
		t.Errorf("a wrong rule: %v\nand again: %v", first, again)
	}
	if !strings.HasSuffix(first.Error(), fmt.Sprintf("billfold sim --seed 5 --steps %d", first.Step)) {
		t.Errorf("it does not say how to get there: %v", first)
	}
	const when = 150
	byHand := parts(t, Options{Seed: 6, Steps: 1_000, Check: 100, plant: func(w *world) {
		if w.step == when {
			change(t, app.File(w.dir))
		}
	}})
	named := strings.Contains(byHand.Error(), "verify: ledger_") || strings.Contains(byHand.Error(), "the model says")
	if byHand.Step < when || byHand.Step > when+100 || !named {
		t.Errorf("an amount that was changed by hand before step %d: %v", when, byHand)
	}
}

// TestMoreThanAPurseHolds is the control of the purses' part: one that is taken to hold a cent more than it does is found when it tells.
func TestMoreThanAPurseHolds(t *testing.T) {
	const when = 200
	o := Options{Seed: 21, Steps: 3_000, Check: 3_000, plant: func(w *world) {
		if w.step == when {
			w.purses[0].holds++
		}
	}}
	if d := parts(t, o); d.Step < when || !strings.Contains(d.Error(), "the model says") || d.Verb != "collect" {
		t.Errorf("a cent more in a purse before step %d: %v", when, d)
	}
}

// parts runs a simulation that has to fail.
func parts(t *testing.T, o Options) *Divergence {
	t.Helper()
	o.Data = t.TempDir()
	_, err := Run(t.Context(), o)
	var d *Divergence
	if !errors.As(err, &d) {
		t.Fatalf("seed %d: nothing was found: %v", o.Seed, err)
	}
	if left, err := os.ReadDir(o.Data); err != nil || len(left) > 0 {
		t.Errorf("%d folders are left behind, %v", len(left), err)
	}
	return d
}

// change adds one to an amount, past the program.
func change(t *testing.T, file string) {
	t.Helper()
	raw, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Exec(`update ledger_leg set amount = amount + 1 where number = (select min(number) from ledger_leg)`); err != nil {
		t.Fatal(err)
	}
}

// TestCommand is the command: what it prints, and what it does not understand.
func TestCommand(t *testing.T) {
	for want, args := range map[string][]string{
		"product and model agree":  {"--steps", "60", "--data", t.TempDir()},
		`"Steps":50`:               {"--steps", "50", "--json", "--data", t.TempDir()},
		"--engine is sqlite":       {"--engine", "oracle"},
		"go together":              {"--db", "postgres://nowhere/x"},
		"at least 1":               {"--steps", "0"},
		`"now" was not expected`:   {"now"},
		"billfold sim --help":      {"--colour"},
		"the seed and the step th": {"--help"},
	} {
		var out, diag bytes.Buffer
		status := Main(t.Context(), args, &out, &diag)
		if all := out.String() + diag.String(); !strings.Contains(all, want) || (status == 0) != (diag.Len() == 0) || status == 1 {
			t.Errorf("%v: exit %d\n%s", args, status, all)
		}
	}
}
