package step_test

import (
	"slices"
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// A till adds up what it takes from each payer in each currency, and takes from none more than that payer may spend, until it has synced.
func TestTillCountsItsPayers(t *testing.T) {
	two := func(d *device) *device {
		d.cert.Terms = terms("EUR", "USD")
		d.cert.Terms[0].Balance, d.cert.Terms[1].Balance = 1_000_000, 1_000_000
		d.do(proto.INSParams, d.params(2, d.cert, nil))
		for i := range d.state.Slots {
			d.state.Slots[i].Own = 100_000
		}
		return d
	}
	shop, ann, bob := two(till()), two(third()), two(newDevice(2, certificate(2, proto.Holder), 0))
	asks := func(from *device, value int64, currency string) step.Response {
		return shop.do(proto.INSStart, proto.Start{Hello: from.hello(), Value: value, Currency: currency, Purpose: proto.Purchase}.Encode())
	}
	sells := func(to *device, value int64, currency string) {
		t.Helper()
		request := asks(to, value, currency)
		to.agree(request.Data())
		was, before := shop.state, string(shop.state.Encode())
		defer func() {
			if string(was.Encode()) != before {
				t.Error("Step changed the state that it was given")
			}
		}()
		ack := shop.do(proto.INSTake, to.do(proto.INSDebit, request.Data()).Data())
		if r := to.do(proto.INSComplete, ack.Data()); request.SW() != proto.OK || r.SW() != proto.OK {
			t.Fatalf("a purchase of %d %s: %s, %s", value, currency, request.SW(), r.SW())
		}
	}
	for _, s := range []struct {
		by       *device
		value    int64
		currency string
	}{{ann, 2000, "EUR"}, {bob, 1500, "USD"}, {ann, 1700, "USD"}, {ann, 2000, "EUR"}, {bob, 5, "EUR"}, {bob, 1500, "USD"}, {ann, 1000, "EUR"},
		{ann, 300, "USD"}} {
		sells(s.by, s.value, s.currency)
	}
	want := []step.Taking{{From: bob.cert.ID, Slot: 0, Value: 5}, {From: bob.cert.ID, Slot: 1, Value: 3000},
		{From: ann.cert.ID, Slot: 0, Value: 5000}, {From: ann.cert.ID, Slot: 1, Value: 2000}}
	if !slices.Equal(shop.state.Takings, want) {
		t.Errorf("the till remembers %+v", shop.state.Takings)
	}
	for _, s := range []struct {
		by       *device
		value    int64
		currency string
		want     proto.SW
	}{{ann, 1, "EUR", proto.SyncNeeded}, {ann, 2000, "USD", proto.OK}, {bob, 2000, "USD", proto.OK}, {bob, 2000, "EUR", proto.OK}} {
		if r := asks(s.by, s.value, s.currency); r.SW() != s.want {
			t.Errorf("%d %s more: %s, want %s", s.value, s.currency, r.SW(), s.want)
		}
		shop.do(proto.INSAbort, nil)
	}
	if shop.state.Batch.Count != 8 || shop.state.Balance("EUR") != 105_005 || shop.state.Balance("USD") != 105_000 {
		t.Errorf("the till holds %+v, batch %+v", shop.state.Slots, shop.state.Batch)
	}
	shop.do(proto.INSParams, shop.params(3, shop.cert, nil))
	if r := asks(ann, 1, "EUR"); r.SW() != proto.OK || len(shop.state.Takings) != 0 {
		t.Errorf("after a sync: %s, %+v", r.SW(), shop.state.Takings)
	}
}

// The issuer's clock counts where it is ahead, and no clock goes back: what was certified in between is over.
func TestIssuersClock(t *testing.T) {
	ann := third()
	for _, s := range []struct{ now, at, seen int64 }{{start, start + 500, start + 500}, {start + 100, start - 900, start + 500},
		{start + 700, start + 600, start + 700}} {
		ann.env.Now = s.now
		data := ann.params(ann.state.Epoch+1, ann.cert, func(p *proto.Params) { p.At = s.at })
		if r := ann.do(proto.INSParams, data); r.SW() != proto.OK || ann.state.Seen != s.seen || ann.state.ListedAt != s.at {
			t.Errorf("at %d, told of %d: %s, seen %d", s.now-start, s.at-start, r.SW(), ann.state.Seen-start)
		}
	}
	ann.env.Now = start
	short := ann.cert
	short.NotAfter = start + 699
	ann.do(proto.INSParams, ann.params(ann.state.Epoch+1, short, nil))
	bob := newDevice(2, certificate(2, proto.Holder), 500)
	if r := ann.do(proto.INSStart, startFrom(bob, 100, "EUR", proto.Person)); r.SW() != proto.SyncNeeded {
		t.Errorf("with a clock that was set back: %s", r.SW())
	}
}
