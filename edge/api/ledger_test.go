package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"billfold/client"
)

func leg(debit, credit, amount string) client.Leg {
	return client.Leg{Debit: debit, Credit: credit, Amount: amount, Currency: "EUR"}
}

// TestEntries: each entry of a batch gets its own answer; atomic batches are posted whole or not at all; and the same request again
// tries again what was refused, under the same ids.
func TestEntries(t *testing.T) {
	engines(t, func(w *world) {
		from, box := w.openAccount("test/from", "unlimited"), w.openAccount("test/box", "non_negative")
		ops := w.as(w.ops)
		list := client.PostEntries{Entries: []client.NewEntry{
			{Kind: "test", Reference: "r1", Metadata: map[string]string{"a": "b"}, Legs: []client.Leg{leg(from.ID, "test/box", "100")}},
			{Kind: "test", Legs: []client.Leg{leg(box.ID, from.ID, "150")}},
			{Kind: "test", Legs: []client.Leg{leg(box.ID, from.ID, "40"), leg(box.ID, from.ID, "50")}},
			{Kind: "Test", Legs: []client.Leg{leg(box.ID, from.ID, "1")}},
			{Kind: "test", Legs: []client.Leg{leg("nobody/EUR", from.ID, "1")}},
			{Kind: "test", Legs: []client.Leg{{Debit: box.ID, Credit: from.ID, Amount: "1", Currency: "JPY"}}},
			{Kind: "test", Legs: []client.Leg{leg(box.ID, box.ID, "1")}},
			{Kind: "test"},
			{Kind: "test", Legs: []client.Leg{leg(box.ID, "", "1")}},
			{ID: "ent_1", Kind: "test", Legs: []client.Leg{leg(box.ID, from.ID, "1")}},
		}}
		want := []string{"", "insufficient_funds entries[1].legs[0].debit", "", "entry_invalid entries[3].kind",
			"account_not_found entries[4].legs[0].debit", "currency_mismatch entries[5].legs[0].currency", "same_account entries[6].legs[0]",
			"entry_invalid entries[7].legs", "parameter_required entries[8].legs[0].credit", "entry_invalid entries[9].id"}
		got, err := ops.PostEntries(w.ctx, list, client.IdempotencyKey("batch"))
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range got.Results {
			said := ""
			if r.Error != nil {
				said = r.Error.Code + " " + r.Error.Param
			}
			if said != want[i] || (r.Status == "posted") != (want[i] == "") || (r.Entry != nil) != (want[i] == "") {
				t.Errorf("entry %d: %s, want %s", i, said, want[i])
			}
		}
		if got.Posted != 2 || got.Refused != 8 {
			t.Errorf("%d posted, %d refused", got.Posted, got.Refused)
		}
		// With more in the box the second entry is posted by the same request, and the others stay what they were.
		if _, err := ops.PostEntries(w.ctx, client.PostEntries{Entries: []client.NewEntry{{Kind: "test",
			Legs: []client.Leg{leg(from.ID, box.ID, "1000")}}}}); err != nil {
			t.Fatal(err)
		}
		again, err := ops.PostEntries(w.ctx, list, client.IdempotencyKey("batch"))
		if err != nil || again.Posted != 3 || again.Results[0].Entry.ID != got.Results[0].Entry.ID ||
			again.Results[2].Entry.ID != got.Results[2].Entry.ID {
			t.Errorf("again: %+v, %v", again, err)
		}
		w.holds(box.ID, 1000+100-90-150)
		found, err := ops.Entries(w.ctx, client.EntryFilter{Reference: "r1"})
		if err != nil || len(found.Data) != 1 || found.Data[0].Metadata["a"] != "b" || found.Data[0].ID != got.Results[0].Entry.ID {
			t.Errorf("by reference: %+v, %v", found, err)
		}
		if one, err := ops.Entry(w.ctx, found.Data[0].ID); err != nil || one.Legs[0] != leg(from.ID, box.ID, "100") {
			t.Errorf("%+v, %v", one, err)
		}
		w.atomic(from.ID, box.ID)
	})
}

func (w *world) holds(account string, want int64) {
	w.t.Helper()
	a, err := w.as(w.ops).LedgerAccount(w.ctx, account, time.Time{})
	if err != nil || a.Balance.Posted.Amount != fmt.Sprint(want) {
		w.t.Errorf("%s holds %s, want %d (%v)", account, a.Balance.Posted.Amount, want, err)
	}
}

// atomic: one culprit and nothing is posted, holds included; it is named.
func (w *world) atomic(from, box string) {
	w.t.Helper()
	ops := w.as(w.ops)
	list := client.PostEntries{Atomic: true, Entries: []client.NewEntry{
		{Kind: "test", Legs: []client.Leg{leg(from, box, "7")}},
		{Kind: "test", Legs: []client.Leg{leg(box, from, "3")}, Hold: &client.NewHold{ExpiresAt: w.clock.Now().Add(time.Hour)}},
		{Kind: "test", Legs: []client.Leg{leg(box, from, "5000")}},
		{Kind: "test", Legs: []client.Leg{leg(box, from, "6000")}},
	}}
	_, err := ops.PostEntries(w.ctx, list, client.IdempotencyKey("atomic"))
	p := refused(w.t, "one culprit", err, 409, "batch_refused")
	if len(p.Errors) != 2 || p.Errors[0].Code != "insufficient_funds" || p.Errors[0].Param != "entries[2].legs[0].debit" ||
		p.MoneyMoved != "no" {
		w.t.Errorf("%+v", p)
	}
	w.holds(box, 860)
	list.Entries = list.Entries[:2] // a refusal is not kept, so the key may carry another body
	got, err := ops.PostEntries(w.ctx, list, client.IdempotencyKey("atomic"))
	if err != nil || got.Posted != 2 || got.Results[1].Entry.Phase != "pending" {
		w.t.Fatalf("%+v, %v", got, err)
	}
	a, err := ops.LedgerAccount(w.ctx, box, time.Time{})
	if err != nil || a.Balance.Posted.Amount != "867" || a.Balance.Held.Amount != "3" || a.Balance.Available.Amount != "864" {
		w.t.Errorf("%+v, %v", a, err)
	}
	hold := got.Results[1].Entry.ID
	end := func(action string, amounts ...string) client.EntryResult {
		got, err := ops.PostEntries(w.ctx, client.PostEntries{Entries: []client.NewEntry{{Resolves: &client.Resolution{Entry: hold,
			Action:  action,
			Amounts: amounts}}}})
		if err != nil {
			w.t.Fatal(err)
		}
		return got.Results[0]
	}
	if r := end("post", "4"); r.Status != "refused" || r.Error.Code != "amount_exceeds_hold" ||
		r.Error.Param != "entries[0].resolves.amounts[0]" {
		w.t.Errorf("%+v", r.Error)
	}
	if r := end("post", "2"); r.Status != "posted" || r.Entry.Phase != "post" || r.Entry.Resolves != hold || r.Entry.Legs[0].Released != "3" {
		w.t.Errorf("%+v", r)
	}
	if r := end("void"); r.Status != "refused" || r.Error.Code != "hold_not_open" || r.Error.Param != "entries[0].resolves.entry" {
		w.t.Errorf("%+v", r)
	}
	w.holds(box, 865)
}

// TestAssets: an account of any asset with 0 to 8 decimals, and none that would say another thing by a known code.
func TestAssets(t *testing.T) {
	engines(t, func(w *world) {
		open := func(address, code string, scale any) answer {
			t.Helper()
			body := fmt.Sprintf(`{"address":%q,"currency":%q,"limit":"unlimited","scale":%v}`, address, code, scale)
			return w.send(w.ops, http.MethodPost, "/v1/ledger/accounts", body)
		}
		for scale := range 9 {
			code := fmt.Sprintf("PTS%d", scale)
			for _, side := range []string{"from", "to"} {
				if a := open("asset/"+code+"/"+side, code, scale); a.status != http.StatusCreated {
					t.Fatalf("scale %d: %s", scale, a.body)
				}
			}
			got, err := w.as(w.ops).PostEntries(w.ctx, client.PostEntries{Entries: []client.NewEntry{{Kind: "gift", Legs: []client.Leg{
				{Debit: "asset/" + code + "/from", Credit: "asset/" + code + "/to", Amount: "1", Currency: code}}}}})
			if err != nil || got.Posted != 1 {
				t.Errorf("%+v, %v", got, err)
			}
		}
		for what, a := range map[string]answer{
			"nine decimals":           open("a/1", "POINTS", 9),
			"minus one":               open("a/1", "POINTS", -1),
			"EUR with three":          open("a/1", "EUR", 3),
			"lower case":              open("a/1", "points", 0),
			"no money":                open("a/1", "XXX", 2),
			"an asset without scale":  open("a/1", "POINTS", "null"),
			"somebody's wallet":       open("user/"+string(w.lena)+"/USD", "USD", 2),
			"like an id":              open(exampleAcc, "EUR", 2),
			"spaces":                  open("a b", "EUR", 2),
			"nothing":                 open("", "EUR", 2),
			"the same with two":       open("asset/PTS0/to", "PTS1", 1),
			"a limit that is none":    w.send(w.ops, http.MethodPost, "/v1/ledger/accounts", `{"address":"a/1","currency":"EUR","limit":"some"}`),
			"busy without being open": w.send(w.ops, http.MethodPost, "/v1/ledger/accounts", `{"address":"a/1","currency":"EUR","busy":true}`),
		} {
			if p := a.problem(t); p.Status < 400 || p.Status > 422 || p.Param == "" {
				t.Errorf("%s: %+v", what, p)
			}
		}
		if again := open("asset/PTS3/to", "PTS3", 3); again.status != http.StatusCreated {
			t.Errorf("again: %s", again.body)
		}
		n := 0
		for a, err := range client.All(func(cursor string) (client.List[client.LedgerAccount], error) {
			return w.as(w.ops).LedgerAccounts(w.ctx, "asset/", client.Page{Cursor: cursor, Limit: 5})
		}) {
			if err != nil || !strings.HasPrefix(a.Address, "asset/PTS") {
				t.Fatalf("%+v, %v", a, err)
			}
			n++
		}
		if n != 18 {
			t.Errorf("%d accounts", n)
		}
		_, err := w.as(w.ops).LedgerAccount(w.ctx, "asset/none", time.Time{})
		refused(t, "an address nobody has", err, 404, "account_not_found")
		before, err := w.as(w.ops).LedgerAccount(w.ctx, "asset/PTS2/to", w.clock.Now().Add(-time.Hour))
		if err != nil || before.Balance.Posted.Amount != "0" || !before.Balance.AsOf.Equal(w.clock.Now().Add(-time.Hour)) {
			t.Errorf("an hour ago: %+v, %v", before, err)
		}
		w.fund(w.lenaKey, "1")
	})
}
