package inventory_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// together requests units for a customer whose unpaid orders may hold this many of them.
func together(id, customer, order string, try int, most int64, lines ...product.HoldLine) product.HoldRequest {
	r := request(id, order, try, lines...)
	r.CustomerID, r.MaxCustomerUnits = customer, most
	return r
}

func TestUnpaidOrdersOfACustomerHoldNoMoreThanTheyMayTogether(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, id, mine := inventory.New(rdb), redistest.ID("shirt"), redistest.ID("c")
		_, _, err := s.Put(t.Context(), id, shirt(50, 50), nil)
		require.NoError(t, err)
		hold := func(r product.HoldRequest) product.Hold {
			t.Helper()
			holds, err := s.Hold(t.Context(), []product.HoldRequest{r})
			require.NoError(t, err)
			return holds[0]
		}
		held := func(want int64) {
			t.Helper()
			looks, _, err := s.Look(t.Context(), product.Buyer{UnitsOf: mine}, []product.Want{{ProductID: id, SKUs: []string{"S"}}})
			require.NoError(t, err)
			require.Equal(t, want, looks[0].CustomerHeld)
		}
		refused := []product.Refusal{{Reason: product.ReasonOverCustomerLimit, Limit: 10}}
		held(0)
		require.Equal(t, refused, hold(together(id, mine, "o0", 1, 10, line("S", 6), line("M", 5))).Refusals, "all variants together")
		require.Equal(t, product.HoldMade, hold(together(id, mine, "o1", 1, 10, line("S", 4), line("M", 2))).Outcome)
		held(6)
		require.Equal(t, refused, hold(together(id, mine, "o2", 1, 10, line("S", 5))).Refusals)
		require.Equal(t, product.HoldMade, hold(together(id, mine, "o2", 1, 10, line("S", 4))).Outcome)
		held(10)
		for range 2 {
			require.Equal(t, product.HoldMade, hold(together(id, mine, "o2", 1, 10, line("S", 4))).Outcome, "asked again")
		}
		require.Equal(t, product.HoldMade, hold(together(id, mine, "o2", 2, 3, line("S", 4))).Outcome, "taken over, under any limit")
		held(10)
		require.Equal(t, product.HoldMade, hold(together(id, redistest.ID("c"), "o3", 1, 10, line("S", 9))).Outcome, "another customer")

		me := product.Holder{OrderID: "o1"}
		for range 2 {
			_, err = s.Commit(t.Context(), me, []string{id})
			require.NoError(t, err)
			held(4) // what is paid for is not counted
		}
		for range 2 {
			_, err = s.Release(t.Context(), product.Holder{OrderID: "o2"}, 2, []string{id}, "expired")
			require.NoError(t, err)
			held(0)
		}
		force := together(id, mine, "o4", 1, 1, line("S", 2))
		force.Force = true
		require.Equal(t, product.HoldMade, hold(force).Outcome, "a paid order that lost its hold")
	})
}

func TestOfAHundredOrdersAtOnceNoMoreUnitsThanTheLimitAreHeld(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, id, mine := inventory.New(rdb), redistest.ID("shirt"), redistest.ID("c")
		_, _, err := s.Put(t.Context(), id, shirt(1000, 0), nil)
		require.NoError(t, err)
		var units atomic.Int64
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				holds, err := s.Hold(t.Context(), []product.HoldRequest{together(id, mine, fmt.Sprint("o", i), 1, 20, line("S", 3))})
				switch {
				case err != nil:
					t.Error(err)
				case holds[0].Outcome == product.HoldMade:
					units.Add(3)
				}
			})
		}
		all.Wait()
		require.Equal(t, int64(18), units.Load(), "six orders of three units; a seventh would be the 21st")
		p, err := s.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, int64(18), p.Variants[0].Stock.Held)
	})
}

func TestALimitOfACustomersUnitsNeedsACustomer(t *testing.T) {
	_, err := inventory.New(nil).Hold(t.Context(), []product.HoldRequest{together("p", "a:b", "o", 1, 1, line("S", 1))})
	require.ErrorContains(t, err, "customer")
}
