package order_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
)

func aPayment(amount int64) order.PaymentEvent {
	return order.PaymentEvent{Provider: "sandbox", PaymentID: "p", OrderID: "o", Amount: amount, Currency: "EUR"}
}

func TestTheIDOfARefundSaysWhyItWasStarted(t *testing.T) {
	for reason, id := range map[order.RefundReason]string{
		order.RefundPartCancelled: "part:sandbox:cancel-m-1",
		order.RefundReturned:      "part:sandbox:return-m-1",
		order.RefundLost:          "part:sandbox:lost-m-1",
	} {
		require.True(t, reason.OfPart())
		r := order.RefundOfPart(aPayment(1000), reason, "m-1", 300)
		require.Equal(t, order.Refund{
			ID: id, PaymentID: "p", OrderID: "o", Provider: "sandbox", Amount: 300, PaymentAmount: 1000, Currency: "EUR",
			Reason: reason, Status: order.RefundDue,
		}, r)
		require.Equal(t, reason, order.ReasonOf(r.ID))
	}
	for _, other := range []order.RefundReason{
		order.RefundLate, order.RefundDouble, order.RefundCancelled, order.RefundRequested, order.RefundNoStock, "",
	} {
		require.False(t, other.OfPart(), other)
	}
	require.Equal(t, order.RefundLate, order.ReasonOf(order.FullRefund("sandbox", "cancel-m-1")))
	require.Equal(t, order.RefundRequested, order.ReasonOf("part:sandbox:r-1"))
	for range 100 {
		require.Equal(t, order.RefundRequested, order.ReasonOf(order.PartRefund("sandbox", uuid.NewString())))
	}
}

// However an order's money comes back in parts, it is partially refunded until all of it is
// back, and what could not be refunded is an alert.
func TestPartsAddUpToTheWholePayment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const paid = int64(1000)
		o := order.Order{
			Payment: order.Payment{Status: order.PaymentPaid, Provider: "sandbox", ID: "p"},
			Amounts: map[string]int64{order.AmountPaid: paid},
		}
		var all []order.Refund
		var back, owed int64
		for i := range rapid.IntRange(0, 6).Draw(t, "parts") {
			reason := rapid.SampledFrom([]order.RefundReason{order.RefundPartCancelled, order.RefundReturned, order.RefundLost}).Draw(t, "reason")
			amount := rapid.Int64Range(1, 500).Draw(t, "amount")
			r := order.RefundOfPart(aPayment(paid), reason, fmt.Sprint(i), amount)
			r.FitPart(paid - back)
			require.Equal(t, amount, r.Owed())
			require.Equal(t, amount-min(amount, paid-back), r.Shortfall)
			back, owed = back+r.Amount, owed+amount
			if r.Amount == 0 {
				require.Equal(t, order.RefundTooLarge, r.Status, "nothing is sent")
			} else {
				r.Status = order.RefundPaid
			}
			all = append(all, r)
		}
		require.LessOrEqual(t, back, paid)
		short := int64(0)
		for _, r := range all {
			short += r.Shortfall
		}
		require.Equal(t, owed, back+short)
		alerts := order.Payments{Refunds: all}.Alerts()
		require.Equal(t, short > 0, len(alerts) > 0)
		for _, a := range alerts {
			require.Equal(t, order.RuleRefundShortfall, a.Rule)
			require.NotEmpty(t, a.ID)
		}

		o.Settle(order.Payments{Refunds: rapid.Permutation(all).Draw(t, "order")})
		require.Equal(t, back, o.Amounts[order.AmountRefunded])
		want := order.PaymentPartiallyRefunded
		switch back {
		case 0:
			want = order.PaymentPaid
		case paid:
			want = order.PaymentRefunded
		}
		require.Equal(t, want, o.Payment.Status)
	})
}

func TestCustomersDoNotSeeAShortfall(t *testing.T) {
	r := order.Refund{Amount: 300, Shortfall: 100, All: true}
	require.Equal(t, int64(100), r.Shown().Shortfall)
	require.Zero(t, r.Public().Shortfall)
	require.False(t, r.Shown().All)
}
