package purse_test

import (
	"testing"

	"billfold/product/purse"
	"billfold/product/purse/proto"
)

// A batch pays its merchant what it closed: not what was sold after it, even where the buyer has told the issuer of that already. That can
// still be given back, and nobody can then be owed more than was ever issued.
func TestBatchPaysWhatItClosed(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, till := w.enrol(proto.Holder, 3), w.enrol(proto.Acceptor, 3)
		ann.load(20_00, "EUR")
		pay(ann, till, 3_00, proto.Purchase, nil)
		till.must(proto.INSBatch, nil)
		val, _ := proto.ParseSigned(pay(ann, till, 4_20, proto.Purchase, nil))
		ann.mustSync() // both purchases are proved, by the till's own acknowledgements
		till.mustSync()
		w.check(purse.Totals{Issued: 20_00, InPurses: 12_80, InTills: 4_20, Redeemed: 3_00})
		if have := w.balance(till.owner + "/EUR"); have != 1003_00 {
			t.Errorf("the merchant has %d", have)
		}
		ref := val.ID()
		pay(till, ann, 4_20, proto.Cancel, ref[:])
		ann.mustSync()
		till.mustSync()
		w.check(purse.Totals{Issued: 20_00, InPurses: 17_00, Redeemed: 3_00})
		ann.unload(17_00)
		pay(w.rich(10_00), till, 10_00, proto.Purchase, nil)
		till.must(proto.INSBatch, nil)
		till.mustSync()
		ann.mustSync()
		w.check(purse.Totals{Issued: 30_00, Redeemed: 30_00})
		if have := w.balance(till.owner + "/EUR"); have != 1013_00 || till.module.State().Balance("EUR") != 0 {
			t.Errorf("in the end the merchant has %d, the till %d", have, till.module.State().Balance("EUR"))
		}
		w.cases()
	})
}

// rich is another purse that was loaded.
func (w *world) rich(minor int64) *device {
	d := w.enrol(proto.Holder, 3)
	d.load(minor, "EUR")
	return d
}
