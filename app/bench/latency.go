package bench

import (
	"slices"
	"time"
)

// latencies are the times of one caller's calls.
type latencies []time.Duration

// percentiles returns, in milliseconds with three decimals' worth of integer microseconds, the given hundredths.
func percentiles(all []latencies, hundredths ...int) []float64 {
	var list latencies
	for _, l := range all {
		list = append(list, l...)
	}
	slices.Sort(list)
	out := make([]float64, len(hundredths))
	for i, p := range hundredths {
		if len(list) > 0 {
			out[i] = float64(list[min(len(list)-1, len(list)*p/100)].Microseconds()) / 1000
		}
	}
	return out
}
