package purse_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/product/purse"
	"billfold/product/purse/proto"
)

// hurried is a town in which everything is about to happen at the same moment.
type hurried struct {
	*world
	tills, purses []*device
	sold, lost    int64 // bought at the tills; paid to nobody, given up by both sides
	gone          []*missing
	loads         atomic.Int64 // that the desk accepted from purses that were being reported lost
}

// missing is a purse that is reported lost while it loads, unloads, syncs and is collected from. It held 20.00: 4.00 of that it paid to a
// till, 1.00 to a person, 2.00 to nobody, and 5.00 were on their way to the desk when it began another load.
type missing struct {
	*device
	told          purse.Bundle
	value, loaded []byte // VAL of the unload; REQ of the load
}

// hurry has purses pay tills and each other, and tells nobody: the issuer will hear of all of it at once.
func hurry(w *world) *hurried {
	h := &hurried{world: w, tills: []*device{w.enrol(proto.Acceptor, 3), w.enrol(proto.Acceptor, 3)}}
	for range 6 {
		d := w.enrol(proto.Holder, 3, "EUR", "USD")
		d.load(100_00, "EUR")
		h.purses = append(h.purses, d)
	}
	for i := range 6 {
		h.gone = append(h.gone, h.mislay(i))
	}
	for i := range 18 {
		from, to := h.purses[i%6], h.purses[(i*5+2)%6]
		pay(from, h.tills[i%2], 1_00, proto.Purchase, nil)
		h.sold += 1_00
		if from == to {
			continue
		}
		if i%3 == 0 {
			from.must(proto.INSDebit, to.must(proto.INSStart, startData(from.must(proto.INSHello, nil), 2_00, "EUR", proto.Person, nil)))
			from.giveUp()
			to.giveUp()
			h.lost += 2_00
			continue
		}
		pay(from, to, 2_00, proto.Person, nil)
	}
	return h
}

func (h *hurried) mislay(i int) *missing {
	d, friend := &missing{device: h.enrol(proto.Holder, 0)}, h.purses[i%6]
	d.load(20_00, "EUR")
	pay(d.device, h.tills[i%2], 4_00, proto.Purchase, nil)
	pay(d.device, friend, 1_00, proto.Person, nil)
	d.must(proto.INSDebit, friend.must(proto.INSStart, startData(d.must(proto.INSHello, nil), 2_00, "EUR", proto.Person, nil)))
	friend.giveUp()
	begun := d.mustDesk(proto.INSStart, startData(d.must(proto.INSHello, nil), 5_00, "EUR", proto.Unload, nil))
	d.value = d.must(proto.INSDebit, begun)
	d.loaded = d.must(proto.INSStart, startData(d.mustDesk(proto.INSHello, nil), 3_00, "EUR", proto.Load, nil))
	d.told = d.bundle(nil)
	return d
}

// loss is everything that happens to a missing purse, at once. Whether the desk still serves it depends on who comes first.
func (h *hurried) loss(i int, d *missing) (all []func() error) {
	all = append(all, func() error { return h.issuer.ReportLost(ctx, d.id) },
		func() error { _, _ = d.desk(proto.INSTake, d.value); return nil },
		func() error {
			if _, err := d.desk(proto.INSDebit, d.loaded); err == nil {
				h.loads.Add(1)
			}
			return nil
		})
	if i%2 == 0 { // the others are never heard again
		all = append(all, func() error { _, err := h.issuer.Sync(ctx, d.told); return err })
	}
	return all
}

// errand is what one purse does at the issuer while all others do the same: it tells, loads, gives a load up, exchanges, unloads, gives an
// unload up.
func (h *hurried) errand(d *device) error {
	var all []error
	try := func(_ []byte, err error) { all = append(all, err) }
	all = append(all, d.sync())
	d.load(5_00, "EUR")
	request := d.must(proto.INSStart, startData(d.mustDesk(proto.INSHello, nil), 3_00, "EUR", proto.Load, nil))
	try(d.desk(proto.INSDebit, request))
	d.giveUp()
	all = append(all, d.sync())
	order := proto.Order{Module: d.id, Seq: d.module.State().Next, From: "EUR", To: "USD", Take: 4_00, Give: 4_00}
	signed, err := h.issuer.Exchange(ctx, order, "bank")
	if err == nil {
		d.must(proto.INSConvert, signed)
	}
	all = append(all, err)
	d.unload(2_00)
	begun := d.mustDesk(proto.INSStart, startData(d.must(proto.INSHello, nil), 1_00, "EUR", proto.Unload, nil))
	d.must(proto.INSDebit, begun)
	d.giveUp()
	return errors.Join(append(all, d.sync())...)
}

// Loads, unloads, exchanges, tills' batches, syncs of both sides of every transfer, the same bundles in other hands, reports of lost purses
// and the sweep, all at once: the books agree as if they had come one by one, and who lost a purse has what it held.
func TestAllAtOnce(t *testing.T) {
	crowds(t, func(t *testing.T, w *world) {
		h := hurry(w)
		var group sync.WaitGroup
		together := func(do func() error) {
			group.Go(func() {
				if err := do(); err != nil {
					t.Error(err)
				}
			})
		}
		for _, d := range append(h.tills[:2:2], h.purses...) {
			b := d.bundle(nil)
			together(func() error { _, err := w.issuer.Sync(ctx, b); return err })
		}
		for _, d := range h.purses {
			together(func() error { return h.errand(d) })
		}
		for _, till := range h.tills {
			together(func() error {
				till.must(proto.INSBatch, nil)
				return till.sync()
			})
		}
		for i, d := range h.gone {
			for _, do := range h.loss(i, d) {
				together(do)
			}
		}
		for range 3 {
			together(func() error { return w.issuer.Sweep(ctx) })
		}
		group.Wait()
		for _, d := range append(h.tills[:2:2], h.purses...) {
			d.mustSync()
		}
		w.advance(15 * 24 * time.Hour)
		for range 3 {
			together(func() error { return w.issuer.Sweep(ctx) })
		}
		group.Wait()
		n := int64(len(h.gone))
		if h.lost == 0 || h.sold == 0 {
			t.Error("nothing was given up, or sold")
		}
		// Each purse: loaded 5 and 3, of which 3 came back; exchanged 4; unloaded 2, and 1 that was given up. Each that is lost: 4 to a till, 1
		// to a purse, the rest back, with what was on its way.
		loads := h.loads.Load() * 3_00
		w.check(purse.Totals{Issued: 6*108_00 + n*20_00 + loads, InPurses: 6*98_00 - h.sold - h.lost + n*1_00,
			Redeemed: 6*10_00 + h.sold + h.lost + n*19_00 + loads})
		for i, d := range h.gone {
			if account, shadow := w.balance(d.owner+"/EUR"), w.balance("purse/"+d.id.String()+"/EUR"); account != 995_00 || shadow != 0 {
				t.Errorf("lost purse %d: its holder has %d, it is said to hold %d", i, account, shadow)
			}
		}
		w.cases()
		t.Logf("%d of %d loads came before the report", h.loads.Load(), n)
		for _, d := range h.purses {
			if have := w.balance("purse/" + d.id.String() + "/USD"); have != 4_00 {
				t.Errorf("%d dollars", have)
			}
		}
	})
}

// A lost purse is paid out beside the collection of what it had paid: either the payment comes first and the rest is refunded, or
// the refund comes first and the payment is a case. Never both.
func TestLostBesideCollection(t *testing.T) {
	crowds(t, func(t *testing.T, w *world) {
		const rounds = 4
		var lost, tills []*device
		for range rounds {
			ann, till := w.enrol(proto.Holder, 0), w.enrol(proto.Acceptor, 3)
			ann.load(20_00, "EUR")
			pay(ann, till, 4_00, proto.Purchase, nil)
			if err := w.issuer.ReportLost(ctx, ann.id); err != nil {
				t.Fatal(err)
			}
			lost, tills = append(lost, ann), append(tills, till)
		}
		w.advance(15 * 24 * time.Hour)
		var group sync.WaitGroup
		for _, till := range tills {
			group.Go(func() {
				if err := till.sync(); err != nil {
					t.Error(err)
				}
			})
		}
		for range 2 {
			group.Go(func() {
				if err := w.issuer.Sweep(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		cases, err := w.issuer.Cases(ctx, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		disputed := int64(len(cases))
		for i, ann := range lost {
			if shadow := w.balance("purse/" + ann.id.String() + "/EUR"); shadow != 0 {
				t.Errorf("purse %d has a shadow of %d after it was paid out", i, shadow)
			}
		}
		paid := rounds - disputed
		w.check(purse.Totals{Issued: rounds * 20_00, InTills: paid * 4_00, Redeemed: paid*16_00 + disputed*20_00})
		for _, c := range cases {
			if _, err := w.issuer.Settle(ctx, c.ID, purse.ByHouse, operator); c.Kind != purse.CaseLate || err != nil {
				t.Errorf("%+v: %v", c, err)
			}
		}
		w.verify()
		for _, till := range tills {
			till.must(proto.INSBatch, nil)
			till.mustSync()
			if have := w.balance(till.owner + "/EUR"); have != 1004_00 {
				t.Errorf("a merchant has %d", have)
			}
		}
	})
}
