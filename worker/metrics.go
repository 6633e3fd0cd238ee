package worker

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/product"
)

// metrics count what the sagas did. A step that Temporal runs twice may count twice: the
// entities keep the books, not the metrics.
type metrics struct {
	// reservations by a product's answer: held, ended, conflict, error, or the reason of
	// each refusal.
	reservations *prometheus.CounterVec
	// orders by the recorded status, and by the reason of a closed one.
	orders *prometheus.CounterVec
	// alerts by the rule that raised them.
	alerts *prometheus.CounterVec
	// settled holds by what the sweeper did: zero in a healthy system.
	settled *prometheus.CounterVec
	// unsettled counts holds, and lists of them, that the sweeper left for its next run.
	unsettled prometheus.Counter
	// providerCalls by payment provider, call (create, cancel, refund, look_up) and
	// outcome: what it answered, refused, or unavailable.
	providerCalls *prometheus.CounterVec
}

// newMetrics registers the worker's metrics; a nil registerer registers none, and the
// counts are unused.
func newMetrics(to prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		reservations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_reservations_total", Help: "Hold requests, by result.",
		}, []string{"answer"}),
		orders: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_orders_total", Help: "Orders by the status that they reached, and its reason.",
		}, []string{"status", "reason"}),
		alerts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_order_alerts_total", Help: "Alerts of orders, each once, by the rule that raised it.",
		}, []string{"rule"}),
		settled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_sweeper_settled_total",
			Help: "Holds that outlived their order, by action taken.",
		}, []string{"settled"}),
		unsettled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "holdfast_sweeper_failed_total",
			Help: "Overdue holds that could not be settled, and lists of them that could not be read, counted in each run.",
		}),
		providerCalls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_provider_calls_total", Help: "Calls to payment providers, by outcome.",
		}, []string{"provider", "call", "outcome"}),
	}
	for _, s := range []activities.Settling{activities.SettlingReleased, activities.SettlingCommitted} {
		m.settled.WithLabelValues(string(s)) // alerts need the zero
	}
	for _, r := range order.AlertRules() {
		m.alerts.WithLabelValues(string(r))
	}
	if to == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.reservations, m.orders, m.alerts, m.settled, m.unsettled, m.providerCalls} {
		if err := to.Register(c); err != nil {
			return nil, fmt.Errorf("register the worker's metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) raised(rule order.AlertRule) { m.alerts.WithLabelValues(string(rule)).Inc() }

func (m *metrics) swept(s activities.Settling) { m.settled.WithLabelValues(string(s)).Inc() }

func (m *metrics) notSwept(n int) { m.unsettled.Add(float64(n)) }

// countedStock counts the answers of the products.
type countedStock struct {
	activities.Stock
	*metrics
}

func (s countedStock) Hold(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error) {
	return s.count(s.Stock.Hold(ctx, reqs))
}

func (s countedStock) HoldInTurn(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error) {
	return s.count(s.Stock.HoldInTurn(ctx, reqs))
}

func (s countedStock) count(holds []product.Hold, err error) ([]product.Hold, error) {
	if err != nil {
		s.reservations.WithLabelValues("error").Inc()
	}
	for _, h := range holds {
		if h.Outcome != product.HoldRefused {
			s.reservations.WithLabelValues(string(h.Outcome)).Inc()
		}
		for _, r := range h.Refusals {
			s.reservations.WithLabelValues(string(r.Reason)).Inc()
		}
	}
	return holds, err
}

// countedRecords counts the orders by the statuses that are recorded for them.
type countedRecords struct {
	activities.Records
	*metrics
}

func (r countedRecords) Put(ctx context.Context, rec order.Record) error {
	err := r.Records.Put(ctx, rec)
	if err == nil {
		for _, status := range rec.Reached {
			r.orders.WithLabelValues(string(status), string(rec.Reason)).Inc()
		}
	}
	return err
}
