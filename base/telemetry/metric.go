package telemetry

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxSeries bounds the combinations of label values of one metric. Beyond it everything is counted under "other":
// a client who makes up paths must not fill the memory.
const maxSeries = 1000

// maxLabel bounds one label value.
const maxLabel = 64

const other = "other"

// Metrics is a registry of counters, histograms and gauges, with those of the Go runtime and of the process in it.
type Metrics struct{ registry *prometheus.Registry }

// NewMetrics returns an empty registry but for the runtime's own metrics.
func NewMetrics() *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Metrics{registry: r}
}

// Handler returns what answers a scrape in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
}

// Counter counts events by label values.
type Counter struct {
	vec    *prometheus.CounterVec
	labels bounded
}

// Counter registers a counter. Names are constants of the program: it panics on a second one of the same name.
func (m *Metrics) Counter(name, help string, labels ...string) *Counter {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(vec)
	return &Counter{vec: vec, labels: bounded{width: len(labels)}}
}

// Inc adds one. It takes one value for each label.
func (c *Counter) Inc(values ...string) { c.Add(1, values...) }

// Add adds n, which must not be negative; a negative one is not counted.
func (c *Counter) Add(n int64, values ...string) {
	if n < 0 {
		return
	}
	c.vec.WithLabelValues(c.labels.admit(values)...).Add(float64(n))
}

// Histogram counts durations by size.
type Histogram struct {
	vec    *prometheus.HistogramVec
	labels bounded
}

// Histogram registers a histogram of durations with upper bounds in seconds; nil gives 1 ms to 20 s, which is as
// long as any answer may take.
func (m *Metrics) Histogram(name, help string, bucketsSeconds []float64, labels ...string) *Histogram {
	if bucketsSeconds == nil {
		bucketsSeconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}
	}
	vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bucketsSeconds}, labels)
	m.registry.MustRegister(vec)
	return &Histogram{vec: vec, labels: bounded{width: len(labels)}}
}

// Observe counts one duration.
func (h *Histogram) Observe(d time.Duration, values ...string) {
	h.vec.WithLabelValues(h.labels.admit(values)...).Observe(d.Seconds())
}

// Gauge registers a value that is read at every scrape; read must be quick and safe for concurrent use.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// bounded admits a limited number of label combinations.
type bounded struct {
	width int
	mu    sync.RWMutex
	seen  map[string]bool
}

// admit returns the values as they may be used: as many as there are labels, short, without secrets, and "other"
// for all of them when there are too many combinations already.
func (b *bounded) admit(values []string) []string {
	admitted := make([]string, b.width)
	joined := ""
	for i := range admitted {
		if i < len(values) {
			admitted[i] = label(values[i])
		}
		joined += admitted[i] + "\x00"
	}
	b.mu.RLock()
	known := b.seen[joined]
	b.mu.RUnlock()
	if known {
		return admitted
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	if len(b.seen) >= maxSeries && !b.seen[joined] {
		for i := range admitted {
			admitted[i] = other
		}
		return admitted
	}
	b.seen[joined] = true
	return admitted
}

// label returns a value that may stand in a metric: a name, a status or a route, not what somebody typed.
func label(s string) string {
	if len(s) > maxLabel || Scrub(s) != s {
		return other
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' {
			if c != ' ' {
				return other
			}
		}
	}
	return s
}
