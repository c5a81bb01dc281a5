package demo

import (
	"reflect"
	"testing"
)

// TestPlanIsTheSeed shows that one seed is one history, and that another is another.
func TestPlanIsTheSeed(t *testing.T) {
	if !reflect.DeepEqual(Plan(7, 90), Plan(7, 90)) {
		t.Error("one seed gave two histories")
	}
	if reflect.DeepEqual(Plan(7, 90), Plan(8, 90)) {
		t.Error("two seeds gave one history")
	}
}

// TestPlanHasEverything shows, for many seeds, that a history has some of everything a page can show, is of a size that can be
// made in a moment, goes forward in time, and refers only to acts of earlier moments.
func TestPlanHasEverything(t *testing.T) {
	for seed := range uint64(200) {
		plan := Plan(seed, 90)
		deeds := map[Deed]int{}
		when := map[int]int{} // number of act → place of its moment
		for i, m := range plan {
			if i > 0 && m.At <= plan[i-1].At {
				t.Fatalf("seed %d: moment %d is not after the one before", seed, i)
			}
			for _, a := range m.Acts {
				deeds[a.Deed]++
				when[a.Number] = i
				if a.Minor <= 0 {
					t.Fatalf("seed %d: act %d is about nothing", seed, a.Number)
				}
				if at, known := when[a.Of]; a.Of >= 0 && (!known || at >= i) {
					t.Fatalf("seed %d: act %d is about act %d, which has not happened yet", seed, a.Number, a.Of)
				}
			}
		}
		for _, d := range []Deed{Fill, Buy, Reserve, Ask, Agree, Send, Capture, Release, Lapse, Return} {
			if deeds[d] < 2 {
				t.Errorf("seed %d: %d of %s", seed, deeds[d], d)
			}
		}
		if n := len(Acts(plan)); n < 300 || n > 550 || len(plan) > 75 {
			t.Errorf("seed %d: %d acts in %d moments", seed, n, len(plan))
		}
		if deeds[Ask] != deeds[Agree] {
			t.Errorf("seed %d: %d asks, %d agreed", seed, deeds[Ask], deeds[Agree])
		}
	}
}
