package workflows_test

import (
	"testing"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// A package is sent again; the return window of another one ends meanwhile.
func TestReshippedUnitsKeepTheOrderOpen(t *testing.T) {
	s := openPaid(t, line("shirt", 2))
	s.at(time.Hour, func() { s.pack("a", of("1", 1)); s.pack("b", of("1", 1)) })
	s.at(2*time.Hour, func() {
		s.scans("a", "1", order.NodeDelivered, s.env.Now())
		s.scans("b", "1", order.NodeDelivered, s.env.Now())
	})
	s.at(13*24*time.Hour, func() { s.marks("a", "2", order.MarkLost) })
	s.at(13*24*time.Hour+time.Hour, func() { s.resolves("a", order.ResolveReship); s.removed["shirt"] = 1 })
	var packed *asked
	s.at(16*24*time.Hour, func() { packed = s.pack("c", of("1", 1)) })
	s.at(17*24*time.Hour, func() { s.deliver("d") })
	s.run()
	s.NotNil(packed, "the order closed at %s, before its open units %v were packed", s.now().ClosedAt, s.now().OpenUnits())
	s.Equal(saga.VerdictDone, packed.Verdict)
}

// A delivered package is sent again: to report the delivery of all packs and delivers what is open.
func TestDeliverAfterReship(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	s.at(time.Hour, func() { s.pack("a", of("1", 1)) })
	s.at(2*time.Hour, func() { s.scans("a", "1", order.NodeDelivered, s.env.Now()) })
	s.at(3*time.Hour, func() { s.marks("a", "2", order.MarkLost) })
	s.at(4*time.Hour, func() { s.resolves("a", order.ResolveReship); s.removed["shirt"] = 1 })
	var done *asked
	s.at(5*time.Hour, func() { done = s.deliver("d") })
	s.at(6*time.Hour, func() {
		s.Equal(saga.VerdictDone, done.Verdict)
		s.Empty(s.now().OpenUnits())
	})
	s.run()
}

// A refused package is sent again with new units; the old ones come back to the warehouse.
func TestRefusedUnitsComeBackAfterReship(t *testing.T) {
	s := openPaid(t, line("shirt", 1))
	s.at(time.Hour, func() { s.packAs("a", order.Package{Items: []order.LineUnits{of("1", 1)}}, order.NodeLeftWarehouse) })
	s.at(2*time.Hour, func() { s.marks("a", "m", order.MarkRefused) })
	s.at(3*time.Hour, func() { s.resolves("a", order.ResolveReship); s.removed["shirt"] = 1 })
	s.at(4*time.Hour, func() {
		if len(s.now().Returns) == 0 {
			t.Error("nothing expects the refused unit: it can't be received")
		}
		s.deliver("d")
	})
	s.run()
}
