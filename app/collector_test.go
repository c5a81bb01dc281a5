package app

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
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
	giveRoom(3 * percentMost)
	percent := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	if metrics.Read(percent); percent[0].Value.Uint64() != 30 {
		t.Errorf("%d percent", percent[0].Value.Uint64())
	}
	if own := giveRoom(30); own < 100 {
		t.Errorf("left to itself it keeps %d percent", own)
	}
}

// TestEachCollectionIsHeardOf: again and again, also where small objects stay alive that came at the same time.
func TestEachCollectionIsHeardOf(t *testing.T) {
	const many, times = 64, 3
	var heard [many]atomic.Int64
	var beside []*int64
	for i := range heard {
		beside = append(beside, new(int64))
		afterEachCollection(func() { heard[i].Add(1) })
		beside = append(beside, new(int64))
	}
	deaf := many
	for tries := 0; deaf > 0 && tries < 500; tries++ {
		runtime.GC()
		deaf = 0
		for i := range heard {
			if heard[i].Load() < times {
				deaf++
			}
		}
	}
	if deaf > 0 {
		t.Errorf("%d of %d hear nothing", deaf, many)
	}
	runtime.KeepAlive(beside)
}
