package order_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

// atTheLimit is a paid order whose document was as large as it may be when it was placed.
func atTheLimit(t *testing.T, lines int) *order.Order {
	t.Helper()
	at := packedAt
	p := order.Placement{OrderID: "o", CustomerID: "c", Saga: order.SagaVersion, Currency: "EUR", Address: &order.Address{Recipient: "r", Line1: "l", City: "c", Country: "DE"}}
	for range lines {
		p.Lines = append(p.Lines, order.LineRequest{ProductID: "p", SKU: "s", Quantity: order.MaxQuantity})
	}
	o := order.New(p, at)
	size, err := json.Marshal(o)
	require.NoError(t, err)
	left := order.MaxDocumentBytes - order.RoomToPlace(lines) - len(size)
	for i := range o.Lines { // the titles use up what may be used
		o.Lines[i].Title = strings.Repeat("t", max(1, left/lines-len(`"title":"",`)))
	}
	o.PayNothing(at)
	o.Fulfil(at)
	require.NoError(t, o.Fits(order.UseWork), "a change of nothing")
	return &o
}

func fits(t *testing.T, u order.Use, o *order.Order, step string, apply func(f *order.Fulfilment) error) {
	t.Helper()
	require.NoError(t, o.Change(step, "staff", packedAt, nil, apply), step)
	require.NoError(t, o.Fits(u), step)
}

func TestAnOrderThatMayBePlacedCanBeCancelledOrPackedDeliveredAndReturned(t *testing.T) {
	for _, lines := range []int{1, 100, order.MaxLines} {
		o := atTheLimit(t, lines)
		whole := o.OpenUnits()
		fits(t, order.UseSettling, o, "cancelled", func(f *order.Fulfilment) error {
			return f.CancelUnits(order.Removal{ID: "m", Lines: whole, Note: strings.Repeat("n", order.MaxFieldBytes)})
		})

		o = atTheLimit(t, lines)
		fits(t, order.UseWork, o, "packed", func(f *order.Fulfilment) error {
			return f.Pack(order.Package{ID: "a", Items: whole, CreatedAt: packedAt, Address: o.Address})
		})
		refused := o.Clone()
		o.Report("a", scan("there", order.NodeDelivered, 1), packedAt)
		require.NoError(t, o.Fits(order.UseSettling))
		back := order.Return{ID: "r", Status: order.ReturnApproved, CreatedAt: packedAt}
		var came []order.ReceivedUnits
		for _, u := range whole {
			back.Lines = append(back.Lines, order.ReturnLine{LineUnits: u, Reason: "small"})
			came = append(came, order.ReceivedUnits{LineUnits: u, Condition: order.ConditionRestock})
		}
		fits(t, order.UseExtra, o, "return_opened", func(f *order.Fulfilment) error { return f.OpenReturn(back, false) })
		fits(t, order.UseSettling, o, "return_received", func(f *order.Fulfilment) error { return f.ReceiveReturn("r", came, 1, "", packedAt) })

		refused.Report("a", mark("no", order.MarkRefused, 1), packedAt)
		fits(t, order.UseSettling, &refused, "package_resolved", func(f *order.Fulfilment) error {
			return f.Resolve("a", order.Resolution{ID: "x", Action: order.ResolveRefund, At: packedAt})
		})
		back.PackageID = "a"
		for i := range back.Lines {
			back.Lines[i].Reason = "undelivered"
		}
		fits(t, order.UseSettling, &refused, "return_opened", func(f *order.Fulfilment) error { return f.OpenReturn(back, false) })
		fits(t, order.UseSettling, &refused, "return_received", func(f *order.Fulfilment) error { return f.ReceiveReturn("r", came, 0, "", packedAt) })
	}
}

// Whatever carriers report and buyers change, the order can be packed, delivered, settled and returned.
func TestMessagesAndBuyersLeaveRoom(t *testing.T) {
	o := largest(t)
	for n := 0; o.Fits(order.UseExtra) == nil && n < order.MaxAddressChanges; n++ {
		_, err := o.Readdress(&order.Address{Recipient: fmt.Sprint(n), Line1: strings.Repeat("<", 200), Line2: strings.Repeat("<", 200), Country: "DE"}, false, false, "buyer", "", packedAt)
		require.NoError(t, err)
	}
	rest := o.OpenUnits()
	require.NotEmpty(t, rest)
	fits(t, order.UseSettling, &o, "units_cancelled", func(f *order.Fulfilment) error { return f.CancelUnits(order.Removal{ID: "m", Lines: rest}) })
	for i := range order.MaxPackages {
		id := fmt.Sprint("package-", i)
		require.Equal(t, order.TakenNew, o.Report(id, scan("there", order.NodeDelivered, i), packedAt))
	}
	require.NoError(t, o.Fits(order.UseSettling))
	require.Equal(t, order.NodeDelivered, o.At)
	for i := range 20 {
		id, unit := strconv.Itoa(i), order.LineUnits{LineID: strconv.Itoa(i + 1), Quantity: 1}
		fits(t, order.UseExtra, &o, "return_opened", func(f *order.Fulfilment) error {
			return f.OpenReturn(order.Return{ID: id, Status: order.ReturnApproved, Lines: []order.ReturnLine{{LineUnits: unit}}, CreatedAt: packedAt}, false)
		})
		fits(t, order.UseSettling, &o, "return_received", func(f *order.Fulfilment) error {
			return f.ReceiveReturn(id, []order.ReceivedUnits{{LineUnits: unit, Condition: order.ConditionRestock}}, 1, "", packedAt)
		})
	}
}

func TestADroppedMessageChangesTheOrderOnce(t *testing.T) {
	o := atTheLimit(t, 1)
	fits(t, order.UseWork, o, "packed", func(f *order.Fulfilment) error {
		return f.Pack(order.Package{ID: "a", Items: []order.LineUnits{{LineID: "1", Quantity: 1}}, CreatedAt: packedAt})
	})
	o.Report("a", scan("first", order.NodeInTransit, 0), packedAt)
	o.Weigh(true)
	before := o.Version
	for i := range 3 {
		require.Equal(t, order.TakenOverLimit, o.Report("a", scan(fmt.Sprint(i), order.NodeInTransit, 0), packedAt))
	}
	require.Equal(t, before+1, o.Version)
	require.Len(t, o.Alerts, 1)
	require.Equal(t, order.TakenNew, o.Report("a", scan("there", order.NodeDelivered, 1), packedAt.Add(time.Hour)))
}
