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

// see stores an order's current state in the view.
func (v *coldView) see(s *shop, id string) int64 {
	s.t.Helper()
	all, err := s.docs.ReadMany(s.t.Context(), []string{id})
	require.NoError(s.t, err)
	var o order.Order
	require.NoError(s.t, json.Unmarshal(all[0].Doc, &o))
	v.orders[id] = search.FromOrder(o, all[0].Doc, all[0].Revision, all[0].Payments)
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

		// Without the view the audit reports that, and nothing else.
		r := s.run(s.config())
		require.Len(t, r.Findings, 1)
		require.Equal(t, KindOrdersUnseen, r.Findings[0].Kind)
		require.Contains(t, r.Findings[0].Detail, "2 orders, 1 of them delivered")
		require.Contains(t, r.Findings[0].Detail, "ELASTICSEARCH_URL")

		// Units that were sold but are on no order's lines are still found with it.
		s.commit(s.place(1, 0))
		kinds := map[Kind]bool{}
		for _, f := range s.run(with()).Findings {
			kinds[f.Kind] = true
		}
		require.True(t, kinds[KindSoldDiffers])
		// Units missing from the ledger are found without it too.
		require.NotContains(t, kinds, KindOrdersUnseen)
		s.do("HSET", productKey(s.lamp), "committed:lamp", "0", "adjusted:lamp", "90")
		kinds = map[Kind]bool{}
		for _, f := range s.run(s.config()).Findings {
			kinds[f.Kind] = true
		}
		require.True(t, kinds[KindSoldDiffers])
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
		require.True(t, kinds[KindSoldDiffers])
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

// A payment of an order that left is to be refunded: its refund is in Redis, its payment in
// the view.
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

// fix repairs with the view.
func (v *coldView) fix(s *shop) Report {
	s.t.Helper()
	c := s.config()
	c.Cold, c.Deep = v, true
	r, err := Repairer{Config: c, Stock: s.stock, Records: s.docs}.Run(s.t.Context())
	require.NoError(s.t, err)
	return r
}

func (s *shop) requireCold(id string) {
	s.t.Helper()
	require.Zero(s.t, s.rdb.Exists(s.t.Context(), orderKey(id)).Val(), "its document is back in Redis")
}

// Temporal still knows the orders, and their documents don't return to Redis.
func TestRepairLeavesOrdersThatLeftRedisWhereTheyAre(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, view := openShop(t, rdb), &coldView{orders: map[string]search.Order{}}
		view.leave(s, s.delivered)
		view.leave(s, s.cancelled)
		r := view.fix(s)
		require.Empty(t, r.Findings)
		require.Empty(t, r.Repaired)
		s.requireCold(s.delivered)
		s.requireCold(s.cancelled)

		// Without the view the repair can't know, and leaves them too.
		_, r = s.repair()
		require.Empty(t, r.Repaired)
		s.requireCold(s.delivered)

		// A payment that the view lacks is written beside the order.
		delete(view.orders[s.delivered].Payments, "payment:sandbox:pay-"+s.delivered)
		r = view.fix(s)
		require.Empty(t, r.Findings)
		require.Len(t, r.Repaired, 1)
		require.Equal(t, KindPaymentMissing, r.Repaired[0].Finding.Kind)
		require.EqualValues(t, 1, s.rdb.Exists(t.Context(), paymentsKey(s.delivered)).Val())
		s.requireCold(s.delivered)

		// Where the view disagrees, the finding stays.
		o := view.orders[s.cancelled]
		o.Document = json.RawMessage(`{"id":"` + s.cancelled + `","status":"expired","version":3,"lines":[]}`)
		view.orders[s.cancelled] = o
		r = view.fix(s)
		require.Equal(t, []Finding{{Kind: KindDocumentDiffers, OrderID: s.cancelled}}, plain(r.Findings))
		require.Len(t, r.NotRepaired, 1)
		require.Contains(t, r.NotRepaired[0].Done, "left Redis")
		s.requireCold(s.cancelled)
	})
}

// The findings are old by the time of their repair: orders have left meanwhile.
func TestRepairAsksTheViewAnew(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, view := openShop(t, rdb), &coldView{orders: map[string]search.Order{}}
		view.leave(s, s.delivered)
		f := Finding{Kind: KindDocumentMissing, OrderID: s.delivered}
		for says, cold := range map[string]ColdOrders{"the orders view agrees": view, "ELASTICSEARCH_URL": nil} {
			c := s.config()
			c.Cold = cold
			done, left, err := Repairer{Config: c, Stock: s.stock, Records: s.docs}.repair(t.Context(), []Finding{f})
			require.NoError(t, err)
			require.Empty(t, done)
			require.Len(t, left, 1)
			require.Contains(t, left[0].Done, says)
			s.requireCold(s.delivered)
		}
	})
}

// The view isn't given, and the first orders leave while the audit walks.
func TestFirstOrdersThatLeaveMeanwhileAreNotMissing(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, view := openShop(t, rdb), &coldView{orders: map[string]search.Order{}}
		c := s.config()
		c.Deep = true
		left := false
		s.work.looked = func(string) {
			if !left {
				left = true
				view.leave(s, s.delivered)
			}
		}
		c.Concurrency = 1
		require.Equal(t, []Finding{{Kind: KindOrdersUnseen}}, plain(s.run(c).Findings))
		require.True(t, left)
	})
}

// Redis lost an order of which the view has an older version: that one had not left. Its
// refunds come back with it, since a document in Redis replaces everything that the view
// has.
func TestLostOrderThatTheViewHasOlderIsWrittenWithItsRefunds(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, view := openShop(t, rdb), &coldView{orders: map[string]search.Order{}}
		s.payTwice(s.cancelled)
		require.NoError(t, s.docs.Dismiss(t.Context(), s.cancelled, order.Dismissal{AlertID: "a", Actor: "eve"}))
		view.see(s, s.cancelled)
		e := s.work.orders[s.cancelled]
		e.order.Version++
		s.lose(orderKey(s.cancelled), paymentsKey(s.cancelled))
		clear(s.work.refunds) // it has ended: the walk no longer includes it
		r := view.fix(s)
		require.Empty(t, r.Findings)
		require.NotEmpty(t, r.Repaired)
		stored, err := s.docs.ReadMany(t.Context(), []string{s.cancelled})
		require.NoError(t, err)
		require.True(t, stored[0].Found)
		require.Equal(t, e.order.Version, stored[0].Version)
		require.Len(t, stored[0].Payments, 3, "the payment, its refund, and an alert that was dismissed")
	})
}
