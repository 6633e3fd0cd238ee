package order_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
)

// deliveredOrder has one line, of which some units were delivered.
func deliveredOrder(t require.TestingT, quantity, delivered int64) order.Fulfilment {
	f := fulfilmentOf(quantity)
	pack(t, &f, "a", order.LineUnits{LineID: "1", Quantity: delivered})
	f.Report("a", scan("there", order.NodeDelivered, 1))
	return f
}

func returnOf(id string, quantity int64) order.Return {
	return order.Return{
		ID: id, Status: order.ReturnRequested, CreatedAt: packedAt,
		Lines: []order.ReturnLine{{LineUnits: order.LineUnits{LineID: "1", Quantity: quantity}, Reason: "too small"}},
	}
}

func received(quantity int64, c order.Condition) order.ReceivedUnits {
	return order.ReceivedUnits{LineUnits: order.LineUnits{LineID: "1", Quantity: quantity}, Condition: c}
}

func TestOnlyDeliveredUnitsAreReturnedAndEachOnce(t *testing.T) {
	f := deliveredOrder(t, 5, 3)
	var short *order.UnitsError
	require.ErrorAs(t, f.OpenReturn(returnOf("r1", 4), false), &short)
	require.Equal(t, []order.UnitsShort{{LineID: "1", Requested: 4, Open: 3}}, short.Lines)
	require.NoError(t, f.OpenReturn(returnOf("r1", 2), false))
	require.ErrorAs(t, f.OpenReturn(returnOf("r2", 2), false), &short)
	require.NoError(t, f.DecideReturn("r1", false, packedAt))
	require.ErrorIs(t, f.DecideReturn("r1", true, packedAt), order.ErrReturnOver)
	require.NoError(t, f.OpenReturn(returnOf("r2", 3), false), "a declined one takes up nothing")
	require.ErrorIs(t, f.ReceiveReturn("r2", nil, 0, "", packedAt), order.ErrReturnNotApproved)
	require.NoError(t, f.DecideReturn("r2", true, packedAt))
	require.ErrorAs(t, f.ReceiveReturn("r2", []order.ReceivedUnits{received(2, order.ConditionRestock), received(2, order.ConditionDamaged)}, 0, "", packedAt), &short)
	require.True(t, f.ReturnsOpen())
	require.NoError(t, f.ReceiveReturn("r2", []order.ReceivedUnits{received(1, order.ConditionRestock), received(1, order.ConditionDamaged)}, 0, "", packedAt))
	require.False(t, f.ReturnsOpen())
	require.Equal(t, int64(1), f.Returnable("1"), "one of the three stayed with the buyer")
	require.ErrorIs(t, f.DecideReturn("none", true, packedAt), order.ErrUnknownReturn)
}

func TestAnApprovedReturnThatNeverComesCloses(t *testing.T) {
	f := deliveredOrder(t, 2, 2)
	require.NoError(t, f.OpenReturn(returnOf("r", 2), false))
	require.Empty(t, f.CloseReturns(packedAt.Add(365*24*time.Hour)), "an undecided one waits for its operator")
	require.NoError(t, f.DecideReturn("r", true, packedAt))
	require.Empty(t, f.CloseReturns(packedAt.Add(order.ReturnUnreceived-time.Second)))
	require.Equal(t, []string{"r"}, f.CloseReturns(packedAt.Add(order.ReturnUnreceived)))
	require.Equal(t, int64(2), f.Returnable("1"))
}

func TestReturnsOfAnOrderHaveALimit(t *testing.T) {
	f := deliveredOrder(t, 1, 1)
	opened := 0
	open := func(own bool) error {
		opened++
		id := fmt.Sprint("r", opened)
		if err := f.OpenReturn(returnOf(id, 1), own); err != nil {
			return err
		}
		return f.DecideReturn(id, false, packedAt)
	}
	const forStaff = 20
	for range order.MaxReturns - forStaff {
		require.NoError(t, open(true))
	}
	for range forStaff {
		require.ErrorIs(t, open(true), order.ErrTooManyReturns)
		require.NoError(t, open(false))
	}
	require.ErrorIs(t, open(false), order.ErrTooManyReturns)
}

func TestReturnsDoNotFillTheDocument(t *testing.T) {
	f := deliveredOrder(t, 1000, 1000)
	r := returnOf("r", 1)
	for range 400 {
		r.Lines = append(r.Lines, r.Lines[0])
	}
	r.Status = order.ReturnApproved
	require.NoError(t, f.OpenReturn(r, false))
	require.Equal(t, []order.ReturnLine{{LineUnits: order.LineUnits{LineID: "1", Quantity: 401}, Reason: "too small"}}, f.Return("r").Lines)
	came := []order.ReceivedUnits{received(1, order.ConditionRestock), received(2, order.ConditionDamaged), received(3, order.ConditionRestock)}
	require.NoError(t, f.ReceiveReturn("r", came, 0, "", packedAt))
	require.Equal(t, []order.ReceivedUnits{received(4, order.ConditionRestock), received(2, order.ConditionDamaged)}, f.Return("r").Received)

	many := returnOf("many", 1)
	for i := range order.MaxReturns + 2 {
		more := many.Lines[0]
		more.Reason = fmt.Sprint(i)
		many.Lines = append(many.Lines, more)
	}
	require.ErrorIs(t, f.OpenReturn(many, false), order.ErrTooManyReturnLines)
	long := returnOf("long", 1)
	long.Lines[0].Reason = strings.Repeat("r", 65<<10)
	require.ErrorIs(t, f.OpenReturn(long, false), order.ErrTooManyReturnLines)
}

// However an order is split up, by cancelling and returning, the refunds add up to what all
// units cost.
func TestWhatGoesBackOfALineAddsUpToItsAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := order.Line{ID: "1", Quantity: rapid.Int64Range(1, 12).Draw(t, "units"), Amount: rapid.Int64Range(0, 1<<50).Draw(t, "amount")}
		delivered := rapid.Int64Range(0, line.Quantity).Draw(t, "delivered")
		f := fulfilmentOf(line.Quantity)
		if delivered > 0 {
			f = deliveredOrder(t, line.Quantity, delivered)
		}
		back := int64(0)
		for n := 0; f.Open("1") > 0; n++ {
			k := rapid.Int64Range(1, f.Open("1")).Draw(t, "cancelled")
			back += f.Refundable(line, k, 1)
			require.NoError(t, f.CancelUnits(order.Removal{Lines: []order.LineUnits{{LineID: "1", Quantity: k}}}))
		}
		for n := 0; f.Returnable("1") > 0; n++ {
			k := rapid.Int64Range(1, f.Returnable("1")).Draw(t, "returned")
			r := returnOf(fmt.Sprint(n), k)
			r.Status = order.ReturnApproved
			require.NoError(t, f.OpenReturn(r, false))
			back += f.Refundable(line, k, 1)
			require.NoError(t, f.ReceiveReturn(r.ID, []order.ReceivedUnits{received(k, order.ConditionRestock)}, 0, "", packedAt))
		}
		require.Equal(t, line.Amount, back)
	})
}
