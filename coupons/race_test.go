package coupons_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/coupon"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

func TestOfAThousandClaimsAtOnceExactlyTheLimitAreMadeAndOneACustomer(t *testing.T) {
	const (
		claims    = 1000
		customers = 250 // each sends four orders
		limit     = 5
	)
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		f := newFixture(t, rdb, limit, 1)
		var (
			held       atomic.Int64
			begun, all sync.WaitGroup
			byCustomer [customers]atomic.Int64
			refused    sync.Map
		)
		start := make(chan struct{})
		begun.Add(claims)
		for i := range claims {
			all.Go(func() {
				begun.Done()
				<-start
				who := i % customers
				got, err := f.store.Claim(t.Context(), []order.CouponClaim{f.asks(fmt.Sprintf("o%d", i), 1, fmt.Sprintf("c%d", who))})
				switch {
				case err != nil:
					t.Errorf("claim %d: %v", i, err)
				case got[0].Outcome == product.HoldMade:
					held.Add(1)
					byCustomer[who].Add(1)
				default:
					refused.Store(got[0].Reason, true)
				}
			})
		}
		begun.Wait()
		close(start)
		all.Wait()
		require.Equal(t, int64(limit), held.Load())
		for who := range byCustomer {
			require.LessOrEqual(t, byCustomer[who].Load(), int64(1), "customer %d", who)
		}
		_, limited := refused.Load(order.CouponReasonUsedUp)
		require.True(t, limited, "the race for the last use was reached")
		f.requireBooks(coupon.Books{Uses: limit, Claimed: limit})
	})
}
