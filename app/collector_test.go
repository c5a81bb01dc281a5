package app

import (
	"os"
	"runtime"
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

// TestCollectAt: what may be garbage follows the heap and not the stacks.
func TestCollectAt(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		heap, beside uint64
		garbage      int // MB
	}{{14, 0, 40}, {40, 40, 40}, {200, 0, 120}, {200, 50, 120}} {
		percent := collectAt(c.heap*mb, c.beside*mb)
		if got := percent * int(c.heap+c.beside) / 100; got > c.garbage || got < c.garbage-2 {
			t.Errorf("%d MB alive beside %d: %d %% are %d MB of garbage, want %d", c.heap, c.beside, percent, got, c.garbage)
		}
	}
	if percent := collectAt(0, 0); percent != percentMost {
		t.Errorf("of nothing: %d %%", percent)
	}
}
