package purse_test

import (
	"testing"
	"time"

	"billfold/base/db"
	"billfold/product/purse"
	"billfold/product/purse/proto"
	"billfold/product/purse/store"
)

// copyOf is a device whose folder was copied.
func (d *device) copyOf() *device {
	c := *d
	state := d.module.State()
	records, err := d.module.Records(state.Archived)
	if err != nil {
		d.w.t.Fatal(err)
	}
	begun := state
	begun.Records = state.Archived
	memory := store.NewMemory(begun)
	if err := memory.Commit(state, records); err != nil {
		d.w.t.Fatal(err)
	}
	if c.module, err = store.Open(memory); err != nil {
		d.w.t.Fatal(err)
	}
	return &c
}

// The fork drill: a purse's folder is copied and spent at two offline tills, and both collect: one fork case, both honest payees paid, the
// purse blocked, its holder owes, the ledger balanced, and every till learns of it.
func TestForkDrill(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, one, two := w.enrol(proto.Holder, 0), w.enrol(proto.Acceptor, 3), w.enrol(proto.Acceptor, 3)
		ann.load(20_00, "EUR")
		ann.mustSync()
		clone := ann.copyOf()
		pay(ann, one, 15_00, proto.Purchase, nil)
		pay(clone, two, 12_00, proto.Purchase, nil)
		for _, till := range []*device{one, two} {
			till.must(proto.INSBatch, nil)
			till.mustSync()
			till.mustSync()
		}
		w.cases(purse.CaseFork)
		if a, b := w.balance(one.owner+"/EUR"), w.balance(two.owner+"/EUR"); a != 1015_00 || b != 1012_00 {
			t.Errorf("the honest payees have %d and %d", a, b)
		}
		if owed := w.balance("purse/owed/EUR"); owed != -12_00 {
			t.Errorf("the holder owes %d", -owed)
		}
		w.check(purse.Totals{Issued: 32_00, InPurses: 5_00, Redeemed: 27_00})
		if m, err := w.issuer.Get(ctx, ann.id); err != nil || m.State != purse.Forked {
			t.Errorf("the purse is %s, %v", m.State, err)
		}
		if sw, _ := two.do(proto.INSStart, startData(ann.must(proto.INSHello, nil), 1_00, "EUR", proto.Purchase, nil)); sw != proto.Blocked {
			t.Errorf("a till that synced takes from it: %s", sw)
		}
		wantFault(t, ann.sync(), purse.ErrForked)
		wantFault(t, clone.sync(), purse.ErrForked)
		w.settleFork(ann)
	})
}

// settleFork settles the drill's cases: the holder bears what was paid for the clone, and what the purse still holds comes back when its
// window is over. All of it is in the trail, and Verify knows.
func (w *world) settleFork(ann *device) {
	t := w.t
	t.Helper()
	list, err := w.issuer.Cases(ctx, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range list {
		if i == 0 && (c.Owed != 12_00 || c.Outcome != "") {
			t.Errorf("the case is %+v", c)
		}
		outcome := c.Choices()[0]
		_, err := w.issuer.Settle(ctx, c.ID, outcome, purse.Decision{By: "usr_operator"})
		wantFault(t, err, purse.ErrSettlement)
		if outcome == purse.ByHolder {
			_, err = w.issuer.Settle(ctx, c.ID, purse.ByNobody, operator)
			wantFault(t, err, purse.ErrSettlement)
		}
		for range 2 { // the second time it is answered as the first
			c, err := w.issuer.Settle(ctx, c.ID, outcome, operator)
			if err != nil || c.Outcome != outcome || c.SettledBy != operator.By {
				t.Errorf("%+v, %v", c, err)
			}
		}
		if outcome == purse.ByHolder {
			_, err = w.issuer.Settle(ctx, c.ID, purse.ByHouse, operator)
			wantFault(t, err, purse.ErrCaseSettled)
		}
	}
	_, err = w.issuer.Settle(ctx, "pcs_none", purse.ByNobody, operator)
	wantFault(t, err, purse.ErrCaseNotFound)
	if owed := w.balance("purse/owed/EUR"); owed != 0 {
		t.Errorf("still owed: %d", owed)
	}
	w.check(purse.Totals{Issued: 32_00, InPurses: 5_00, Redeemed: 27_00})
	w.advance(60 * 24 * time.Hour)
	if err := w.issuer.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	w.check(purse.Totals{Issued: 32_00, Redeemed: 32_00})
	if have := w.balance(ann.owner + "/EUR"); have != 1000_00-20_00-12_00+5_00 {
		t.Errorf("the holder has %d", have)
	}
	acts, err := w.issuer.Acts(ctx, "", 10)
	if err != nil || len(acts) != len(list) || acts[0].Reason != operator.Reason {
		t.Errorf("the trail: %+v, %v", acts, err)
	}
}

// A request that comes late accuses nobody: it was made under a nonce that is older than what has been archived since.
func TestSyncTwiceUnderWay(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, till := w.enrol(proto.Holder, 0), w.enrol(proto.Acceptor, 3)
		ann.load(20_00, "EUR")
		nonce, err := w.issuer.Nonce(ctx, ann.id)
		if err != nil {
			t.Fatal(err)
		}
		slow := ann.bundle(nonce)
		pay(ann, till, 5_00, proto.Purchase, nil)
		ann.mustSync()
		if _, err := w.issuer.Sync(ctx, slow); err != nil {
			t.Errorf("the first request, come last: %v", err)
		}
		w.cases()
		_, err = w.issuer.Nonce(ctx, proto.ID{1})
		wantFault(t, err, purse.ErrNotFound)
	})
}

// The issuer can bear a fork's cost instead; a rollback costs nothing and is closed by nobody.
func TestSettledByHouse(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, one, two := w.enrol(proto.Holder, 0), w.enrol(proto.Acceptor, 3), w.enrol(proto.Acceptor, 3)
		ann.load(20_00, "EUR")
		ann.mustSync()
		clone := ann.copyOf()
		pay(ann, one, 15_00, proto.Purchase, nil)
		pay(clone, two, 12_00, proto.Purchase, nil)
		one.mustSync()
		two.mustSync()
		w.cases(purse.CaseFork)
		list, _ := w.issuer.Cases(ctx, "", 10)
		if _, err := w.issuer.Settle(ctx, list[0].ID, purse.ByHouse, operator); err != nil {
			t.Fatal(err)
		}
		w.verify()
		if owed, loss := w.balance("purse/owed/EUR"), w.balance("purse/loss/EUR"); owed != 0 || loss != -12_00 {
			t.Errorf("owed %d, borne %d", owed, loss)
		}
		err := w.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update purse_case set reason = 'another'`)
			return err
		})
		found := 0
		if err == nil {
			err = w.issuer.Verify(ctx, func(purse.Finding) { found++ })
		}
		if err != nil || found == 0 {
			t.Errorf("a reason that was changed by hand: %d findings, %v", found, err)
		}
	})
}

// A folder that was set back is caught: at its own sync, because it knows less than it told, and at collection, because it
// signs a sequence number twice.
func TestRollback(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, bea, till := w.enrol(proto.Holder, 0), w.enrol(proto.Holder, 0), w.enrol(proto.Acceptor, 3)
		for _, d := range []*device{ann, bea} {
			d.load(20_00, "EUR")
			d.mustSync()
		}
		before := ann.copyOf()
		pay(ann, till, 5_00, proto.Purchase, nil)
		ann.mustSync()
		wantFault(t, before.sync(), purse.ErrForked)
		w.cases(purse.CaseRollback)

		before = bea.copyOf()
		pay(bea, till, 5_00, proto.Purchase, nil)
		till.mustSync()
		pay(before, till, 6_00, proto.Purchase, nil)
		till.mustSync()
		w.cases(purse.CaseRollback, purse.CaseFork)
		w.verify()
		wantFault(t, before.sync(), purse.ErrForked)
	})
}

// A purse that gives itself more than it was loaded with is found at its sync: what it says it holds is not what its history gives.
func TestCounterfeit(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann := w.enrol(proto.Holder, 0)
		ann.load(5_00, "EUR")
		state := ann.module.State()
		memory := store.NewMemory(state)
		state.Slots = []proto.Slot{{Currency: "EUR", Own: 50_00}}
		forged := *ann
		if err := memory.Commit(state, nil); err != nil {
			t.Fatal(err)
		}
		bundle := ann.bundle(nil)
		var err error
		if forged.module, err = store.Open(memory); err != nil {
			t.Fatal(err)
		}
		bundle.Statement = forged.must(proto.INSState, nil)
		_, err = w.issuer.Sync(ctx, bundle)
		wantFault(t, err, purse.ErrForked)
		w.cases(purse.CaseCounterfeit)
		w.check(purse.Totals{Issued: 5_00, InPurses: 5_00})
	})
}

// A statement may be old when it is read: what others proved in the meantime is no difference.
func TestOldStatement(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, bob, till := w.enrol(proto.Holder, 3), w.enrol(proto.Holder, 3), w.enrol(proto.Acceptor, 3)
		ann.load(50_00, "EUR")
		request := ann.must(proto.INSStart, startData(ann.mustDesk(proto.INSHello, nil), 10_00, "EUR", proto.Load, nil))
		value := ann.mustDesk(proto.INSDebit, request)
		file := ann.bundle(nil) // with an open load
		ann.mustDesk(proto.INSComplete, ann.must(proto.INSCredit, value))
		pay(ann, till, 5_00, proto.Purchase, nil)
		pay(ann, bob, 3_00, proto.Person, nil)
		till.mustSync()
		bob.mustSync()
		if _, err := w.issuer.Sync(ctx, file); err != nil {
			t.Errorf("an honest purse's old file: %v", err)
		}
		ann.mustSync()
		w.check(purse.Totals{Issued: 60_00, InPurses: 55_00, InTills: 5_00})
		w.cases()
	})
}

// Proof that comes after the date is a case for a person, not a counterfeit: the payer has it back, the payee's purse is
// blocked until somebody has looked.
func TestLateProof(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, bob := w.enrol(proto.Holder, 0), w.enrol(proto.Holder, 0)
		ann.load(20_00, "EUR")
		ann.mustSync()
		hello := startData(ann.must(proto.INSHello, nil), 5_00, "EUR", proto.Person, nil)
		bob.must(proto.INSCredit, ann.must(proto.INSDebit, bob.must(proto.INSStart, hello)))
		ann.mustSync()
		w.advance(20 * 24 * time.Hour)
		if err := w.issuer.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		w.check(purse.Totals{Issued: 20_00, InPurses: 15_00, Redeemed: 5_00})
		wantFault(t, bob.sync(), purse.ErrBlocked)
		w.cases(purse.CaseLate)
		w.check(purse.Totals{Issued: 20_00, InPurses: 15_00, Redeemed: 5_00})
		if m, err := w.issuer.Get(ctx, bob.id); err != nil || m.State != purse.Blocked {
			t.Errorf("bob's purse is %s, %v", m.State, err)
		}
		list, _ := w.issuer.Cases(ctx, "", 10)
		if _, err := w.issuer.Settle(ctx, list[0].ID, purse.ByHolder, operator); err != nil {
			t.Fatal(err)
		}
		w.check(purse.Totals{Issued: 25_00, InPurses: 20_00, Redeemed: 5_00}) // ann had it back, and has paid it again
		if err := w.issuer.Restore(ctx, bob.id, operator); err != nil {
			t.Fatal(err)
		}
		bob.mustSync()
		bob.unload(5_00)
		w.check(purse.Totals{Issued: 25_00, InPurses: 15_00, Redeemed: 10_00})
	})
}
