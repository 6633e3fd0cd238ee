package workflows_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"holdfast/activities"
	"holdfast/carrier"
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

// What carriers reported between the termination and the new run found no order to go to.
func TestAResumedOrderGetsWhatCarriersReportedMeanwhile(t *testing.T) {
	s := open(t, line("shirt", 3))
	s.placement.ReturnWindow = returnWindow
	s.resumed()
	o := &s.placement.Resumed.Order
	at := o.PlacedAt
	event := func(id string, n order.Node) order.PackageEvent {
		return order.PackageEvent{ID: id, Node: n, OccurredAt: s.env.Now(), RecordedAt: s.env.Now(), Actor: "carrier:sandbox"}
	}
	numbers := map[string]carrier.Number{}
	for _, key := range []string{"missed", "lost on the way", "delivered"} {
		n := carrier.Number{Adapter: "sandbox", Number: fmt.Sprint("RESUMED", len(numbers))}
		numbers[key] = n
		p := order.Package{
			ID: packageID(key), Items: []order.LineUnits{of("1", 1)}, Carrier: n.Adapter, TrackingNumbers: []string{n.Number}, CreatedAt: at,
		}
		s.NoError(o.Change("package_added", "warehouse", at, nil, func(f *order.Fulfilment) error { return f.Pack(p) }))
		owner := carrier.Owner{OrderID: orderID, PlacedAt: at, PackageID: p.ID, CreatedAt: at}
		_, err := s.tracking.Own(s.Context(), owner, false, n)
		s.NoError(err)
		e := event("e", order.NodeInTransit)
		stored, err := s.tracking.Scans(s.Context(), n.Adapter, []carrier.Scan{{TrackingNumber: n.Number, Event: e}})
		s.NoError(err)
		s.Len(stored[0].Owners, 1)
		switch key {
		case "missed": // the order had no workflow
			s.NoError(s.tracking.Unmatch(s.Context(), n, e, orderID, p.ID))
		case "lost on the way": // the terminated run was told, and didn't record it
			s.NoError(s.tracking.Taken(s.Context(), carrier.Taken{Number: n, EventID: e.ID, OrderID: orderID, PackageID: p.ID}))
		case "delivered":
			o.Report(p.ID, event("d", order.NodeDelivered), at)
		}
	}
	s.at(time.Minute, func() {
		now := s.now()
		s.Equal(order.NodeInTransit, now.Package(packageID("missed")).Node())
		s.Equal(order.NodeInTransit, now.Package(packageID("lost on the way")).Node())
		s.Len(now.Package(packageID("delivered")).Events, 1)
		waiting, _, err := s.tracking.Unmatched(s.Context(), 10, "")
		s.NoError(err)
		s.Empty(waiting)
		owners, err := s.tracking.Owners(s.Context(), numbers["missed"])
		s.NoError(err)
		s.Len(owners[0], 1)
		s.scans("missed", "d1", order.NodeDelivered, s.env.Now())
		s.scans("lost on the way", "d1", order.NodeDelivered, s.env.Now())
	})
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	watched := 0
	for _, name := range s.durable {
		if name == activities.NameWatchPackage {
			watched++
		}
	}
	s.Equal(2, watched, "only those that aren't delivered")
}

// A run that is terminated again is asked for the requests that it took over and has not handled.
func TestAResumedOrderSaysWhichRequestsItHasNotHandled(t *testing.T) {
	s := open(t, line("shirt", 2))
	handled := unread(s, saga.HoldUpdate, saga.HoldRequest{Actor: "eva"})
	begun := unread(s, saga.CancelUnitsUpdate, saga.CancelUnitsRequest{
		ID: saga.RemovalID(orderID, "c"), Lines: []order.LineUnits{of("1", 1)}, Reason: order.ReasonCustomer, Actor: "customer:customer-1",
	})
	waits := unread(s, saga.ReleaseUpdate, saga.HoldRequest{Actor: "eva"})
	s.resumed(handled, begun, unread(s, saga.ScanSignal, saga.Scan{PackageID: "p"}), waits)
	unserved := func() (all []order.Message) {
		v, err := s.env.QueryWorkflow(saga.UnservedQuery)
		s.NoError(err)
		s.NoError(v.Get(&all))
		return all
	}
	s.faults.before[restock] = first(3)
	s.at(500*time.Millisecond, func() { s.Equal([]order.Message{begun, waits}, unserved()) }) // between two tries
	s.at(time.Hour, func() {
		s.Empty(unserved())
		s.Equal(int64(1), s.now().Lines[0].Removed)
		s.deliver("d")
	})
	s.run()
}
