package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// garbageLeast is how many bytes are allocated between two collections, however little is alive. With a live heap of 14 MB Go's own
	// rule collects eight times a second under load, and each time the writer of the database waits for it.
	garbageLeast = 40 << 20
	// garbagePart is the part of the live heap that is, in percent. Go's own rule is all of it and of everybody's stacks again, which stay
	// where they are: for two thousand open pages or a million accounts that is memory for nothing.
	garbagePart = 60
	// percentMost bounds what a heap of nearly nothing asks for.
	percentMost = 1000
)

// easeCollector sets how much garbage may come together, once in a process; not where the operator has set GOGC.
var easeCollector = sync.OnceFunc(func() {
	if os.Getenv("GOGC") == "" {
		afterCollection(&collections{percent: 100})
	}
})

// collections is an object that nobody holds: the collector has its finalizer run after each collection.
type collections struct{ percent int }

func afterCollection(c *collections) {
	alive := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(alive)
	percent := collectAt(alive[0].Value.Uint64(), alive[1].Value.Uint64()+alive[2].Value.Uint64())
	// Setting it stops everybody for a moment: small changes are not worth that.
	if diff := percent - c.percent; diff > c.percent/8 || -diff > c.percent/8 {
		debug.SetGCPercent(percent)
		c.percent = percent
	}
	runtime.SetFinalizer(c, afterCollection)
}

// collectAt is GOGC for a heap of which so much is alive, beside stacks and globals: the share of the three that may be garbage
// (https://go.dev/doc/gc-guide#GOGC).
func collectAt(heap, beside uint64) int {
	garbage := max(garbageLeast, heap/100*garbagePart)
	return int(min(100*garbage/max(heap+beside, 1), percentMost))
}
