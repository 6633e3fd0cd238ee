package api

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the gateway's own. What becomes of orders and reservations after
// they left the gateway is counted by the worker, on the same registry where
// both run in one process.
type metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	// placements by answer: held, refused (by the availability read), rejected
	// (by the saga), undecided, unavailable, mismatch.
	placements *prometheus.CounterVec
	// looks by answer: free, refused, failed, retried (refused, but the order of
	// this key is there already).
	looks *prometheus.CounterVec
	// searches for products by answer: found, tolerant (nothing as it was asked, but
	// something near), empty.
	searches *prometheus.CounterVec
	waiting  prometheus.Gauge
	// reading are requests whose body is arriving, and bodyBytes what all bodies take up.
	reading, bodyBytes prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_http_requests_total", Help: "Requests by route, method and status.",
		}, []string{"route", "method", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_http_request_duration_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "method"}),
		placements: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_placements_total", Help: "Orders asked for, by what the gateway answered.",
		}, []string{"answer"}),
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_availability_reads_total", Help: "Availability reads before an order, by answer.",
		}, []string{"answer"}),
		searches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_product_searches_total", Help: "Pages of product searches, by what was found.",
		}, []string{"answer"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_http_waiting", Help: "Requests that wait for an order to change.",
		}),
		reading: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_http_reading", Help: "Requests whose body is arriving.",
		}),
		bodyBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_http_body_bytes", Help: "Memory of the bodies of all requests in flight.",
		}),
	}
	for _, c := range []prometheus.Collector{
		m.requests, m.durations, m.placements, m.looks, m.searches, m.waiting, m.reading, m.bodyBytes,
	} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("gateway: register metrics: %w", err)
		}
	}
	return m, nil
}
