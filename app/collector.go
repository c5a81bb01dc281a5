package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// roomLeast is how much is allocated between two collections, in bytes, however little is alive. With a live heap of 14 MB Go's own
	// rule collects eight times a second under load, and each time the writer of the database waits for it; above this it is Go's rule.
	roomLeast = 48 << 20
	// percentMost bounds what a heap of nearly nothing asks for.
	percentMost = 1000
)

// easeCollector gives the garbage collector room, once in a process; not where the operator has set GOGC.
var easeCollector = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		percent := 100
		afterEachCollection(func() { percent = giveRoom(percent) })
	}
})

// giveRoom sets how much garbage may come together beside what is alive, and says how much that is.
func giveRoom(before int) (percent int) {
	now := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/gogc:percent"}}
	metrics.Read(now)
	percent = percentMost
	if n := now[0].Value.Uint64(); n > 0 {
		percent = min(max(100, int(100*roomLeast/n)), percentMost)
	}
	others := int(now[1].Value.Uint64()) != before // have set it for a while: many pages are open (edge/web)
	// Setting it stops everybody for a moment: small changes are not worth that.
	if diff := percent - before; others || diff <= before/8 && -diff <= before/8 {
		return before
	}
	debug.SetGCPercent(percent)
	return percent
}

// turn is an object that nobody holds: the collector has its finalizer run after each collection. It holds a pointer, because the collector
// keeps small objects without one together, and all of them alive as long as one is.
type turn struct{ f func() }

func afterEachCollection(f func()) { runtime.SetFinalizer(&turn{f}, again) }

func again(t *turn) {
	t.f()
	runtime.SetFinalizer(t, again)
}
