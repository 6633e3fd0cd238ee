package audit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/coupon"
	"holdfast/price"
	"holdfast/redisdb/redistest"
)

func TestBooksOfCouponsThatAddUpHaveNoFindings(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openCouponShop(t, rdb)
		r := s.run(s.config())
		assert.Empty(t, r.Findings)
		// It read something: an audit that sees no keys finds nothing either.
		assert.Equal(t, 1, r.Coupons)
		assert.Equal(t, 5, r.Claims)
		c := s.config()
		c.Coupons = nil
		assert.Zero(t, s.run(c).Claims)
	})
}

// An unlimited coupon is only read. Who used it before that is limited doesn't count, and who
// used it before it was limited per customer doesn't count for the customer.
func TestUsesFromBeforeACouponWasLimitedAreNoFinding(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openCouponShop(t, rdb)
		put := func(limit, perCustomer int64) {
			_, _, err := s.coupons.Put(t.Context(), coupon.Change{Code: "FREE", Spec: coupon.Spec{
				Action: price.Action{Rate: 1000}, Limit: limit, PerCustomer: perCustomer,
			}})
			require.NoError(t, err)
		}
		put(0, 0)
		s.deliver(s.pay(s.buyWithin(time.Hour, "FREE")))
		put(10, 0)
		s.payTen(s.buyWithin(time.Hour, "FREE"))
		long := s.deliverTen(s.payTen(s.buyWithin(time.Hour, "FREE")))
		s.age(long)
		s.lose("{b18}:claim:FREE:" + long)
		put(10, 1)
		s.payTen(s.buyWithin(time.Hour, "FREE"))
		require.Empty(t, s.audit())
		c, err := s.coupons.Get(t.Context(), "FREE")
		require.NoError(t, err)
		require.Equal(t, coupon.Books{Uses: 3, Committed: 3}, c.Books)
	})
}

// Uses of orders that have left Redis can't be told from uses that no order has without the view
// of orders: they are not reported, and not given back.
func TestUsesOfOrdersThatLeftRedis(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openCouponShop(t, rdb)
		s.view.leave(s.shop, s.lapsed)
		s.forget(s.lapsed)
		require.Empty(t, s.audit())

		blind := s.config()
		blind.Cold = nil
		s.counts("uses", 1) // and this one is wrong in any case
		r, err := Repairer{Config: blind, Stock: s.stock, Records: s.docs, CouponStock: s.coupons}.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, r.Findings, 1, "%v", r.Findings)
		require.Equal(t, KindOrdersUnseen, r.Findings[0].Kind)
		require.Len(t, r.Repaired, 1)
		require.Empty(t, s.audit(), "the use of the order that left still counts")

		// With the view, the use of an order whose document is wrong is not given back either.
		s.do("HSET", orderKey(s.paid), "version", "999")
		delete(s.view.orders, s.lapsed)
		found := s.repair()
		require.Contains(t, plain(found.Findings), offBy(1)(s)[0])
	})
}

// Steps under way are no findings, and a repair does no harm to them.
func TestCouponThatOrdersUseWhileItIsAuditedAndRepaired(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openCouponShop(t, rdb)
		var stop atomic.Bool
		var busy sync.WaitGroup
		orders := 0
		first := make(chan struct{})
		busy.Go(func() {
			for ; !stop.Load() && orders < 800; orders++ { // each one makes an audit longer
				id := s.buy()
				if orders == 2 {
					close(first)
				}
				switch orders % 16 { // the shelf has a hundred lamps
				case 1:
					s.payTen(id)
				case 2, 4, 6, 8, 10, 12, 14:
					s.expire(id)
				default:
					s.takeBack(s.payTen(id))
				}
				s.putTen(int64(1000+orders), 10_000)
			}
		})
		<-first
		c := s.config()
		c.Looks, c.Pause = 4, 5*time.Millisecond
		for range 3 {
			assert.Empty(t, s.run(c).Findings)
		}
		s.counts("uses", 2, "claimed", 1)
		r, err := Repairer{Config: c, Stock: s.stock, Records: s.docs, CouponStock: s.coupons}.Run(t.Context())
		require.NoError(t, err)
		assert.Len(t, r.Repaired, 1, "not repaired: %v", r.NotRepaired)
		assert.Empty(t, r.Findings)
		stop.Store(true)
		busy.Wait()
		t.Logf("%d orders meanwhile, repaired: %v", orders, r.Repaired)
		require.Empty(t, s.repair().Findings)
	})
}
