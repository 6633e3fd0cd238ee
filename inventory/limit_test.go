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
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// limitTo lets one order have this many units of a shirt.
func limitTo(t *testing.T, s *inventory.Store, id string, most int64) {
	t.Helper()
	spec := shirt(0, 0)
	spec.MaxPerOrder = &most
	for i := range spec.Variants {
		spec.Variants[i].Stock = nil
	}
	_, _, err := s.Put(t.Context(), id, spec, nil)
	require.NoError(t, err)
}

func TestALimitIsPutAndTakenAway(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, id := inventory.New(rdb), redistest.ID("shirt")
		created, _, err := s.Put(t.Context(), id, shirt(5, 2), nil)
		require.NoError(t, err)
		require.Zero(t, created.MaxPerOrder)
		limitTo(t, s, id, 3)
		limited, err := s.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, int64(3), limited.MaxPerOrder)
		require.Greater(t, limited.DocVersion, created.DocVersion, "it is part of what the merchant says")
		for _, sku := range []string{"S", ""} { // by plain commands, by script
			looks, open, err := s.Look(t.Context(), product.Buyer{CustomerID: "c"}, []product.Want{{ProductID: id, SKUs: []string{sku}}})
			require.NoError(t, err)
			require.Zero(t, open)
			require.Equal(t, int64(3), looks[0].MaxPerOrder)
		}
		limitTo(t, s, id, 3)
		same, err := s.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, limited, same)
		unlimited, _, err := s.Put(t.Context(), id, shirt(5, 2), nil)
		require.NoError(t, err)
		require.Zero(t, unlimited.MaxPerOrder)
		require.Greater(t, unlimited.DocVersion, limited.DocVersion)
	})
}

func TestOfAThousandOrdersAtOnceNoMoreThanTheLimitAreHeld(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, customer := inventory.New(rdb), redistest.ID("c")
		ids := []string{redistest.ID("a"), redistest.ID("b")}
		for _, id := range ids {
			_, _, err := s.Put(t.Context(), id, shirt(2000, 0), nil)
			require.NoError(t, err)
		}
		var held, refused atomic.Int64
		var all sync.WaitGroup
		for i := range 1000 {
			ask := s.Hold
			if i%2 == 1 {
				ask = s.HoldInTurn
			}
			all.Go(func() {
				order := fmt.Sprint("o", i)
				reqs := []product.HoldRequest{request(ids[0], order, 1, line("S", 1)), request(ids[1], order, 1, line("S", 1))}
				reqs[0].CustomerID, reqs[0].MaxOpenOrders = customer, 20
				holds, err := ask(t.Context(), reqs)
				switch {
				case err != nil:
					t.Error(err)
				case holds[0].Outcome == product.HoldMade && holds[1].Outcome == product.HoldMade:
					held.Add(1)
				case holds[0].Refusals[0].Reason == product.ReasonTooManyOpenOrders:
					refused.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, int64(20), held.Load())
		require.Equal(t, int64(980), refused.Load())
		_, open, err := s.Look(t.Context(), product.Buyer{CustomerID: customer}, nil)
		require.NoError(t, err)
		require.Equal(t, int64(20), open.Count)
	})
}

func TestAClaimNeedsACustomer(t *testing.T) {
	s := inventory.New(nil)
	r := request("p", "o", 1, line("S", 1))
	r.CustomerID, r.MaxOpenOrders = "a:b", 1
	_, err := s.Hold(t.Context(), []product.HoldRequest{r})
	require.ErrorContains(t, err, "customer")
}

// Each guest has a place among their own orders and among those of the network, or none at all.
func TestOfAThousandGuestsAtOnceNoMoreThanTheLimitOfTheirNetworkHold(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, network := inventory.New(rdb), product.GuestsOf(redistest.ID("n"))
		id := redistest.ID("a")
		_, _, err := s.Put(t.Context(), id, shirt(2000, 0), nil)
		require.NoError(t, err)
		ask := func(order, guest string) (product.Hold, error) {
			r := request(id, order, 1, line("S", 1))
			r.CustomerID, r.MaxOpenOrders, r.Network, r.MaxNetworkOrders = guest, 3, network, 20
			holds, err := s.Hold(t.Context(), []product.HoldRequest{r})
			if err != nil {
				return product.Hold{}, err
			}
			return holds[0], nil
		}
		var held, refused atomic.Int64
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				switch h, err := ask(fmt.Sprint("o", i), fmt.Sprint("guest-", i)); {
				case err != nil:
					t.Error(err)
				case h.Outcome == product.HoldMade:
					held.Add(1)
				case h.Refusals[0].Reason == product.ReasonTooManyNetworkOrders:
					refused.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, int64(20), held.Load())
		require.Equal(t, int64(980), refused.Load())
		_, open, err := s.Look(t.Context(), product.Buyer{CustomerID: "guest-0", Network: network}, nil)
		require.NoError(t, err)
		require.Equal(t, int64(20), open.NetworkCount)
		require.False(t, open.NetworkUntil.IsZero())
		_, open, err = s.Look(t.Context(), product.Buyer{Network: network}, nil)
		require.NoError(t, err)
		require.Equal(t, int64(20), open.NetworkCount)
		require.Zero(t, open.Count)
	})
}

func TestAnOrderCanBeBeyondTheLimitsOfBothItsCustomerAndTheirNetwork(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, network, guest := inventory.New(rdb), product.GuestsOf(redistest.ID("n")), redistest.ID("guest")
		id := redistest.ID("a")
		_, _, err := s.Put(t.Context(), id, shirt(20, 0), nil)
		require.NoError(t, err)
		ask := func(order string) product.Hold {
			r := request(id, order, 1, line("S", 1))
			r.CustomerID, r.MaxOpenOrders, r.Network, r.MaxNetworkOrders = guest, 1, network, 1
			holds, err := s.Hold(t.Context(), []product.HoldRequest{r})
			require.NoError(t, err)
			return holds[0]
		}
		for range 2 {
			require.Equal(t, product.HoldMade, ask("o1").Outcome)
			require.Equal(t, []product.Refusal{
				{Reason: product.ReasonTooManyOpenOrders}, {Reason: product.ReasonTooManyNetworkOrders},
			}, ask("o2").Refusals)
		}
	})
}

func TestAClaimNeedsANetwork(t *testing.T) {
	s := inventory.New(nil)
	r := request("p", "o", 1, line("S", 1))
	r.Network, r.MaxNetworkOrders = "", 1
	_, err := s.Hold(t.Context(), []product.HoldRequest{r})
	require.ErrorContains(t, err, "network")
}

// All guests of a network hold no more units of a product than one customer may, and those of all networks
// around it no more than ten times as many.
func TestTheUnitsOfANetworksGuestsAreLimitedTogether(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, wide, id := inventory.New(rdb), redistest.ID("w"), redistest.ID("a")
		_, _, err := s.Put(t.Context(), id, shirt(2000, 0), nil)
		require.NoError(t, err)
		ask := func(order string, network int) product.Hold {
			t.Helper()
			r := request(id, order, 1, line("S", 3))
			r.CustomerID, r.MaxCustomerUnits = "guest-"+order, 4
			r.UnitsOf = product.GuestsOf(fmt.Sprint(wide, network), wide)
			looks, _, err := s.Look(t.Context(), product.Buyer{UnitsOf: r.UnitsOf}, []product.Want{r.Want()})
			require.NoError(t, err)
			holds, err := s.Hold(t.Context(), []product.HoldRequest{r})
			require.NoError(t, err)
			require.Equal(t, looks[0].Answer(r, "EUR").Refusals, holds[0].Refusals, "the gateway sees it, too")
			return holds[0]
		}
		for i := range 13 { // 39 units
			require.Equal(t, product.HoldMade, ask(fmt.Sprint("o", i), i).Outcome)
			require.Equal(t, []product.Refusal{{Reason: product.ReasonOverCustomerLimit, Limit: 4}}, ask(fmt.Sprint("p", i), i).Refusals)
		}
		require.Equal(t, []product.Refusal{{Reason: product.ReasonOverCustomerLimit, Limit: 40}}, ask("o13", 13).Refusals)
		_, err = s.Release(t.Context(), product.Holder{OrderID: "o0"}, 1, []string{id}, "customer")
		require.NoError(t, err)
		require.Equal(t, product.HoldMade, ask("o13", 0).Outcome)
		for i := 1; i < 14; i++ {
			_, err = s.Release(t.Context(), product.Holder{OrderID: fmt.Sprint("o", i)}, 1, []string{id}, "customer")
			require.NoError(t, err)
		}
		left, err := rdb.Exists(t.Context(), redisdb.Bucket(id)+":buyers:"+id).Result()
		require.NoError(t, err)
		require.Zero(t, left, "everything is given back")
	})
}

func TestTheOpenOrdersOfAWideNetworkAreLimitedToo(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, wide, id := inventory.New(rdb), redistest.ID("w"), redistest.ID("a")
		_, _, err := s.Put(t.Context(), id, shirt(2000, 0), nil)
		require.NoError(t, err)
		network := func(i int) string { return product.GuestsOf(fmt.Sprint(wide, i), wide) }
		for i := range 21 {
			r := request(id, fmt.Sprint("o", i), 1, line("S", 1))
			r.CustomerID, r.Network, r.MaxNetworkOrders = "guest", network(i), 2
			holds, err := s.Hold(t.Context(), []product.HoldRequest{r})
			require.NoError(t, err)
			if i < 20 {
				require.Equal(t, product.HoldMade, holds[0].Outcome)
			} else {
				require.Equal(t, product.ReasonTooManyNetworkOrders, holds[0].Refusals[0].Reason)
			}
		}
		_, open, err := s.Look(t.Context(), product.Buyer{Network: network(7)}, nil)
		require.NoError(t, err)
		full, most, until := open.FullNetwork(2)
		require.True(t, full)
		require.Equal(t, int64(20), most)
		require.False(t, until.IsZero())
	})
}
