package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/activities"
	"holdfast/order"
)

// A worker that takes real money holds nothing for an order that pretend money would pay,
// and vice versa.
func TestAWorkerHoldsNothingForOrdersOfOtherMoney(t *testing.T) {
	for _, c := range []struct{ order, worker order.Money }{
		{order.MoneyPretend, order.MoneyReal}, {order.MoneyReal, order.MoneyPretend},
	} {
		hold := activities.Hold{Money: c.worker} // anything else would panic
		_, err := hold.Execute(t.Context(), activities.HoldParams{
			Placement: order.Placement{OrderID: "o-1", Money: c.order}, Try: 1,
		})
		require.ErrorContains(t, err, "misconfigured")
	}
}
