package gate

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"billfold/base/fault"
)

// class says how late a request is shed.
type class uint8

const (
	ordinary class = iota
	critical
	classes
)

// classOf: a capture, void or refund answers a promise that was made already, and a callback tells of money that has moved outside.
func classOf(r *http.Request) class {
	p := r.URL.Path
	if r.Method == http.MethodPost && (strings.HasPrefix(p, "/hook/") || strings.HasSuffix(p, "/capture") || strings.HasSuffix(p, "/void") ||
		strings.HasSuffix(p, "/refund")) {
		return critical
	}
	return ordinary
}

// isStream: an answer that does not end takes no place among those that do.
func (g *Gate) isStream(r *http.Request) bool {
	return r.Method == http.MethodGet && slices.Contains(g.Streams, r.URL.Path)
}

// ticket is a request that waits.
type ticket struct {
	caller *caller
	since  time.Time
	over   bool // let in, pushed out or gone
	fault  *fault.Fault
	told   chan struct{}
}

// line is who waits of one class: in the order of arrival, to know the oldest, and by caller, to take turns.
type line struct {
	order []*ticket // some are over already
	turns []*caller // who has somebody waiting
	count int
}

// enter waits for a place. It refuses with busy, at once where it can be seen that it would take too long.
func (g *Gate) enter(ctx context.Context, c *caller, k class) *fault.Fault {
	g.mu.Lock()
	if g.room(k) && g.lines[k].count == 0 {
		g.begin(c, k)
		g.mu.Unlock()
		return nil
	}
	now := g.Real.Now()
	if f := g.refusal(c, k, now); f != nil {
		g.mu.Unlock()
		return f
	}
	t := &ticket{caller: c, since: now, told: make(chan struct{})}
	g.lines[k].join(t, k)
	if g.waiting++; g.waiting == 1 {
		g.begins, g.since = 0, now
	}
	g.mu.Unlock()

	limit := giveUp
	if k == critical {
		limit = giveUpCritical
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-t.told:
		return t.fault
	case <-timer.C:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.over { // in the same moment
		return t.fault
	}
	g.drop(t, k, busy())
	return t.fault
}

// room says whether one more of a class may begin: ordinary ones leave the reserve free.
func (g *Gate) room(k class) bool {
	return g.running < g.Work+g.reserve && (k == critical || g.common < g.Work)
}

func (g *Gate) begin(c *caller, k class) {
	g.running++
	c.running++
	if k == ordinary {
		g.common++
	}
}

func busy() *fault.Fault { return fault.ErrBusy.RetryIn(time.Second) }

// refusal says why somebody may not join the line now. Where another has more waiting than the one who comes, that one's newest is
// pushed out instead: the longest line pays for all. g.mu is held.
func (g *Gate) refusal(c *caller, k class, now time.Time) *fault.Fault {
	if c.running+c.waiting() >= g.Each {
		return fault.ErrRate.RetryIn(retryRate)
	}
	target := g.Wait
	if k == critical {
		target *= patience
	}
	// The age of the oldest tells of a line that has become slow; where many come at once, the pace tells it sooner.
	ahead := g.waiting
	if k == critical {
		ahead = g.lines[critical].count * 4 / 3 // three turns of four
	}
	late := g.lines[k].age(now) > target || time.Duration(ahead)*g.pace > target
	full := g.waiting >= g.Queue
	if k == critical && g.lines[ordinary].count > 0 {
		late = false // a machine that stood still for a moment is no reason to shed these while others wait that may be shed
	}
	if !late && !full {
		return nil
	}
	victim, from := g.longest(k, full)
	if k == critical && from == ordinary {
		g.drop(victim.lines[from][len(victim.lines[from])-1], from, busy())
		return nil
	}
	if victim == nil || victim.waiting() <= c.waiting()+1 {
		return busy()
	}
	newest := victim.lines[from][len(victim.lines[from])-1]
	if now.Sub(newest.since) > soon && victim.waiting() < c.waiting()+crowd {
		return busy() // told at once; the other one would be told late
	}
	g.drop(newest, from, busy())
	return nil
}

// longest finds the caller with the most waiting in a line; where all together are too many, ordinary ones are looked at before critical.
func (g *Gate) longest(k class, any bool) (*caller, class) {
	if any && k == critical && g.lines[ordinary].count > 0 {
		k = ordinary
	}
	var most *caller
	for _, c := range g.lines[k].turns {
		if most == nil || len(c.lines[k]) > len(most.lines[k]) {
			most = c
		}
	}
	return most, k
}

// drop takes a ticket out of its line, unserved. g.mu is held.
func (g *Gate) drop(t *ticket, k class, f *fault.Fault) {
	own := t.caller.lines[k]
	for i := len(own) - 1; i >= 0; i-- {
		if own[i] == t {
			t.caller.lines[k] = append(own[:i], own[i+1:]...)
			break
		}
	}
	g.lines[k].left(t.caller, k)
	g.over(t, k, f)
}

func (g *Gate) over(t *ticket, k class, f *fault.Fault) {
	t.over, t.fault = true, f
	g.lines[k].count--
	g.waiting--
	close(t.told)
}

// done gives the place back, or on to whoever is next.
func (g *Gate) done(c *caller, k class) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	c.running--
	if k == ordinary {
		g.common--
	}
	for {
		k, ok := g.nextClass()
		if !ok {
			return
		}
		t := g.lines[k].next(k)
		g.begin(t.caller, k)
		g.over(t, k, nil)
		g.keepPace()
	}
}

// keepPace measures how fast a line moves, a tenth of a second at a time: those who share a commit end, and the next begin, at once.
func (g *Gate) keepPace() {
	now := g.Real.Now()
	if g.waiting == 0 {
		g.begins, g.since = 0, now
		return
	}
	g.begins++
	if d := now.Sub(g.since); d >= paceOver {
		g.pace = d / time.Duration(g.begins)
		g.begins, g.since = 0, now
	}
}

// nextClass is whose turn it is: three of four turns are the critical ones' where both wait, and seven of eight while they have waited
// longer than ordinary ones may. The reserve is theirs alone.
func (g *Gate) nextClass() (class, bool) {
	ordinaryWaits, criticalWaits := g.lines[ordinary].count > 0 && g.room(ordinary), g.lines[critical].count > 0 && g.room(critical)
	switch {
	case criticalWaits && ordinaryWaits:
		of := 4
		if g.lines[critical].age(g.Real.Now()) > g.Wait {
			of = 8
		}
		if g.turn++; g.turn%of == 0 {
			return ordinary, true
		}
		return critical, true
	case criticalWaits:
		return critical, true
	}
	return ordinary, ordinaryWaits
}

func (l *line) join(t *ticket, k class) {
	if len(t.caller.lines[k]) == 0 {
		l.turns = append(l.turns, t.caller)
	}
	t.caller.lines[k] = append(t.caller.lines[k], t)
	l.order = append(l.order, t)
	l.count++
}

// next takes the oldest ticket of the caller whose turn it is.
func (l *line) next(k class) *ticket {
	c := l.turns[0]
	l.turns = l.turns[1:]
	t := c.lines[k][0]
	if c.lines[k] = c.lines[k][1:]; len(c.lines[k]) > 0 {
		l.turns = append(l.turns, c)
	}
	return t
}

// left takes a caller out of the turns who has nobody waiting any more.
func (l *line) left(c *caller, k class) {
	if len(c.lines[k]) > 0 {
		return
	}
	for i, other := range l.turns {
		if other == c {
			l.turns = append(l.turns[:i], l.turns[i+1:]...)
			return
		}
	}
}

// age is how long the oldest has waited.
func (l *line) age(now time.Time) time.Duration {
	for len(l.order) > 0 && l.order[0].over {
		l.order = l.order[1:]
	}
	if len(l.order) == 0 {
		return 0
	}
	return now.Sub(l.order[0].since)
}
