package workflows_test

import (
	"testing"
	"time"

	"holdfast/coupon"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

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

// The parcel with all that is left of an order is lost: the buyer gets back what it cost to send, too, and
// no more than was paid, although some units were cancelled before.
func TestShippingGoesBackWithTheLastUnitsThatAreLost(t *testing.T) {
	s := openQuoted(t, []coupon.Change{half()}, line("shirt", 2))
	q := s.placement.Quote
	q.Shipping, q.Total = 590, q.Total+590
	q.Pricing.Shipping = &order.Shipping{MethodID: "parcel", Price: 590, Net: 590, Total: 590}
	s.at(time.Minute, func() { s.succeeds("pay-1", 1090) })
	s.at(time.Hour, func() { s.packAs("a", order.Package{Items: []order.LineUnits{of("1", 1)}}, order.NodeLeftWarehouse) })
	s.at(2*time.Hour, func() { s.cancelUnits("c", of("1", 1)) })
	s.at(3*time.Hour, func() {
		s.Equal(map[string]int64{"pay-1": 250}, s.till.paidOut)
		s.marks("a", "m", order.MarkLost)
	})
	s.at(4*time.Hour, func() { s.resolves("a", order.ResolveRefund) })
	s.run()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Equal(map[string]int64{"pay-1": 1090}, s.till.paidOut)
	s.EqualValues(590, s.refund("pay-1").Amount)
	s.EqualValues(250, s.now().Package(packageID("a")).Resolution.Refund)
}
