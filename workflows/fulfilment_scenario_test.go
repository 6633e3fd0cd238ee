package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

const returnWindow = 14 * 24 * time.Hour

// openPaid opens a scenario whose orders take returns, and pays the order after a minute.
func openPaid(t *testing.T, lines ...order.LineRequest) *scenario {
	t.Helper()
	s := open(t, lines...)
	s.placement.ReturnWindow = returnWindow
	total := int64(0)
	for _, l := range lines {
		total += prices[l.ProductID] * l.Quantity
	}
	s.at(time.Minute, func() { s.succeeds("pay-1", total) })
	return s
}

func of(lineID string, quantity int64) order.LineUnits {
	return order.LineUnits{LineID: lineID, Quantity: quantity}
}

func (s *scenario) pack(key string, items ...order.LineUnits) *asked {
	return s.packAs(key, order.Package{Items: items, Fingerprint: fmt.Sprint(items)}, 0)
}

func (s *scenario) packAs(key string, p order.Package, n order.Node) *asked {
	p.ID = packageID(key)
	return s.ask(saga.PackUpdate, "pack/"+key+time.Now().String(), saga.PackRequest{Package: p, Node: n, Actor: "warehouse"})
}

func packageID(key string) string { return saga.PackageID(orderID, key) }

func (s *scenario) scans(key, eventID string, n order.Node, occurred time.Time) {
	s.env.SignalWorkflow(saga.ScanSignal, saga.Scan{PackageID: packageID(key), Event: order.PackageEvent{
		ID: eventID, Node: n, OccurredAt: occurred, RecordedAt: s.env.Now(), Actor: "carrier:sandbox",
	}})
}

func (s *scenario) marks(key, eventID string, m order.Mark) {
	s.env.SignalWorkflow(saga.ScanSignal, saga.Scan{PackageID: packageID(key), Event: order.PackageEvent{
		ID: eventID, Mark: m, OccurredAt: s.env.Now(), RecordedAt: s.env.Now(), Actor: "carrier:sandbox",
	}})
}

func (s *scenario) cancelUnits(key string, items ...order.LineUnits) *asked {
	return s.ask(saga.CancelUnitsUpdate, "cancel/"+key+time.Now().String(), saga.CancelUnitsRequest{
		ID: saga.RemovalID(orderID, key), Lines: items, Reason: order.ReasonCustomer, Actor: "customer:customer-1", Fingerprint: fmt.Sprint(items),
	})
}

func (s *scenario) returns(key string, items ...order.LineUnits) *asked {
	r := saga.OpenReturnRequest{ID: saga.ReturnID(orderID, key), Actor: "customer:customer-1", Fingerprint: fmt.Sprint(items)}
	for _, it := range items {
		r.Lines = append(r.Lines, order.ReturnLine{LineUnits: it, Reason: "too small"})
	}
	return s.ask(saga.OpenReturnUpdate, "return/"+key+time.Now().String(), r)
}

func (s *scenario) decides(key string, approve bool) {
	s.ask(saga.DecideReturnUpdate, "decide/"+key+time.Now().String(), saga.DecideReturnRequest{
		ReturnID: saga.ReturnID(orderID, key), Approve: approve, Actor: "support",
	})
}

func (s *scenario) receives(key string, items ...order.ReceivedUnits) *asked {
	return s.ask(saga.ReceiveReturnUpdate, "receive/"+key+time.Now().String(), saga.ReceiveReturnRequest{
		ReturnID: saga.ReturnID(orderID, key), Lines: items, Actor: "support", Fingerprint: fmt.Sprint(items),
	})
}

func (s *scenario) resolves(key string, a order.ResolveAction) *asked {
	return s.ask(saga.ResolveUpdate, "resolve/"+key+time.Now().String(), saga.ResolveRequest{
		PackageID: packageID(key), Action: a, ID: "resolve-" + key, Actor: "support",
	})
}

// came is a unit of a line that came back.
func came(lineID string, c order.Condition) order.ReceivedUnits {
	return order.ReceivedUnits{LineUnits: of(lineID, 1), Condition: c}
}

// part reads the refund of a part of the order.
func (s *scenario) part(r order.RefundReason, messageID string) order.Refund {
	s.Helper()
	var refund order.Refund
	s.payment("refund:pay-1/"+order.PartRefund("sandbox", order.PartID(r, messageID)), &refund)
	return refund
}
