package workflows_test

import (
	"testing"
	"time"

	"holdfast/carrier"
	"holdfast/order"
	"holdfast/saga"
)

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
	s.Equal([]order.UnitsShort{{LineID: "7", Requested: 1, Unknown: true}}, unknown.Lines)
	s.Equal(saga.VerdictDone, again.Verdict)
	s.Equal(packageID("a"), again.ID)
	s.Equal(saga.VerdictKeyReused, other.Verdict)
	s.Equal(saga.VerdictOnHold, held.Verdict)
	s.Len(s.now().Packages, 2)
}

// One key is for one request: under a part's key the rest of the order can't be cancelled.
func TestAPartsKeyCancelsNothingElse(t *testing.T) {
	s := openPaid(t, line("shirt", 2), line("mug", 1))
	cancel := func(id, key, reason string) *asked {
		return s.ask(saga.CancelUpdate, id, saga.CancelRequest{
			Reason: order.ReasonOperator, Actor: "support", PartID: saga.RemovalID(orderID, key), Fingerprint: reason,
		})
	}
	var part, reused, arrived, whole *asked
	s.at(time.Hour, func() {
		part = s.cancelUnits("a", of("1", 1))
		arrived = cancel("c0", "a", "whole") // the saga is at work
	})
	s.at(2*time.Hour, func() { reused = cancel("c1", "a", "whole") })
	s.at(3*time.Hour, func() {
		s.Equal(int64(1), s.now().Open("1"), "nothing more was cancelled")
		whole = cancel("c2", "b", "whole")
	})
	s.run()
	s.Equal(saga.VerdictDone, part.Verdict)
	s.Equal(saga.VerdictKeyReused, arrived.Verdict)
	s.Equal(saga.VerdictKeyReused, reused.Verdict)
	s.Equal(saga.VerdictDone, whole.Verdict)
	s.Equal("whole", whole.Fingerprint)
	s.Equal(order.StatusCancelled, s.now().Status)
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
