package replay

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Percentiles of one kind of call, in milliseconds.
type Percentiles struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Failure is a line that the gateway never decided.
type Failure struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// Report is the result of a replay.
type Report struct {
	Orders      int `json:"orders"`
	Concurrency int `json:"concurrency"`
	// Seconds from the first call to the last answer.
	Seconds         float64 `json:"seconds"`
	OrdersPerSecond float64 `json:"ordersPerSecond"`
	// Scans that were sent, and those among them that came late, again, or out of order.
	Scans Scans `json:"scans,omitzero"`
	// Outcomes by the orders' final states: a status, with its reason after a slash, or
	// "refused/" and the kind of the refusal. After another slash it says how the order was
	// paid: late, wrong_amount, twice, or by a repeated callback (repeated), or that it was packaged.
	Outcomes map[string]int `json:"outcomes"`
	// Latencies of a call as its customer saw it, including repetitions.
	Latencies map[string]Percentiles `json:"latenciesMs"`
	// Repeats of calls that got no answer, a 5xx, or "not decided yet".
	Repeats  int64     `json:"repeats"`
	Failed   int       `json:"failed"`
	Failures []Failure `json:"failures,omitempty"` // the first few
}

// The calls whose latency is recorded.
const (
	placing = "place"
	opening = "open a payment"
	paying  = "pay"     // until the callback or the page is acknowledged
	settled = "settled" // from the callback until the order shows it
	ending  = "deliver or cancel"
	packing = "pack"
	scanned = "scan" // until the order shows it
	moved   = "change the address"
	inPart  = "cancel in part"
	back    = "return"
	whole   = "order" // from the first call to the last answer
)

// Scans counts messages about packages.
type Scans struct {
	Sent       int `json:"sent"`
	Late       int `json:"late"`
	Repeated   int `json:"repeated"`
	OutOfOrder int `json:"outOfOrder"`
}

// maxFailures is how many failures a report names.
const maxFailures = 10

// maxLatency is the longest recorded latency, in microseconds: an hour.
const maxLatency = int64(time.Hour / time.Microsecond)

// tally collects a report from many goroutines.
type tally struct {
	mu       sync.Mutex
	orders   int
	outcomes map[string]int
	times    map[string]*hdrhistogram.Histogram
	scans    Scans
	failed   int
	failures []Failure
}

func newTally() *tally {
	return &tally{outcomes: map[string]int{}, times: map[string]*hdrhistogram.Histogram{}}
}

func (t *tally) took(call string, since time.Time) {
	micros := min(max(time.Since(since).Microseconds(), 1), maxLatency)
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.times[call]
	if h == nil {
		h = hdrhistogram.New(1, maxLatency, 3)
		t.times[call] = h
	}
	_ = h.RecordValue(micros) // it lies within the bounds
}

func (t *tally) ended(outcome string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.orders++
	t.outcomes[outcome]++
}

func (t *tally) scanned(s Scans) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.scans.Sent += s.Sent
	t.scans.Late += s.Late
	t.scans.Repeated += s.Repeated
	t.scans.OutOfOrder += s.OutOfOrder
}

func (t *tally) fail(line int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.orders++
	t.failed++
	if len(t.failures) < maxFailures {
		t.failures = append(t.failures, Failure{Line: line, Error: err.Error()})
	}
}

func (t *tally) report(elapsed time.Duration) Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Report{
		Orders: t.orders, Seconds: elapsed.Seconds(), Outcomes: t.outcomes, Scans: t.scans,
		Latencies: map[string]Percentiles{}, Failed: t.failed, Failures: t.failures,
	}
	if r.Seconds > 0 {
		r.OrdersPerSecond = float64(r.Orders) / r.Seconds
	}
	const perMilli = float64(time.Millisecond / time.Microsecond)
	for call, h := range t.times {
		r.Latencies[call] = Percentiles{
			Count: h.TotalCount(),
			P50:   float64(h.ValueAtQuantile(50)) / perMilli,
			P90:   float64(h.ValueAtQuantile(90)) / perMilli,
			P99:   float64(h.ValueAtQuantile(99)) / perMilli,
			Max:   float64(h.Max()) / perMilli,
		}
	}
	return r
}

// Print prints the report for people.
func (r Report) Print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "%d orders in %.1f s: %.1f orders/s, %d at a time, %d calls repeated\n\n",
		r.Orders, r.Seconds, r.OrdersPerSecond, r.Concurrency, r.Repeats)
	for _, outcome := range slices.Sorted(maps.Keys(r.Outcomes)) {
		n := r.Outcomes[outcome]
		_, _ = fmt.Fprintf(w, "%8d  %5.1f%%  %s\n", n, 100*float64(n)/float64(r.Orders), outcome)
	}
	if s := r.Scans; s.Sent > 0 {
		_, _ = fmt.Fprintf(w, "\n%d scans: %d late, %d repeated, %d out of order\n", s.Sent, s.Late, s.Repeated, s.OutOfOrder)
	}
	_, _ = fmt.Fprintf(w, "\n%-18s %9s %9s %9s %9s %9s\n", "milliseconds", "count", "p50", "p90", "p99", "max")
	for _, call := range slices.Sorted(maps.Keys(r.Latencies)) {
		p := r.Latencies[call]
		_, _ = fmt.Fprintf(w, "%-18s %9d %9.1f %9.1f %9.1f %9.1f\n", call, p.Count, p.P50, p.P90, p.P99, p.Max)
	}
	if r.Failed > 0 {
		_, _ = fmt.Fprintf(w, "\n%d lines failed:\n", r.Failed)
		for _, f := range r.Failures {
			_, _ = fmt.Fprintf(w, "  line %d: %s\n", f.Line, f.Error)
		}
	}
}
