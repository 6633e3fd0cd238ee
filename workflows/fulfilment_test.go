package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/carrier"
	"holdfast/order"
	"holdfast/product"
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

func TestAnOrderInTwoPackagesWhoseScansComeInAnyOrder(t *testing.T) {
	s := openPaid(t, line("shirt", 2), line("mug", 1))
	s.at(time.Hour, func() {
		s.Equal(order.NodeAwaitingShipment, s.now().At)
		s.pack("a", of("1", 1))
		s.pack("b", of("1", 1), of("2", 1))
	})
	s.at(2*time.Hour, func() {
		o := s.now()
		s.Equal(order.StatusPacked, o.Status)
		s.Equal(o, s.document())
		began := s.env.Now()
		s.scans("a", "a4", order.NodeDelivered, began.Add(4*time.Minute))
		s.scans("a", "a1", order.NodeLeftWarehouse, began.Add(time.Minute))
		s.scans("b", "b2", order.NodeInTransit, began.Add(2*time.Minute))
		s.scans("a", "a4", order.NodeDelivered, began.Add(4*time.Minute))
	})
	s.at(3*time.Hour, func() {
		o := s.now()
		s.Equal(order.StatusInTransit, o.Status, "the order moves when all its packages have")
		s.Equal([]order.NodeUnits{{Node: order.NodeInTransit, Units: 2}, {Node: order.NodeDelivered, Units: 1}}, o.Units)
		s.Equal(order.NodeInTransit, o.Lines[0].Node)
		s.Equal(o, s.document())
		s.scans("b", "b3", order.NodeDelivered, s.env.Now())
	})
	s.at(4*time.Hour, func() {
		o := s.now()
		s.Equal(order.StatusDelivered, o.Status)
		s.True(o.ClosedAt.IsZero())
		s.Equal(returnWindow, o.ReturnBy.Sub(o.Package(packageID("b")).Events[1].RecordedAt))
		s.scans("b", "b1", order.NodeLeftWarehouse, s.env.Now().Add(-time.Hour))
	})
	s.run()
	o := s.now()
	s.Equal(order.StatusDelivered, o.Status)
	s.False(o.ClosedAt.Before(o.ReturnBy))
	s.Len(o.Package(packageID("b")).Events, 3, "a late message is recorded like any other")
	s.Empty(o.Alerts)
}

func TestPackingIsRefusedWithEveryLineNamed(t *testing.T) {
	s := openPaid(t, line("shirt", 2), line("mug", 1))
	var unpaid, over, unknown, held, again, other *asked
	s.at(30*time.Second, func() { unpaid = s.pack("a", of("1", 1)) })
	s.at(time.Hour, func() {
		over, unknown = s.pack("b", of("1", 3), of("2", 2)), s.pack("c", of("7", 1))
		s.pack("a", of("1", 1))
	})
	s.at(2*time.Hour, func() {
		again, other = s.pack("a", of("1", 1)), s.pack("a", of("1", 2))
		s.ask(saga.HoldUpdate, "hold", saga.HoldRequest{Actor: "support", Note: "looks like fraud"})
	})
	s.at(3*time.Hour, func() {
		held = s.pack("d", of("1", 1))
		s.ask(saga.ReleaseUpdate, "release", saga.HoldRequest{Actor: "support"})
	})
	s.at(4*time.Hour, func() { s.deliver("d1") })
	s.run()
	s.Equal(saga.VerdictNotPaid, unpaid.Verdict)
	s.Equal([]order.UnitsShort{{LineID: "1", Requested: 3, Open: 2}, {LineID: "2", Requested: 2, Open: 1}}, over.Lines)
	s.Equal([]order.UnitsShort{{LineID: "7", Requested: 1}}, unknown.Lines)
	s.Equal(saga.VerdictDone, again.Verdict)
	s.Equal(packageID("a"), again.ID)
	s.Equal(saga.VerdictKeyReused, other.Verdict)
	s.Equal(saga.VerdictOnHold, held.Verdict)
	s.Len(s.now().Packages, 2)
}

func TestPartsThatAreCancelledGoBackToStockAndAreRefunded(t *testing.T) {
	s := openPaid(t, line("shirt", 3), line("mug", 1))
	var first, again, tooMany, packed *asked
	s.at(time.Hour, func() { first = s.cancelUnits("c", of("1", 1)) })
	s.at(2*time.Hour, func() {
		again, tooMany = s.cancelUnits("c", of("1", 1)), s.cancelUnits("d", of("1", 3))
		s.pack("a", of("1", 2))
	})
	s.at(3*time.Hour, func() {
		s.Equal(int64(1), s.stockOf("shirt").Restocked)
		packed = s.cancel("all")
		s.cancelUnits("e", of("2", 1))
		s.scans("a", "there", order.NodeDelivered, s.env.Now())
	})
	s.run()
	s.Equal(saga.VerdictDone, first.Verdict)
	s.Equal(saga.VerdictDone, again.Verdict)
	s.Equal([]order.UnitsShort{{LineID: "1", Requested: 3, Open: 2}}, tooMany.Lines)
	s.Equal(saga.VerdictUnits, packed.Verdict)
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(int64(500), s.part(order.RefundPartCancelled, saga.RemovalID(orderID, "c")).Amount)
	s.Equal(int64(300), s.part(order.RefundPartCancelled, saga.RemovalID(orderID, "e")).Amount)
	s.Equal(map[string]int64{"pay-1": 800}, s.till.paidOut)
}

func TestTheLastPartThatIsCancelledEndsTheOrder(t *testing.T) {
	s := openPaid(t, line("shirt", 2))
	s.at(time.Hour, func() { s.cancelUnits("c", of("1", 1)) })
	s.at(2*time.Hour, func() { s.cancelUnits("d", of("1", 1)) })
	s.run()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Equal(order.ReasonCustomer, s.result.Reason)
	s.Equal(order.NodeAwaitingShipment, s.now().At, "the node stays where it was")
	s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
}

func TestReturnedUnitsAreRefundedAtTheirReceipt(t *testing.T) {
	s := openPaid(t, line("shirt", 3))
	var early, one, two, tooMany, late, again *asked
	s.at(time.Hour, func() { early = s.returns("early", of("1", 1)); s.deliver("d1") })
	s.at(24*time.Hour, func() { one, tooMany = s.returns("one", of("1", 2)), s.returns("many", of("1", 4)) })
	s.at(25*time.Hour, func() { two = s.returns("two", of("1", 2)); s.decides("one", true) })
	s.at(26*time.Hour, func() {
		s.Empty(s.till.paidOut)
		s.receives("one", came("1", order.ConditionRestock), came("1", order.ConditionDamaged))
	})
	s.at(27*time.Hour, func() {
		again = s.receives("one", came("1", order.ConditionRestock), came("1", order.ConditionDamaged))
		s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
	})
	s.at(13*24*time.Hour, func() { s.returns("three", of("1", 1)) })
	s.at(20*24*time.Hour, func() {
		s.True(s.now().ClosedAt.IsZero(), "it waits for a return")
		late = s.returns("late", of("1", 1))
		s.decides("three", false)
	})
	s.run()
	s.Equal(saga.VerdictUnits, early.Verdict)
	s.Equal(saga.VerdictDone, one.Verdict)
	s.Equal(saga.VerdictUnits, two.Verdict, "both units are part of the first return, and one is left")
	s.Equal(saga.VerdictUnits, tooMany.Verdict)
	s.Equal(saga.VerdictWindowOver, late.Verdict)
	s.Equal(saga.VerdictDone, again.Verdict)
	o := s.now()
	s.Equal(order.Line{Restocked: 1, Damaged: 1}, order.Line{Restocked: o.Lines[0].Restocked, Damaged: o.Lines[0].Damaged})
	s.Equal(int64(1000), s.part(order.RefundReturned, saga.ReturnID(orderID, "one")).Amount)
	s.Equal(int64(1), s.stockOf("shirt").Restocked)
}

func TestAReturnThatNeverArrivesIsClosed(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	s.at(time.Hour, func() { s.deliver("d1") })
	s.at(24*time.Hour, func() { s.returns("r", of("1", 1)) })
	s.at(25*time.Hour, func() { s.decides("r", true) })
	s.run()
	o := s.now()
	s.Equal(order.ReturnClosed, o.Return(saga.ReturnID(orderID, "r")).Status)
	s.Equal(25*time.Hour+order.ReturnUnreceived, o.ClosedAt.Sub(o.PlacedAt).Round(time.Hour))
	s.Empty(s.till.paidOut)
}

// A return that waits for its turn when the timer fires still counts.
func TestClosingTimerAgainstReturn(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	closes := time.Hour + returnWindow
	var back *asked
	s.at(time.Hour, func() { s.deliver("d1") })
	s.at(closes-500*time.Millisecond, func() {
		s.faults.before[put] = func(int) error { return errAway }
		s.ask(saga.HoldUpdate, "hold", saga.HoldRequest{Actor: "support"})
	})
	s.at(closes-100*time.Millisecond, func() { back = s.returns("r", of("1", 1)) })
	s.at(closes+100*time.Millisecond, func() {
		s.Nil(back.Answer, "the order is in the middle of a step, and its timer has fired")
		delete(s.faults.before, put)
	})
	s.at(closes+time.Hour, func() { s.True(s.now().ClosedAt.IsZero()); s.decides("r", true) })
	s.at(closes+2*time.Hour, func() { s.receives("r", came("1", order.ConditionRestock)) })
	s.run()
	s.Equal(saga.VerdictDone, back.Verdict)
	s.Equal(map[string]int64{"pay-1": 500}, s.till.paidOut)
	s.Equal(order.StatusDelivered, s.result.Status)
}

func TestPackAgainstPackForTheLastUnit(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	var a, b *asked
	s.at(time.Hour, func() { a, b = s.pack("a", of("1", 1)), s.pack("b", of("1", 1)) })
	s.at(2*time.Hour, func() { s.deliver("d1") })
	s.run()
	s.ElementsMatch([]saga.Verdict{saga.VerdictDone, saga.VerdictUnits}, []saga.Verdict{a.Verdict, b.Verdict})
	s.Len(s.now().Packages, 1)
}

func TestPackAgainstCancel(t *testing.T) {
	for name, packsFirst := range map[string]bool{"the package comes first": true, "the cancellation comes first": false} {
		t.Run(name, func(t *testing.T) {
			s := openPaid(t, line("shirt", 2))
			var packed, cancelled *asked
			s.at(time.Hour, func() {
				if packsFirst {
					packed = s.pack("a", of("1", 1))
				}
				cancelled = s.cancel("c")
				if !packsFirst {
					packed = s.pack("a", of("1", 1))
				}
			})
			s.at(2*time.Hour, func() {
				if packsFirst {
					s.deliver("d1")
				}
			})
			s.run()
			if packsFirst {
				s.Equal([]saga.Verdict{saga.VerdictDone, saga.VerdictUnits}, []saga.Verdict{packed.Verdict, cancelled.Verdict})
				s.Empty(s.till.paidOut)
			} else {
				s.Equal([]saga.Verdict{saga.VerdictTooLateClosed, saga.VerdictDone}, []saga.Verdict{packed.Verdict, cancelled.Verdict})
				s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
			}
		})
	}
}

func TestReturnAgainstReturnForTheLastUnit(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	var a, b *asked
	s.at(time.Hour, func() { s.deliver("d1") })
	s.at(2*time.Hour, func() { a, b = s.returns("a", of("1", 1)), s.returns("b", of("1", 1)) })
	s.at(3*time.Hour, func() { s.decides("a", false); s.decides("b", false) })
	s.run()
	s.ElementsMatch([]saga.Verdict{saga.VerdictDone, saga.VerdictUnits}, []saga.Verdict{a.Verdict, b.Verdict})
}

func TestDeliveredAgainstReturn(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	var back *asked
	s.at(time.Hour, func() { s.pack("a", of("1", 1)) })
	s.at(2*time.Hour, func() {
		back = s.returns("r", of("1", 1))
		s.scans("a", "there", order.NodeDelivered, s.env.Now())
	})
	s.run()
	s.Contains([]saga.Verdict{saga.VerdictDone, saga.VerdictUnits}, back.Verdict)
	s.Equal(back.Verdict == saga.VerdictDone, len(s.now().Returns) == 1)
}

// A scan of a package that was undone in the meantime is recorded, for an operator.
func TestScanAgainstRemoval(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	var undone, late *asked
	s.at(time.Hour, func() { s.pack("a", of("1", 1)) })
	s.at(2*time.Hour, func() {
		undone = s.ask(saga.UndoUpdate, "undo", saga.UndoRequest{PackageID: packageID("a"), Actor: "warehouse"})
		s.scans("a", "left", order.NodeLeftWarehouse, s.env.Now())
	})
	s.at(3*time.Hour, func() {
		o := s.now()
		if undone.Verdict == saga.VerdictDone {
			s.Equal(order.StatusAwaitingShipment, o.Status)
			s.Equal(order.RuleRemovedPackage, o.Alerts[0].Rule)
			s.ask(saga.DismissAlertUpdate, "dismiss", saga.DismissAlertRequest{AlertID: o.Alerts[0].ID, Actor: "support"})
			s.pack("b", of("1", 1))
		} else {
			s.Equal(saga.VerdictPackageLeft, undone.Verdict)
		}
	})
	s.at(4*time.Hour, func() {
		s.Empty(s.now().Alerts)
		s.scans("b", "left", order.NodeLeftWarehouse, s.env.Now())
	})
	s.at(5*time.Hour, func() {
		late = s.ask(saga.UndoUpdate, "undo-b", saga.UndoRequest{PackageID: packageID("b"), Actor: "warehouse"})
		s.deliver("d1")
	})
	s.run()
	s.Equal(saga.VerdictPackageLeft, late.Verdict)
}

func TestAddressAgainstPacking(t *testing.T) {
	s := open(t, line("shirt", 2))
	home := order.Address{Recipient: "Ada", Line1: "1 Harbour Street", City: "Hamburg", Country: "DE"}
	s.placement.Address, s.placement.ReturnWindow = &home, returnWindow
	redirect := func(id string, change func(a *order.Address)) *asked {
		a := home
		change(&a)
		return s.ask(saga.AddressUpdate, id, saga.AddressRequest{Address: a, Actor: "customer:customer-1", ByCustomer: true})
	}
	street := func(name string) func(*order.Address) { return func(a *order.Address) { a.Line1 = name } }
	var unpaid, moved, abroad *asked
	s.at(30*time.Second, func() { unpaid = redirect("u", func(a *order.Address) { a.Country = "FR" }) })
	s.at(40*time.Second, func() { redirect("v", street("2 Harbour Street")) })
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.at(time.Hour, func() {
		s.packAs("a", order.Package{Items: []order.LineUnits{of("1", 1)}, TrackingNumbers: []string{"ABC12345"}, Carrier: "sandbox"}, order.NodeLeftWarehouse)
		moved = redirect("m", street("3 Harbour Street"))
		s.pack("b", of("1", 1))
	})
	s.at(2*time.Hour, func() {
		o := s.now()
		s.Equal(order.AddressIntercept, o.Package(packageID("a")).AddressChange)
		s.Equal("2 Harbour Street", o.Package(packageID("a")).Address.Line1)
		s.Equal("3 Harbour Street", o.Package(packageID("b")).Address.Line1)
		abroad = redirect("x", func(a *order.Address) { a.Country = "FR" })
	})
	s.at(3*time.Hour, func() { s.deliver("d1") })
	s.run()
	s.Equal(saga.VerdictDone, unpaid.Verdict, "nothing was priced by it yet")
	s.Equal(saga.VerdictDone, moved.Verdict)
	s.Equal(saga.VerdictOtherRegion, abroad.Verdict)
	s.Len(s.now().Addresses, 3)
}

func TestAPackageThatIsLostIsRefundedAndOneThatIsRefusedComesBack(t *testing.T) {
	s := openPaid(t, line("shirt", 3), line("mug", 2))
	var notYet, found, unresolved *asked
	s.at(time.Hour, func() {
		for key, it := range map[string]order.LineUnits{"lost": of("1", 1), "refused": of("1", 1), "found": of("1", 1), "again": of("2", 2)} {
			s.packAs(key, order.Package{Items: []order.LineUnits{it}}, order.NodeLeftWarehouse)
		}
	})
	s.at(2*time.Hour, func() { notYet = s.resolves("found", order.ResolveFound) })
	s.at(3*time.Hour, func() {
		s.marks("lost", "m1", order.MarkLost)
		s.marks("refused", "m2", order.MarkRefused)
		s.marks("found", "m3", order.MarkLost)
		s.marks("again", "m4", order.MarkDamaged)
	})
	s.at(4*time.Hour, func() {
		unresolved = s.deliver("d0")
		s.resolves("lost", order.ResolveRefund)
		s.resolves("refused", order.ResolveRefund)
		found = s.resolves("found", order.ResolveFound)
		s.resolves("again", order.ResolveReship)
		s.removed["mug"] = 2 // the new ones
	})
	s.at(5*time.Hour, func() {
		s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
		o := s.now()
		s.Equal(int64(2), o.Lines[0].Removed)
		s.Equal(int64(2), o.Open("2"), "new units are to be packed")
		s.receives("refused", came("1", order.ConditionRestock))
	})
	s.at(6*time.Hour, func() {
		back := s.now().Returns[0]
		s.Equal(packageID("refused"), back.PackageID)
		s.ask(saga.ReceiveReturnUpdate, "receive", saga.ReceiveReturnRequest{
			ReturnID: back.ID, Lines: []order.ReceivedUnits{came("1", order.ConditionRestock)}, Actor: "support",
		})
	})
	s.at(7*time.Hour, func() { s.deliver("d1") })
	s.run()
	s.Equal(saga.VerdictResolved, notYet.Verdict)
	s.Equal(saga.VerdictUnresolved, unresolved.Verdict)
	s.Equal(saga.VerdictDone, found.Verdict)
	s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut, "its money did not wait for its receipt")
	s.Equal(product.Stock{OnHand: 8, Adjusted: 10, Committed: 3, Restocked: 1}, s.stockOf("shirt"))
}

func TestALostPackageThatArrivesAfterItsRefundIsAnAlert(t *testing.T) {
	s := openPaid(t, line("shirt", 2))
	s.at(time.Hour, func() {
		s.packAs("a", order.Package{Items: []order.LineUnits{of("1", 1)}}, order.NodeLeftWarehouse)
		s.pack("b", of("1", 1))
	})
	s.at(2*time.Hour, func() { s.marks("a", "lost", order.MarkLost) })
	s.at(3*time.Hour, func() { s.resolves("a", order.ResolveRefund) })
	s.at(4*time.Hour, func() { s.Empty(s.now().Alerts); s.scans("a", "there", order.NodeDelivered, s.env.Now()) })
	s.at(5*time.Hour, func() {
		s.Equal(order.RuleResolvedPackage, s.now().Alerts[0].Rule)
		s.Equal(order.StatusPacked, s.now().Status)
		s.deliver("d1")
	})
	s.run()
}

func TestAStruckScanStopsTheReturnWindow(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	s.at(time.Hour, func() { s.pack("a", of("1", 1)) })
	s.at(2*time.Hour, func() { s.scans("a", "wrong", order.NodeDelivered, s.env.Now()) })
	s.at(3*time.Hour, func() {
		s.Equal(order.StatusDelivered, s.now().Status)
		s.ask(saga.StrikeUpdate, "strike", saga.StrikeRequest{PackageID: packageID("a"), EventID: "wrong", Actor: "support"})
	})
	s.at(100*24*time.Hour, func() {
		s.Equal(order.StatusPacked, s.now().Status)
		s.scans("a", "wrong", order.NodeDelivered, s.env.Now())
		s.scans("a", "right", order.NodeDelivered, s.env.Now())
	})
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(100*24*time.Hour+returnWindow, s.now().ClosedAt.Sub(s.now().PlacedAt).Round(time.Hour))
}

// What a carrier reported before the package was there is part of the package from the start.
func TestScansThatCameBeforeTheirPackage(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	s.at(30*time.Minute, func() {
		stored, err := s.tracking.Scans(s.Context(), "sandbox", []carrier.Scan{{TrackingNumber: "EARLY1234", Event: order.PackageEvent{
			ID: "early", Node: order.NodeInTransit, OccurredAt: s.env.Now(), RecordedAt: s.env.Now(), Actor: "carrier:sandbox",
		}}})
		s.NoError(err)
		s.True(stored[0].Waits)
	})
	s.at(time.Hour, func() {
		s.packAs("a", order.Package{Items: []order.LineUnits{of("1", 1)}, Carrier: "sandbox", TrackingNumbers: []string{"EARLY1234"}}, 0)
	})
	s.at(2*time.Hour, func() {
		s.Equal(order.StatusInTransit, s.now().Status)
		s.deliver("d1")
	})
	s.run()
}

// Units whose variant is gone can't go back to stock: an operator is told, and the money still goes back.
func TestUnitsThatTheStockRefusesAreAnAlert(t *testing.T) {
	s := openPaid(t, line("shirt", 2))
	s.at(time.Hour, func() {
		s.faults.refuse = product.ErrUnknownSKU
		s.cancelUnits("c", of("1", 1))
	})
	s.at(2*time.Hour, func() {
		s.faults.refuse = nil
		o := s.now()
		s.Equal(order.RuleRestockRefused, o.Alerts[0].Rule)
		s.Equal(int64(1), o.Lines[0].Removed)
		s.Zero(o.Lines[0].Restocked)
		s.ask(saga.DismissAlertUpdate, "dismiss", saga.DismissAlertRequest{AlertID: o.Alerts[0].ID, Actor: "support"})
		s.deliver("d1")
	})
	s.run()
	s.Empty(s.now().Alerts)
	s.Equal(map[string]int64{"pay-1": 500}, s.till.paidOut)
}

func TestTheLastUnitsThatTheStockRefusesAreAnAlert(t *testing.T) {
	s := openPaid(t, line("shirt", 2), line("mug", 1))
	s.at(time.Hour, func() {
		s.cancelUnits("c", of("2", 1))
	})
	s.at(2*time.Hour, func() {
		s.faults.refuse = product.ErrUnknownSKU
		s.cancel("all")
	})
	s.run()
	o := s.now()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Len(o.Alerts, 1)
	s.Equal(order.RuleRestockRefused, o.Alerts[0].Rule)
	s.Contains(o.Alerts[0].Detail, "2 units of shirt")
	s.Zero(o.Lines[0].Restocked)
	s.Equal(int64(1), o.Lines[1].Restocked)
	s.Equal(map[string]int64{"pay-1": 1300}, s.till.paidOut)
}

// The owner of a tracking number may be an earlier order with the same id. Its scans don't concern an order
// without packages, nor a package that has another number by now: they wait to be assigned.
func TestScansOfOtherPackagesWaitToBeAssigned(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	tell := func(packageID string) {
		s.env.SignalWorkflow(saga.ScanSignal, saga.Scan{
			PackageID: packageID, Carrier: "sandbox", TrackingNumber: "OTHER1234",
			Event: order.PackageEvent{ID: "scan-" + packageID + s.env.Now().String(), Node: order.NodeDelivered, OccurredAt: s.env.Now(), RecordedAt: s.env.Now()},
		})
	}
	s.at(30*time.Second, func() { tell("earlier") })
	s.at(time.Hour, func() {
		tell("earlier")
		s.packAs("a", order.Package{Items: []order.LineUnits{of("1", 1)}, Carrier: "sandbox", TrackingNumbers: []string{"OWN12345"}}, 0)
	})
	s.at(2*time.Hour, func() { tell(packageID("a")) })
	s.at(3*time.Hour, func() {
		s.Equal(order.StatusPacked, s.now().Status)
		waiting, _, err := s.tracking.Unmatched(s.Context(), 10, "")
		s.NoError(err)
		s.Len(waiting, 3)
		s.deliver("d1")
	})
	s.run()
}

// Redis may be away at each step: the order waits, and nothing is done twice.
func TestRedisAwayAtEachStepOfFulfilment(t *testing.T) {
	for _, command := range []string{put, restock, closing} {
		for _, lost := range []string{"request", "answer"} {
			t.Run(command+" "+lost, func(t *testing.T) {
				s := openPaid(t, line("shirt", 3))
				s.at(30*time.Minute, func() {
					away := func(call int) error {
						if call%4 != 0 {
							return errAway
						}
						return nil
					}
					if lost == "request" {
						s.faults.before[command] = away
					} else {
						s.faults.after[command] = away
					}
				})
				s.at(time.Hour, func() { s.pack("a", of("1", 1)) })
				s.at(2*time.Hour, func() { s.cancelUnits("c", of("1", 1)) })
				s.at(3*time.Hour, func() { s.deliver("d1") })
				s.at(24*time.Hour, func() { s.returns("r", of("1", 1)) })
				s.at(25*time.Hour, func() { s.decides("r", true) })
				s.at(26*time.Hour, func() { s.receives("r", came("1", order.ConditionRestock)) })
				s.run()
				s.Equal(order.StatusDelivered, s.result.Status)
				s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
				s.Equal(int64(2), s.now().Lines[0].Restocked)
			})
		}
	}
}
