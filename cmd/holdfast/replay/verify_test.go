package replay

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/client/gatewaytest"
	"holdfast/order"
)

// Each acknowledged thing is undone once, and has to be reported.
func TestWhatIsNoLongerTrueIsNamed(t *testing.T) {
	for name, undo := range map[string]struct {
		call string
		do   func(g *gatewaytest.Gateway, a Ack)
		want string
	}{
		"an order that is gone": {Placed, func(g *gatewaytest.Gateway, a Ack) { delete(g.Orders, a.OrderID) }, "gone"},
		"an order that was rejected after all": {Placed, func(g *gatewaytest.Gateway, a Ack) {
			g.Orders[a.OrderID].Status = order.StatusRejected
		}, "rejected"},
		"a payment that is lost": {Paid, func(g *gatewaytest.Gateway, a Ack) {
			g.Orders[a.OrderID].Status = order.StatusAwaitingPayment
		}, "no refund"},
		"a payment that became another one": {Paid, func(g *gatewaytest.Gateway, a Ack) {
			g.Orders[a.OrderID].Payment.ID = "other"
		}, "no refund"},
		"a refusal that is lost": {Refused, func(g *gatewaytest.Gateway, a Ack) {
			g.Orders[a.OrderID].Status = order.StatusAwaitingPayment
		}, "still awaiting_payment"},
		"a cancellation that is lost": {Cancelled, func(g *gatewaytest.Gateway, a Ack) {
			g.Orders[a.OrderID].Status = order.StatusExpired
		}, "now it is expired"},
		"a delivery that is lost": {Delivered, func(g *gatewaytest.Gateway, a Ack) {
			g.Orders[a.OrderID].Status = order.StatusPaid
		}, "now it is paid"},
		"an adjustment that is lost": {Adjusted, func(g *gatewaytest.Gateway, a Ack) { delete(g.Adjusted, a.Key) }, "lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t)
			cfg := config(t, g)
			var journal bytes.Buffer
			cfg.Journal = NewJournal(&journal)
			_, err := Run(t.Context(), cfg, strings.NewReader(file(40)))
			require.NoError(t, err)
			acks, err := ReadJournal(&journal)
			require.NoError(t, err)

			check := VerifyConfig{Gateway: cfg.Gateway, Concurrency: 8, Patience: 4 * time.Second}
			v, err := Verify(t.Context(), check, acks)
			require.NoError(t, err)
			require.Empty(t, v.Violations)

			undone := find(t, acks, undo.call)
			undo.do(g, undone)
			v, err = Verify(t.Context(), check, acks)
			require.NoError(t, err)
			require.NotEmpty(t, v.Violations)
			details := ""
			for _, violation := range v.Violations {
				assert.Equal(t, undone.OrderID, violation.Ack.OrderID)
				details += violation.Detail + "\n"
			}
			assert.Contains(t, details, undo.want)
		})
	}
}

// Money that an order could not take is refunded: that is no loss.
func TestPaymentThatGoesBackIsNoViolation(t *testing.T) {
	g := gatewaytest.Start(t)
	cfg := config(t, g)
	cfg.Shares = Shares{Paid: 1}
	var journal bytes.Buffer
	cfg.Journal = NewJournal(&journal)
	_, err := Run(t.Context(), cfg, strings.NewReader(file(1)))
	require.NoError(t, err)
	acks, err := ReadJournal(&journal)
	require.NoError(t, err)
	paid := find(t, acks, Paid)
	g.Orders[paid.OrderID].Status = order.StatusCancelled
	g.Refunds[paid.OrderID] = []order.Refund{{PaymentID: paid.PaymentID, Status: order.RefundDue}}
	v, err := Verify(t.Context(), VerifyConfig{Gateway: cfg.Gateway, Patience: 2 * time.Second}, acks)
	require.NoError(t, err)
	assert.Empty(t, v.Violations)
}

func find(t *testing.T, acks []Ack, call string) Ack {
	t.Helper()
	for _, a := range acks {
		if a.Call == call {
			return a
		}
	}
	t.Fatalf("no call %s among %d", call, len(acks))
	return Ack{}
}

func TestJournalWhoseWriterCrashed(t *testing.T) {
	acks, err := ReadJournal(strings.NewReader(`{"call":"placed","orderId":"o1"}` + "\n" + `{"call":"pai`))
	require.NoError(t, err)
	require.Len(t, acks, 1)
	assert.Equal(t, "o1", acks[0].OrderID)
	_, err = ReadJournal(strings.NewReader("{\n" + `{"call":"placed"}` + "\n"))
	assert.ErrorContains(t, err, "line 1")
}
