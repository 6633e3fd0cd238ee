package workflows_test

import (
	"encoding/json"
	"testing"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// resumed makes the scenario's workflow a second run of an order that was paid an hour ago, whose workflow
// was terminated. It returns the order.
func (s *scenario) resumed(unread ...order.Message) order.Order {
	s.Helper()
	placedAt := s.env.Now().Add(-time.Hour)
	p := s.placement
	p.MaxOpenOrders = 0
	holds, err := s.stock.Hold(s.Context(), p.HoldRequests(1, placedAt))
	s.NoError(err)
	holding := order.Holding{Held: true, Currency: "EUR"}
	for i, l := range p.Lines {
		s.Equal(product.HoldMade, holds[i].Outcome)
		holding.Items = append(holding.Items, order.PricedItem{SKU: l.ProductID + "-1", Price: prices[l.ProductID]})
	}
	o := order.New(p, placedAt)
	s.NoError(o.Hold(holding, placedAt))
	paid := s.event(order.PaymentSucceeded, "pay-1", o.Amounts[order.AmountTotal])
	o.Pay(paid, placedAt)
	o.Fulfil(placedAt)
	_, err = s.stock.Commit(s.Context(), product.Holder{OrderID: orderID, PlacedAt: placedAt}, o.ProductIDs())
	s.NoError(err)
	s.placement.Resumed = &order.Resumed{
		Order: o, Payments: map[string]order.Attempt{paid.Key(): order.NewAttempt(paid, true)}, Unread: unread,
	}
	return o
}

func unread(s *scenario, name string, said any) order.Message {
	s.Helper()
	body, err := json.Marshal(said)
	s.NoError(err)
	return order.Message{Name: name, Body: body}
}

func TestAResumedOrderIsFollowedToItsEnd(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 1))
	s.placement.ReturnWindow = returnWindow
	o := s.resumed(
		unread(s, saga.CancelUnitsUpdate, saga.CancelUnitsRequest{
			ID: saga.RemovalID(orderID, "c"), Lines: []order.LineUnits{of("1", 1)}, Reason: order.ReasonCustomer, Actor: "customer:customer-1",
		}),
		unread(s, saga.PackUpdate, saga.PackRequest{Actor: "warehouse", Package: order.Package{
			ID: packageID("a"), Items: []order.LineUnits{of("1", 1)},
		}}),
		unread(s, saga.PaymentSignal, s.event(order.PaymentSucceeded, "pay-2", 1300)),
		unread(s, "somethingNewer", 1),
	)
	s.at(time.Hour, func() {
		now := s.now()
		s.Equal(int64(1), now.Lines[0].Removed)
		s.Len(now.Packages, 1)
		s.Equal(o.PlacedAt, now.PlacedAt)
		s.Equal(int64(1300), s.refund("pay-2").Amount)
		s.pack("b", of("2", 1))
	})
	s.at(2*time.Hour, func() {
		s.scans("a", "a1", order.NodeDelivered, s.env.Now())
		s.scans("b", "b1", order.NodeDelivered, s.env.Now())
	})
	s.at(3*time.Hour, func() { s.returns("r", of("2", 1)); s.decides("r", true) })
	s.at(4*time.Hour, func() { s.receives("r", came("2", order.ConditionRestock)) })
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(o.PlacedAt, s.result.PlacedAt)
	s.Equal("pay-1", s.result.PaymentID)
	s.Equal(map[string]int64{"pay-1": 800, "pay-2": 1300}, s.till.paidOut)
	s.NotContains(s.durable, "HoldStock")
}
