package gather

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"billfold/base/fault"
)

// yieldsMost is how often a lane that found nobody lets others run, to arrive, before it ends. Yielding costs a microsecond; a timer would
// cost a lone caller its whole tick.
const yieldsMost = 2

// Who moves a caller out of waiting first, a lane or the impatient caller, owns it.
const (
	waiting int32 = iota
	taken
	abandoned
)

// Turn is a caller's place in a line. It is embedded in what the caller wants done.
type Turn struct {
	weight int
	state  atomic.Int32
	done   chan struct{}
}

// Done ends the wait of a caller who was taken up.
func (t *Turn) Done() { close(t.done) }

func (t *Turn) turn() *Turn { return t }

// Wish is what a caller wants done: anything that embeds a Turn.
type Wish interface{ turn() *Turn }

// Line is where callers wait. Set its bounds before the first one comes.
type Line[W Wish] struct {
	Lanes int // groups that are served at the same time
	Most  int // weight of a group, so that the first of it is not kept waiting for the last; one caller may weigh more
	Room  int // weight that may wait; more is refused
	Least int // while a group is under way another is begun with at least so much; 0 for any

	// Ready waits until another group can be served, before it is taken up: who comes meanwhile goes with it. Nil where that is always so.
	Ready func()

	mu     sync.Mutex
	list   []W
	weight int
	open   int // lanes
	busy   int // those that serve a group
}

// Wait has serve do what is wanted together with what others want, and returns when it is done: serve calls Done for each of a group, in
// which every caller has a result of its own. Busy where there is no room, or where the context ended before the wish was taken up.
func (l *Line[W]) Wait(ctx context.Context, wish W, weight int, serve func(group []W)) error {
	t := wish.turn()
	t.weight, t.done = weight, make(chan struct{})
	if err := l.add(wish, serve); err != nil {
		return err
	}
	select {
	case <-t.done:
	case <-ctx.Done():
		if t.state.CompareAndSwap(waiting, abandoned) {
			return fault.ErrBusy.Because(context.Cause(ctx))
		}
		<-t.done
	}
	return nil
}

func (l *Line[W]) add(wish W, serve func(group []W)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	weight := wish.turn().weight
	if l.weight+weight > l.Room {
		return fault.ErrBusy
	}
	l.list, l.weight = append(l.list, wish), l.weight+weight
	if l.open < l.Lanes && (l.open == 0 || l.weight >= l.Least) {
		l.open++
		go l.lane(serve)
	}
	return nil
}

// lane serves groups until nobody waits.
func (l *Line[W]) lane(serve func(group []W)) {
	for yields := 0; ; {
		if l.Ready != nil {
			l.Ready()
		}
		group, over := l.take(yields >= yieldsMost)
		switch {
		case len(group) > 0:
			serve(group)
			l.served()
			yields = 0
		case over:
			return
		default:
			yields++
			runtime.Gosched()
		}
	}
}

// take takes up who waits. Where nobody does and that is the end the lane is over, and who comes next opens another. It is not over where
// all who waited have left: who came after them believes that there is a lane. A few who come while a group is under way wait for more:
// whoever serves that group takes them up when it is done.
func (l *Line[W]) take(end bool) (group []W, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, few := 0, l.busy > 0 && l.weight < l.Least
	for size := 0; !few && n < len(l.list) && (n == 0 || size+l.list[n].turn().weight <= l.Most); n++ {
		t := l.list[n].turn()
		size += t.weight
		l.weight -= t.weight
		if t.state.CompareAndSwap(waiting, taken) {
			group = append(group, l.list[n])
		}
	}
	l.list = append(l.list[:0:0], l.list[n:]...)
	if len(group) > 0 {
		l.busy++
	}
	if over = n == 0 && end; over {
		l.open--
	}
	return group, over
}

func (l *Line[W]) served() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
}
