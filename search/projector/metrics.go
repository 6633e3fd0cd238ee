package projector

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/search"
)

// metrics show how the views keep up. Lag and letters are those of the whole group: every
// projector measures the same.
type metrics struct {
	entries      prometheus.Counter
	documents    *prometheus.CounterVec
	failedRounds prometheus.Counter
	waiting      prometheus.Gauge
	letters      prometheus.Gauge
	lagEvents    prometheus.Gauge
	lagSeconds   prometheus.Gauge
	trimmed      prometheus.Counter
}

// newMetrics registers the projector's metrics; a nil registerer registers none.
func newMetrics(to prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "holdfast_projector_" + name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "holdfast_projector_" + name, Help: help})
	}
	m := &metrics{
		entries: counter("entries_total", "Entries read from the event streams."),
		documents: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_projector_documents_total", Help: "Documents put into the views, by outcome.",
		}, []string{"view", "outcome"}),
		failedRounds: counter("failed_rounds_total", "Failures of Redis or the index; they are retried."),
		waiting:      gauge("waiting", "1 while this projector waits for Redis or the index."),
		letters:      gauge("dead_letters", "Dead letters about documents that the views can't store. One document may have several, one for each attempt. See holdfast projector retry."),
		lagEvents:    gauge("lag_events", "Entries that the views don't have yet."),
		lagSeconds:   gauge("lag_seconds", "Age of the oldest entry that the views don't have yet."),
		trimmed:      counter("trimmed_entries_total", "Entries that this projector trimmed after all groups had read them."),
	}
	for _, view := range []string{string(search.ViewProducts), string(search.ViewOrders), eventsView} {
		for _, o := range []search.Outcome{search.OutcomeStored, search.OutcomeIgnored, search.OutcomePoisoned} {
			m.documents.WithLabelValues(view, string(o)) // alerts need the zero
		}
	}
	if to == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.entries, m.documents, m.failedRounds, m.waiting, m.letters, m.lagEvents, m.lagSeconds, m.trimmed,
	} {
		if err := to.Register(c); err != nil {
			return nil, fmt.Errorf("register the projector's metrics: %w", err)
		}
	}
	return m, nil
}
