package order_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

// story is a paid order, and what it would have published.
type story struct {
	t         *testing.T
	o         order.Order
	published []string
}

func newStory(t *testing.T, quantity int64) *story {
	s := &story{t: t, o: order.Order{
		Shape: order.Shape, ID: "o", PlacedAt: packedAt, Status: order.StatusAwaitingPayment, Lines: []order.Line{{ID: "1", Quantity: quantity}},
		Amounts: map[string]int64{},
	}}
	s.o.Journal = []order.Entry{{Node: "awaiting_payment", OccurredAt: packedAt}}
	s.is("awaiting_payment")
	s.o.Pay(order.PaymentEvent{OccurredAt: packedAt}, packedAt)
	s.o.Fulfil(packedAt)
	s.is("paid", "awaiting_shipment")
	return s
}

func (s *story) change(apply func(f *order.Fulfilment) error) {
	s.t.Helper()
	require.NoError(s.t, s.o.Change("step", "me", packedAt, nil, apply))
}

func (s *story) pack(id string) {
	s.t.Helper()
	s.change(func(f *order.Fulfilment) error {
		return f.Pack(order.Package{ID: id, CreatedAt: packedAt, Items: []order.LineUnits{{LineID: "1", Quantity: 1}}})
	})
}

func (s *story) report(e order.PackageEvent) {
	s.t.Helper()
	require.Equal(s.t, order.TakenNew, s.o.Report("a", e, packedAt))
}

// is expects these facts to be new since the last call: their names, with a minus for those that were
// struck and an exclamation mark for alerts, and the package.
func (s *story) is(want ...string) {
	s.t.Helper()
	var now, fresh []string
	for _, f := range s.o.Facts() {
		require.NotContains(s.t, now, f.ID, "two facts share an id")
		now = append(now, f.ID)
		if slices.Contains(s.published, f.ID) {
			continue
		}
		name := f.Name
		switch f.Kind {
		case order.FactStruck:
			name = "-" + name
		case order.FactAlert:
			name = "!" + name
		case order.FactNode:
		case order.FactOutcome, order.FactAddress, order.FactReturn, order.FactUnits, order.FactClosed:
			name = string(f.Kind)
		}
		if f.PackageID != "" {
			name += " of " + f.PackageID
		}
		fresh = append(fresh, name)
	}
	s.published = append(s.published, now...) // receivers drop an id that they know, however long ago
	require.ElementsMatch(s.t, want, fresh)
}

func TestAPackageThatIsUndoneIsPublishedAsACorrection(t *testing.T) {
	s := newStory(t, 1)
	s.pack("a")
	s.is("packed of a", "packed")
	s.change(func(f *order.Fulfilment) error { return f.RemovePackage("a", packedAt) })
	s.is("-packed of a", "-packed")
	s.pack("b")
	s.is("packed of b", "packed")
}

func TestANodeThatWasStruckIsPublishedAgainWhenItIsReachedAgain(t *testing.T) {
	s := newStory(t, 1)
	s.pack("a")
	s.is("packed of a", "packed")
	for i, id := range []string{"first", "second"} {
		s.report(scan(id, order.NodeLeftWarehouse, 10*i+1))
		s.is("left_warehouse of a", "left_warehouse")
		s.change(func(f *order.Fulfilment) error { return f.Strike("a", id) })
		s.is("-left_warehouse of a", "-left_warehouse")
	}
	s.report(scan("third", order.NodeDelivered, 50))
	s.is("delivered of a", "left_warehouse", "in_transit", "out_for_delivery", "delivered")
	for _, f := range s.o.Facts() {
		if f.Name == "left_warehouse" && f.Kind == order.FactNode {
			require.Equal(t, 2, f.Again)
		}
	}
	s.report(scan("late", order.NodeInTransit, 20))
	s.is("in_transit of a")
}

func TestAnOrderThatIsPutOnHoldFallsBackAndIsReleasedAgain(t *testing.T) {
	s := newStory(t, 2)
	for range 2 {
		s.change(func(f *order.Fulfilment) error { f.Release(time.Time{}); return nil })
		s.is("-awaiting_shipment")
		s.change(func(f *order.Fulfilment) error { f.Release(packedAt); return nil })
		s.is("awaiting_shipment")
	}
	s.change(func(f *order.Fulfilment) error { f.Release(time.Time{}); return nil })
	s.is("-awaiting_shipment")
	s.change(func(f *order.Fulfilment) error {
		return f.CancelUnits(order.Removal{Lines: []order.LineUnits{{LineID: "1", Quantity: 2}}})
	})
	s.o.End(order.ReasonCustomer, "me", packedAt)
	s.is("units_cancelled", "outcome", "closed")
}

// An alert that was settled and arises again is another one.
func TestAnAlertIsRaisedAgainAfterItWasSettled(t *testing.T) {
	s := newStory(t, 1)
	s.pack("a")
	s.is("packed of a", "packed")
	s.report(mark("lost", order.MarkLost, 1))
	s.is("!package_unresolved of a")
	s.change(func(f *order.Fulfilment) error {
		return f.Resolve("a", order.Resolution{Action: order.ResolveFound, At: packedAt.Add(time.Hour)})
	})
	s.is()
	s.report(mark("again", order.MarkLost, 2))
	s.is("!package_unresolved of a")
}
