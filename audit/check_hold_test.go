package audit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
)

// The sweeper closed a terminated order, and returned what had been sold to it by then.
func TestUnitsOfATerminatedOrderThatCameBackAreNotSoldUnpaid(t *testing.T) {
	placed := time.Now().Add(-time.Hour)
	o := &order.Order{
		ID: "o", PlacedAt: placed, Status: order.StatusCancelled, CancelReason: order.ReasonTerminated,
		Lines: []order.Line{{ProductID: "lamp", SKU: "lamp", Quantity: 2}},
	}
	h := Hold{
		HoldDetail: product.HoldDetail{
			ProductID: "lamp", OrderID: "o", PlacedAt: placed, State: product.HoldStateCommitted,
			Items: []product.HeldItem{{SKU: "lamp", Quantity: 2}}, Returned: map[string]int64{"lamp": 2},
		},
		Expires: time.Hour,
	}
	require.Empty(t, holdOfOrder(o, h, false))
	h.Returned["lamp"] = 1
	found := holdOfOrder(o, h, false)
	require.Len(t, found, 1)
	require.Equal(t, KindSoldUnpaid, found[0].Kind)
}
