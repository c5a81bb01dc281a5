package outage

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/client"
)

// callers is how many requests are on their way when a server is killed.
const callers = 16

// TestKill kills the whole server with SIGKILL at moments that a seed picks, while callers use every verb that moves money. After each
// start every acknowledged id of that life is found with its amount and state; every request that got no answer is asked again
// with its key, and has been done or is done now, once; at the end every id is found again, both sides of every payment have been told,
// every account holds exactly what the errands moved, and the books verify.
func TestKill(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		rounds := 10
		if long() {
			rounds = map[db.Engine]int{db.SQLite: 10_000, db.Postgres: 1_000}[h.engine]
		}
		// A new house now and then keeps the long form at the size of the short one.
		const most = 250
		total := &killed{}
		for first := 0; first < rounds; first += most {
			if first > 0 {
				h = build(h.t, h.engine)
			}
			h.killRounds(min(most, rounds-first), uint64(first), total)
		}
		slices.Sort(total.again)
		h.t.Logf("%d kills; first payment again after %v (middle), %v (longest)%s", rounds, total.again[len(total.again)/2],
			total.again[len(total.again)-1], total.text)
	})
}

// killed is what a run of kills showed.
type killed struct {
	again []time.Duration // from the start of a process to its first acknowledged payment
	text  string
}

// verbs are what a run must have reached.
var verbs = []string{"pay", "request", "confirm", "checkout", "hold", "capture", "void", "refund", "transfer", "topup", "callback",
	"entries", "reserve", "release"}

func (h *house) killRounds(rounds int, seed uint64, total *killed) {
	j, dice := newJournal(), rand.New(rand.NewPCG(seed, 1))
	before := h.deadlocks()
	shared := &crowd{}
	work := func(name string) *worker {
		return &worker{h: h, j: j, name: name, dice: rand.New(rand.NewPCG(dice.Uint64(), 7)), moved: map[string]int64{}, crowd: shared}
	}
	var all sync.WaitGroup
	var workers []*worker
	for i := range callers {
		w := work(fmt.Sprintf("w%d", i))
		workers = append(workers, w)
		all.Go(w.work)
	}
	h.open(h.start())
	for round := range rounds {
		seen, enough := j.size(), j.acknowledged()+20+dice.IntN(100)
		until(h.t, "requests are acknowledged", func() bool { return h.t.Failed() || j.acknowledged() >= enough })
		if h.t.Failed() {
			break
		}
		<-time.After(time.Duration(dice.Int64N(int64(5 * time.Millisecond)))) // not always between two answers
		h.kill()
		until(h.t, "everybody waits for a server", func() bool { return h.t.Failed() || shared.parked.Load() == callers })
		began := time.Now()
		c := h.start()
		if err := first(c, h); err != nil {
			h.t.Fatalf("round %d: the first payment after the start: %v", round, err)
		}
		total.again = append(total.again, time.Since(began).Round(time.Millisecond))
		for _, what := range j.check(c, seen) {
			h.t.Errorf("round %d: %s", round, what)
		}
		workers[0].move(h.wallet(h.payers[0]), h.receipts(h.shops[0]), 1)
		h.open(c)
	}
	shared.stop.Store(true)
	all.Wait()
	h.settle(j, workers)
	h.kill()
	h.noDeadlock(before)
	total.text += j.String()
	for _, verb := range verbs {
		if j.verbs[verb] == nil || j.verbs[verb].acknowledged == 0 {
			h.t.Errorf("%s was never acknowledged: this run has shown nothing about it", verb)
		}
	}
}

// first makes one payment.
func first(c *crew, h *house) error {
	_, err := c.payers[0].CreatePayment(context.Background(), client.CreatePayment{Amount: euros(1), Payee: h.shops[0].id, Confirm: true})
	return err
}

// settle waits until nothing is under way, and looks at everything once more.
func (h *house) settle(j *journal, workers []*worker) {
	h.t.Helper()
	c := h.now(0)
	if c == nil {
		h.t.Fatal("no server runs")
	}
	until(h.t, "every top-up is credited", func() bool {
		for id, p := range j.payments {
			if !p.settles {
				continue
			}
			is, err := c.operator.Payment(context.Background(), id, nil)
			if err != nil {
				h.t.Fatalf("top-up %s: %v", id, err)
			}
			if is.State != "completed" {
				return false
			}
			p.settles = false
			p.state, p.captured = is.State, is.Captured.Amount
		}
		return true
	})
	waiting := slices.Clone(j.order)
	until(h.t, "both sides of every payment are told", func() bool { waiting = untold(c, j, waiting); return len(waiting) == 0 })
	for _, what := range append(j.check(c, 0), h.balances(c, workers)...) {
		h.t.Error(what)
	}
	h.verify()
	unknown := 0
	for _, v := range j.verbs {
		unknown += v.unknown
	}
	if unknown == 0 {
		h.t.Error("no request was cut off: the kills hit nothing")
	}
}

// untold lists those of the payments between two people of which nobody was told yet.
func untold(c *crew, j *journal, ids []string) (left []string) {
	for i, id := range ids {
		p := j.payments[id]
		if p == nil || p.kind == "topup" || p.state == "awaiting_confirmation" {
			continue
		}
		is, err := c.operator.Payment(context.Background(), id, nil)
		if err != nil || !slices.ContainsFunc(is.Timeline, func(s client.Step) bool { return s.Step == "confirm_payer" }) {
			return ids[i:]
		}
	}
	return nil
}

// balances compares what every account holds with what the errands moved.
func (h *house) balances(c *crew, workers []*worker) (complaints []string) {
	want := map[string]int64{}
	for i := range labs {
		want[lab(i)] = funds
	}
	for _, p := range h.payers {
		want[h.wallet(p)] = funds
	}
	for _, w := range workers {
		for address, minor := range w.moved {
			want[address] += minor
		}
	}
	for _, address := range slices.Sorted(maps.Keys(want)) {
		if is := h.posted(c, address); is != strconv.FormatInt(want[address], 10) {
			complaints = append(complaints, fmt.Sprintf("%s holds %s, and was told %d", address, is, want[address]))
		}
	}
	return complaints
}

// TestKillControl shows that the journal finds what it is there to find: ids that nobody ever acknowledged, an amount that is another,
// and everything that was acknowledged after a copy of the database which then takes its place.
func TestKillControl(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		c := h.start()
		h.open(c)
		h.kill()
		restore := h.copy()
		h.open(h.start())
		j := newJournal()
		w := &worker{h: h, j: j, name: "control", dice: rand.New(rand.NewPCG(1, 1)), moved: map[string]int64{}, crowd: &crowd{}}
		heads := map[string]bool{} // what the witness beside the database has noted since the copy
		for n := 0; n < 60 || len(heads) < 5; n++ {
			if err := w.errand(); err != nil {
				t.Fatal(err)
			}
			heads[h.witnessed()] = true
		}
		c = h.now(0)
		if found := j.check(c, 0); len(found) > 0 {
			t.Fatalf("before anything was lost: %v", found)
		}
		forged := newJournal()
		forged.payment(client.Payment{ID: "pay_01k00000000000000000000000", Kind: "purchase", State: "completed", Amount: euros(1)})
		forged.entry(client.LedgerEntry{ID: "ent_01k00000000000000000000000"})
		if found := forged.check(c, 0); len(found) != 2 {
			t.Errorf("two forged ids: %v", found)
		}
		for id, p := range j.payments {
			other := *p
			other.amount += "0"
			forged = newJournal()
			forged.order, forged.payments = []string{id}, map[string]*paid{id: &other}
			if found := forged.check(c, 0); len(found) != 1 {
				t.Errorf("%s with another amount: %v", id, found)
			}
			break
		}
		h.kill()
		restore()
		h.launch()
		until(t, "the server notices by itself that its database went back", func() bool {
			return strings.Contains(h.errs.String(), "history_went_back")
		})
		h.kill()
		h.open(h.start("--accept-history"))
		c = h.now(0)
		found := j.check(c, 0)
		if len(found) != j.size() {
			t.Errorf("after %d ids were lost the journal complains %d times: %v", j.size(), len(found), found)
		}
		if len(h.balances(c, []*worker{w})) == 0 {
			t.Error("the accounts of a database that went back hold what was told")
		}
		t.Logf("%d acknowledged ids were lost on purpose, %d were found missing", j.size(), len(found))
	})
}

// witnessed is what lies beside the database to tell when it went back.
func (h *house) witnessed() (all string) {
	h.t.Helper()
	err := filepath.WalkDir(h.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(d.Name(), "head.") {
			return nil // a file of the database that is gone again
		}
		b, err := os.ReadFile(path)
		all += string(b)
		return err
	})
	if err != nil || all == "" {
		h.t.Fatalf("no witness in %s: %v", h.data, err)
	}
	return all
}

// copy puts a copy of a stopped installation's database aside, and returns what puts it back.
func (h *house) copy() (restore func()) {
	h.t.Helper()
	if h.dsn != "" {
		return h.copyPostgres()
	}
	kept := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(h.data, "billfold.db*"))
	if err != nil || len(names) == 0 {
		h.t.Fatalf("no database in %s: %v", h.data, err)
	}
	for _, name := range names {
		if kept[name], err = os.ReadFile(name); err != nil {
			h.t.Fatal(err)
		}
	}
	return func() {
		names, _ := filepath.Glob(filepath.Join(h.data, "billfold.db*"))
		for _, name := range names {
			if err := os.Remove(name); err != nil {
				h.t.Fatal(err)
			}
		}
		for name, b := range kept {
			if err := os.WriteFile(name, b, 0o600); err != nil {
				h.t.Fatal(err)
			}
		}
	}
}

// copyPostgres has the server copy the database; the installation is then told of the copy.
func (h *house) copyPostgres() (restore func()) {
	h.t.Helper()
	path, query, _ := strings.Cut(h.dsn, "?")
	at := strings.LastIndex(path, "/")
	name, other := path[at+1:], path[at+1:]+"_copy"
	h.sql(path[:at]+"/postgres?"+query, `drop database if exists `+other, `select pg_terminate_backend(pid, 10000) from pg_stat_activity
		where datname = '`+name+`' and pid <> pg_backend_pid()`, `create database `+other+` template `+name)
	h.t.Cleanup(func() {
		h.kill()
		h.sql(path[:at]+"/postgres?"+query, `drop database if exists `+other+` with (force)`)
	})
	return func() { h.dsn = path[:at+1] + other + "?" + query }
}
