package views

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/order"
	"holdfast/search"
)

// countPause is how often overdue orders are counted. They wait for days before they count.
const countPause = 5 * time.Minute

// overdue counts the orders that wait for too long, by looking at the view: a timer in each order's
// workflow would cost each of them events. Each worker counts for itself, so that every process shows
// the same figure, whichever one is asked.
type overdue struct {
	index  search.Index
	log    *slog.Logger
	orders *prometheus.GaugeVec
}

// newOverdue registers the gauge; a nil registerer registers none.
func newOverdue(c Config) (*overdue, error) {
	o := &overdue{index: c.Index, log: c.Log, orders: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "holdfast_orders_overdue",
		Help: "Open orders that wait for too long, by rule: no_news of a package for 10 days, not_packed 2 days after the payment. " +
			"Missing while the index can't answer.",
	}, []string{"rule"})}
	if c.Metrics == nil {
		return o, nil
	}
	if err := c.Metrics.Register(o.orders); err != nil {
		return nil, fmt.Errorf("register the gauge of overdue orders: %w", err)
	}
	return o, nil
}

// run counts at the start and then regularly, until ctx ends.
func (o *overdue) run(ctx context.Context) {
	for {
		if err := o.count(ctx); err != nil && ctx.Err() == nil {
			o.log.WarnContext(ctx, "overdue orders can't be counted", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(countPause):
		}
	}
}

// count sets the gauge. An old figure must not pass for a new one, so a failure removes all.
func (o *overdue) count(ctx context.Context) error {
	for _, rule := range order.OverdueRules() {
		page, err := o.index.ListOrders(ctx, search.OrderQuery{Overdue: rule, Limit: new(1)})
		if err != nil {
			o.orders.Reset()
			return fmt.Errorf("count orders that are %s: %w", rule, search.WithCause(err))
		}
		o.orders.WithLabelValues(string(rule)).Set(float64(page.Total))
	}
	return nil
}
