package sagas

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"

	"holdfast/order"
	"holdfast/saga"
)

// What happens to the goods of a paid order.

func of(lineID string, quantity int64) order.LineUnits {
	return order.LineUnits{LineID: lineID, Quantity: quantity}
}

func (w *world) packs(orderID, key string, items ...order.LineUnits) saga.Answer {
	w.Helper()
	return w.ask(orderID, saga.PackUpdate, packing(orderID, key, items...))
}

func packing(orderID, key string, items ...order.LineUnits) saga.PackRequest {
	return saga.PackRequest{Package: order.Package{ID: saga.PackageID(orderID, key), Items: items}, Actor: "warehouse"}
}

func (w *world) scans(orderID, key string, n order.Node) {
	w.Helper()
	w.tells(orderID, key, order.PackageEvent{ID: n.String(), Node: n})
}

func (w *world) marks(orderID, key string, m order.Mark) {
	w.Helper()
	w.tells(orderID, key, order.PackageEvent{ID: string(m), Mark: m})
}

func (w *world) tells(orderID, key string, e order.PackageEvent) {
	w.Helper()
	e.OccurredAt, e.RecordedAt, e.Actor = time.Now(), time.Now(), "carrier:sandbox"
	w.NoError(w.temporal.SignalWorkflow(w.Context(), saga.OrderWorkflowID(orderID), "", saga.ScanSignal, saga.Scan{
		PackageID: saga.PackageID(orderID, key), Event: e,
	}))
}

func cancelling(orderID, key string, items ...order.LineUnits) saga.CancelUnitsRequest {
	return saga.CancelUnitsRequest{ID: saga.RemovalID(orderID, key), Lines: items, Reason: order.ReasonCustomer, Actor: "customer:customer-1"}
}

func returning(orderID, key string, items ...order.LineUnits) saga.OpenReturnRequest {
	r := saga.OpenReturnRequest{ID: saga.ReturnID(orderID, key), Approved: true, Actor: "support"}
	for _, it := range items {
		r.Lines = append(r.Lines, order.ReturnLine{LineUnits: it, Reason: "too small"})
	}
	return r
}

func receiving(orderID, key string, items ...order.LineUnits) saga.ReceiveReturnRequest {
	r := saga.ReceiveReturnRequest{ReturnID: saga.ReturnID(orderID, key), Actor: "support"}
	for _, it := range items {
		r.Lines = append(r.Lines, order.ReceivedUnits{LineUnits: it, Condition: order.ConditionRestock})
	}
	return r
}

// paid places the order and pays for it.
func (w *world) paid(orderID string, amount int64) {
	w.Helper()
	w.documentIs(orderID, order.StatusAwaitingPayment)
	w.pay(orderID, "one-"+orderID, amount)
	w.until("the order is paid", func() bool { return w.order(orderID).Status.TookPayment() })
}

// goods are the stories of paid orders whose histories are recorded.
func goods() map[string]recording {
	before := func(_ *world, p *order.Placement) { p.Saga = 0 }
	takesReturns := func(_ *world, p *order.Placement) { p.ReturnWindow = time.Hour }
	shortly := func(_ *world, p *order.Placement) { p.ReturnWindow = 2 * time.Second }
	return map[string]recording{
		"goods-in-two-packages": {window: time.Hour, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			w.paid(p.OrderID, 1600)
			w.packs(p.OrderID, "a", of("1", 2))
			w.packs(p.OrderID, "b", of("2", 2))
			w.scans(p.OrderID, "a", order.NodeDelivered)
			w.scans(p.OrderID, "a", order.NodeLeftWarehouse)
			w.scans(p.OrderID, "b", order.NodeInTransit)
			w.documentIs(p.OrderID, order.StatusInTransit)
			w.scans(p.OrderID, "b", order.NodeDelivered)
		}},
		"goods-cancelled-in-part": {window: time.Hour, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			w.paid(p.OrderID, 1600)
			w.ask(p.OrderID, saga.CancelUnitsUpdate, cancelling(p.OrderID, "c", of("1", 1)))
			w.ask(p.OrderID, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonOperator, Actor: "operator"})
		}},
		"goods-returned": {window: time.Hour, before: shortly, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			w.paid(p.OrderID, 1600)
			w.deliver(p.OrderID)
			w.ask(p.OrderID, saga.OpenReturnUpdate, returning(p.OrderID, "r", of("1", 1)))
			w.ask(p.OrderID, saga.ReceiveReturnUpdate, receiving(p.OrderID, "r", of("1", 1)))
		}},
		"goods-lost-and-refunded": {window: time.Hour, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			w.paid(p.OrderID, 1600)
			w.packs(p.OrderID, "a", of("1", 2), of("2", 2))
			w.scans(p.OrderID, "a", order.NodeInTransit)
			w.marks(p.OrderID, "a", order.MarkLost)
			w.until("it is marked", func() bool { return len(w.order(p.OrderID).Packages[0].Marks()) > 0 })
			w.ask(p.OrderID, saga.ResolveUpdate, saga.ResolveRequest{
				PackageID: saga.PackageID(p.OrderID, "a"), Action: order.ResolveRefund, ID: "resolve", Actor: "support",
			})
		}},
		"goods-corrected-and-struck": {window: time.Hour, before: takesReturns, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			w.paid(p.OrderID, 1600)
			w.packs(p.OrderID, "a", of("1", 2))
			id := saga.PackageID(p.OrderID, "a")
			w.ask(p.OrderID, saga.CorrectUpdate, saga.CorrectRequest{PackageID: id, Items: &[]order.LineUnits{of("1", 1)}, Actor: "warehouse"})
			w.scans(p.OrderID, "a", order.NodeDelivered)
			w.until("it is delivered", func() bool { return w.order(p.OrderID).Packages[0].Node() == order.NodeDelivered })
			w.ask(p.OrderID, saga.StrikeUpdate, saga.StrikeRequest{PackageID: id, EventID: order.NodeDelivered.String(), Actor: "support"})
			w.ask(p.OrderID, saga.HoldUpdate, saga.HoldRequest{Actor: "support"})
			w.ask(p.OrderID, saga.AddressUpdate, saga.AddressRequest{Actor: "support", Address: order.Address{
				Recipient: "Ada", Line1: "1 Harbour Street", City: "Hamburg", Country: "DE",
			}})
			w.ask(p.OrderID, saga.ReleaseUpdate, saga.HoldRequest{Actor: "support"})
			w.ask(p.OrderID, saga.UndoUpdate, saga.UndoRequest{PackageID: id, Actor: "warehouse"})
			w.ask(p.OrderID, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonOperator, Actor: "operator"})
		}},
		// Orders that were placed before there were packages.
		"goods-of-before-packed": {window: time.Hour, before: before, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			w.paid(p.OrderID, 1600)
			w.packs(p.OrderID, "a", of("1", 2))
			w.scans(p.OrderID, "a", order.NodeDelivered)
			w.deliver(p.OrderID)
		}},
		"goods-of-before-delivered": {window: time.Hour, before: before, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			w.paid(p.OrderID, 1600)
			w.deliver(p.OrderID)
		}},
		"goods-of-before-cancelled": {window: time.Hour, before: before, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			w.paid(p.OrderID, 1600)
			w.ask(p.OrderID, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonOperator, Actor: "operator"})
		}},
	}
}

// goodsKilling is a story whose worker dies at several places.
type goodsKilling struct {
	killing
	at []place
}

type place struct {
	command string
	call    int
}

func goodsKilled() []goodsKilling {
	paid := func(w *world, id string) { w.paid(id, 1500) }
	packed := func(w *world, id string) {
		paid(w, id)
		w.packs(id, "a", of("1", 1))
	}
	return []goodsKilling{
		{killing{name: "packed", open: true, want: order.StatusAwaitingShipment, sold: 2, drive: func(w *world, id string) {
			paid(w, id)
			w.send(id, saga.PackUpdate, packing(id, "a", of("1", 1)))
		}}, []place{{put, 3}}},
		{killing{name: "scanned", open: true, want: order.StatusInTransit, sold: 2, drive: func(w *world, id string) {
			packed(w, id)
			w.packs(id, "b", of("1", 1))
			w.scans(id, "b", order.NodeDelivered)
			w.until("b is delivered", func() bool { return w.order(id).Packages[1].Node() == order.NodeDelivered })
			w.scans(id, "a", order.NodeInTransit)
		}}, []place{{put, 6}}},
		{killing{name: "cancelled in part", open: true, want: order.StatusPacked, sold: 1, drive: func(w *world, id string) {
			packed(w, id)
			w.send(id, saga.CancelUnitsUpdate, cancelling(id, "c", of("1", 1)))
		}, part: func(id string) string { return order.PartID(order.RefundPartCancelled, saga.RemovalID(id, "c")) }}, []place{{restock, 1}, {put, 4}}},
		{killing{name: "cancelled in whole", want: order.StatusCancelled, back: true, drive: func(w *world, id string) {
			paid(w, id)
			w.send(id, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonOperator, Actor: "operator"})
		}}, []place{{restock, 1}, {put, 3}}},
		{killing{name: "returned", open: true, want: order.StatusDelivered, sold: 1, drive: func(w *world, id string) {
			paid(w, id)
			w.deliver(id)
			w.ask(id, saga.OpenReturnUpdate, returning(id, "r", of("1", 1)))
			w.send(id, saga.ReceiveReturnUpdate, receiving(id, "r", of("1", 1)))
		}, part: func(id string) string { return order.PartID(order.RefundReturned, saga.ReturnID(id, "r")) }}, []place{{restock, 1}, {put, 5}}},
	}
}

func TestAnOrderWithOnePackageAndFourScansKeepsToItsBudget(t *testing.T) {
	w := open(t)
	w.work()
	p := placement(15*time.Minute, w.offer(500))
	p.ReturnWindow = 14 * 24 * time.Hour
	w.Equal(order.StatusAwaitingPayment, w.place(p).Status)
	w.paid(p.OrderID, 1000)
	w.packs(p.OrderID, "a", of("1", 2))
	for _, n := range order.PackageNodes()[1:] {
		w.scans(p.OrderID, "a", n)
		w.documentIs(p.OrderID, order.Status(n.String()))
	}
	workflowID := saga.OrderWorkflowID(p.OrderID)
	w.until("it waits for returns", func() bool {
		events := w.history(workflowID)
		return events[len(events)-1].GetEventType() == enums.EVENT_TYPE_TIMER_STARTED
	})
	events := w.history(workflowID)
	w.LessOrEqual(len(events), packageEvents, names(events))
	t.Logf("delivered in a package: %d events, %d actions", len(events), actions(events))
}

// A return arrives while the timer that would close the order fires, with no worker to take either.
func TestReturnAtTheClosingTimer(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "return-at-closing-"
	}
	p := w.placement(time.Hour, w.offer(500))
	p.ReturnWindow = 2 * time.Second
	first := w.works(nil, nil)
	w.start(p)
	w.paid(p.OrderID, 1000)
	w.deliver(p.OrderID)
	first.Stop()
	w.send(p.OrderID, saga.OpenReturnUpdate, returning(p.OrderID, "r", of("1", 1)))
	w.until("the timer has fired", func() bool { return w.hasEvent(p.OrderID, enums.EVENT_TYPE_TIMER_FIRED) })
	w.work()
	w.until("the return counts", func() bool { return len(w.order(p.OrderID).Returns) == 1 })
	w.ask(p.OrderID, saga.ReceiveReturnUpdate, receiving(p.OrderID, "r", of("1", 1)))
	w.Equal(order.StatusDelivered, w.ended(p.OrderID).Status)
	w.until("it is refunded", func() bool {
		return w.payments(p.OrderID)["refund:one-"+p.OrderID+"/"+
			order.PartRefund("sandbox", order.PartID(order.RefundReturned, saga.ReturnID(p.OrderID, "r")))] != nil
	})
	w.balances(p.Lines[0].ProductID, 1)
	w.replays("return-at-closing", saga.OrderWorkflowID(p.OrderID))
}

// A request arrives in the task that closes the order: it is answered, and changes nothing.
func TestUpdateInTheClosingTask(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "update-in-closing-"
	}
	p := w.placement(time.Hour, w.offer(500))
	first := w.works(nil, nil)
	w.start(p)
	w.paid(p.OrderID, 1000)
	first.Stop()
	answers := make(chan saga.Answer, 2)
	asks := func(update string, request any) {
		w.inBackground(func(ctx context.Context) {
			a, err := w.asks(ctx, p.OrderID, update, request)
			w.NoError(err)
			answers <- a
		})
	}
	asks(saga.DeliverUpdate, saga.DeliverRequest{Actor: "operator"})
	asks(saga.HoldUpdate, saga.HoldRequest{Actor: "support"})
	w.work()
	got := fmt.Sprint((<-answers).Verdict, " ", (<-answers).Verdict)
	w.Contains([]string{"done closed", "closed done", "done done", "done on_hold", "on_hold done"}, got)
	if w.order(p.OrderID).Brake != nil {
		w.ask(p.OrderID, saga.ReleaseUpdate, saga.HoldRequest{Actor: "support"})
		w.deliver(p.OrderID)
	}
	w.Equal(order.StatusDelivered, w.ended(p.OrderID).Status)
	w.replays("update-in-closing", saga.OrderWorkflowID(p.OrderID))
}
