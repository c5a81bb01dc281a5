package payment

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write docs/states.md from the state table")

// TestStates enumerates every pair of state and trigger against the page people read: the page is the table, no more, no less.
func TestStates(t *testing.T) {
	const page = "../../docs/states.md"
	want := Document()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/states.md differs from the state table; run go test ./core/payment -run States -update")
	}
}

// TestEveryPair says of each pair what the table must answer, written by hand and independently of it.
func TestEveryPair(t *testing.T) {
	allowed := map[State]map[Trigger]State{
		None: {Request: AwaitingConfirmation, Charge: Processing, GiveBack: Completed},
		AwaitingConfirmation: {Confirm: Completed, Reserve: Authorized, Void: Voided, Expire: Expired, Send: Processing,
			Charge: Processing, Review: Held},
		Processing: {Settle: Completed, Decline: Failed, Review: Held, Expire: Expired, Return: Reversed,
			ChargeBack: Held, Refuse: AwaitingConfirmation},
		Authorized: {Capture: Completed, Void: Voided, Expire: Expired},
		Completed: {RefundPart: PartlyRefunded, RefundRest: Refunded, Settle: Completed, Decline: Completed,
			Review: Completed, Return: Reversed, ChargeBack: Reversed},
		PartlyRefunded: {RefundPart: PartlyRefunded, RefundRest: Refunded, ChargeBack: Reversed},
		Refunded:       {ChargeBack: Refunded},
		Voided:         {Review: Held},
		Expired:        {Review: Held},
		Failed:         {Decline: Failed, Settle: Held, Review: Held, Return: Failed, ChargeBack: Failed},
		Held: {Settle: Held, Decline: Held, Review: Held, Return: Held, ChargeBack: Held, Release: Completed,
			TakeBack: Reversed},
		Reversed: {Settle: Reversed, Decline: Reversed, Review: Reversed, Return: Reversed, ChargeBack: Reversed},
	}
	pairs := 0
	for _, from := range append([]State{None}, States...) {
		for _, on := range Triggers {
			pairs++
			to, ok := Next(from, on)
			want, may := allowed[from][on]
			if ok != may || to != want {
				t.Errorf("%s on %s: %q %v, want %q %v", from, on, to, ok, want, may)
			}
		}
	}
	if want := (len(States) + 1) * len(Triggers); pairs != want || len(Moves) != 50 {
		t.Errorf("%d pairs and %d moves were looked at, want %d and 50", pairs, len(Moves), want)
	}
}
