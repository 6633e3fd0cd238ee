package order_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

func paidOrder(t *testing.T, quantity int64) (*order.Order, time.Time) {
	t.Helper()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	o := order.Order{
		Shape: order.Shape, ID: "o", Status: order.StatusPaid, Amounts: map[string]int64{order.AmountTotal: 100 * quantity, order.AmountPaid: 100 * quantity},
		Lines: []order.Line{{ID: "1", ProductID: "p", Quantity: quantity, UnitPrice: 100, Amount: 100 * quantity}}, PlacedAt: at, Version: 1,
	}
	o.Fulfil(at)
	return &o, at
}

func packIt(t *testing.T, o *order.Order, id string, n int64, at time.Time) {
	t.Helper()
	require.NoError(t, o.Change("package_added", "x", at, nil, func(f *order.Fulfilment) error {
		return f.Pack(order.Package{ID: id, Items: []order.LineUnits{{LineID: "1", Quantity: n}}, CreatedAt: at})
	}))
}

func nodeIt(o *order.Order, id, event string, n order.Node, m order.Mark, at time.Time) {
	o.Report(id, order.PackageEvent{ID: event, Node: n, Mark: m, OccurredAt: at, RecordedAt: at, Actor: "x"}, at)
}

// Units of a line are all alike. A package whose units are part of a return is refunded only if other
// delivered units can be those that come back.
func TestAReturnedUnitIsNotRefundedAgainWithItsPackage(t *testing.T) {
	for name, c := range map[string]struct {
		inB      int64
		received bool
		want     error
	}{
		"the return is received":                    {0, true, order.ErrUnitsReturned},
		"the return is open":                        {0, false, order.ErrUnitsReturned},
		"another package may have the unit":         {1, true, nil},
		"another package may have the unit to come": {1, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o, at := paidOrder(t, 3+c.inB)
			packIt(t, o, "a", 3, at)
			nodeIt(o, "a", "1", order.NodeDelivered, "", at)
			if c.inB > 0 {
				packIt(t, o, "b", c.inB, at)
				nodeIt(o, "b", "1", order.NodeDelivered, "", at)
			}
			one := order.LineUnits{LineID: "1", Quantity: 1}
			require.NoError(t, o.OpenReturn(order.Return{ID: "r", Status: order.ReturnApproved, Lines: []order.ReturnLine{{LineUnits: one}}, CreatedAt: at}, false))
			if c.received {
				require.NoError(t, o.ReceiveReturn("r", []order.ReceivedUnits{{LineUnits: one, Condition: order.ConditionDamaged}}, o.RefundFor([]order.LineUnits{one}), "", at))
			}
			nodeIt(o, "a", "2", 0, order.MarkDamaged, at)
			for _, action := range []order.ResolveAction{order.ResolveRefund, order.ResolveReship} {
				f := o.Fulfilment.Clone()
				require.ErrorIs(t, f.Resolve("a", order.Resolution{ID: "x", Action: action, At: at}), c.want)
			}
			require.NoError(t, o.Resolve("a", order.Resolution{ID: "x", Action: order.ResolveFound, At: at}))
		})
	}
}

// A delivered package is sent again; another one was delivered too.
func TestAnOrderWithUnitsThatAreSentAgainStaysOpen(t *testing.T) {
	o, at := paidOrder(t, 2)
	packIt(t, o, "a", 1, at)
	packIt(t, o, "b", 1, at)
	nodeIt(o, "a", "1", order.NodeDelivered, "", at)
	nodeIt(o, "b", "1", order.NodeDelivered, "", at)
	nodeIt(o, "a", "2", 0, order.MarkLost, at.Add(time.Hour))
	require.NoError(t, o.Resolve("a", order.Resolution{ID: "x", Action: order.ResolveReship, At: at}))
	o.SetReturnBy(14 * 24 * time.Hour)
	require.NotEmpty(t, o.OpenUnits())
	require.False(t, o.MayEnd(at.Add(15*24*time.Hour)), "a unit is open, and was taken from stock")
}

// A package that came back to the sender was "delivered" there, and waits for an operator.
func TestAnOrderWithAnUnresolvedPackageStaysOpen(t *testing.T) {
	o, at := paidOrder(t, 1)
	packIt(t, o, "a", 1, at)
	nodeIt(o, "a", "1", 0, order.MarkReturnedToSender, at)
	nodeIt(o, "a", "2", order.NodeDelivered, "", at.Add(time.Hour))
	o.SetReturnBy(0)
	require.True(t, o.Package("a").Unresolved())
	require.False(t, o.MayEnd(at.Add(2*time.Hour)))
}

// A buyer's returns have a limit of their own.
func TestBuyersReturnsDoNotKeepARefusedPackageFromBeingRefunded(t *testing.T) {
	o, at := paidOrder(t, 2)
	packIt(t, o, "a", 1, at)
	packIt(t, o, "b", 1, at)
	nodeIt(o, "a", "1", order.NodeDelivered, "", at)
	for i := range order.MaxReturns {
		id := fmt.Sprint(i)
		require.NoError(t, o.OpenReturn(order.Return{ID: id, Status: order.ReturnRequested, Lines: []order.ReturnLine{{LineUnits: order.LineUnits{LineID: "1", Quantity: 1}}}, CreatedAt: at}, false))
		require.NoError(t, o.DecideReturn(id, false, at))
	}
	nodeIt(o, "b", "1", 0, order.MarkRefused, at)
	require.NoError(t, o.Resolve("b", order.Resolution{ID: "x", Action: order.ResolveRefund, At: at}))
	require.NoError(t, o.OpenReturn(order.Return{ID: "b", Status: order.ReturnApproved, PackageID: "b", Lines: []order.ReturnLine{{LineUnits: order.LineUnits{LineID: "1", Quantity: 1}}}, CreatedAt: at}, false))
}

// A message that says that units were delivered can't be struck once they are coming back, and nothing
// comes back that isn't with the buyer.
func TestUnitsThatComeBackStayDelivered(t *testing.T) {
	o, at := paidOrder(t, 2)
	packIt(t, o, "a", 2, at)
	nodeIt(o, "a", "1", order.NodeDelivered, "", at)
	two := order.LineUnits{LineID: "1", Quantity: 2}
	require.NoError(t, o.OpenReturn(order.Return{ID: "r", Status: order.ReturnApproved, Lines: []order.ReturnLine{{LineUnits: two}}, CreatedAt: at}, false))
	require.ErrorIs(t, o.Strike("a", "1"), order.ErrUnitsReturned)
	require.NoError(t, o.DecideReturn("r", false, at))
	require.NoError(t, o.Strike("a", "1"))
	require.Empty(t, o.Check())

	nodeIt(o, "a", "2", order.NodeDelivered, "", at)
	require.NoError(t, o.OpenReturn(order.Return{ID: "s", Status: order.ReturnApproved, Lines: []order.ReturnLine{{LineUnits: two}}, CreatedAt: at}, false))
	o.Package("a").Events = nil // as an earlier version may have left it
	var short *order.UnitsError
	require.ErrorAs(t, o.ReceiveReturn("s", []order.ReceivedUnits{{LineUnits: two, Condition: order.ConditionRestock}}, 0, "", at), &short)
	require.Equal(t, order.RuleQuantities, o.Check()[0].Rule)
}
