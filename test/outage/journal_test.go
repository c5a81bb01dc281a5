package outage

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"billfold/client"
)

// journal is what callers were told, kept outside of what is killed.
type journal struct {
	mu       sync.Mutex
	payments map[string]*paid
	entries  map[string]client.LedgerEntry
	order    []string // ids in the order of their first acknowledgement
	verbs    map[string]*tally
}

// paid is a payment as its last acknowledged answer told it.
type paid struct {
	kind, state                string
	amount, captured, refunded string
	doubt                      bool // a request about it is on its way, or was never answered
	settles                    bool // a top-up: it completes by itself
}

// tally counts what became of one verb's requests.
type tally struct {
	acknowledged int
	unknown      int // no answer came
	done         int // of those: the key showed that it had been carried out
	undone       int // of those: the key's second try carried it out
}

func newJournal() *journal {
	return &journal{payments: map[string]*paid{}, entries: map[string]client.LedgerEntry{}, verbs: map[string]*tally{}}
}

func (j *journal) count(verb string, change func(*tally)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.verbs[verb] == nil {
		j.verbs[verb] = &tally{}
	}
	change(j.verbs[verb])
}

// acknowledged is how many requests were answered so far.
func (j *journal) acknowledged() (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, t := range j.verbs {
		n += t.acknowledged
	}
	return n
}

// payment writes down what an answer said about a payment.
func (j *journal) payment(p client.Payment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.payments[p.ID] == nil {
		j.payments[p.ID] = &paid{}
		j.order = append(j.order, p.ID)
	}
	*j.payments[p.ID] = paid{kind: p.Kind, state: p.State, amount: p.Amount.Amount, captured: p.Captured.Amount, refunded: p.Refunded.Amount,
		settles: p.Kind == "topup"}
}

// change writes down what an answer about something else means for a payment: a refund counts on its first payment.
func (j *journal) change(id string, f func(*paid)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if p := j.payments[id]; p != nil {
		f(p)
	}
}

// entry writes down an acknowledged ledger entry.
func (j *journal) entry(e client.LedgerEntry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, known := j.entries[e.ID]; !known {
		j.order = append(j.order, e.ID)
	}
	j.entries[e.ID] = e
}

// size is how many ids are in the journal; check takes it to look only at later ones.
func (j *journal) size() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.order)
}

// check asks the server about every acknowledged id from a place in the journal on, and returns what is not as it was told.
func (j *journal) check(c *crew, from int) (complaints []string) {
	j.mu.Lock()
	ids := slices.Clone(j.order[from:])
	payments := map[string]paid{}
	for _, id := range ids {
		if p := j.payments[id]; p != nil {
			payments[id] = *p
		}
	}
	entries := maps.Clone(j.entries)
	j.mu.Unlock()
	const askers = 4
	found := make([][]string, askers)
	var all sync.WaitGroup
	for n := range askers {
		all.Go(func() {
			for i := n; i < len(ids); i += askers {
				var what string
				if p, is := payments[ids[i]]; is {
					what = checkPayment(c, ids[i], p)
				} else {
					what = checkEntry(c, entries[ids[i]])
				}
				if what != "" {
					found[n] = append(found[n], ids[i]+": "+what)
				}
			}
		})
	}
	all.Wait()
	return slices.Concat(found...)
}

func checkPayment(c *crew, id string, told paid) string {
	is, err := c.operator.Payment(context.Background(), id, nil)
	if err != nil {
		return "was acknowledged, and now: " + err.Error()
	}
	heard := map[string]int{}
	for _, step := range is.Timeline {
		heard[step.Step]++
	}
	if is.Payer.ID != "" && is.Kind != "topup" && heard["confirm_payer"] != heard["confirm_payee"] {
		return fmt.Sprintf("one side was told and the other was not: %v", heard)
	}
	if is.Kind != told.kind || is.Amount.Amount != told.amount {
		return fmt.Sprintf("was a %s of %s and is a %s of %s", told.kind, told.amount, is.Kind, is.Amount.Amount)
	}
	if told.settles && is.State == "completed" && is.Captured.Amount == told.amount {
		return ""
	}
	if told.doubt {
		return ""
	}
	if is.State != told.state || is.Captured.Amount != told.captured || is.Refunded.Amount != told.refunded {
		return fmt.Sprintf("was %s (%s captured, %s refunded) and is %s (%s, %s)", told.state, told.captured, told.refunded, is.State,
			is.Captured.Amount, is.Refunded.Amount)
	}
	return ""
}

func checkEntry(c *crew, told client.LedgerEntry) string {
	is, err := c.operator.Entry(context.Background(), told.ID)
	if err != nil {
		return "was acknowledged, and now: " + err.Error()
	}
	if a, b := text(told), text(is); a != b {
		return "was " + a + " and is " + b
	}
	return ""
}

func text(e client.LedgerEntry) string {
	b, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// String is a line for each verb.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all tally
	out := ""
	for _, verb := range slices.Sorted(maps.Keys(j.verbs)) {
		v := j.verbs[verb]
		out += v.line(verb)
		all = tally{all.acknowledged + v.acknowledged, all.unknown + v.unknown, all.done + v.done, all.undone + v.undone}
	}
	return out + all.line("all")
}

func (t tally) line(verb string) string {
	return fmt.Sprintf("\n%-10s %6d acknowledged, %4d unknown: %d had been done, %d were not", verb, t.acknowledged, t.unknown, t.done,
		t.undone)
}
