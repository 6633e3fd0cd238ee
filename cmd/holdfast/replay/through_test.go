package replay

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/client/gatewaytest"
	"holdfast/order"
)

// through is a replay in which every fate occurs, with its report.
func through(t *testing.T, g *gatewaytest.Gateway) (Report, VerifyConfig, []Ack) {
	t.Helper()
	cfg := config(t, g)
	cfg.Through = true
	cfg.Shares = Shares{
		Paid: 0.3, Delivered: 0.5, Refused: 0.1, Cancelled: 0.1, Abandoned: 0.1, Late: 0.15, Twice: 0.15, Wrong: 0.1,
	}
	var journal bytes.Buffer
	cfg.Journal = NewJournal(&journal)
	report, err := Run(t.Context(), cfg, strings.NewReader(file(200)))
	require.NoError(t, err)
	assert.Zero(t, report.Failed, "%v", report.Failures)
	g.Expire()
	acks, err := ReadJournal(&journal)
	require.NoError(t, err)
	return report, VerifyConfig{Gateway: cfg.Gateway, Concurrency: 8, Patience: 3 * time.Second}, acks
}

func TestOrdersArePaidOnTheProvidersPage(t *testing.T) {
	g := gatewaytest.Start(t)
	report, check, acks := through(t, g)
	all := 0
	for _, outcome := range []string{
		"awaiting_shipment", "delivered", "cancelled/payment_refused", "cancelled/customer", "awaiting_payment", "cancelled/customer/late",
		"awaiting_payment/late", "awaiting_shipment/twice", "awaiting_shipment/repeated", "awaiting_payment/wrong_amount",
	} {
		assert.Positive(t, report.Outcomes[outcome], outcome)
		all += report.Outcomes[outcome]
	}
	assert.Equal(t, 200, all, "%v", report.Outcomes)
	assert.Equal(t, int64(200), report.Latencies[opening].Count)
	v, err := Verify(t.Context(), check, acks)
	require.NoError(t, err)
	assert.Empty(t, v.Violations)
}

// A provider, or a gateway, that fails now and then is asked again.
func TestProvidersPageThatFails(t *testing.T) {
	g := gatewaytest.Start(t)
	calls := 0
	g.Fail = func(r *http.Request) (int, bool) {
		calls++
		return http.StatusServiceUnavailable * (calls % 2), calls%3 == 0
	}
	report, check, acks := through(t, g)
	assert.Positive(t, report.Repeats)
	g.Fail = nil
	v, err := Verify(t.Context(), check, acks)
	require.NoError(t, err)
	assert.Empty(t, v.Violations)
}

func TestMoneyThatDidNotGoBackIsNamed(t *testing.T) {
	for name, undo := range map[string]struct {
		call string
		do   func(g *gatewaytest.Gateway, a Ack)
		want string
	}{
		"a late payment without a refund": {PaidLate, func(g *gatewaytest.Gateway, a Ack) {
			delete(g.Refunds, a.OrderID)
		}, "no refund"},
		"a late payment whose refund is due": {PaidLate, func(g *gatewaytest.Gateway, a Ack) {
			g.Refunds[a.OrderID][0].Status = order.RefundDue
		}, "due"},
		"a wrong amount that paid": {PaidWrong, func(g *gatewaytest.Gateway, a Ack) {
			g.Orders[a.OrderID].Status = order.StatusPaid
		}, "it is paid"},
		"a wrong amount that went back as a late one": {PaidWrong, func(g *gatewaytest.Gateway, a Ack) {
			g.Refunds[a.OrderID][0].Reason = order.RefundLate
		}, "for late"},
		"a second payment of which the order's own went back": {PaidTwice, func(g *gatewaytest.Gateway, a Ack) {
			g.Refunds[a.OrderID][0].PaymentID = a.PaymentID
		}, "no refund"},
		"a repeated callback that was taken for a second payment": {Repeated, func(g *gatewaytest.Gateway, a Ack) {
			g.Refunds[a.OrderID] = []order.Refund{{PaymentID: a.PaymentID, Reason: order.RefundDouble}}
		}, "was repeated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t)
			_, check, acks := through(t, g)
			undone := find(t, acks, undo.call)
			undo.do(g, undone)
			v, err := Verify(t.Context(), check, acks)
			require.NoError(t, err)
			require.NotEmpty(t, v.Violations)
			for _, violation := range v.Violations {
				assert.Equal(t, undone.OrderID, violation.Ack.OrderID)
				assert.Contains(t, violation.Detail, undo.want)
			}
		})
	}
}

func TestWhatOnlyAProviderDoesNeedsOne(t *testing.T) {
	cfg := config(t, gatewaytest.Start(t))
	cfg.Shares = Shares{Paid: 0.5, Late: 0.5}
	_, err := Run(t.Context(), cfg, strings.NewReader(file(1)))
	assert.ErrorContains(t, err, "through a provider")
}
