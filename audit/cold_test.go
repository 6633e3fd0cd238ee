package audit

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/redisdb/redistest"
	"holdfast/search"
)

// coldView is an orders view. It has some orders that Redis has too.
type coldView struct {
	orders map[string]search.Order
	// walked is called before each step of a walk; nil does nothing.
	walked func()
}

func (v *coldView) WalkOrders(_ context.Context, after string, limit int) ([]search.Order, error) {
	if v.walked != nil {
		v.walked()
	}
	var page []search.Order
	for _, id := range slices.Sorted(maps.Keys(v.orders)) {
		if id > after && len(page) < limit {
			page = append(page, v.orders[id])
		}
	}
	return page, nil
}

func (v *coldView) GetOrder(_ context.Context, id string) (search.Order, error) {
	if o, ok := v.orders[id]; ok {
		return o, nil
	}
	return search.Order{}, search.ErrNotFound
}

// see lets the view have an order as it is in Redis.
func (v *coldView) see(s *shop, id string) int64 {
	s.t.Helper()
	all, err := s.docs.ReadMany(s.t.Context(), []string{id})
	require.NoError(s.t, err)
	var o order.Order
	require.NoError(s.t, json.Unmarshal(all[0].Doc, &o))
	d := search.FromOrder(o)
	d.Revision, d.Document, d.Payments = all[0].Revision, all[0].Doc, map[string]json.RawMessage{}
	for field, doc := range all[0].Payments {
		d.Payments[field] = doc
	}
	v.orders[id] = d
	return all[0].Revision
}

// leave moves an order out of Redis.
func (v *coldView) leave(s *shop, id string) {
	s.t.Helper()
	gone, err := s.docs.Forget(s.t.Context(), id, v.see(s, id))
	require.NoError(s.t, err)
	require.True(s.t, gone)
}

func (s *shop) run(c Config) Report {
	s.t.Helper()
	r, err := Run(s.t.Context(), c)
	require.NoError(s.t, err)
	return r
}

func TestOrdersThatLeftRedis(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, view := openShop(t, rdb), &coldView{orders: map[string]search.Order{}}
		with := func() Config {
			c := s.config()
			c.Cold = view
			return c
		}
		for _, id := range []string{s.paid, s.waiting, s.delivered, s.cancelled} {
			view.see(s, id)
		}
		require.Empty(t, s.run(with()).Findings, "each order counts once")

		view.leave(s, s.delivered)
		view.leave(s, s.cancelled)
		for _, deep := range []bool{false, true} {
			c := with()
			c.Deep = deep
			r := s.run(c)
			require.Empty(t, r.Findings)
			require.Equal(t, 2, r.Cold)
			require.Equal(t, int64(2), r.Forgotten)
			require.Equal(t, 5, r.Orders)
		}
		s.forget(s.delivered) // Temporal forgets it too
		s.forget(s.cancelled)
		require.Empty(t, s.run(with()).Findings)

		// Without the view the audit says so, and nothing else.
		r := s.run(s.config())
		require.Len(t, r.Findings, 1)
		require.Equal(t, OrdersUnseen, r.Findings[0].Kind)
		require.Contains(t, r.Findings[0].Detail, "2 orders, 1 of them delivered")
		require.Contains(t, r.Findings[0].Detail, "ELASTICSEARCH_URL")

		// Units that were sold and are on no order's lines are still found with it.
		s.commit(s.place(1, 0))
		kinds := map[Kind]bool{}
		for _, f := range s.run(with()).Findings {
			kinds[f.Kind] = true
		}
		require.True(t, kinds[SoldDiffers])
		// Units that the ledger lacks are found without it too.
		require.NotContains(t, kinds, OrdersUnseen)
		s.do("HSET", productKey(s.lamp), "committed:lamp", "0", "adjusted:lamp", "90")
		kinds = map[Kind]bool{}
		for _, f := range s.run(s.config()).Findings {
			kinds[f.Kind] = true
		}
		require.True(t, kinds[SoldDiffers])
	})
}

// The view has lost an order that left: its units are on no order's lines.
func TestViewThatLostAnOrder(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, view := openShop(t, rdb), &coldView{orders: map[string]search.Order{}}
		view.leave(s, s.delivered)
		s.forget(s.delivered)
		delete(view.orders, s.delivered)
		c := s.config()
		c.Cold = view
		kinds := map[Kind]bool{}
		for _, f := range s.run(c).Findings {
			kinds[f.Kind] = true
		}
		require.True(t, kinds[SoldDiffers])
	})
}

// Orders leave while the audit walks: each still counts once.
func TestOrdersThatLeaveMeanwhile(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, view := openShop(t, rdb), &coldView{orders: map[string]search.Order{}}
		view.see(s, s.delivered)
		view.walked = func() {
			view.walked = nil
			view.leave(s, s.delivered)
		}
		c := s.config()
		c.Cold = view
		require.Empty(t, s.run(c).Findings)
	})
}

// A payment is owed back of an order that left: its refund is in Redis, its payment
// in the view.
func TestLateRefundOfAnOrderThatLeft(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, view := openShop(t, rdb), &coldView{orders: map[string]search.Order{}}
		view.leave(s, s.delivered)
		s.payTwice(s.delivered)
		s.lose(orderKey(s.delivered)) // what payTwice wrote beside the refund
		c := s.config()
		c.Cold, c.Deep = view, true
		require.Empty(t, s.run(c).Findings)
	})
}

func TestViewThatCantAnswer(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		c := s.config()
		c.Cold = awayView{}
		_, err := Run(t.Context(), c)
		require.ErrorContains(t, err, "walk over the orders of the view")
	})
}

type awayView struct{ ColdOrders }

func (awayView) WalkOrders(context.Context, string, int) ([]search.Order, error) {
	return nil, &search.UnavailableError{Doing: "walk", Cause: errors.New("a test")}
}
