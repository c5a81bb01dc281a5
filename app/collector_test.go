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
