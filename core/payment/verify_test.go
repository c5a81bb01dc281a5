package payment

import (
	"strings"
	"testing"

	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// TestVerifyFinds: what somebody changes by hand in our tables is found, and where.
func TestVerifyFinds(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		w := build(t, d, harness.Keyring(t), harness.Clock(), harness.Clock())
		w.people()
		w.fund(w.lena, 10_000)
		p := w.pay(w.lena, 1000)
		part := eur.Of(300)
		back, err := w.Refund(w.ctx, w.byShop(), p.ID, &part, "", w.key())
		if err != nil {
			t.Fatal(err)
		}
		held := w.hold(500)
		w.rest()
		w.verify()
		raw := harness.Raw(t, d)
		for _, c := range []struct{ doing, change, undo, id, want string }{
			{"captured more", `update payment_record set captured = 999 where id = $1`,
				`update payment_record set captured = 1000 where id = $1`,
				string(p.ID), "captured"},
			{"refunded less", `update payment_record set refunded = 0 where id = $1`,
				`update payment_record set refunded = 300 where id = $1`,
				string(p.ID), "refunded"},
			{"another state", `update payment_record set state = 'voided' where id = $1`,
				`update payment_record set state = 'authorized' where id = $1`,
				string(held.ID), "state is voided"},
			{"a step's amount", `update payment_step set amount = 7 where payment = $1 and n = 3`,
				`update payment_step set amount = 300 where payment = $1 and n = 3`, string(back.ID), "the steps say"},
			{"a lost event", `update event_record set object = 'x' || object where object = $1`,
				`update event_record set object = substr(object, 2) where object = 'x' || $1`, string(back.ID), "has no event"},
			{"a payment that is gone", `update payment_record set id = 'x' || id where id = $1`,
				`update payment_record set id = substr(id, 2) where id = 'x' || $1`,
				string(held.ID), "does not exist"},
		} {
			if _, err := raw.Exec(c.change, c.id); err != nil {
				t.Fatalf("%s: %v", c.doing, err)
			}
			var said []string
			if _, err := w.Service.Verify(w.ctx, func(f Finding) { said = append(said, f.Where+": "+f.What) }); err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(said, "\n"); !strings.Contains(all, c.want) {
				t.Errorf("%s: found %q, want %q", c.doing, all, c.want)
			}
			if _, err := raw.Exec(c.undo, c.id); err != nil {
				t.Fatalf("undo %s: %v", c.doing, err)
			}
		}
		w.verify()
		foreign := w.ids.New("pay")
		for want, entry := range map[string]ledger.Entry{
			"cannot have made it": {ID: entryID(p.ID, 9), Reference: string(p.ID)},
			"does not exist":      {ID: entryID(ID(foreign), entryMove), Reference: foreign},
		} {
			if err := d.Write(w.ctx, func(tx *db.Tx) error { return w.slip(tx, entry) }); err != nil {
				t.Fatal(err)
			}
			var said []string
			if _, err := w.Service.Verify(w.ctx, func(f Finding) { said = append(said, f.Where+": "+f.What) }); err != nil {
				t.Fatal(err)
			}
			if all := strings.Join(said, "\n"); !strings.Contains(all, want) {
				t.Errorf("a slipped-in entry: found %q, want %q", all, want)
			}
		}
	}, schemas...)
}

// slip posts an entry that claims to be a payment's past the verbs of payments.
func (w *world) slip(tx *db.Tx, e ledger.Entry) error {
	from, err := w.wallet(tx, string(w.lena), eur)
	if err != nil {
		return err
	}
	to, err := w.account(tx, string(w.shop.ID), eur)
	if err != nil {
		return err
	}
	e.Kind, e.Legs = entryKind(Purchase), []ledger.Leg{{Debit: from, Credit: to, Amount: 1}}
	_, err = w.Ledger.Post(tx, e)
	return err
}
