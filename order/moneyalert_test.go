package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

func rulesOf(alerts []order.Alert) (all []order.AlertRule) {
	for _, a := range alerts {
		all = append(all, a.Rule)
	}
	return all
}

func TestAShortfallIsAnAlertUntilItIsDismissed(t *testing.T) {
	due := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	short := order.Refund{ID: "r", PaymentID: "p", Amount: 300, Shortfall: 100, Currency: "EUR", DueAt: due}
	p := order.Payments{Refunds: []order.Refund{short, {ID: "whole", PaymentID: "p", Amount: 300}}}
	alerts := p.Alerts()
	require.Equal(t, []order.AlertRule{order.RuleRefundShortfall}, rulesOf(alerts))
	p.Dismissals = []order.Dismissal{{AlertID: alerts[0].ID}}
	require.Empty(t, p.Alerts())
	require.True(t, p.IsDismissed(alerts[0].ID))

	p.Refunds[0].Version, p.Refunds[0].Status = 5, order.RefundPaid
	require.Empty(t, p.Alerts(), "it is still the same refund")
	p.Refunds[0].DueAt = due.AddDate(0, 2, 0)
	require.Len(t, p.Alerts(), 1, "another refund that happens to have the same name")
}

func TestADisputeIsAnAlertUntilItIsDismissedAndAgainWithNews(t *testing.T) {
	d := order.Dispute{ID: "dp", Provider: "sandbox", Status: order.DisputeNeedsResponse, Amount: 900, Currency: "EUR", OccurredAt: time.Unix(1, 0)}
	alerts := func() []order.Alert { return order.Payments{Disputes: []order.Dispute{d}}.Alerts() }
	first := alerts()
	require.Equal(t, []order.AlertRule{order.RuleDisputed}, rulesOf(first))
	d.DismissedAt = time.Unix(2, 0)
	require.Empty(t, alerts())
	found, ok := order.Payments{Disputes: []order.Dispute{d}}.DisputeOf(first[0].ID)
	require.True(t, ok)
	require.Equal(t, d, found)
	require.True(t, d.Hear(order.Dispute{Status: order.DisputeLost, Amount: 900, Currency: "EUR", OccurredAt: time.Unix(3, 0)}))
	require.Equal(t, first[0].ID, alerts()[0].ID)
}

// What stands beside an order's payments is shown with its own alerts, and never keeps it open.
func TestAlertsAboutMoneyNeverKeepAnOrderOpen(t *testing.T) {
	o, at := paidOrder(t, 1)
	packIt(t, o, "a", 1, at)
	nodeIt(o, "a", "1", order.NodeDelivered, "", at)
	o.Raise(order.Alert{Rule: order.RuleRestockRefused, ID: "own"})
	o.Step("restock_refused", order.ActorSystem, at, nil)
	o.SetReturnBy(time.Hour)
	require.Equal(t, []order.AlertRule{order.RuleRestockRefused}, rulesOf(o.AllAlerts()))

	money := order.Payments{
		Refunds:    []order.Refund{{ID: "r", PaymentID: "p", Shortfall: 1}},
		Disputes:   []order.Dispute{{ID: "dp", Provider: "sandbox"}},
		Dismissals: []order.Dismissal{{AlertID: "own"}},
	}
	for range 2 {
		o.Settle(money)
		require.ElementsMatch(t, []order.AlertRule{order.RuleRefundShortfall, order.RuleDisputed}, rulesOf(o.AllAlerts()))
	}
	require.Equal(t, []order.AlertRule{order.RuleDisputed, order.RuleRefundShortfall}, o.Summary().Alerts)
	require.Len(t, o.Alerts, 1, "the order itself stays as it is")
	require.True(t, o.MayEnd(at.Add(time.Hour)))
	o.Settle(order.Payments{Dismissals: money.Dismissals})
	require.Empty(t, o.AllAlerts())
}
