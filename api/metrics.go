package api

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/command"
)

// metrics are the gateway's own metrics. The worker counts what happens to orders and reservations
// later, in the same registry if both run in one process.
type metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	// placements by result: held, refused (by the availability read), rejected (by the saga),
	// undecided, unavailable, mismatch.
	placements *prometheus.CounterVec
	// availabilityReads by result: free, refused, failed, retried (refused, but the order of this key
	// already exists).
	availabilityReads *prometheus.CounterVec
	// commandRuns by command and outcome: done, rejected, failed.
	commandRuns *prometheus.CounterVec
	// searches for products by result: found, tolerant (only approximate matches), empty.
	searches *prometheus.CounterVec
	// scans of carriers by result: passed_on, known (the orders have it), waits, dropped.
	scans   *prometheus.CounterVec
	waiting prometheus.Gauge
	// reading counts requests whose body is being received; bodyBytes is the memory of all bodies.
	reading, bodyBytes prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_http_requests_total", Help: "Requests by route, method and status.",
		}, []string{"route", "method", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_http_request_duration_seconds", Help: "Time taken to respond to a request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "method"}),
		placements: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_placements_total", Help: "Placement requests by result.",
		}, []string{"answer"}),
		availabilityReads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_availability_reads_total", Help: "Availability reads for placements, by result.",
		}, []string{"answer"}),
		commandRuns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_command_runs_total", Help: "Runs of the shop's commands by command and outcome.",
		}, []string{"command", "outcome"}),
		searches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_product_searches_total", Help: "Product searches by result, one for each page.",
		}, []string{"answer"}),
		scans: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_carrier_scans_total", Help: "Scans that carriers reported, by result.",
		}, []string{"carrier", "answer"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_http_waiting", Help: "Requests waiting for an order to change.",
		}),
		reading: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_http_reading", Help: "Requests whose body is being received.",
		}),
		bodyBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_http_body_bytes", Help: "Memory used by the bodies of all requests in flight.",
		}),
	}
	for _, c := range []prometheus.Collector{
		m.requests, m.durations, m.placements, m.availabilityReads, m.commandRuns, m.searches, m.scans, m.waiting, m.reading, m.bodyBytes,
	} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("gateway: register metrics: %w", err)
		}
	}
	return m, nil
}

// commandRan counts a run of a command. There are at most command.MaxCommands of them.
func (m *metrics) commandRan(c command.Ref, o command.Outcome) {
	m.commandRuns.WithLabelValues(c.ID, string(o)).Inc()
}
