package step_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

var paths = []string{"start in idle", "REQ in idle", "VAL in EPV", "ACK in EPA", "REQ in EPA, repeated", "abort in EPV", "abort in EPA",
	"maybe lost", "definitely lost", "all paid", "recovered", "completed late"}

// Two purses, one start each: in every run, under a second.
func TestExploreTwoPurses(t *testing.T) {
	x := explore(t, true, 1, 1)
	x.report("2×1 with logs")
	x.must(paths...)
	x.must("archived", "CLEAR in idle", "clear not authorised")
}

// Three purses, one start each.
func TestExploreThreePurses(t *testing.T) {
	x := explore(t, false, 1, 1, 1)
	x.report("3×1")
	x.must(paths...)
}

// Two purses, two starts each, without logs: everything that a start over an open transfer does.
func TestExploreTwoStarts(t *testing.T) {
	x := explore(t, false, 2, 2)
	x.report("2×2 without logs")
	x.must(paths...)
	x.must("start in EPV", "start in EPA", "REQ in EPV", "REQ in EPA")
}

// One purse with two starts and one with one, with logs: two exceptions in one log, and a clear for one of them.
func TestExploreLogs(t *testing.T) {
	x := explore(t, true, 2, 1)
	x.report("2 and 1 with logs")
	x.must(paths...)
	x.must("archived", "CLEAR in idle", "clear not authorised")
}

// Two purses, two starts each, with logs: on demand, BILLFOLD_LONG=1.
func TestLongExploreLogs(t *testing.T) {
	if os.Getenv("BILLFOLD_LONG") == "" {
		return
	}
	x := explore(t, true, 2, 2)
	x.report("2×2 with logs")
	x.must(paths...)
	x.must("start in EPV", "start in EPA", "REQ in EPV", "REQ in EPA", "archived", "CLEAR in idle", "clear not authorised")
}

// A holder and a till: purchases, the last one given back, batches closed at any moment, collections whose answers come, come late or get
// lost. No till forgets what its merchant was not paid, no merchant is paid what was given back, nothing is given back twice.
func TestExploreTill(t *testing.T) {
	x := holderAndTill(false, 2, 2).explore(t)
	x.report("holder and till, 2×2")
	x.must(paths[:len(paths)-3]...)
	x.must("recovered", "completed late", "start of a purchase", "start of a cancel",
		"purchase closed", "cancel closed", "given back", "batch closed",
		"paid to a merchant", "till emptied", "till collected with an open batch")
}

func holderAndTill(logs bool, starts ...uint64) setting {
	return setting{devices: []*device{module(1, proto.Holder, funds), module(2, proto.Acceptor, 0)}, starts: starts, logs: logs,
		purposes: []proto.Purpose{proto.Purchase, proto.Cancel}, tills: true}
}

// A load agent between the issuer's desk and a holder: it gives what it was loaded with, and never more.
func TestExploreAgent(t *testing.T) {
	x := agentAndHolder().explore(t)
	x.report("desk, agent and holder, 1, 2 and 1")
	x.must("start in EPV", "VAL in EPV", "REQ in EPA, repeated", "abort in EPV", "abort in EPA", "maybe lost", "definitely lost", "recovered",
		"completed late", "load closed")
}

func agentAndHolder() setting {
	return setting{devices: []*device{module(1, proto.Issuer, funds), module(2, proto.Agent, 0), module(3, proto.Holder, 0)},
		starts: []uint64{1, 2, 1}, purposes: []proto.Purpose{proto.Load}}
}

// A holder and the issuer's desk: loads and unloads, begun, lost, given up, in any order.
func TestExploreDesk(t *testing.T) {
	x := deskAndHolder(false).explore(t)
	x.report("desk and holder, 2×2")
	x.must(paths...)
	x.must("start of a load", "start of a unload", "load closed", "unload closed", "start in EPV", "start in EPA", "REQ in EPV", "REQ in EPA")
}

func deskAndHolder(logs bool) setting {
	return setting{devices: []*device{module(1, proto.Issuer, funds), module(2, proto.Holder, funds)}, starts: []uint64{2, 2}, logs: logs,
		purposes: []proto.Purpose{proto.Load, proto.Unload}}
}

// A holder with two slots, the desk, and two exchanges that the issuer has signed: each is carried out once or passed by.
func TestExploreExchange(t *testing.T) {
	x := exchanges().explore(t)
	x.report("desk and two slots, 1 and 2")
	x.must("ORDER in idle", "exchanged", "exchange passed by", "load closed", "unload closed", "recovered", "completed late")
}

func exchanges() setting {
	order := func(seq uint64) proto.Order {
		return proto.Order{Module: proto.ID{2}, Seq: seq, From: "EUR", To: "USD", Take: 1, Give: 1}
	}
	return setting{devices: []*device{module(1, proto.Issuer, funds), module(2, proto.Holder, funds, "EUR", "USD")}, starts: []uint64{1, 2},
		purposes: []proto.Purpose{proto.Load, proto.Unload}, orders: []proto.Order{order(1), order(2)}}
}

// failing takes the place of a test that is expected to fail.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Errorf(format string, args ...any) {
	if f.said == "" {
		f.said = fmt.Sprintf(format, args...)
	}
}
func (f *failing) Logf(string, ...any) {}
func (f *failing) Failed() bool        { return f.said != "" }

// The explorations would notice: a rule of the table without one of its checks or effects is found to be wrong, as the mutants of the
// sources are that product/purse's TestMutantsAreCaught makes.
func TestTableMutantsAreCaught(t *testing.T) {
	stocked := holderAndTill(false, 3, 3) // a till that could give back what it did not just take
	stocked.devices[1] = module(2, proto.Acceptor, 1)
	stocked.tills = false
	for _, m := range []struct {
		name   string
		world  setting
		check  step.Check
		effect step.Effect // where check is 0
	}{
		{"a purchase that was not made is given back", holderAndTill(false, 2, 2), step.CancelTheirs, 0},
		{"a purchase is given back twice", stocked, 0, step.MarkCancelled},
		{"a batch is closed and can be given back", holderAndTill(false, 2, 2), 0, step.CloseBatch},
		{"a desk pays what nobody asked it for", deskAndHolder(false), step.ForMe, 0},
		{"an agent gives more than it has", agentAndHolder(), step.Covered, 0},
		{"an order is carried out twice", exchanges(), 0, step.TakeSequence},
		{"an order is carried out late", exchanges(), step.OrderNext, 0},
		{"an order is carried out and gives nothing", exchanges(), 0, step.Exchange},
	} {
		kept := slices.Clone(step.Table)
		for i := range step.Table {
			r := &step.Table[i]
			if m.check != 0 {
				r.Checks = slices.DeleteFunc(slices.Clone(r.Checks), func(c step.Check) bool { return c == m.check })
			} else {
				r.Effects = slices.DeleteFunc(slices.Clone(r.Effects), func(e step.Effect) bool { return e == m.effect })
			}
		}
		f := &failing{TB: t}
		func() {
			defer func() {
				if broke := recover(); broke != nil {
					f.Errorf("broke down: %v", broke)
				}
			}()
			m.world.explore(f)
		}()
		copy(step.Table, kept)
		if f.said == "" {
			t.Errorf("%s: not noticed", m.name)
		}
		t.Logf("%s: %s", m.name, f.said)
	}
}

// The same with logs, and a till of more numbers: on demand, BILLFOLD_LONG=1.
func TestLongExploreRoles(t *testing.T) {
	if os.Getenv("BILLFOLD_LONG") == "" {
		return
	}
	x := holderAndTill(false, 3, 3).explore(t)
	x.report("holder and till, 3×3")
	x = holderAndTill(true, 2, 2).explore(t)
	x.report("holder and till, 2×2, with logs")
	x.must("archived", "CLEAR in idle", "clear not authorised", "given back", "till emptied")
	x = deskAndHolder(true).explore(t)
	x.report("desk and holder, 2×2, with logs")
	x.must("archived", "CLEAR in idle", "clear not authorised", "load closed", "unload closed")
}
