package purse_test

import (
	"testing"
	"time"

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
	})
}
