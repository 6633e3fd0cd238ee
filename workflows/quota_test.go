package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/quota"
	"holdfast/redisdb"
)

// places records whose place is kept.
type places []string

func (p *places) Extend(_ context.Context, customerID string, h product.Holder, _ time.Time) error {
	if h.PlacedAt.IsZero() {
		return errors.New("the extension doesn't say when the order was placed")
	}
	*p = append(*p, customerID+"/"+h.OrderID)
	return nil
}

// open counts the customer's open orders.
func (s *scenario) open() order.OpenOrders {
	s.Helper()
	open, err := quota.Counted(redisdb.Run(s.Context(), s.rdb, quota.Count(s.placement.CustomerID))[0])
	s.NoError(err)
	return open
}

func TestAnUnpaidOrderHasAPlaceAmongItsCustomersOpenOnes(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 1))
	s.at(time.Minute, func() {
		s.Equal(int64(1), s.open().Count)
		s.succeeds("p", 1300)
	})
	s.at(2*time.Minute, func() {
		s.Zero(s.open().Count, "a paid order holds nothing any more")
		s.deliver("d")
	})
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
}

func TestAnOrderWithoutAPlaceHoldsNothing(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 1))
	other := quota.Claim("customer-1", 1, product.Holder{OrderID: "other"}, time.Now().Add(time.Hour))
	s.NoError(redisdb.Run(t.Context(), s.rdb, other)[0].Err())
	s.others = 1
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(order.Reason(product.ReasonTooManyOpenOrders), s.result.Reason)
	s.Len(s.result.Shortages, 2)
	s.Equal([]string{"reserving", "rejected"}, s.nodes())
}

// aGuest places the order as a guest, of whose network this many orders may be open.
func (s *scenario) aGuest(limit int64) {
	s.placement.Network, s.placement.MaxNetworkOrders = product.GuestsOf("n-1"), limit
}

func (s *scenario) openInNetwork() int64 {
	s.Helper()
	open, err := quota.Counted(redisdb.Run(s.Context(), s.rdb, quota.Count(s.placement.Network))[0])
	s.NoError(err)
	return open.Count
}

func TestAGuestsOrderHasAPlaceAmongThoseOfTheirNetwork(t *testing.T) {
	for name, end := range map[string]func(s *scenario){
		"paid":      func(s *scenario) { s.succeeds("p", 1300) },
		"cancelled": func(s *scenario) { s.cancel("c") },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2), line("mug", 1))
			s.aGuest(1)
			s.at(time.Minute, func() {
				s.Equal(int64(1), s.openInNetwork())
				s.Equal(int64(1), s.open().Count)
				end(s)
			})
			s.at(2*time.Minute, func() {
				s.Zero(s.openInNetwork())
				s.Zero(s.open().Count)
				if name == "paid" {
					s.deliver("d")
				}
			})
			s.run()
		})
	}
}

func TestAGuestsOrderWithoutAPlaceInTheirNetworkHoldsNothing(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 1))
	s.aGuest(1)
	other := quota.Claim(s.placement.Network, 1, product.Holder{OrderID: "other"}, time.Now().Add(time.Hour))
	s.NoError(redisdb.Run(t.Context(), s.rdb, other)[0].Err())
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(order.Reason(product.ReasonTooManyNetworkOrders), s.result.Reason)
	s.Len(s.result.Shortages, 2)
	s.Zero(s.open().Count, "nor one among the guest's own")
}

func TestMoreUnitsThanOneOrderMayHave(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 3), line("shirt", 2))
	s.placement.MaxUnits = 3
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(order.Reason(product.ReasonOverLimit), s.result.Reason)
	s.Equal([]order.Shortage{{ProductID: "shirt", Requested: 4, Reason: product.ReasonOverLimit, Limit: 3}}, s.result.Shortages)
}
