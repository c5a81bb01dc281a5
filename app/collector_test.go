package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

// TestCollectorHasRoom: a small heap is not collected at every few megabytes.
func TestCollectorHasRoom(t *testing.T) {
	if os.Getenv("GOGC") != "" {
		t.Fatal("this test is run without GOGC")
	}
	easeCollector()
	percent := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	for metrics.Read(percent); percent[0].Value.Uint64() <= 100; metrics.Read(percent) {
		runtime.GC() // finalizers run some time after it; the test's own limit ends this where none does
	}
}

// TestCollectorLeavesWhatOthersSet: while many pages are open garbage is collected sooner (edge/web), whatever the size of the heap.
func TestCollectorLeavesWhatOthersSet(t *testing.T) {
	before := debug.SetGCPercent(30)
	defer debug.SetGCPercent(before)
	afterCollection(&collections{percent: 3 * percentMost})
	percent := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	if metrics.Read(percent); percent[0].Value.Uint64() != 30 {
		t.Errorf("%d percent", percent[0].Value.Uint64())
	}
	own := &collections{percent: 30}
	if afterCollection(own); own.percent < 100 {
		t.Errorf("left to itself it keeps %d percent", own.percent)
	}
}
