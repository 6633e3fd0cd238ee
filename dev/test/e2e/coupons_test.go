package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// A thousand orders at once, by 250 customers, with a coupon that five orders may use, one of a
// customer.
func TestOfAThousandOrdersAtOnceFiveUseACouponAndNoCustomerTwice(t *testing.T) {
	const orders, customers, uses = 1000, 250, 5
	shop := open(t)
	shop.Offer(t, "couponed", orders)
	put := shoptest.Call{Method: http.MethodPut, Path: "/v1/coupons/RACE", Body: shoptest.JSON(t, object{
		"action": object{"rate": 1000}, "limit": uses, "perCustomer": 1,
	})}
	shop.Must(t, http.StatusCreated, put)
	before := placements(t, shop)

	var (
		mu      sync.Mutex
		got     []order.Order
		refused = map[order.CouponReason]int{}
		ready   sync.WaitGroup
		crowd   errgroup.Group
	)
	start := make(chan struct{})
	ready.Add(orders)
	for i := range orders {
		call := shoptest.Call{Method: http.MethodPost, Path: "/v1/orders", Key: fmt.Sprint("race-", i), Body: shoptest.JSON(t, object{
			"customerId": fmt.Sprint("racer-", i%customers), "couponCodes": []string{"race"},
			"lines": []shoptest.Line{{ProductID: "couponed", Quantity: 1}},
		})}
		crowd.Go(func() error {
			ready.Done()
			<-start
			o, refusals, err := placed(t, shop, call)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if o.Status == order.StatusAwaitingPayment {
				got = append(got, o)
			}
			for _, r := range refusals {
				refused[r.Reason]++
			}
			return nil
		})
	}
	ready.Wait()
	began := time.Now()
	close(start)
	require.NoError(t, crowd.Wait())
	rejected := placements(t, shop)["rejected"] - before["rejected"]
	t.Logf("%d orders answered in %.1f s: %d hold the coupon, refused: %v, %d of them by the coupon itself",
		orders, time.Since(began).Seconds(), len(got), refused, rejected)

	require.Len(t, got, uses)
	who := map[string]bool{}
	for _, o := range got {
		who[o.CustomerID] = true
	}
	require.Len(t, who, uses, "each by another customer")
	const siblings = orders/customers - 1
	require.Equal(t, map[order.CouponReason]int{
		order.CouponReasonCustomerUsedUp: uses * siblings, order.CouponReasonUsedUp: orders - uses - uses*siblings,
	}, refused)
	require.Positive(t, rejected, "orders raced past the gateway's look at the coupon")
	requireUses(t, shop, object{"uses": uses, "claimed": uses})

	for i, o := range got {
		if i == 0 {
			shop.Must(t, http.StatusOK, shoptest.Cancellation(t, o.ID))
			continue
		}
		shop.Pay(t, o)
	}
	requireUses(t, shop, object{"uses": uses - 1, "claimed": 0})
}

// placed places an order with a coupon and waits until it is decided. While the outcome isn't
// known, because Temporal took longer than a request may, it asks again under the same key.
func placed(t *testing.T, shop *shoptest.Shop, call shoptest.Call) (o order.Order, refused []order.CouponRefusal, err error) {
	t.Helper()
	const attempts = 20
	var a shoptest.Answer
	for range attempts {
		if a, err = shop.Do(t.Context(), call); err != nil {
			return o, nil, err
		}
		if a.Status != http.StatusServiceUnavailable {
			break
		}
	}
	switch a.Status {
	case http.StatusCreated, http.StatusAccepted:
		if err := json.Unmarshal(a.Body, &o); err != nil {
			return o, nil, err
		}
		if a.Status == http.StatusAccepted {
			o, err = shop.AwaitAny(t.Context(), o.ID, order.StatusAwaitingPayment, order.StatusRejected)
		}
		return o, o.RefusedCoupons, err
	case http.StatusConflict:
		var p struct {
			Coupons []order.CouponRefusal `json:"coupons"`
		}
		err = json.Unmarshal(a.Body, &p)
		if err == nil && len(p.Coupons) != 1 {
			err = fmt.Errorf("refused for another reason: %s", a.Body)
		}
		return o, p.Coupons, err
	}
	return o, nil, fmt.Errorf("status %d: %s", a.Status, a.Body)
}

func requireUses(t *testing.T, shop *shoptest.Shop, want object) {
	t.Helper()
	var c map[string]any
	shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/coupons/RACE"}).Into(t, &c)
	for field, n := range want {
		require.EqualValues(t, n, c[field], field)
	}
}
