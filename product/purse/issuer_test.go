package purse_test

import (
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/ledger"
	"billfold/product/purse"
	"billfold/product/purse/proto"
)

// The whole life on both engines: load, pay a till, pay a person, cancel, collect, unload; the money is where it says at every point.
func TestLife(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, bob, till := w.enrol(proto.Holder, 3), w.enrol(proto.Holder, 3), w.enrol(proto.Acceptor, 3)
		ann.load(100_00, "EUR")
		w.check(purse.Totals{Issued: 100_00, InPurses: 100_00})
		if have := w.balance(ann.owner + "/EUR"); have != 900_00 {
			t.Errorf("after the load the account has %d", have)
		}
		val := pay(ann, till, 4_20, proto.Purchase, nil)
		signed, _ := proto.ParseSigned(val)
		ref := signed.ID()
		pay(till, ann, 4_20, proto.Cancel, ref[:])
		pay(ann, till, 10_00, proto.Purchase, nil)
		pay(ann, bob, 30_00, proto.Person, nil)
		pay(bob, till, 5_00, proto.Purchase, nil)
		w.check(purse.Totals{Issued: 100_00, InPurses: 100_00}) // nobody has told the issuer
		till.mustSync()
		w.check(purse.Totals{Issued: 100_00, InPurses: 85_00, InTills: 15_00}) // bob's 5.00 came out of what ann gave him: his shadow is behind
		till.must(proto.INSBatch, nil)
		till.mustSync()
		w.check(purse.Totals{Issued: 100_00, InPurses: 85_00, Redeemed: 15_00})
		if have := w.balance(till.owner + "/EUR"); have != 1015_00 {
			t.Errorf("the merchant has %d", have)
		}
		bob.mustSync()
		ann.mustSync()
		if a, b := w.balance("purse/"+ann.id.String()+"/EUR"), w.balance("purse/"+bob.id.String()+"/EUR"); a != 60_00 || b != 25_00 {
			t.Errorf("shadows %d and %d", a, b)
		}
		ann.unload(60_00)
		bob.unload(20_00)
		w.check(purse.Totals{Issued: 100_00, InPurses: 5_00, Redeemed: 95_00})
		ann.mustSync()
		bob.mustSync()
		till.mustSync()
		w.check(purse.Totals{Issued: 100_00, InPurses: 5_00, Redeemed: 95_00})
		w.cases()
	})
}

// The same bundle again, and an old one, credit nothing: UNIQUE on (purse, seq), and a chain that goes one way.
func TestCollectedAgain(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, till := w.enrol(proto.Holder, 0), w.enrol(proto.Acceptor, 3)
		ann.load(20_00, "EUR")
		pay(ann, till, 3_00, proto.Purchase, nil)
		till.must(proto.INSBatch, nil)
		old := till.bundle(nil)
		for range 3 {
			if _, err := w.issuer.Sync(ctx, old); err != nil {
				t.Fatal(err)
			}
		}
		pay(ann, till, 4_00, proto.Purchase, nil)
		till.mustSync()
		if _, err := w.issuer.Sync(ctx, old); err != nil {
			t.Errorf("an old file is no offence: %v", err)
		}
		w.check(purse.Totals{Issued: 20_00, InPurses: 13_00, InTills: 4_00, Redeemed: 3_00})
		w.cases()
	})
}

// A load that is interrupted at every point ends, after the purse synced, paid or refunded; never on a timeout alone.
func TestInterruptedLoad(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		// The VAL is lost: in transit until the purse gives up and says so.
		lost := w.enrol(proto.Holder, 0)
		request := lost.must(proto.INSStart, startData(lost.mustDesk(proto.INSHello, nil), 10_00, "EUR", proto.Load, nil))
		lost.mustDesk(proto.INSDebit, request)
		lost.mustDesk(proto.INSDebit, request) // a retry pays nothing twice
		w.check(purse.Totals{Issued: 10_00, Transit: 10_00})
		w.advance(365 * 24 * time.Hour)
		if err := w.issuer.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		w.check(purse.Totals{Issued: 10_00, Transit: 10_00})
		lost.must(proto.INSCredit, lost.mustDesk(proto.INSRepeat, nil)) // it comes late
		w.check(purse.Totals{Issued: 10_00, Transit: 10_00})
		lost.mustSync() // the ACK was lost; the purse's record proves receipt
		w.check(purse.Totals{Issued: 10_00, InPurses: 10_00})

		given := w.enrol(proto.Holder, 0)
		request = given.must(proto.INSStart, startData(given.mustDesk(proto.INSHello, nil), 5_00, "EUR", proto.Load, nil))
		given.mustDesk(proto.INSDebit, request)
		given.giveUp()
		given.mustSync()
		w.check(purse.Totals{Issued: 15_00, InPurses: 10_00, Redeemed: 5_00})
		if have := w.balance(given.owner + "/EUR"); have != 1000_00 {
			t.Errorf("after giving up the account has %d", have)
		}
		if len(given.module.State().Log) != 0 {
			t.Error("the archived exception was not cleared")
		}
		given.load(5_00, "EUR") // the desk is free again
		given.mustSync()
		w.check(purse.Totals{Issued: 20_00, InPurses: 15_00, Redeemed: 5_00})
		w.cases()
	})
}

// A load nobody can pay for moves nothing, on either side.
func TestLoadWithoutFunds(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann := w.enrol(proto.Holder, 3, "EUR", "USD")
		request := ann.must(proto.INSStart, startData(ann.mustDesk(proto.INSHello, nil), 10_00, "USD", proto.Load, nil))
		_, err := ann.desk(proto.INSDebit, request)
		wantFault(t, err, ledger.ErrInsufficientFunds)
		w.check(purse.Totals{})
		ann.giveUp()
		ann.mustSync()
		w.check(purse.Totals{})
	})
}

// A payment of which the payer is heard first waits in suspense with a date, and ends paid or refunded.
func TestSuspense(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, bob, cara, till := w.enrol(proto.Holder, 3), w.enrol(proto.Holder, 3), w.enrol(proto.Holder, 3), w.enrol(proto.Acceptor, 3)
		ann.load(100_00, "EUR")
		pay(ann, bob, 10_00, proto.Person, nil)
		// To cara the VAL is lost; both give up. To the till it is lost too, and the till is never heard again.
		ann.must(proto.INSDebit, cara.must(proto.INSStart, startData(ann.must(proto.INSHello, nil), 20_00, "EUR", proto.Person, nil)))
		ann.must(proto.INSDebit, till.must(proto.INSStart, startData(ann.must(proto.INSHello, nil), 5_00, "EUR", proto.Purchase, nil)))
		ann.giveUp()
		ann.mustSync()
		w.check(purse.Totals{Issued: 100_00, InPurses: 75_00, Suspense: 25_00}) // bob signed that it arrived: ann has his ACK
		list, err := w.issuer.Transfers(ctx, ann.id, 10)
		if err != nil || len(list) != 4 || list[0].Place != purse.Suspended || list[0].DueAt.IsZero() {
			t.Errorf("dispute table: %+v, %v", list, err)
		}
		cara.giveUp()
		cara.mustSync()
		w.check(purse.Totals{Issued: 100_00, InPurses: 75_00, Suspense: 5_00, Redeemed: 20_00})
		bob.mustSync()
		w.advance(40 * 24 * time.Hour)
		if err := w.issuer.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		w.check(purse.Totals{Issued: 100_00, InPurses: 75_00, Redeemed: 25_00})
		if have := w.balance(ann.owner + "/EUR"); have != 925_00 {
			t.Errorf("ann's account has %d", have)
		}
		w.cases()
	})
}

// An unload goes in two phases, as a load does. When its VAL is lost its value waits in transit, whatever time passes, until the VAL
// comes after all or the purse signs that it gave up; then the desk has given up too, and takes no late VAL.
func TestInterruptedUnload(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann := w.enrol(proto.Holder, 3)
		ann.load(50_00, "EUR")
		begin := func() []byte {
			request := ann.mustDesk(proto.INSStart, startData(ann.must(proto.INSHello, nil), 10_00, "EUR", proto.Unload, nil))
			return ann.must(proto.INSDebit, request)
		}
		value := begin()
		ann.mustSync()
		w.check(purse.Totals{Issued: 50_00, InPurses: 40_00, Transit: 10_00})
		w.advance(365 * 24 * time.Hour)
		if err := w.issuer.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		w.check(purse.Totals{Issued: 50_00, InPurses: 40_00, Transit: 10_00})
		ack := ann.mustDesk(proto.INSTake, value) // it comes late
		w.check(purse.Totals{Issued: 50_00, InPurses: 40_00, Redeemed: 10_00})
		ann.must(proto.INSComplete, ack)
		ann.mustSync()
		w.check(purse.Totals{Issued: 50_00, InPurses: 40_00, Redeemed: 10_00})
		begin() // the purse gives this one up and starts the next; so does the desk
		value = begin()
		ann.mustSync()
		w.check(purse.Totals{Issued: 50_00, InPurses: 20_00, Transit: 10_00, Redeemed: 20_00})
		ann.giveUp()
		ann.mustSync()
		w.check(purse.Totals{Issued: 50_00, InPurses: 20_00, Redeemed: 30_00})
		if _, err := ann.desk(proto.INSTake, value); err == nil {
			t.Error("the desk took what both had given up")
		}
		if have := w.balance(ann.owner + "/EUR"); have != 980_00 {
			t.Errorf("the account has %d", have)
		}
		w.cases()
		if len(ann.module.State().Log) > 0 {
			t.Error("the log was not cleared")
		}
		ann.unload(20_00)
		ann.mustSync()
		w.check(purse.Totals{Issued: 50_00, Redeemed: 50_00})
	})
}

// A lost purse is frozen, and refunded when its certificate and the window have ended; what tills collect until then is paid first.
func TestLostPurse(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, till := w.enrol(proto.Holder, 0), w.enrol(proto.Acceptor, 3)
		ann.load(20_00, "EUR")
		ann.must(proto.INSStart, startData(ann.mustDesk(proto.INSHello, nil), 7_00, "EUR", proto.Load, nil))
		ann.mustDesk(proto.INSDebit, ann.must(proto.INSRepeat, nil)) // on its way when the purse is lost
		pay(ann, till, 4_00, proto.Purchase, nil)
		if err := w.issuer.ReportLost(ctx, ann.id); err != nil {
			t.Fatal(err)
		}
		_, err := ann.desk(proto.INSHello, nil)
		wantFault(t, err, purse.ErrBlocked)
		w.advance(13 * 24 * time.Hour)
		if err := w.issuer.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		till.mustSync()
		w.check(purse.Totals{Issued: 27_00, InPurses: 16_00, InTills: 4_00, Transit: 7_00})
		w.advance(2 * 24 * time.Hour)
		if err := w.issuer.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		w.check(purse.Totals{Issued: 27_00, InTills: 4_00, Redeemed: 23_00})
		if have := w.balance(ann.owner + "/EUR"); have != 996_00 {
			t.Errorf("the holder has %d", have)
		}
	})
}

// An agent gives only what it was loaded with; the float is its limit.
func TestAgent(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		agent, ann := w.enrol(proto.Agent, 2), w.enrol(proto.Holder, 0)
		if sw, _ := agent.do(proto.INSStart, startData(agent.mustDesk(proto.INSHello, nil), 100_01, "EUR", proto.Load,
			nil)); sw != proto.OverLimit {
			t.Errorf("a load beyond the float: %s", sw)
		}
		agent.load(30_00, "EUR")
		pay(agent, ann, 20_00, proto.Load, nil)
		request := ann.must(proto.INSStart, startData(agent.must(proto.INSHello, nil), 15_00, "EUR", proto.Load, nil))
		if sw, _ := agent.do(proto.INSDebit, request); sw != proto.Insufficient {
			t.Errorf("an agent without float gives: %s", sw)
		}
		ann.mustSync()
		agent.mustSync()
		agent.unload(10_00)
		w.check(purse.Totals{Issued: 30_00, InPurses: 20_00, Redeemed: 10_00})
		w.cases()
	})
}

// Collection by file: a collector in force, its signature over just this file, within its limit; nobody else.
func TestCollector(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, till, carrier, other := w.enrol(proto.Holder, 3), w.enrol(proto.Acceptor, 3), w.enrol(proto.Collector, 2), w.enrol(proto.Holder, 0)
		ann.load(200_00, "EUR")
		pay(ann, till, 90_00, proto.Purchase, nil)
		till.must(proto.INSBatch, nil)
		file := till.bundle(nil).Encode()
		carry := func(d *device, file []byte) []byte {
			b, err := purse.Carry(d.key, w.issuer.Network(), d.id, file, w.clock.Now().Unix())
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		good := carry(carrier, file)
		_, err := w.issuer.Collect(ctx, file, carry(other, file))
		wantFault(t, err, purse.ErrCollector)
		changed := till.bundle([]byte("another")).Encode()
		_, err = w.issuer.Collect(ctx, changed, good)
		wantFault(t, err, purse.ErrCollector)
		w.check(purse.Totals{Issued: 200_00, InPurses: 200_00})
		answer, err := w.issuer.Collect(ctx, file, good)
		if err != nil {
			t.Fatal(err)
		}
		till.must(proto.INSParams, answer.Params)
		w.check(purse.Totals{Issued: 200_00, InPurses: 110_00, Redeemed: 90_00})
		pay(ann, till, 90_00, proto.Purchase, nil)
		pay(ann, till, 20_00, proto.Purchase, nil)
		file = till.bundle(nil).Encode()
		_, err = w.issuer.Collect(ctx, file, carry(carrier, file))
		wantFault(t, err, purse.ErrCollector)
		w.advance(31 * 24 * time.Hour)
		_, err = w.issuer.Collect(ctx, file, good)
		wantFault(t, err, purse.ErrCollector)
	})
}

// A desk takes from its own purse only: what somebody else's purse presents there starts nothing.
func TestDeskOfAnother(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, bob := w.enrol(proto.Holder, 3), w.enrol(proto.Holder, 3)
		bob.load(10_00, "EUR")
		_, err := ann.desk(proto.INSStart, startData(bob.must(proto.INSHello, nil), 5_00, "EUR", proto.Unload, nil))
		wantFault(t, err, purse.ErrMessage)
		_, err = ann.desk(proto.INSStart, []byte("noise"))
		wantFault(t, err, purse.ErrMessage)
	})
}

// Exchange between two slots: ordered, done and proved; or ordered and passed by.
func TestExchange(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann := w.enrol(proto.Holder, 3, "EUR", "USD")
		ann.load(20_00, "EUR")
		order := proto.Order{Module: ann.id, Seq: ann.module.State().Next, From: "EUR", To: "USD", Take: 10_00, Give: 11_00}
		signed, err := w.issuer.Exchange(ctx, order, "bank")
		if err != nil {
			t.Fatal(err)
		}
		w.verify()
		ann.must(proto.INSConvert, signed)
		if sw, _ := ann.do(proto.INSConvert, signed); sw != proto.WrongState {
			t.Errorf("the same order again: %s", sw)
		}
		ann.mustSync()
		w.check(purse.Totals{Issued: 20_00, InPurses: 10_00, Redeemed: 10_00})
		if have := w.balance("purse/" + ann.id.String() + "/USD"); have != 11_00 {
			t.Errorf("dollars in the purse: %d", have)
		}
		order.Seq = ann.module.State().Next
		if _, err := w.issuer.Exchange(ctx, order, "bank"); err != nil {
			t.Fatal(err)
		}
		ann.unload(1_00) // takes the sequence number
		ann.mustSync()
		w.verify()
		if have := w.balance("purse/transit/USD"); have != 0 {
			t.Errorf("still set aside: %d", have)
		}
	})
}

// Messages of nobody, of somebody else, cut or out of order are refused and archive nothing.
func TestBadBundles(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, bob := w.enrol(proto.Holder, 3), w.enrol(proto.Holder, 3)
		ann.load(20_00, "EUR")
		pay(ann, bob, 5_00, proto.Person, nil)
		good := ann.bundle(nil)
		try := func(name string, b purse.Bundle, want *fault.Fault) {
			t.Helper()
			if _, err := w.issuer.Sync(ctx, b); err == nil {
				t.Errorf("%s: taken", name)
			} else {
				wantFault(t, err, want)
			}
		}
		n := len(good.Records)
		try("no statement", purse.Bundle{Records: good.Records}, purse.ErrMessage)
		try("another's statement", purse.Bundle{Statement: bob.must(proto.INSState, nil), Records: good.Records}, purse.ErrMessage)
		try("the last record missing", purse.Bundle{Statement: good.Statement, Records: good.Records[:n-1]}, purse.ErrMessage)
		try("a record missing", purse.Bundle{Statement: good.Statement, Records: append(append([][]byte{}, good.Records[:1]...),
			good.Records[2:]...)}, purse.ErrMessage)
		try("the first record missing", purse.Bundle{Statement: good.Statement, Records: good.Records[1:]}, purse.ErrGap)
		bad := append([]byte(nil), good.Records[0]...)
		bad[len(bad)-1] ^= 1
		try("a signature changed", purse.Bundle{Statement: good.Statement, Records: append([][]byte{bad}, good.Records[1:]...)}, purse.ErrMessage)
		w.check(purse.Totals{Issued: 20_00, InPurses: 20_00})
		if _, err := w.issuer.Sync(ctx, good); err != nil {
			t.Errorf("the good one: %v", err)
		}
		if _, ok := purse.ParseBundle(good.Encode()[1:]); ok {
			t.Error("a cut file is read")
		}
	})
}

// A blocked purse cannot act, after its own sync or wherever its block is known; restored it can.
func TestBlock(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann, till := w.enrol(proto.Holder, 0), w.enrol(proto.Acceptor, 3)
		ann.load(20_00, "EUR")
		if err := w.issuer.Block(ctx, ann.id, operator); err != nil {
			t.Fatal(err)
		}
		till.mustSync()
		if sw, _ := till.do(proto.INSStart, startData(ann.must(proto.INSHello, nil), 1_00, "EUR", proto.Purchase, nil)); sw != proto.Blocked {
			t.Errorf("a till that knows takes: %s", sw)
		}
		ann.mustSync()
		if sw, _ := ann.do(proto.INSHello, nil); sw != proto.Blocked {
			t.Errorf("a blocked purse says hello: %s", sw)
		}
		if err := w.issuer.Restore(ctx, ann.id, operator); err != nil {
			t.Fatal(err)
		}
		ann.mustSync()
		till.mustSync()
		pay(ann, till, 1_00, proto.Purchase, nil)
		list, err := w.issuer.Exposure(ctx, ann.id)
		if err != nil || len(list) != 1 || list[0].PerTill != 50_00 || list[0].Tills != 1 || list[0].Worst != 100_00 {
			t.Errorf("exposure %+v, %v", list, err)
		}
	})
}

// The issuer keeps its keys over a restart, and what Verify says is about the rows: one that is changed by hand is named.
func TestVerifyFinds(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		ann := w.enrol(proto.Holder, 0)
		ann.load(20_00, "EUR")
		ann.mustSync()
		for _, q := range []string{
			`update purse_module set records = records - 1`,
			`update purse_transfer set place = 2`,
			`update purse_record set number = number + 100 where number = 2`,
		} {
			found := 0
			err := w.db.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(q); return err })
			if err == nil {
				err = w.issuer.Verify(ctx, func(purse.Finding) { found++ })
			}
			if err != nil || found == 0 {
				t.Errorf("%s: %d findings, %v", q, found, err)
			}
		}
	})
}

// FuzzBundle: what is read as a file is written as the same bytes; nothing makes the reader panic.
func FuzzBundle(f *testing.F) {
	f.Add(purse.Bundle{Statement: []byte("s"), Records: [][]byte{[]byte("a"), []byte("b")}}.Encode())
	f.Fuzz(func(t *testing.T, in []byte) {
		if b, ok := purse.ParseBundle(in); ok && string(b.Encode()) != string(in) {
			t.Errorf("%x is read and written differently", in)
		}
	})
}
